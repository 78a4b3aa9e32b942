//go:build !race

package medium

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// syncs makes a medium on a disk that may fail, and syncs to it while the vault grows. It returns what states must hold, or may hold where
// the sync has failed, and the last that must be there.
func syncs(h *house, disk *durabletest.Platter, rounds int) (wants map[ledger.Head]snapshot, d Descriptor, made bool, acked uint64) {
	wants = make(map[ledger.Head]snapshot)
	m := NewDir(disk, "/medium")
	d = Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: h.key, Made: h.clock}
	if m.Create() != nil || Make(context.Background(), m, d) != nil {
		return wants, d, false, 0
	}
	for range rounds {
		h.grow(5, 16<<10)
		want := h.snapshot()
		_, _ = Sync(context.Background(), m, h, Options{Key: h.key, Copied: func(out Outcome) error { // from there on it is a copy, whatever comes
			acked = out.State
			return nil
		}})
		want.head = h.log.Head()
		wants[want.head] = want
		m = NewDir(disk, "/medium") // as the next run of the program
	}
	return wants, d, true, acked
}

// remake makes a medium whose making was broken off.
func remake(t tb, m *Dir, d Descriptor) {
	t.Helper()
	if err := m.Create(); err != nil {
		t.Fatalf("%v", err)
	}
	if err := Make(context.Background(), m, d); err != nil {
		t.Fatalf("%v", err)
	}
}

// recovers looks at what is on a disk after a crash: the last complete state is whole, and the next sync goes on from it.
func recovers(t tb, h *house, disk *durabletest.Platter, wants map[ledger.Head]snapshot, acked uint64) {
	t.Helper()
	m := NewDir(disk, "/medium")
	last := uint64(0)
	if s, err := Open(context.Background(), m, h.key, 0); err == nil {
		last = s.Number
		want, ok := wants[s.Head]
		if !ok {
			t.Fatalf("state %d, of which nobody knows", last)
		}
		same(t, m, h.key, last, want)
	}
	if last < acked {
		t.Fatalf("state %d is gone, the last is %d", acked, last)
	}
	h.grow(3, 8<<10)
	out, want, err := h.sync(m)
	if err != nil {
		t.Fatalf("the sync after it: %v", err)
	}
	if out.State != last+1 {
		t.Errorf("state %d comes behind %d", out.State, last)
	}
	same(t, m, h.key, out.State, want)
	r, found := verified(t, m, Check{Key: h.key, Known: out.State})
	if r.Findings != 0 || r.Last != out.State {
		t.Errorf("%+v, %v", r, found)
	}
	for i, f := range found { // one body of a part may be, whose record did not come
		if i > 0 || !strings.HasPrefix(f.Object, listDir+"/") {
			t.Errorf("left over: %v", f)
		}
	}
}

// TestSyncFails has every call to the medium's disk fail once, in each way that it can.
func TestSyncFails(t *testing.T) {
	smallBatches(t)
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		h := newHouse(t, durabletest.New(t), 3)
		defer h.close()
		wants, d, made, acked := syncs(h, p, 2)
		p.Heal()
		if !made {
			remake(t, NewDir(p, "/medium"), d)
		}
		recovers(t, h, p, wants, acked)
	}, durabletest.Write, durabletest.Sync, durabletest.SyncDir)
}

// TestUnplugged takes the medium out at every moment of two syncs.
func TestUnplugged(t *testing.T) {
	smallBatches(t)
	moments := 0
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		moments++
		h := newHouse(t, durabletest.New(t), 4)
		defer h.close()
		wants, d, _, acked := syncs(h, p, 2)
		disk := p.Crash(uint64(moments))
		if _, err := Describe(t.Context(), NewDir(disk, "/medium")); err != nil { // before it was made
			if acked > 0 {
				t.Fatal(err)
			}
			remake(t, NewDir(disk, "/medium"), d)
		}
		recovers(t, h, disk, wants, acked)
	})
	if moments < 200 {
		t.Errorf("only %d moments", moments)
	}
}

// TestReadFailsOnce: a state of which something cannot be read at one moment is not taken for lost. Otherwise all of it would be put anew over what is
// there, and a sync that is broken off then would leave no state.
func TestReadFailsOnce(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 1)
	defer h.close()
	whole := durabletest.New(t)
	m := h.medium(whole)
	h.grow(3, 1000)
	_, want, err := h.sync(m)
	if err != nil {
		t.Fatal(err)
	}
	h.grow(1, 1000)
	for _, k := range []durabletest.Kind{durabletest.Open, durabletest.Read} {
		for n := 1; ; n++ {
			disk := whole.Crash(0)
			disk.Inject(durabletest.Fault{Kind: k, N: n, Err: syscall.EIO})
			disk.Inject(durabletest.Fault{Kind: durabletest.Sync, N: 3, Err: syscall.EIO, Times: -1}) // behind the record of what was begun
			if _, _, err := h.sync(NewDir(disk, "/medium")); err == nil {
				t.Fatal("the sync was not broken off")
			}
			if n > disk.Calls(k) {
				break
			}
			for after := range disk.Crashes(3) {
				same(t, NewDir(after, "/medium"), h.key, 1, want)
			}
		}
	}
}
