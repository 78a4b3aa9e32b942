package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// maxGroup bounds how many acts share one flush.
const maxGroup = 512

// request is one act on its way to the committer. Plans run one after the other, each seeing what the
// ones before it did, so that two sessions cannot both create a name or slip past a lock.
type request struct {
	ctx    context.Context
	share  *share
	sess   account.Session
	blind  bool                        // alone needs no keys and no books that are up to the packs
	alone  func(tx catalogue.Tx) error // work on the catalogue itself; what a session does is a plan
	name   pathname.Path
	expect []Info // what must still be there
	// plan decides what the act does, or why it cannot be done. Returning no operations is success.
	plan func(p *planner) ([]commit.Op, error)
	// manifest is appended just before the commit record: a replay from any applied position finds both.
	manifest []byte
	chunks   []id.Chunk                // that the manifest names
	known    map[id.Version]pack.Place // manifests that its operations link to: what the catalogue would look up, one by one
	version  id.Version
	key      seal.Key                // of the version
	epoch    catalogue.Encapsulation // of the version
	lost     int                     // pack.Store.Lost when the draft began
	kind     event.Kind              // empty: it is nobody's act

	copied  *copied       // set by the plan: what it takes a copy of under another name
	info    Info          // of what was saved, set by the plan of a draft
	planned bool          // set by the committer: the plan has run and its operations are in the packs
	mends   bool          // it puts something back
	settles bool          // it decides about what is held, or shows again what was: nobody judges that
	inside  *guard.Inside // what is in the archive that is saved
	plain   *[32]byte     // SHA-256 of a small content that is saved
	verdict guard.Verdict
	settled []id.Version // holds that the act has made good
	when    time.Time
	files   []event.File
	note    string
	err     error
	done    chan struct{}
}

// planner is what a plan sees.
type planner struct {
	catalogue.View
	mine *authored // the same; nil where nobody's holds count
	ctx  context.Context
	v    *Vault
	sh   *share
	req  *request
	when time.Time
}

// submit hands an act to the committer and waits until it is durable.
func (v *Vault) submit(ctx context.Context, r *request) error {
	r.ctx, r.done = ctx, make(chan struct{})
	select {
	case v.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-v.stop:
		return problem.New(problem.Unavailable, "save", "", errors.New("the storehouse is stopping"))
	}
	// From here on the act may become durable whatever the client does, so its outcome is waited for.
	<-r.done
	if r.err == nil && (r.settles || r.mends) {
		v.mends.Add(1)
	}
	return r.err
}

// Mends says how often something was put back, decided about or verified since the vault was opened: what was found out about damage before tells
// of another state.
func (v *Vault) Mends() int64 { return v.mends.Load() }

func (v *Vault) commitLoop() {
	defer v.done.Done()
	for {
		select {
		case r := <-v.requests:
			group := []*request{r}
			for len(group) < maxGroup && len(v.requests) > 0 {
				group = append(group, <-v.requests)
			}
			v.commit(group)
			for _, r := range group {
				close(r.done)
			}
		case <-v.stop:
			if len(v.requests) == 0 {
				return
			}
		}
	}
}

// commit makes a group of acts durable: plan each, append its record, flush the packs once for all,
// then close the catalogue's transaction. The order matters: what the catalogue shows is on disk.
func (v *Vault) commit(group []*request) {
	ctx := context.Background()
	tx, err := v.cfg.Catalogue.Begin(ctx)
	if err != nil {
		fail(group, v.broken("write into the catalogue", err))
		return
	}
	defer tx.Rollback()
	touched, ok := v.planAll(ctx, tx, group)
	if !ok {
		return
	}
	bad := v.flush(ctx, touched)
	err = errors.Join(slices.Collect(maps.Values(bad))...)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		v.rescue(ctx, tx, group, touched, bad, err)
	}
	for _, r := range group {
		if r.share.dirs.dirty || r.alone != nil {
			r.share.dirs.forget()
		}
	}
	v.report(group)
}

// planAll plans the acts of a group one after the other and returns the shares whose packs have something to flush. If it is not ok, one has
// failed where nobody may build on it, and every act has its error.
func (v *Vault) planAll(ctx context.Context, tx catalogue.Tx, group []*request) (touched map[*share]bool, ok bool) {
	touched = make(map[*share]bool)
	for _, r := range group {
		if !r.blind {
			if r.err = v.catchUp(ctx, tx, r.share); r.err != nil {
				continue
			}
		}
		if r.alone != nil {
			if r.err = r.alone(tx); r.err != nil {
				r.share.stale = true
				tx.Rollback()
				fail(group, v.broken("write into the catalogue", r.err))
				v.abandon(group)
				return nil, false
			}
			continue
		}
		if r.ctx.Err() != nil {
			r.err = r.ctx.Err()
			continue
		}
		if r.err = v.plan(ctx, tx, r); r.err != nil {
			if r.planned { // failed between packs and catalogue
				r.share.stale = true
				fail(group, r.err)
				v.abandon(group)
				return nil, false
			}
			continue
		}
		if r.planned {
			touched[r.share] = true
		}
	}
	return touched, true
}

// rescue is what follows a flush or a transaction that failed. Shares whose packs were flushed have their acts for good: the catalogue
// follows now, or before the next act if it cannot. What was done to the catalogue alone is not done.
func (v *Vault) rescue(ctx context.Context, tx catalogue.Tx, group []*request, touched map[*share]bool, bad map[*share]error, err error) {
	tx.Rollback()
	v.abandon(group)
	for _, r := range group {
		if e := bad[r.share]; e != nil && r.err == nil {
			r.err = v.broken("write to disk", e)
		}
		if r.alone != nil && r.err == nil { // nothing in the packs brings it back
			r.err = v.broken("write into the catalogue", err)
		}
	}
	if err := v.replayAll(ctx, touched, bad); err != nil {
		fail(group, v.broken("write into the catalogue", err))
	}
}

// abandon marks that the catalogue does not hold what was planned, in any share of the group.
func (v *Vault) abandon(group []*request) {
	for _, r := range group {
		if r.planned || r.alone != nil {
			r.share.stale = true
		}
	}
}

// fail gives err to every act that has no verdict yet.
func fail(group []*request, err error) {
	for _, r := range group {
		if r.err == nil {
			r.err = err
		}
	}
}

func (v *Vault) broken(op string, err error) error {
	v.cfg.Log.Error("commit failed", "op", op, "err", err)
	if durable.IsNoSpace(err) {
		return &problem.Error{Kind: problem.NoSpace, Op: "save", Hint: "hint.no-space", Err: err}
	}
	return &problem.Error{Kind: problem.Unavailable, Op: "save", Hint: "hint.disk", Err: fmt.Errorf("%s: %w", op, err)}
}

// plan runs one act's plan and appends and applies what it decided.
func (v *Vault) plan(ctx context.Context, tx catalogue.Tx, r *request) error {
	sh := r.share
	mine := &authored{View: tx.View(sh.id, sh.meta), by: writing(r.sess)}
	p := &planner{View: mine, mine: mine, ctx: r.ctx, v: v, sh: sh, req: r, when: v.cfg.Now().UTC().Truncate(time.Microsecond)}
	if v.cfg.Guard != nil && v.cfg.Guard.Frozen(guard.Of(r.sess, sh.id)) {
		return &problem.Error{Kind: problem.Frozen, Op: "save", On: string(r.name), Hint: "hint.frozen"}
	}
	if err := p.expected(r.expect); err != nil {
		return err
	}
	ops, err := r.plan(p)
	if err == nil && len(ops) > 0 {
		ops, err = p.judge(ops)
	}
	if err == nil {
		err = p.still(ops)
	}
	if err != nil || len(ops) == 0 {
		return err
	}
	rec := commit.Record{When: p.when, Session: r.sess.ID, Account: r.sess.Account, Device: r.sess.Device,
		Author: r.sess.Name, Door: r.sess.Door, Ops: ops}
	plain, err := rec.Marshal()
	if err != nil {
		return problem.New(problem.TooLarge, "save", "", err)
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if v.cfg.Packs.Lost(sh.id) != sh.lost || r.manifest != nil && r.lost != sh.lost {
		sh.stale = sh.stale || v.cfg.Packs.Lost(sh.id) != sh.lost
		return v.lost(sh)
	}
	b, err := v.append(ctx, r, rec, plain)
	if err != nil {
		sh.stale = true
		return v.broken("write to disk", err)
	}
	r.planned, r.when = true, p.when
	sh.pending = catalogue.Batch{}
	for _, chunk := range b.Chunks {
		delete(sh.fresh, chunk.ID)
	}
	sh.dirs.dirty = sh.dirs.dirty || slices.ContainsFunc(ops, changesDirs)
	if err := tx.Apply(ctx, sh.id, sh.meta, b); err != nil {
		return v.broken("write into the catalogue", err)
	}
	return nil
}

// append adds an act's frames to the pack and returns what the catalogue has to apply; the share's mu is held. The epoch of a version
// stands in the pack of its manifest, or of its commit record: so a pack that is lost takes no versions of others with it.
func (v *Vault) append(ctx context.Context, r *request, rec commit.Record, plain []byte) (b catalogue.Batch, err error) {
	sh := r.share
	b = sh.pending
	c := catalogue.Committed{Record: rec, Manifests: r.known}
	if slices.ContainsFunc(rec.Ops, func(op commit.Op) bool { return op.HasManifest() }) {
		if err := v.tellChunks(ctx, sh, r.version, r.chunks); err != nil {
			return b, err
		}
		at, err := v.cfg.Packs.Append(ctx, sh.id, pack.Manifest, pad(r.version), r.manifest)
		if err != nil {
			return b, err
		}
		c.Manifests = map[id.Version]pack.Place{r.version: at}
		if sh.written != (written{r.epoch.ID, at.Pack}) {
			if at, err = v.cfg.Packs.Append(ctx, sh.id, pack.Epoch, pad(r.epoch.ID), r.epoch.Enc); err != nil {
				return b, err
			}
			sh.written, b.Epochs = written{r.epoch.ID, at.Pack}, append(b.Epochs, r.epoch)
		}
	}
	if c.Place, err = v.cfg.Packs.Append(ctx, sh.id, pack.Commit, [32]byte{}, sh.meta.SealRecord(nil, plain)); err != nil {
		return b, err
	}
	b.Commits, b.UpTo = []catalogue.Committed{c}, c.Place.End()
	return b, nil
}

// pad makes a frame id of an identifier.
func pad[T ~[id.Size]byte](x T) (frame [32]byte) {
	copy(frame[:], x[:])
	return frame
}

// flush makes the shares durable, all at once, and returns those that could not be.
func (v *Vault) flush(ctx context.Context, touched map[*share]bool) map[*share]error {
	type result struct {
		sh  *share
		err error
	}
	results := make(chan result, len(touched))
	for sh := range touched {
		go func() {
			_, err := v.cfg.Packs.Sync(ctx, sh.id)
			results <- result{sh, err}
		}()
	}
	bad := make(map[*share]error)
	for range touched {
		if r := <-results; r.err != nil {
			bad[r.sh] = r.err
		}
	}
	return bad
}

// report writes what was done towards the ledger.
func (v *Vault) report(group []*request) {
	for _, r := range group {
		if r.err == nil && r.planned {
			v.after(r)
		}
		if r.err != nil || !r.planned || r.kind == "" {
			continue
		}
		v.note(event.Event{Kind: r.kind, When: r.when, Session: r.sess.ID, Account: r.sess.Account, Actor: r.sess.Name,
			Device: r.sess.Device, Address: r.sess.Address, Door: r.sess.Door, Share: r.share.id, Files: r.files, Note: r.note})
	}
}
