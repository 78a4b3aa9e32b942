//go:build !race

package chunk

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// cuts returns the places behind the chunks of b.
func cuts(c *Cutter, b []byte) (ends []int) {
	for at := 0; at < len(b); {
		at += c.Cut(b[at:], 0, true)
		ends = append(ends, at)
	}
	return ends
}

// byTheBook is the rule of docs/format.md, word by word.
func byTheBook(c *Cutter, b []byte) int {
	h := uint64(0)
	for i := Min - 64; i < len(b) && i < Max; i++ {
		h = 2*h + c.gear[b[i]]
		if n := i + 1; n >= Min && (h < 1<<44 && n <= Normal || h < 1<<46 && n > Normal) {
			return n
		}
	}
	return min(len(b), Max)
}

func TestCutByTheBook(t *testing.T) {
	c := NewCutter([32]byte{1})
	b := noise(1, 48<<20)
	seen := map[string]int{}
	for len(b) > 0 {
		got, want := c.Cut(b, 0, true), byTheBook(c, b)
		if got != want {
			t.Fatalf("with %d bytes left: cut after %d, want %d", len(b), got, want)
		}
		switch {
		case got <= Normal:
			seen["rare"]++
		case got < Max:
			seen["often"]++
		}
		b = b[got:]
	}
	if seen["rare"] == 0 || seen["often"] == 0 {
		t.Errorf("both sides of Normal must be tried, got %v", seen)
	}
}

// TestCutEdges puts a cut at every place where the rule changes. A table in which every byte but one keeps
// the hash high makes that byte the place of the cut.
func TestCutEdges(t *testing.T) {
	// With gear 1<<63 for byte 0 the hash of zeros is exactly 1<<63 (what was there is shifted out); byte 1
	// has gear 0, so the hash behind it is 0; byte 2 leaves it between rare and often.
	c := &Cutter{}
	for i := range c.gear {
		c.gear[i] = 1 << 63
	}
	c.gear[1], c.gear[2] = 0, rare
	for _, tt := range []struct {
		at   int // index of the special byte
		b    byte
		want int
	}{
		{Min - 2, 1, Max}, // too early
		{Min - 1, 1, Min},
		{Min, 1, Min + 1},
		{Normal - 1, 1, Normal},
		{Normal, 1, Normal + 1},
		{Normal + 8, 1, Normal + 9},
		{Max - 2, 1, Max - 1},
		{Max - 1, 1, Max},
		{Min - 1, 2, Min + 19}, // not rare enough before Normal; 19 bytes on its bit meets the other, which makes 0
		{Normal - 1, 2, Normal + 19},
		{Normal, 2, Normal + 1},
	} {
		b := make([]byte, Max+1)
		b[tt.at] = tt.b
		if got := c.Cut(b, 0, true); got != tt.want {
			t.Errorf("byte %d at %d: chunk of %d, want %d", tt.b, tt.at, got, tt.want)
		}
		if got := byTheBook(c, b); got != tt.want {
			t.Errorf("byte %d at %d: the book says %d, want %d", tt.b, tt.at, got, tt.want)
		}
	}
}

func TestCutWindow(t *testing.T) {
	c := NewCutter([32]byte{2})
	b := noise(2, Max+1)
	found := c.Cut(b, 0, true)
	for _, tt := range []struct {
		name    string
		n, seen int
		last    bool
		want    int
	}{
		{"nothing", 0, 0, true, 0},
		{"nothing yet", 0, 0, false, 0},
		{"one byte", 1, 0, true, 1},
		{"no cut yet", found - 1, 0, false, 0},
		{"no cut yet, the end", found - 1, 0, true, found - 1},
		{"just a cut", found, 0, false, found},
		{"a cut and more", found + 1, 0, false, found},
		{"looked at before", found, found - 1, false, found},
		{"Max", Max, 0, false, found},
		{"beyond Max, the end", Max + 1, 0, true, found},
	} {
		if got := c.Cut(b[:tt.n], tt.seen, tt.last); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if found < Min || found >= Max {
		t.Errorf("the content should have a cut, got %d", found)
	}
}

// TestCutSpread guards the promises about sizes, a mean around Normal and few chunks of Max, and about how soon
// cuts are found again behind a change.
func TestCutSpread(t *testing.T) {
	c := NewCutter([32]byte{3})
	b := noise(3, 128<<20)
	ends := cuts(c, b)
	mean := len(b) / len(ends)
	atMax := 0
	last := 0
	for _, e := range ends {
		if e-last == Max {
			atMax++
		}
		last = e
	}
	if mean < 18*Normal/20 || mean > 23*Normal/20 || atMax > len(ends)/15 {
		t.Errorf("%d chunks, mean %d, %d of Max", len(ends), mean, atMax)
	}
	after := cuts(c, slices.Insert(b, 0, 'x'))
	for i, e := range ends {
		if _, ok := slices.BinarySearch(after, e+1); ok {
			if i > 3 {
				t.Errorf("after an insertion at the front, the first cut found again is number %d", i)
			}
			break
		}
	}
}

func TestCutsDependOnKeyAlone(t *testing.T) {
	b := noise(4, 24<<20)
	a, same, other := cuts(NewCutter([32]byte{1}), b), cuts(NewCutter([32]byte{1}), b), cuts(NewCutter([32]byte{2}), b)
	if !slices.Equal(a, same) {
		t.Errorf("one key, two results: %v, %v", a, same)
	}
	common := 0
	for _, e := range a[:len(a)-1] {
		if slices.Contains(other, e) {
			common++
		}
	}
	if common > 1 { // by chance a chunk of Max may come twice
		t.Errorf("two keys share %d of %d cuts", common, len(a))
	}
}

// TestStreaming feeds content in windows of any size and must find the cuts that a view of the whole finds.
func TestStreaming(t *testing.T) {
	all := noise(5, 24<<20)
	rapid.Check(t, func(t *rapid.T) {
		c := NewCutter([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")))
		from := rapid.IntRange(0, 12<<20).Draw(t, "from")
		b := all[from : from+(12<<20)-rapid.IntRange(0, 12<<20).Draw(t, "shorter")]
		step := rapid.IntRange(16<<10, 5<<20).Draw(t, "step")
		var got []int
		read, done, seen := 0, 0, 0
		for done < len(b) {
			n := c.Cut(b[done:read], seen, read == len(b))
			if seen = read - done; n == 0 {
				if read == len(b) || seen >= Max {
					t.Fatalf("stuck at %d of %d", done, len(b))
				}
				read = min(read+step, len(b))
				continue
			}
			if rest := len(b) - done; n > Max || n < Min && n != rest {
				t.Fatalf("chunk of %d with %d left", n, rest)
			}
			seen, done = 0, done+n
			got = append(got, done)
		}
		// Each chunk begins where the one before ended, so the last place tells that they make up the content.
		if want := cuts(c, b); !slices.Equal(got, want) || done != len(b) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestInsertion changes something near the front: cuts well before it stay, and from the first cut that is
// found again, all are, moved by the same distance.
func TestInsertion(t *testing.T) {
	c := NewCutter([32]byte{7})
	all := noise(6, 20<<20)
	before := cuts(c, all)
	var changed []byte
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, 4<<20).Draw(t, "at")
		put := rapid.SliceOfN(rapid.Byte(), 1, 1000).Draw(t, "put")
		changed = append(append(append(changed[:0], all[:at]...), put...), all[at:]...)
		after := cuts(c, changed)
		met := false
		for _, e := range before {
			_, again := slices.BinarySearch(after, e+len(put))
			if met && !again {
				t.Errorf("cut at %d is not found again, though one before it was", e)
			}
			met = met || again && e >= at
		}
		for _, e := range before {
			if _, ok := slices.BinarySearch(after, e); e <= at-Max && !ok {
				t.Errorf("cut at %d, well before the change at %d, is gone", e, at)
			}
		}
	})
}

func BenchmarkCut(b *testing.B) {
	c := NewCutter([32]byte{1})
	data := noise(1, 32<<20)
	ends := cuts(c, data)
	hashed := ends[len(ends)-2] - (len(ends)-1)*(Min-window)
	for _, bench := range []struct {
		name  string
		bytes int
	}{{"content", len(data)}, {"hashed", hashed}} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(bench.bytes))
			for b.Loop() {
				for at := 0; at < len(data); {
					at += c.Cut(data[at:], 0, true)
				}
			}
		})
	}
}
