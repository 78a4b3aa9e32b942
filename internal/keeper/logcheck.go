package keeper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/logbook"
)

// maxLogFindings is how many are told one by one.
const maxLogFindings = 1000

// VerifyLogs reads every line that is stored and compares it with what the ledger knows of it. The ledger records what was found.
func (l *Local) VerifyLogs(ctx context.Context, s id.Session) (account.LogCheck, error) {
	const op = "verify logs"
	out := account.LogCheck{Findings: []account.LogFinding{}}
	by, err := l.live(s)
	if err != nil {
		return out, err
	}
	if b := l.books.Load(); !b.may(by, account.ReadLedger) && !b.may(by, account.Care) {
		return out, notAllowed(op)
	}
	book, err := l.theBook(op)
	if err != nil {
		return out, err
	}
	a := logAudit{out: &out}
	if err := a.run(ctx, l, book); err != nil {
		return out, err
	}
	leave, err := l.enter(op)
	if err != nil {
		return out, err
	}
	defer leave()
	e := acting(event.LogsChecked, by)
	e.Size, e.Note = int64(out.Found), event.NoFindings
	if out.Found > 0 {
		e.Note = fmt.Sprintf("%d findings", out.Found)
	}
	return out, l.append(ctx, e)
}

// logAudit goes through the batches that are stored and the ledger's entries about them side by side: both are in the order of their numbers. It holds
// one batch, and what it misses.
type logAudit struct {
	out  *account.LogCheck
	next func() (logbook.Page, error, bool)
	page logbook.Page
	err  error
	more bool
	hurt bool // before page, or before the end, are bytes that are no batch

	lowest  uint64               // the first that is stored
	last    uint64               // the last of which the ledger tells
	before  []account.LogFinding // of those below lowest: the first and the last
	early   uint64               // how many they are
	missing []account.LogFinding
}

func (a *logAudit) run(ctx context.Context, l *Local, book *logbook.Book) error {
	next, stop := iter.Pull2(book.Pages(ctx))
	defer stop()
	a.next = next
	a.advance()
	switch {
	case a.hurt: // the first may have been any
		a.lowest = book.First()
	case a.more:
		a.lowest = a.page.Number
	default:
		a.lowest = ^uint64(0)
	}
	removed, err := l.logged(ctx, a.entry)
	if err = errors.Join(err, a.err); err != nil {
		return err
	}
	for a.more && a.err == nil && a.page.Number <= a.last { // what is newer was written while this went on
		a.stray()
	}
	a.gone(removed)
	for _, f := range a.missing {
		a.finding(f)
	}
	slices.SortStableFunc(a.out.Findings, func(x, y account.LogFinding) int { return int(min(x.Batch, 1<<62)) - int(min(y.Batch, 1<<62)) })
	return a.err
}

// advance goes on to the next batch. What a crash has torn lies between two, too, and is no finding: the ledger misses nothing there.
func (a *logAudit) advance() {
	a.hurt = false
	for {
		if a.page, a.err, a.more = a.next(); !a.more || a.err != nil || a.page.Number > 0 {
			return
		}
		a.hurt = true
	}
}

func (a *logAudit) finding(f account.LogFinding) {
	if a.out.Found++; len(a.out.Findings) < maxLogFindings {
		a.out.Findings = append(a.out.Findings, f)
	}
}

// entry compares what the ledger tells of a batch with the batch.
func (a *logAudit) entry(e entryOfLog) error {
	n := e.event.Pack
	for a.more && a.err == nil && a.page.Number < n && a.page.Number >= a.lowest && n >= a.lowest {
		a.stray()
	}
	if a.err != nil || n <= a.last { // told again after a start
		return a.err
	}
	a.last = n
	f := account.LogFinding{Batch: n, Entry: e.index, Lines: e.event.Size, When: e.event.When}
	switch {
	case n < a.lowest:
		f.Reason = "missing"
		if a.early++; len(a.before) == 0 {
			a.before = []account.LogFinding{f, f}
		}
		a.before[1] = f
		return nil
	case !a.more || a.page.Number != n:
		if f.Reason = "missing"; a.hurt {
			f.Reason = "damaged"
		}
		if len(a.missing) < maxLogFindings {
			a.missing = append(a.missing, f)
		} else {
			a.out.Found++
		}
		return nil
	case a.page.Err != nil:
		f.Reason, f.Text = "changed", a.page.Err.Error()
		a.finding(f)
	case a.page.Root != e.event.Digest || int64(a.page.Lines) != e.event.Size:
		f.Reason = "changed"
		a.finding(f)
	default:
		a.out.Batches++
		a.out.Lines += int64(a.page.Lines)
	}
	a.advance()
	return a.err
}

// stray tells of a batch that stands where it was not written, or that nobody has recorded.
func (a *logAudit) stray() {
	f := account.LogFinding{Batch: a.page.Number, Reason: "unknown", Entry: -1, Lines: int64(a.page.Lines), When: a.page.Last}
	if i := slices.IndexFunc(a.missing, func(x account.LogFinding) bool { return x.Batch == f.Batch }); i >= 0 {
		f.Reason, f.Entry = "order", a.missing[i].Entry
		a.missing = slices.Delete(a.missing, i, i+1)
	} else if len(a.before) > 0 && f.Batch >= a.before[0].Batch && f.Batch <= a.before[1].Batch {
		f.Reason, f.Entry = "order", a.before[0].Entry
		a.early--
	}
	a.finding(f)
	a.advance()
}

// gone tells of the batches before all that are there: those whose time was over stand in the ledger as removed.
func (a *logAudit) gone(removed uint64) {
	if len(a.before) == 0 || a.early == 0 {
		return
	}
	first, last := a.before[0], a.before[1]
	if last.Batch < removed {
		a.out.Removed = a.early
		return
	}
	if first.Batch < removed {
		a.out.Removed = removed - first.Batch
		first.Batch, first.Entry = removed, -1
	}
	if first.Batch != last.Batch {
		first.Lines, first.Text = 0, fmt.Sprintf("%d – %d", first.Batch, last.Batch)
	}
	a.finding(first)
}
