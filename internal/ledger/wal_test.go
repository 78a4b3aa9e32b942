package ledger

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func entriesOf(data ...string) (out []entry) {
	for _, d := range data {
		out = append(out, entry{[]byte(d), tlog.RecordHash([]byte(d))})
	}
	return out
}

// wal returns a file with the entries a b, c, d, the offsets of its groups, and zeros.
func wal() (b []byte, groups []int) {
	h := newHeader(testOrigin, 7, true, 40, tlog.Hash{1})
	b = h.append(nil)
	first := h.first
	for _, g := range [][]entry{entriesOf("a", "b"), entriesOf("c"), entriesOf("d")} {
		groups = append(groups, len(b))
		b = appendGroup(b, h.salt, first, g)
		first += int64(len(g))
	}
	return append(b, make([]byte, 2*block)...), groups
}

func texts(runs []run) (out [][]string) {
	for _, r := range runs {
		var s []string
		for _, e := range r.entries {
			s = append(s, string(e))
		}
		out = append(out, s)
	}
	return out
}

func TestWALComesBack(t *testing.T) {
	b, _ := wal()
	w, err := parseWAL(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := texts(w.runs), [][]string{{"a", "b", "c", "d"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
	if w.generation != 7 || !w.whole || w.first != 40 || w.root != [32]byte{1} || w.runs[0].next() != 44 {
		t.Errorf("header %+v", w.walHeader)
	}
}

func TestTornAndDamaged(t *testing.T) {
	whole, groups := wal()
	tests := []struct {
		name   string
		change func(b []byte) []byte
		want   [][]string
	}{
		{"the last group is torn", func(b []byte) []byte { b[groups[2]+groupHead]++; return b }, [][]string{{"a", "b", "c"}}},
		{"the file is cut in the last group", func(b []byte) []byte { return b[:groups[2]+100] }, [][]string{{"a", "b", "c"}}},
		{"a group in the middle is damaged", func(b []byte) []byte { b[groups[1]+groupHead]++; return b }, [][]string{{"a", "b"}, {"d"}}},
		{"the padding is damaged", func(b []byte) []byte { b[groups[1]+block-1]++; return b }, [][]string{{"a", "b"}, {"d"}}},
		{"the first group is damaged", func(b []byte) []byte { b[groups[0]]++; return b }, [][]string{nil, {"c", "d"}}},
		{"only the header is left", func(b []byte) []byte { return b[:block] }, [][]string{nil}},
		{"a group of another file", func(b []byte) []byte {
			other, _ := wal()
			return append(b[:groups[2]:groups[2]], other[groups[2]:]...)
		}, [][]string{{"a", "b", "c"}}},
	}
	for _, test := range tests {
		w, err := parseWAL(test.change(slices.Clone(whole)))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got := texts(w.runs); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: entries %v, want %v", test.name, got, test.want)
		}
	}
	for i := range block { // whatever is changed in the header, it is refused
		b := slices.Clone(whole)
		b[i] ^= 0x10
		if _, err := parseWAL(b); err == nil {
			t.Errorf("byte %d of the header was changed, and it is taken", i)
		}
	}
}

// spread makes a file from a short text: a header, then 64 bytes at the beginning of each block. A fuzzer changes short
// texts faster, and does not find checksums: they are set right where there is something like a header or group.
func spread(text []byte) (b []byte) {
	head := text[:min(len(text), headerBytes)]
	b = append(b, head...)
	b = append(b, make([]byte, block-len(b))...)
	copy(b, walMagic)
	binary.BigEndian.PutUint32(b[headerBytes:], crc32.Checksum(b[:headerBytes], castagnoli))
	h, _ := parseHeader(b)
	for piece := range slices.Chunk(text[len(head):], 64) {
		at := len(b)
		b = append(append(b, piece...), make([]byte, block-len(piece))...)
		resumGroup(b[at:], h.salt)
	}
	return b
}

func FuzzWAL(f *testing.F) {
	whole, groups := wal()
	seed := slices.Clone(whole[:headerBytes])
	for _, at := range groups {
		seed = append(seed, whole[at:at+64]...)
	}
	f.Add(seed)
	f.Add(seed[:headerBytes+100])
	damaged := slices.Clone(seed)
	damaged[headerBytes+64]++
	f.Add(damaged)
	f.Fuzz(func(t *testing.T, text []byte) {
		b := spread(text)
		w, err := parseWAL(b)
		if err != nil {
			return
		}
		var total int
		for _, r := range w.runs {
			for _, e := range r.entries {
				total += 2 + len(e)
			}
		}
		if total > len(b) {
			t.Errorf("%d bytes of entries out of %d", total, len(b))
		}
		if got := w.append(nil); !bytes.Equal(got, b[:block]) {
			t.Errorf("header written again differs")
		}
		for at := block; at < len(b); at += block {
			first, entries, size, err := parseGroup(b[at:], w.salt)
			if err != nil {
				continue
			}
			var again []entry
			for _, e := range entries {
				again = append(again, entry{data: e})
			}
			if got := appendGroup(nil, w.salt, first, again); !bytes.Equal(got, b[at:int64(at)+size]) {
				t.Errorf("group at %d written again differs", at)
			}
		}
	})
}

// resumGroup sets the checksum of a group right, if there is something like one.
func resumGroup(b []byte, salt [16]byte) {
	length := int64(binary.BigEndian.Uint32(b[20:]))
	if length <= int64(len(b))-groupHead {
		binary.BigEndian.PutUint32(b[4:], groupSum(salt, b[:groupHead+length]))
	}
}
