package keeper

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of attachments. They lie in the keeper's directory, each sealed as a file of its own, because who may read files of a share
// is no matter of who may see a case.
const (
	MaxAttachment = 20 << 20  // bytes of one
	maxAttached   = 500 << 20 // of all cases together
	maxAttachName = 120       // letters
)

// Attach puts a file into an open case. It is durable, sealed, when Attach returns.
func (l *Local) Attach(ctx context.Context, s id.Session, n, name string, content []byte) (account.Attachment, error) {
	const op = "case"
	if err := l.power(s, account.Freeze, op); err != nil { // before anything is written
		return account.Attachment{}, err
	}
	name, ok := line(name, maxAttachName)
	switch {
	case !ok || pathname.Check(name) != nil: // it is a name of a file, and becomes one again
		return account.Attachment{}, unfit(op, name, "hint.case-file-name")
	case len(content) > MaxAttachment:
		return account.Attachment{}, &problem.Error{Kind: problem.TooLarge, Op: op, On: name, Hint: "hint.case-file-size"}
	}
	d := l.books.Load().draft()
	if i, err := d.openedCase(op, n); err != nil {
		return account.Attachment{}, err
	} else if err := d.roomFor(d.Cases[i], int64(len(content))); err != nil {
		return account.Attachment{}, err
	}
	leave, err := l.enter(op)
	if err != nil {
		return account.Attachment{}, err
	}
	defer leave()
	sum, blob := sha256.Sum256(content), strings.ToLower(rand.Text())
	if err := l.keys.SaveBlob(blob, content); err != nil {
		return account.Attachment{}, err
	}
	var made account.Attachment
	taken := false
	err = l.write(ctx, s, n, func(d *draft, c *caseState, by account.Session) (event.Event, error) {
		if err := d.roomFor(c, int64(len(content))); err != nil {
			return event.Event{}, err
		}
		made = account.Attachment{ID: c.next(), Name: name, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), By: by.Name, At: l.now()}
		c.Attachments = append(c.Attachments, made)
		if c.Blobs == nil {
			c.Blobs = make(map[int]string)
		}
		c.Blobs[made.ID] = blob
		taken = true
		return event.Event{Kind: event.CaseWritten, Size: made.Size, Digest: sum, Note: "attached: " + name}, nil
	})
	if err != nil && !taken { // once it was taken, the state on disk may name it, whatever the error
		l.keys.RemoveBlob(blob) // what stays takes up room, and nothing else
	}
	return made, err
}

// roomFor reports whether a case has room for one more attachment.
func (d *draft) roomFor(c *caseState, size int64) error {
	for _, x := range d.Cases {
		for _, a := range x.Attachments {
			size += a.Size
		}
	}
	if len(c.Attachments) >= maxAttachments || size > maxAttached {
		return caseFull(c.ID)
	}
	return nil
}

// Attachment returns a file of a case to who may see cases, once the ledger knows that it went out.
func (l *Local) Attachment(ctx context.Context, s id.Session, n string, which int) (account.Attachment, []byte, error) {
	const op = "case"
	leave, err := l.enter(op)
	if err != nil {
		return account.Attachment{}, nil, err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return account.Attachment{}, nil, err
	}
	b := l.books.Load()
	if !b.seesCases(by) {
		return account.Attachment{}, nil, notAllowed(op)
	}
	c := b.caseOf(n)
	if c == nil {
		return account.Attachment{}, nil, absent(op, n, "hint.no-such-case")
	}
	i := slices.IndexFunc(c.Attachments, func(a account.Attachment) bool { return a.ID == which })
	if i < 0 {
		return account.Attachment{}, nil, absent(op, fmt.Sprint(n, " #", which), "hint.case-no-entry")
	}
	e := acting(event.CaseRead, by)
	e.Target, e.Note, e.Size = n, c.Attachments[i].Name, c.Attachments[i].Size
	if err := l.append(ctx, e); err != nil {
		return account.Attachment{}, nil, err
	}
	content, err := l.keys.LoadBlob(c.Blobs[which])
	return c.Attachments[i], content, err
}
