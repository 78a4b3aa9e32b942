package whose

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestFold: what is the same however it is written, and what is not.
func TestFold(t *testing.T) {
	class := func(grade, class string) string { g, c := Class(grade, class); return g + "," + c }
	for _, c := range []struct{ got, want string }{
		{Number("０１２"), "12"}, {Number("12番"), "12"}, {Number("No.3"), "3"}, {Number("000"), "0"}, {Number("A01"), "a01"}, {Number("第5号"), "5"}, {Number("番"), "番"}, {Number(""), ""},
		{Year("令和８年度"), "2026"}, {Year("R8"), "2026"}, {Year("r.08"), "2026"}, {Year("平成30年"), "2018"}, {Year("H31"), "2019"}, {Year("令和元年度"), "2019"}, {Year("昭和60"), "1985"}, {Year("2026年度"), "2026"}, {Year("rabbit"), "rabbit"},
		{class("3年", "2組"), "3,2"}, {class("", "3年2組"), "3,2"}, {class("", "３－２"), "3,2"}, {class("", "3の02"), "3,2"}, {class("", "3年A組"), "3,a"}, {class("3", "3年2組"), "3,2"}, {class("", "2組"), ",2"}, {class("", "A組"), ",a"}, {class("第3学年", ""), "3,"},
		{class("", "3年"), "3,"}, {class("", "302"), ",302"}, {class("1", "3-2"), "1,3-2"}, {class("", "すみれ組"), ",すみれ"}, {class("", "組"), ",組"}, {class("年少", "もも"), "年少,もも"},
		{Text("ﾔﾏﾀﾞ　ﾀﾛｳ"), "ヤマダタロウ"}, {Text("葛\U000E0100城"), "葛城"}, {Text("神\ufe00"), "神"}, {Text("ＡBc"), "abc"}, {Text("㈱"), "(株)"}, {Text("髙"), "髙"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("0123０１ 年組度番RrＨ令和元-の３AａガｶﾞŐİ\u3099\ufe00"))).Draw(t, "text")
		if once := Text(s); Text(once) != once {
			t.Fatalf("%q is %q, and that %q", s, once, Text(once))
		}
	})
}

// TestPersonFolds: files of one person count for one, however their paths write it; a name of which folding leaves nothing is somebody.
func TestPersonFolds(t *testing.T) {
	for _, c := range []struct{ template, path, want string }{
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/012_卒業.jpg", "第一小/3-2/12"},
		{"{school}/{class}/{number}_*.jpg", "第一　小/３の０２/12番_.JPG", "第一小/3-2/12"},
		{"{school}/{class}/{number}_*.jpg", "第一小/2組/１２_a.jpg", "第一小/2/12"},
		{"{grade}/{class}/{number}.jpg", "3年/3年2組/no.12.jpg", "3/2/12"},
		{"{grade}/{class}/{number}.jpg", "５年/3-2/12.jpg", "5/3-2/12"},
		{"{class}/{grade}_{number}.jpg", "3-2/３年生_12.jpg", "2/3/12"},
		{"{year}/{name}.jpg", "令和8年度/ﾔﾏﾀﾞ.jpg", "2026/ヤマダ"},
		{"{code}/{number}.jpg", "0012/012.jpg", "0012/12"}, // a word that means nothing to rosters stays as it is
		{"{number}/{number}.jpg", "01/02.jpg", "1/02"},
		{"{name}.jpg", "　.jpg", "　"},
		{"{school}/{name}.jpg", "a／b/c.jpg", "a／b/c"},
	} {
		p, err := Parse(c.template)
		if err != nil {
			t.Fatal(c.template, err)
		}
		if got := p.Person(Plain(c.path)); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.template, c.path, got, c.want)
		}
	}
	p, err := Parse("{school}/{class}/{number}_*.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{"第一小/3年2組/12", "/第一小/3-2/012/", "第一 小/３年２組/１２番"} {
		if got := p.Named(written); got != "第一小/3-2/12" {
			t.Errorf("%q is %q", written, got)
		}
	}
	if p.Named("") != "" || (*Template)(nil).Named("A") != "a" {
		t.Error("who is not named by a template is somebody else")
	}
}

// TestMayHoldFolds: above every file of a person, each folder may hold files of the person, and a folder of others may not.
func TestMayHoldFolds(t *testing.T) {
	values := map[string][]string{"{school}": {"第一小", "第一　小", "第二小"}, "{grade}": {"3", "３年生", "5", "第"}, "{class}": {"3年2組", "3-2", "2組", "02", "1-2", "A組"}, "{number}": {"12", "012", "13"}}
	for _, template := range []string{"{school}/{class}/{number}/*.jpg", "{school}/{grade}/{class}/{number}.jpg", "{class}/{school}/{grade}/{number}.jpg", "{grade}/{class}/{school}/{number}.jpg"} {
		p, err := Parse(template)
		if err != nil {
			t.Fatal(err)
		}
		paths := []string{strings.ReplaceAll(template, "*", "x")}
		for field, all := range values {
			if !strings.Contains(template, field) {
				continue
			}
			var more []string
			for _, path := range paths {
				for _, v := range all {
					more = append(more, strings.ReplaceAll(path, field, v))
				}
			}
			paths = more
		}
		persons := make(map[string]map[string]bool) // by folder, those that really have a file there
		for _, path := range paths {
			who := p.Person(Plain(path))
			for folder := Plain(path); ; {
				i := strings.LastIndexByte(folder, '/')
				if i < 0 {
					break
				}
				if folder = folder[:i]; persons[folder] == nil {
					persons[folder] = make(map[string]bool)
				}
				persons[folder][who] = true
			}
		}
		all := make(map[string]bool)
		for _, path := range paths {
			all[p.Person(Plain(path))] = true
		}
		for folder, there := range persons {
			for who := range all {
				if there[who] && !p.MayHold(folder, who) {
					t.Errorf("%s: %s is said to hold nothing of %s", template, folder, who)
				}
				school, _, _ := strings.Cut(p.join(valuesOf(p, folder)), "/")
				if p.Fields()[0] == "school" && !strings.HasPrefix(who, school+"/") && p.MayHold(folder, who) {
					t.Errorf("%s: %s is said to hold files of %s", template, folder, who)
				}
			}
		}
	}
}

// valuesOf are those that a folder tells.
func valuesOf(t *Template, folder string) (who []string) {
	for i, name := range strings.Split(folder, "/") {
		who, _ = match(t.names[i], name, who)
	}
	return who
}
