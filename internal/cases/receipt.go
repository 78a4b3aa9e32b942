package cases

import (
	"cmp"
	"context"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// ReceiptOf tells which files of a share are of one school, as its rules and roster say. The reading of the roster is recorded.
func (d *Desk) ReceiptOf(ctx context.Context, s account.Session, share, name string) (account.ReceiptOf, error) {
	out := account.ReceiptOf{Share: share}
	book, err := d.Book(ctx, s, share)
	if err != nil {
		return out, err
	}
	lines, err := d.Books.Register(ctx, s.ID)
	if err != nil {
		return out, err
	}
	key := roster.SchoolKey(name)
	same := func(other string) bool { return roster.SchoolKey(other) == key }
	for _, l := range lines { // the register names it as people do who set its line
		if i := slices.IndexFunc(l.Schools, func(x account.SchoolLine) bool { return same(x.School) }); i >= 0 && pathname.Key(l.Share) == pathname.Key(share) {
			out.School = l.Schools[i].School
		}
	}
	if i := slices.IndexFunc(book.Roster.SchoolNames(), same); i >= 0 {
		out.School = cmp.Or(out.School, book.Roster.SchoolNames()[i])
	}
	if out.School == "" {
		return out, &problem.Error{Kind: problem.NotFound, Op: "make receipt", On: name, Hint: "hint.receipt-school"}
	}
	p := newCensus()
	p.add(account.Share{}, book, new(account.Register))
	known := make(map[string]bool)
	for _, k := range p.shares[id.Share{}].schools {
		known[k] = true
	}
	known[key] = true
	out.Pick = func(path string) (mine, one bool) {
		if path == "" {
			return false, false
		}
		at := p.place(id.Share{}, pathname.Path(path))
		mine = len(at.schools) == 1 && at.schools[0] == key
		return mine, at.nobody || len(at.schools) == 1 && known[at.schools[0]]
	}
	return out, nil
}
