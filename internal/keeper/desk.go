package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Bounds of what stands at the desk of a case: they are kept in the state, which each change writes anew.
const (
	maxKnowing     = 50
	maxNotes       = 500
	maxTasks       = 500
	maxDecisions   = 200
	maxAttachments = 200
	maxDesk        = 16 << 20 // bytes of the texts of all cases together

	// In letters.
	maxNote     = 2000
	maxTask     = 300
	maxDecision = 500
	maxName     = 60
	maxHow      = 200
)

// errTwoPeople says that an act takes a second person.
var errTwoPeople = errors.New("takes two people")

// line is a text of one line without white space around it, and whether it may be kept: neither empty nor longer than so many letters.
func line(s string, most int) (string, bool) {
	s, ok := words(s, most)
	return s, ok && strings.IndexFunc(s, unicode.IsControl) < 0
}

// words is line for texts of several lines.
func words(s string, most int) (string, bool) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	return s, s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.IndexFunc(s, misleads) < 0
}

// misleads reports whether a letter can make a text look like another: it controls, changes the direction of writing, or cannot be seen. Those that
// join the parts of other letters (as in emoji and in Indian scripts) only do that.
func misleads(r rune) bool {
	const joiner, nonJoiner, softHyphen = '\u200d', '\u200c', '\u00ad'
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Cf, r) && r != joiner && r != nonJoiner && r != softHyphen || r == '\u2028' || r == '\u2029'
}

// next is a number for something new at the desk. None is given twice.
func (c *caseState) next() int {
	c.Serial++
	return c.Serial
}

// caseAt returns a copy of a case to change, which is in the draft already.
func (d *draft) caseAt(i int) *caseState {
	c := *d.Cases[i]
	c.Suspects, c.Knowing, c.Facts, c.Notes = slices.Clone(c.Suspects), slices.Clone(c.Knowing), slices.Clone(c.Facts), slices.Clone(c.Notes)
	c.Tasks, c.Attachments, c.Decisions, c.Blobs = slices.Clone(c.Tasks), slices.Clone(c.Attachments), slices.Clone(c.Decisions), maps.Clone(c.Blobs)
	d.Cases[i] = &c
	return &c
}

// desk is the size of all that stands at the desks.
func (d *draft) desk() (n int) {
	for _, c := range d.Cases {
		for _, k := range c.Knowing {
			n += len(k.Department) + len(k.Person) + len(k.How)
		}
		for _, f := range c.Facts {
			n += len(f.Value)
		}
		for _, x := range c.Notes {
			n += len(x.Text)
		}
		for _, x := range c.Tasks {
			n += len(x.Text) + len(x.For)
		}
		for _, x := range c.Decisions {
			n += len(x.Text)
		}
		for _, x := range c.Attachments {
			n += len(x.Name)
		}
	}
	return n
}

// write writes something at the desk of an open case: by those who may freeze.
func (l *Local) write(ctx context.Context, s id.Session, n string, do func(d *draft, c *caseState, by account.Session) (event.Event, error)) error {
	const op = "case"
	return l.change(ctx, s, op, n, func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Freeze) {
			return event.Event{}, notAllowed(op)
		}
		i, err := d.openedCase(op, n)
		if err != nil {
			return event.Event{}, err
		}
		e, err := do(d, d.caseAt(i), by)
		if err == nil && d.desk() > maxDesk {
			err = caseFull(n)
		}
		e.Target = n
		return e, err
	})
}

func caseFull(n string) error {
	return &problem.Error{Kind: problem.TooLarge, Op: "case", On: n, Hint: "hint.case-full"}
}

func badText(n string) error { return unfit("case", n, "hint.case-text") }

// AddNote adds a note to an open case.
func (l *Local) AddNote(ctx context.Context, s id.Session, n, text string) error {
	return l.write(ctx, s, n, func(_ *draft, c *caseState, by account.Session) (event.Event, error) {
		text, ok := words(text, maxNote)
		switch {
		case !ok:
			return event.Event{}, badText(n)
		case len(c.Notes) >= maxNotes:
			return event.Event{}, caseFull(n)
		}
		c.Notes = append(c.Notes, account.CaseNote{ID: c.next(), Text: text, By: by.Name, At: l.now()})
		return event.Event{Kind: event.CaseWritten, Note: "note: " + text}, nil
	})
}

// AddTask adds a task to an open case.
func (l *Local) AddTask(ctx context.Context, s id.Session, n string, t account.NewTask) error {
	return l.write(ctx, s, n, func(_ *draft, c *caseState, by account.Session) (event.Event, error) {
		text, ok := line(t.Text, maxTask)
		whom, named := line(t.For, maxName)
		switch {
		case !ok || !named && t.For != "":
			return event.Event{}, badText(n)
		case len(c.Tasks) >= maxTasks:
			return event.Event{}, caseFull(n)
		}
		c.Tasks = append(c.Tasks, account.Task{ID: c.next(), Text: text, For: whom, Due: t.Due, By: by.Name, At: l.now()})
		return event.Event{Kind: event.CaseWritten, Until: t.Due, Note: "task: " + joinNote(text, whom)}, nil
	})
}

// EndTask says that a task is done.
func (l *Local) EndTask(ctx context.Context, s id.Session, n string, task int) error {
	return l.write(ctx, s, n, func(_ *draft, c *caseState, by account.Session) (event.Event, error) {
		i := slices.IndexFunc(c.Tasks, func(t account.Task) bool { return t.ID == task && t.Done.IsZero() })
		if i < 0 {
			return event.Event{}, absent("case", fmt.Sprint(n, " #", task), "hint.case-no-entry")
		}
		c.Tasks[i].Done, c.Tasks[i].DoneBy = l.now(), by.Name
		return event.Event{Kind: event.CaseWritten, Note: "task done: " + c.Tasks[i].Text}, nil
	})
}

// SetFact sets what people know of an open case; an empty value takes it away.
func (l *Local) SetFact(ctx context.Context, s id.Session, n, key, value string) error {
	return l.write(ctx, s, n, func(_ *draft, c *caseState, by account.Session) (event.Event, error) {
		f, ok := account.FactFieldOf(key)
		if !ok {
			return event.Event{}, unfit("case", key, "hint.case-fact")
		}
		text, ok := words(value, max(f.Most, 20))
		if text != "" && (!ok || !f.Takes(text)) {
			return event.Event{}, unfit("case", key, "hint.case-value")
		}
		c.Facts = slices.DeleteFunc(c.Facts, func(x account.Fact) bool { return x.Key == key })
		if text != "" {
			c.Facts = append(c.Facts, account.Fact{Key: key, Value: text, By: by.Name, At: l.now()})
		}
		return event.Event{Kind: event.CaseWritten, Note: "fact: " + key + " = " + text}, nil
	})
}

// SetKnowing enters who knew of an open case, changes that or takes it away. What lets the clock of the law begin later takes two people.
func (l *Local) SetKnowing(ctx context.Context, s id.Session, n string, k account.NewKnowing) (account.Outcome, error) {
	const op = "case"
	var was account.Knowing
	k.Reason = strings.TrimSpace(cut(k.Reason, maxReason))
	err := l.write(ctx, s, n, func(_ *draft, c *caseState, by account.Session) (event.Event, error) {
		i := slices.IndexFunc(c.Knowing, func(x account.Knowing) bool { return x.ID == k.ID })
		if k.ID != 0 && i < 0 || k.Remove && k.ID == 0 {
			return event.Event{}, absent(op, fmt.Sprint(n, " #", k.ID), "hint.case-no-entry")
		}
		before := first(c.Knowing)
		if i >= 0 {
			was = c.Knowing[i]
		}
		e, err := c.setKnowing(k, by.Name, l.now())
		if err != nil {
			return e, err
		}
		later := i >= 0 && was.When.Equal(before) && (k.Remove || first(c.Knowing).After(before))
		if (later || k.Remove) && k.Reason == "" {
			return e, unfit(op, n, "hint.case-reason")
		}
		if later {
			return e, errTwoPeople
		}
		return e, nil
	})
	if !errors.Is(err, errTwoPeople) {
		return account.Outcome{}, err
	}
	args, err := json.Marshal(laterClock{n, was, k})
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, op, n, err)
	}
	return l.propose(ctx, s, op, proposalState{Act: actLaterClock, Target: n, Args: args, Reason: k.Reason}, account.Freeze)
}

// first is the earliest time at which somebody knew.
func first(list []account.Knowing) (t time.Time) {
	for _, k := range list {
		if t.IsZero() || k.When.Before(t) {
			t = k.When
		}
	}
	return t
}

// setKnowing changes the list of who knew.
func (c *caseState) setKnowing(k account.NewKnowing, by string, now time.Time) (event.Event, error) {
	i := slices.IndexFunc(c.Knowing, func(x account.Knowing) bool { return x.ID == k.ID })
	if k.Remove {
		e := event.Event{Kind: event.CaseWritten, Note: "knew, removed: " + joinNote(knew(c.Knowing[i]), k.Reason)}
		c.Knowing = slices.Delete(c.Knowing, i, i+1)
		return e, nil
	}
	x := account.Knowing{ID: k.ID, When: k.When, By: by, At: now}
	var ok, named, told bool
	x.Department, ok = line(k.Department, maxName)
	x.Person, named = line(k.Person, maxName)
	x.How, told = line(k.How, maxHow)
	switch {
	case strings.TrimSpace(k.Department) == "":
		return event.Event{}, unfit("case", c.ID, "hint.case-department")
	case !ok || !named && k.Person != "" || !told && k.How != "":
		return event.Event{}, badText(c.ID)
	case k.When.IsZero() || k.When.Year() < 2000 || k.When.After(now):
		return event.Event{}, unfit("case", c.ID, "hint.case-knew")
	case i >= 0:
		c.Knowing[i] = x
		return event.Event{Kind: event.CaseWritten, Note: "knew, changed: " + joinNote(knew(x), k.Reason)}, nil
	case len(c.Knowing) >= maxKnowing:
		return event.Event{}, caseFull(c.ID)
	}
	x.ID = c.next()
	c.Knowing = append(c.Knowing, x)
	return event.Event{Kind: event.CaseWritten, Note: "knew: " + knew(x)}, nil
}

// knew tells the ledger who knew.
func knew(k account.Knowing) string {
	who := k.Department
	if k.Person != "" {
		who += " / " + k.Person
	}
	return joinNote(who+", "+k.When.Format(time.RFC3339), k.How)
}

func sameKnowing(a, b account.Knowing) bool {
	return a.ID == b.ID && a.Department == b.Department && a.Person == b.Person && a.How == b.How && a.By == b.By && a.When.Equal(b.When) && a.At.Equal(b.At)
}

// laterClock is an act that lets the clock of the law begin later.
type laterClock struct {
	Case string             `json:"case"`
	Was  account.Knowing    `json:"was"` // what it was when it was asked for: another one would be lost
	Set  account.NewKnowing `json:"set"`
}

// laterClock carries it out.
func (d *draft) laterClock(p proposalState, now time.Time) ([]event.Event, error) {
	var q laterClock
	if err := json.Unmarshal(p.Args, &q); err != nil {
		return nil, err
	}
	i, err := d.openedCase("confirm", q.Case)
	if err != nil {
		return nil, err
	}
	c := d.caseAt(i)
	j := slices.IndexFunc(c.Knowing, func(x account.Knowing) bool { return x.ID == q.Was.ID })
	if j < 0 || !sameKnowing(c.Knowing[j], q.Was) {
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: q.Case, Hint: "hint.case-changed"}
	}
	e, err := c.setKnowing(q.Set, p.ByName, now)
	e.Target = q.Case
	return []event.Event{e}, err
}
