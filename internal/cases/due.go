package cases

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// Due is what the firm must tell by when in a case, as it stands on a day.
type Due struct {
	Case      string              `json:"case"`
	Closed    time.Time           `json:"closed,omitzero"`
	Known     time.Time           `json:"known"`              // when the first department knew
	Proposed  bool                `json:"proposed,omitempty"` // nobody has said so: it is the first alarm, or when the case was opened
	Start     deadline.Day        `json:"start"`              // the day of knowing, in Japan
	Today     deadline.Day        `json:"today"`
	Facts     deadline.Facts      `json:"facts"`                      // what it was counted with
	CountedAt time.Time           `json:"counted_at,omitzero"`        // when persons were counted; absent: not lately, and any number counts as passed
	Undecided []string            `json:"undecided,omitempty"`        // facts of the case that nobody has decided: the days are the shorter ones because of them
	Public    []string            `json:"public,omitempty"`           // clients that are public bodies: they have deadlines of their own, from when they are told
	Unread    bool                `json:"rosters_unread,omitempty"`   // rosters may name more public bodies: not all were read since the storehouse was started
	Told      *deadline.Day       `json:"told,omitempty"`             // when clients were told, as somebody has entered; absent with Public: not yet
	ToPublic  []deadline.Deadline `json:"public_deadlines,omitempty"` // theirs, from then on; not yet told: as if they were told today
	Deadlines []DueBy             `json:"deadlines"`                  // the earliest first, without a number of days last
	Gap       *deadline.Gap       `json:"gap,omitempty"`              // the data do not cover the day: nobody may guess
	Checked   deadline.Day        `json:"checked,omitzero"`           // when the data were last compared with the law
	Pending   *deadline.Text      `json:"pending,omitempty"`          // what is about to change in it
	Parties   []DueParty          `json:"assessments,omitempty"`      // which categories apply, by part in which the firm owes something
}

// DueParty is which categories apply in one part.
type DueParty = deadline.Assessment

// DueBy is a deadline, and how it stands today.
type DueBy struct {
	deadline.Deadline
	Count  deadline.Count `json:"count"`
	Done   time.Time      `json:"done,omitzero"` // when somebody entered that it was done
	DoneBy string         `json:"done_by,omitempty"`
	Muted  *account.Fact  `json:"muted,omitempty"` // why nobody is reminded of it any more once it is late, and who has said so
}

// Next is the first deadline that has a day and was not done, or nil. One that has passed stays until somebody says that it was done.
func (d *Due) Next() *DueBy {
	i := slices.IndexFunc(d.Deadlines, func(x DueBy) bool { return x.Due != 0 && x.Done.IsZero() })
	if i < 0 {
		return nil
	}
	return &d.Deadlines[i]
}

// Deadlines counts the days of a case for who may see it. It never waits for findings: where persons were not counted a while ago, it says so.
func (d *Desk) Deadlines(ctx context.Context, s account.Session, n string) (*Due, error) {
	c, err := d.Books.Case(ctx, s.ID, n)
	if err != nil {
		return nil, err
	}
	return d.due(c, d.Books.Duties())
}

// OpenDeadlines counts those of all open cases, for the house itself.
func (d *Desk) OpenDeadlines() (out []*Due, err error) {
	all := d.Books.Duties()
	for _, c := range all.Cases {
		x, err := d.due(c, all)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (d *Desk) due(c account.Case, all account.Duties) (*Due, error) {
	x := &Due{Case: c.ID, Closed: c.Closed, Today: deadline.DayOf(d.Now()), Deadlines: []DueBy{}}
	x.Known, x.Proposed = c.Clock()
	x.Start = deadline.DayOf(x.Known)
	x.Facts = deadline.Facts{Mark: all.Firm.Mark != ""}
	for i := range all.Register {
		x.register(&all.Register[i])
		d.mu.Lock()
		schools, read := d.public[all.Register[i].Share]
		d.mu.Unlock()
		x.listed(&all.Register[i], schools)
		x.Unread = x.Unread || !read
	}
	x.Facts.Persons, x.CountedAt = d.personsOf(c)
	for _, q := range []struct {
		key string
		to  *deadline.Answer
	}{{"hostile", &x.Facts.Hostile}, {"sensitive", &x.Facts.Sensitive}, {"property-damage", &x.Facts.Property}} {
		if *q.to = answer(c, q.key); *q.to == deadline.Undecided {
			x.Undecided = append(x.Undecided, q.key)
		}
	}
	x.Facts.Persons.Exempt = answer(c, "exempt") == deadline.Yes
	rules, err := deadline.At(x.Known)
	if err == nil {
		x.Checked, x.Pending = rules.Checked, &rules.Pending
		x.Parties, err = rules.Assess(x.Facts)
	}
	var list []deadline.Deadline
	if err == nil {
		list, err = rules.For(x.Facts)
	}
	if gap, ok := errors.AsType[*deadline.Gap](err); ok {
		x.Gap, err = gap, nil
	}
	if err != nil {
		return nil, problem.New(problem.Internal, "case", c.ID, err)
	}
	for _, y := range list {
		by := DueBy{Deadline: y, Count: y.On(x.Today)}
		if i := slices.IndexFunc(c.Facts, func(f account.Fact) bool { return f.Key == "done-"+y.Rule.ID && f.Value == "yes" }); i >= 0 {
			by.Done, by.DoneBy = c.Facts[i].At, c.Facts[i].By
		}
		if i := slices.IndexFunc(c.Facts, func(f account.Fact) bool { return f.Key == "mute-"+y.Rule.ID }); i >= 0 {
			f := c.Facts[i]
			by.Muted = &f
		}
		x.Deadlines = append(x.Deadlines, by)
	}
	return x, d.toPublic(x, c)
}

// toPublic counts what clients that are public bodies owe, from when they are told. Their numbers of persons are their own, so that any counts as
// passed. Where the data do not cover the day there is no day, and what the page says of whom to ask stays.
func (d *Desk) toPublic(x *Due, c account.Case) error {
	if len(x.Public) == 0 {
		return nil
	}
	from := d.Now()
	if i := slices.IndexFunc(c.Facts, func(f account.Fact) bool { return f.Key == "done-client" && f.Value == "yes" }); i >= 0 {
		from = c.Facts[i].At
		day := deadline.DayOf(from)
		x.Told = &day
	}
	rules, err := deadline.At(from)
	if err == nil {
		x.ToPublic, err = rules.For(deadline.Facts{Public: true, Hostile: x.Facts.Hostile, Sensitive: x.Facts.Sensitive, Property: x.Facts.Property})
	}
	if _, ok := errors.AsType[*deadline.Gap](err); err != nil && !ok {
		return problem.New(problem.Internal, "case", c.ID, err)
	}
	return nil
}

// register takes in a line of the register: on whose behalf data is held, and who of them is a public body.
func (x *Due) register(l *account.RegisterLine) {
	x.Facts.Contractor = x.Facts.Contractor || l.Client != "" || len(l.Schools) > 0
	if l.Public {
		x.public(cmp.Or(l.Client, l.Share))
	}
	for i := range l.Schools {
		s := &l.Schools[i]
		if r := l.For(s); r.Public && (s.Public != nil || s.Client != "") {
			x.public(cmp.Or(s.Client, s.School))
		}
	}
}

// notePublic keeps in mind which schools of a share are public bodies, as the list of schools says that came with its roster. Who counts days has no
// key for a roster.
func (d *Desk) notePublic(share string, book *roster.Book) {
	list := []string{}
	for i := range book.Schools {
		if s := &book.Schools[i]; s.Public {
			list = append(list, s.Name)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.public == nil {
		d.public = make(map[string][]string)
	}
	d.public[share] = list
}

// listed takes in what a roster says of the schools of a line, where the register says nothing else of a school.
func (x *Due) listed(l *account.RegisterLine, schools []string) {
	for _, name := range schools {
		i := slices.IndexFunc(l.Schools, func(s account.SchoolLine) bool { return roster.SchoolKey(s.School) == roster.SchoolKey(name) })
		switch {
		case i < 0:
			x.public(name)
		case l.Schools[i].Public == nil:
			x.public(cmp.Or(l.Schools[i].Client, l.Schools[i].School))
		}
	}
}

func (x *Due) public(name string) {
	if !slices.Contains(x.Public, name) {
		x.Public = append(x.Public, name)
	}
}

// answer is what people have decided about a question. That they could not find out decides nothing.
func answer(c account.Case, key string) deadline.Answer {
	for _, f := range c.Facts {
		switch {
		case f.Key == key && f.Value == "yes":
			return deadline.Yes
		case f.Key == key && f.Value == "no":
			return deadline.No
		}
	}
	return deadline.Undecided
}

// head is how many persons findings have counted.
type head struct {
	at       time.Time
	suspects []account.Suspect
	persons  deadline.Persons
}

// countedFor is how long a number of persons holds. It can grow as long as somebody may go on.
const countedFor = time.Hour

// personsOf returns the persons of a case, if they were counted lately and about the same suspects.
func (d *Desk) personsOf(c account.Case) (deadline.Persons, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h, ok := d.heads[c.ID]
	if !ok || d.Now().Sub(h.at) > countedFor || !slices.Equal(h.suspects, c.Suspects) {
		return deadline.Persons{}, time.Time{}
	}
	return h.persons, h.at
}

// keepHead notes how many persons findings have counted; d.mu is held. Those of who is not concerned with every share would be too few.
func (d *Desk) keepHead(f *Findings) {
	if len(f.source.shares) != len(d.Books.Duties().Register) {
		return
	}
	r := &f.Exposure
	p := deadline.Persons{Confirmed: int(r.Persons.Persons.Confirmed), Possible: int(r.Persons.Persons.Possible), Encrypted: int(r.Persons.Persons.Exempt)}
	unknown := r.Unknown.Confirmed + r.Unknown.Possible + r.Unknown.Exempt + r.Files.Strange
	// What is lost counts, too, and may be of others; names that could be seen are of nobody knows whom.
	p.Counted = unknown == 0 && r.Persons.Lost == 0 && r.Files.Lost == 0 && !r.Files.Names && !f.Ledger.Broken
	if d.heads == nil {
		d.heads = make(map[string]head)
	}
	d.heads[f.Case.ID] = head{f.At, f.Case.Suspects, p}
}
