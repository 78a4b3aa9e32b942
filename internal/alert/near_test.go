package alert

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestNear: an alert of deadlines tells each with its last day in both languages; of one ID two are not taken; it is on the disk at once.
func TestNear(t *testing.T) {
	a := Alert{ID: "abc", Kind: Near, When: time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC), Case: "2026-1", House: "校倉", Link: "https://azekura.example/cases/2026-1/deadlines",
		Due: []Deadline{{Duty: "ppc-first", JA: "速報", EN: "First report", Last: "2026-11-06", Step: Eve, Left: 1}, {Duty: "x", JA: "連絡", EN: "Notice\r\nx: y", Last: "2026-11-05", Step: Last},
			{Duty: "ppc-final", JA: "確報", EN: "Final report", Last: "2026-11-15", Step: Warn, Left: 10, Assumed: true}}}
	text := a.Text()
	for _, want := range []string{"事案 2026-1 の期限：", "- 速報\n  最終日：2026-11-06。 明日が期限です。", "本日が期限です。", "残り10日です。\n  該当すると確定していませんが", "対応済みであれば",
		"Deadlines of case 2026-1:", "- First report\n  Last day: 2026-11-06. Tomorrow is the last day.", "- Notice  x: y\n", "10 days are left.", "If this has been done, say so", a.Link} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if s := a.Subject(); s != "[校倉] 期限が近づいています / Deadlines come near" {
		t.Error(s)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &way{}
		d := NewDesk(config(w))
		defer d.Close()
		other := a
		other.ID = "def"
		d.Tell(a)
		d.Tell(a)
		d.Tell(other)
		<-time.After(time.Hour)
		synctest.Wait()
		if got := w.sent(); len(got) != 2 || got[0].ID != "abc" || got[0].Count != 1 || got[1].ID != "def" {
			t.Errorf("sent: %+v", got)
		}
	})
}

// TestChoreText: what has to be done from time to time names the medium, or the head, in both languages.
func TestChoreText(t *testing.T) {
	for _, x := range []struct {
		a    Alert
		says []string
	}{
		{Alert{Kind: Drill, Who: "A", Count: 3}, []string{"保管媒体・組: A", "Medium, or set: A", "期限から 3 日", "media drill --medium"}},
		{Alert{Kind: DrillFailed, Who: "A", Count: 2}, []string{"Medium, or set: A", "異常 2 件"}},
		{Alert{Kind: Papers, Count: 400}, []string{"400", "recovery test"}},
		{Alert{Kind: Certificate, Count: 13}, []string{"あと 13 日", "for 13 more days"}},
		{Alert{Kind: Unserved, Count: 13}, []string{"あと 13 日", "for 13 more days", "are read again"}},
		{Alert{Kind: Head, Head: "4711-3ad9\r\nBcc: x", Entries: 4711}, []string{"\n4711-3ad9  Bcc: x\n", "（記録 4,711 件）", "(entries: 4,711)"}},
	} {
		text := x.a.Text()
		for _, want := range x.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: nothing of %q in %s", x.a.Kind, want, text)
			}
		}
	}
}
