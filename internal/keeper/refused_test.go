package keeper

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// TestEndsRefused: whoever has no say in a share is told nothing of it, not even that there is none; and nothing is removed that nobody has agreed on.
func TestEndsRefused(t *testing.T) {
	h := newCaseHouse(t)
	l, ctx := h.l, t.Context()
	_, clerk := arrived(t, l, h.clock, "suzuki", account.Staff)
	if _, err := l.MakeShare(ctx, h.admin, "albums"); err != nil {
		t.Fatal(err)
	}
	_, manager := arrived(t, l, h.clock, "mori", account.ShareManager)
	for who, rights := range map[string]account.Rights{"suzuki": account.CanWrite, "mori": account.CanRead} { // to write, or to give rights, is not enough
		if err := l.SetRights(ctx, h.admin, account.Right{Account: who, Share: "albums", Rights: rights}); err != nil {
			t.Fatal(err)
		}
	}
	h.lift(h.made.ID)
	last := func(_ any, err error) error { return err }
	for _, share := range []string{"albums", "nothing"} {
		for what, err := range map[string]error{
			"the rule":     last(l.Retention(ctx, clerk, share)),
			"the end":      last(l.Ending(ctx, clerk, share)),
			"an end":       last(l.EraseShare(ctx, clerk, share, account.NewErasure{Reason: "x"}, counted)),
			"a rule":       l.SetRetention(ctx, clerk, share, half),
			"a removal":    last(l.AskRemoval(ctx, clerk, share, preview, "x")),
			"an agreement": l.MayRemove(ctx, clerk, share, preview.Digest),
			"a beginning":  l.BeginRemoval(ctx, clerk, share, preview),
			"what is done": l.EndRemoval(ctx, clerk, share, account.Removed{Digest: preview.Digest}),
		} {
			if problem.KindOf(err) != problem.Denied {
				t.Errorf("%s of %s, by a clerk: %v", what, share, err)
			}
		}
	}
	if _, err := l.EraseShare(ctx, manager, "albums", account.NewErasure{Reason: "x"}, counted); problem.KindOf(err) != problem.Denied {
		t.Errorf("an end by who only reads there: %v", err)
	}
	if err := l.SetRights(ctx, h.admin, account.Right{Account: "mori", Share: "albums", Rights: account.CanWrite}); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Ending(ctx, manager, "albums"); err != nil || e.Waits {
		t.Errorf("who may ask for the end does not see it: %+v, %v", e, err)
	}
	for what, err := range map[string]error{
		"the rule": last(l.Retention(ctx, h.admin, "nothing")),
		"the end":  last(l.Ending(ctx, h.admin, "nothing")),
		"an end":   last(l.EraseShare(ctx, h.admin, "nothing", account.NewErasure{Reason: "x"}, counted)),
		"a rule":   l.SetRetention(ctx, h.admin, "nothing", half),
	} {
		if problem.KindOf(err) != problem.NotFound {
			t.Errorf("%s of no share: %v", what, err)
		}
	}
	if err := l.SetRetention(ctx, h.admin, "albums", half); err != nil {
		t.Fatal(err)
	}
	hinted(t, "begun before it is agreed", l.BeginRemoval(ctx, h.admin, "albums", preview), "hint.removal-not-agreed")
	hinted(t, "done before it is agreed", l.EndRemoval(ctx, h.admin, "albums", account.Removed{Digest: preview.Digest}), "hint.removal-not-agreed")
	if err := l.BeginRemoval(ctx, h.admin, "albums", account.Removal{Digest: preview.Digest[:62]}); problem.KindOf(err) != problem.Invalid {
		t.Errorf("without a digest: %v", err)
	}
	o, err := l.AskRemoval(ctx, h.admin, "albums", preview, "as agreed")
	if err == nil {
		err = l.Confirm(ctx, h.officer, o.Proposal.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := l.EndRemoval(ctx, h.admin, "albums", account.Removed{Digest: preview.Digest}); problem.KindOf(err) != problem.Condition {
		t.Errorf("done before it has begun: %v", err)
	}
}

// TestEndsAreCounted: each end of a share has a number of its own, a freeze of one share is none of another, and what the ledger no longer has goes on nowhere.
func TestEndsAreCounted(t *testing.T) {
	h := newCaseHouse(t)
	l, ctx := h.l, t.Context()
	var frozen account.Share
	for _, name := range []string{"albums", "orders", "rosters"} {
		x, err := l.MakeShare(ctx, h.admin, name)
		if err != nil {
			t.Fatal(err)
		}
		frozen = x
	}
	h.lift(h.made.ID)
	if _, err := l.Freeze(ctx, h.officer, account.Stop{Kind: account.StopShare, Subject: frozen.ID.String(), Reason: "odd"}); err != nil {
		t.Fatal(err)
	}
	h.lift("2026-2")
	if _, err := l.MakePapers(ctx, h.admin, 2, 3); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"safe", "bank"} {
		made, err := l.MakeCard(ctx, h.admin, name)
		onStick(t, l, h.admin, made, err)
	}
	if err := l.ForgetCard(ctx, h.admin, 2, "destroyed", "shredded"); err != nil {
		t.Fatal(err)
	}
	_, clerk := arrived(t, l, h.clock, "suzuki", account.Staff)
	asked := []account.Outcome{h.erase("albums", account.NewErasure{Reason: "its time is over"}), h.erase("orders", account.NewErasure{Reason: "its time is over"})}
	if e, err := l.Ending(ctx, h.officer, frozen.Name); err != nil || e.Waits {
		t.Errorf("what waits of others waits of this: %+v, %v", e, err)
	}
	for i, name := range []string{"albums", "orders"} {
		if err := l.Confirm(ctx, h.officer, asked[i].Proposal.ID); err != nil {
			t.Fatal(err)
		}
		if c, err := l.Certificate(ctx, h.officer, name); err != nil || c.Number != i+1 || len(c.Cards) != 1 || c.Cards[0].Name != "safe" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		if err := l.Ended(ctx, clerk, name); err != nil {
			t.Errorf("who had no right there is told of it: %v", err)
		}
		hinted(t, "a rule for what has ended", l.SetRetention(ctx, h.admin, name, half), "hint.share-erased")
	}
	_, err := l.EraseShare(ctx, h.admin, frozen.Name, account.NewErasure{Reason: "x"}, counted)
	hinted(t, "the frozen one", err, "hint.share-frozen")
}

// TestCardWithMore: a keeper that came back with a card from before writes over no card that has keys it lacks; and such a share can be ended.
func TestCardWithMore(t *testing.T) {
	l := start(t, testConfig(durabletest.New(t), "/data"))
	ctx, root := t.Context(), console(t, l)
	if _, err := l.MakeShare(ctx, root, "albums"); err != nil {
		t.Fatal(err)
	}
	papers, err := l.MakePapers(ctx, root, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, root, "safe")
	old := onStick(t, l, root, made, err)
	later, err := l.MakeShare(ctx, root, "later")
	if err != nil {
		t.Fatal(err)
	}
	made, err = l.RefreshCard(ctx, root, 1, old.Content)
	fresh := onStick(t, l, root, made, err)
	r, cfg := l.rescue(t, old.Content, papers), l.cfg
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	cfg.Dir += "-again"
	if _, err := Recover(ctx, cfg, r); err != nil {
		t.Fatal(err)
	}
	cfg.AcceptRollback = true
	l = reopen(t, cfg)
	root = console(t, l)
	_, err = l.RefreshCard(ctx, root, 1, fresh.Content)
	hinted(t, "the card that has more", err, "hint.card-has-more")
	if _, err := l.EraseShare(ctx, root, "later", account.NewErasure{Reason: "its keys are lost"}, counted); err != nil { // the console is alone
		t.Fatal(err)
	}
	if list := l.ErasedShares(); len(list) != 1 || list[0].ID != later.ID || len(entries(t, l, event.ShareErased)) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestRulesThatWereOthers: what two people agree on is what the second was shown; and nothing that waits takes the last administrator, or who is gone.
func TestRulesThatWereOthers(t *testing.T) {
	l, _, x := watched(t, testConfig(durabletest.New(t), "/data"))
	l.unwatch() // who asks witnesses reads the clock, too
	clock := l.now()
	l.cfg.Now = func() time.Time { return clock }
	ctx := t.Context()
	_, admin := arrived(t, l, &clock, "tanaka", account.Administrator)
	_, officer := arrived(t, l, &clock, "officer", account.PrivacyOfficer)
	weaker := func(m account.WitnessMode) string {
		t.Helper()
		o, err := l.SetWitnesses(ctx, admin, account.Witnessing{Mode: m, Witnesses: []account.Witness{x}, Need: 1})
		if err != nil || o.Proposal == nil {
			t.Fatal(o, err)
		}
		return o.Proposal.ID
	}
	off, warn := weaker(account.WitnessOff), weaker(account.WitnessWarn)
	if err := l.Confirm(ctx, officer, warn); err != nil {
		t.Fatal(err)
	}
	hinted(t, "off, asked for when it was required", l.Confirm(ctx, officer, off), "hint.rules-changed")
	if _, err := l.SetWitnesses(ctx, officer, account.Witnessing{Mode: account.WitnessRequire, Witnesses: []account.Witness{x}, Need: 1}); problem.KindOf(err) != problem.Denied {
		t.Errorf("stricter, by who may not: %v", err)
	}
	_, err := l.SetHold(ctx, officer, "2026-9", account.NewHold{Lift: true, Reason: "x"})
	hinted(t, "a hold of no case", err, "hint.no-case")

	arrived(t, l, &clock, "sato", account.Administrator)
	arrived(t, l, &clock, "suzuki", account.PrivacyOfficer)
	waits := func(o account.Outcome, err error) string {
		t.Helper()
		if err != nil || o.Proposal == nil {
			t.Fatal(o, err)
		}
		return o.Proposal.ID
	}
	root := console(t, l)
	gone, closed := waits(l.RemoveAccount(ctx, admin, "suzuki")), waits(l.SetDisabled(ctx, admin, "suzuki", true))
	one, other := waits(l.RemoveAccount(ctx, root, "tanaka")), waits(l.RemoveAccount(ctx, root, "sato"))
	for _, n := range []string{gone, one} {
		if err := l.Confirm(ctx, officer, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Confirm(ctx, officer, closed); problem.KindOf(err) != problem.NotFound {
		t.Errorf("who is gone: %v", err)
	}
	if err := l.Confirm(ctx, officer, other); err == nil || l.books.Load().known("sato") == nil {
		t.Errorf("the last administrator: %v", err)
	}
	_, err = l.TestPapers(ctx, officer, nil)
	hinted(t, "no papers", err, "hint.papers-none")
	_, err = l.TestPapers(ctx, officer, slices.Repeat([]string{"x"}, maxPapers+1))
	hinted(t, "more papers than there can be", err, "hint.papers-none")
	if r, err := l.Renewal(ctx, officer); err != nil || strings.TrimSpace(r.Reason) != "" {
		t.Errorf("a renewal that never was: %+v, %v", r, err)
	}
}

// TestPapersInTime: papers that nobody has tried can be made again for a day, and what two people have agreed on counts for a day.
func TestPapersInTime(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	root := console(t, l)
	if _, err := l.MakePapers(ctx, root, 2, 3); err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, root, "safe")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.CardWritten(ctx, officer, made.Number, made.SHA256); problem.KindOf(err) != problem.Denied {
		t.Errorf("a card that was read back by who may not make one: %v", err)
	}
	r, err := l.RenewPapers(ctx, root, 2, 3, "mori has left")
	if err == nil {
		err = l.Confirm(ctx, officer, r.Proposal.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(makeAgain + time.Second)
	root = console(t, l)
	_, err = l.MakePapers(ctx, root, 2, 3)
	hinted(t, "once more, a day later", err, "hint.papers-exist")
	if r, err = l.RenewPapers(ctx, root, 2, 3, "mori has left"); err != nil || r.Papers != nil || r.Proposal == nil {
		t.Errorf("renewed a day after it was agreed: %+v, %v", r, err)
	}
}
