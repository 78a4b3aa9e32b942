package cases

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// shelf keeps the bytes of one roster.
type shelf struct {
	House
	bytes  []byte
	former [][]byte
	broken bool // bytes are what stands before the damage
	saved  int
}

func (s *shelf) Mends() int64 { return 0 }

func (s *shelf) FormerRosters(context.Context, account.Session, pathname.Path, int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, b := range s.former {
			if !yield(b, nil) {
				return
			}
		}
		yield(nil, problem.New(problem.Damaged, "open", ":roster", nil))
	}
}

func (s *shelf) Roster(context.Context, account.Session, pathname.Path, int64) ([]byte, vault.Info, error) {
	if s.broken {
		return s.bytes, vault.Info{}, problem.New(problem.Damaged, "open", ":roster", nil)
	}
	if s.bytes == nil {
		return nil, vault.Info{}, &problem.Error{Kind: problem.NotFound, Op: "read roster", Hint: "hint.no-roster"}
	}
	return s.bytes, vault.Info{}, nil
}

func (s *shelf) SaveRoster(_ context.Context, _ account.Session, _ pathname.Path, b []byte) (vault.Info, error) {
	s.bytes, s.broken = b, false
	s.saved++
	return vault.Info{}, nil
}

// TestDamagedRoster: bytes that are no roster, or one of a newer program, are refused with what to do, wherever they are read; and no change
// of theirs is saved.
func TestDamagedRoster(t *testing.T) {
	ctx, who := t.Context(), account.Session{}
	house := &shelf{}
	d := &Desk{House: house}
	if err := d.SaveBook(ctx, who, "albums", func(b *roster.Book) error {
		b.Roster.People = []roster.Person{{School: "第一小", Name: "佐藤", Number: "1", Kind: roster.Pupil}}
		return nil
	}); err != nil || house.saved != 1 {
		t.Fatal(err)
	}
	good := house.bytes
	for name, x := range map[string]struct {
		bytes []byte
		kind  problem.Kind
		hint  string
	}{
		"cut":       {good[:len(good)-1], problem.Damaged, "hint.roster-damaged"},
		"more":      {append(good[:len(good):len(good)], 0), problem.Damaged, "hint.roster-damaged"},
		"no line":   {[]byte("{}"), problem.Damaged, "hint.roster-damaged"},
		"empty":     {[]byte{}, problem.Damaged, "hint.roster-damaged"},
		"noise":     {[]byte("\x00\n\xff"), problem.Damaged, "hint.roster-damaged"},
		"newer":     {[]byte("{\"azekura_roster\":9}\n"), problem.Invalid, "hint.roster-newer"},
		"bad rules": {[]byte("{\"azekura_roster\":1,\"rules\":\"x\"}\n\x01\x00\x00\x00\x00"), problem.Damaged, "hint.roster-damaged"},
	} {
		house.bytes = x.bytes
		_, book := d.Book(ctx, who, "albums")
		_, all := d.rosters(ctx, who, []account.Share{{Name: "albums"}}, nil, nil)
		save := d.SaveBook(ctx, who, "albums", func(*roster.Book) error { return nil })
		for way, err := range map[string]error{"book": book, "rosters": all, "save": save} {
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || p.Kind != x.kind || p.Hint != x.hint || p.On != "albums" {
				t.Errorf("%s, %s: %v", name, way, err)
			}
		}
	}
	if house.saved != 1 {
		t.Errorf("saved %d times", house.saved)
	}
	house.bytes = good
	nothing := errors.New("nothing")
	if err := d.SaveBook(ctx, who, "albums", func(*roster.Book) error { return nothing }); err != nothing || house.saved != 1 {
		t.Errorf("a change that is refused: %v, saved %d times", err, house.saved)
	}
}

// TestEnrolOverDamage: a list comes in the place of a roster that cannot be read, and keeps the rules and schools that are left in it, or in the
// latest version that tells them; never in the place of one that a newer program has written.
func TestEnrolOverDamage(t *testing.T) {
	ctx, who := t.Context(), account.Session{}
	book := func(rules string, schools ...roster.SchoolFacts) []byte {
		t.Helper()
		r, err := roster.ParseRules(rules)
		if err != nil {
			t.Fatal(err)
		}
		b, err := roster.EncodeBook(&roster.Book{Rules: r, Schools: schools, Roster: roster.Roster{People: []roster.Person{{School: "第一小", Name: "佐藤", Number: "1", Kind: roster.Pupil}}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	now := book("{number}_*.jpg → person", roster.SchoolFacts{Name: "第一小", Contact: "03-0000"})
	before := book("{number}.jpg → person\n* → nobody")
	list := roster.Roster{People: []roster.Person{{School: "第二小", Name: "髙橋", Number: "2", Kind: roster.Pupil}}}
	for name, x := range map[string]struct {
		shelf shelf
		want  *Rescued
	}{
		"whole":               {shelf{bytes: now}, nil},
		"none":                {shelf{}, nil},
		"persons damaged":     {shelf{bytes: now[:len(now)-3], broken: true, former: [][]byte{before}}, &Rescued{1, 1}},
		"persons no roster":   {shelf{bytes: append(now[:len(now):len(now)], 0), former: [][]byte{before}}, &Rescued{1, 1}},
		"all damaged":         {shelf{broken: true, former: [][]byte{{}, before[:len(before)-1]}}, &Rescued{2, 0}},
		"every one damaged":   {shelf{broken: true}, &Rescued{}},
		"noise, none earlier": {shelf{bytes: []byte("\x00\n")}, &Rescued{}},
	} {
		d := &Desk{House: &x.shelf}
		got, err := d.Enrol(ctx, who, "albums", list)
		if err != nil || x.shelf.saved != 1 || (got == nil) != (x.want == nil) || got != nil && *got != *x.want {
			t.Errorf("%s: %+v, %v, saved %d times", name, got, err, x.shelf.saved)
			continue
		}
		b, err := d.Book(ctx, who, "albums")
		if err != nil || len(b.Roster.People) != 1 || b.Roster.People[0].Name != "髙橋" || got != nil && (len(b.Rules.List()) != got.Rules || len(b.Schools) != got.Schools) {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
	newer := &shelf{bytes: []byte("{\"azekura_roster\":9}\n")}
	if _, err := (&Desk{House: newer}).Enrol(ctx, who, "albums", list); problem.KindOf(err) != problem.Invalid || newer.saved != 0 {
		t.Errorf("over a newer program's: %v", err)
	}
	broken := &Desk{House: &shelf{broken: true}}
	_, one := broken.Book(ctx, who, "albums")
	_, all := broken.rosters(ctx, who, []account.Share{{Name: "albums"}}, nil, nil)
	for way, err := range map[string]error{"book": one, "rosters": all} {
		if p, ok := errors.AsType[*problem.Error](err); !ok || p.Kind != problem.Damaged || p.Hint != "hint.roster-damaged" || p.On != "albums" {
			t.Errorf("%s: %v", way, err)
		}
	}
}
