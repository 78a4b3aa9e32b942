package vault_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

func spools(t testing.TB, h *house) int {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(h.root, "vault/spool/*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(left)
}

// TestPartsInAnyOrder compares what parts make of a file with what they make of memory: parts in order and overtaking each other, over
// what was written before, over each other, with holes, and with bytes appended.
func TestPartsInAnyOrder(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	noise := random(4, 16<<20)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		name := pathname.Path(fmt.Sprintf("/s/%d", n))
		d, err := f.Create(t.Context(), name)
		if err != nil {
			rt.Fatal(err)
		}
		defer d.Discard()
		var want []byte
		put := func(p []byte, off int) {
			if m := off + len(p); m > len(want) && len(p) > 0 { // nothing makes nothing longer
				want = append(want, make([]byte, m-len(want))...)
			}
			copy(want[min(off, len(want)):], p)
		}
		piece := func() []byte {
			size := rapid.SampledFrom([]int{0, 1, 4096, 32 << 10, 300 << 10, 3 << 20}).Draw(rt, "size")
			at := rapid.IntRange(0, len(noise)-size).Draw(rt, "content")
			return noise[at : at+size]
		}
		write := func(p []byte, off int) {
			if m, err := d.WriteAt(p, int64(off)); err != nil || m != len(p) {
				rt.Fatalf("%d bytes at %d: %d, %v", len(p), off, m, err)
			}
			put(p, off)
		}
		write(nil, 0)
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			switch rapid.SampledFrom([]string{"next", "next", "next", "swapped", "back", "hole", "append"}).Draw(rt, "act") {
			case "next":
				write(piece(), len(want))
			case "swapped": // the second request overtakes the first, and the third both
				a, b, c := piece(), piece(), piece()
				end := len(want)
				write(c, end+len(a)+len(b))
				write(b, end+len(a))
				write(a, end)
			case "back":
				write(piece(), rapid.IntRange(0, len(want)).Draw(rt, "at"))
			case "hole":
				write(piece(), len(want)+rapid.IntRange(0, 100_000).Draw(rt, "hole"))
			case "append":
				p := piece()
				if m, err := d.Write(p); err != nil || m != len(p) {
					rt.Fatal(m, err)
				}
				put(p, len(want))
			}
		}
		i, err := d.Commit(t.Context(), vault.Save{})
		if err != nil {
			rt.Fatal(err)
		}
		if got := load(t, f, i); !bytes.Equal(got, want) {
			rt.Fatalf("%d bytes are saved, want %d", len(got), len(want))
		}
		if s := spools(t, h); s > 0 {
			rt.Fatalf("%d spools are left", s)
		}
	})
}

// TestPartsInOrderNeedNoSpool: requests of one client that overtake each other a little are sealed as they come, however large the file is; of too
// many such files some wait in a spool, and none waits for another.
func TestPartsInOrderNeedNoSpool(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	content := random(5, 12<<20)
	const part = 32 << 10
	var drafts []vault.Draft
	for n := range 40 { // more than may hold buffers
		d, err := f.Create(t.Context(), pathname.Path(fmt.Sprintf("/s/%d", n)))
		must(t, err)
		defer d.Discard()
		drafts = append(drafts, d)
		_, err = d.WriteAt(content[:part], 0)
		must(t, err)
	}
	if s := spools(t, h); s != 40-16 {
		t.Errorf("%d spools of 40 files, want 24", s)
	}
	for _, d := range drafts[1:] {
		d.Discard()
	}
	if s := spools(t, h); s != 0 {
		t.Errorf("%d spools are left", s)
	}
	first := drafts[0]
	var order []int
	for i := 1; i < len(content)/part; i++ {
		order = append(order, i)
	}
	for i := 0; i+16 <= len(order); i += 16 {
		slices.Reverse(order[i : i+16])
	}
	for _, i := range order {
		_, err := first.WriteAt(content[i*part:(i+1)*part], int64(i*part))
		must(t, err)
	}
	if s := spools(t, h); s != 0 {
		t.Errorf("%d spools for a file that came nearly in order", s)
	}
	i, err := first.Commit(t.Context(), vault.Save{})
	must(t, err)
	if !bytes.Equal(load(t, f, i), content) {
		t.Error("content differs")
	}
	d, err := f.Create(t.Context(), "/s/far")
	must(t, err)
	defer d.Discard()
	for _, off := range []int64{-1, 1 << 50, 1<<63 - 1} {
		if _, err := d.WriteAt([]byte("x"), off); problem.KindOf(err) != problem.Invalid {
			t.Errorf("at %d: %v", off, err)
		}
	}
}

// TestPartsOfAHugeFile: what was listed away, as of a file of many chunks, comes back when its beginning is written again.
func TestPartsOfAHugeFile(t *testing.T) {
	restore := vault.SetListMax(4)
	defer restore()
	h := newHouse(t, "s")
	f := h.v.As(staff)
	want := random(6, 24<<20)
	d, err := f.Create(t.Context(), "/s/huge")
	must(t, err)
	defer d.Discard()
	for at := 0; at < len(want); at += 1 << 20 {
		_, err := d.WriteAt(want[at:at+1<<20], int64(at))
		must(t, err)
	}
	copy(want, "a header that is written last")
	_, err = d.WriteAt(want[:64], 0)
	must(t, err)
	if s := spools(t, h); s != 1 {
		t.Errorf("%d spools", s)
	}
	i, err := d.Commit(t.Context(), vault.Save{})
	must(t, err)
	if !bytes.Equal(load(t, f, i), want) {
		t.Error("content differs")
	}
}
