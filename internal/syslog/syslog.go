// Package syslog reads the messages that appliances send: RFC 5424 and what is called RFC 3164, one in a datagram (RFC 5426) or many in a stream
// (RFC 6587, and RFC 5425 under TLS). It is tolerant: what is in no form is a message without a header, and nothing is dropped.
package syslog

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
)

// Message is a message apart from its header.
type Message struct {
	Severity int       // 0 to 7; -1: it states none
	Stated   time.Time // by the appliance's clock; zero: it states none
	Host     string
	App      string
	Text     string // what follows the header, in UTF-8
}

// Parse reads a message. RFC 3164 tells neither year nor zone: zone is the appliance's, and the year is the one that brings the time nearest to
// when the message was received.
func Parse(raw []byte, received time.Time, zone *time.Location) Message {
	m := Message{Severity: -1}
	rest := Text(raw)
	if pri, after, ok := priority(rest); ok {
		m.Severity, rest = pri&7, after
	}
	if after, ok := strings.CutPrefix(rest, "1 "); ok && m.Severity >= 0 && m.structured(after) {
		return m
	}
	m.old(rest, received, zone)
	return m
}

// priority reads "<134>".
func priority(s string) (pri int, rest string, ok bool) {
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 || s[0] != '<' {
		return 0, s, false
	}
	pri, err := strconv.Atoi(s[1:end])
	if err != nil || pri < 0 || pri > 191 || s[1] == '+' {
		return 0, s, false
	}
	return pri, s[end+1:], true
}

// structured reads what stands behind the version in RFC 5424: TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
func (m *Message) structured(s string) bool {
	var head [5]string
	for i := range head {
		word, rest, ok := strings.Cut(s, " ")
		if !ok || word == "" {
			return false
		}
		head[i], s = word, rest
	}
	var stated time.Time
	if head[0] != "-" {
		t, err := time.Parse(time.RFC3339Nano, head[0])
		if err != nil {
			return false
		}
		stated = t
	}
	data := elements(s)
	if data < 0 {
		return false
	}
	nothing := func(s string) string {
		if s == "-" {
			return ""
		}
		return s
	}
	m.Stated, m.Host, m.App = stated, nothing(head[1]), nothing(head[2])
	m.Text = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(s[data:], " "), "\ufeff"), " ") // rsyslog relays RFC 3164 with two blanks
	if m.Text == "" && data > 1 {                                                                   // some appliances say everything in the structured data
		m.Text = s[:data]
	}
	return true
}

// elements returns where STRUCTURED-DATA ends, or -1.
func elements(s string) int {
	if s == "-" || strings.HasPrefix(s, "- ") {
		return 1
	}
	at := 0
	for at < len(s) && s[at] == '[' {
		quoted := false
		for at++; at < len(s) && (quoted || s[at] != ']'); at++ {
			switch s[at] {
			case '\\':
				if quoted {
					at++
				}
			case '"':
				quoted = !quoted
			}
		}
		if at++; at > len(s) {
			return -1
		}
	}
	if at == 0 || at < len(s) && s[at] != ' ' {
		return -1
	}
	return at
}

// old reads the headers that are called RFC 3164: a time in one of several forms, a host, a tag. What is none of them is text.
func (m *Message) old(s string, received time.Time, zone *time.Location) {
	stated, rest, ok := timeOf(s, received, zone)
	if !ok {
		m.Text = s
		return
	}
	m.Stated = stated
	if host, after, ok := strings.Cut(rest, " "); ok && isHost(host) {
		m.Host, rest = host, after
	}
	m.Text = rest
	if tag, after, ok := strings.Cut(rest, ": "); ok && len(tag) <= 48 && !strings.ContainsAny(tag, " =\",") {
		m.App, _, _ = strings.Cut(tag, "[")
		m.Text = after
	}
}

// isHost tells a host's name from the first word of a text.
func isHost(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsAny(s, "=:\"[](),;") || strings.Count(s, ":") > 1 && !strings.ContainsAny(s, "=\"[](),; ")
}

// timeOf reads the time at the beginning of a header.
func timeOf(s string, received time.Time, zone *time.Location) (t time.Time, rest string, ok bool) {
	word, rest, _ := strings.Cut(s, " ")
	if len(word) > len("2006-01-02T") && word[4] == '-' {
		if t, err := time.Parse(time.RFC3339Nano, word); err == nil {
			return t, rest, true
		}
		if t, err := time.ParseInLocation("2006-01-02T15:04:05", word, zone); err == nil {
			return t, rest, true
		}
	}
	const stamp = len("Jan _2 15:04:05")
	if len(s) < stamp {
		return t, s, false
	}
	if t, err := time.ParseInLocation("Jan _2 15:04:05", s[:stamp], zone); err == nil {
		rest = s[stamp:]
		if len(rest) > 5 && rest[0] == ' ' { // some tell the year behind it
			if y, err := strconv.Atoi(rest[1:5]); err == nil && y > 1999 && rest[5] == ' ' {
				return t.AddDate(y-t.Year(), 0, 0), rest[6:], true
			}
		}
		return nearest(t, received.In(zone)), strings.TrimPrefix(rest, " "), true
	}
	return t, s, false
}

// nearest gives a time the year that brings it nearest to another.
func nearest(t, to time.Time) time.Time {
	best := time.Time{}
	for year := to.Year() - 1; year <= to.Year()+1; year++ {
		x := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, t.Location())
		if x.Day() == t.Day() && (best.IsZero() || x.Sub(to).Abs() < best.Sub(to).Abs()) { // 29 February is not in every year
			best = x
		}
	}
	return best
}

// Text returns what a message says in UTF-8. Japanese appliances also send Shift_JIS and EUC-JP; what is neither keeps its ASCII.
func Text(raw []byte) string {
	raw = bytes.TrimRight(raw, "\r\n\x00")
	if utf8.Valid(raw) {
		return string(raw)
	}
	if mostlyUTF8(raw) {
		return strings.ToValidUTF8(string(raw), "\ufffd")
	}
	best, fewest := "", len(raw)+1
	for _, e := range []encoding.Encoding{japanese.EUCJP, japanese.ShiftJIS} {
		b, err := e.NewDecoder().Bytes(raw)
		if wrong, odd := strangers(b); err == nil && wrong == 0 && odd < fewest {
			best, fewest = string(b), odd
		}
	}
	if best != "" {
		return best
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// mostlyUTF8 tells Japanese in UTF-8 that somebody has cut in the middle of a letter: read as Shift_JIS it would be a text, too.
func mostlyUTF8(raw []byte) bool {
	good, bad := 0, 0
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case r >= 0x800: // three bytes
			good++
		}
		raw = raw[n:]
	}
	return good > bad
}

// strangers counts what no Japanese text has, such as characters that stand for none, and what is rare in it: half-width kana, which is how text in one
// encoding often looks in the other.
func strangers(b []byte) (wrong, odd int) {
	for _, r := range string(b) {
		switch {
		case r == utf8.RuneError || r >= 0x80 && r < 0xa0:
			wrong++
		case r >= '\uff61' && r <= '\uff9f':
			odd++
		}
	}
	return wrong, odd
}
