package vault

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of what the guard is told at a start: as far back as it remembers, and no more than is read while somebody waits.
const (
	recallFor  = 30 * 24 * time.Hour
	mostRecall = 50_000 // acts, the latest
)

// earlier is an act of before the start. It is large: a list of them that grows would hold them twice.
type earlier struct {
	party guard.Party
	when  time.Time
	step  guard.Step
	sign  guard.Sign
	hold  id.Version
}

// moment is a file in a record.
type moment struct {
	file id.File
	when time.Time
}

// moments are records in which a file got other content, or was removed.
type moments struct{ good, gone map[moment]bool }

// recall tells the guard what was done in a share before the start: without it a restart would be the attacker's friend. What counted then counts
// now: the acts, what they showed, and what is held or was discarded; what somebody has accepted, or made good, does not.
func (v *Vault) recall(ctx context.Context, sh *share) error {
	if v.cfg.Guard == nil {
		return nil
	}
	list, err := v.pastOf(ctx, sh)
	if err != nil {
		return problem.New(problem.Internal, "open share", "", err)
	}
	for _, a := range slices.Backward(list) {
		v.cfg.Guard.Recall(a.party, a.when, a.step, a.sign, a.hold)
	}
	return nil
}

// pastOf returns what was done in a share, the latest first.
func (v *Vault) pastOf(ctx context.Context, sh *share) (list []*earlier, err error) {
	cat := v.cfg.Catalogue.View(sh.id, sh.meta)
	settled := make(map[id.Version]moment)
	made := moments{good: make(map[moment]bool), gone: make(map[moment]bool)}
	since := v.cfg.Now().Add(-recallFor)
	for a, err := range cat.Changed(ctx, since) {
		if err != nil {
			return nil, err
		}
		if a.Session.IsZero() { // the storehouse itself
			continue
		}
		at := moment{a.File, a.When}
		switch a.Kind {
		case commit.Settle:
			settled[a.Version.Version] = at
			continue
		case commit.Save, commit.Link:
			made.good[at] = made.good[at] || a.Sign == ""
		case commit.Remove:
			made.gone[at] = true
		case commit.Move, commit.Hold, commit.HoldRemove:
		default:
			continue
		}
		x := &earlier{when: a.When, step: stepOf(&a), sign: guard.Sign(a.Sign),
			party: guard.Party{Session: a.Session, Account: a.Account, Device: a.Device, Share: sh.id, Console: a.Account.IsZero()}}
		if a.Kind == commit.Hold || a.Kind == commit.HoldRemove {
			x.hold = a.Version.Version
		}
		if x.sign != "" && x.step.Kind == guard.Removed {
			n, err := cat.Node(ctx, a.File)
			if err != nil && !errors.Is(err, catalogue.ErrNone) {
				return nil, err
			}
			x.step.Dir, x.step.Name, x.step.Old = n.Parent, n.Name, contentOf(&n.Head.Content)
		}
		if list = append(list, x); len(list) == mostRecall {
			break
		}
	}
	return takenBack(list, settled, made), nil
}

// stepOf says what a change did.
func stepOf(a *catalogue.Changed) guard.Step {
	s := guard.Step{Kind: guard.Saved, File: a.File, Dir: a.Parent, Name: a.Name, New: contentOf(&a.Version.Content)}
	switch {
	case a.Kind == commit.Remove || a.Kind == commit.HoldRemove:
		s.Kind = guard.Removed
	case a.Kind == commit.Move:
		s.Kind = guard.Renamed
	case a.Kind != commit.Hold && a.Version.Number == 1:
		s.Kind = guard.Made
	}
	return s
}

// takenBack drops the signs of what was accepted, or made good by a save without any.
func takenBack(list []*earlier, settled map[id.Version]moment, made moments) []*earlier {
	accepted := make(map[moment]bool) // removals that wait no longer
	for _, a := range list {
		at, ok := settled[a.hold]
		if !ok || a.hold.IsZero() {
			continue
		}
		removal := a.step.Kind == guard.Removed && made.gone[at]
		if accepted[at] = accepted[at] || removal; removal || made.good[at] {
			a.sign, a.hold = "", id.Version{}
		}
	}
	for _, a := range list {
		if a.step.Kind == guard.Removed && accepted[moment{a.step.File, a.when}] {
			a.sign = ""
		}
	}
	return list
}
