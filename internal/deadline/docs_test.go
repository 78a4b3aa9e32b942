package deadline

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// speaker writes what docs/deadlines.md says of the data, in one language.
type speaker struct {
	say                                                             func(Text) string
	head, over, either, every, with, without, noDay                 string
	day, about, moved, fixed, since, frees, covers, year, of, colon string
}

var speakers = map[string]speaker{
	"../../docs/deadlines.md": {
		say:  func(t Text) string { return t.EN },
		head: "| what | who | when | until | on a closed day | since | source |\n|---|---|---|---|---|---|---|\n",
		over: "more than %s persons", either: "any of %s", every: "every accident", with: "%s; 3号 among them", without: "%s; 3号 not among them, or not decided",
		noDay: "without delay; no number of days", day: "day %d (warning from day %d)", about: "about day %d (warning from day %d)", moved: "next open day", fixed: "stays",
		since: "%s (since %s)", frees: " In time, it frees from: %s.", covers: "The data cover days of knowing from %s to %s and were checked on %s. %s", year: "Holidays are known for %s to %s.", of: ", ", colon: ": ",
	},
	"../../docs/deadlines.ja.md": {
		say:  func(t Text) string { return t.JA },
		head: "| 内容 | 義務者 | 対象 | 期限 | 期限が閉庁日のとき | 適用開始 | 出典 |\n|---|---|---|---|---|---|---|\n",
		over: "%s人を超える", either: "%sのいずれか", every: "すべての事故等", with: "%s（3号に当たるとき）", without: "%s（3号に当たらない、または未定のとき）",
		noDay: "速やかに（日数の定めなし）", day: "%d日目（%d日目から警告）", about: "おおむね%d日目（%d日目から警告）", moved: "次の開庁日", fixed: "繰り延べない",
		since: "%s（%sから）", frees: "期限内に行うと、次を免れます：%s。", covers: "データは、知った日が%sから%sまでのものに対応し、%sに確認しました。%s", year: "祝日は%s年から%s年まで登録しています。", of: "、", colon: "：",
	},
}

func (s *speaker) categories(list []Category) string {
	if len(list) == 0 {
		return s.every
	}
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%d号", c))
	}
	return fmt.Sprintf(s.either, strings.Join(out, s.of))
}

func links(list []Source) string {
	var out []string
	for _, x := range list {
		out = append(out, "["+x.Name+"]("+x.URL+")")
	}
	return strings.Join(out, "<br>")
}

func (s *speaker) row(b *book, r *Rule) string {
	when := s.categories(r.Categories)
	switch {
	case r.With == Hostile:
		when = fmt.Sprintf(s.with, when)
	case r.Without == Hostile:
		when = fmt.Sprintf(s.without, when)
	}
	until, moved := s.noDay, "–"
	if r.Last != 0 {
		until, moved = fmt.Sprintf(s.day, r.Last, r.Warn), s.fixed
		if r.About {
			until = fmt.Sprintf(s.about, r.Last, r.Warn)
		}
		if r.Roll {
			moved = s.moved
		}
	}
	return fmt.Sprintf("| %s `%s` | %s | %s | %s | %s | %s | %s |\n", s.say(r.Title), r.ID, s.say(b.title(r.Party)), when, until, moved, r.From, links(r.Sources))
}

func (b *book) title(p Party) Text {
	i := slices.IndexFunc(b.Parties, func(t Threshold) bool { return t.Party == p })
	return b.Parties[i].Title
}

// parts returns what stands between the marks of a document.
func (s *speaker) parts(b *book) map[string]string {
	out := map[string]string{"rules": s.head}
	once := func(part, line string) {
		if !strings.Contains(out[part], line) {
			out[part] += line
		}
	}
	for i := range b.Rules {
		r := &b.Rules[i]
		out["rules"] += s.row(b, r)
		note := s.say(r.Note)
		if len(r.Frees) > 0 {
			note += fmt.Sprintf(s.frees, "`"+strings.Join(r.Frees, "`"+s.of+"`")+"`")
		}
		if note != "" {
			once("notes", "- `"+r.ID+"`"+s.colon+note+"\n")
		}
		if u := s.say(r.Unverified); u != "" {
			once("unverified", "- `"+r.ID+"`"+s.colon+u+"\n")
		}
	}
	for _, p := range b.Parties {
		number := strings.Replace(fmt.Sprint(p.Over), "000", ",000", 1)
		out["thresholds"] += "- " + fmt.Sprintf(s.since, s.say(p.Title)+s.colon+fmt.Sprintf(s.over, number), p.From) + s.of + links(p.Sources) + "\n"
		if u := s.say(p.Unverified); u != "" {
			once("unverified", "- "+s.say(p.Title)+s.colon+u+"\n")
		}
	}
	years := slices.Sorted(maps.Keys(b.years))
	out["covers"] = fmt.Sprintf(s.covers, b.From, b.Through, b.Checked, s.say(b.Pending)) + "\n" +
		fmt.Sprintf(s.year, fmt.Sprint(years[0]), fmt.Sprint(years[len(years)-1])) + " " + links(b.sources) + "\n"
	return out
}

// TestDocumented compares the tables of docs/deadlines.md, which people read, with the data.
func TestDocumented(t *testing.T) {
	b, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range speakers {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(file)
		for part, want := range s.parts(b) {
			from, to := "<!-- "+part+" -->\n", "<!-- /"+part+" -->\n"
			before, rest, ok := strings.Cut(text, from)
			got, after, ended := strings.Cut(rest, to)
			if !ok || !ended {
				t.Errorf("%s has no place for %s", name, part)
				continue
			}
			if *update {
				text = before + from + want + to + after
			} else if got != want {
				t.Errorf("%s: %s is not what the data say: go test ./internal/deadline -update\n%s\nwant\n%s", name, part, got, want)
			}
		}
		if *update {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
