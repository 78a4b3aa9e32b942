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
