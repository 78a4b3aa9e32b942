package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// changedSince collects what a view says has changed.
func changedSince(ctx context.Context, on catalogue.View, since time.Time) (files []id.File, err error) {
	for f, err := range on.Changed(ctx, since) {
		if err != nil {
			return nil, err
		}
		files = append(files, f.File)
	}
	return files, nil
}

// TestChanged asks what has changed in one share while another one is written into.
func TestChanged(t *testing.T) {
	s := newShelf(t)
	defer s.close()
	other := *s
	other.share = id.NewShare()
	minute := func(n int) time.Time { return time.Unix(1e9, 0).Add(time.Duration(n) * time.Minute) }
	at := func(n int, ops ...commit.Op) {
		t.Helper()
		for _, book := range []*shelf{s, &other} {
			if err := book.try(commit.Record{When: minute(n), Ops: ops}); err != nil {
				t.Fatal(err)
			}
			ops = []commit.Op{{Kind: commit.Touch, File: id.NewFile(), Name: fmt.Sprint(n)}}
		}
	}
	a, b := id.NewFile(), id.NewFile()
	at(1, saveOf(a, id.File{}, "a"), saveOf(b, id.File{}, "b"))
	at(2, commit.Op{Kind: commit.Move, File: a, Name: "c"})
	many := make([]commit.Op, firstPage+page+1)
	for i := range many {
		many[i] = commit.Op{Kind: commit.SetProp, File: a}
	}
	at(3, many...)
	at(4, commit.Op{Kind: commit.Remove, File: b})
	want := append([]id.File{b}, slices.Repeat([]id.File{a}, len(many)+1)...)
	for since, n := range map[int]int{0: len(want) + 2, 1: len(want), 2: len(want) - 1, 3: 1, 4: 0, 5: 0} {
		got, err := changedSince(t.Context(), s.View(s.share, s.keys), minute(since))
		if want := append(want, b, a)[:n]; err != nil || !slices.Equal(got, want) {
			t.Errorf("since minute %d: %d files, %v; want %d: %v", since, len(got), err, n, got[:min(3, len(got))])
		}
	}
	for range s.View(s.share, s.keys).Changed(t.Context(), minute(0)) {
		break // a caller may stop
	}

	at(2, commit.Op{Kind: commit.Move, File: b, Name: "d"}) // by a clock that was set back
	at(5, commit.Op{Kind: commit.Move, File: a, Name: "e"})
	tx, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for since, want := range map[int][]id.File{1: append([]id.File{a, b}, want...), 3: {a}} {
		if got, err := changedSince(t.Context(), tx.View(s.share, s.keys), minute(since)); err != nil || !slices.Equal(got, want) {
			t.Errorf("since minute %d: %d files, %v; want %d", since, len(got), err, len(want))
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, on := range []catalogue.View{tx.View(s.share, s.keys), s.View(s.share, s.keys)} {
		if _, err := changedSince(ctx, on, minute(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("for nobody: %v", err)
		}
	}
	if got, err := changedSince(t.Context(), s.View(id.NewShare(), s.keys), minute(0)); err != nil || len(got) > 0 {
		t.Errorf("of a new share: %v, %v", got, err)
	}
}
