package pathname

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestSameName is the table of names that are one name, and of those that only look like it.
func TestSameName(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		same       bool
	}{
		{"composed and decomposed kana", "がく.jpg", "か\u3099く.jpg", true},
		{"half-voiced", "パンフ", "ハ\u309aンフ", true},
		{"decomposed by a Mac throughout", "プールびらき", norm.NFD.String("プールびらき"), true},
		{"accents", "Crème.psd", "Cre\u0300me.psd", true},
		{"two marks in another order", "a\u0323\u0302", "a\u0302\u0323", true},
		{"Hangul", "한글", norm.NFD.String("한글"), true},
		{"Vietnamese", "Nguyễn", norm.NFD.String("Nguyễn"), true},
		{"compatibility ideograph", "\ufa19田", "神田", true}, // NFC has it so
		{"variant without canonical form", "髙橋", "高橋", false},
		{"another variant", "﨑", "崎", false},
		{"variation selector", "葛\U000e0100城", "葛城", false},
		{"half-width kana", "ｶﾞｸ", "ガク", false},
		{"half-width voiced mark", "ｶﾞ", "ｶ\u3099", false},
		{"standing voiced mark", "か\u309b", "が", false},
		{"full-width letters", "ＩＭＧ", "IMG", false},
		{"full-width full stop", "a．jpg", "a.jpg", false},
		{"hiragana and katakana", "がく", "ガク", false},
		{"case", "IMG_0001.JPG", "img_0001.jpg", false},
		{"wave dash and full-width tilde", "1〜2", "1～2", false},
		{"minus signs", "a−b", "a－b", false},
		{"long vowel and dash", "ノート", "ノ―ト", false},
		{"ideographic space", "3年\u3000B組", "3年 B組", false},
		{"era", "㍻", "平成", false},
		{"ligature", "ﬁn", "fin", false},
	} {
		if got := Key(tt.a) == Key(tt.b); got != tt.same {
			t.Errorf("%s: %+q and %+q are the same: %v, want %v", tt.name, tt.a, tt.b, got, tt.same)
		}
		for _, name := range []string{tt.a, tt.b} {
			if err := Check(name); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	long := strings.Repeat("あ", 85) // 255 bytes
	for _, name := range []string{
		"a", " a", "...a", ".htaccess", "._IMG_0001.JPG", "~$名簿.xlsx", "a b", "a'b", "100%.txt", "#1", "a&b;c", "[a]{b}", "😀.png",
		"👨\u200d👩\u200d👧.heic", "平成31年度　卒業アルバム", "ｱﾙﾊﾞﾑ", "表.txt", "ソ.txt", "能.txt", // 0x5C in Shift_JIS
		"CONSOLE", "COM", "COM10", "COM0", "LPT", "com1x", "aux_", "con-1.txt", "a.con", "ＣＯＮ", "¹", "PRN1", "LPT１",
		long, strings.Repeat("a", 255), norm.NFD.String(strings.Repeat("が", 85)), // 510 bytes as a Mac sends it
		strings.Repeat("한", 85), norm.NFD.String(strings.Repeat("한", 85)),
		"\ufffd", "\u200b", "a\u200e", "\U0010ffff",
	} {
		if err := Check(name); err != nil {
			t.Errorf("%+q is refused: %v", name, err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "...", "a.", "a ", "a. ", " ", "あ.", "/", "a/b", `a\b`, "a:b", "a*", "a?", `a"b`, "<a", "a>", "a|b",
		"a\x00b", "a\nb", "\x1f", "a\x7f", "a\u0085b", "a\u009fb",
		"\xff", "a\xe3\x81", "\xed\xa0\x80", "\xc0\xaf", "\xc0\xae\xc0\xae", "\x83\x5c", // cut, surrogate, overlong, Shift_JIS
		"\u202egpj.exe", "a\u2066b", "\u202a",
		"CON", "con", "Con.txt", "NUL.tar.gz", "nul .txt", "AUX", "PRN.", "COM1", "com9.log", "COM¹", "lpt³.x", "CLOCK$", "conin$", "CONOUT$",
		long + "a", strings.Repeat("a", 256), strings.Repeat("が", 86), norm.NFD.String(strings.Repeat("が", 86)),
		strings.Repeat("a", 1<<20), strings.Repeat("\u0344", 128), // grows when it is composed
	} {
		if Check(name) == nil {
			t.Errorf("%+q is taken", name[:min(len(name), 40)])
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]Path{
		"": "/", "/": "/", "a": "/a", "/a": "/a", "/a/": "/a", "a/b": "/a/b", "/学校/3年B組/": "/学校/3年B組",
		"/か\u3099":                       "/か\u3099", // as given
		"/" + strings.Repeat("a/", 8191): Path("/" + strings.Repeat("a/", 8190) + "a"),
	} {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("%.40q: got %.40q, %v; want %.40q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"//", "//a", "a//b", "/a//", "///", "/.", "/..", "/a/..", "/a/../b", "a/./b", "../a", "..", "/a/.../b", "/a\x00", "/a\\..\\b", `C:\a`,
		"/%2e%2e/\x00", "/a/b ", "/a /b", "/con/a", "/\xff", "/" + strings.Repeat("a/", 8192),
		"/" + strings.Repeat("a", 256), "/a/" + strings.Repeat("b", 20000),
	} {
		if got, err := Parse(in); err == nil {
			t.Errorf("%.40q is taken as %.40q", in, got)
		}
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		p           Path
		names       []string
		share, base string
		dir         Path
	}{
		{"/", nil, "", "", "/"},
		{"/a", []string{"a"}, "a", "a", "/"},
		{"/a/b", []string{"a", "b"}, "a", "b", "/a"},
		{"/学校/3年/名簿.xlsx", []string{"学校", "3年", "名簿.xlsx"}, "学校", "名簿.xlsx", "/学校/3年"},
	} {
		if got := tt.p.Names(); !slices.Equal(got, tt.names) {
			t.Errorf("%s: names %q", tt.p, got)
		}
		if tt.p.Share() != tt.share || tt.p.Base() != tt.base || tt.p.Dir() != tt.dir {
			t.Errorf("%s: share %q, base %q, dir %q", tt.p, tt.p.Share(), tt.p.Base(), tt.p.Dir())
		}
		if tt.p != Root && tt.p.Dir().Join(tt.p.Base()) != tt.p {
			t.Errorf("%s: put together again as %s", tt.p, tt.p.Dir().Join(tt.p.Base()))
		}
	}
}

func TestIn(t *testing.T) {
	for _, tt := range []struct {
		p, dir Path
		want   bool
	}{
		{"/a/b", "/a", true}, {"/a", "/a", true}, {"/a", "/", true}, {"/", "/", true},
		{"/", "/a", false}, {"/ab", "/a", false}, {"/a", "/a/b", false}, {"/A/b", "/a", false},
		{"/か\u3099/x", "/が", true}, {"/が/x", "/か\u3099", true},
	} {
		if got := tt.p.In(tt.dir); got != tt.want {
			t.Errorf("%s in %s: %v, want %v", tt.p, tt.dir, got, tt.want)
		}
	}
}

// FuzzPathname: what is taken is clean, safe in its compared form too, and comes apart and together again.
func FuzzPathname(f *testing.F) {
	for _, s := range []string{"", "/", "/a/b", "/a/../b", "/か\u3099/が", "/学校/3年B組/名簿.xlsx", "//", "/NUL.txt", "/\u0344\u0344",
		"/a\u0300" + strings.Repeat("\u0301", 40), "/\ufa19", "/<\u0338", "/CLOC\u212a$", "/a\xff", "/ｶﾞ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(string(p)); err != nil || again != p {
			t.Errorf("%+q is not clean: %+q, %v", p, again, err)
		}
		joined := Root
		for _, name := range p.Names() {
			if err := Check(name); err != nil {
				t.Errorf("%+q holds a bad name: %v", p, err)
			}
			key := Key(name)
			if Key(key) != key {
				t.Errorf("%+q: key %+q has the key %+q", name, key, Key(key))
			}
			if err := Check(key); err != nil {
				t.Errorf("%+q is taken, its key %+q is not: %v", name, key, err)
			}
			if Key(norm.NFD.String(name)) != key {
				t.Errorf("%+q and its decomposed form are two names", name)
			}
			if d := joined.Join(name); d.Dir() != joined || d.Base() != name || !d.In(joined) {
				t.Errorf("%+q in %+q comes apart as %+q in %+q", name, joined, d.Base(), d.Dir())
			}
			joined = joined.Join(name)
		}
		if joined != p || p != Root && p.Share() != p.Names()[0] {
			t.Errorf("%+q is put together as %+q", p, joined)
		}
	})
}

// TestKeyIsSteady tries what fuzzing seldom finds: many marks in a row, in any order, and Hangul in parts.
func TestKeyIsSteady(t *testing.T) {
	letters := []rune("aかハＡ神\ufa19한\u1112\u1161\u11ab\u212a\u1e9b\u0344\u0958\U0001d15e")
	marks := []rune("\u0300\u0301\u0307\u0323\u0327\u0338\u0344\u3099\u309a\u0f71\u0f73\u034f\U0001d165")
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "letters") {
			b.WriteRune(rapid.SampledFrom(letters).Draw(t, "letter"))
			for _, m := range rapid.SliceOfN(rapid.SampledFrom(marks), 0, 70).Draw(t, "marks") {
				b.WriteRune(m)
			}
		}
		name := b.String()
		if Check(name) != nil {
			return
		}
		key := Key(name)
		if Key(key) != key {
			t.Errorf("%+q has the key %+q, which has the key %+q", name, key, Key(key))
		}
		if d := norm.NFD.String(name); Key(d) != key {
			t.Errorf("%+q has the key %+q, decomposed %+q", name, key, Key(d))
		}
		if err := Check(key); err != nil {
			t.Errorf("%+q is taken, its key is not: %v", name, err)
		}
	})
}
