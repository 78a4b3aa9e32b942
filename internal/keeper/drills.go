package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// maxDrills is how many drills the books remember, the latest. The ledger has all.
const maxDrills = 60

// BeginDrill enters that a medium is to be rehearsed, before anything of it is opened, and gives it its number.
func (l *Local) BeginDrill(ctx context.Context, s id.Session, x account.Drill) (account.Drill, error) {
	const op = "rehearse medium"
	err := l.change(ctx, s, op, x.Label, func(b *books, d *draft, by account.Session) (event.Event, error) {
		switch m := d.medium(x.Medium); {
		case !b.may(by, account.Care):
			return event.Event{}, notAllowed(op)
		case m == nil:
			return event.Event{}, absent(op, x.Label, "hint.medium-unknown")
		case !m.Retired.IsZero():
			return event.Event{}, &problem.Error{Kind: problem.Denied, Op: op, On: m.Label, Hint: "hint.medium-retired"}
		default:
			if x.Label, x.Set, x.Place = m.Label, m.Set, m.Place; m.State > x.State {
				x.Last = m.State
			}
		}
		x.Number, x.Begun, x.By, x.DrillResult = 1, l.now(), by.Name, account.DrillResult{}
		for _, y := range d.Drills {
			x.Number = max(x.Number, y.Number+1)
		}
		kept := x
		if d.Drills = append(d.Drills, &kept); len(d.Drills) > maxDrills {
			d.Drills = slices.Delete(d.Drills, 0, len(d.Drills)-maxDrills)
		}
		return event.Event{Kind: event.DrillBegun, Target: x.Label, Note: begunNote(x)}, nil
	})
	return x, err
}

// begunNote says what a drill is about to do.
func begunNote(x account.Drill) string {
	note := []string{string(x.Keys), "state " + fmt.Sprint(x.State)}
	if x.Card != "" {
		note = append(note, "card "+x.Card)
	}
	if x.Papers > 0 {
		note = append(note, "papers "+fmt.Sprint(x.Papers))
	}
	if x.All {
		note = append(note, "everything")
	} else {
		note = append(note, "sample "+fmt.Sprint(x.Asked), "seed "+fmt.Sprint(x.Seed))
	}
	if x.Kept {
		note = append(note, "written in clear")
	}
	return strings.Join(note, "; ")
}

// endedNote says what came of a drill.
func endedNote(number int, r account.DrillResult) string {
	word := map[account.DrillOutcome]string{account.DrillWhole: "drill-whole", account.DrillFailed: "drill-failed", account.DrillBroken: "drill-broken"}[r.Outcome]
	return word + "; " + "drill " + fmt.Sprint(number) + "; " + "files " + fmt.Sprintf("%d/%d", r.Whole, r.Tried)
}

// EndDrill enters what came of a drill that was begun, once.
func (l *Local) EndDrill(ctx context.Context, s id.Session, number int, r account.DrillResult) (out account.Drill, err error) {
	const op = "rehearse medium"
	set, there, err := l.keys.Papers()
	if err != nil && problem.KindOf(err) != problem.Damaged {
		return out, err
	}
	there = there && err == nil
	err = l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Care) {
			return event.Event{}, notAllowed(op)
		}
		i := slices.IndexFunc(d.Drills, func(x *account.Drill) bool { return x.Number == number })
		switch {
		case i < 0:
			return event.Event{}, absent(op, fmt.Sprint(number), "hint.drill-unknown")
		case !d.Drills[i].Ended.IsZero():
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, On: fmt.Sprint(number), Hint: "hint.drill-ended"}
		case r.Outcome != account.DrillWhole && r.Outcome != account.DrillFailed && r.Outcome != account.DrillBroken, r.Outcome == account.DrillWhole && (r.Failed > 0 || r.Tried != r.Whole || r.Tried == 0):
			return event.Event{}, problem.New(problem.Invalid, op, string(r.Outcome), fmt.Errorf("%d of %d whole, %d failed", r.Whole, r.Tried, r.Failed))
		}
		x := *d.Drills[i]
		x.DrillResult, x.Ended = r, l.now()
		x.Failures = slices.Clone(r.Failures[:min(len(r.Failures), account.MaxDrillFailures)])
		x.Covered = slices.Clone(r.Covered[:min(len(r.Covered), account.MaxDrillFailures)])
		d.Drills[i], out = &x, x
		if there && x.Keys == account.DrillPapers && x.Code == set.Fingerprint() && r.Outcome != account.DrillBroken && r.Tried > 0 && len(r.Used) >= set.Needed {
			seen := b.recoveryOf(x.Code).used(r.Used, set.Of, l.now())
			d.Recovery = &seen
		}
		return event.Event{Kind: event.DrillEnded, Target: x.Label, Size: int64(r.Failed), Note: endedNote(number, r)}, nil
	})
	return out, err
}

// used returns what is remembered of papers that have opened a copy of the root.
func (r recoveryState) used(numbers []int, of int, now time.Time) recoveryState {
	if len(r.Seen) != of {
		r.Seen = make([]time.Time, of)
	}
	r.Opened = now
	for _, n := range numbers {
		if n >= 1 && n <= of {
			r.Seen[n-1] = now
		}
	}
	return r
}

// Drills lists what is remembered of drills, the latest first: to who cares for the machine, or sees people. Whoever may not read the ledger gets
// no names of files.
func (l *Local) Drills(_ context.Context, s id.Session) ([]account.Drill, error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.may(by, account.Care) && !b.may(by, account.SeePeople) {
		return nil, notAllowed("list media")
	}
	out := b.drills()
	if !b.may(by, account.ReadLedger) {
		for i := range out {
			out[i].Failures = nil
		}
	}
	return out, nil
}

// KnownDrills is Drills for the storehouse itself, which reminds people.
func (l *Local) KnownDrills() []account.Drill { return l.books.Load().drills() }

func (b *books) drills() (out []account.Drill) {
	for _, x := range slices.Backward(b.Drills) {
		out = append(out, *x)
	}
	return out
}
