package roster

import (
	"github.com/azekura/azekura/internal/whose"
	"regexp"

	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// house is a roster of two schools, with 2 classes of 3 pupils each in two grades, and a head.
func house() *Roster {
	r := &Roster{}
	for _, school := range []string{"さくら第一小", "ガーデン中"} {
		for grade := 1; grade <= 2; grade++ {
			for class := 1; class <= 2; class++ {
				for n := 1; n <= 3; n++ {
					r.People = append(r.People, Person{School: school, Year: "令和8年度", Grade: fmt.Sprint(grade, "年"), Class: fmt.Sprint(class, "組"), Number: fmt.Sprint(n), Name: fmt.Sprintf("生徒 %d%d%d", grade, class, n), Kind: Pupil})
				}
			}
		}
		r.People = append(r.People, Person{School: school, Year: "2026", Name: "校長 先生", Kind: Staff})
	}
	return r
}

const lines = `# how names tell
{school}/{year}/{class}/{number}_*.jpg → person
{school}/{year}/教職員/{name}.jpg -> person
{school}/{year}/{class}/集合*.jpg => class
{school}/{year}/{grade}/学年*.jpg → class
{school}/{year}/行事/** → school
**/見本/** → nobody
**/*.db → nobody
`

// TestLink: paths as cameras, Macs and people write them.
func TestLink(t *testing.T) {
	l, err := ParseRules(lines)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex(house())
	for path, want := range map[string]string{
		"さくら第一小/2026/1年2組/2_卒業.jpg": "person 1", "さくら第一小/R8/1-2/002_.JPG": "person 1", "/さくら第一小/令和８年度/１の２/００２_x.jpg": "person 1", norm.NFD.String("ガーデン中/2026/2年1組/3_ガ.jpg"): "person 1",
		"さくら第一小/2026/1年2組/9_卒業.jpg": "person 0", "第二小/2026/1年2組/2_卒業.jpg": "person 0", "さくら第一小/2026/1年2組/2.jpg": " 0", "さくら第一小/2026/教職員/校長　先生.jpg": "person 1",
		"さくら第一小/2026/2年1組/集合写真.jpg": "class 3", "さくら第一小/2026/2年/学年集合.jpg": "class 6", "さくら第一小/2026/行事/運動会/a/b.png": "school 13",
		"さくら第一小/2026/見本/1_a.jpg": "person 0", "見本/a.jpg": "nobody 0", "a/b/見本/c/d.jpg": "nobody 0", "さくら第一小/Thumbs.DB": "nobody 0", "読んで.txt": " 0", "": " 0",
	} {
		k := l.Link(path)
		if got := fmt.Sprint(k.Target, " ", len(x.People(k))); got != want {
			t.Errorf("%s: %s, want %s (%+v)", path, got, want, k)
		}
	}
	if back, err := ParseRules(l.String()); err != nil || back.String() != l.String() || len(l.List()) != 7 {
		t.Errorf("%v\n%s", err, back)
	}
	for _, bad := range []string{"{school}", "{school} → x", "{school}/{class} → person", "{number} → class", "{age}/{number} → person", "{number}{name} → person", "→ nobody", "{number}/{number} → person", "a/**/b → nobody", strings.Repeat("a → nobody\n", maxRules+1), strings.Repeat("#\n", maxLines)} {
		if _, err := ParseRules(bad); hint(err) != "hint.roster-rules" {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	for pattern, paths := range map[string]string{"** → nobody": "a b/c", "**/x → nobody": "x a/x a/b/x", "x/** → nobody": "x x/a x/a/b", "**/x/** → nobody": "x a/x x/a a/x/b"} {
		l, err := ParseRules(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range strings.Fields(paths) {
			if l.Link(p).Target != OfNobody {
				t.Errorf("%s does not fit %s", pattern, p)
			}
		}
		if pattern[:2] != "**" || strings.Contains(pattern, "x") {
			if l.Link("xx/y").Target != Unlinked {
				t.Errorf("%s fits xx/y", pattern)
			}
		}
	}
}

// TestOneSchool: what the paths of a share do not say, the roster need not tell either: all whom a path may mean are meant.
func TestOneSchool(t *testing.T) {
	l, err := ParseRules("{class}/{number}.jpg → person\n{class}/*.jpg → class\n* → school")
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex(house())
	c := x.Cover(l, slices.Values([]string{"1年1組/1.jpg", "1年1組/集合.jpg", "全員.jpg", "9年9組/1.jpg"}), 5)
	if got := fmt.Sprintf("%+v", *c); got != "{Files:4 Person:1 Class:1 School:1 Nobody:0 Unlinked:0 Unknown:1 Several:1 First:[9年9組/1.jpg] Rules:[2 1 1] Missing:24}" || c.Linked() != 3 {
		t.Error(got)
	}
}

// TestCover: everything is counted once, whoever it shows.
func TestCover(t *testing.T) {
	l, err := ParseRules(lines)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex(house())
	rapid.Check(t, func(t *rapid.T) {
		school := rapid.SampledFrom([]string{"さくら第一小", "ガーデン中", norm.NFD.String("ガーデン中"), "他"})
		names := rapid.SampledFrom([]string{"1年1組/1_a.jpg", "1-1/01_b.JPG", "2の2/３_.jpg", "1年1組/4_a.jpg", "1年2組/集合.jpg", "行事/a.png", "x.db", "a.txt", "見本/x/y.jpg"})
		var paths []string
		for range rapid.IntRange(0, 30).Draw(t, "files") {
			paths = append(paths, school.Draw(t, "school")+"/2026/"+names.Draw(t, "name"))
		}
		first := rapid.IntRange(0, 5).Draw(t, "first")
		c := x.Cover(l, slices.Values(paths), first)
		if c.Files != len(paths) || c.Person+c.Class+c.School+c.Nobody+c.Unlinked+c.Unknown != c.Files || len(c.First) != min(first, c.Unlinked+c.Unknown) || c.Several > c.Person {
			t.Fatalf("%+v of %q", c, paths)
		}
		persons := make(map[int32]bool)
		for _, p := range paths {
			k := l.Link(p)
			for _, i := range x.People(k) {
				if !strings.HasPrefix(norm.NFC.String(p), x.roster.People[i].School) {
					t.Fatalf("%s shows somebody of %s", p, x.roster.People[i].School)
				}
				if k.Target == OfPerson {
					persons[i] = true
				}
			}
			// However the path is written, it shows the same.
			for _, q := range []string{norm.NFD.String(p), strings.ToUpper(p), "/" + p + "/"} {
				if got := x.People(l.Link(q)); !slices.Equal(got, x.People(k)) {
					t.Fatalf("%q shows %v, %q %v", p, x.People(k), q, got)
				}
			}
		}
		if c.Missing != len(x.keys)-len(persons) {
			t.Fatalf("%d persons without a file, want %d", c.Missing, len(x.keys)-len(persons))
		}
	})
}

// TestKeyFolds: a person is the same in whatever form of Unicode a list comes.
func TestKeyFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("0123０１ 年組度番RrＨ令和元-の３AａガｶﾞŐİ\u3099\ufe00"))).Draw(t, "text")
		p := Person{School: s, Year: s, Grade: s, Class: s, Number: s, Name: s}
		q := Person{School: norm.NFD.String(s), Year: " " + s, Grade: s + " ", Class: norm.NFKC.String(s), Number: norm.NFKD.String(s), Name: s}
		if p.Key() != q.Key() {
			t.Fatalf("%q: %+v and %+v", s, p.Key(), q.Key())
		}
	})
}

// TestOnePerson: the keeper, which counts persons by a template, and a roster, which links files by a rule with the same template, tell the same
// paths from each other.
func TestOnePerson(t *testing.T) {
	values := map[string][]string{"school": {"第一小", "第一　小", "第二小"}, "year": {"2026", "R8", "令和8年度", "2025"}, "grade": {"3", "３年生", "第3学年", "5"},
		"class": {"3年2組", "3-2", "３の０２", "2組", "02", "1-2", "A組"}, "number": {"12", "012", "１２番", "no.12", "13"}, "name": {"山田", "山 田", "髙橋"}}
	field := regexp.MustCompile(`\{\w+\}`)
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom([]string{"{school}/{class}/{number}_*.jpg", "{school}/{grade}/{class}/{number}.jpg", "{class}/{grade}={number}.jpg", "{year}/{school}/{class}+{number}+{name}.tif", "{grade}/{name}.jpg"}).Draw(t, "pattern")
		path := func(what string) string {
			return strings.ReplaceAll(field.ReplaceAllStringFunc(pattern, func(f string) string { return rapid.SampledFrom(values[strings.Trim(f, "{}")]).Draw(t, what) }), "*", "x")
		}
		rules, err := ParseRules(pattern + " → person")
		if err != nil {
			t.Fatal(err)
		}
		template, err := whose.Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		a, b := path("a"), path("b")
		p, q := template.Person(whose.Plain(a)), template.Person(whose.Plain(b))
		if p == "" || (rules.Link(a) == rules.Link(b)) != (p == q) {
			t.Fatalf("%s and %s: the rule says %+v and %+v, the template %q and %q", a, b, rules.Link(a), rules.Link(b), p, q)
		}
	})
}

func FuzzRules(f *testing.F) {
	f.Add(lines, "さくら第一小/2026/1年2組/2_卒業.jpg")
	f.Add("**/a/** → nobody", "x/a/b")
	f.Fuzz(func(t *testing.T, text, path string) {
		l, err := ParseRules(text)
		if err != nil {
			return
		}
		k := l.Link(path)
		if back, err := ParseRules(l.String()); err != nil || back.Link(path) != k {
			t.Errorf("%q written again is %q: %v", text, l, err)
		}
		if k.Target == OfNobody && k.School != "" {
			t.Errorf("nobody of %q", k.School)
		}
	})
}
