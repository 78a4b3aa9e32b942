package keeper

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Hashing is what a memorised password costs: argon2id, RFC 9106, one lane. It is the only cryptography here
// that is not of the standard library, which has no memory-hard function.
type Hashing struct {
	Time   uint32 `json:"t"`
	Memory uint32 `json:"m"` // KiB
}

// hashed is a password as it is kept.
type hashed struct {
	Hashing
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

func newHashed(cost Hashing, password string) hashed {
	h := hashed{Hashing: cost, Salt: make([]byte, 16)}
	rand.Read(h.Salt)
	h.Hash = h.hash(password)
	return h
}

func (h hashed) hash(password string) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(password)), h.Salt, h.Time, h.Memory, 1, 32)
}

func (h hashed) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.Hash, h.hash(password)) == 1
}

// Rules for memorised passwords, NIST SP 800-63B-4 section 3.1.1.2: a password alone has at least 15
// characters; no rules of composition, no expiry, a list of what attackers try first.
const (
	MinPassword = 15
	MaxPassword = 256
)

// Reasons why a password is refused.
var (
	ErrShort  = fmt.Errorf("it has fewer than %d characters", MinPassword)
	ErrLong   = fmt.Errorf("it has more than %d characters", MaxPassword)
	ErrUTF8   = errors.New("it is not valid text")
	ErrCommon = errors.New("it is made of words that everybody tries first")
	ErrOwn    = errors.New("it is made of the name of the account, a share or this product")
	ErrRepeat = errors.New("it repeats the same few characters, or runs along the keyboard")
)

//go:embed blocklist.txt
var blocklist string

// CheckPassword tells why a password must not be used, or nil. own are names that it must not be made of.
func CheckPassword(password string, own ...string) error {
	if !utf8.ValidString(password) {
		return ErrUTF8
	}
	password = norm.NFKC.String(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return ErrShort
	case n > MaxPassword:
		return ErrLong
	}
	// What is left once all that is known has been taken out must itself be worth something.
	rest := fold(password)
	if strings.IndexFunc(password, func(r rune) bool { return r > unicode.MaxASCII }) < 0 && distinct(rest) < 5 || run(rest) {
		return ErrRepeat
	}
	left := rest
	for _, n := range append(own, "azekura", "校倉") {
		if n = fold(n); utf8.RuneCountInString(n) >= 3 || strings.IndexFunc(n, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 && n != "" {
			left = strings.ReplaceAll(left, n, "")
		}
	}
	if left != rest && utf8.RuneCountInString(letters(left)) < 6 {
		return ErrOwn
	}
	for word := range strings.FieldsSeq(blocklist) {
		left = strings.ReplaceAll(left, word, "")
	}
	if utf8.RuneCountInString(letters(left)) < 5 && left != rest {
		return ErrCommon
	}
	return nil
}

// fold makes spellings equal that attackers try as one: case, width, and digits for letters.
func fold(s string) string {
	s = strings.ToLower(width.Fold.String(norm.NFKC.String(s)))
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i").Replace(s)
}

// letters drops all that is neither letter nor digit.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func distinct(s string) int {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// run reports whether most of s is a sequence, up or down, of the alphabet, the digits or a keyboard's row.
func run(s string) bool {
	const rows = "abcdefghijklmnopqrstuvwxyz|qwertyuiop|asdfghjkl|zxcvbnm|o i2e a s6t89o|o i2easo6t89"
	r := []rune(s)
	same := 0
	for i := 1; i < len(r); i++ {
		pair := string(r[i-1 : i+1])
		back := string([]rune{r[i], r[i-1]})
		if r[i] == r[i-1] || strings.Contains(rows, pair) || strings.Contains(rows, back) || r[i] == r[i-1]+1 || r[i] == r[i-1]-1 {
			same++
		}
	}
	return same*4 >= (len(r)-1)*3
}

// newDevicePassword returns a device password: 130 random bits in groups that can be read aloud.
func newDevicePassword() string {
	var b [17]byte
	rand.Read(b[:])
	s := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))[:26]
	var out strings.Builder
	out.WriteString("azk")
	for i := 0; i < len(s); i += 5 {
		out.WriteString("-" + s[i:min(i+5, len(s))])
	}
	return out.String()
}

// normalDevice makes what was typed from paper the same as what was printed.
func normalDevice(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Fold.String(s))
}

// NewPassphrase returns a random memorised password for a first administrator: 100 random bits.
func NewPassphrase() string {
	var b [13]byte
	rand.Read(b[:])
	s := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))[:20]
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:]
}
