package roster

import (
	"bytes"
	"reflect"
	"testing"
)

func TestCounts(t *testing.T) {
	b := &Book{Schools: []SchoolFacts{{Name: "第 一小", Contact: "03", Public: true}}, Roster: Roster{People: []Person{
		{School: "第一小", Year: "令和8年度", Kind: Pupil, Number: "1", Name: "a"}, {School: "第一小", Year: "令和8年度", Kind: Pupil, Number: "2", Name: "b"},
		{School: "第一小", Year: "令和8年度", Kind: Staff, Name: "c"}, {School: "Ａ", Kind: Pupil, Name: "d"}, {School: "第一小", Year: "2026", Kind: Pupil, Number: "3", Name: "e"},
		{School: "a", Kind: Pupil, Name: "f"},
	}}}
	want := []Count{{"第一小", "令和8年度", Pupil, 3, "03", true}, {"第一小", "令和8年度", Staff, 1, "03", true}, {"Ａ", "", Pupil, 2, "", false}}
	if got := b.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTemplate(t *testing.T) {
	for _, x := range []struct{ rules, template, why string }{
		{"{school}/{class}/group_*.jpg -> class\n{school}/{class}/{number}_*.jpg -> person\n{name}.jpg -> person\n", "{school}/{class}/{number}_*.jpg", ""},
		{"**/{number}_*.jpg -> person\n{school}/{number}.jpg -> person", "", AnyDepth},
		{"{school}/{number}/** -> person", "", AnyDepth},
		{"{school}/** -> school", "", NoPersonRule},
		{"", "", NoPersonRule},
	} {
		l, err := ParseRules(x.rules)
		if err != nil {
			t.Fatal(x.rules, err)
		}
		if got, why := l.Template(); got != x.template || why != x.why {
			t.Errorf("%q: %q, %q", x.rules, got, why)
		}
	}
}

// FuzzDecodeBook: whatever is read is written, and what was written is read as the same with the same bytes. The first line may have been
// written otherwise, as JSON may.
func FuzzDecodeBook(f *testing.F) {
	rules, err := ParseRules("{school}/{class}/{number}_*.jpg -> person")
	if err != nil {
		f.Fatal(err)
	}
	b, err := EncodeBook(&Book{Rules: rules, Schools: []SchoolFacts{{Name: "第一小", Contact: "03", Public: true}}, Roster: *house()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("{\"azekura_roster\":1}\n\x01\x00\x00\x00\x00"))
	f.Add([]byte("{\"azekura_roster\":2}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		book, err := DecodeBook(b)
		if err != nil {
			return
		}
		once, err := EncodeBook(book)
		if err != nil {
			t.Fatalf("%q is read and not written: %v", b, err)
		}
		again, err := DecodeBook(once)
		if err != nil {
			t.Fatalf("%q is written and not read: %v", once, err)
		}
		if !reflect.DeepEqual(again.Schools, book.Schools) || again.Rules.String() != book.Rules.String() || !reflect.DeepEqual(again.Roster, book.Roster) {
			t.Errorf("%q has become %q", b, once)
		}
		if twice, err := EncodeBook(again); err != nil || !bytes.Equal(twice, once) {
			t.Errorf("%q has become %q: %v", once, twice, err)
		}
	})
}
