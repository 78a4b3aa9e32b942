package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// scopeOf is a scope in which whoever is asked for by these keys is confirmed.
func scopeOf(c account.Case, keys ...string) account.LookupScope {
	x := account.LookupScope{Case: c.ID, Suspects: c.Suspects, At: c.Opened, Schools: []string{"第一小"}, Contact: "お客様窓口 0120-000-000", Reason: "schools know"}
	for _, k := range keys {
		x.People = append(x.People, account.LookupPerson{Key: k, Answer: account.LookupConfirmed})
	}
	return x
}

// caseHouse is a house with a case in which somebody is distrusted for an hour that is over.
type caseHouse struct {
	testing.TB
	l              *Local
	clock          *time.Time
	who            *someone // the officer
	admin, officer id.Session
	made           account.Case
}

func newCaseHouse(t testing.TB) *caseHouse {
	t.Helper()
	l, clock := newHouse(t)
	h := &caseHouse{TB: t, l: l, clock: clock}
	_, h.admin = arrived(t, l, clock, "tanaka", account.Administrator)
	h.who, h.officer = arrived(t, l, clock, "officer", account.PrivacyOfficer)
	arrived(t, l, clock, "sato", account.Staff)
	var err error
	h.made, err = l.OpenCase(t.Context(), h.officer, account.Case{Reason: "odd", Suspects: []account.Suspect{{Subject: "sato", From: l.now().Add(-time.Hour), To: l.now()}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// open opens a page by two people, and returns its token.
func (h *caseHouse) open(x account.LookupScope) string {
	h.Helper()
	o, err := h.l.ProposeLookup(h.Context(), h.officer, x)
	if err != nil || o.Proposal == nil {
		h.Fatal(o, err)
	}
	if err := h.l.Confirm(h.Context(), h.admin, o.Proposal.ID); err != nil {
		h.Fatal(err)
	}
	return h.show().Token
}

func (h *caseHouse) show() account.Lookup {
	h.Helper()
	x, err := h.l.Lookup(h.Context(), h.officer, h.made.ID)
	if err != nil {
		h.Fatal(err)
	}
	return x
}

// blobs are the names of the files that hold what is too large for the books.
func (h *caseHouse) blobs(prefix string) (out []string) {
	h.Helper()
	names, err := h.l.cfg.FS.ReadDir(filepath.Join(h.l.cfg.Dir, "attachments"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), prefix) {
			out = append(out, n.Name())
		}
	}
	return out
}

// far is an address that nobody has asked from.
func far(n int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)}) }

// TestLookupTakesTwo: nobody sees a page before a second person has said yes, and one is enough to close it.
func TestLookupTakesTwo(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	x := scopeOf(h.made, "in")
	o, err := h.l.ProposeLookup(ctx, h.officer, x)
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if p := h.show(); p.On || !p.Waiting || p.Token != "" {
		t.Errorf("before the second person: %+v", p)
	}
	for name, token := range map[string]string{"": "", "the proposal": o.Proposal.ID, "the case": h.made.ID} {
		if _, err := h.l.LookUp(ctx, token, far(1), []string{"in"}); problem.KindOf(err) != problem.NotFound {
			t.Errorf("asked with %s: %v", name, err)
		}
	}
	if err := h.l.Confirm(ctx, h.officer, o.Proposal.ID); hint(err) != "hint.two-people" {
		t.Errorf("the first person alone: %v", err)
	}
	if _, err := h.l.ProposeLookup(ctx, h.admin, x); hint(err) != "hint.proposal-waits" || len(h.blobs("lookup-")) != 1 {
		t.Errorf("asked for twice: %v, %v", err, h.blobs("lookup-"))
	}
	if err := h.l.Confirm(ctx, h.admin, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	token := h.show().Token
	if a, err := h.l.LookUp(ctx, token, far(1), []string{"in"}); err != nil || a != account.LookupConfirmed || len(token) < 26 {
		t.Errorf("%q: %v %v", token, a, err)
	}
	for name, wrong := range map[string]string{"shorter": token[1:], "longer": token + "A", "another": strings.Repeat("A", len(token)), "lower": strings.ToLower(token)} {
		if _, err := h.l.LookUp(ctx, wrong, far(2), []string{"in"}); problem.KindOf(err) != problem.NotFound {
			t.Errorf("a token that is %s: %v", name, err)
		}
		if _, err := h.l.LookupPage(ctx, wrong); problem.KindOf(err) != problem.NotFound {
			t.Errorf("the page of a token that is %s: %v", name, err)
		}
	}
	if err := h.l.CloseLookup(ctx, h.admin, h.made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.LookUp(ctx, token, far(3), []string{"in"}); problem.KindOf(err) != problem.NotFound {
		t.Errorf("after it was closed: %v", err)
	}
	if left := h.blobs("lookup-"); len(left) > 0 {
		t.Errorf("after it was closed there are %v", left)
	}
}

// TestLookupIsRefused: who may not ask for a page, and what none answers from.
func TestLookupIsRefused(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	_, staff := arrived(t, h.l, h.clock, "mori", account.Staff)
	_, auditor := arrived(t, h.l, h.clock, "auditor", account.Auditor)
	for name, s := range map[string]id.Session{"staff": staff, "an auditor": auditor} {
		if _, err := h.l.ProposeLookup(ctx, s, scopeOf(h.made, "in")); problem.KindOf(err) != problem.Denied {
			t.Errorf("%s opens a page: %v", name, err)
		}
		if _, err := h.l.Lookup(ctx, s, h.made.ID); problem.KindOf(err) != problem.Denied {
			t.Errorf("%s sees its address: %v", name, err)
		}
		if err := h.l.CloseLookup(ctx, s, h.made.ID); problem.KindOf(err) != problem.Denied {
			t.Errorf("%s closes it: %v", name, err)
		}
	}
	mute := scopeOf(h.made, "in")
	mute.Contact = " "
	other := scopeOf(h.made, "in")
	other.Case = "2001-1"
	for want, x := range map[string]account.LookupScope{"hint.lookup-contact": mute, "hint.no-case": other, "hint.lookup-nobody": scopeOf(h.made)} {
		if _, err := h.l.ProposeLookup(ctx, h.officer, x); hint(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if left := h.blobs("lookup-"); len(left) > 0 {
		t.Errorf("what was refused has left %v", left)
	}
}

// TestLookupAnswers: who is not in scope gets one answer, whether or not there is such a person, and it takes as many hashes.
func TestLookupAnswers(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	x := scopeOf(h.made, "both")
	x.People = append(x.People, account.LookupPerson{Key: "possible", Answer: account.LookupPossible}, account.LookupPerson{Key: "both", Answer: account.LookupPossible},
		account.LookupPerson{Key: "cipher", Answer: account.LookupEncrypted})
	token := h.open(x)
	for i, c := range []struct {
		questions []string
		want      account.LookupAnswer
	}{{[]string{"both", "-"}, account.LookupConfirmed}, {[]string{"-", "possible"}, account.LookupPossible}, {[]string{"cipher", "possible"}, account.LookupPossible},
		{[]string{"cipher", "-"}, account.LookupEncrypted}, {[]string{"of the roster, not in scope", "-"}, account.LookupNone}, {[]string{"", ""}, account.LookupNone}, {nil, account.LookupNone}} {
		if got, err := h.l.LookUp(ctx, token, far(i), c.questions); err != nil || got != c.want {
			t.Errorf("%q: %v %v, want %v", c.questions, got, err, c.want)
		}
	}
	p, err := h.l.LookupPage(ctx, token)
	b, _ := json.Marshal(p)
	if err != nil || strings.Contains(string(b), "case") || strings.Contains(string(b), "persons") || strings.Contains(string(b), "sato") {
		t.Errorf("the page says %s, %v", b, err)
	}
}

// TestLookupScopeTellsLittle: neither the books nor the file of a scope has what was hashed, and each scope has a key of its own.
func TestLookupScopeTellsLittle(t *testing.T) {
	h := newCaseHouse(t)
	const secret = "第一小\x002026\x006\x001\x00pupil\x0012"
	h.open(scopeOf(h.made, secret))
	token := h.show().Token
	for _, name := range []string{"state", filepath.Join("attachments", h.blobs("lookup-")[0])} {
		b, err := durable.ReadFile(h.l.cfg.FS, filepath.Join(h.l.cfg.Dir, name))
		if err != nil || len(b) < 33+scopeRow {
			t.Fatal(name, len(b), err)
		}
		if bytes.Contains(b, []byte("第一小")) || bytes.Contains(b, []byte(token)) {
			t.Errorf("%s has it in clear", name)
		}
	}
	one, two := newScope([]account.LookupPerson{{Key: secret, Answer: account.LookupConfirmed}}), newScope([]account.LookupPerson{{Key: secret, Answer: account.LookupConfirmed}})
	for k := range one.rows {
		if _, ok := two.rows[k]; ok || one.key == two.key {
			t.Error("two scopes have one key")
		}
	}
	if plain := one.marshal(); bytes.Contains(plain, []byte("第一小")) || len(plain) != 33+scopeRow {
		t.Errorf("a scope is %q", plain)
	}
	again, err := parseScope(one.marshal())
	if err != nil || again.ask([]string{secret}) != account.LookupConfirmed {
		t.Error(again, err)
	}
	for _, b := range [][]byte{nil, {2}, one.marshal()[:40], append(one.marshal()[:33], bytes.Repeat([]byte{9}, scopeRow)...)} {
		if _, err := parseScope(b); err == nil {
			t.Errorf("%d bytes are a scope", len(b))
		}
	}
}

// TestStaleLookup: a scope that is older than what is known says of nobody that the records show none.
func TestStaleLookup(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	token := h.open(scopeOf(h.made, "in"))
	ask := func(q string) account.LookupAnswer {
		t.Helper()
		a, err := h.l.LookUp(ctx, token, far(int(h.clock.Unix()%1000)), []string{q})
		if err != nil {
			t.Fatal(err)
		}
		*h.clock = h.clock.Add(time.Minute)
		return a
	}
	if a := ask("out"); a != account.LookupNone || h.show().Stale {
		t.Errorf("a scope of now says %v", a)
	}
	next, err := h.l.OpenCase(ctx, h.officer, account.Case{ID: h.made.ID, Suspects: []account.Suspect{{Subject: "tanaka", From: h.l.now().Add(-time.Hour), To: h.l.now()}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := ask("out"); a != account.LookupUnsettled || !h.show().Stale {
		t.Errorf("an old scope says %v", a)
	}
	if a := ask("in"); a != account.LookupConfirmed {
		t.Errorf("what was known is %v", a)
	}
	// A proposal that is older than the case is not confirmed.
	old := scopeOf(h.made, "in")
	o, err := h.l.ProposeLookup(ctx, h.officer, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.l.Confirm(ctx, h.admin, o.Proposal.ID); hint(err) != "hint.lookup-old" {
		t.Errorf("an old scope is opened: %v", err)
	}
	if err := h.l.Withdraw(ctx, h.officer, o.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if again := h.open(scopeOf(next, "in", "out")); again != token {
		t.Error("the page has another address after it was renewed")
	}
	if a := ask("out"); a != account.LookupConfirmed || h.show().Stale {
		t.Errorf("a new scope says %v", a)
	}
	if err := h.l.heartbeat(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if left := h.blobs("lookup-"); len(left) != 1 {
		t.Errorf("of scopes there are left %v", left)
	}
	// Somebody who is distrusted from now on, and is not frozen, reads on.
	if _, err := h.l.OpenCase(ctx, h.officer, account.Case{ID: h.made.ID, Suspects: []account.Suspect{{Subject: "sato", From: h.made.Suspects[0].From}}}); err != nil {
		t.Fatal(err)
	}
	if a := ask("nobody"); a != account.LookupUnsettled {
		t.Errorf("while a suspect reads on: %v", a)
	}
}

// TestLookupIsSlow: an address gets through a class in an hour and a half, all together through what a house has in a day, and others are not
// kept from asking. What is remembered does not grow.
func TestLookupIsSlow(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	token := h.open(scopeOf(h.made, "7"))
	begun := h.l.now()
	asked, refused := 0, 0
	for asked < 40 { // a class
		_, err := h.l.LookUp(ctx, token, far(1), []string{fmt.Sprint(asked)})
		switch problem.KindOf(err) {
		case problem.Spent:
			refused++
			*h.clock = h.clock.Add(30 * time.Second)
		default:
			if err != nil {
				t.Fatal(err)
			}
			asked++
		}
	}
	if took := h.l.now().Sub(begun); took < 85*time.Minute {
		t.Errorf("a class took %v", took)
	}
	if _, err := h.l.LookUp(ctx, token, far(2), []string{"1"}); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	home := netip.MustParseAddr("2001:db8:1:2::1")
	for range 10 {
		if _, err := h.l.LookUp(ctx, token, home, []string{"1"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.l.LookUp(ctx, token, netip.MustParseAddr("2001:db8:1:2:ffff::9"), []string{"1"}); problem.KindOf(err) != problem.Spent {
		t.Errorf("another address of the same IPv6 network: %v", err)
	}
	g, spent := &strangers{}, 0
	for i := range 2000 { // a botnet, at once
		if !g.take(far(i), begun) {
			spent++
		}
	}
	if spent < 1600 || len(g.addresses) != strangerSlots {
		t.Errorf("of 2000 addresses at once %d were slowed down, %d are remembered", spent, len(g.addresses))
	}
	h.officer = h.who.in()
	days := h.show().Days
	var sum account.LookupDay
	for _, d := range days {
		sum.Asked, sum.Refused = sum.Asked+d.Asked, sum.Refused+d.Refused
	}
	if sum.Asked != 51 || sum.Refused != int64(refused)+1 {
		t.Errorf("counted are %+v, asked 51 and refused %d", days, refused+1)
	}
	if err := h.l.heartbeat(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if again := h.show().Days; !slices.Equal(again, days) {
		t.Errorf("after they were saved: %+v, before %+v", again, days)
	}
}

// TestLookupEndsWithTheCase: when a case is closed its page ends, and what it answered from is gone, also if the program was stopped between.
func TestLookupEndsWithTheCase(t *testing.T) {
	h := newCaseHouse(t)
	ctx := t.Context()
	token := h.open(scopeOf(h.made, "in"))
	if err := h.l.CloseCase(ctx, h.officer, h.made.ID, "looked at"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.LookUp(ctx, token, far(1), []string{"in"}); problem.KindOf(err) != problem.NotFound {
		t.Errorf("the page of a closed case: %v", err)
	}
	if left := h.blobs("lookup-"); len(left) > 0 {
		t.Errorf("after the case there are %v", left)
	}
	n := 0
	for e, err := range h.l.Events(ctx, h.officer, Filter{Kinds: []event.Kind{event.LookupClosed}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Event.Target != h.made.ID {
			t.Errorf("%+v", e.Event)
		}
	}
	if n != 1 {
		t.Errorf("the ledger tells of it %d times", n)
	}
	// What nobody has confirmed is gone when its time is over.
	made, err := h.l.OpenCase(ctx, h.officer, account.Case{Reason: "again", Suspects: []account.Suspect{{Subject: "sato", From: h.l.now().Add(-time.Hour), To: h.l.now()}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.l.ProposeLookup(ctx, h.officer, scopeOf(made, "in")); err != nil {
		t.Fatal(err)
	}
	*h.clock = h.clock.Add(proposalTime + time.Minute)
	if err := h.l.heartbeat(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if left := h.blobs("lookup-"); len(left) > 0 {
		t.Errorf("after the proposal's time there are %v", left)
	}
}

// TestLookupOutlivesARestart: the page answers and has counted on, and what a crash has left that nothing names is gone.
func TestLookupOutlivesARestart(t *testing.T) {
	h := newCaseHouse(t)
	token := h.open(scopeOf(h.made, "in"))
	for i := range 3 {
		if _, err := h.l.LookUp(t.Context(), token, far(i), []string{"out"}); err != nil {
			t.Fatal(err)
		}
	}
	orphans := []string{"lookup-orphan", "receipt-orphan"}
	for _, name := range append(orphans, "of-a-desk") {
		if err := h.l.keys.SaveBlob(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.l.Close(ctx(t)); err != nil {
		t.Fatal(err)
	}
	h.l = reopen(t, h.l.cfg)
	if a, err := h.l.LookUp(t.Context(), token, far(9), []string{"in"}); err != nil || a != account.LookupConfirmed {
		t.Errorf("after a restart: %v %v", a, err)
	}
	h.who.l = h.l
	h.officer = h.who.in()
	if days := h.show().Days; len(days) != 1 || days[0].Asked != 4 {
		t.Errorf("after a restart there were %+v", days)
	}
	if got := h.blobs("lookup-"); len(got) != 1 || slices.Contains(orphans, got[0]) || len(h.blobs("receipt-")) > 0 || len(h.blobs("of-a-desk")) != 1 {
		t.Errorf("after a restart there are %v, %v, %v", got, h.blobs("receipt-"), h.blobs("of-a-desk"))
	}
}

// TestLookupAlso: who is asked for in another way is the same person, and no second one.
func TestLookupAlso(t *testing.T) {
	s := newScope([]account.LookupPerson{{Key: "6-1", Also: "1", Answer: account.LookupEncrypted}, {Key: "6-2", Answer: account.LookupConfirmed}})
	if len(s.rows) != 3 || s.ask([]string{"1"}) != account.LookupEncrypted || s.ask([]string{"2"}) != account.LookupNone {
		t.Errorf("%d rows, %s", len(s.rows), s.ask([]string{"1"}))
	}
}
