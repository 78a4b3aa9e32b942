package keeper

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// cardState is a key card that was made, until it is forgotten and after. Once it is in the books nothing of it changes; a change makes
// another one.
type cardState struct {
	Number     int       `json:"number"`
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Generation uint64    `json:"generation"` // of the ring that was last seen on it; 0: none was
	Set        uint16    `json:"set,omitempty"`
	Written    time.Time `json:"written,omitzero"`
	Checked    time.Time `json:"checked,omitzero"`
	By         string    `json:"by,omitempty"`
	Issued     *issued   `json:"issued,omitempty"` // what went out for it and has not been seen on it
	Gone       string    `json:"gone,omitempty"`   // "lost" or "destroyed"
	GoneAt     time.Time `json:"gone_at,omitzero"`
	Reason     string    `json:"reason,omitempty"`
}

// issued is a content of a card.
type issued struct {
	Generation uint64    `json:"generation"`
	Set        uint16    `json:"set,omitempty"`
	SHA256     string    `json:"sha256"`
	At         time.Time `json:"at"`
}

const (
	maxCards    = 100
	maxCardName = 60 // letters
)

func (c *cardState) title() string { return fmt.Sprintf("%d %s", c.Number, c.Name) }

// show is the card as people see it.
func (c *cardState) show(generation uint64, papers *account.PaperSet, destroyed map[id.Share]uint64) account.KeyCard {
	out := account.KeyCard{Number: c.Number, Name: c.Name, State: "stale", Generation: c.Generation, Set: int(c.Set), Written: c.Written, Checked: c.Checked, By: c.By, Gone: c.GoneAt, Reason: c.Reason}
	switch {
	case c.Gone != "":
		out.State = c.Gone
	case c.Written.IsZero():
		out.State = "unwritten"
	case c.Generation == generation && papers != nil && int(c.Set) == papers.Number:
		out.State = "fresh"
	}
	out.Former = papers != nil && out.State != "destroyed" && c.former(papers.Number)
	for _, g := range destroyed {
		if c.oldest() < g && out.State != "destroyed" {
			out.Outstanding++
		}
	}
	return out
}

// former reports whether it may still open with papers of another set than the one that counts.
func (c *cardState) former(set int) bool {
	if c.Written.IsZero() {
		return c.Issued != nil && c.Issued.Set != 0 && int(c.Issued.Set) != set
	}
	return c.Set != 0 && int(c.Set) != set
}

// CardsBehind lists the key cards that are out of date, and since when the first of them is. It asks for no session: the storehouse tells people.
func (l *Local) CardsBehind() (names []string, since time.Time) {
	b := l.books.Load()
	r, err := l.reserve(b)
	if err != nil {
		return nil, since // who looks at the reserve is told
	}
	var changes []time.Time
	for _, x := range b.Shares {
		changes = append(changes, x.Created)
		if x.End != nil {
			changes = append(changes, x.End.Erased)
		}
	}
	if r.Papers != nil {
		changes = append(changes, r.Papers.Made)
	}
	for _, c := range r.Cards {
		if c.State != "stale" { // what is lost nobody can rewrite: the page goes on saying so
			continue
		}
		names = append(names, fmt.Sprintf("%d %s", c.Number, c.Name))
		if at := firstAfter(changes, c.Written); since.IsZero() || at.Before(since) {
			since = at
		}
	}
	return names, since
}

// firstAfter returns the first of some times that is later than another one, or that one.
func firstAfter(list []time.Time, than time.Time) (first time.Time) {
	for _, at := range list {
		if at.After(than) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		return than
	}
	return first
}

// oldest is the oldest generation that may be on it.
func (c *cardState) oldest() uint64 {
	if c.Written.IsZero() && c.Issued != nil {
		return c.Issued.Generation
	}
	return c.Generation
}

// card returns a copy, in the draft, of a card that is not gone.
func (d *draft) card(number int) *cardState {
	i := slices.IndexFunc(d.Cards, func(c *cardState) bool { return c.Number == number && c.Gone == "" })
	if i < 0 {
		return nil
	}
	return d.cardAt(i)
}

// nextCard is a number that no card has had.
func (d *draft) nextCard() (n int) {
	for _, c := range d.Cards {
		n = max(n, c.Number)
	}
	return n + 1
}

func (d *draft) cardAt(i int) *cardState {
	d.Cards = slices.Clone(d.Cards)
	c := *d.Cards[i]
	d.Cards[i] = &c
	return &c
}

// MakeCard makes a card: what is to be put on an empty stick. It counts once CardWritten has said that it is there.
func (l *Local) MakeCard(ctx context.Context, s id.Session, name string) (account.CardFile, error) {
	const op = "write card"
	if err := l.power(s, account.Settle, op); err != nil {
		return account.CardFile{}, err
	}
	name, ok := line(name, maxCardName)
	if !ok {
		return account.CardFile{}, unfit(op, "", "hint.card-name")
	}
	return l.issue(ctx, s, op, name, func(b *books, d *draft) (*cardState, error) {
		if slices.ContainsFunc(d.Cards, func(c *cardState) bool { return c.Gone == "" && strings.EqualFold(c.Name, name) }) {
			return nil, &problem.Error{Kind: problem.Exists, Op: op, On: name, Hint: "hint.card-name-taken"}
		}
		if len(d.Cards) >= maxCards {
			return nil, problem.New(problem.TooLarge, op, name, nil)
		}
		d.Cards = append(slices.Clone(d.Cards), &cardState{Number: d.nextCard(), ID: strings.ToLower(rand.Text()), Name: name})
		return d.cardAt(len(d.Cards) - 1), nil
	})
}

// RefreshCard returns what is to be put on a card in place of what is there. current is that, if it can be read: a card that has keys
// which the keeper lacks is not written over.
func (l *Local) RefreshCard(ctx context.Context, s id.Session, number int, current []byte) (account.CardFile, error) {
	const op = "write card"
	if err := l.power(s, account.Settle, op); err != nil {
		return account.CardFile{}, err
	}
	if len(current) > 0 {
		x, err := parseCard(op, current)
		if err != nil {
			return account.CardFile{}, err
		}
		switch state, err := l.keys.CheckCard(x); {
		case x.Vault != l.keys.LedgerPublicKey():
			return account.CardFile{}, unfit(op, x.Name, "hint.card-other-vault")
		case err == nil && state.More > 0:
			return account.CardFile{}, &problem.Error{Kind: problem.Invalid, Op: op, On: x.Name, Hint: "hint.card-has-more"}
		case err != nil && !errors.Is(err, seal.ErrOpen): // of before the papers were renewed: nobody can look
			return account.CardFile{}, err
		}
		if err := l.adopt(ctx, s, op, x); err != nil {
			return account.CardFile{}, err
		}
		if slices.ContainsFunc(l.books.Load().Cards, func(c *cardState) bool { return c.ID == x.ID && c.Number != number }) {
			return account.CardFile{}, unfit(op, x.Name, "hint.card-another")
		}
	}
	return l.issue(ctx, s, op, fmt.Sprint(number), func(b *books, d *draft) (*cardState, error) {
		c := d.card(number)
		if c == nil {
			return nil, absent(op, fmt.Sprint(number), "hint.no-such-card")
		}
		return c, nil
	})
}

// issue gives out what a card is to hold, once the ledger knows.
func (l *Local) issue(ctx context.Context, s id.Session, op, on string, pick func(*books, *draft) (*cardState, error)) (account.CardFile, error) {
	l.papering.Lock()
	defer l.papering.Unlock()
	leave, err := l.enter(op)
	if err != nil {
		return account.CardFile{}, err
	}
	x, err := l.keys.Card()
	leave()
	if err != nil {
		return account.CardFile{}, err
	}
	out := account.CardFile{Generation: x.Generation}
	err = l.change(ctx, s, op, on, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if err := l.paperMaker(b, by, op); err != nil {
			return event.Event{}, err
		}
		c, err := pick(b, d)
		if err != nil {
			return event.Event{}, err
		}
		x.ID, x.Number, x.Name, x.Written = c.ID, c.Number, c.Name, l.now()
		if out.Content, err = x.Marshal(); err != nil {
			return event.Event{}, err
		}
		sum := sha256.Sum256(out.Content)
		out.Number, out.SHA256 = c.Number, hex.EncodeToString(sum[:])
		c.Issued, c.By = &issued{Generation: x.Generation, Set: x.Set, SHA256: out.SHA256, At: l.now()}, by.Name
		return event.Event{Kind: event.CardWritten, Target: c.title(), Note: fmt.Sprintf("generation %d", x.Generation), Digest: sum}, nil
	})
	if err != nil {
		return account.CardFile{}, err
	}
	return out, nil
}

// CardWritten says that a stick holds what was given out for it: it was read back, and this is its digest.
func (l *Local) CardWritten(ctx context.Context, s id.Session, number int, sha256 string) error {
	const op = "write card"
	return l.change(ctx, s, op, fmt.Sprint(number), func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Settle) || by.Factor == account.ByToken {
			return event.Event{}, notAllowed(op)
		}
		c := d.card(number)
		switch {
		case c == nil:
			return event.Event{}, absent(op, fmt.Sprint(number), "hint.no-such-card")
		case c.Issued == nil || c.Issued.SHA256 != sha256:
			return event.Event{}, unfit(op, c.title(), "hint.card-not-that")
		}
		c.Generation, c.Set, c.Written, c.Checked, c.Issued = c.Issued.Generation, c.Issued.Set, c.Issued.At, l.now(), nil
		return event.Event{Kind: event.CardChecked, Target: c.title(), Note: strings.Join([]string{fmt.Sprintf("generation %d", c.Generation), "read back"}, ", ")}, nil
	})
}

// CheckCard says what is on a card, to who may be the second person or change the settings; the ledger records it.
func (l *Local) CheckCard(ctx context.Context, s id.Session, content []byte) (account.CardCheck, error) {
	const op = "check card"
	by, err := l.live(s)
	if err != nil {
		return account.CardCheck{}, err
	}
	if b := l.books.Load(); !b.may(by, account.Confirm) && !b.may(by, account.Settle) {
		return account.CardCheck{}, notAllowed(op)
	}
	x, err := parseCard(op, content)
	if err != nil {
		return account.CardCheck{}, err
	}
	state, err := l.keys.CheckCard(x)
	if err != nil {
		return account.CardCheck{}, err
	}
	now, _, err := l.keys.Papers()
	if err != nil {
		return account.CardCheck{}, err
	}
	out := account.CardCheck{Number: x.Number, Name: x.Name, Written: x.Written, Generation: state.Generation, Fresh: state.Fresh(l.keys.Generation()),
		Papers: state.Papers, Lacks: state.Lacks, Destroyed: state.Destroyed, More: state.More}
	if err := l.adopt(ctx, s, op, x); err != nil {
		return account.CardCheck{}, err
	}
	return out, l.change(ctx, s, op, x.Name, func(b *books, d *draft, _ account.Session) (event.Event, error) {
		i := slices.IndexFunc(d.Cards, func(c *cardState) bool { return c.ID == x.ID })
		if i < 0 {
			return event.Event{}, absent(op, x.Name, "hint.no-such-card")
		}
		c := d.cardAt(i)
		if x.Written.After(c.Written) { // a browser has saved it: nobody else says that it is there
			c.Written = x.Written
		}
		c.Generation, c.Checked, c.Issued = state.Generation, l.now(), nil
		if c.Set = x.Set; !state.Papers && now.Number == x.Set { // of a set of that number from before a restore
			c.Set = 0
		}
		if c.Gone == "lost" { // it was found
			c.Gone, c.GoneAt, c.Reason = "", time.Time{}, ""
		}
		return event.Event{Kind: event.CardChecked, Target: c.title(), Note: fmt.Sprintf("generation %d", c.Generation)}, nil
	})
}

// adopt remembers a card of this vault that is not in the books: they were restored from an older copy.
func (l *Local) adopt(ctx context.Context, s id.Session, op string, x card.Card) error {
	if slices.ContainsFunc(l.books.Load().Cards, func(c *cardState) bool { return c.ID == x.ID }) {
		return nil
	}
	return l.change(ctx, s, op, x.Name, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Settle) || len(d.Cards) >= maxCards {
			return event.Event{}, notAllowed(op)
		}
		c := &cardState{Number: x.Number, ID: x.ID, Name: x.Name, Generation: x.Generation, Set: x.Set, Written: x.Written}
		if slices.ContainsFunc(d.Cards, func(y *cardState) bool { return y.Number == x.Number }) {
			c.Number = d.nextCard()
		}
		d.Cards = append(slices.Clone(d.Cards), c)
		return event.Event{Kind: event.CardChecked, Target: c.title(), Note: "was not remembered"}, nil
	})
}

// ForgetCard says that a card is gone: lost, in which case what was on it still is, or destroyed.
func (l *Local) ForgetCard(ctx context.Context, s id.Session, number int, how, reason string) error {
	const op = "forget card"
	if err := l.power(s, account.Settle, op); err != nil {
		return err
	}
	reason = strings.TrimSpace(cut(reason, maxReason))
	if how != "lost" && how != "destroyed" || reason == "" {
		return unfit(op, fmt.Sprint(number), "hint.card-reason")
	}
	return l.change(ctx, s, op, fmt.Sprint(number), func(b *books, d *draft, by account.Session) (event.Event, error) {
		if err := l.paperMaker(b, by, op); err != nil {
			return event.Event{}, err
		}
		i := slices.IndexFunc(d.Cards, func(c *cardState) bool { return c.Number == number && c.Gone != "destroyed" })
		if i < 0 {
			return event.Event{}, absent(op, fmt.Sprint(number), "hint.no-such-card")
		}
		c := d.cardAt(i)
		c.Gone, c.GoneAt, c.Reason = how, l.now(), reason
		return event.Event{Kind: event.CardForgotten, Target: c.title(), Note: how + "; " + reason}, nil
	})
}

func parseCard(op string, content []byte) (card.Card, error) {
	x, err := card.Parse(content)
	switch {
	case errors.Is(err, card.ErrNewer):
		return x, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.card-newer", Err: err}
	case err != nil:
		return x, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.card-file", Err: err}
	}
	return x, nil
}
