package exposure

import (
	"math/rand/v2"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

// TestPartsMakeTheWhole: what each share's client is told adds up to what is told of all; nobody falls between two of them.
func TestPartsMakeTheWhole(t *testing.T) {
	for n := range 800 {
		x := intrude(seeded{rand.New(rand.NewPCG(5, uint64(n)))}, false)
		answer, err := Ask(Question{Parties: []Party{x.Party}, Ledger: x.ledger, Files: seq(x.catalog), Persons: persons{x.shares}})
		if err != nil {
			t.Fatal(err)
		}
		worst, files := make(map[int]Class), Three{}
		shares := append([]id.Share{}, x.shares...)
		for _, c := range answer.Shares { // also those that the ledger alone knows
			shares = append(shares, c.Share)
		}
		seen, told := make(map[id.Share]bool), 0
		for _, s := range shares {
			if seen[s] {
				continue
			}
			seen[s] = true
			part, err := answer.Part(s, nil, func(f *File, m Mark) {
				if _, counts := m.Class(); counts {
					told++
				}
				if f.Share != s {
					t.Errorf("house %d: a file of another share", n)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			addThree(&files, part.Files.Files)
			count := Three{}
			for c := Confirmed; c <= Exempt; c++ {
				for p := range part.People(c) {
					count.add(c)
					if was, known := worst[p]; !known || c < was {
						worst[p] = c
					}
				}
			}
			if count != part.Persons.Persons {
				t.Errorf("house %d: a share counts %v and lists %v", n, part.Persons.Persons, count)
			}
		}
		whole := make(map[int]Class)
		for c := Confirmed; c <= Exempt; c++ {
			for p := range answer.People(Filter{Class: c}) {
				whole[p] = c
			}
		}
		if files != answer.Files.Files || int64(told) != files.Confirmed+files.Possible+files.Exempt {
			t.Errorf("house %d: the shares have %v files, all %v; %d were told", n, files, answer.Files.Files, told)
		}
		if len(whole) != len(worst) {
			t.Errorf("house %d: %d persons in the shares, %d in all", n, len(worst), len(whole))
		}
		for p, c := range whole {
			if worst[p] != c {
				t.Errorf("house %d: person %d counts as %d, and as %d in the shares", n, p, c, worst[p])
			}
		}
	}
}
