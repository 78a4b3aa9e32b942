package pack

import (
	"bytes"
	"testing"

	"github.com/azekura/azekura/internal/id"
)

// seeds are one valid frame of each type, and what is nearly one.
func seeds() [][]byte {
	var out [][]byte
	add := func(t Type, synced int64, payload []byte) {
		h := Header{Type: t, Length: uint32(len(payload)), Synced: synced, ID: [32]byte{1, 2, 3}}
		out = append(out, append(h.Append(nil, PayloadSum(payload)), payload...))
	}
	add(Chunk, 0, nil)
	add(Commit, 4096, []byte("a commit"))
	add(TypeHead, 0, Head{Share: id.Share{7}, Pack: 3, After: Position{2, 8192}}.Append(nil))
	table := AppendEntry(nil, Entry{Type: Chunk, Offset: 97, Size: 100, ID: [32]byte{1}})
	add(TypeTable, 1<<40, AppendEntry(table, Entry{Type: Commit, Offset: 4096, Size: HeaderSize}))
	add(TypeTrailer, 12288, Trailer{Digest: [32]byte{9}, Table: 8192, Size: 146, Frames: 2}.Append(nil))
	for _, b := range out {
		flipped := bytes.Clone(b)
		flipped[len(b)-1] ^= 1
		out = append(out, flipped, b[:len(b)-1])
	}
	return append(out, nil, make([]byte, Align))
}

// FuzzFrame reads anything as a frame. What it takes must be what would be written again, byte for byte.
func FuzzFrame(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHeader(data)
		if err != nil {
			return
		}
		if h.Type.Stored() && h.Length > MaxPayload || h.Length > MaxTable || h.Synced < 0 {
			t.Fatalf("out of bounds: %+v", h)
		}
		if got := h.Append(nil, 0)[:52]; !bytes.Equal(got, data[:52]) {
			t.Fatalf("header becomes %x, was %x", got, data[:52])
		}
		payload := data[HeaderSize:]
		if len(payload) < int(h.Length) {
			return
		}
		payload = payload[:h.Length]
		if got := h.Append(nil, PayloadSum(payload)); h.Valid(data, payload) != bytes.Equal(got, data[:HeaderSize]) {
			t.Fatalf("valid: %v, header becomes %x, was %x", h.Valid(data, payload), got, data[:HeaderSize])
		}
		again(t, h.Type, payload)
	})
}

// again parses a payload of a pack's own frames and writes it again.
func again(t *testing.T, typ Type, payload []byte) {
	t.Helper()
	var got []byte
	switch typ {
	case TypeHead:
		head, err := ParseHead(payload)
		if err != nil {
			return
		}
		got = head.Append(nil)
	case TypeTrailer:
		trailer, err := ParseTrailer(payload)
		if err != nil {
			return
		}
		got = trailer.Append(nil)
	case TypeTable:
		entries, err := ParseTable(payload)
		if err != nil {
			return
		}
		for _, e := range entries {
			got = AppendEntry(got, e)
		}
	default:
		return
	}
	if !bytes.Equal(got, payload) {
		t.Fatalf("type %x: %x becomes %x", typ, payload, got)
	}
}

func TestSeedsAreFrames(t *testing.T) {
	valid := make(map[Type]int)
	for _, b := range seeds() {
		h, err := ParseHeader(b)
		if err != nil || len(b) != HeaderSize+int(h.Length) || !h.Valid(b, b[HeaderSize:]) {
			continue
		}
		if h.Type == TypeHead || h.Type == TypeTable || h.Type == TypeTrailer {
			again(t, h.Type, b[HeaderSize:])
		}
		valid[h.Type]++
	}
	for _, typ := range []Type{Chunk, Commit, TypeHead, TypeTable, TypeTrailer} {
		if valid[typ] != 1 {
			t.Errorf("%d valid seeds of type %x, want 1", valid[typ], typ)
		}
	}
}

func TestEachBitCounts(t *testing.T) {
	for _, b := range seeds()[:5] {
		for bit := range 8 * len(b) {
			flipped := bytes.Clone(b)
			flipped[bit/8] ^= 1 << (bit % 8)
			h, err := ParseHeader(flipped)
			if err == nil && int(h.Length) == len(b)-HeaderSize && h.Valid(flipped, flipped[HeaderSize:]) {
				t.Fatalf("bit %d of %x may be flipped", bit, b)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	entry := func(e Entry) error {
		_, err := ParseTable(AppendEntry(nil, e))
		return err
	}
	two := AppendEntry(AppendEntry(nil, Entry{Type: Chunk, Offset: 200, Size: 100}), Entry{Type: Chunk, Offset: 299, Size: 100})
	_, overlap := ParseTable(two)
	_, odd := ParseTable(two[:50])
	head := Head{Pack: 1}.Append(nil)
	head[0]++
	_, version := ParseHead(head)
	_, short := ParseHead(head[1:])
	_, trailer := ParseTrailer(make([]byte, 48))
	tests := map[string]error{
		"entry of no type":     entry(Entry{Offset: 100, Size: 100}),
		"entry of a head":      entry(Entry{Type: TypeHead, Offset: 100, Size: 100}),
		"entry before all":     entry(Entry{Type: Chunk, Offset: -1, Size: 100}),
		"entry of no size":     entry(Entry{Type: Chunk, Offset: 100, Size: HeaderSize - 1}),
		"entry too large":      entry(Entry{Type: Chunk, Offset: 100, Size: MaxPayload + HeaderSize + 1}),
		"entries that overlap": overlap,
		"part of an entry":     odd,
		"another version":      version,
		"short head":           short,
		"trailer of no table":  trailer,
	}
	for name, err := range tests {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestPosition(t *testing.T) {
	p := Position{2, 100}
	for _, q := range []Position{{1, 200}, {2, 99}, {0, 0}} {
		if !q.Before(p) || p.Before(q) {
			t.Errorf("%v is not before %v", q, p)
		}
	}
	if p.Before(p) {
		t.Error("a position is before itself")
	}
	if got := p.In(2); got != 100 {
		t.Errorf("In gives %d, want 100", got)
	}
	if got := p.In(1); got != 0 {
		t.Errorf("In of another pack gives %d, want 0", got)
	}
	if got, want := (Place{p, 56}).End(), (Position{2, 156}); got != want {
		t.Errorf("end is %v, want %v", got, want)
	}
}
