package keeper

import (
	"testing"

	"github.com/azekura/azekura/internal/whose"
)

func TestPersons(t *testing.T) {
	for _, c := range []struct{ template, path, want string }{
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/17_卒業.jpg", "第一小/3年2組/17"},
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/17_.JPG", "第一小/3年2組/17"},
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/17_a_b.jpg.jpg", "第一小/3年2組/17"},
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/集合写真.jpg", ""},
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/_集合写真.jpg", ""},
		{"{school}/{class}/{number}_*.jpg", "第一小/17_a.jpg", ""},
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/原版/17_a.jpg", ""},
		{"/*/{number}-{name}.tif/", "2026/0417-山田.tif", "0417/山田"},
		{"{n}", "a", "a"},
		{"a{n}b", "ab", ""},
		{"a{n}b", "axb", "x"},
		{"a{n}b", "axbb", "xb"},
		{"a{n}b*c", "abbc", "b"},
		{"a{n}b*c", "abb", ""},
		{"*x{n}", "xx", "x"},
		{"{n}.jpg", "ガ.jpg", "ガ"}, // however its voicing mark is written
	} {
		p, err := parseTemplate(c.template)
		if err != nil {
			t.Fatal(c.template, err)
		}
		if got := p.Person(within("/share/" + c.path)); got != within("/share/"+c.want) {
			t.Errorf("%s of %s is %q, want %q", c.template, c.path, got, c.want)
		}
	}
	for _, bad := range []string{"", "/", "a/b", "{", "{}", "{a", "a}", "{a}{b}", "{a}*", "*{a}", "{{a}}", "{a}//{b}", "{a*}", "**{n}"} {
		if _, err := parseTemplate(bad); err == nil {
			t.Errorf("%q is a template", bad)
		}
	}
	if (*whose.Template)(nil).Person("a") != "" {
		t.Error("a share without a template names persons")
	}
}

// FuzzPersons: a template never takes more of a name than there is, and fits only names that its text is in.
func FuzzPersons(f *testing.F) {
	f.Add("{school}/{class}/{number}_*.jpg", "a/b/1_x.jpg")
	f.Add("a{n}b*c", "abbc")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := parseTemplate(text)
		if err != nil {
			return
		}
		if who := p.Person(whose.Plain(path)); len(who) > len(whose.Plain(path)) {
			t.Errorf("%q in %q is %q", text, path, who)
		}
	})
}
