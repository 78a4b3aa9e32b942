package keeper

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// TestMediaAreSeen: that a medium is connected, or gone, is entered once, and by nobody.
func TestMediaAreSeen(t *testing.T) {
	l, _ := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	m, err := l.MakeMedium(ctx, root, account.Medium{ID: id.NewMedium(), Label: "disk 1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, attached := range []bool{true, false, true} {
		if err := l.SeenMedium(ctx, m.ID, "/media/1", attached); err != nil {
			t.Fatal(err)
		}
		if err := l.SeenMedium(ctx, m.ID, "/media/1", attached); err == nil {
			t.Error("entered twice")
		}
		list := l.KnownMedia()
		if len(list) != 1 || list[0].Attached.IsZero() == attached || list[0].Path != "/media/1" {
			t.Errorf("%+v", list)
		}
	}
	var kinds []event.Kind
	for e, err := range l.Events(ctx, root, Filter{Kinds: []event.Kind{event.MediumConnected, event.MediumGone}}) {
		if err != nil {
			t.Fatal(err)
		}
		if kinds = append(kinds, e.Event.Kind); e.Event.Actor != "" || e.Event.Target != "disk 1" {
			t.Errorf("%+v", e.Event)
		}
	}
	if !slices.Equal(kinds, []event.Kind{event.MediumConnected, event.MediumGone, event.MediumConnected}) {
		t.Error(kinds)
	}
}

// TestMediaAreRead: a copy counts from when it is complete, and what was removed from the vault counts as gone from the medium once it was read back.
func TestMediaAreRead(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	m, err := l.MakeMedium(ctx, root, account.Medium{ID: id.NewMedium(), Label: "disk 1"})
	if err != nil {
		t.Fatal(err)
	}
	first := *clock
	for i, x := range []struct {
		unread  int64
		read    account.MediumRead
		want    int64 // unread
		swept   int   // by which state it is
		note    string
		checked bool
	}{
		{100, account.MediumRead{Ended: true}, 0, 0, "whole", false},
		{100, account.MediumRead{Unread: 60, Wrong: 1}, 60, 0, "damaged", false},
		{160, account.MediumRead{Ended: true}, 0, 2, "whole", false},
		{5, account.MediumRead{Unread: 5, Ended: true, Cached: true}, 5, 3, "cached", false},
		{5, account.MediumRead{Unread: 5, Ended: true, Cached: true}, 0, 4, "cached", true},
	} {
		at := first.Add(time.Duration(i) * time.Hour)
		if err := l.SyncedMedium(ctx, root, m.ID, account.MediumState{Number: uint64(i + 1), Time: at, Unread: x.unread}); err != nil {
			t.Fatal(err)
		}
		if now := l.KnownMedia()[0]; now.Unread != x.unread || now.State != uint64(i+1) || now.Swept.After(at) {
			t.Errorf("%d, copied: %+v", i, now)
		}
		if i > 0 && len(l.books.Load().mediaBefore(at)) != 1 {
			t.Errorf("%d: what was removed before this copy counts as gone before it was read back", i)
		}
		if err := l.ReadMedium(ctx, root, m.ID, x.read); err != nil {
			t.Fatal(err)
		}
		if x.checked {
			if err := l.CheckedMedium(ctx, root, m.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		if now := l.KnownMedia()[0]; now.Unread != x.want || !now.Swept.Equal(first.Add(time.Duration(x.swept)*time.Hour)) {
			t.Errorf("%d, read back: %+v", i, now)
		}
		last := ""
		for e, err := range l.Events(ctx, root, Filter{Kinds: []event.Kind{event.MediumRead}}) {
			if err != nil {
				t.Fatal(err)
			}
			last = e.Event.Note
		}
		if last != x.note {
			t.Errorf("%d: the ledger says %q", i, last)
		}
	}
}

// TestCopyOut: what goes on a medium is neither ring nor protection, and fits together whatever changes meanwhile.
func TestCopyOut(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	if _, err := l.MakeShare(ctx, root, "albums"); err != nil {
		t.Fatal(err)
	}
	c, err := l.CopyOut(ctx, root, []byte("settings"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.MakeShare(ctx, root, "later"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range c.Files {
		defer f.Close()
		names = append(names, f.Name)
		b, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		if now, err := durable.ReadFile(l.cfg.FS, filepath.Join(l.cfg.Dir, f.Name)); err != nil || f.Name == "state" && bytes.Equal(b, now) {
			t.Errorf("%s is what came later: %v", f.Name, err)
		}
	}
	if slices.Sort(names); !slices.Equal(names, []string{"head", "ledger-keys", "state"}) {
		t.Error(names)
	}
	if h, err := ledger.CheckCheckpoint(c.Checkpoint, l.Status().PublicKey); err != nil || h.Size == 0 || !c.Time.Equal(*clock) || bytes.Contains(c.Settings, []byte("settings")) {
		t.Errorf("%v, %v, %v", h, c.Time, err)
	}
}

// TestSignRecord: nothing but records of media is signed for whoever asks.
func TestSignRecord(t *testing.T) {
	l, clock := newHouse(t)
	_, staff := arrived(t, l, clock, "sato", account.Staff)
	root := console(t, l)
	if _, err := l.SignRecord(t.Context(), root, "azekura/v1 medium state\n"); err != nil {
		t.Error(err)
	}
	if _, err := l.SignRecord(t.Context(), root, l.Status().Origin+"\n1\nAAAA\n"); problem.KindOf(err) != problem.Denied {
		t.Error("a checkpoint was signed:", err)
	}
	for _, text := range []string{l.Status().Origin + "\n1\nAAAA\n", "azekura/v1 medium state\n", "x" + sinkLine} {
		if _, err := l.SignSink(text); problem.KindOf(err) != problem.Denied {
			t.Errorf("%q was signed for a sink: %v", text, err)
		}
	}
	if _, err := l.SignRecord(t.Context(), staff, "azekura/v1 medium state\n"); problem.KindOf(err) != problem.Denied {
		t.Error(err)
	}
	if _, err := l.CopyOut(t.Context(), staff, nil); problem.KindOf(err) != problem.Denied {
		t.Error(err)
	}
}

// TestEnded: whoever copies the ledger when it ends copies all of it, its end too, and is refused after.
func TestEnded(t *testing.T) {
	cfg := testConfig(durable.OS(), t.TempDir())
	var l *Local
	var copied ledger.Head
	cfg.Ended = func(ctx context.Context) {
		signed, _, err := l.Published(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if copied, err = ledger.CheckCheckpoint(signed, l.Status().PublicKey); err != nil {
			t.Fatal(err)
		}
		if _, err := l.SignSink(sinkLine + "renewed\n"); err != nil {
			t.Error(err)
		}
		if err := l.Record(ctx, event.Event{Kind: event.Heartbeat}); err == nil {
			t.Error("an entry behind the last one")
		}
	}
	l = start(t, cfg)
	key := l.Status().PublicKey
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.Verify(t.Context(), os.DirFS(cfg.LedgerDir), key)
	if err != nil || !r.OK() || copied.Size == 0 || r.Size != copied.Size {
		t.Errorf("%d entries were copied of %+v, %v", copied.Size, r, err)
	}
	if _, _, err := l.Published(t.Context()); err == nil {
		t.Error("published after the end")
	}
}
