package vectors

import (
	"bytes"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/chunk"
)

type cutVectors struct {
	Key      octets       `json:"key"`
	Contents []cutContent `json:"contents"`
	Packed   struct {
		Plain  string `json:"plain"`
		Repeat int    `json:"repeat"`
		Packed octets `json:"packed"`
	} `json:"packed"`
}

// cutContent is content of Size bytes and the sizes of its chunks: SHA-256 of Seed and a counter, see stream,
// or Repeat over and over.
type cutContent struct {
	Seed   string `json:"seed,omitempty"`
	Repeat octets `json:"repeat,omitempty"`
	Size   int    `json:"size"`
	Chunks []int  `json:"chunks"`
}

func (c cutContent) bytes() []byte {
	if c.Seed != "" {
		return stream(c.Seed, c.Size)
	}
	return bytes.Repeat(c.Repeat, c.Size/len(c.Repeat)+1)[:c.Size]
}

func (c cutContent) cut(k octets) (sizes []int) {
	cutter := chunk.NewCutter([32]byte(k))
	for b := c.bytes(); len(b) > 0; b = b[sizes[len(sizes)-1]:] {
		sizes = append(sizes, cutter.Cut(b, 0, true))
	}
	return sizes
}

func freshCuts(*testing.T) (v cutVectors) {
	k := key("cutting")
	v.Key = k[:]
	v.Contents = []cutContent{
		{Seed: "album", Size: 12 << 20},
		{Seed: "album", Size: chunk.Min - 1},
		{Seed: "album", Size: chunk.Min + 1},
		{Repeat: octets{0}, Size: 5 << 20},
		{Repeat: octets("3年B組 佐藤\n"), Size: 5 << 20},
	}
	for i, c := range v.Contents {
		v.Contents[i].Chunks = c.cut(v.Key)
	}
	v.Packed.Plain, v.Packed.Repeat = "3年B組 佐藤 はるか\n", 100
	v.Packed.Packed, _ = chunk.Pack(nil, bytes.Repeat([]byte(v.Packed.Plain), v.Packed.Repeat))
	return v
}

func TestCuts(t *testing.T) {
	v := load(t, "cuts.json", freshCuts)
	if len(v.Contents) == 0 {
		t.Fatal("no examples")
	}
	for _, c := range v.Contents {
		if got := c.cut(v.Key); len(c.Chunks) == 0 || !slices.Equal(got, c.Chunks) {
			t.Errorf("%d bytes of %q%q: chunks %v, want %v", c.Size, c.Seed, c.Repeat, got, c.Chunks)
		}
	}
	want := bytes.Repeat([]byte(v.Packed.Plain), v.Packed.Repeat)
	got, err := chunk.Unpack(nil, v.Packed.Packed, len(want))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "unpacked", got, want)
}
