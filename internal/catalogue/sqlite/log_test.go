package sqlite

import (
	"fmt"
	"os"
	"testing"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// TestLog: a commit that fills the log leaves it to the copier, which copies all of it.
func TestLog(t *testing.T) {
	s := newShelf(t)
	size := func() int64 {
		t.Helper()
		i, err := os.Stat(s.path)
		if err != nil {
			t.Fatal(err)
		}
		return i.Size()
	}
	fill := func() {
		t.Helper()
		var ops []commit.Op
		for i := range 2000 {
			ops = append(ops, commit.Op{Kind: commit.Touch, File: id.NewFile(), Name: fmt.Sprint(i)})
		}
		s.logged = copyFrom - 1
		s.do(ops...)
	}
	working := s.copier
	s.copier = &copier{due: make(chan struct{}, 1)} // nobody hears it
	fill()
	before := size()
	if len(s.copier.due) != 1 || s.logged != 0 {
		t.Errorf("%d tokens after a commit that fills the log, which has %d pages", len(s.copier.due), s.logged)
	}
	s.copier = working
	fill()
	if err := s.copier.close(); err != nil { // it ends what it has begun
		t.Fatal(err)
	}
	s.copier = nil
	if n := size(); n < before+500_000 {
		t.Errorf("the file has grown from %d to %d bytes", before, n)
	}
	s.close()
}
