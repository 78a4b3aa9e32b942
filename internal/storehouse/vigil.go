package storehouse

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
)

// vigil tells people of the ledger's witnesses: at once, in every mode, when one says that it has seen another ledger, or has forgotten what it has seen; and, where people are to be told,
// when fewer than are needed have cosigned for ten minutes, and when they are back, each once. It counts looks rather than reading a clock, which
// may jump.
type vigil struct {
	state func() (account.Witnessing, []account.WitnessState)
	tell  func(alert.Alert)
	page  func(path string) string
	now   func() time.Time
	log   *slog.Logger

	away    int             // looks in a row that found too few
	told    bool            // of it
	refused map[string]bool // addresses of those of whom people were told
	forgot  map[string]bool // likewise
}

const (
	vigilEach = 15 * time.Second
	vigilLong = 10 * time.Minute / vigilEach
)

// run looks until ctx ends.
func (v *vigil) run(ctx context.Context) {
	t := time.NewTicker(vigilEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			v.look()
		}
	}
}

func (v *vigil) look() {
	w, states := v.state()
	refused, forgot := make(map[string]bool), make(map[string]bool)
	var away []string
	for _, s := range states {
		if s.Refuses {
			refused[s.URL] = true
			if !v.refused[s.URL] {
				v.say(alert.Refused, s.Name, s.Problem)
			}
		}
		if forgot[s.URL] = s.Forgot > 0; forgot[s.URL] && !v.forgot[s.URL] {
			v.say(alert.Forgot, s.Name, "")
		}
		if s.Away() {
			away = append(away, s.Name)
		}
	}
	v.refused, v.forgot = refused, forgot
	enough := len(states)-len(away) >= w.Need
	switch {
	case w.Mode == account.WitnessOff || w.Mode == "":
		v.away, v.told = 0, false // nobody wants to be told, nor that they are back
	case enough && v.told:
		v.away, v.told = 0, false
		v.say(alert.Witnessed, "", "")
	case enough:
		v.away = 0
	default:
		if v.away++; v.away >= int(vigilLong) && !v.told {
			v.told = true
			v.say(alert.Unwitnessed, strings.Join(away, ", "), "")
		}
	}
}

func (v *vigil) say(k alert.Kind, who, why string) {
	v.log.Warn("people are told of the ledger's witnesses", "kind", k, "witness", who, "reason", why)
	v.tell(alert.Alert{Kind: k, When: v.now(), Who: who, Reason: why, Link: v.page("/settings#witnesses")})
}
