package password

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
	"golang.org/x/text/unicode/norm"
)

var testNames = []string{"yamada.hanako", "平成三十年度 3年1組", "課", "Saitama Album Printing"}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		password string
		min      int
		want     error
	}{
		{"", MinAlone, Short},
		{"fourteen chars", MinAlone, Short},
		{"あいだにじゅうよんもじはない", MinAlone, Short},
		{"か\u3099き\u3099く\u3099け\u3099こ\u3099さ\u3099し\u3099", MinAlone, Short},
		{"sevenxx", MinBeside, ShortBeside},
		{strings.Repeat("ab cd efg hij ", 19), MinAlone, Long},
		{"fifteen\xffletters and more", MinAlone, NotText},

		{"aaaaaaaaaaaaaaaaaaaa", MinAlone, Repeated},
		{"abababababababababab", MinAlone, Repeated},
		{"k7!k7!k7!k7!k7!k7!", MinAlone, Repeated},
		{"horse-carhorse-carh", MinAlone, Repeated},
		{"ああああああああああああああああ", MinAlone, Repeated},
		{"12345678901234567890", MinAlone, Repeated},
		{"abcdefghijklmnopqrstuvwxyz", MinAlone, Keys},
		{"zyxwvutsrqponmlkjihg", MinAlone, Keys},
		{"qwertyuiopasdfghjkl", MinAlone, Common},
		{"1qaz2wsx3edc4rfv5tgb", MinAlone, Keys},
		{"あいうえおかきくけこさしすせそたちつてと", MinAlone, Keys},
		{"ぬふあうえおやゆよわほへたていすかん", MinAlone, Keys},

		{"azekura2026azekura", MinAlone, Own},
		{"azekura-azekura!2026", MinAlone, Own},
		{"yamada.hanako.2026", MinAlone, Own},
		{"Hanako Yamada 1990!", MinAlone, Own},
		{"Saitama-Printing-2026", MinAlone, Own},
		{"平成三十年度・校倉・平成三十年度", MinAlone, Own},
		{"あぜくらアゼクラ校倉azekura", MinAlone, Own},

		{"password12345678", MinAlone, Common},
		{"password1234567890", MinAlone, Common},
		{"drowssapdrowssap1", MinAlone, Repeated},
		{"P@ssw0rd-P@55word!!", MinAlone, Common},
		{"せちととてらすしせちととてらすし", MinAlone, Repeated},
		{"correct horse battery staple", MinAlone, Common},
		{"Correct-Horse-Battery-Staple", MinAlone, Common},
		{"administrator admin 2026", MinAlone, Common},
		{"Sakura-Fujisan-2025", MinAlone, Common},
		{"sotsugyou arubamu 25", MinAlone, Common},
		{"ﾊﾟｽﾜｰﾄﾞ管理者ﾊﾟｽﾜｰﾄﾞ秘密", MinAlone, Common},
		{"吾輩は猫である。吾輩は猫である。", MinAlone, Repeated},
		{"reiwa8heisei30showa64", MinAlone, Dated},
		{"19800314 20030401", MinAlone, Dated},
		{"password-せちととてらすし-drowssap", MinAlone, Common},
		{"sakura123", MinBeside, Common},
		{"tanaka1990", MinBeside, Common},
		{"heisei30", MinBeside, Dated},

		{"some words that nobody guesses", MinAlone, nil},
		{"marble teapot window gravel kitten", MinAlone, nil},
		{"marbleteapotwindowgravelkitten", MinAlone, nil},
		{"three blind mice ran away", MinAlone, nil},
		{"x eight wet cats sang", MinAlone, nil},
		{"夏の夜はまだ宵ながら明けぬるを", MinAlone, nil},
		{"みかん うさぎ 工場 横浜 たぬきの靴下", MinAlone, nil},
		{"mikan-usagi-getabako-tsukue-nokogiri", MinAlone, nil},
		{"xk3v-9qpm-2hd7-ruwt", MinAlone, nil},
		{"🐎🔋📎 correct emoji horses", MinAlone, nil},
		{"校正の人は毎朝りんごを三つ食べる", MinAlone, nil},
		{"xk3v9qpm", MinBeside, nil},
		{"kitten-ladder", MinBeside, nil},
		{"納豆と靴下の歌", MinBeside, ShortBeside},
		{"納豆と靴下の古い歌", MinBeside, nil},
	} {
		if got := (Policy{Min: c.min, Names: testNames}).Check(c.password); got != c.want {
			t.Errorf("%q: %v, want %v; %+v", c.password, got, c.want, Estimate(c.password, testNames...))
		}
	}
}

// TestFiveWords: five different words drawn from the commonest of a language are a good password, with and without spaces.
func TestFiveWords(t *testing.T) {
	for name, list := range map[string][]string{"English": frequency.FrequencyLists["us_tv_and_film"][:1000], "Japanese": strings.Fields(japanese)[:500]} {
		list = slices.DeleteFunc(slices.Clone(list), func(w string) bool { return utf8.RuneCountInString(w) < 3 })
		r := rand.New(rand.NewPCG(63, 4))
		for range 100 {
			var drawn []string
			for _, i := range r.Perm(len(list))[:5] {
				drawn = append(drawn, list[i])
			}
			for _, sep := range []string{" ", ""} {
				if s := Estimate(strings.Join(drawn, sep)); s.Score < 4 {
					t.Errorf("%s: %q with %q between: %+v", name, drawn, sep, s)
				}
			}
		}
	}
}

// TestScore: each step has its score, its reason and what helps.
func TestScore(t *testing.T) {
	for _, c := range []struct {
		password string
		score    int
		why      Reason
		advice   []Reason
	}{
		{"", 0, Weak, []Reason{AddWords}},
		{"password", 0, Common, []Reason{Common, AddWords}},
		{"kwvzj", 1, Weak, []Reason{AddWords}},
		{"kwvzjqx", 2, Weak, []Reason{AddWords}},
		{"kwvzjqxbd", 3, Weak, []Reason{AddWords}},
		{"kwvzjqxbdfgzq", 4, "", nil},
		{"\xff", 0, NotText, []Reason{NotText, AddWords}},
	} {
		got := Estimate(c.password)
		if got.Score != c.score || got.Why != c.why || !slices.Equal(got.Advice, c.advice) {
			t.Errorf("%q: %+v, want score %d, %q, %q", c.password, got, c.score, c.why, c.advice)
		}
	}
}

// TestSameForms: forms that are one password, or one for a guesser, cost the same.
func TestSameForms(t *testing.T) {
	want := Estimate("ガラスの仮面と硝子の靴ABC")
	for _, s := range []string{"ｶﾞﾗｽの仮面とｶﾞﾗｽの靴ＡＢＣ", norm.NFD.String("ガラスの仮面とガラスの靴ABC")} {
		if got := Estimate(s); got.Guesses != Estimate("ガラスの仮面とガラスの靴ABC").Guesses {
			t.Errorf("%q: %+v, want %+v", s, got, want)
		}
	}
	names := []string{"sato", "kita"}
	Estimate("anything", names[:1]...)
	if names[1] != "kita" {
		t.Errorf("the caller's names became %q", names)
	}
}

func TestWords(t *testing.T) {
	fields := strings.Fields(japanese)
	if n := len(fields); n < 500 || n > 1500 {
		t.Errorf("%d words", n)
	}
	seen := make(map[string]bool)
	for _, w := range fields {
		if norm.NFKC.String(w) != w || strings.ToLower(w) != w {
			t.Errorf("%q is not in the form in which passwords are compared", w)
		}
		if seen[w] {
			t.Errorf("%q stands twice", w)
		}
		seen[w] = true
	}
	if n := len(words()); n < 90_000 {
		t.Errorf("%d words in all", n)
	}
}

func FuzzEstimate(f *testing.F) {
	for _, s := range []string{"password", "１２３４５６７８９０", "\xff", strings.Repeat("あ", 300), "İİİİİİİİ", strings.Repeat("ab", 80), "令和8年3月14日",
		"h30", strings.Repeat("\ufdfa", 30), "e\u0301\u0301\u0301", "yamada!!!!yamada", "平成三十一年一月二十日"} {
		f.Add(s, "yamada")
	}
	f.Fuzz(func(t *testing.T, password, name string) {
		s := Estimate(password, name)
		n := float64(utf8.RuneCountInString(norm.NFKC.String(password)))
		if s.Guesses < 0 || s.Guesses > min(n, maxLook) || math.IsNaN(s.Guesses) || (s.Why == "") != (s.Score == 4) || (s.Why == "") != (len(s.Advice) == 0) {
			t.Errorf("%q: %+v", password, s)
		}
		if again := Estimate(password, name); again.Guesses != s.Guesses || again.Why != s.Why {
			t.Errorf("%q: %+v, then %+v", password, s, again)
		}
		err := Policy{Min: MinBeside, Names: []string{name}}.Check(password)
		if r := Reason(""); err != nil && !errors.As(err, &r) {
			t.Errorf("%q: %v", password, err)
		}
		if err == nil && (!utf8.ValidString(password) || n < MinBeside || n > Max) {
			t.Errorf("%q is taken", password)
		}
	})
}

func BenchmarkEstimate(b *testing.B) {
	for name, s := range map[string]string{"words": "marble teapot window gravel kitten", "repeated": strings.Repeat("a", 256), "random": strings.Repeat("夏の夜はまだ宵k7!x", 20)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Estimate(s, testNames...)
			}
		})
	}
}
