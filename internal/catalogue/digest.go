package catalogue

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Hasher makes the digest of a share's books, the same for every implementation of View. It is given
// all nodes in order of their File, then all changes in order of the file and, within a file, earliest
// first, then all chunks, all epochs and all previews in order of their ID or what they show. It is not safe for concurrent use.
type Hasher struct {
	h       hash.Hash
	buf     []byte
	expired map[id.Version]bool
}

// NewHasher returns a Hasher that has seen nothing.
func NewHasher() *Hasher { return &Hasher{h: sha256.New()} }

// Expired is told, before anything else, which versions were removed by rule: where the manifest of one is, or was, is no part of the books.
func (h *Hasher) Expired(v id.Version) {
	if h.expired == nil {
		h.expired = make(map[id.Version]bool)
	}
	h.expired[v] = true
}

// Sum returns the digest of what was given.
func (h *Hasher) Sum() [32]byte { return [32]byte(h.h.Sum(nil)) }

// Node adds a node.
func (h *Hasher) Node(n Node) {
	h.buf = append(h.buf[:0], 'n')
	h.bytes(n.File[:])
	h.bytes(n.Parent[:])
	h.text(n.Name)
	h.flag(n.Dir)
	h.times(n.Created, n.Removed, n.Modified)
	h.number(int64(len(n.Props)))
	for _, p := range n.Props {
		h.text(p.Space)
		h.text(p.Name)
		h.text(p.Value)
	}
	h.number(int64(n.Held))
	h.bytes(n.Head.Version[:]) // the rest of it comes with its change
	h.h.Write(h.buf)
}

// Change adds a change of a file.
func (h *Hasher) Change(file id.File, c Change) {
	h.buf = append(h.buf[:0], 'c', byte(c.Kind))
	h.bytes(file[:])
	h.times(c.When)
	h.text(c.Author)
	h.bytes(c.Account[:])
	h.bytes(c.Session[:])
	h.bytes(c.Parent[:])
	h.text(c.Name)
	h.text(c.Sign)
	if h.expired[c.Version.Version] {
		c.Version.Manifest = pack.Place{}
	}
	h.version(&c.Version)
	h.h.Write(h.buf)
}

func (h *Hasher) version(v *Version) {
	h.bytes(v.Version[:])
	h.bytes(v.Key[:])
	h.bytes(v.Epoch[:])
	h.number(v.Size)
	h.times(v.Modified)
	h.bytes(v.Equal[:])
	h.number(int64(len(v.Sums)))
	for _, s := range v.Sums {
		h.text(s.Algorithm)
		h.text(s.Value)
	}
	f := v.Found
	for _, x := range []bool{f.Looked, f.Deep, f.Damaged, f.Sealed, f.Even} {
		h.flag(x)
	}
	h.text(f.Kind)
	h.text(f.Reason)
	h.number(f.At)
	h.number(f.Trailing)
	h.bytes(v.File[:])
	h.number(int64(v.Number))
	h.times(v.Saved)
	h.text(v.Author)
	h.bytes(v.Account[:])
	h.bytes(v.Session[:])
	h.bytes(v.Device[:])
	h.text(v.Door)
	h.place(v.Manifest)
}

// Chunk adds where a chunk lies.
func (h *Hasher) Chunk(c Located[id.Chunk]) {
	h.buf = append(h.buf[:0], 'k')
	h.bytes(c.ID[:])
	h.place(c.Place)
	h.h.Write(h.buf)
}

// Epoch adds an encapsulation.
func (h *Hasher) Epoch(e Encapsulation) {
	h.buf = append(h.buf[:0], 'e')
	h.bytes(e.ID[:])
	h.text(string(e.Enc))
	h.h.Write(h.buf)
}

// Preview adds a preview.
func (h *Hasher) Preview(p Preview) {
	h.buf = append(h.buf[:0], 'p')
	h.bytes(p.Shows[:])
	h.bytes(p.Version[:])
	h.bytes(p.Epoch[:])
	h.number(p.Size)
	h.place(p.Manifest)
	h.h.Write(h.buf)
}

// What has no fixed length is preceded by it, so that no two books are written alike.

func (h *Hasher) bytes(b []byte) { h.buf = append(h.buf, b...) }

func (h *Hasher) number(n int64) { h.buf = binary.BigEndian.AppendUint64(h.buf, uint64(n)) }

func (h *Hasher) text(s string) {
	h.number(int64(len(s)))
	h.buf = append(h.buf, s...)
}

func (h *Hasher) flag(b bool) {
	if b {
		h.buf = append(h.buf, 1)
	} else {
		h.buf = append(h.buf, 0)
	}
}

func (h *Hasher) times(ts ...time.Time) {
	for _, t := range ts {
		h.number(t.UnixMicro())
	}
}

func (h *Hasher) place(p pack.Place) {
	h.number(int64(p.Pack))
	h.number(p.Offset)
	h.number(int64(p.Size))
}
