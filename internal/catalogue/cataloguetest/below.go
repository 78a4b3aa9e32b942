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
