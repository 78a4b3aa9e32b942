package vault

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// locks is the lock table of a share: small, in memory, and in a sealed file so that it outlives a
// restart. Locks hang on files, not on paths: they follow a rename of a directory above them.
type locks struct {
	file string

	mu   sync.Mutex
	held map[string]held // by token
}

type held struct {
	Lock
	File id.File
}

const maxLocks = 10_000

// maxTTL bounds how long a lock lives without a refresh.
const maxTTL = 24 * time.Hour

func locksFile(share id.Share) string { return "locks-" + share.String() }

func (v *Vault) loadLocks(sh *share) (*locks, error) {
	l := &locks{file: filepath.Join(v.cfg.Dir, locksFile(sh.id)), held: make(map[string]held)}
	sealed, err := durable.ReadFile(v.cfg.FS, l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		var plain []byte
		if plain, err = sh.meta.OpenRecord(sealed); err == nil {
			err = json.Unmarshal(plain, &l.held)
		}
	}
	if err != nil {
		// A lock is a courtesy between clients: losing the table refuses their tokens, and nothing else.
		v.cfg.Log.Warn("lock table unreadable: all locks have ended", "share", sh.id, "err", err)
		l.held = make(map[string]held)
	}
	return l, nil
}

// save writes the table; l.mu is held.
func (l *locks) save(v *Vault, sh *share) error {
	plain, err := json.Marshal(l.held)
	if err == nil {
		err = durable.WriteFile(v.cfg.FS, l.file, sh.meta.SealRecord(nil, plain), 0o600)
	}
	if err != nil {
		return v.broken("write the lock table", err)
	}
	return nil
}

// on returns the locks in force on a file: its own, and deep ones on the directories above; l.mu is held.
func (l *locks) on(file id.File, above []id.File, now time.Time) (in []held) {
	for _, h := range l.held {
		if now.Before(h.Until) && (h.File == file || h.Deep && slices.Contains(above, h.File)) {
			in = append(in, h)
		}
	}
	return in
}

// satisfied reports whether the session presented a token of one of the locks in its way.
func satisfied(w *view, in []held) bool {
	return len(in) == 0 || slices.ContainsFunc(in, func(h held) bool {
		return h.Account == w.s.Account && slices.Contains(w.tokens, h.Token)
	})
}

// mayWrite refuses a change that a lock forbids: to what exists, or of the directory's members.
func (p *planner) mayWrite(op string, w *view, t target) error {
	file, above := t.dir, t.chain
	if t.exists {
		file = t.node.File
	}
	p.sh.locks.mu.Lock()
	defer p.sh.locks.mu.Unlock()
	if in := p.sh.locks.on(file, above, p.v.cfg.Now()); !satisfied(w, in) {
		return locked(op, t.name, in)
	}
	return nil
}

// mayRemove is mayWrite for taking a name away: the directory, the thing itself and everything below.
func (p *planner) mayRemove(op string, w *view, t target) error {
	if err := p.mayWrite(op, w, t); err != nil {
		return err
	}
	if err := p.mayWrite(op, w, target{name: t.name, dir: t.dir, chain: t.chain}); err != nil {
		return err
	}
	on := make(map[id.File][]held) // of several shared locks on one thing, one token suffices
	for _, h := range p.below(t.node) {
		on[h.File] = append(on[h.File], h)
	}
	for _, in := range on {
		if !satisfied(w, in) {
			return locked(op, t.name, in)
		}
	}
	return nil
}

func locked(op string, name pathname.Path, in []held) error {
	return &problem.Error{Kind: problem.Locked, Op: op, On: string(name), Hint: "hint.locked",
		Err: fmt.Errorf("locked by %s until %s", in[0].Name, in[0].Until.UTC().Format(time.RFC3339))}
}

// below returns the locks on a node and on everything below it.
func (p *planner) below(n catalogue.Node) (in []held) {
	p.sh.locks.mu.Lock()
	defer p.sh.locks.mu.Unlock()
	now := p.v.cfg.Now()
	for _, h := range p.sh.locks.held {
		for at := h.File; now.Before(h.Until); {
			if at == n.File {
				in = append(in, h)
				break
			}
			up, err := p.Node(p.ctx, at)
			if err != nil || up.Parent.IsZero() {
				break
			}
			at = up.Parent
		}
	}
	return in
}

// endLocks ends the locks of what is removed or moved away (RFC 4918 sections 9.6 and 9.9).
func (p *planner) endLocks(n catalogue.Node) {
	gone := p.below(n)
	if len(gone) == 0 {
		return
	}
	p.sh.locks.mu.Lock()
	defer p.sh.locks.mu.Unlock()
	for _, h := range gone {
		delete(p.sh.locks.held, h.Token)
	}
	if err := p.sh.locks.save(p.v, p.sh); err != nil {
		p.v.cfg.Log.Warn("an ended lock may come back after a restart", "err", err)
	}
}

// handLocks lets the locks on a placeholder go to the file that takes its place: the client that locked the name
// goes on writing to it, presenting the same token.
func (p *planner) handLocks(placeholder, to id.File) {
	p.sh.locks.mu.Lock()
	defer p.sh.locks.mu.Unlock()
	handed := false
	for token, h := range p.sh.locks.held {
		if h.File == placeholder {
			h.File, handed = to, true
			p.sh.locks.held[token] = h
		}
	}
	if !handed {
		return
	}
	if err := p.sh.locks.save(p.v, p.sh); err != nil {
		p.v.cfg.Log.Warn("a lock may be lost at a restart", "err", err)
	}
}

// Lock implements Locker.
func (w *view) Lock(ctx context.Context, name pathname.Path, l Lock) (Lock, Info, error) {
	const op = "lock"
	sh, _, err := w.enter(ctx, op, name, true)
	if err != nil {
		return Lock{}, Info{}, err
	}
	if live, hidden := w.isLive(ctx, name); live {
		return w.v.live.lock(ctx, w, name, hidden, l)
	}
	err = w.act(ctx, sh, op, name, func(p *planner) ([]commit.Op, error) {
		t, err := p.target(op, name, w)
		if err != nil {
			return nil, err
		}
		var ops []commit.Op
		if !t.exists {
			if err := p.mayWrite(op, w, t); err != nil {
				return nil, err
			}
			t.node = catalogue.Node{File: id.NewFile()}
			ops = []commit.Op{{Kind: commit.Touch, File: t.node.File, Parent: t.dir, Name: name.Base()}}
		}
		l, err = p.lock(op, w, t, l)
		return ops, err
	})
	if err != nil {
		return Lock{}, Info{}, err
	}
	i, err := w.Stat(ctx, name)
	return l, i, err
}

// lock enters a lock into the table unless another one stands against it.
func (p *planner) lock(op string, w *view, t target, l Lock) (Lock, error) {
	against := func(h held) bool { return !h.Shared || !l.Shared }
	if l.Deep && t.exists {
		if in := p.below(t.node); slices.ContainsFunc(in, against) {
			return l, locked(op, t.name, in)
		}
	}
	table := p.sh.locks
	table.mu.Lock()
	defer table.mu.Unlock()
	now := p.v.cfg.Now()
	if in := table.on(t.node.File, t.chain, now); slices.ContainsFunc(in, against) {
		return l, locked(op, t.name, in)
	}
	for token, h := range table.held {
		if !now.Before(h.Until) {
			delete(table.held, token)
		}
	}
	if len(table.held) >= maxLocks {
		return l, problem.New(problem.Unavailable, op, string(t.name), errors.New("too many locks"))
	}
	l.Token, l.Root, l.Account, l.Name = newToken(), t.path, w.s.Account, w.s.Name
	l.TTL = min(max(l.TTL, time.Second), maxTTL)
	l.Until = now.Add(l.TTL).UTC()
	table.held[l.Token] = held{l, t.node.File}
	if err := table.save(p.v, p.sh); err != nil {
		delete(table.held, l.Token)
		return l, err
	}
	return l, nil
}

// newToken returns a random UUID as RFC 9562 section 5.4 writes it.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// withLock finds a lock of the session's account in whose scope name lies, and hands it to do.
func (w *view) withLock(ctx context.Context, op string, name pathname.Path, token string, do func(*locks, held) error) error {
	sh, _, err := w.enter(ctx, op, name, true)
	if err != nil {
		return err
	}
	t, err := follow(ctx, w.view(sh), &sh.dirs, op, name, name.Share())
	if err == nil && !t.exists {
		err = problem.New(problem.Condition, op, string(name), errors.New("there is nothing here"))
	}
	if err != nil {
		return err
	}
	sh.locks.mu.Lock()
	defer sh.locks.mu.Unlock()
	for _, h := range sh.locks.on(t.node.File, t.chain, w.v.cfg.Now()) {
		if h.Token != token {
			continue
		}
		if h.Account != w.s.Account {
			return &problem.Error{Kind: problem.Denied, Op: op, On: string(name), Hint: "hint.locked"}
		}
		if err := do(sh.locks, h); err != nil {
			return err
		}
		return sh.locks.save(w.v, sh)
	}
	return problem.New(problem.Condition, op, string(name), errors.New("no such lock here"))
}

// Refresh implements Locker.
func (w *view) Refresh(ctx context.Context, name pathname.Path, token string, ttl time.Duration) (l Lock, err error) {
	if live, _ := w.isLive(ctx, name); live {
		return w.v.live.changeLock(ctx, w, name, token, max(ttl, time.Second))
	}
	err = w.withLock(ctx, "refresh lock", name, token, func(table *locks, h held) error {
		h.TTL = min(max(ttl, time.Second), maxTTL)
		h.Until = w.v.cfg.Now().Add(h.TTL).UTC()
		table.held[token] = h
		l = h.Lock
		return nil
	})
	return l, err
}

// Unlock implements Locker.
func (w *view) Unlock(ctx context.Context, name pathname.Path, token string) error {
	if live, _ := w.isLive(ctx, name); live {
		_, err := w.v.live.changeLock(ctx, w, name, token, 0)
		return err
	}
	return w.withLock(ctx, "unlock", name, token, func(table *locks, h held) error {
		delete(table.held, token)
		return nil
	})
}

// Locks implements Locker. A listing asks it for each entry, so it reads nothing but directories that are known already.
func (w *view) Locks(ctx context.Context, i Info) ([]Lock, error) {
	const op = "list locks"
	names := i.Path.Names()
	if len(names) == 0 {
		return nil, nil
	}
	sh, _, err := w.enter(ctx, op, i.Path, false)
	if err != nil {
		return nil, err
	}
	live := i.Live
	if i.File.IsZero() && !live {
		live, _ = w.isLive(ctx, i.Path)
	}
	if live {
		return w.v.live.locksOn(i.Path), nil
	}
	sh.locks.mu.Lock()
	none := len(sh.locks.held) == 0
	sh.locks.mu.Unlock()
	if none {
		return nil, nil
	}
	t := target{name: i.Path, chain: []id.File{{}}}
	if err := t.descend(ctx, w.view(sh), &sh.dirs, op); err != nil {
		return nil, err
	}
	file, nothing := i.File, i.File.IsZero() && len(names) > 1
	if nothing {
		file = t.dir
	}
	sh.locks.mu.Lock()
	defer sh.locks.mu.Unlock()
	var all []Lock
	for _, h := range sh.locks.on(file, t.chain, w.v.cfg.Now()) {
		if !nothing || h.Deep {
			all = append(all, h.Lock)
		}
	}
	return all, nil
}
