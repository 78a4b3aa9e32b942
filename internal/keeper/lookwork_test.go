//go:build !race

package keeper

import (
	"fmt"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
)

// lookedUp are the sorts of questions of which none may take more work than another, each in its two ways to be meant, as long as each other.
var lookedUp = []struct {
	name      string
	questions []string
	want      account.LookupAnswer
}{
	{"hit", []string{"第一小\x002026\x003\x002\x00pupil\x0012", "第一小\x00\x003\x002\x00pupil\x0012"}, account.LookupConfirmed},
	{"hit without a year", []string{"第一小\x002026\x003\x002\x00pupil\x0013", "第一小\x00\x003\x002\x00pupil\x0013"}, account.LookupConfirmed},
	{"miss", []string{"第一小\x002026\x003\x002\x00pupil\x0099", "第一小\x00\x003\x002\x00pupil\x0099"}, account.LookupNone},
	{"another school", []string{"第九小\x002026\x003\x002\x00pupil\x0012", "第九小\x00\x003\x002\x00pupil\x0012"}, account.LookupNone},
}

// lookupHouse has a page whose scope has so many persons more than are asked for, and returns what asks it.
func lookupHouse(t testing.TB, people int) func(questions []string) account.LookupAnswer {
	h := newCaseHouse(t)
	keys := []string{lookedUp[0].questions[0], lookedUp[1].questions[1]}
	for i := range people {
		keys = append(keys, fmt.Sprintf("第%d小", i))
	}
	token, n := h.open(scopeOf(h.made, keys...)), 0
	look := func(questions []string) account.LookupAnswer {
		n++
		*h.clock = h.clock.Add(time.Second) // or everybody's limit would be asked, too
		a, err := h.l.LookUp(h.Context(), token, far(n%60000), questions)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	look(lookedUp[0].questions) // the scope comes from its file once
	return look
}

// allocations of one run: the fewest of some measurements, because all of the process's are counted, those of the house's own goroutines too.
func allocations(run func()) float64 {
	least := testing.AllocsPerRun(10, run)
	for range 5 {
		least = min(least, testing.AllocsPerRun(10, run))
	}
	return least
}

// TestEveryAnswerIsTheSameWork: whoever measures how long an answer takes learns nothing of it, because hit, miss and another school take the
// same steps: as many hashes of the same rounds, one for each way in which the question may be meant, and as much memory.
func TestEveryAnswerIsTheSameWork(t *testing.T) {
	look := lookupHouse(t, 1000)
	work := make(map[string]float64)
	for _, q := range lookedUp {
		if got := look(q.questions); got != q.want {
			t.Errorf("%s: %v, want %v", q.name, got, q.want)
		}
		work[q.name] = allocations(func() { look(q.questions) })
	}
	for name, n := range work {
		if n != work["hit"] || n == 0 {
			t.Errorf("%s takes %v allocations, a hit %v", name, n, work["hit"])
		}
	}
	s := newScope([]account.LookupPerson{{Key: lookedUp[0].questions[0], Answer: account.LookupConfirmed}})
	for _, q := range lookedUp {
		if one, all := allocations(func() { s.hash(q.questions[0]) }), allocations(func() { s.ask(q.questions) }); all != one*float64(len(q.questions)) {
			t.Errorf("%s: %v allocations are not those of %d hashes of %v", q.name, all, len(q.questions), one)
		}
	}
}

// BenchmarkLookUp shows the same with a clock: go test ./internal/keeper -run xxx -bench LookUp.
func BenchmarkLookUp(b *testing.B) {
	look := lookupHouse(b, 10_000)
	for _, q := range lookedUp {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				look(q.questions)
			}
		})
	}
}
