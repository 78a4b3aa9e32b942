package catalogue

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRefs: what is entered in any order comes back in the order of making, whole and in lists, in bits and no more.
func TestRefs(t *testing.T) {
	const first, count = 1<<40 - 77, 100_000
	var r Refs
	var want []Ref
	for i := range int64(count) {
		want = append(want, Ref{Num: first + 3*i, Dir: i%10 == 0}) // the others are of other shares
	}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(count) {
		r.Add(want[i])
	}
	r.Add(want[0]) // twice is once
	if got := slices.Collect(r.All()); r.Len() != count || !slices.Equal(got, want) {
		t.Errorf("%d refs, %v …", r.Len(), got[:3])
	}
	var got []Ref
	for list := range r.Lists(999, func(n Ref) bool { return !n.Dir }) {
		if got = append(got, list...); len(list) != 999 && len(got) != count*9/10 {
			t.Fatalf("a list of %d after %d", len(list), len(got))
		}
	}
	if want := slices.DeleteFunc(want, func(n Ref) bool { return n.Dir }); !slices.Equal(got, want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	if held, most := len(r.blocks)*2*perBlock/8, 3*count/4+4096*2; held > most {
		t.Errorf("%d bytes for %d nodes, want at most %d", held, count, most)
	}
	for range r.All() {
		break
	}
	for range r.Lists(10, func(Ref) bool { return true }) {
		break
	}
}
