package keeper

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// trapState is a place or a person that nobody has a reason to read.
type trapState struct {
	ID     string    `json:"id"`
	Share  id.Share  `json:"share"`
	Path   string    `json:"path,omitempty"` // in the share: a file, or a folder with all below
	Person string    `json:"person,omitempty"`
	By     string    `json:"by"`
	Since  time.Time `json:"since"`
}

const (
	maxTraps = 1000
	// trapped is the sign under which the guard speaks of traps.
	trapped = "trapped"
)

// trapSet are the traps of a share, in the form in which they are compared.
type trapSet struct{ paths, persons map[string]bool }

// trapsOf takes traps in, with how the names of each share tell persons.
func trapsOf(list []*trapState, persons map[id.Share]*whose.Template) map[id.Share]*trapSet {
	out := make(map[id.Share]*trapSet)
	for _, t := range list {
		x := out[t.Share]
		if x == nil {
			x = &trapSet{make(map[string]bool), make(map[string]bool)}
			out[t.Share] = x
		}
		if t.Path != "" {
			x.paths[whose.Plain(t.Path)] = true
		} else {
			x.persons[persons[t.Share].Named(t.Person)] = true
		}
	}
	return out
}

// holds reports whether a path, in its compared form, is a trap or stands below one, or is a file of a person who is one.
func (t *trapSet) holds(path, person string) bool {
	if t == nil {
		return false
	}
	if person != "" && t.persons[person] {
		return true
	}
	for len(t.paths) > 0 && path != "" {
		if t.paths[path] {
			return true
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return false
}

// below reports whether a trap stands below a folder, whose path is in its compared form: a path, or where a person's files would be.
func (t *trapSet) below(folder string, of *whose.Template) bool {
	for p := range t.paths {
		if strings.HasPrefix(p, folder+"/") {
			return true
		}
	}
	for p := range t.persons {
		if of.MayHold(folder, p) {
			return true
		}
	}
	return false
}

// Trapped reports whether a path in a share, with the share's name before it, is a trap: the storehouse asks of what is written.
func (l *Local) Trapped(share id.Share, path string) bool {
	b := l.books.Load()
	t := b.traps[share]
	if t == nil {
		return false
	}
	p := within(path)
	return t.holds(p, b.persons[share].Person(p))
}

// TrapBelow reports whether a trap stands below a folder: who takes the folder away takes it along.
func (l *Local) TrapBelow(share id.Share, path string) bool {
	b := l.books.Load()
	t := b.traps[share]
	return t != nil && t.below(within(path), b.persons[share])
}

// HasTraps reports whether a share has any.
func (l *Local) HasTraps(share id.Share) bool { return l.books.Load().traps[share] != nil }

// within returns a path in its share, in the form in which it is compared.
func within(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(whose.Plain(path), "/"), "/")
	return rest
}

// AddTrap sets a trap. path has the share's name before it; person, in the share that path names, is one as its names tell persons.
func (l *Local) AddTrap(ctx context.Context, s id.Session, path, person string) (account.Trap, error) {
	const op = "set trap"
	share, rest, _ := strings.Cut(tidy(path), "/")
	var made account.Trap
	err := l.change(ctx, s, op, path, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Freeze) {
			return event.Event{}, notAllowed(op)
		}
		x := b.names[pathname.Key(share)]
		switch {
		case x == nil:
			return event.Event{}, noShare(op, share)
		case (rest == "") == (person == ""), len(path) > pathname.MaxPath, len(person) > pathname.MaxPath:
			return event.Event{}, unfit(op, path, "hint.trap")
		case person != "" && b.persons[x.ID] == nil:
			return event.Event{}, unfit(op, share, "hint.trap-person")
		case len(d.Traps) >= maxTraps:
			return event.Event{}, problem.New(problem.TooLarge, op, path, errors.New("too many traps"))
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		t := &trapState{ID: rand.Text(), Share: x.ID, Path: rest, Person: strings.Trim(person, "/"), By: by.Name, Since: l.now()}
		if slices.ContainsFunc(d.Traps, func(o *trapState) bool { return t.same(o, b.persons[x.ID]) }) {
			return event.Event{}, problem.New(problem.Exists, op, path, nil)
		}
		d.Traps = append(d.Traps, t)
		made = t.show(x.Name)
		return event.Event{Kind: event.TrapSet, Share: x.ID, Target: t.name()}, nil
	})
	return made, err
}

func (t *trapState) same(u *trapState, persons *whose.Template) bool {
	return t.Share == u.Share && whose.Plain(t.Path) == whose.Plain(u.Path) && persons.Named(t.Person) == persons.Named(u.Person)
}

// name is what the ledger calls a trap.
func (t *trapState) name() string { return cmp.Or(t.Path, t.Person) }

func (t *trapState) show(share string) account.Trap {
	return account.Trap{ID: t.ID, Share: share, Path: t.Path, Person: t.Person, By: t.By, Since: t.Since}
}

// Traps lists the traps, to those who may set them: whoever else knows where they are steps around them.
func (l *Local) Traps(_ context.Context, s id.Session) (out []account.Trap, err error) {
	const op = "list traps"
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.may(by, account.Freeze) || by.Factor == account.ByToken {
		return nil, notAllowed(op)
	}
	if err := l.fresh(by, op); err != nil {
		return nil, err
	}
	for _, t := range b.Traps {
		if x := b.shares[t.Share]; x != nil {
			out = append(out, t.show(x.Name))
		}
	}
	return out, nil
}

// RemoveTrap asks to take a trap away, which another person must confirm: or one who has taken over an account could clear the way.
func (l *Local) RemoveTrap(ctx context.Context, s id.Session, n string) (account.Outcome, error) {
	const op = "remove trap"
	b := l.books.Load()
	if by, err := l.live(s); err != nil || !b.may(by, account.Freeze) {
		return account.Outcome{}, cmp.Or(err, notAllowed(op))
	}
	i := slices.IndexFunc(b.Traps, func(t *trapState) bool { return t.ID == n })
	if i < 0 {
		return account.Outcome{}, absent(op, n, "hint.no-trap")
	}
	args, err := json.Marshal(n)
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, "", err)
	}
	return l.propose(ctx, s, op, proposalState{Act: actRemoveTrap, Target: b.Traps[i].name(), Args: args}, account.Freeze)
}

// untrap takes the trap away that a proposal names.
func (d *draft) untrap(args json.RawMessage) ([]event.Event, error) {
	var n string
	if err := json.Unmarshal(args, &n); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Traps, func(t *trapState) bool { return t.ID == n })
	if i < 0 {
		return nil, nil
	}
	t := d.Traps[i]
	d.Traps = slices.Delete(d.Traps, i, i+1)
	return []event.Event{{Kind: event.TrapRemoved, Share: t.Share, Target: t.name()}}, nil
}

// sprung stops who has asked for a trap's key: the session, its device, and a program's owner, whose token would begin another
// session. No key is handed out.
func (l *Local) sprung(ctx context.Context, s account.Session, share string) error {
	stops := []account.Stop{{Kind: account.StopSession, Subject: s.ID.String(), Reason: trapped}}
	switch {
	case byDevice(s.Factor):
		stops = append(stops, account.Stop{Kind: account.StopDevice, Subject: s.Device.String(), Reason: trapped})
	case s.Factor == account.ByToken:
		stops = append(stops, account.Stop{Kind: account.StopAccount, Subject: s.Account.String(), Reason: trapped})
	}
	if err := l.Stop(ctx, stops...); err != nil {
		l.cfg.Log.ErrorContext(ctx, "who touched a trap could not be frozen", "err", err)
	}
	l.alarm(Alarm{Kind: AlarmTrapped, Session: s, Share: share, Stops: stops})
	return frozen("release", s.Name)
}
