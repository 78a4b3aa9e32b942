package deadline

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Text is said in both languages.
type Text struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// Source is where a rule stands.
type Source struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Quote string `json:"quote,omitempty"` // its words
}

// Party is a part in which somebody owes something. One can have several at once.
type Party string

// The parties.
const (
	Firm       Party = "firm"
	Public     Party = "public"
	Contractor Party = "contractor"
	Mark       Party = "mark" // who bears the PrivacyMark
)

// Threshold says for a party from which number of persons on the number alone is a reason.
type Threshold struct {
	Party      Party    `json:"party"`
	Over       int      `json:"over"`    // more than so many
	Exempts    bool     `json:"exempts"` // data encrypted well enough do not count
	From       Day      `json:"from"`
	Through    Day      `json:"through,omitzero"`
	Title      Text     `json:"title"`
	Sources    []Source `json:"sources"`
	Unverified Text     `json:"unverified,omitzero"`
}

// Rule is what must be told to whom by when, as it holds for days of knowing from one day through another.
type Rule struct {
	ID         string     `json:"id"` // the duty: the same when its days change
	Party      Party      `json:"party"`
	From       Day        `json:"from"`
	Through    Day        `json:"through,omitzero"` // none: as long as the data hold
	Title      Text       `json:"title"`
	Categories []Category `json:"categories"`        // one of them must apply; none: every accident
	With       Category   `json:"with,omitempty"`    // only where this one certainly applies
	Without    Category   `json:"without,omitempty"` // only where it does not, or nobody knows
	First      int        `json:"first"`             // the number of the day of knowing
	Warn       int        `json:"warn,omitempty"`    // the number of the day from which to warn
	Last       int        `json:"last"`              // the number of the last day; 0: no number is set
	About      bool       `json:"about,omitempty"`   // the source says “about”
	Roll       bool       `json:"roll,omitempty"`    // a closed last day moves to the next open one
	Frees      []string   `json:"frees,omitempty"`   // duties that end when this one is done
	Sources    []Source   `json:"sources"`
	Note       Text       `json:"note,omitzero"`
	Unverified Text       `json:"unverified,omitzero"` // what nobody has checked against its source
}

// book is all that the data say.
type book struct {
	From    Day // days of knowing that the data cover
	Through Day
	Checked Day // when somebody last compared them with the law
	Pending Text
	Parties []Threshold
	Rules   []Rule
	closed
}

//go:embed rules.json
var rulesJSON []byte

//go:embed holidays.json
var holidaysJSON []byte

// embedded is the book that the program carries.
var embedded = sync.OnceValues(func() (*book, error) { return read(rulesJSON, holidaysJSON) })

// read reads a book, and refuses one that could be read in two ways.
func read(rules, holidays []byte) (*book, error) {
	var r struct {
		About    []string    `json:"about"`
		From     Day         `json:"from"`
		Through  Day         `json:"through"`
		Checked  Day         `json:"checked"`
		Pending  Text        `json:"pending"`
		Parties  []Threshold `json:"parties"`
		RuleList []Rule      `json:"rules"`
	}
	if err := strictly(rules, &r); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	b := &book{r.From, r.Through, r.Checked, r.Pending, r.Parties, r.RuleList, closed{}}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if err := b.closed.read(holidays); err != nil {
		return nil, fmt.Errorf("holidays: %w", err)
	}
	return b, nil
}

// strictly decodes JSON whose every field is known.
func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (b *book) check() error {
	if b.From == 0 || b.Through < b.From || b.Checked == 0 {
		return errors.New("they do not say which days they cover, or when they were checked")
	}
	for i, p := range b.Parties {
		same := func(q Threshold) bool { return q.Party == p.Party && overlap(q.From, q.Through, p.From, p.Through) }
		switch {
		case p.From == 0 || p.Over <= 0:
			return fmt.Errorf("party %q: without a first day or a number", p.Party)
		case !slices.Contains([]Party{Firm, Public, Contractor, Mark}, p.Party):
			return fmt.Errorf("there is no party %q", p.Party)
		case slices.ContainsFunc(b.Parties[i+1:], same):
			return fmt.Errorf("party %q: two numbers for one day", p.Party)
		}
	}
	for i := range b.Rules {
		if err := b.checkRule(i); err != nil {
			return fmt.Errorf("rule %q: %w", b.Rules[i].ID, err)
		}
	}
	return nil
}

// checkRule refuses a rule that makes no sense, one of which another holds for the same day and facts, and one of which none does.
func (b *book) checkRule(i int) error {
	r := &b.Rules[i]
	strange := func(c Category) bool { return c < Sensitive || c > Many }
	switch {
	case r.ID == "" || r.From == 0 || r.Title.JA == "" || r.Title.EN == "" || len(r.Sources) == 0:
		return errors.New("without name, first day, title or source")
	case r.Through != 0 && r.Through < r.From:
		return errors.New("it ends before it begins")
	case !slices.ContainsFunc(b.Parties, func(p Threshold) bool { return p.Party == r.Party }):
		return fmt.Errorf("there is no party %q", r.Party)
	case slices.ContainsFunc(r.Categories, strange) || r.With != 0 && strange(r.With) || r.Without != 0 && strange(r.Without) || r.With != 0 && r.Without != 0:
		return errors.New("its categories make no sense")
	case r.Last == 0 && (r.Warn != 0 || r.Roll || r.About):
		return errors.New("it has no last day, but speaks of it")
	case r.First < 0 || r.Last != 0 && (r.Last < r.First || r.Warn < r.First || r.Warn > r.Last):
		return fmt.Errorf("its days %d, %d, %d are not in order", r.First, r.Warn, r.Last)
	}
	other := r.With == 0 && r.Without == 0 // whether what happens otherwise is said, too
	for j := range b.Rules {
		o := &b.Rules[j]
		if j == i || o.ID != r.ID {
			continue
		}
		counterpart := r.With == o.Without && r.Without == o.With && (r.With != 0 || r.Without != 0)
		switch {
		case o.Party != r.Party:
			return errors.New("two parties owe it")
		case counterpart && r.From == o.From && r.Through == o.Through:
			other = true
		case overlap(r.From, r.Through, o.From, o.Through):
			return errors.New("two of it hold for one day")
		}
	}
	if !other {
		return errors.New("nothing is said of when its condition does not hold")
	}
	for _, id := range r.Frees {
		if !slices.ContainsFunc(b.Rules, func(o Rule) bool { return o.ID == id }) {
			return fmt.Errorf("it frees from %q, which does not exist", id)
		}
	}
	return nil
}

// overlap says whether two stretches share a day; no last day is the end of time.
func overlap(from1, through1, from2, through2 Day) bool {
	return (through2 == 0 || from1 <= through2) && (through1 == 0 || from2 <= through1)
}

// holds says whether a stretch has a day.
func holds(from, through, day Day) bool { return overlap(from, through, day, day) }
