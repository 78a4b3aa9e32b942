package keeper

import (
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/account"
)

// defaultBudgets let every ordinary day pass. Explorer and Finder read whole folders of some hundred photographs for thumbnails, Finder with
// a second file for each, a gallery shows 500 at a time, and a school has three hundred pupils; what opens more is a job.
var defaultBudgets = [classes]account.Budget{
	opening:    {Minute: 2000, Day: 10_000},
	previewing: {Minute: 2000, Day: 20_000},
	exporting:  {Minute: 1000, Day: 2000},
	persons:    {Minute: 1000, Day: 2000},
}

const (
	maxBudget = 1_000_000
	tenth     = 10 // of the budget is left where something is odd
)

// budgets returns the budget of each class.
func (p policyState) budgets() [classes]account.Budget {
	out := [classes]account.Budget{p.Reading.Open, p.Reading.Preview, p.Reading.Export, p.Reading.Persons}
	for c, b := range out {
		if b.Minute == 0 {
			out[c].Minute = defaultBudgets[c].Minute
		}
		if b.Day == 0 {
			out[c].Day = defaultBudgets[c].Day
		}
	}
	return out
}

func showBudgets(b [classes]account.Budget) account.Budgets {
	return account.Budgets{Open: b[opening], Preview: b[previewing], Export: b[exporting], Persons: b[persons]}
}

func checkBudgets(op string, b account.Budgets) error {
	for _, x := range []account.Budget{b.Open, b.Preview, b.Export, b.Persons} {
		for _, n := range []int{x.Minute, x.Day} {
			if n < 0 || n > maxBudget {
				return unfit(op, fmt.Sprint(n), "hint.budget")
			}
		}
	}
	return nil
}

// limits are the budgets of somebody today: a tenth of the day's where something is odd, and as often as a second person has
// said so.
func (p policyState) limits(odd bool, more int) [classes]account.Budget {
	out := p.budgets()
	for c, b := range out {
		if odd {
			b.Day = max(b.Day/tenth, 1)
		}
		b.Minute, b.Day = b.Minute*(1+more), b.Day*(1+more)
		out[c] = b
	}
	return out
}

// date is the day that a moment belongs to, in the policy's zone.
func (b *books) date(now time.Time) int {
	y, m, d := now.In(b.zone).Date()
	return y*10_000 + int(m)*100 + d
}

// midnight is the end of that day.
func (b *books) midnight(now time.Time) time.Time {
	y, m, d := now.In(b.zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, b.zone).UTC()
}

// closed reports whether the house is closed: a policy with opening and closing time says when.
func (b *books) closed(now time.Time) bool {
	now = now.In(b.zone)
	return !b.Policy.openAt(now.Hour()*60 + now.Minute())
}

// openAt reports whether the house is open at a minute of the day.
func (p policyState) openAt(minute int) bool {
	opens, first := minuteOf(p.Opening)
	closes, last := minuteOf(p.Closing)
	switch {
	case !first || !last:
		return true
	case opens <= closes:
		return minute >= opens && minute < closes
	}
	return minute < closes || minute >= opens // open over midnight
}

// minuteOf reads a time of the day.
func minuteOf(s string) (int, bool) {
	t, err := time.Parse(clockTime, s)
	return t.Hour()*60 + t.Minute(), err == nil
}
