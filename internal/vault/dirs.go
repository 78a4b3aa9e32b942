package vault

import (
	"sync"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// dirs remembers where names of directories lead, because every act walks its whole path. Any change of a
// directory empties it: they are rare beside saves.
type dirs struct {
	mu    sync.Mutex
	age   int // counts changes: what was looked up before one is not kept after it
	known map[spot]catalogue.Node
	dirty bool // owned by the committer: the open transaction changes directories
}

const maxDirs = 20_000

func (d *dirs) get(dir id.File, name string) (n catalogue.Node, age int, ok bool) {
	key := spot{dir, pathname.Key(name)}
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok = d.known[key]
	return n, d.age, ok
}

func (d *dirs) put(dir id.File, name string, n catalogue.Node, age int) {
	key := spot{dir, pathname.Key(name)}
	d.mu.Lock()
	defer d.mu.Unlock()
	if age != d.age {
		return
	}
	if d.known == nil || len(d.known) >= maxDirs {
		d.known = make(map[spot]catalogue.Node)
	}
	d.known[key] = n
}

// forget empties the memory; the change must be visible to readers already.
func (d *dirs) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.age++
	d.known, d.dirty = nil, false
}

// changesDirs reports whether an operation may change where a directory's name leads, be it for its author alone.
func changesDirs(op commit.Op) bool {
	switch op.Kind {
	case commit.Move, commit.Remove, commit.Mkdir, commit.SetProp, commit.HoldRemove, commit.Settle:
		return true
	}
	return false
}
