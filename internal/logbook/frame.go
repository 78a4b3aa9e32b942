package logbook

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/seal"
)

// A frame is a head and, sealed, the lines, compressed: docs/format.md, Logbook.
const (
	headSize = 48
	bound    = 40 // of the head, what is sealed with the lines
)

var (
	magic = []byte("AZLB\x01\x00\x00\x00")
	table = crc32.MakeTable(crc32.Castagnoli)

	// ErrChanged means that a batch is not what was written.
	ErrChanged = errors.New("a batch of lines is not what was written")
)

// head is the clear part of a frame. It tells no more than an entry of the ledger does: how many, and when.
type head struct {
	lines       uint32
	number      uint64
	first, last int64
	length      uint32 // of what is sealed
	sum         uint32
	ok          bool
}

// frame returns the bytes of a batch.
func (b *Book) frame(of Batch, plain []byte) []byte {
	out := append(b.head[:0], magic...)
	out = binary.BigEndian.AppendUint64(out, of.Number)
	out = binary.BigEndian.AppendUint64(out, uint64(of.First.UnixMilli()))
	out = binary.BigEndian.AppendUint64(out, uint64(of.Last.UnixMilli()))
	out = binary.BigEndian.AppendUint64(out, uint64(of.Lines))
	context := slices.Clone(out)
	out = append(out, make([]byte, headSize-bound)...)
	out = b.cfg.Key.SealOnce(out, b.enc.EncodeAll(plain, nil), context)
	binary.BigEndian.PutUint32(out[40:], uint32(len(out)-headSize))
	binary.BigEndian.PutUint32(out[44:], sumOf(out))
	b.head = out
	return out
}

// sumOf is the checksum of a frame: against torn writes, not against people.
func sumOf(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[:44], table), table, frame[headSize:])
}

func parseHead(b []byte) (h head) {
	lines := binary.BigEndian.Uint64(b[32:])
	h = head{number: binary.BigEndian.Uint64(b[8:]), first: int64(binary.BigEndian.Uint64(b[16:])), last: int64(binary.BigEndian.Uint64(b[24:])),
		lines: uint32(lines), length: binary.BigEndian.Uint32(b[40:]), sum: binary.BigEndian.Uint32(b[44:])}
	h.ok = bytes.Equal(b[:8], magic) && lines > 0 && lines <= MaxBatch && h.length <= 2*MaxBatch
	return h
}

// found is a frame in a file, or a place at which there is none.
type found struct {
	head
	at, end int64 // where it lies in the file
	bytes   []byte
	none    bool // bytes that are no frame, or none any more
}

// frames yields the frames of a file from a place on.
func (b *Book) frames(s segment, from int64) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for f, err := range b.places(s, from) {
			if !f.none && !yield(f, err) {
				return
			}
		}
	}
}

// places yields the frames of a file from a place on, and where there are none. The next begins where the head of one says so, or at the next mark.
func (b *Book) places(s segment, from int64) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		f, err := b.cfg.FS.OpenFile(filepath.Join(b.cfg.Dir, s.name), os.O_RDONLY, 0)
		if errors.Is(err, fs.ErrNotExist) { // its time is over
			return
		}
		if err != nil {
			yield(found{}, err)
			return
		}
		defer f.Close()
		for at := from; at < s.size; {
			x, err := frameAt(f, at, s.size)
			if err == nil && x.none {
				x.end, err = mark(f, at+1, s.size)
			}
			if err != nil {
				yield(found{}, err)
				return
			}
			if !yield(x, nil) {
				return
			}
			at = x.end
		}
	}
}

// frameAt reads the frame that begins at a place of a file.
func frameAt(f io.ReaderAt, at, size int64) (found, error) {
	none := found{at: at, none: true}
	if at+headSize > size {
		return none, nil
	}
	var raw [headSize]byte
	if _, err := f.ReadAt(raw[:], at); err != nil {
		return none, err
	}
	h := parseHead(raw[:])
	end := at + headSize + int64(h.length)
	if !h.ok || end > size {
		return none, nil
	}
	whole := make([]byte, end-at)
	if _, err := f.ReadAt(whole, at); err != nil || sumOf(whole) != h.sum {
		return none, err
	}
	return found{head: h, at: at, end: end, bytes: whole}, nil
}

// mark returns where the next frame seems to begin, or the end.
func mark(f io.ReaderAt, at, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for at < size {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.Index(buf[:n], magic); i >= 0 {
			return at + int64(i), nil
		}
		if n < len(magic) {
			return size, nil
		}
		at += int64(n - len(magic) + 1)
	}
	return size, nil
}

// Page is a batch with its lines, or with the reason why they cannot be had.
type Page struct {
	Batch   // Number 0: bytes of which nobody can tell what they were
	Content []Line
	Err     error
}

// open opens a frame, and with check computes the root of its lines; that they are what was written the seal says without it. The key is a copy of whoever
// reads: Close overwrites the book's own, and does not wait for readers.
func (b *Book) open(f found, key seal.Key, check bool) Page {
	p := Page{Batch: Batch{Number: f.number, Lines: int(f.lines), First: time.UnixMilli(f.first).UTC(), Last: time.UnixMilli(f.last).UTC()}}
	packed, err := key.OpenOnce(nil, f.bytes[headSize:], f.bytes[:bound])
	if err != nil {
		p.Err = errors.Join(ErrChanged, err)
		return p
	}
	plain, err := b.dec.DecodeAll(packed, nil)
	if err == nil {
		p.Content, p.Root, err = decode(plain, p.Lines, check)
	}
	if err != nil {
		p.Err = errors.Join(ErrChanged, err)
	}
	return p
}

// view is the files of this moment, and below which number the batches of each count: what stands behind was written again elsewhere.
func (b *Book) view() (files []segment, below []uint64, key seal.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	files = slices.Clone(b.files)
	for i := range files {
		if i+1 < len(files) {
			below = append(below, files[i+1].first)
		} else {
			below = append(below, b.next)
		}
	}
	return files, below, b.cfg.Key
}

// Pages yields all batches in the order of their files, for a check: those that do not open, too, and where there are bytes that are none.
func (b *Book) Pages(ctx context.Context) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		files, below, key := b.view()
		defer key.Zero()
		for i, s := range files {
			for f, err := range b.places(s, 0) {
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(Page{}, err)
					return
				}
				p := Page{Err: ErrChanged}
				if !f.none {
					p = b.open(f, key, true)
				}
				if f.number < below[i] && !yield(p, nil) {
					return
				}
			}
		}
	}
}

// Newest yields the batches with lines that were received from a time on and before another, the newest first; with check also their
// roots, which take as long as all the rest. It holds one at a time.
func (b *Book) Newest(ctx context.Context, from, to time.Time, check bool) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		files, below, key := b.view()
		defer key.Zero()
		for i, s := range slices.Backward(files) {
			if s.from >= to.Add(tolerance).UnixMilli() {
				continue
			}
			if i+1 < len(files) && files[i+1].from != 0 && files[i+1].from < from.Add(-tolerance).UnixMilli() {
				return
			}
			var places []found
			for f, err := range b.frames(s, 0) {
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(Page{}, err)
					return
				}
				f.bytes = nil
				if f.number < below[i] && f.last >= from.UnixMilli() && f.first < to.UnixMilli() {
					places = append(places, f)
				}
			}
			for _, at := range slices.Backward(places) {
				s.size = at.end
				for f, err := range b.frames(s, at.at) {
					if err == nil {
						err = ctx.Err()
					}
					if err != nil {
						yield(Page{}, err)
						return
					}
					if !yield(b.open(f, key, check), nil) {
						return
					}
				}
			}
		}
	}
}

// tolerance is how much the clock may have been set back between two files.
const tolerance = 25 * time.Hour
