package deadline

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Event is an entry of a calendar that takes a whole day. Its texts are its author's.
type Event struct {
	UID         string // the same for ever, so that a calendar that takes it in again moves it
	Sequence    int    // counts up when it has changed
	Day         Day
	Summary     string
	Description string
	URL         string          // where to look, or nothing
	Cancelled   bool            // it was done, or is not due any more
	Alarms      []time.Duration // from the beginning of the day: whole minutes, negative ones before it
}

// Calendar is a file of RFC 5545 (.ics).
type Calendar struct {
	Product string    // who has written it, such as -//Azekura//case//EN
	Name    string    // as calendar programs show it
	Stamp   time.Time // when what it says was known
	Events  []Event
}

// remindAt is when calendars remind: at nine in the morning.
const remindAt = 9 * time.Hour

// Event returns the entry of a deadline, without texts, and with reminders on the day from which to warn, the day before the last, and the last.
// What case it belongs to, and in which house, makes its UID with the duty: it stays when 30 days become 60. What has no day has no entry.
func (d *Deadline) Event(of, house string) (e Event, ok bool) {
	if d.Due == 0 {
		return Event{}, false
	}
	e = Event{UID: of + "." + d.Rule.ID + "@" + house, Day: d.Due}
	for _, day := range []Day{min(d.Warn, d.Due-1), d.Due - 1, d.Due} {
		at := time.Duration(day-d.Due)*24*time.Hour + remindAt
		if len(e.Alarms) == 0 || e.Alarms[len(e.Alarms)-1] != at {
			e.Alarms = append(e.Alarms, at)
		}
	}
	return e, true
}

// Write writes the calendar. An event that a calendar could not keep apart from another, or not read, is an error, and nothing is written.
func (c *Calendar) Write(to io.Writer) error {
	if clean(c.Product) == "" || c.Stamp.IsZero() {
		return fmt.Errorf("calendar: without product or time")
	}
	seen := make(map[string]bool)
	for i := range c.Events {
		e := &c.Events[i]
		if err := e.check(); err != nil {
			return fmt.Errorf("calendar: event %d: %w", i, err)
		}
		if seen[e.UID] {
			return fmt.Errorf("calendar: two events are %q", e.UID)
		}
		seen[e.UID] = true
	}
	w := &lines{w: bufio.NewWriter(to)}
	w.put("BEGIN", "VCALENDAR")
	w.put("VERSION", "2.0")
	w.put("PRODID", escape(c.Product))
	w.put("CALSCALE", "GREGORIAN")
	if clean(c.Name) != "" {
		w.put("X-WR-CALNAME", escape(line(c.Name)))
	}
	for i := range c.Events {
		w.event(&c.Events[i], c.Stamp)
	}
	w.put("END", "VCALENDAR")
	return w.w.Flush()
}

func (e *Event) check() error {
	switch u, err := url.Parse(e.URL); {
	case e.UID == "" || e.UID != clean(e.UID) || strings.ContainsAny(e.UID, "\n\t"):
		return fmt.Errorf("its UID %q is no identifier", e.UID)
	case e.Day == 0 || e.Sequence < 0 || len(e.Day.String()) != len(time.DateOnly):
		return fmt.Errorf("%s: without a day", e.UID)
	case strings.TrimSpace(clean(e.Summary)) == "":
		return fmt.Errorf("%s: without a summary", e.UID)
	case e.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.String() != e.URL):
		return fmt.Errorf("%s: %q is not an address of the web", e.UID, e.URL)
	}
	for _, a := range e.Alarms {
		if a%time.Minute != 0 {
			return fmt.Errorf("%s: a reminder at %s, which is not a minute", e.UID, a)
		}
	}
	return nil
}

// lines writes content lines. A failed write shows at the flush.
type lines struct{ w *bufio.Writer }

func (w *lines) event(e *Event, stamp time.Time) {
	w.put("BEGIN", "VEVENT")
	w.put("UID", escape(e.UID))
	w.put("DTSTAMP", stamp.UTC().Format("20060102T150405Z"))
	w.put("SEQUENCE", strconv.Itoa(e.Sequence))
	w.put("DTSTART;VALUE=DATE", basic(e.Day))
	w.put("DTEND;VALUE=DATE", basic(e.Day+1)) // the first day that it does not take
	w.put("SUMMARY", escape(line(e.Summary)))
	if clean(e.Description) != "" {
		w.put("DESCRIPTION", escape(e.Description))
	}
	if e.URL != "" {
		w.put("URL", e.URL)
	}
	w.put("TRANSP", "TRANSPARENT") // nobody is busy all day because of it
	if e.Cancelled {
		w.put("STATUS", "CANCELLED")
	} else {
		w.put("STATUS", "CONFIRMED")
		for _, a := range e.Alarms {
			w.put("BEGIN", "VALARM")
			w.put("ACTION", "DISPLAY")
			w.put("DESCRIPTION", escape(line(e.Summary)))
			w.put("TRIGGER", trigger(a))
			w.put("END", "VALARM")
		}
	}
	w.put("END", "VEVENT")
}

// most is how many octets a line may have, without its end.
const most = 75

// put writes a content line, folded: a line goes on in the next one behind a space. No letter is cut, though the RFC would allow it,
// because programs read letters before they unfold.
func (w *lines) put(name, value string) {
	rest, room := name+":"+value, most
	for len(rest) > room {
		cut := room
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		w.w.WriteString(rest[:cut] + "\r\n ")
		rest, room = rest[cut:], most-1
	}
	w.w.WriteString(rest + "\r\n")
}

// basic writes a day without dashes.
func basic(d Day) string { return strings.ReplaceAll(d.String(), "-", "") }

// trigger writes a time from the beginning of an event.
func trigger(a time.Duration) string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	h, m := a/time.Hour, a%time.Hour/time.Minute
	switch {
	case m == 0 && h != 0:
		return fmt.Sprintf("%sPT%dH", sign, h)
	case h == 0:
		return fmt.Sprintf("%sPT%dM", sign, m)
	}
	return fmt.Sprintf("%sPT%dH%dM", sign, h, m)
}

// escape writes a text as a value.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(clean(s))
}

// line makes one line of a text: there are programs that refuse an event whose summary has two.
func line(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

// clean leaves of a text what a value may hold: letters, tabs and ends of lines, all of the latter written as \n.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}
