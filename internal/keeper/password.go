package keeper

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/password"
	"github.com/azekura/azekura/internal/problem"
)

// Hashing is what a hash of a memorised password costs.
type Hashing = custody.Cost

// hashed is a memorised password as it is kept.
type hashed struct {
	Hashing
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

func newHashed(cost Hashing, secret string) (*hashed, error) {
	h := &hashed{Hashing: cost, Salt: make([]byte, 16)}
	rand.Read(h.Salt)
	sum, err := cost.Hash(norm.NFKC.String(secret), h.Salt)
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

func (h *hashed) matches(secret string) bool {
	sum, err := h.Hashing.Hash(norm.NFKC.String(secret), h.Salt)
	return err == nil && subtle.ConstantTimeCompare(h.Hash, sum[:]) == 1
}

// refused is the problem that a password's refusal is for a person.
func refused(op, name string, err error) error {
	var why password.Reason
	if !errors.As(err, &why) {
		return problem.New(problem.Internal, op, name, err)
	}
	return &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: string(why), Err: err}
}

// Random secrets are written with letters that nobody takes for another: no l and o, no 0 and 1.
const letters = "abcdefghijkmnpqrstuvwxyz23456789"

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
func newDevicePassword() string { return account.DevicePrefix + "-" + groups(7) }

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
