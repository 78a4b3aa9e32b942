package keeper

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestFreeze freezes in each way and tries what must not go on, and what must.
func TestFreeze(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	root := console(t, l)
	made, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	share := made.ID
	w := newWriter(t, l, root, share)
	_, tanaka := arrived(t, l, clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	sato, satos := arrived(t, l, clock, "sato", account.Staff)
	_, mori := arrived(t, l, clock, "mori", account.Staff)
	for _, name := range []string{"sato", "mori"} {
		if err := l.SetRights(ctx, root, account.Right{Account: name, Share: "albums", Rights: account.CanWrite}); err != nil {
			t.Fatal(err)
		}
	}
	drive := sato.device(satos, "laptop")
	atDoor := func() account.Session {
		t.Helper()
		x, err := l.Login(ctx, drive)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	f, _ := w.version(t, "/albums/a.jpg")
	reads := func(s id.Session) error {
		_, err := l.Release(ctx, Request{Session: s, Purpose: account.Open, Share: share, Files: []Sealed{f}})
		return err
	}
	thaw := func(n string) {
		t.Helper()
		o, err := l.Thaw(ctx, tanaka, n, "it was a mistake")
		if err != nil || o.Proposal == nil {
			t.Fatal(o, err)
		}
		if err := l.Confirm(ctx, tanaka, o.Proposal.ID); hint(err) != "hint.two-people" {
			t.Errorf("one person thaws: %v", err)
		}
		if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
			t.Fatal(err)
		}
	}
	stops := func() []account.Stop {
		t.Helper()
		list, err := l.Stops(ctx, tanaka)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}

	x := atDoor()
	for _, c := range []struct {
		stop   account.Stop
		mori   bool // mori can go on
		again  bool // the device can log in again
		theirs bool // it is said of sato in the list of people
	}{
		{account.Stop{Kind: account.StopSession, Subject: x.ID.String(), Owner: "sato"}, true, true, true},
		{account.Stop{Kind: account.StopDevice, Subject: x.Device.String()}, true, false, true},
		{account.Stop{Kind: account.StopAddress, Subject: home.String()}, false, false, false},
		{account.Stop{Kind: account.StopShare, Subject: share.String()}, false, true, false},
	} {
		for name, s := range map[string]id.Session{"sato": x.ID, "mori": mori} {
			if err := reads(s); err != nil {
				t.Fatalf("%s before: %s: %v", c.stop.Kind, name, err)
			}
		}
		if err := l.Stop(ctx, c.stop, c.stop); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"a release": reads(x.ID), "a save": l.Check(ctx, x.ID, share, true), "names": func() error { _, err := l.Unlock(ctx, x.ID, share); return err }()} {
			if problem.KindOf(err) != problem.Frozen {
				t.Errorf("%s frozen: %s: %v", c.stop.Kind, name, err)
			}
		}
		if err := reads(mori); (err == nil) != c.mori {
			t.Errorf("%s frozen: somebody else reads: %v", c.stop.Kind, err)
		}
		if _, err := l.Login(ctx, drive); (err == nil) != c.again {
			t.Errorf("%s frozen: the device logs in again: %v", c.stop.Kind, err)
		}
		if kinds, device := frozenOf(t, l, tanaka, "sato"); slices.Contains(kinds, c.stop.Kind) != c.theirs || device != (c.stop.Kind == account.StopDevice) {
			t.Errorf("%s frozen: sato is shown with %q, the device %v", c.stop.Kind, kinds, device)
		}
		list := stops()
		if len(list) != 1 || list[0].By != "" || list[0].Kind != c.stop.Kind {
			t.Fatalf("%s frozen: the list has %+v", c.stop.Kind, list)
		}
		thaw(list[0].ID)
		x = atDoor()
		if err := reads(x.ID); err != nil {
			t.Errorf("%s thawed: %v", c.stop.Kind, err)
		}
	}
	var said []string
	for _, e := range entries(t, l, event.Frozen, event.Thawed) {
		said = append(said, string(e.Kind)+" "+e.Target)
	}
	want := []string{"frozen sato", "thawed sato", "frozen sato / laptop", "thawed sato / laptop", "frozen " + home.String(), "thawed " + home.String(), "frozen albums", "thawed albums"}
	if !slices.Equal(said, want) {
		t.Errorf("the ledger has\n%q, want\n%q", said, want)
	}
}

// frozenOf tells what the list of people says of somebody who has one device.
func frozenOf(t *testing.T, l *Local, s id.Session, name string) ([]account.StopKind, bool) {
	t.Helper()
	list, err := l.Accounts(t.Context(), s)
	i := slices.IndexFunc(list, func(a account.Account) bool { return a.Name == name })
	if err != nil || i < 0 || len(list[i].Devices) != 1 {
		t.Fatal(list, err)
	}
	return list[i].Frozen, list[i].Devices[0].Frozen
}

// TestFreezeByHand: who may press the button, and what the frozen cannot do to get out.
func TestFreezeByHand(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, tanaka := arrived(t, l, clock, "tanaka", account.Administrator)
	_, suzuki := arrived(t, l, clock, "suzuki", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	sato, satos := arrived(t, l, clock, "sato", account.Staff)
	drive := sato.device(satos, "laptop")
	x, err := l.Login(ctx, drive)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Freeze(ctx, satos, account.Stop{Kind: account.StopAccount, Subject: "tanaka"}); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff freezes an administrator: %v", err)
	}
	if _, err := l.Freeze(ctx, x.ID, account.Stop{Kind: account.StopAll}); problem.KindOf(err) != problem.Denied {
		t.Errorf("a device freezes everything: %v", err)
	}
	own, err := l.Freeze(ctx, satos, account.Stop{Kind: account.StopAccount, Subject: "sato", Reason: "a strange window"})
	if err != nil || own.Name != "sato" || own.By != "sato" {
		t.Fatalf("one's own account: %+v, %v", own, err)
	}
	if _, err := l.Login(ctx, drive); err == nil {
		t.Error("a device of a frozen account comes in")
	}
	if _, err := l.MakeDevice(ctx, satos, "sato", "another"); problem.KindOf(err) != problem.Frozen {
		t.Errorf("a frozen account makes a device: %v", err)
	}
	if kinds, device := frozenOf(t, l, tanaka, "sato"); !slices.Equal(kinds, []account.StopKind{account.StopAccount}) || device {
		t.Errorf("the list of people has %q, the device %v", kinds, device)
	}
	if list, err := l.Stops(ctx, satos); err != nil || len(list) != 1 {
		t.Errorf("the frozen one sees %+v, %v", list, err)
	}
	if _, err := l.Thaw(ctx, satos, own.ID, "let me out"); err == nil {
		t.Error("the frozen one asks for a thaw")
	}

	admin, err := l.Freeze(ctx, officer, account.Stop{Kind: account.StopAccount, Subject: "tanaka"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Thaw(ctx, tanaka, own.ID, "x"); problem.KindOf(err) != problem.Denied && problem.KindOf(err) != problem.Frozen {
		t.Errorf("a frozen administrator thaws: %v", err)
	}
	o, err := l.Thaw(ctx, suzuki, admin.ID, "looked at")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Confirm(ctx, tanaka, o.Proposal.ID); err == nil {
		t.Error("an administrator confirms their own thaw")
	}
	if err := l.Confirm(ctx, officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Me(ctx, tanaka); err != nil {
		t.Errorf("after the thaw: %v", err)
	}

	all, err := l.Freeze(ctx, tanaka, account.Stop{Kind: account.StopAll, Reason: "everything"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, l.cfg)
	if list, err := again.Stops(ctx, console(t, again)); err != nil || len(list) != 2 || list[1].ID != all.ID {
		t.Errorf("after a restart: %+v, %v", list, err)
	}
}

// TestMaySettle: people with the power decide about everybody's acts, others in person about their own; with a fresh proof both.
func TestMaySettle(t *testing.T) {
	h := newLending(t, nil)
	x, err := h.l.Login(t.Context(), h.drive)
	if err != nil {
		t.Fatal(err)
	}
	nobody := id.Account{}
	try := func(when string, s id.Session, author id.Account, want string) {
		t.Helper()
		if err := h.l.MaySettle(t.Context(), s, h.share, author); hint(err) != want || (want == "") != (err == nil) {
			t.Errorf("%s: %v", when, err)
		}
	}
	for _, s := range []id.Session{h.chief, h.reader} {
		h.l.sessions.prove(s, *h.clock)
	}
	try("who has the power", h.chief, nobody, "")
	try("the console", h.root, nobody, "")
	try("staff, of others", h.reader, nobody, "hint.not-your-role")
	try("staff, their own", h.reader, x.Account, "")
	try("a device, of others", x.ID, nobody, "hint.not-your-role")
	try("a device, its owner's own", x.ID, x.Account, "hint.not-your-role")
	*h.clock = h.clock.Add(20 * time.Minute)
	try("an old proof and the power", h.chief, nobody, "hint.prove-again")
	try("an old proof, one's own", h.reader, x.Account, "hint.prove-again")
}
