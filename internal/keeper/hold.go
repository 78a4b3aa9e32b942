package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Held reports whether a case keeps what belongs to a share: then nothing of it may be purged, whatever its time says. A case holds from
// its beginning, and goes on after its end until two people lift that.
func (l *Local) Held(share id.Share) bool {
	return slices.ContainsFunc(l.books.Load().Cases, func(c *caseState) bool { return c.holds(share.String()) })
}

// holds reports whether a case keeps what belongs to a share. In the books a hold names shares by their ids.
func (c *caseState) holds(share string) bool {
	return c.Hold.Lifted.IsZero() && (len(c.Hold.Shares) == 0 || slices.Contains(c.Hold.Shares, share))
}

// keptHold is what somebody wants a case to hold, with shares by their ids.
type keptHold struct {
	Case   string       `json:"case"`
	Was    account.Hold `json:"was"`
	Shares []string     `json:"shares,omitempty"`
	Lift   bool         `json:"lift,omitempty"`
	Reason string       `json:"reason,omitempty"`
}

// SetHold changes what a case holds. More is held at once; less takes two people, and nothing can be lifted before the case is closed.
func (l *Local) SetHold(ctx context.Context, s id.Session, n string, q account.NewHold) (account.Outcome, error) {
	const op = "case"
	want := keptHold{Case: n, Lift: q.Lift, Reason: strings.TrimSpace(cut(q.Reason, maxReason))}
	err := l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Freeze) {
			return event.Event{}, notAllowed(op)
		}
		i := d.anyCase(n)
		if i < 0 {
			return event.Event{}, absent(op, n, "hint.no-case")
		}
		for _, name := range q.Shares {
			x := b.names[pathname.Key(name)]
			if x == nil {
				return event.Event{}, noShare(op, name)
			}
			if !slices.Contains(want.Shares, x.ID.String()) {
				want.Shares = append(want.Shares, x.ID.String())
			}
		}
		want.Was = d.Cases[i].Hold
		less := want.less(d.Cases[i])
		switch {
		case q.Lift && len(q.Shares) > 0:
			return event.Event{}, unfit(op, n, "hint.case-hold")
		case q.Lift && d.Cases[i].Closed.IsZero():
			return event.Event{}, unfit(op, n, "hint.case-hold-open")
		case q.Lift && !want.Was.Lifted.IsZero():
			return event.Event{}, unfit(op, n, "hint.case-hold-lifted")
		case less && want.Reason == "":
			return event.Event{}, unfit(op, n, "hint.case-reason")
		case less:
			return event.Event{}, errTwoPeople
		}
		return d.setHold(i, want, by.Name, "", l.now()), nil
	})
	if !errors.Is(err, errTwoPeople) {
		return account.Outcome{}, err
	}
	args, err := json.Marshal(want)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, n, err)
	}
	return l.propose(ctx, s, op, proposalState{Act: actHold, Target: n, Args: args, Reason: want.Reason}, account.Freeze)
}

// less reports whether something would be held no more.
func (q keptHold) less(c *caseState) bool {
	switch {
	case !c.Hold.Lifted.IsZero():
		return false
	case q.Lift:
		return true
	case len(q.Shares) == 0:
		return false
	}
	return len(c.Hold.Shares) == 0 || slices.ContainsFunc(c.Hold.Shares, func(s string) bool { return !slices.Contains(q.Shares, s) })
}

// anyCase finds a case by its number, open or closed.
func (d *draft) anyCase(n string) int {
	return slices.IndexFunc(d.Cases, func(c *caseState) bool { return c.ID == n })
}

func (d *draft) setHold(i int, q keptHold, by, second string, now time.Time) event.Event {
	c := d.caseAt(i)
	c.Hold = account.Hold{Shares: q.Shares}
	e := event.Event{Kind: event.CaseWritten, Target: c.ID, Note: "hold: " + joinNote(d.sharesNamed(q.Shares), q.Reason)}
	if q.Lift {
		c.Hold = account.Hold{Shares: q.Was.Shares, Lifted: now, LiftedBy: by, Second: second, Reason: q.Reason}
		e.Note = "hold lifted: " + q.Reason
	}
	return e
}

// sharesNamed are the names of shares, for the ledger.
func (d *draft) sharesNamed(list []string) string {
	if len(list) == 0 {
		return "all"
	}
	out := make([]string, len(list))
	for i, n := range list {
		if out[i] = n; d.shareByID(n) != nil {
			out[i] = d.shareByID(n).Name
		}
	}
	return strings.Join(out, ", ")
}

// holdLess carries out what two people want.
func (d *draft) holdLess(p proposalState, now time.Time) ([]event.Event, error) {
	var q keptHold
	if err := json.Unmarshal(p.Args, &q); err != nil {
		return nil, err
	}
	i := d.anyCase(q.Case)
	if i < 0 {
		return nil, absent("confirm", q.Case, "hint.no-case")
	}
	if is := d.Cases[i].Hold; !slices.Equal(is.Shares, q.Was.Shares) || !is.Lifted.Equal(q.Was.Lifted) {
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: q.Case, Hint: "hint.case-changed"}
	}
	return []event.Event{d.setHold(i, q, p.ByName, p.second, now)}, nil
}

// decided is what somebody wants two people to decide.
type decided struct {
	Case string `json:"case"`
	Text string `json:"text"`
}

// Decide asks for a decision in an open case, which another person must confirm.
func (l *Local) Decide(ctx context.Context, s id.Session, n, text string) (account.Outcome, error) {
	const op = "case"
	text, ok := words(text, maxDecision)
	c := l.books.Load().caseOf(n)
	switch {
	case !ok:
		return account.Outcome{}, badText(n)
	case c == nil || !c.Closed.IsZero():
		if err := l.power(s, account.Freeze, op); err != nil { // who may not see cases is not told which there are
			return account.Outcome{}, err
		}
		return account.Outcome{}, absent(op, n, "hint.no-case")
	}
	args, err := json.Marshal(decided{n, text})
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, n, err)
	}
	return l.propose(ctx, s, op, proposalState{Act: actDecide, Target: n, Args: args, Reason: text}, account.Freeze)
}

// decide puts what two people have decided into the case.
func (d *draft) decide(p proposalState, now time.Time) ([]event.Event, error) {
	var q decided
	if err := json.Unmarshal(p.Args, &q); err != nil {
		return nil, err
	}
	i, err := d.openedCase("confirm", q.Case)
	if err != nil {
		return nil, err
	}
	c := d.caseAt(i)
	if len(c.Decisions) >= maxDecisions || d.desk()+len(q.Text) > maxDesk {
		return nil, caseFull(q.Case)
	}
	c.Decisions = append(c.Decisions, account.Decision{ID: c.next(), Text: q.Text, By: p.ByName, Asked: p.Asked, Confirmed: now, Second: p.second})
	return []event.Event{{Kind: event.CaseWritten, Target: q.Case, Note: "decided: " + q.Text}}, nil
}
