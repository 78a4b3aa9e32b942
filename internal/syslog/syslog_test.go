package syslog

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

var (
	tokyo    = time.FixedZone("JST", 9*3600)
	received = time.Date(2027, 1, 1, 0, 0, 5, 0, tokyo)
)

// TestParse reads one message of each form.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want Message
	}{
		{`<34>1 2026-11-30T10:00:00.5+09:00 gw su 77 ID47 [a@1 k="]\"" x="1"][b] ` + "\ufeff" + `hello`,
			Message{Severity: 2, Stated: time.Date(2026, 11, 30, 10, 0, 0, 5e8, tokyo), Host: "gw", App: "su", Text: "hello"}},
		{"<13>1 2026-11-30T10:00:00Z vm root - - -  Login failed", Message{Severity: 5, Stated: time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC), Host: "vm", App: "root", Text: "Login failed"}},
		{`<165>1 - - - - - -`, Message{Severity: 5}},
		{`<165>1 - h a - - [all="here"]`, Message{Severity: 5, Host: "h", App: "a", Text: `[all="here"]`}},
		{"<134>Dec 31 23:59:59 rtx login: Login succeeded for SSH: 192.0.2.1 admin\n", Message{Severity: 6, Stated: time.Date(2026, 12, 31, 23, 59, 59, 0, tokyo), Host: "rtx", App: "login", Text: "Login succeeded for SSH: 192.0.2.1 admin"}},
		{"<134>Jan  1 00:00:09 2027 fw id=firewall m=1", Message{Severity: 6, Stated: time.Date(2027, 1, 1, 0, 0, 9, 0, tokyo), Host: "fw", Text: "id=firewall m=1"}},
		{`<142>2027-01-01T00:00:00 FB 80BE sessiond: msg_id="1"`, Message{Severity: 6, Stated: time.Date(2027, 1, 1, 0, 0, 0, 0, tokyo), Host: "FB", Text: `80BE sessiond: msg_id="1"`}},
		{`<189>date=2027-01-01 time=00:00:00 devname="FGT"`, Message{Severity: 5, Text: `date=2027-01-01 time=00:00:00 devname="FGT"`}},
		{`[INSPECT] LAN2[out][31] TCP 192.0.2.1:1 > 198.51.100.1:443`, Message{Severity: -1, Text: `[INSPECT] LAN2[out][31] TCP 192.0.2.1:1 > 198.51.100.1:443`}},
		{"<999>x", Message{Severity: -1, Text: "<999>x"}},
		{"<", Message{Severity: -1, Text: "<"}},
		{"", Message{Severity: -1}},
	} {
		got := Parse([]byte(c.raw), received, tokyo)
		if !got.Stated.Equal(c.want.Stated) {
			t.Errorf("%q is of %v, want %v", c.raw, got.Stated, c.want.Stated)
		}
		got.Stated, c.want.Stated = time.Time{}, time.Time{}
		if got != c.want {
			t.Errorf("%q\n got %+v\nwant %+v", c.raw, got, c.want)
		}
	}
}

// TestLeapDay: 29 February is in no year next to 2027 but is not made another day.
func TestLeapDay(t *testing.T) {
	m := Parse([]byte("<1>Feb 29 12:00:00 h x"), time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC), time.UTC)
	if want := time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC); !m.Stated.Equal(want) {
		t.Errorf("%v, want %v", m.Stated, want)
	}
	if m = Parse([]byte("<1>Feb 29 12:00:00 h x"), received, time.UTC); !m.Stated.IsZero() && m.Stated.Day() != 29 {
		t.Errorf("29 February has become %v", m.Stated)
	}
}

// TestText reads what Japanese appliances send.
func TestText(t *testing.T) {
	const said = "設定を変更しました。利用者 佐藤 CONFIG=1"
	sjis, err := japanese.ShiftJIS.NewEncoder().String(said)
	if err != nil {
		t.Fatal(err)
	}
	euc, err := japanese.EUCJP.NewEncoder().String(said)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"UTF-8": said, "Shift_JIS": sjis, "EUC-JP": euc} {
		if got := Text([]byte(raw)); got != said {
			t.Errorf("%s: %q", name, got)
		}
		if got := Text([]byte(raw + "\n" + raw + "\x1b[31m")); got != said+"\n"+said+"\x1b[31m" { // several lines, and what a terminal takes for orders
			t.Errorf("%s, twice: %q", name, got)
		}
	}
	kana, err := japanese.ShiftJIS.NewEncoder().String("ﾙｰﾀ再起動 ﾃｽﾄ")
	if err != nil {
		t.Fatal(err)
	}
	if got := Text([]byte(kana)); got != "ﾙｰﾀ再起動 ﾃｽﾄ" {
		t.Errorf("half-width kana: %q", got)
	}
	for cut := range 3 {
		if got := Text([]byte(said + "変更"[:4+cut])); !strings.HasPrefix(got, said+"変") {
			t.Errorf("UTF-8 that was cut: %q", got)
		}
	}
	if got := Text([]byte("user=\xff\xfe\x80 action=login")); !utf8.ValidString(got) || !strings.Contains(got, "action=login") {
		t.Errorf("neither: %q", got)
	}
}

// all reads a stream to its end.
func all(r io.Reader) (out []string, cuts int, err error) {
	f := NewFrames(r)
	for {
		raw, cut, err := f.Next()
		if len(raw) > 0 {
			out = append(out, string(raw))
		}
		if cut {
			cuts++
		}
		if err != nil {
			return out, cuts, err
		}
	}
}

// TestFrames: both framings, changing between them, however the bytes arrive.
func TestFrames(t *testing.T) {
	const stream = "5 <1>ab<2>cd\n\n\r\n8 <3>e\nfgh1,2026/11/30,SYSTEM\n17 gates\n<4>x\x00"
	want := []string{"<1>ab", "<2>cd", "<3>e\nfgh"[:8], "1,2026/11/30,SYSTEM", "17 gates", "<4>x"}
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(stream), "byte by byte": iotest.OneByteReader(strings.NewReader(stream))} {
		got, cuts, err := all(r)
		if strings.Join(got, "|") != strings.Join(want, "|") || cuts != 0 || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %q, %d cut, %v", name, got, cuts, err)
		}
	}
}

// TestHostileFrames: what is too long is cut and what follows is found again; what cannot be followed ends.
func TestHostileFrames(t *testing.T) {
	long := strings.Repeat("x", 3*MaxMessage)
	got, cuts, err := all(strings.NewReader("<1>" + long + "\n<2>b\n"))
	if len(got) != 2 || len(got[0]) != MaxMessage || got[1] != "<2>b" || cuts != 1 || err != io.EOF {
		t.Errorf("a long line: %d messages, %d cut, %v", len(got), cuts, err)
	}
	got, cuts, err = all(strings.NewReader("196611 <1>" + long + "5 <2>ab")) // 3 × 64 KiB and "<1>"
	if len(got) != 2 || len(got[0]) != MaxMessage || got[1] != "<2>ab" || cuts != 1 || err != io.EOF {
		t.Errorf("a long counted one: %d messages, %d cut, %v", len(got), cuts, err)
	}
	if _, _, err = all(strings.NewReader("999999999 <1>")); !errors.Is(err, ErrFrame) {
		t.Errorf("a length beyond all: %v", err)
	}
	if got, _, err = all(strings.NewReader("99999999999999999999 <1>x\n")); len(got) != 1 || err != io.EOF {
		t.Errorf("a number that is no length: %q, %v", got, err)
	}
	if got, _, err = all(strings.NewReader("50 <1>half")); len(got) != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a message: %q, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"<34>1 2026-11-30T10:00:00Z h a p m [x y=\"z\"] t", "<1>Dec 31 23:59:59 h t: x", "<", "<191>1 - - - - - [", "\x82\xa0\x82\xa2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw, received, tokyo)
		if m.Severity < -1 || m.Severity > 7 || !utf8.ValidString(m.Text+m.Host+m.App) || len(m.Text) > 3*len(raw) {
			t.Errorf("%+v", m)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("5 <1>ab<2>cd\n"))
	f.Add([]byte("1 <"))
	f.Add([]byte("123"))
	f.Fuzz(func(t *testing.T, b []byte) {
		at := 0
		fr := NewFrames(bytes.NewReader(b))
		for {
			raw, _, err := fr.Next()
			if at += len(raw); at > len(b) || len(raw) > MaxMessage {
				t.Fatalf("%d bytes of %d", at, len(b))
			}
			if err != nil {
				return
			}
		}
	})
}
