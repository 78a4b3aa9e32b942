package api

import (
	"testing"
	"time"

	"github.com/azekura/azekura/internal/lang"
)

// TestCertificate judges certificates before and after their end. One that lives for six days is not one that ends soon on its first.
func TestCertificate(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	in := func(days int) time.Time { return now.AddDate(0, 0, days) }
	for name, x := range map[string]struct {
		c    Certificate
		want string
	}{
		"fresh":                {Certificate{From: in(0), Until: in(90)}, "good"},
		"before its time":      {Certificate{From: in(-75), Until: in(15)}, "good"},
		"soon":                 {Certificate{From: in(-77), Until: in(13)}, "look"},
		"self-signed, soon":    {Certificate{From: in(-717), Until: in(13), SelfSigned: true}, "look"},
		"ended":                {Certificate{From: in(-90), Until: in(0)}, "bad"},
		"of days":              {Certificate{From: in(0), Until: in(6)}, "good"},
		"of days, at its last": {Certificate{From: in(-5), Until: in(1)}, "look"},
		"broken":               {Certificate{From: in(0), Until: in(90), Broken: in(0)}, "bad"},
	} {
		said := make(map[string]bool)
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			if x.c.judge(now, l); x.c.Level != x.want || x.c.Text == "" || said[x.c.Text] {
				t.Errorf("%s: %s %q, want %s", name, x.c.Level, x.c.Text, x.want)
			}
			said[x.c.Text] = true
		}
	}
}
