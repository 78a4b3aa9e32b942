package storehouse

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// TestRuledShares: the packs of shares with a rule are sealed once a day, also of one that gets its rule later, and again after a failure.
func TestRuledShares(t *testing.T) {
	a, b := id.NewShare(), id.NewShare()
	now, list, times, fails := time.Now(), []id.Share{a}, map[id.Share]int{}, true
	r := ruled{shares: func() []id.Share { return list }, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler), sealed: make(map[id.Share]time.Time),
		seal: func(_ context.Context, s id.Share) error {
			if fails {
				return errors.New("disk full")
			}
			times[s]++
			return nil
		}}
	r.once(t.Context())
	fails = false
	for hour := range 49 {
		if hour == 1 {
			list = append(list, b)
		}
		r.once(t.Context())
		now = now.Add(ruledEach)
	}
	if times[a] != 3 || times[b] != 2 {
		t.Errorf("in two days they are sealed %d and %d times", times[a], times[b])
	}
}
