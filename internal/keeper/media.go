package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

const (
	maxMedia     = 200
	maxMediumTag = 60 // letters of a label, a set or a place

	// mediumLine begins what is signed for media. No checkpoint begins so: the name of a ledger has no blank.
	mediumLine = "azekura/v1 medium "
	settings   = "settings"
	copyKeeper = "sync medium"
)

// Copy is what the keeper puts on a medium.
type Copy struct {
	Checkpoint []byte
	Ledger     fs.FS
	Time       time.Time // of the last entry that the checkpoint covers
	Settings   []byte    // sealed
	Files      []custody.Copied
	Logs       []LogFile // sealed as they lie on disk
}

// CopyOut returns the keeper's sealed files of this moment, without any key of a share, and the ledger up to now. Whoever has them and
// not the root, which lies in paper shares, can open none.
func (l *Local) CopyOut(ctx context.Context, s id.Session, plain []byte) (*Copy, error) {
	leave, err := l.enter(copyKeeper)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := l.power(s, account.Care, copyKeeper); err != nil {
		return nil, err
	}
	if err := l.append(ctx, event.Event{Kind: event.Heartbeat}); err != nil { // the time of the copy is that of the last entry
		return nil, err
	}
	l.papering.Lock() // all of it is sealed with one root
	defer l.papering.Unlock()
	c := &Copy{}
	if c.Settings, err = l.keys.SealAs(settings, plain); err != nil {
		return nil, err
	}
	l.writing.Lock()
	err = l.saveHead()
	if err == nil {
		c.Files, err = l.keys.Cut()
	}
	l.writing.Unlock()
	if err != nil {
		return nil, err
	}
	c.Logs = l.logFiles() // before the ledger, so that it tells of every batch in them
	// The ledger comes after the files: their head is one of its beginnings.
	if c.Checkpoint, err = l.log.Publish(ctx); err == nil {
		c.Ledger = l.log.Files()
		c.Time, err = l.lastTime(ctx)
	}
	if err != nil {
		for _, f := range c.Files {
			f.Close()
		}
		return nil, err
	}
	return c, nil
}

// lastTime is the time of the last entry that is published.
func (l *Local) lastTime(ctx context.Context) (time.Time, error) {
	r, err := ledger.NewReader(l.log.Files(), l.keys.LedgerPublicKey())
	if err != nil {
		return time.Time{}, err
	}
	for e, err := range r.Entries(ctx, r.Head().Size-1, r.Head().Size) {
		if err != nil {
			return time.Time{}, err
		}
		if when, ok := ledger.EntryTime(e.Data); ok {
			return when, nil
		}
	}
	return time.Time{}, problem.New(problem.Damaged, copyKeeper, "", errors.New("the last entry of the ledger tells no time"))
}

// Consistent returns nil if head was a head of the ledger, ledger.ErrShorter or ledger.ErrFork if not.
func (l *Local) Consistent(ctx context.Context, head ledger.Head) error {
	return l.log.Consistent(ctx, head)
}

// SignRecord signs the record of a medium with the ledger's key, and nothing else: it cannot be taken for a checkpoint.
func (l *Local) SignRecord(_ context.Context, s id.Session, text string) ([]byte, error) {
	if err := l.power(s, account.Care, copyKeeper); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(text, mediumLine) {
		return nil, problem.New(problem.Denied, copyKeeper, "", errors.New("this is no record of a medium"))
	}
	signer, _ := l.keys.Signer()
	return note.Sign(&note.Note{Text: text}, signer)
}

// sinkLine begins what is signed for sinks.
const sinkLine = "azekura/v1 sink "

// SignSink signs what the storehouse says of a copy of the ledger, and nothing else: it can be taken neither for a checkpoint nor for a record of a
// medium. Nobody has asked for it.
func (l *Local) SignSink(text string) ([]byte, error) {
	const op = "copy the ledger to the bucket"
	leave, err := l.enterToCopy(op)
	if err != nil {
		return nil, err
	}
	defer leave()
	if !strings.HasPrefix(text, sinkLine) {
		return nil, problem.New(problem.Denied, op, "", errors.New("this is nothing of a sink"))
	}
	signer, _ := l.keys.Signer()
	return note.Sign(&note.Note{Text: text}, signer)
}

// enterToCopy is enter for what a copy of the ledger needs, which is made while Ended is called, too.
func (l *Local) enterToCopy(op string) (leave func(), err error) {
	if l.copying.Load() {
		return func() {}, nil
	}
	return l.enter(op)
}

// Published writes out the ledger up to now, for whoever keeps a copy: the signed head, and the files, which are sealed.
func (l *Local) Published(ctx context.Context) ([]byte, fs.FS, error) {
	leave, err := l.enterToCopy("copy the ledger to the bucket")
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	signed, err := l.log.Publish(ctx)
	return signed, l.log.Files(), err
}

// Media lists the media that are known, those that were retired at the end: to who cares for the machine, or sees people.
func (l *Local) Media(_ context.Context, s id.Session) ([]account.Medium, error) {
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	b := l.books.Load()
	if !b.may(by, account.Care) && !b.may(by, account.SeePeople) {
		return nil, notAllowed("list media")
	}
	return b.media(), nil
}

// KnownMedia is Media for the storehouse itself, which looks whether one is connected.
func (l *Local) KnownMedia() []account.Medium { return l.books.Load().media() }

func (b *books) media() (out []account.Medium) {
	for _, m := range b.Media {
		out = append(out, *m)
	}
	slices.SortStableFunc(out, func(a, b account.Medium) int {
		if a.Retired.IsZero() != b.Retired.IsZero() {
			return map[bool]int{true: -1, false: 1}[a.Retired.IsZero()]
		}
		return compareNames(a.Label, b.Label)
	})
	return out
}

// medium returns a copy of a medium to change, which is in the draft already, or nil.
func (d *draft) medium(m id.Medium) *account.Medium {
	i := slices.IndexFunc(d.Media, func(x *account.Medium) bool { return x.ID == m })
	if i < 0 {
		return nil
	}
	c := *d.Media[i]
	d.Media[i] = &c
	return &c
}

// MakeMedium enters a new medium.
func (l *Local) MakeMedium(ctx context.Context, s id.Session, m account.Medium) (account.Medium, error) {
	const op = "make medium"
	var ok [3]bool
	m.Label, ok[0] = line(m.Label, maxMediumTag)
	m.Set, ok[1] = line(m.Set, maxMediumTag)
	m.Place, ok[2] = line(m.Place, maxMediumTag)
	if !ok[0] || !ok[1] && m.Set != "" || !ok[2] && m.Place != "" {
		return m, unfit(op, m.Label, "hint.medium-label")
	}
	err := l.change(ctx, s, op, m.Label, func(b *books, d *draft, by account.Session) (event.Event, error) {
		same := func(x *account.Medium) bool {
			return x.ID == m.ID || x.Retired.IsZero() && accountKey(x.Label) == accountKey(m.Label)
		}
		switch {
		case !b.may(by, account.Care):
			return event.Event{}, notAllowed(op)
		case slices.ContainsFunc(d.Media, same):
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, On: m.Label, Hint: "hint.medium-same-label"}
		case len(d.Media) >= maxMedia:
			return event.Event{}, problem.New(problem.TooLarge, op, m.Label, fmt.Errorf("there are %d", len(d.Media)))
		}
		m = account.Medium{ID: m.ID, Label: m.Label, Set: m.Set, Place: m.Place, Path: m.Path, Lock: m.Lock, Made: l.now(), By: by.Name}
		kept := m
		d.Media = append(d.Media, &kept)
		return event.Event{Kind: event.MediumMade, Target: m.Label, Note: strings.Join(present(m.Set, m.Place, m.ID.String()), ", ")}, nil
	})
	return m, err
}

// changeMedium changes a medium as the act of somebody who cares for the machine.
func (l *Local) changeMedium(ctx context.Context, s id.Session, op string, m id.Medium, do func(x *account.Medium) (event.Event, error)) error {
	return l.change(ctx, s, op, m.String(), func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Care) {
			return event.Event{}, notAllowed(op)
		}
		x := d.medium(m)
		if x == nil {
			return event.Event{}, absent(op, m.String(), "hint.medium-unknown")
		}
		e, err := do(x)
		e.Target = x.Label
		return e, err
	})
}

// SyncedMedium enters a state that was put on a medium. It comes when the state is complete: an entry that says so before would be there
// also when it is not.
func (l *Local) SyncedMedium(ctx context.Context, s id.Session, m id.Medium, st account.MediumState) error {
	return l.changeMedium(ctx, s, copyKeeper, m, func(x *account.Medium) (event.Event, error) {
		if st.Number <= x.State {
			return event.Event{}, problem.New(problem.Condition, copyKeeper, x.Label, fmt.Errorf("state %d comes behind %d", st.Number, x.State))
		}
		switch { // it is read back before anything goes
		case st.Unread == 0 || x.State == 0:
			x.Swept = st.Time
		case x.Swept.IsZero():
			x.Swept = x.Time
		}
		x.State, x.Time, x.Synced, x.Size, x.Root = st.Number, st.Time, l.now(), st.Size, st.Root[:]
		x.Packs, x.Bytes, x.Copied, x.Unread, x.Path, x.Until, x.SameDisk = st.Packs, st.Bytes, st.Copied, st.Unread, st.Path, st.Until, st.SameDisk
		return event.Event{Kind: event.MediumSynced, Size: st.Size, Digest: st.Root, Note: "state " + fmt.Sprint(st.Number)}, nil
	})
}

// ReadMedium enters what became of reading back what copies have brought.
func (l *Local) ReadMedium(ctx context.Context, s id.Session, m id.Medium, r account.MediumRead) error {
	return l.changeMedium(ctx, s, copyKeeper, m, func(x *account.Medium) (event.Event, error) {
		x.Unread = r.Unread
		x.Findings += r.Wrong
		if r.Ended {
			x.Swept = x.Time
		}
		if r.Cached && r.Wrong == 0 {
			return event.Event{Kind: event.MediumRead, Note: "cached"}, nil
		}
		x.Read = l.now()
		return event.Event{Kind: event.MediumRead, Size: int64(r.Wrong), Note: wholeOr(r.Wrong)}, nil
	})
}

// wholeOr is the note of a look that has found something, or nothing.
func wholeOr(findings int) string {
	if findings > 0 {
		return "damaged"
	}
	return "whole"
}

// CheckedMedium enters what a verification of a medium has found.
func (l *Local) CheckedMedium(ctx context.Context, s id.Session, m id.Medium, findings int) error {
	return l.changeMedium(ctx, s, "verify medium", m, func(x *account.Medium) (event.Event, error) {
		if x.Checked, x.Findings = l.now(), findings; findings == 0 {
			x.Unread = 0
		}
		return event.Event{Kind: event.MediumChecked, Size: int64(findings), Note: wholeOr(findings)}, nil
	})
}

// EjectMedium enters that somebody has let a medium go.
func (l *Local) EjectMedium(ctx context.Context, s id.Session, m id.Medium) error {
	return l.changeMedium(ctx, s, "eject medium", m, func(x *account.Medium) (event.Event, error) {
		x.Attached = time.Time{}
		return event.Event{Kind: event.MediumGone, Note: "ejected"}, nil
	})
}

// RetireMedium strikes a medium off: it counts as no copy any more. What lies on it stays as it is.
func (l *Local) RetireMedium(ctx context.Context, s id.Session, m id.Medium, reason string) error {
	const op = "retire medium"
	reason, ok := line(reason, maxFirmField)
	if !ok {
		return unfit(op, reason, "hint.medium-reason")
	}
	return l.changeMedium(ctx, s, op, m, func(x *account.Medium) (event.Event, error) {
		if !x.Retired.IsZero() {
			return event.Event{}, &problem.Error{Kind: problem.Exists, Op: op, On: x.Label, Hint: "hint.medium-retired"}
		}
		x.Retired, x.Reason, x.Attached = l.now(), reason, time.Time{}
		return event.Event{Kind: event.MediumRetired, Note: reason}, nil
	})
}

// SeenMedium enters that the storehouse finds a medium connected at a path, or not any more. Nobody has asked for it.
func (l *Local) SeenMedium(ctx context.Context, m id.Medium, path string, attached bool) error {
	const op = "see medium"
	return l.amend(ctx, op, m.String(), func(_ *books, d *draft) ([]event.Event, error) {
		x := d.medium(m)
		if x == nil || x.Attached.IsZero() == !attached {
			return nil, absent(op, m.String(), "hint.medium-unknown")
		}
		e := event.Event{Kind: event.MediumGone, Target: x.Label}
		if x.Attached = (time.Time{}); attached {
			x.Attached, x.Path = l.now(), path
			e.Kind = event.MediumConnected
		}
		return []event.Event{e}, nil
	})
}
