package deadline

import (
	"fmt"
	"time"
)

// Day is a calendar day, counted from 0001-01-01, which is 1; the zero value stands for no day.
type Day int

// unixEpoch is 1970-01-01.
const unixEpoch = 719163

const secondsOfDay = 24 * 60 * 60

// japan has no summer time since 1951, so that no time zone data are needed.
var japan = time.FixedZone("JST", 9*60*60)

// DayOf returns the day that it is in Japan at t, whatever zone t is given in: that day counts in law.
func DayOf(t time.Time) Day {
	y, m, d := t.In(japan).Date()
	return date(y, m, d)
}

// date returns a day by its date; what is beyond the month's end goes into the next one.
func date(y int, m time.Month, d int) Day {
	return Day((time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() + unixEpoch*secondsOfDay) / secondsOfDay)
}

// midnight is the day's beginning at Greenwich, to be asked for what a calendar says of it.
func (d Day) midnight() time.Time {
	return time.Unix((int64(d)-unixEpoch)*secondsOfDay, 0).UTC()
}

// Date returns year, month and day of the month.
func (d Day) Date() (int, time.Month, int) { return d.midnight().Date() }

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return d.midnight().Weekday() }

// String returns the day as 2006-01-02, and nothing for no day.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	y, m, n := d.Date()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, n)
}

// MarshalText returns the day as 2006-01-02.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day written as 2006-01-02; nothing is no day.
func (d *Day) UnmarshalText(text []byte) error {
	*d = 0
	if len(text) == 0 {
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day such as 2026-04-01", text)
	}
	*d = date(t.Date())
	return nil
}
