package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/retention"
)

// expireOps is how many versions one act removes: saves come in between.
const expireOps = 2000

// Removing is what a removal by rule needs of others.
type Removing struct {
	Rule   account.Retention
	Aging  *account.Aging
	Digest string // of the list that two people have agreed on
	// May is asked again and again: an error, because a case holds the share by now, ends it there.
	May func(ctx context.Context) error
	// Begin is told what is going to be removed; it is recorded when it returns.
	Begin func(ctx context.Context, list account.Removal) error
	// End is told what was removed. Until it has recorded that, the list stays: a removal that was broken off just before can be done again.
	End      func(ctx context.Context, done account.Removed) error
	Progress func(step string, done, of int64)

	on string // the name of the share
}

// RemoveByRule removes from a share the versions that two people have agreed on, or less: what is not due any more stays, because it was brought
// back, or the rule was loosened. First the versions go from the books and the log, then what nobody has any more from the packs. It can be broken off
// anywhere, and called again.
func (v *Vault) RemoveByRule(ctx context.Context, s account.Session, name string, q Removing) (out account.Removed, err error) {
	sh, a, err := v.removable(ctx, s, name)
	if err != nil {
		return out, err
	}
	if !v.sweeping.TryLock() {
		return out, &problem.Error{Kind: problem.Locked, Op: opRetention, On: a.Name, Hint: "hint.removal-runs"}
	}
	defer v.sweeping.Unlock()
	if v.cfg.Alone != nil {
		release, ok := v.cfg.Alone()
		if !ok {
			return out, &problem.Error{Kind: problem.Locked, Op: opRetention, On: a.Name, Hint: "hint.medium-busy"}
		}
		defer release()
	}
	l, err := v.openList(sh.id)
	if err != nil || l.about.Digest != q.Digest {
		if err == nil {
			l.close()
		}
		return out, &problem.Error{Kind: problem.Condition, Op: opRetention, On: a.Name, Hint: "hint.no-preview", Err: err}
	}
	defer l.close()
	q.May, q.on = v.untilClosed(q.May), a.Name
	if err := q.May(ctx); err != nil {
		return out, err
	}
	if err := q.Begin(ctx, l.about); err != nil {
		return out, err
	}
	out.Digest, out.Agreed = q.Digest, l.about.Versions
	// What goes stands before the acts that remove it: a pack that still grows is not rewritten.
	if err := v.Sealing(ctx, sh.id); err != nil {
		return out, v.broken("write to disk", err)
	}
	x := &expiring{v: v, sh: sh, s: s, name: pathname.Root.Join(a.Name), q: q, out: &out, of: l.about.Versions}
	if err := l.each(func(file id.File, version id.Version) error { return x.add(ctx, file, version) }); err != nil {
		return out, err
	}
	if err := x.flush(ctx); err != nil {
		return out, err
	}
	forsaken, err := v.cfg.Catalogue.View(sh.id, sh.meta).AllForsaken(ctx)
	if err != nil {
		return out, v.broken("read the catalogue", err)
	}
	out.Contents = int64(len(forsaken)) - l.about.Gone
	if err := v.sweep(ctx, sh, forsaken, q, &out); err != nil {
		return out, err
	}
	if err := q.End(ctx, out); err != nil {
		return out, err
	}
	return out, v.dropList(sh.id)
}

// untilClosed is may, until the vault is being closed: a removal that is under way stops at its next step.
func (v *Vault) untilClosed(may func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if v.closing.Load() {
			return &problem.Error{Kind: problem.Unavailable, Op: opRetention, Hint: "hint.removal-stopped", Err: errors.New("the storehouse is stopping")}
		}
		return may(ctx)
	}
}

// expiring removes versions from the books, some thousand at a time.
type expiring struct {
	v    *Vault
	sh   *share
	s    account.Session
	name pathname.Path
	q    Removing
	out  *account.Removed

	files    []id.File // in the order of the list
	versions map[id.Version]bool
	done, of int64
}

func (x *expiring) add(ctx context.Context, file id.File, version id.Version) error {
	if len(x.versions) >= expireOps && x.files[len(x.files)-1] != file || len(x.versions) >= 2*expireOps {
		if err := x.flush(ctx); err != nil {
			return err
		}
	}
	if x.versions == nil {
		x.versions = make(map[id.Version]bool)
	}
	if n := len(x.files); n == 0 || x.files[n-1] != file {
		x.files = append(x.files, file)
	}
	x.versions[version] = true
	return nil
}

func (x *expiring) flush(ctx context.Context) error {
	if len(x.versions) == 0 {
		return nil
	}
	if err := x.q.May(ctx); err != nil {
		return err
	}
	looked()
	if err := x.v.submit(ctx, &request{share: x.sh, sess: x.s, name: x.name, settles: true, plan: x.plan}); err != nil {
		return err
	}
	// What went before this removal was broken off counts as well.
	gone, err := x.v.cfg.Catalogue.View(x.sh.id, x.sh.meta).Expired(ctx, slices.Collect(maps.Keys(x.versions)))
	if err != nil {
		return x.v.broken("read the catalogue", err)
	}
	for _, is := range gone {
		if is {
			x.out.Versions++
		}
	}
	x.done += int64(len(x.versions))
	x.q.Progress("versions", x.done, x.of)
	x.files, x.versions = nil, nil
	return nil
}

// plan decides anew which of the versions go: as the books are at this moment, nobody can come in between.
func (x *expiring) plan(p *planner) (ops []commit.Op, err error) {
	j, err := newByRule(p.ctx, p.mine.View, x.q.Rule, x.q.Aging)
	if err != nil {
		return nil, problem.New(problem.Internal, opRetention, string(x.name), err)
	}
	refs := make([]catalogue.Ref, 0, len(x.files))
	for _, f := range x.files {
		n, err := p.mine.View.Node(p.ctx, f)
		if errors.Is(err, catalogue.ErrNone) {
			continue
		}
		if err != nil {
			return nil, problem.New(problem.Internal, opRetention, string(x.name), err)
		}
		refs = append(refs, catalogue.Ref{Num: n.Num})
	}
	err = j.of(p.ctx, refs, func(s *catalogue.Story, of []retention.Verdict) error {
		for _, d := range of {
			if d.Why == "" && x.versions[d.Version.Version] {
				ops = append(ops, commit.Op{Kind: commit.Expire, File: s.Node.File, Content: commit.Content{Version: d.Version.Version, Key: d.Version.Version}})
			}
		}
		return nil
	})
	if err != nil {
		return nil, problem.New(problem.Internal, opRetention, string(x.name), err)
	}
	return ops, nil
}

// sweep takes out of the packs what belongs to forsaken contents alone. No key that opens a content is asked for: which chunks are whose stands in
// lists that the key of the names opens, and what is copied is copied sealed.
func (v *Vault) sweep(ctx context.Context, sh *share, forsaken []id.Version, q Removing, out *account.Removed) error {
	if v.cfg.Rewriter == nil || len(forsaken) == 0 {
		return nil
	}
	dead := retention.SetOf(forsaken)
	accounts := retention.NewAccounts(dead)
	if err := accounts.Read(ctx, v.cfg.Packs, sh.id, sh.meta); err != nil {
		return v.unswept(q.on, err)
	}
	w := &retention.Waste{}
	var err error
	if w.Manifests, err = manifests(ctx, v.cfg.Catalogue.View(sh.id, sh.meta), dead); err != nil {
		return v.broken("read the catalogue", err)
	}
	looked()
	before, unread := uint64(0), error(nil)
	err = v.submit(ctx, &request{share: sh, alone: func(tx catalogue.Tx) error {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		var gone []id.Chunk
		if before, gone, unread = v.condemn(ctx, tx, sh, accounts, w); len(gone) == 0 {
			return nil
		}
		return v.tellGone(ctx, tx, sh, gone)
	}})
	if err = errors.Join(err, unread); err != nil {
		return v.unswept(q.on, err)
	}
	sh.mu.Lock()
	sh.going = nil // the books have forgotten them: until then nobody may go by what they say
	sh.mu.Unlock()
	done, packs := int64(0), int64(before)
	err = retention.Sweep(ctx, sweepable{v.cfg.Packs, v.cfg.Rewriter}, sh.id, before, w, func() error { return q.May(ctx) }, func(i pack.Info) error {
		return v.cfg.Keeper.Record(ctx, event.Event{Kind: event.PackRewritten, When: v.cfg.Now(), Share: sh.id, Pack: i.Pack, Size: i.Size, Digest: i.Digest})
	}, func(freed int64) {
		if done++; freed > 0 {
			out.Packs, out.Bytes = out.Packs+1, out.Bytes+freed
		}
		q.Progress("packs", done, packs)
	})
	return v.unswept(q.on, err)
}

// manifests are those of contents, and of the small pictures of them.
func manifests(ctx context.Context, cat catalogue.View, of retention.Set) (retention.Set, error) {
	var pictures []id.Version
	for part := range slices.Chunk(of, expireOps) {
		small, err := cat.Previews(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, p := range small {
			if !p.Version.IsZero() {
				pictures = append(pictures, p.Version)
			}
		}
	}
	if len(pictures) == 0 {
		return of, nil
	}
	return retention.SetOf(slices.Concat(of, pictures)), nil
}

// unswept is what a removal says that could not go on.
func (v *Vault) unswept(on string, err error) error {
	if d, ok := errors.AsType[*pack.DamageError](err); ok {
		return &problem.Error{Kind: problem.Damaged, Op: opRetention, On: fmt.Sprintf("%s, %d", on, d.At.Pack), Hint: "hint.removal-damaged", Err: d}
	}
	if _, ok := errors.AsType[*problem.Error](err); ok || err == nil {
		return err
	}
	return v.broken("write the packs anew", err)
}

type sweepable struct {
	pack.Reader
	pack.Rewriter
}

// condemn decides which chunks are nobody's, in the committer: whoever has saved since is heard, and whoever is about to save finds from here on that
// they are not there. It returns the chunks that the catalogue must forget, and before which pack there is something to take out; the share's mu is held.
func (v *Vault) condemn(ctx context.Context, tx catalogue.Tx, sh *share, accounts *retention.Accounts, w *retention.Waste) (before uint64, gone []id.Chunk, err error) {
	end, err := v.cfg.Packs.Sync(ctx, sh.id)
	if err == nil {
		err = accounts.Read(ctx, v.cfg.Packs, sh.id, sh.meta)
	}
	if err != nil {
		return 0, nil, err
	}
	w.Chunks = slices.DeleteFunc(accounts.Nobodys(), func(c id.Chunk) bool {
		_, fresh := sh.fresh[c]
		return fresh || sh.using[c] > 0
	})
	for part := range slices.Chunk(w.Chunks, expireOps) {
		known, err := tx.View(sh.id, sh.meta).Chunks(ctx, part)
		if err != nil {
			return 0, nil, err
		}
		for i, at := range known {
			if at.Size != 0 {
				gone = append(gone, part[i])
			}
		}
	}
	return end.Pack, gone, nil
}

// tellGone writes into the log and the books which chunks are gone: it is in the log before it is true. The share's mu is held.
func (v *Vault) tellGone(ctx context.Context, tx catalogue.Tx, sh *share, gone []id.Chunk) error {
	sh.going = append(gone[:len(gone):len(gone)], sh.going...) // some are there still if the books could not be told of them before
	slices.SortFunc(sh.going, inOrder)
	b := sh.pending
	for len(gone) > 0 {
		part := gone[:min(len(gone), commit.MaxChunks)]
		gone = gone[len(part):]
		plain, err := commit.MarshalChunks(part)
		if err != nil {
			return err
		}
		at, err := v.cfg.Packs.Append(ctx, sh.id, pack.Gone, [32]byte{}, sh.meta.SealList(plain, [32]byte{}))
		if err != nil {
			return err
		}
		b.Gone, b.UpTo = append(b.Gone, catalogue.Gone{Place: at.Position, Chunks: part}), at.End()
	}
	if _, err := v.cfg.Packs.Sync(ctx, sh.id); err != nil {
		return err
	}
	sh.pending = catalogue.Batch{}
	for _, c := range b.Chunks {
		delete(sh.fresh, c.ID)
	}
	return tx.Apply(ctx, sh.id, sh.meta, b)
}
