package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// old is what the ledger tells when all packs were sealed so many days ago.
func (h *house) old(t testing.TB, days int) *account.Aging {
	return h.aged(t, func(uint64) int { return days })
}

// aged is what the ledger tells when packs were sealed so many days ago; negative: never.
func (h *house) aged(t testing.TB, days func(pack uint64) int) *account.Aging {
	t.Helper()
	a := &account.Aging{Now: account.Lived{At: time.Now(), Ran: account.Days(10000)}}
	for i, err := range h.packs.Packs(bg, h.keeper.shares[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		if d := days(i.Pack); i.Sealed && d >= 0 {
			a.Packs = append(a.Packs, account.Anchor{Pack: i.Pack, Lived: account.Lived{At: a.Now.At.Add(-account.Days(d)), Ran: a.Now.Ran - account.Days(d)}})
		}
	}
	return a
}

func (h *house) seal(t testing.TB) {
	t.Helper()
	if err := h.v.Sealing(bg, h.keeper.shares[0].ID); err != nil {
		t.Fatal(err)
	}
}

func (h *house) preview(t testing.TB, rule account.Retention, a *account.Aging) account.Removal {
	t.Helper()
	r, err := h.v.PreviewRemoval(bg, staff, "s", rule, a, false, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// removing asks for the removal of a preview that two people have agreed on.
func removing(r account.Removal, a *account.Aging) vault.Removing {
	return vault.Removing{Rule: r.Rule, Aging: a, Digest: r.Digest, May: func(context.Context) error { return nil },
		Begin: func(context.Context, account.Removal) error { return nil }, End: func(context.Context, account.Removed) error { return nil }, Progress: func(string, int64, int64) {}}
}

func (h *house) remove(t testing.TB, rule account.Retention, a *account.Aging) (account.Removal, account.Removed) {
	t.Helper()
	r := h.preview(t, rule, a)
	if r.Versions == 0 {
		return r, account.Removed{}
	}
	done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if err != nil {
		t.Fatal(err)
	}
	return r, done
}

// chunks are those that lie in the packs.
func (h *house) chunks(t testing.TB) (n int) {
	t.Helper()
	for f, err := range h.packs.Frames(bg, h.keeper.shares[0].ID, pack.Position{}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Type == pack.Chunk {
			n++
		}
	}
	return n
}

// sound checks that every byte verifies, that the books follow from the packs, and that everything opens that is not removed.
func (h *house) sound(t testing.TB) {
	t.Helper()
	if _, err := h.v.Verify(bg, staff, vault.VerifyOptions{Keys: true}, func(x vault.Finding) { t.Errorf("verify: %+v", x) }); err != nil {
		t.Error(err)
	}
	r, err := h.v.Rebuild(bg, staff, "s", func(int64) {}, func(x vault.Finding) { t.Errorf("rebuild: %+v", x) })
	if err != nil || !r.Equal {
		t.Errorf("the books are others after a rebuild: %+v, %v", r, err)
	}
}

func removedByRule(err error) bool {
	e, ok := errors.AsType[*problem.Error](err)
	return ok && e.Hint == "hint.removed-by-rule"
}

func opens(f vault.Files, i vault.Info) ([]byte, error) {
	files, err := f.Open(bg, account.Open, i)
	if err != nil {
		return nil, err
	}
	defer files[0].Close()
	var b bytes.Buffer
	_, err = files[0].WriteTo(&b)
	return b.Bytes(), err
}

// TestRemoveByRule: what is due goes from the books and off the disk, without any key that reads; all else stays.
func TestRemoveByRule(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	var versions []vault.Info
	for n := range 4 {
		versions = append(versions, save(t, f, "/s/album.indd", random(uint64(n), 3<<20)))
	}
	gone := save(t, f, "/s/gone.jpg", random(20, 3<<20))
	if err := f.Mkdir(t.Context(), "/s/dir"); err != nil {
		t.Fatal(err)
	}
	below := save(t, f, "/s/dir/below.jpg", random(21, 3<<20))
	small := save(t, f, "/s/small.txt", []byte("once"))
	save(t, f, "/s/small.txt", []byte("twice"))
	copied := save(t, f, "/s/copied.jpg", random(22, 3<<20))
	if err := f.Copy(t.Context(), "/s/copied.jpg", "/s/copy.jpg", false, false); err != nil {
		t.Fatal(err)
	}
	again := save(t, f, "/s/again.jpg", random(20, 3<<20)) // the chunks of gone.jpg
	for _, n := range []pathname.Path{"/s/gone.jpg", "/s/dir", "/s/copied.jpg"} {
		if err := f.Remove(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 2 {
		if _, err := h.v.SaveRoster(t.Context(), staff, "/s", []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
	}
	h.seal(t)
	h.keeper.mu.Lock()
	releases := h.keeper.releases
	h.keeper.mu.Unlock()
	before := h.chunks(t)
	r, done := h.remove(t, account.Retention{Versions: 30, Deleted: 60, Keep: 2}, h.old(t, 61))
	if r.Versions != 5 || r.Files != 4 || r.Deleted != 3 || r.Kept["head"] != 4 || r.Kept["keep"] != 2 || r.Kept["house"] != 2 {
		t.Errorf("the preview is %+v", r)
	}
	if done.Versions != r.Versions || done.Agreed != r.Versions || done.Contents != 4 || done.Packs == 0 || done.Bytes < 9<<20 {
		t.Errorf("removed: %+v", done)
	}
	h.keeper.mu.Lock()
	if h.keeper.releases != releases {
		t.Error("keys were asked for")
	}
	var rewritten int
	for _, e := range h.keeper.ledger {
		if e.Kind == event.PackRewritten {
			rewritten++
		}
	}
	h.keeper.mu.Unlock()
	if rewritten != int(done.Packs) {
		t.Errorf("%d packs are rewritten, %d in the ledger", done.Packs, rewritten)
	}
	if n := h.chunks(t); n >= before-6 {
		t.Errorf("%d chunks of %d are still there", n, before)
	}
	for _, i := range []vault.Info{versions[0], versions[1], gone, below, copied} {
		if _, err := opens(f, i); !removedByRule(err) {
			t.Errorf("%s, version %d: %v", i.Path, i.Number, err)
		}
		if err := f.Restore(t.Context(), i.Path, i.Version); i.Version != copied.Version && i.Version != below.Version && !removedByRule(err) {
			t.Errorf("%s is brought back: %v", i.Path, err)
		}
	}
	for n, i := range map[int]vault.Info{2: versions[2], 3: versions[3], 20: again, 22: stat(t, f, "/s/copy.jpg")} {
		if !bytes.Equal(load(t, f, i), random(uint64(n), 3<<20)) {
			t.Errorf("%s is another", i.Path)
		}
	}
	if !bytes.Equal(load(t, f, small), []byte("once")) {
		t.Error("small.txt is another")
	}
	for i, err := range f.Removed(t.Context(), "/s") {
		if err != nil || !i.Dir {
			t.Errorf("%s can be brought back: %v", i.Path, err)
		}
	}
	var kinds []string
	for c, err := range f.History(t.Context(), "/s/album.indd") {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, fmt.Sprint(c.Kind, c.Gone))
	}
	if !slices.Equal(kinds, []string{"expire false", "expire false", "save false", "save false", "save true", "save true"}) {
		t.Errorf("the history is %v", kinds)
	}
	h.sound(t)
	if r := h.preview(t, account.Retention{Versions: 30, Deleted: 60, Keep: 2}, h.old(t, 61)); r.Versions != 0 {
		t.Errorf("afterwards: %+v", r)
	}
	if r, err := h.v.PreviewedRemoval(bg, staff, "s"); err != nil || r.Versions != 0 || r.Digest != "" {
		t.Errorf("the list is still there: %+v, %v", r, err)
	}
	if err := h.v.Expiring(bg, staff, "s", func(x vault.Expiring) error { return fmt.Errorf("%s would go", x.Path) }); err != nil {
		t.Errorf("a preview in which nothing is due: %v", err)
	}
	save(t, f, "/s/gone.jpg", random(21, 3<<20)) // chunks that are gone come anew
	if !bytes.Equal(load(t, f, stat(t, f, "/s/gone.jpg")), random(21, 3<<20)) {
		t.Error("what was removed and saved again is another")
	}
	h.sound(t)
}

// TestRemoveOnlyWhatWasAgreed: what became due after the preview stays, and so does what was brought back or is held meanwhile.
func TestRemoveOnlyWhatWasAgreed(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	rule := account.Retention{Versions: 30, Deleted: 30, Keep: 1}
	first := save(t, f, "/s/a", random(1, 1<<20))
	save(t, f, "/s/a", random(2, 1<<20))
	back := save(t, f, "/s/back", random(3, 1<<20))
	if err := f.Remove(t.Context(), "/s/back"); err != nil {
		t.Fatal(err)
	}
	h.seal(t)
	later := save(t, f, "/s/later", random(4, 1<<20))
	if err := f.Remove(t.Context(), "/s/later"); err != nil {
		t.Fatal(err)
	}
	h.seal(t)
	r := h.preview(t, rule, h.aged(t, func(n uint64) int { return map[uint64]int{1: 31}[n] }))
	if r.Versions != 2 || r.Kept["young"] == 0 {
		t.Fatalf("the preview is %+v", r)
	}
	if err := f.Restore(t.Context(), "/s/back", id.Version{}); err != nil {
		t.Fatal(err)
	}
	q := removing(r, h.old(t, 400))
	q.Digest = "another"
	if _, err := h.v.RemoveByRule(bg, staff, "s", q); problem.KindOf(err) != problem.Condition {
		t.Errorf("of another list: %v", err)
	}
	q = removing(r, h.old(t, 400))
	held := errors.New("held by a case")
	q.May = func(context.Context) error { return held }
	if _, err := h.v.RemoveByRule(bg, staff, "s", q); !errors.Is(err, held) {
		t.Errorf("though a case holds it: %v", err)
	}
	if _, err := opens(f, first); err != nil {
		t.Errorf("removed though a case holds it: %v", err)
	}
	done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, h.old(t, 400)))
	if err != nil || done.Versions != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := opens(f, first); !removedByRule(err) {
		t.Errorf("the earlier version: %v", err)
	}
	for i, want := range map[*vault.Info][]byte{&back: random(3, 1<<20), &later: random(4, 1<<20)} {
		if b, err := opens(f, *i); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %v", i.Path, err)
		}
	}
	h.sound(t)
}

// TestSaveWhileRemoving: whoever saves, at whatever moment of a removal, what is on its way out finds it whole afterwards.
func TestSaveWhileRemoving(t *testing.T) {
	for when := range 4 {
		t.Run(fmt.Sprint("at look ", when), func(t *testing.T) {
			h := newHouse(t, "s")
			f := h.v.As(staff)
			content := random(7, 5<<20)
			save(t, f, "/s/a", content)
			if err := f.Remove(t.Context(), "/s/a"); err != nil {
				t.Fatal(err)
			}
			h.seal(t)
			a := h.old(t, 31)
			r := h.preview(t, account.Retention{Deleted: 30}, a)
			begun := func(name pathname.Path, of int) vault.Draft {
				d, err := f.Create(t.Context(), name)
				if err == nil {
					_, err = d.Write(content[:of])
				}
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			end := func(d vault.Draft, from int) {
				_, err := d.Write(content[from:])
				if err == nil {
					_, err = d.Commit(t.Context(), vault.Save{})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			early := begun("/s/early", 4<<20)
			looks, across := 0, vault.Draft(nil)
			restore := vault.SetLooked(func() {
				if looks++; looks-1 == when {
					save(t, f, "/s/during", content)
					across = begun("/s/across", 4<<20)
				}
			})
			q := removing(r, a)
			q.Progress = func(step string, done, _ int64) {
				if step == "packs" && done == 1 && when < 3 { // it would bring back for all what went wrong with one
					save(t, f, "/s/sweeping", content)
				}
			}
			_, err := h.v.RemoveByRule(bg, staff, "s", q)
			restore()
			if err != nil {
				t.Fatal(err)
			}
			end(early, 4<<20)
			if across != nil {
				end(across, 4<<20)
			}
			if when < 3 {
				save(t, f, "/s/late", content)
			}
			check := func() {
				t.Helper()
				for i, err := range h.v.As(staff).List(bg, "/s") {
					if err != nil {
						t.Fatal(err)
					}
					if b, err := opens(h.v.As(staff), i); err != nil || !bytes.Equal(b, content) {
						t.Errorf("%s: %v", i.Path, err)
					}
				}
			}
			check()
			h.sound(t)
			check()
		})
	}
}

// TestLinkWhileRemoving: a copy of a version that comes in time keeps its content, one that comes too late is refused.
func TestLinkWhileRemoving(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	content := random(7, 3<<20)
	i := save(t, f, "/s/a", content)
	save(t, f, "/s/a", []byte("now"))
	h.seal(t)
	a := h.old(t, 31)
	r := h.preview(t, account.Retention{Versions: 30}, a)
	if err := f.Restore(t.Context(), "/s/b", i.Version); err != nil {
		t.Fatal(err)
	}
	done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if err != nil || done.Versions != 1 || done.Contents != 0 || done.Bytes != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if b, err := opens(f, stat(t, f, "/s/b")); err != nil || !bytes.Equal(b, content) {
		t.Errorf("the copy: %v", err)
	}
	if err := f.Restore(t.Context(), "/s/c", i.Version); err != nil {
		t.Errorf("its content is another file's: %v", err)
	}
	h.sound(t)
}

// TestListInAFile: the list of a preview waits on the disk, however long it is, and nothing of it stays there but the list.
func TestListInAFile(t *testing.T) {
	h := newHouse(t, "s")
	share := h.keeper.shares[0].ID
	held, r, err := h.v.Listed(share, 20_000)
	if err != nil || held > 128<<10 {
		t.Errorf("%d bytes are held of a list of 20,000 versions, %v", held, err)
	}
	if digest, n, err := h.v.ReadList(share); err != nil || n != 20_000 || digest != r.Digest {
		t.Errorf("%d versions, digest %s, want %s: %v", n, digest, r.Digest, err)
	}
	if left, err := filepath.Glob(filepath.Join(h.root, "*", "removal-*.*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
