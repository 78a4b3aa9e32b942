package keeper

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

var counted = account.Holdings{Files: 3, Versions: 5, Bytes: 70, Counted: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}

// rescue is what is in the cupboard: a medium, a card and papers.
func (l *Local) rescue(t *testing.T, content []byte, papers account.KeyPapers) Rescue {
	t.Helper()
	list, err := l.keys.Cut()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	r := Rescue{Read: func(name string) ([]byte, error) { return files[name], nil }}
	for _, f := range list {
		b, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		files[f.Name], r.Names = b, append(r.Names, f.Name)
	}
	for _, p := range papers.Papers[:2] {
		x, err := piece.Parse(p.Code)
		if err != nil {
			t.Fatal(err)
		}
		r.Pieces = append(r.Pieces, x)
	}
	if r.Card, err = card.Parse(content); err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *caseHouse) erase(share string, q account.NewErasure) account.Outcome {
	h.Helper()
	o, err := h.l.EraseShare(h.Context(), h.admin, share, q, counted)
	if err != nil || o.Proposal == nil {
		h.Fatal(o, err)
	}
	return o
}

// TestErasure takes a share to its end: a case and a freeze keep it, two people end it, and then nothing opens it but a card from before.
func TestErasure(t *testing.T) {
	h := newCaseHouse(t)
	l, ctx := h.l, t.Context()
	gone, err := l.MakeShare(ctx, h.admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	stays, err := l.MakeShare(ctx, h.admin, "orders")
	if err != nil {
		t.Fatal(err)
	}
	papers, err := l.MakePapers(ctx, h.admin, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, h.admin, "safe")
	old := onStick(t, l, h.admin, made, err)
	made, err = l.MakeCard(ctx, h.admin, "bank")
	onStick(t, l, h.admin, made, err)
	before := l.rescue(t, old.Content, papers)

	ask := func(q account.NewErasure) error {
		t.Helper()
		o, err := l.EraseShare(ctx, h.admin, "albums", q, counted)
		if err == nil {
			t.Errorf("%+v: %+v", q, o)
		}
		return err
	}
	hinted(t, "without a reason", ask(account.NewErasure{}), "hint.erase-reason")
	held := ask(account.NewErasure{Reason: "its time is over"})
	hinted(t, "while a case holds it", held, "hint.share-held")
	if !strings.Contains(held.Error(), h.made.ID) {
		t.Errorf("%v does not name the case", held)
	}
	if _, err := l.EraseShare(ctx, h.officer, "albums", account.NewErasure{Reason: "x"}, counted); problem.KindOf(err) != problem.Denied {
		t.Errorf("by who gives no rights there: %v", err)
	}
	h.lift(h.made.ID)
	if _, err := l.Freeze(ctx, h.officer, account.Stop{Kind: account.StopShare, Subject: gone.ID.String(), Reason: "odd"}); err != nil {
		t.Fatal(err)
	}
	hinted(t, "while the case of the freeze holds it", ask(account.NewErasure{Reason: "its time is over", Frozen: true}), "hint.share-held")
	h.lift("2026-2")
	hinted(t, "while it is frozen", ask(account.NewErasure{Reason: "its time is over"}), "hint.share-frozen")
	o := h.erase("albums", account.NewErasure{Reason: "its time is over", Frozen: true})
	hinted(t, "twice", ask(account.NewErasure{Reason: "again", Frozen: true}), "hint.proposal-waits")
	if e, err := l.Ending(ctx, h.officer, "albums"); err != nil || !e.Waits || !e.Frozen || len(e.Cards) != 2 || !e.Decided.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	hinted(t, "by one", l.Confirm(ctx, h.admin, o.Proposal.ID), "hint.two-people")
	if !l.keys.Has(gone.ID) {
		t.Fatal("its keys are gone before the second person has spoken")
	}
	_, err = l.Certificate(ctx, h.officer, "albums")
	hinted(t, "a certificate before", err, "hint.not-erased")
	if err := l.Confirm(ctx, h.officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	_, err = l.Unlock(ctx, h.admin, gone.ID)
	hinted(t, "its names", err, "hint.share-erased")
	_, err = l.Release(ctx, Request{Session: h.admin, Purpose: account.Open, Share: gone.ID, Files: []Sealed{{Version: id.NewVersion()}}})
	hinted(t, "its files", err, "hint.share-erased")
	hinted(t, "by name", l.Ended(ctx, h.admin, "albums"), "hint.share-erased")
	hinted(t, "once more", ask(account.NewErasure{Reason: "again"}), "hint.share-erased")
	right := account.Right{Account: "officer", Share: "albums", Rights: account.CanRead}
	hinted(t, "rights in it", l.SetRights(ctx, h.admin, right), "hint.share-erased")
	if _, err := l.MakeShare(ctx, h.admin, "albums"); problem.KindOf(err) != problem.Exists {
		t.Errorf("another of its name: %v", err)
	}
	if list, err := l.Shares(ctx, h.admin); err != nil || len(list) != 1 || list[0].ID != stays.ID || l.keys.Has(gone.ID) {
		t.Errorf("%+v, %v; its keys are there: %v", list, err, l.keys.Has(gone.ID))
	}
	if _, err := l.Unlock(ctx, h.admin, stays.ID); err != nil {
		t.Errorf("the other share: %v", err)
	}
	c, err := l.Certificate(ctx, h.officer, "albums")
	if err != nil || c.Number != 1 || len(c.Cards) != 2 || c.AskedBy != "administrator" || c.Confirmed != "privacy-officer" || c.Holdings != counted || len(c.Entry.Proof) == 0 || c.Generation != 4 {
		t.Errorf("%+v, %v", c, err)
	}
	if got := entries(t, l, event.ShareErased); len(got) != 1 || got[0].Note != "certificate 1; ring 4; outstanding cards: 1 safe, 2 bank" {
		t.Errorf("%+v", got)
	}
	again, err := l.RefreshCard(ctx, h.admin, 1, old.Content)
	fresh := onStick(t, l, h.admin, again, err)
	if c, err = l.Certificate(ctx, h.officer, "albums"); err != nil || len(c.Cards) != 1 || c.Cards[0].Name != "bank" || len(c.Rewritten) != 1 {
		t.Errorf("after a card was rewritten: %+v, %v", c, err)
	}
	h.recovered(before, fresh.Content, gone.ID, stays.ID, papers)
}

// recovered makes keepers again: of the old medium with a refreshed card, with the old card, and of today's medium with the old card.
func (h *caseHouse) recovered(before Rescue, fresh []byte, gone, stays id.Share, papers account.KeyPapers) {
	h.Helper()
	t := h.TB.(*testing.T)
	refreshed, now := before, h.l.rescue(t, fresh, papers)
	refreshed.Card = now.Card
	now.Card = before.Card
	has := func(r Rescue, want ...id.Share) {
		t.Helper()
		got, err := Recover(t.Context(), testConfig(durabletest.New(t), "/other"), r)
		for _, s := range []id.Share{gone, stays} {
			if err != nil || slices.Contains(got.Shares, s) != slices.Contains(want, s) {
				t.Errorf("%+v, %v, want %v", got, err, want)
			}
		}
	}
	has(refreshed, stays)
	has(before, gone, stays)
	has(now, gone, stays)

	// What the books say of its end is stronger than a card from before.
	cfg := h.l.cfg
	if err := h.l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.Dir += "-again"
	if _, err := Recover(t.Context(), cfg, now); err != nil {
		t.Fatal(err)
	}
	cfg.AcceptRollback = true
	l := reopen(t, cfg)
	if l.keys.Has(gone) || !l.keys.Has(stays) {
		t.Error("keys that came back with an old card are at work")
	}
	if got := entries(t, l, event.ShareErased); len(got) != 2 || !strings.Contains(got[1].Note, "again") {
		t.Errorf("%+v", got)
	}
}

// lift closes the case and lifts its hold.
func (h *caseHouse) lift(n string) {
	h.Helper()
	if err := h.l.CloseCase(h.Context(), h.officer, n, "nothing"); err != nil {
		h.Fatal(err)
	}
	o, err := h.l.SetHold(h.Context(), h.officer, n, account.NewHold{Lift: true, Reason: "over"})
	if err == nil {
		err = h.l.Confirm(h.Context(), h.admin, o.Proposal.ID)
	}
	if err != nil {
		h.Fatal(err)
	}
}

// TestCaseComesInBetween: a case that is opened while an erasure waits keeps the share.
func TestCaseComesInBetween(t *testing.T) {
	h := newCaseHouse(t)
	sh, err := h.l.MakeShare(t.Context(), h.admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	h.lift(h.made.ID)
	o := h.erase("albums", account.NewErasure{Reason: "its time is over"})
	if _, err := h.l.OpenCase(t.Context(), h.officer, account.Case{Reason: "odd", Suspects: []account.Suspect{{Subject: "sato", From: h.l.now().Add(-time.Hour), To: h.l.now()}}}); err != nil {
		t.Fatal(err)
	}
	hinted(t, "confirmed", h.l.Confirm(t.Context(), h.officer, o.Proposal.ID), "hint.share-held")
	if !h.l.keys.Has(sh.ID) {
		t.Error("its keys are gone")
	}
}

// TestErasureIsAllOrNothing has the power go at every call of the disk while a share comes to its end: at the next start nothing has happened
// or all of it has.
func TestErasureIsAllOrNothing(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		cfg := testConfig(p, "/data")
		if Init(t.Context(), cfg) != nil {
			return
		}
		l, err := Open(t.Context(), cfg)
		if err != nil {
			return
		}
		var gone account.Share
		x, err := l.Login(t.Context(), account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
		s := x.ID
		if err == nil {
			gone, err = l.MakeShare(t.Context(), s, "albums")
		}
		if err == nil {
			_, err = l.MakeShare(t.Context(), s, "orders")
		}
		done := false
		if err == nil { // nobody else could confirm: the console acts alone
			_, err = l.EraseShare(t.Context(), s, "albums", account.NewErasure{Reason: "its time is over"}, counted)
			done = err == nil
		}
		_ = l.Close(t.Context())
		p.Heal()
		for disk := range p.Crashes(1) {
			again, err := Open(t.Context(), testConfig(disk, "/data"))
			if err != nil {
				continue // of a beginning that was cut off: others test that
			}
			x := again.books.Load().shares[gone.ID]
			ended := x != nil && x.End != nil
			switch {
			case done && !ended:
				t.Error("it was told that the share has ended, and it has not")
			case ended && (again.keys.Has(gone.ID) || x.End.Erased.IsZero() || len(entries(t, again, event.ShareErased)) == 0):
				t.Errorf("half of it: %+v, keys %v", x.End, again.keys.Has(gone.ID))
			case x != nil && !ended && !again.keys.Has(gone.ID):
				t.Error("its keys are gone, and nobody has decided that")
			}
			if err := again.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	durabletest.EachCut(t, scenario)
}
