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
	open  map[string]*handle
	order *list.List // of *handle, the latest used in front
}

type handle struct {
	durable.File
	name string
	turn *list.Element
	uses int  // guarded by handles.mu
	gone bool // guarded by handles.mu: closed once nobody uses it
}

func newHandles(fs durable.FS, max int) *handles {
	return &handles{fs: fs, max: max, open: make(map[string]*handle), order: list.New()}
}

// get returns a file; put must follow.
func (h *handles) get(name string) (*handle, error) {
	if f := h.use(name); f != nil {
		return f, nil
	}
	file, err := h.fs.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &handle{File: file, name: name, uses: 1}
	if h.open[name] != nil { // somebody was faster; ours goes after its one use
		f.gone = true
		return f, nil
	}
	f.turn = h.order.PushFront(f)
	h.open[name] = f
	for e := h.order.Back(); e != nil && len(h.open) > h.max; {
		old := e.Value.(*handle)
		e = e.Prev()
		if old.uses == 0 {
			h.remove(old)
		}
	}
	return f, nil
}

func (h *handles) use(name string) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.open[name]
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
	if f := h.open[name]; f != nil {
		h.remove(f)
	}
}

// remove takes a handle out; mu is held.
func (h *handles) remove(f *handle) {
	h.order.Remove(f.turn)
	delete(h.open, f.name)
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
