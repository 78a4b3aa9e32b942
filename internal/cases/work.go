package cases

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Progress says how far the findings of a case are.
type Progress struct {
	Ready bool   `json:"ready"`
	Step  string `json:"step,omitempty"` // "rosters", "ledger", "damage", "readings", "files"
	Done  int64  `json:"done"`
	Of    int64  `json:"of"`   // of this step; 0: nobody knows yet
	Part  int    `json:"part"` // per cent of all steps, about
}

// steps are what there is to do, with the part of the whole that each ends at, in per cent, as it was measured with a million files.
var steps = []struct {
	name string
	ends int
}{{"rosters", 5}, {"ledger", 15}, {"damage", 20}, {"readings", 40}, {"files", 100}}

const (
	rostersRead = iota
	ledgerVerified
	damageAsked
	readingsFollowed
	filesRead
)

// meter is where a work stands. A nil meter counts nothing.
type meter struct {
	step     atomic.Int32
	done, of atomic.Int64
}

func (m *meter) begin(step int32, of int64) {
	if m != nil {
		m.done.Store(0)
		m.of.Store(of)
		m.step.Store(step)
	}
}

func (m *meter) add(n int) {
	if m != nil {
		m.done.Add(int64(n))
	}
}

func (m *meter) progress() Progress {
	n := m.step.Load()
	p := Progress{Step: steps[n].name, Done: m.done.Load(), Of: m.of.Load()}
	if n > 0 {
		p.Part = steps[n-1].ends
	}
	if p.Of > 0 {
		p.Done = min(p.Done, p.Of)
		p.Part += int(int64(steps[n].ends-p.Part) * p.Done / p.Of)
	}
	return p
}

// work computes findings. It goes on when nobody waits for it any more: who comes back finds it.
type work struct {
	who    viewer
	by     id.Session // who has begun it
	c      account.Case
	shares []account.Share
	meter  meter
	mends  int64
	stale  bool // something that findings hang on has changed since it was begun; the desk guards it until it is done
	stop   context.CancelFunc
	done   chan struct{}
	f      *Findings // once done
	err    error
}

// viewer is who sees the same in the same case: all who may see everything, or one session.
type viewer struct {
	session id.Session // zero: everything
	n       string
}

func viewerOf(s account.Session, n string) viewer {
	if s.Factor == account.Console || (s.Factor == account.SecondFactor || s.Factor == account.Password) && s.Role.May(account.ReadLedger) && s.Role.May(account.Investigate) {
		return viewer{n: n}
	}
	return viewer{s.ID, n}
}

// Current returns the findings of a case: those of a moment ago if nothing that they hang on has changed since, so that a number and its
// list agree. They are computed once for all who see the same. What has changed while they were computed, they are computed anew for, so that no
// paper tells silently of the state before.
func (d *Desk) Current(ctx context.Context, s account.Session, n string) (*Findings, error) {
	for got := (*Findings)(nil); ; {
		f, w, err := d.begin(ctx, s, n, got)
		if err == nil && w != nil {
			got, err = w.wait(ctx)
			if err == nil || w.failedFor(s) {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		return f, d.told(ctx, s, f)
	}
}

// Progress begins to compute the findings of a case, if they are not there, and says how far they are. It waits for a moment: most are there
// by then.
func (d *Desk) Progress(ctx context.Context, s account.Session, n string) (Progress, error) {
	moment, end := context.WithTimeout(ctx, glance)
	defer end()
	for {
		_, w, err := d.begin(ctx, s, n, nil)
		if err != nil || w == nil {
			return Progress{Ready: true, Part: 100}, err
		}
		_, err = w.wait(moment)
		switch {
		case w.failedFor(s):
		case moment.Err() != nil && ctx.Err() == nil:
			return w.meter.progress(), nil
		default:
			return Progress{Ready: true, Part: 100}, err
		}
	}
}

// wait waits for a work.
func (w *work) wait(ctx context.Context) (*Findings, error) {
	select {
	case <-w.done:
		return w.f, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// failedFor reports whether a work has failed for somebody else, who may have logged out meanwhile, or was given up because something has changed:
// then it is begun again.
func (w *work) failedFor(s account.Session) bool {
	select {
	case <-w.done:
		return w.err != nil && (w.by != s.ID || w.stale)
	default:
		return false
	}
}

// glance is how long somebody looks at a page before it should say something.
const glance = time.Second

// outdate gives a work up: nobody will be told what it finds. The desk is held.
func (w *work) outdate() {
	w.stale = true
	w.stop()
}

// begin returns findings that are there, or the work that will have them. got are findings that were computed for this, however long that took.
func (d *Desk) begin(ctx context.Context, s account.Session, n string, got *Findings) (*Findings, *work, error) {
	c, shares, err := d.concerned(ctx, s, n)
	if err != nil {
		return nil, nil, err
	}
	lines, err := d.Books.Register(ctx, s.ID)
	if err != nil {
		return nil, nil, err
	}
	who := viewerOf(s, n)
	d.mu.Lock()
	defer d.mu.Unlock()
	f, mends := got, d.House.Mends()
	if f == nil {
		f = d.recent[who]
	}
	if f != nil && (f == got || d.Now().Sub(f.At) < recentFor) {
		if f.mends == mends && slices.Equal(f.Case.Suspects, c.Suspects) && sameShares(f.source.shares, shares) && d.lined(who, &f, lines) {
			return f, nil, nil
		}
		delete(d.heads, n) // days are not counted with it either
	}
	for _, w := range d.works {
		switch {
		case w.stale || w.who != who:
		case w.mends == mends && slices.Equal(w.c.Suspects, c.Suspects) && sameShares(w.shares, shares):
			return nil, w, nil
		default:
			w.outdate() // or it would go on beside the one that is begun now
		}
	}
	if d.closed {
		return nil, nil, problem.New(problem.Unavailable, "case", n, context.Canceled)
	}
	w := &work{who: who, by: s.ID, c: c, shares: shares, mends: mends, done: make(chan struct{})}
	d.works = append(d.works, w)
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.working.Go(func() {
		defer w.stop()
		d.do(ctx, s, w)
	})
	return nil, w, nil
}

// lined puts the present lines of the register into findings, and reports whether these hold with them: they do not if other persons are told apart.
func (d *Desk) lined(who viewer, f **Findings, lines []account.RegisterLine) bool {
	x := *f
	if reflect.DeepEqual(x.lines, lines) {
		return true
	}
	if !x.Persons.sameHolders(x.source.shares, lines) {
		return false
	}
	if *f = x.with(lines); d.recent[who] == x {
		d.recent[who] = *f
	}
	return true
}

func sameShares(a, b []account.Share) bool {
	return slices.EqualFunc(a, b, func(a, b account.Share) bool { return a.ID == b.ID && a.Name == b.Name })
}

// do computes the findings of a work.
func (d *Desk) do(ctx context.Context, s account.Session, w *work) {
	f, err := d.find(ctx, s, w.c, w.shares, &w.meter)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.works = slices.DeleteFunc(d.works, func(x *work) bool { return x == w })
	if w.err = err; w.stale {
		w.err = context.Canceled
	}
	if w.err == nil {
		w.f = f
		d.remember(w.who, f)
	}
	close(w.done)
}

// told sees to it that the ledger has, of everybody who is told findings, that they have read the rosters: there are names in them.
func (d *Desk) told(ctx context.Context, s account.Session, f *Findings) error {
	d.mu.Lock()
	known := f.readers[s.ID]
	d.mu.Unlock()
	if known {
		return nil
	}
	if _, err := d.rosters(ctx, s, f.source.shares, f.lines, nil); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f.readers[s.ID] = true
	return nil
}

// Close ends what is being computed.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	for _, w := range d.works {
		w.stop()
	}
	d.mu.Unlock()
	d.working.Wait()
}
