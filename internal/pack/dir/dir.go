// Package dir keeps packs as files of a directory: Root/<share>/<number>.pack.
package dir

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Config says where packs are and how they grow.
type Config struct {
	FS     durable.FS
	Root   string
	Target int64           // a pack is sealed once it has this many bytes; 0 means 64 MiB
	OnSeal func(pack.Info) // called for each sealed pack, one at a time per share; may be nil
	// Known says how far a share's log was known to be durable, by somebody who does not read packs (the
	// catalogue). What is unreadable before it is damage, and no torn tail. May be nil.
	Known func(id.Share) pack.Position
	// Writers bounds how many shares keep a pack open for writing (a file handle each, and buffers while they hold anything); 0 means 128.
	Writers int
}

// Store is the directory implementation of pack.Store.
type Store struct {
	cfg Config

	mu      sync.Mutex
	writers map[id.Share]*writer
	order   *list.List // of id.Share, the latest used in front
	closed  bool

	lostMu sync.Mutex // never held while taking another lock
	lost   map[id.Share]int

	handles *handles
}

var _ pack.Store = (*Store)(nil)

const (
	defaultTarget  = 64 << 20
	defaultWriters = 128
	openHandles    = 256
)

// Open returns the store in a directory, which it makes if need be.
func Open(_ context.Context, cfg Config) (*Store, error) {
	if cfg.Target == 0 {
		cfg.Target = defaultTarget
	}
	if cfg.Writers == 0 {
		cfg.Writers = defaultWriters
	}
	if cfg.Known == nil {
		cfg.Known = func(id.Share) pack.Position { return pack.Position{} }
	}
	if cfg.OnSeal == nil {
		cfg.OnSeal = func(pack.Info) {}
	}
	if err := cfg.FS.MkdirAll(cfg.Root, 0o700); err != nil {
		return nil, fmt.Errorf("pack directory: %w", err)
	}
	if err := cfg.FS.SyncDir(filepath.Dir(cfg.Root)); err != nil {
		return nil, fmt.Errorf("pack directory: %w", err)
	}
	return &Store{cfg: cfg, writers: make(map[id.Share]*writer), order: list.New(), lost: make(map[id.Share]int),
		handles: newHandles(cfg.FS, openHandles)}, nil
}

func (s *Store) dir(share id.Share) string { return filepath.Join(s.cfg.Root, share.String()) }

func (s *Store) file(share id.Share, n uint64) string {
	return filepath.Join(s.dir(share), fmt.Sprintf("%016x.pack", n))
}

// numbers lists the packs of a share.
func (s *Store) numbers(share id.Share) ([]uint64, error) {
	entries, err := s.cfg.FS.ReadDir(s.dir(share))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".pack"); ok && len(name) == 16 {
			if n, err := strconv.ParseUint(name, 16, 64); err == nil {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// Shares implements pack.Reader.
func (s *Store) Shares(context.Context) ([]id.Share, error) {
	entries, err := s.cfg.FS.ReadDir(s.cfg.Root)
	if err != nil {
		return nil, err
	}
	var out []id.Share
	for _, e := range entries {
		var share id.Share
		if e.IsDir() && share.UnmarshalText([]byte(e.Name())) == nil {
			out = append(out, share)
		}
	}
	return out, nil
}

// writer returns the open writer of a share, starting it on first use. The least recently used one is closed
// when there are too many.
func (s *Store) writer(share id.Share) (*writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the pack store is closed")
	}
	if w := s.writers[share]; w != nil {
		s.order.MoveToFront(w.turn)
		return w, nil
	}
	for e := s.order.Back(); e != nil && len(s.writers) >= s.cfg.Writers; {
		old := s.writers[e.Value.(id.Share)]
		e = e.Prev()
		if old.idle() {
			s.drop(old)
		}
	}
	w, err := s.startWriter(share)
	if err != nil {
		return nil, err
	}
	w.turn = s.order.PushFront(share)
	s.writers[share] = w
	return w, nil
}

// drop ends a writer; mu is held.
func (s *Store) drop(w *writer) error {
	s.order.Remove(w.turn)
	delete(s.writers, w.share)
	return w.close()
}

// Append implements pack.Store.
func (s *Store) Append(ctx context.Context, share id.Share, t pack.Type, frame [32]byte, payload ...[]byte) (pack.Place, error) {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	if n > pack.MaxPayload {
		return pack.Place{}, fmt.Errorf("a frame of %d bytes is larger than %d", n, pack.MaxPayload)
	}
	sum := pack.PayloadSum(payload...)
	for {
		w, err := s.writer(share)
		if err != nil {
			return pack.Place{}, err
		}
		at, err := w.append(t, frame, sum, n, payload)
		if !errors.Is(err, errClosed) {
			return at, err
		}
	}
}

// Sync implements pack.Store.
func (s *Store) Sync(ctx context.Context, share id.Share) (pack.Position, error) {
	for {
		w, err := s.writer(share)
		if err != nil {
			return pack.Position{}, err
		}
		at, err := w.sync()
		if !errors.Is(err, errClosed) {
			return at, err
		}
	}
}

// Seal implements pack.Store.
func (s *Store) Seal(ctx context.Context, share id.Share) (pack.Info, error) {
	w, err := s.writer(share)
	if err != nil {
		return pack.Info{}, err
	}
	return w.sealNow()
}

// Lost implements pack.Store.
func (s *Store) Lost(share id.Share) int {
	s.lostMu.Lock()
	defer s.lostMu.Unlock()
	return s.lost[share]
}

// Close flushes and closes all writers.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, w := range s.writers {
		err = errors.Join(err, s.drop(w))
	}
	s.closed = true
	s.handles.closeAll()
	return err
}

// handles keeps files open for reading, the latest used ones.
type handles struct {
	fs  durable.FS
	max int

	mu    sync.Mutex
	open  map[string]*handle
	order *list.List
}

type handle struct {
	durable.File
	name string
	uses int // guarded by handles.mu
	turn *list.Element
	gone bool
}

func newHandles(fs durable.FS, max int) *handles {
	return &handles{fs: fs, max: max, open: make(map[string]*handle), order: list.New()}
}

// get returns a file; put must follow.
func (h *handles) get(name string) (*handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.open[name]; f != nil {
		f.uses++
		h.order.MoveToFront(f.turn)
		return f, nil
	}
	file, err := h.fs.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	f := &handle{File: file, name: name, uses: 1}
	f.turn = h.order.PushFront(f)
	h.open[name] = f
	for e := h.order.Back(); e != nil && len(h.open) > h.max; {
		old := e.Value.(*handle)
		e = e.Prev()
		if old.uses == 0 {
			h.remove(old)
		}
	}
	return f, nil
}

func (h *handles) put(f *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.uses--; f.uses == 0 && f.gone {
		f.Close()
	}
}

// remove forgets a handle; mu is held.
func (h *handles) remove(f *handle) {
	h.order.Remove(f.turn)
	delete(h.open, f.name)
	f.gone = true
	if f.uses == 0 {
		f.Close()
	}
}

func (h *handles) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.open {
		h.remove(f)
	}
}
