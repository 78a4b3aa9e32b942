package vault_test

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/guard"
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
