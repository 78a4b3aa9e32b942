package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// taken is where a test takes content.
type taken struct{ bytes.Buffer }

func (*taken) Close() error { return nil }

// everything collects what a share keeps.
func everything(t *testing.T, h *house, share pathname.Path) (out []vault.Stored) {
	t.Helper()
	for k, err := range h.v.Everything(t.Context(), staff, share) {
		must(t, err)
		out = append(out, k)
	}
	return out
}

// TestCompare: every size of content, earlier versions, copies and what was removed are what was saved, read from packs without books; other
// content is told from it.
func TestCompare(t *testing.T) {
	defer vault.SetListMax(3)()
	k := newTestKeeper(t, "s")
	h := openHouse(t, t.TempDir(), k)
	f := h.v.As(staff)
	want := map[id.Version][]byte{}
	for i, n := range []int{0, 1, 4 << 10, 70_000, 3 << 20, 12 << 20} {
		b := random(uint64(i), n)
		want[save(t, f, pathname.Path("/s").Join(string(rune('a'+i))), b).Version] = b
	}
	want[save(t, f, "/s/a", []byte("again")).Version] = []byte("again")
	must(t, f.Copy(bg, "/s/d", "/s/copy", false, true))
	want[save(t, f, "/s/gone", []byte("gone")).Version] = []byte("gone")
	must(t, f.Remove(bg, "/s/gone"))
	h.close()

	must(t, os.RemoveAll(filepath.Join(h.root, "catalogue.db")))
	h = openHouse(t, h.root, k)
	defer h.close()
	share := k.shares[0].ID
	must(t, h.v.Learn(bg, staff, share, func(f vault.Finding) { t.Errorf("%+v", f) }))
	list := everything(t, h, "/s")
	latest := 0
	for _, x := range list {
		if x.Latest {
			latest++
		}
	}
	if len(list) != len(want) || latest != 7 { // the copy, and nothing for what never had a byte
		t.Errorf("%d versions, %d of them shown", len(list), latest)
	}
	into := map[id.Version]*taken{}
	n := 0
	must(t, h.v.Compare(bg, staff, list, func(x vault.Stored) (io.WriteCloser, error) {
		into[x.Version] = &taken{}
		return into[x.Version], nil
	}, func(x vault.Stored, err error) {
		n++
		if b, ok := want[x.Version]; err != nil || ok && !bytes.Equal(into[x.Version].Bytes(), b) {
			t.Errorf("%s: %d bytes, %v", x.Path, into[x.Version].Len(), err)
		}
	}))
	if n != len(list) || k.released[account.Rehearse] == 0 {
		t.Errorf("%d of %d were compared, %d releases", n, len(list), k.released[account.Rehearse])
	}
	for i := range list {
		list[i].Equal[3]++
	}
	must(t, h.v.Compare(bg, staff, list, nil, func(x vault.Stored, err error) {
		if !errors.Is(err, vault.ErrDiffers) {
			t.Errorf("%s is what was saved: %v", x.Path, err)
		}
	}))
}

// TestCompareHeld: what the guard holds, has held, and what was decided about it, is tried like everything else, and is not what is shown.
func TestCompareHeld(t *testing.T) {
	h := guarded(t)
	pictures, bad := pictureAlbum(t, h, 5), person("mistaken")
	for i := range 3 { // decided either way, and waiting
		name := pathname.Path(fmt.Sprintf("/s/3年B組/%03d.jpg", i))
		save(t, h.v.As(bad), name, noise(len(pictures[name]), i))
		if i < 2 {
			must(t, h.v.Settle(t.Context(), staff, "/s", held(t, h, staff)[0].Hold, i == 0))
		}
	}
	save(t, h.v.As(staff), "/s/3年B組/000.jpg", smallPicture(9)) // so that what was accepted is earlier
	list := everything(t, h, "/s")
	holds, latest, n := 0, 0, 0
	for _, k := range list {
		if k.Held {
			holds++
		}
		if k.Latest {
			latest++
		}
	}
	must(t, h.v.Compare(bg, staff, list, nil, func(k vault.Stored, err error) {
		n++
		must(t, err)
	}))
	if n != 5+3+1 || holds != 3 || latest != 5 {
		t.Errorf("%d versions, %d of them held, %d shown", n, holds, latest)
	}
}

// TestCompareDamaged: what is damaged is named, and what is not is whole; what is gone with its commit record the ledger names.
func TestCompareDamaged(t *testing.T) {
	k := newTestKeeper(t, "s")
	h := openHouse(t, t.TempDir(), k)
	f := h.v.As(staff)
	for i := range 6 {
		save(t, f, pathname.Path("/s").Join(string(rune('a'+i))), random(uint64(i), 24<<20))
	}
	h.close()
	packs, err := filepath.Glob(filepath.Join(h.root, "packs", "*", "*"))
	if err != nil || len(packs) < 3 {
		t.Fatal(packs, err)
	}
	slices.Sort(packs)
	b, err := os.ReadFile(packs[0])
	must(t, err)
	b[10<<20]++
	must(t, os.WriteFile(packs[0], b, 0o600))
	must(t, os.Remove(packs[1]))
	must(t, os.RemoveAll(filepath.Join(h.root, "catalogue.db")))
	h = openHouse(t, h.root, k)
	defer h.close()
	findings := 0
	must(t, h.v.Learn(bg, staff, k.shares[0].ID, func(vault.Finding) { findings++ }))
	good, bad := 0, 0
	list := everything(t, h, "/s")
	must(t, h.v.Compare(bg, staff, list, nil, func(x vault.Stored, err error) {
		switch {
		case err == nil:
			good++
		case problem.KindOf(err) == problem.Damaged:
			bad++
		default:
			t.Errorf("%s: %v", x.Path, err)
		}
	}))
	var lost []pathname.Path
	must(t, h.v.Unsaved(bg, staff, []id.Share{k.shares[0].ID}, 1<<40, func(f vault.Finding) { lost = append(lost, f.Path) }))
	if findings == 0 || good == 0 || bad == 0 || len(lost) == 0 || good+bad+len(lost) != 6 {
		t.Errorf("%d findings, %d good, %d bad, lost: %q", findings, good, bad, lost)
	}
	must(t, h.v.Unsaved(bg, staff, []id.Share{k.shares[0].ID}, 0, func(f vault.Finding) { t.Errorf("%s is lost before the beginning", f.Path) }))
}
