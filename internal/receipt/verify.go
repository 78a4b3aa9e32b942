package receipt

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Verify checks a receipt, with nothing but it; with a reading key also whether its entries say what it says, and with a copy of the ledger
// whether any is missing.
type Verify struct {
	PublicKey  string             // that whoever checks knows from elsewhere; "": the one in the receipt
	ReadingKey *keeper.ReadingKey // nil: there is none
	Ledger     fs.FS              // nil: there is no copy
}

// Report says what was checked and what is wrong. Its JSON form is a written contract, docs/json.md.
type Report struct {
	Share    string   `json:"share"`
	Month    string   `json:"month"`
	Origin   string   `json:"origin"`
	Size     int64    `json:"size"`
	Entries  int      `json:"entries"`
	Trusted  bool     `json:"trusted"`            // the public key was given; if not, the receipt only agrees with itself
	Opened   bool     `json:"opened"`             // the entries were opened, and say what the receipt says
	Complete bool     `json:"complete"`           // and the copy of the ledger has no others of this share in that time
	Unproven []string `json:"unproven,omitempty"` // parts of the receipt that were not checked: the firm says so
	Wrong    []string `json:"wrong,omitempty"`
	Count    int      `json:"wrong_count"`
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return r.Count == 0 }

const maxWrong = 100

func (r *Report) wrong(format string, args ...any) {
	if r.Count++; len(r.Wrong) < maxWrong {
		r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
	}
}

// Run checks everything. The error tells only that it could not be done.
func (v Verify) Run(ctx context.Context, x *Receipt) (Report, error) {
	r := Report{Share: x.Share, Month: x.Month, Origin: x.Origin, Size: x.Size, Entries: len(x.Entries), Trusted: v.PublicKey != ""}
	key := r.signed(v.PublicKey, x.PublicKey, x.Checkpoint, x.Size)
	r.claims(x)
	for i, e := range x.Entries {
		if err := ctx.Err(); err != nil {
			return r, problem.New(problem.Unavailable, "check receipt", "", err)
		}
		if i > 0 && x.Entries[i-1].Index >= e.Index {
			r.wrong("entry %d stands behind %d", e.Index, x.Entries[i-1].Index)
		}
		r.entry(x.Checkpoint, e, key)
		if v.ReadingKey != nil {
			r.says(x, e, v.ReadingKey)
		}
	}
	if x.Erasure != nil {
		r.entry(x.Checkpoint, *x.Erasure, key)
		if v.ReadingKey != nil {
			r.ends(x.Share, x.Number, *x.Erasure, v.ReadingKey)
		}
	}
	for _, c := range []struct {
		kind event.Kind
		has  []Count
	}{{event.Released, x.Readings}, {event.Saved, x.Saves}, {event.Changed, x.Changes}, {event.Refused, x.Refused}} {
		if want := x.count(c.kind); len(want)+len(c.has) > 0 && !reflect.DeepEqual(want, c.has) {
			r.wrong("the numbers of %s are not those of the entries", c.kind)
		}
	}
	r.Opened, r.Unproven = v.ReadingKey != nil, unproven(x, nil)
	if v.Ledger != nil && v.ReadingKey != nil {
		return r, r.complete(ctx, x, v, key)
	}
	return r, nil
}

// signed checks the checkpoint that all proofs lead to, and returns the key that it is checked with.
func (r *Report) signed(trusted, own, checkpoint string, size int64) string {
	key := trusted
	if trusted == "" {
		key = own
	} else if strings.TrimSpace(own) != key {
		r.wrong("the receipt is of another log: %s", own)
	}
	head, err := ledger.CheckCheckpoint([]byte(checkpoint), key)
	if err != nil {
		r.wrong("the checkpoint: %v", err)
	} else if head.Size != size {
		r.wrong("the checkpoint covers %d entries, the receipt says %d", head.Size, size)
	}
	return key
}

// claims checks what a receipt says of itself: that its time is that of its month, and nothing that no program can have certified.
func (r *Report) claims(x *Receipt) {
	if e := x.Erasure; x.Erased != (e != nil) || e == nil && (!x.ErasedAt.IsZero() || x.Number != 0) ||
		e != nil && (!e.Recorded.Equal(x.ErasedAt) || !e.Recorded.Before(x.To) || e.Kind != string(event.ShareErased)) {
		r.wrong("what it tells of an erasure does not agree with the entry that should say so")
	}
	first, err := time.Parse("2006-01", x.Month)
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() <= 14*time.Hour } // wherever the house is
	if over := near(x.To, first.AddDate(0, 1, 0)); err != nil || !near(x.From, first) || !over && x.To.Sub(x.Made).Abs() > time.Minute {
		r.wrong("it covers %v to %v, which is not the month %q", x.From, x.To, x.Month)
	}
}

// entry checks that an entry stands in the ledger of the checkpoint.
func (r *Report) entry(of string, e Entry, key string) {
	top, checkpoint, ok := strings.Cut(e.Proof, "\n\n")
	if !ok || checkpoint != of {
		r.wrong("the proof of entry %d leads to another checkpoint", e.Index)
		return
	}
	if !slices.Contains(strings.Split(top, "\n"), "index "+strconv.FormatInt(e.Index, 10)) {
		r.wrong("the proof is not that of entry %d", e.Index)
		return
	}
	if err := ledger.CheckProof([]byte(e.Proof), e.Sealed, key); err != nil {
		r.wrong("entry %d does not stand in the ledger: %v", e.Index, err)
		return
	}
	if at, ok := ledger.EntryTime(e.Sealed); !ok || !at.Equal(e.Recorded) {
		r.wrong("entry %d was recorded at another time than the receipt says", e.Index)
	}
}

// says checks that an entry says what the receipt says of it.
func (r *Report) says(x *Receipt, e Entry, k *keeper.ReadingKey) {
	o := keeper.ShowEntry(k, e.Index, e.Sealed)
	switch {
	case o.Closed != "":
		r.wrong("entry %d does not open with this reading key", e.Index)
	case o.ShareName != x.Share:
		r.wrong("entry %d is of another share", e.Index)
	case string(o.Event.Kind) != e.Kind || string(o.Event.Purpose) != e.Purpose || len(o.Event.Files) < e.Files || len(o.Event.Files) > e.Files && x.School == "":
		r.wrong("entry %d says something else: %s, %s, %d files", e.Index, o.Event.Kind, o.Event.Purpose, len(o.Event.Files))
	case o.Event.When.Before(x.From) || !o.Event.When.Before(x.To):
		r.wrong("entry %d is of another time", e.Index)
	}
}

// ends checks that an entry says that the keys of a share are destroyed, under the number of a certificate.
func (r *Report) ends(share string, number int, e Entry, k *keeper.ReadingKey) {
	o := keeper.ShowEntry(k, e.Index, e.Sealed)
	switch {
	case o.Closed != "":
		r.wrong("entry %d does not open with this reading key", e.Index)
	case o.Event.Kind != event.ShareErased || o.ShareName != share || !strings.HasPrefix(o.Event.Note, fmt.Sprintf("certificate %d;", number)):
		r.wrong("entry %d says something else: %s, %s", e.Index, o.Event.Kind, o.Event.Note)
	}
}

// complete looks through a copy of the ledger for entries that the receipt should have.
func (r *Report) complete(ctx context.Context, x *Receipt, v Verify, key string) error {
	copied, err := ledger.NewReader(v.Ledger, key)
	if err != nil {
		return err
	}
	if copied.Head().Size < x.Size {
		r.wrong("the copy has %d entries, the receipt's ledger %d", copied.Head().Size, x.Size)
		return nil
	}
	has, roles, about := make(map[int64]Entry, len(x.Entries)), keeper.NewRoles(), &beside{x: x}
	for _, e := range x.Entries {
		has[e.Index] = e
	}
	for e, err := range copied.Entries(ctx, 0, x.Size) {
		if err != nil {
			return err
		}
		o := keeper.ShowEntry(v.ReadingKey, e.Index, e.Data)
		roles.Learn(&o)
		mine, named := has[e.Index]
		about.learn(&o, named)
		switch {
		case named && !bytes.Equal(mine.Sealed, e.Data):
			r.wrong("entry %d of the copy is another one", e.Index)
		case named && roles.Of(&o) != mine.Role:
			r.wrong("entry %d was done by the role %q, the receipt says %q", e.Index, roles.Of(&o), mine.Role)
		case !x.Erased && o.Closed == "" && o.Event.Kind == event.ShareErased && o.ShareName == x.Share && o.Event.When.Before(x.To):
			r.wrong("entry %d says that the share was erased, the receipt does not", e.Index)
		case !named && x.School == "" && o.Closed == "" && o.ShareName == x.Share && keeper.InReceipt(o.Event.Kind) && !o.Event.When.Before(x.From) && o.Event.When.Before(x.To):
			r.wrong("entry %d is missing in the receipt: %s", e.Index, o.Event.Kind)
		}
	}
	r.Unproven = unproven(x, about.compare(r))
	r.Complete = r.OK() && x.School == "" && !x.Cut && x.Unread == 0 // what is wrong elsewhere takes this back, too
	return nil
}
