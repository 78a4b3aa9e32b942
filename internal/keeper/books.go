package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// state is what the state file holds, as JSON: docs/format.md, Keeper state.
type state struct {
	Format     int             `json:"format"`
	Generation int64           `json:"generation"` // counts the changes; the head file knows how far it was
	Accounts   []*accountState `json:"accounts"`
	Shares     []*shareState   `json:"shares"`
}

// accountState is an account. Once it is in the books nothing of it changes; a change makes another one.
type accountState struct {
	ID       id.Account          `json:"id"`
	Name     string              `json:"name"`
	Role     account.Role        `json:"role"`
	Disabled bool                `json:"disabled,omitempty"`
	Created  time.Time           `json:"created"`
	Password *hashed             `json:"password,omitempty"`
	Devices  []deviceState       `json:"devices,omitempty"`
	Rights   map[id.Share]Rights `json:"rights,omitempty"`
}

// deviceState is a device and the hash of its password. The password is random, so that a fast hash does.
type deviceState struct {
	ID      id.Device `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
	Hash    []byte    `json:"hash"`
}

type shareState struct {
	ID      id.Share  `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// books is a state that is in force, with its indexes. It never changes: whoever holds it sees one moment.
type books struct {
	state
	accounts map[string]*accountState // by accountKey
	byID     map[id.Account]*accountState
	shares   map[id.Share]*shareState
	names    map[string]*shareState // by pathname.Key
}

// accountKey is the form in which names of accounts are compared: people type what they like, in any case and width.
func accountKey(name string) string { return strings.ToLower(norm.NFKC.String(name)) }

func newBooks(s state) (*books, error) {
	b := &books{state: s, accounts: make(map[string]*accountState), byID: make(map[id.Account]*accountState),
		shares: make(map[id.Share]*shareState), names: make(map[string]*shareState)}
	for _, a := range s.Accounts {
		b.accounts[accountKey(a.Name)], b.byID[a.ID] = a, a
	}
	for _, x := range s.Shares {
		b.shares[x.ID], b.names[pathname.Key(x.Name)] = x, x
	}
	if len(b.accounts) != len(s.Accounts) || len(b.byID) != len(s.Accounts) || len(b.shares) != len(s.Shares) || len(b.names) != len(s.Shares) {
		return nil, errors.New("two accounts or shares have one name")
	}
	return b, nil
}

// rights returns what a session may do in a share. The role that counts is the account's of today.
func (b *books) rights(s account.Session, share id.Share) Rights {
	if b.shares[share] == nil {
		return None
	}
	role := s.Role
	a := b.byID[s.Account]
	if s.Factor != account.Console {
		if a == nil || a.Disabled {
			return None
		}
		role = a.Role
	}
	if role == account.Administrator {
		return Write
	}
	if a != nil && (a.Rights[share] == Read || a.Rights[share] == Write) {
		return a.Rights[share]
	}
	return None
}

// administers reports whether a session may do what only administrators may.
func (b *books) administers(s account.Session) bool {
	if s.Factor == account.Console {
		return true
	}
	a := b.byID[s.Account]
	return a != nil && !a.Disabled && a.Role == account.Administrator
}

// draft is a copy of the state that a change is made in.
type draft struct{ state }

// draft returns a copy whose lists may be changed. Accounts are changed through draft.account.
func (b *books) draft() *draft {
	s := b.state
	s.Accounts, s.Shares = slices.Clone(s.Accounts), slices.Clone(s.Shares)
	return &draft{s}
}

// account returns a copy of an account to change, which is in the draft already, or nil.
func (d *draft) account(name string) *accountState {
	key := accountKey(name)
	for i, a := range d.Accounts {
		if accountKey(a.Name) == key {
			c := *a
			c.Devices, c.Rights = slices.Clone(a.Devices), maps.Clone(a.Rights)
			d.Accounts[i] = &c
			return &c
		}
	}
	return nil
}

// share returns a share by name, or nil.
func (d *draft) share(name string) *shareState {
	for _, x := range d.Shares {
		if pathname.Key(x.Name) == pathname.Key(name) {
			return x
		}
	}
	return nil
}

// change makes a change of the books: allowed, then recorded, then saved, and only then in force. What do returns
// is recorded as the act of the session. After an error nothing is in force; if it was the disk that failed, the
// record stays and says what was tried.
func (l *Local) change(ctx context.Context, s id.Session, op, on string, do func(b *books, d *draft, by account.Session) (event.Event, error)) error {
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	l.changes.Lock()
	defer l.changes.Unlock()
	by, err := l.live(s)
	if err != nil {
		return err
	}
	b := l.books.Load()
	d := b.draft()
	e, err := do(b, d, by)
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); !ok {
			err = problem.New(problem.Invalid, op, on, err)
		}
		return err
	}
	d.Generation++
	next, err := newBooks(d.state)
	if err != nil {
		return problem.New(problem.Internal, op, on, err)
	}
	full := acting(e.Kind, by)
	full.Share, full.Target, full.Note = e.Share, e.Target, e.Note
	if err := l.append(ctx, full); err != nil {
		return err
	}
	if err := l.saveState(next); err != nil {
		return err
	}
	l.books.Store(next)
	return nil
}

// saveState writes the books, with the times at which devices were last used.
func (l *Local) saveState(b *books) error {
	s := b.state
	s.Accounts = slices.Clone(s.Accounts)
	for i, a := range s.Accounts {
		c := *a
		c.Devices = slices.Clone(a.Devices)
		for j := range c.Devices {
			c.Devices[j].Used = l.sessions.lastUse(c.Devices[j])
		}
		s.Accounts[i] = &c
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return problem.New(problem.Internal, "record", "", err)
	}
	defer clear(plain)
	return l.keys.SaveState(plain)
}

// loadState reads the books; those of a keeper that was only just made are empty.
func (l *Local) loadState() (*books, error) {
	plain, err := l.keys.LoadState()
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	s := state{Format: stateFormat}
	if plain != nil {
		if err := json.Unmarshal(plain, &s); err != nil {
			return nil, damagedState(err)
		}
	}
	if s.Format != stateFormat {
		return nil, damagedState(fmt.Errorf("format %d", s.Format))
	}
	b, err := newBooks(s)
	if err != nil {
		return nil, damagedState(err)
	}
	return b, nil
}

const stateFormat = 1

func damagedState(err error) error {
	return &problem.Error{Kind: problem.Damaged, Op: "open keeper", Hint: "hint.keeper-files", Err: fmt.Errorf("state: %w", err)}
}
