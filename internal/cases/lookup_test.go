package cases

import (
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/roster"
)

// TestLookupGrades: a list that tells only the class, and a parent who tells only the class, still find who is in scope; who tells another grade does not.
func TestLookupGrades(t *testing.T) {
	for _, c := range []struct {
		grade, class, year, asked string
		found                     bool
	}{
		{"6", "1", "2026", "6年1組", true}, {"6", "1", "2026", "6-1", true}, {"6", "1", "2026", "1組", true}, {"6", "1", "", "１", true}, {"6", "1", "2026", "5年1組", false}, {"6", "1", "2026", "2組", false},
		{"", "1組", "2026", "6年1組", true}, {"", "1", "2026", "1", true}, {"", "1", "", "6-1", true}, {"", "1", "2026", "6-2", false}, {"", "3-A", "2026", "3年A組", true},
	} {
		p := roster.Person{School: "第一小", Year: c.year, Grade: c.grade, Class: c.class, Number: "7", Kind: roster.Pupil}
		q := LookupQuestion{School: "第一小", Year: "2026", Class: c.asked, Number: "7", Kind: roster.Pupil}
		x, all := scoped(p.Key(), account.LookupConfirmed), q.Questions()
		if found := slices.Contains(all, x.Key) || x.Also != "" && slices.Contains(all, x.Also); found != c.found || len(all) != 4 {
			t.Errorf("%+v: found %v by %q", c, found, all)
		}
	}
}

// TestLookupScopeWords: each class has its own answer, and files of nobody knows whom are told of.
func TestLookupScopeWords(t *testing.T) {
	if len(answerOf) != 3 || answerOf[Confirmed] != account.LookupConfirmed || answerOf[Possible] != account.LookupPossible || answerOf[Exempt] != account.LookupEncrypted {
		t.Errorf("%v", answerOf)
	}
	one := exposure.Three{Confirmed: 1}
	for i, f := range []Findings{{}, {Ledger: LedgerState{Broken: true}}, {Exposure: exposure.Report{Unknown: one}}, {Exposure: exposure.Report{Unknown: exposure.Three{Possible: 1}}},
		{Exposure: exposure.Report{Files: exposure.ShareCount{Unlinked: one}}}, {Exposure: exposure.Report{Files: exposure.ShareCount{Unlinked: exposure.Three{Possible: 1}}}}} {
		if f.loose() != (i > 0) {
			t.Errorf("%d: %v", i, f.loose())
		}
	}
}
