package keeper

import (
	"context"
	"iter"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/syslog"
)

const (
	usualLines = 200
	maxLines   = 1_000_000
	maxFilter  = 200 // letters of each thing that is searched for
)

// SearchLogs yields the lines that a query picks, the newest first, to who may read the whole ledger. They tell of people: that they were searched, and
// for what, stands in the ledger before the first is shown. It holds one batch at a time.
func (l *Local) SearchLogs(ctx context.Context, s id.Session, q account.LogQuery) iter.Seq2[account.LogLine, error] {
	return func(yield func(account.LogLine, error) bool) {
		const op = "read logs"
		f, book, err := l.beginSearch(ctx, s, op, q)
		if err != nil {
			yield(account.LogLine{}, err)
			return
		}
		found := 0
		for p, err := range book.Newest(ctx, f.q.From, f.q.To, false) {
			if err != nil {
				yield(account.LogLine{}, err)
				return
			}
			for i := len(p.Content) - 1; i >= 0; i-- { // of one that does not open there are none: azekura collect verify names it
				x := &p.Content[i]
				if !f.picks(x) {
					continue
				}
				text := syslog.Text(x.Raw)
				if !f.says(text) {
					continue
				}
				out := account.LogLine{Received: x.Received, Stated: x.Stated, Device: x.Device, Source: x.Source, Maker: x.Maker, Kind: x.Kind, Account: x.Account, Address: x.Address, Text: text, Batch: p.Number, Line: i + 1}
				if text != string(x.Raw) {
					out.Raw = x.Raw
				}
				if found++; !yield(out, nil) || found == f.q.Limit {
					return
				}
			}
		}
	}
}

// beginSearch checks a query and records it.
func (l *Local) beginSearch(ctx context.Context, s id.Session, op string, q account.LogQuery) (f logFilter, book *logbook.Book, err error) {
	if f, err = newLogFilter(op, q, l.now()); err != nil {
		return f, nil, err
	}
	leave, err := l.enter(op)
	if err != nil {
		return f, nil, err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return f, nil, err
	}
	if !l.books.Load().may(by, account.ReadLedger) {
		return f, nil, notAllowed(op)
	}
	if book, err = l.theBook(op); err != nil {
		return f, nil, err
	}
	e := acting(event.LogsRead, by)
	e.Note = f.String()
	return f, book, l.append(ctx, e)
}

// logFilter is a query that was checked.
type logFilter struct {
	q       account.LogQuery
	device  string
	account string
	network netip.Prefix
	text    string
}

func newLogFilter(op string, q account.LogQuery, now time.Time) (logFilter, error) {
	f := logFilter{device: accountKey(q.Device), account: accountKey(q.Account), text: strings.ToLower(q.Text)}
	for _, x := range []string{q.Device, q.Kind, q.Account, q.Text} {
		if !utf8.ValidString(x) || utf8.RuneCountInString(x) > maxFilter {
			return f, unfit(op, cut(strings.ToValidUTF8(x, ""), maxFilter), "hint.log-filter")
		}
	}
	if q.Address != "" {
		var ok bool
		if f.network, ok = prefix(strings.TrimSpace(q.Address)); !ok {
			return f, unfit(op, q.Address, "hint.log-filter")
		}
	}
	if q.To.IsZero() {
		q.To = now.Add(time.Minute)
	}
	if q.Limit == 0 {
		q.Limit = usualLines
	}
	if q.Limit < 0 || q.Limit > maxLines || !q.From.Before(q.To) {
		return f, unfit(op, "", "hint.log-filter")
	}
	f.q = q
	return f, nil
}

// picks looks at everything but the text, which takes longer to read.
func (f *logFilter) picks(x *logbook.Line) bool {
	switch {
	case x.Received.Before(f.q.From), !x.Received.Before(f.q.To):
		return false
	case f.q.Kind != "" && x.Kind != f.q.Kind:
		return false
	case f.device != "" && accountKey(x.Device) != f.device:
		return false
	case f.account != "" && (x.Account == "" || accountKey(x.Account) != f.account):
		return false
	case f.network.IsValid() && !(x.Address.IsValid() && f.network.Contains(x.Address)) && !(x.Source.IsValid() && f.network.Contains(x.Source)):
		return false
	}
	return true
}

// says looks for a text, in any case. Of millions of lines it makes no copies: what is searched for is most often ASCII.
func (f *logFilter) says(text string) bool {
	if f.text == "" {
		return true
	}
	first := f.text[0]
	if first >= utf8.RuneSelf {
		return strings.Contains(strings.ToLower(text), f.text)
	}
	other := first
	if 'a' <= first && first <= 'z' {
		other -= 'a' - 'A'
	}
	for i := 0; i+len(f.text) <= len(text); i++ {
		if c := text[i]; (c == first || c == other) && strings.EqualFold(text[i:i+len(f.text)], f.text) {
			return true
		}
	}
	return false
}

// String is what the ledger tells of a search.
func (f *logFilter) String() string {
	var out []string
	for _, x := range [][2]string{{"device", f.q.Device}, {"kind", f.q.Kind}, {"account", f.q.Account}, {"address", f.q.Address}, {"text", f.q.Text}} {
		if x[1] != "" {
			out = append(out, x[0]+"="+x[1])
		}
	}
	if !f.q.From.IsZero() {
		out = append(out, "from="+f.q.From.UTC().Format(time.RFC3339))
	}
	return strings.Join(append(out, "to="+f.q.To.UTC().Format(time.RFC3339)), " ")
}
