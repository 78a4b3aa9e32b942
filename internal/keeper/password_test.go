package keeper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestCheckPassword(t *testing.T) {
	own := []string{"yamada.hanako", "平成三十年度 3年1組", "課"}
	for _, c := range []struct {
		password string
		want     error
	}{
		{"fourteen chars", ErrShort},
		{"", ErrShort},
		{"あいだにじゅうよんもじはない", ErrShort},
		{strings.Repeat("ab cd efg hij ", 19), ErrLong},
		{"fifteen\xffletters and more", ErrUTF8},

		{"aaaaaaaaaaaaaaaaaaaa", ErrRepeat},
		{"abababababababababab", ErrRepeat},
		{"k7!k7!k7!k7!k7!k7!", ErrRepeat},
		{"horse-carhorse-carh", ErrRepeat},
		{"12345678901234567890", ErrRepeat},
		{"abcdefghijklmnopqrstuvwxyz", ErrRepeat},
		{"zyxwvutsrqponmlkjihg", ErrRepeat},
		{"qwertyuiopasdfghjkl", ErrRepeat},
		{"1qaz2wsx3edc4rfv5tgb", ErrRepeat},
		{"aaaabbbbccccddddeeee", ErrRepeat},
		{"ああああああああああああああああ", ErrRepeat},

		{"azekura-azekura!2026", ErrOwn},
		{"yamada.hanako.2026", ErrOwn},
		{"Hanako Yamada 1990!", ErrOwn},
		{"平成三十年度平成三十年度三年", ErrShort},
		{"平成三十年度・校倉・平成三十年度", ErrOwn},

		{"password1234567890", ErrCommon},
		{"P@ssw0rd-P@55word!!", ErrCommon},
		{"correct horse battery staple", ErrCommon},
		{"administrator admin 2026", ErrCommon},
		{"ＰＡＳＳＷＯＲＤｐａｓｓｗｏｒｄ", ErrRepeat},
		{"Sakura-Fujisan-2025", ErrCommon},
		{"sotsugyou arubamu 25", ErrCommon},
		{"卒業アルバム写真印刷会社パスワード", ErrCommon},
		{"ﾊﾟｽﾜｰﾄﾞ管理者ﾊﾟｽﾜｰﾄﾞ秘密", ErrCommon},

		{goodPassword, nil},
		{"夏の夜はまだ宵ながら明けぬるを", nil},
		{"xk3v-9qpm-2hd7-ruwt", nil},
		{"three blind mice ran away", nil},
		{"password for my old bicycle", nil},
		{strings.Repeat("x", 1) + " eight wet cats sang", nil},
		{"🐎🔋📎 correct emoji horses", nil},
	} {
		if got := CheckPassword(c.password, true, own...); got != c.want {
			t.Errorf("%q: %v, want %v", c.password, got, c.want)
		}
		if c.want != nil && hintOfPassword(c.want) == "hint.password" && c.want != ErrUTF8 {
			t.Errorf("no hint for %v", c.want)
		}
	}
}

func TestBlocklist(t *testing.T) {
	if lines := strings.Count(blocklist, "\n"); lines < 20 || lines > 300 {
		t.Errorf("%d lines", lines)
	}
	for word := range strings.FieldsSeq(blocklist) {
		if strings.ToLower(norm.NFKC.String(word)) != word {
			t.Errorf("%q is not in the form in which passwords are compared", word)
		}
		if utf8.RuneCountInString(word) < 2 && word < "一" {
			t.Errorf("%q is in every text", word)
		}
	}
}

func TestPasswordsInAnyForm(t *testing.T) {
	h, err := newHashed(cheap, "ガラスの仮面とガラスの靴ABC")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"ガラスの仮面とガラスの靴ABC", "ｶﾞﾗｽの仮面とｶﾞﾗｽの靴ＡＢＣ", norm.NFD.String("ガラスの仮面とガラスの靴ABC")} {
		if !h.matches(s) {
			t.Errorf("%q is taken for another password", s)
		}
	}
	if h.matches("ガラスの仮面とガラスの靴abc") || newDecoyMatches() {
		t.Error("another password is taken")
	}
}

func newDecoyMatches() bool {
	d := newDecoy(cheap)
	return d.matches("") || d.matches("nobody's")
}

func TestRandomSecrets(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		s := newDevicePassword()
		if len(s) != len("azk")+7*5 || !strings.HasPrefix(s, "azk-") || seen[s] || normalDevice(s) != strings.ReplaceAll(s, "-", "") {
			t.Fatalf("device password %q", s)
		}
		seen[s] = true
		if p := NewPassphrase(); CheckPassword(p, true) != nil || seen[p] {
			t.Fatalf("pass phrase %q: %v", p, CheckPassword(p, true))
		}
	}
	if len(letters) != 32 || strings.ContainsAny(letters, "lo01") {
		t.Errorf("the letters %q", letters)
	}
}

func FuzzCheckPassword(f *testing.F) {
	for _, s := range []string{goodPassword, "password", "１２３４５６７８９０１２３４５", "\xff", strings.Repeat("あ", 300), "İİİİİİİİİİİİİİİİ"} {
		f.Add(s, "yamada")
	}
	f.Fuzz(func(t *testing.T, password, name string) {
		err := CheckPassword(password, true, name)
		if err == nil && (utf8.RuneCountInString(norm.NFKC.String(password)) < MinPassword || !utf8.ValidString(password)) {
			t.Errorf("%q is taken", password)
		}
	})
}
