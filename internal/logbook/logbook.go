// Package logbook keeps the lines of appliances: sealed batches in files that only grow, each batch durable when Append returns, with a digest that
// goes into the ledger. Nothing in it changes or cuts a file; whole files go when retention says so.
package logbook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/seal"
)

const (
	// MaxBatch bounds the encoding of a batch before it is compressed.
	MaxBatch = 8 << 20

	fullSize = 8 << 20        // at which a file is full; what is newer begins another, so that retention can remove the old one
	fullTime = 24 * time.Hour // likewise
	suffix   = ".log"
)

// Batch is what the ledger tells of some lines.
type Batch struct {
	Number      uint64 // from 1 on, without gaps
	Lines       int
	First, Last time.Time // when the first and the last were received, in milliseconds
	Root        [32]byte  // RFC 6962: the Merkle tree over the lines' encodings
}

// Config is what a Book needs.
type Config struct {
	FS  durable.FS
	Dir string
	Key seal.Key
}

// Book is an open logbook. Safe for concurrent use; one process writes.
type Book struct {
	cfg Config
	enc *zstd.Encoder
	dec *zstd.Decoder

	writing sync.Mutex   // held while a batch is written
	file    durable.File // guarded by writing; nil: the next batch begins one
	head    []byte       // guarded by writing: a buffer

	mu    sync.Mutex
	files []segment // guarded by mu: in order; all but the last do not change
	next  uint64    // guarded by mu
	last  Batch     // guarded by mu: the newest that is whole; Number 0: there is none
}

// segment is a file.
type segment struct {
	name  string
	first uint64 // number of its first batch
	from  int64  // when its first line was received, Unix milliseconds
	size  int64
}

// Open opens the logbook of a directory, which need not exist. It never goes on in a file that it finds, so that what a crash left behind stays what it is.
func Open(cfg Config) (*Book, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBatch))
	if err != nil {
		return nil, err
	}
	b := &Book{cfg: cfg, enc: enc, dec: dec, next: 1}
	list, err := cfg.FS.ReadDir(cfg.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if first, ok := numberOf(e.Name()); ok {
			b.files = append(b.files, segment{name: e.Name(), first: first})
		}
	}
	slices.SortFunc(b.files, func(x, y segment) int { return strings.Compare(x.name, y.name) })
	for i := range b.files {
		if err := b.look(&b.files[i]); err != nil {
			return nil, err
		}
	}
	for i := len(b.files) - 1; i >= 0 && b.last.Number == 0; i-- {
		for f, err := range b.frames(b.files[i], 0) {
			if err != nil {
				return nil, err
			}
			if p := b.open(f, cfg.Key, true); p.Err == nil {
				b.last = p.Batch
			}
		}
	}
	for _, s := range b.files { // a batch that a crash has cut off was in none of the ledger's entries
		b.next = max(b.next, s.first)
	}
	b.next = max(b.next, b.last.Number+1)
	return b, nil
}

// look reads how large a file is and when it begins.
func (b *Book) look(s *segment) error {
	f, err := b.cfg.FS.OpenFile(filepath.Join(b.cfg.Dir, s.name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if s.size, err = f.Size(); err != nil {
		return err
	}
	var head [headSize]byte
	if s.size >= headSize {
		if _, err := f.ReadAt(head[:], 0); err != nil {
			return err
		}
		s.from = parseHead(head[:]).first
	}
	return nil
}

// numberOf reads the name of a file: the number of its first batch, and how many were begun for that before.
func numberOf(name string) (n uint64, ok bool) {
	var again int
	_, err := fmt.Sscanf(name, "%016x-%04x"+suffix, &n, &again)
	return n, err == nil && nameOf(n, again) == name
}

func nameOf(n uint64, again int) string { return fmt.Sprintf("%016x-%04x%s", n, again, suffix) }

// Last returns the newest batch; its number is 0 if there is none.
func (b *Book) Last() Batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// First returns the number of the batch with which the oldest file begins, or began; 0: there is none.
func (b *Book) First() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.files) == 0 {
		return 0
	}
	return b.files[0].first
}

// Skip makes the next batch one behind n: what the ledger knows is not told again of other lines.
func (b *Book) Skip(n uint64) {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if n >= b.next {
		b.next = n + 1
		b.leave()
	}
}

// Size returns how many bytes lie on the disk.
func (b *Book) Size() (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.files {
		n += s.size
	}
	return n
}

// Since returns when the oldest line that is there was received; zero: there is none.
func (b *Book) Since() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.files) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(b.files[0].from).UTC()
}

// Append writes lines as one batch, in their order. They are durable when it returns.
func (b *Book) Append(lines []Line) (Batch, error) {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	made := Batch{Number: b.next, Lines: len(lines)}
	b.mu.Unlock()
	if len(lines) == 0 {
		return made, errors.New("a batch without lines")
	}
	plain, root, err := encode(lines)
	if err != nil {
		return made, err
	}
	made.Root = root
	made.First, made.Last = span(lines)
	frame := b.frame(made, plain)
	if err := b.roomFor(made); err != nil {
		return made, err
	}
	b.mu.Lock()
	s := b.files[len(b.files)-1]
	b.mu.Unlock()
	_, err = b.file.WriteAt(frame, s.size)
	if err == nil {
		err = b.file.Sync()
	}
	if err != nil { // what the disk has of it, nobody knows
		b.leave()
		b.drop()
		return made, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files[len(b.files)-1].size += int64(len(frame))
	b.next, b.last = made.Number+1, made
	return made, nil
}

// roomFor opens a file for the next batch, if that begins one; writing is held.
func (b *Book) roomFor(next Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file != nil {
		s := b.files[len(b.files)-1]
		if s.size < fullSize && next.Last.UnixMilli()-s.from < fullTime.Milliseconds() {
			return nil
		}
		b.leave()
	}
	if err := durable.MakeDir(b.cfg.FS, b.cfg.Dir, 0o700); err != nil {
		return err
	}
	for again := range 1 << 16 {
		name := nameOf(next.Number, again)
		f, err := b.cfg.FS.OpenFile(filepath.Join(b.cfg.Dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := b.cfg.FS.SyncDir(b.cfg.Dir); err != nil {
			return errors.Join(err, f.Close())
		}
		b.file, b.files = f, append(b.files, segment{name: name, first: next.Number, from: next.First.UnixMilli()})
		return nil
	}
	return errors.New("too many files were begun for one batch")
}

// leave lets the file go that is written to; writing is held.
func (b *Book) leave() {
	if b.file != nil {
		b.file.Close() // all that counts was synced
		b.file = nil
	}
}

// drop removes the last file if nothing in it was ever durable: a disk that is full for days would end with a file for each try. writing is held.
func (b *Book) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.files) - 1
	if b.files[last].size == 0 && b.cfg.FS.Remove(filepath.Join(b.cfg.Dir, b.files[last].name)) == nil {
		b.files = b.files[:last]
	}
}

// File is a file of this moment.
type File struct {
	Name string
	Size int64 // what of it was durable
}

// Files lists the files, for a copy. Whoever has them and not the key reads nothing but how many lines came when.
func (b *Book) Files() (out []File) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.files {
		if s.size > 0 {
			out = append(out, File{s.name, s.size})
		}
	}
	return out
}

// IsFile reports whether a name is that of a file of a logbook.
func IsFile(name string) bool {
	_, ok := numberOf(name)
	return ok
}

// Close ends the logbook.
func (b *Book) Close() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.leave()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cfg.Key.Zero()
	b.next = 0 // nothing is read any more
}

// RemoveBefore removes the files whose lines were all received before a time, but not the last one. told hears the number of the first batch that
// stays, and how many files go, and decides: what is removed must stand in the ledger before.
func (b *Book) RemoveBefore(t time.Time, told func(first uint64, files int) error) error {
	b.mu.Lock()
	n := 0
	for n+1 < len(b.files) && b.files[n+1].from != 0 && b.files[n+1].from < t.UnixMilli() { // the next begins before it: so all of this one lies before it
		n++
	}
	gone := slices.Clone(b.files[:n])
	var first uint64
	if n > 0 {
		first = b.files[n].first
	}
	b.mu.Unlock()
	if n == 0 {
		return nil
	}
	if err := told(first, n); err != nil {
		return err
	}
	for _, s := range gone {
		if err := b.cfg.FS.Remove(filepath.Join(b.cfg.Dir, s.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.mu.Lock()
		b.files = slices.DeleteFunc(b.files, func(x segment) bool { return x.name == s.name })
		b.mu.Unlock()
	}
	return b.cfg.FS.SyncDir(b.cfg.Dir)
}
