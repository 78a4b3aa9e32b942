package receipt

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
)

// stated are the parts of a receipt that no entry in it proves, by their names in JSON. A copy of the ledger tells of some; the others are what the
// firm says, and whoever checks is told so.
var stated = []string{"firm", "client", "year", "data", "purpose", "retention", "made", "readers", "writers", "freezes", "cases", "unread", "silence", "shared", "copies", "removals"}

// unproven are the parts of a receipt that were not checked.
func unproven(x *Receipt, checked map[string]bool) (out []string) {
	says := map[string]bool{"firm": x.Firm != "", "client": x.Client != "", "year": x.Year != 0, "data": len(x.Data) > 0, "purpose": x.Purpose != "", "shared": x.School != "", "copies": x.Copies > 0, "removals": len(x.Removals) > 0}
	for _, s := range stated {
		if said, may := says[s]; (said || !may) && !checked[s] {
			out = append(out, s)
		}
	}
	return out
}

// beside collects what a copy of the ledger tells beside the entries of a receipt: freezes, cases, silences, and the line of the register.
type beside struct {
	x        *Receipt
	share    string // its id, once an entry has told
	frozen   []frozen
	cases    []*caseSeen
	acts     []keeper.Entry // those of the receipt, without their files
	register string         // as it was written last
	unread   int64
	last     time.Time
	stopped  bool
	silence  time.Duration
}

// frozen is a freeze of everything, or of the share of an id.
type frozen struct {
	when  time.Time
	share string
}

// caseSeen is a case as the ledger tells it.
type caseSeen struct {
	id             string
	opened, closed time.Time
	suspects       []account.Suspect
}

// learn takes in an entry. mine: it is one of the receipt's.
func (b *beside) learn(e *keeper.Entry, mine bool) {
	when := e.Event.When
	if e.Closed != "" {
		when = e.Recorded
	}
	if !when.Before(b.x.From) && when.Before(b.x.To) {
		b.within(e)
	}
	if e.Closed != "" {
		return
	}
	if e.ShareName == b.x.Share && !e.Event.Share.IsZero() {
		b.share = e.Event.Share.String()
		if e.Event.Kind == event.RegisterSet && e.Event.Digest == [32]byte{} { // one with a digest is of schools
			b.register = "; " + e.Event.Note + "; "
		}
	}
	if mine {
		act := *e
		act.Event.Files, act.Paths = nil, nil
		b.acts = append(b.acts, act)
	}
	b.suspicion(e)
}

// within takes in an entry of the receipt's time.
func (b *beside) within(e *keeper.Entry) {
	if !b.last.IsZero() && !b.stopped {
		b.silence = max(b.silence, e.Recorded.Sub(b.last))
	}
	b.last, b.stopped = e.Recorded, e.Event.Kind == event.Stopped
	if e.Closed != "" {
		b.unread++
		return
	}
	if e.Event.Kind == event.Frozen {
		kind, rest, _ := strings.Cut(e.Event.Note, " ")
		subject, _, _ := strings.Cut(rest, ";")
		if kind == string(account.StopAll) || kind == string(account.StopShare) {
			b.frozen = append(b.frozen, frozen{e.Event.When, strings.TrimSpace(subject)})
		}
	}
}

// distrusted is how an entry tells who is distrusted in a case, in which time.
var distrusted = regexp.MustCompile(`^(removed: )?(\S+)(?: (\S+))?.*?, (\d{4}-\d\d-\d\dT[\d:]+Z) to (now|\d{4}-\d\d-\d\dT[\d:]+Z)(?:;|$)`)

// suspicion follows who is distrusted in which case.
func (b *beside) suspicion(e *keeper.Entry) {
	at := slices.IndexFunc(b.cases, func(c *caseSeen) bool { return c.id == e.Event.Target })
	switch e.Event.Kind {
	case event.CaseOpened:
		b.cases = append(b.cases, &caseSeen{id: e.Event.Target, opened: e.Event.When})
	case event.CaseClosed:
		if at >= 0 {
			b.cases[at].closed = e.Event.When
			b.cases[at].until(e.Event.When, func(account.Suspect) bool { return true })
		}
	case event.Thawed:
		kind, subject, _ := strings.Cut(e.Event.Note, " ")
		for _, c := range b.cases {
			c.until(e.Event.When, func(s account.Suspect) bool { return string(s.Kind) == kind && s.Subject == subject })
		}
	case event.CaseChanged:
		if m := distrusted.FindStringSubmatch(strings.ReplaceAll(e.Event.Note, "\n", " ")); m != nil && at >= 0 {
			b.cases[at].change(m)
		}
	}
}

// until ends the time of those who are distrusted up to now.
func (c *caseSeen) until(t time.Time, who func(account.Suspect) bool) {
	for i := range c.suspects {
		if s := &c.suspects[i]; s.To.IsZero() && who(*s) {
			s.To = t
		}
	}
}

func (c *caseSeen) change(m []string) {
	s := account.Suspect{Kind: account.StopKind(m[2]), Subject: m[3]}
	c.suspects = slices.DeleteFunc(c.suspects, func(x account.Suspect) bool { return x.Kind == s.Kind && x.Subject == s.Subject })
	if m[1] != "" {
		return
	}
	from, err := time.Parse(time.RFC3339, m[4])
	if err != nil {
		return
	}
	s.From = from.Add(time.Second) // the entry tells whole seconds: what was certainly in the time
	if m[5] != "now" {
		if s.To, err = time.Parse(time.RFC3339, m[5]); err != nil {
			return
		}
	}
	c.suspects = append(c.suspects, s)
}

// compare says what the receipt tells in another way, and returns what was compared.
func (b *beside) compare(r *Report) map[string]bool {
	x := b.x
	checked := map[string]bool{"freezes": true, "cases": true, "unread": true, "silence": true}
	if x.Unread != b.unread {
		r.wrong("%d entries of the time do not open, the receipt says %d", b.unread, x.Unread)
	}
	if told := time.Duration(x.Silence * float64(time.Second)); (told - b.silence).Abs() > time.Millisecond {
		r.wrong("the longest silence is %v, the receipt says %v", b.silence, told)
	}
	var times []time.Time
	for _, f := range b.frozen {
		if f.share == "" || f.share == b.share {
			times = append(times, f.when)
		}
	}
	if !slices.EqualFunc(times, x.Freezes, time.Time.Equal) {
		r.wrong("the ledger has %d freezes of the share in that time, or others than the %d of the receipt", len(times), len(x.Freezes))
	}
	b.compareCases(r)
	if b.register == "" || x.School != "" { // of one school in a share the register says more than one entry holds
		return checked
	}
	rest := b.register
	for _, f := range []struct{ name, text string }{{"client", x.Client}, {"data", strings.Join(x.Data, ", ")}, {"purpose", x.Purpose}, {"retention", x.Retention}, {"year", yearOf(x.Year)}} {
		if f.text == "" {
			continue // the entry holds no names of fields: that one is missing does not show
		}
		i := strings.Index(rest, "; "+f.text+"; ")
		if i < 0 {
			r.wrong("the register has another %s than %q", f.name, f.text)
			continue
		}
		rest, checked[f.name] = rest[i+2+len(f.text):], true
	}
	return checked
}

func yearOf(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// compareCases looks for cases that the receipt should name, and for those that the ledger does not have so.
func (b *beside) compareCases(r *Report) {
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() < time.Minute }
	for _, c := range b.cases {
		named := slices.ContainsFunc(b.x.Cases, func(s account.ShareCase) bool { return s.ID == c.id })
		if !named && slices.ContainsFunc(b.acts, func(e keeper.Entry) bool {
			return slices.ContainsFunc(c.suspects, func(s account.Suspect) bool { return keeper.DidThis(s, &e) })
		}) {
			r.wrong("the case %s is missing: somebody who is distrusted in it has read or saved in the share in that time", c.id)
		}
	}
	for _, s := range b.x.Cases {
		i := slices.IndexFunc(b.cases, func(c *caseSeen) bool { return c.id == s.ID })
		if i < 0 || !near(b.cases[i].opened, s.Opened) || !s.Closed.IsZero() && !near(b.cases[i].closed, s.Closed) || s.Closed.IsZero() && !b.cases[i].closed.IsZero() {
			r.wrong("the ledger tells of the case %s in another way", s.ID)
		}
	}
}
