package vault_test

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestTrappedWrites: whatever is done to a trap is held where it can wait, has the sign, and freezes its author at once, also in the
// middle of much ordinary work.
func TestTrappedWrites(t *testing.T) {
	for name, act := range map[string]func(t *testing.T, f vault.Files){
		"a save over it": func(t *testing.T, f vault.Files) { save(t, f, "/s/old/trap.jpg", smallPicture(t, 900)) },
		"its removal":    func(t *testing.T, f vault.Files) { must(t, f.Remove(t.Context(), "/s/old/trap.jpg")) },
		"its folder's":   func(t *testing.T, f vault.Files) { must(t, f.Remove(t.Context(), "/s/old")) },
		"its new name": func(t *testing.T, f vault.Files) {
			must(t, f.Rename(t.Context(), "/s/old/trap.jpg", "/s/x.jpg", false))
		},
		"a file over it": func(t *testing.T, f vault.Files) {
			save(t, f, "/s/new.jpg", smallPicture(t, 901))
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
			picture := smallPicture(t, 1)
			save(t, w, "/s/old/trap.jpg", picture)
			save(t, w, "/s/work.jpg", smallPicture(t, 2))
			h.keeper.traps = []string{"old/trap.jpg", "deep"}
			s := person("mallory")
			f := h.v.As(s)
			for i := range 50 {
				save(t, f, "/s/work.jpg", smallPicture(t, 10+i))
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
