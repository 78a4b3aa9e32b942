package keeper

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// MaxPapers bounds what people have written over the papers of a case, and the papers as they were filed, in bytes. The keeper does not
// look into it.
const MaxPapers = 2 << 20

// papersState says where that lies.
type papersState struct {
	Blob       string `json:"blob"`       // the name under which custody keeps it
	Generation int    `json:"generation"` // counts the changes
}

// Papers returns what people have written over the papers of a case, open or closed, and its generation: 0 while there is nothing.
func (l *Local) Papers(_ context.Context, s id.Session, n string) ([]byte, int, error) {
	const op = "case"
	leave, err := l.enter(op)
	if err != nil {
		return nil, 0, err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return nil, 0, err
	}
	for {
		b := l.books.Load()
		if !b.seesCases(by) {
			return nil, 0, notAllowed(op)
		}
		c := b.caseOf(n)
		if c == nil {
			return nil, 0, absent(op, n, "hint.no-such-case")
		}
		if c.Papers == nil {
			return nil, 0, nil
		}
		content, err := l.keys.LoadBlob(c.Papers.Blob)
		if err != nil && l.books.Load() != b { // somebody has just replaced it
			continue
		}
		return content, c.Papers.Generation, err
	}
}

// SetPapers replaces that in an open case. Who has begun from an older generation learns that somebody was faster, and nothing is
// overwritten. It is durable when SetPapers returns.
func (l *Local) SetPapers(ctx context.Context, s id.Session, n string, content []byte, generation int) error {
	const op = "case"
	if err := l.power(s, account.Freeze, op); err != nil { // before anything is written
		return err
	}
	if len(content) > MaxPapers {
		return &problem.Error{Kind: problem.TooLarge, Op: op, On: n, Hint: "hint.papers-size"}
	}
	d := l.books.Load().draft()
	if i, err := d.openedCase(op, n); err != nil {
		return err
	} else if err := d.Cases[i].follows(generation); err != nil {
		return err
	}
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	next := &papersState{Blob: strings.ToLower(rand.Text()), Generation: generation + 1}
	if err := l.keys.SaveBlob(next.Blob, content); err != nil {
		return err
	}
	var old *papersState
	taken := false
	err = l.write(ctx, s, n, func(_ *draft, c *caseState, _ account.Session) (event.Event, error) {
		if err := c.follows(generation); err != nil {
			return event.Event{}, err
		}
		old, c.Papers, taken = c.Papers, next, true
		return event.Event{Kind: event.CaseWritten, Size: int64(len(content)), Digest: sha256.Sum256(content), Note: fmt.Sprint("papers: ", next.Generation)}, nil
	})
	switch { // once it was taken, the state on disk may name either, if there was an error
	case err != nil && !taken:
		l.keys.RemoveBlob(next.Blob) // what stays takes up room, and nothing else
	case err == nil && old != nil:
		l.keys.RemoveBlob(old.Blob)
	}
	return err
}

// follows reports whether a change began from the papers as they are.
func (c *caseState) follows(generation int) error {
	now := 0
	if c.Papers != nil {
		now = c.Papers.Generation
	}
	if now != generation {
		return &problem.Error{Kind: problem.Condition, Op: "case", On: c.ID, Hint: "hint.papers-changed"}
	}
	return nil
}
