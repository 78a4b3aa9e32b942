package keeper

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

var (
	half    = account.Retention{Versions: 180, Deleted: 90, Keep: 2}
	preview = account.Removal{Share: "albums", Rule: half, Versions: 25, Files: 20, Bytes: 1 << 30, Digest: hex.EncodeToString(make([]byte, 32))}
)

// TestRetention takes a share through a removal: nothing goes without a rule, a preview and two people, cases win, and the ledger tells all of it.
func TestRetention(t *testing.T) {
	h := newCaseHouse(t)
	l, ctx := h.l, t.Context()
	share, err := l.MakeShare(ctx, h.admin, "albums")
	if err != nil {
		t.Fatal(err)
	}
	h.lift(h.made.ID)
	ask := func(r account.Removal) (account.Outcome, error) {
		return l.AskRemoval(ctx, h.admin, "albums", r, "as agreed")
	}
	_, err = ask(preview)
	hinted(t, "without a rule", err, "hint.no-preview")
	if list := l.RuledShares(); len(list) > 0 {
		t.Errorf("before there is a rule: %v", list)
	}
	if err := l.SetRetention(ctx, h.officer, "albums", half); problem.KindOf(err) != problem.Denied {
		t.Errorf("by who gives no rights there: %v", err)
	}
	hinted(t, "no rule", l.SetRetention(ctx, h.admin, "albums", account.Retention{Versions: -1}), "hint.retention-rule")
	if err := l.SetRetention(ctx, h.admin, "albums", half); err != nil {
		t.Fatal(err)
	}
	if list := l.RuledShares(); len(list) != 1 || list[0] != share.ID {
		t.Errorf("the shares with a rule are %v", list)
	}
	other := preview
	other.Rule.Versions++
	_, err = ask(other)
	hinted(t, "by another rule", err, "hint.no-preview")
	_, err = l.AskRemoval(ctx, h.admin, "albums", preview, " ")
	hinted(t, "without a reason", err, "hint.erase-reason")
	if _, err := l.AskRemoval(ctx, h.officer, "albums", preview, "x"); problem.KindOf(err) != problem.Denied {
		t.Errorf("asked by who gives no rights there: %v", err)
	}
	hinted(t, "without two people", l.MayRemove(ctx, h.admin, "albums", preview.Digest), "hint.removal-not-agreed")
	o, err := ask(preview)
	if err != nil || o.Proposal == nil || len(o.Proposal.Changes) != 6 || o.Proposal.Changes[0].To != "25" {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = ask(preview)
	hinted(t, "twice", err, "hint.proposal-waits")
	hinted(t, "by one", l.Confirm(ctx, h.admin, o.Proposal.ID), "hint.two-people")
	if _, err := l.OpenCase(ctx, h.officer, account.Case{Reason: "odd", Suspects: []account.Suspect{{Subject: "sato", From: l.now().Add(-time.Hour), To: l.now()}}}); err != nil {
		t.Fatal(err)
	}
	held := l.Confirm(ctx, h.officer, o.Proposal.ID)
	hinted(t, "while a case holds it", held, "hint.removal-held")
	if !strings.Contains(held.Error(), "2026-2") {
		t.Errorf("%v does not name the case", held)
	}
	h.lift("2026-2")
	if err := l.Confirm(ctx, h.officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.MayRemove(ctx, h.admin, "albums", preview.Digest); err != nil {
		t.Error(err)
	}
	hinted(t, "another list", l.MayRemove(ctx, h.admin, "albums", hex.EncodeToString(make([]byte, 31))+"01"), "hint.removal-not-agreed")
	for range 2 { // it was broken off
		if err := l.BeginRemoval(ctx, h.admin, "albums", preview); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Freeze(ctx, h.officer, account.Stop{Kind: account.StopShare, Subject: share.ID.String(), Reason: "odd"}); err != nil {
		t.Fatal(err)
	}
	h.lift("2026-3")
	hinted(t, "while it is frozen", l.MayRemove(ctx, h.admin, "albums", preview.Digest), "hint.removal-frozen")
	if err := l.EndRemoval(ctx, h.admin, "albums", account.Removed{Digest: preview.Digest, Versions: 24, Contents: 20, Packs: 3, Bytes: 99}); err != nil {
		t.Fatal(err)
	}
	x, err := l.Retention(ctx, h.officer, "albums")
	if err != nil || x.Rule != half || x.Agreed != "" || x.Waits || len(x.Removed) != 1 {
		t.Fatalf("%+v, %v", x, err)
	}
	if r := x.Removed[0]; r.Number != 1 || r.Versions != 24 || r.Agreed != 25 || r.AskedBy != "administrator" || r.Confirmed != "privacy-officer" || r.Ended.IsZero() {
		t.Errorf("%+v", r)
	}
	var told []string
	for e, err := range l.Events(ctx, console(t, l), Filter{Kinds: []event.Kind{event.RetentionSet, event.VersionsRemoved, event.RemovalEnded}}) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, fmt.Sprint(e.Event.Kind, " ", e.Event.Size, " ", e.Event.Actor, " ", e.Event.Note))
	}
	want := []string{"retention-set 0 tanaka versions 180; deleted 90; keep 2",
		"versions-removed 25 tanaka removal 1; versions 180; deleted 90; keep 2; asked for by tanaka",
		"versions-removed 25 tanaka removal 1; versions 180; deleted 90; keep 2; asked for by tanaka",
		"removal-ended 24 tanaka removal 1; contents 20; packs 3; bytes 99"}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("the ledger tells\n%s", strings.Join(told, "\n"))
	}
}

// TestAgreementEnds: after seven days, or under another rule, nothing counts that people have agreed on.
func TestAgreementEnds(t *testing.T) {
	for _, how := range []string{"time", "rule"} {
		h := newCaseHouse(t)
		l, ctx := h.l, t.Context()
		if _, err := l.MakeShare(ctx, h.admin, "albums"); err != nil {
			t.Fatal(err)
		}
		h.lift(h.made.ID)
		err := l.SetRetention(ctx, h.admin, "albums", half)
		if err != nil {
			t.Fatal(err)
		}
		o, err := l.AskRemoval(ctx, h.admin, "albums", preview, "as agreed")
		if err == nil {
			err = l.Confirm(ctx, h.officer, o.Proposal.ID)
		}
		if err == nil {
			err = l.MayRemove(ctx, console(t, l), "albums", preview.Digest)
		}
		if err != nil {
			t.Fatal(err)
		}
		if how == "time" {
			*h.clock = h.clock.Add(agreedTime)
		} else if err := l.SetRetention(ctx, h.admin, "albums", account.Retention{Versions: 1}); err != nil {
			t.Fatal(err)
		}
		hinted(t, how, l.MayRemove(ctx, console(t, l), "albums", preview.Digest), "hint.removal-not-agreed")
	}
}

// TestAging: how old a pack is the ledger tells, however the clock is set; a pack that cannot be there yet has no age, and a rewritten one that of before.
func TestAging(t *testing.T) {
	l, clock := newHouse(t)
	ctx, root := t.Context(), console(t, l)
	share, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	seal := func(kind event.Kind, n uint64, digest byte) {
		t.Helper()
		if err := l.Record(ctx, event.Event{Kind: kind, When: l.now(), Share: share.ID, Pack: n, Size: 1, Digest: [32]byte{digest}}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(d time.Duration) {
		t.Helper()
		for end := clock.Add(d); clock.Before(end); {
			*clock = clock.Add(time.Minute)
			if err := l.append(ctx, event.Event{Kind: event.Heartbeat, When: l.now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	age := func(n uint64) time.Duration {
		t.Helper()
		a, err := l.Aging(ctx, console(t, l), "albums")
		if err != nil {
			t.Fatal(err)
		}
		d, ok := a.Age(n)
		if !ok {
			return -1
		}
		return d
	}
	seal(event.PackSealed, 1, 1)
	seal(event.PackSealed, 5000, 1) // it is not there yet
	run(2 * time.Hour)
	seal(event.PackRewritten, 1, 2)
	seal(event.PackSealed, 2, 1)
	run(time.Hour)
	if a, b, c := age(1), age(2), age(3); a != 3*time.Hour || b != time.Hour || c != -1 {
		t.Errorf("they are %v, %v and %v old", a, b, c)
	}
	seal(event.PackSealed, 2, 3) // another pack has its number
	if got := age(2); got != 0 {
		t.Errorf("what came in its place is %v old", got)
	}
	*clock = clock.AddDate(10, 0, 0)
	if got := age(1); got > 3*time.Hour+2*3*time.Hour {
		t.Errorf("with a clock that is ten years ahead it is %v old", got)
	}
	a, err := l.Aging(ctx, console(t, l), "albums")
	if err != nil || len(a.Gaps) != 1 {
		t.Errorf("the jump is told as %v, %v", a.Gaps, err)
	}
	if _, err := l.Aging(ctx, id.NewSession(), "albums"); err == nil {
		t.Error("nobody is told")
	}
}

// TestAgingBySteps: a clock that is set ahead in steps too small to be gaps, with an entry after each, makes nothing older than the time that has passed.
func TestAgingBySteps(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	share, err := l.MakeShare(ctx, console(t, l), "albums")
	if err != nil {
		t.Fatal(err)
	}
	beat := func() {
		t.Helper()
		if err := l.heartbeat(ctx, heartbeat); err != nil {
			t.Fatal(err)
		}
	}
	beat()
	if err := l.Record(ctx, event.Event{Kind: event.PackSealed, When: l.now(), Share: share.ID, Pack: 1, Size: 1, Digest: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	age := func() time.Duration {
		t.Helper()
		a, err := l.Aging(ctx, console(t, l), "albums")
		if err != nil {
			t.Fatal(err)
		}
		d, _ := a.Age(1)
		return d
	}
	for range 10 {
		for range 12 * 24 { // a day in steps of five minutes
			*clock = clock.Add(account.LongestStep)
			if err := l.append(ctx, event.Event{Kind: event.Started}); err != nil {
				t.Fatal(err)
			}
		}
		*clock = clock.Add(account.MaxGap) // and a weekend
		if got := age(); got > 20*3*heartbeat {
			t.Fatalf("before the next heartbeat it is %v old", got)
		}
		beat()
	}
	if got, most := age(), 3*(10*heartbeat+account.LongestStep); got < 10*heartbeat || got > most {
		t.Errorf("after ten minutes, in which its clock went on by 40 days, it is %v old, and %v at most", got, most)
	}
}

// TestWitnessedTime: so many witnesses as are needed have vouched for the time that counts, and the ledger has reached it.
func TestWitnessedTime(t *testing.T) {
	at := func(n int) account.WitnessState {
		return account.WitnessState{Signed: time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC)}
	}
	list := []account.WitnessState{at(3), {}, at(9), at(5)}
	for need, want := range map[int]account.WitnessState{0: {}, 1: at(9), 2: at(5), 3: at(3), 4: {}} {
		if got := witnessedTime(list, need, at(30).Signed); !got.Equal(want.Signed) {
			t.Errorf("%d witnesses: %v, want %v", need, got, want.Signed)
		}
	}
	if got := witnessedTime(list, 1, at(7).Signed); !got.Equal(at(7).Signed) {
		t.Errorf("a witness whose clock is ahead: %v", got)
	}
}
