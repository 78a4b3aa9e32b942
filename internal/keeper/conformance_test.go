package keeper_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/keeper/keepertest"
)

// TestLocal runs the suite that every keeper must pass.
func TestLocal(t *testing.T) {
	keepertest.Run(t, func(t *testing.T) keepertest.House {
		dir := t.TempDir()
		cfg := keeper.Config{FS: durable.OS(), Dir: filepath.Join(dir, "keeper"), LedgerDir: filepath.Join(dir, "ledger"),
			Secret: keeper.FromKeyFile(filepath.Join(dir, "key", "root")), Now: time.Now, Console: true, Hashing: &keeper.Hashing{Time: 1, Memory: 64}}
		if err := keeper.Init(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		l, err := keeper.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		root := account.Credentials{Name: "root", Factor: account.Console, Door: "console"}
		admin, err := l.Login(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		h := keepertest.House{Keeper: l, Administrator: root}
		for name, share := range map[string]*account.Share{"albums": {}, "closed": {}} {
			*share, err = l.MakeShare(t.Context(), admin.ID, name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "albums" {
				h.Share = share.ID
			} else {
				h.Closed = share.ID
			}
		}
		person := func(name string, r account.Rights) account.Credentials {
			if err := l.MakeAccount(t.Context(), admin.ID, account.NewAccount{Name: name, Role: account.Staff}); err != nil {
				t.Fatal(err)
			}
			if err := l.SetRights(t.Context(), admin.ID, account.Right{Account: name, Share: "albums", Rights: r}); err != nil {
				t.Fatal(err)
			}
			secret, err := l.MakeDevice(t.Context(), admin.ID, name, name+"'s laptop")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.OpenDayOf(t.Context(), admin.ID, name, 0); err != nil {
				t.Fatal(err)
			}
			return account.Credentials{Name: name, Secret: secret, Factor: account.DevicePassword, Address: netip.MustParseAddr("192.0.2.7"), Door: "webdav"}
		}
		h.Writer, h.Reader = person("山田", account.CanWrite), person("suzuki", account.CanRead)
		h.Stranger = h.Writer
		h.Stranger.Secret = h.Reader.Secret
		h.Recorded = func(t *testing.T) (out []event.Event) {
			for e, err := range l.Events(t.Context(), admin.ID, keeper.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, e.Event)
			}
			return out
		}
		return h
	})
}
