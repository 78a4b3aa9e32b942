package commit

import (
	"errors"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

func TestChunks(t *testing.T) {
	want := []id.Chunk{{1}, {2, 31: 9}, {1}}
	b, err := MarshalChunks(want)
	if err != nil {
		t.Fatal(err)
	}
	var got []id.Chunk
	if err := ParseChunks(b, func(c id.Chunk) { got = append(got, c) }); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for n := range b {
		if n > 1 && (n-1)%32 == 0 {
			continue
		}
		if err := ParseChunks(b[:n], func(id.Chunk) {}); !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, MaxChunks + 1} {
		if _, err := MarshalChunks(make([]id.Chunk, n)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d chunks: %v", n, err)
		}
	}
	if b, err := MarshalChunks(make([]id.Chunk, MaxChunks)); err != nil || len(b) > MaxRecord {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
