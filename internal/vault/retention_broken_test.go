package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// begun is a house with three deleted files, each in a pack of its own, and one that stays, which has so many chunks.
func begun(t *testing.T) (h *house, a *account.Aging, rule account.Retention, stay int) {
	t.Helper()
	h = newHouse(t, "s")
	f := h.v.As(staff)
	save(t, f, "/s/stays", random(9, 2<<20))
	h.seal(t)
	stay = h.chunks(t)
	for n := range 3 {
		name := pathname.Path(fmt.Sprint("/s/", n))
		save(t, f, name, random(uint64(n), 2<<20))
		if err := f.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		h.seal(t)
	}
	return h, h.old(t, 31), account.Retention{Deleted: 30}, stay
}

// TestRemovalBrokenOff: what went before a removal was broken off is counted when it goes on; and it goes on also where it had only not been recorded.
func TestRemovalBrokenOff(t *testing.T) {
	h, a, rule, _ := begun(t)
	r := h.preview(t, rule, a)
	stop := errors.New("a case")
	q, asked := removing(r, a), 0
	q.May = func(context.Context) error {
		if asked++; asked > 3 { // at the beginning, before the versions, before the first pack
			return stop
		}
		return nil
	}
	if _, err := h.v.RemoveByRule(bg, staff, "s", q); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	q = removing(r, a)
	q.End = func(context.Context, account.Removed) error { return stop }
	if _, err := h.v.RemoveByRule(bg, staff, "s", q); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if err != nil || done.Versions != 3 || done.Contents != 3 {
		t.Errorf("it ends as %+v, %v", done, err)
	}
	h.sound(t)
}

// TestRemovalLapsed: what a removal has left on the disk that nobody may go on with is in the next preview, though nothing else is due.
func TestRemovalLapsed(t *testing.T) {
	h, a, rule, stay := begun(t)
	q, before := removing(h.preview(t, rule, a), a), h.chunks(t)
	q.May = func(context.Context) error {
		if h.chunks(t) < before {
			return errors.New("a case")
		}
		return nil
	}
	if _, err := h.v.RemoveByRule(bg, staff, "s", q); err == nil {
		t.Fatal("it was not broken off")
	}
	if r := h.preview(t, rule, a); !r.Nothing() {
		t.Errorf("while it may go on: %+v", r)
	}
	r, err := h.v.PreviewRemoval(bg, staff, "s", rule, a, true, func(int64, int64) {})
	if err != nil || r.Versions != 0 || r.Left != 3 || r.Nothing() {
		t.Fatalf("%+v, %v", r, err)
	}
	done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if err != nil || done.Bytes == 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if n := h.chunks(t); n != stay {
		t.Errorf("%d chunks are there, and %d stay", n, stay)
	}
	h.sound(t)
}

// TestRemovalPastDamage: a pack that is damaged stays as it is and is named, and the others are cleared.
func TestRemovalPastDamage(t *testing.T) {
	h, a, rule, stay := begun(t)
	r := h.preview(t, rule, a)
	name := filepath.Join(h.root, "packs", h.keeper.shares[0].ID.String())
	list, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(name, list[2].Name())
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(whole)
	bad[1<<20] ^= 1
	if err := os.WriteFile(name, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.removal-damaged" || e.On != "s, 3" {
		t.Errorf("it says %v", err)
	}
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a)); err != nil || done.Versions != 3 || done.Packs != 1 {
		t.Errorf("once it is back: %+v, %v", done, err)
	}
	if n := h.chunks(t); n != stay {
		t.Errorf("%d chunks are there, and %d stay", n, stay)
	}
	h.sound(t)
}

// TestCloseWhileRemoving: a vault that is closed ends a removal at its next step, and waits for it.
func TestCloseWhileRemoving(t *testing.T) {
	h, a, rule, _ := begun(t)
	r := h.preview(t, rule, a)
	closed := make(chan struct{})
	q := removing(r, a)
	once := sync.OnceFunc(func() {
		go func() { h.close(); close(closed) }()
		for !vault.Closing(h.v) {
			runtime.Gosched()
		}
	})
	q.Progress = func(string, int64, int64) { once() }
	_, err := h.v.RemoveByRule(bg, staff, "s", q)
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Kind != problem.Unavailable || e.Hint != "hint.removal-stopped" {
		t.Errorf("it ends with %v", err)
	}
	<-closed
	h = openHouse(t, h.root, h.keeper)
	defer h.close()
	if done, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a)); err != nil || done.Versions != 3 {
		t.Errorf("after it: %+v, %v", done, err)
	}
	h.sound(t)
}

// TestNoRemovalOnTheWay: while packs come from a medium nothing is removed, and who asks hears why.
func TestNoRemovalOnTheWay(t *testing.T) {
	h, a, rule, _ := begun(t)
	r := h.preview(t, rule, a)
	h.v.SetStill(true)
	_, err := h.v.PreviewRemoval(bg, staff, "s", rule, a, false, func(int64, int64) {})
	_, more := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	for _, err := range []error{err, more} {
		if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.restoring" {
			t.Errorf("it says %v", err)
		}
	}
}
