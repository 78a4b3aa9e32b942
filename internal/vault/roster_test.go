package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/account"
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
