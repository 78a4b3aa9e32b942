package cases

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/roster"
)

// office is a keeper with one case.
type office struct {
	Books
	c      account.Case
	duties account.Duties
}

func (o *office) Case(context.Context, id.Session, string) (account.Case, error) { return o.c, nil }
func (o *office) Duties() account.Duties                                         { return o.duties }

func at(t testing.TB, s string) time.Time {
	t.Helper()
	x, err := time.Parse("2006-01-02 15:04 -0700", s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// told are the deadlines in one line each: rule, last day, day count.
func told(t *testing.T, d *Due) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, x := range d.Deadlines {
		out[x.Rule.ID] = x.Due.String() + " " + string(x.Count.State)
	}
	return out
}

// TestDeadlines: what is due follows from who knew, what people have decided, the register, the mark and the persons; what nobody knows makes nothing later.
func TestDeadlines(t *testing.T) {
	now := at(t, "2026-11-05 10:00 +0900")
	o := &office{c: account.Case{ID: "2026-1", Opened: at(t, "2026-11-02 16:00 +0000"), Suspects: []account.Suspect{{Kind: account.StopAccount, Subject: "x"}}}}
	d := &Desk{Books: o, Now: func() time.Time { return now }}
	due := func() *Due {
		t.Helper()
		x, err := d.Deadlines(t.Context(), account.Session{}, "2026-1")
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	x := due() // opened at one in the night of the 3rd, in Japan; nobody has said anything
	got := told(t, x)
	if !x.Proposed || x.Start.String() != "2026-11-03" || got["ppc-first"] != "2026-11-07 warning" || got["ppc-final"] != "2026-12-02 running" || got["client"] != "" || got["mark-first"] != "" ||
		strings.Join(x.Undecided, " ") != "hostile sensitive property-damage" || x.Facts.Persons.Counted || !x.CountedAt.IsZero() {
		t.Errorf("at the beginning: %+v, %+v", got, x)
	}
	if n := x.Next(); n == nil || n.Rule.ID != "ppc-first" || n.Count.Day != 3 || n.Count.Left != 2 {
		t.Errorf("the next is %+v", n)
	}
	if x.Checked == 0 || x.Pending == nil || x.Pending.JA == "" {
		t.Error("it does not say when the rules were checked")
	}
	o.c.Knew = at(t, "2026-11-02 09:00 +0900")
	o.c.Facts = []account.Fact{{Key: "hostile", Value: "yes"}, {Key: "sensitive", Value: "no"}, {Key: "property-damage", Value: "unknown"}, {Key: "exempt", Value: "yes"}}
	o.duties = account.Duties{Firm: account.Firm{Mark: "10820001(05)"}, Register: []account.RegisterLine{{Share: "own"},
		{Share: "a", Register: account.Register{Client: "市立第一小学校", Public: true}}, {Share: "b", Register: account.Register{Client: "市立第一小学校", Public: true}}}}
	x = due()
	got = told(t, x)
	if x.Proposed || got["ppc-first"] != "2026-11-06 warning" || got["ppc-final"] != "2027-01-04 running" || got["client"] != "2026-11-06 warning" || got["mark-final"] != "2026-12-31 running" ||
		strings.Join(x.Undecided, " ") != "property-damage" || strings.Join(x.Public, " ") != "市立第一小学校" || !x.Facts.Persons.Exempt {
		t.Errorf("attacked: %+v, %+v", got, x)
	}
	now = at(t, "2026-11-07 00:30 +0900")
	if x = due(); x.Deadlines[0].Count.State != deadline.Late || x.Next() == nil || x.Next().Rule.ID != x.Deadlines[0].Rule.ID {
		t.Errorf("after the first days: %+v, the next %+v", x.Deadlines[0].Count, x.Next())
	}
	for _, duty := range []string{"ppc-first", "client", "mark-first"} {
		o.c.Facts = append(o.c.Facts, account.Fact{Key: "done-" + duty, Value: "yes", By: "加藤", At: now})
	}
	o.c.Facts = append(o.c.Facts, account.Fact{Key: "done-mark-final", Value: "no", By: "加藤", At: now})
	if x = due(); x.Deadlines[0].DoneBy != "加藤" || !x.Deadlines[0].Done.Equal(now) || x.Next() == nil || x.Next().Rule.ID != "mark-final" {
		t.Errorf("after the first days: %+v, the next %+v", x.Deadlines[0].Count, x.Next())
	}
	o.c.Knew = at(t, "2035-01-01 09:00 +0900")
	if x = due(); x.Gap == nil || x.Gap.Day.String() != "2035-01-01" || len(x.Deadlines) != 0 {
		t.Errorf("where the data end: %+v", x)
	}
	all, err := d.OpenDeadlines()
	if o.duties.Cases = []account.Case{o.c}; err != nil || len(all) != 0 {
		t.Errorf("no case is open: %v, %v", all, err)
	}
	if all, err = d.OpenDeadlines(); err != nil || len(all) != 1 || all[0].Case != "2026-1" {
		t.Errorf("one is open: %v, %v", all, err)
	}
}

// TestSchoolsOfDeadlines: which clients are public bodies follows the schools where a share has several.
func TestSchoolsOfDeadlines(t *testing.T) {
	no, yes := false, true
	o := &office{c: account.Case{ID: "2026-1", Opened: at(t, "2026-11-02 16:00 +0000")}, duties: account.Duties{Register: []account.RegisterLine{{Share: "a", Register: account.Register{Schools: []account.SchoolLine{
		{School: "東小学校", Public: &yes}, {School: "西小学校", Client: "市教育委員会", Public: &yes}, {School: "北小学校", Client: "市教育委員会", Public: &yes}, {School: "学園", Client: "学校法人", Public: &no}, {School: "南小学校", Contact: "03"}}}}}}}
	d := &Desk{Books: o, Now: func() time.Time { return at(t, "2026-11-05 10:00 +0900") }}
	x, err := d.Deadlines(t.Context(), account.Session{}, "2026-1")
	if err != nil || strings.Join(x.Public, " ") != "東小学校 市教育委員会" || !x.Facts.Contractor {
		t.Errorf("%+v, %v", x, err)
	}
}

// TestPersonsOfDeadlines: persons count when somebody who is concerned with all shares has counted them lately, about the same suspects; otherwise any
// number counts as passed. What has no roster, or was lost, is no maximum.
func TestPersonsOfDeadlines(t *testing.T) {
	now := at(t, "2026-11-05 10:00 +0900")
	o := &office{c: account.Case{ID: "2026-1", Opened: now, Suspects: []account.Suspect{{Subject: "x"}}, Facts: []account.Fact{{Key: "hostile", Value: "no"}, {Key: "sensitive", Value: "no"}, {Key: "property-damage", Value: "no"}}},
		duties: account.Duties{Register: []account.RegisterLine{{Share: "a"}, {Share: "b"}}}}
	d := &Desk{Books: o, Now: func() time.Time { return now }}
	find := func(shares int, change func(*Findings)) *Due {
		t.Helper()
		f := &Findings{Case: o.c, At: now, source: newSource(d, make([]account.Share, shares))}
		f.Exposure.Persons.Persons = exposure.Three{Confirmed: 600, Possible: 300, Exempt: 50}
		if change != nil {
			change(f)
		}
		d.mu.Lock()
		d.heads = nil
		d.keepHead(f)
		d.mu.Unlock()
		x, err := d.Deadlines(t.Context(), account.Session{}, "2026-1")
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := find(2, nil); !x.Facts.Persons.Counted || x.Facts.Persons.Confirmed != 600 || x.Facts.Persons.Encrypted != 50 || !x.CountedAt.Equal(now) || len(x.Deadlines) != 0 {
		t.Errorf("950 persons: %+v", x)
	}
	if x := find(1, nil); x.Facts.Persons.Counted || !x.CountedAt.IsZero() || len(x.Deadlines) == 0 || !x.Deadlines[0].Assumed() {
		t.Errorf("counted by somebody who does not see all shares: %+v", x)
	}
	for name, change := range map[string]func(*Findings){
		"without a roster": func(f *Findings) { f.Exposure.Unknown.Possible = 1 }, "lost": func(f *Findings) { f.Exposure.Files.Lost = 1 }, "names": func(f *Findings) { f.Exposure.Files.Names = true },
		"strange": func(f *Findings) { f.Exposure.Files.Strange = 1 }, "a broken ledger": func(f *Findings) { f.Ledger.Broken = true },
	} {
		if x := find(2, change); x.Facts.Persons.Counted || x.CountedAt.IsZero() || len(x.Deadlines) == 0 {
			t.Errorf("%s: %+v", name, x.Facts)
		}
	}
	if x := find(2, func(f *Findings) { f.Exposure.Persons.Persons.Possible = 401 }); len(x.Deadlines) == 0 || x.Deadlines[0].Assumed() {
		t.Errorf("1,051 persons: %+v", x)
	}
	find(2, nil)
	now = now.Add(countedFor + time.Second)
	if x, _ := d.Deadlines(t.Context(), account.Session{}, "2026-1"); x.Facts.Persons.Counted {
		t.Error("an old number counts")
	}
	find(2, nil)
	o.c.Suspects = []account.Suspect{{Subject: "x"}, {Subject: "y"}}
	if x, _ := d.Deadlines(t.Context(), account.Session{}, "2026-1"); x.Facts.Persons.Counted {
		t.Error("the number of other suspects counts")
	}
}

// TestPublicByRoster: schools that the list beside a roster calls public bodies are told with the days, once a roster was read or saved; what the
// register says of a school comes before.
func TestPublicByRoster(t *testing.T) {
	no := false
	o := &office{c: account.Case{ID: "2026-1", Opened: at(t, "2026-11-02 16:00 +0000")}, duties: account.Duties{Register: []account.RegisterLine{
		{Share: "albums", Register: account.Register{Schools: []account.SchoolLine{{School: "第二小", Public: &no}, {School: "第三小", Client: "北町"}}}}}}}
	house := &shelf{}
	d := &Desk{Books: o, House: house, Now: func() time.Time { return at(t, "2026-11-05 10:00 +0900") }}
	due := func() *Due {
		t.Helper()
		x, err := d.Deadlines(t.Context(), account.Session{}, "2026-1")
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := due(); !x.Unread || len(x.Public) != 0 {
		t.Errorf("before anybody has read it: %v, %v", x.Unread, x.Public)
	}
	if err := d.SaveBook(t.Context(), account.Session{}, "albums", func(b *roster.Book) error {
		for _, name := range []string{"第一小", "第二小", "第三小", "私立小"} {
			b.Roster.People = append(b.Roster.People, roster.Person{School: name, Name: "佐藤", Number: "1", Kind: roster.Pupil})
			b.Schools = append(b.Schools, roster.SchoolFacts{Name: name, Public: name != "私立小"})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if x := due(); x.Unread || strings.Join(x.Public, " ") != "第一小 北町" || len(x.ToPublic) == 0 {
			t.Errorf("%s: %v, public bodies are %v, with %d days", when, x.Unread, x.Public, len(x.ToPublic))
		}
	}
	check("saved")
	d = &Desk{Books: o, House: house, Now: d.Now} // started again
	if _, err := d.rosters(t.Context(), account.Session{}, []account.Share{{Name: "albums"}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	check("read for findings")
}

// TestEveryDutyCanBeDone: for each duty of the firm there is a fact that says that it was done.
func TestEveryDutyCanBeDone(t *testing.T) {
	rules, err := deadline.At(at(t, "2026-11-05 10:00 +0900"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules.List() {
		if _, ok := account.FactFieldOf("done-" + r.ID); ok == (r.Party == deadline.Public) {
			t.Errorf("done-%s, of %s: %v", r.ID, r.Party, ok)
		}
	}
}
