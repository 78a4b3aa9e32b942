package deadline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reason says why offices are closed on a day.
type Reason string

// The reasons.
const (
	Weekend Reason = "weekend"
	Holiday Reason = "holiday"
	YearEnd Reason = "year-end"
)

// Closed is a day on which offices are closed.
type Closed struct {
	Day  Day    `json:"day"`
	Why  Reason `json:"why"`
	Name Text   `json:"name,omitzero"` // of the holiday
}

// monthDay is a day of every year.
type monthDay struct {
	month time.Month
	day   int
}

// UnmarshalText reads 12-29.
func (m *monthDay) UnmarshalText(text []byte) error {
	t, err := time.Parse("01-02", string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day of the year such as 12-29", text)
	}
	m.month, m.day = t.Month(), t.Day()
	return nil
}

func (m monthDay) compare(o monthDay) int { return int(m.month-o.month)*100 + m.day - o.day }

// closed knows on which days offices are closed, in the years that have been announced.
type closed struct {
	sources  []Source
	weekdays []time.Weekday
	endFrom  monthDay // the offices' holidays around New Year
	endTo    monthDay
	years    map[int]bool
	holidays map[Day]Text
}

// read reads the table of holidays.
func (c *closed) read(data []byte) error {
	var t struct {
		About    []string `json:"about"`
		Sources  []Source `json:"sources"`
		Weekdays []string `json:"weekdays"`
		YearEnd  struct {
			From    monthDay `json:"from"`
			Through monthDay `json:"through"`
		} `json:"year_end"`
		English map[string]string           `json:"english"`
		Years   map[int]map[monthDay]string `json:"years"`
	}
	if err := strictly(data, &t); err != nil {
		return err
	}
	*c = closed{sources: t.Sources, endFrom: t.YearEnd.From, endTo: t.YearEnd.Through, years: make(map[int]bool), holidays: make(map[Day]Text)}
	if c.endFrom.compare(c.endTo) <= 0 {
		return errors.New("the days around New Year do not go over the year's end")
	}
	for _, name := range t.Weekdays {
		i := slices.IndexFunc(week, func(w time.Weekday) bool { return strings.EqualFold(w.String(), name) })
		if i < 0 {
			return fmt.Errorf("%q is no day of the week", name)
		}
		c.weekdays = append(c.weekdays, week[i])
	}
	if len(c.weekdays) == len(week) {
		return errors.New("offices never open")
	}
	for y, days := range t.Years {
		c.years[y] = true
		for m, name := range days {
			d := date(y, m.month, m.day)
			if _, _, n := d.Date(); n != m.day {
				return fmt.Errorf("%d has no %02d-%02d", y, m.month, m.day)
			}
			if t.English[name] == "" {
				return fmt.Errorf("%s: %q has no English name", d, name)
			}
			c.holidays[d] = Text{name, t.English[name]}
		}
	}
	return nil
}

var week = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

// on says whether and why offices are closed on a day; known is false when nobody can say it, as its year is not in the table.
func (c *closed) on(d Day) (why Closed, is, known bool) {
	y, m, n := d.Date()
	if !c.years[y] {
		return Closed{}, false, false
	}
	at := monthDay{m, n}
	switch name, holiday := c.holidays[d]; {
	case holiday:
		return Closed{d, Holiday, name}, true, true
	case at.compare(c.endFrom) >= 0 || at.compare(c.endTo) <= 0:
		return Closed{Day: d, Why: YearEnd}, true, true
	case slices.Contains(c.weekdays, d.Weekday()):
		return Closed{Day: d, Why: Weekend}, true, true
	}
	return Closed{}, false, true
}

// roll returns the first open day from d on, and the closed ones before it. When it would have to look into a year that is not in the
// table, it returns d itself and the year: too early a day does no harm.
func (c *closed) roll(d Day) (open Day, past []Closed, lacks int) {
	for open = d; ; open++ {
		why, is, known := c.on(open)
		switch {
		case !known:
			lacks, _, _ = open.Date()
			return d, nil, lacks
		case !is:
			return open, past, 0
		}
		past = append(past, why)
	}
}
