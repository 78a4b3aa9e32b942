package vault

import (
	"context"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Gallery returns how many pictures wait for a preview or are being painted.
func (v *Vault) Gallery() int {
	v.gallery.mu.Lock()
	defer v.gallery.mu.Unlock()
	return len(v.gallery.known)
}

// Waiting returns how many of them wait.
func (v *Vault) Waiting() int {
	v.gallery.mu.Lock()
	defer v.gallery.mu.Unlock()
	return len(v.gallery.list)
}

// ExpireGallery does what the janitor does from time to time.
func (v *Vault) ExpireGallery() { v.gallery.expire() }

// SetListMax makes files of few chunks huge ones.
func SetListMax(n int) (restore func()) {
	before := listMax
	listMax = n
	return func() { listMax = before }
}

// EndEpochs does what the janitor does from time to time, and returns how many shares have a write epoch after it.
func (v *Vault) EndEpochs() (n int) {
	v.endEpochs()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, sh := range v.shares {
		if sh.epoch != nil {
			n++
		}
	}
	return n
}

// Overdue does what the janitor does from time to time.
func (v *Vault) Overdue() { v.overdue(context.Background()) }

// Do lets a session do operations as they are, in one record that nobody judges. A Save has no manifest: nobody may read it.
func (v *Vault) Do(ctx context.Context, s account.Session, share pathname.Path, ops ...commit.Op) error {
	w := &view{v: v, s: s}
	sh, _, err := w.enter(ctx, "save", share, true)
	if err != nil {
		return err
	}
	r := w.request(sh, event.Changed, share)
	r.settles, r.version, r.epoch = true, id.NewVersion(), catalogue.Encapsulation{Enc: []byte{0}}
	r.plan = func(*planner) ([]commit.Op, error) { return ops, nil }
	return v.submit(ctx, r)
}

// SetRollbackPage bounds the operations of a record of a rollback, and how many files are looked at together.
func SetRollbackPage(ops, files int) (restore func()) {
	o, b := pageOps, batch
	pageOps, batch = ops, files
	return func() { pageOps, batch = o, b }
}

// Nodes returns everything in a share, shown or not.
func (v *Vault) Nodes(ctx context.Context, s account.Session, share pathname.Path) (map[id.File]catalogue.Node, error) {
	sh, _, err := (&view{v: v, s: s}).enter(ctx, "list", share, false)
	if err != nil {
		return nil, err
	}
	cat, out := v.cfg.Catalogue.View(sh.id, sh.meta), make(map[id.File]catalogue.Node)
	for todo := []id.File{{}}; len(todo) > 0; todo = todo[1:] {
		for _, removed := range []bool{false, true} {
			for n, err := range cat.List(ctx, todo[0], removed) {
				if err != nil {
					return nil, err
				}
				if out[n.File] = n; n.Dir {
					todo = append(todo, n.File)
				}
			}
		}
	}
	return out, nil
}

// SetLooked has something happen between a look at the books and what is committed after it: each page of a rollback, each overdue removal.
func SetLooked(f func()) (restore func()) {
	looked = f
	return func() { looked = func() {} }
}

// SetMostSorted bounds the damage that is told by path.
func SetMostSorted(n int) (restore func()) {
	before := mostSorted
	mostSorted = n
	return func() { mostSorted = before }
}

// Listed makes a list of a preview with so many versions of a share, and returns what of it was held in memory at most.
func (v *Vault) Listed(share id.Share, versions int) (held int, r account.Removal, err error) {
	l := &expiringList{v: v, share: share}
	defer l.close()
	for range versions {
		l.add(id.NewFile(), id.NewVersion())
		held = max(held, cap(l.rows))
	}
	r.Versions = int64(versions)
	err = l.finish(&r)
	return held, r, err
}

// ReadList reads the list that was kept last, and returns its digest and how many versions it has.
func (v *Vault) ReadList(share id.Share) (digest string, versions int, err error) {
	l, err := v.openList(share)
	if err != nil {
		return "", 0, err
	}
	defer l.close()
	err = l.each(func(id.File, id.Version) error { versions++; return nil })
	return l.about.Digest, versions, err
}
