package chunk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// noise returns n bytes that follow from seed; to a cutter and a compressor they look like a photograph.
func noise(seed uint64, n int) []byte {
	var k [32]byte
	for i := range 8 {
		k[i] = byte(seed >> (8 * i))
	}
	b := make([]byte, n)
	rand.NewChaCha8(k).Read(b)
	return b
}

// list returns n bytes of a class list: what a compressor likes.
func list(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,%d年%d組,佐藤 はる%d,1995-04-%02d\n", i, 1+i%6, 1+i%4, i*7919%1000, 1+i%28)
	}
	return b.Bytes()[:n]
}

func TestPack(t *testing.T) {
	photo := noise(1, 3<<20)
	copy(photo, bytes.Repeat([]byte(" "), 64<<10)) // the padding that editing programs leave for later texts
	for _, tt := range []struct {
		name  string
		plain []byte
		want  bool
	}{
		{"empty", nil, false},
		{"one byte", []byte("x"), false},
		{"short noise", noise(2, 1000), false},
		{"short text", list(1000), true},
		{"long text", list(Max), true},
		{"photograph", photo, false},
		{"zeros", make([]byte, Max), true},
		{"samples lie", append(append(append(noise(3, 1<<20), noise(4, 8<<10)...), noise(5, 1<<20)...), list(64<<10)...), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packed, ok := Pack(nil, tt.plain)
			if ok != tt.want {
				t.Fatalf("packed: %v, want %v", ok, tt.want)
			}
			if !ok {
				return
			}
			if len(packed) > len(tt.plain)*15/16 {
				t.Errorf("%d bytes of %d", len(packed), len(tt.plain))
			}
			got, err := Unpack(nil, packed, len(tt.plain))
			if err != nil || !bytes.Equal(got, tt.plain) {
				t.Errorf("unpacked: %v, equal %v", err, bytes.Equal(got, tt.plain))
			}
		})
	}
}

// TestPackIsSteady: a chunk is found again by what it becomes when packed, so what an encoder did before
// must not show.
func TestPackIsSteady(t *testing.T) {
	texts := [][]byte{list(1 << 20), list(300_000), bytes.ToUpper(list(2 << 20)), make([]byte, 1<<20)}
	var want [][]byte
	for _, p := range texts {
		packed, ok := Pack(nil, p)
		if !ok {
			t.Fatal("not packed")
		}
		want = append(want, packed)
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			var buf []byte
			for i := range 8 {
				k := (i*3 + g) % len(texts)
				packed, _ := Pack(buf, texts[k])
				if !bytes.Equal(packed, want[k]) {
					t.Errorf("text %d is packed in two ways", k)
				}
				Pack(nil, noise(uint64(i), 50_000))
				buf = packed
			}
		})
	}
	group.Wait()
}

func TestPackUsesDst(t *testing.T) {
	plain := list(100_000)
	buf := make([]byte, 5, 200_000)
	packed, ok := Pack(buf, plain)
	if !ok || &packed[0] != &buf[0] {
		t.Error("room for the packed bytes was not used")
	}
	room := make([]byte, 0, 100_000)
	if got, err := Unpack(room, packed, len(plain)); err != nil || &got[0] != &room[:1][0] {
		t.Errorf("room for the content was not used (%v)", err)
	}
}

// TestUnpackBounds: whoever writes packed bytes decides neither how much comes out nor what it costs.
func TestUnpackBounds(t *testing.T) {
	plain := list(100_000)
	packed, _ := Pack(nil, plain)
	bomb, _ := Pack(nil, make([]byte, Max))
	e, err := zstd.NewWriter(nil, zstd.WithWindowSize(zstd.MaxWindowSize), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer // says nothing about its size
	e.Reset(&stream)
	for range 64 {
		e.Write(plain)
		e.Flush()
	}
	e.Close()
	for _, tt := range []struct {
		name   string
		packed []byte
		size   int
	}{
		{"one less", packed, len(plain) - 1},
		{"one more", packed, len(plain) + 1},
		{"negative", packed, -1},
		{"nothing wanted", packed, 0},
		{"cut short", packed[:len(packed)-1], len(plain)},
		{"trailing bytes", append(bytes.Clone(packed), 0), len(plain)},
		{"twice", append(bytes.Clone(packed), packed...), len(plain)},
		{"bomb", bomb, 100},
		{"huge window", stream.Bytes(), 64 * len(plain)},
		{"no zstd", plain, len(plain)},
		{"empty", nil, 10},
	} {
		got, err := Unpack(nil, tt.packed, tt.size)
		if !errors.Is(err, ErrPacked) || got != nil {
			t.Errorf("%s: %d bytes, %v; want ErrPacked", tt.name, len(got), err)
		}
	}
}

func TestPackRoundTrip(t *testing.T) {
	text := list(1 << 20)
	rapid.Check(t, func(t *rapid.T) {
		var plain []byte
		for range rapid.IntRange(0, 4).Draw(t, "pieces") {
			n := rapid.IntRange(0, 200_000).Draw(t, "length")
			if rapid.Bool().Draw(t, "dense") {
				plain = append(plain, noise(rapid.Uint64().Draw(t, "seed"), n)...)
			} else {
				plain = append(plain, text[:n]...)
			}
		}
		packed, ok := Pack(nil, plain)
		if !ok {
			return
		}
		if got, err := Unpack(nil, packed, len(plain)); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("unpacked: %v, equal %v", err, bytes.Equal(got, plain))
		}
	})
}

func FuzzUnpack(f *testing.F) {
	packed, ok := Pack(nil, list(1000))
	if !ok {
		f.Fatal("no seed")
	}
	f.Add(packed, 1000)
	f.Add(packed, 999)
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1, 0, 0}, 0)
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		size %= Max + 1
		got, err := Unpack(nil, packed, size)
		if err == nil && len(got) != size {
			t.Errorf("%d bytes, want %d", len(got), size)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	for _, bench := range []struct {
		name  string
		plain []byte
	}{{"photograph", noise(1, 3<<20)}, {"text", list(3 << 20)}} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.plain)))
			var buf []byte
			for b.Loop() {
				if packed, ok := Pack(buf, bench.plain); ok {
					buf = packed
				}
			}
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	plain := list(3 << 20)
	packed, _ := Pack(nil, plain)
	buf := make([]byte, 0, len(plain))
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		if _, err := Unpack(buf, packed, len(plain)); err != nil {
			b.Fatal(err)
		}
	}
}
