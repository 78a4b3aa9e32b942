package deadline

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Category is one of the four kinds of accidents that must be reported: 施行規則7条 1号 to 4号.
type Category int

// The categories.
const (
	Sensitive Category = 1 // 1号: data that need special care (要配慮個人情報)
	Property  Category = 2 // 2号: persons may lose money or goods
	Hostile   Category = 3 // 3号: somebody may have meant ill
	Many      Category = 4 // 4号: more persons than the threshold
)

// Answer is what people have decided about a question. The law asks whether something may have happened: where it may, the answer is Yes.
type Answer int

// The answers. What nobody has decided yet is taken so that nothing is told too late.
const (
	Undecided Answer = iota
	No
	Yes
)

var answers = []string{"undecided", "no", "yes"}

// String returns the answer's name.
func (a Answer) String() string {
	if a < 0 || int(a) >= len(answers) {
		return answers[Undecided]
	}
	return answers[a]
}

// MarshalText returns the answer's name.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an answer's name.
func (a *Answer) UnmarshalText(text []byte) error {
	i := slices.Index(answers, string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of the answers undecided, no, yes", text)
	}
	*a = Answer(i)
	return nil
}

// Persons counts distinct persons; nobody is in two of the numbers.
type Persons struct {
	Counted   bool `json:"counted"`   // the numbers are a maximum; otherwise there may be more, and any threshold counts as passed
	Confirmed int  `json:"confirmed"` // their data were handed out
	Possible  int  `json:"possible"`  // it cannot be ruled out for these; as many as it can be at most
	Encrypted int  `json:"encrypted"` // only encrypted data of these were in reach
	Exempt    bool `json:"exempt"`    // a person has decided that this encryption frees from reporting (高度な暗号化等の秘匿化)
}

// Facts are what a case knows, from the point of view of one party that may owe reports.
type Facts struct {
	Public     bool    `json:"public"`     // it is a public body itself; a firm's clients have facts of their own
	Contractor bool    `json:"contractor"` // it is a firm that was entrusted with the data
	Mark       bool    `json:"mark"`       // it bears the PrivacyMark
	Persons    Persons `json:"persons"`
	Sensitive  Answer  `json:"sensitive"`
	Property   Answer  `json:"property"`
	Hostile    Answer  `json:"hostile"`
}

// parties returns the parts in which they owe something.
func (f *Facts) parties() (out []Party) {
	if f.Public {
		out = append(out, Public)
	} else {
		out = append(out, Firm)
		if f.Contractor {
			out = append(out, Contractor)
		}
	}
	if f.Mark {
		out = append(out, Mark)
	}
	return out
}

func (f *Facts) check() error {
	for _, n := range []int{f.Persons.Confirmed, f.Persons.Possible, f.Persons.Encrypted} {
		if n < 0 {
			return fmt.Errorf("%d persons", n)
		}
	}
	for _, a := range []Answer{f.Sensitive, f.Property, f.Hostile} {
		if a < Undecided || a > Yes {
			return fmt.Errorf("answer %d", int(a))
		}
	}
	if f.Public && f.Contractor {
		return errors.New("a public body as a contractor is not in the rules")
	}
	return nil
}

// Assessment is which categories apply to a party.
type Assessment struct {
	Party   Party      `json:"party"`
	Persons int        `json:"persons"`           // as many as it can be at most; when not counted, at least
	Over    int        `json:"over"`              // 4号 applies to more than so many
	Answers [4]Answer  `json:"answers"`           // 1号 to 4号
	Applies []Category `json:"applies,omitempty"` // certainly
}

// Of returns the answer for a category.
func (a *Assessment) Of(c Category) Answer { return a.Answers[c-1] }

// nothing says that no person is concerned.
func (a *Assessment) nothing() bool {
	return !slices.ContainsFunc(a.Answers[:], func(x Answer) bool { return x != No }) && a.Persons == 0
}

// assess answers for a party.
func assess(f *Facts, t *Threshold) Assessment {
	p := f.Persons
	n := sum(p.Confirmed, p.Possible)
	if !t.Exempts || !p.Exempt {
		n = sum(n, p.Encrypted)
	}
	a := Assessment{Party: t.Party, Persons: n, Over: t.Over}
	switch {
	case n > t.Over:
		a.Answers = [4]Answer{f.Sensitive, f.Property, f.Hostile, Yes}
	case !p.Counted:
		a.Answers = [4]Answer{f.Sensitive, f.Property, f.Hostile, Undecided}
	case n > 0:
		a.Answers = [4]Answer{f.Sensitive, f.Property, f.Hostile, No}
	default: // nobody's data
		a.Answers = [4]Answer{No, No, No, No}
	}
	for c := Sensitive; c <= Many; c++ {
		if a.Of(c) == Yes {
			a.Applies = append(a.Applies, c)
		}
	}
	return a
}

// sum adds two numbers of persons, and stops at the largest there is.
func sum(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}
