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
