package vault_test

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

var photographed = []commit.Prop{{Space: "urn:x", Name: "class", Value: "3B"}}

func takeLock(t *testing.T, f vault.Files, name pathname.Path) string {
	t.Helper()
	l, _, err := f.Lock(t.Context(), name, vault.Lock{TTL: time.Hour})
	must(t, err)
	return l.Token
}

func locksOn(t *testing.T, f vault.Files, name pathname.Path) int {
	t.Helper()
	locks, err := f.Locks(t.Context(), stat(t, f, name))
	must(t, err)
	return len(locks)
}

func shows(t *testing.T, f vault.Files, name pathname.Path, content string, props int) {
	t.Helper()
	if i := stat(t, f, name); string(load(t, f, i)) != content || len(i.Props) != props {
		t.Errorf("%s holds %q with %d properties, want %q with %d", name, load(t, f, i), len(i.Props), content, props)
	}
}

// TestMovedFileStays: when the file that had a name continues under it, what it has become meanwhile stays as it is,
// with content, properties and locks.
func TestMovedFileStays(t *testing.T) {
	for name, comeBack := range map[string]func(vault.Files) error{
		"save": func(f vault.Files) error { save(t, f, "/s/a", []byte("2")); return nil },
		"copy": func(f vault.Files) error { return f.Copy(t.Context(), "/s/b", "/s/a", false, false) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "s")
			f, ctx := h.v.As(staff), t.Context()
			save(t, f, "/s/a", []byte("1"))
			must(t, f.SetProps(ctx, "/s/a", photographed, time.Time{}))
			must(t, f.Rename(ctx, "/s/a", "/s/b", false))
			takeLock(t, f, "/s/b")
			must(t, comeBack(f))
			shows(t, f, "/s/b", "1", 1)
			if a, b := locksOn(t, f, "/s/a"), locksOn(t, f, "/s/b"); a != 0 || b != 1 {
				t.Errorf("%d locks on the name that came back, %d on the one that was locked; want 0 and 1", a, b)
			}
		})
	}
}

// TestRenameKeepsProperties: a save by rename brings its properties.
func TestRenameKeepsProperties(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	for _, name := range []pathname.Path{"/s/over", "/s/after"} {
		save(t, f, name, []byte("1"))
		if name == "/s/after" {
			must(t, f.Remove(ctx, name))
		}
		save(t, f, "/s/t", []byte("2"))
		must(t, f.SetProps(ctx, "/s/t", photographed, time.Time{}))
		must(t, f.Rename(ctx, "/s/t", name, true))
		shows(t, f, name, "2", 1)
	}
}

// TestPlaceholderKeepsProperties: Explorer sets the attributes of a new file before its content.
func TestPlaceholderKeepsProperties(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	save(t, f, "/s/a", []byte("1"))
	must(t, f.Remove(ctx, "/s/a"))
	save(t, f, "/s/a", nil)
	must(t, f.SetProps(ctx, "/s/a", photographed, time.Time{}))
	save(t, f, "/s/a", []byte("2"))
	shows(t, f, "/s/a", "2", 1)
	if got := versions(t, f, "/s/a"); len(got) != 2 {
		t.Errorf("versions %q: the history has ended", got)
	}
}

// TestRefusedRenameKeepsLocks: what is refused changes nothing.
func TestRefusedRenameKeepsLocks(t *testing.T) {
	h := newHouse(t, "s")
	f, ctx := h.v.As(staff), t.Context()
	save(t, f, "/s/f", []byte("1"))
	must(t, f.Mkdir(ctx, "/s/d"))
	save(t, f, "/s/d/x", []byte("2"))
	token := takeLock(t, f, "/s/f")
	takeLock(t, f, "/s/d/x")
	if err := h.v.As(staff, token).Rename(ctx, "/s/f", "/s/d", true); problem.KindOf(err) != problem.Locked {
		t.Errorf("rename onto a directory with a locked file in it: %v", err)
	}
	if n := locksOn(t, f, "/s/f"); n != 1 {
		t.Errorf("%d locks on the file that did not move, want 1", n)
	}
}

// TestRefusedMoveAcross: a move into another share that a lock forbids leaves no copy there.
func TestRefusedMoveAcross(t *testing.T) {
	h := newHouse(t, "s", "other")
	f, ctx := h.v.As(staff), t.Context()
	save(t, f, "/s/f", []byte("1"))
	save(t, f, "/other/f", []byte("2"))
	token := takeLock(t, f, "/s/f")
	if err := f.Rename(ctx, "/s/f", "/other/f", true); problem.KindOf(err) != problem.Locked {
		t.Errorf("a locked file moved: %v", err)
	}
	shows(t, f, "/other/f", "2", 0)
	must(t, h.v.As(staff, token).Rename(ctx, "/s/f", "/other/f", true))
	shows(t, f, "/other/f", "1", 0)
	if _, err := f.Stat(ctx, "/s/f"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("it stands in both shares: %v", err)
	}
}
