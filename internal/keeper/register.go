package keeper

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of a line of the register: all of them are in the books, which are written anew with each change.
const (
	maxRegister = 4 << 10 // bytes of a line
	maxKinds    = 30      // of data, and of persons
)

// SetRegister writes the line of a share in the register of personal data: who gives rights in the share does, and who investigates. What it
// says of single schools stays, see SetSchoolLines.
func (l *Local) SetRegister(ctx context.Context, s id.Session, share string, r account.Register) error {
	if err := checkRegister(opRegister, share, &r); err != nil {
		return err
	}
	return l.rewriteRegister(ctx, s, share, func(x *shareState) event.Event {
		if r.Schools = nil; x.Register != nil {
			r.Schools = x.Register.Schools
		}
		x.Register = &r
		return event.Event{Kind: event.RegisterSet, Share: x.ID, Note: inWords(r)}
	})
}

const opRegister = "set register"

// rewriteRegister changes the line of a share, for who may.
func (l *Local) rewriteRegister(ctx context.Context, s id.Session, share string, change func(*shareState) event.Event) error {
	return l.change(ctx, s, opRegister, share, func(b *books, d *draft, by account.Session) (event.Event, error) {
		x := d.share(share)
		switch {
		case x == nil && !b.may(by, account.Investigate), x != nil && !b.may(by, account.Investigate) && !b.mayGrant(by, x.ID):
			return event.Event{}, notAllowed(opRegister)
		case x == nil:
			return event.Event{}, noShare(opRegister, share)
		}
		return change(x), nil
	})
}

// inWords is a line for the ledger: what people have written, without what we call it.
func inWords(r account.Register) string {
	words := []string{r.Client, strings.Join(r.Data, ", "), strings.Join(r.Subjects, ", "), r.Purpose, r.Department, r.InCharge, r.Retention, r.Contact}
	if r.Year != 0 {
		words = append(words, strconv.Itoa(r.Year))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), "; ")
}

// checkRegister trims a line and checks what can be checked of it.
func checkRegister(op, share string, r *account.Register) error {
	size := 0
	for _, to := range []*string{&r.Client, &r.Purpose, &r.Department, &r.InCharge, &r.Retention, &r.Contact} {
		*to = strings.TrimSpace(*to)
		size += len(*to)
		if !utf8.ValidString(*to) {
			return unfit(op, share, "hint.register")
		}
	}
	for _, list := range []*[]string{&r.Data, &r.Subjects} {
		var kept []string
		for _, x := range *list {
			x = strings.TrimSpace(x)
			size += len(x)
			if x != "" && !slices.Contains(kept, x) {
				kept = append(kept, x)
			}
			if !utf8.ValidString(x) {
				return unfit(op, share, "hint.register")
			}
		}
		if *list = kept; len(kept) > maxKinds {
			return unfit(op, share, "hint.register")
		}
	}
	if size > maxRegister || r.Year != 0 && (r.Year < 1900 || r.Year > 2200) {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: share, Hint: "hint.register", Err: fmt.Errorf("%d bytes, year %d", size, r.Year)}
	}
	return nil
}

// Register lists the lines of the register, by share: to those who see people or investigate all, to others those in which they give rights.
// A share without a line is there, too: that it has none must be seen.
func (l *Local) Register(_ context.Context, s id.Session) (out []account.RegisterLine, err error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	all := b.may(by, account.SeePeople) || b.may(by, account.Investigate)
	if !all && !b.may(by, account.GrantOwn) {
		return nil, notAllowed("list register")
	}
	for _, x := range b.Shares {
		if !all && !b.mayGrant(by, x.ID) {
			continue
		}
		line := account.RegisterLine{Share: x.Name, Rights: b.rightsIn(x)}
		if x.Register != nil {
			line.Register = *x.Register
		}
		if x.End != nil {
			line.Erased, line.Certificate = x.End.Decided, x.End.Number
		}
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b account.RegisterLine) int { return compareNames(a.Share, b.Share) })
	return out, nil
}

// Concerned lists the shares whose names, damage and rosters a session may see for a case: for those who investigate all, for
// others those that they may read. It is no right to content.
func (l *Local) Concerned(ctx context.Context, s id.Session) ([]account.Share, error) {
	x, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.may(x, account.Investigate) {
		return l.Shares(ctx, s)
	}
	var out []account.Share
	for _, sh := range b.Shares {
		if sh.End != nil {
			continue
		}
		out = append(out, account.Share{ID: sh.ID, Name: sh.Name, Write: b.rights(x, sh.ID) == account.CanWrite})
	}
	slices.SortFunc(out, func(a, b account.Share) int { return compareNames(a.Name, b.Name) })
	return out, nil
}

// CheckConcern returns nil if the session is live and the share is one of those that Concerned lists.
func (l *Local) CheckConcern(_ context.Context, s id.Session, share id.Share) error {
	_, err := l.concerned(s, share)
	return err
}

// concerned returns the session if it may see a share's names, damage and roster.
func (l *Local) concerned(s id.Session, share id.Share) (account.Session, error) {
	x, err := l.allowed(s, share, false)
	if err == nil || problem.KindOf(err) != problem.Denied || x.Account.IsZero() {
		return x, err
	}
	b := l.books.Load()
	sh := b.shares[share]
	if sh == nil || sh.End != nil || !b.may(x, account.Investigate) || !b.Policy.admits(sh.Networks, x.Address) {
		return x, err
	}
	return x, nil
}
