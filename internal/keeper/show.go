package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Entry is an entry of the ledger as somebody with a ReadingKey sees it.
type Entry struct {
	Index     int64
	Recorded  time.Time // by the keeper's clock; the entry tells it to everybody
	Event     event.Event
	ShareName string
	Paths     []string // of Event.Files, in their order; "" where the share's keys are not at hand
	Omitted   int      // files that a Filter took away
	Rest      bool     // it is none: a Filter's Look was over, and those below Index were not looked at
	Closed    string   // why the event cannot be shown: "key" or "newer"; "" if it is
}

// jsonEntry is an Entry without the fields of its event, docs/json.md.
type jsonEntry struct {
	Index     int64      `json:"index"`
	Recorded  string     `json:"recorded,omitempty"`
	Closed    string     `json:"closed,omitempty"`
	ShareName string     `json:"share_name,omitempty"`
	Files     []jsonPath `json:"files,omitempty"`
	Omitted   int        `json:"files_omitted,omitempty"`
	Rest      bool       `json:"rest,omitempty"`
}

type jsonPath struct {
	Version id.Version `json:"version,omitzero"`
	Path    string     `json:"path,omitempty"`
	Sealed  []byte     `json:"sealed_path,omitempty"`
}

// MarshalJSON returns the event's own fields after those of the entry, in one object.
func (e Entry) MarshalJSON() ([]byte, error) {
	j := jsonEntry{Index: e.Index, Closed: e.Closed, ShareName: e.ShareName, Omitted: e.Omitted, Rest: e.Rest}
	if !e.Rest {
		j.Recorded = e.Recorded.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	for i, f := range e.Event.Files {
		p := jsonPath{Version: f.Version, Sealed: f.Path}
		if i < len(e.Paths) && e.Paths[i] != "" {
			p.Path, p.Sealed = e.Paths[i], nil
		}
		j.Files = append(j.Files, p)
	}
	b, err := json.Marshal(j)
	if err != nil || e.Closed != "" || e.Rest {
		return b, err
	}
	bare := e.Event
	bare.Files = nil
	rest, err := json.Marshal(bare)
	if err != nil {
		return nil, err
	}
	b[len(b)-1] = ','
	return append(b, rest[1:]...), nil
}

// ShowEntry opens an entry. It is the one way in which entries are shown, in the running keeper and offline. It has
// no error: of an entry that does not open, its time is shown and that it is closed.
func ShowEntry(k *ReadingKey, index int64, data []byte) Entry {
	e := openEntry(k, index, data)
	e.openPaths(k)
	return e
}

// openEntry opens an entry but for its paths, of which there can be thousands; with kinds, only one of those.
func openEntry(k *ReadingKey, index int64, data []byte, kinds ...event.Kind) Entry {
	out := Entry{Index: index}
	out.Recorded, _ = ledger.EntryTime(data)
	_, plain, err := ledger.OpenEntry(k.entries, data)
	if err != nil {
		out.Closed = "key"
		return out
	}
	if kind, ok := event.KindOf(plain); ok && len(kinds) > 0 && !slices.Contains(kinds, kind) {
		out.Closed = "unasked"
		return out
	}
	if out.Event, err = event.Parse(plain); err != nil {
		out.Closed = "newer"
		return out
	}
	out.ShareName = k.shares[out.Event.Share].name
	return out
}

// openPaths opens the paths of the files that an entry names.
func (e *Entry) openPaths(k *ReadingKey) {
	if e.Closed != "" || len(e.Event.Files) == 0 {
		return
	}
	e.Paths = make([]string, len(e.Event.Files))
	share := k.shares[e.Event.Share]
	if share.paths == (seal.Key{}) { // destroyed, or of no share that the reading key knows
		return
	}
	for i, f := range e.Event.Files {
		if p, err := share.paths.OpenOnce(nil, f.Path, nil); err == nil {
			e.Paths[i] = string(p)
		}
	}
}

// Filter picks entries. What is zero picks all.
type Filter struct {
	From, To time.Time // from From on, before To; by the time of the event
	Actor    string    // the account's name, or the account that was acted on
	Share    string    // its name, or its identifier
	Path     string    // a path, or a directory with everything below; * and ? stand for any letters of one name
	Kinds    []event.Kind
	Limit    int   // at most so many entries, the first ones; 0 is no limit
	Newest   bool  // the latest entry comes first
	Before   int64 // only entries of a lower index; 0 is no bound
	Look     int64 // with Newest: at most so many entries are looked at; 0 is no bound
}

// Check tells what is wrong with f, or nil.
func (f Filter) Check() error {
	if _, err := path.Match(f.pattern(), ""); err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "read ledger", On: f.Path, Hint: "hint.filter", Err: err}
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) || f.Limit < 0 || f.Before < 0 || f.Look < 0 || f.Look > 0 && !f.Newest {
		return &problem.Error{Kind: problem.Invalid, Op: "read ledger", Hint: "hint.filter", Err: errors.New("nothing can be found so")}
	}
	return nil
}

// Match reports whether f picks e; of e's files only those that f picks are left.
func (f Filter) Match(e *Entry) bool { return f.about(e) && (f.Path == "" || f.cut(e)) }

// about is Match without paths.
func (f Filter) about(e *Entry) bool {
	when := e.Event.When
	if e.Closed != "" {
		when = e.Recorded
	}
	switch {
	case !f.From.IsZero() && when.Before(f.From), !f.To.IsZero() && !when.Before(f.To):
		return false
	case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, e.Event.Kind):
		return false
	case f.Actor != "" && !sameName(f.Actor, e.Event.Actor) && !sameName(f.Actor, e.Event.Target):
		return false
	case f.Share != "" && (e.Event.Share.IsZero() || pathname.Key(f.Share) != pathname.Key(e.ShareName) && f.Share != e.Event.Share.String()):
		return false
	}
	return true
}

// cut takes the files away from e that are not below f.Path, and reports whether one is left.
func (f Filter) cut(e *Entry) bool {
	pattern := f.pattern()
	var files []event.File
	var paths []string
	for i, p := range e.Paths {
		if below(pattern, pathname.Key(p)) {
			files, paths = append(files, e.Event.Files[i]), append(paths, p)
		}
	}
	e.Omitted += len(e.Event.Files) - len(files)
	e.Event.Files, e.Paths = files, paths
	return len(files) > 0
}

// pattern returns f.Path as package path understands it: in the form in which names are compared, with
// nothing special but * and ?, which no name can hold.
func (f Filter) pattern() string {
	p := strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(pathname.Key(f.Path))
	return "/" + strings.Trim(p, "/")
}

// below reports whether a path or a directory above it matches.
func below(pattern, p string) bool {
	for p != "" && p != "/" {
		if ok, _ := path.Match(pattern, p); ok {
			return true
		}
		p = p[:max(strings.LastIndexByte(p, '/'), 0)]
	}
	return pattern == "/"
}

// Show yields the entries of a ledger that a filter picks of those that may be seen, in their order.
func Show(ctx context.Context, r *ledger.Reader, k *ReadingKey, f Filter, may func(*Entry) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := f.Check(); err != nil {
			yield(Entry{}, err)
			return
		}
		found := 0
		size := r.Head().Size
		if f.Before > 0 {
			size = min(size, f.Before)
		}
		walk, from := r.Entries(ctx, 0, size), int64(0)
		if f.Newest {
			if f.Look > 0 {
				from = max(size-f.Look, 0)
			}
			walk = backwards(ctx, r, from, size)
		}
		for x, err := range walk {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			e := openEntry(k, x.Index, x.Data)
			if !may(&e) || !f.about(&e) {
				continue
			}
			if e.openPaths(k); !f.Match(&e) {
				continue
			}
			if found++; !yield(e, nil) || found == f.Limit {
				return
			}
		}
		if from > 0 {
			yield(Entry{Index: from, Rest: true}, nil)
		}
	}
}

// stretch is how many entries are read at a time when the latest come first.
const stretch = 1024

// backwards yields the entries from an index on and below size, the latest first.
func backwards(ctx context.Context, r *ledger.Reader, from, size int64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for to := size; to > from; to -= stretch {
			part := make([]ledger.Entry, 0, stretch)
			for x, err := range r.Entries(ctx, max(to-stretch, from), to) {
				if err != nil {
					yield(ledger.Entry{}, err)
					return
				}
				part = append(part, x)
			}
			for _, x := range slices.Backward(part) {
				if !yield(x, nil) {
					return
				}
			}
		}
	}
}

// seen returns which entries a session may see: all with the power to read the ledger; else what the caller's account did or was
// done to it, and what was read and changed in shares where the caller gives rights.
func (b *books) seen(by account.Session) func(*Entry) bool {
	if b.may(by, account.ReadLedger) {
		return func(*Entry) bool { return true }
	}
	if by.Factor == account.ByToken {
		return func(*Entry) bool { return false }
	}
	return func(e *Entry) bool {
		switch e.Event.Kind {
		case event.ApplianceEvent, event.ApplianceAlert, event.LogsCounted: // their target is a device, whatever accounts are called
			return false
		case event.Released, event.Refused, event.Saved, event.Changed, event.Unlocked, event.RightsChanged:
			if b.mayGrant(by, e.Event.Share) {
				return true
			}
		}
		return e.Closed == "" && !by.Account.IsZero() && (e.Event.Account == by.Account || sameName(e.Event.Target, by.Name))
	}
}

// Events implements Auditor. Reading the ledger is not recorded in it.
func (l *Local) Events(ctx context.Context, s id.Session, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		const op = "read ledger"
		leave, err := l.enter(op)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		r, k, late, err := l.openEvents(ctx)
		by, gone := l.live(s)
		leave() // what follows may take as long as whoever reads, and needs no more than a copy of the keys
		if err = errors.Join(gone, err); err != nil {
			yield(Entry{}, err)
			return
		}
		defer k.Zero()
		b := l.books.Load()
		if err := k.Knows(f.Share); err != nil && b.may(by, account.ReadLedger) { // others are not told which shares there are
			yield(Entry{}, err)
			return
		}
		for e, err := range Show(ctx, r, k, f, b.seen(by)) {
			if !yield(e, err) || err != nil {
				return
			}
		}
		if late != nil {
			yield(Entry{}, late)
		}
	}
}

// Proof is what convinces anybody that an entry stands in the ledger: with the public key, which they have from elsewhere, and without
// the ledger.
type Proof struct {
	Proof     []byte // C2SP tlog-proof
	Sealed    []byte // the entry as it stands there
	PublicKey string
	Entry     Entry // what it says
}

// Proof proves an entry to who may see it.
func (l *Local) Proof(ctx context.Context, s id.Session, index int64) (Proof, error) {
	const op = "prove"
	leave, err := l.enter(op)
	if err != nil {
		return Proof{}, err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return Proof{}, err
	}
	r, k, late, err := l.openEvents(ctx)
	if err != nil {
		return Proof{}, err
	}
	defer k.Zero()
	for x, err := range r.Entries(ctx, max(index, 0), max(index, 0)+1) {
		if err != nil {
			return Proof{}, err
		}
		e := ShowEntry(k, x.Index, x.Data)
		if x.Index != index || !l.books.Load().seen(by)(&e) {
			break
		}
		p, err := r.Prove(ctx, index)
		return Proof{p, slices.Clone(x.Data), l.keys.LedgerPublicKey(), e}, err
	}
	return Proof{}, errors.Join(problem.New(problem.NotFound, op, "", nil), late) // and does not tell whether there is such an entry
}

// openEvents returns what Show needs; late is why the newest entries are missing.
func (l *Local) openEvents(ctx context.Context) (r *ledger.Reader, k *ReadingKey, late, err error) {
	_, late = l.log.Publish(ctx)
	if r, err = ledger.NewReader(l.log.Files(), l.keys.LedgerPublicKey()); err != nil {
		return nil, nil, nil, errors.Join(err, late)
	}
	k, err = l.readingKey()
	return r, k, late, err
}

// sameName compares names of accounts as Login does.
func sameName(a, b string) bool { return accountKey(a) == accountKey(b) }
