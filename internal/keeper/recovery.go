package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

// recoveryState is what the keeper remembers of papers. Which set is in force, and what its pieces must be, is in custody's file.
type recoveryState struct {
	Last   uint16      `json:"last"`            // the highest number of a set that was given away
	Code   string      `json:"code,omitempty"`  // of the set that the rest is about
	By     string      `json:"by,omitempty"`    // who made it
	Seen   []time.Time `json:"seen,omitempty"`  // of each paper, when it was last right
	Opened time.Time   `json:"opened,omitzero"` // when papers last opened the root together
	Grant  *paperGrant `json:"grant,omitempty"` // two people have agreed to renew them
}

// paperGrant lets who asked for it renew the papers, once.
type paperGrant struct {
	By    id.Account `json:"by,omitzero"` // zero: the console
	Until time.Time  `json:"until"`
}

const (
	testAgain = 365 * 24 * time.Hour // papers fade, and people move
	makeAgain = 24 * time.Hour       // in which a set that nobody has tried may be made again: the printer had no paper
	grantTime = 24 * time.Hour
	maxPapers = 2 * piece.MaxOf // in one test
	maxPaper  = 4 << 10         // bytes of the text of one
)

// paperMaker returns nil if a session may make papers: who may change the settings, in person.
func (l *Local) paperMaker(b *books, by account.Session, op string) error {
	if !b.may(by, account.Settle) || by.Factor == account.ByToken {
		return notAllowed(op)
	}
	return l.fresh(by, op)
}

// recoveryOf returns a copy of what is remembered of a set.
func (b *books) recoveryOf(code string) recoveryState {
	out := recoveryState{}
	if b.Recovery != nil {
		out = *b.Recovery
		out.Seen = slices.Clone(out.Seen)
	}
	if out.Code != code {
		out = recoveryState{Last: out.Last, Grant: out.Grant, Code: code}
	}
	return out
}

// tested returns since when so many papers as are needed were right; zero: they never were.
func (r recoveryState) tested(needed int) time.Time {
	seen := slices.Clone(r.Seen)
	slices.SortFunc(seen, func(a, b time.Time) int { return b.Compare(a) })
	if len(seen) < needed {
		return time.Time{}
	}
	return seen[needed-1]
}

// Reserve tells what a lost keeper would come back from, to those who see people.
func (l *Local) Reserve(_ context.Context, s id.Session) (account.Reserve, error) {
	const op = "show reserve"
	by, err := l.live(s)
	if err != nil {
		return account.Reserve{}, err
	}
	b := l.books.Load()
	if !b.may(by, account.SeePeople) {
		return account.Reserve{}, notAllowed(op)
	}
	out, err := l.reserve(b)
	if g := b.recoveryOf("").Grant; g != nil && g.By == by.Account && l.now().Before(g.Until) {
		out.Renewing = true
	}
	return out, err
}

// KnownReserve is Reserve for the storehouse itself, which reminds people.
func (l *Local) KnownReserve() (account.Reserve, error) { return l.reserve(l.books.Load()) }

// reserve is Reserve for whoever may know.
func (l *Local) reserve(b *books) (account.Reserve, error) {
	papers, there, err := l.keys.Papers()
	broken := problem.KindOf(err) == problem.Damaged
	if err != nil && !broken {
		return account.Reserve{}, err
	}
	v := piece.VaultOf(l.keys.LedgerPublicKey())
	out := account.Reserve{Generation: l.keys.Generation(), Vault: piece.Fingerprint(v[:5])}
	if there {
		x := b.recoveryOf(papers.Fingerprint())
		out.Papers = &account.PaperSet{Number: int(papers.Number), Code: papers.Fingerprint(), Needed: papers.Needed, Of: papers.Of, Made: papers.Made,
			By: x.By, Opened: x.Opened, Seen: x.Seen, Tested: x.tested(papers.Needed)}
	}
	destroyed := l.keys.Destroyed()
	for _, c := range b.Cards {
		out.Cards = append(out.Cards, c.show(out.Generation, out.Papers, destroyed))
	}
	out.Ready, out.Lacks = lacking(out, l.now())
	if broken {
		out.Lacks[0] = "papers-damaged" // in place of "no-papers"
	}
	return out, nil
}

// lacking says what is missing, the worst first, and whether the keeper could come back today.
func lacking(r account.Reserve, now time.Time) (ready bool, lacks []string) {
	fresh, live := 0, 0
	for _, c := range r.Cards {
		switch c.State {
		case "fresh":
			fresh++
			live++
		case "stale":
			live++
		}
	}
	add := func(word string, is bool) {
		if is {
			lacks = append(lacks, word)
		}
	}
	ready = r.Papers != nil && fresh > 0
	add("no-papers", r.Papers == nil)
	add("no-card", live == 0)
	add("no-fresh-card", r.Papers != nil && live > 0 && fresh == 0) // without papers none can be
	if r.Papers != nil {
		add("untested", r.Papers.Tested.IsZero())
		add("test-old", !r.Papers.Tested.IsZero() && now.Sub(r.Papers.Tested) > testAgain)
	}
	add("one-card", live == 1)
	add("stale-card", fresh > 0 && fresh < live)
	add("former-card", slices.ContainsFunc(r.Cards, func(c account.KeyCard) bool { return c.Former }))
	add("lost-card", slices.ContainsFunc(r.Cards, func(c account.KeyCard) bool { return c.State == "lost" && c.Outstanding > 0 }))
	return ready, lacks
}

// MakePapers makes the first papers. Who has lost them on the way to the printer may make others within a day, unless they were tried:
// later that takes two people and another root, RenewPapers.
func (l *Local) MakePapers(ctx context.Context, s id.Session, needed, of int) (account.KeyPapers, error) {
	const op = "make papers"
	if err := l.power(s, account.Settle, op); err != nil {
		return account.KeyPapers{}, err
	}
	l.papering.Lock()
	defer l.papering.Unlock()
	now, there, err := l.keys.Papers()
	if err != nil {
		return account.KeyPapers{}, err
	}
	if err := fitting(op, needed, of); err != nil {
		return account.KeyPapers{}, err
	}
	var after uint16
	err = l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if err := l.paperMaker(b, by, op); err != nil {
			return event.Event{}, err
		}
		x := b.recoveryOf(now.Fingerprint())
		if there && (l.now().Sub(now.Made) > makeAgain || !x.Opened.IsZero() || len(x.Seen) > 0) {
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, Hint: "hint.papers-exist"}
		}
		after = max(x.Last, now.Number)
		d.Recovery = &recoveryState{Last: after + 1, By: by.Name, Grant: x.Grant}
		return event.Event{Kind: event.PapersMade, Target: fmt.Sprint(after + 1), Note: fmt.Sprintf("%d of %d", needed, of)}, nil
	})
	if err != nil {
		return account.KeyPapers{}, err
	}
	p, pieces, err := l.keys.MakePapers(needed, of, after, l.now())
	if err != nil {
		return account.KeyPapers{}, err
	}
	defer letGo(pieces)
	return l.printed(ctx, p, pieces), nil
}

// fitting returns nil if there can be such a set.
func fitting(op string, needed, of int) error {
	if !(piece.Set{Number: 1, Needed: needed, Of: of}).Valid() {
		return unfit(op, fmt.Sprintf("%d/%d", needed, of), "hint.papers-number")
	}
	return nil
}

// RenewPapers makes another root and other papers. It takes two people: the first call asks, and once another has confirmed it, who asked
// calls again and gets the papers.
func (l *Local) RenewPapers(ctx context.Context, s id.Session, needed, of int, reason string) (account.RenewedPapers, error) {
	const op = "renew papers"
	if err := l.power(s, account.Settle, op); err != nil {
		return account.RenewedPapers{}, err
	}
	if err := fitting(op, needed, of); err != nil {
		return account.RenewedPapers{}, err
	}
	l.papering.Lock()
	defer l.papering.Unlock()
	now, there, err := l.keys.Papers()
	if err != nil && problem.KindOf(err) != problem.Damaged { // whose file is gone needs new ones
		return account.RenewedPapers{}, err
	}
	if err == nil && !there {
		return account.RenewedPapers{}, &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.no-papers"}
	}
	p, err := l.renewGranted(ctx, s, op, now, needed, of)
	if !errors.Is(err, errTwoPeople) {
		return account.RenewedPapers{Papers: p}, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return account.RenewedPapers{}, unfit(op, "", "hint.papers-reason")
	}
	o, err := l.propose(ctx, s, op, proposalState{Act: actRenewPapers, Reason: reason}, account.Settle)
	if err != nil || o.Proposal != nil {
		return account.RenewedPapers{Outcome: o}, err
	}
	p, err = l.renewGranted(ctx, s, op, now, needed, of) // the console alone
	return account.RenewedPapers{Papers: p}, err
}

// renewGranted renews the papers if two people have agreed to it, or returns errTwoPeople.
func (l *Local) renewGranted(ctx context.Context, s id.Session, op string, now custody.Papers, needed, of int) (*account.KeyPapers, error) {
	var after uint16
	err := l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if err := l.paperMaker(b, by, op); err != nil {
			return event.Event{}, err
		}
		x := b.recoveryOf(now.Fingerprint())
		if x.Grant == nil || x.Grant.By != by.Account || !l.now().Before(x.Grant.Until) {
			return event.Event{}, errTwoPeople
		}
		after = max(x.Last, now.Number)
		d.Recovery = &recoveryState{Last: after + 1, By: by.Name}
		return event.Event{Kind: event.PapersRenewed, Target: fmt.Sprint(after + 1), Note: fmt.Sprintf("%d of %d", needed, of) + ", " + fmt.Sprintf("in place of set %d", now.Number)}, nil
	})
	if err != nil {
		return nil, err
	}
	r, err := l.keys.RenewPapers(needed, of, after, l.now())
	if err != nil {
		return nil, err
	}
	defer letGo(r.Pieces)
	if r.Unfinished != nil {
		l.cfg.Log.ErrorContext(ctx, "some of the keeper's files are still sealed with the root before; the next start goes on", "err", r.Unfinished)
	}
	out := l.printed(ctx, r.Papers, r.Pieces)
	out.Unsure = r.Unsure
	return &out, nil
}

func letGo(pieces []piece.Piece) {
	for i := range pieces {
		pieces[i].Zero()
	}
}

// printed returns papers, and remembers of which set the maker was remembered.
func (l *Local) printed(ctx context.Context, p custody.Papers, pieces []piece.Piece) account.KeyPapers {
	out := account.KeyPapers{Vault: piece.Fingerprint(p.Vault[:])}
	by := ""
	if err := l.amend(ctx, "make papers", "", func(b *books, d *draft) ([]event.Event, error) {
		x := *b.Recovery
		x.Code, by = p.Fingerprint(), x.By
		d.Recovery = &x
		return nil, nil
	}); err != nil { // the papers count all the same
		l.cfg.Log.ErrorContext(ctx, "who made the papers is not remembered; the ledger tells", "err", err)
	}
	out.PaperSet = account.PaperSet{Number: int(p.Number), Code: p.Fingerprint(), Needed: p.Needed, Of: p.Of, Made: p.Made, By: by}
	for _, x := range pieces {
		out.Papers = append(out.Papers, account.KeyPaper{Number: x.Number, Words: x.Words(), Code: x.Code()})
	}
	return out
}

// grant lets who asked renew the papers.
func (d *draft) grant(p proposalState, now time.Time) []event.Event {
	x := recoveryState{}
	if d.Recovery != nil {
		x = *d.Recovery
	}
	x.Grant = &paperGrant{By: p.By, Until: now.Add(grantTime)}
	d.Recovery = &x
	return nil
}

// TestPapers says of each text whether it is a paper that is right, and whether all together open the root: to who may be the second
// person, or change the settings. Nothing of the texts is kept; the ledger records what came of it.
func (l *Local) TestPapers(ctx context.Context, s id.Session, texts []string) (account.PaperTest, error) {
	const op = "test papers"
	by, err := l.live(s)
	if err != nil {
		return account.PaperTest{}, err
	}
	if b := l.books.Load(); !b.may(by, account.Confirm) && !b.may(by, account.Settle) || by.Factor == account.ByToken {
		return account.PaperTest{}, notAllowed(op)
	}
	if len(texts) == 0 || len(texts) > maxPapers {
		return account.PaperTest{}, unfit(op, "", "hint.papers-none")
	}
	set, there, err := l.keys.Papers()
	if err == nil && !there {
		err = &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.no-papers"}
	}
	if err != nil {
		return account.PaperTest{}, err
	}
	out := account.PaperTest{Set: int(set.Number), Code: set.Fingerprint(), Needed: set.Needed}
	var pieces []piece.Piece
	var at []int
	for i, text := range texts {
		r, p, ok := read(text)
		out.Results = append(out.Results, r)
		if ok {
			pieces, at = append(pieces, p), append(at, i)
		}
	}
	defer letGo(pieces)
	verdicts, opens, err := l.keys.TestPapers(pieces)
	if err != nil {
		return account.PaperTest{}, err
	}
	out.Opens = opens
	for i, v := range verdicts {
		out.Results[at[i]].Verdict = string(v)
	}
	return out, l.noteTest(ctx, s, op, set, out)
}

// read reads a paper.
func read(text string) (account.PaperResult, piece.Piece, bool) {
	if len(text) > maxPaper {
		return account.PaperResult{Verdict: string(piece.Length)}, piece.Piece{}, false
	}
	p, err := piece.Parse(text)
	if e, ok := errors.AsType[*piece.Error](err); ok {
		return account.PaperResult{Verdict: string(e.Reason), Line: e.Line, Word: e.Place}, p, false
	}
	return account.PaperResult{Number: p.Number, Set: int(p.Set.Number), Code: p.Fingerprint()}, p, err == nil
}

// noteTest records what came of a test.
func (l *Local) noteTest(ctx context.Context, s id.Session, op string, set custody.Papers, t account.PaperTest) error {
	return l.change(ctx, s, op, "", func(b *books, d *draft, _ account.Session) (event.Event, error) {
		x := b.recoveryOf(set.Fingerprint())
		if len(x.Seen) != set.Of {
			x.Seen = make([]time.Time, set.Of)
		}
		var note []string
		for _, r := range t.Results {
			if r.Number > 0 {
				note = append(note, fmt.Sprintf("%d %s", r.Number, r.Verdict))
			} else {
				note = append(note, "? "+r.Verdict)
			}
			if r.Verdict == string(custody.Good) {
				x.Seen[r.Number-1] = l.now()
			}
		}
		if t.Opens {
			x.Opened = l.now()
			note = append(note, "opens")
		}
		d.Recovery = &x
		return event.Event{Kind: event.PapersTested, Target: fmt.Sprint(set.Number), Note: strings.Join(note, ", ")}, nil
	})
}
