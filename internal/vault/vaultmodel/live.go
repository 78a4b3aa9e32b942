package vaultmodel

import (
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// liveMax is the largest content of a live file; of a larger one only the name is kept.
const liveMax = 256 << 10

// liveFile is a lock or litter file of a program: shown (or hidden) while the storehouse runs, never versioned.
type liveFile struct {
	vault.Info
	data  []byte
	locks []vault.Lock // they hold nobody back: such files are themselves the way in which programs lock
}

// putLive makes a live file.
func (w *view) putLive(name pathname.Path, data []byte, modified time.Time) vault.Info {
	now := w.m.stamp()
	_, hidden := vault.Live(name.Base())
	if modified.IsZero() {
		modified = now
	}
	if len(data) > liveMax {
		data = nil
	}
	f := &liveFile{data: data, Info: vault.Info{Path: name, Live: true, Hidden: hidden, Size: int64(len(data)),
		Created: now, Modified: modified, Saved: now, Author: w.s.Name, Door: w.s.Door}}
	if old := w.m.live[keyPath(name)]; old != nil {
		f.locks = old.locks
	}
	w.m.live[keyPath(name)] = f
	return f.Info
}

// mayPutLive checks that a live file can stand at name.
func (w *view) mayPutLive(op string, name pathname.Path) error {
	t, err := w.toChange(op, name)
	if err == nil && t.node != nil && t.node.dir {
		err = problem.New(problem.Exists, op, string(name), nil)
	}
	return err
}

// liveBelow drops the live files below a directory that goes, or lets them go with it to another name.
func (m *Model) liveBelow(from, to pathname.Path) {
	for k, f := range m.live {
		if !k.In(keyPath(from)) {
			continue
		}
		delete(m.live, k)
		if to != "" {
			f.Path = to
			for _, name := range k.Names()[len(from.Names()):] {
				f.Path = f.Path.Join(name)
			}
			m.live[keyPath(f.Path)] = f
		}
	}
}

// renameLive renames from or to a live name. A live file that gets a person's name becomes a version; a
// person's file does not become litter.
func (w *view) renameLive(from, to pathname.Path, replace bool) (done bool, err error) {
	const op = "rename"
	fromLive, _ := vault.Live(from.Base())
	toLive, _ := vault.Live(to.Base())
	f := w.m.live[keyPath(from)]
	if _, err := w.enter(op, from, true); err != nil {
		return true, err
	}
	switch {
	case f == nil && fromLive && !w.isDir(from):
		return true, problem.New(problem.NotFound, op, string(from), nil)
	case f == nil && toLive && !w.isDir(from):
		return true, &problem.Error{Kind: problem.Denied, Op: op, On: string(to), Hint: "hint.live-name"}
	case f == nil:
		return false, nil
	}
	if _, err := w.stat(to); err == nil && !replace && keyPath(from) != keyPath(to) {
		return true, problem.New(problem.Exists, op, string(to), nil)
	}
	if err := w.put(to, f.data, vault.Save{Modified: f.Modified}, nil); err != nil {
		return true, err
	}
	if keyPath(from) != keyPath(to) {
		delete(w.m.live, keyPath(from))
	}
	return true, nil
}

func (w *view) isDir(name pathname.Path) bool {
	i, err := w.stat(name)
	return err == nil && i.Dir
}
