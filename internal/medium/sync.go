package medium

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// Options say how to sync.
type Options struct {
	Key   string    // the public key of the vault's ledger
	ID    id.Medium // which medium is meant; zero: whichever it is
	Known uint64    // the last state that the vault knows to be on it
	Keep  int       // how many states stay; 0: all
	Mend  bool      // read what is there first, and copy again what is damaged
	// Copied hears of the state once it is complete and durable, before what is new of it was read back; it may be nil. If it fails, so does the sync.
	Copied func(Outcome) error
	// Progress hears how far it is, often; it may be nil.
	Progress func(Progress)
}

// Progress is how far a sync is.
type Progress struct {
	Bytes   int64 `json:"bytes"` // of packs, written
	Of      int64 `json:"of"`
	Objects int64 `json:"objects"` // of packs, written
	OfThem  int64 `json:"of_objects"`
	Read    int64 `json:"read"` // bytes that were read back
	ReadOf  int64 `json:"of_read"`
}

// Outcome tells what a sync has done.
type Outcome struct {
	Medium   Descriptor  `json:"medium"`
	State    uint64      `json:"state"` // its number
	Time     time.Time   `json:"time"`  // of the last entry of the ledger that it has
	Head     ledger.Head `json:"head"`
	Until    time.Time   `json:"until,omitzero"` // until when all of it is locked at least
	Packs    int64       `json:"packs"`
	Bytes    int64       `json:"bytes"`          // of all packs
	Copied   int64       `json:"copied"`         // bytes that were new
	Objects  int64       `json:"objects"`        // that were new
	Mended   int64       `json:"mended"`         // of them, that were there and damaged
	Resumed  int64       `json:"resumed"`        // bytes that a sync which was broken off had copied
	Unread   int64       `json:"unread"`         // bytes that were not read back yet
	ReadOf   int64       `json:"of_read"`        // bytes that were to be read back, of this copy and of those before that were broken off
	Lied     int         `json:"lied"`           // objects that the medium gave back otherwise than they were written; they were copied again
	Unnoted  uint64      `json:"unnoted"`        // a complete state that the vault did not know of; 0: none
	Findings []Finding   `json:"findings"`       // at most 1,000
	Found    int         `json:"findings_count"` // all
}

// maxFindings bounds a list of findings; the counts go on.
const maxFindings = 1000

const op = "sync medium"

// syncer is a Sync at work.
type syncer struct {
	t    Target
	src  Source
	opt  Options
	v    note.Verifier
	desc Descriptor
	raw  []byte // of the descriptor

	prev    *state // the last complete state; nil: there is none
	number  uint64
	part    int
	unclean bool            // a sync before was broken off
	passing map[string]bool // objects that parts of this sync have named
	cut     *Cut
	head    ledger.Head
	has     map[string]int64 // how long the segments on the medium are
	several map[string]bool  // of them, those under whose names there is more than one thing
	known   map[string]bool  // objects of the last state and part
	broken  map[string]bool  // segments that must be copied again
	shares  map[id.Share][]segment
	read    map[id.Share]map[segment]bool // of them, those that were read back
	stuck   map[string]bool               // segments that are damaged on the medium, and in the vault, too
	jobs    []job
	books   map[id.Share]*Books   // that are new
	shelved map[id.Share]*booksOf // that the state will have
	fresh   time.Time             // until when what this sync puts is locked at least; zero: the target locks nothing
	until   time.Time             // until when all that the next record names is

	mu  sync.Mutex // guards what follows while packs are copied
	out Outcome
	did Progress
}

// Sync brings a medium up to what the vault is now. It copies what is new, puts the record that makes it a state, and then reads back what was
// copied. Broken off at any moment, the medium is at its last complete state, and the next Sync goes on.
func Sync(ctx context.Context, t Target, src Source, opt Options) (Outcome, error) {
	s := &syncer{t: layered(t), src: src, opt: opt, has: make(map[string]int64), several: make(map[string]bool), known: make(map[string]bool), passing: make(map[string]bool), broken: make(map[string]bool), stuck: make(map[string]bool), shares: make(map[id.Share][]segment)}
	err := s.run(ctx)
	return s.out, s.explain(err)
}

func (s *syncer) run(ctx context.Context) error {
	defer func() { tellCovered(s.t, s.finding) }()
	if err := s.look(ctx); err != nil {
		return err
	}
	cut, err := s.src.Cut(ctx)
	if err != nil {
		return err
	}
	defer cut.Close()
	s.cut = cut
	if s.head, err = ledger.CheckCheckpoint(cut.Checkpoint, s.opt.Key); err != nil {
		return err
	}
	defer s.closeBooks()
	if err := s.makeBooks(ctx); err != nil {
		return err
	}
	if err := s.plan(ctx); err != nil {
		return err
	}
	if err := s.room(ctx); err != nil {
		return err
	}
	if err := s.putPart(ctx, s.jobs); err != nil { // so that the next sync knows, if this one is broken off
		return err
	}
	if err := s.copyAll(ctx); err != nil {
		return err
	}
	if err := s.finish(ctx); err != nil {
		return err
	}
	if err := s.readBack(ctx); err != nil {
		return err
	}
	_ = s.sweep(ctx) // the state is complete; what could not be removed now is when the next one is
	return nil
}

// explain makes a problem of an error.
func (s *syncer) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	kind, hint := problem.Unavailable, "hint.medium-broken-off"
	switch {
	case durable.IsNoSpace(err):
		kind, hint = problem.NoSpace, "hint.medium-full"
	case errors.Is(err, syscall.EROFS):
		kind, hint = problem.Denied, "hint.medium-readonly"
	case errors.Is(err, fs.ErrPermission):
		kind, hint = problem.Denied, "hint.medium-permission"
	case errors.Is(err, errDigest), errors.Is(err, errLength):
		kind, hint = problem.Damaged, "hint.medium-lies"
	case errors.Is(err, errUnlocked):
		kind, hint = problem.Invalid, "hint.bucket-unlocked"
	}
	return &problem.Error{Kind: kind, Op: op, On: s.desc.Label, Hint: hint, Err: err}
}

func (s *syncer) finding(f Finding) {
	if s.out.Found++; len(s.out.Findings) < maxFindings {
		s.out.Findings = append(s.out.Findings, f)
	}
}

// look reads what the medium is and holds, and refuses one that is not to be written to.
func (s *syncer) look(ctx context.Context) (err error) {
	if s.v, err = note.NewVerifier(s.opt.Key); err != nil {
		return err
	}
	if s.raw, err = read(ctx, s.t, descriptorName, maxDescriptor); err == nil {
		s.desc, err = Describe(ctx, s.t)
	}
	s.out.Medium = s.desc
	switch {
	case errors.Is(err, ErrNone):
		return &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.medium-none", Err: err}
	case err != nil:
		return err
	case s.desc.Vault != s.opt.Key:
		return &problem.Error{Kind: problem.Denied, Op: op, On: s.desc.Label, Hint: "hint.medium-other-vault", Err: errOtherVault}
	case !s.opt.ID.IsZero() && s.desc.ID != s.opt.ID:
		return &problem.Error{Kind: problem.Denied, Op: op, On: s.desc.Label, Hint: "hint.medium-other", Err: errOtherMedium}
	}
	if err := s.begun(ctx); err != nil {
		return err
	}
	h, err := history(ctx, s.t, s.v, s.desc)
	if err != nil {
		return err
	}
	for _, f := range h.findings {
		s.finding(f)
	}
	s.number = s.opt.Known + 1
	if s.prev = h.last; s.prev != nil {
		s.number = max(s.number, s.prev.number+1)
		s.shares = s.prev.shares
		s.know(s.prev)
		s.lockedLess(s.prev.Until)
		if s.prev.number > s.opt.Known {
			s.out.Unnoted = s.prev.number
		}
		if err := newer(ctx, s.src, s.desc, s.prev.head); err != nil {
			return err
		}
	}
	if s.opt.Known > 0 && (s.prev == nil || s.prev.number < s.opt.Known) {
		s.finding(Finding{State: s.opt.Known, Reason: Replayed})
	}
	return s.resume(ctx, h)
}

func (s *syncer) know(st *state) {
	st.objects(func(name string, _ int64, _ [32]byte) { s.known[name] = true })
}

// Newer returns an error if a medium shows that the vault was put back to an older state, or is another one.
func Newer(ctx context.Context, t Target, src Source, key string) error {
	s, err := Open(ctx, t, key, 0)
	if problem.KindOf(err) == problem.NotFound {
		return nil // nothing was copied to it yet
	}
	if err != nil {
		return err
	}
	return newer(ctx, src, s.Medium, s.Head)
}

func newer(ctx context.Context, src Source, d Descriptor, head ledger.Head) error {
	err := src.Consistent(ctx, head)
	switch {
	case errors.Is(err, ledger.ErrShorter):
		return &problem.Error{Kind: problem.Conflict, Op: op, On: d.Label, Hint: "hint.medium-newer", Err: err}
	case errors.Is(err, ledger.ErrFork):
		return &problem.Error{Kind: problem.Conflict, Op: op, On: d.Label, Hint: "hint.medium-forked", Err: err}
	}
	return err
}

// resume takes over what a sync that was broken off had copied, and what was read back by then.
func (s *syncer) resume(ctx context.Context, h *shelf) error {
	s.unclean = len(h.parts) > 0
	if err := s.knowLists(ctx, h); err != nil {
		return err
	}
	s.readOf(&state{}) // where no part says anything else, all that the last state has
	told := false
	for _, p := range slices.Backward(h.parts) {
		s.part = max(s.part, p.part+1)
		if p.number != s.number && told {
			continue
		}
		st, err := load(ctx, s.t, s.v, s.desc, partName(p.number, p.part))
		if away(err) {
			return err
		}
		if err != nil || s.src.Consistent(ctx, st.head) != nil {
			continue // torn
		}
		if !told {
			told = true
			s.readOf(st)
			s.know(st)
		}
		if p.number != s.number {
			continue
		}
		s.out.Resumed = st.Bytes
		if s.prev != nil {
			s.out.Resumed -= s.prev.Bytes
		}
		s.shares = st.shares
		s.know(st)
		s.lockedLess(st.Until)
		break
	}
	s.shares = maps.Clone(s.shares)
	if s.shares == nil {
		s.shares = make(map[id.Share][]segment)
	}
	for e, err := range s.t.List(ctx, packDir) {
		if err != nil {
			return err
		}
		if s.has[e.Name] = e.Size; e.Several {
			s.several[e.Name] = true
		}
	}
	if s.opt.Mend {
		return s.readAll(ctx)
	}
	return nil
}

// readAll finds out what on the medium is damaged.
func (s *syncer) readAll(ctx context.Context) error {
	for share, segments := range s.shares {
		for _, x := range segments {
			name := x.name(share)
			err := sure(ctx, s.t, name, x.length, x.sum, nil)
			s.wasRead(share, x, err == nil)
			if err == nil {
				continue
			}
			if err2 := ctx.Err(); err2 != nil || away(err) {
				return errors.Join(err2, err)
			}
			s.broken[name] = true
		}
	}
	return nil
}

// job is a segment to be copied.
type job struct {
	share id.Share
	segment
	whole  bool     // it is all of a sealed pack
	digest [32]byte // that the pack has of itself, if whole
}

// plan finds out what is new. What the medium has and the vault has lost stays: a copy is for that.
func (s *syncer) plan(ctx context.Context) error {
	shares, err := s.src.Shares(ctx)
	if err != nil {
		return err
	}
	for _, share := range shares {
		if err := s.planShare(ctx, share); err != nil {
			return err
		}
	}
	for share := range s.shares {
		if !slices.Contains(shares, share) && len(s.shares[share]) > 0 {
			s.finding(Finding{Share: share, Reason: Vault, Text: "all packs are missing"})
		}
	}
	for _, j := range s.jobs {
		s.did.Of += j.length
	}
	s.did.OfThem = int64(len(s.jobs))
	return nil
}

func (s *syncer) planShare(ctx context.Context, share id.Share) error {
	have := make(map[uint64][]segment)
	for _, x := range s.shares[share] {
		have[x.pack] = append(have[x.pack], x)
	}
	var all []segment
	for i, err := range s.src.Packs(ctx, share) {
		old := have[i.Pack]
		delete(have, i.Pack)
		anew := anewOf(i)
		if err == nil && anew != 0 && (len(old) != 1 || old[0].anew != anew) { // something was taken out of it: what was copied before goes with the states before
			old = nil
		}
		if d, ok := errors.AsType[*pack.DamageError](err); ok {
			s.finding(Finding{Share: share, Pack: d.At.Pack, Reason: Vault, Text: d.Reason})
			all = append(all, have[d.At.Pack]...)
			all = append(all, old...)
			delete(have, d.At.Pack)
			continue
		}
		if err != nil {
			return err
		}
		end := int64(0)
		for _, x := range old {
			if err := s.again(ctx, share, x); err != nil {
				return err
			}
			end = x.end()
		}
		if end > i.Size { // what was durable once is not there any more
			s.finding(Finding{Share: share, Pack: i.Pack, Reason: Vault, Text: fmt.Sprintf("it has %d bytes, %d were copied once", i.Size, end)})
		}
		all = append(all, old...)
		if end < i.Size {
			x := segment{pack: i.Pack, from: end, length: i.Size - end, anew: anew}
			all = append(all, x)
			s.jobs = append(s.jobs, job{share, x, i.Sealed && end == 0, i.Digest})
		}
	}
	for n, old := range have { // packs that the vault does not list: they stay as they are
		s.finding(Finding{Share: share, Pack: n, Reason: Vault, Text: "missing"})
		all = append(all, old...)
	}
	slices.SortStableFunc(all, func(a, b segment) int {
		if a.pack != b.pack {
			return map[bool]int{true: -1, false: 1}[a.pack < b.pack]
		}
		return map[bool]int{true: -1, false: 1}[a.from < b.from]
	})
	s.shares[share] = all
	return nil
}

// again has a segment copied once more that should be there and is not.
func (s *syncer) again(ctx context.Context, share id.Share, x segment) error {
	name := x.name(share)
	size, there := s.has[name]
	if l, ok := s.t.(*layers); ok && s.several[name] && !s.broken[name] { // what was put there may be below
		o, err := l.choose(ctx, name, x.length, x.sum)
		if err == nil {
			return o.Close()
		}
		if away(err) {
			return err
		}
	} else if there && size == x.length && !s.broken[name] {
		return nil
	}
	reason := Missing
	if there {
		reason = Length
	}
	if s.broken[name] {
		reason = Digest
	}
	s.finding(Finding{Object: name, Share: share, Pack: x.pack, Reason: reason})
	s.out.Mended++
	s.wasRead(share, x, false)
	s.jobs = append(s.jobs, job{share: share, segment: x})
	return nil
}

// room refuses before anything is written what will not fit.
func (s *syncer) room(ctx context.Context) error {
	free, err := s.t.Free(ctx)
	if err != nil || free < 0 {
		return err
	}
	need := s.did.Of + s.did.Of/256 + 16<<20 // lists, ledger, the keeper's files
	for _, j := range s.jobs {
		need -= min(s.has[j.name(j.share)], j.length) // torn, and written over
	}
	if need > free && len(s.jobs) > 0 {
		return &problem.Error{Kind: problem.NoSpace, Op: op, On: fmt.Sprintf("%s: %d MiB > %d MiB", s.desc.Label, need>>20, free>>20), Hint: "hint.medium-full",
			Err: fmt.Errorf("%d bytes are needed, %d are free", need, free)}
	}
	return nil
}
