package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/web"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// halfway is the disk of a vault whose packs come from a medium: each is read from there until its own copy is whole. Nothing can be saved
// meanwhile.
type halfway struct {
	durable.FS
	root  string // of the packs
	disk  durable.FS
	whole atomic.Bool // all are here, and it is a disk like others
}

// on returns the name of a pack on the medium.
func (f *halfway) on(name string) (string, bool) {
	if f.whole.Load() {
		return "", false
	}
	rel, err := filepath.Rel(f.root, name)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// OpenFile implements durable.FS.
func (f *halfway) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	rel, ok := f.on(name)
	if !ok {
		return f.FS.OpenFile(name, flag, perm)
	}
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
	}
	// What is opened for writing, as the end of a log is, comes from the medium, to which nothing can be written.
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		if file, err := f.FS.OpenFile(name, flag, perm); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return f.disk.OpenFile("/"+rel, flag, perm)
}

// ReadDir implements durable.FS: what the medium has.
func (f *halfway) ReadDir(name string) ([]fs.DirEntry, error) {
	if rel, ok := f.on(name); ok {
		return f.disk.ReadDir("/" + rel)
	}
	return f.FS.ReadDir(name)
}

// Rename implements durable.FS.
func (f *halfway) Rename(from, to string) error {
	if _, ok := f.on(from); ok {
		return &fs.PathError{Op: "rename", Path: from, Err: syscall.EROFS}
	}
	return f.FS.Rename(from, to)
}

// Remove implements durable.FS.
func (f *halfway) Remove(name string) error {
	if _, ok := f.on(name); ok {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.EROFS}
	}
	return f.FS.Remove(name)
}

// SyncDir implements durable.FS.
func (f *halfway) SyncDir(name string) error {
	if _, ok := f.on(name); ok {
		return nil
	}
	return f.FS.SyncDir(name)
}

// rescue is a restore that is under way in an open house.
type rescue struct {
	state *medium.State
	disk  *halfway
	lent  *borrowing
	busy  atomic.Bool  // Fetch is at work
	bytes atomic.Int64 // that are here

	stopped atomic.Bool // the copy was broken off, and waits
}

// state opens the medium of a vault that is being restored. It is judged by its own key: the keeper, which opens the ledger, has the vault's.
func (r *restoring) state(ctx context.Context, now func() time.Time) (*medium.State, error) {
	t, err := TargetAt(ctx, durable.OS(), r.From, now)
	if err != nil {
		return nil, err
	}
	s, err := medium.Open(ctx, t, "", r.State)
	if err == nil && (s.Medium.ID != r.Medium || s.Head != r.Head) {
		err = errors.New("another medium")
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "restore vault", On: r.Label + ": " + r.From, Hint: "hint.restore-medium", Err: err}
	}
	return s, nil
}

// beginRescue opens the medium of a vault that is being restored.
func (h *House) beginRescue(ctx context.Context) error {
	s, err := h.restoring.state(ctx, h.opt.Now)
	if err == nil {
		h.rescue = &rescue{state: s, disk: &halfway{FS: h.opt.FS, root: h.at.packs, disk: s.Disk()}, lent: borrow(h.opt.FS, h.at, s)}
	}
	return err
}

// half reports whether packs are still read from a medium.
func (h *House) half() bool { return h.rescue != nil && !h.rescue.disk.whole.Load() }

// restore tells how far a restore is; nil: there is none.
func (h *House) restore() *api.Restoring {
	if !h.half() {
		return nil
	}
	return &api.Restoring{Medium: h.restoring.Label, State: h.restoring.State, Time: h.restoring.Time, Bytes: h.rescue.bytes.Load(), OfBytes: h.rescue.state.Bytes, Stopped: h.rescue.stopped.Load()}
}

// notices are what every page says at its top.
func (h *House) notices() (out []web.Notice) {
	if r := h.restore(); r != nil {
		out = append(out, web.Notice{Key: "web.notice-restore", Args: []any{r.Time.Local().Format("2006-01-02 15:04 -0700"), 100 * r.Bytes / max(r.OfBytes, 1)}})
		if r.Stopped {
			out = append(out, web.Notice{Key: "web.notice-stopped", Args: []any{r.Medium}})
		}
	}
	if r := h.rewinding.Load(); r != nil || h.half() && h.restoring.Case != "" {
		if r == nil {
			r = h.restoring
		}
		out = append(out, web.Notice{Key: "web.notice-rewind", Args: []any{r.Case}})
	}
	if !h.keeper.local.Isolated().IsZero() {
		out = append(out, web.Notice{Key: "web.notice-isolated"})
	}
	return out
}

// errHalf refuses a save.
func errHalf(op string) error {
	return &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.restoring"}
}

// lender is the keeper of a vault that is halfway: nobody may write.
type lender struct {
	keeper.Keeper
	h *House
}

// Check implements keeper.Gate.
func (k lender) Check(ctx context.Context, s id.Session, share id.Share, write bool) error {
	if err := k.Keeper.Check(ctx, s, share, write); err != nil || !write || !k.h.half() {
		return err
	}
	return errHalf("save")
}

// lent are the packs of a vault that is halfway: whatever comes past the keeper is refused here.
type lent struct {
	pack.Store
	h *House
}

// away tells that the medium cannot be asked, where what could not be read from it would be called damaged.
func (p lent) away(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !p.h.half() {
		return err
	}
	if gone := p.h.rescue.state.Gone(ctx); gone != nil {
		return &problem.Error{Kind: problem.Unavailable, Op: "open", On: p.h.restoring.Label, Hint: "hint.medium-pulled", Err: err}
	}
	return err
}

// Read implements pack.Reader.
func (p lent) Read(ctx context.Context, share id.Share, at pack.Place, buf []byte) (pack.Frame, error) {
	f, err := p.Store.Read(ctx, share, at, buf)
	return f, p.away(ctx, err)
}

// Frames implements pack.Reader.
func (p lent) Frames(ctx context.Context, share id.Share, from pack.Position, payload func(pack.Type) bool) iter.Seq2[pack.Frame, error] {
	return func(yield func(pack.Frame, error) bool) {
		for f, err := range p.Store.Frames(ctx, share, from, payload) {
			if !yield(f, p.away(ctx, err)) {
				return
			}
		}
	}
}

// Append implements pack.Store.
func (p lent) Append(ctx context.Context, share id.Share, t pack.Type, frame [32]byte, payload ...[]byte) (pack.Place, error) {
	if p.h.half() {
		return pack.Place{}, errHalf("save")
	}
	return p.Store.Append(ctx, share, t, frame, payload...)
}

// Fetched tells how far the packs of a restore are.
type Fetched struct {
	Packs    int64            `json:"packs"`
	OfPacks  int64            `json:"of_packs"`
	Bytes    int64            `json:"bytes"`
	OfBytes  int64            `json:"of_bytes"`
	Findings []medium.Finding `json:"findings,omitempty"`
}

// fetchers is how many packs are copied at a time, so that neither disk waits for the other, nor for a digest.
const fetchers = 4

// Fetch copies the packs that are not here yet, each compared with what the vault has signed, and ends the restore. What is damaged on the medium
// is told, and copied as far as it can be read. A Fetch that was broken off goes on with the next pack.
func (h *House) Fetch(ctx context.Context, tell func(Fetched)) (out Fetched, err error) {
	if !h.half() || !h.rescue.busy.CompareAndSwap(false, true) {
		return out, nil
	}
	defer h.rescue.busy.Store(false)
	s := h.rescue.state
	out.OfPacks, out.OfBytes = s.Packs, s.Bytes
	var mu sync.Mutex // guards out, and what tell does
	count := func(packs, bytes int64) {
		mu.Lock()
		defer mu.Unlock()
		out.Packs, out.Bytes = out.Packs+packs, out.Bytes+bytes
		h.rescue.bytes.Store(out.Bytes)
		h.rescue.stopped.Store(false)
		tell(out)
	}
	found := func(f medium.Finding) {
		mu.Lock()
		defer mu.Unlock()
		out.Findings = append(out.Findings, f)
	}
	if err := h.rescue.lent.fetch(ctx, h.loan.GiveWay, found); err != nil {
		return out, broken(err, h.cfg.Data)
	}
	ctx, stop := context.WithCancelCause(ctx) // with the first pack that fails all ends
	defer stop(nil)
	books, err := h.index(ctx, s.List())
	if err != nil {
		return out, err
	}
	err = h.fetchPacks(ctx, func(p medium.Pack) {
		if err := h.fetch(ctx, p, func(n int64) { count(0, n) }, found); err != nil {
			stop(err)
			return
		}
		count(1, 0)
		books.here(p.Share)
	})
	books.end()
	if err != nil {
		return out, broken(err, h.cfg.Data)
	}
	for _, name := range s.Covered() {
		found(medium.Finding{Object: name, Reason: medium.Covered})
	}
	if err := h.endRescue(); err != nil {
		return out, broken(err, h.cfg.Data)
	}
	return out, books.pass(ctx)
}

// fetchPacks has the packs copied, several at a time, until ctx ends.
func (h *House) fetchPacks(ctx context.Context, fetch func(medium.Pack)) error {
	s := h.rescue.state
	for _, share := range s.Shares() {
		if err := durable.MakeDir(h.opt.FS, filepath.Join(h.at.packs, share.String()), 0o700); err != nil {
			return err
		}
	}
	list := make(chan medium.Pack)
	var all sync.WaitGroup
	for range fetchers {
		all.Go(func() {
			for p := range list {
				if h.loan.GiveWay(); ctx.Err() == nil {
					fetch(p)
				}
			}
		})
	}
	for _, p := range s.List() {
		select {
		case list <- p:
		case <-ctx.Done():
		}
	}
	close(list)
	all.Wait()
	return context.Cause(ctx)
}

// fetchAgain is when a copy that failed is tried again: a disk may have been pulled out.
const fetchAgain = 30 * time.Second

// fetchAll copies the packs behind open doors until all are here.
func (h *House) fetchAll(ctx context.Context) {
	log, told := h.opt.Log, int64(0)
	log.Info("the vault is read from the medium, and nothing can be saved, until all of it is copied", "medium", h.restoring.Label, "bytes", h.rescue.state.Bytes)
	for h.half() {
		out, err := h.Fetch(ctx, func(f Fetched) {
			if part := 20 * f.Bytes / max(f.OfBytes, 1); part > told {
				told = part
				log.Info("copying from the medium", "percent", 5*part, "packs", f.Packs, "of", f.OfPacks)
			}
		})
		for _, f := range out.Findings {
			log.Error("damaged on the medium", "object", f.Object, "share", f.Share, "pack", f.Pack, "reason", f.Reason)
		}
		if err == nil {
			log.Info("all of the vault is here; people can save again, and the medium can go back to its place")
			h.rewindAll(ctx)
			return
		}
		h.rescue.stopped.Store(ctx.Err() == nil)
		if ctx.Err() == nil {
			log.Error("the copy from the medium was broken off, and goes on soon", "medium", h.restoring.Label, "at", h.restoring.From, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(fetchAgain):
		}
	}
}

// endRescue lets the medium go: from here on everything is here.
func (h *House) endRescue() error {
	fsys := h.opt.FS
	shares, err := os.ReadDir(h.at.packs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, d := range shares {
		if err := fsys.SyncDir(filepath.Join(h.at.packs, d.Name())); err != nil {
			return err
		}
	}
	if err := durable.MakeDir(fsys, h.at.packs, 0o700); err != nil {
		return err
	}
	if err := fsys.SyncDir(h.at.packs); err != nil {
		return err
	}
	if err := h.restoring.copied(fsys, h.cfg.Data); err != nil {
		return err
	}
	if h.restoring.Copied {
		h.rewinding.Store(h.restoring)
	}
	// Nobody writes yet, so all that is open are files of the medium or copies of them.
	h.rescue.lent.whole.Store(true)
	h.rescue.disk.whole.Store(true)
	h.packs.Moved()
	return nil
}

// fetch copies one pack under another name, and gives it its own once it is whole and durable.
func (h *House) fetch(ctx context.Context, p medium.Pack, tell func(int64), found func(medium.Finding)) (err error) {
	fsys := h.opt.FS
	dir := filepath.Join(h.at.packs, p.Share.String())
	name := filepath.Join(dir, packName(p.Pack))
	if i, err := os.Stat(name); err == nil && i.Size() == p.Size {
		tell(p.Size)
		return nil
	}
	half := name + unfinished
	flag := os.O_RDWR | os.O_CREATE | os.O_TRUNC
	if p.Aligned {
		flag |= durable.Direct
	}
	f, err := fsys.OpenFile(half, flag, 0o600)
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open {
			err = errors.Join(err, f.Close())
		}
	}()
	write := func(off int64, b []byte) error {
		h.loan.GiveWay() // with each piece: of a slow disk a pack takes a minute
		n := int64(len(b))
		if p.Aligned { // the end is cut off below
			b = b[:(len(b)+durable.Block-1)&^(durable.Block-1)]
		}
		_, err := f.WriteAt(b, off)
		tell(n)
		return err
	}
	if err := h.rescue.state.Fetch(ctx, p, write, found); err != nil {
		return err
	}
	if err := f.Truncate(p.Size); err != nil { // where the end could not be read
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	open = false
	if err := f.Close(); err != nil {
		return err
	}
	return fsys.Rename(half, name)
}

func packName(n uint64) string { return fmt.Sprintf("%016x.pack", n) }
