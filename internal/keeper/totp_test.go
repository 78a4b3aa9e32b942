package keeper

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestCodes has the vectors of RFC 6238, appendix B; of their eight digits the last six.
func TestCodes(t *testing.T) {
	secrets := map[string]string{"SHA1": "12345678901234567890", "SHA256": "12345678901234567890123456789012"}
	tests := []struct {
		at        int64
		algorithm string
		want      string
	}{
		{59, "SHA1", "94287082"}, {59, "SHA256", "46119246"},
		{1111111109, "SHA1", "07081804"}, {1111111109, "SHA256", "68084774"},
		{1111111111, "SHA1", "14050471"}, {1111111111, "SHA256", "67062674"},
		{1234567890, "SHA1", "89005924"}, {1234567890, "SHA256", "91819424"},
		{2000000000, "SHA1", "69279037"}, {2000000000, "SHA256", "90698825"},
		{20000000000, "SHA1", "65353130"}, {20000000000, "SHA256", "77737706"},
	}
	for _, x := range tests {
		a := &app{Secret: []byte(secrets[x.algorithm]), Algorithm: x.algorithm}
		if got := a.code(x.at / codeTime); got != x.want[2:] {
			t.Errorf("%s at %d: %s, want %s", x.algorithm, x.at, got, x.want[2:])
		}
	}
}

func TestACodeCountsOnceAndNearItsTime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	step := now.Unix() / codeTime
	for _, off := range []int64{-2, -1, 0, 1, 2} {
		a := newApp(now)
		code := a.code(step + off)
		next, ok := a.take(code[:3]+"　"+code[3:], now)
		if want := off >= -drift && off <= drift; ok != want {
			t.Errorf("a code %d steps off: %v, want %v", off, ok, want)
		}
		if !ok {
			continue
		}
		if _, again := next.take(code, now); again {
			t.Errorf("a code %d steps off counts twice", off)
		}
		if _, earlier := next.take(a.code(step+off-1), now); earlier {
			t.Errorf("a code before one %d steps off counts after it", off)
		}
		if _, later := next.take(a.code(step+off+1), now.Add(codeTime*time.Second)); !later {
			t.Errorf("the code after one %d steps off does not count", off)
		}
	}
	for _, bad := range []string{"", "12345", "1234567", "abcdef", "-1-1-1", strings.Repeat("1", 10_000)} {
		if _, ok := newApp(now).take(bad, now); ok {
			t.Errorf("%.20q is a code", bad)
		}
	}
}

func TestURI(t *testing.T) {
	a := &app{Secret: []byte("12345678901234567890"), Algorithm: "SHA1"}
	u, err := url.Parse(a.uri("校倉 印刷", "佐藤 花子"))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/校倉 印刷:佐藤 花子" {
		t.Errorf("uri %v", u)
	}
	if q := u.Query(); q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("issuer") != "校倉 印刷" || q.Get("digits") != "6" {
		t.Errorf("query %v", q)
	}
	if strings.Contains(u.RawQuery, "+") { // some apps take it for a plus
		t.Errorf("query %q", u.RawQuery)
	}
}
