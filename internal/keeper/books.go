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
	"github.com/azekura/azekura/internal/whose"
)

// state is what the state file holds, as JSON: docs/format.md, Keeper state.
type state struct {
	Format     int                `json:"format"`
	Generation int64              `json:"generation"` // counts the changes; the head file knows how far it was
	Accounts   []*accountState    `json:"accounts"`
	Shares     []*shareState      `json:"shares"`
	Groups     []*groupState      `json:"groups,omitempty"`
	Proposals  []*proposalState   `json:"proposals,omitempty"`
	Renewal    *renewalState      `json:"renewal,omitempty"`
	Policy     policyState        `json:"policy"`
	Witnessing account.Witnessing `json:"witnessing,omitzero"`
	Stops      []*stopState       `json:"stops,omitempty"`
	Cases      []*caseState       `json:"cases,omitempty"`
	Jobs       []*jobState        `json:"jobs,omitempty"`
	Traps      []*trapState       `json:"traps,omitempty"`
	Lookups    []*lookupState     `json:"lookups,omitempty"`
	Receipts   []*receiptState    `json:"receipts,omitempty"`
	Media      []*account.Medium  `json:"media,omitempty"`    // a change makes another one
	Drills     []*account.Drill   `json:"drills,omitempty"`   // likewise
	Recovery   *recoveryState     `json:"recovery,omitempty"` // never changed, as below
	Cards      []*cardState       `json:"cards,omitempty"`
	Isolated   *isolationState    `json:"isolated,omitempty"`
	Outlived   []string           `json:"outlived,omitempty"` // keys of witnesses that know another ledger than the one that was accepted in its place
	Dropped    []string           `json:"dropped,omitempty"`  // files that nothing names any more, and that are to go
	Firm       *account.Firm      `json:"firm,omitempty"`     // never changed: a change makes another one

	Collecting *account.Collecting `json:"collecting,omitempty"` // likewise
}

// accountState is an account. Once it is in the books nothing of it changes; a change makes another one.
type accountState struct {
	ID         id.Account                  `json:"id"`
	Name       string                      `json:"name"`
	Role       account.Role                `json:"role"`
	Disabled   bool                        `json:"disabled,omitempty"`
	Created    time.Time                   `json:"created"`
	Removed    time.Time                   `json:"removed,omitzero"` // the account is gone; its name and history stay
	Used       time.Time                   `json:"used,omitzero"`
	Password   *hashed                     `json:"password,omitempty"`
	Renew      bool                        `json:"renew,omitempty"` // another password must be chosen at the next login
	Invitation *invitationState            `json:"invitation,omitempty"`
	Identity   *identityState              `json:"identity,omitempty"`
	App        *app                        `json:"app,omitempty"`
	Passkeys   []passkeyState              `json:"passkeys,omitempty"`
	Recovery   [][]byte                    `json:"recovery,omitempty"` // hashes of the codes that are left
	Day        *dayState                   `json:"day,omitempty"`
	Networks   []string                    `json:"networks,omitempty"`
	Devices    []deviceState               `json:"devices,omitempty"`
	Tokens     []tokenState                `json:"tokens,omitempty"`
	Rights     map[id.Share]account.Rights `json:"rights,omitempty"`
	Places     []placeState                `json:"places,omitempty"`
	More       *moreState                  `json:"more,omitempty"`
}

// clone returns a copy that may be changed.
func (a *accountState) clone() *accountState {
	c := *a
	c.Passkeys, c.Recovery = slices.Clone(a.Passkeys), slices.Clone(a.Recovery)
	c.Devices, c.Tokens, c.Rights = slices.Clone(a.Devices), slices.Clone(a.Tokens), maps.Clone(a.Rights)
	c.Places = slices.Clone(a.Places)
	return &c
}

// mayEnter reports whether the account is there and not closed.
func (a *accountState) mayEnter() bool { return a != nil && !a.Disabled && a.Removed.IsZero() }

// deviceState is a device, with the hash of its password or with its SSH key. The password is random, so that a fast
// hash does.
type deviceState struct {
	ID      id.Device `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
	Hash    []byte    `json:"hash,omitempty"`
	Key     string    `json:"key,omitempty"` // "ssh-… base64"
}

type shareState struct {
	ID       id.Share          `json:"id"`
	Name     string            `json:"name"`
	Created  time.Time         `json:"created"`
	Networks []string          `json:"networks,omitempty"`
	Persons  string            `json:"persons,omitempty"` // how names tell persons: "{school}/{class}/{number}_*.jpg"
	Register *account.Register `json:"register,omitempty"`
	End      *endState         `json:"end,omitempty"` // never changed: a change makes another one

	Retention *retentionState `json:"retention,omitempty"` // likewise
}

// books is a state that is in force, with its indexes. It never changes: whoever holds it sees one moment.
type books struct {
	state
	accounts map[string]*accountState // by accountKey
	byID     map[id.Account]*accountState
	shares   map[id.Share]*shareState
	names    map[string]*shareState // by pathname.Key
	groups   map[string]*groupState // by accountKey
	memberOf map[id.Account][]*groupState
	traps    map[id.Share]*trapSet
	persons  map[id.Share]*whose.Template
	zone     *time.Location // of the policy
}

// accountKey is the form in which names of accounts are compared: people type what they like, in any case and width.
func accountKey(name string) string { return strings.ToLower(norm.NFKC.String(name)) }

func newBooks(s state) (*books, error) {
	b := &books{state: s, accounts: make(map[string]*accountState), byID: make(map[id.Account]*accountState),
		shares: make(map[id.Share]*shareState), names: make(map[string]*shareState),
		groups: make(map[string]*groupState), memberOf: make(map[id.Account][]*groupState),
		persons: make(map[id.Share]*whose.Template)}
	if b.zone = time.Local; s.Policy.Zone != "" {
		if zone, err := s.Policy.zone(); err == nil {
			b.zone = zone
		}
	}
	for _, a := range s.Accounts {
		b.accounts[accountKey(a.Name)], b.byID[a.ID] = a, a
	}
	for _, x := range s.Shares {
		b.shares[x.ID], b.names[pathname.Key(x.Name)] = x, x
		if t, err := parseTemplate(x.Persons); err == nil && x.Persons != "" {
			b.persons[x.ID] = t
		}
	}
	b.traps = trapsOf(s.Traps, b.persons)
	for _, g := range s.Groups {
		b.groups[accountKey(g.Name)] = g
		for _, m := range g.Members {
			b.memberOf[m] = append(b.memberOf[m], g)
		}
	}
	if len(b.accounts) != len(s.Accounts) || len(b.byID) != len(s.Accounts) || len(b.shares) != len(s.Shares) || len(b.names) != len(s.Shares) ||
		len(b.groups) != len(s.Groups) {
		return nil, errors.New("two accounts, groups or shares have one name")
	}
	return b, nil
}

// known returns the account of a name, or nil; one that is gone is none.
func (b *books) known(name string) *accountState {
	if a := b.accounts[accountKey(withoutDomain(name))]; a != nil && a.Removed.IsZero() {
		return a
	}
	return nil
}

// rights returns what a session may do in a share. The role, groups and scopes that count are those of today.
func (b *books) rights(s account.Session, share id.Share) account.Rights {
	if x := b.shares[share]; x == nil || x.End != nil {
		return account.NoRights
	}
	return b.given(s, share)
}

// given is rights for a share that may have ended.
func (b *books) given(s account.Session, share id.Share) account.Rights {
	if s.Factor == account.Console {
		return account.CanWrite
	}
	a := b.byID[s.Account]
	if !a.mayEnter() || !a.Role.MayHold() {
		return account.NoRights
	}
	best := stronger(account.NoRights, a.Rights[share])
	for _, g := range b.memberOf[a.ID] {
		best = stronger(best, g.Rights[share])
	}
	if s.Factor == account.ByToken {
		return a.token(s.Device).limit(best)
	}
	return best
}

// stronger returns the right that lets one do more.
func stronger(a, b account.Rights) account.Rights {
	switch {
	case a == account.CanWrite || b == account.CanWrite:
		return account.CanWrite
	case a == account.CanRead || b == account.CanRead:
		return account.CanRead
	}
	return account.NoRights
}

// may reports whether a session has a power. A device has none, whosever it is: its password or key lies on a disk.
func (b *books) may(s account.Session, p account.Power) bool {
	if s.Factor == account.Console {
		return true
	}
	a := b.byID[s.Account]
	if !a.mayEnter() || !a.Role.May(p) {
		return false
	}
	if f := b.stopped(s, id.Share{}); f != nil && f.personal() {
		return false
	}
	switch s.Factor {
	case account.SecondFactor, account.Password:
		return true
	case account.ByToken:
		return a.token(s.Device).lets(p)
	}
	return false
}

// draft is a copy of the state that a change is made in.
type draft struct{ state }

// draft returns a copy whose lists may be changed. Accounts, groups and shares in it are changed through its methods.
func (b *books) draft() *draft {
	s := b.state
	s.Accounts, s.Shares, s.Groups, s.Proposals = slices.Clone(s.Accounts), slices.Clone(s.Shares), slices.Clone(s.Groups), slices.Clone(s.Proposals)
	s.Stops, s.Cases, s.Jobs, s.Traps = slices.Clone(s.Stops), slices.Clone(s.Cases), slices.Clone(s.Jobs), slices.Clone(s.Traps)
	s.Lookups, s.Receipts, s.Media, s.Drills = slices.Clone(s.Lookups), slices.Clone(s.Receipts), slices.Clone(s.Media), slices.Clone(s.Drills)
	return &draft{s}
}

// account returns a copy of an account to change, which is in the draft already, or nil; one that is gone is none.
func (d *draft) account(name string) *accountState {
	key := accountKey(withoutDomain(name))
	return d.find(func(a *accountState) bool { return accountKey(a.Name) == key })
}

// byID returns a copy of an account to change, which is in the draft already, or nil.
func (d *draft) byID(n id.Account) *accountState {
	return d.find(func(a *accountState) bool { return a.ID == n })
}

func (d *draft) find(is func(*accountState) bool) *accountState {
	i := slices.IndexFunc(d.Accounts, is)
	if i < 0 || !d.Accounts[i].Removed.IsZero() {
		return nil
	}
	d.Accounts[i] = d.Accounts[i].clone()
	return d.Accounts[i]
}

// share returns a copy of a share to change, which is in the draft already, or nil.
func (d *draft) share(name string) *shareState {
	for i, x := range d.Shares {
		if pathname.Key(x.Name) == pathname.Key(name) {
			c := *x
			d.Shares[i] = &c
			return &c
		}
	}
	return nil
}

// change makes a change of the books as the act of a session: what do returns is recorded as that.
func (l *Local) change(ctx context.Context, s id.Session, op, on string, do func(b *books, d *draft, by account.Session) (event.Event, error)) error {
	return l.changes(ctx, s, op, on, func(b *books, d *draft, by account.Session) ([]event.Event, error) {
		e, err := do(b, d, by)
		return []event.Event{e}, err
	})
}

// changes is change for acts that are several events.
func (l *Local) changes(ctx context.Context, s id.Session, op, on string, do func(b *books, d *draft, by account.Session) ([]event.Event, error)) error {
	return l.amend(ctx, op, on, func(b *books, d *draft) ([]event.Event, error) {
		by, err := l.live(s)
		if err != nil {
			return nil, err
		}
		if f := b.stopped(by, id.Share{}); f != nil && f.personal() {
			return nil, frozen(op, f.Name)
		}
		events, err := do(b, d, by)
		for i, e := range events {
			full := acting(e.Kind, by)
			full.Share, full.Target, full.Note, full.Until, full.Size, full.Digest = e.Share, e.Target, e.Note, e.Until, e.Size, e.Digest
			events[i] = full
		}
		return events, err
	})
}

// amend changes the books: allowed, then recorded, then saved, and only then in force. After an error nothing is in
// force; if it was the disk that failed, the record stays and says what was tried.
func (l *Local) amend(ctx context.Context, op, on string, do func(b *books, d *draft) ([]event.Event, error)) error {
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	l.writing.Lock()
	defer l.writing.Unlock()
	b := l.books.Load()
	d := b.draft()
	events, err := do(b, d)
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
	if err := l.append(ctx, events...); err != nil {
		return err
	}
	if err := l.saveState(next); err != nil {
		return err
	}
	if err := l.watch(next.witnessing()); err != nil { // before a reading asks for them
		l.cfg.Log.Error("witnesses that were set cannot be asked", "err", err)
	}
	l.books.Store(next)
	return nil
}

// saveState writes the books, with the times at which devices were last used.
func (l *Local) saveState(b *books) error {
	s := b.state
	s.Accounts = slices.Clone(s.Accounts)
	for i, a := range s.Accounts {
		c := a.clone()
		for j, d := range c.Devices {
			c.Devices[j].Used = l.sessions.lastUse(d.ID, d.Used)
		}
		for j, t := range c.Tokens {
			c.Tokens[j].Used = l.sessions.lastUse(t.ID, t.Used)
		}
		s.Accounts[i] = c
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
	if s.Format < 1 || s.Format > stateFormat { // format 1 had neither second factors nor groups: it reads as it is
		return nil, damagedState(fmt.Errorf("format %d", s.Format))
	}
	s.Format = stateFormat
	b, err := newBooks(s)
	if err != nil {
		return nil, damagedState(err)
	}
	return b, nil
}

const stateFormat = 2

func damagedState(err error) error {
	return &problem.Error{Kind: problem.Damaged, Op: "open keeper", Hint: "hint.keeper-files", Err: fmt.Errorf("state: %w", err)}
}
