package keeper

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/keeper/custody"
)

// Hashing is what a hash of a memorised password costs.
type Hashing = custody.Cost

// hashed is a memorised password as it is kept.
type hashed struct {
	Hashing
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

func newHashed(cost Hashing, password string) (*hashed, error) {
	h := &hashed{Hashing: cost, Salt: make([]byte, 16)}
	rand.Read(h.Salt)
	sum, err := cost.Hash(norm.NFKC.String(password), h.Salt)
	h.Hash = sum[:]
	return h, err
}

// newDecoy returns what no password matches, at the same cost.
func newDecoy(cost Hashing) hashed {
	h := hashed{Hashing: cost, Salt: make([]byte, 16), Hash: make([]byte, 32)}
	rand.Read(h.Salt)
	rand.Read(h.Hash)
	return h
}

func (h *hashed) matches(password string) bool {
	sum, err := h.Hashing.Hash(norm.NFKC.String(password), h.Salt)
	return err == nil && subtle.ConstantTimeCompare(h.Hash, sum[:]) == 1
}

// Rules for memorised passwords, NIST SP 800-63B-4 section 3.1.1.2: a password that stands alone has at least 15
// characters, counted as code points; no rules of composition, no expiry; a list of what attackers try first.
const (
	MinPassword   = 15
	MinWithFactor = 8 // where a second factor goes with it
	MaxPassword   = 256
)

// Reasons why a password is refused.
var (
	ErrShort  = fmt.Errorf("it has fewer than %d characters", MinPassword)
	ErrLong   = fmt.Errorf("it has more than %d characters", MaxPassword)
	ErrUTF8   = errors.New("it is not valid text")
	ErrCommon = errors.New("it is made of words that everybody tries first")
	ErrOwn    = errors.New("it is made of the name of the account, a share or this product")
	ErrRepeat = errors.New("it repeats itself, or runs along the alphabet or the keyboard")
)

// hintOfPassword is the key of the text that says how to do better.
func hintOfPassword(err error) string {
	switch err {
	case ErrShort:
		return "hint.password-short"
	case ErrLong:
		return "hint.password-long"
	case ErrCommon:
		return "hint.password-common"
	case ErrOwn:
		return "hint.password-own"
	case ErrRepeat:
		return "hint.password-repeat"
	}
	return "hint.password"
}

// blocklist holds words that attackers try first, separated by white space, in their folded form.
//
//go:embed blocklist.txt
var blocklist string

// productNames are ours.
var productNames = []string{"azekura", "あぜくら", "アゼクラ", "校倉", "校倉造"}

// enough is how many letters and digits must be left once all that is known has been taken out.
const enough = 6

// CheckPassword tells why a password must not be used, or nil. own are names that it must not be made of.
func CheckPassword(password string, alone bool, own ...string) error {
	if !utf8.ValidString(password) {
		return ErrUTF8
	}
	text := []rune(strings.ToLower(norm.NFKC.String(password)))
	switch {
	case len(text) < MinPassword && alone, len(text) < MinWithFactor:
		return ErrShort
	case len(text) > MaxPassword:
		return ErrLong
	}
	if p := period(text); p < MinPassword && 2*p <= len(text) {
		return ErrRepeat
	}
	w := worn{text: text, folded: fold(text), gone: make([]bool, len(text))}
	w.takeRuns()
	if w.left() < enough {
		return ErrRepeat
	}
	for _, name := range append(own, productNames...) {
		w.takeName(name)
	}
	if w.left() < enough {
		return ErrOwn
	}
	for word := range strings.FieldsSeq(blocklist) {
		w.take([]rune(word))
	}
	if w.left() < enough {
		return ErrCommon
	}
	return nil
}

// worn is a password of which parts have been taken out.
type worn struct {
	text, folded []rune // of the same length
	gone         []bool
}

// left counts the letters and digits that have not been taken out.
func (w *worn) left() (n int) {
	for i, r := range w.text {
		if !w.gone[i] && (unicode.IsLetter(r) || unicode.IsNumber(r)) {
			n++
		}
	}
	return n
}

// take takes out a word wherever it stands, as it is or with digits for letters.
func (w *worn) take(word []rune) {
	for i := 0; i+len(word) <= len(w.text); i++ {
		if string(w.text[i:i+len(word)]) == string(word) || string(w.folded[i:i+len(word)]) == string(word) {
			w.takeOut(i, len(word))
		}
	}
}

func (w *worn) takeOut(at, n int) {
	for i := range n {
		w.gone[at+i] = true
	}
}

// takeName takes out a name and the parts that it has. Very short ones are in every text.
func (w *worn) takeName(name string) {
	name = strings.ToLower(norm.NFKC.String(name))
	parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for _, part := range append(parts, name) {
		if r := []rune(part); len(r) >= 3 || len(r) == 2 && len(part) > 2 {
			w.take(r)
		}
	}
}

// rows are the keys of a keyboard in their order.
var rows = []string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"}

// minRun is the length from which on a row of neighbours is no accident.
const minRun = 4

// takeRuns takes out what goes on by itself: abcd, 9876, aaaa, and asdf in either direction.
func (w *worn) takeRuns() {
	for i := range w.text {
		for _, step := range []rune{-1, 0, 1} {
			n := 1
			for i+n < len(w.text) && w.text[i+n] == w.text[i+n-1]+step {
				n++
			}
			if n >= minRun {
				w.takeOut(i, n)
			}
		}
		for n := minRun; i+n <= len(w.text) && alongRow(w.text[i:i+n]); n++ {
			w.takeOut(i, n)
		}
	}
}

// alongRow reports whether keys stand beside each other in this order or the other.
func alongRow(keys []rune) bool {
	back := slices.Clone(keys)
	slices.Reverse(back)
	return slices.ContainsFunc(rows, func(row string) bool {
		return strings.Contains(row, string(keys)) || strings.Contains(row, string(back))
	})
}

// period returns the length of the shortest text that r is a repetition of, the last one perhaps cut off.
func period(r []rune) int {
	for p := 1; p < len(r); p++ {
		if string(r[p:]) == string(r[:len(r)-p]) {
			return p
		}
	}
	return len(r)
}

// letters that people write as other signs.
var signs = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's', '!': 'i'}

func fold(text []rune) []rune {
	out := make([]rune, len(text))
	for i, r := range text {
		if out[i] = r; signs[r] != 0 {
			out[i] = signs[r]
		}
	}
	return out
}

// Random secrets are written with letters that nobody takes for another: no l and o, no 0 and 1.
const letters = "abcdefghijkmnpqrstuvwxyz23456789"

// devicePrefix begins every device password, so that it is known for one when somebody finds it.
const devicePrefix = "azk"

// groups returns n groups of four random letters, 20 bits each.
func groups(n int) string {
	b := make([]byte, 4*n)
	rand.Read(b)
	var out strings.Builder
	for i, x := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(letters[x%32])
	}
	return out.String()
}

// newDevicePassword returns a device password: 140 random bits in groups that can be read aloud.
func newDevicePassword() string { return devicePrefix + "-" + groups(7) }

// normalDevice makes what was typed from paper the same as what was printed.
func normalDevice(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// deviceHash is what is kept of a device password.
func deviceHash(secret string) [32]byte {
	return sha256.Sum256([]byte("azekura/v1 device password" + normalDevice(secret)))
}

// NewPassphrase returns a random memorised password for a first administrator: 100 random bits.
func NewPassphrase() string { return groups(5) }
