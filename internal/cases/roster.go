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
	book, _, err := d.read(ctx, s, share)
	return book, err
}

// read is Book, which returns the bytes, too: of a damaged roster those that could be read.
func (d *Desk) read(ctx context.Context, s account.Session, share string) (*roster.Book, []byte, error) {
	b, _, err := d.House.Roster(ctx, s, pathname.Root.Join(share), maxRoster)
	switch {
	case problem.KindOf(err) == problem.NotFound:
		if e, ok := err.(*problem.Error); ok && e.Hint == "hint.no-roster" {
			rules, err := roster.ParseRules("")
			return &roster.Book{Rules: rules}, nil, err
		}
		return nil, nil, err
	case problem.KindOf(err) == problem.Damaged:
		return nil, b, damagedRoster(share, err)
	case err != nil:
		return nil, nil, err
	}
	book, err := bookOf(share, b)
	if err == nil {
		d.notePublic(share, book)
	}
	return book, b, err
}

// damagedRoster says what to do about a roster that cannot be read: packs are brought back, or a list is imported over it.
func damagedRoster(share string, err error) error {
	return &problem.Error{Kind: problem.Damaged, Op: "read roster", On: share, Hint: "hint.roster-damaged", Err: err}
}

// bookOf reads the bytes of a share's roster.
func bookOf(share string, b []byte) (*roster.Book, error) {
	book, err := roster.DecodeBook(b)
	switch {
	case errors.Is(err, roster.ErrNewer):
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read roster", On: share, Hint: "hint.roster-newer", Err: err}
	case err != nil:
		return nil, damagedRoster(share, err)
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
	return d.save(ctx, s, share, book)
}

// Rescued says what was kept of a roster that could not be read when another list came in its place.
type Rescued struct {
	Rules   int `json:"rules"`   // of how paths tell persons
	Schools int `json:"schools"` // of which something is known
}

// Enrol makes people the roster of a share, for a session that may write there. Rules and what is known of schools stay. If what is stored is
// damaged it is replaced all the same, with rules and schools as far as it, or the latest version that has any, still tells them.
func (d *Desk) Enrol(ctx context.Context, s account.Session, share string, people roster.Roster) (*Rescued, error) {
	d.saving.Lock()
	defer d.saving.Unlock()
	var rescued *Rescued
	book, b, err := d.read(ctx, s, share)
	if problem.KindOf(err) == problem.Damaged {
		book, err = d.rescue(ctx, s, share, b)
		if err == nil {
			rescued = &Rescued{len(book.Rules.List()), len(book.Schools)}
		}
	}
	if err != nil {
		return nil, err
	}
	book.Roster = people
	return rescued, d.save(ctx, s, share, book)
}

// rescue reads what stands before the persons in what is left of a roster, or in a version before it.
func (d *Desk) rescue(ctx context.Context, s account.Session, share string, left []byte) (*roster.Book, error) {
	if book, _, err := roster.DecodeHead(left); err == nil {
		return book, nil
	}
	for b, err := range d.House.FormerRosters(ctx, s, pathname.Root.Join(share), maxRoster) {
		if book, _, bad := roster.DecodeHead(b); bad == nil {
			return book, nil
		}
		if err != nil && problem.KindOf(err) != problem.Damaged {
			return nil, err
		}
	}
	rules, err := roster.ParseRules("")
	return &roster.Book{Rules: rules}, err
}

func (d *Desk) save(ctx context.Context, s account.Session, share string, book *roster.Book) error {
	b, err := roster.EncodeBook(book)
	if err != nil {
		return problem.New(problem.TooLarge, "save roster", share, err)
	}
	if _, err := d.House.SaveRoster(ctx, s, pathname.Root.Join(share), b); err != nil {
		return err
	}
	d.notePublic(share, book)
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.recent)
	for _, w := range d.works {
		w.outdate()
	}
	clear(d.heads)
	return nil
}
