package keeper

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// Limits of who is not logged in. An address asks for a family at once, and for a class of forty in an hour and a half; everybody together for
// three hundred thousand a day, so that a house that has told everybody can answer.
var (
	strangerLimit = limit{10, 3 * time.Minute}
	everyoneLimit = limit{300, 250 * time.Millisecond}
)

const strangerSlots = 1 << 14

// strangers slows down those who are not logged in. What it remembers of addresses stands in a table of fixed size under hashes that nobody can
// foresee, so that it cannot be flooded.
type strangers struct {
	seed      maphash.Seed
	everybody bucket
	addresses []bucket
}

func (g *strangers) take(from netip.Addr, now time.Time) bool {
	if g.addresses == nil {
		g.seed, g.addresses = maphash.MakeSeed(), make([]bucket, strangerSlots)
	}
	// The address comes first: who has none left takes nothing from others.
	return g.addresses[maphash.Comparable(g.seed, network(from))%strangerSlots].take(strangerLimit, now) && g.everybody.take(everyoneLimit, now)
}

// lookups is what the pages that are open to everybody need besides the books. Its zero value is ready.
type lookups struct {
	mu     sync.Mutex
	gate   strangers                               // guarded by mu
	opens  map[string]*openings                    // guarded by mu: of links to receipts, by their ids
	days   map[string]map[string]account.LookupDay // guarded by mu: by case and date, what is not in the books yet
	scopes map[string]*scope                       // guarded by mu: by their files
}

// forget drops the scopes from memory.
func (u *lookups) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.scopes)
}

// enter counts a question, and reports whether it may be answered.
func (u *lookups) enter(n, date string, from netip.Addr, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	ok := u.gate.take(from, now)
	if u.days == nil {
		u.days = make(map[string]map[string]account.LookupDay)
	}
	if u.days[n] == nil {
		u.days[n] = make(map[string]account.LookupDay)
	}
	d := u.days[n][date]
	d.Date = date
	if ok {
		d.Asked++
	} else {
		d.Refused++
	}
	u.days[n][date] = d
	return ok
}

// with returns days with what is not among them yet.
func (u *lookups) with(n string, days []account.LookupDay) []account.LookupDay {
	u.mu.Lock()
	defer u.mu.Unlock()
	return addDays(days, u.days[n])
}

func addDays(days []account.LookupDay, more map[string]account.LookupDay) []account.LookupDay {
	out := slices.Clone(days)
	for _, date := range slices.Sorted(maps.Keys(more)) {
		x := more[date]
		if i := slices.IndexFunc(out, func(d account.LookupDay) bool { return d.Date == date }); i >= 0 {
			out[i].Asked, out[i].Refused = out[i].Asked+x.Asked, out[i].Refused+x.Refused
		} else {
			out = append(out, x)
		}
	}
	return out[max(0, len(out)-maxLookupDays):]
}

// take returns what was counted since the last time, and begins anew.
func (u *lookups) take() map[string]map[string]account.LookupDay {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := u.days
	u.days = nil
	return out
}

// saveLookups puts what was counted into the books. After an error it is lost: it is a number, and no evidence.
func (l *Local) saveLookups(ctx context.Context) error {
	counted := l.lookups.take()
	if len(counted) == 0 {
		return nil
	}
	return l.amend(ctx, "count look-ups", "", func(_ *books, d *draft) ([]event.Event, error) {
		d.count(counted)
		return nil, nil
	})
}

// LookupPage tells what everybody may know who has the address of a page.
func (l *Local) LookupPage(_ context.Context, token string) (account.LookupPage, error) {
	b := l.books.Load()
	st, _ := b.lookup(token)
	if st == nil {
		return account.LookupPage{}, problem.New(problem.NotFound, "answer look-up", "", nil)
	}
	return account.LookupPage{Firm: b.Policy.Firm, Contact: st.Contact, Schools: st.Schools, At: st.At, Unlinked: st.Unlinked}, nil
}

// LookUp answers whether somebody is in the scope of a case. questions are the ways in which the question may be meant; nothing of it is kept
// but that there was one.
func (l *Local) LookUp(_ context.Context, token string, from netip.Addr, questions []string) (account.LookupAnswer, error) {
	const op = "answer look-up"
	leave, err := l.enter(op)
	if err != nil {
		return "", err
	}
	defer leave()
	b := l.books.Load()
	st, c := b.lookup(token)
	if st == nil {
		return "", problem.New(problem.NotFound, op, "", nil)
	}
	now := l.now()
	if !l.lookups.enter(st.Case, now.In(b.zone).Format(time.DateOnly), from, now) {
		return "", &problem.Error{Kind: problem.Spent, Op: op, Hint: "hint.lookup-slower"}
	}
	sc, err := l.scope(st.Blob)
	if err != nil {
		return "", err
	}
	answer, unsettled := sc.ask(questions), st.unsettled(c) // both whatever the answer is: nobody learns it from how long it takes
	if answer == account.LookupNone && unsettled {
		answer = account.LookupUnsettled
	}
	return answer, nil
}

// scope returns a scope, from memory or from its file.
func (l *Local) scope(blob string) (*scope, error) {
	l.lookups.mu.Lock()
	defer l.lookups.mu.Unlock()
	if s := l.lookups.scopes[blob]; s != nil {
		return s, nil
	}
	b, err := l.keys.LoadBlob(blob)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	s, err := parseScope(b)
	if err != nil {
		return nil, damagedState(err)
	}
	if l.lookups.scopes == nil {
		l.lookups.scopes = make(map[string]*scope)
	}
	l.lookups.scopes[blob] = s
	return s, nil
}

// removeBlob removes a file; one that is gone is no error.
func (l *Local) removeBlob(name string) error {
	if err := l.keys.RemoveBlob(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// openings are those of one link.
type openings struct {
	n    int64
	seen map[netip.Addr]string // the day of the last one that was recorded
}

// mostSeen is how many addresses of a link are told apart.
const mostSeen = 1_000

// open counts an opening of a link, and reports whether it is to be recorded and whether it may be.
func (u *lookups) open(n string, from netip.Addr, now time.Time) (fresh, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.gate.take(from, now) {
		return false, false
	}
	if u.opens == nil {
		u.opens = make(map[string]*openings)
	}
	o := u.opens[n]
	if o == nil {
		if len(u.opens) >= maxReceipts {
			clear(u.opens)
		}
		o = &openings{seen: make(map[netip.Addr]string)}
		u.opens[n] = o
	}
	o.n++
	day, from := now.Format(time.DateOnly), network(from)
	if o.seen[from] == day {
		return false, true
	}
	if len(o.seen) >= mostSeen {
		clear(o.seen)
	}
	o.seen[from] = day
	return true, true
}

func (u *lookups) opened(n string) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if o := u.opens[n]; o != nil {
		return o.n
	}
	return 0
}

// countedLookups is saveLookups while the keeper goes down.
func (l *Local) countedLookups(ctx context.Context) error {
	counted := l.lookups.take()
	if len(counted) == 0 {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	d := l.books.Load().draft()
	d.count(counted)
	d.Generation++
	next, err := newBooks(d.state)
	if err != nil {
		return err
	}
	if err := l.saveState(next); err != nil {
		return err
	}
	l.books.Store(next)
	return nil
}

// count adds questions to the days of the pages.
func (d *draft) count(counted map[string]map[string]account.LookupDay) {
	for i, st := range d.Lookups {
		if more := counted[st.Case]; more != nil {
			c := *st
			c.Days = addDays(c.Days, more)
			d.Lookups[i] = &c
		}
	}
}

// sweepBlobs removes, at the start, the scopes and receipts that nothing names: the program was stopped between writing one and naming it, or
// between ceasing to name it and removing it.
func (l *Local) sweepBlobs() error {
	files, err := l.cfg.FS.ReadDir(filepath.Join(l.cfg.Dir, "attachments"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b, named := l.books.Load(), make(map[string]bool)
	for _, x := range b.Lookups {
		named[x.Blob] = true
	}
	for _, x := range b.Receipts {
		named[x.Blob] = true
	}
	for _, p := range b.Proposals {
		for _, name := range blobOf(p) {
			named[name] = true
		}
	}
	for _, f := range files {
		name := f.Name()
		if (strings.HasPrefix(name, lookupBlob) || strings.HasPrefix(name, receiptBlob)) && !named[name] {
			err = errors.Join(err, l.removeBlob(name))
		}
	}
	return err
}

// How the files of scopes and receipts are called.
const (
	lookupBlob  = "lookup-"
	receiptBlob = "receipt-"
)
