package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/whose"
)

// Alarm is something about a reading that people must hear of at once.
type Alarm struct {
	Kind    AlarmKind
	Sign    string // AlarmOdd: what is odd
	When    time.Time
	Session account.Session
	Share   string
	Stops   []account.Stop // AlarmTrapped: what was frozen
}

// AlarmKind says what happened.
type AlarmKind uint8

// The kinds.
const (
	AlarmTrapped AlarmKind = iota + 1 // a trap was asked for
	AlarmOver                         // a budget is spent
	AlarmOdd                          // a place or a time is odd
)

func (l *Local) alarm(a Alarm) {
	if a.When = l.now(); l.cfg.Alarm != nil {
		l.cfg.Alarm(a)
	}
}

// admit is the guard of readings. It returns the job that each file is read in, or nil if none is. What it refuses is not in the
// budget; what it admits is, whether or not the ledger takes it. The console is not judged: whoever speaks there has the keys.
func (l *Local) admit(ctx context.Context, s account.Session, r Request) (jobs []*jobState, err error) {
	if s.Factor == account.Console {
		return nil, nil
	}
	b, now := l.books.Load(), l.now()
	a := b.byID[s.Account]
	if a == nil {
		return nil, notAllowed("release")
	}
	p, share := l.pathsOf(b, s, r, now), ""
	if x := b.shares[r.Share]; x != nil {
		share = x.Name
	}
	if hit := p.trap(); hit != nil && (r.Purpose != account.Verify || !b.may(s, account.Care)) {
		r.Files = hit
		err := l.sprung(ctx, s, share)
		l.refused(ctx, s, r, err)
		return nil, err
	}
	places, err := l.whence(ctx, b, a, s, share)
	if err != nil {
		return nil, err
	}
	closed, err := l.hours(ctx, b, s, share)
	if err != nil {
		return nil, err
	}
	b = l.books.Load()
	more := b.byID[s.Account].More.on(b.date(now))
	if len(places) > 0 && more == 0 { // two people have agreed on a job, and not on a place
		p.jobs = nil
	}
	jobs, over, ok := l.spend(b, s, r, p, b.Policy.limits((closed || len(places) > 0) && more == 0, more))
	if !ok {
		err := l.over(ctx, b, s, share, over)
		l.refused(ctx, s, r, err)
		return nil, err
	}
	return jobs, nil
}

// paths are those of a request, opened as far as somebody asks for them.
type paths struct {
	r        *Request
	key      func() (seal.Key, error) // made when it is wanted for the first time
	template *whose.Template
	traps    *trapSet
	jobs     []*jobState // that a file could be read in
	opened   []string
}

// pathsOf prepares to open the paths of a request. The storehouse seals them, so one that lies about them goes around traps, persons and
// the folders of jobs: the number of files it does not go around.
func (l *Local) pathsOf(b *books, s account.Session, r Request, now time.Time) *paths {
	p := &paths{r: &r, template: b.persons[r.Share], traps: b.traps[r.Share]}
	for _, j := range b.Jobs {
		if j.Account == s.Account && j.Share == r.Share && j.open(now) {
			p.jobs = append(p.jobs, j)
		}
	}
	p.key = sync.OnceValues(func() (seal.Key, error) { return l.keys.PathKey(r.Share) })
	return p
}

// at returns the path of the i-th file; "" if it does not open.
func (p *paths) at(i int) string {
	if p.opened == nil {
		p.opened = make([]string, len(p.r.Files))
	}
	if p.opened[i] == "" {
		p.opened[i] = p.open(p.r.Files[i].Path)
	}
	return p.opened[i]
}

// open opens a sealed path; "" if it does not open.
func (p *paths) open(sealed []byte) string {
	key, err := p.key()
	if err != nil {
		return ""
	}
	plain, _ := key.OpenOnce(nil, sealed, nil)
	return within(string(plain))
}

// people returns whose file the i-th is, by its path and by those at which its content has stood before: who takes a copy under another name, or
// renames a folder, reads no fewer persons by it.
func (p *paths) people(i int) (who []string) {
	if p.template == nil {
		return nil
	}
	add := func(person string) {
		if person != "" && !slices.Contains(who, person) {
			who = append(who, person)
		}
	}
	add(p.person(i))
	for _, sealed := range p.r.Files[i].Former {
		add(p.template.Person(p.open(sealed)))
	}
	return who
}

// person returns whose file the i-th is by its path.
func (p *paths) person(i int) string {
	if p.template == nil {
		return ""
	}
	return p.template.Person(p.at(i))
}

// trap returns the files of a request that are traps.
func (p *paths) trap() (hit []Sealed) {
	if p.traps == nil {
		return nil
	}
	for i, f := range p.r.Files {
		if p.traps.holds(p.at(i), p.person(i)) {
			hit = append(hit, f)
		}
	}
	return hit
}

// spend takes a request out of the jobs and the budget of an account: all of it, or nothing.
func (l *Local) spend(b *books, s account.Session, r Request, p *paths, lim [classes]account.Budget) (jobs []*jobState, over excess, ok bool) {
	l.reading.Lock()
	defer l.reading.Unlock()
	now := l.now()
	l.turnDay(b, now)
	c := classOf(r.Purpose)
	files, people := make([]uint64, 0, len(r.Files)), []uint64(nil)
	type claim struct {
		job string
		key uint64
	}
	var claims []claim
	for i, f := range r.Files {
		key := l.diary.fileKey(c, r.Share, f.Version)
		if j, more := l.jobFor(s, p, i, key); j != nil {
			if jobs == nil {
				jobs = make([]*jobState, len(r.Files))
			}
			if jobs[i] = j; more {
				claims = append(claims, claim{j.ID, key})
			}
			continue
		}
		files = append(files, key)
		for _, who := range p.people(i) {
			people = append(people, l.diary.personKey(r.Share, who))
		}
	}
	if over, ok = l.diary.take(s.Account, c, files, people, lim, now); !ok {
		for _, x := range claims {
			l.diary.giveBack(x.job, x.key)
		}
		return nil, over, false
	}
	return jobs, over, true
}

// turnDay begins a new day in the diary when one has begun; reading is locked.
func (l *Local) turnDay(b *books, now time.Time) {
	l.diary.turn(b.date(now), func(job string) bool {
		return slices.ContainsFunc(b.Jobs, func(j *jobState) bool { return j.ID == job && j.open(now) })
	})
}

// jobFor returns the job that the i-th file of a request is read in, and whether it is one more of its files; reading is locked.
func (l *Local) jobFor(s account.Session, p *paths, i int, key uint64) (_ *jobState, more bool) {
	for _, j := range p.jobs {
		if j.covers(s, p.r, func() string { return p.at(i) }) {
			if ok, more := l.diary.run(j.ID, j.Files, key); ok {
				return j, more
			}
		}
	}
	return nil, false
}

// parted returns the events of a request: one for what is read in no job, and one for each job.
func parted(e event.Event, jobs []*jobState) (out []event.Event) {
	if jobs == nil {
		return []event.Event{e}
	}
	at := make(map[*jobState]int)
	for i, f := range e.Files {
		n, ok := at[jobs[i]]
		if !ok {
			n = len(out)
			at[jobs[i]] = n
			part := e
			part.Files = nil
			if jobs[i] != nil {
				part.Note = jobs[i].note()
			}
			out = append(out, part)
		}
		out[n].Files = append(out[n].Files, f)
	}
	return out
}

const maxAsks = 3 // of one account in a day: who was refused as often does not ask again by itself

// errWaits ends a change of the books that has nothing to do.
var errWaits = errors.New("it waits already")

// over refuses a reading beyond the budget. The first time in a day people are told, and a second person is asked in the reader's name.
func (l *Local) over(ctx context.Context, b *books, s account.Session, share string, x excess) error {
	hint := "hint.read-more"
	switch {
	case x.whole:
		hint = "hint.read-parts"
	case x.minute:
		hint = "hint.read-slower"
	}
	out := &problem.Error{Kind: problem.Spent, Op: "release", On: s.Name, Hint: hint, Err: fmt.Errorf("%s: %d of %d", classNames[x.class], x.spent, x.of)}
	var events []event.Event
	if l.first(b, s.Account, overBudget) {
		e := acting(event.Noticed, s)
		e.Target, e.Note, e.Size = s.Name, overBudget, int64(x.spent)
		events = append(events, e)
		l.alarm(Alarm{Kind: AlarmOver, Sign: classNames[x.class], Session: s, Share: share})
	}
	err := l.askMore(ctx, b, s, x, events)
	if errors.Is(err, errWaits) {
		err = l.append(ctx, events...)
	}
	if err != nil {
		l.cfg.Log.ErrorContext(ctx, "nobody could be asked about a reading beyond the budget", "err", err)
	}
	return out
}

// askMore asks a second person whether an account may read more today.
func (l *Local) askMore(ctx context.Context, b *books, s account.Session, x excess, events []event.Event) error {
	now := l.now()
	waits := func(p *proposalState) bool { return p.Act == actReadMore && p.On == s.Account && now.Before(p.Until) }
	if slices.ContainsFunc(b.Proposals, waits) {
		return errWaits
	}
	l.reading.Lock()
	full := l.diary.of(s.Account).asked >= maxAsks
	l.diary.of(s.Account).asked++
	l.reading.Unlock()
	if full {
		return errWaits
	}
	span := "day"
	if x.minute {
		span = "minute"
	}
	p := &proposalState{ID: rand.Text(), Act: actReadMore, On: s.Account, Target: s.Name, By: s.Account, ByName: s.Name, Asked: now, Until: b.midnight(now),
		Reason: fmt.Sprintf("%s %d/%d, %s", classNames[x.class], x.spent, x.of, span)}
	return l.amend(ctx, "release", s.Name, func(_ *books, d *draft) ([]event.Event, error) {
		d.Proposals = slices.DeleteFunc(d.Proposals, func(q *proposalState) bool { return !now.Before(q.Until) })
		if slices.ContainsFunc(d.Proposals, waits) || len(d.Proposals) >= maxProposals {
			return nil, errWaits
		}
		d.Proposals = append(d.Proposals, p)
		e := acting(event.Proposed, s)
		e.Target, e.Until, e.Note = p.Target, p.Until, p.Act+"; "+p.Reason
		return append(events, e), nil
	})
}

// Readings tells what accounts have read today: people about themselves, and who sees people about all.
func (l *Local) Readings(_ context.Context, s id.Session) (out []account.Readings, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b, now := l.books.Load(), l.now()
	l.reading.Lock()
	defer l.reading.Unlock()
	l.turnDay(b, now)
	second := int64(l.diary.watch.read(now) / time.Second)
	for _, a := range b.Accounts {
		x := l.diary.readers[a.ID]
		if own := a.ID == by.Account; !own && (x == nil || !b.may(by, account.SeePeople)) {
			continue
		}
		r := account.Readings{Account: a.Name, More: a.More.on(b.date(now))}
		if r.More == 0 {
			r.Odd = b.oddOf(a, now)
		}
		lim := b.Policy.limits(len(r.Odd) > 0, r.More)
		for c, to := range []*account.Spent{&r.Open, &r.Preview, &r.Export, &r.Persons} {
			if to.Of = lim[c].Day; x != nil {
				to.Today, to.Minute = x.tallies[c].today, x.tallies[c].minute.at(second)
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// oddOf tells what makes the budget of an account a tenth now, for one or another of its sessions.
func (b *books) oddOf(a *accountState, now time.Time) (out []string) {
	for _, x := range a.Places {
		word := newAddress
		if isDevice(x.On) {
			word = newDevice
		}
		if !b.Policy.AnyPlace && a.odd(spot{x.On, word}, now) && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	if b.closed(now) {
		out = append(out, closedHours)
	}
	return out
}
