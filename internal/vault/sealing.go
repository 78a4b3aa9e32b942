package vault

import (
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard/structure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// sealing is the goroutine that makes parts of what a draft has gathered. The look at it goes on beside it.
func (d *draft) sealing() { d.result <- d.sealAll() }

func (d *draft) sealAll() error {
	for j := range d.jobs {
		err := d.seal(j.data, sha256.Sum256(j.data))
		d.look.Wait(j.shown)
		buffers.Put(j.buf)
		if err != nil {
			return err
		}
	}
	return nil
}

// show lets what the window holds be looked at up to n.
func (d *draft) show(n int) {
	if n > d.shown {
		d.look.Offer(d.window[d.shown:n])
		d.offered += int64(n - d.shown)
		d.shown = n
	}
}

// looked ends the look and keeps what was found.
func (d *draft) looked() {
	d.found, d.deep = d.look.End(), d.replaces
	d.look = nil
}

// lookAtAll looks at content of which nothing was cut off.
func (d *draft) lookAtAll() error {
	if d.look != nil {
		d.show(len(d.window))
		d.looked()
		return nil
	}
	d.found, d.deep = structure.Bytes(d.window, false), false
	if d.found.State != structure.Valid || d.w.v.cfg.Guard == nil {
		return nil
	}
	if err := d.Check(); err != nil {
		return err
	}
	if d.replaces {
		d.found, d.deep = structure.Bytes(d.window, true), true
	}
	return nil
}

// seal stores one chunk and remembers it as a part.
func (d *draft) seal(plain []byte, sum [32]byte) error {
	part, err := d.store(plain, sum)
	if err != nil {
		return err
	}
	d.parts = append(d.parts, part)
	d.sums = append(d.sums, sum[:]...)
	d.size += int64(len(plain))
	if len(d.parts) == listMax {
		return d.fold()
	}
	return nil
}

// fold stores the list of parts as a chunk of its own.
func (d *draft) fold() error {
	list, err := commit.MarshalParts(d.parts)
	if err != nil {
		return err
	}
	part := commit.Part{}
	if err := d.keep(&part, list, sha256.Sum256(list)); err != nil {
		return err
	}
	for _, p := range d.parts {
		part.Size += p.Size
	}
	clear(d.parts)
	// The plain sums of a very large file are folded too, or they would grow with it.
	folded := sha256.Sum256(d.sums)
	d.sums = append(d.sums[:0], folded[:]...)
	d.lists, d.parts = append(d.lists, part), d.parts[:0]
	return nil
}

// store seals a chunk under the key of its own bytes and appends it, unless the share has it already.
func (d *draft) store(plain []byte, sum [32]byte) (commit.Part, error) {
	part := commit.Part{Size: int64(len(plain))}
	data := plain
	if packed, ok := chunk.Pack(nil, plain); ok {
		data, part.Packed, sum = packed, true, sha256.Sum256(packed)
	}
	err := d.keep(&part, data, sum)
	return part, err
}

// keep sets the part's id and key from the bytes to be sealed and their SHA-256.
func (d *draft) keep(part *commit.Part, data []byte, sum [32]byte) error {
	sh := d.sh
	part.Chunk, part.Key = sh.meta.Chunk(sum), sh.meta.ChunkKey(sum)
	known, err := d.known(*part)
	if err != nil || known {
		return err
	}
	var room []byte
	if len(data) > small {
		buf := sealBuffers.Get().(*[]byte)
		defer sealBuffers.Put(buf)
		room = (*buf)[:0]
	}
	sealed := part.Key.Seal(room, data, part.Chunk[:])
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if d.w.v.cfg.Packs.Lost(sh.id) != d.lost {
		return d.w.v.lost(sh)
	}
	if _, ok := sh.fresh[part.Chunk]; ok { // somebody else was faster
		return nil
	}
	at, err := d.w.v.cfg.Packs.Append(d.ctx, sh.id, pack.Chunk, part.Chunk, sealed)
	if err != nil {
		return d.w.v.broken("write to disk", err)
	}
	sh.fresh[part.Chunk] = at
	sh.pending.Chunks = append(sh.pending.Chunks, catalogue.Located[id.Chunk]{ID: part.Chunk, Place: at})
	return nil
}

// lost is what the saves hear whose chunks went with a failed write.
func (v *Vault) lost(sh *share) error {
	return v.broken("write to disk", errors.Join(errors.New("a write before this one failed; what was sent since then is lost"), v.cfg.Packs.Loss(sh.id)))
}

// sealBuffers holds room for a sealed chunk with its frame.
var sealBuffers = sync.Pool{New: func() any { b := make([]byte, pack.ReadSize(chunk.Max+seal.Overhead)); return &b }}

// known reports whether the share has a part's chunk.
func (d *draft) known(p commit.Part) (bool, error) {
	c := p.Chunk
	d.sh.mu.Lock()
	_, ok := d.sh.fresh[c]
	lost, going := d.sh.lost, d.sh.goes(c)
	d.use(c)
	d.sh.mu.Unlock()
	if lost != d.lost || d.w.v.cfg.Packs.Lost(d.sh.id) != d.lost {
		return false, d.w.v.lost(d.sh)
	}
	if ok || going {
		return ok, nil
	}
	places, err := d.w.v.cfg.Catalogue.View(d.sh.id, d.sh.meta).Chunks(d.ctx, []id.Chunk{c})
	if err != nil {
		return false, d.w.v.broken("read the catalogue", err)
	}
	at := places[0]
	look := d.sure || d.w.v.doubts.has(d.sh.id, at.Pack)
	return at.Size != 0 && (!look || d.intact(p, at)), nil
}

// intact reports whether a chunk opens from where it lies. One that does not is appended once more, which mends it for all who link to it.
func (d *draft) intact(p commit.Part, at pack.Place) bool {
	f, err := d.w.v.cfg.Packs.Read(d.ctx, d.sh.id, at, nil)
	if err != nil {
		return false
	}
	_, err = openPart(p, make([]byte, 0, chunk.Max), f.Payload)
	return err == nil
}
