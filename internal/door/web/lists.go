package web

import (
	"crypto/rand"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/problem"
)

// lists are the lists of persons that somebody has sent and has not imported yet: between the two steps a browser without scripts cannot
// send a file again. They are in memory alone, for a quarter of an hour, and belong to the session that has sent them. An account has one,
// however many sessions it has; what is given up, imported or replaced is free at once.
type lists struct {
	mu   sync.Mutex
	held []*list // the oldest first; mu guards it
	size int     // bytes of all; mu guards it
	slot chan struct{}
}

// list is one of them. Nothing of it changes.
type list struct {
	token, owner, account, share, name string
	content                            []byte
	end                                *time.Timer
}

// Bounds of what is held.
const (
	maxList  = 64 << 20  // bytes of a list, as in the API
	maxHeld  = 128 << 20 // of all; the oldest gives way
	maxLists = 50        // likewise
	holdFor  = 15 * time.Minute
	maxReads = 2 // lists that are read at the same time
)

func newLists() *lists { return &lists{slot: make(chan struct{}, maxReads)} }

// read takes a list in.
func (l *lists) read(in io.Reader, name string) ([]byte, error) {
	select {
	case l.slot <- struct{}{}:
	default:
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "read roster", On: name, Hint: "hint.roster-busy"}
	}
	defer func() { <-l.slot }()
	b, err := io.ReadAll(io.LimitReader(in, maxList+1))
	switch {
	case err != nil:
		return nil, problem.New(problem.Invalid, "read roster", name, err)
	case len(b) > maxList:
		return nil, &problem.Error{Kind: problem.TooLarge, Op: "read roster", On: name, Hint: "hint.roster-large"}
	}
	return b, nil
}

// hold keeps a list, instead of what its owner and its account had before, and returns its token.
func (l *lists) hold(owner, account, share, name string, content []byte) string {
	token := rand.Text()
	x := &list{token: token, owner: owner, account: account, share: share, name: name, content: content}
	x.end = time.AfterFunc(holdFor, func() { l.drop(func(o *list) bool { return o.token == token }) }) // which keeps no content alive
	l.drop(func(o *list) bool { return o.owner == owner || account != "" && o.account == account })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.size = append(l.held, x), l.size+len(content)
	for l.size > maxHeld || len(l.held) > maxLists {
		l.free(l.held[0])
		l.held = slices.Delete(l.held, 0, 1)
	}
	return token
}

// free lets go of a list that is held no more; mu is held. Who is just importing it has it until then.
func (l *lists) free(x *list) {
	x.end.Stop()
	l.size -= len(x.content)
}

// get returns a list to the session that has sent it.
func (l *lists) get(owner, share, token string) (*list, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.held {
		if x.token == token && x.owner == owner && x.share == share {
			return x, nil
		}
	}
	return nil, &problem.Error{Kind: problem.NotFound, Op: "read roster", Hint: "hint.roster-gone"}
}

// drop forgets lists.
func (l *lists) drop(which func(*list) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = slices.DeleteFunc(l.held, func(x *list) bool {
		if which(x) {
			l.free(x)
			return true
		}
		return false
	})
}
