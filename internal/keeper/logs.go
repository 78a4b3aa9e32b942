package keeper

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/appliance"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/problem"
)

// logs is the lines of appliances, and what of them becomes an entry of its own.
type logs struct {
	mu     sync.Mutex
	book   *logbook.Book     // guarded by mu; nil: it cannot be opened
	unsaid unsaid            // guarded by mu
	rooms  map[string]bucket // guarded by mu: of each device, for entries of their own
	floods map[flood]int64   // guarded by mu: what found no room since the last sum

	told atomic.Pointer[logged] // changed with mu held; nil: not known
}

// logged is a place in the ledger up to which it is known of which batch it tells last: a house to which no lines come any more would read all of its ledger
// at each start to learn that. It is noted in the head file, sealed, so that only this keeper can have said it, and it is said of the very entries that have
// this root: of a ledger that does not go on from there it says nothing. An older note that somebody has put back is as true, and only longer to read from.
type logged struct {
	Batch  uint64      `json:"batch"` // 0: it tells of none
	Ledger ledger.Head `json:"ledger"`

	sure bool // no batch is told now, or may have been in vain: it holds for what came since, too
}

// at is what can be said once the ledger has a head.
func (x *logged) at(head ledger.Head) *logged {
	if x == nil || !x.sure {
		return x
	}
	return &logged{Batch: x.Batch, Ledger: head}
}

// unsure is what can be said while a batch is told, and until it is known whether it was.
func (x *logged) unsure() *logged {
	if x == nil {
		return nil
	}
	return &logged{Batch: x.Batch, Ledger: x.Ledger}
}

// flood is what is summed up where a device reports too much.
type flood struct{ device, kind string }

// Bounds of entries of their own. Somebody who guesses passwords is seen in the first few; the lines of all the others are stored.
var entriesOfDevice = limit{30, 10 * time.Second}

const maxFloodKinds = 256

// ErrUnrecorded means that lines are stored, and that only the ledger could not be told yet: neither they nor the notes are to be given again.
var ErrUnrecorded = errors.New("the lines are stored; the ledger does not know of them yet")

// LogNote is what the collector has to say beside lines.
type LogNote struct {
	Kind    event.Kind // LogsCounted or ApplianceAlert
	Device  string
	Address netip.Addr
	Note    string
	Size    int64
}

// openLogs opens the lines. A crash may have come between a batch and its entries in the ledger: they are written now.
func (l *Local) openLogs(ctx context.Context) error {
	sealing := l.keys.LedgerSealing()
	book, err := logbook.Open(logbook.Config{FS: l.cfg.FS, Dir: l.cfg.LogDir, Key: sealing.Derive("logbook")})
	sealing.Zero()
	if err != nil {
		return err
	}
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	l.logs.rooms, l.logs.floods = make(map[string]bucket), make(map[flood]int64)
	last := book.Last()
	if last.Number > 0 || l.books.Load().Collecting != nil {
		known, head, ok, err := l.lastLogged(ctx)
		if problem.KindOf(err) == problem.Damaged { // what is left of the lines can be read all the same
			l.cfg.Log.ErrorContext(ctx, "the ledger is damaged; whether lines of appliances are missing at the end is not known: azekura ledger verify", "err", err)
		} else if err != nil {
			return err
		}
		if err == nil && ok {
			l.logs.told.Store(&logged{known, head, known >= last.Number})
		}
		switch {
		case !ok: // it is compared once the ledger is here
		case known > last.Number:
			l.cfg.Log.ErrorContext(ctx, "lines of appliances are missing of which the ledger knows: azekura collect verify", "last", last.Number, "known", known)
			book.Skip(known)
		case known < last.Number:
			if err := l.sayMissed(ctx, book, known); err != nil {
				return err
			}
		}
	}
	l.logs.book = book
	return nil
}

// lastLogged returns the number of the latest batch of which the ledger tells, up to which head. Only what came since the place that was noted last is read,
// if the ledger goes on from there, and of a ledger that is away only the end: then it may not be known.
func (l *Local) lastLogged(ctx context.Context) (n uint64, head ledger.Head, known bool, err error) {
	r, k, late, err := l.openEvents(ctx)
	if err = errors.Join(err, late); err != nil {
		return 0, head, false, err
	}
	defer k.Zero()
	head = r.Head()
	from, noted := int64(0), l.logs.told.Load()
	if noted != nil && r.Continues(ctx, noted.Ledger) == nil {
		from, n = noted.Ledger.Size, noted.Batch
	}
	known = true
	if away := head.Size - enoughOld; l.cfg.LedgerAway && away > from {
		from, known = away, false
	}
	for x, err := range backwards(ctx, r, from, head.Size) {
		if err != nil {
			return 0, head, false, err
		}
		if e := openEntry(k, x.Index, x.Data); e.Closed == "" && e.Event.Kind == event.LogsKept {
			return e.Event.Pack, head, true, nil
		}
	}
	return n, head, known, nil
}

func keptOf(b logbook.Batch) event.Event {
	return event.Event{Kind: event.LogsKept, When: b.Last, Pack: b.Number, Size: int64(b.Lines), Digest: b.Root}
}

func (l *Local) closeLogs() {
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book != nil {
		l.logs.book.Close()
		l.logs.book = nil
	}
}

// KeepLogs stores lines of appliances, tells the ledger of the batch, and of who came and what was changed one by one. When it returns nil all of it is
// durable. After ErrUnrecorded the lines are, the notes are the keeper's, and the ledger is told with the next call, which may be without any.
func (l *Local) KeepLogs(ctx context.Context, lines []logbook.Line, notes ...LogNote) error {
	const op = "keep logs"
	leave, err := l.enter(op)
	if err != nil {
		return err
	}
	defer leave()
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book == nil {
		return &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.disk"}
	}
	var own []event.Event
	for _, n := range notes {
		if n.Kind != event.LogsCounted && n.Kind != event.ApplianceAlert {
			return problem.New(problem.Denied, op, string(n.Kind), errors.New("a collector does not record it"))
		}
		own = append(own, event.Event{Kind: n.Kind, When: l.now(), Target: n.Device, Address: n.Address, Note: n.Note, Size: n.Size})
	}
	if len(lines) > 0 {
		b, err := l.logs.book.Append(lines)
		if err != nil {
			kind := problem.Unavailable
			if durable.IsNoSpace(err) {
				kind = problem.NoSpace
			}
			return &problem.Error{Kind: kind, Op: op, On: l.cfg.LogDir, Hint: "hint.disk", Err: err}
		}
		own = append(append([]event.Event{keptOf(b)}, l.reported(lines)...), own...)
	}
	batches := len(lines) > 0 || len(l.logs.unsaid.events) > 0
	if batches {
		l.logs.told.Store(l.logs.told.Load().unsure())
	}
	if err := l.say(ctx, own); err != nil {
		return problem.New(problem.Unavailable, op, "", errors.Join(ErrUnrecorded, err))
	}
	if batches {
		l.logs.told.Store(&logged{l.logs.book.Last().Number, l.log.Head(), true})
	}
	return nil
}

// reported returns the entries of what lines tell of who came and what was changed; l.logs.mu is held.
func (l *Local) reported(lines []logbook.Line) (out []event.Event) {
	now := l.now()
	for i := range lines {
		x := &lines[i]
		if !appliance.Kind(x.Kind).Security() {
			continue
		}
		room := l.logs.rooms[x.Device]
		free := room.take(entriesOfDevice, now)
		l.logs.rooms[x.Device] = room
		if !free {
			f := flood{x.Device, x.Kind}
			if _, ok := l.logs.floods[f]; !ok && len(l.logs.floods) >= maxFloodKinds {
				f = flood{}
			}
			l.logs.floods[f]++
			continue
		}
		out = append(out, event.Event{Kind: event.ApplianceEvent, When: x.Received, Target: x.Device, Address: x.Address, Note: logNote{x.Kind, x.Account, x.Maker, x.Stated}.String()})
	}
	return out
}

// logNote is the note of an entry: what, who, whose appliance says so, and when by its own clock. The names come last but one, as they can hold anything but
// what stands between.
type logNote struct {
	kind, account, maker string
	stated               time.Time
}

func (n logNote) String() string {
	stated := ""
	if !n.stated.IsZero() {
		stated = n.stated.UTC().Format(time.RFC3339)
	}
	return strings.Join([]string{n.kind, n.maker, stated, n.account}, "; ")
}

func parseLogNote(s string) (n logNote) {
	part := strings.SplitN(s, "; ", 4)
	for len(part) < 4 {
		part = append(part, "")
	}
	n = logNote{kind: part[0], maker: part[1], account: part[3]}
	n.stated, _ = time.Parse(time.RFC3339, part[2]) // zero: it stated none
	return n
}

// countedLogs records what was not recorded one by one, each minute.
func (l *Local) countedLogs(ctx context.Context) error {
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	var events []event.Event
	for f, n := range l.logs.floods {
		events = append(events, event.Event{Kind: event.ApplianceEvent, Target: f.device, Size: n, Note: logNote{kind: f.kind}.String()})
	}
	slices.SortFunc(events, func(a, b event.Event) int { return strings.Compare(a.Target+a.Note, b.Target+b.Note) })
	if err := l.append(ctx, events...); err != nil {
		return err
	}
	clear(l.logs.floods)
	return nil
}

// tidyLogs sums up what was not recorded one by one, and removes what is kept long enough; while a case is open nothing is.
func (l *Local) tidyLogs(ctx context.Context) error {
	if err := l.countedLogs(ctx); err != nil {
		return err
	}
	b := l.books.Load()
	if slices.ContainsFunc(b.Cases, func(c *caseState) bool {
		return c.Closed.IsZero() || c.Hold.On || len(c.Hold.Shares) > 0 && c.Hold.Lifted.IsZero()
	}) {
		return nil
	}
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book == nil {
		return nil
	}
	before := l.now().AddDate(0, 0, -showCollecting(b.Collecting).Days)
	return l.logs.book.RemoveBefore(before, func(first uint64, files int) error {
		return l.append(ctx, event.Event{Kind: event.LogsRemoved, Pack: first, Size: int64(files), Until: before})
	})
}

// LogsOnDisk tells how many batches there are, how much room they take and how old the oldest is.
func (l *Local) LogsOnDisk() (batches uint64, bytes int64, since time.Time) {
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book == nil {
		return 0, 0, time.Time{}
	}
	return l.logs.book.Last().Number, l.logs.book.Size(), l.logs.book.Since()
}

// theBook returns the lines, for reading.
func (l *Local) theBook(op string) (*logbook.Book, error) {
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book == nil {
		return nil, &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.disk"}
	}
	return l.logs.book, nil
}

// entryOfLog is what an entry of the ledger says of a batch.
type entryOfLog struct {
	index int64
	event event.Event
}

// logged yields the entries about batches, in their order, and at the end the removals that were recorded.
func (l *Local) logged(ctx context.Context, each func(entryOfLog) error) (removed uint64, err error) {
	r, k, late, err := l.openEvents(ctx)
	if err = errors.Join(err, late); err != nil {
		return 0, err
	}
	defer k.Zero()
	for x, err := range r.Entries(ctx, 0, r.Head().Size) {
		if err != nil {
			return 0, err
		}
		e := openEntry(k, x.Index, x.Data)
		switch {
		case e.Closed != "":
		case e.Event.Kind == event.LogsRemoved:
			removed = max(removed, e.Event.Pack)
		case e.Event.Kind == event.LogsKept:
			if err := each(entryOfLog{x.Index, e.Event}); err != nil {
				return 0, err
			}
		}
	}
	return removed, nil
}

// LogFile is a file of lines, as it is at one moment: it only grows.
type LogFile struct {
	Name string // such as "0000000000000001-0000.log"
	Size int64
	Open func() (durable.File, error)
}

// Read returns what the file held at that moment.
func (f LogFile) Read() (b []byte, err error) {
	file, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b = make([]byte, f.Size)
	if _, err := file.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// logFiles are the files of lines for a copy. A batch that has just been stored may not be told of yet: then it is told of at the start of what is made of
// the copy.
func (l *Local) logFiles() (out []LogFile) {
	l.logs.mu.Lock()
	defer l.logs.mu.Unlock()
	if l.logs.book == nil {
		return nil
	}
	for _, f := range l.logs.book.Files() {
		name := filepath.Join(l.cfg.LogDir, f.Name)
		out = append(out, LogFile{f.Name, f.Size, func() (durable.File, error) { return l.cfg.FS.OpenFile(name, os.O_RDONLY, 0) }})
	}
	return out
}
