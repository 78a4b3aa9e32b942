package dir

import (
	"container/list"
	"os"
	"sync"

	"github.com/azekura/azekura/internal/durable"
)

// handles keeps files open for reading, the latest used ones.
type handles struct {
	fs  durable.FS
	max int

	mu    sync.Mutex // never held while a file is opened or read
	open  map[opened]*handle
	order *list.List // of *handle, the latest used in front
}

// opened is a file and how it is read: through the page cache (0), or past it (durable.Direct).
type opened struct {
	name string
	how  int
}

type handle struct {
	durable.File
	opened
	turn *list.Element
	uses int  // guarded by handles.mu
	gone bool // guarded by handles.mu: closed once nobody uses it
}

func newHandles(fs durable.FS, max int) *handles {
	return &handles{fs: fs, max: max, open: make(map[opened]*handle), order: list.New()}
}

// get returns a file; put must follow.
func (h *handles) get(name string, how int) (*handle, error) {
	which := opened{name, how}
	if f := h.use(which); f != nil {
		return f, nil
	}
	file, err := h.fs.OpenFile(name, os.O_RDONLY|how, 0)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &handle{File: file, opened: which, uses: 1}
	if h.open[which] != nil { // somebody was faster; ours goes after its one use
		f.gone = true
		return f, nil
	}
	f.turn = h.order.PushFront(f)
	h.open[which] = f
	for e := h.order.Back(); e != nil && len(h.open) > h.max; {
		old := e.Value.(*handle)
		e = e.Prev()
		if old.uses == 0 {
			h.remove(old)
		}
	}
	return f, nil
}

func (h *handles) use(which opened) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.open[which]
	if f != nil {
		f.uses++
		h.order.MoveToFront(f.turn)
	}
	return f
}

func (h *handles) put(f *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.uses--; f.uses == 0 && f.gone {
		f.Close()
	}
}

// forget closes a file whose name now means another one, or none.
func (h *handles) forget(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, how := range []int{0, durable.Direct} {
		if f := h.open[opened{name, how}]; f != nil {
			h.remove(f)
		}
	}
}

// remove takes a handle out; mu is held.
func (h *handles) remove(f *handle) {
	h.order.Remove(f.turn)
	delete(h.open, f.opened)
	f.gone = true
	if f.uses == 0 {
		f.Close()
	}
}

func (h *handles) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.open {
		h.remove(f)
	}
}
