package vault

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Live says whether a name belongs to a program and not to a person: lock files of Office, InDesign and
// LibreOffice, which others must see while the program runs, and litter of Finder and Explorer, which
// nobody wants to see. Neither is ever versioned; both live in memory while the storehouse runs.
func Live(name string) (live, hidden bool) {
	low := strings.ToLower(pathname.Key(name))
	switch low {
	case ".ds_store", "desktop.ini", "thumbs.db", ".temporaryitems", ".trashes", ".spotlight-v100", ".fseventsd", ".apdisk":
		return true, true
	}
	switch {
	case strings.HasPrefix(low, "._"):
		return true, true
	case strings.HasPrefix(low, "~$"), strings.HasSuffix(low, ".idlk"),
		strings.HasPrefix(low, ".~lock.") && strings.HasSuffix(low, "#"):
		return true, false
	}
	return false, false
}

// Bounds of what live files may take. What is larger is accepted and dropped, as for a Mac's resource
// forks: refusing them makes the whole copy fail.
const (
	liveFile  = 256 << 10
	liveTotal = 32 << 20
	liveFor   = 7 * 24 * time.Hour
)

// live keeps live files. They are gone after a restart, and so are the stale locks that they are known for.
type live struct {
	now func() time.Time

	mu    sync.Mutex
	files map[pathname.Path]liveEntry // by share name and NFC path
	size  int
	locks map[string]Lock // by token: clients lock whatever they write
}

type liveEntry struct {
	Info
	data []byte
}

func newLive(now func() time.Time) *live {
	return &live{now: now, files: make(map[pathname.Path]liveEntry), locks: make(map[string]Lock)}
}

func liveKey(name pathname.Path) pathname.Path { return pathname.Path(pathname.Key(string(name))) }

func (l *live) get(name pathname.Path) (liveEntry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.files[liveKey(name)]
	if ok && l.stale(e) {
		l.drop(liveKey(name), e)
		return liveEntry{}, false
	}
	return e, ok
}

func (l *live) stale(e liveEntry) bool { return l.now().Sub(e.Saved) > liveFor }

func (l *live) put(name pathname.Path, hidden bool, s *view, data []byte, modified time.Time) Info {
	now := l.now()
	if modified.IsZero() {
		modified = now
	}
	if len(data) > liveFile {
		data = nil
	}
	i := Info{Path: name, Live: true, Hidden: hidden, Size: int64(len(data)), Created: now, Modified: modified, Saved: now, Author: s.s.Name, Door: s.s.Door}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size += len(data) - len(l.files[liveKey(name)].data)
	l.files[liveKey(name)] = liveEntry{i, data}
	for k, e := range l.files { // any other one goes when there is no room
		if l.size <= liveTotal && len(l.files) <= 10_000 {
			break
		}
		if k != liveKey(name) {
			l.drop(k, e)
		}
	}
	return i
}

// has reports whether a live file stands at name and the session may see it.
func (l *live) has(w *view, name pathname.Path) bool {
	if yes, _ := Live(name.Base()); !yes {
		return false
	}
	if _, _, err := w.enter(context.Background(), "open", name, false); err != nil {
		return false
	}
	_, ok := l.get(name)
	return ok
}

func (l *live) remove(w *view, name pathname.Path) bool {
	if yes, _ := Live(name.Base()); !yes {
		return false
	}
	if _, _, err := w.enter(context.Background(), "remove", name, true); err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.files[liveKey(name)]
	if ok {
		l.drop(liveKey(name), e)
	}
	return ok
}

// drop forgets a file and its locks; mu is held.
func (l *live) drop(key pathname.Path, e liveEntry) {
	l.size -= len(e.data)
	delete(l.files, key)
	maps.DeleteFunc(l.locks, func(_ string, lock Lock) bool { return liveKey(lock.Root) == key })
}

// in returns the live files of a directory that lists show.
func (l *live) in(dir pathname.Path) (all []Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, e := range l.files {
		if !e.Hidden && k.Dir() == liveKey(dir) && !l.stale(e) {
			all = append(all, e.Info)
		}
	}
	return all
}

// isLive is Live for what may be a directory: programs make directories with such names, too, and these are kept.
func (w *view) isLive(ctx context.Context, name pathname.Path) (live, hidden bool) {
	if live, hidden = Live(name.Base()); !live {
		return false, false
	}
	if i, err := w.Stat(ctx, name); err == nil && i.Dir {
		return false, false
	}
	return live, hidden
}

// lock takes a lock on a live name, where nothing stands yet on an empty file. It holds nobody back: such
// files are themselves the way in which programs lock.
func (l *live) lock(ctx context.Context, w *view, name pathname.Path, hidden bool, lock Lock) (Lock, Info, error) {
	if _, err := l.create(ctx, w, name, hidden); err != nil {
		return lock, Info{}, err
	}
	e, ok := l.get(name)
	if !ok {
		e.Info = l.put(name, hidden, w, nil, time.Time{})
	}
	lock.Token, lock.Root, lock.Account, lock.Name, lock.Deep = newToken(), name, w.s.Account, w.s.Name, false
	lock.TTL = min(max(lock.TTL, time.Second), maxTTL)
	lock.Until = l.now().Add(lock.TTL).UTC()
	l.mu.Lock()
	defer l.mu.Unlock()
	for token, old := range l.locks {
		if !l.now().Before(old.Until) || len(l.locks) >= maxLocks {
			delete(l.locks, token)
		}
	}
	l.locks[lock.Token] = lock
	return lock, e.Info, nil
}

// changeLock refreshes a lock on a live name, or ends it if ttl is 0.
func (l *live) changeLock(ctx context.Context, w *view, name pathname.Path, token string, ttl time.Duration) (Lock, error) {
	if _, err := l.create(ctx, w, name, false); err != nil { // a place for it must be there
		return Lock{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lock, ok := l.locks[token]
	if !ok || liveKey(lock.Root) != liveKey(name) || lock.Account != w.s.Account {
		return lock, problem.New(problem.Condition, "unlock", string(name), errors.New("no such lock here"))
	}
	delete(l.locks, token)
	if ttl > 0 {
		lock.TTL = min(ttl, maxTTL)
		lock.Until = l.now().Add(lock.TTL).UTC()
		l.locks[token] = lock
	}
	return lock, nil
}

func (l *live) locksOn(name pathname.Path) (all []Lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lock := range l.locks {
		if liveKey(lock.Root) == liveKey(name) && l.now().Before(lock.Until) {
			all = append(all, lock)
		}
	}
	return all
}

// create starts a live file.
func (l *live) create(ctx context.Context, w *view, name pathname.Path, hidden bool) (Draft, error) {
	sh, _, err := w.enter(ctx, "save", name, true)
	if err != nil {
		return nil, err
	}
	t, err := follow(ctx, w.view(sh), &sh.dirs, "save", name, name.Share())
	if err != nil {
		return nil, err
	}
	if t.exists && t.node.Dir {
		return nil, problem.New(problem.Exists, "save", string(name), errors.New("a directory has this name"))
	}
	return &liveDraft{l: l, w: w, name: name, hidden: hidden}, nil
}

type liveDraft struct {
	l      *live
	w      *view
	name   pathname.Path
	hidden bool
	data   []byte
	over   int64 // bytes beyond the bound, counted and dropped
}

func (d *liveDraft) Write(p []byte) (int, error) {
	if len(d.data)+len(p) > liveFile || d.over > 0 {
		d.over += int64(len(p))
		return len(p), nil
	}
	d.data = append(d.data, p...)
	return len(p), nil
}

func (d *liveDraft) WriteAt(p []byte, off int64) (int, error) {
	end := off + int64(len(p))
	if off < 0 || end > liveFile {
		d.over += int64(len(p))
		return len(p), nil
	}
	if int(end) > len(d.data) {
		d.data = append(d.data, make([]byte, int(end)-len(d.data))...)
	}
	copy(d.data[off:], p)
	return len(p), nil
}

// Check implements Draft: a live file stands in nobody's way.
func (d *liveDraft) Check() error { return nil }

func (d *liveDraft) Commit(_ context.Context, s Save) (Info, error) {
	old, exists := d.l.get(d.name)
	if s.If != nil {
		if err := s.If(old.Info, exists); err != nil {
			return Info{}, err
		}
	}
	data := d.data
	if d.over > 0 {
		data = nil
	}
	return d.l.put(d.name, d.hidden, d.w, data, s.Modified), nil
}

func (d *liveDraft) Discard() {}

// below drops the live file of a name that goes and those below it, or lets them go with it to another name.
func (l *live) below(from, to pathname.Path) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := liveKey(from)
	for k, e := range l.files {
		if k != gone && !strings.HasPrefix(string(k), string(gone)+"/") {
			continue
		}
		if to == "" {
			l.drop(k, e)
			continue
		}
		delete(l.files, k)
		e.Path = to
		for _, name := range k.Names()[len(from.Names()):] {
			e.Path = e.Path.Join(name)
		}
		l.files[liveKey(e.Path)] = e
		for token, lock := range l.locks {
			if liveKey(lock.Root) == k {
				lock.Root = e.Path
				l.locks[token] = lock
			}
		}
	}
}

// renameLive renames from or to a live name. A live file that gets a person's name becomes a version; a
// person's file does not become litter.
func (w *view) renameLive(ctx context.Context, from, to pathname.Path, replace bool) (done bool, err error) {
	const op = "rename"
	fromLive, _ := Live(from.Base())
	toLive, _ := Live(to.Base())
	if !fromLive && !toLive {
		return false, nil
	}
	if _, _, err := w.enter(ctx, op, from, true); err != nil {
		return true, err
	}
	e, ok := w.v.live.get(from)
	if !ok || !fromLive {
		if i, err := w.Stat(ctx, from); err == nil && i.Dir {
			return false, nil
		}
		if fromLive {
			return true, problem.New(problem.NotFound, op, string(from), nil)
		}
		return true, &problem.Error{Kind: problem.Denied, Op: op, On: string(to), Hint: "hint.live-name"}
	}
	same := liveKey(from) == liveKey(to)
	if _, err := w.Stat(ctx, to); err == nil && !replace && !same {
		return true, problem.New(problem.Exists, op, string(to), nil)
	}
	d, err := w.Create(ctx, to)
	if err != nil {
		return true, err
	}
	defer d.Discard()
	if _, err := d.Write(e.data); err != nil {
		return true, err
	}
	if _, err := d.Commit(ctx, Save{Modified: e.Modified}); err != nil {
		return true, err
	}
	if !same {
		w.v.live.remove(w, from)
	}
	return true, nil
}

// liveFile content is what another person's program wrote into memory a moment ago: it was never sealed,
// so there is no key to release.
type liveReader struct {
	*bytes.Reader
	info Info
}

func (r *liveReader) Info() Info   { return r.info }
func (r *liveReader) Close() error { return nil }
