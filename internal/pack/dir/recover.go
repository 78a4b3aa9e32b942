package dir

import (
	"errors"
	"fmt"
	"os"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pack"
)

// recover finds the end of a share's log, before the writer starts: the same way after a crash, after a clean end and
// after the writer was put away. What it finds is durable when it returns, because readers will see it.
func (w *writer) recover() error {
	numbers, err := w.s.numbers(w.share)
	if err != nil {
		return err
	}
	known, shut := w.s.known(w.share)
	w.last, w.durable = known.Pack, known
	if len(numbers) > 0 {
		w.last = max(w.last, numbers[len(numbers)-1])
	}
	for i := len(numbers) - 1; i >= 0 && numbers[i] >= known.Pack && !shut; i-- {
		done, err := w.resume(numbers[i], known)
		if err != nil {
			return fmt.Errorf("pack %d: %w", numbers[i], err)
		}
		if done {
			break
		}
	}
	w.tip, w.written = w.durable, w.durable
	w.flusher.durable, w.flusher.last = w.durable, w.last
	return nil
}

// resume looks at one pack from the end of the log. It is done unless the pack turns out to be void: begun, but
// never acknowledged.
func (w *writer) resume(n uint64, known pack.Position) (done bool, err error) {
	file, err := w.s.cfg.FS.OpenFile(w.s.file(w.share, n), os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return false, err
	}
	from := int64(0)
	if n == known.Pack {
		from = known.Offset
	}
	if from > size {
		w.damaged(n, pack.Damage{At: pack.Position{Offset: size}, Length: from - size, Reason: "missing"})
		return true, nil // the log goes on behind what is known
	}
	if _, ok := trailer(file, size); ok {
		w.durable = pack.Position{Pack: n, Offset: size}
		return true, nil
	}
	win := &window{file: file, size: size}
	found, err := scan(win, from, true, nil)
	if err != nil {
		return false, err
	}
	for _, d := range found.damage {
		w.damaged(n, d)
	}
	switch {
	case from == 0 && !found.headOK && len(found.damage) == 0:
		return false, nil
	case len(found.damage) > 0 || found.trailer || from == 0 && (found.head.Share != w.share || found.head.Pack != n):
		w.durable = pack.Position{Pack: n, Offset: found.end} // nothing is ever added to it
		return true, nil
	}
	return true, w.resumeAt(n, win, from, found)
}

func (w *writer) damaged(n uint64, d pack.Damage) {
	d.Share, d.At.Pack = w.share, n
	w.s.cfg.OnDamage(d)
}

// resumeAt cuts a pack's torn tail, makes the rest durable, and goes on behind it.
func (w *writer) resumeAt(n uint64, win *window, from int64, found scanned) (err error) {
	file, err := w.s.cfg.FS.OpenFile(w.s.file(w.share, n), os.O_RDWR|durable.Direct, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	end := pack.RoundUp(found.end)
	keep := found.end
	if pad, err := win.bytes(keep, int(min(end, win.size)-keep)); err == nil && zero(pad) {
		keep = end // padding that may have been acknowledged stays
	}
	if win.size > keep {
		if err := file.Truncate(keep); err != nil {
			return err
		}
	}
	if min(win.size, keep) < end {
		if err := file.Truncate(end); err != nil {
			return err
		}
	}
	if err := w.secure(file, win, max(from, found.synced), found.end); err != nil {
		return err
	}
	f := &w.flusher
	f.file, f.pack, f.at, f.rooted = file, n, end, true
	f.digest.behind, f.digest.resumed = end, true
	w.durable = pack.Position{Pack: n, Offset: end}
	if w.open = true; found.table.Size > 0 { // the crash came before the trailer, which can only be what it would have been
		w.open = false
		w.jobs = append(w.jobs, job{pack: n, seal: &sealing{table: found.table}})
	}
	return nil
}

// secure makes durable what a scan has found, and the cut: or else what was cut off could be there again after a
// crash, behind what is written next. After a sync that failed the pages count as clean and a second sync
// would do nothing: then what is not known to be durable is written again first, the same bytes to the same place.
func (w *writer) secure(file durable.File, win *window, from, to int64) (err error) {
	w.s.mu.Lock()
	doubt := w.s.doubt[w.share]
	w.s.mu.Unlock()
	if doubt {
		err = rewrite(file, win, from&^(pack.Align-1), to)
	}
	if err == nil {
		err = errors.Join(file.Sync(), w.s.cfg.FS.SyncDir(w.s.dir(w.share)), w.s.cfg.FS.SyncDir(w.s.cfg.Root))
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.s.doubt[w.share] = true; err == nil {
		delete(w.s.doubt, w.share)
	}
	return err
}

func rewrite(file durable.File, win *window, from, to int64) error {
	buf := durable.Aligned(readSize)
	for ; from < to; from += readSize {
		n := int(min(readSize, to-from))
		data, err := win.bytes(from, n)
		if err != nil {
			return err
		}
		all := buf[:pack.RoundUp(int64(n))]
		clear(all[copy(all, data):])
		if _, err := file.WriteAt(all, from); err != nil {
			return err
		}
	}
	return nil
}
