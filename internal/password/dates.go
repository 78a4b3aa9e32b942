package password

import (
	"math"
	"strings"
)

// The cost of dates. Fifty years hold most of those that mean something to a person.
var (
	costYear = math.Log10(50)
	costDay  = math.Log10(366)
)

// eras are as people write them before a number.
var eras = [...]string{"reiwa", "heisei", "heisi", "showa", "shouwa", "syowa", "taisho", "taishou", "令和", "平成", "昭和", "大正", "r", "h", "s"}

// dates adds the years and days that begin at a place: 2026, 0314, 19800314, 800314, reiwa8, 令和八年.
func dates(out []part, low []rune, from int) []part {
	digits := 0
	for digits < 8 && from+digits < len(low) && digit(low[from+digits]) >= 0 {
		digits++
	}
	add := func(n int, cost float64) { out = append(out, part{from, from + n, cost, Dated}) }
	for _, n := range [...]int{4, 6, 8} {
		if n > digits {
			break
		}
		d := low[from : from+n]
		switch {
		case n == 4 && century(d):
			add(n, costYear)
		case n == 4 && (day(d) || day(append(d[2:4:4], d[:2]...))):
			add(n, costDay)
		case n == 6 && (day(d[2:]) || day(d[:4])), n == 8 && (century(d) && day(d[4:]) || century(d[4:]) && day(d[:4])):
			add(n, costYear+costDay)
		}
	}
	for _, era := range eras {
		rest, ok := strings.CutPrefix(string(low[from:min(len(low), from+12)]), era)
		if n := yearOfEra([]rune(rest)); ok && n > 0 {
			add(len([]rune(era))+n, costYear)
		}
	}
	return out
}

func digit(r rune) int {
	if r < '0' || r > '9' {
		return -1
	}
	return int(r - '0')
}

// century reports whether four digits or more begin with a year that people have in mind.
func century(d []rune) bool { return d[0] == '1' && d[1] == '9' || d[0] == '2' && d[1] == '0' }

// day reports whether four digits are a month and a day.
func day(d []rune) bool {
	month, of := digit(d[0])*10+digit(d[1]), digit(d[2])*10+digit(d[3])
	return month >= 1 && month <= 12 && of >= 1 && of <= 31
}

// yearOfEra returns how many signs at the beginning are a year of an era: one or two digits, or numerals up to 三十一 or 元.
func yearOfEra(r []rune) (n int) {
	for n < len(r) && n < 3 && strings.ContainsRune("元〇一二三四五六七八九十", r[n]) {
		n++
	}
	for n < len(r) && n < 2 && digit(r[n]) >= 0 {
		n++
	}
	if n > 0 && n < len(r) && r[n] == '年' {
		n++
	}
	return n
}
