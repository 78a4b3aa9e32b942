package roster

import (
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/whose"
)

// RegisterRow is a row of a register of personal data as a list: what it says of a share, or of one of the schools in it.
type RegisterRow struct {
	Row    int // as spreadsheets count them, from 1
	Share  string
	School string           // empty: the share's own line
	Set    map[Field]string // by the columns that the list has, also where a cell is empty
	Public *bool            // nil: the cell is empty
}

// Register is a register that was read.
type Register struct {
	Rows   []RegisterRow // nil if there are problems
	Issues []Issue       // problems, then warnings
	More   int
}

// The columns of a register beside those of schools.
const (
	Share     Field = "share"
	Client    Field = "client"
	Data      Field = "data"
	Sensitive Field = "sensitive"
	Subjects  Field = "subjects"
	Purpose   Field = "purpose"
	Section   Field = "department"
	InCharge  Field = "in-charge"
	Retention Field = "retention"
)

// registerHeadings are how our own tables call the columns, in both languages and in the compared form. Who has access is read by nobody: that
// follows from the rights.
var registerHeadings = func() map[string]Field {
	m := make(map[string]Field)
	for f, list := range map[Field][]string{
		Share: {"保管庫", "share"}, School: headings[School], Client: {"委託元", "on behalf of", "client"}, Public: {"行政機関等", "public body", "public"}, Year: {"年度", "fiscal year", "year"},
		Data: {"個人データの項目", "kinds of data", "data"}, Sensitive: {"要配慮個人情報", "special care", "sensitive"}, Subjects: {"本人の区分", "whose", "subjects"}, Purpose: {"利用目的", "used for", "purpose"},
		Section: {"取扱部署", "department"}, InCharge: {"責任者", "person in charge", "in charge"}, Retention: {"保存期間", "kept until", "retention"}, Contact: {"委託元の連絡先", "contact of the client", "連絡先", "contact"},
	} {
		for _, h := range list {
			m[whose.Text(h)] = f
		}
	}
	return m
}()

// ReadRegister reads a register, CSV or XLSX, with headings, for the shares that are known: all of it, or nothing if a row is wrong.
func ReadRegister(s Source, known func(share string) bool) (*Register, error) {
	l, err := s.open()
	if err != nil {
		return nil, err
	}
	c := &registerCollector{known: known, rows: make(map[[2]string]int)}
	if err := c.finish(l.rows(c.add)); err != nil {
		return nil, s.wrap(err)
	}
	if c.columns == nil {
		return nil, s.refuse(problem.Invalid, "hint.register-list", nil)
	}
	out := &Register{Issues: slices.Concat(c.bad, c.warned), More: c.moreBad + c.moreWarned}
	if len(c.bad) == 0 {
		out.Rows = append([]RegisterRow{}, c.list...)
	}
	return out, nil
}

type registerCollector struct {
	issues
	columns []Field // by column; nil until the headings are found
	list    []RegisterRow
	rows    map[[2]string]int // of each share and school
	known   func(share string) bool
}

func (c *registerCollector) add(r row) error {
	if c.columns == nil {
		columns := make([]Field, len(r.cells))
		for i, text := range r.cells {
			columns[i] = registerHeadings[whose.Text(text)]
		}
		switch {
		case slices.Contains(columns, Share):
			c.columns = columns
		case r.n > look:
			return errStop
		}
		return nil
	}
	if !slices.ContainsFunc(r.cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return nil
	}
	if len(c.list) == maxSchools {
		return &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.roster-large"}
	}
	x := RegisterRow{Row: r.n, Set: make(map[Field]string)}
	for i, field := range c.columns {
		if field != "" {
			c.cell(&x, &r, i, field)
		}
	}
	at := slices.Index(c.columns, Share)
	key := [2]string{whose.Text(x.Share), whose.Text(x.School)}
	was, twice := c.rows[key]
	switch {
	case x.Share == "":
		c.tell(&r, at, Share, isEmpty, 0)
	case !c.known(x.Share):
		c.tell(&r, at, Share, isNoShare, 0)
	case twice:
		c.tell(&r, at, Share, isLineTwice, was)
	}
	c.rows[key] = r.n
	c.list = append(c.list, x)
	return nil
}

// cell reads one cell.
func (c *registerCollector) cell(x *RegisterRow, r *row, i int, field Field) {
	s := tidy(r.cell(i))
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && strings.ContainsAny(rest[:1], "=+-@") { // so our own tables keep spreadsheets from taking it for a formula
		s = rest
	}
	if bad := r.issue(i); bad != "" && (bad != isDate || field != Retention) { // until when something is kept can be a date
		c.tell(r, i, field, bad, 0)
		return
	}
	if len(s) > 4*maxLetters {
		c.tell(r, i, field, isLong, 0)
		return
	}
	switch field {
	case Share:
		x.Share = s
	case School:
		x.School = s
	case Public, Sensitive:
		yes, ok := publicWords[whose.Text(s)]
		if !ok {
			c.tell(r, i, field, isNoAnswer, 0)
		}
		if field == Public && s != "" {
			x.Public = &yes
		}
		if x.Set[field] = ""; yes {
			x.Set[field] = "yes"
		}
	case Year:
		if x.Set[field] = whose.Year(s); s != "" {
			if n, err := strconv.Atoi(x.Set[field]); err != nil || n < 1900 || n > 2200 {
				c.tell(r, i, field, isNoYear, 0)
			}
		}
	default:
		x.Set[field] = s
	}
}

func (c *registerCollector) tell(r *row, i int, f Field, word string, other int) {
	c.issues.add(Issue{Row: r.n, Column: letters(i), Field: f, Word: word, Value: short(tidy(r.cell(i))), Other: other})
}
