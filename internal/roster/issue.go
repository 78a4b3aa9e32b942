package roster

import "errors"

// Issue is what is wrong with a cell. Those that are only warnings refuse nothing.
type Issue struct {
	Row     int    `json:"row"`              // as spreadsheets count them, from 1
	Column  string `json:"column,omitempty"` // A, B, …
	Word    string `json:"issue"`            // see the texts "roster."
	Field   Field  `json:"field,omitempty"`
	Value   string `json:"value,omitempty"` // what stands there, cut
	Other   int    `json:"other,omitempty"` // the row in which the same person stands
	Warning bool   `json:"warning,omitempty"`
}

// The words of issues.
const (
	isEmpty   = "empty"     // a cell that must say something
	isTwice   = "twice"     // the same person as in another row
	isLong    = "long"      // more letters than a cell may have
	isBytes   = "bytes"     // bytes that are no letters
	isError   = "error"     // a formula without a result
	isDate    = "date"      // a date, which Excel makes of 3-1
	isQuote   = "quote"     // a quoted cell that never ends
	isWide    = "wide"      // more columns than a list may have
	isUnnamed = "no-number" // a pupil who is told by name alone
	isGaiji   = "gaiji"     // letters that only the sender's computer has
	isLost    = "lost"      // letters that were lost before

	isSchoolTwice = "school-twice" // of a list of schools: one that has a row already
	isNoAnswer    = "no-answer"    // neither yes nor no
	isUnknown     = "not-in-roster"

	isNoShare   = "no-share"   // of a register: a share that is not there
	isLineTwice = "line-twice" // one that has a row already, for this school
	isNoYear    = "no-year"    // no year with four digits
)

// warnings are the words of those that refuse nothing.
var warnings = map[string]bool{isUnnamed: true, isGaiji: true, isLost: true, isUnknown: true}

// maxIssues bounds what is told; the rest is counted.
const maxIssues = 1000

// issues collects them: problems before warnings, as far as there is room.
type issues struct {
	bad, warned         []Issue
	moreBad, moreWarned int
}

func (l *issues) add(i Issue) {
	i.Warning = warnings[i.Word]
	list, more := &l.bad, &l.moreBad
	if i.Warning {
		list, more = &l.warned, &l.moreWarned
	}
	if len(*list) == maxIssues {
		*more++
		return
	}
	*list = append(*list, i)
}

// letters is the name of a column, from 0.
func letters(i int) (s string) {
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// short cuts a value for an issue.
func short(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// finish takes what ended a reading: an issue is one of all.
func (c *issues) finish(err error) error {
	if b, ok := errors.AsType[*broken](err); ok {
		c.add(b.Issue)
		return nil
	}
	if err == errStop {
		return nil
	}
	return err
}
