package paper

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/deadline"
)

var began = time.Date(2026, 7, 12, 17, 10, 0, 0, time.UTC)

// maybe draws a time, or none.
func maybe(r *rapid.T, label string) time.Time {
	if !rapid.Bool().Draw(r, label) {
		return time.Time{}
	}
	return began.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(r, label)) * time.Second)
}

func three(r *rapid.T, label string) Three {
	n := rapid.SampledFrom([]int64{0, 0, 1, 999, 1000, 173_000})
	return Three{n.Draw(r, label), n.Draw(r, label), n.Draw(r, label)}
}

// Texts of people, with letters that files and pages care for.
var texts = rapid.SampledFrom([]string{"調査中です", "<b>&\"'", "長い文章。\n二行目です。", "VPN機器の脆弱性", "%s %d 100%", "𠮷田・髙橋・㈱"})

// draw draws facts, as far as a case knows them.
func draw(r *rapid.T) *Facts {
	f := &Facts{At: began.Add(30 * time.Hour), Answers: make(map[string]Answer)}
	if rapid.Bool().Draw(r, "firm") {
		f.Firm = Firm{Name: "株式会社あおば印刷", Representative: "代表取締役　青葉", Contact: "佐藤", Phone: "022-000-0000"}
	}
	f.Case = Case{Number: "2026-1", Known: maybe(r, "known"), Proposed: rapid.Bool().Draw(r, "proposed")}
	for range rapid.IntRange(0, 10).Draw(r, "suspects") {
		f.Case.Suspects = append(f.Case.Suspects, Suspect{What: Text{JA: "端末", EN: "device"}, Name: "note-3", Address: "203.0.113.9", From: maybe(r, "from"), To: maybe(r, "to"), Stopped: maybe(r, "stopped")})
	}
	for range rapid.IntRange(0, 40).Draw(r, "lines") {
		f.Lines = append(f.Lines, Line{When: maybe(r, "when"), What: Text{JA: texts.Draw(r, "line"), EN: "line"}})
	}
	for i := range rapid.IntRange(0, 15).Draw(r, "gaps") {
		f.Gaps = append(f.Gaps, Gap{What: Text{JA: fmt.Sprintf("欠落%d", i), EN: fmt.Sprintf("gap %d", i)}, From: maybe(r, "from"), To: maybe(r, "to"), Hits: rapid.Bool().Draw(r, "hits")})
	}
	for _, q := range Questions {
		switch {
		case rapid.Bool().Draw(r, "open"):
		case q.Choices != nil:
			f.Answers[q.Key] = Answer{Text: rapid.SampledFrom(q.Choices).Draw(r, q.Key).Key}
		default:
			f.Answers[q.Key] = Answer{Text: texts.Draw(r, q.Key)}
		}
	}
	f.Controls.Ledger = Ledger{Verified: rapid.Bool().Draw(r, "verified"), Head: "abc=", Entries: 1000, At: maybe(r, "at")}
	f.Controls.SecondFactor = Part{Known: rapid.Bool().Draw(r, "factor"), Done: 3, Of: 5}
	for i := range rapid.IntRange(0, 8).Draw(r, "stops") {
		f.Controls.Freezes = append(f.Controls.Freezes, Freeze{Who: fmt.Sprint("session ", i), When: maybe(r, "stop")})
	}
	f.Total = sums(r)
	for i := range rapid.IntRange(0, 4).Draw(r, "clients") {
		f.Clients = append(f.Clients, client(r, i))
	}
	persons := f.Total.Exposure.Persons
	rules, err := deadline.At(began)
	if err == nil {
		facts := deadline.Facts{Contractor: true, Mark: true, Hostile: deadline.Yes, Persons: deadline.Persons{Counted: f.Total.Exposure.Known, Confirmed: int(persons.Confirmed), Possible: int(persons.Possible)}}
		f.Deadlines, _ = rules.For(facts)
		f.Assessments, _ = rules.Assess(facts)
	}
	return f
}

// seen are the facts that a kind of paper is made of.
func seen(k Kind, f *Facts) *Facts {
	if (k == ClientNotice || k == PersonNotice) && len(f.Clients) > 0 {
		return f.For(0)
	}
	return f
}

func sums(r *rapid.T) (s Sums) {
	s.Exposure = Exposure{Known: rapid.Bool().Draw(r, "counted")}
	s.Damage.Known = rapid.Bool().Draw(r, "looked")
	if x := &s.Exposure; x.Known {
		x.Persons, x.Files, x.Unknown, x.Unlinked, x.FilesUnlinked = three(r, "persons"), three(r, "files"), three(r, "unknown"), three(r, "unlinked"), three(r, "loose")
		x.Strange, x.Names = rapid.Int64Range(0, 2).Draw(r, "strange"), rapid.Bool().Draw(r, "names")
	}
	if d := &s.Damage; d.Known {
		d.Files = rapid.Int64Range(0, 30_000).Draw(r, "hurt")
		d.Intact, d.RolledBack = rapid.Int64Range(0, d.Files).Draw(r, "intact"), rapid.Int64Range(0, d.Files).Draw(r, "back")
		d.OfFiles, d.Bytes, d.OfBytes = 1_000_000, d.Files*100, 100_000_000
		d.Hurts = []Hurt{{"encrypted", d.Files}}
		d.Notes = []Note{{Name: "readme.txt", Files: 4}}
	}
	return s
}

// client draws a client whose every word has its number, so that it is known wherever it turns up.
func client(r *rapid.T, i int) Client {
	c := Client{Key: fmt.Sprintf("key-%d-", i), Name: fmt.Sprintf("委託元%d号小学校", i), Contact: fmt.Sprintf("contact-%d", i), Public: rapid.Bool().Draw(r, "public"), Sums: sums(r),
		Shares: []Share{{Name: fmt.Sprintf("share-%d-", i), Year: 2020 + i, Data: []string{fmt.Sprintf("data-%d", i)}, Subjects: []string{fmt.Sprintf("subject-%d", i)}}}}
	if rapid.Bool().Draw(r, "named") && i == 3 {
		c.Name = "" // not registered
	}
	if c.Exposure.Known && rapid.Bool().Draw(r, "rows") {
		c.Exposure.Rows = []Row{{School: fmt.Sprintf("school-%d-", i), Year: fmt.Sprint(2020 + i), Kind: "pupil", Persons: three(r, "row"), Unlinked: three(r, "row")}}
	}
	c.People = slices.Values([]Person{{School: fmt.Sprintf("school-%d-", i), Name: fmt.Sprintf("person-%d-", i), Number: "1", Count: Possible, Files: 1}})
	c.Files = slices.Values([]File{{Path: fmt.Sprintf("share-%d-/file-%d-.jpg", i, i), Exposed: true, Count: Possible}})
	return c
}
