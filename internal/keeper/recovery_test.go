package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
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

func reserve(t *testing.T, l *Local, s id.Session) account.Reserve {
	t.Helper()
	r, err := l.Reserve(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func hinted(t *testing.T, what string, err error, hint string) {
	t.Helper()
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != hint {
		t.Errorf("%s: %v, want %s", what, err, hint)
	}
}

// onStick puts a card on a stick, and says so.
func onStick(t *testing.T, l *Local, s id.Session, x account.CardFile, err error) account.CardFile {
	t.Helper()
	if err == nil {
		err = l.CardWritten(t.Context(), s, x.Number, x.SHA256)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestReserve goes from nothing to a keeper that could come back, and lets time go by.
func TestReserve(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	root := console(t, l)
	lacks := func(ready bool, want ...string) {
		t.Helper()
		if r := reserve(t, l, root); r.Ready != ready || !slices.Equal(r.Lacks, want) {
			t.Errorf("ready %v, lacks %q, want %q", r.Ready, r.Lacks, want)
		}
	}
	lacks(false, "no-papers", "no-card")
	_, err := l.TestPapers(ctx, s, []string{"x"})
	hinted(t, "a test before there are papers", err, "hint.no-papers")
	early, err := l.MakeCard(ctx, s, "early")
	onStick(t, l, s, early, err)
	lacks(false, "no-papers", "one-card") // there is no refreshing it before there are papers
	_, err = l.RenewPapers(ctx, s, 2, 3, "why")
	hinted(t, "a renewal before", err, "hint.no-papers")
	_, err = l.MakePapers(ctx, s, 1, 3)
	hinted(t, "1 of 3", err, "hint.papers-number")
	if _, err := l.MakePapers(ctx, s, 2, 3); err != nil {
		t.Fatal(err)
	}
	p, err := l.MakePapers(ctx, s, 2, 3) // the printer had no paper
	if err != nil || p.Number != 2 || len(p.Papers) != 3 || p.By != "tanaka" {
		t.Fatalf("%+v, %v", p, err)
	}
	lacks(false, "no-fresh-card", "untested", "one-card")
	if err := l.ForgetCard(ctx, s, early.Number, "destroyed", "made too early"); err != nil {
		t.Fatal(err)
	}
	lacks(false, "no-card", "untested")
	made, err := l.MakeCard(ctx, s, "safe")
	first := onStick(t, l, s, made, err)
	lacks(true, "untested", "one-card")
	_, err = l.MakeCard(ctx, s, "SAFE")
	hinted(t, "a name twice", err, "hint.card-name-taken")
	made, err = l.MakeCard(ctx, s, "bank")
	onStick(t, l, s, made, err)
	lacks(true, "untested")
	one, err := l.TestPapers(ctx, s, []string{p.Papers[2].Code})
	if err != nil || one.Opens || one.Results[0] != (account.PaperResult{Number: 3, Verdict: "good", Set: 2, Code: p.Code}) {
		t.Errorf("one paper: %+v, %v", one, err)
	}
	lacks(true, "untested")
	*clock = clock.Add(time.Hour)
	var words []string
	for _, w := range p.Papers[0].Words {
		words = append(words, strings.Join(w, " "))
	}
	both, err := l.TestPapers(ctx, root, []string{strings.Join(words, "\n"), p.Papers[2].Code})
	if err != nil || !both.Opens {
		t.Errorf("two papers: %+v, %v", both, err)
	}
	lacks(true)
	_, err = l.MakePapers(ctx, root, 2, 3)
	hinted(t, "making again what was tried", err, "hint.papers-exist")
	if _, err := l.MakeShare(ctx, root, "albums"); err != nil {
		t.Fatal(err)
	}
	lacks(false, "no-fresh-card")
	again, err := l.RefreshCard(ctx, root, first.Number, first.Content)
	if err != nil || again.Generation != 2 {
		t.Fatalf("%+v, %v", again, err)
	}
	lacks(false, "no-fresh-card") // until it was read back
	hinted(t, "another content read back", l.CardWritten(ctx, root, first.Number, first.SHA256), "hint.card-not-that")
	onStick(t, l, root, again, nil)
	lacks(true, "stale-card")
	if err := l.ForgetCard(ctx, root, 3, "destroyed", "shredded"); err != nil {
		t.Fatal(err)
	}
	lacks(true, "one-card")
	*clock = clock.Add(testAgain + time.Hour)
	root = console(t, l)
	lacks(true, "test-old", "one-card")
	if b, err := json.Marshal(reserve(t, l, root)); err != nil || strings.Contains(string(b), p.Papers[0].Code) || strings.Contains(string(b), p.Papers[0].Words[2][0]+" ") {
		t.Errorf("%s, %v", b, err)
	}
}

// TestDamagedRecoveryFile: it is said, and nothing else stops.
func TestDamagedRecoveryFile(t *testing.T) {
	l, clock := newHouse(t)
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	if _, err := l.MakePapers(t.Context(), s, 2, 3); err != nil {
		t.Fatal(err)
	}
	if err := l.cfg.FS.(*durabletest.Platter).SetFile("/data/keeper/recovery", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if r := reserve(t, l, s); r.Ready || r.Lacks[0] != "papers-damaged" {
		t.Errorf("%+v", r)
	}
	if _, err := l.MakeCard(t.Context(), s, "safe"); problem.KindOf(err) != problem.Damaged {
		t.Errorf("a card of it: %v", err)
	}
}

// TestRenewPapersTakesTwo: another person confirms, and only who asked gets them, once.
func TestRenewPapersTakesTwo(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	_, other := arrived(t, l, clock, "yamada", account.Administrator)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	old, err := l.MakePapers(ctx, s, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, s, "safe")
	stick := onStick(t, l, s, made, err)
	_, err = l.RenewPapers(ctx, s, 2, 2, " ")
	hinted(t, "no reason", err, "hint.papers-reason")
	r, err := l.RenewPapers(ctx, s, 2, 2, "mori has left")
	if err != nil || r.Proposal == nil || r.Papers != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	hinted(t, "oneself", l.Confirm(ctx, s, r.Proposal.ID), "hint.two-people")
	if err := l.Confirm(ctx, officer, r.Proposal.ID); err != nil {
		t.Fatal(err)
	}
	if reserve(t, l, other).Renewing || !reserve(t, l, s).Renewing {
		t.Error("somebody else may do it, or who asked may not")
	}
	if _, err := l.RenewPapers(ctx, officer, 2, 2, "x"); problem.KindOf(err) != problem.Denied {
		t.Errorf("an officer: %v", err)
	}
	r, err = l.RenewPapers(ctx, s, 2, 2, "")
	if err != nil || r.Papers == nil || r.Papers.Number != 2 || r.Papers.Needed != 2 || len(r.Papers.Papers) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if again, err := l.RenewPapers(ctx, s, 2, 2, "once more"); err != nil || again.Proposal == nil {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	tested, err := l.TestPapers(ctx, officer, []string{old.Papers[0].Code, r.Papers.Papers[0].Code, r.Papers.Papers[1].Code})
	if err != nil || !tested.Opens || tested.Results[0].Verdict != "other-set" || tested.Results[0].Set != 1 {
		t.Errorf("%+v, %v", tested, err)
	}
	r2 := reserve(t, l, s)
	if c := r2.Cards[0]; c.State != "stale" || !c.Former || !slices.Contains(r2.Lacks, "former-card") {
		t.Errorf("the card: %+v, %q", c, r2.Lacks)
	}
	_, err = l.CheckCard(ctx, officer, stick.Content)
	hinted(t, "a card from before", err, "hint.card-other-root")
	again, err := l.RefreshCard(ctx, s, 1, stick.Content)
	onStick(t, l, s, again, err)
	if r := reserve(t, l, s); !r.Ready || r.Cards[0].Former || slices.Contains(r.Lacks, "former-card") {
		t.Errorf("with new papers and a new card: %+v", r)
	}
}

// TestFormerCards: what opens with papers from before is dangerous until it is rewritten or in pieces, also when it was never read back or is lost.
func TestFormerCards(t *testing.T) {
	l, _ := newHouse(t)
	ctx, s := t.Context(), console(t, l)
	if _, err := l.MakePapers(ctx, s, 2, 3); err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, s, "safe")
	onStick(t, l, s, made, err)
	if _, err := l.MakeCard(ctx, s, "on its way"); err != nil {
		t.Fatal(err)
	}
	if err := l.ForgetCard(ctx, s, 1, "lost", "nobody knows"); err != nil {
		t.Fatal(err)
	}
	if r, err := l.RenewPapers(ctx, s, 2, 3, "a paper was seen"); err != nil || r.Papers == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, step := range []struct {
		number int
		left   string
	}{{0, "true true"}, {1, "false true"}, {2, "false false"}} {
		if step.number > 0 {
			if err := l.ForgetCard(ctx, s, step.number, "destroyed", "shredded"); err != nil {
				t.Fatal(err)
			}
		}
		r := reserve(t, l, s)
		if got := fmt.Sprint(r.Cards[0].Former, " ", r.Cards[1].Former); got != step.left || slices.Contains(r.Lacks, "former-card") != strings.Contains(got, "true") {
			t.Errorf("after %d was destroyed: %s, %q", step.number, got, r.Lacks)
		}
	}
}

// TestSavedCards: a card that a browser has saved counts once its file was shown from the stick, and again when another has taken its place, also
// when the one before was shown in between.
func TestSavedCards(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	if _, err := l.MakePapers(ctx, s, 2, 3); err != nil {
		t.Fatal(err)
	}
	first, err := l.MakeCard(ctx, s, "safe")
	if err != nil {
		t.Fatal(err)
	}
	shown := func(what string, x account.CardFile, state string) {
		t.Helper()
		_, err := l.CheckCard(ctx, s, x.Content)
		c := reserve(t, l, s).Cards[0]
		if err != nil || c.State != state || !c.Checked.Equal(*clock) {
			t.Errorf("%s: %+v, %v", what, c, err)
		}
	}
	shown("the first", first, "fresh")
	if _, err := l.MakeShare(ctx, s, "albums"); err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(time.Minute)
	second, err := l.RefreshCard(ctx, s, 1, first.Content)
	if err != nil {
		t.Fatal(err)
	}
	shown("the first once more", first, "stale")
	if behind, since := l.CardsBehind(); len(behind) != 1 || behind[0] != "1 safe" || !since.Equal(l.books.Load().Shares[0].Created) {
		t.Errorf("behind are %q since %v", behind, since)
	}
	shown("the second", second, "fresh")
	if behind, _ := l.CardsBehind(); len(behind) > 0 {
		t.Errorf("behind are %q", behind)
	}
	if c := reserve(t, l, s).Cards[0]; !c.Written.Equal(clock.Truncate(time.Second)) {
		t.Errorf("written %v, want %v", c.Written, *clock)
	}
}

// TestTestsTellNothing: what is wrong is said, and the ledger has no word of a paper.
func TestTestsTellNothing(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	_, staff := arrived(t, l, clock, "sato", account.Staff)
	p, err := l.MakePapers(ctx, s, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(n int) []string {
		var out []string
		for _, w := range p.Papers[n].Words {
			out = append(out, strings.Join(w, " "))
		}
		return out
	}
	slip := lines(0)
	slip[3] = strings.Replace(slip[3], slip[3][:1], map[bool]string{true: "z", false: "q"}[slip[3][0] != 'z'], 1)
	swapped := lines(0)
	swapped[5], swapped[6] = swapped[6], swapped[5]
	x, err := l.TestPapers(ctx, s, []string{strings.Join(slip, "\n"), strings.Join(swapped, "\n"), "", p.Papers[1].Code, p.Papers[1].Code})
	if err != nil || x.Opens || x.Results[0].Line != 4 || x.Results[1].Line != 6 || x.Results[2].Verdict != "empty" || x.Results[3].Verdict != "good" || x.Results[4].Verdict != "twice" {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := l.TestPapers(ctx, staff, []string{p.Papers[1].Code}); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff: %v", err)
	}
	if _, err := l.Reserve(ctx, staff); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff: %v", err)
	}
	for e, err := range l.Events(ctx, s, Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%+v", e)
		for _, paper := range p.Papers {
			if strings.Contains(text, paper.Code[8:30]) || strings.Contains(text, paper.Words[3][0]+" "+paper.Words[3][1]) {
				t.Errorf("the ledger has a paper: %s", text)
			}
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", p, p, p.Papers); strings.Contains(s, p.Papers[0].Code[8:30]) || strings.Contains(s, p.Papers[0].Words[3][0]) {
		t.Errorf("papers print: %s", s)
	}
}

// TestRecover makes a keeper on another disk, with a card from before a share was made.
func TestRecover(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	if _, err := l.MakeShare(ctx, s, "albums"); err != nil {
		t.Fatal(err)
	}
	p, err := l.MakePapers(ctx, s, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	stick, err := l.MakeCard(ctx, s, "safe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.MakeShare(ctx, s, "later"); err != nil {
		t.Fatal(err)
	}
	x := Rescue{}
	if x.Card, err = card.Parse(stick.Content); err != nil {
		t.Fatal(err)
	}
	for _, paper := range p.Papers[1:] {
		one, err := piece.Parse(paper.Code)
		if err != nil {
			t.Fatal(err)
		}
		x.Pieces = append(x.Pieces, one)
	}
	out, err := l.CopyOut(ctx, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, f := range out.Files {
		b, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = b
		x.Names = append(x.Names, f.Name)
		f.Close()
	}
	x.Read = func(name string) ([]byte, error) { return files[name], nil }
	cfg := testConfig(durabletest.New(t), "/elsewhere")
	cfg.Secret = FromPassphrase("another pass phrase")
	got, err := Recover(ctx, cfg, x)
	if err != nil || len(got.Shares) != 1 || len(got.Missing) != 1 || got.Missing[0].Name != "later" || len(got.Nameless) != 0 || got.PublicKey != l.Status().PublicKey {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestCardsThatAreGone(t *testing.T) {
	l, clock := newHouse(t)
	ctx := t.Context()
	_, s := arrived(t, l, clock, "tanaka", account.Administrator)
	sh, err := l.MakeShare(ctx, s, "albums")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.MakePapers(ctx, s, 2, 3); err != nil {
		t.Fatal(err)
	}
	made, err := l.MakeCard(ctx, s, "safe")
	stick := onStick(t, l, s, made, err)
	made, err = l.MakeCard(ctx, s, "bank")
	onStick(t, l, s, made, err)
	hinted(t, "without a reason", l.ForgetCard(ctx, s, 2, "lost", ""), "hint.card-reason")
	if err := l.ForgetCard(ctx, s, 2, "lost", "nobody knows"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.keys.DestroyShare(sh.ID); err != nil {
		t.Fatal(err)
	}
	states := func() (out []string) {
		for _, c := range reserve(t, l, s).Cards {
			out = append(out, fmt.Sprintf("%d %s %d", c.Number, c.State, c.Outstanding))
		}
		return out
	}
	if got := states(); !slices.Equal(got, []string{"1 stale 1", "2 lost 1"}) {
		t.Errorf("%q", got)
	}
	if c, err := l.CheckCard(ctx, s, stick.Content); err != nil || c.Destroyed != 1 || c.Fresh {
		t.Errorf("%+v, %v", c, err)
	}
	again, err := l.RefreshCard(ctx, s, 1, stick.Content)
	onStick(t, l, s, again, err)
	if err := l.ForgetCard(ctx, s, 2, "destroyed", "found and shredded"); err != nil {
		t.Fatal(err)
	}
	if got := states(); !slices.Equal(got, []string{"1 fresh 0", "2 destroyed 0"}) {
		t.Errorf("%q", got)
	}
	_, err = l.RefreshCard(ctx, s, 2, again.Content)
	hinted(t, "in place of another", err, "hint.card-another")
	_, err = l.RefreshCard(ctx, s, 2, nil)
	hinted(t, "a card that is gone", err, "hint.no-such-card")
	_, err = l.CheckCard(ctx, s, append(stick.Content, 'x'))
	hinted(t, "a damaged one", err, "hint.card-file")
	n := 0
	for _, err := range l.Events(ctx, s, Filter{Kinds: []event.Kind{event.CardForgotten}}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d entries of cards that are gone", n)
	}
}
