// Package calendar reads the calendars of deadlines with other people's programs: Debian's python3-icalendar and calcurse.
package calendar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/deadline"
)

// script reads a calendar with icalendar and says what it has understood.
const script = `
import datetime, json, sys
from icalendar import Calendar
c = Calendar.from_ical(sys.stdin.buffer.read())
def event(e):
    start, end = e["DTSTART"].dt, e["DTEND"].dt
    return {"uid": str(e["UID"]), "summary": str(e["SUMMARY"]), "description": str(e.get("DESCRIPTION", "")), "url": str(e.get("URL", "")),
        "all_day": not isinstance(start, datetime.datetime), "start": start.isoformat(), "end": end.isoformat(), "status": str(e["STATUS"]),
        "sequence": int(e["SEQUENCE"]), "stamp": e["DTSTAMP"].dt.isoformat(), "errors": [str(x) for x in e.errors],
        "alarms": [int(a["TRIGGER"].dt.total_seconds()) for a in e.walk("VALARM")]}
json.dump({"product": str(c["PRODID"]), "name": str(c["X-WR-CALNAME"]), "version": str(c["VERSION"]),
    "errors": [str(x) for x in c.errors], "events": [event(e) for e in c.walk("VEVENT")]}, sys.stdout)
`

type understood struct {
	UID, Summary, Description, URL string
	AllDay                         bool `json:"all_day"`
	Start, End, Status, Stamp      string
	Sequence                       int
	Errors                         []string
	Alarms                         []int
}

// written is a calendar of many events with texts of all kinds.
func written(t *testing.T) (c deadline.Calendar, first deadline.Day) {
	t.Helper()
	rules, err := deadline.At(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	list, err := rules.For(deadline.Facts{Hostile: deadline.Yes, Contractor: true, Mark: true})
	if err != nil {
		t.Fatal(err)
	}
	c = deadline.Calendar{Product: "-//Azekura//deadlines//JA", Name: `期限; 事案 2026-1, \ 2`, Stamp: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)}
	for i, d := range list {
		if e, ok := d.Event("2026-1", "azekura.example"); ok {
			e.Summary, e.Description, e.URL = d.Rule.Title.JA+"; 期限, "+d.Due.String(), d.Rule.Note.JA, "https://azekura.example/cases/2026-1?a=1,2;b#c"
			e.Cancelled, e.Sequence = i == 1, i
			c.Events = append(c.Events, e)
		}
	}
	r := rand.New(rand.NewPCG(20261102, 1))
	// icalendar 4 reads an escaped backslash twice; our own test of folding has them.
	letters := []rune(`abc XYZ 019;,:"'=` + "\n\t期限速報が𠮷é👨‍👩‍👧　（）")
	for i := range 200 {
		var s []rune
		for range r.IntN(120) {
			s = append(s, letters[r.IntN(len(letters))])
		}
		c.Events = append(c.Events, deadline.Event{UID: fmt.Sprintf("%d@azekura.example", i), Day: rules.Known + deadline.Day(i), Summary: "a" + string(s) + "z", Description: "b" + string(s) + "y"})
	}
	return c, rules.Known
}

// TestIcalendar: a library that others have written finds in the file what was said, to the letter.
func TestIcalendar(t *testing.T) {
	c, _ := written(t)
	var file, out, complaints bytes.Buffer
	if err := c.Write(&file); err != nil {
		t.Fatal(err)
	}
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", script)
	python.Stdin, python.Stdout, python.Stderr = &file, &out, &complaints
	if err := python.Run(); err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	var got struct {
		Product, Name, Version string
		Errors                 []string
		Events                 []understood
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Product != c.Product || got.Name != c.Name || got.Version != "2.0" || len(got.Errors) > 0 || len(got.Events) != len(c.Events) {
		t.Fatalf("%q %q %q %v, %d events of %d", got.Product, got.Name, got.Version, got.Errors, len(got.Events), len(c.Events))
	}
	for i, e := range c.Events {
		want := understood{UID: e.UID, Summary: strings.ReplaceAll(e.Summary, "\n", " "), Description: e.Description, URL: e.URL, AllDay: true, Start: e.Day.String(), End: (e.Day + 1).String(),
			Status: "CONFIRMED", Stamp: "2026-11-02T09:30:00+00:00", Sequence: e.Sequence, Errors: []string{}, Alarms: []int{}}
		if e.Cancelled {
			want.Status = "CANCELLED"
		} else {
			for _, a := range e.Alarms {
				want.Alarms = append(want.Alarms, int(a.Seconds()))
			}
		}
		if !reflect.DeepEqual(got.Events[i], want) {
			t.Fatalf("event %d\n%#v, want\n%#v", i, got.Events[i], want)
		}
	}
}

// TestCalcurse: a calendar program takes all of it in, each event on its day.
func TestCalcurse(t *testing.T) {
	c, first := written(t)
	dir := t.TempDir()
	var file bytes.Buffer
	if err := c.Write(&file); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "deadlines.ics")
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	calcurse := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "calcurse", append([]string{"-D", filepath.Join(dir, "data"), "-C", filepath.Join(dir, "config")}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=Asia/Tokyo")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("calcurse %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	for _, d := range []string{"data", "config"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if said := calcurse("-i", name); !strings.Contains(said, fmt.Sprintf("%d events", len(c.Events))) && !strings.Contains(said, fmt.Sprintf("/ %d event", len(c.Events))) {
		t.Errorf("taken in: %s", said)
	}
	american := func(day deadline.Day) string {
		y, m, d := day.Date()
		return fmt.Sprintf("%02d/%02d/%04d", m, d, y)
	}
	shown := strings.Split(calcurse("-Q", "--filter-type", "event", "--from", american(first), "--days", "300", "--format-event", "%(raw)"), "\n")
	for _, e := range c.Events {
		summary := strings.ReplaceAll(e.Summary, "\n", " ")
		if !slices.ContainsFunc(shown, func(line string) bool {
			return strings.HasPrefix(line, american(e.Day)) && strings.Contains(line, summary)
		}) {
			t.Fatalf("not shown: %s %q; but %q", american(e.Day), summary, shown[:20])
		}
	}
}
