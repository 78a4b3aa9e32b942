package vault_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// TestReadAtSideBySide reads one open file at many places at once, as SFTP does.
func TestReadAtSideBySide(t *testing.T) {
	h := newHouse(t, "s")
	defer h.close()
	f := h.v.As(staff)
	content := random(7, 9<<20)
	files, err := f.Open(t.Context(), account.Open, save(t, f, "/s/a", content))
	if err != nil {
		t.Fatal(err)
	}
	defer files[0].Close()
	var work sync.WaitGroup
	for n := range 8 {
		work.Go(func() {
			b := make([]byte, 32<<10)
			for off := n * len(b); off < len(content); off += 8 * len(b) {
				m, err := files[0].ReadAt(b, int64(off))
				if err != nil && err != io.EOF || !bytes.Equal(b[:m], content[off:off+m]) || m != min(len(b), len(content)-off) {
					t.Errorf("at %d: %d bytes, %v", off, m, err)
					return
				}
			}
		})
	}
	work.Wait()
}

func TestSaveAndRead(t *testing.T) {
	h := newHouse(t, "アルバム")
	f := h.v.As(staff)
	text := bytes.Repeat([]byte("卒業アルバムの名簿 "), 400_000)
	for name, content := range map[string][]byte{
		"small": []byte("hello"), "inline": random(1, commit.InlineMax), "one": random(2, commit.InlineMax+1),
		"full": random(3, 4<<20), "two": random(4, 4<<20+1), "large": random(5, 30<<20), "text": text,
	} {
		p := pathname.Path("/アルバム").Join(name)
		i := save(t, f, p, content)
		if i.Size != int64(len(content)) || i.Number != 1 {
			t.Errorf("%s: %+v", name, i)
		}
		if got := load(t, f, i); !bytes.Equal(got, content) {
			t.Errorf("%s: content differs", name)
		}
		files, err := f.Open(t.Context(), account.Open, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, off := range []int{0, len(content) / 3, len(content) - 3} {
			b := make([]byte, min(100_000, len(content)-off))
			if _, err := files[0].ReadAt(b, int64(off)); err != nil && err != io.EOF || !bytes.Equal(b, content[off:off+len(b)]) {
				t.Errorf("%s: ReadAt %d: %v", name, off, err)
			}
		}
		files[0].Close()
	}
	h.close()
	h2 := openHouse(t, h.root, h.keeper)
	defer h2.close()
	if got := load(t, h2.v.As(staff), stat(t, h2.v.As(staff), "/アルバム/large")); !bytes.Equal(got, random(5, 30<<20)) {
		t.Error("after a restart content differs")
	}
}

func TestSpool(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	want := random(9, 3<<20+77)
	d, err := f.Create(t.Context(), "/s/indesign.indd")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for _, i := range r.Perm(len(want)/4096 + 1) {
		from := i * 4096
		if _, err := d.WriteAt(want[from:min(from+4096, len(want))], int64(from)); err != nil {
			t.Fatal(err)
		}
	}
	i, err := d.Commit(t.Context(), vault.Save{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(load(t, f, i), want) {
		t.Error("content differs")
	}
	if left, _ := filepath.Glob(filepath.Join(h.root, "vault/spool/*")); len(left) > 0 {
		t.Errorf("the spool is left: %v", left)
	}
}

// packed tells how much there is in all packs. What is free on the disk tells nothing: others write to it, too.
func packed(t testing.TB, h *house) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.root, "packs", "*", "*"))
	must(t, err)
	for _, name := range files {
		i, err := os.Stat(name)
		must(t, err)
		size += i.Size()
	}
	return size
}

func TestDedup(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	photo := random(1, 3<<20)
	save(t, f, "/s/a.jpg", photo)
	before := packed(t, h)
	for range 20 {
		save(t, f, "/s/b.jpg", photo)
	}
	if more := packed(t, h) - before; before < int64(len(photo)) || more > 1<<20 {
		t.Errorf("equal content took %d bytes again, at first %d", more, before)
	}
	if _, free, err := f.Space(t.Context(), "/s"); err != nil || free <= 0 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
	if h.keeper.released[account.Open] != 0 {
		t.Error("saving asked for keys")
	}
}

// Each way in which programs save ends as one more version of the file that has the name.
func TestHistoryFollowsName(t *testing.T) {
	type step func(t *testing.T, f vault.Files)
	put := func(name pathname.Path, content string) step {
		return func(t *testing.T, f vault.Files) { save(t, f, "/s"+name, []byte(content)) }
	}
	mv := func(from, to pathname.Path) step {
		return func(t *testing.T, f vault.Files) {
			if err := f.Rename(t.Context(), "/s"+from, "/s"+to, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	rm := func(name pathname.Path) step {
		return func(t *testing.T, f vault.Files) {
			if err := f.Remove(t.Context(), "/s"+name); err != nil {
				t.Fatal(err)
			}
		}
	}
	patterns := map[string][]step{
		"in place":                   {put("/d", "2")},
		"windows, zero bytes first":  {put("/d", "2")},
		"rename over":                {put("/t.tmp", "2"), mv("/t.tmp", "/d")},
		"word 2003":                  {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), mv("/~WRD1.tmp", "/d"), rm("/~WRL1.tmp")},
		"word, backup removed first": {put("/~WRD1.tmp", "2"), mv("/d", "/~WRL1.tmp"), rm("/~WRL1.tmp"), mv("/~WRD1.tmp", "/d")},
		"excel":                      {put("/A1B2C3D4", "2"), rm("/d"), mv("/A1B2C3D4", "/d")},
		"photoshop":                  {put("/psTMP.tmp", "2"), mv("/psTMP.tmp", "/d")},
		"preview":                    {put("/d.sb-1", "2"), mv("/d", "/d.sb-0"), mv("/d.sb-1", "/d"), rm("/d.sb-0")},
		"vim":                        {mv("/d", "/d~"), put("/d", "2"), rm("/d~")},
		"delete, then save":          {rm("/d"), put("/d", "2")},
		"delete, zero bytes, save":   {rm("/d"), put("/d", ""), put("/d", "2")},
	}
	for name, steps := range patterns {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "s")
			f := h.v.As(staff)
			first := save(t, f, "/s/d", []byte("1"))
			for _, s := range steps {
				s(t, f)
			}
			i := stat(t, f, "/s/d")
			if i.File != first.File || i.Number != 2 {
				t.Errorf("file %v number %d, want %v number 2", i.File, i.Number, first.File)
			}
			if got := versions(t, f, "/s/d"); len(got) != 2 || got[0] != "2" || got[1] != "1" {
				t.Errorf("versions %q, want [2 1]", got)
			}
			for e, err := range f.List(t.Context(), "/s") {
				if err != nil || e.Path != "/s/d" {
					t.Errorf("left over: %s %v", e.Path, err)
				}
			}
		})
	}
}

func TestZeroByteFirstSaveIsNoVersion(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	i := save(t, f, "/s/new.psd", nil)
	if !i.Version.IsZero() || i.Size != 0 {
		t.Errorf("a placeholder has a version: %+v", i)
	}
	if got := load(t, f, i); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
	i = save(t, f, "/s/new.psd", []byte("x"))
	if i.Number != 1 {
		t.Errorf("number %d, want 1", i.Number)
	}
	if i = save(t, f, "/s/new.psd", nil); i.Number != 2 {
		t.Errorf("emptying a file is a version; number %d, want 2", i.Number)
	}
	if got := load(t, f, i); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestRemoveRestore(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	if err := f.Mkdir(ctx, "/s/緑ヶ丘"); err != nil {
		t.Fatal(err)
	}
	one := save(t, f, "/s/緑ヶ丘/名簿.csv", []byte("1"))
	save(t, f, "/s/緑ヶ丘/名簿.csv", []byte("2"))
	if err := f.Restore(ctx, "/s/緑ヶ丘/名簿.csv", one.Version); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, f, "/s/緑ヶ丘/名簿.csv"); len(got) != 3 || got[0] != "1" {
		t.Errorf("versions %q", got)
	}
	if err := f.Remove(ctx, "/s/緑ヶ丘"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(ctx, "/s/緑ヶ丘/名簿.csv"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("removed: %v", err)
	}
	if got := versions(t, f, "/s/緑ヶ丘/名簿.csv"); len(got) != 3 {
		t.Errorf("history of a removed file: %q", got)
	}
	if err := f.Restore(ctx, "/s/緑ヶ丘", id.Version{}); err != nil {
		t.Fatal(err)
	}
	if got := load(t, f, stat(t, f, "/s/緑ヶ丘/名簿.csv")); string(got) != "1" {
		t.Errorf("restored %q", got)
	}
}

func TestCopyMovesNoData(t *testing.T) {
	h := newHouse(t, "s", "other")
	f, ctx := h.v.As(staff), t.Context()
	f.Mkdir(ctx, "/s/a")
	f.Mkdir(ctx, "/s/a/b")
	content := random(1, 1<<20)
	save(t, f, "/s/a/b/f", content)
	if err := f.Copy(ctx, "/s/a", "/s/c", false, true); err != nil {
		t.Fatal(err)
	}
	if h.keeper.released[account.Copy] != 0 {
		t.Error("a copy within a share opened content")
	}
	if err := f.Copy(ctx, "/s/a", "/other/a", false, true); err != nil {
		t.Fatal(err)
	}
	if h.keeper.released[account.Copy] != 1 {
		t.Error("a copy into another share is a recorded reading")
	}
	for _, p := range []pathname.Path{"/s/c/b/f", "/other/a/b/f"} {
		if !bytes.Equal(load(t, f, stat(t, f, p)), content) {
			t.Errorf("%s differs", p)
		}
	}
}

func TestEndedSessionReadsNothing(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	i := save(t, f, "/s/f", random(1, 20<<20))
	files, err := f.Open(t.Context(), account.Open, i)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	if _, err := files[0].Read(b); err != nil {
		t.Fatal(err)
	}
	h.keeper.mu.Lock()
	h.keeper.ended = true
	h.keeper.mu.Unlock()
	if _, err := files[0].ReadAt(b, 10<<20); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("an open file still reads: %v", err)
	}
	if _, err := f.Open(t.Context(), account.Open, i); err == nil {
		t.Error("it can still be opened")
	}
}

func TestRebuildIsEqual(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	f.Mkdir(ctx, "/s/d")
	for i := range 200 {
		save(t, f, pathname.Path("/s/d").Join(string(rune('あ'+i%50))), random(uint64(i), 1000*i))
	}
	f.Rename(ctx, "/s/d/あ", "/s/d/い", true)
	f.Remove(ctx, "/s/d/う")
	r, err := h.v.Rebuild(ctx, staff, "s", func(int64) {}, func(vault.Finding) {})
	if err != nil || !r.Equal {
		t.Fatalf("%+v %v", r, err)
	}
	found := 0
	rep, err := h.v.Verify(ctx, staff, vault.VerifyOptions{Keys: true}, func(vault.Finding) { found++ })
	if err != nil || found > 0 || rep.Versions == 0 {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestConcurrentSaves(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 30 {
				name := pathname.Path("/s").Join(string(rune('a' + i)))
				d, err := f.Create(context.Background(), name)
				if err == nil {
					d.Write(random(uint64(i*100+j), 50_000))
					_, err = d.Commit(context.Background(), vault.Save{})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if got := stat(t, f, pathname.Path("/s").Join(string(rune('a'+i)))); got.Number != 30 {
			t.Errorf("%d versions, want 30", got.Number)
		}
	}
}
