package paper

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
)

// say speaks one language.
type say lang.Lang

func (s say) ja() bool { return lang.Lang(s) == lang.Japanese }

// t returns a text in the language, with its arguments put in.
func (s say) t(ja, en string, args ...any) string {
	text := en
	if s.ja() {
		text = ja
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func (s say) text(t Text) string {
	if s.ja() && t.JA != "" || t.EN == "" {
		return t.JA
	}
	return t.EN
}

// unknown stands where neither the records nor a person say anything.
func (s say) unknown() string {
	return document.Blank(s.t("未把握 — 判明次第追完", "not known yet – will be added"))
}

// open is a place to fill in.
func (s say) open(ja, en string) string { return document.Blank(s.t(ja, en)) }

// or returns the text, or a place to fill in.
func (s say) or(text, ja, en string) string {
	if strings.TrimSpace(text) == "" {
		return s.open(ja, en)
	}
	return text
}

// n writes a number with its thousands apart.
func (s say) n(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func (s say) people(n int64) string {
	if s.ja() {
		return s.n(n) + "人"
	}
	if n == 1 {
		return "1 person"
	}
	return s.n(n) + " persons"
}

// count is a number of files where the English sentence has said already that they are.
func (s say) count(n int64) string {
	if s.ja() {
		return s.files(n)
	}
	return s.n(n)
}

func (s say) files(n int64) string {
	if s.ja() {
		return s.n(n) + "件"
	}
	if n == 1 {
		return "1 file"
	}
	return s.n(n) + " files"
}

// bytes writes a size as people say it.
func (s say) bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return s.t("%sバイト", "%s bytes", s.n(n))
	}
	v, i := float64(n), -1
	for ; v >= unit && i < 4; i++ {
		v /= unit
	}
	return fmt.Sprintf("%.1f %cB", v, "kMGTP"[i])
}

// percent writes a part of a whole; what is not nothing never becomes 0 %.
func (s say) percent(part, whole int64) string {
	if whole <= 0 {
		return s.unknown()
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case part > 0 && p < 0.05:
		return s.t("0.1％未満", "less than 0.1 %")
	case part < whole && p > 99.9:
		return s.t("99.9％超", "more than 99.9 %")
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + s.t("％", " %")
}

// japan has no summer time.
var japan = time.FixedZone("JST", 9*60*60)

func (s say) date(t time.Time) string {
	if t.IsZero() {
		return s.unknown()
	}
	t = t.In(japan)
	if s.ja() {
		return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
	}
	return t.Format("2 January 2006")
}

// moment is a date with its time, in Japan, and says so: a school compares it with what others have written down.
func (s say) moment(t time.Time) string {
	if t.IsZero() {
		return s.unknown()
	}
	if s.ja() {
		return "日本時間" + s.date(t) + t.In(japan).Format(" 15:04")
	}
	return t.In(japan).Format("2 January 2006, 15:04 MST")
}

func (s say) day(d deadline.Day) string {
	y, m, n := d.Date()
	return s.date(time.Date(y, m, n, 12, 0, 0, 0, japan))
}

// span is a time from one moment to another.
func (s say) span(from, to time.Time) string {
	a, b := s.t("記録の始まり", "the beginning of the records"), s.t("現在", "now")
	if !from.IsZero() {
		a = s.moment(from)
	}
	if !to.IsZero() {
		b = s.moment(to)
	}
	return s.t("%sから%sまで", "from %s to %s", a, b)
}

func (s say) list(words []string) string { return strings.Join(words, s.t("、", ", ")) }

// lines puts texts below each other, without those that are empty.
func lines(texts ...string) string {
	var out []string
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n")
}

// short cuts a text to so many columns, of which a Japanese letter takes two.
func short(text string, columns int) string {
	text = strings.Join(strings.Fields(text), " ")
	at := 0
	for i, r := range text {
		if at++; r >= 0x2e80 {
			at++
		}
		if at > columns {
			return text[:i] + "…"
		}
	}
	return text
}
