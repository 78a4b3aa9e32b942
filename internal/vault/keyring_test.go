package vault_test

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
)

// A reading within the lease is the same reading. Behind its end, and when the clock was set back, it is another one.
func TestLease(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	k := newTestKeeper(t, "s")
	h := openClock(t, t.TempDir(), k, func() time.Time { return now })
	defer h.close()
	i := save(t, h.v.As(staff), "/s/f", []byte("1"))
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Second, 1}, {-time.Second, 1}, {time.Hour, 2}, {-time.Hour, 3}, {30 * time.Second, 3}} {
		now = now.Add(tt.after)
		load(t, h.v.As(staff), i)
		if got := k.released[account.Open]; got != tt.want {
			t.Errorf("%v later: %d releases, want %d", tt.after, got, tt.want)
		}
	}
}
