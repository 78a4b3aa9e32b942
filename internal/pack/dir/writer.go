package dir

import (
	"container/list"
	"errors"
	"fmt"
	"hash"
	"os"
	"sync"
	"unsafe"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// bufferSize is what the flusher writes at once: large enough for direct I/O to be fast.
const bufferSize = 4 << 20

// buffers are aligned for direct I/O.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, bufferSize+durable.Block)
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (durable.Block - 1)
	b = b[skip : skip+bufferSize : skip+bufferSize]
	return &b
}}

var (
	errClosed = errors.New("the writer was closed")
	errFailed = errors.New("a write before this one failed")
)

// writer appends to the packs of one share. Appends copy into buffers; one goroutine writes, hashes and
// syncs them, so that everybody who waits for a Sync shares the next flush.
type writer struct {
	s     *Store
	share id.Share
	turn  *list.Element

	mu        sync.Mutex
	cond      sync.Cond
	n         uint64        // the open pack; 0: none
	file      durable.File  // of it
	after     pack.Position // the end of the log before the open pack, or before the next one if none is open
	last      uint64        // the highest number that a file has
	size      int64         // of the open pack, with what is still in buffers
	synced    int64         // of it, durable
	current   *[]byte       // the buffer being filled, or nil
	fill      int           // how much of it
	queue     []piece       // full buffers
	busy      bool          // the flusher is at work
	waiting   bool          // somebody waits for a sync
	failed    error         // what the last failure was; guarded by lostNo
	lostNo    int           // counts failures
	appending bool          // a frame is being copied; it may wait for buffers in the middle
	rolling   bool          // the pack is full: appends wait until it is sealed
	sealing   bool          // the flusher seals: appends wait
	wanted    bool          // somebody wants the pack sealed now
	sealed    pack.Info     // the last one that was
	table     []pack.Entry
	closed    bool

	hash   hash.Hash // of what was written of the open pack; owned by the hasher between hashed.Wait and the next piece
	hashed sync.WaitGroup
	pieces chan piece // to the hasher, which gives the buffers back
}

// piece is a buffer on its way to the disk.
type piece struct {
	buf  *[]byte
	data []byte
	at   int64
}

// startWriter opens a share for appending: it finds the end of its log, cuts a torn tail, and makes what
// is there durable, because a reader may have seen it.
func (s *Store) startWriter(share id.Share) (*writer, error) {
	w := &writer{s: s, share: share, hash: newDigest(), pieces: make(chan piece, 2)}
	w.cond.L = &w.mu
	if err := w.recover(); err != nil {
		return nil, fmt.Errorf("packs of share %v: %w", share, err)
	}
	go w.flushLoop()
	go w.hashLoop()
	return w, nil
}

// hashLoop computes the digest of the open pack beside the flusher, so that nobody waits for it but the
// pack's seal.
func (w *writer) hashLoop() {
	for p := range w.pieces {
		w.hash.Write(p.data)
		buffers.Put(p.buf)
		w.hashed.Done()
	}
}

func (w *writer) recover() error {
	numbers, err := w.s.numbers(w.share)
	if err != nil || len(numbers) == 0 {
		return err
	}
	w.last = numbers[len(numbers)-1]
	for i := len(numbers) - 1; i >= 0; i-- {
		n := numbers[i]
		done, err := w.resume(n)
		if err != nil {
			return fmt.Errorf("pack %d: %w", n, err)
		}
		if done {
			return nil
		}
	}
	return nil
}

// resume looks at one pack from the end of the log. It is done unless the pack turns out to be void: begun,
// but never acknowledged.
func (w *writer) resume(n uint64) (done bool, err error) {
	name := w.s.file(w.share, n)
	file, err := w.s.cfg.FS.OpenFile(name, os.O_RDWR|durable.Direct, 0o600)
	if err != nil {
		return false, err
	}
	defer func() {
		if w.file != file {
			file.Close()
		}
	}()
	read, err := w.s.cfg.FS.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer read.Close()
	found, err := scan(read, 0, -1, nil)
	if err != nil {
		return false, err
	}
	if !found.headOK && len(found.damage) == 0 && w.s.cfg.Known(w.share).Pack < n {
		return false, nil
	}
	if known := w.s.cfg.Known(w.share); known.Pack == n && found.end < known.Offset {
		w.after = known
		return true, nil
	}
	if found.trailer != nil || len(found.damage) > 0 { // nothing is ever added to a damaged pack
		size, err := read.Size()
		w.after = pack.Position{Pack: n, Offset: size}
		if found.trailer == nil {
			w.after.Offset = found.end
		}
		return true, err
	}
	if err := errors.Join(file.Truncate(found.end), file.Sync(), w.s.cfg.FS.SyncDir(w.s.dir(w.share))); err != nil {
		return false, err
	}
	if err := digest(w.hash, read, found.end); err != nil {
		return false, err
	}
	w.n, w.file, w.after, w.table = n, file, found.head.After, found.entries
	w.size = pack.RoundUp(found.end)
	w.hash.Write(make([]byte, w.size-found.end))
	w.synced = w.size
	return true, nil
}

// end returns the durable end of the log.
func (w *writer) end() pack.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n == 0 || w.synced == 0 {
		return w.after
	}
	return pack.Position{Pack: w.n, Offset: w.synced}
}

// idle reports whether the writer has nothing in its buffers.
func (w *writer) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.busy && !w.waiting && !w.sealing && len(w.queue) == 0 && w.fill == 0 && w.size == w.synced
}

// begin creates the next pack; mu is held.
func (w *writer) begin() error {
	n := w.last + 1
	if err := w.s.cfg.FS.MkdirAll(w.s.dir(w.share), 0o700); err != nil {
		return err
	}
	file, err := w.s.cfg.FS.OpenFile(w.s.file(w.share, n), os.O_RDWR|os.O_CREATE|os.O_EXCL|durable.Direct, 0o600)
	if err != nil {
		return err
	}
	w.last = n
	// The names are durable before the first Sync of the content, which is what acknowledges anything.
	if err := errors.Join(w.s.cfg.FS.SyncDir(w.s.dir(w.share)), w.s.cfg.FS.SyncDir(w.s.cfg.Root)); err != nil {
		file.Close()
		return err
	}
	w.n, w.file, w.size, w.synced, w.table = n, file, 0, 0, nil
	w.hashed.Wait() // of a pack that was lost
	w.hash = newDigest()
	head := pack.Head{Share: w.share, Pack: n, After: w.after}.Append(nil)
	w.put(pack.TypeHead, [32]byte{}, pack.PayloadSum(head), len(head), [][]byte{head})
	return nil
}

// append adds a frame.
func (w *writer) append(t pack.Type, frame [32]byte, sum uint32, n int, payload [][]byte) (pack.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for (w.sealing || w.rolling || w.appending) && !w.closed {
		w.cond.Wait()
	}
	if w.closed {
		return pack.Place{}, errClosed
	}
	w.appending = true
	defer func() {
		w.appending = false
		w.cond.Broadcast()
	}()
	if w.n == 0 {
		if err := w.begin(); err != nil {
			w.lose(err)
			return pack.Place{}, err
		}
	}
	lost := w.lostNo
	at := pack.Place{Position: pack.Position{Pack: w.n, Offset: w.size}, Size: uint32(pack.HeaderSize + n)}
	w.put(t, frame, sum, n, payload)
	if w.lostNo != lost {
		return pack.Place{}, w.failed
	}
	w.table = append(w.table, pack.Entry{Type: t, Offset: at.Offset, Size: at.Size, ID: frame})
	w.rolling = w.size >= w.s.cfg.Target
	return at, nil
}

// put copies a frame into the buffers; mu is held, and given up while all buffers are full.
func (w *writer) put(t pack.Type, frame [32]byte, sum uint32, n int, payload [][]byte) {
	h := pack.Header{Type: t, Length: uint32(n), Synced: w.synced, ID: frame}
	var head [pack.HeaderSize]byte
	lost := w.lostNo
	w.copy(h.Append(head[:0], sum), lost)
	for _, p := range payload {
		w.copy(p, lost)
	}
}

func (w *writer) copy(p []byte, lost int) {
	for len(p) > 0 && w.lostNo == lost {
		if w.current == nil {
			w.current, w.fill = buffers.Get().(*[]byte), 0
		}
		m := copy((*w.current)[w.fill:], p)
		p, w.fill, w.size = p[m:], w.fill+m, w.size+int64(m)
		if w.fill == bufferSize {
			w.push()
			for len(w.queue) > 1 && w.lostNo == lost && !w.sealing {
				w.cond.Wait()
			}
		}
	}
}

// push hands the current buffer to the flusher; mu is held.
func (w *writer) push() {
	if w.current == nil {
		return
	}
	w.queue = append(w.queue, piece{w.current, (*w.current)[:w.fill], w.size - int64(w.fill)})
	w.current, w.fill = nil, 0
	w.cond.Broadcast()
}

// pad fills up to the next multiple of Align with zeros; mu is held.
func (w *writer) pad() {
	if w.current == nil {
		return
	}
	to := int(pack.RoundUp(int64(w.fill)))
	clear((*w.current)[w.fill:to])
	w.size += int64(to - w.fill)
	w.fill = to
}

// sync returns once everything appended before it is durable.
func (w *writer) sync() (pack.Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return pack.Position{}, errClosed
	}
	if w.n == 0 || w.size == w.synced && len(w.queue) == 0 && !w.busy {
		return w.endLocked(), nil
	}
	lost, n, target := w.lostNo, w.n, w.size
	for w.lostNo == lost && w.n == n && w.synced < target {
		w.waiting = true
		w.cond.Broadcast()
		w.cond.Wait()
	}
	if w.lostNo != lost {
		return pack.Position{}, w.failed
	}
	return w.endLocked(), nil
}

func (w *writer) endLocked() pack.Position {
	if w.n == 0 || w.synced == 0 {
		return w.after
	}
	return pack.Position{Pack: w.n, Offset: w.synced}
}

// flushLoop is the only one that writes to the file.
func (w *writer) flushLoop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.queue) == 0 && !w.closed && (w.appending || !w.waiting && !w.rolling && !w.wanted) {
			w.cond.Wait()
		}
		if w.closed && len(w.queue) == 0 && !w.waiting {
			close(w.pieces)
			return
		}
		whole := !w.appending // between frames: what is there can be padded and synced
		sync := whole && (w.waiting || w.rolling || w.wanted)
		if sync {
			w.waiting = false
			w.pad()
			w.push()
		}
		seal := sync && (w.rolling || w.wanted)
		w.sealing = seal
		if w.file != nil && w.flush(sync) && seal && len(w.table) > 0 {
			w.seal()
		}
		if sync {
			w.rolling, w.wanted, w.sealing = false, false, false
			w.cond.Broadcast()
		}
	}
}

// flush writes what is queued and, if sync, makes it durable. mu is held, but not while the disk works.
func (w *writer) flush(sync bool) bool {
	pieces, file, end := w.queue, w.file, w.size-int64(w.fill)
	if len(pieces) == 0 && (!sync || end == w.synced) {
		return true
	}
	w.busy = true
	w.mu.Unlock()
	err := w.write(file, pieces)
	if err == nil && sync {
		err = file.Sync()
	}
	if err == nil {
		w.hashed.Add(len(pieces))
		for _, p := range pieces {
			w.pieces <- p
		}
	}
	w.mu.Lock()
	w.busy = false
	w.queue = w.queue[len(pieces):]
	if err != nil {
		for _, p := range pieces {
			buffers.Put(p.buf)
		}
		w.lose(err)
		return false
	}
	if sync {
		w.synced = end
	}
	w.cond.Broadcast()
	return true
}

func (w *writer) write(file durable.File, pieces []piece) error {
	for _, p := range pieces {
		if n, err := file.WriteAt(p.data, p.at); err != nil || n < len(p.data) {
			return errors.Join(err, errShort(n, len(p.data)))
		}
	}
	return nil
}

func errShort(n, want int) error {
	if n < want {
		return fmt.Errorf("wrote %d of %d bytes", n, want)
	}
	return nil
}

// lose gives up everything since the last successful sync, and the pack with it: after a failed write or
// sync nobody can tell what of it is on the medium. mu is held.
func (w *writer) lose(err error) {
	w.failed = fmt.Errorf("%w: %w", errFailed, err)
	w.lostNo++
	w.s.lostMu.Lock()
	w.s.lost[w.share]++
	w.s.lostMu.Unlock()
	for _, p := range w.queue {
		buffers.Put(p.buf)
	}
	if w.current != nil {
		buffers.Put(w.current)
	}
	w.queue, w.current, w.fill, w.rolling, w.waiting = nil, nil, 0, false, false
	if w.file != nil {
		// Best effort: the next pack's head says where this one ends.
		w.file.Truncate(w.synced)
		w.file.Close()
		if w.synced > 0 {
			w.after = pack.Position{Pack: w.n, Offset: w.synced}
		}
	}
	w.n, w.file, w.size, w.synced, w.table = 0, nil, 0, 0, nil
	w.cond.Broadcast()
}

// seal ends the open pack with its table and its digest. Everything in it is durable already; mu is held.
func (w *writer) seal() {
	t := pack.Trailer{Table: w.size, Frames: uint32(len(w.table))}
	var table []byte
	for _, e := range w.table {
		table = pack.AppendEntry(table, e)
	}
	t.Size = uint32(pack.HeaderSize + len(table))
	w.put(pack.TypeTable, [32]byte{}, pack.PayloadSum(table), len(table), [][]byte{table})
	w.pad()
	w.push()
	if !w.flush(false) {
		return
	}
	w.hashed.Wait()
	w.hash.Sum(t.Digest[:0])
	end := t.Append(nil)
	w.put(pack.TypeTrailer, [32]byte{}, pack.PayloadSum(end), len(end), [][]byte{end})
	w.pad()
	w.push()
	if !w.flush(true) {
		return
	}
	info := pack.Info{Share: w.share, Pack: w.n, Size: w.size, Frames: len(w.table), Sealed: true, Digest: t.Digest}
	w.file.Close()
	w.after = pack.Position{Pack: w.n, Offset: w.size}
	w.n, w.file, w.size, w.synced, w.table = 0, nil, 0, 0, nil
	w.sealed = info
	w.mu.Unlock()
	w.s.cfg.OnSeal(info)
	w.mu.Lock()
}

// sealNow seals the open pack, if there is one with anything in it.
func (w *writer) sealNow() (pack.Info, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, lost := w.n, w.lostNo
	if n == 0 || w.closed {
		return pack.Info{}, nil
	}
	for w.n == n && w.lostNo == lost && !w.closed {
		w.wanted = true
		w.cond.Broadcast()
		w.cond.Wait()
	}
	switch {
	case w.lostNo != lost:
		return pack.Info{}, w.failed
	case w.sealed.Pack == n:
		return w.sealed, nil
	}
	return pack.Info{}, errClosed
}

// close flushes and ends the writer; the store's mu is held.
func (w *writer) close() error {
	_, err := w.sync()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.cond.Broadcast()
	for w.busy || w.sealing {
		w.cond.Wait()
	}
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
		w.file = nil
	}
	return err
}
