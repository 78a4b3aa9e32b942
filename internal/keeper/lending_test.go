package keeper

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// lending is a house with a share, a person who reads in it at a drive, and two who may confirm.
type lending struct {
	t       testing.TB
	l       *Local
	clock   *time.Time
	disk    *durabletest.Platter
	root    id.Session
	share   id.Share
	w       *writer
	drive   account.Credentials
	s       account.Session // of the drive
	reader  id.Session      // the same person in the browser
	officer id.Session
	chief   id.Session // an administrator
	alarms  []Alarm
	mu      sync.Mutex
}

func (h *lending) config(disk *durabletest.Platter) Config {
	cfg := testConfig(disk, "/data")
	cfg.Now = func() time.Time { return *h.clock }
	cfg.Alarm = func(a Alarm) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.alarms = append(h.alarms, a)
	}
	return cfg
}

func newLending(t testing.TB, edit func(p *account.Policy)) *lending {
	t.Helper()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) // nine in the morning in Tokyo
	h := &lending{t: t, clock: &now, disk: durabletest.New(t)}
	h.l = start(t, h.config(h.disk))
	h.root = console(t, h.l)
	p, err := h.l.Policy(t.Context(), h.root)
	if err != nil {
		t.Fatal(err)
	}
	p.Zone, p.Reading = "Asia/Tokyo", account.Budgets{Open: account.Budget{Minute: 8, Day: 20}, Preview: account.Budget{Minute: 50, Day: 100}, Export: account.Budget{Minute: 5, Day: 10}, Persons: account.Budget{Minute: 6, Day: 12}}
	if edit != nil {
		edit(&p)
	}
	if o, err := h.l.SetPolicy(t.Context(), h.root, p); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	made, err := h.l.MakeShare(t.Context(), h.root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	h.share = made.ID
	h.w = newWriter(t, h.l, h.root, h.share)
	_, h.chief = arrived(t, h.l, h.clock, "tanaka", account.Administrator)
	_, h.officer = arrived(t, h.l, h.clock, "officer", account.PrivacyOfficer)
	var sato *someone
	sato, h.reader = arrived(t, h.l, h.clock, "sato", account.Staff)
	for _, name := range []string{"sato", "tanaka"} {
		if err := h.l.SetRights(t.Context(), h.root, account.Right{Account: name, Share: "albums", Rights: account.CanWrite}); err != nil {
			t.Fatal(err)
		}
	}
	h.drive = sato.device(h.reader, "laptop")
	h.enter()
	return h
}

func (h *lending) enter() { h.s = enter(h.t, h.l, h.drive) }

// morning opens the reader's day again, as a login at the web does, and enters.
func (h *lending) morning() {
	h.t.Helper()
	err := h.l.amend(h.t.Context(), "open day", "", func(_ *books, d *draft) ([]event.Event, error) {
		d.openDay(d.account("sato"), id.NewSession(), *h.clock, 0)
		return nil, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.enter()
}

func (h *lending) files(paths ...string) (out []Sealed) {
	for _, p := range paths {
		f, _ := h.w.version(h.t, "/albums/"+p)
		out = append(out, f)
	}
	return out
}

// from returns a new file that has stood at another path before.
func (h *lending) from(before, now string) Sealed {
	f := h.files(now)[0]
	f.Former = [][]byte{h.files(before)[0].Path}
	return f
}

// some returns n new files.
func (h *lending) some(n int) (out []Sealed) {
	for i := range n {
		out = append(out, h.files(fmt.Sprintf("a/%d.jpg", i))...)
	}
	return out
}

func (h *lending) ask(s id.Session, why account.Purpose, files ...Sealed) error {
	leases, err := h.l.Release(h.t.Context(), Request{Session: s, Purpose: why, Share: h.share, Files: files})
	if err != nil && leases != nil {
		h.t.Error("keys in spite of a refusal")
	}
	if err == nil && len(leases) != len(files) {
		h.t.Errorf("%d keys of %d", len(leases), len(files))
	}
	return err
}

func (h *lending) open(files ...Sealed) error { return h.ask(h.s.ID, account.Open, files...) }

func (h *lending) wait(d time.Duration) { *h.clock = h.clock.Add(d) }

// waiting returns the proposals of an act that wait.
func (h *lending) waiting(act string) (out []account.Proposal) {
	h.t.Helper()
	list, err := h.l.Proposals(h.t.Context(), h.root)
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(p account.Proposal) bool { return p.Act != act })
}

func (h *lending) kinds() (out []AlarmKind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.alarms {
		out = append(out, a.Kind)
	}
	return out
}

func (h *lending) confirm(p account.Proposal) {
	h.t.Helper()
	for _, s := range []id.Session{h.reader, h.s.ID} {
		if err := h.l.Confirm(h.t.Context(), s, p.ID); problem.KindOf(err) != problem.Denied {
			h.t.Errorf("the reader confirms: %v", err)
		}
	}
	h.l.sessions.prove(h.officer, *h.clock)
	if err := h.l.Confirm(h.t.Context(), h.officer, p.ID); err != nil {
		h.t.Fatal(err)
	}
}

// day fills what is left of the day's budget for opening.
func (h *lending) day(left int) {
	h.t.Helper()
	for ; left > 0; left -= 4 {
		if err := h.open(h.some(min(left, 4))...); err != nil {
			h.t.Fatal(err)
		}
		h.wait(time.Minute)
	}
}
