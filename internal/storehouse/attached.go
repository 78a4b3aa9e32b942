package storehouse

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/medium"
)

// watcher looks which media are connected, and tells people of one that stays, and when none comes.
type watcher struct {
	look  func(ctx context.Context) []account.Medium // and enters what has changed
	tell  func(alert.Alert)
	page  func(path string) string
	now   func() time.Time
	id    string
	cards func() (behind []string, since time.Time)
	days  int // how old the latest copy may become, and how long key cards may be behind
	hours int // how long a medium may stay

	told map[string]time.Time // by what, when; again once a day
}

const watchEach = time.Minute

// run looks until ctx ends.
func (w *watcher) run(ctx context.Context) {
	every(ctx, watchEach, w.once)
}

func (w *watcher) once(ctx context.Context) {
	now := w.now()
	w.lookAtCards(now)
	var newest, first time.Time
	known := false
	for _, m := range w.look(ctx) {
		if !m.Retired.IsZero() {
			continue
		}
		if m.Lock > 0 { // a bucket is copied to each day: that disks come does not make up for it, nor the other way round
			w.stale(now, m.Time, m.Made, m.Label, m.ID.String())
			continue
		}
		known = true
		if m.Time.After(newest) && !m.SameDisk { // one on the disk of the house is lost with it: it does not make up for disks that do not come
			newest = m.Time
		}
		if first.IsZero() || m.Made.Before(first) {
			first = m.Made
		}
		if !m.Attached.IsZero() && now.Sub(m.Attached) > time.Duration(w.hours)*time.Hour {
			w.say(now, alert.Alert{Kind: alert.Connected, Who: m.Label, Count: int(now.Sub(m.Attached) / time.Hour)}, m.ID.String())
		}
	}
	if known {
		w.stale(now, newest, first, "", "")
	}
}

// stale tells people if the latest copy is old.
func (w *watcher) stale(now, newest, made time.Time, label, which string) {
	if newest.IsZero() {
		newest = made
	}
	if age := now.Sub(newest); age > time.Duration(w.days)*24*time.Hour {
		w.say(now, alert.Alert{Kind: alert.Stale, Who: label, Count: int(age / (24 * time.Hour))}, which)
	}
}

// lookAtCards tells people of key cards that have been behind for as long as copies may be old.
func (w *watcher) lookAtCards(now time.Time) {
	behind, since := w.cards()
	if age := now.Sub(since); len(behind) > 0 && age > time.Duration(w.days)*24*time.Hour {
		w.say(now, alert.Alert{Kind: alert.Behind, Who: strings.Join(behind, ", "), Count: int(age / (24 * time.Hour)), Link: w.page("/reserve")}, "")
	}
}

// say tells of something once a day. After a restart it may come again, with the same ID.
func (w *watcher) say(now time.Time, a alert.Alert, which string) {
	key := string(a.Kind) + " " + which
	if last, ok := w.told[key]; ok && now.Sub(last) < 24*time.Hour {
		return
	}
	w.told[key] = now
	sum := sha256.Sum256([]byte(w.id + "\x00" + key + "\x00" + now.UTC().Format(time.DateOnly)))
	a.ID, a.When = hex.EncodeToString(sum[:16]), now
	if a.Link == "" {
		a.Link = w.page("/settings")
	}
	w.tell(a)
}

// watchMedia looks where the media that are known are, and enters what has changed.
func (h *House) watchMedia(ctx context.Context) []account.Medium {
	list := h.keeper.local.KnownMedia()
	if !slices.ContainsFunc(list, func(m account.Medium) bool { return m.Retired.IsZero() && m.Lock == 0 }) {
		return list
	}
	mounts := mountPoints()
	for _, m := range list {
		if !m.Retired.IsZero() || m.Lock > 0 {
			continue
		}
		at := ""
		for _, place := range append([]string{m.Path}, mounts...) {
			if place == "" {
				continue
			}
			if d, err := medium.Describe(ctx, medium.NewDisk(h.opt.FS, place)); err == nil && d.ID == m.ID {
				at = place
				break
			}
		}
		h.see(ctx, m, cmp.Or(at, m.Path), at != "")
	}
	return h.keeper.local.KnownMedia()
}

// see enters that a medium is connected or not, if that is news.
func (h *House) see(ctx context.Context, m account.Medium, at string, attached bool) {
	if m.Attached.IsZero() == !attached {
		return
	}
	if err := h.keeper.local.SeenMedium(ctx, m.ID, at, attached); err != nil && ctx.Err() == nil {
		h.opt.Log.ErrorContext(ctx, "whether a medium is connected is not in the ledger", "medium", m.ID, "err", err)
	}
}

// mountPoints lists where disks of this machine are mounted. File systems of other machines are left out: one that does not answer
// would keep everybody waiting.
func mountPoints() (out []string) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); { // 36 35 98:0 /root /mount/point options … - type source options
		before, after, ok := strings.Cut(s.Text(), " - ")
		fields, source := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) > 4 && len(source) > 1 && strings.HasPrefix(source[1], "/dev/") {
			out = append(out, unescaped.Replace(fields[4]))
		}
	}
	return out
}

var unescaped = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
