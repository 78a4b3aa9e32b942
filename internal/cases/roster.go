package cases

import (
	"context"
	"errors"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// Book reads the roster of a share with its rules and schools. A share without one has none of either.
func (d *Desk) Book(ctx context.Context, s account.Session, share string) (*roster.Book, error) {
	b, _, err := d.House.Roster(ctx, s, pathname.Root.Join(share), maxRoster)
	if problem.KindOf(err) == problem.NotFound {
		if e, ok := err.(*problem.Error); ok && e.Hint == "hint.no-roster" {
			rules, err := roster.ParseRules("")
			return &roster.Book{Rules: rules}, err
		}
	}
	if err != nil {
		return nil, err
	}
	return bookOf(share, b)
}

// bookOf reads the bytes of a share's roster.
func bookOf(share string, b []byte) (*roster.Book, error) {
	book, err := roster.DecodeBook(b)
	switch {
	case errors.Is(err, roster.ErrNewer):
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read roster", On: share, Hint: "hint.roster-newer", Err: err}
	case err != nil:
		return nil, &problem.Error{Kind: problem.Damaged, Op: "read roster", On: share, Hint: "hint.roster-damaged", Err: err}
	}
	return book, nil
}

// SaveBook changes the roster of a share, for a session that may write there. It is one more version of it.
func (d *Desk) SaveBook(ctx context.Context, s account.Session, share string, change func(*roster.Book) error) error {
	d.saving.Lock() // or of two changes at the same time, one would be lost
	defer d.saving.Unlock()
	book, err := d.Book(ctx, s, share)
	if err != nil {
		return err
	}
	if err := change(book); err != nil {
		return err
	}
	b, err := roster.EncodeBook(book)
	if err != nil {
		return problem.New(problem.TooLarge, "save roster", share, err)
	}
	if _, err := d.House.SaveRoster(ctx, s, pathname.Root.Join(share), b); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.recent)
	clear(d.heads)
	return nil
}

// Coverage tells how many files of a share rules link to whom; nil are the share's own.
func (d *Desk) Coverage(ctx context.Context, s account.Session, share string, rules *roster.Rules) (*roster.Coverage, error) {
	book, err := d.Book(ctx, s, share)
	if err != nil {
		return nil, err
	}
	if rules == nil {
		rules = book.Rules
	}
	var broken error
	paths := func(yield func(string) bool) {
		for o, err := range d.House.Objects(ctx, s, pathname.Root.Join(share)) {
			if err != nil {
				broken = err
				return
			}
			within := within(o.Paths[0])
			if !o.Removed.IsZero() || within == rosterFile {
				continue
			}
			if !yield(within) {
				return
			}
		}
	}
	c := roster.NewIndex(&book.Roster).Cover(rules, paths, mostUnlinked)
	return c, broken
}

// mostUnlinked is how many files that nobody is linked to are told.
const mostUnlinked = 1000
