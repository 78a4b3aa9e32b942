package receipt

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
)

// nothing happens to any share.
func nothing([2]id.Share) []event.Event {
	return []event.Event{{Kind: event.Heartbeat, When: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)}}
}

// paper is a receipt as people see it, without its marks.
func paper(t *testing.T, r *Receipt, l lang.Lang) string {
	t.Helper()
	b, err := r.HTML(l)
	if err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(string(b))
}

// TestEmptyMonth: of a month without any entry the receipt is sound, and says what the records show, not that nothing was.
func TestEmptyMonth(t *testing.T) {
	h := newHouse(t, nothing)
	r := New(h.records[0], november(t))
	if len(r.Readings)+len(r.Saves)+len(r.Changes)+len(r.Refused)+len(r.Entries) > 0 {
		t.Errorf("%+v", r)
	}
	if got := verified(t, Verify{PublicKey: h.public, ReadingKey: h.keys, Ledger: h.fsys}, r); !got.OK() || !got.Complete {
		t.Errorf("%+v", got)
	}
	for l, want := range map[lang.Lang][2]string{lang.English: {"The records show none.", "The records show no freeze, and no case, that touched these files in that time."}, lang.Japanese: {"記録上、ありません。", "凍結と事案の記録はありません。"}} {
		text := paper(t, r, l)
		if strings.Count(text, want[0]) != 3 || !strings.Contains(text, want[1]) {
			t.Errorf("%v: %s", l, text)
		}
	}
}

// TestWhatIsKept: what the receipt says of retention, copies and erasure is no more than the program knows; gaps are in front.
func TestWhatIsKept(t *testing.T) {
	h := newHouse(t, month(t))
	for l, c := range map[lang.Lang]struct{ kept, copies, erasure, unwritten, gaps string }{
		lang.English:  {"2027-03-31", "What people have copied by other means is not in its records.", "There is none: the files are still kept.", "not written down in the register", "4 entries could not be read"},
		lang.Japanese: {"2027-03-31", "ほかの方法で作成された複製は、記録に含まれません", "ありません。ファイルは保管中です。", "台帳に記載なし", "読み取れない記録 4 件"},
	} {
		r := New(h.records[0], november(t))
		text := paper(t, r, l)
		for _, want := range []string{c.kept, c.copies, c.erasure} {
			if !strings.Contains(text, want) {
				t.Errorf("%v: %q is not said", l, want)
			}
		}
		if strings.Contains(text, c.unwritten) || strings.Contains(text, c.gaps) || r.Erased || r.Copies != 0 {
			t.Errorf("%v: a gap, or no retention, is said", l)
		}
		r.Retention, r.Unread = "", 4
		if text := paper(t, r, l); !strings.Contains(text, c.unwritten) || !strings.Contains(text, c.gaps) {
			t.Errorf("%v: without a retention, and with entries that do not open: %s", l, text)
		}
	}
}

// TestWhatHappened: freezes, and cases that go on or have ended, with their times; roles in words, those that nobody knows too.
func TestWhatHappened(t *testing.T) {
	h := newHouse(t, month(t))
	r := New(h.records[0], november(t))
	opened := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	r.Freezes = []time.Time{opened}
	r.Cases = []account.ShareCase{{ID: "2026-1", Opened: opened}, {ID: "2026-2", Opened: opened, Closed: opened.AddDate(0, 0, 9)}}
	text := paper(t, r, lang.English)
	for _, want := range []string{"Frozen at " + r.stamp(opened), "Case 2026-1, opened " + r.stamp(opened), "Case 2026-2", r.stamp(opened.AddDate(0, 0, 9)), "role not recorded", "the server's own console", "第一小学校", "2026-11-01 00:00 +09:00 – 2026-12-01 00:00 +09:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said: %s", want, text)
		}
	}
	if number(1234567) != "1,234,567" || number(12) != "12" {
		t.Error("numbers")
	}
	if got := (&Receipt{Share: `a/b:"c"`, Month: "2026-11"}).FileName(""); got != "receipt-a_b__c_-2026-11.json" {
		t.Error(got)
	}
}

// TestRemovalOnPaper: who reads that contents were removed reads that names are not.
func TestRemovalOnPaper(t *testing.T) {
	r := &Receipt{}
	if got := r.removals(lang.English); got != "" {
		t.Errorf("of a month without one: %q", got)
	}
	r.Removals = []Removal{{Number: 2, Versions: 24}}
	if got := r.removals(lang.English); !strings.Contains(got, "removal 2, 24 versions") || !strings.Contains(got, "until the share ends") {
		t.Errorf("%q", got)
	}
}
