package storehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/door/api"
)

// chores remind people of what has to be done from time to time: drills of restores, tests of papers, the certificate, the head of the ledger on paper. Each comes on
// the day when it is due, and again each week (papers: each 30 days; the head: each month) until it is done. What was told is on disk.
type chores struct {
	look func(ctx context.Context, now time.Time) []chore
	tell func(alert.Alert)
	page func(path string) string
	now  func() time.Time
	id   string // of the house
	told memo
}

// chore is something that is due.
type chore struct {
	alert.Alert
	line string // changes when it is to be told again
	page string
}

const (
	choreAgain  = 7 * 24 * time.Hour
	papersAgain = 30 * 24 * time.Hour
	certWritten = time.Hour          // in which whoever renews a certificate has written both of its files
	papersFirst = 7 * 24 * time.Hour // in which new papers go to those who keep them
	choreKept   = 400                // lines that are remembered, at least
)

// run looks until ctx ends.
func (c *chores) run(ctx context.Context) {
	every(ctx, remindEach, c.once)
}

// once tells of what is due and was not told yet, in the hours in which somebody may do it. After a crash between the two it comes again under the same
// ID, by which it is known.
func (c *chores) once(ctx context.Context) {
	now := c.now()
	if deadline.DayOf(now.Add(-remindAt)) != deadline.DayOf(now) {
		return
	}
	c.told.load()
	list := c.look(ctx, now)
	for _, x := range list {
		if c.told.has(x.line) {
			continue
		}
		sum := sha256.Sum256([]byte(c.id + "\x00" + x.line))
		x.ID, x.When, x.Link = hex.EncodeToString(sum[:16]), now, c.page(x.page)
		c.tell(x.Alert)
		c.told.add(x.line)
	}
	if len(c.told.lines) > choreKept { // on disk with the next one
		c.told.forgetLines(func(line string) bool {
			return !slices.ContainsFunc(list, func(x chore) bool { return x.line == line })
		})
	}
}

// choresDue are the chores of the house.
func (h *House) choresDue(ctx context.Context, now time.Time) (out []chore) {
	k := h.keeper.local
	for _, d := range api.DrillsOf(k.KnownMedia(), k.KnownDrills(), h.cfg.DrillDays, now) {
		if x, ok := drillChore(d, h.cfg.DrillDays, now); ok {
			out = append(out, x)
		}
	}
	if r, err := k.KnownReserve(); err != nil {
		h.opt.Log.ErrorContext(ctx, "whether papers are to be tested is not known", "err", err)
	} else if x, ok := papersChore(r, now); ok {
		out = append(out, x)
	}
	if c := h.showsNow(); c != nil {
		out = append(out, certChores(c, now)...)
	}
	if h.cfg.HeadReminder == "monthly" {
		head, is := k.Head(), k.Status()
		if x, ok := headChore(is.Founded, now, head.Text(is.Origin), head.Size); ok {
			out = append(out, x)
		}
	}
	return out
}

// headChore is what people are told each month, from the one after that in which the house was founded on: before that there is little to keep.
func headChore(founded, now time.Time, head string, entries int64) (chore, bool) {
	month := func(t time.Time) string { return deadline.DayOf(t).String()[:len("2026-11")] }
	return chore{alert.Alert{Kind: alert.Head, Head: head, Entries: entries}, "head " + month(now), "/ledger/head"}, month(now) > month(founded)
}

// certChores are what people are told of the certificate of the doors: that it ends, and that what was to replace it cannot be served. That it could
// not for a moment, while its files were written, is nothing.
func certChores(c *api.Certificate, now time.Time) (out []chore) {
	left := c.Until.Sub(now)
	count := max(0, int(left/(24*time.Hour)))
	if c.Ends(now) {
		out = append(out, chore{alert.Alert{Kind: alert.Certificate, Count: count}, fmt.Sprintf("certificate %s %t %d", c.Until.UTC().Format(time.DateOnly), left > 0, left/choreAgain), "/settings"})
	}
	if !c.Broken.IsZero() && now.Sub(c.Broken) > certWritten {
		out = append(out, chore{alert.Alert{Kind: alert.Unserved, Count: count}, fmt.Sprintf("certificate-broken %s %d", c.Until.UTC().Format(time.DateOnly), now.Unix()/int64(choreAgain/time.Second)), "/settings"})
	}
	return out
}

// drillChore is what people are told of a set of media.
func drillChore(d api.DrilledSet, days int, now time.Time) (chore, bool) {
	name := strings.ReplaceAll(d.Name(), " ", "_")
	switch {
	case days == 0:
		return chore{}, false
	case d.State == "failed" && d.Last.Outcome == account.DrillFailed: // one that was broken off says nothing of the medium: it was not held
		week := now.Sub(d.Last.Begun) / choreAgain
		return chore{alert.Alert{Kind: alert.DrillFailed, Who: d.Name(), Count: d.Last.Failed}, fmt.Sprintf("drill %s failed %d %d", name, d.Last.Number, week), "/copies"}, true
	case now.After(d.Due):
		late := now.Sub(d.Due)
		return chore{alert.Alert{Kind: alert.Drill, Who: d.Name(), Count: int(late / (24 * time.Hour))}, fmt.Sprintf("drill %s %s %d", name, d.Due.UTC().Format(time.DateOnly), late/choreAgain), "/copies"}, true
	}
	return chore{}, false
}

// papersChore is what people are told of papers.
func papersChore(r account.Reserve, now time.Time) (chore, bool) {
	p := r.Papers
	if p == nil {
		return chore{}, false
	}
	since, old := p.Tested, slices.Contains(r.Lacks, "test-old")
	if p.Tested.IsZero() {
		since, old = p.Made, slices.Contains(r.Lacks, "untested") && now.Sub(p.Made) >= papersFirst
	}
	if !old {
		return chore{}, false
	}
	age := now.Sub(since)
	return chore{alert.Alert{Kind: alert.Papers, Count: int(age / (24 * time.Hour))}, fmt.Sprintf("papers %s %s %d", p.Code, since.UTC().Format(time.DateOnly), age/papersAgain), "/reserve"}, true
}
