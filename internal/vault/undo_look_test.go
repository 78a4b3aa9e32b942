package vault_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/vault"
)

// wrapped is a catalogue whose readings outside a transaction go through wrap.
type wrapped struct {
	catalogue.Catalogue
	wrap func(catalogue.View) catalogue.View
}

func (c wrapped) View(share id.Share, keys *seal.Metadata) catalogue.View {
	return c.wrap(c.Catalogue.View(share, keys))
}

func wrap(h *house, view func(catalogue.View) catalogue.View) {
	h.v.WrapCatalogue(func(c catalogue.Catalogue) catalogue.Catalogue { return wrapped{c, view} })
}

// afterChild is a View that tells a test when a name has been looked up, before the caller knows what was found.
type afterChild struct {
	catalogue.View
	tell func(name string)
}

func (v afterChild) Child(ctx context.Context, dir id.File, name string) (catalogue.Node, error) {
	n, err := v.View.Child(ctx, dir, name)
	v.tell(name)
	return n, err
}

// disturb calls act each time that a name has been looked up, the first time with 1, until end is called, which tells
// how often that was.
func disturb(h *house, name string, act func(n int)) (end func() int) {
	n, busy := 0, false
	wrap(h, func(c catalogue.View) catalogue.View {
		return afterChild{c, func(found string) {
			if found == name && !busy {
				busy = true // what act looks up does not count
				n++
				act(n)
				busy = false
			}
		}}
	})
	return func() int { busy = true; return n }
}

// Between its look at the tree and its commit somebody else changes it: Undo looks again.
func TestUndoLooksAgain(t *testing.T) {
	for name, test := range map[string]struct {
		name      string
		meanwhile func(t *testing.T, f vault.Files, name pathname.Path) error
		act       vault.Act
		versions  []string // of the file afterwards, latest first; nil: it is none
	}{
		"a file takes a free name": {"removed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			save(t, f, name, []byte("meanwhile"))
			return nil
		}, vault.Restored, []string{"then", "meanwhile", "then"}},
		"a directory takes a free name": {"removed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			return f.Mkdir(t.Context(), name)
		}, vault.Failed, nil},
		"it is changed once more": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			save(t, f, name, []byte("meanwhile"))
			return nil
		}, vault.Restored, []string{"then", "meanwhile", "since", "then"}},
		"it is removed": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			return f.Remove(t.Context(), name)
		}, vault.Restored, []string{"then", "since", "then"}},
		"its directory is removed": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			return f.Remove(t.Context(), name.Dir())
		}, vault.Restored, []string{"then", "since", "then"}},
		"its directory moves away": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			return f.Rename(t.Context(), name.Dir(), "/s/B", false)
		}, vault.Restored, []string{"then"}},
		"a directory above is removed": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			return errors.Join(f.Remove(t.Context(), "/s/up"), f.Mkdir(t.Context(), "/s/up"))
		}, vault.Restored, []string{"then", "since", "then"}},
		"it is locked": {"changed", func(t *testing.T, f vault.Files, name pathname.Path) error {
			_, _, err := f.Lock(t.Context(), name, vault.Lock{TTL: time.Hour})
			return err
		}, vault.Failed, []string{"since", "then"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, f, c := clockHouse(t)
			name := pathname.Path("/s/up/A").Join(test.name)
			at := changedTree(t, f, c)
			looks := disturb(h, "removed", func(n int) { // the last name that is looked up
				if n == 1 {
					must(t, test.meanwhile(t, f, name))
				}
			})
			if got := undo(t, h.v, "/s/up/A", at, false)[string(name)]; got != test.act {
				t.Errorf("act %q, want %q", got, test.act)
			}
			if got := looks(); got != 2 {
				t.Errorf("looked %d times, want 2", got)
			}
			if i := stat(t, f, name); i.Dir {
				if test.versions != nil {
					t.Error("a directory stands there")
				}
			} else if got := versions(t, f, name); !slices.Equal(got, test.versions) {
				t.Errorf("versions %q, want %q", got, test.versions)
			}
		})
	}
}

// changedTree makes a directory of which one file changes later and one is removed.
func changedTree(t *testing.T, f vault.Files, c *clock) (at time.Time) {
	t.Helper()
	must(t, f.Mkdir(t.Context(), "/s/up"), f.Mkdir(t.Context(), "/s/up/A"))
	save(t, f, "/s/up/A/changed", []byte("then"))
	save(t, f, "/s/up/A/removed", []byte("then"))
	at = c.pass()
	save(t, f, "/s/up/A/changed", []byte("since"))
	must(t, f.Remove(t.Context(), "/s/up/A/removed"))
	c.pass()
	return at
}

// Whatever is looked at changes at once: in the end the others wait, and the tree is restored.
func TestUndoEnds(t *testing.T) {
	h, f, c := clockHouse(t)
	at := changedTree(t, f, c)
	var saved []string
	looks := disturb(h, "removed", func(n int) {
		if n > 2*vault.UndoTries {
			return // it has gone on for too long: let it end, and fail
		}
		saved = append(saved, fmt.Sprint("save ", n))
		save(t, f, "/s/up/A/changed", []byte(saved[n-1]))
	})
	undo(t, h.v, "/s/up/A", at, false)
	if got := looks(); got != vault.UndoTries {
		t.Errorf("looked %d times while others could change the tree, want %d", got, vault.UndoTries)
	}
	slices.Reverse(saved)
	want := slices.Concat([]string{"then"}, saved, []string{"since", "then"})
	if got := versions(t, f, "/s/up/A/changed"); !slices.Equal(got, want) {
		t.Errorf("versions %q, want %q", got, want)
	}
}

// A tree for which one commit record is too small comes back in several, and goes on where it broke off.
func TestUndoInSeveralCommits(t *testing.T) {
	h, f, c := clockHouse(t)
	must(t, f.Mkdir(t.Context(), "/s/A"), f.Mkdir(t.Context(), "/s/A/d"))
	sums := slices.Repeat([]commit.Sum{{Algorithm: "x", Value: strings.Repeat("y", 60_000)}}, 72) // two files to a record
	const files = 5
	for i := range files {
		d, err := f.Create(t.Context(), pathname.Path(fmt.Sprint("/s/A/d/", i)))
		must(t, err)
		_, err = d.Write([]byte("then"))
		must(t, err)
		_, err = d.Commit(t.Context(), vault.Save{Sums: sums})
		must(t, err)
	}
	want := shown(t, f, "/s")
	at := c.pass()
	must(t, f.Rename(t.Context(), "/s/A/d", "/s/d", false))
	for i := range files {
		save(t, f, pathname.Path(fmt.Sprint("/s/d/", i)), []byte("since"))
	}
	maps.Copy(want, shown(t, f, "/s/d"))
	want["/s/d/"] = ""

	before := commits(t, h)
	enough := errors.New("enough")
	told := make(map[pathname.Path]int)
	for _, breaksOff := range []bool{true, false} {
		err := h.v.Undo(t.Context(), staff, "/s/A", at, false, func(u vault.Undone) error {
			told[u.Path]++
			if breaksOff && len(told) == 2 {
				return enough
			}
			return nil
		})
		if breaksOff != (err == enough) || !breaksOff && err != nil {
			t.Fatalf("breaks off: %v, got %v", breaksOff, err)
		}
	}
	if got := commits(t, h) - before; got != 3 {
		t.Errorf("%d commits, want 3", got)
	}
	if got := shown(t, f, "/s"); !maps.Equal(got, want) {
		t.Errorf("restored to %v, want %v", got, want)
	}
	for i := range files {
		if name := pathname.Path(fmt.Sprint("/s/A/d/", i)); len(versions(t, f, name)) != 1 {
			t.Errorf("%s was restored more than once: %q", name, versions(t, f, name))
		}
	}
}
