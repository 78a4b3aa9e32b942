package receipt

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
)

var tokyo = time.FixedZone("JST", 9*3600)

// november is the month of the test's receipts.
func november(t *testing.T) Month {
	t.Helper()
	m, err := ParseMonth("2026-11", time.Date(2026, 12, 5, 0, 0, 0, 0, tokyo))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// house is a ledger of two shares, with a copy and a reading key.
type house struct {
	fsys    fs.FS
	public  string
	keys    *keeper.ReadingKey
	shares  [2]id.Share
	records [2]account.ShareRecords
}

// newHouse writes events into a ledger and collects the records of both shares from it, as the keeper does.
func newHouse(t *testing.T, events func(shares [2]id.Share) []event.Event) *house {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	dir, sealing, paths := t.TempDir(), seal.NewKey(), seal.NewKey()
	h := &house{fsys: os.DirFS(dir), public: public, shares: [2]id.Share{id.NewShare(), id.NewShare()}}
	h.keys, err = keeper.ParseReadingKey(fmt.Appendf(nil, `{"format":1,"made":"2026-07-12T00:00:00Z","origin":"azekura.test","public_key":%q,"entries":%q,"shares":[{"id":%q,"name":"albums","paths":%q},{"id":%q,"name":"orders","paths":%q}]}`,
		public, hex.EncodeToString(sealing[:]), h.shares[0], hex.EncodeToString(paths[:]), h.shares[1], hex.EncodeToString(paths[:])))
	if err != nil {
		t.Fatal(err)
	}
	log, err := ledger.Open(t.Context(), ledger.Config{FS: durable.OS(), Dir: dir, Origin: "azekura.test", Signer: signer, Verifier: verifier, FileSize: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	sealer := ledger.NewSealer(sealing)
	for _, e := range events(h.shares) {
		b, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		entry, err := sealer.Seal(e.When, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.collect(t)
	return h
}

func (h *house) collect(t *testing.T) {
	t.Helper()
	r, err := ledger.NewReader(h.fsys, h.public)
	if err != nil {
		t.Fatal(err)
	}
	roles, m, last := keeper.NewRoles(), november(t), time.Time{}
	for i, name := range []string{"albums", "orders"} {
		h.records[i] = account.ShareRecords{Share: name, Firm: "株式会社テスト印刷", Made: m.To.Add(time.Hour), Origin: "azekura.test", PublicKey: h.public, Checkpoint: r.Checkpoint(), Entries: r.Head().Size,
			Readers: map[string]int{"staff": 2, "administrator": 1}, Writers: map[string]int{"staff": 1}, Register: account.Register{Client: "第一小学校", Year: 2026, Retention: "2027-03-31"}}
	}
	for e, err := range r.Entries(t.Context(), 0, r.Head().Size) {
		if err != nil {
			t.Fatal(err)
		}
		o := keeper.ShowEntry(h.keys, e.Index, e.Data)
		roles.Learn(&o)
		if !o.Event.When.Before(m.From) && o.Event.When.Before(m.To) {
			for i := range h.records {
				if x := &h.records[i]; !last.IsZero() {
					x.Silence = max(x.Silence, o.Recorded.Sub(last))
				}
			}
			last = o.Recorded
		}
		i := slices.Index(h.shares[:], o.Event.Share)
		if i < 0 || !keeper.InReceipt(o.Event.Kind) || o.Event.When.Before(m.From) || !o.Event.When.Before(m.To) {
			continue
		}
		proof, err := r.Prove(t.Context(), e.Index)
		if err != nil {
			t.Fatal(err)
		}
		h.records[i].Records = append(h.records[i].Records, account.ShareRecord{Index: e.Index, Recorded: o.Recorded, Kind: string(o.Event.Kind), Role: roles.Of(&o), Purpose: o.Event.Purpose,
			Files: len(o.Event.Files), Sealed: bytes.Clone(e.Data), Proof: proof})
	}
}

// month is what happens in the test: by a person whose role changes in it, the console, and somebody of whom the ledger tells no role.
func month(t *testing.T) func([2]id.Share) []event.Event {
	m := november(t)
	return func(s [2]id.Share) []event.Event {
		sato, nobody := id.NewAccount(), id.NewAccount()
		files := func(n int) []event.File { return make([]event.File, n) }
		return []event.Event{
			{Kind: event.AccountMade, When: m.From.AddDate(-1, 0, 0), Target: "Sato", Note: "staff"},
			{Kind: event.Released, When: m.From.Add(-time.Millisecond), Account: sato, Actor: "sato", Share: s[0], Purpose: account.Open, Files: files(50)}, // October
			{Kind: event.Released, When: m.From, Account: sato, Actor: "sato", Share: s[0], Purpose: account.Open, Files: files(3)},                         // its first moment
			{Kind: event.Released, When: m.From.Add(time.Hour), Account: sato, Actor: "sato", Share: s[0], Purpose: account.Open, Files: files(4)},
			{Kind: event.Released, When: m.From.Add(time.Hour), Account: sato, Actor: "sato", Share: s[0], Purpose: account.Export, Files: files(1)},
			{Kind: event.Released, When: m.From.Add(time.Hour), Account: sato, Actor: "sato", Share: s[1], Purpose: account.Open, Files: files(9)},
			{Kind: event.AccountChanged, When: m.From.Add(2 * time.Hour), Target: "sato", Note: "role: share-manager"},
			{Kind: event.Released, When: m.From.Add(3 * time.Hour), Account: sato, Actor: "SATO", Share: s[0], Purpose: account.Open, Files: files(2)},
			{Kind: event.Saved, When: m.From.Add(4 * time.Hour), Share: s[0], Files: files(7)}, // the console
			{Kind: event.Refused, When: m.From.Add(5 * time.Hour), Account: nobody, Actor: "nobody", Share: s[0], Purpose: account.Open, Files: files(1)},
			{Kind: event.Changed, When: m.To.Add(-time.Millisecond), Account: sato, Actor: "sato", Share: s[0], Note: "removed", Files: files(1)}, // its last
			{Kind: event.Released, When: m.To, Account: sato, Actor: "sato", Share: s[0], Purpose: account.Open, Files: files(60)},                // December
		}
	}
}

// TestCounts: by the role of that time and by purpose; a file counts each time; the edges of the month are sharp, and another share is not in it.
func TestCounts(t *testing.T) {
	h := newHouse(t, month(t))
	r := New(h.records[0], november(t))
	for what, c := range map[string]struct{ got, want []Count }{
		"readings": {r.Readings, []Count{{"share-manager", "open", 1, 2}, {"staff", "export", 1, 1}, {"staff", "open", 2, 7}}},
		"saves":    {r.Saves, []Count{{"console", "", 1, 7}}},
		"changes":  {r.Changes, []Count{{"share-manager", "", 1, 1}}},
		"refused":  {r.Refused, []Count{{"", "open", 1, 1}}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %+v, want %+v", what, c.got, c.want)
		}
	}
	if other := New(h.records[1], november(t)); !reflect.DeepEqual(other.Readings, []Count{{"staff", "open", 1, 9}}) || len(other.Entries) != 1 {
		t.Errorf("the other share: %+v", other.Readings)
	}
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := again.Marshal(); err != nil || !bytes.Equal(b, c) || !again.From.Equal(r.From) || !bytes.Contains(b, []byte(`"from": "2026-11-01T00:00:00+09:00"`)) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), append(b, '1'), bytes.Replace(b, []byte(`"format"`), []byte(`"formal"`), 1), bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 2`), 1)} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%.40q is a receipt", bad)
		}
	}
}

// TestMonthEdges: a month begins and ends at midnight of the house's zone, the one that goes on ends now, and no other text is one.
func TestMonthEdges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 30, 15, 30, 0, 0, time.UTC) // in Tokyo it is December already
	for _, c := range []struct {
		text           string
		zone           *time.Location
		name, from, to string
	}{
		{"2026-11", tokyo, "2026-11", "2026-10-31T15:00:00Z", "2026-11-30T15:00:00Z"},
		{"", tokyo, "2026-12", "2026-11-30T15:00:00Z", "2026-11-30T15:30:00Z"},
		{"", time.UTC, "2026-11", "2026-11-01T00:00:00Z", "2026-11-30T15:30:00Z"},
		{"2024-02", tokyo, "2024-02", "2024-01-31T15:00:00Z", "2024-02-29T15:00:00Z"},
		{"2026-03", berlin, "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"}, // an hour shorter
		{"2026-10", berlin, "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
	} {
		m, err := ParseMonth(c.text, now.In(c.zone))
		if err != nil || m.Name != c.name || m.From.UTC().Format(time.RFC3339) != c.from || m.To.UTC().Format(time.RFC3339) != c.to {
			t.Errorf("%q in %v: %s, %v to %v, %v", c.text, c.zone, m.Name, m.From.UTC(), m.To.UTC(), err)
		}
	}
	for _, bad := range []string{"2026-12", "2027-01", "2026-13", "2026-1", "1999-12", "november", "2026-11-01"} {
		if _, err := ParseMonth(bad, now); err == nil {
			t.Errorf("%q is a month", bad)
		}
	}
}
