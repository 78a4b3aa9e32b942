package vectors

import (
	"reflect"
	"testing"

	"github.com/azekura/azekura/internal/roster"
)

// rosterVector is a roster, and its bytes.
type rosterVector struct {
	People []roster.Person `json:"people"`
	Bytes  octets          `json:"bytes"`
}

// bookVector is the whole content of a share's file of the roster: rules, schools and a roster, which is the other vector's.
type bookVector struct {
	Rules   string               `json:"rules"`
	Schools []roster.SchoolFacts `json:"schools"`
	People  []roster.Person      `json:"people"`
	Bytes   octets               `json:"bytes"`
}

func freshBook(t *testing.T) (v bookVector) {
	v.Rules = "{school}/{class}/{number}_*.jpg → person\n**/layout/** → nobody\n"
	v.Schools = []roster.SchoolFacts{{Name: "さくら第一小学校", Contact: "教頭 03-0000-0000", Public: true}, {Name: "B"}}
	v.People = freshRoster(t).People
	v.Bytes = encodedBook(t, v)
	return v
}

func encodedBook(t *testing.T, v bookVector) []byte {
	t.Helper()
	rules, err := roster.ParseRules(v.Rules)
	if err != nil {
		t.Fatal(err)
	}
	b, err := roster.EncodeBook(&roster.Book{Rules: rules, Schools: v.Schools, Roster: roster.Roster{People: v.People}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBook(t *testing.T) {
	v := load(t, "book.json", freshBook)
	same(t, "book", encodedBook(t, v), v.Bytes)
	b, err := roster.DecodeBook(v.Bytes)
	if err != nil || b.Rules.String() != v.Rules || !reflect.DeepEqual(b.Schools, v.Schools) || !reflect.DeepEqual(b.Roster.People, v.People) {
		t.Errorf("%+v %v", b, err)
	}
}

func freshRoster(t *testing.T) (v rosterVector) {
	v.People = []roster.Person{
		{School: "さくら第一小学校", Year: "令和8年度", Grade: "3年", Class: "2組", Number: "1", Name: "髙橋　太郎", Kana: "たかはし　たろう", Kind: roster.Pupil},
		{School: "さくら第一小学校", Year: "令和8年度", Grade: "3年", Class: "2組", Number: "２", Name: "𠮟 花子", Kind: roster.Pupil},
		{School: "さくら第一小学校", Year: "令和8年度", Name: "渡\ue000 先生", Kind: roster.Staff},
		{School: "B", Name: "a photographer", Kind: roster.Other},
	}
	b, err := roster.Encode(&roster.Roster{People: v.People})
	if err != nil {
		t.Fatal(err)
	}
	v.Bytes = b
	return v
}

func TestRoster(t *testing.T) {
	v := load(t, "roster.json", freshRoster)
	b, err := roster.Encode(&roster.Roster{People: v.People})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "roster", b, v.Bytes)
	r, err := roster.Decode(v.Bytes)
	if err != nil || !reflect.DeepEqual(r.People, v.People) {
		t.Errorf("%+v %v", r, err)
	}
}
