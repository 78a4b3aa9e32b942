package vault_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// clock is a clock that a test moves by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond) // no two acts at one time
	return c.now
}

// pass lets an hour pass and returns the time before.
func (c *clock) pass() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.now.Add(time.Minute)
	c.now = c.now.Add(time.Hour)
	return was
}

func newClock() *clock { return &clock{now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)} }

// clockHouse is a house with a share "s" and a clock.
func clockHouse(t testing.TB) (*house, vault.Files, *clock) {
	t.Helper()
	c := newClock()
	h := openClock(t, t.TempDir(), newTestKeeper(t, "s"), c.Now)
	t.Cleanup(h.close)
	return h, h.v.As(staff), c
}

// shown returns the contents of all files below a directory, by path; directories end in a slash.
func shown(t testing.TB, f vault.Files, dir pathname.Path) map[string]string {
	t.Helper()
	out := map[string]string{}
	for i, err := range f.List(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Dir {
			out[string(i.Path)+"/"] = ""
			maps.Copy(out, shown(t, f, i.Path))
			continue
		}
		out[string(i.Path)] = string(load(t, f, i))
	}
	return out
}

// must fails the test at the first error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// undo takes a directory back and returns what was said of each path.
func undo(t testing.TB, v *vault.Vault, dir pathname.Path, at time.Time, dry bool) map[string]vault.Act {
	t.Helper()
	acts := map[string]vault.Act{}
	must(t, v.Undo(t.Context(), staff, dir, at, dry, func(u vault.Undone) error {
		if u.Err != nil {
			t.Logf("%s: %v", u.Path, u.Err)
		}
		acts[string(u.Path)] = u.Act
		return nil
	}))
	return acts
}

// commits counts the commit records of all shares.
func commits(t testing.TB, h *house) (n int) {
	t.Helper()
	for _, s := range h.keeper.shares {
		for f, err := range h.packs.Frames(t.Context(), s.ID, pack.Position{}, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if f.Type == pack.Commit {
				n++
			}
		}
	}
	return n
}

// album makes a tree, and what somebody makes of it an hour later.
func album(t testing.TB, h *house, c *clock) (before map[string]string, at time.Time) {
	t.Helper()
	f := h.v.As(staff)
	for _, d := range []pathname.Path{"/s/A", "/s/A/sub", "/s/A/gone", "/s/A/old", "/s/B", "/s/A/away"} {
		must(t, f.Mkdir(t.Context(), d))
	}
	for _, p := range []pathname.Path{"/s/A/changed", "/s/A/same", "/s/A/renamed", "/s/A/sub/inner", "/s/A/removed", "/s/A/gone/deep",
		"/s/A/out", "/s/A/away/photo", "/s/A/swap1", "/s/A/swap2"} {
		save(t, f, p, []byte("1 "+p))
	}
	before = shown(t, f, "/s/A")
	at = c.pass()
	save(t, f, "/s/A/changed", []byte("2 changed"))
	save(t, f, "/s/A/new", []byte("2 new"))
	must(t, f.Rename(t.Context(), "/s/A/renamed", "/s/A/other name", false),
		f.Rename(t.Context(), "/s/A/sub/inner", "/s/A/inner", false),
		f.Rename(t.Context(), "/s/A/out", "/s/B/out", false),
		f.Rename(t.Context(), "/s/A/away", "/s/B/away", false),
		f.Rename(t.Context(), "/s/A/old", "/s/A/new name", false),
		f.Remove(t.Context(), "/s/A/removed"), f.Remove(t.Context(), "/s/A/gone"))
	c.pass()
	must(t, f.Rename(t.Context(), "/s/A/swap1", "/s/A/swap", false))
	c.pass()
	must(t, f.Rename(t.Context(), "/s/A/swap2", "/s/A/swap1", false))
	c.pass()
	must(t, f.Rename(t.Context(), "/s/A/swap", "/s/A/swap2", false))
	return before, at
}

func TestUndo(t *testing.T) {
	root, k, c := t.TempDir(), newTestKeeper(t, "s"), newClock()
	h := openClock(t, root, k, c.Now)
	before, at := album(t, h, c)
	c.pass()
	outside := shown(t, h.v.As(staff), "/s/B")
	changed := shown(t, h.v.As(staff), "/s")
	records := commits(t, h)

	want := map[string]vault.Act{
		"/s/A/changed": vault.Restored, "/s/A/new": vault.Kept, "/s/A/other name": vault.Renamed, "/s/A/inner": vault.Renamed,
		"/s/A/out": vault.Restored, "/s/A/away": vault.Made, "/s/A/away/photo": vault.Restored, "/s/A/new name": vault.Renamed,
		"/s/A/removed": vault.BroughtBack, "/s/A/gone": vault.BroughtBack, "/s/A/swap1": vault.Restored, "/s/A/swap2": vault.Restored,
	}
	if got := undo(t, h.v, "/s/A", at, true); !maps.Equal(got, want) {
		t.Errorf("would do %v, want %v", got, want)
	}
	if got := shown(t, h.v.As(staff), "/s"); !maps.Equal(got, changed) || commits(t, h) != records {
		t.Errorf("a rehearsal has changed the tree to %v", got)
	}
	if got := undo(t, h.v, "/s/A", at, false); !maps.Equal(got, want) {
		t.Errorf("did %v, want %v", got, want)
	}
	if got := commits(t, h) - records; got != 1 {
		t.Errorf("%d commits, want 1", got)
	}
	before["/s/A/new"] = "2 new"
	for range 2 { // the second time from packs alone
		f := h.v.As(staff)
		if got := shown(t, f, "/s/A"); !maps.Equal(got, before) {
			t.Errorf("the tree is %v, want %v", got, before)
		}
		if got := shown(t, f, "/s/B"); !maps.Equal(got, outside) {
			t.Errorf("beside it is %v, want %v", got, outside)
		}
		if got := versions(t, f, "/s/A/changed"); len(got) != 3 || got[1] != "2 changed" {
			t.Errorf("versions %q: what was saved in between is lost", got)
		}
		h.close()
		h = openOn(t, durable.OS(), root, t.TempDir(), k)
	}
	h.close()
}

// A directory comes back under the name that it had, though another has it now or it was moved away itself.
func TestUndoOfMovedDirectory(t *testing.T) {
	h, f, c := clockHouse(t)
	must(t, f.Mkdir(t.Context(), "/s/A"))
	save(t, f, "/s/A/x", []byte("1"))
	at := c.pass()
	must(t, f.Rename(t.Context(), "/s/A", "/s/B", false))
	save(t, f, "/s/B/x", []byte("2"))
	c.pass()
	undo(t, h.v, "/s/B", at, false) // by the name that it has now
	if got, want := shown(t, f, "/s"), map[string]string{"/s/B/": "", "/s/B/x": "1"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	undo(t, h.v, "/s/A", at, false) // by the name that it had
	if got, want := shown(t, f, "/s"), map[string]string{"/s/B/": "", "/s/B/x": "1", "/s/A/": "", "/s/A/x": "1"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	err := h.v.Undo(t.Context(), staff, "/s/A", at.Add(-24*time.Hour), false, func(vault.Undone) error { return nil })
	if got := problem.KindOf(err); got != problem.NotFound {
		t.Errorf("before it was made: %v, want %v", err, problem.NotFound)
	}
}

// Ransomware overwrites, renames and replaces. A second restore finds nothing left to do.
func TestUndoRansom(t *testing.T) {
	h, f, c := clockHouse(t)
	for _, p := range []pathname.Path{"/s/overwritten", "/s/renamed.jpg", "/s/replaced.jpg"} {
		save(t, f, p, []byte("good "+p))
	}
	want := shown(t, f, "/s")
	at := c.pass()
	save(t, f, "/s/overwritten", []byte("XX"))
	save(t, f, "/s/renamed.jpg", []byte("XX"))
	must(t, f.Rename(t.Context(), "/s/renamed.jpg", "/s/renamed.jpg.locked", false))
	save(t, f, "/s/replaced.jpg.locked", []byte("XX"))
	must(t, f.Remove(t.Context(), "/s/replaced.jpg"))
	save(t, f, "/s/README.txt", []byte("pay"))
	want["/s/README.txt"], want["/s/replaced.jpg.locked"] = "pay", "XX"
	undo(t, h.v, "/s", at, false)
	if got := shown(t, f, "/s"); !maps.Equal(got, want) {
		t.Errorf("restored to %v, want %v", got, want)
	}
	kept := map[string]vault.Act{"/s/README.txt": vault.Kept, "/s/replaced.jpg.locked": vault.Kept}
	if got := undo(t, h.v, "/s", at, false); !maps.Equal(got, kept) {
		t.Errorf("a second restore does %v, want %v", got, kept)
	}
}

// What somebody has locked is not restored over; the rest is.
func TestUndoHonoursLocks(t *testing.T) {
	h, f, c := clockHouse(t)
	must(t, f.Mkdir(t.Context(), "/s/A"))
	save(t, f, "/s/A/free", []byte("1"))
	save(t, f, "/s/A/held", []byte("1"))
	at := c.pass()
	save(t, f, "/s/A/free", []byte("2"))
	save(t, f, "/s/A/held", []byte("2"))
	if _, _, err := f.Lock(t.Context(), "/s/A/held", vault.Lock{TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	acts := undo(t, h.v, "/s/A", at, false)
	if acts["/s/A/held"] != vault.Failed || acts["/s/A/free"] != vault.Restored {
		t.Errorf("did %v, want the free one restored and the locked one refused", acts)
	}
	if got, want := shown(t, f, "/s/A"), map[string]string{"/s/A/free": "1", "/s/A/held": "2"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Saves go on while a tree is restored again and again: every acknowledged one stays in its history.
func TestUndoLosesNoSave(t *testing.T) {
	h, f, c := clockHouse(t)
	must(t, f.Mkdir(t.Context(), "/s/A"))
	save(t, f, "/s/A/x", []byte("0"))
	at := c.pass()
	const saves = 40
	var group sync.WaitGroup
	group.Go(func() {
		for i := range saves {
			save(t, f, "/s/A/x", fmt.Append(nil, "save ", i))
		}
	})
	for range 10 {
		undo(t, h.v, "/s/A", at, false)
	}
	group.Wait()
	undo(t, h.v, "/s/A", at, false)
	found := map[string]bool{}
	for _, v := range versions(t, f, "/s/A/x") {
		found[v] = true
	}
	for i := range saves {
		if name := fmt.Sprint("save ", i); !found[name] {
			t.Errorf("%q is lost", name)
		}
	}
	if got := string(load(t, f, stat(t, f, "/s/A/x"))); got != "0" {
		t.Errorf("content %q, want that of then", got)
	}
}

// allOrNothing cuts the power at every call to the disk while work is done on a share "s", and looks what it holds then:
// none, unless the act is done; all or none, where the power went while it was done. work tells whether it came to
// the act, and whether that was acknowledged.
func allOrNothing(t *testing.T, none, all map[string]string, work func(ctx context.Context, v *vault.Vault) (begun, acknowledged bool)) {
	t.Helper()
	k := newTestKeeper(t, "s")
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		h := tryOpen(t, p, k)
		if h == nil {
			return
		}
		begun, acknowledged := work(bg, h.v)
		h.close()
		if !begun {
			return
		}
		for disk := range p.Crashes(3) {
			h := openOn(t, disk, "/vault", t.TempDir(), k)
			got := shown(t, h.v.As(staff), "/s")
			h.close()
			if !maps.Equal(got, all) && (acknowledged || !maps.Equal(got, none)) {
				t.Errorf("found %v (acknowledged: %v), want all or nothing", got, acknowledged)
			}
		}
	})
}

// The power goes at every call to the disk: of the restored tree everything is there, or nothing.
func TestUndoPowerCut(t *testing.T) {
	none, all := map[string]string{"/s/1": "since"}, map[string]string{"/s/1": "then", "/s/2": "then"}
	allOrNothing(t, none, all, func(ctx context.Context, v *vault.Vault) (begun, acknowledged bool) {
		f := v.As(staff)
		if trySave(f, "/s/1", "then") != nil || trySave(f, "/s/2", "then") != nil {
			return false, false
		}
		at := time.Now()
		if trySave(f, "/s/1", "since") != nil || f.Remove(ctx, "/s/2") != nil {
			return false, false
		}
		return true, v.Undo(ctx, staff, "/s", at, false, func(vault.Undone) error { return nil }) == nil
	})
}

func trySave(f vault.Files, name pathname.Path, content string) error {
	d, err := f.Create(bg, name)
	if err != nil {
		return err
	}
	defer d.Discard()
	if _, err := d.Write([]byte(content)); err != nil {
		return err
	}
	_, err = d.Commit(bg, vault.Save{})
	return err
}
