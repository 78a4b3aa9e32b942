package cases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// studio is a share with files that people and a thief save, rename and remove. It knows whom each content of people's shows.
type studio struct {
	*rand.Rand
	now   time.Time
	files []*played
	by    vault.Suspects
}

// played is a file, as it goes.
type played struct {
	vault.Object
	path  pathname.Path
	harm  vault.Harm
	shows []int // numbers of pupils, by each of the contents
}

var (
	people = vault.Actor{Session: id.Session{1}}
	thief  = vault.Actor{Session: id.Session{7}}
)

func (s *studio) put(f *played, by vault.Actor, path pathname.Path) {
	s.now = s.now.Add(time.Second)
	i := slices.Index(f.Paths, path)
	if i < 0 {
		i = len(f.Paths)
		f.Paths, f.Puts = append(f.Paths, path), append(f.Puts, nil)
	}
	f.Puts[i] = append(f.Puts[i], vault.Put{By: by, When: s.now})
	if by == thief {
		if f.harm.Names = append(f.harm.Names, path.Base()); f.path != path && f.path != "" {
			f.harm.Hurts, f.harm.Path = []vault.Hurt{vault.Retitled}, f.path
		}
	}
	f.path = path
}

func (s *studio) save(f *played, by vault.Actor, path pathname.Path) {
	s.put(f, by, path)
	f.Contents = append(f.Contents, vault.Contained{Version: id.NewVersion(), Saved: s.now, By: by})
	if by == thief { // tells nobody anything that the file that it was made of does not tell
		return
	}
	n := 1 + s.IntN(9)
	fmt.Sscanf(path.Base(), "%d_", &n)
	f.shows = append(f.shows, n)
}

// act lets something happen.
func (s *studio) act(by vault.Actor) {
	name := func() pathname.Path {
		return pathname.Path(fmt.Sprintf("/s/第一小/3-1/%d_%d.jpg", 1+s.IntN(9), s.IntN(3)))
	}
	var f *played
	if len(s.files) > 0 {
		f = s.files[s.IntN(len(s.files))]
	}
	if f == nil || s.IntN(4) == 0 {
		f = &played{}
		s.files = append(s.files, f)
		switch s.IntN(5) {
		case 0:
			s.save(f, by, pathname.Path(fmt.Sprint("/s/loose", s.IntN(3))))
		case 1: // in the place of another
			old := s.files[s.IntN(len(s.files))]
			if old == f {
				old.path = name()
			}
			if s.save(f, by, old.path+".locked"); by == thief && old != f {
				old.harm.Hurts, old.harm.Path = []vault.Hurt{vault.Gone}, old.path
			}
		default:
			s.save(f, by, name())
		}
		return
	}
	switch s.IntN(4) {
	case 0:
		s.save(f, by, f.path)
	case 1:
		s.put(f, by, f.path+".locked")
	case 2:
		s.put(f, by, pathname.Path(fmt.Sprint("/s/第一小/A8F3-", s.IntN(4), ".locked")))
	default: // people who rename a picture say whom it shows
		path := name()
		if s.put(f, by, path); by == people && len(f.shows) > 0 {
			n := 0
			fmt.Sscanf(path.Base(), "%d_", &n)
			f.shows[len(f.shows)-1] = n
		}
	}
}

func (s *studio) persons(t *testing.T, rules string) *Persons {
	book := roster.Book{}
	for n := 1; n <= 9; n++ {
		book.Roster.People = append(book.Roster.People, roster.Person{School: "第一小", Class: "3-1", Number: fmt.Sprint(n), Kind: roster.Pupil})
	}
	var err error
	if book.Rules, err = roster.ParseRules(rules); err != nil {
		t.Fatal(err)
	}
	c := newCensus()
	c.add(account.Share{ID: id.Share{1}, Name: "s"}, &book, new(account.Register))
	x := newRenamed(s.by)
	for _, f := range s.files {
		x.harm(&f.harm)
	}
	for _, f := range s.files {
		x.object(&f.Object)
	}
	c.renamed = x.close()
	return c.Persons
}

// countedBy are the numbers of the pupils who count by a file.
func countedBy(p *Persons, f *played) (out []int) {
	for _, path := range f.Paths {
		who := p.Of(id.Share{1}, path)
		switch who.Link {
		case exposure.One:
			out = append(out, who.N+1)
		case exposure.Group:
			for n := range p.Members(who.N) {
				out = append(out, n+1)
			}
		case exposure.Unlinked:
			return []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
		}
	}
	return out
}

// TestRenamedBound: whatever names a thief gives, and people give before, between and behind, whomever a content of people's shows counts by its file.
func TestRenamedBound(t *testing.T) {
	narrowed := 0
	for n := range 5_000 {
		s := &studio{Rand: rand.New(rand.NewPCG(9, uint64(n))), now: time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)}
		s.by = vault.Suspects{From: s.now, Pick: func(a vault.Actor) bool { return a == thief }}
		for range 3 + s.IntN(12) {
			by := people
			if s.IntN(2) == 0 {
				by = thief
			}
			s.act(by)
		}
		for _, rules := range []string{"{school}/{class}/{number}_*.jpg -> person\n", "{school}/{class}/{number}_*.jpg -> person\n{school}/** -> school\n"} {
			p := s.persons(t, rules)
			narrowed += len(p.renamed)
			for _, f := range s.files {
				got := countedBy(p, f)
				for _, who := range f.shows {
					if !slices.Contains(got, who) {
						t.Fatalf("studio %d: %d is in %v, and %v count", n, who, f.Paths, got)
					}
				}
			}
		}
	}
	if narrowed < 5_000 {
		t.Errorf("only %d names were set aside", narrowed)
	}
}

// TestRenamedExact: what a thief renamed, or put in the place of a file, is of whom it was before, and of nobody else; what people have named so, too, is
// of everybody.
func TestRenamedExact(t *testing.T) {
	const was, is = "/s/第一小/3-1/5_1.jpg", "/s/第一小/3-1/5_1.jpg.locked"
	for what, c := range map[string]struct {
		play func(s *studio, f, g *played)
		want []int
	}{
		"renamed":             {func(s *studio, f, _ *played) { s.put(f, thief, is) }, []int{5}},
		"to any name":         {func(s *studio, f, _ *played) { s.put(f, thief, "/s/A8F3.bin") }, []int{5}},
		"twice":               {func(s *studio, f, _ *played) { s.put(f, thief, "/s/第一小/tmp"); s.put(f, thief, is) }, []int{5}},
		"and put back":        {func(s *studio, f, _ *played) { s.put(f, thief, is); s.put(f, people, was) }, []int{5}},
		"and saved by people": {func(s *studio, f, _ *played) { s.put(f, thief, is); s.save(f, people, is) }, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"as people do, too":   {func(s *studio, f, g *played) { s.put(f, thief, is); s.save(g, people, is) }, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"to whom it may show": {func(s *studio, f, _ *played) { s.put(f, thief, "/s/第一小/3-1/6_1.jpg") }, []int{5, 6}},
	} {
		s := &studio{now: time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)}
		s.by = vault.Suspects{From: s.now, Pick: func(a vault.Actor) bool { return a == thief }}
		f, g := &played{}, &played{}
		s.files = []*played{g, f}
		s.Rand = rand.New(rand.NewPCG(1, 1))
		s.save(f, people, was)
		s.save(g, people, "/s/第一小/3-1/7_1.jpg")
		c.play(s, f, g)
		got := countedBy(s.persons(t, "{school}/{class}/{number}_*.jpg -> person\n"), f)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: counted are %v, want %v", what, got, c.want)
		}
	}
	s := &studio{now: time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC), Rand: rand.New(rand.NewPCG(1, 1))}
	s.by = vault.Suspects{From: s.now, Pick: func(a vault.Actor) bool { return a == thief }}
	f, g := &played{}, &played{}
	s.files = []*played{f, g}
	s.save(f, people, was)
	f.harm.Hurts, f.harm.Path = []vault.Hurt{vault.Gone}, was
	s.save(g, thief, is)
	for _, rules := range []string{"{school}/{class}/{number}_*.jpg -> person\n", "{school}/{class}/{number}_*.jpg -> person\n{school}/** -> school\n"} {
		p := s.persons(t, rules)
		if got := countedBy(p, g); !slices.Equal(got, []int{5}) {
			t.Errorf("put in its place: counted are %v", got)
		}
		if at := p.place(id.Share{1}, is); len(at.schools) != 1 || at.anywhere() {
			t.Errorf("put in its place: it is of %+v", at)
		}
	}
}
