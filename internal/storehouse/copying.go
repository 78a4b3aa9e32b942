package storehouse

import (
	"sync"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// copying knows which copies are being made. Disks come one after the other, for all read the vault's own; a bucket, to which a copy can take days, keeps no
// disk waiting that somebody has brought. While packs are written anew there is no copy at all.
type copying struct {
	mu    sync.Mutex
	to    map[id.Medium]bool // guarded by mu: buckets; zero stands for the disk
	alone bool               // guarded by mu: packs are written anew

	entering sync.Mutex // held while a medium that nobody knows is entered
	shelving sync.Mutex // held while a copy of the catalogue is made, of which each share has one place
}

// begin begins a copy, unless one is made there already.
func (c *copying) begin(m account.Medium) (end func(), ok bool) {
	key := id.Medium{}
	if m.Lock > 0 {
		key = m.ID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alone || c.to[key] {
		return nil, false
	}
	if c.to == nil {
		c.to = make(map[id.Medium]bool)
	}
	c.to[key] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.to, key)
	}, true
}

// exclude keeps copies from being made, unless one is.
func (c *copying) exclude() (end func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alone || len(c.to) > 0 {
		return nil, false
	}
	c.alone = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.alone = false
	}, true
}
