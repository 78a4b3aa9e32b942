// Package dir keeps packs as files of a directory: Root/<share>/<number>.pack.
//
// A share that is written to has a writer: appends copy into buffers, one goroutine writes them past the page
// cache and syncs, another one computes the digest of the pack. A write or sync that fails loses what was not yet
// durable, and the log goes on in a new pack, whose head tells where the old one ends. The log of a
// share is what that chain of heads says, followed back from the newest pack.
package dir

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
	Target int64 // a pack is sealed once it has this many bytes; 0 means 64 MiB

	// OnSeal is called for each sealed pack, one at a time per share. It must not call the store. May be nil.
	OnSeal func(pack.Info)
	// OnDamage is called when the end of a share's log turns out to be damaged. Check finds damage everywhere. May be nil.
	OnDamage func(pack.Damage)
	// Known says how far a share's log was known to be durable, by somebody who does not read packs (the
	// catalogue). What is unreadable before it is damage, and no torn tail; what is readable needs no reading at
	// the start. It must be a place between frames. May be nil.
	Known func(id.Share) pack.Position

	Writers int   // how many shares keep a pack open for writing; 0 means 128
	Memory  int64 // bytes of all buffers for writing; 0 means 48 MiB, and at least two buffers are kept
}

// Store is the directory implementation of pack.Store.
type Store struct {
	cfg     Config
	handles *handles
	lately  lately
	pool    *pool
	heads   heads

	mu      sync.Mutex // never held while the disk works; may be held when a writer's mu is taken
	writers map[id.Share]*writer
	order   *list.List          // of *writer, the latest used in front
	ends    map[id.Share]logEnd // of logs whose writer was put away
	doubt   map[id.Share]bool   // shares whose last recovery failed to sync
	closed  bool
	running sync.WaitGroup // of flushers, those of writers put away too

	lostMu sync.Mutex // never held while another lock is taken
	lost   map[id.Share]loss
}

var _ pack.Store = (*Store)(nil)

const (
	defaultTarget  = 64 << 20
	defaultWriters = 128
	defaultMemory  = 48 << 20
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
	if cfg.Memory == 0 {
		cfg.Memory = defaultMemory
	}
	if cfg.Known == nil {
		cfg.Known = func(id.Share) pack.Position { return pack.Position{} }
	}
	if cfg.OnSeal == nil {
		cfg.OnSeal = func(pack.Info) {}
	}
	if cfg.OnDamage == nil {
		cfg.OnDamage = func(pack.Damage) {}
	}
	if err := durable.MakeDir(cfg.FS, cfg.Root, 0o700); err != nil {
		return nil, fmt.Errorf("pack directory: %w", err)
	}
	return &Store{
		cfg:     cfg,
		handles: newHandles(cfg.FS, openHandles),
		pool:    newPool(cfg.Memory, cfg.Target),
		heads:   heads{after: make(map[headOf]pack.Position)},
		writers: make(map[id.Share]*writer),
		order:   list.New(),
		ends:    make(map[id.Share]logEnd),
		doubt:   make(map[id.Share]bool),
		lost:    make(map[id.Share]loss),
	}, nil
}

func (s *Store) dir(share id.Share) string { return filepath.Join(s.cfg.Root, share.String()) }

func (s *Store) file(share id.Share, n uint64) string {
	return filepath.Join(s.dir(share), fmt.Sprintf("%016x.pack", n))
}

// OpenPack opens a pack for reading it from front to back; direct: past the page cache. How much of it counts Packs says.
func (s *Store) OpenPack(share id.Share, n uint64, direct bool) (durable.File, error) {
	flag := os.O_RDONLY
	if direct {
		flag |= durable.Direct
	}
	f, err := s.cfg.FS.OpenFile(s.file(share, n), flag, 0)
	if err == nil && !direct {
		durable.Sequential(f)
	}
	return f, err
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
			if n, err := strconv.ParseUint(name, 16, 64); err == nil && n > 0 {
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

// logEnd is where a log ended when its writer was put away. Shut says that nothing may be added to the last pack.
type logEnd struct {
	pack.Position
	shut bool
}

// known is the furthest that a share's log is known to have been durable, and whether the log goes on in a new pack.
func (s *Store) known(share id.Share) (known pack.Position, shut bool) {
	known = s.cfg.Known(share)
	s.mu.Lock()
	defer s.mu.Unlock()
	if end, ok := s.ends[share]; ok && !end.Before(known) {
		return end.Position, end.shut
	}
	return known, false
}

var errStoreClosed = errors.New("the pack store is closed")

// writer returns the writer of a share, started. The least recently used one is put away when there are too many.
func (s *Store) writer(share id.Share) (*writer, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errStoreClosed
	}
	w := s.writers[share]
	if w != nil {
		s.order.MoveToFront(w.turn)
	} else {
		s.makeRoom()
		w = newWriter(s, share)
		w.turn = s.order.PushFront(w)
		s.writers[share] = w
	}
	s.mu.Unlock()
	if err := w.start(); err != nil {
		s.forget(w)
		return nil, fmt.Errorf("packs of share %v: %w", share, err)
	}
	return w, nil
}

// makeRoom puts writers away that have nothing to do; mu is held.
func (s *Store) makeRoom() {
	for e := s.order.Back(); e != nil && len(s.writers) >= s.cfg.Writers; {
		w := e.Value.(*writer)
		e = e.Prev()
		if end, ok := w.retire(); ok {
			s.ends[w.share] = end
			s.order.Remove(w.turn)
			delete(s.writers, w.share)
		}
	}
}

// Moved says that the files have come to lie elsewhere, byte for byte: those that are open are closed, once nobody uses them, and opened
// again where they are now. It reports false, and wants to be asked again, while something is being written.
func (s *Store) Moved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := true
	for share, w := range s.writers {
		end, ok := w.retire()
		if !ok {
			all = false
			continue
		}
		s.ends[share] = end
		s.order.Remove(w.turn)
		delete(s.writers, share)
	}
	s.handles.closeAll()
	return all
}

// forget takes out a writer that did not start, so that the next call tries again.
func (s *Store) forget(w *writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writers[w.share] == w {
		s.order.Remove(w.turn)
		delete(s.writers, w.share)
	}
}

// reclaim makes writers flush what they hold half full. No lock is held.
func (s *Store) reclaim() {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.writers))
	s.mu.Unlock()
	for _, w := range all {
		w.giveBack()
	}
}

// with calls do with the writer of a share, and again when that was put away meanwhile.
func (s *Store) with(ctx context.Context, share id.Share, do func(*writer) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		w, err := s.writer(share)
		if err != nil {
			return err
		}
		if err := do(w); err != errRetired {
			return err
		}
	}
}

// Append implements pack.Store.
func (s *Store) Append(ctx context.Context, share id.Share, t pack.Type, frame [32]byte, payload ...[]byte) (at pack.Place, err error) {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	if n > pack.MaxPayload {
		return pack.Place{}, fmt.Errorf("a frame of %d bytes is larger than %d", n, pack.MaxPayload)
	}
	if !t.Stored() {
		return pack.Place{}, fmt.Errorf("no type of frame: %d", t)
	}
	sum := pack.PayloadSum(payload...)
	err = s.with(ctx, share, func(w *writer) error {
		at, err = w.append(t, frame, sum, n, payload)
		return err
	})
	return at, err
}

// Sync implements pack.Store.
func (s *Store) Sync(ctx context.Context, share id.Share) (end pack.Position, err error) {
	err = s.with(ctx, share, func(w *writer) error {
		end, err = w.sync()
		return err
	})
	return end, err
}

// Seal implements pack.Store.
func (s *Store) Seal(ctx context.Context, share id.Share) (info pack.Info, err error) {
	err = s.with(ctx, share, func(w *writer) error {
		info, err = w.seal()
		return err
	})
	return info, err
}

// loss counts the losses of a share.
type loss struct {
	n   int
	why error // the last time
}

// Lost implements pack.Store.
func (s *Store) Lost(share id.Share) int {
	s.lostMu.Lock()
	defer s.lostMu.Unlock()
	return s.lost[share].n
}

// Loss implements pack.Store.
func (s *Store) Loss(share id.Share) error {
	s.lostMu.Lock()
	defer s.lostMu.Unlock()
	return s.lost[share].why
}

func (s *Store) countLoss(share id.Share, why error) {
	s.lostMu.Lock()
	defer s.lostMu.Unlock()
	s.lost[share] = loss{s.lost[share].n + 1, why}
}

// Close makes everything durable and closes all files.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	all := slices.Collect(maps.Values(s.writers))
	clear(s.writers)
	s.order.Init()
	s.mu.Unlock()
	var err error
	for _, w := range all {
		err = errors.Join(err, w.close())
	}
	s.running.Wait()
	s.handles.closeAll()
	return err
}
