package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"filippo.io/torchwood"
)

// A write-ahead file is a header block and groups, each beginning at a multiple of block; the rest of
// the file is zeros. One group is what one flush makes durable. So:
//
//   - No byte that was acknowledged is ever written again, not even as part of a sector.
//   - A group is written only after the one before it is durable. A torn group has nothing valid
//     behind it; an invalid group with a valid one behind it is damage.
//   - The salt of the file is part of each checksum: what a file held before never counts.
const (
	block       = 4096
	walMagic    = "azkwal1\n"
	groupMagic  = 0x617a6b67 // "azkg"
	groupHead   = 4 + 4 + 8 + 4 + 4
	maxGroup    = 4 << 20 // of a group's body
	walNameLen  = 16
	headerBytes = 8 + 8 + 1 + 8 + 32 + 32 + 16 // before the checksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errWALHeader = errors.New("no header of a write-ahead file")
	errGroup     = errors.New("no valid group")
)

// walHeader is the first block of a write-ahead file.
type walHeader struct {
	generation uint64   // the number in its name; later files have higher ones
	whole      bool     // holds every entry that was not in tiles when it was made: no earlier file is needed
	first      int64    // index of its first entry
	root       [32]byte // of the tree of the entries before first
	origin     [32]byte // SHA-256 of the log's origin
	salt       [16]byte
}

func newHeader(origin string, generation uint64, whole bool, first int64, root tlog.Hash) walHeader {
	h := walHeader{generation: generation, whole: whole, first: first, root: root, origin: sha256.Sum256([]byte(origin))}
	rand.Read(h.salt[:])
	return h
}

// append appends the header's block to b.
func (h walHeader) append(b []byte) []byte {
	start := len(b)
	b = append(b, walMagic...)
	b = binary.BigEndian.AppendUint64(b, h.generation)
	whole := byte(0)
	if h.whole {
		whole = 1
	}
	b = append(b, whole)
	b = binary.BigEndian.AppendUint64(b, uint64(h.first))
	b = append(b, h.root[:]...)
	b = append(b, h.origin[:]...)
	b = append(b, h.salt[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return append(b, make([]byte, start+block-len(b))...)
}

func parseHeader(b []byte) (h walHeader, err error) {
	if len(b) < block || string(b[:8]) != walMagic ||
		binary.BigEndian.Uint32(b[headerBytes:]) != crc32.Checksum(b[:headerBytes], castagnoli) ||
		b[16] > 1 || !zero(b[headerBytes+4:block]) {
		return h, errWALHeader
	}
	h.generation = binary.BigEndian.Uint64(b[8:])
	h.whole = b[16] == 1
	h.first = int64(binary.BigEndian.Uint64(b[17:]))
	copy(h.root[:], b[25:])
	copy(h.origin[:], b[57:])
	copy(h.salt[:], b[89:])
	if h.first < 0 {
		return h, errWALHeader
	}
	return h, nil
}

// appendGroup appends the group of entries, the first of which has the index first, padded to whole blocks. b must
// have a length that is a multiple of block.
func appendGroup(b []byte, salt [16]byte, first int64, entries []entry) []byte {
	start := len(b)
	b = append(b, make([]byte, groupHead)...)
	for _, e := range entries {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e.data)))
		b = append(b, e.data...)
	}
	g := b[start:]
	binary.BigEndian.PutUint32(g, groupMagic)
	binary.BigEndian.PutUint64(g[8:], uint64(first))
	binary.BigEndian.PutUint32(g[16:], uint32(len(entries)))
	binary.BigEndian.PutUint32(g[20:], uint32(len(g)-groupHead))
	binary.BigEndian.PutUint32(g[4:], groupSum(salt, g))
	return append(b, make([]byte, -len(b)&(block-1))...)
}

func groupSum(salt [16]byte, g []byte) uint32 {
	return crc32.Update(crc32.Checksum(salt[:], castagnoli), castagnoli, g[8:])
}

// groupSize returns the length of a group in a file.
func groupSize(body int) int64 { return int64(groupHead+body+block-1) &^ (block - 1) }

// parseGroup reads the group at the beginning of b. The entries are parts of b; size is the length with its padding.
func parseGroup(b []byte, salt [16]byte) (first int64, entries [][]byte, size int64, err error) {
	if len(b) < groupHead || binary.BigEndian.Uint32(b) != groupMagic {
		return 0, nil, 0, errGroup
	}
	count, length := binary.BigEndian.Uint32(b[16:]), int64(binary.BigEndian.Uint32(b[20:]))
	size = groupSize(int(length))
	if length > maxGroup || size > int64(len(b)) || count == 0 || int64(count) > length/2 ||
		binary.BigEndian.Uint32(b[4:]) != groupSum(salt, b[:groupHead+length]) || !zero(b[groupHead+length:size]) {
		return 0, nil, 0, errGroup
	}
	first = int64(binary.BigEndian.Uint64(b[8:]))
	if first < 0 {
		return 0, nil, 0, errGroup
	}
	entries, err = splitBundle(b[groupHead:groupHead+length], int(count))
	if err != nil {
		return 0, nil, 0, errGroup
	}
	return first, entries, size, nil
}

// walFile is what a write-ahead file says.
type walFile struct {
	walHeader
	runs []run // in the order of the file; at least one. More than one: what was between them is damaged
}

// run is a number of entries one behind the other.
type run struct {
	first   int64
	entries [][]byte
}

func (r run) next() int64 { return r.first + int64(len(r.entries)) }

// parseWAL reads a write-ahead file. What a crash has torn off behind the last flush is silently not
// there; what is damaged before it is a gap between runs. The entries are parts of b.
func parseWAL(b []byte) (*walFile, error) {
	h, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	w := &walFile{h, []run{{first: h.first}}}
	for at := int64(block); at < int64(len(b)); {
		first, entries, size, err := parseGroup(b[at:], h.salt)
		if err != nil {
			at += block
			continue
		}
		at += size
		last := &w.runs[len(w.runs)-1]
		if first != last.next() {
			w.runs = append(w.runs, run{first: first})
			last = &w.runs[len(w.runs)-1]
		}
		last.entries = append(last.entries, entries...)
	}
	return w, nil
}

// splitBundle cuts the entries of a bundle: each has its length in two bytes before it.
func splitBundle(b []byte, count int) ([][]byte, error) {
	entries := make([][]byte, 0, min(count, len(b)/2))
	for i := range count {
		e, rest, err := torchwood.ReadTileEntry(b)
		if err != nil {
			return entries, fmt.Errorf("entry %d of %d: %w", i, count, err)
		}
		entries, b = append(entries, e[:len(e):len(e)]), rest
	}
	if len(b) > 0 {
		return entries, fmt.Errorf("%d bytes behind the last of %d entries", len(b), count)
	}
	return entries, nil
}

// walName returns the name of a generation's file, and walGeneration undoes it.
func walName(generation uint64) string { return fmt.Sprintf("%0*x", walNameLen, generation) }

func walGeneration(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name, 16, 64)
	return n, err == nil && name == walName(n)
}

func zero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
