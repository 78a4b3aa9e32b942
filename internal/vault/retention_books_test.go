package vault_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/vault"
)

// full is a catalogue whose transactions that forget chunks cannot be ended: its disk is full by then.
type full struct {
	catalogue.Catalogue
	on bool
}

func (c *full) Begin(ctx context.Context) (catalogue.Tx, error) {
	x, err := c.Catalogue.Begin(ctx)
	return &fullTx{Tx: x, c: c}, err
}

type fullTx struct {
	catalogue.Tx
	c     *full
	grows bool
}

func (x *fullTx) Apply(ctx context.Context, share id.Share, keys *seal.Metadata, b catalogue.Batch) error {
	x.grows = x.grows || len(b.Gone) > 0
	return x.Tx.Apply(ctx, share, keys, b)
}

var errFull = errors.New("no space left in the books")

func (x *fullTx) Commit() error {
	if x.c.on && x.grows {
		return errors.Join(errFull, x.Rollback())
	}
	return x.Tx.Commit()
}

// TestRemovalBooksFull: where the books cannot be told which chunks are gone, nobody who saves goes by what they say.
func TestRemovalBooksFull(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	books := &full{}
	h.v.WrapCatalogue(func(c catalogue.Catalogue) catalogue.Catalogue { books.Catalogue = c; return books })
	content := random(7, 5<<20)
	save(t, f, "/s/a", content)
	if err := f.Remove(t.Context(), "/s/a"); err != nil {
		t.Fatal(err)
	}
	h.seal(t)
	a := h.old(t, 31)
	r := h.preview(t, account.Retention{Deleted: 30}, a)
	books.on = true
	_, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a))
	if err == nil {
		t.Error("the books were not told, and nobody hears of it")
	}
	d, err := f.Create(t.Context(), "/s/again")
	if err == nil {
		_, err = d.Write(content)
	}
	books.on = false
	if err == nil {
		_, err = d.Commit(t.Context(), vault.Save{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.v.RemoveByRule(bg, staff, "s", removing(r, a)); err != nil {
		t.Fatal(err)
	}
	if b, err := opens(f, stat(t, f, "/s/again")); err != nil || !bytes.Equal(b, content) {
		t.Errorf("what was saved meanwhile: %v", err)
	}
	h.sound(t)
}
