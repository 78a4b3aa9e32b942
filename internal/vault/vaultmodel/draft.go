package vaultmodel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Create implements vault.Writer.
func (w *view) Create(_ context.Context, name pathname.Path) (vault.Draft, error) {
	const op = "save"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if live, _ := vault.Live(name.Base()); live {
		if err := w.mayPutLive(op, name); err != nil {
			return nil, err
		}
	} else if _, err := w.enter(op, name, true); err != nil {
		return nil, err
	}
	return &draft{w: w, name: name}, nil
}

// toSave is toChange for a file's content.
func (w *view) toSave(op string, name pathname.Path) (target, error) {
	t, err := w.toChange(op, name)
	if err == nil && t.node != nil && t.node.dir {
		err = problem.New(problem.Exists, op, string(name), errors.New("a directory has this name"))
	}
	if err == nil {
		err = w.mayWrite(op, t)
	}
	return t, err
}

// draft is a save under way.
type draft struct {
	w     *view
	name  pathname.Path
	data  []byte
	ended bool
}

func (d *draft) check() error {
	d.w.m.mu.Lock()
	defer d.w.m.mu.Unlock()
	if d.ended {
		return errors.New("the save has ended")
	}
	_, err := d.w.enter("write", d.name, true)
	return err
}

// Check implements vault.Draft.
func (d *draft) Check() error {
	d.w.m.mu.Lock()
	defer d.w.m.mu.Unlock()
	_, err := (&view{m: d.w.m, s: d.w.s, tokens: d.w.tokens}).toSave("save", d.name) // the act is the Commit
	return err
}

// Write implements io.Writer.
func (d *draft) Write(p []byte) (int, error) {
	if err := d.check(); err != nil {
		return 0, err
	}
	d.data = append(d.data, p...)
	return len(p), nil
}

// WriteAt implements io.WriterAt.
func (d *draft) WriteAt(p []byte, off int64) (int, error) {
	if err := d.check(); err != nil {
		return 0, err
	}
	if end := int(off) + len(p); end > len(d.data) {
		d.data = append(d.data, make([]byte, end-len(d.data))...)
	}
	return copy(d.data[off:], p), nil
}

// Discard implements vault.Draft.
func (d *draft) Discard() { d.ended = true }

// Commit implements vault.Draft.
func (d *draft) Commit(_ context.Context, s vault.Save) (vault.Info, error) {
	d.w.m.mu.Lock()
	defer d.w.m.mu.Unlock()
	if d.ended {
		return vault.Info{}, errors.New("the save has ended")
	}
	d.ended = true
	if err := d.w.put(d.name, d.data, s, s.If); err != nil {
		return vault.Info{}, err
	}
	return d.w.stat(d.name)
}

// put makes content the head of a name.
func (w *view) put(name pathname.Path, data []byte, s vault.Save, if_ func(vault.Info, bool) error) error {
	const op = "save"
	s.Modified = s.Modified.UTC().Truncate(time.Microsecond)
	if live, _ := vault.Live(name.Base()); live {
		if err := w.mayPutLive(op, name); err != nil {
			return err
		}
		old := w.m.live[keyPath(name)]
		if if_ != nil && old != nil {
			if err := if_(old.Info, true); err != nil {
				return err
			}
		} else if if_ != nil {
			if err := if_(vault.Info{}, false); err != nil {
				return err
			}
		}
		w.putLive(name, data, s.Modified)
		return nil
	}
	t, err := w.toSave(op, name)
	if err != nil {
		return err
	}
	if if_ != nil {
		head := vault.Info{}
		if t.node != nil {
			head = t.info()
		}
		if err := if_(head, t.node != nil); err != nil {
			return err
		}
	}
	w.commit(t, slices.Clone(data), s)
	return nil
}

// commit decides what a save means.
func (w *view) commit(t target, data []byte, s vault.Save) {
	if len(data) == 0 && (t.node == nil || t.node.head == nil) {
		w.empty(t, s.Modified)
		return
	}
	n := t.node
	if n == nil || n.head == nil {
		// The first content under this name: the file that had the name before continues.
		if former := w.predecessor(t, nil, false); former != nil {
			name := t.name.Base()
			if n != nil {
				name = n.name // as it was given first
				w.vanish(n)
				w.endLocksTo(t.sh, n, former)
				if len(n.props) > 0 {
					former.props = n.props
				}
			}
			w.place(former, t.dir, name)
			n = former
		}
	}
	if n == nil {
		n = &node{file: id.NewFile()}
		w.place(n, t.dir, t.name.Base())
	}
	w.save(t, n, commit.Save, data, w.orNow(s.Modified), s.Sums)
}

// endLocksTo hands the locks of a placeholder to the file that takes its place: the client that locked the name
// goes on writing to it.
func (w *view) endLocksTo(sh *share, placeholder, n *node) {
	for _, h := range sh.held {
		if h.node == placeholder {
			h.node = n
		}
	}
}

// empty saves nothing under a name that never had content: a placeholder, which programs make before they
// write.
func (w *view) empty(t target, modified time.Time) {
	n := t.node
	if n == nil {
		n = w.touch(t)
	}
	if !modified.IsZero() {
		n.modified = modified
	}
}
