package dir

import (
	"container/list"
	"errors"
	"fmt"
	"sync"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

var (
	errRetired = errors.New("the writer was put away")
	errFailed  = errors.New("a write failed, and what was not durable is lost")
)

// maxEntries bounds the table of a pack, together with what stood in it when its writer started.
const maxEntries = 1 << 19

// flushFrom is how much is written although nobody asks, if the disk would be idle: so that little is left to do when
// somebody does.
const flushFrom = 512 << 10

// headSize is the length of a pack's first frame. Appends leave room for it; the flusher fills it in, because only
// then it is known where the pack before ends.
var headSize = int64(pack.HeaderSize + len(pack.Head{}.Append(nil)))

// writer appends to the packs of one share. Whoever appends copies into buffers; the flusher (flush.go), one
// goroutine, does what is in jobs, in order. Those who wait for a Sync share the flusher's next one.
type writer struct {
	s     *Store
	share id.Share
	turn  *list.Element // guarded by Store.mu

	once     sync.Once
	startErr error

	mu        sync.Mutex // never held while the disk works
	cond      sync.Cond  // on mu: anything below changed
	tip       pack.Position
	open      bool          // the pack at tip takes frames
	entries   []pack.Entry  // of frames appended to it since its writer started
	last      uint64        // the highest number that a pack may have on disk or in jobs
	buf       []byte        // being filled; it ends at tip
	fill      int           // how much of it is
	jobs      []job         // for the flusher
	appending bool          // a frame is being copied; mu may be given up in the middle
	working   bool          // the flusher is at work
	wantFlush bool          // somebody wants the buffer written
	wantSync  bool          // and synced
	waiters   int           // how many wait for a sync
	written   pack.Position // the end of what readers can read
	durable   pack.Position // the end of what is durable; only the flusher changes it
	losses    int           // only the flusher counts
	failed    error         // why the last loss was
	untold    bool          // nobody has been told of the last loss
	started   bool
	retired   bool

	flusher flusher
}

// job is something for the flusher: a piece of a pack to write, or a pack to seal.
type job struct {
	pack uint64
	at   int64
	data []byte
	buf  []byte // of data, to give back
	seal *sealing
}

// sealing is a pack's end on its way.
type sealing struct {
	entries []pack.Entry
	table   pack.Place // it has a table already, if Size is not 0
	info    pack.Info  // guarded by the writer's mu, as is done
	done    bool
}

func newWriter(s *Store, share id.Share) *writer {
	w := &writer{s: s, share: share}
	w.cond.L = &w.mu
	w.flusher = newFlusher(w)
	return w
}

// start finds the end of the log, once.
func (w *writer) start() error {
	w.once.Do(func() {
		if w.startErr = w.recover(); w.startErr != nil {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.started = true
		w.s.running.Go(w.run)
	})
	return w.startErr
}

// end returns the durable end of the log.
func (w *writer) end() pack.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.durable
}

// ready waits until no frame is being copied, and tells of a loss that nobody was told of; mu is held.
func (w *writer) ready() error {
	for w.appending && !w.retired {
		w.cond.Wait()
	}
	if w.retired {
		return errRetired
	}
	if w.untold {
		w.untold = false
		return w.failed
	}
	return nil
}

// append adds a frame.
func (w *writer) append(t pack.Type, frame [32]byte, sum uint32, n int, payload [][]byte) (pack.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(); err != nil {
		return pack.Place{}, err
	}
	if !w.open {
		w.last++
		w.tip, w.open, w.entries = pack.Position{Pack: w.last}, true, nil
	}
	w.appending = true
	at, ok := w.put(t, frame, sum, n, payload)
	w.appending = false
	w.cond.Broadcast()
	if !ok {
		w.untold = false
		return pack.Place{}, w.failed
	}
	w.entries = append(w.entries, pack.Entry{Type: t, Offset: at.Offset, Size: at.Size, ID: frame})
	switch {
	case w.tip.Offset >= w.s.cfg.Target || len(w.entries) >= maxEntries:
		w.roll()
	case w.s.pool.starved(), w.fill >= flushFrom && !w.working && len(w.jobs) == 0:
		w.wantFlush = true
	}
	return at, nil
}

// put copies a frame into buffers, unless a loss comes between; mu is held, and given up to wait for buffers.
func (w *writer) put(t pack.Type, frame [32]byte, sum uint32, n int, payload [][]byte) (at pack.Place, ok bool) {
	losses := w.losses
	if w.tip.Offset == 0 && !w.copy(make([]byte, headSize), losses) {
		return at, false
	}
	at = pack.Place{Position: w.tip, Size: uint32(pack.HeaderSize + n)}
	h := pack.Header{Type: t, Length: uint32(n), Synced: w.durable.In(w.tip.Pack), ID: frame}
	if !w.copy(h.Append(make([]byte, 0, pack.HeaderSize), sum), losses) {
		return at, false
	}
	for _, p := range payload {
		if !w.copy(p, losses) {
			return at, false
		}
	}
	return at, true
}

func (w *writer) copy(p []byte, losses int) bool {
	for len(p) > 0 {
		if w.buf == nil && !w.take(losses) {
			return false
		}
		m := copy(w.buf[w.fill:], p)
		p, w.fill, w.tip.Offset = p[m:], w.fill+m, w.tip.Offset+int64(m)
		if w.fill == len(w.buf) {
			w.push()
		}
	}
	return true
}

// take gets an empty buffer; mu is held, and given up to wait.
func (w *writer) take(losses int) bool {
	b := w.s.pool.try()
	if b == nil {
		w.mu.Unlock()
		b = w.s.pool.get(w.s.reclaim)
		w.mu.Lock()
		if w.losses != losses {
			w.s.pool.put(b)
			return false
		}
	}
	w.buf, w.fill = b, 0
	return true
}

// push hands the buffer to the flusher; mu is held.
func (w *writer) push() {
	w.jobs = append(w.jobs, job{pack: w.tip.Pack, at: w.tip.Offset - int64(w.fill), data: w.buf[:w.fill], buf: w.buf})
	w.buf, w.fill = nil, 0
	w.cond.Broadcast()
}

// cut ends the buffer between frames: what is behind it begins at the next multiple of Align, so that no byte is ever written
// twice. mu is held.
func (w *writer) cut() {
	if w.buf == nil {
		return
	}
	to := int(pack.RoundUp(int64(w.fill)))
	clear(w.buf[w.fill:to])
	w.tip.Offset += int64(to - w.fill)
	w.fill = to
	w.push()
}

// roll ends the pack at tip; mu is held. Appends go on with the next one, while the flusher seals this one.
func (w *writer) roll() *sealing {
	w.cut()
	s := &sealing{entries: w.entries}
	w.jobs = append(w.jobs, job{pack: w.tip.Pack, seal: s})
	w.open, w.entries = false, nil
	w.cond.Broadcast()
	return s
}

// sync returns once everything appended before is durable.
func (w *writer) sync() (pack.Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(); err != nil {
		return pack.Position{}, err
	}
	losses, target := w.losses, w.tip
	w.waiters++
	defer func() { w.waiters-- }()
	for w.losses == losses && w.durable.Before(target) {
		if !w.wantSync {
			w.wantSync = true
			w.cond.Broadcast()
		}
		w.cond.Wait()
	}
	if w.losses != losses {
		return pack.Position{}, w.failed
	}
	return w.durable, nil
}

// seal ends the open pack and waits until that is durable.
func (w *writer) seal() (pack.Info, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(); err != nil {
		return pack.Info{}, err
	}
	if !w.open {
		return pack.Info{}, nil
	}
	losses, s := w.losses, w.roll()
	w.waiters++
	defer func() { w.waiters-- }()
	for w.losses == losses && !s.done {
		w.cond.Wait()
	}
	if !s.done {
		return pack.Info{}, w.failed
	}
	return s.info, nil
}

// reach waits until the frame at a place can be read from the disk, if it is on its way there.
func (w *writer) reach(at pack.Place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	losses := w.losses
	for !w.retired && w.losses == losses && w.written.Before(at.End()) && !w.tip.Before(at.End()) {
		if !w.wantFlush {
			w.wantFlush = true
			w.cond.Broadcast()
		}
		w.cond.Wait()
	}
}

// giveBack asks for a buffer that nobody is about to fill.
func (w *writer) giveBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.buf != nil && !w.appending {
		w.wantFlush = true
		w.cond.Broadcast()
	}
}

// retire ends the writer if it has nothing to do, and otherwise sees to it that it will have nothing to do.
func (w *writer) retire() (end logEnd, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started || w.appending || w.working || w.waiters > 0 || w.untold {
		return end, false
	}
	if w.buf != nil || len(w.jobs) > 0 || w.durable.Before(w.tip) {
		w.wantSync = true
		w.cond.Broadcast()
		return end, false
	}
	w.retired = true
	w.cond.Broadcast()
	return logEnd{w.durable, !w.open}, true
}

// close makes everything durable and ends the writer.
func (w *writer) close() error {
	if w.start() != nil {
		return nil // it never took anything
	}
	_, err := w.sync()
	w.mu.Lock()
	for w.appending {
		w.cond.Wait()
	}
	w.retired = true
	w.cond.Broadcast()
	w.mu.Unlock()
	return err
}

// lose gives up everything that is not durable, and the pack with it: after a failed write or sync nobody can
// tell what of it is on the medium. removed says that the file of the pack is gone. mu is held.
func (w *writer) lose(err error, last uint64) {
	w.failed = fmt.Errorf("%w: %w", errFailed, err)
	w.losses++
	w.untold = w.waiters == 0 && !w.appending
	w.s.countLoss(w.share, w.failed)
	for _, j := range w.jobs {
		if j.buf != nil {
			w.s.pool.put(j.buf)
		}
	}
	if w.buf != nil {
		w.s.pool.put(w.buf)
	}
	w.jobs, w.buf, w.fill, w.open, w.entries = nil, nil, 0, false, nil
	w.wantFlush, w.wantSync = false, false
	w.last, w.tip, w.written = last, w.durable, w.durable
	w.cond.Broadcast()
}
