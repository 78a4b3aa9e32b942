// Package password says whether a memorised password may be used, after NIST SP 800-63B-4 section 3.1.1.2: it is long
// enough, and not what a guesser tries first. There are no rules of composition and no expiry.
package password

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Lengths in code points, after normalisation.
const (
	MinAlone  = 15 // of a password that is the only factor
	MinBeside = 8  // of a password beside a second factor
	Max       = 256
)

// What a password must cost a guesser, as a power of ten. Where nobody knows the account, its throttle lets about a
// hundred guesses a day through, 3.7·10^5 in ten years. Alone, a password must cost so many that somebody who works on a
// thousand accounts for all of these years opens one with a chance of a few in a hundred; beside a second factor, which he
// would have to have, too, more than ten years' guesses at one account are enough.
const (
	boundAlone  = 10
	boundBeside = 6
)

// Reason is why something is refused or weak, or what to do about it: the key of a text for people.
type Reason string

// The reasons.
const (
	Short       Reason = "hint.password-short"
	ShortBeside Reason = "hint.password-short-beside"
	Long        Reason = "hint.password-long"
	NotText     Reason = "hint.password-text"
	Common      Reason = "hint.password-common"
	Own         Reason = "hint.password-own"
	Repeated    Reason = "hint.password-repeat"
	Keys        Reason = "hint.password-keys"
	Dated       Reason = "hint.password-date"
	Weak        Reason = "hint.password-weak"
	Breached    Reason = "hint.password-breached"
	AddWords    Reason = "hint.password-add-words"
)

// Error implements error.
func (r Reason) Error() string { return "password refused: " + string(r) }

// Policy is what a password has to be.
type Policy struct {
	Min      int      // code points: MinAlone or MinBeside
	Names    []string // of the firm, the person, the shares
	Breached *List    // may be nil
}

// Check returns nil for a password that may be used, a Reason for one that may not, and another error if the list
// cannot be read.
func (p Policy) Check(password string) error {
	if !utf8.ValidString(password) {
		return NotText
	}
	switch n := utf8.RuneCountInString(norm.NFKC.String(password)); {
	case n > Max:
		return Long
	case n < p.Min && p.Min < MinAlone:
		return ShortBeside
	case n < p.Min:
		return Short
	}
	if s := Estimate(password, p.Names...); s.Guesses < p.bound() {
		return s.Why
	}
	if p.Breached == nil {
		return nil
	}
	found, err := p.Breached.Has(password)
	if err == nil && found {
		err = Breached
	}
	return err
}

func (p Policy) bound() float64 {
	if p.Min < MinAlone {
		return boundBeside
	}
	return boundAlone
}
