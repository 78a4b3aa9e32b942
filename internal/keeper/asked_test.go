package keeper

import (
	"fmt"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestAskingKeepsNobodyFromThawing: one person asks for so much only, and a thaw always finds room.
func TestAskingKeepsNobodyFromThawing(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	q := account.NewJob{Path: "/albums//2026/", Purpose: account.Export, Files: 30, Until: h.clock.Add(48 * time.Hour), Reason: "print run"}
	for i := range maxAsked {
		q.Files = 30 + i
		if _, err := h.l.AskJob(c, h.reader, q); err != nil {
			t.Fatal(i, err)
		}
		if _, err := h.l.AskJob(c, h.reader, q); i == 0 && hint(err) != "hint.proposal-waits" {
			t.Errorf("the same again: %v", err)
		}
	}
	q.Files = 1
	if _, err := h.l.AskJob(c, h.reader, q); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("one too many: %v", err)
	}
	for i := range maxStops / 100 {
		if err := h.l.Stop(c, account.Stop{Kind: account.StopAddress, Subject: fmt.Sprintf("192.0.2.%d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	stops, err := h.l.Stops(c, h.officer)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stops {
		if _, err := h.l.Thaw(c, h.officer, s.ID, "looked at"); err != nil {
			t.Errorf("a thaw: %v", err)
		}
	}
}

// TestTokenIsFrozen: what a program does is stopped with its token, and a stop that names nothing keeps no other from being made.
func TestTokenIsFrozen(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	made, err := h.l.MakeToken(c, h.reader, account.NewToken{Name: "script", Scopes: []account.Scope{account.FilesWrite}, Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	login := account.Credentials{Secret: made.Secret, Factor: account.ByToken, Address: home, Door: "api"}
	s, err := h.l.Login(c, login)
	if err != nil {
		t.Fatal(err)
	}
	err = h.l.Stop(c, account.Stop{Kind: account.StopDevice, Subject: id.NewDevice().String()}, account.Stop{Kind: account.StopSession, Subject: s.ID.String()},
		account.Stop{Kind: account.StopDevice, Subject: s.Device.String()})
	if problem.KindOf(err) != problem.NotFound {
		t.Errorf("a device of nobody: %v", err)
	}
	stops, err := h.l.Stops(c, h.officer)
	if err != nil || len(stops) != 2 || stops[1].Name != "script" || stops[1].Owner != "sato" {
		t.Fatalf("frozen: %+v, %v", stops, err)
	}
	if err := h.l.Check(c, s.ID, h.share, true); problem.KindOf(err) != problem.Frozen {
		t.Errorf("it writes: %v", err)
	}
	if again, err := h.l.Login(c, login); err == nil && problem.KindOf(h.l.Check(c, again.ID, h.share, true)) != problem.Frozen {
		t.Error("it comes in again and writes")
	}
}

// TestRulesAskedForBefore: a second person's yes takes back nothing that was made stricter meanwhile.
func TestRulesAskedForBefore(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	p, err := h.l.Policy(c, h.chief)
	if err != nil {
		t.Fatal(err)
	}
	loose, strict := p, p
	loose.Reading.Open.Day = 1_000_000
	o, err := h.l.SetPolicy(c, h.chief, loose)
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	strict.Reading.Export.Day = 1
	if o, err := h.l.SetPolicy(c, h.chief, strict); err != nil || o.Proposal != nil {
		t.Fatal(o, err)
	}
	if err := h.l.Confirm(c, h.officer, o.Proposal.ID); hint(err) != "hint.rules-changed" {
		t.Errorf("what was asked for before: %v", err)
	}
	if p, err = h.l.Policy(c, h.chief); err != nil || p.Reading.Export.Day != 1 || p.Reading.Open.Day != 20 {
		t.Errorf("the rules are %+v, %v", p.Reading, err)
	}
	strict.Opening, strict.Closing = "9:00", "09:00"
	if _, err := h.l.SetPolicy(c, h.chief, strict); hint(err) != "hint.opening" {
		t.Errorf("open and closed at once: %v", err)
	}
}

// TestPersonTrapsStay: nobody lifts a trap for a person by saying that names tell persons in another way.
func TestPersonTrapsStay(t *testing.T) {
	h := newLending(t, nil)
	c := t.Context()
	if err := h.l.SetSharePersons(c, h.root, "albums", "{class}/{number}_*.jpg"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.AddTrap(c, h.officer, "/albums", "3a/9"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{class}/{number}.jpg"} {
		if err := h.l.SetSharePersons(c, h.root, "albums", text); hint(err) != "hint.persons-traps" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if x, err := h.l.AddTrap(c, h.officer, "/albums//old//a.jpg", ""); err != nil || x.Path != "old/a.jpg" || !h.l.Trapped(h.share, "/albums/old/a.jpg") {
		t.Errorf("a trap with two slashes: %+v, %v", x, err)
	}
}

// TestPlacesOfOneSort: devices push out no address, and the first address stays.
func TestPlacesOfOneSort(t *testing.T) {
	a, now := &accountState{}, time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	s := account.Session{}
	a.arriveAt(spot{"192.0.2.0/24", newAddress}, s, now)
	for i := range 2 * maxPlaces {
		a.arriveAt(spot{id.NewDevice().String(), newDevice}, s, now)
		if !a.arriveAt(spot{fmt.Sprintf("198.51.%d.0/24", i), newAddress}, s, now) {
			t.Fatalf("address %d is known", i)
		}
	}
	if x := a.place("192.0.2.0/24"); x == nil || !x.Known || len(a.Places) != 2*maxPlaces {
		t.Errorf("the first: %+v, of %d", x, len(a.Places))
	}
	if a.Places = append(a.Places, placeState{On: "203.0.113.0/24", First: now.AddDate(3, 0, 0)}); a.odd(spot{"203.0.113.0/24", newAddress}, now) {
		t.Error("a place of a clock that was wrong stays odd")
	}
}
