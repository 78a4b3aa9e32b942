package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/dir"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// rehearsal opens a state of a medium with a keeper, as a vault of its own whose books are made anew in a scratch folder, and compares what it
// gives back with what its commit records and its ledger say. Content is hashed as it streams by, and written nowhere unless somebody has said where.
type rehearsal struct {
	target  medium.Target
	state   *medium.State
	own     bool   // with the keys of the house: nobody has read ledger and sealed files of the medium
	last    uint64 // the last state that the house has put on it, where that is a later one
	keeper  keeper.Keeper
	session account.Session
	scratch string
	q       api.DrillRequest
	now     func() time.Time
	begun   time.Time
	tell    func(api.DrillProgress)
	// before enters what is about to be read, where the keeper's own ledger is thrown away; it says what is not to be. nil: the keeper enters it.
	before func(ctx context.Context, list []vault.Stored) (gone []id.Version, err error)

	v      *vault.Vault
	shares []*rehearsed
	into   *os.Root // nil: nothing is written
	out    account.DrillResult
	first  time.Duration
	took   [3]heft // what was read, by size
	spent  [3]time.Duration
	step   api.DrillProgress
}

// rehearsed is a share in a drill.
type rehearsed struct {
	id id.Share
	account.DrillShare
}

const (
	drillBatch  = 64 // versions that one release asks for
	drillShares = 100
)

var (
	errPulled   = &problem.Error{Kind: problem.Unavailable, Op: "rehearse medium", Hint: "hint.drill-pulled"}
	errStrayed  = errors.New("another medium is there now")
	errNoTrials = &problem.Error{Kind: problem.NotFound, Op: "rehearse medium", Hint: "hint.drill-nothing-there"}
)

// run rehearses, and says how it went. What keeps it from its end is part of that.
func (r *rehearsal) run(ctx context.Context) account.DrillResult {
	err := r.all(ctx)
	if err == nil && r.out.Tried == 0 && r.out.Failed == 0 {
		err = errNoTrials
	}
	return r.judge(ctx, err)
}

// judge says how it went, of a drill that ended with err.
func (r *rehearsal) judge(ctx context.Context, err error) account.DrillResult {
	switch there := r.there(context.WithoutCancel(ctx)); {
	case ctx.Err() != nil:
		r.out.Outcome, r.out.Why = account.DrillBroken, "hint.drill-interrupted"
	case errors.Is(err, keeper.ErrPapers): // nothing was opened, so that nothing is known of the medium
		r.out.Outcome, r.out.Text, r.out.Why = account.DrillBroken, err.Error(), hintOf(err)
	case there != nil:
		r.out.Outcome, r.out.Why, r.out.Text = account.DrillBroken, errPulled.Hint, there.Error()
	case err != nil:
		r.out.Outcome, r.out.Text = account.DrillBroken, err.Error()
		switch problem.KindOf(err) { // that what is tried is not as it should be; the rest is something of this machine
		case problem.Damaged, problem.Invalid, problem.Denied, problem.NotFound, problem.Unauthenticated, problem.Condition:
			r.out.Outcome = account.DrillFailed
		}
		r.out.Why = hintOf(err)
		r.out.Failed++
	case r.out.Failed > 0:
		r.out.Outcome = account.DrillFailed
	default:
		r.out.Outcome = account.DrillWhole
	}
	if r.out.Outcome == account.DrillBroken { // what was read before may have been the cache's
		r.out.Whole, r.out.Read, r.out.First, r.out.Reading, r.out.Estimate = 0, 0, 0, 0, 0
		for _, s := range r.shares {
			s.Whole = 0
		}
	}
	r.out.OfShares = len(r.shares)
	slices.SortStableFunc(r.shares, func(a, b *rehearsed) int { return b.bad() - a.bad() })
	for _, s := range r.shares[:min(len(r.shares), drillShares)] {
		r.out.Shares = append(r.out.Shares, s.DrillShare)
	}
	return r.out
}

func hintOf(err error) string {
	p, ok := errors.AsType[*problem.Error](err)
	if !ok {
		return ""
	}
	return p.Hint
}

// bad is 1 for a share of which something is not as it should be.
func (s *rehearsed) bad() int {
	if s.Problem != "" || s.Lost > 0 || s.Damaged > 0 || s.Whole < s.Tried {
		return 1
	}
	return 0
}

// there returns nil while the medium is connected.
func (r *rehearsal) there(ctx context.Context) error {
	d, err := medium.Describe(ctx, r.target)
	if err == nil && d.ID != r.state.Medium.ID {
		err = errStrayed
	}
	return err
}

func (r *rehearsal) all(ctx context.Context) (err error) {
	closed, err := r.open(ctx)
	defer func() { err = errors.Join(err, closed()) }()
	if err != nil {
		return err
	}
	s, err := r.survey(ctx)
	if err != nil {
		return err
	}
	if r.out.Versions, r.out.Bytes = s.count, s.bytes; r.last > r.state.Number && r.q.State == 0 {
		r.fail(account.DrillFailure{Path: r.state.Medium.Label, Reason: "replayed"})
	}
	if err := r.unsaved(ctx); err != nil {
		return err
	}
	picks := s.chosen()
	if err := r.destination(s, picks); err != nil {
		return err
	}
	begun := r.now()
	r.out.Ready = r.since(r.begun)
	if r.q.All {
		err = r.everything(ctx, s)
	} else {
		err = r.some(ctx, picks)
	}
	r.out.Reading, r.out.First = r.since(begun), account.Millis(r.first.Milliseconds())
	if r.first > 0 {
		r.out.First = max(r.out.First, 1)
	}
	r.estimate(s)
	if err == nil && r.own {
		err = r.beside(ctx)
	}
	covered := slices.Sorted(slices.Values(r.state.Covered())) // of what was read
	r.out.Covered, r.out.OfCovered = covered[:min(len(covered), account.MaxDrillFailures)], len(covered)
	return err
}

// beside names what of the ledger and the sealed files on the medium is not as it was put, and says if a later state should be there: a restore needs
// that, whichever keys have opened the medium and whatever is in its packs.
func (r *rehearsal) beside(ctx context.Context) error {
	list, err := r.state.Beside(ctx)
	if err == nil && len(list) > 0 && r.there(ctx) != nil {
		err = errPulled
	}
	for _, f := range list {
		reason := "sealed"
		if f.Reason == medium.BadLedger {
			reason = "ledger"
		}
		r.fail(account.DrillFailure{Path: f.Object, Reason: reason})
	}
	return err
}

func (r *rehearsal) since(t time.Time) account.Millis {
	return account.Millis(r.now().Sub(t).Milliseconds())
}

// open makes a vault of the medium and the keeper. Nothing of it can be written to but its books.
func (r *rehearsal) open(ctx context.Context) (closed func() error, err error) {
	var ends []func() error
	closed = func() (err error) {
		for _, end := range slices.Backward(ends) {
			err = errors.Join(err, end())
		}
		return err
	}
	if r.q.Into != "" {
		if r.into, err = os.OpenRoot(r.q.Into); err != nil {
			return closed, intoError(r.q.Into, err)
		}
		ends = append(ends, r.into.Close)
	}
	known := endsOf(r.state)
	packs, err := dir.Open(ctx, dir.Config{FS: frail{r.state.Disk()}, Root: "/", Known: func(share id.Share) pack.Position { return known[share] }})
	if err != nil {
		return closed, problem.New(problem.Unavailable, "rehearse medium", r.state.Medium.Label, err)
	}
	ends = append(ends, packs.Close)
	books, err := sqlite.Open(ctx, filepath.Join(r.scratch, "catalogue.db"))
	if err != nil {
		return closed, broken(err, r.scratch)
	}
	ends = append(ends, books.Close)
	r.v, err = vault.Open(ctx, vault.Config{Packs: packs, Catalogue: books, Keeper: r.keeper, FS: durable.OS(), Dir: filepath.Join(r.scratch, "work"),
		Free: func() (int64, error) { return durable.Free(r.scratch) }, Now: r.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return closed, broken(err, r.scratch)
	}
	ends = append(ends, func() error { r.v.Close(); return nil })
	return closed, nil
}

// survey opens each share and looks at the names of all that it has.
func (r *rehearsal) survey(ctx context.Context) (*sample, error) {
	list, err := r.keeper.Shares(ctx, r.session.ID)
	if err != nil {
		return nil, err
	}
	n := r.q.Sample
	if r.q.All {
		n = 0
	}
	s, on := newSample(n, r.q.Seed, r.state.Time), r.state.Shares()
	r.step.OfShares = len(on)
	for _, a := range list {
		if !slices.Contains(on, a.ID) { // nothing was in it yet, or it was made later
			continue
		}
		x := &rehearsed{id: a.ID, DrillShare: account.DrillShare{Name: a.Name}}
		r.shares = append(r.shares, x)
		if err := r.surveyed(ctx, x, s); err != nil {
			return nil, err
		}
		r.step.Shares++
		r.tell(r.step)
	}
	return s, nil
}

// surveyed opens a share. One that cannot be opened is a failure, and keeps nobody from the others.
func (r *rehearsal) surveyed(ctx context.Context, x *rehearsed, s *sample) error {
	err := r.v.Learn(ctx, r.session, x.id, func(vault.Finding) { x.Damaged++ })
	if err == nil && x.Damaged > 0 {
		r.out.Failed++
	}
	if err == nil {
		for k, e := range r.v.Everything(ctx, r.session, pathname.Root.Join(x.Name)) {
			if err = e; err != nil {
				break
			}
			x.Versions++
			s.add(len(r.shares)-1, k)
		}
	}
	switch kind := problem.KindOf(err); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case kind == problem.NotFound:
		x.Problem = "no-keys"
	case r.there(ctx) != nil:
		return errPulled
	default:
		x.Problem = "damaged"
	}
	r.out.Failed++
	return nil
}

// unsaved looks for what the ledger of the medium knows and the medium does not have.
func (r *rehearsal) unsaved(ctx context.Context) error {
	var open []id.Share
	for _, x := range r.shares {
		if x.Problem == "" {
			open = append(open, x.id)
		}
	}
	return r.v.Unsaved(ctx, r.session, open, r.state.Head.Size, func(f vault.Finding) {
		i := slices.IndexFunc(r.shares, func(x *rehearsed) bool { return x.id == f.Share })
		r.shares[i].Lost++
		r.fail(account.DrillFailure{Path: string(f.Path), Reason: "lost"})
	})
}

func (r *rehearsal) fail(f account.DrillFailure) {
	if r.out.Failed++; len(r.out.Failures) < account.MaxDrillFailures {
		r.out.Failures = append(r.out.Failures, f)
	}
}

// some reads what was picked.
func (r *rehearsal) some(ctx context.Context, picks []pick) error {
	r.step.Of, r.step.OfBytes = int64(len(picks)), 0
	for _, p := range picks {
		r.step.OfBytes += p.Size
	}
	var list []vault.Stored
	for i, p := range picks {
		list = append(list, p.Stored)
		if len(list) < drillBatch && i+1 < len(picks) && picks[i+1].share == p.share {
			continue
		}
		if err := r.read(ctx, r.shares[p.share], list); err != nil {
			return err
		}
		list = list[:0]
	}
	return nil
}

// everything reads all that there is, in the order of the books.
func (r *rehearsal) everything(ctx context.Context, s *sample) error {
	r.step.Of, r.step.OfBytes = s.count, s.bytes
	for _, x := range r.shares {
		if x.Problem != "" {
			continue
		}
		var list []vault.Stored
		for k, err := range r.v.Everything(ctx, r.session, pathname.Root.Join(x.Name)) {
			if err != nil {
				return err
			}
			if list = append(list, k); len(list) < drillBatch {
				continue
			}
			if err := r.read(ctx, x, list); err != nil {
				return err
			}
			list = list[:0]
		}
		if err := r.read(ctx, x, list); err != nil {
			return err
		}
	}
	return nil
}

// read reads versions of a share and compares them.
func (r *rehearsal) read(ctx context.Context, x *rehearsed, list []vault.Stored) error {
	if r.before != nil && len(list) > 0 {
		gone, err := r.before(ctx, list)
		if err != nil {
			return err
		}
		r.out.Gone += len(gone)
		list = slices.DeleteFunc(slices.Clone(list), func(k vault.Stored) bool { return slices.Contains(gone, k.Version) })
	}
	if len(list) == 0 {
		return nil
	}
	var to func(vault.Stored) (io.WriteCloser, error)
	if r.into != nil {
		to = r.write
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	last := r.now()
	err := r.v.Compare(ctx, r.session, list, to, func(k vault.Stored, err error) {
		now := r.now()
		r.spent[sizeOf(k.Size)] += now.Sub(last)
		last = now
		if r.compared(x, k, err, now); err != nil && r.there(ctx) != nil {
			stop(errPulled)
		}
	})
	r.v.Forget(r.session.ID)
	if cause := context.Cause(ctx); errors.Is(cause, errPulled) {
		return cause
	}
	return err
}

// compared counts a version.
func (r *rehearsal) compared(x *rehearsed, k vault.Stored, err error, now time.Time) {
	r.out.Tried++
	x.Tried++
	if err == nil {
		r.out.Whole++
		x.Whole++
		r.out.Read += k.Size
		if r.first == 0 {
			r.first = max(now.Sub(r.begun), 1)
		}
		c := &r.took[sizeOf(k.Size)]
		c.versions, c.bytes = c.versions+1, c.bytes+k.Size
	} else {
		f := account.DrillFailure{Path: string(k.Path), Version: k.Version, Size: k.Size, Saved: k.Saved, Reason: "unreadable"}
		if errors.Is(err, vault.ErrDiffers) {
			f.Reason = "differs"
		}
		r.fail(f)
	}
	r.step.Tried, r.step.Bytes, r.step.Failed = int64(r.out.Tried), r.step.Bytes+k.Size, r.out.Failed
	r.tell(r.step)
}

// estimate says how long it would take to read everything so: of each size at the pace of those that were read, small ones by their number, others
// by their length.
func (r *rehearsal) estimate(s *sample) {
	total := r.out.Ready.Duration()
	for i, all := range s.sizes {
		took := r.took[i]
		switch {
		case all.versions == 0:
		case took.versions == 0:
			return
		case i == 0:
			total += time.Duration(float64(r.spent[i]) * float64(all.versions) / float64(took.versions))
		default:
			total += time.Duration(float64(r.spent[i]) * float64(all.bytes) / float64(max(took.bytes, 1)))
		}
	}
	r.out.Estimate = account.Millis(total.Milliseconds())
}

// write makes the file that the content of a version goes into: what is shown under its path, what is not in a folder of its own.
func (r *rehearsal) write(k vault.Stored) (io.WriteCloser, error) {
	name := strings.TrimPrefix(string(k.Path), "/")
	switch {
	case k.Held:
		name = path.Join("held versions", k.Version.String(), path.Base(name))
	case !k.Latest:
		name = path.Join("earlier versions", k.Version.String(), path.Base(name))
	}
	if err := r.into.MkdirAll(path.Dir(name), 0o700); err != nil {
		return nil, intoError(r.q.Into, err)
	}
	f, err := r.into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, intoError(r.q.Into, err)
	}
	return f, nil
}

func intoError(at string, err error) error {
	kind, hint := problem.Invalid, "hint.drill-into"
	if durable.IsNoSpace(err) {
		kind, hint = problem.NoSpace, "hint.drill-space"
	}
	return &problem.Error{Kind: kind, Op: "rehearse medium", On: at, Hint: hint, Err: err}
}

// destination looks whether what will be written has room.
func (r *rehearsal) destination(s *sample, picks []pick) error {
	if r.into == nil {
		return nil
	}
	need := s.bytes
	if !r.q.All {
		need = 0
		for _, p := range picks {
			need += p.Size
		}
	}
	return room(r.q.Into, need+need/20)
}

// room returns nil if a folder has so many bytes free.
func room(at string, need int64) error {
	free, err := durable.Free(at)
	if err != nil {
		return problem.New(problem.Unavailable, "rehearse medium", at, err)
	}
	if free < need {
		return &problem.Error{Kind: problem.NoSpace, Op: "rehearse medium", On: fmt.Sprintf("%s: %d MiB, %d MiB", at, need>>20, free>>20), Hint: "hint.drill-space"}
	}
	return nil
}
