package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/azekura/azekura/internal/durable"
)

// The names of write-ahead files that are not ready yet. A start removes them.
const (
	newName   = "new"
	spareName = "spare"
)

// batchBytes is how much the sequencer takes for one flush. More would only make the first of a
// group wait for the last.
const batchBytes = 1 << 20

// sequencer writes groups into the current write-ahead file.
type sequencer struct {
	file       durable.File // nil after a failure: the next batch begins with a new file that holds everything
	salt       [16]byte     // of file
	offset     int64        // of the next group in file
	limit      int64        // the size of file
	generation uint64       // the highest that was ever tried; never used twice
	buf        []byte
}

// sequence gives the queued entries their indexes, a group for all that has come while the last one was
// flushed. It ends when the queue is empty and the log is closing.
func (l *Log) sequence() {
	defer l.stopped.Done()
	defer close(l.stop)
	var now []*request // taken from the queue, not yet answered
	for {
		l.mu.Lock()
		now = append(now, l.queue...)
		l.queue = nil
		end := l.closing && len(now) == 0
		l.mu.Unlock()
		switch {
		case end:
			return
		case len(now) == 0:
			<-l.kick
		default:
			now = l.group(now)
		}
	}
}

// group writes one group with the first entries of the requests, answers those that are complete or failed, and
// returns the others.
func (l *Log) group(requests []*request) []*request {
	var batch []entry
	var begun []*request
	size, n := 0, 0
	for ; n < len(requests) && size < batchBytes; n++ {
		r := requests[n]
		if r.taken == 0 {
			begun, r.first = append(begun, r), int64(len(batch))
		}
		for ; r.taken < len(r.entries) && size < batchBytes; r.taken++ {
			batch = append(batch, r.entries[r.taken])
			size += 2 + len(r.entries[r.taken].data)
		}
	}
	first, err := l.commit(batch, size)
	for _, r := range begun {
		r.first += first
	}
	if last := requests[n-1]; err == nil && last.taken < len(last.entries) {
		n-- // it goes on in the next group
	}
	for _, r := range requests[:n] {
		r.done <- err
	}
	return requests[n:]
}

// commit makes a batch durable and returns the index of its first entry. Once it has begun to write the
// batch it never gives its indexes to other entries, whatever the disk answers.
func (l *Log) commit(batch []entry, size int) (first int64, err error) {
	s := &l.seq
	if s.file == nil {
		if err := l.renew(l.conf.FileSize); err != nil {
			return 0, err
		}
	}
	if err := l.makeRoom(size); err != nil {
		return 0, err
	}
	if need := groupSize(size); s.offset+need > s.limit {
		if err := l.rotate(need); err != nil {
			return 0, err
		}
	}
	l.mu.Lock()
	first = l.size + int64(len(l.held))
	l.held = append(l.held, batch...)
	l.bytes += int64(size)
	l.mu.Unlock()
	s.buf = appendGroup(s.buf[:0], s.salt, first, batch)
	if _, err = s.file.WriteAt(s.buf, s.offset); err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		err = errors.Join(err, s.file.Close())
		s.file = nil // never trusted again
		return 0, fmt.Errorf("write-ahead file: %w", err)
	}
	s.offset += int64(len(s.buf))
	l.integrate()
	return first, nil
}

// integrate counts everything that is held as durable.
func (l *Log) integrate() {
	l.mu.Lock()
	for _, e := range l.held[l.durable.size-l.size:] {
		l.durable.add(e.hash, nil)
	}
	due := len(l.held) >= l.after || l.wantSpare
	l.mu.Unlock()
	if due {
		poke(l.tidy)
	}
}

// makeRoom holds back writers when tiles cannot be written for long: memory has an end.
func (l *Log) makeRoom(size int) error {
	l.mu.Lock()
	full := len(l.held) > 0 && l.bytes+int64(size) > l.conf.MaxHeld
	l.mu.Unlock()
	if !full {
		return nil
	}
	_, err := l.Publish(context.Background())
	return err
}

// renew begins a write-ahead file of at least size bytes that holds everything that is not in tiles. It is
// the way out of a failed write and the way into an opened ledger.
func (l *Log) renew(size int64) (err error) {
	l.mu.Lock()
	first, root, entries := l.size, l.tiledRoot, slices.Clip(l.held)
	l.mu.Unlock()
	s := &l.seq
	s.generation++
	h := newHeader(l.conf.Origin, s.generation, true, first, root)
	f, err := l.conf.FS.OpenFile(l.walPath(newName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	offset, err := writeAll(f, h, entries)
	limit := max(size, offset)
	if err == nil {
		err = fill(f, offset, limit)
	}
	if err == nil {
		err = l.adopt(f, newName, h)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("new write-ahead file: %w", err), l.discard(f, newName))
	}
	s.file, s.salt, s.offset, s.limit = f, h.salt, offset, limit
	l.integrate()
	return nil
}

// writeAll writes the header and groups of the entries, and returns the offset behind them.
func writeAll(f durable.File, h walHeader, entries []entry) (offset int64, err error) {
	buf := h.append(nil)
	first := h.first
	for {
		if _, err := f.WriteAt(buf, offset); err != nil {
			return offset, err
		}
		offset += int64(len(buf))
		if len(entries) == 0 {
			return offset, nil
		}
		n, size := 0, 0
		for ; n < len(entries) && size < batchBytes; n++ {
			size += 2 + len(entries[n].data)
		}
		buf = appendGroup(buf[:0], h.salt, first, entries[:n])
		first, entries = first+int64(n), entries[n:]
	}
}

// fill writes zeros: a flush of a file whose blocks are there already needs no metadata, and cannot
// fail for want of space.
func fill(f durable.File, from, to int64) error {
	zeros := make([]byte, min(to-from, 1<<20))
	for from < to {
		n := min(to-from, int64(len(zeros)))
		if _, err := f.WriteAt(zeros[:n], from); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// adopt makes f, which stands under a name of files that are not ready, the current write-ahead file, durably.
func (l *Log) adopt(f durable.File, name string, h walHeader) error {
	err := f.Sync()
	if err == nil {
		err = l.conf.FS.Rename(l.walPath(name), l.walPath(walName(h.generation)))
	}
	if err == nil {
		err = l.conf.FS.SyncDir(filepath.Join(l.conf.Dir, walDir))
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.files = append(l.files, walInfo{h.generation, h.first})
	l.mu.Unlock()
	return nil
}

// rotate goes on in the next file, which the background has made ready if all is well. After an
// error the full file stays the current one.
func (l *Log) rotate(need int64) (err error) {
	s := &l.seq
	l.mu.Lock()
	f, name := l.spare, spareName
	l.spare, l.wantSpare = nil, false // until it has its new name, the background keeps off the old one
	first, root := l.durable.size, l.durable.root()
	l.mu.Unlock()
	limit := l.conf.FileSize
	if f != nil && block+need > limit {
		if err := l.discard(f, spareName); err != nil {
			return err
		}
		f = nil
	}
	if f == nil {
		name, limit = newName, max(limit, block+need)
		if f, err = l.zeros(newName, limit); err != nil {
			return err
		}
	}
	s.generation++
	h := newHeader(l.conf.Origin, s.generation, false, first, root)
	if _, err = f.WriteAt(h.append(nil), 0); err == nil {
		err = l.adopt(f, name, h)
	}
	l.mu.Lock()
	l.wantSpare = true
	l.after = min(l.after, len(l.held)) // so that the old file can go
	l.mu.Unlock()
	if err != nil {
		return errors.Join(fmt.Errorf("next write-ahead file: %w", err), l.discard(f, name))
	}
	err = s.file.Close()
	s.file, s.salt, s.offset, s.limit = f, h.salt, block, limit
	if err != nil {
		l.conf.Log.Warn("closing a full write-ahead file", "error", err)
	}
	return nil
}

// zeros makes a file of zeros under a name of files that are not ready.
func (l *Log) zeros(name string, size int64) (durable.File, error) {
	f, err := l.conf.FS.OpenFile(l.walPath(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(fill(f, 0, size), f.Sync()); err != nil {
		return nil, errors.Join(err, l.discard(f, name))
	}
	return f, nil
}

// discard closes a file that did not come to use, and gives back its space. It may have its last name already.
func (l *Log) discard(f durable.File, name string) error {
	err := f.Close()
	if err2 := l.conf.FS.Remove(l.walPath(name)); !errors.Is(err2, fs.ErrNotExist) {
		err = errors.Join(err, err2)
	}
	return err
}

// tend does in the background what nobody has to wait for: tiles, and the next write-ahead file.
func (l *Log) tend() {
	defer l.stopped.Done()
	for {
		select {
		case <-l.stop:
			return
		case <-l.tidy:
		}
		l.mu.Lock()
		publish, spare := len(l.held) >= l.after, l.wantSpare && l.spare == nil
		l.wantSpare = false
		l.mu.Unlock()
		if spare {
			f, err := l.zeros(spareName, l.conf.FileSize)
			if err != nil { // the sequencer makes its own when it needs it, and tells its callers
				l.conf.Log.Warn("making a write-ahead file ready", "error", err)
			} else {
				l.mu.Lock()
				l.spare = f
				l.mu.Unlock()
			}
		}
		if !publish {
			continue
		}
		if _, err := l.Publish(context.Background()); err != nil {
			l.conf.Log.Warn("publishing the ledger", "error", err)
		}
	}
}
