// Package piece splits the recovery secret, which seals the keeper's root, into pieces that people keep on paper: any k of the n open
// it, fewer tell nothing (Shamir over the scalars of P-256). A piece is 49 bytes, which are printed as 45 words and as a QR code; every
// line of words has a check word of its own, so that who types it is told which line is wrong.
//
// The library that does the arithmetic says that it is not constant time for P-256. A split and a recovery happen once in a while, on
// the machine that holds the root anyway; nothing here runs at somebody else's wish against a secret that he wants.
package piece

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"github.com/azekura/azekura/internal/seal"
)

// Bounds of the number of pieces. One piece alone never opens anything.
const (
	MinNeeded = 2
	MaxOf     = 16
)

// Set says which pieces belong together.
type Set struct {
	Vault  [5]byte // the beginning of VaultOf
	Number uint16  // counts the sets of a vault, from 1 on
	ID     [4]byte // random: two sets with one number, made before and after a restore, are not one
	Needed int     // so many pieces open it
	Of     int     // there are so many
}

// Fingerprint is the set's ID for people.
func (s Set) Fingerprint() string { return Fingerprint(s.ID[:]) }

// Fingerprint writes bytes as groups of four hexadecimal digits.
func Fingerprint(b []byte) string {
	digits := strings.ToUpper(hex.EncodeToString(b))
	var groups []string
	for len(digits) > 4 {
		groups, digits = append(groups, digits[:4]), digits[4:]
	}
	return strings.Join(append(groups, digits), "-")
}

// Valid reports whether there can be such a set.
func (s Set) Valid() bool {
	return s.Number > 0 && s.Needed >= MinNeeded && s.Needed <= s.Of && s.Of <= MaxOf
}

// VaultOf is what tells a vault from others: a hash of its ledger's public key.
func VaultOf(publicKey string) [32]byte { return sha256.Sum256([]byte("azekura/v1 vault" + publicKey)) }

// Piece is one of the pieces of a recovery secret.
type Piece struct {
	Set
	Number int // from 1 on
	value  [32]byte
}

// Format prints which piece it is, and never what opens anything, whatever the verb.
func (p Piece) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "(piece %d of %d, set %d)", p.Number, p.Of, p.Set.Number)
}

// LogValue keeps p out of logs.
func (p Piece) LogValue() slog.Value { return slog.StringValue("(piece)") }

// MarshalText fails: a piece is written nowhere but by somebody who means it.
func (Piece) MarshalText() ([]byte, error) {
	return nil, errors.New("a piece is not to be written as text")
}

// Zero overwrites p.
func (p *Piece) Zero() { clear(p.value[:]) }

// Split makes a recovery secret and its pieces. What it returns is the key that is made of the secret; the secret itself is let go of.
func Split(s Set) (seal.Key, []Piece, error) {
	if !s.Valid() {
		return seal.Key{}, nil, fmt.Errorf("%d of %d pieces", s.Needed, s.Of)
	}
	secret := group.P256.RandomNonZeroScalar(rand.Reader)
	var out []Piece
	for i, x := range secretsharing.New(rand.Reader, uint(s.Needed-1), secret).Share(uint(s.Of)) {
		b, err := x.Value.MarshalBinary()
		if err != nil {
			return seal.Key{}, nil, err
		}
		out = append(out, Piece{Set: s, Number: i + 1, value: [32]byte(b)})
		clear(b)
	}
	k, err := keyOf(secret)
	return k, out, err
}

func keyOf(secret group.Scalar) (seal.Key, error) {
	b, err := secret.MarshalBinary()
	if err != nil {
		return seal.Key{}, err
	}
	defer clear(b)
	k := seal.Key(sha256.Sum256(b))
	defer k.Zero()
	return k.Derive("recovery secret"), nil
}

// ErrApart means that pieces are not of one set, or that one of them is there twice.
var ErrApart = errors.New("pieces that do not belong together")

// Combine returns the key that pieces of one set make, the first so many that are needed. Whether it is the right one tells who opens
// something with it.
func Combine(pieces []Piece) (seal.Key, error) {
	if len(pieces) == 0 || len(pieces) < pieces[0].Needed {
		return seal.Key{}, fmt.Errorf("%d pieces", len(pieces))
	}
	seen := make(map[int]bool)
	var shares []secretsharing.Share
	for _, p := range pieces[:pieces[0].Needed] {
		if p.Set != pieces[0].Set || seen[p.Number] {
			return seal.Key{}, ErrApart
		}
		seen[p.Number] = true
		value := group.P256.NewScalar()
		if err := value.UnmarshalBinary(p.value[:]); err != nil {
			return seal.Key{}, errors.New("not a value of a piece")
		}
		shares = append(shares, secretsharing.Share{ID: group.P256.NewScalar().SetUint64(uint64(p.Number)), Value: value})
	}
	secret, err := secretsharing.Recover(uint(pieces[0].Needed-1), shares)
	if err != nil {
		return seal.Key{}, err
	}
	return keyOf(secret)
}

// Same reports whether two pieces are one, in constant time.
func (p Piece) Same(q Piece) bool {
	return p.Set == q.Set && p.Number == q.Number && subtle.ConstantTimeCompare(p.value[:], q.value[:]) == 1
}

// Tell writes what makes up the piece into a keyed hash.
func (p Piece) Tell(to io.Writer) {
	b := p.marshal()
	defer clear(b)
	to.Write(b)
}

const (
	version  = 1
	checked  = size - checkLen
	checkLen = 4
	size     = 49
)

// marshal returns the bytes of a piece: docs/format.md, Recovery secret.
func (p Piece) marshal() []byte {
	b := make([]byte, 0, size)
	b = append(b, version<<4|byte(p.Number-1), byte(p.Needed-1)<<4|byte(p.Of-1))
	b = binary.BigEndian.AppendUint16(b, p.Set.Number)
	b = append(b, p.ID[:]...)
	b = append(b, p.Vault[:]...)
	b = append(b, p.value[:]...)
	sum := check(b)
	return append(b, sum[:]...)
}

func check(b []byte) [checkLen]byte {
	h := sha256.New()
	io.WriteString(h, "azekura/v1 paper share")
	h.Write(b)
	return [checkLen]byte(h.Sum(nil))
}

// unmarshal reads the bytes of a piece.
func unmarshal(b []byte) (p Piece, err error) {
	if len(b) != size {
		return p, &Error{Reason: Length}
	}
	if b[0]>>4 != version {
		return p, &Error{Reason: Newer}
	}
	if sum := check(b[:checked]); !bytes.Equal(sum[:], b[checked:]) {
		return p, &Error{Reason: Whole}
	}
	p.Number, p.Needed, p.Of = int(b[0]&15)+1, int(b[1]>>4)+1, int(b[1]&15)+1
	p.Set.Number = binary.BigEndian.Uint16(b[2:])
	copy(p.ID[:], b[4:])
	copy(p.Vault[:], b[8:])
	copy(p.value[:], b[13:])
	if !p.Valid() || p.Number > p.Of || group.P256.NewScalar().UnmarshalBinary(p.value[:]) != nil {
		return Piece{}, &Error{Reason: Whole}
	}
	return p, nil
}
