package storehouse

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
)

// TestVigil: of too few witnesses people hear once after ten minutes and once when they are back, where they are to be told; of one that
// refuses, at once and in every mode.
func TestVigil(t *testing.T) {
	for _, mode := range []account.WitnessMode{account.WitnessOff, account.WitnessWarn, account.WitnessRequire} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			began := time.Now()
			states := []account.WitnessState{{Name: "a", URL: "http://a", When: began}, {Name: "b", URL: "http://b", When: began}}
			var told []string
			v := &vigil{now: time.Now, log: slog.New(slog.DiscardHandler), page: func(p string) string { return p },
				state: func() (account.Witnessing, []account.WitnessState) {
					mu.Lock()
					defer mu.Unlock()
					return account.Witnessing{Mode: mode, Need: 2}, slices.Clone(states)
				},
				tell: func(a alert.Alert) {
					told = append(told, string(a.Kind)+" "+a.Who+" "+time.Since(began).Round(time.Minute).String())
					if a.Text() == "" || !strings.Contains(a.Subject(), " / ") {
						t.Errorf("%+v", a)
					}
				}}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { v.run(ctx); close(ended) }()
			set := func(problem string, refuses bool, then time.Duration) {
				mu.Lock()
				states[1].Problem, states[1].Refuses = problem, refuses
				mu.Unlock()
				time.Sleep(then)
			}
			set("", false, time.Hour)
			set("down", false, 9*time.Minute) // not long enough
			set("", false, 51*time.Minute)
			set("down", false, 8*time.Hour)
			set("", false, time.Hour)
			set("another ledger", true, 5*time.Minute)
			set("", false, time.Hour)
			mu.Lock()
			states[1].Forgot = 7 // for good, and told once
			mu.Unlock()
			time.Sleep(time.Hour)
			stop()
			<-ended
			want := []string{"refused b 11h0m0s", "forgot b 12h5m0s"}
			if mode != account.WitnessOff {
				want = []string{"unwitnessed b 2h10m0s", "witnessed  10h0m0s", "refused b 11h0m0s", "forgot b 12h5m0s"}
			}
			if !slices.Equal(told, want) {
				t.Errorf("%s: %q, want %q", mode, told, want)
			}
		})
	}
}
