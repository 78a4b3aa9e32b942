package roster

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/whose"
)

// Field is what a column says.
type Field string

// The fields. A name may come in two columns.
const (
	School Field = "school"
	Year   Field = "year"
	Grade  Field = "grade"
	Class  Field = "class"
	Number Field = "number"
	Name   Field = "name"
	Family Field = "family"
	Given  Field = "given"
	Kana   Field = "kana"
	Sort   Field = "kind" // of person
)

// Mapping says which column holds which field.
type Mapping struct {
	Head    int              `json:"head"`            // the row of the headings, from 1; persons stand below it. 0: there is none
	Columns map[Field]int    `json:"columns"`         // from 0
	Fixed   map[Field]string `json:"fixed,omitempty"` // what is the same for everybody, and no column
	Fill    bool             `json:"fill,omitempty"`  // an empty school, year, grade or class is that of the row above
}

// headings are how lists call their columns, the surest first: beside 出席番号, a column No. only counts rows.
var headings = map[Field][]string{
	School: {"学校", "学校名", "校名", "園名", "学校・園名", "school", "schoolname"},
	Year:   {"年度", "卒業年度", "卒業年", "year", "schoolyear", "fiscalyear"},
	Grade:  {"学年", "年", "grade"},
	Class:  {"組", "クラス", "学級", "クラス名", "組名", "学級名", "年組", "年・組", "class", "classname", "homeroom"},
	Number: {"出席番号", "出席no", "出席no.", "番号", "番", "rollnumber", "studentnumber", "number", "整理番号", "no", "no."},
	Name:   {"氏名", "名前", "お名前", "生徒名", "児童名", "園児名", "生徒氏名", "児童氏名", "園児氏名", "氏名(漢字)", "漢字氏名", "氏名漢字", "name", "fullname", "studentname"},
	Family: {"姓", "氏", "苗字", "名字", "family", "familyname", "lastname", "surname"},
	Given:  {"名", "given", "givenname", "firstname"},
	Kana:   {"ふりがな", "フリガナ", "カナ", "かな", "よみ", "よみがな", "ヨミ", "ヨミガナ", "読み", "読み仮名", "氏名カナ", "カナ氏名", "氏名(カナ)", "氏名かな", "氏名(かな)", "氏名フリガナ", "氏名ふりがな", "kana", "furigana", "phonetic", "reading"},
	Sort:   {"区分", "種別", "種類", "属性", "kind", "type", "role", "category"},
}

// heading is a field that a heading names, and how far down in its list that stands.
type heading struct {
	field Field
	rank  int
}

// byHeading finds it.
var byHeading = func() map[string]heading {
	m := make(map[string]heading)
	for f, list := range headings {
		for i, h := range list {
			m[whose.Text(h)] = heading{f, i}
		}
	}
	return m
}()

// headed reads a row as headings.
func headed(cells []string) map[Field]int {
	columns, ranks := make(map[Field]int), make(map[Field]int)
	for i, c := range cells {
		c = strings.TrimLeft(whose.Text(c), "*※★●○")
		h, ok := byHeading[c]
		if !ok {
			h, ok = byHeading[strings.TrimRight(c, "*※:必須()")]
		}
		if was, twice := ranks[h.field]; ok && (!twice || h.rank < was) {
			columns[h.field], ranks[h.field] = i, h.rank
		}
	}
	if _, whole := columns[Name]; whole { // 氏名 beside 姓 and 名 says the same
		delete(columns, Family)
		delete(columns, Given)
	}
	return columns
}

// guess finds the headings among the first rows of a list: the row that names most fields, a person among them.
func guess(first []row) (m Mapping) {
	m.Columns = map[Field]int{}
	for _, r := range first {
		columns := headed(r.cells)
		_, whole := columns[Name]
		_, family := columns[Family]
		if (whole || family) && len(columns) > len(m.Columns) {
			m.Head, m.Columns = r.n, columns
		}
	}
	return m
}

// has reports whether a mapping says a field.
func (m *Mapping) has(f Field) bool {
	_, ok := m.Columns[f]
	return ok || m.Fixed[f] != ""
}

// sound reports whether a mapping can be used: it tells a person and a school, and no column twice.
func (m *Mapping) sound() bool {
	var used []int
	for f, c := range m.Columns {
		if headings[f] == nil || c < 0 || c >= maxColumns || slices.Contains(used, c) || m.Fixed[f] != "" {
			return false
		}
		used = append(used, c)
	}
	for f, s := range m.Fixed {
		if headings[f] == nil || f == Name || f == Family || f == Given || len(s) > maxLetters {
			return false
		}
	}
	return m.Head >= 0 && m.has(School) && (m.has(Name) || m.has(Family))
}

// kinds are how lists call persons, in the compared form; others are Other.
var kinds = map[string]Kind{"": Pupil, "生徒": Pupil, "児童": Pupil, "園児": Pupil, "学生": Pupil, "卒業生": Pupil, "卒園児": Pupil, "pupil": Pupil, "student": Pupil, "child": Pupil,
	"教員": Staff, "教職員": Staff, "職員": Staff, "先生": Staff, "教師": Staff, "教諭": Staff, "担任": Staff, "校長": Staff, "園長": Staff, "教頭": Staff, "副校長": Staff, "保育士": Staff, "staff": Staff, "teacher": Staff}

func kindOf(s string) Kind {
	if k, ok := kinds[whose.Text(s)]; ok {
		return k
	}
	return Other
}
