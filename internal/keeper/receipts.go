package keeper

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pathname"
)

// maxRecords bounds the entries of one receipt, and maxRecordBytes what they and their proofs take.
const (
	maxRecords     = 50_000
	maxRecordBytes = 64 << 20
)

// recordKinds are the entries that a receipt tells of.
var recordKinds = []event.Kind{event.Released, event.Refused, event.Saved, event.Changed}

// ShareRecords collects what the ledger tells of a share in a time, for those who read everybody's entries: who sees a part of them would make
// a receipt that leaves the rest out.
// Of one school in a share, only what is of its files is told: entries in which there are none are left out, as if they were of another share.
func (l *Local) ShareRecords(ctx context.Context, s id.Session, of account.ReceiptOf, from, to time.Time) (account.ShareRecords, error) {
	const op = "make receipt"
	share := of.Share
	out := account.ShareRecords{}
	leave, err := l.enter(op)
	if err != nil {
		return out, err
	}
	err = l.power(s, account.ReadLedger, op)
	if by, gone := l.live(s); err == nil && (gone != nil || by.Factor == account.ByToken) {
		err = notAllowed(op)
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	if err == nil && x == nil {
		err = noShare(op, share)
	}
	if err != nil {
		leave()
		return out, err
	}
	r, k, late, err := l.openEvents(ctx)
	leave() // what follows needs no more than a copy of the keys
	if err == nil {
		err = late
	}
	if err != nil {
		return out, err
	}
	defer k.Zero()
	out = b.shareRecords(x, of.School, from, to)
	out.Made, out.Origin, out.PublicKey = l.now(), k.Origin, k.PublicKey
	out.Checkpoint, out.Entries = r.Checkpoint(), r.Head().Size
	w := &recordWalk{ShareRecords: &out, share: x.ID, pick: of.Pick, key: k, from: from, to: to, roles: NewRoles(), books: b, hit: make(map[string]bool), spans: &l.spans}
	if err := w.walk(ctx, r, k); err != nil {
		return out, err
	}
	if err := w.prove(ctx, r); err != nil {
		return out, err
	}
	if x.End != nil && !x.End.Erased.IsZero() {
		e, err := l.erasureEntry(ctx, r, k, x)
		if err != nil {
			return out, err
		}
		out.Erasure, out.Certificate = &e, x.End.Number
	}
	for _, c := range b.Cases {
		if w.hit[c.ID] {
			out.Cases = append(out.Cases, account.ShareCase{ID: c.ID, Opened: c.Opened, Closed: c.Closed})
		}
	}
	return out, nil
}

// shareRecords is what the books tell of a share and of what was removed from it in a time.
func (b *books) shareRecords(x *shareState, school string, from, to time.Time) account.ShareRecords {
	out := account.ShareRecords{Share: x.Name, Firm: b.Policy.Firm, School: school}
	if x.Register != nil {
		out.Register = x.Register.For(x.Register.School(school))
	}
	out.Readers, out.Writers = b.whoMay(x.ID)
	for _, m := range b.Media {
		if m.State > 0 && m.Retired.IsZero() && !m.SameDisk && !m.Time.Before(x.Created) {
			out.Copies++
		}
	}
	for _, m := range x.retention().Removed {
		if !m.Ended.IsZero() && !m.Ended.Before(from) && m.Ended.Before(to) {
			out.Removed, out.Holding = append(out.Removed, m), max(out.Holding, len(b.mediaBefore(m.Ended)))
		}
	}
	return out
}

// whoMay counts who may read and write in a share today, by role.
func (b *books) whoMay(share id.Share) (read, write map[string]int) {
	read, write = make(map[string]int), make(map[string]int)
	for _, a := range b.Accounts {
		if !a.mayEnter() {
			continue
		}
		switch b.rights(account.Session{Account: a.ID, Factor: account.SecondFactor}, share) {
		case account.CanWrite:
			write[string(a.Role)]++
			read[string(a.Role)]++
		case account.CanRead:
			read[string(a.Role)]++
		}
	}
	return read, write
}

// recordWalk goes through those parts of the ledger that are of a time.
type recordWalk struct {
	*account.ShareRecords
	share    id.Share
	pick     func(path string) (mine, one bool) // nil: all of the share
	key      *ReadingKey
	from, to time.Time
	roles    *Roles
	books    *books
	hit      map[string]bool // cases
	last     time.Time       // of the entry before, within the time
	stopped  bool
	spans    *spans
	looked   int64 // entries
	size     int   // of the records, with their proofs
}

func (w *recordWalk) walk(ctx context.Context, r *ledger.Reader, k *ReadingKey) error {
	if err := w.spans.extend(ctx, r, k); err != nil {
		return err
	}
	for from, to := range w.spans.within(w.from, w.to, r.Head().Size) {
		w.spans.rolesBefore(w.roles, from)
		for x, err := range r.Entries(ctx, from, to) {
			if err != nil {
				return err
			}
			w.looked++
			w.take(openEntry(k, x.Index, x.Data), x.Data)
		}
	}
	return nil
}

// take counts an entry, whose bytes are data, if it is of the time.
func (w *recordWalk) take(e Entry, data []byte) {
	w.roles.Learn(&e)
	if when := whenOf(&e); when.Before(w.from) || !when.Before(w.to) {
		return
	}
	w.pulse(&e)
	if e.Closed != "" {
		w.ShareRecords.Closed++
		return
	}
	w.freeze(&e)
	if e.Event.Share != w.share || !InReceipt(e.Event.Kind) {
		return
	}
	files := w.count(&e)
	if files < 0 {
		return
	}
	w.suspect(&e)
	if w.size += len(data) + proofSize; len(w.Records) == maxRecords || w.size > maxRecordBytes {
		w.Cut = true
		return
	}
	w.Records = append(w.Records, account.ShareRecord{Index: e.Index, Recorded: e.Recorded, Kind: string(e.Event.Kind), Role: w.roles.Of(&e), Purpose: e.Event.Purpose,
		Files: files, Sealed: slices.Clone(data)})
}

// count counts the files of an entry that are told of; -1: it is not told.
func (w *recordWalk) count(e *Entry) (n int) {
	if w.pick == nil {
		return len(e.Event.Files)
	}
	e.openPaths(w.key)
	for _, p := range e.Paths {
		switch mine, one := w.pick(p); {
		case mine:
			n++
		case !one:
			w.Shared++
		}
	}
	if n == 0 {
		return -1
	}
	return n
}

const proofSize = 2 << 10 // about, for the bound

// InReceipt reports whether a receipt tells of entries of a kind.
func InReceipt(k event.Kind) bool { return slices.Contains(recordKinds, k) }

// Roles are the roles of accounts as a walk through the ledger has told so far.
type Roles struct{ of map[string]string } // by the compared name

// NewRoles begins a walk.
func NewRoles() *Roles { return &Roles{make(map[string]string)} }

// Learn takes in an entry.
func (r *Roles) Learn(e *Entry) {
	if name, role, ok := roleIn(e); ok {
		r.of[name] = role
	}
}

// roleIn returns who gets which role by an entry.
func roleIn(e *Entry) (name, role string, ok bool) {
	switch e.Event.Kind {
	case event.AccountMade:
		return accountKey(e.Event.Target), e.Event.Note, true
	case event.AccountChanged:
		role, ok = strings.CutPrefix(e.Event.Note, "role: ")
		return accountKey(e.Event.Target), role, ok
	}
	return "", "", false
}

// Of returns the role of who did what an entry tells, at that time; "" where the ledger does not tell.
func (r *Roles) Of(e *Entry) string {
	if e.Event.Account.IsZero() {
		return string(account.Console)
	}
	return r.of[accountKey(e.Event.Actor)]
}

// pulse measures the longest silence while the keeper was up: each minute has a heartbeat.
func (w *recordWalk) pulse(e *Entry) {
	if !w.last.IsZero() && !w.stopped {
		w.Silence = max(w.Silence, e.Recorded.Sub(w.last))
	}
	w.last, w.stopped = e.Recorded, e.Event.Kind == event.Stopped
}

func (w *recordWalk) freeze(e *Entry) {
	if e.Event.Kind != event.Frozen {
		return
	}
	kind, rest, _ := strings.Cut(e.Event.Note, " ")
	subject, _, _ := strings.Cut(rest, ";")
	if kind == string(account.StopAll) || kind == string(account.StopShare) && strings.TrimSpace(subject) == w.share.String() {
		w.Freezes = append(w.Freezes, e.Event.When)
	}
}

// suspect notes the cases in which somebody is distrusted who did this.
func (w *recordWalk) suspect(e *Entry) {
	for _, c := range w.books.Cases {
		if w.hit[c.ID] {
			continue
		}
		w.hit[c.ID] = slices.ContainsFunc(c.Suspects, func(s account.Suspect) bool { return DidThis(s, e) })
	}
}

// DidThis reports whether an entry is of what somebody who is distrusted did, in the time for which that holds.
func DidThis(s account.Suspect, e *Entry) bool {
	t := e.Event.When
	if t.Before(s.From) || !s.To.IsZero() && t.After(s.To) {
		return false
	}
	switch s.Kind {
	case account.StopSession:
		return !e.Event.Session.IsZero() && s.Subject == e.Event.Session.String()
	case account.StopDevice:
		return !e.Event.Device.IsZero() && s.Subject == e.Event.Device.String()
	case account.StopAccount:
		return !e.Event.Account.IsZero() && s.Subject == e.Event.Account.String()
	case account.StopAddress:
		return sameNetwork(s.Subject, e.Event.Address)
	}
	return s.Kind != account.PartyMedium // a whole machine: whatever was done in that time; a medium did nothing
}

func (w *recordWalk) prove(ctx context.Context, r *ledger.Reader) (err error) {
	for i := range w.Records {
		if w.Records[i].Proof, err = r.Prove(ctx, w.Records[i].Index); err != nil {
			return err
		}
	}
	return nil
}
