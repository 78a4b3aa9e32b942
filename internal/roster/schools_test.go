package roster

import (
	"reflect"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/problem"
)

func schoolsOf(t *testing.T, text string) (*Schools, error) {
	t.Helper()
	return ReadSchools(Source{Name: "schools.csv", Content: strings.NewReader(text), Size: int64(len(text))}, &Roster{People: []Person{{School: "第一小"}, {School: "第２小"}}})
}

func TestSchools(t *testing.T) {
	got, err := schoolsOf(t, "一覧\r\n学校名,電話,メール,公立\r\n第一小,03-0000,a@example.jp,公立\r\n\r\n第2小,,,いいえ\r\n第三小,03,,\r\n")
	want := []SchoolFacts{{"第一小", "03-0000, a@example.jp", true}, {"第2小", "", false}, {"第三小", "03", false}}
	if err != nil || !reflect.DeepEqual(got.Facts, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if issues := []Issue{{Row: 6, Column: "A", Word: isUnknown, Field: School, Value: "第三小", Warning: true}}; !reflect.DeepEqual(got.Issues, issues) {
		t.Errorf("issues %+v, want %+v", got.Issues, issues)
	}
	got, err = schoolsOf(t, "school,public\n第一小,maybe\n,yes\n第 一小,no\n")
	if err != nil || got.Facts != nil || len(got.Issues) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, w := range []struct {
		row    int
		column string
		word   string
	}{{2, "B", isNoAnswer}, {3, "A", isEmpty}, {4, "A", isSchoolTwice}} {
		if x := got.Issues[i]; x.Row != w.row || x.Column != w.column || x.Word != w.word {
			t.Errorf("issue %d: %+v", i, x)
		}
	}
	if _, err := schoolsOf(t, "a,b\nc,d\n"); problem.KindOf(err) != problem.Invalid {
		t.Errorf("without headings: %v", err)
	}
}
