package keeper

import (
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/id"
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
		{"{school}/{class}/{number}_*.jpg", "第一小/3-2/０１７_a.jpg", "第一小/3年2組/17"}, // as rosters compare
	} {
		p, err := parseTemplate(c.template)
		if err != nil {
			t.Fatal(c.template, err)
		}
		if got := p.Person(within("/share/" + c.path)); got != p.Named(c.want) {
			t.Errorf("%s of %s is %q, want %q", c.template, c.path, got, p.Named(c.want))
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

// FuzzPersons: a path is somebody's exactly if it fits, and whoever it names is named by that.
func FuzzPersons(f *testing.F) {
	f.Add("{school}/{class}/{number}_*.jpg", "a/b/1_x.jpg")
	f.Add("a{n}b*c", "abbc")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := parseTemplate(text)
		if err != nil {
			return
		}
		values, ok := p.Match(whose.Plain(path))
		if who := p.Person(whose.Plain(path)); (who != "") != ok || who != p.Named(strings.Join(values, "/")) {
			t.Errorf("%q in %q is %q", text, path, who)
		}
	})
}

// TestTrapFolds: a person who is a trap is one however a path writes the number, and cannot be one twice.
func TestTrapFolds(t *testing.T) {
	share := id.NewShare()
	p, err := parseTemplate("{school}/{class}/{number}_*.jpg")
	if err != nil {
		t.Fatal(err)
	}
	trap := &trapState{Share: share, Person: "第一小/3年2組/017"}
	persons := map[id.Share]*whose.Template{share: p}
	traps := trapsOf([]*trapState{trap}, persons)[share]
	for path, want := range map[string]bool{"第一小/3-2/17_a.jpg": true, "第一小/3年2組/017_b.jpg": true, "第一小/3年2組/18_a.jpg": false} {
		if got := traps.holds(path, p.Person(path)); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if !traps.below("第一小/3-2", p) || traps.below("第一小/3-1", p) {
		t.Error("the folder of the trap's class")
	}
	if !trap.same(&trapState{Share: share, Person: "第一小/3-2/17"}, p) {
		t.Error("the same person is another trap")
	}
}
