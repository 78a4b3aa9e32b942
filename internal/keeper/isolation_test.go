package keeper

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestIsolation: a house that was restored asks nobody outside, until a second person agrees that it may.
func TestIsolation(t *testing.T) {
	l, clock := newHouse(t)
	l.cfg.Provider = &saying{}
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	_, clerk := arrived(t, l, clock, "sato", account.Staff)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, err := l.EndIsolation(t.Context(), s, "why")
	hinted(t, "no isolation", err, "hint.not-isolated")
	if err := l.isolate(); err != nil || l.Isolated() != l.now() {
		t.Fatalf("%v, %v", l.Isolated(), err)
	}
	_, err = l.BeginIdentity(t.Context(), s, browser)
	hinted(t, "a login with the company", err, "hint.isolated")
	_, err = l.SetWitnesses(t.Context(), s, account.Witnessing{Mode: account.WitnessOff})
	hinted(t, "a witness", err, "hint.isolated")
	b := *l.books.Load()
	b.Witnessing = account.Witnessing{Mode: account.WitnessRequire, Witnesses: []account.Witness{{}}}
	if w := b.witnessing(); w.Mode == account.WitnessRequire || len(w.Witnesses) > 0 {
		t.Errorf("witnesses are asked: %+v", w)
	}
	b.Isolated = nil
	if w := b.witnessing(); w.Mode != account.WitnessRequire {
		t.Errorf("witnesses are not asked any more: %+v", w)
	}
	if err := l.amend(t.Context(), "set witnesses", "", func(_ *books, d *draft) ([]event.Event, error) {
		d.Witnessing = account.Witnessing{Mode: account.WitnessRequire, Need: 1, Witnesses: []account.Witness{{URL: "http://witness.example"}}}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err = l.EndIsolation(t.Context(), s, " ")
	hinted(t, "no reason", err, "hint.isolation-reason")
	if _, err := l.EndIsolation(t.Context(), clerk, "why"); problem.KindOf(err) != problem.Denied {
		t.Errorf("a clerk: %v", err)
	}
	o, err := l.EndIsolation(t.Context(), s, "all machines are new")
	if err != nil || o.Proposal == nil || l.Isolated().IsZero() {
		t.Fatalf("%+v, %v", o, err)
	}
	hinted(t, "oneself", l.Confirm(t.Context(), s, o.Proposal.ID), "hint.two-people")
	if err := l.Confirm(t.Context(), officer, o.Proposal.ID); err != nil || !l.Isolated().IsZero() {
		t.Fatalf("%v, %v", l.Isolated(), err)
	}
	if w := l.books.Load().Witnessing; w.Mode != "" || len(w.Witnesses) > 0 {
		t.Errorf("witnesses that know a longer ledger stay: %+v", w)
	}
	if e := entries(t, l, event.IsolationEnded); len(e) != 1 || e[0].Actor != "officer" {
		t.Errorf("%+v", e)
	}
}
