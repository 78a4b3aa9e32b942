package dir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pack"
)

// flusher is the half of a writer that touches the disk. Its fields belong to the goroutine in run.
type flusher struct {
	w       *writer
	file    durable.File  // of the pack being written, or nil
	pack    uint64        // its number
	at      int64         // its end
	durable pack.Position // as in the writer
	last    uint64        // the highest number that a file may have
	rooted  bool          // the share's directory is durable
	digest  digest
}

func newFlusher(w *writer) flusher {
	return flusher{w: w, digest: digest{hash: sha256.New(), jobs: make(chan func(), cap(w.s.pool.free)+8)}}
}

// digest computes the digest of the pack being written, beside the flusher, so that nobody waits for it but the
// pack's seal. All but jobs belongs to the goroutine that works them off.
type digest struct {
	jobs    chan func()
	behind  int64 // owned by the flusher: bytes of the pack that it has not yet been told of
	resumed bool  // owned by the flusher: the pack was begun by a writer before
	hash    hash.Hash
	entries []pack.Entry // of what was there when a pack was resumed
	broken  error        // why that cannot be sealed
}

func (d *digest) run() {
	for job := range d.jobs {
		job()
	}
}

// wait returns once everything that it was told of is done.
func (d *digest) wait() {
	done := make(chan struct{})
	d.jobs <- func() { close(done) }
	<-done
}

// run does jobs until the writer is put away.
func (w *writer) run() {
	f := &w.flusher
	go f.digest.run()
	w.mu.Lock()
	for {
		for len(w.jobs) == 0 && !w.retired && (w.appending || !w.wantFlush && !w.wantSync) {
			w.cond.Wait()
		}
		sync := false
		if !w.appending && (w.wantFlush || w.wantSync) {
			w.cut()
			sync = w.wantSync
			w.wantFlush, w.wantSync = false, false
		}
		if len(w.jobs) == 0 && !sync && w.retired {
			break
		}
		jobs := w.jobs
		w.jobs, w.working = nil, true
		w.mu.Unlock()
		err := f.do(jobs, sync)
		w.mu.Lock()
		if w.working = false; err != nil {
			w.lose(err, f.last)
		}
		w.cond.Broadcast()
	}
	w.mu.Unlock()
	if f.file != nil {
		f.file.Close()
	}
	close(f.digest.jobs)
}

// do works off jobs, and makes them durable if sync. After an error none of them counts, nor the pack.
func (f *flusher) do(jobs []job, sync bool) (err error) {
	for _, j := range jobs {
		switch {
		case err != nil:
		case j.seal != nil:
			err = f.seal(j.seal)
		default:
			if err = f.write(j); err == nil {
				continue // the digest gives the buffer back
			}
		}
		if j.buf != nil {
			f.w.s.pool.put(j.buf)
		}
	}
	if err == nil && sync {
		err = f.sync()
	}
	if err != nil {
		f.abandon()
	}
	return err
}

// write appends a piece to its pack, and begins that with its first piece.
func (f *flusher) write(j job) error {
	if j.at == 0 {
		if err := f.begin(j.pack); err != nil {
			return err
		}
		head := pack.Head{Share: f.w.share, Pack: f.pack, After: f.durable}.Append(nil)
		frame(j.data[:0], pack.TypeHead, 0, head)
	}
	if err := f.put(j.data); err != nil {
		return err
	}
	f.catchUp()
	f.digest.jobs <- func() {
		f.digest.hash.Write(j.data)
		f.w.s.pool.put(j.buf)
	}
	return nil
}

// put writes at the end of the pack.
func (f *flusher) put(data []byte) error {
	if n, err := f.file.WriteAt(data, f.at); err != nil || n < len(data) {
		return errors.Join(fmt.Errorf("wrote %d of %d bytes", n, len(data)), err)
	}
	f.at += int64(len(data))
	f.w.reached(pack.Position{Pack: f.pack, Offset: f.at}, false)
	return nil
}

// catchUp has the digest read what was in the pack before, once.
func (f *flusher) catchUp() {
	if f.digest.behind == 0 {
		return
	}
	name, n := f.w.s.file(f.w.share, f.pack), f.digest.behind
	f.digest.behind = 0
	f.digest.jobs <- func() { f.digest.broken = f.digest.read(f.w.s.cfg.FS, name, n) }
}

// read takes up the first n bytes of a pack.
func (d *digest) read(fsys durable.FS, name string, n int64) error {
	file, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	durable.Sequential(file)
	w := &window{file: file, size: n, hash: d.hash, hashTo: n}
	found, err := scan(w, 0, false, nil)
	switch {
	case err != nil:
		return err
	case len(found.damage) > 0:
		return &pack.DamageError{Damage: found.damage[0]}
	}
	d.entries = found.entries
	return w.finishHash()
}

// frame appends a frame of the pack's own to dst.
func frame(dst []byte, t pack.Type, synced int64, payload []byte) []byte {
	h := pack.Header{Type: t, Length: uint32(len(payload)), Synced: synced}
	return append(h.Append(dst, pack.PayloadSum(payload)), payload...)
}

// sync makes what was written durable.
func (f *flusher) sync() error {
	end := pack.Position{Pack: f.pack, Offset: f.at}
	if f.file == nil || !f.durable.Before(end) {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	f.durable = end
	f.w.reached(end, true)
	return nil
}

// reached tells those who wait how far the flusher is.
func (w *writer) reached(end pack.Position, durable bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.written = end; durable {
		w.durable = end
	}
	w.cond.Broadcast()
}

// begin makes a pack's file. Its names are durable before its first sync, which is what acknowledges anything.
func (f *flusher) begin(n uint64) error {
	s, dir := f.w.s, f.w.s.dir(f.w.share)
	if err := s.cfg.FS.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f.last = n // even if this fails: it may be there all the same
	file, err := s.cfg.FS.OpenFile(s.file(f.w.share, n), os.O_RDWR|os.O_CREATE|os.O_EXCL|durable.Direct, 0o600)
	if err != nil {
		return err
	}
	f.file, f.pack, f.at = file, n, 0
	f.digest.behind, f.digest.resumed = 0, false
	f.digest.jobs <- func() { f.digest.hash.Reset() }
	if err := s.cfg.FS.SyncDir(dir); err != nil {
		return err
	}
	if !f.rooted {
		if err := s.cfg.FS.SyncDir(s.cfg.Root); err != nil {
			return err
		}
		f.rooted = true
	}
	return nil
}

// abandon leaves a pack that cannot be trusted any more. The next pack's head says where it ends, so what it
// does to the file is courtesy.
func (f *flusher) abandon() {
	if f.file == nil {
		return
	}
	name := f.w.s.file(f.w.share, f.pack)
	if f.durable.Pack == f.pack {
		_ = f.file.Truncate(f.durable.Offset)
		_ = f.file.Close()
	} else {
		_ = f.file.Close()
		f.w.s.handles.forget(name)
		if f.w.s.cfg.FS.Remove(name) == nil { // so that a full disk does not fill with empty packs
			f.last = f.pack - 1
		}
	}
	f.file = nil
}

// seal ends the pack with its table and, when all that is durable, with its digest.
func (f *flusher) seal(s *sealing) error {
	f.catchUp()
	entries := s.entries
	if f.digest.resumed {
		if f.digest.wait(); f.digest.broken == nil {
			entries = append(f.digest.entries, entries...)
		} else if entries = f.readAgain(); f.digest.broken != nil {
			return f.leave(s)
		}
	}
	t := pack.Trailer{Table: s.table.Offset, Size: s.table.Size, Frames: uint32(len(entries))}
	if s.table.Size == 0 {
		var table []byte
		for _, e := range entries {
			table = pack.AppendEntry(table, e)
		}
		t.Table, t.Size = f.at, uint32(pack.HeaderSize+len(table))
		buf := durable.Aligned(int(pack.RoundUp(int64(t.Size))))
		frame(buf[:0], pack.TypeTable, f.durable.In(f.pack), table)
		if err := f.put(buf); err != nil {
			return err
		}
		f.digest.jobs <- func() { f.digest.hash.Write(buf) }
	}
	// A trailer vouches for all before it, so it must not reach the medium first.
	if err := f.sync(); err != nil {
		return err
	}
	f.digest.wait()
	f.digest.hash.Sum(t.Digest[:0])
	end := durable.Aligned(pack.Align)
	frame(end[:0], pack.TypeTrailer, f.at, t.Append(nil))
	if err := f.put(end); err != nil {
		return err
	}
	if err := f.sync(); err != nil {
		return err
	}
	f.finish(s, pack.Info{Share: f.w.share, Pack: f.pack, Size: f.at, Frames: len(entries), Sealed: true, Digest: t.Digest})
	return nil
}

// readAgain takes up the whole pack: what failed before may have been short of something.
func (f *flusher) readAgain() []pack.Entry {
	f.digest.hash.Reset()
	f.digest.behind = f.at
	f.catchUp()
	f.digest.wait()
	return f.digest.entries
}

// leave ends a pack without sealing it, because what was in it before cannot be vouched for.
func (f *flusher) leave(s *sealing) error {
	if err := f.sync(); err != nil {
		return err
	}
	d := pack.Damage{Share: f.w.share, At: pack.Position{Pack: f.pack}, Length: f.at, Reason: "not sealed: " + f.digest.broken.Error()}
	if de, ok := errors.AsType[*pack.DamageError](f.digest.broken); ok {
		d.At.Offset, d.Length, d.Reason = de.At.Offset, de.Length, de.Reason
	}
	f.w.s.cfg.OnDamage(d)
	f.finish(s, pack.Info{})
	return nil
}

func (f *flusher) finish(s *sealing, info pack.Info) {
	_ = f.file.Close() // all of it is durable
	f.file = nil
	if info.Sealed {
		f.w.s.cfg.OnSeal(info)
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	s.info, s.done = info, true
	f.w.cond.Broadcast()
}
