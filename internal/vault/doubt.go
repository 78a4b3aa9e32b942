package vault

import (
	"sync"

	"github.com/azekura/azekura/internal/id"
)

// doubts are the packs in which a verification or a reading has found damage since the start. A save that seems to find its content in one of them looks
// whether it opens, and writes it anew if it does not: that mends it for all versions that have it. Other saves look at nothing.
type doubts struct {
	mu    sync.RWMutex
	packs map[packOf]bool // guarded by mu
}

func (d *doubts) add(share id.Share, pack uint64) {
	if pack == 0 { // nobody can tell where
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.packs == nil {
		d.packs = make(map[packOf]bool)
	}
	d.packs[packOf{share, pack}] = true
}

func (d *doubts) has(share id.Share, pack uint64) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.packs[packOf{share, pack}]
}
