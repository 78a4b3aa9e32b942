package packtest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Random acts against a list.
func testModel(t *rapid.T, d Disk) {
	s := d.Open(t)
	defer func() { s.Close() }()
	shares := []id.Share{{1}, {2}}
	want, durable := make(map[id.Share][]Put), make(map[id.Share]int)
	n := uint32(0)
	t.Repeat(map[string]func(*rapid.T){
		"append": func(t *rapid.T) {
			share := rapid.SampledFrom(shares).Draw(t, "share")
			size := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(4000, 4100), rapid.IntRange(0, 150_000)).Draw(t, "size")
			want[share] = append(want[share], add(t, s, share, n, size))
			n++
		},
		"sync": func(t *rapid.T) {
			share := rapid.SampledFrom(shares).Draw(t, "share")
			flush(t, s, share)
			durable[share] = len(want[share])
		},
		"seal": func(t *rapid.T) {
			share := rapid.SampledFrom(shares).Draw(t, "share")
			if _, err := s.Seal(ctx, share); err != nil {
				t.Fatalf("seal: %v", err)
			}
			flush(t, s, share)
			durable[share] = len(want[share])
		},
		"read": func(t *rapid.T) {
			share := rapid.SampledFrom(shares).Draw(t, "share")
			if len(want[share]) == 0 {
				return
			}
			p := rapid.SampledFrom(want[share]).Draw(t, "frame")
			f, err := s.Read(ctx, share, p.Place, nil)
			if err != nil {
				t.Fatalf("read: %v", err)
			}
			if err := p.Check(f); err != nil {
				t.Fatalf("read: %v", err)
			}
		},
		"reopen": func(t *rapid.T) {
			closed(t, s)
			s = d.Open(t)
			for _, share := range shares {
				Verify(t, s, share, want[share])
				durable[share] = len(want[share])
			}
		},
		"": func(t *rapid.T) {
			for _, share := range shares { // frames are seen once they are durable, which Read and Append may cause too
				if got := len(slices.Collect(frames(t, s, share, pack.Position{}))); got < durable[share] || got > len(want[share]) {
					t.Fatalf("%d frames are seen, of %d durable and %d appended", got, durable[share], len(want[share]))
				}
			}
		},
	})
}
