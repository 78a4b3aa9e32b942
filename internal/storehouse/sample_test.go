package storehouse

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// TestSample: of whatever there is, a sample has something of each share and of each sort, no more than it needs, nothing twice, and the same for the same
// seed.
func TestSample(t *testing.T) {
	of := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		type kept struct {
			share int
			vault.Stored
		}
		shares := rapid.IntRange(1, 30).Draw(t, "shares")
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) kept {
			k := kept{share: rapid.IntRange(0, shares-1).Draw(t, "share")}
			k.Version, k.Latest = id.NewVersion(), rapid.Bool().Draw(t, "latest")
			k.Size = rapid.SampledFrom([]int64{0, 1, 64 << 10, 64<<10 + 1, 8 << 20, 8<<20 + 1, 1 << 40}).Draw(t, "size")
			k.Saved = of.Add(-rapid.SampledFrom([]time.Duration{-time.Hour, 0, 31 * 24 * time.Hour, 32 * 24 * time.Hour, 366 * 24 * time.Hour, 5000 * 24 * time.Hour}).Draw(t, "age"))
			return k
		}), 1, 300).Draw(t, "all")
		n, seed := rapid.IntRange(1, 200).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		taken := func() (out []pick, s *sample) {
			s = newSample(n, seed, of)
			for _, k := range all {
				s.add(k.share, k.Stored)
			}
			return s.chosen(), s
		}
		got, s := taken()
		again, _ := taken()
		if !slices.EqualFunc(got, again, func(a, b pick) bool { return a.Version == b.Version }) {
			t.Fatal("the same seed takes others")
		}
		haveShare, haveSort, seen := map[int]bool{}, map[sort]bool{}, map[id.Version]bool{}
		for i, p := range got {
			if seen[p.Version] {
				t.Fatal("one is taken twice")
			}
			if seen[p.Version] = true; i > 0 && p.share < got[i-1].share {
				t.Fatal("shares are mixed")
			}
			haveShare[p.share], haveSort[p.sort] = true, true
		}
		wantShare, wantSort, bytes := map[int]bool{}, map[sort]bool{}, int64(0)
		for st := range s.best {
			wantShare[st.share], wantSort[st.sort] = true, true
		}
		for _, k := range all {
			bytes += k.Size
		}
		if len(haveShare) != len(wantShare) || len(haveSort) != len(wantSort) {
			t.Fatalf("%d of %d shares, %d of %d sorts", len(haveShare), len(wantShare), len(haveSort), len(wantSort))
		}
		if most := max(n, len(wantShare)+len(wantSort)); len(got) < min(n, len(all)) || len(got) > most {
			t.Fatalf("%d of %d are taken, wanted %d, at most %d", len(got), len(all), n, most)
		}
		if s.count != int64(len(all)) || s.bytes != bytes {
			t.Fatalf("%d versions and %d bytes, want %d and %d", s.count, s.bytes, len(all), bytes)
		}
	})
}
