package web

import (
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// harmed is the page of what was done in a case, and of what would undo it.
type harmed struct {
	api.Case
	Damage            []api.Damaged
	More              int // harmed files that are not shown
	Sums              []api.DamageSum
	Back              int64 // files that are as they were again
	BackAt            time.Time
	Undo              map[string]int // of a rehearsal of the rollback: how many files by what is done to them
	Rehearsed, Undone bool
	None              string       // why there can be no damage
	Left              string       // shares that were not put right
	Kept              []api.Mended // that others have changed since
}

// mostDamage is how many harmed files one page shows.
const mostDamage = 200

// openCases are the cases that nobody has closed; none for those who may not see them.
func (v *visit) openCases() (out []api.Case, err error) {
	if !v.may(account.SeePeople) && !v.may(account.Freeze) {
		return nil, nil
	}
	for c, err := range v.api.Cases(v.r.Context()) {
		if err != nil {
			return nil, err
		}
		if c.Closed.IsZero() {
			out = append(out, c)
		}
	}
	return out, nil
}

func (v *visit) cases() error {
	list, err := collect(v.api.Cases(v.r.Context()))
	if err != nil {
		return err
	}
	return v.show("cases", list)
}

func (v *visit) damage() error {
	p, err := v.look()
	if err != nil {
		return err
	}
	return v.show("damage", p)
}

// look finds out what was done in the case of the path.
func (v *visit) look() (p harmed, err error) {
	ctx, n := v.r.Context(), v.r.PathValue("id")
	if p.Case, err = v.api.Case(ctx, n); err != nil || len(p.Suspects) == 0 {
		return p, err
	}
	for line, err := range v.api.Damage(ctx, api.DamageRequest{Case: n}) {
		switch {
		case hintOf(err) == "hint.case-no-acts" || hintOf(err) == "hint.case-no-session": // storehouse, keeper and media do nothing under their own names
			p.None = v.lang.Text(hintOf(err))
			return p, nil
		case err != nil:
			return p, err
		case line.Sum != nil:
			if p.Back += line.Sum.Back; line.Sum.BackAt.After(p.BackAt) {
				p.BackAt = line.Sum.BackAt
			}
			if len(line.Sum.Hurts) > 0 { // there is nothing to be done in the others
				p.Sums = append(p.Sums, *line.Sum)
			}
		case len(p.Damage) == mostDamage:
			p.More++
		default:
			p.Damage = append(p.Damage, *line.File)
		}
	}
	return p, nil
}

// undo takes back what was done in a case, or only tells what that would be.
func (v *visit) undo(n string, dry bool) error {
	done, kept, left := make(map[string]int), []api.Mended(nil), ""
	for line, err := range v.api.Rollback(v.r.Context(), api.RollbackRequest{Case: n, DryRun: dry}) {
		if err != nil {
			return err
		}
		m := line.File
		if line.Done != nil {
			left = strings.Join(line.Done.Left, ", ")
		}
		if m == nil {
			continue
		}
		if done[m.Act]++; m.Act == "kept" && m.Beside != "" && len(kept) < mostDamage {
			kept = append(kept, *m)
		}
	}
	p, err := v.look()
	if err != nil {
		return err
	}
	p.Undo, p.Rehearsed, p.Undone, p.Kept, p.Left = done, dry, !dry, kept, left
	return v.show("damage", p)
}

// formTime reads a time from a form, in the house's zone; nothing is no time.
func formTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", text, time.Local)
	if err != nil {
		return t, &problem.Error{Kind: problem.Invalid, Op: "case", On: text, Hint: "hint.case-when"}
	}
	return t, nil
}
