package cataloguetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// testBelow adds sizes up: exactly to the largest number, and no further.
func testBelow(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	dir := id.NewFile()
	b.do(act(commit.Mkdir, dir, id.File{}, "d"))
	want := catalogue.Below{}
	for i, size := range []int64{1<<32 - 1, 1<<32 + 1, 1 << 33, 1 << 62, 1<<62 - 1 - 4<<32, 0, 1, math.MaxInt64, math.MaxInt64} {
		op := save(id.NewFile(), dir, fmt.Sprint(i))
		op.Size = size
		b.do(op)
		want.Files, want.Contents = want.Files+1, want.Contents+1
		if want.Bytes += size; want.Bytes < 0 {
			want.Bytes = math.MaxInt64
		}
		got, err := b.view().Below(t.Context(), dir)
		equal(t, fmt.Sprint("Below, with file ", i), got, err, want, nil)
	}
}

// testTotals adds sizes beyond the largest number, which only a damaged pack claims, and takes them away again: nobody is told of fewer than
// no bytes, and nothing is forgotten.
func testTotals(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	told := func(want int64) {
		t.Helper()
		got, err := b.view().Totals(t.Context())
		if err != nil || got.Bytes != want {
			t.Errorf("Totals are %d bytes, %v; want %d", got.Bytes, err, want)
		}
	}
	var files []id.File
	for i, want := range []int64{math.MaxInt64 - 1, math.MaxInt64} {
		op := save(id.NewFile(), id.File{}, fmt.Sprint(i))
		op.Size = math.MaxInt64 - 1
		b.do(op)
		files = append(files, op.File)
		told(want)
	}
	for i, want := range []int64{math.MaxInt64 - 1, 0} {
		b.do(commit.Op{Kind: commit.Remove, File: files[i]})
		told(want)
	}
}
