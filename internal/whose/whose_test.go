package whose

import (
	"fmt"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ template, path, want string }{
		{"{school}/{class}/{number}_*.jpg", "第一小/3年2組/17_卒業.jpg", "[school class number] [第一小 3年2組 17]"},
		{"{School}/{number}.jpg", "A/1.JPG", "[school number] [a 1]"},
		{"共通/*.jpg", "共通/a.jpg", "[] []"},
		{"共通/*.jpg", "共通/a.png", "[] none"},
		{"{n}.jpg", "カ\u3099.jpg", "[n] [ガ]"}, // however its voicing mark is written
		{"a{n}b*c", "abbc", "[n] [b]"},
		{"{n}", "a/b", "[n] none"},
	} {
		p, err := Parse(c.template)
		if err != nil {
			t.Fatal(c.template, err)
		}
		values, ok := p.Match(Plain(c.path))
		got := fmt.Sprint(p.Fields(), " ", values)
		if !ok {
			got = fmt.Sprint(p.Fields(), " none")
		}
		if got != c.want || p.Person(Plain(c.path)) != p.Named(strings.Join(values, "/")) {
			t.Errorf("%s of %s: %s, want %s", c.template, c.path, got, c.want)
		}
	}
	for _, bad := range []string{"", "/", "{", "{}", "{a", "a}", "{a}{b}", "{a}*", "*{a}", "{{a}}", "{a}//{b}", "{a*}", "**{n}", "**", strings.Repeat("x", MaxTemplate+1)} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q is a template", bad)
		}
	}
	if _, ok := (*Template)(nil).Match("a"); ok {
		t.Error("no template fits a path")
	}
}

func TestMayHold(t *testing.T) {
	p, err := Parse("{school}/{class}/{number}_*.jpg")
	if err != nil || p.Depth() != 3 {
		t.Fatal(p, err)
	}
	for folder, want := range map[string]bool{"第一小": true, "第二小": false, "第一小/3年2組": true, "第一小/3年1組": false, "第一小/3年2組/17": false, "": false} {
		if got := p.MayHold(folder, p.Named("第一小/3年2組/17")); got != want {
			t.Errorf("%q: %v", folder, got)
		}
	}
}

// FuzzTemplate: a template never takes more of a name than there is, and says as much as it has fields.
func FuzzTemplate(f *testing.F) {
	f.Add("{school}/{class}/{number}_*.jpg", "a/b/1_x.jpg")
	f.Add("a{n}b*c", "abbc")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		path = Plain(path)
		values, ok := p.Match(path)
		if len(strings.Join(values, "/")) > len(path) || ok != (len(values) == len(p.Fields()) && ok) {
			t.Errorf("%q in %q is %q", text, path, values)
		}
		for _, v := range values {
			if v == "" || strings.Contains(v, "/") {
				t.Errorf("%q in %q is %q", text, path, values)
			}
		}
	})
}
