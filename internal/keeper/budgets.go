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

// weaker reports whether a policy lets anything through that another does not, and that two people must agree on.
func (p policyState) weaker(than policyState) bool {
	if p.WithoutSecondFactor && !than.WithoutSecondFactor || p.AnyPlace && !than.AnyPlace {
		return true
	}
	old := than.budgets()
	for c, b := range p.budgets() {
		if b.Minute > old[c].Minute || b.Day > old[c].Day {
			return true
		}
	}
	return false
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
	from, err := time.Parse(clockTime, b.Policy.Opening)
	to, bad := time.Parse(clockTime, b.Policy.Closing)
	if err != nil || bad != nil {
		return false
	}
	now = now.In(b.zone)
	at, opens, closes := now.Hour()*60+now.Minute(), from.Hour()*60+from.Minute(), to.Hour()*60+to.Minute()
	if opens <= closes {
		return at < opens || at >= closes
	}
	return at >= closes && at < opens // open over midnight
}
