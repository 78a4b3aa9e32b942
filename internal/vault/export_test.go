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
