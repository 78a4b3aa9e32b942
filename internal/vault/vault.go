package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// A write epoch ends after so many versions, or so much time: whoever rules the storehouse can open
// what was written in the running one.
const (
	epochVersions = 1000
	epochTime     = 5 * time.Minute
)

// Config is what a vault is made of.
type Config struct {
	Packs     pack.Store
	Rewriter  pack.Rewriter                    // of the same packs; nil: nothing is ever taken out of them
	Alone     func() (release func(), ok bool) // nobody copies packs meanwhile; nil: nobody ever does
	Catalogue catalogue.Catalogue
	Keeper    keeper.Keeper
	FS        durable.FS
	Dir       string // for lock tables and the spool
	Free      func() (int64, error)
	Now       func() time.Time
	Log       *slog.Logger
	Painter   Painter      // nil: there are no previews
	Guard     *guard.Guard // nil: nobody judges
	Alarm     func(Alarm)  // told of freezes and of what is held; nil: nobody is
	// Drafts bounds how many saves may hold memory at the same time (about 8 MiB each); others wait. 0 means 32.
	Drafts int
	// Lend is told of a share whose keys are here, before its part of the catalogue is used the first time; nil: nobody is.
	Lend func(ctx context.Context, share id.Share, keys *seal.Metadata)
	// Still reports whether nothing can be saved for now, as while a restore goes on; nil: never.
	Still func() bool
}

// Vault is an open vault. Safe for concurrent use.
type Vault struct {
	cfg     Config
	keys    *keyring
	live    *live
	gallery *gallery
	drafts  chan struct{} // a token for each draft that may hold buffers
	orders  chan struct{} // a token for each draft by WriteAt that may hold buffers while its client takes its time
	ahead   chan struct{} // a token for each reader that may hold more than one chunk

	mends    atomic.Int64
	doubts   doubts
	sweeping sync.Mutex // held while something is taken out of packs
	closing  atomic.Bool

	mu      sync.Mutex
	shares  map[id.Share]*share          // opened since the start
	nothing map[id.Share]account.Removal // previews of which nothing came, since the start; guarded by mu

	requests chan *request // to the committer
	events   chan event.Event
	stop     chan struct{}
	done     sync.WaitGroup
}

// share is a share whose metadata key the keeper has handed out.
type share struct {
	id        id.Share
	meta      *seal.Metadata
	cutter    *chunk.Cutter
	recipient seal.Recipient
	once      sync.Mutex              // held while unlocking and catching up
	ready     bool                    // guarded by once
	recalled  bool                    // guarded by once: the guard knows what was done in it
	caught    bool                    // owned by the committer: the catalogue has been brought up to the packs since the start
	stale     bool                    // owned by the committer: it must catch up before the next plan
	anew      atomic.Pointer[rebuild] // what the next to catch up has to do instead
	locks     *locks
	vacated   *vacated // owned by the committer
	dirs      dirs

	mu      sync.Mutex // held over every append, so that pending has the order of the pack
	pending catalogue.Batch
	fresh   map[id.Chunk]pack.Place // appended, but not yet in the catalogue
	epoch   *seal.Epoch
	left    int                 // versions that epoch may still be used for
	until   time.Time           // or until when
	written written             // the epoch frame appended last
	lost    int                 // pack.Store.Lost when pending began
	using   map[id.Chunk]int    // chunks that saves under way count on, and how many of them do
	going   []id.Chunk          // in order: those that nobody has any more, while the catalogue still tells where they lie
	waits   map[id.Version]bool // held removals that a person must decide about: others have worked on what they would remove
}

// written says that an epoch's frame stands in a pack.
type written struct {
	epoch id.Epoch
	pack  uint64
}

// Open starts a vault. Shares are unlocked and caught up with their packs when the first session comes for them.
func Open(_ context.Context, cfg Config) (*Vault, error) {
	if cfg.Drafts == 0 {
		cfg.Drafts = 32
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := durable.MakeDir(cfg.FS, cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("vault directory: %w", err)
	}
	v := &Vault{
		cfg:      cfg,
		keys:     newKeyring(cfg.Now),
		live:     newLive(cfg.Now),
		drafts:   make(chan struct{}, cfg.Drafts),
		orders:   make(chan struct{}, max(1, cfg.Drafts/2)),
		ahead:    make(chan struct{}, cfg.Drafts),
		shares:   make(map[id.Share]*share),
		nothing:  make(map[id.Share]account.Removal),
		requests: make(chan *request, 1024),
		events:   make(chan event.Event, 4096),
		stop:     make(chan struct{}),
	}
	if err := v.sweepSpool(); err != nil {
		return nil, err
	}
	v.doubts.fsys, v.doubts.file, v.doubts.log = cfg.FS, filepath.Join(cfg.Dir, doubtsFile), cfg.Log
	if err := v.doubts.load(); err != nil {
		return nil, fmt.Errorf("known damage: %w", err)
	}
	v.gallery = newGallery(v)
	v.done.Add(3)
	go v.commitLoop()
	go v.recordLoop()
	go v.janitor()
	return v, nil
}

// Close ends the vault: acknowledged saves are durable already, so it only waits for what is under way
// and forgets all keys. The stores stay open; they belong to the caller.
func (v *Vault) Close() {
	v.closing.Store(true)
	v.sweeping.Lock()
	v.gallery.close()
	close(v.stop)
	v.done.Wait()
	v.keys.clear()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, sh := range v.shares {
		if sh.meta != nil {
			sh.meta.Zero()
		}
	}
}

// As returns what a session may do, with the lock tokens that it presents.
func (v *Vault) As(s account.Session, tokens ...string) Files {
	return &view{v: v, s: s, tokens: tokens}
}

// Forget drops the keys that are leased for a session, so that its readings end at once.
func (v *Vault) Forget(s id.Session) { v.keys.drop(s) }

// endEpochs forgets the write epochs whose time is over. A share that nobody writes to any more would keep its last one else, with which
// whoever rules the storehouse opens what was written in it.
func (v *Vault) endEpochs() {
	now := v.cfg.Now()
	v.mu.Lock()
	all := slices.Collect(maps.Values(v.shares))
	v.mu.Unlock()
	for _, sh := range all {
		sh.mu.Lock()
		if !now.Before(sh.until) {
			sh.epoch = nil
		}
		sh.mu.Unlock()
	}
}

// view is one session's Files.
type view struct {
	v      *Vault
	s      account.Session
	tokens []string
	expect atomic.Pointer[[]Info] // by the next act
}

// Expecting implements Files.
func (w *view) Expecting(seen ...Info) Files {
	careful := &view{v: w.v, s: w.s, tokens: w.tokens}
	careful.expect.Store(&seen)
	return careful
}

// request begins an act on a name.
func (w *view) request(sh *share, kind event.Kind, name pathname.Path) *request {
	r := &request{share: sh, sess: w.s, kind: kind, name: name, files: []event.File{{Path: sh.meta.SealPath(string(name))}}}
	if seen := w.expect.Swap(nil); seen != nil {
		r.expect = *seen
	}
	return r
}

// enter finds the share of a path for the session, checks the session's right and opens the share.
func (w *view) enter(ctx context.Context, op string, name pathname.Path, write bool) (*share, account.Share, error) {
	list, err := w.v.cfg.Keeper.Shares(ctx, w.s.ID)
	if err != nil {
		return nil, account.Share{}, err
	}
	key := pathname.Key(name.Share())
	for _, a := range list {
		if pathname.Key(a.Name) != key {
			continue
		}
		if err := w.v.cfg.Keeper.Check(ctx, w.s.ID, a.ID, write); err != nil {
			return nil, account.Share{}, err
		}
		sh, err := w.v.open(ctx, w.s.ID, a.ID)
		return sh, a, err
	}
	if err := w.v.cfg.Keeper.Ended(ctx, w.s.ID, name.Share()); err != nil {
		return nil, account.Share{}, err
	}
	if write && len(name.Names()) == 1 {
		return nil, account.Share{}, &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.share-by-administrator"}
	}
	if write {
		return nil, account.Share{}, problem.New(problem.Conflict, op, string(name), errors.New("no such share"))
	}
	return nil, account.Share{}, problem.New(problem.NotFound, op, string(name), nil)
}

// open unlocks a share on its first use and brings the catalogue up to its packs.
func (v *Vault) open(ctx context.Context, s id.Session, share_ id.Share) (*share, error) {
	sh := v.share(share_)
	sh.once.Lock()
	defer sh.once.Unlock()
	if sh.ready && (sh.recalled || v.still()) {
		return sh, nil
	}
	if err := v.unlock(ctx, s, sh); err != nil {
		return nil, err
	}
	if v.cfg.Lend != nil && !sh.ready {
		v.cfg.Lend(ctx, sh.id, sh.meta)
	}
	// The committer replays, so that it is the only one that ever writes into the catalogue.
	if err := v.submit(ctx, &request{share: sh, alone: func(catalogue.Tx) error { return nil }}); err != nil {
		return nil, err
	}
	if !v.still() { // who only reads need not wait until the guard has been told of everything
		if err := v.recall(ctx, sh); err != nil {
			return nil, err
		}
		sh.recalled = true
	}
	sh.ready = true
	return sh, nil
}

func (v *Vault) still() bool { return v.cfg.Still != nil && v.cfg.Still() }

func (v *Vault) share(s id.Share) *share {
	v.mu.Lock()
	defer v.mu.Unlock()
	sh := v.shares[s]
	if sh == nil {
		sh = &share{id: s, fresh: make(map[id.Chunk]pack.Place), using: make(map[id.Chunk]int), vacated: newVacated()}
		v.shares[s] = sh
	}
	return sh
}

// unlock asks the keeper for the share's metadata key; the caller holds once.
func (v *Vault) unlock(ctx context.Context, s id.Session, sh *share) error {
	if sh.ready || sh.meta != nil {
		return nil
	}
	u, err := v.cfg.Keeper.Unlock(ctx, s, sh.id)
	if err != nil {
		return err
	}
	sh.meta, sh.recipient = seal.NewMetadata(u.Metadata), u.Recipient
	sh.cutter = chunk.NewCutter(sh.meta.Cutting())
	sh.lost = v.cfg.Packs.Lost(sh.id)
	sh.locks, err = v.loadLocks(sh)
	return err
}

// recordLoop writes what was saved and changed into the ledger. The commit records are durable
// evidence already, so nobody waits for it.
func (v *Vault) recordLoop() {
	defer v.done.Done()
	for {
		var batch []event.Event
		select {
		case e := <-v.events:
			batch = append(batch, e)
		case <-v.stop:
			if len(v.events) == 0 {
				return
			}
		}
		for len(batch) < 256 && len(v.events) > 0 {
			batch = append(batch, <-v.events)
		}
		if len(batch) == 0 {
			continue
		}
		if err := v.cfg.Keeper.Record(context.Background(), batch...); err != nil {
			v.cfg.Log.Error("saves are not in the ledger; their commit records are", "events", len(batch), "err", err)
		}
	}
}

// note queues an event. It waits when the ledger cannot keep up, so that memory stays bounded.
func (v *Vault) note(e event.Event) {
	select {
	case v.events <- e:
	case <-v.stop:
		select { // on the way down: whatever still fits
		case v.events <- e:
		default:
		}
	}
}

func (v *Vault) janitor() {
	defer v.done.Done()
	t := time.NewTicker(15 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			v.keys.expire()
			v.gallery.expire()
			v.endEpochs()
			if v.cfg.Guard != nil {
				v.cfg.Guard.Sweep(v.cfg.Now())
				v.overdue(context.Background())
			}
		case <-v.stop:
			return
		}
	}
}
