package cataloguetest

import (
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// testMarks: what stands in a later pack does not count as standing in an earlier one, when numbers were given back between: another share was
// forgotten, and a transaction did not commit.
func testMarks(t *testing.T, c catalogue.Catalogue) {
	other := newBook(t, c)
	for range 10 {
		other.do(save(id.NewFile(), id.File{}, id.NewFile().String()))
	}
	b := newBook(t, c)
	for range 3 { // packs that begin with acts which leave no line: previews
		b.do(commit.Op{Kind: commit.Preview, Content: commit.Content{Version: id.NewVersion(), Key: id.NewVersion()}})
		b.w.made = 0
	}
	tx, err := c.Begin(t.Context())
	if err == nil {
		err = tx.Forget(t.Context(), other.share)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		tx, err = c.Begin(t.Context())
	}
	if err == nil {
		err = tx.Rollback()
	}
	if err != nil {
		t.Fatal(err)
	}
	b.do(save(id.NewFile(), id.File{}, "later"))
	samePacks(t.Context(), t, b.view(), b.want)
}
