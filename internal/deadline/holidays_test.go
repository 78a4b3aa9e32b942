package deadline

import (
	"strings"
	"testing"
	"time"
)

// equinoxes are the days of March and September, as the National Astronomical Observatory has announced them.
var equinoxes = map[int][2]int{2022: {21, 23}, 2023: {21, 23}, 2024: {20, 22}, 2025: {20, 23}, 2026: {20, 23}, 2027: {21, 23}}

// byLaw returns the holidays of a year by 国民の祝日に関する法律, articles 2 and 3, as it has stood since 2022.
func byLaw(y, vernal, autumnal int) map[Day]string {
	monday := func(m time.Month, n int) Day {
		d := date(y, m, 1)
		for d.Weekday() != time.Monday {
			d++
		}
		return d + Day(7*(n-1))
	}
	days := map[Day]string{
		date(y, 1, 1): "元日", monday(1, 2): "成人の日", date(y, 2, 11): "建国記念の日", date(y, 2, 23): "天皇誕生日", date(y, 3, vernal): "春分の日",
		date(y, 4, 29): "昭和の日", date(y, 5, 3): "憲法記念日", date(y, 5, 4): "みどりの日", date(y, 5, 5): "こどもの日", monday(7, 3): "海の日",
		date(y, 8, 11): "山の日", monday(9, 3): "敬老の日", date(y, 9, autumnal): "秋分の日", monday(10, 2): "スポーツの日", date(y, 11, 3): "文化の日",
		date(y, 11, 23): "勤労感謝の日",
	}
	out := make(map[Day]string)
	for d, name := range days {
		out[d] = name
		if d.Weekday() == time.Sunday { // 3条2項: the nearest day behind it that is none
			for days[d] != "" {
				d++
			}
			out[d] = "振替休日"
		}
	}
	for d := range days { // 3条3項: a day between two of them
		if days[d+2] != "" && out[d+1] == "" {
			out[d+1] = "国民の休日"
		}
	}
	return out
}

// TestHolidays: the table is what the law and the announced equinoxes give, day by day.
func TestHolidays(t *testing.T) {
	b, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for y, e := range equinoxes {
		want := byLaw(y, e[0], e[1])
		all += len(want)
		for d, last := date(y, 1, 1), date(y, 12, 31); d <= last; d++ {
			if got := b.holidays[d].JA; got != want[d] {
				t.Errorf("%s is %q, want %q", d, got, want[d])
			}
		}
		if !b.years[y] {
			t.Errorf("%d is missing", y)
		}
	}
	if len(b.years) != len(equinoxes) || len(b.holidays) != all {
		t.Errorf("%d years and %d holidays, want %d and %d", len(b.years), len(b.holidays), len(equinoxes), all)
	}
	if _, m, _ := b.Through.Date(); !b.years[2027] || m != time.December {
		t.Errorf("the rules go on to %s", b.Through)
	}
}

// tenYears is the book, with rules that stay as they are and holidays that are computed, from the end of 2022 on.
func tenYears(t testing.TB) *book {
	t.Helper()
	rules := strings.Replace(string(rulesJSON), `"through": "2027-12-31"`, `"through": "2034-12-31"`, 1)
	b, err := read([]byte(rules), holidaysJSON)
	if err != nil {
		t.Fatal(err)
	}
	for y := 2028; y <= 2035; y++ {
		solar := 0.242194*float64(y-1980) - float64((y-1980)/4)
		for d, name := range byLaw(y, int(20.8431+solar), int(23.2488+solar)) {
			b.holidays[d] = Text{name, name}
		}
		b.years[y] = true
	}
	return b
}

// TestRefused: data that could be read in two ways, or leave something open, are refused, with what is wrong.
func TestRefused(t *testing.T) {
	for _, v := range []struct{ from, to, want string }{
		{`"first": 1, "warn": 3, "last": 5`, `"first": 1, "warn": 6, "last": 5`, "not in order"},
		{`"first": 1, "warn": 20, "last": 30`, `"first": 1, "warn": 0, "last": 30`, "not in order"},
		{`"roll": true`, `"rolls": true`, "unknown field"},
		{`"without": 3`, `"with": 3`, "two of it hold"},
		{`"without": 3, `, ``, "two of it hold"},
		{`"id": "ppc-final"`, `"id": "ppc-last"`, "its condition"},
		{`"party": "firm", "from"`, `"party": "club", "from"`, "no party"},
		{`"id": "persons", "party": "firm"`, `"id": "persons", "party": "all"`, "no party"},
		{`"categories": [1, 2, 3, 4]`, `"categories": [1, 2, 3, 5]`, "categories"},
		{`"first": 1, "last": 0`, `"first": 1, "last": 0, "roll": true`, "no last day"},
		{`"frees": ["ppc-first"`, `"frees": ["ppc"`, "does not exist"},
		{`"id": "ppc-first", "party": "firm", "from": "2022-04-01"`, `"id": "ppc-first", "party": "firm", "from": "2022-04-31"`, "not a day"},
		{`"id": "ppc-first", "party": "firm", "from": "2022-04-01"`, `"id": "ppc-first", "party": "firm", "from": "2022-04-01", "through": "2022-03-31"`, "ends before"},
		{`"from": "2022-04-01",`, `"from": "2030-04-01",`, "which days they cover"},
		{`"party": "mark", "over": 1000`, `"party": "firm", "over": 1000`, "two numbers"},
		{`"over": 100,`, `"over": 0,`, "number"},
	} {
		text := strings.Replace(string(rulesJSON), v.from, v.to, 1)
		if text == string(rulesJSON) {
			t.Errorf("%s is not in the data", v.from)
		}
		if _, err := read([]byte(text), holidaysJSON); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v, want %q", v.to, err, v.want)
		}
	}
	for _, v := range []struct{ from, to, want string }{
		{`"02-11": "建国記念の日"`, `"02-30": "建国記念の日"`, "not a day"},
		{`"02-11": "建国記念の日"`, `"02-29": "建国記念の日"`, "2022 has no 02-29"},
		{`"02-11": "建国記念の日"`, `"02-11": "紀元節"`, "no English name"},
		{`"saturday", "sunday"`, `"samedi"`, "no day of the week"},
		{`"saturday", "sunday"`, `"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"`, "never open"},
		{`"from": "12-29", "through": "01-03"`, `"from": "01-01", "through": "01-03"`, "New Year"},
	} {
		text := strings.Replace(string(holidaysJSON), v.from, v.to, 1)
		if _, err := read(rulesJSON, []byte(text)); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v, want %q", v.to, err, v.want)
		}
	}
}

// TestSources: every rule says where it stands, and what nobody has checked says so in both languages.
func TestSources(t *testing.T) {
	b, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, sources []Source, texts ...Text) {
		for _, s := range sources {
			if s.Name == "" || !strings.HasPrefix(s.URL, "https://") {
				t.Errorf("%s: source %+v", what, s)
			}
		}
		for _, x := range texts {
			if (x.JA == "") != (x.EN == "") {
				t.Errorf("%s: in one language only: %+v", what, x)
			}
		}
	}
	for _, r := range b.Rules {
		check(r.ID, r.Sources, r.Title, r.Note, r.Unverified)
	}
	for _, p := range b.Parties {
		check(string(p.Party), p.Sources, p.Title, p.Unverified)
		if len(p.Sources) == 0 || p.Title.JA == "" {
			t.Errorf("%s: without source or title", p.Party)
		}
	}
	check("holidays", b.sources, b.Pending)
	if len(b.sources) == 0 {
		t.Error("holidays: without source")
	}
}
