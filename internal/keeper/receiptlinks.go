package keeper

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// receiptState is a link by which somebody who is not logged in gets one receipt. The receipt is made with it, and lies sealed in a file of its
// own, so that whoever opens the link needs nothing else of the house.
type receiptState struct {
	ID     string    `json:"id"`
	Hash   []byte    `json:"hash"` // of the token
	Blob   string    `json:"blob"`
	Share  id.Share  `json:"share"`
	School string    `json:"school,omitempty"`
	Month  string    `json:"month"`
	Made   time.Time `json:"made"`
	By     string    `json:"by"`
	Until  time.Time `json:"until"`
}

// Bounds of links.
const (
	maxReceipts    = 5_000
	maxReceiptTime = 366 * 24 * time.Hour
	maxReceipt     = 128 << 20 // bytes of one
)

// GiveReceipt makes a link to a receipt, which is given as its bytes. The token is told this once.
func (l *Local) GiveReceipt(ctx context.Context, s id.Session, share, school, month string, until time.Time, receipt []byte) (account.ReceiptLink, error) {
	const op = "give receipt"
	if err := l.power(s, account.Investigate, op); err != nil { // before anything is written
		return account.ReceiptLink{}, err
	}
	now := l.now()
	switch {
	case !until.After(now) || until.Sub(now) > maxReceiptTime:
		return account.ReceiptLink{}, unfit(op, share, "hint.receipt-until")
	case len(receipt) > maxReceipt:
		return account.ReceiptLink{}, problem.New(problem.TooLarge, op, share, nil)
	}
	leave, err := l.enter(op)
	if err != nil {
		return account.ReceiptLink{}, err
	}
	blob, token := receiptBlob+strings.ToLower(rand.Text()), rand.Text()
	err = l.keys.SaveBlob(blob, receipt)
	leave()
	if err != nil {
		return account.ReceiptLink{}, err
	}
	hash := sha256.Sum256([]byte(token))
	made := account.ReceiptLink{ID: rand.Text(), Share: share, School: school, Month: month, Token: token, Made: now, Until: until}
	taken := false
	err = l.change(ctx, s, op, share, func(b *books, d *draft, by account.Session) (event.Event, error) {
		x := b.names[pathname.Key(share)]
		switch {
		case !b.may(by, account.Investigate) || by.Factor == account.ByToken:
			return event.Event{}, notAllowed(op)
		case x == nil:
			return event.Event{}, noShare(op, share)
		case len(d.Receipts) >= maxReceipts:
			return event.Event{}, problem.New(problem.TooLarge, op, share, nil)
		}
		made.By, made.Share = by.Name, x.Name
		d.Receipts = append(d.Receipts, &receiptState{ID: made.ID, Hash: hash[:], Blob: blob, Share: x.ID, School: school, Month: month, Made: now, By: by.Name, Until: until})
		taken = true
		return event.Event{Kind: event.ReceiptGiven, Share: x.ID, Until: until, Note: month}, nil
	})
	if err != nil && !taken {
		l.removeBlob(blob) // what stays takes up room, and nothing else
	}
	return made, err
}

// Receipts lists the links that can still be opened, the latest first.
func (l *Local) Receipts(_ context.Context, s id.Session) (out []account.ReceiptLink, err error) {
	if err := l.power(s, account.Investigate, "list receipts"); err != nil {
		return nil, err
	}
	b := l.books.Load()
	for _, x := range slices.Backward(b.Receipts) {
		if sh := b.shares[x.Share]; sh != nil && l.now().Before(x.Until) {
			out = append(out, account.ReceiptLink{ID: x.ID, Share: sh.Name, School: x.School, Month: x.Month, Made: x.Made, By: x.By, Until: x.Until, Opened: l.lookups.opened(x.ID)})
		}
	}
	return out, nil
}

// RevokeReceipt makes a link useless before its time.
func (l *Local) RevokeReceipt(ctx context.Context, s id.Session, n string) error {
	const op = "revoke receipt"
	err := l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Investigate) {
			return event.Event{}, notAllowed(op)
		}
		i := slices.IndexFunc(d.Receipts, func(x *receiptState) bool { return x.ID == n })
		if i < 0 {
			return event.Event{}, absent(op, n, "hint.no-receipt")
		}
		x := d.Receipts[i]
		d.Dropped = append(slices.Clone(d.Dropped), x.Blob)
		d.Receipts = slices.Delete(d.Receipts, i, i+1)
		return event.Event{Kind: event.ReceiptRevoked, Share: x.Share, Note: x.Month}, nil
	})
	if err != nil {
		return err
	}
	return l.dropBlobs(ctx)
}

// OpenReceipt returns the receipt of a link. The first opening of each day and address is recorded.
func (l *Local) OpenReceipt(ctx context.Context, token string, from netip.Addr) ([]byte, error) {
	const op = "open receipt"
	leave, err := l.enter(op)
	if err != nil {
		return nil, err
	}
	defer leave()
	now, hash := l.now(), sha256.Sum256([]byte(token))
	var found *receiptState
	for _, x := range l.books.Load().Receipts {
		if subtle.ConstantTimeCompare(x.Hash, hash[:]) == 1 && now.Before(x.Until) {
			found = x
		}
	}
	if found == nil {
		return nil, problem.New(problem.NotFound, op, "", nil)
	}
	fresh, ok := l.lookups.open(found.ID, from, now)
	if !ok {
		return nil, &problem.Error{Kind: problem.Spent, Op: op, Hint: "hint.lookup-slower"}
	}
	if fresh {
		e := event.Event{Kind: event.ReceiptOpened, Share: found.Share, Address: from, Note: found.Month}
		if err := l.append(ctx, e); err != nil { // before anything is given
			return nil, err
		}
	}
	return l.keys.LoadBlob(found.Blob)
}

// tidyReceipts forgets the links whose time is over.
func (l *Local) tidyReceipts(ctx context.Context) error {
	now := l.now()
	over := func(x *receiptState) bool { return !now.Before(x.Until) }
	if !slices.ContainsFunc(l.books.Load().Receipts, over) {
		return nil
	}
	return l.amend(ctx, "revoke receipt", "", func(_ *books, d *draft) ([]event.Event, error) {
		d.Dropped = slices.Clone(d.Dropped)
		d.Receipts = slices.DeleteFunc(d.Receipts, func(x *receiptState) bool {
			if over(x) {
				d.Dropped = append(d.Dropped, x.Blob)
			}
			return over(x)
		})
		return nil, nil
	})
}
