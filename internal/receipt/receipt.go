// Package receipt is what somebody who has entrusted files gets to keep each month: how often they were read and saved, by whom as a role, what
// touched them, and the proofs that the entries of the ledger behind the numbers stand there. It names nobody, and shows no entry of another
// share.
package receipt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/problem"
)

// Receipt is of one share and one month. Its JSON form is a written contract, docs/json.md.
type Receipt struct {
	Format    int                 `json:"format"`
	Firm      string              `json:"firm,omitempty"`
	Share     string              `json:"share"`
	School    string              `json:"school,omitempty"` // of a share with several, the one that it is about: of its files alone
	Shared    int                 `json:"shared,omitempty"` // files that were read or saved and could not be attributed to one school
	Client    string              `json:"client,omitempty"`
	Year      int                 `json:"year,omitempty"`
	Data      []string            `json:"data,omitempty"`
	Purpose   string              `json:"purpose,omitempty"`
	Retention string              `json:"retention,omitempty"` // as the register says
	Month     string              `json:"month"`
	From      time.Time           `json:"from"` // in the house's zone
	To        time.Time           `json:"to"`   // not included; of a month that is not over, when it was made
	Made      time.Time           `json:"made"`
	Readings  []Count             `json:"readings"`
	Saves     []Count             `json:"saves"`
	Changes   []Count             `json:"changes"`
	Refused   []Count             `json:"refused"`
	Readers   map[string]int      `json:"readers"` // accounts that may read, by role, when it was made
	Writers   map[string]int      `json:"writers"`
	Freezes   []time.Time         `json:"freezes"`            // of the share, or of everything
	Cases     []account.ShareCase `json:"cases"`              // whose suspects have read or saved here in that time
	Copies    int                 `json:"copies"`             // media that have what stands here, of some time since the share was made
	Removals  []Removal           `json:"removals,omitempty"` // by the rule of the share, in that time, the last first
	Holding   int                 `json:"holding,omitempty"`  // media that may still have what was removed last, when the receipt was made
	Erased    bool                `json:"erased"`             // the share's keys were destroyed, in this month or before
	ErasedAt  time.Time           `json:"erased_at,omitzero"`
	Number    int                 `json:"certificate,omitempty"` // of erasure
	Erasure   *Entry              `json:"erasure,omitempty"`     // the entry that says so
	Unread    int64               `json:"unread"`                // entries of the time that could not be opened
	Silence   float64             `json:"silence"`               // the longest time between two entries of the ledger while the keeper was up, in seconds
	Cut       bool                `json:"cut"`                   // there are more entries than a receipt can hold: the numbers are too small

	Origin     string  `json:"origin"`
	PublicKey  string  `json:"public_key"`
	Size       int64   `json:"size"` // entries that the checkpoint covers
	Checkpoint string  `json:"checkpoint"`
	Entries    []Entry `json:"entries"`
}

// Removal is a removal by the rule of the share.
type Removal struct {
	At       time.Time `json:"at"`
	Versions int64     `json:"versions"`
	Number   int       `json:"number"`
}

// Count is how often something was done by one role for one purpose.
type Count struct {
	Role    string `json:"role"`              // "" where the ledger does not tell
	Purpose string `json:"purpose,omitempty"` // of readings
	Times   int    `json:"times"`             // entries of the ledger
	Files   int    `json:"files"`             // in them; a file counts each time
}

// Entry is an entry of the ledger, closed, with what is said of it.
type Entry struct {
	Index    int64     `json:"index"`
	Recorded time.Time `json:"recorded"`
	Kind     string    `json:"kind"`
	Role     string    `json:"role"`
	Purpose  string    `json:"purpose,omitempty"`
	Files    int       `json:"files"`
	Sealed   []byte    `json:"sealed"`
	Proof    string    `json:"proof"` // C2SP tlog-proof
}

const format = 1

// Month is a month in the house's zone.
type Month struct {
	Name     string // "2026-11"
	From, To time.Time
}

// ParseMonth reads "2026-11"; nothing is the month of now. Of a month that is not over it is what there is.
func ParseMonth(text string, now time.Time) (Month, error) {
	if text == "" {
		text = now.Format("2006-01")
	}
	from, err := time.ParseInLocation("2006-01", text, now.Location())
	if err != nil || from.After(now) || from.Year() < 2000 {
		return Month{}, &problem.Error{Kind: problem.Invalid, Op: "make receipt", On: text, Hint: "hint.receipt-month", Err: err}
	}
	to := from.AddDate(0, 1, 0)
	if to.After(now) {
		to = now
	}
	return Month{text, from, to}, nil
}

// New makes a receipt.
func New(x account.ShareRecords, m Month) *Receipt {
	r := &Receipt{Format: format, Firm: x.Firm, Share: x.Share, School: x.School, Shared: x.Shared, Client: x.Register.Client, Year: x.Register.Year, Data: x.Register.Data, Purpose: x.Register.Purpose,
		Retention: x.Register.Retention, Month: m.Name, From: m.From, To: m.To, Made: x.Made.UTC(), Readers: x.Readers, Writers: x.Writers, Freezes: x.Freezes, Cases: x.Cases, Copies: x.Copies,
		Unread: x.Closed, Silence: x.Silence.Seconds(), Cut: x.Cut, Origin: x.Origin, PublicKey: x.PublicKey, Size: x.Entries, Checkpoint: string(x.Checkpoint)}
	for _, m := range x.Removed {
		r.Removals = append(r.Removals, Removal{m.Ended.UTC(), m.Versions, m.Number})
	}
	r.Holding = x.Holding
	for _, e := range x.Records {
		r.Entries = append(r.Entries, entryOf(e))
	}
	if x.Erasure != nil && x.Erasure.Recorded.Before(m.To) {
		e := entryOf(*x.Erasure)
		r.Erased, r.ErasedAt, r.Number, r.Erasure = true, e.Recorded, x.Certificate, &e
	}
	if m.To.Before(m.From.AddDate(0, 1, 0)) { // of a month that goes on it is as of its end, however long it takes to make
		r.Made = m.To.UTC()
	}
	r.Recount(nil)
	return r
}

func entryOf(e account.ShareRecord) Entry {
	return Entry{Index: e.Index, Recorded: e.Recorded.UTC(), Kind: e.Kind, Role: e.Role, Purpose: string(e.Purpose), Files: e.Files, Sealed: e.Sealed, Proof: string(e.Proof)}
}

// count adds up the entries of a kind.
func (r *Receipt) count(kind event.Kind) []Count {
	out := []Count{}
	for _, e := range r.Entries {
		if e.Kind != string(kind) {
			continue
		}
		i := slices.IndexFunc(out, func(c Count) bool { return c.Role == e.Role && c.Purpose == e.Purpose })
		if i < 0 {
			i = len(out)
			out = append(out, Count{Role: e.Role, Purpose: e.Purpose})
		}
		out[i].Times, out[i].Files = out[i].Times+1, out[i].Files+e.Files
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Purpose, b.Purpose)) })
	return out
}

// Marshal returns the form that can be verified.
func (r *Receipt) Marshal() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return nil, problem.New(problem.Internal, "make receipt", r.Share, err)
	}
	return append(b, '\n'), nil
}

// MaxSize bounds a receipt that is read: it may come from anybody.
const MaxSize = 128 << 20

// Parse reads what Marshal returned, and nothing else.
func Parse(b []byte) (*Receipt, error) {
	r := &Receipt{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(r)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more behind it")
		}
	}
	if err == nil && r.Format != format {
		err = fmt.Errorf("format %d", r.Format)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Damaged, Op: "check receipt", Hint: "hint.no-such-receipt", Err: err}
	}
	return r, nil
}

// FileName is what a receipt is called as a file of a kind, "json" if none is named.
func (r *Receipt) FileName(kind string) string {
	name := r.Share
	if r.School != "" {
		name += "-" + r.School
	}
	name = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) || c < ' ' {
			return '_'
		}
		return c
	}, name)
	return fmt.Sprintf("receipt-%s-%s.%s", name, r.Month, cmp.Or(kind, "json"))
}

// Recount makes the numbers agree with the entries again, after change was done to each.
func (r *Receipt) Recount(change func(*Entry)) {
	for i := range r.Entries {
		if change != nil {
			change(&r.Entries[i])
		}
	}
	r.Readings, r.Saves, r.Changes, r.Refused = r.count(event.Released), r.count(event.Saved), r.count(event.Changed), r.count(event.Refused)
}
