package vault_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// clocked opens a storehouse with a guard, and a clock that can be set.
func clocked(t *testing.T, cfg guard.Config) (*house, *time.Time) {
	k := newTestKeeper(t, "s")
	k.guard = guard.New(cfg)
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	h := openClock(t, t.TempDir(), k, func() time.Time { return now })
	t.Cleanup(func() { h.close() })
	return h, &now
}

// TestHeldAmongEmpty: files without content do not hide what is removed with them.
func TestHeldAmongEmpty(t *testing.T) {
	h, now := clocked(t, guard.Config{})
	pictureAlbum(t, h, 30)
	bad, other := person("attacker"), person("other")
	must(t, h.v.As(bad).Mkdir(t.Context(), "/s/x"))
	*now = now.Add(48 * time.Hour)
	empties(t, h, bad, "/s/x", 1500, commit.Touch)
	must(t, h.v.As(bad).Rename(t.Context(), "/s/3年B組", "/s/x/3年B組", false))
	must(t, h.v.As(bad).Remove(t.Context(), "/s/x"))
	if n := len(listed(t, h.v.As(other).List(t.Context(), "/s/x/3年B組"))); n != 30 || len(held(t, h, other)) != 1 {
		t.Errorf("others see %d of 30, held: %+v", n, held(t, h, other))
	}
}

// TestHeldTooLarge: a directory of which not all can be looked at waits, however empty; with a guard that only watches it goes.
func TestHeldTooLarge(t *testing.T) {
	for _, watch := range []bool{false, true} {
		h, _ := clocked(t, guard.Config{Watch: watch})
		staff, other := person("staff"), person("other")
		must(t, h.v.As(staff).Mkdir(t.Context(), "/s/x"))
		empties(t, h, staff, "/s/x", 20_001, commit.Mkdir)
		must(t, h.v.As(staff).Remove(t.Context(), "/s/x"))
		got := held(t, h, other)
		if watch && len(got) != 0 || !watch && (len(got) != 1 || got[0].Sign != guard.Gone || !got[0].Removal) {
			t.Errorf("watching %v: held %+v", watch, got)
		}
	}
}

// empties makes so many empty directories, or files.
func empties(t *testing.T, h *house, s account.Session, dir pathname.Path, n int, kind commit.Kind) {
	t.Helper()
	parent := stat(t, h.v.As(s), dir).File
	var ops []commit.Op
	for i := range n {
		ops = append(ops, commit.Op{Kind: kind, File: id.NewFile(), Parent: parent, Name: fmt.Sprintf("!%05d", i)})
		if len(ops) == 1000 || i == n-1 {
			must(t, h.v.Do(t.Context(), s, "/s", ops...))
			ops = nil
		}
	}
}

// TestHeldWorkedOn: a held removal takes effect by itself only if nobody else has worked on what it removes.
func TestHeldWorkedOn(t *testing.T) {
	for name, work := range map[string]func(t *testing.T, h *house, f vault.Files){
		"":      func(*testing.T, *house, vault.Files) {},
		"saved": func(t *testing.T, h *house, f vault.Files) { save(t, f, "/s/3年B組/001.jpg", smallPicture(701)) },
		"made": func(t *testing.T, h *house, f vault.Files) {
			must(t, f.Mkdir(t.Context(), "/s/3年B組/秋"))
			save(t, f, "/s/3年B組/秋/new.jpg", smallPicture(700))
		},
		"moved": func(t *testing.T, h *house, f vault.Files) {
			must(t, f.Rename(t.Context(), "/s/a.jpg", "/s/3年B組/a.jpg", false))
		},
		"elsewhere": func(t *testing.T, h *house, f vault.Files) { save(t, f, "/s/b.jpg", smallPicture(702)) },
	} {
		t.Run(name, func(t *testing.T) {
			h, now := clocked(t, guard.Config{})
			pictureAlbum(t, h, 12)
			bad, other := person("tidy"), person("other")
			save(t, h.v.As(other), "/s/a.jpg", smallPicture(600))
			*now = now.Add(2 * time.Hour)
			must(t, h.v.As(bad).Remove(t.Context(), "/s/3年B組"))
			*now = now.Add(time.Hour)
			work(t, h, h.v.As(other))
			want := 1
			if name == "" || name == "elsewhere" {
				want = 0
			}
			for range 2 { // it goes on waiting
				*now = now.Add(25 * time.Hour)
				h.v.Overdue()
				_, err := h.v.As(other).Stat(t.Context(), "/s/3年B組")
				if got := held(t, h, other); len(got) != want || (err == nil) != (want == 1) {
					t.Errorf("held %+v, %v", got, err)
				}
			}
		})
	}
}

// TestHeldWorkedOnAtLast: it does not take effect either when somebody else works there, or whoever has removed it is frozen, while the books
// are being looked at.
func TestHeldWorkedOnAtLast(t *testing.T) {
	for name, work := range map[string]func(t *testing.T, h *house, bad account.Session, f vault.Files){
		"saved": func(t *testing.T, _ *house, _ account.Session, f vault.Files) {
			save(t, f, "/s/3年B組/001.jpg", smallPicture(701))
		},
		"frozen": func(t *testing.T, h *house, bad account.Session, _ vault.Files) {
			for i := range 10 {
				trySave(h.v.As(bad), pathname.Path(fmt.Sprintf("/s/%d.jpg", i)), string(noise(20_000, i)))
			}
		},
		"elsewhere": func(t *testing.T, _ *house, _ account.Session, f vault.Files) {
			save(t, f, "/s/b.jpg", smallPicture(702))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, now := clocked(t, guard.Config{})
			pictureAlbum(t, h, 12)
			bad, other := person("tidy"), person("other")
			for i := range 10 {
				save(t, h.v.As(other), pathname.Path(fmt.Sprintf("/s/%d.jpg", i)), smallPicture(600+i))
			}
			*now = now.Add(2 * time.Hour)
			must(t, h.v.As(bad).Remove(t.Context(), "/s/3年B組"))
			*now = now.Add(26 * time.Hour)
			looks, want := 0, 1
			if name == "elsewhere" {
				want = 0
			}
			defer vault.SetLooked(func() {
				looks++
				work(t, h, bad, h.v.As(other))
			})()
			h.v.Overdue()
			h.v.Overdue()
			_, err := h.v.As(other).Stat(t.Context(), "/s/3年B組")
			removals := slices.DeleteFunc(held(t, h, other), func(x vault.Held) bool { return !x.Removal })
			if len(removals) != want || (err == nil) != (want == 1) || looks != 1 {
				t.Errorf("held %+v, %v after %d looks", removals, err, looks)
			}
		})
	}
}

// TestHeldSign: a held directory bears the sign of the file for which it must wait, not that of the first one, so that it does not go by itself.
func TestHeldSign(t *testing.T) {
	h, now := clocked(t, guard.Config{})
	pictures := pictureAlbum(t, h, 2)
	bad, other := person("attacker"), person("other")
	*now = now.Add(48 * time.Hour)
	for name, b := range pictures {
		if name.Base() == "001.jpg" {
			save(t, h.v.As(bad), name+".enc", noise(len(b)+16, 1))
		}
	}
	must(t, h.v.As(bad).Remove(t.Context(), "/s/3年B組"))
	var removals []guard.Sign
	for _, x := range held(t, h, other) {
		if x.Removal {
			removals = append(removals, x.Sign)
		}
	}
	if len(removals) != 1 || removals[0] == guard.Gone {
		t.Errorf("held: %q", removals)
	}
	*now = now.Add(25 * time.Hour)
	h.v.Overdue()
	if n := len(listed(t, h.v.As(other).List(t.Context(), "/s/3年B組"))); n < 2 {
		t.Errorf("after a day others see %d", n)
	}
}
