package dir

import (
	"sync/atomic"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pack"
)

// maxBuffer is what is written at once: large enough for direct I/O to be fast.
const maxBuffer = 4 << 20

// pool bounds the memory of all writers of a store. A writer that waits for a buffer holds none but those that its
// flusher is about to give back; what idle writers hold is claimed back by Store.reclaim. So
// nobody waits for ever.
type pool struct {
	size    int
	free    chan []byte
	made    atomic.Int64
	waiting atomic.Int64
}

func newPool(memory, target int64) *pool {
	size := min(maxBuffer, pack.RoundUp(target))
	return &pool{size: int(size), free: make(chan []byte, max(2, memory/size))}
}

// try returns a buffer, or nil.
func (p *pool) try() []byte {
	select {
	case b := <-p.free:
		return b
	default:
	}
	if p.made.Add(1) <= int64(cap(p.free)) {
		return durable.Aligned(p.size)
	}
	p.made.Add(-1)
	return nil
}

// get waits for a buffer.
func (p *pool) get(reclaim func()) []byte {
	if b := p.try(); b != nil {
		return b
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	reclaim()
	return <-p.free
}

func (p *pool) put(b []byte) { p.free <- b[:p.size] }

// starved reports whether somebody waits: then nobody should sit on half a buffer.
func (p *pool) starved() bool { return p.waiting.Load() > 0 }
