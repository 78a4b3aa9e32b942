package roster

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxStyles bounds the formats of a workbook; Excel itself allows 65,490.
const maxStyles = 1 << 17

// readStyles finds the cell formats that show a number as a date. Excel makes a date of 3-1 as soon as it is typed: in the file stands 46082, and
// nothing but the format of the cell tells that this is no number.
func (b *book) readStyles() error {
	dates := make(map[string]bool) // of the workbook's own formats, by id
	inCells := false
	err := b.elements("xl/styles.xml", func(e *scanner) {
		switch {
		case e.kind == endsElement:
			inCells = inCells && e.name != "cellXfs"
		case e.name == "numFmt" && len(dates) < maxStyles:
			dates[e.attr("numFmtId")] = datePattern(e.attr("formatCode"))
		case e.name == "cellXfs":
			inCells = true
		case e.name == "xf" && inCells && len(b.dates) < maxStyles:
			id := e.attr("numFmtId")
			date, own := dates[id]
			if n, err := strconv.Atoi(id); err == nil && !own {
				date = dateFormat(n)
			}
			b.dates = append(b.dates, date)
		}
	})
	if errors.Is(err, errNoPart) {
		return nil // a workbook need not have any
	}
	return err
}

// dateFormat reports whether one of the formats that every program knows by number is of dates or times: 27 to 36 and 50 to 58 are those of Japan,
// China and Korea.
func dateFormat(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// literals are the parts of a format that are shown as they stand, and colours, languages and conditions; [h] is a number of hours.
var literals = regexp.MustCompile(`"[^"]*"?|\\.|[_*].|\[(?:[^\]hmsHMS][^\]]*|[^\]]{3,})\]|(?i:general|g/標準|e[+-])`)

// datePattern reports whether a format such as m"月"d"日" or [$-411]ge.m.d is of dates or times.
func datePattern(code string) bool {
	return strings.ContainsAny(strings.ToLower(literals.ReplaceAllString(code, "")), "ymdhsge")
}

// date writes the number of a date as people see it: 2026-03-01, with its time if it has one.
func (b *book) date(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < 2_958_466) { // the year 10000; a format of dates does not show others
		return s
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case b.from1904:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case f < 60: // Excel believes that there was a 29 February 1900
		first = first.AddDate(0, 0, 1)
	}
	days := int(f)
	t := first.AddDate(0, 0, days).Add(time.Duration((f-float64(days))*86400+0.5) * time.Second)
	switch {
	case f == float64(days):
		return t.Format(time.DateOnly)
	case days == 0:
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// asDate is how a date looks that Excel has made of a class or a number, where a list was saved as text afterwards.
var asDate = regexp.MustCompile(`^(?:\d{1,2}月\d{1,2}日|\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日|(?i:\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{1,2}))$`)

// madeDate reports whether a text can only be what was made of a class or a number.
func madeDate(f Field, s string) bool {
	return (f == Grade || f == Class || f == Number) && asDate.MatchString(s)
}
