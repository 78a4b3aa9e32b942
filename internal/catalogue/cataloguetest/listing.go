package cataloguetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// testLong lists and remembers more than any page holds.
func testLong(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	file := id.NewFile()
	var batches []catalogue.Batch
	for i := range 1300 {
		f := id.NewFile()
		rec := b.rec
		rec.Ops = []commit.Op{save(file, id.File{}, "long history"), save(f, file, fmt.Sprint(i)), act(commit.Touch, id.NewFile(), file, fmt.Sprint("gone ", i%3))}
		batches = append(batches, b.w.commit(rec))
	}
	b.write(batches...)
	view := b.view()
	for _, removed := range []bool{false, true} {
		got, err := list(t.Context(), view, file, removed)
		want, _ := list(t.Context(), b.want, file, removed)
		equal(t, "List", got, err, want, nil)
	}
	got, err := history(t.Context(), view, file)
	want, _ := history(t.Context(), b.want, file)
	equal(t, "History", got, err, want, nil)
	gotFormer, err := former(t.Context(), view, file, "gone 1")
	wantFormer, _ := former(t.Context(), b.want, file, "gone 1")
	equal(t, "Former", gotFormer, err, wantFormer, nil)
	for range view.List(t.Context(), file, false) {
		break // a caller may stop
	}
	for range view.History(t.Context(), file) {
		break
	}
}

// testChangeWhileListing changes a directory between the steps of its listing, which nothing holds.
func testChangeWhileListing(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	const stay = 1500
	var ops []commit.Op
	for i := range stay {
		ops = append(ops, act(commit.Touch, id.NewFile(), id.File{}, fmt.Sprint("stays ", i)))
	}
	leaves := id.NewFile()
	b.rec.Ops = append(ops, act(commit.Touch, leaves, id.File{}, "leaves"))
	b.write(b.w.commit(b.rec))
	seen, steps := make(map[string]int), 0
	for n, err := range b.view().List(t.Context(), id.File{}, false) {
		if err != nil {
			t.Fatal(err)
		}
		seen[n.Name]++
		if steps++; steps%500 == 1 {
			rec := b.rec
			rec.Ops = []commit.Op{act(commit.Touch, id.NewFile(), id.File{}, fmt.Sprint("comes ", steps)), {Kind: commit.Remove, File: leaves}}
			b.write(b.w.commit(rec))
		}
	}
	for i := range stay {
		if n := seen[fmt.Sprint("stays ", i)]; n != 1 {
			t.Errorf("entry %d was seen %d times", i, n)
		}
	}
}

// testRebuildWhileListing rebuilds a share between the steps of a listing, after another share has been written into:
// what the database gives its people for numbers is not what it was, and every file still has its own author.
func testRebuildWhileListing(t *testing.T, c catalogue.Catalogue) {
	b, other := newBook(t, c), newBook(t, c)
	var all []catalogue.Batch
	by := func(author string, files int) {
		b.rec.Author, b.rec.Ops = author, nil
		for i := range files {
			b.rec.Ops = append(b.rec.Ops, save(id.NewFile(), id.File{}, fmt.Sprint(author, i)))
		}
		all = append(all, b.w.commit(b.rec))
		b.write(all[len(all)-1])
	}
	by("佐藤", 1)
	other.do(save(id.NewFile(), id.File{}, "a"))
	by("田中", 1000)
	steps := 0
	for n, err := range b.view().List(t.Context(), id.File{}, false) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(n.Name, n.Head.Author) {
			t.Fatalf("%s is said to be by %s", n.Name, n.Head.Author)
		}
		if steps++; steps > 1 {
			continue
		}
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := errors.Join(tx.Forget(t.Context(), b.share), tx.Apply(t.Context(), b.share, b.keys, join(all...)), tx.Commit()); err != nil {
			t.Fatal(err)
		}
	}
	same(t.Context(), t, b.view(), b.want)
}
