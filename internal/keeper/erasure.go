package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// endState is the end of a share. Once it is in the books the share opens for nobody, and its keys go: at once, or after a crash at the next
// start.
type endState struct {
	Number    int              `json:"number"` // of the certificate
	Decided   time.Time        `json:"decided"`
	Erased    time.Time        `json:"erased,omitzero"` // the keys are destroyed, and the ledger says so with this time
	Ring      uint64           `json:"ring,omitempty"`  // the generation from which on they are not in it
	AskedBy   string           `json:"asked_by"`        // a role
	Confirmed string           `json:"confirmed,omitempty"`
	Holdings  account.Holdings `json:"holdings"`
	Learned   bool             `json:"learned,omitempty"` // from a copy of the ledger that goes further than this one once did
}

// asksEnd is what somebody who wants a share erased has seen of it.
type asksEnd struct {
	Share    id.Share         `json:"share"`
	Frozen   bool             `json:"frozen,omitempty"`
	Holdings account.Holdings `json:"holdings"`
}

const opErase = "erase share"

// EraseShare asks for the end of a share: who gives rights there does, and another must confirm. What it holds is what the storehouse has
// counted.
func (l *Local) EraseShare(ctx context.Context, s id.Session, share string, q account.NewErasure, has account.Holdings) (account.Outcome, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Outcome{}, err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	reason := strings.TrimSpace(cut(q.Reason, maxReason))
	switch {
	case by.Factor == account.ByToken, x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayEnd(by, x.ID):
		return account.Outcome{}, notAllowed(opErase)
	case x == nil:
		return account.Outcome{}, noShare(opErase, share)
	case reason == "":
		return account.Outcome{}, unfit(opErase, x.Name, "hint.erase-reason")
	}
	ask := asksEnd{x.ID, q.Frozen, has}
	if err := b.mayErase(x, ask); err != nil {
		return account.Outcome{}, err
	}
	args, err := json.Marshal(ask)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, opErase, x.Name, err)
	}
	if slices.ContainsFunc(b.Proposals, func(p *proposalState) bool { return p.ends(x.ID) && l.now().Before(p.Until) }) {
		return account.Outcome{}, &problem.Error{Kind: problem.Exists, Op: "erase share", On: x.Name, Hint: "hint.proposal-waits"}
	}
	return l.propose(ctx, s, opErase, proposalState{Act: actErase, Target: x.Name, Args: args, Reason: reason}, "")
}

// mayEnd reports whether a session may ask for the end of a share: who gives rights there, also once it has ended.
func (b *books) mayEnd(s account.Session, share id.Share) bool {
	return b.may(s, account.GrantAll) || b.may(s, account.GrantOwn) && b.given(s, share) == account.CanWrite
}

// ends reports whether a proposal is of the end of a share.
func (p *proposalState) ends(share id.Share) bool {
	var q asksEnd
	return p.Act == actErase && json.Unmarshal(p.Args, &q) == nil && q.Share == share
}

// mayErase returns nil if nothing keeps a share.
func (b *books) mayErase(x *shareState, q asksEnd) error {
	switch {
	case x.End != nil:
		return erased(opErase, x)
	case len(b.heldBy(x.ID)) > 0:
		return &problem.Error{Kind: problem.Locked, Op: opErase, On: x.Name + ": " + strings.Join(b.heldBy(x.ID), ", "), Hint: "hint.share-held"}
	case !q.Frozen && b.frozenIn(x.ID):
		return &problem.Error{Kind: problem.Frozen, Op: opErase, On: x.Name, Hint: "hint.share-frozen"}
	}
	return nil
}

// erased is what doors say of a share that has ended: when, and under which number.
func erased(op string, x *shareState) error {
	return &problem.Error{Kind: problem.NotFound, Op: op, On: fmt.Sprintf("%s (%s, %d)", x.Name, x.End.Decided.Format(time.DateOnly), x.End.Number), Hint: "hint.share-erased"}
}

// heldBy lists the cases that keep what belongs to a share.
func (b *books) heldBy(share id.Share) (out []string) {
	for _, c := range b.Cases {
		if c.holds(share.String()) {
			out = append(out, c.ID)
		}
	}
	return out
}

// frozenIn reports whether something is frozen that may concern a share: all but other shares, and people who have no rights in it.
func (b *books) frozenIn(share id.Share) bool {
	return slices.ContainsFunc(b.Stops, func(f *stopState) bool {
		if f.Kind == account.StopShare {
			return f.Subject == share.String()
		}
		return f.On.IsZero() || b.given(account.Session{Account: f.On, Factor: account.SecondFactor}, share) != account.NoRights
	})
}

// endShare puts the end of a share into the draft, once two people want it.
func (d *draft) endShare(p proposalState, now time.Time) ([]event.Event, error) {
	var q asksEnd
	if err := json.Unmarshal(p.Args, &q); err != nil {
		return nil, err
	}
	b, err := newBooks(d.state) // a case may have come in between
	if err != nil {
		return nil, err
	}
	x := b.shares[q.Share]
	if x == nil {
		return nil, noShare(opErase, p.Target)
	}
	if err := b.mayErase(x, q); err != nil {
		return nil, err
	}
	end := &endState{Number: 1, Decided: now, AskedBy: string(account.Console), Holdings: q.Holdings}
	for _, y := range d.Shares {
		if y.End != nil {
			end.Number = max(end.Number, y.End.Number+1)
		}
	}
	if a := b.byID[p.By]; a != nil {
		end.AskedBy = string(a.Role)
	}
	if a := b.accounts[accountKey(p.second)]; p.second != "" && a != nil {
		end.Confirmed = string(a.Role)
	} else if p.second != "" {
		end.Confirmed = string(account.Console)
	}
	d.share(x.Name).End = end
	return []event.Event{}, nil
}

// endShares destroys the keys of the shares whose end is decided, and records it: after the decision, at each start and with each heartbeat,
// until it is done. Keys that have come back with a key card from before are destroyed again.
func (l *Local) endShares(ctx context.Context) (err error) {
	l.ending.Lock()
	defer l.ending.Unlock()
	for _, x := range l.books.Load().Shares {
		if x.End != nil && (x.End.Erased.IsZero() || l.keys.Has(x.ID)) {
			err = errors.Join(err, l.endKeys(ctx, x))
		}
	}
	return err
}

// endKeys destroys the keys of one share. Whatever it breaks off at, all of it can be done again.
func (l *Local) endKeys(ctx context.Context, x *shareState) error {
	ring, err := l.keys.DestroyShare(x.ID)
	if errors.Is(err, custody.ErrNoKeys) { // a card from before it was made was what the keeper came back from
		ring, err = l.keys.Generation(), nil
	}
	if err != nil {
		return err
	}
	err = l.amend(ctx, opErase, x.Name, func(b *books, d *draft) ([]event.Event, error) {
		y, end := d.share(x.Name), *x.End
		end.Ring = max(end.Ring, ring) // a card from before may have set the ring back
		var on []string
		for _, c := range b.cardsWith(end.Ring) {
			on = append(on, fmt.Sprintf("%d %s", c.Number, c.Name))
		}
		when := l.now()
		note := []string{fmt.Sprintf("certificate %d", end.Number), fmt.Sprintf("ring %d", end.Ring)}
		if len(on) > 0 {
			note = append(note, "outstanding cards: "+strings.Join(on, ", "))
		}
		if end.Erased.IsZero() {
			end.Erased = when
		} else {
			note = append(note, "again: a key card from before had them")
		}
		if end.Learned {
			note = append(note, "as a copy of the ledger tells")
		}
		y.End = &end
		return []event.Event{{Kind: event.ShareErased, When: when, Share: x.ID, Target: x.Name, Note: strings.Join(note, "; ")}}, nil
	})
	if err == nil && l.cfg.Erased != nil {
		l.cfg.Erased(account.Share{ID: x.ID, Name: x.Name})
	}
	return err
}

// cardsWith lists the cards on which keys may be that left the ring with a generation.
func (b *books) cardsWith(ring uint64) (out []account.CardOf) {
	for _, c := range b.Cards {
		if c.Gone != "destroyed" && c.oldest() < ring {
			out = append(out, c.of())
		}
	}
	return out
}

// of is the card in a certificate.
func (c *cardState) of() account.CardOf {
	out := account.CardOf{Number: c.Number, Name: c.Name, State: c.Gone, Written: c.Written}
	if c.Gone == "" && c.Written.IsZero() {
		out.State = "unwritten"
	}
	if out.State == "" {
		out.State = "stale"
	}
	return out
}

// Ended implements Ender. Who had no right in the share is told nothing of it.
func (l *Local) Ended(_ context.Context, s id.Session, name string) error {
	by, err := l.live(s)
	if err != nil {
		return err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(name)]
	if x == nil || x.End == nil || b.given(by, x.ID) == account.NoRights && !b.may(by, account.SeePeople) {
		return nil
	}
	return erased("open share", x)
}

// ErasedShares lists the shares that have ended. It asks for no session: the storehouse forgets what it has of them.
func (l *Local) ErasedShares() (out []account.Share) {
	for _, x := range l.books.Load().Shares {
		if x.End != nil {
			out = append(out, account.Share{ID: x.ID, Name: x.Name})
		}
	}
	return out
}

// Ending tells what the end of a share would take, or has taken: to who may ask for it, confirm it, or see people.
func (l *Local) Ending(_ context.Context, s id.Session, share string) (account.Ending, error) {
	by, err := l.live(s)
	if err != nil {
		return account.Ending{}, err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	switch {
	case !b.may(by, account.SeePeople) && (x == nil || !b.mayEnd(by, x.ID)):
		return account.Ending{}, notAllowed(opErase)
	case x == nil:
		return account.Ending{}, noShare(opErase, share)
	}
	out := b.ending(x)
	out.Waits = slices.ContainsFunc(b.Proposals, func(p *proposalState) bool { return p.ends(x.ID) && l.now().Before(p.Until) })
	return out, nil
}

func (b *books) ending(x *shareState) account.Ending {
	out := account.Ending{Share: x.Name, HeldBy: b.heldBy(x.ID), Frozen: b.frozenIn(x.ID)}
	if x.Register != nil {
		out.Register = *x.Register
	}
	for _, m := range b.Media {
		if m.State > 0 && m.Retired.IsZero() && !m.Time.Before(x.Created) {
			out.Media = append(out.Media, account.CopyOf{Label: m.Label, Set: m.Set, Place: m.Place})
		}
	}
	if x.End == nil || x.End.Erased.IsZero() {
		out.Cards = b.cardsWith(^uint64(0))
	} else {
		out.Cards = b.cardsWith(x.End.Ring)
		for _, c := range b.Cards {
			if !slices.Contains(out.Cards, c.of()) {
				y := c.of()
				if y.State == "stale" { // as to this share it is not
					y.State = "fresh"
				}
				out.Rewritten = append(out.Rewritten, y)
			}
		}
	}
	if e := x.End; e != nil {
		out.Holdings, out.Decided, out.Erased, out.Number = e.Holdings, e.Decided, e.Erased, e.Number
	}
	return out
}
