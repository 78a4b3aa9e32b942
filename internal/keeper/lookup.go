package keeper

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// lookupState is a page on which everybody who has its address finds out whether somebody is in the scope of a case. It is also what the
// proposal holds that would open it.
type lookupState struct {
	Case     string              `json:"case"`
	Token    string              `json:"token,omitempty"` // it is given away: that it is not kept as a hash keeps nothing from anybody who opens this
	Blob     string              `json:"blob"`            // the scope's file
	Suspects []byte              `json:"suspects"`        // a digest of them, when the scope was made
	At       time.Time           `json:"at"`
	Schools  []string            `json:"schools"`
	Persons  int                 `json:"persons"`
	Unlinked bool                `json:"unlinked,omitempty"`
	Contact  string              `json:"contact"`
	Since    time.Time           `json:"since,omitzero"`
	By       string              `json:"by,omitempty"`
	Days     []account.LookupDay `json:"days,omitempty"` // the latest last
}

// Bounds of look-up pages.
const (
	maxLookups       = 20      // cases with a page at a time
	maxLookupPeople  = 2 << 20 // in one scope
	maxLookupSchools = 5_000
	maxLookupText    = 500 // letters that say whom to ask
	maxLookupDays    = 400
)

// lookupRounds is what makes a guess slow for who has a scope with its key: some 0.2 ms of a core for each, and as much for each person when
// a scope is made. What really keeps it is the seal of the file; docs/threats.md says what a stolen one tells.
const lookupRounds = 1000

// scope is who is in scope, as hashes under a key that exists nowhere else.
type scope struct {
	key  [32]byte
	rows map[[16]byte]byte
}

var scopeAnswers = []account.LookupAnswer{account.LookupConfirmed, account.LookupPossible, account.LookupEncrypted} // the worst first

func (s *scope) hash(question string) (h [16]byte) {
	b, err := pbkdf2.Key(sha256.New, question, s.key[:], lookupRounds, len(h))
	if err == nil { // there is none: the key is long enough for every mode
		copy(h[:], b)
	}
	return h
}

// newScope hashes everybody. Who comes twice counts with the worse answer.
func newScope(people []account.LookupPerson) *scope {
	for _, p := range people {
		if p.Also != "" {
			people = append(people, account.LookupPerson{Key: p.Also, Answer: p.Answer})
		}
	}
	s := &scope{rows: make(map[[16]byte]byte, len(people))}
	rand.Read(s.key[:])
	hashes := make([][16]byte, len(people))
	var wg sync.WaitGroup
	workers := max(1, runtime.GOMAXPROCS(0))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(people); i += workers {
				hashes[i] = s.hash(people[i].Key)
			}
		})
	}
	wg.Wait()
	for i, p := range people {
		n := slices.Index(scopeAnswers, p.Answer)
		if n < 0 {
			continue
		}
		if old, ok := s.rows[hashes[i]]; !ok || byte(n) < old {
			s.rows[hashes[i]] = byte(n)
		}
	}
	return s
}

const scopeVersion, scopeRow = 1, 17

func (s *scope) marshal() []byte {
	b := append([]byte{scopeVersion}, s.key[:]...)
	for h, n := range s.rows {
		b = append(append(b, h[:]...), n)
	}
	return b
}

func parseScope(b []byte) (*scope, error) {
	if len(b) < 33 || b[0] != scopeVersion || (len(b)-33)%scopeRow != 0 {
		return nil, fmt.Errorf("a scope of %d bytes", len(b))
	}
	s := &scope{key: [32]byte(b[1:33]), rows: make(map[[16]byte]byte, (len(b)-33)/scopeRow)}
	for b = b[33:]; len(b) > 0; b = b[scopeRow:] {
		if int(b[16]) >= len(scopeAnswers) {
			return nil, errors.New("a scope with an unknown answer")
		}
		s.rows[[16]byte(b[:16])] = b[16]
	}
	return s, nil
}

// ask returns the worst answer to any of the ways in which a question may be meant. It takes the same time whatever it is.
func (s *scope) ask(questions []string) account.LookupAnswer {
	best := len(scopeAnswers)
	for _, q := range questions {
		if n, ok := s.rows[s.hash(q)]; ok {
			best = min(best, int(n))
		}
	}
	if best == len(scopeAnswers) {
		return account.LookupNone
	}
	return scopeAnswers[best]
}

// suspectsDigest tells whether a case's suspects are still those from whom a scope was made.
func suspectsDigest(list []account.Suspect) []byte {
	b, err := json.Marshal(list)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// unsettled reports whether a scope may be smaller than the truth: others are distrusted now, or somebody who is not frozen still is.
func (st *lookupState) unsettled(c *caseState) bool {
	return subtle.ConstantTimeCompare(st.Suspects, suspectsDigest(c.Suspects)) != 1 ||
		slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return s.To.IsZero() && s.Stop == "" })
}

// openCase returns an open case by its number, or nil.
func (b *books) openCaseOf(n string) *caseState {
	i := slices.IndexFunc(b.Cases, func(c *caseState) bool { return c.ID == n && c.Closed.IsZero() })
	if i < 0 {
		return nil
	}
	return b.Cases[i]
}

// lookup finds the page of a token; that of a case that was closed is none.
func (b *books) lookup(token string) (*lookupState, *caseState) {
	var found *lookupState
	for _, st := range b.Lookups {
		if subtle.ConstantTimeCompare([]byte(st.Token), []byte(token)) == 1 {
			found = st
		}
	}
	if found == nil {
		return nil, nil
	}
	c := b.openCaseOf(found.Case)
	if c == nil {
		return nil, nil
	}
	return found, c
}

// ProposeLookup asks for a page that answers from a scope. It is open to everybody, so that another person must say yes; until then nobody
// sees it. A page that is there already goes on under its address, and answers from the new scope.
func (l *Local) ProposeLookup(ctx context.Context, s id.Session, x account.LookupScope) (account.Outcome, error) {
	const op = "open look-up"
	if err := l.power(s, account.Investigate, op); err != nil { // before anything is computed
		return account.Outcome{}, err
	}
	if by, err := l.live(s); err != nil {
		return account.Outcome{}, err
	} else if err := l.fresh(by, op); err != nil {
		return account.Outcome{}, err
	}
	contact := strings.TrimSpace(x.Contact)
	b := l.books.Load()
	c := b.openCaseOf(x.Case)
	switch {
	case c == nil:
		return account.Outcome{}, absent(op, x.Case, "hint.no-case")
	case contact == "" || len([]rune(contact)) > maxLookupText:
		return account.Outcome{}, unfit(op, x.Case, "hint.lookup-contact")
	case len(x.People) > maxLookupPeople || len(x.Schools) > maxLookupSchools || len(b.Lookups) >= maxLookups:
		return account.Outcome{}, problem.New(problem.TooLarge, op, x.Case, nil)
	case len(x.People) == 0:
		return account.Outcome{}, unfit(op, x.Case, "hint.lookup-nobody")
	case slices.ContainsFunc(b.Proposals, func(p *proposalState) bool {
		return p.Act == actLookup && p.Target == x.Case && l.now().Before(p.Until)
	}):
		return account.Outcome{}, &problem.Error{Kind: problem.Exists, Op: op, On: x.Case, Hint: "hint.proposal-waits"}
	}
	st := lookupState{Case: x.Case, Blob: lookupBlob + strings.ToLower(rand.Text()), Suspects: suspectsDigest(x.Suspects), At: x.At, Schools: x.Schools,
		Persons: len(x.People), Unlinked: x.Unlinked, Contact: contact}
	args, err := json.Marshal(st)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, "", err)
	}
	leave, err := l.enter(op)
	if err != nil {
		return account.Outcome{}, err
	}
	plain := newScope(x.People).marshal()
	err = l.keys.SaveBlob(st.Blob, plain)
	clear(plain)
	leave()
	if err != nil {
		return account.Outcome{}, err
	}
	o, err := l.propose(ctx, s, op, proposalState{Act: actLookup, Target: x.Case, Args: args, Reason: x.Reason}, account.Investigate)
	if err != nil && o.Proposal == nil {
		l.keys.RemoveBlob(st.Blob) // what stays takes up room until the next sweep of the case
	}
	return o, err
}

// openLookup opens the page that a proposal describes.
func (d *draft) openLookup(p proposalState, now time.Time) ([]event.Event, error) {
	var st lookupState
	if err := json.Unmarshal(p.Args, &st); err != nil {
		return nil, err
	}
	i, err := d.openedCase("confirm", st.Case)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(st.Suspects, suspectsDigest(d.Cases[i].Suspects)) != 1 { // the second person would open something else than is known
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: st.Case, Hint: "hint.lookup-old"}
	}
	st.Token, st.Since, st.By = rand.Text(), now, p.ByName
	if i := slices.IndexFunc(d.Lookups, func(x *lookupState) bool { return x.Case == st.Case }); i >= 0 {
		st.Token, st.Since, st.Days = d.Lookups[i].Token, d.Lookups[i].Since, d.Lookups[i].Days
		d.Dropped = append(slices.Clone(d.Dropped), d.Lookups[i].Blob)
		d.Lookups[i] = &st
	} else {
		d.Lookups = append(d.Lookups, &st)
	}
	return []event.Event{{Kind: event.LookupOpened, Target: st.Case, Size: int64(st.Persons), Note: st.Contact}}, nil
}

// CloseLookup closes the page of a case at once: one person is enough for what tells less.
func (l *Local) CloseLookup(ctx context.Context, s id.Session, n string) error {
	const op = "close look-up"
	err := l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Investigate) {
			return event.Event{}, notAllowed(op)
		}
		i := slices.IndexFunc(d.Lookups, func(x *lookupState) bool { return x.Case == n })
		if i < 0 {
			return event.Event{}, absent(op, n, "hint.no-lookup")
		}
		d.Dropped = append(slices.Clone(d.Dropped), d.Lookups[i].Blob)
		d.Lookups = slices.Delete(d.Lookups, i, i+1)
		return event.Event{Kind: event.LookupClosed, Target: n}, nil
	})
	return errors.Join(err, l.tidyLookups(ctx))
}

// tidyLookups closes the pages of cases that are closed, and removes the scopes that nothing names any more.
func (l *Local) tidyLookups(ctx context.Context) error {
	const op = "close look-up"
	b := l.books.Load()
	gone := func(b *books, st *lookupState) bool { return b.openCaseOf(st.Case) == nil }
	if slices.ContainsFunc(b.Lookups, func(st *lookupState) bool { return gone(b, st) }) {
		err := l.amend(ctx, op, "", func(b *books, d *draft) (events []event.Event, err error) {
			d.Dropped = slices.Clone(d.Dropped)
			d.Lookups = slices.DeleteFunc(d.Lookups, func(st *lookupState) bool {
				if !gone(b, st) {
					return false
				}
				d.Dropped = append(d.Dropped, st.Blob)
				events = append(events, event.Event{Kind: event.LookupClosed, Target: st.Case, Note: "the case is closed"})
				return true
			})
			return events, nil
		})
		if err != nil {
			return err
		}
	}
	return l.dropBlobs(ctx)
}

// dropBlobs removes the files that the books say are to go, and those of proposals that nobody confirmed.
func (l *Local) dropBlobs(ctx context.Context) error {
	b := l.books.Load()
	lapsed := func(p *proposalState) bool { return p.Act == actLookup && !l.now().Before(p.Until) }
	if len(b.Dropped) == 0 && !slices.ContainsFunc(b.Proposals, lapsed) {
		return nil
	}
	var failed error
	l.lookups.forget()
	return errors.Join(l.amend(ctx, "close look-up", "", func(b *books, d *draft) ([]event.Event, error) {
		var left []string
		list := slices.Clone(d.Dropped)
		d.Proposals = slices.DeleteFunc(d.Proposals, func(p *proposalState) bool {
			if !lapsed(p) {
				return false
			}
			list = append(list, blobOf(p)...)
			return true
		})
		for _, name := range list {
			if err := l.removeBlob(name); err != nil {
				failed, left = errors.Join(failed, err), append(left, name)
			}
		}
		d.Dropped = left
		return nil, nil
	}), failed)
}

// blobOf is the file that a proposal of a page holds.
func blobOf(p *proposalState) []string {
	var st lookupState
	if p.Act != actLookup || json.Unmarshal(p.Args, &st) != nil {
		return nil
	}
	return []string{st.Blob}
}

// Lookup tells those who investigate of the page of a case.
func (l *Local) Lookup(_ context.Context, s id.Session, n string) (account.Lookup, error) {
	const op = "list look-ups"
	if err := l.power(s, account.Investigate, op); err != nil {
		return account.Lookup{}, err
	}
	b := l.books.Load()
	if !slices.ContainsFunc(b.Cases, func(c *caseState) bool { return c.ID == n }) {
		return account.Lookup{}, absent(op, n, "hint.no-case")
	}
	out := account.Lookup{Case: n, Waiting: slices.ContainsFunc(b.Proposals, func(p *proposalState) bool {
		return p.Act == actLookup && p.Target == n && l.now().Before(p.Until)
	})}
	i := slices.IndexFunc(b.Lookups, func(st *lookupState) bool { return st.Case == n })
	c := b.openCaseOf(n)
	if i < 0 || c == nil {
		return out, nil
	}
	st := b.Lookups[i]
	out.On, out.Token, out.Contact, out.Schools, out.Persons, out.At, out.Since, out.By = true, st.Token, st.Contact, st.Schools, st.Persons, st.At, st.Since, st.By
	out.Stale, out.Unlinked = st.unsettled(c), st.Unlinked
	out.Days = l.lookups.with(n, st.Days)
	slices.Reverse(out.Days)
	return out, nil
}
