package deadline

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// day reads a day.
func day(t testing.TB, s string) (d Day) {
	t.Helper()
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return d
}

// noon is twelve o'clock in Japan.
func noon(d Day) time.Time {
	y, m, n := d.Date()
	return time.Date(y, m, n, 12, 0, 0, 0, japan)
}

// deadlines returns those of facts by rule, for a day of knowing.
func deadlines(t testing.TB, known string, f Facts) map[string]Deadline {
	t.Helper()
	r, err := At(noon(day(t, known)))
	if err != nil {
		t.Fatal(err)
	}
	return byRule(t, r, f)
}

func byRule(t testing.TB, r *Rules, f Facts) map[string]Deadline {
	t.Helper()
	list, err := r.For(f)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]Deadline)
	for _, d := range list {
		if _, double := out[d.Rule.ID]; double {
			t.Fatalf("known %s: two deadlines %q for %+v", r.Known, d.Rule.ID, f)
		}
		out[d.Rule.ID] = d
	}
	return out
}

// attacked is a firm that was attacked, and lost is one that has lost something by itself.
var (
	attacked = Facts{Persons: Persons{Counted: true, Possible: 1}, Sensitive: No, Property: No, Hostile: Yes}
	lost     = Facts{Persons: Persons{Counted: true, Confirmed: 1001}, Sensitive: No, Property: No, Hostile: No}
)

// TestVectors: days of knowing and what follows, from the law's guideline and the calendar.
func TestVectors(t *testing.T) {
	for _, v := range []struct {
		known, warn, first, thirty, sixty string
	}{
		{"2024-07-16", "2024-07-18", "2024-07-20", "2024-08-14", "2024-09-13"},
		{"2026-11-02", "2026-11-04", "2026-11-06", "2026-12-01", "2027-01-04"}, // 60th: 12-31
		{"2026-10-31", "2026-11-02", "2026-11-04", "2026-11-30", "2027-01-04"}, // 30th: a Sunday; 60th: 12-29
		{"2026-03-05", "2026-03-07", "2026-03-09", "2026-04-03", "2026-05-07"}, // 60th: 05-03, a Sunday, three holidays and a substitute behind it
		{"2026-07-24", "2026-07-26", "2026-07-28", "2026-08-24", "2026-09-24"}, // 30th: a Saturday; 60th: 09-21, three holidays
		{"2024-01-31", "2024-02-02", "2024-02-04", "2024-02-29", "2024-04-01"}, // over 29 February; 60th: a Saturday
		{"2025-12-05", "2025-12-07", "2025-12-09", "2026-01-05", "2026-02-02"}, // 30th: 01-03, then a Sunday
		{"2022-04-01", "2022-04-03", "2022-04-05", "2022-05-02", "2022-05-30"}, // 30th: a Saturday
		{"2027-11-30", "2027-12-02", "2027-12-04", "2027-12-29", "2028-01-28"}, // both unchecked: 2028 is not in the table
	} {
		hostile, own := deadlines(t, v.known, attacked), deadlines(t, v.known, lost)
		for _, x := range []struct {
			what string
			got  Day
			want string
		}{
			{"first report, warning", hostile["ppc-first"].Warn, v.warn},
			{"first report", hostile["ppc-first"].Due, v.first},
			{"first report without attack", own["ppc-first"].Due, v.first},
			{"30 days", own["ppc-final"].Due, v.thirty},
			{"60 days", hostile["ppc-final"].Due, v.sixty},
		} {
			if x.got.String() != x.want {
				t.Errorf("known %s: %s %s, want %s", v.known, x.what, x.got, x.want)
			}
		}
	}
}

// TestMoved: why a day was moved is told, day by day.
func TestMoved(t *testing.T) {
	for _, v := range []struct{ known, want string }{
		{"2026-11-02", "2026-12-31 year-end, 2027-01-01 holiday 元日, 2027-01-02 year-end, 2027-01-03 year-end"},
		{"2026-03-05", "2026-05-03 holiday 憲法記念日, 2026-05-04 holiday みどりの日, 2026-05-05 holiday こどもの日, 2026-05-06 holiday 振替休日"},
		{"2026-07-24", "2026-09-21 holiday 敬老の日, 2026-09-22 holiday 国民の休日, 2026-09-23 holiday 秋分の日"},
		{"2024-01-31", "2024-03-30 weekend, 2024-03-31 weekend"},
		{"2024-07-16", ""},
	} {
		d := deadlines(t, v.known, attacked)["ppc-final"]
		var got []string
		for _, c := range d.Moved {
			got = append(got, strings.TrimSpace(c.Day.String()+" "+string(c.Why)+" "+c.Name.JA))
		}
		if s := strings.Join(got, ", "); s != v.want {
			t.Errorf("known %s: moved over %s, want %s", v.known, s, v.want)
		}
		if d.Counted != d.Start+59 || d.Unchecked != 0 {
			t.Errorf("known %s: counted %s, unchecked %d", v.known, d.Counted, d.Unchecked)
		}
	}
}

// TestUnchecked: what falls into a year without announced holidays stays where it was counted, even when it may begin in one that is known.
func TestUnchecked(t *testing.T) {
	for known, want := range map[string]string{
		"2027-11-02": "2027-12-31", // closed, and nobody knows until when
		"2027-11-03": "2028-01-01",
		"2027-12-01": "2028-01-29", // a Saturday
	} {
		if d := deadlines(t, known, attacked)["ppc-final"]; d.Due.String() != want || d.Unchecked != 2028 || d.Moved != nil {
			t.Errorf("known %s: due %s, unchecked %v, moved %v; want %s, unchecked", known, d.Due, d.Unchecked, d.Moved, want)
		}
	}
	if d := deadlines(t, "2027-10-31", attacked)["ppc-final"]; d.Due.String() != "2027-12-29" || d.Unchecked != 2028 {
		t.Errorf("due %s, unchecked %v", d.Due, d.Unchecked) // the six days behind it go into 2028
	}
	if d := deadlines(t, "2027-12-20", attacked)["ppc-first"]; d.Unchecked != 0 {
		t.Error("what is not moved is said to be unchecked")
	}
}

// TestGap: days that the data do not cover are refused, with what they cover.
func TestGap(t *testing.T) {
	for _, s := range []string{"2022-03-31", "2028-01-01", "1950-06-01", "0001-01-01", "9999-12-31"} {
		_, err := At(noon(day(t, s)))
		g, ok := errors.AsType[*Gap](err)
		if !ok || g.Day.String() != s || !strings.Contains(err.Error(), s) || !strings.Contains(err.Error(), "2022-04-01 to 2027-12-31") {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"2022-04-01", "2027-12-31"} {
		if _, err := At(noon(day(t, s))); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	r, err := At(noon(day(t, "2022-06-01"))) // the rules for local public bodies began a year later
	if err != nil {
		t.Fatal(err)
	}
	f := attacked
	f.Public = true
	if _, err := r.For(f); err == nil || err.Error() != "no rule public for 2022-06-01: the data cover 2023-04-01 to 2027-12-31" {
		t.Errorf("a public body in 2022: %v", err)
	}
}

// TestDutyGap: a duty whose rule ends, or ends before another one begins, is missed, not left out.
func TestDutyGap(t *testing.T) {
	const begins = `{"id": "persons", "party": "firm", "from": "2022-04-01",`
	ended := strings.Replace(string(rulesJSON), strings.Trim(begins, "{"), strings.Trim(begins, "{")+`"through": "2025-03-31",`, 1)
	again := strings.Replace(ended, `"rules": [`, `"rules": [{"id": "persons", "party": "firm", "from": "2026-01-01", "title": {"ja": "通知", "en": "notice"},
		"categories": [1], "first": 1, "last": 0, "sources": [{"name": "x", "url": "https://x.example"}]},`, 1)
	for text, want := range map[string]string{
		ended: "no rule persons for 2025-04-01: the data cover 2022-04-01 to 2025-03-31",
		again: "no rule persons for 2025-04-01: the data have a gap there",
	} {
		b, err := read([]byte(text), holidaysJSON)
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.at(day(t, "2025-04-01"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.For(attacked); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestVersions: the day of knowing chooses the rule, not the day on which anybody asks.
func TestVersions(t *testing.T) {
	var m map[string]any
	if err := json.Unmarshal(rulesJSON, &m); err != nil {
		t.Fatal(err)
	}
	list := m["rules"].([]any)
	first := list[0].(map[string]any)
	later := make(map[string]any)
	for k, v := range first {
		later[k] = v
	}
	first["through"], later["from"], later["first"], later["last"] = "2026-12-31", "2027-01-01", 0, 7 // as the Civil Code counts
	m["rules"] = append(list, later)
	text, _ := json.Marshal(m)
	b, err := read(text, holidaysJSON)
	if err != nil {
		t.Fatal(err)
	}
	for known, want := range map[string]string{"2026-12-31": "2027-01-04", "2027-01-01": "2027-01-08"} {
		r, err := b.at(day(t, known))
		if err != nil {
			t.Fatal(err)
		}
		d := byRule(t, r, attacked)["ppc-first"]
		if d.Due.String() != want {
			t.Errorf("known %s: due %s, want %s", known, d.Due, want)
		}
		if c := d.On(d.Due); c.State != LastDay || c.Day != d.Rule.Last || c.Of != d.Rule.Last {
			t.Errorf("known %s: the last day is %+v", known, c)
		}
	}
}

// TestLegalDay: the day is that in Japan.
func TestLegalDay(t *testing.T) {
	for s, want := range map[string]string{
		"2026-11-01T23:59:59+09:00": "2026-11-01",
		"2026-11-02T00:00:00+09:00": "2026-11-02",
		"2026-11-01T14:59:59Z":      "2026-11-01",
		"2026-11-01T15:00:00Z":      "2026-11-02",
		"2026-11-01T05:00:00-10:00": "2026-11-02",
		"2027-01-01T04:59:59+14:00": "2026-12-31",
		"2028-02-28T15:00:00Z":      "2028-02-29",
	} {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		if d := DayOf(when); d.String() != want {
			t.Errorf("%s is %s in Japan, want %s", s, d, want)
		}
	}
}

// TestCount: how a deadline stands from day to day.
func TestCount(t *testing.T) {
	all := deadlines(t, "2026-11-02", attacked)
	for _, v := range []struct {
		rule, today string
		want        Count
	}{
		{"ppc-first", "2026-11-01", Count{Ahead, 0, 5, 5, 0}},
		{"ppc-first", "2026-11-02", Count{Running, 1, 5, 4, 0}},
		{"ppc-first", "2026-11-04", Count{Warning, 3, 5, 2, 0}},
		{"ppc-first", "2026-11-06", Count{LastDay, 5, 5, 0, 0}},
		{"ppc-first", "2026-11-07", Count{Late, 6, 5, 0, 1}},
		{"ppc-final", "2026-11-05", Count{Running, 4, 60, 60, 0}},
		{"ppc-final", "2026-12-21", Count{Warning, 50, 60, 14, 0}},
		{"ppc-final", "2027-01-02", Count{Warning, 62, 60, 2, 0}}, // beyond the 60th day, and in time
		{"ppc-final", "2027-01-04", Count{LastDay, 64, 60, 0, 0}},
		{"ppc-final", "2027-01-05", Count{Late, 65, 60, 0, 1}},
		{"persons", "2026-11-12", Count{Undated, 11, 0, 0, 0}},
	} {
		d := all[v.rule]
		if got := d.On(day(t, v.today)); got != v.want {
			t.Errorf("%s on %s: %+v, want %+v", v.rule, v.today, got, v.want)
		}
	}
}

// TestFacts: which categories apply, and what must be told therefore.
func TestFacts(t *testing.T) {
	counted := func(n int) Persons { return Persons{Counted: true, Possible: n} }
	clear := Facts{Sensitive: No, Property: No, Hostile: No}
	with := func(change func(*Facts)) Facts {
		f := clear
		change(&f)
		return f
	}
	for _, v := range []struct {
		name    string
		f       Facts
		answers string // of the party itself
		want    string // what is due, and on which day
	}{
		{"1,000 exactly is not over", with(func(f *Facts) { f.Persons = counted(1000) }), "no no no no", ""},
		{"one more is", with(func(f *Facts) { f.Persons = counted(1001) }), "no no no yes", "ppc-final 30, ppc-first 5, persons -"},
		{"the possible ones count", with(func(f *Facts) { f.Persons = Persons{Counted: true, Confirmed: 600, Possible: 401} }), "no no no yes", "ppc-final 30, ppc-first 5, persons -"},
		{"nobody has counted", clear, "no no no undecided", "ppc-final 30, ppc-first 5, persons -"},
		{"not all are counted, but enough", with(func(f *Facts) { f.Persons.Confirmed = 1001 }), "no no no yes", "ppc-final 30, ppc-first 5, persons -"},
		{"more than fit into a number", with(func(f *Facts) { f.Persons = Persons{Counted: true, Confirmed: math.MaxInt, Possible: 9} }), "no no no yes", "ppc-final 30, ppc-first 5, persons -"},
		{"a public body, 100", with(func(f *Facts) { f.Persons, f.Public = counted(100), true }), "no no no no", ""},
		{"a public body, 101", with(func(f *Facts) { f.Persons, f.Public = counted(101), true }), "no no no yes", "public-final 30, public-first 5, public-persons -"},
		{"one is enough for an attack", with(func(f *Facts) { f.Persons, f.Hostile = counted(1), Yes }), "no no yes no", "ppc-final 60, ppc-first 5, persons -"},
		{"an attack together with others", with(func(f *Facts) { f.Persons, f.Hostile, f.Sensitive = counted(2000), Yes, Yes }), "yes no yes yes", "ppc-final 60, ppc-first 5, persons -"},
		{"one is enough for data that need care", with(func(f *Facts) { f.Persons, f.Sensitive = counted(1), Yes }), "yes no no no", "ppc-final 30, ppc-first 5, persons -"},
		{"one is enough for a loss of money", with(func(f *Facts) { f.Persons, f.Property = counted(1), Yes }), "no yes no no", "ppc-final 30, ppc-first 5, persons -"},
		{"an attack nobody is sure of", with(func(f *Facts) { f.Persons, f.Hostile = counted(1), Undecided }), "no no undecided no", "ppc-final 30, ppc-first 5, persons -"},
		{"nothing is known", Facts{}, "undecided undecided undecided undecided", "ppc-final 30, ppc-first 5, persons -"},
		{"nobody's data", with(func(f *Facts) { f.Persons, f.Hostile, f.Mark = counted(0), Yes, true }), "no no no no", ""},
		{"entrusted with the data", with(func(f *Facts) { f.Persons, f.Hostile, f.Contractor = counted(1), Yes, true }), "no no yes no",
			"client 5, ppc-final 60, ppc-first 5, persons -"},
		{"bears the mark", with(func(f *Facts) { f.Persons, f.Mark = counted(3), true }), "no no no no", "mark-final 30"},
		{"bears the mark, and was attacked", with(func(f *Facts) { f.Persons, f.Mark, f.Hostile = counted(3), true, Yes }), "no no yes no",
			"mark-final 60, mark-first 5, ppc-final 60, ppc-first 5, persons -"},
		{"encrypted, and nobody has decided", with(func(f *Facts) { f.Persons = Persons{Counted: true, Encrypted: 5000} }), "no no no yes", "ppc-final 30, ppc-first 5, persons -"},
		{"encrypted well enough", with(func(f *Facts) { f.Persons = Persons{Counted: true, Encrypted: 5000, Exempt: true}; f.Hostile = Yes }), "no no no no", ""},
		{"encrypted well enough, which is no excuse for the mark", with(func(f *Facts) {
			f.Persons, f.Mark = Persons{Counted: true, Encrypted: 5000, Exempt: true}, true
		}), "no no no no", "mark-final 30, mark-first 5"},
		{"some encrypted", with(func(f *Facts) {
			f.Persons = Persons{Counted: true, Confirmed: 1, Encrypted: 5000, Exempt: true}
			f.Hostile = Yes
		}), "no no yes no",
			"ppc-final 60, ppc-first 5, persons -"},
	} {
		r, err := At(noon(day(t, "2026-06-03")))
		if err != nil {
			t.Fatal(err)
		}
		all, err := r.Assess(v.f)
		if err != nil {
			t.Fatal(err)
		}
		var answers, due []string
		for _, a := range all[0].Answers {
			answers = append(answers, a.String())
		}
		if got := strings.Join(answers, " "); got != v.answers {
			t.Errorf("%s: %s, want %s", v.name, got, v.answers)
		}
		for id, d := range byRule(t, r, v.f) {
			n := "-"
			if d.Due != 0 {
				n = strconv.Itoa(int(d.Counted - d.Start + 1))
			}
			due = append(due, id+" "+n)
		}
		slices.Sort(due)
		want := strings.Split(v.want, ", ")
		slices.Sort(want)
		if strings.Join(due, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: %v, want %v", v.name, due, want)
		}
	}
}

// TestReasons: a deadline says which categories ask for it, and which only may.
func TestReasons(t *testing.T) {
	f := Facts{Persons: Persons{Counted: true, Confirmed: 5}, Sensitive: Yes, Property: No}
	d := deadlines(t, "2026-06-03", f)["ppc-final"]
	if !slices.Equal(d.Because, []Category{Sensitive}) || !slices.Equal(d.Undecided, []Category{Hostile}) || d.Assumed() {
		t.Errorf("because %v, undecided %v, assumed %v", d.Because, d.Undecided, d.Assumed())
	}
	f.Sensitive = No
	if d := deadlines(t, "2026-06-03", f)["ppc-first"]; !d.Assumed() {
		t.Error("what nothing certainly asks for is not said to be assumed")
	}
	if d := deadlines(t, "2026-06-03", Facts{Mark: true, Persons: f.Persons})["mark-final"]; d.Assumed() || !slices.Equal(d.Undecided, []Category{Hostile}) {
		t.Errorf("the report that every accident asks for: assumed %v, undecided %v", d.Assumed(), d.Undecided)
	}
	f = attacked
	f.Contractor = true
	if d := deadlines(t, "2026-06-03", f)["client"]; !slices.Equal(d.Rule.Frees, []string{"ppc-first", "ppc-final", "persons"}) {
		t.Errorf("who has told the client is freed from %v", d.Rule.Frees)
	}
	for _, bad := range []Facts{{Persons: Persons{Confirmed: -1}}, {Public: true, Contractor: true}, {Hostile: 3}, {Sensitive: -1}} {
		r, _ := At(noon(day(t, "2026-06-03")))
		if _, err := r.For(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// TestOrder: what is due first comes first, what has no day last.
func TestOrder(t *testing.T) {
	r, err := At(noon(day(t, "2026-11-02")))
	if err != nil {
		t.Fatal(err)
	}
	f := attacked
	f.Contractor, f.Mark = true, true
	list, err := r.For(f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range list {
		got = append(got, d.Rule.ID)
	}
	if want := "ppc-first client mark-first mark-final ppc-final persons"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if list[3].Due.String() != "2026-12-31" || list[4].Due.String() != "2027-01-04" {
		t.Errorf("the mark's rules do not move a day, those of the law do: %s, %s", list[3].Due, list[4].Due)
	}
	if r.Checked == 0 || r.Pending.JA == "" || r.Pending.EN == "" {
		t.Error("nothing says when the rules were checked, and what will change")
	}
}
