package cases

import (
	"context"
	"errors"
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
	bytes []byte
	saved int
}

func (s *shelf) Roster(context.Context, account.Session, pathname.Path, int64) ([]byte, vault.Info, error) {
	if s.bytes == nil {
		return nil, vault.Info{}, &problem.Error{Kind: problem.NotFound, Op: "read roster", Hint: "hint.no-roster"}
	}
	return s.bytes, vault.Info{}, nil
}

func (s *shelf) SaveRoster(_ context.Context, _ account.Session, _ pathname.Path, b []byte) (vault.Info, error) {
	s.bytes = b
	s.saved++
	return vault.Info{}, nil
}

// TestDamagedRoster: bytes that are no roster, or one of a newer program, are refused with what to do, wherever they are read; and nothing is
// saved over them.
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
		_, all := d.Rosters(ctx, who, []account.Share{{Name: "albums"}})
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
