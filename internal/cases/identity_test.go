package cases

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/roster"
)

// district is some towns, each with schools that have the same names in all of them, in shares of which the register tells more or less.
type district struct {
	*census
	real map[int][]string // who really stands under each number: town, school and number of the pupil
	all  map[string]bool
	told bool // the register tells of every school whose it is
}

func newDistrict(r *rand.Rand) *district {
	d := &district{census: newCensus(), real: make(map[int][]string), all: make(map[string]bool), told: true}
	for n := range 2 + r.IntN(4) {
		var book roster.Book
		var line account.Register
		town := r.IntN(3)
		list := r.Perm(3)[:1+r.IntN(3)]
		if len(list) == 1 && r.IntN(2) == 0 {
			line.Client = fmt.Sprint("town ", town)
		}
		for _, s := range list {
			name := fmt.Sprint("school ", s)
			switch r.IntN(3) {
			case 0:
				line.Schools = append(line.Schools, account.SchoolLine{School: name, Client: fmt.Sprint("town ", town)})
			case 1:
				line.Schools = append(line.Schools, account.SchoolLine{School: name, Contact: "c"})
				fallthrough
			default:
				d.told = d.told && len(list) == 1 && line.Client != ""
			}
			for number := range 1 + r.IntN(3) {
				book.Roster.People = append(book.Roster.People, roster.Person{School: name, Year: "2026", Class: "3-1", Number: fmt.Sprint(number + 1), Kind: roster.Pupil})
			}
		}
		share := account.Share{ID: id.Share{byte(n + 1)}, Name: fmt.Sprint("share ", n)}
		d.add(share, &book, &line)
		for i, at := range d.shares[share.ID].at {
			p := &book.Roster.People[i]
			who := fmt.Sprint(town, p.School, p.Number)
			d.real[int(at)], d.all[who] = append(d.real[int(at)], who), true
		}
	}
	d.tellApart()
	return d
}

// TestSchoolsOfOneName: however little the register tells, two pupils are never taken for one; where it tells all, nobody is counted twice; and
// rows of schools that have one name are told apart.
func TestSchoolsOfOneName(t *testing.T) {
	for n := range 2_000 {
		d := newDistrict(rand.New(rand.NewPCG(5, uint64(n))))
		for at, who := range d.real {
			for _, x := range who {
				if x != who[0] {
					t.Fatalf("district %d: %v and %v are one", n, who[0], x)
				}
			}
			if d.Place(at).School == "" {
				t.Fatalf("district %d: person %d is in no school", n, at)
			}
		}
		if got := len(d.People); got < len(d.all) || d.told && got != len(d.all) {
			t.Fatalf("district %d: %d persons, want %d", n, got, len(d.all))
		}
		seen := make(map[exposure.Place]bool)
		for _, p := range d.Persons.places {
			if seen[p] {
				t.Fatalf("district %d: two schools are told as %v", n, p)
			}
			seen[p] = true
		}
	}
}

// TestRegisterTellsApart: lines of the register that make two persons of one, or one of two, are other findings.
func TestRegisterTellsApart(t *testing.T) {
	shares := []account.Share{{ID: id.Share{1}, Name: "a"}, {ID: id.Share{2}, Name: "b"}}
	c := newCensus()
	lines := []account.RegisterLine{{Share: "a"}, {Share: "b"}}
	for i, a := range shares {
		c.add(a, &roster.Book{Roster: roster.Roster{People: []roster.Person{{School: "第一小学校", Class: "1-1", Number: "1", Kind: roster.Pupil}}}}, &lines[i].Register)
	}
	if len(c.People) != 2 || !c.sameHolders(shares, lines) {
		t.Fatalf("%d persons", len(c.People))
	}
	lines[0].Contact = "窓口"
	if !c.sameHolders(shares, lines) {
		t.Error("a contact makes other persons")
	}
	lines[0].Client, lines[1].Client = "北町", "北町"
	if c.sameHolders(shares, lines) {
		t.Error("one client makes the same persons as two")
	}
}
