package vault_test

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestTrappedWrites: whatever is done to a trap is held where it can wait, has the sign, and freezes its author at once, also in the
// middle of much ordinary work.
func TestTrappedWrites(t *testing.T) {
	for name, act := range map[string]func(t *testing.T, f vault.Files){
		"a save over it": func(t *testing.T, f vault.Files) { save(t, f, "/s/old/trap.jpg", smallPicture(900)) },
		"its removal":    func(t *testing.T, f vault.Files) { must(t, f.Remove(t.Context(), "/s/old/trap.jpg")) },
		"its folder's":   func(t *testing.T, f vault.Files) { must(t, f.Remove(t.Context(), "/s/old")) },
		"its new name": func(t *testing.T, f vault.Files) {
			must(t, f.Rename(t.Context(), "/s/old/trap.jpg", "/s/x.jpg", false))
		},
		"a file over it": func(t *testing.T, f vault.Files) {
			save(t, f, "/s/new.jpg", smallPicture(901))
			must(t, f.Rename(t.Context(), "/s/new.jpg", "/s/old/trap.jpg", true))
		},
		"a note in a folder that is one": func(t *testing.T, f vault.Files) { save(t, f, "/s/deep/README.txt", []byte("pay")) },
	} {
		t.Run(name, func(t *testing.T) {
			h := guarded(t)
			w := h.v.As(person("writer"))
			for _, d := range []pathname.Path{"/s/old", "/s/deep"} {
				must(t, w.Mkdir(t.Context(), d))
			}
			picture := smallPicture(1)
			save(t, w, "/s/old/trap.jpg", picture)
			save(t, w, "/s/work.jpg", smallPicture(2))
			h.keeper.traps = []string{"old/trap.jpg", "deep"}
			s := person("mallory")
			f := h.v.As(s)
			for i := range 50 {
				save(t, f, "/s/work.jpg", smallPicture(10+i))
			}
			if len(h.keeper.stops) > 0 {
				t.Fatalf("frozen by ordinary work: %+v", h.keeper.stops)
			}
			act(t, f)
			kinds := make(map[account.StopKind]string)
			for _, x := range h.keeper.stops {
				if x.Reason == string(guard.Trapped) {
					kinds[x.Kind] = x.Subject
				}
			}
			if kinds[account.StopSession] != s.ID.String() || kinds[account.StopDevice] != s.Device.String() {
				t.Errorf("frozen: %+v", h.keeper.stops)
			}
			if name == "its new name" { // a name that changed loses nothing
				return
			}
			if i := stat(t, w, "/s/old/trap.jpg"); string(load(t, w, i)) != string(picture) {
				t.Error("others see another trap")
			}
		})
	}
}

// TestTrapsAreNotLifted: whoever takes a trap away from its place, alone or with its folder, or takes a copy of it under a path that is none,
// is frozen. What is done beside the traps shows nothing.
func TestTrapsAreNotLifted(t *testing.T) {
	move := func(from, to pathname.Path) func(*testing.T, vault.Files) {
		return func(t *testing.T, f vault.Files) { must(t, f.Rename(t.Context(), from, to, false)) }
	}
	copied := func(from, to pathname.Path, replace, deep bool) func(*testing.T, vault.Files) {
		return func(t *testing.T, f vault.Files) { must(t, f.Copy(t.Context(), from, to, replace, deep)) }
	}
	for name, c := range map[string]struct {
		act   func(*testing.T, vault.Files)
		stops bool
	}{
		"a folder that is one":           {move("/s/up/deep", "/s/up/other"), true},
		"the same, elsewhere":            {move("/s/up/deep", "/s/deep"), true},
		"the folder above a file":        {move("/s/old", "/s/other"), true},
		"the folder above a folder":      {move("/s/up", "/s/other"), true},
		"a file, elsewhere":              {move("/s/old/trap.jpg", "/s/trap.jpg"), true},
		"a file in a folder that is one": {move("/s/up/deep/in.jpg", "/s/in.jpg"), true},
		"a file over another":            {copied("/s/old/trap.jpg", "/s/work.jpg", true, true), true},
		"a copy of a file":               {copied("/s/old/trap.jpg", "/s/c.jpg", false, true), true},
		"a copy of a folder that is one": {copied("/s/up/deep", "/s/c", false, true), true},
		"a copy of the folder above":     {copied("/s/old", "/s/c", false, true), true},
		"an old version under a new name": {func(t *testing.T, f vault.Files) {
			must(t, f.Restore(t.Context(), "/s/c.jpg", stat(t, f, "/s/old/trap.jpg").Version))
		}, true},

		"another file":                  {move("/s/work.jpg", "/s/old/work.jpg"), false},
		"another file in the folder":    {move("/s/old/by.jpg", "/s/by.jpg"), false},
		"another folder":                {move("/s/older", "/s/up/older"), false},
		"a copy of another file":        {copied("/s/old/by.jpg", "/s/by.jpg", false, true), false},
		"a copy of another folder":      {copied("/s/older", "/s/c", false, true), false},
		"the folder above, and no more": {copied("/s/old", "/s/c", false, false), false},
		"an old version of another file": {func(t *testing.T, f vault.Files) {
			must(t, f.Restore(t.Context(), "/s/c.jpg", stat(t, f, "/s/old/by.jpg").Version))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := guarded(t)
			w := h.v.As(person("writer"))
			for _, d := range []pathname.Path{"/s/old", "/s/older", "/s/up", "/s/up/deep"} {
				must(t, w.Mkdir(t.Context(), d))
			}
			for i, at := range []pathname.Path{"/s/old/trap.jpg", "/s/old/by.jpg", "/s/older/x.jpg", "/s/up/deep/in.jpg", "/s/work.jpg"} {
				save(t, w, at, smallPicture(i))
			}
			h.keeper.traps = []string{"old/trap.jpg", "up/deep"}
			s := person("mallory")
			c.act(t, h.v.As(s))
			kinds := make(map[account.StopKind]string)
			for _, x := range h.keeper.stops {
				if x.Reason != string(guard.Trapped) {
					t.Errorf("frozen because of %q", x.Reason)
				}
				kinds[x.Kind] = x.Subject
			}
			switch {
			case !c.stops && len(kinds) > 0:
				t.Errorf("frozen: %+v", h.keeper.stops)
			case c.stops && (kinds[account.StopSession] != s.ID.String() || kinds[account.StopDevice] != s.Device.String()):
				t.Errorf("frozen: %+v", h.keeper.stops)
			}
		})
	}
}

// TestTrapAmongMany: a trap is found in a directory of which not all is looked at, whatever is done to the directory as a whole, and what is
// beside it shows nothing. An empty folder that is a trap is one, too.
func TestTrapAmongMany(t *testing.T) {
	h := guarded(t)
	w := person("writer")
	for _, d := range []pathname.Path{"/s/x", "/s/x/many", "/s/x/many/z", "/s/up", "/s/up/empty"} {
		must(t, h.v.As(w).Mkdir(t.Context(), d))
	}
	empties(t, h, w, "/s/x/many", 20_001, commit.Mkdir)
	save(t, h.v.As(w), "/s/x/many/z/trap.jpg", smallPicture(1))
	removed := func(name pathname.Path) func(vault.Files) error {
		return func(f vault.Files) error { return f.Remove(t.Context(), name) }
	}
	for name, c := range map[string]struct {
		traps []string
		act   func(f vault.Files) error
		stops bool
	}{
		"a trap beside it":        {[]string{"x/many2", "x/man"}, removed("/s/x/many"), false},
		"a file in it":            {[]string{"x/many/z/trap.jpg"}, removed("/s/x/many"), true},
		"a folder in it":          {[]string{"x/many/z"}, removed("/s/x"), true},
		"the directory itself":    {[]string{"x/many"}, removed("/s/x/many"), true},
		"a file in it, elsewhere": {[]string{"x/many/z/trap.jpg"}, func(f vault.Files) error { return f.Rename(t.Context(), "/s/x/many", "/s/y", false) }, true},
		"an empty folder":         {[]string{"up/empty"}, removed("/s/up/empty"), true},
		"the folder above it":     {[]string{"up/empty"}, removed("/s/up"), true},
	} {
		h.keeper.traps, h.keeper.stops = c.traps, nil
		s := person(name)
		must(t, c.act(h.v.As(s)))
		kinds := make(map[account.StopKind]string)
		for _, x := range h.keeper.stops {
			if x.Reason != string(guard.Trapped) {
				t.Errorf("%s: frozen because of %q", name, x.Reason)
			}
			kinds[x.Kind] = x.Subject
		}
		if want := map[bool]string{true: s.ID.String()}[c.stops]; kinds[account.StopSession] != want {
			t.Errorf("%s: frozen %+v", name, h.keeper.stops)
		}
		for _, x := range held(t, h, w) { // for the next
			if c.stops && x.Sign != guard.Trapped {
				t.Errorf("%s: held because of %q", name, x.Sign)
			}
			must(t, h.v.Settle(t.Context(), w, "/s", x.Hold, false))
		}
		if _, err := h.v.As(w).Stat(t.Context(), "/s/y"); err == nil {
			h.keeper.traps = nil
			must(t, h.v.As(w).Rename(t.Context(), "/s/y", "/s/x/many", false))
		}
	}
}
