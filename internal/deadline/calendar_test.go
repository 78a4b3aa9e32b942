package deadline

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden calendar and the tables of docs/deadlines.md anew")

// anyText draws texts that calendars have trouble with, often long ones.
var anyText = rapid.Custom(func(t *rapid.T) string {
	letters := []rune("abcXYZ 019;,\\:\"\n\r\t\u0000\u0007\u001b\u007f\u0085\u2028\u2029é期限速報が𠮷👨‍👩‍👧が\ufeff\ufffd")
	s := rapid.StringOfN(rapid.SampledFrom(letters), 0, 200, -1).Draw(t, "text")
	if rapid.Bool().Draw(t, "broken") && len(s) > 2 {
		s = s[1 : len(s)-1] // maybe in the middle of a letter
	}
	return s
})

// unfold puts content lines together as RFC 5545, 3.1 says, after it has held them to that.
func unfold(t testing.TB, file string) []string {
	t.Helper()
	if !strings.HasSuffix(file, "\r\n") {
		t.Fatalf("the file does not end with a line: %q", file)
	}
	for _, line := range strings.Split(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		switch {
		case len(line) > 75:
			t.Fatalf("a line of %d octets: %q", len(line), line)
		case !utf8.ValidString(line):
			t.Fatalf("a letter is cut: %q", line)
		case strings.ContainsAny(line, "\r\n"):
			t.Fatalf("an end of line within a line: %q", line)
		case line == "" || line == " ":
			t.Fatal("an empty line")
		}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(file, "\r\n ", ""), "\r\n"), "\r\n")
}

// unescape reads a text value, by 3.3.11.
func unescape(t testing.TB, s string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == 'n':
			b.WriteByte('\n')
			i++
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`\;,`, s[i+1]) >= 0:
			b.WriteByte(s[i+1])
			i++
		case s[i] == '\\' || s[i] == ';' || s[i] == ',' || s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f:
			t.Fatalf("%q at %d of %q stands for itself", s[i], i, s)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// TestFolding: whatever the texts are, lines are at most 75 octets, letters are whole, and what a reader puts together is what was said.
func TestFolding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		summary, description := "期限 "+anyText.Draw(rt, "summary"), anyText.Draw(rt, "description")
		c := Calendar{Product: "-//Azekura//deadlines//EN", Name: anyText.Draw(rt, "name"), Stamp: time.Unix(1700000000, 0),
			Events: []Event{{UID: "a@b", Day: date(2026, 6, 3), Summary: summary, Description: description, Alarms: []time.Duration{0}}}}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			rt.Fatal(err)
		}
		got := make(map[string][]string)
		for _, line := range unfold(t, b.String()) {
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				rt.Fatalf("no value in %q", line)
			}
			got[name] = append(got[name], value)
		}
		one := func(s string) string { return strings.ReplaceAll(plain(s), "\n", " ") }
		want := map[string][]string{"SUMMARY": {one(summary)}, "DESCRIPTION": {plain(description), one(summary)}, "X-WR-CALNAME": {one(c.Name)}}
		for name, texts := range want {
			texts = slices.DeleteFunc(texts, func(s string) bool { return s == "" })
			if len(got[name]) != len(texts) {
				rt.Fatalf("%s: %q", name, got[name])
			}
			for i, s := range texts {
				if unescape(t, got[name][i]) != s {
					rt.Fatalf("%s: %q was %q", name, got[name][i], s)
				}
			}
		}
	})
}

// plain is a text without what no calendar can hold, letter by letter.
func plain(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
		case strings.ContainsRune("\r\u0085\u2028\u2029", r):
			b.WriteByte('\n')
		case r == '\n' || r == '\t' || r >= 0xa0 || r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestFoldingEdges: lines of 74, 75 and 76 octets, with a letter of one to four octets at the edge.
func TestFoldingEdges(t *testing.T) {
	for _, letter := range []string{"x", "é", "期", "𠮷"} {
		for n := 60; n < 160; n++ {
			c := Calendar{Product: "p", Name: strings.Repeat("a", n) + letter + strings.Repeat("b", 80), Stamp: time.Unix(1, 0)}
			var b bytes.Buffer
			if err := c.Write(&b); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(unfold(t, b.String()), "X-WR-CALNAME:"+c.Name) {
				t.Fatalf("%d and %q: %q", n, letter, b.String())
			}
		}
	}
}

// written is the calendar of a case, as its desk would write it.
func written(t testing.TB, known string, f Facts) Calendar {
	t.Helper()
	r, err := At(noon(day(t, known)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.For(f)
	if err != nil {
		t.Fatal(err)
	}
	c := Calendar{Product: "-//Azekura//deadlines//JA", Name: "事案 2026-1, 期限", Stamp: noon(day(t, known))}
	for _, d := range list {
		e, ok := d.Event("2026-1", "azekura.example")
		if !ok {
			continue
		}
		e.Summary = d.Rule.Title.JA + "；期限"
		e.Description = d.Rule.Sources[0].Name + "\n" + d.Rule.Note.JA
		e.URL = "https://azekura.example/cases/2026-1"
		c.Events = append(c.Events, e)
	}
	return c
}

func TestGoldenCalendar(t *testing.T) {
	f := attacked
	f.Contractor = true
	c := written(t, "2026-11-02", f)
	c.Events[0].Sequence, c.Events[0].Cancelled = 2, true
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	unfold(t, b.String())
	const name = "testdata/calendar.ics"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s\nwant\n%s", b.Bytes(), want)
	}
}

// TestUIDs: a deadline keeps its UID when its days change, and has none in common with another one.
func TestUIDs(t *testing.T) {
	uids := func(f Facts) (out []string) {
		for _, e := range written(t, "2026-06-03", f).Events {
			out = append(out, e.UID)
		}
		slices.Sort(out)
		return out
	}
	unsure := attacked
	unsure.Hostile = Undecided
	before, after := uids(unsure), uids(attacked)
	if !slices.Equal(before, after) || len(slices.Compact(after)) != len(after) || len(after) != 2 {
		t.Errorf("%v, then %v", before, after)
	}
	d := deadlines(t, "2026-06-03", attacked)["persons"]
	if _, ok := d.Event("2026-1", "azekura.example"); ok {
		t.Error("what has no day is in the calendar")
	}
}

// TestAlarms: reminders come on the day from which to warn, the day before, and the last day, each once.
func TestAlarms(t *testing.T) {
	for _, v := range []struct {
		known, rule string
		want        string
	}{
		{"2026-06-03", "ppc-first", "-PT39H -PT15H PT9H"},
		{"2026-11-02", "ppc-final", "-PT327H -PT15H PT9H"}, // warned on the 50th day, due on the 64th
	} {
		d := deadlines(t, v.known, attacked)[v.rule]
		e, _ := d.Event("1", "h")
		var got []string
		for _, a := range e.Alarms {
			got = append(got, trigger(a))
		}
		if strings.Join(got, " ") != v.want {
			t.Errorf("%s: %v, want %s", v.rule, got, v.want)
		}
	}
	d := Deadline{Start: 1000, Warn: 1004, Due: 1004}
	if e, _ := d.Event("1", "h"); len(e.Alarms) != 2 {
		t.Errorf("warned on the last day: %v", e.Alarms)
	}
	for a, want := range map[time.Duration]string{0: "PT0M", -time.Minute: "-PT1M", 90 * time.Minute: "PT1H30M", -25 * time.Hour: "-PT25H"} {
		if got := trigger(a); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

// TestCalendarRefused: what a calendar could not keep apart or not read is refused, and nothing is written.
func TestCalendarRefused(t *testing.T) {
	good := Event{UID: "a@b", Day: date(2026, 6, 3), Summary: "x"}
	for name, change := range map[string]func(*Calendar){
		"no product":        func(c *Calendar) { c.Product = "" },
		"no time":           func(c *Calendar) { c.Stamp = time.Time{} },
		"no UID":            func(c *Calendar) { c.Events[0].UID = "" },
		"UID of two lines":  func(c *Calendar) { c.Events[0].UID = "a\r\nBEGIN:VEVENT" },
		"two of one UID":    func(c *Calendar) { c.Events = append(c.Events, good) },
		"no day":            func(c *Calendar) { c.Events[0].Day = 0 },
		"no summary":        func(c *Calendar) { c.Events[0].Summary = " \u0007" },
		"a link that acts":  func(c *Calendar) { c.Events[0].URL = "javascript:alert(1)" },
		"a link of two":     func(c *Calendar) { c.Events[0].URL = "https://a.example/\r\nX:1" },
		"half a minute":     func(c *Calendar) { c.Events[0].Alarms = []time.Duration{30 * time.Second} },
		"sequence below 0":  func(c *Calendar) { c.Events[0].Sequence = -1 },
		"a year of 5 digit": func(c *Calendar) { c.Events[0].Day = date(10000, 1, 1) },
	} {
		c := Calendar{Product: "p", Stamp: time.Unix(1, 0), Events: []Event{good}}
		change(&c)
		var b bytes.Buffer
		if err := c.Write(&b); err == nil || b.Len() > 0 {
			t.Errorf("%s: %v, %q", name, err, b.String())
		}
	}
	full := errors.New("disk full")
	c := Calendar{Product: "p", Stamp: time.Unix(1, 0), Events: []Event{good}}
	if err := c.Write(failing{full}); !errors.Is(err, full) {
		t.Errorf("a failed write: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
