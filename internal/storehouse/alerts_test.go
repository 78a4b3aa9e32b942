package storehouse

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
)

// TestLostAlert: that nobody could be told stands in the ledger.
func TestLostAlert(t *testing.T) {
	cfg, opt := Default(t.TempDir()), Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := Create(t.Context(), cfg, opt, First{Share: "albums", Account: "admin"}); err != nil {
		t.Fatal(err)
	}
	h, err := Open(t.Context(), cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.WithoutCancel(t.Context()))
	h.lost(alert.Alert{ID: "abc123", Kind: alert.Frozen, Who: "hanako", When: time.Unix(1, 0)}, "mail")
	s, err := h.keeper.Keeper().Login(t.Context(), account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for e, err := range h.keeper.Events(t.Context(), s, api.EventFilter{Kinds: []string{"alert-lost"}}) {
		if err != nil {
			t.Fatal(err)
		}
		found = strings.Contains(string(e), `"target":"hanako"`) && strings.Contains(string(e), `mail; frozen; 1970-01-01T00:00:01Z; abc123`)
	}
	if !found {
		t.Error("it does not")
	}
}
