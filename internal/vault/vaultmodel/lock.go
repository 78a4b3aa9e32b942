package vaultmodel

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// maxTTL bounds how long a lock lives without a refresh.
const maxTTL = 24 * time.Hour

// held is a lock and what it hangs on: it follows a rename of a directory above.
type held struct {
	vault.Lock
	node *node
}

// on returns the locks in force on n: its own, and deep ones on the directories above.
func (sh *share) on(n *node, above []*node, now time.Time) (all []*held) {
	for _, h := range sh.held {
		if now.Before(h.Until) && (h.node == n || h.Deep && slices.Contains(above, h.node)) {
			all = append(all, h)
		}
	}
	return all
}

// below returns the locks on n and on everything under it.
func (sh *share) below(n *node, now time.Time) (all []*held) {
	for _, h := range sh.held {
		for at := h.node; at != nil && now.Before(h.Until); at = at.parent {
			if at == n {
				all = append(all, h)
				break
			}
		}
	}
	return all
}

// satisfied reports whether the session presented a token of one of the locks in its way.
func (w *view) satisfied(in []*held) bool {
	return len(in) == 0 || slices.ContainsFunc(in, func(h *held) bool {
		return h.Account == w.s.Account && slices.Contains(w.tokens, h.Token)
	})
}

func locked(op string, name pathname.Path, in []*held) error {
	return &problem.Error{Kind: problem.Locked, Op: op, On: string(name), Hint: "hint.locked", Err: fmt.Errorf("locked by %s", in[0].Name)}
}

// mayWrite refuses a change that a lock forbids: to what exists, or of the directory's members.
func (w *view) mayWrite(op string, t target) error {
	n := t.node
	if n == nil {
		n = t.dir
	}
	if in := t.sh.on(n, t.above(), w.m.now()); !w.satisfied(in) {
		return locked(op, t.name, in)
	}
	return nil
}

// mayRemove is mayWrite for taking a name away: the directory, the thing itself and each thing below.
func (w *view) mayRemove(op string, t target) error {
	if err := w.mayWrite(op, t); err != nil {
		return err
	}
	if err := w.mayWrite(op, target{sh: t.sh, name: t.name, dir: t.dir}); err != nil {
		return err
	}
	below := make(map[*node][]*held)
	for _, h := range t.sh.below(t.node, w.m.now()) {
		below[h.node] = append(below[h.node], h)
	}
	for _, in := range below {
		if !w.satisfied(in) {
			return locked(op, t.name, in)
		}
	}
	return nil
}

// endLocks ends the locks on what is removed or moved away (RFC 4918 sections 7.5 and 9.9).
func (w *view) endLocks(sh *share, n *node) {
	gone := sh.below(n, w.m.now())
	sh.held = slices.DeleteFunc(sh.held, func(h *held) bool { return slices.Contains(gone, h) })
}

// Lock implements vault.Locker.
func (w *view) Lock(_ context.Context, name pathname.Path, l vault.Lock) (vault.Lock, vault.Info, error) {
	const op = "lock"
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	l.Token, l.Account, l.Name = newToken(), w.s.Account, w.s.Name
	l.TTL = min(max(l.TTL, time.Second), maxTTL)
	l.Until = w.m.now().Add(l.TTL).UTC()
	if live, _ := vault.Live(name.Base()); live && !w.isDir(name) {
		return w.lockLive(op, name, l)
	}
	t, err := w.toChange(op, name)
	if err != nil {
		return vault.Lock{}, vault.Info{}, err
	}
	if t.node == nil {
		if err := w.mayWrite(op, t); err != nil {
			return vault.Lock{}, vault.Info{}, err
		}
	}
	against := func(h *held) bool { return !h.Shared || !l.Shared }
	in := t.sh.on(t.node, t.above(), w.m.now())
	if l.Deep && t.node != nil {
		in = append(in, t.sh.below(t.node, w.m.now())...)
	}
	if slices.ContainsFunc(in, against) {
		return vault.Lock{}, vault.Info{}, locked(op, name, in)
	}
	if t.node == nil {
		t.node = w.touch(t)
	}
	l.Root = t.path
	t.sh.held = append(t.sh.held, &held{l, t.node})
	return l, t.info(), nil
}

// touch makes a file without content.
func (w *view) touch(t target) *node {
	n := &node{file: id.NewFile()}
	w.place(n, t.dir, t.name.Base())
	w.note(n, commit.Touch, vault.Info{})
	return n
}

func (w *view) lockLive(op string, name pathname.Path, l vault.Lock) (vault.Lock, vault.Info, error) {
	if err := w.mayPutLive(op, name); err != nil {
		return vault.Lock{}, vault.Info{}, err
	}
	if w.m.live[keyPath(name)] == nil {
		w.putLive(name, nil, time.Time{})
	}
	l.Root, l.Deep = name, false
	f := w.m.live[keyPath(name)]
	f.locks = append(f.locks, l)
	return l, f.Info, nil
}

// newToken returns a random UUID as RFC 9562 section 5.4 writes it.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// find returns the session's lock with a token, if name lies in its scope.
func (w *view) find(op string, name pathname.Path, token string) (l *vault.Lock, end func(), err error) {
	sh, err := w.enter(op, name, true)
	if err != nil {
		return nil, nil, err
	}
	t, err := sh.follow(op, name)
	if err != nil {
		return nil, nil, err
	}
	if f := w.m.live[keyPath(name)]; f != nil {
		for i := range f.locks {
			if f.locks[i].Token == token && w.m.now().Before(f.locks[i].Until) {
				l, end = &f.locks[i], func() { f.locks = slices.Delete(f.locks, i, i+1) }
			}
		}
	} else if t.node != nil {
		for _, h := range sh.on(t.node, t.above(), w.m.now()) {
			if h.Token == token {
				l, end = &h.Lock, func() { sh.held = slices.DeleteFunc(sh.held, func(o *held) bool { return o == h }) }
			}
		}
	}
	switch {
	case l == nil:
		return nil, nil, problem.New(problem.Condition, op, string(name), nil)
	case l.Account != w.s.Account:
		return nil, nil, &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.locked"}
	}
	return l, end, nil
}

// Refresh implements vault.Locker.
func (w *view) Refresh(_ context.Context, name pathname.Path, token string, ttl time.Duration) (vault.Lock, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	l, _, err := w.find("refresh lock", name, token)
	if err != nil {
		return vault.Lock{}, err
	}
	l.TTL = min(max(ttl, time.Second), maxTTL)
	l.Until = w.m.now().Add(l.TTL).UTC()
	return *l, nil
}

// Unlock implements vault.Locker.
func (w *view) Unlock(_ context.Context, name pathname.Path, token string) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	_, end, err := w.find("unlock", name, token)
	if err == nil {
		end()
	}
	return err
}

// Locks implements vault.Locker.
func (w *view) Locks(_ context.Context, i vault.Info) (all []vault.Lock, err error) {
	const op = "list locks"
	name := i.Path
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if len(name.Names()) == 0 {
		return nil, w.enterRoot(op)
	}
	sh, err := w.enter(op, name, false)
	if err != nil {
		return nil, err
	}
	if f := w.m.live[keyPath(name)]; f != nil {
		for _, l := range f.locks {
			if w.m.now().Before(l.Until) {
				all = append(all, l)
			}
		}
		return all, nil
	}
	t, err := sh.follow(op, name)
	if err != nil {
		return nil, err
	}
	for _, h := range sh.on(t.node, t.above(), w.m.now()) {
		if t.node != nil || h.Deep {
			all = append(all, h.Lock)
		}
	}
	return all, nil
}
