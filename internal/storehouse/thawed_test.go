package storehouse

import (
	"log/slog"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
)

// TestThawOutlivesARestart: whom two people have let go on is not stopped again after a restart for what was done before; for what is done after, yes.
func TestThawOutlivesARestart(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	p := guard.Party{Session: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Share: id.Share{1}}
	dir := t.TempDir()
	start := func() *House {
		h := &House{at: layout{vault: dir}, opt: Options{FS: durable.OS(), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}, guard: guard.New(guard.Config{})}
		if err := h.recallThaws(); err != nil {
			t.Fatal(err)
		}
		return h
	}
	whole := guard.Content{Found: commit.Found{Looked: true, Kind: "jpeg"}, Size: 1 << 20}
	hurt := guard.Content{Found: commit.Found{Looked: true, Even: true}, Size: 1 << 20, Equal: [32]byte{1}}
	spoil := func() guard.Step {
		return guard.Step{Kind: guard.Saved, File: id.NewFile(), Name: "a.jpg", Old: whole, New: hurt}
	}
	before := []guard.Step{spoil(), spoil(), spoil()}
	h := start()
	h.thawed(account.Stop{Kind: account.StopSession, Subject: p.Session.String()})
	h.thawed(account.Stop{Kind: account.StopDevice, Subject: p.Device.String()})
	for _, late := range []bool{false, true} {
		h = start()
		for _, s := range before {
			at := now.Add(-time.Minute)
			if late {
				at = now.Add(time.Minute)
			}
			h.guard.Recall(p, at, s, guard.Strange, id.NewVersion())
		}
		v := h.guard.Judge(p, now.Add(2*time.Minute), []guard.Step{spoil()}, func(int) id.Version { return id.NewVersion() })
		if frozen := len(v.Freeze) > 0; frozen != late {
			t.Errorf("after the thaw %v: frozen %v", late, v.Freeze)
		}
	}
}
