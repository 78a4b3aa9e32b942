package vault_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// TestRoster: a roster is a version like any other, and no door comes to it.
func TestRoster(t *testing.T) {
	h := newHouse(t, "albums")
	ctx, f := t.Context(), h.v.As(staff)
	if _, _, err := h.v.Roster(ctx, staff, "/albums", 1<<20); problem.KindOf(err) != problem.NotFound {
		t.Errorf("a share without a roster: %v", err)
	}
	for _, text := range []string{"1,佐藤", "1,佐藤\n2,髙橋"} {
		if _, err := h.v.SaveRoster(ctx, staff, "/albums", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	save(t, f, "/albums/a.txt", []byte("a"))
	got, i, err := h.v.Roster(ctx, staff, "/albums", 1<<20)
	if err != nil || string(got) != "1,佐藤\n2,髙橋" || i.Number != 2 {
		t.Errorf("Roster = %q, version %d, %v", got, i.Number, err)
	}
	if h.keeper.released[account.Roster] != 1 || h.keeper.released[account.Open] != 0 {
		t.Errorf("released: %v", h.keeper.released)
	}
	if _, _, err := h.v.Roster(ctx, staff, "/albums", 5); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("a roster beyond the bound: %v", err)
	}
	if shown := listed(t, f.List(ctx, "/albums")); len(shown) != 1 {
		t.Errorf("the share shows %v", shown)
	}
	h.close()
	for _, name := range []string{"catalogue.db", "catalogue.db-wal", "catalogue.db-shm"} {
		if err := os.Remove(filepath.Join(h.root, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	again := openHouse(t, h.root, h.keeper)
	defer again.close()
	if got, i, err := again.v.Roster(ctx, staff, "/albums", 1<<20); err != nil || string(got) != "1,佐藤\n2,髙橋" || i.Number != 2 {
		t.Errorf("from the packs alone: Roster = %q, version %d, %v", got, i.Number, err)
	}
	if _, err := pathname.Parse("/albums/:roster"); err == nil {
		t.Error("a door can say the name of the roster")
	}
}

// TestDamagedRosterIsReplaced: over a roster of which a byte has flipped a new one is saved, and reads whole, even the same once more, of which
// the share seems to have every chunk; what stood before the damage is told, and the versions before are there.
func TestDamagedRosterIsReplaced(t *testing.T) {
	h := newHouse(t, "albums")
	defer func() { h.close() }()
	ctx := t.Context()
	noise := make([]byte, 9<<20) // some chunks
	rand.NewChaCha8([32]byte{1}).Read(noise)
	long := append([]byte("first line\n"), noise...)
	put := func(b []byte) {
		t.Helper()
		if _, err := h.v.SaveRoster(ctx, staff, "/albums", b); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte("the first"))
	put(long)
	save(t, h.v.As(staff), "/albums/a.txt", []byte("what was before this is on disk"))
	h.close()
	flip(t, h.root, h.keeper, pack.Chunk, 1, 3)
	h = openHouse(t, h.root, h.keeper)
	got, _, err := h.v.Roster(ctx, staff, "/albums", 1<<30)
	if problem.KindOf(err) != problem.Damaged || !bytes.HasPrefix(got, []byte("first line\n")) || len(got) >= len(long) || !bytes.HasPrefix(long, got) {
		t.Fatalf("%d bytes before the damage, %v", len(got), err)
	}
	var former [][]byte
	for b, err := range h.v.FormerRosters(ctx, staff, "/albums", 1<<30) {
		if err != nil {
			t.Fatal(err)
		}
		former = append(former, b)
	}
	if len(former) != 1 || string(former[0]) != "the first" {
		t.Errorf("%d versions before: %.20q", len(former), former)
	}
	put(long)
	if got, i, err := h.v.Roster(ctx, staff, "/albums", 1<<30); err != nil || !bytes.Equal(got, long) || i.Number != 3 {
		t.Errorf("saved once more: %d bytes, version %d, %v", len(got), i.Number, err)
	}
	for b, err := range h.v.FormerRosters(ctx, staff, "/albums", 1<<30) {
		if err != nil || !bytes.Equal(b, long) {
			t.Errorf("the damaged version is not mended: %d bytes, %v", len(b), err)
		}
		break
	}
	other := h.keeper.shares[0]
	h.keeper.shares, h.keeper.others = nil, []account.Share{other}
	for b, err := range h.v.FormerRosters(ctx, staff, "/albums", 1<<30) {
		if err == nil {
			t.Errorf("who may not write is shown %d bytes", len(b))
		}
	}
}

// TestWhoInquires: names and damage of a share can be seen by whoever is concerned with it, content not.
func TestWhoInquires(t *testing.T) {
	h := newHouse(t, "albums", "others")
	ctx, f := t.Context(), h.v.As(staff)
	other := h.keeper.shares[1]
	save(t, f, "/others/a.txt", []byte("a"))
	if _, err := h.v.SaveRoster(ctx, staff, "/others", []byte("1")); err != nil {
		t.Fatal(err)
	}
	h.keeper.shares, h.keeper.others = h.keeper.shares[:1], []account.Share{other}
	if _, err := f.Stat(ctx, "/others/a.txt"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("Stat: %v", err)
	}
	if got, _, err := h.v.Roster(ctx, staff, "/others", 10); err != nil || string(got) != "1" {
		t.Errorf("Roster = %q, %v", got, err)
	}
	h.keeper.stops = []account.Stop{{Subject: staff.ID.String()}}
	if _, _, err := h.v.Roster(ctx, staff, "/others", 10); problem.KindOf(err) != problem.Frozen {
		t.Errorf("Roster of somebody frozen: %v", err)
	}
}
