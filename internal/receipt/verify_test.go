package receipt

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
)

// verified runs a check.
func verified(t *testing.T, v Verify, x *Receipt) Report {
	t.Helper()
	r, err := v.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProofs: a receipt proves itself; with the key, the reading key and a copy each step more is known, and no more than that is claimed.
func TestProofs(t *testing.T) {
	h := newHouse(t, month(t))
	x := New(h.records[0], november(t))
	for name, c := range map[string]struct {
		v                         Verify
		trusted, opened, complete bool
	}{
		"alone":          {Verify{}, false, false, false},
		"a public key":   {Verify{PublicKey: h.public}, true, false, false},
		"a copy":         {Verify{PublicKey: h.public, Ledger: h.fsys}, true, false, false}, // closed, it tells of no share
		"a reading key":  {Verify{PublicKey: h.public, ReadingKey: h.keys}, true, true, false},
		"everything":     {Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}, true, true, true},
		"no key of ours": {Verify{ReadingKey: h.keys, Ledger: h.fsys}, false, true, true},
	} {
		if r := verified(t, c.v, x); !r.OK() || r.Trusted != c.trusted || r.Opened != c.opened || r.Complete != c.complete || r.Entries != len(x.Entries) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	cut := New(h.records[0], november(t))
	cut.Cut = true
	if r := verified(t, Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}, cut); r.Complete {
		t.Error("a receipt that leaves entries out is complete")
	}
}

// TestTamperingIsNamed: each change of a receipt is found, and what is said names it.
func TestTamperingIsNamed(t *testing.T) {
	h, stranger := newHouse(t, month(t)), newHouse(t, month(t))
	full := Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}
	alone := Verify{PublicKey: h.public}
	for name, c := range map[string]struct {
		v      Verify
		change func(*Receipt)
		want   string
	}{
		"a count":        {alone, func(r *Receipt) { r.Readings[0].Times-- }, "the numbers of released are not those of the entries"},
		"a save":         {alone, func(r *Receipt) { r.Saves = nil }, "the numbers of saved are not"},
		"a byte":         {alone, func(r *Receipt) { r.Entries[1].Sealed[30] ^= 1 }, "entry 3 does not stand in the ledger"},
		"a proof's byte": {alone, func(r *Receipt) { r.Entries[1].Proof = otherHash(r.Entries[1].Proof) }, "entry 3"},
		"a proof":        {alone, func(r *Receipt) { r.Entries[0].Proof = r.Entries[1].Proof }, "the proof is not that of entry 2"},
		"an index":       {alone, func(r *Receipt) { r.Entries[0].Index = 0 }, "the proof is not that of entry 0"},
		"the order":      {alone, func(r *Receipt) { r.Entries[0], r.Entries[1] = r.Entries[1], r.Entries[0] }, "entry 2 stands behind 3"},
		"twice":          {alone, func(r *Receipt) { r.Entries = append(r.Entries, r.Entries[len(r.Entries)-1]); r.Recount(nil) }, "stands behind"},
		"a time":         {alone, func(r *Receipt) { r.Entries[0].Recorded = r.Entries[0].Recorded.Add(time.Millisecond) }, "entry 2 was recorded at another time"},
		"the size":       {alone, func(r *Receipt) { r.Size++ }, "the checkpoint covers 12 entries, the receipt says 13"},
		"the checkpoint": {alone, func(r *Receipt) { r.Checkpoint = strings.Replace(r.Checkpoint, "12", "13", 1) }, "the checkpoint: "},
		"another house":  {alone, func(r *Receipt) { *r = *New(stranger.records[0], november(t)) }, "the receipt is of another log"},
		"files":          {full, func(r *Receipt) { r.Recount(func(e *Entry) { e.Files-- }) }, "entry 2 says something else: released, open, 3 files"},
		"a purpose":      {full, func(r *Receipt) { r.Recount(func(e *Entry) { e.Purpose = "preview" }) }, "entry 2 says something else"},
		"a role":         {full, func(r *Receipt) { r.Recount(func(e *Entry) { e.Role = "staff" }) }, `entry 7 was done by the role "share-manager", the receipt says "staff"`},
		"one left out":   {full, func(r *Receipt) { r.Entries = r.Entries[1:]; r.Recount(nil) }, "entry 2 is missing in the receipt: released"},
		"another share": {full, func(r *Receipt) {
			r.Entries = append(New(h.records[1], november(t)).Entries, r.Entries[3:]...)
			r.Recount(nil)
		}, "entry 5 is of another share"},
		"a longer month":   {full, func(r *Receipt) { r.To = r.To.Add(time.Millisecond) }, "entry 11 is missing in the receipt: released"},
		"a shorter month":  {full, func(r *Receipt) { r.From = r.From.Add(time.Millisecond) }, "entry 2 is of another time"},
		"a shorter ledger": {Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: newHouse(t, nothing).fsys}, func(*Receipt) {}, ""},
	} {
		r := New(h.records[0], november(t))
		for i := range r.Entries {
			r.Entries[i].Sealed = append([]byte(nil), r.Entries[i].Sealed...)
		}
		c.change(r)
		got, err := c.v.Run(t.Context(), r)
		if c.want == "" {
			if err == nil && got.Complete {
				t.Errorf("%s: complete", name)
			}
			continue
		}
		if err != nil || got.OK() || got.Complete || !strings.Contains(strings.Join(got.Wrong, "\n"), c.want) {
			t.Errorf("%s: %v, %q; want %q", name, err, got.Wrong, c.want)
		}
	}
}

// otherHash returns a proof with another letter at the beginning of its first hash.
func otherHash(proof string) string {
	at := strings.Index(proof, "index 3\n") + len("index 3\n")
	other := "A"
	if proof[at] == 'A' {
		other = "B"
	}
	return proof[:at] + other + proof[at+1:]
}

// TestCopiesAreStated: a receipt that tells of media verifies, and whoever checks is told that the firm states it.
func TestCopiesAreStated(t *testing.T) {
	h := newHouse(t, nothing)
	h.records[0].Copies = 2
	got := verified(t, Verify{PublicKey: h.public}, New(h.records[0], november(t)))
	if !got.OK() || !slices.Contains(got.Unproven, "copies") {
		t.Errorf("%+v", got)
	}
}

// TestErasureIsInReceipts: of the month of the erasure and later, not before; a copy of the ledger shows one that is left out.
func TestErasureIsInReceipts(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	h := newHouse(t, func(s [2]id.Share) []event.Event {
		return []event.Event{{Kind: event.ShareErased, When: at, Share: s[0], Target: "albums", Note: "certificate 3; ring 7"}}
	})
	full := Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}
	if got := verified(t, full, New(h.records[0], november(t))); got.OK() {
		t.Error("an erasure is left out, and nothing is said")
	}
	r, err := ledger.NewReader(h.fsys, h.public)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := r.Prove(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range r.Entries(t.Context(), 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		h.records[0].Erasure, h.records[0].Certificate = &account.ShareRecord{Index: 0, Recorded: at, Kind: string(event.ShareErased), Sealed: slices.Clone(e.Data), Proof: proof}, 3
	}
	x := New(h.records[0], november(t))
	if got := verified(t, full, x); !got.OK() || !x.Erased || !x.ErasedAt.Equal(at) {
		t.Errorf("%+v", got)
	}
	x.Number = 4
	if verified(t, full, x).Count == 0 {
		t.Error("another certificate's number is believed")
	}
	october, err := ParseMonth("2026-10", time.Date(2026, 12, 5, 0, 0, 0, 0, tokyo))
	if err != nil {
		t.Fatal(err)
	}
	if x := New(h.records[0], october); x.Erased || x.Erasure != nil {
		t.Error("the month before tells of it")
	}
}
