package dir

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"os"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

var _ pack.Rewriter = (*Store)(nil)

// errLast means that a pack may still grow, or is what the catalogue's knowledge of the end refers to.
var errLast = errors.New("the pack at the end of the log is not rewritten")

// rewriting is a pack on its way without some of its frames. Where those stood it has gaps, which take no room on a disk whose file system knows
// holes: so all other frames keep their places, and nobody who knows a place must be told. The same frames taken out give the same bytes.
type rewriting struct {
	share   id.Share
	n       uint64
	former  [32]byte // digest of what is there
	drop    func(pack.Type, [32]byte) bool
	file    durable.File
	at      int64 // everything before it is written, or a hole
	gap     int64 // where the gap begins that ends at at; -1: there is none
	hash    hash.Hash
	entries []pack.Entry
	dropped int
	freed   int64
}

// Rewrite implements pack.Rewriter. The file that is being written has a name that no pack has, until it is durable and agreed.
func (s *Store) Rewrite(ctx context.Context, share id.Share, n uint64, drop func(pack.Type, [32]byte) bool, agreed func(pack.Info) error) (freed int64, err error) {
	w, err := s.writer(share)
	if err != nil {
		return 0, err
	}
	if n >= max(w.end().Pack, s.cfg.Known(share).Pack) {
		return 0, errLast
	}
	old, err := s.cfg.FS.OpenFile(s.file(share, n), os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer old.Close()
	size, t, err := sealedPack(old, share, n)
	if err != nil {
		return 0, err
	}
	if lines, err := table(old, t, size); err == nil && !picks(lines, drop) {
		return 0, nil
	}
	name := s.file(share, n)
	r := &rewriting{share: share, n: n, drop: drop, former: t.Digest, gap: -1, hash: sha256.New()}
	if err := s.cfg.FS.Remove(name + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was broken off
		return 0, err
	}
	if r.file, err = s.cfg.FS.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return 0, err
	}
	info, err := r.write(ctx, old, size)
	err = errors.Join(err, r.file.Close())
	if err == nil && r.dropped > 0 {
		err = agreed(info)
	}
	if err != nil || r.dropped == 0 {
		return 0, errors.Join(err, s.cfg.FS.Remove(name+".new"))
	}
	if err := s.cfg.FS.Rename(name+".new", name); err != nil {
		return 0, err
	}
	s.handles.forget(name)
	return r.freed, s.cfg.FS.SyncDir(s.dir(share))
}

func picks(lines []pack.Entry, drop func(pack.Type, [32]byte) bool) bool {
	for _, e := range lines {
		if drop(e.Type, e.ID) {
			return true
		}
	}
	return false
}

// sealedPack reads the end of a pack that must be sealed.
func sealedPack(f durable.File, share id.Share, n uint64) (size int64, t pack.Trailer, err error) {
	if size, err = f.Size(); err != nil {
		return 0, t, err
	}
	t, ok := trailer(f, size)
	if !ok {
		return 0, t, &pack.DamageError{Damage: pack.Damage{Share: share, At: pack.Position{Pack: n}, Length: size, Reason: "not sealed"}}
	}
	return size, t, nil
}

// write copies the pack up to its table and ends it anew. Every frame is read and checked on the way: damage is not given a new digest.
func (r *rewriting) write(ctx context.Context, old durable.File, size int64) (info pack.Info, err error) {
	durable.Sequential(old)
	w := &window{file: old, size: size}
	found, err := scan(w, 0, false, func(h pack.Header, at int64, payload []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.frame(h, at, payload)
	})
	if err == nil && len(found.damage) > 0 {
		d := found.damage[0]
		d.Share, d.At.Pack = r.share, r.n
		err = &pack.DamageError{Damage: d}
	}
	if err == nil {
		info, err = r.end()
	}
	return info, err
}

// frame takes the next frame of the old pack.
func (r *rewriting) frame(h pack.Header, at int64, payload []byte) error {
	switch {
	case h.Type == pack.TypeTable, h.Type == pack.TypeTrailer:
		return nil
	case h.Type == pack.TypeGap, h.Type.Stored() && r.drop(h.Type, h.ID):
		return r.leaveOut(h, at)
	}
	if err := r.closeGap(); err != nil {
		return err
	}
	if err := r.zeros(at); err != nil {
		return err
	}
	if h.Type.Stored() {
		r.entries = append(r.entries, pack.Entry{Type: h.Type, Offset: at, Size: pack.HeaderSize + h.Length, ID: h.ID})
	}
	// The header is written as it was: its checksum was found right.
	return r.put(append(h.Append(make([]byte, 0, pack.HeaderSize), pack.PayloadSum(payload)), payload...))
}

// leaveOut makes a frame part of a gap, together with what was left out before it.
func (r *rewriting) leaveOut(h pack.Header, at int64) error {
	end := at + pack.HeaderSize + int64(h.Length)
	if r.gap >= 0 && end-r.gap > pack.MaxTable {
		if err := r.closeGap(); err != nil {
			return err
		}
	}
	if r.gap < 0 {
		if err := r.zeros(at); err != nil {
			return err
		}
		r.gap = at
	}
	if r.at = end; h.Type.Stored() {
		r.dropped++
		r.freed += pack.HeaderSize + int64(h.Length)
	}
	return nil
}

// nothing is written nowhere: it is what is read in a hole.
var nothing [64 << 10]byte

// closeGap writes the header of the gap, if there is one, and passes over the rest.
func (r *rewriting) closeGap() error {
	if r.gap < 0 {
		return nil
	}
	from, to := r.gap, r.at
	r.gap, r.at = -1, from
	h := pack.Header{Type: pack.TypeGap, Length: uint32(to - from - pack.HeaderSize)}
	if err := r.put(h.Append(nil, zeroSum(int64(h.Length)))); err != nil {
		return err
	}
	return r.zeros(to)
}

// zeroSum is pack.PayloadSum of n zeros.
func zeroSum(n int64) (sum uint32) {
	for ; n > 0; n -= int64(len(nothing)) {
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), nothing[:min(n, int64(len(nothing)))])
	}
	return sum
}

// zeros goes on to a place without writing: what is not written of a file reads as zeros.
func (r *rewriting) zeros(to int64) error {
	if to < r.at {
		return pack.ErrFrame
	}
	for ; r.at < to; r.at += min(to-r.at, int64(len(nothing))) {
		r.hash.Write(nothing[:min(to-r.at, int64(len(nothing)))])
	}
	return nil
}

func (r *rewriting) put(data []byte) error {
	if n, err := r.file.WriteAt(data, r.at); err != nil || n < len(data) {
		return errors.Join(fmt.Errorf("wrote %d of %d bytes", n, len(data)), err)
	}
	r.hash.Write(data)
	r.at += int64(len(data))
	return nil
}

// end writes table and trailer, as a pack that is sealed gets them, and makes all of it durable.
func (r *rewriting) end() (info pack.Info, err error) {
	if err := r.closeGap(); err != nil {
		return info, err
	}
	if err := r.zeros(pack.RoundUp(r.at)); err != nil {
		return info, err
	}
	var lines []byte
	for _, e := range r.entries {
		lines = pack.AppendEntry(lines, e)
	}
	t := pack.Trailer{Table: r.at, Size: uint32(pack.HeaderSize + len(lines)), Frames: uint32(len(r.entries))}
	if err := r.put(frame(nil, pack.TypeTable, 0, lines)); err != nil {
		return info, err
	}
	if err := r.zeros(pack.RoundUp(r.at)); err != nil {
		return info, err
	}
	r.hash.Sum(t.Digest[:0])
	last, payload := make([]byte, pack.Align), t.Append(nil)
	h := pack.Header{Type: pack.TypeTrailer, Length: uint32(len(payload)), Synced: r.at, ID: r.former}
	copy(last[len(h.Append(last[:0], pack.PayloadSum(payload))):], payload)
	if err := r.put(last); err != nil {
		return info, err
	}
	if err := r.file.Sync(); err != nil {
		return info, err
	}
	return pack.Info{Share: r.share, Pack: r.n, Size: r.at, Frames: len(r.entries), Sealed: true, Digest: t.Digest, Former: r.former}, nil
}
