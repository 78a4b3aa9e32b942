package deadline

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyFacts draws facts, often near a threshold.
func anyFacts(t *rapid.T) Facts {
	n := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(98, 103), rapid.IntRange(998, 1003), rapid.IntRange(0, 1<<40))
	answer := rapid.SampledFrom([]Answer{Undecided, No, Yes})
	f := Facts{
		Public: rapid.Bool().Draw(t, "public"), Contractor: rapid.Bool().Draw(t, "contractor"), Mark: rapid.Bool().Draw(t, "mark"),
		Persons: Persons{rapid.Bool().Draw(t, "counted"), n.Draw(t, "confirmed"), n.Draw(t, "possible"), n.Draw(t, "encrypted"), rapid.Bool().Draw(t, "exempt")},
		Hostile: answer.Draw(t, "hostile"), Sensitive: answer.Draw(t, "sensitive"), Property: answer.Draw(t, "property"),
	}
	f.Contractor = f.Contractor && !f.Public
	return f
}

// someFacts ask for every kind of deadline.
var someFacts = []Facts{{Hostile: Yes, Contractor: true, Mark: true}, {Public: true, Hostile: No, Mark: true}}

// TestTenYears: on each day of knowing of ten years, leap years and the ends of years among them, a day is never earlier than it was counted, never one
// on which offices are closed when it moves, and moves over closed days only. Who knows later is never due earlier.
func TestTenYears(t *testing.T) {
	b := tenYears(t)
	first, last := date(2024, 1, 1), date(2033, 12, 31)
	longest := 0
	for i, f := range someFacts {
		before := make(map[string]Deadline)
		for known := first; known <= last; known++ {
			r, err := b.at(known)
			if err != nil {
				t.Fatal(err)
			}
			now := byRule(t, r, f)
			if len(now) == 0 {
				t.Fatalf("nothing is due for %+v", f)
			}
			for id, d := range now {
				sound(t, b, &d)
				longest = max(longest, len(d.Moved))
				if p, ok := before[id]; ok && (d.Due < p.Due || d.Warn < p.Warn || d.Counted != p.Counted+1 && d.Due != 0) {
					t.Fatalf("facts %d, %s: known %s is due %s, a day before %s", i, id, known, d.Due, p.Due)
				}
			}
			before = now
		}
	}
	if longest < 6 {
		t.Errorf("no day was moved by more than %d: the holidays are missing", longest)
	}
}

// sound holds a deadline to its rule and to the calendar of package time.
func sound(t *testing.T, b *book, d *Deadline) {
	t.Helper()
	r := d.Rule
	if r.Last == 0 {
		if d.Due != 0 || d.Counted != 0 || d.Warn != 0 || d.Moved != nil || d.Unchecked != 0 {
			t.Fatalf("%s: known %s has a day: %+v", r.ID, d.Start, d)
		}
		return
	}
	if got, want := noon(d.Counted), noon(d.Start).AddDate(0, 0, r.Last-1); !got.Equal(want) { // the day of knowing is the first
		t.Fatalf("%s: known %s, counted %s, want %s", r.ID, d.Start, got, want)
	}
	if got, want := noon(d.Warn), noon(d.Start).AddDate(0, 0, r.Warn-1); !got.Equal(want) {
		t.Fatalf("%s: known %s, warned on %s, want %s", r.ID, d.Start, got, want)
	}
	closed := func(day Day) bool {
		w := noon(day)
		ended := w.Month() == time.December && w.Day() >= 29 || w.Month() == time.January && w.Day() <= 3
		return ended || w.Weekday() == time.Saturday || w.Weekday() == time.Sunday || b.holidays[day].JA != ""
	}
	switch {
	case d.Unchecked != 0:
		t.Fatalf("%s: known %s is not checked", r.ID, d.Start)
	case !r.Roll && d.Due != d.Counted, d.Due < d.Counted:
		t.Fatalf("%s: known %s, counted %s, due %s", r.ID, d.Start, d.Counted, d.Due)
	case r.Roll && closed(d.Due):
		t.Fatalf("%s: known %s is due %s, when offices are closed", r.ID, d.Start, d.Due)
	case len(d.Moved) != int(d.Due-d.Counted):
		t.Fatalf("%s: known %s moved from %s to %s over %v", r.ID, d.Start, d.Counted, d.Due, d.Moved)
	}
	for i, c := range d.Moved {
		if c.Day != d.Counted+Day(i) || !closed(c.Day) || (c.Why == Holiday) != (c.Name.JA != "") {
			t.Fatalf("%s: known %s moved over %+v", r.ID, d.Start, c)
		}
	}
}

// TestCounts: from day to day, the number goes up by one, what is left goes down to none, and then it is late.
func TestCounts(t *testing.T) {
	b := tenYears(t)
	rapid.Check(t, func(t *rapid.T) {
		r, err := b.at(Day(rapid.IntRange(int(date(2023, 4, 1)), int(date(2033, 12, 31))).Draw(t, "known")))
		if err != nil {
			t.Fatal(err)
		}
		list, err := r.For(anyFacts(t))
		if err != nil {
			t.Fatal(err)
		}
		order := []State{Ahead, Running, Warning, LastDay, Late}
		for _, d := range list {
			state := 0
			for today := d.Start - 3; today < d.Start+90; today++ {
				c := d.On(today)
				if c.Day != int(today-d.Start)+1 || c.Of != d.Rule.Last {
					t.Fatalf("%s: %s is day %+v", d.Rule.ID, today, c)
				}
				if d.Due == 0 {
					if (c.State == Undated) != (today >= d.Start) || c.Left != 0 || c.Late != 0 {
						t.Fatalf("%s: %s is %+v", d.Rule.ID, today, c)
					}
					continue
				}
				if c.Left > 0 && c.Late > 0 || today+Day(c.Left-c.Late) != d.Due {
					t.Fatalf("%s: due %s, on %s %+v", d.Rule.ID, d.Due, today, c)
				}
				now := slices.Index(order, c.State)
				if now < state || (c.State == LastDay) != (today == d.Due) || (c.State == Late) != (today > d.Due) || today >= d.Warn && c.State == Running {
					t.Fatalf("%s: due %s, on %s %s", d.Rule.ID, d.Due, today, c.State)
				}
				state = now
			}
		}
	})
}

// TestZones: in whatever zone a moment is given, the day is the one in Japan.
func TestZones(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		when := time.Unix(rapid.Int64Range(unix(1952), unix(2100)).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
		zone := time.FixedZone("", 15*60*rapid.IntRange(-48, 56).Draw(t, "quarters"))
		want := when.In(tokyo).Format(time.DateOnly)
		if got := DayOf(when.In(zone)); got.String() != want {
			t.Fatalf("%s: %s, want %s", when.In(zone), got, want)
		}
		var back Day
		if err := back.UnmarshalText([]byte(want)); err != nil || back != DayOf(when) || back.Weekday() != when.In(tokyo).Weekday() {
			t.Fatalf("%s comes back as %s, a %s (%v)", want, back, back.Weekday(), err)
		}
	})
}

func unix(year int) int64 { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix() }

// TestUndecided: whatever people decide later, nothing is then due earlier than it was said to be, and no duty comes up that was not named.
func TestUndecided(t *testing.T) {
	b := tenYears(t)
	rapid.Check(t, func(t *rapid.T) {
		r, err := b.at(Day(rapid.IntRange(int(date(2023, 4, 1)), int(date(2033, 12, 31))).Draw(t, "known")))
		if err != nil {
			t.Fatal(err)
		}
		open := anyFacts(t)
		decided := open
		for _, a := range []*Answer{&decided.Hostile, &decided.Sensitive, &decided.Property} {
			if *a == Undecided {
				*a = rapid.SampledFrom([]Answer{No, Yes}).Draw(t, "decision")
			}
		}
		if !open.Persons.Counted { // there may be more
			decided.Persons.Counted = true
			decided.Persons.Possible += rapid.IntRange(0, 2000).Draw(t, "more")
		}
		before, err := r.For(open)
		if err != nil {
			t.Fatal(err)
		}
		after, err := r.For(decided)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range after {
			i := slices.IndexFunc(before, func(o Deadline) bool { return o.Rule.ID == d.Rule.ID })
			if i < 0 || d.Due < before[i].Due {
				t.Fatalf("%+v had not said %s, or a later day than %s", open, d.Rule.ID, d.Due)
			}
		}
	})
}

// TestMore: more persons never free anybody from anything.
func TestMore(t *testing.T) {
	b := tenYears(t)
	rapid.Check(t, func(t *rapid.T) {
		r, err := b.at(date(2026, 6, 3))
		if err != nil {
			t.Fatal(err)
		}
		f := anyFacts(t)
		few, err := r.For(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Persons.Possible += rapid.IntRange(0, 2000).Draw(t, "more")
		many, err := r.For(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range few {
			if !slices.ContainsFunc(many, func(o Deadline) bool { return o.Rule.ID == d.Rule.ID && o.Due == d.Due }) {
				t.Fatalf("%s on %s is not due any more for %+v", d.Rule.ID, d.Due, f)
			}
		}
	})
}

// TestMissingYears: a day that needs a missing year is the one that was counted, and every other one is the same as with all years.
func TestMissingYears(t *testing.T) {
	all, b := tenYears(t), tenYears(t)
	delete(b.years, 2030)
	for known := date(2029, 6, 1); known <= date(2031, 3, 1); known++ {
		full, err := all.at(known)
		if err != nil {
			t.Fatal(err)
		}
		part, err := b.at(known)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range someFacts {
			want := byRule(t, full, f)
			for id, d := range byRule(t, part, f) {
				from, _, _ := d.Counted.Date()
				to, _, _ := want[id].Due.Date()
				needs := d.Rule.Roll && (from == 2030 || to == 2030)
				switch {
				case (d.Unchecked == 2030) != needs:
					t.Fatalf("known %s, %s: unchecked %v", known, id, d.Unchecked)
				case needs && (d.Due != d.Counted || d.Moved != nil):
					t.Fatalf("known %s, %s: counted %s, and moved to %s", known, id, d.Counted, d.Due)
				case !needs && d.Due != want[id].Due:
					t.Fatalf("known %s, %s: due %s, want %s", known, id, d.Due, want[id].Due)
				}
			}
		}
	}
}
