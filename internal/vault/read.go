package vault

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Stat implements Reader.
func (w *view) Stat(ctx context.Context, name pathname.Path) (Info, error) {
	const op = "look up"
	if len(name.Names()) == 0 {
		_, err := w.v.cfg.Keeper.Shares(ctx, w.s.ID)
		return Info{Path: pathname.Root, Dir: true, ReadOnly: true}, err
	}
	sh, a, err := w.enter(ctx, op, name, false)
	if err != nil {
		return Info{}, err
	}
	if live, _ := Live(name.Base()); live {
		if e, ok := w.v.live.get(name); ok {
			return e.Info, nil
		}
	}
	t, err := follow(ctx, w.view(sh), &sh.dirs, op, name, a.Name)
	if problem.KindOf(err) == problem.Conflict || err == nil && !t.exists {
		return Info{}, problem.New(problem.NotFound, op, string(name), nil)
	}
	if err != nil {
		return Info{}, err
	}
	i := info(t.path, sh.id, t.node)
	i.ReadOnly = !a.Write
	return i, nil
}

// List implements Reader.
func (w *view) List(ctx context.Context, dir pathname.Path) iter.Seq2[Info, error] {
	if len(dir.Names()) == 0 {
		return w.listShares(ctx)
	}
	return w.list(ctx, dir, false)
}

// Removed implements Reader.
func (w *view) Removed(ctx context.Context, dir pathname.Path) iter.Seq2[Info, error] {
	return w.list(ctx, dir, true)
}

func (w *view) listShares(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		shares, err := w.v.cfg.Keeper.Shares(ctx, w.s.ID)
		if err != nil {
			yield(Info{}, err)
			return
		}
		for _, a := range shares {
			if !yield(Info{Path: pathname.Root.Join(a.Name), Share: a.ID, Dir: true, ReadOnly: !a.Write}, nil) {
				return
			}
		}
	}
}

func (w *view) list(ctx context.Context, dir pathname.Path, removed bool) iter.Seq2[Info, error] {
	const op = "list"
	return func(yield func(Info, error) bool) {
		at, err := w.Stat(ctx, dir)
		if err == nil && !at.Dir {
			err = problem.New(problem.Conflict, op, string(dir), errors.New("not a directory"))
		}
		if err != nil {
			yield(Info{}, err)
			return
		}
		sh, a, err := w.enter(ctx, op, dir, false)
		if err != nil {
			yield(Info{}, err)
			return
		}
		for n, err := range w.view(sh).List(ctx, at.File, removed) {
			if err != nil {
				yield(Info{}, problem.New(problem.Internal, op, string(dir), err))
				return
			}
			if _, hidden := Live(n.Name); hidden && !removed || ofHouse(n.Name) { // a directory of a program: such files are not kept
				continue
			}
			if removed && !n.Head.Version.IsZero() { // what was removed by rule does not come back
				if gone, err := w.v.cfg.Catalogue.View(sh.id, sh.meta).Expired(ctx, []id.Version{n.Head.Version}); err == nil && gone[0] {
					continue
				}
			}
			i := info(at.Path.Join(n.Name), sh.id, n)
			i.ReadOnly = !a.Write
			if !yield(i, nil) {
				return
			}
		}
		if removed {
			return
		}
		for _, i := range w.v.live.in(dir) {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// History implements Reader.
func (w *view) History(ctx context.Context, name pathname.Path) iter.Seq2[Change, error] {
	const op = "history"
	return func(yield func(Change, error) bool) {
		sh, _, err := w.enter(ctx, op, name, false)
		if err != nil {
			yield(Change{}, err)
			return
		}
		cat := w.v.cfg.Catalogue.View(sh.id, sh.meta)
		nodes, err := candidates(ctx, cat, name.Names()[1:])
		if err != nil {
			yield(Change{}, problem.New(problem.Internal, op, string(name), err))
			return
		}
		if len(nodes) == 0 {
			yield(Change{}, problem.New(problem.NotFound, op, string(name), nil))
			return
		}
		for _, n := range nodes {
			gone := make(map[id.Version]bool)
			for c, err := range cat.History(ctx, n.File) {
				if err != nil {
					yield(Change{}, problem.New(problem.Internal, op, string(name), err))
					return
				}
				if c.Kind == commit.Expire {
					gone[c.Version.Version] = true
				}
				line := change(name, sh.id, n, c)
				line.Gone = gone[c.Version.Version] && c.Kind.HasContent()
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

func change(name pathname.Path, share id.Share, n catalogue.Node, c catalogue.Change) Change {
	out := Change{Kind: c.Kind, When: c.When, Author: c.Author, Name: c.Name}
	if c.Kind.HasContent() {
		out.Info = Info{Path: name, Share: share, File: n.File, Created: n.Created}
		out.Info.version(c.Version)
	}
	return out
}

// Space implements Reader.
func (w *view) Space(ctx context.Context, dir pathname.Path) (used, free int64, err error) {
	if free, err = w.v.cfg.Free(); err != nil {
		return 0, 0, problem.New(problem.Internal, "measure space", string(dir), err)
	}
	if len(dir.Names()) == 0 {
		return 0, free, nil
	}
	sh, _, err := w.enter(ctx, "measure space", dir, false)
	if err != nil {
		return 0, 0, err
	}
	t, err := w.v.cfg.Catalogue.View(sh.id, sh.meta).Totals(ctx)
	if err != nil {
		return 0, 0, problem.New(problem.Internal, "measure space", string(dir), err)
	}
	return t.Bytes, free, nil
}

// Open implements Reader. It is the only way to content: the keys come from one release for all files,
// or from leases of an earlier release to the same session for the same purpose.
func (w *view) Open(ctx context.Context, why account.Purpose, files ...Info) ([]File, error) {
	out := make([]File, len(files))
	asks := make(map[id.Share]*keeper.Request)
	for i, f := range files {
		if f.Live {
			e, ok := w.v.live.get(f.Path)
			if !ok || !w.v.live.has(w, f.Path) {
				return nil, problem.New(problem.NotFound, "open", string(f.Path), nil)
			}
			out[i] = &liveReader{bytes.NewReader(e.data), e.Info}
			continue
		}
		if f.Dir {
			return nil, problem.New(problem.Conflict, "open", string(f.Path), errors.New("a directory"))
		}
		r, err := w.reader(ctx, why, f)
		if err != nil {
			return nil, err
		}
		out[i] = r
		if asks[f.Share] == nil {
			asks[f.Share] = &keeper.Request{Session: w.s.ID, Purpose: why, Share: f.Share}
		}
		if err := r.want(ctx, asks[f.Share]); err != nil {
			return nil, err
		}
	}
	for _, r := range asks {
		if err := w.release(ctx, *r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// release asks the keeper for keys, if any are wanted, and keeps them for their lease.
func (w *view) release(ctx context.Context, r keeper.Request) error {
	if len(r.Files) == 0 {
		return nil
	}
	leases, err := w.v.cfg.Keeper.Release(ctx, r)
	if err != nil {
		return err
	}
	w.v.keys.put(w.s.ID, r.Purpose, leases)
	return nil
}

// reader makes the reader of a version, which has no key yet.
func (w *view) reader(ctx context.Context, why account.Purpose, f Info) (*reader, error) {
	if err := w.mayRead(ctx, why, f.Share); err != nil {
		return nil, err
	}
	sh, err := w.v.open(ctx, w.s.ID, f.Share)
	if err != nil {
		return nil, err
	}
	r := &reader{w: w, ctx: ctx, sh: sh, info: f, why: why}
	if f.Version.IsZero() { // never had content: nothing is sealed
		return r, nil
	}
	if r.version, err = w.v.cfg.Catalogue.View(sh.id, sh.meta).Version(ctx, f.Version); err != nil {
		return nil, problem.New(problem.NotFound, "open", string(f.Path), err)
	}
	gone, err := w.v.cfg.Catalogue.View(sh.id, sh.meta).Expired(ctx, []id.Version{f.Version})
	if err != nil {
		return nil, w.v.broken("read the catalogue", err)
	}
	if gone[0] {
		return nil, expired("open", string(f.Path))
	}
	return r, nil
}

// want adds to a request what the reader needs and has no lease of.
func (r *reader) want(ctx context.Context, q *keeper.Request) error {
	if r.version.Version.IsZero() {
		return nil
	}
	if _, _, ok := r.w.v.keys.get(r.lease()); ok {
		return nil
	}
	ask, err := r.ask(ctx)
	q.Files = append(q.Files, ask)
	return err
}

// ask is what the keeper needs to release this version.
func (r *reader) ask(ctx context.Context) (keeper.Sealed, error) {
	enc, err := r.w.v.cfg.Catalogue.View(r.sh.id, r.sh.meta).Epoch(ctx, r.version.Epoch)
	if err != nil {
		return keeper.Sealed{}, problem.New(problem.Damaged, "open", string(r.info.Path), err)
	}
	former, err := r.former(ctx)
	if err != nil {
		return keeper.Sealed{}, problem.New(problem.Damaged, "open", string(r.info.Path), err)
	}
	return keeper.Sealed{Version: r.version.Key, Epoch: r.version.Epoch, Enc: enc,
		Path: r.sh.meta.SealPath(string(r.info.Path)), Former: former}, nil
}
