package medium

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// Locking is a target that keeps what was put until a day, whoever asks to remove it: a bucket with Object Lock. Somebody who has its
// credentials can put other things over a name, or a mark that it is gone; what was put before stays below, and can be read.
type Locking interface {
	Target
	// Until is until when what is put now is locked.
	Until() time.Time
	// Versions lists what stands under a name, the oldest first.
	Versions(ctx context.Context, name string) ([]Version, error)
	OpenVersion(ctx context.Context, name string, v Version) (Object, error)
	// Stored tells of a version, "" being what was put last, how long it is, its SHA-256 as the target has computed it, and until when it is
	// locked; zero: it is not.
	Stored(ctx context.Context, name, version string) (size int64, sum [32]byte, until time.Time, err error)
	// Renew locks until a day what stands under the names that are meant.
	Renew(ctx context.Context, until time.Time, which func(name string) bool) error
}

// Version is one of the things that stand under a name.
type Version struct {
	ID   string
	Size int64
	Last bool // nothing, and no mark, stands over it
}

// layers is a locking target of which is read what the signed records mean, whatever somebody has put over it.
type layers struct {
	Locking
	over map[string]sum // of tiles, before whom somebody had put something under their names; set before it is read

	mu      sync.Mutex
	covered map[string]bool   // guarded by mu: names over which something stands
	several map[string]bool   // guarded by mu: tiles under whose names there is more than one; nil: nobody has looked
	lists   map[string][]byte // guarded by mu: lists and bodies that were read, which states have in common; far away each costs a round trip
	held    int               // guarded by mu: bytes of them
}

// mostHeld bounds how many bytes of lists are kept: those of a vault of a million packs.
const mostHeld = 64 << 20

// list returns an object that is named by its digest, as it was read before if it was.
func (l *layers) list(name string, read func() ([]byte, error)) ([]byte, error) {
	l.mu.Lock()
	b, ok := l.lists[name]
	l.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := read()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.held+len(b) <= mostHeld {
		l.lists[name] = b
		l.held += len(b)
	}
	return b, err
}

// layered is t so that covered objects are found, if it is one that can have such.
func layered(t Target) Target {
	if _, already := t.(*layers); already {
		return t
	}
	if l, ok := t.(Locking); ok {
		return &layers{Locking: l, covered: make(map[string]bool), lists: make(map[string][]byte)}
	}
	return t
}

func (l *layers) cover(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.covered[name] = true
}

// tellCovered tells of what somebody has put over things that are whole below.
func tellCovered(t Target, tell func(Finding)) {
	l, ok := t.(*layers)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.covered {
		share, n, _, _ := segmentOf(name)
		tell(Finding{Object: name, Share: share, Pack: n, Reason: Covered})
	}
	clear(l.covered)
}

// away reports whether an error says that the target cannot be asked now: nothing is known then of what is on it.
func away(err error) bool {
	_, ok := errors.AsType[*problem.Error](err)
	return ok
}

// choose opens the version of an object that is as it should be.
func (l *layers) choose(ctx context.Context, name string, size int64, want [32]byte) (Object, error) {
	list, err := l.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	found := fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	for i, v := range list {
		if v.Size != size {
			found = fmt.Errorf("%w: %d bytes, want %d", errLength, v.Size, size)
			continue
		}
		if len(list) > 1 || !v.Last {
			_, is, _, err := l.Stored(ctx, name, v.ID)
			if err != nil {
				return nil, err
			}
			if is != want {
				found = errDigest
				continue
			}
			last := list[len(list)-1]
			if !last.Last || last.ID != v.ID && !l.same(ctx, name, last, size, want) {
				l.cover(name)
			}
		}
		return l.OpenVersion(ctx, name, list[i])
	}
	return nil, found
}

// same reports whether a version is as it should be.
func (l *layers) same(ctx context.Context, name string, v Version, size int64, want [32]byte) bool {
	if v.Size != size {
		return false
	}
	_, is, _, err := l.Stored(ctx, name, v.ID)
	return err == nil && is == want
}

// Open implements Target. Tiles of the ledger have no digest in a record: what was put first counts, or what a record says.
func (l *layers) Open(ctx context.Context, name string) (Object, error) {
	if !strings.HasPrefix(name, ledgerDir+"/") && name != descriptorName {
		return l.Locking.Open(ctx, name)
	}
	several, err := l.crowded(ctx, name)
	if err != nil {
		return nil, err
	}
	if !several {
		return l.Locking.Open(ctx, name)
	}
	list, err := l.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	want, known := l.over[name]
	for _, v := range list {
		if known {
			if _, is, _, err := l.Stored(ctx, name, v.ID); err != nil || is != [32]byte(want) {
				continue
			}
		}
		if !v.Last {
			l.cover(name)
		}
		return l.OpenVersion(ctx, name, v)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// crowded reports whether under a name stands more than one thing, or a mark.
func (l *layers) crowded(ctx context.Context, name string) (bool, error) {
	if name == descriptorName {
		list, err := l.Versions(ctx, name)
		return len(list) > 1 || len(list) == 1 && !list[0].Last, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.several == nil {
		several := make(map[string]bool)
		for e, err := range l.List(ctx, ledgerDir) {
			if err != nil {
				return false, err
			}
			if e.Several {
				several[e.Name] = true
			}
		}
		l.several = several
	}
	return l.several[name], nil
}

// readWhere returns an object of at most limit bytes that is as it should be.
func readWhere(ctx context.Context, t Target, name string, limit int64, fit func([]byte) error) ([]byte, error) {
	b, first := read(ctx, t, name, limit)
	if first == nil {
		first = fit(b)
	}
	l, ok := t.(*layers)
	if first == nil || !ok || away(first) || ctx.Err() != nil {
		return b, first
	}
	list, err := l.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if v.Size > limit {
			continue
		}
		o, err := l.OpenVersion(ctx, name, v)
		if err != nil {
			return nil, err
		}
		b, err := readOpen(o, name, limit)
		if away(err) {
			return nil, err
		}
		if err == nil && fit(b) == nil {
			l.cover(name)
			return b, nil
		}
	}
	return nil, first
}
