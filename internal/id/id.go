// Package id holds the typed identifiers of a vault.
//
// An identifier is 16 random bytes that tell nothing about what they name, so that it may stand
// in clear in packs, catalogue and logs. A chunk's identifier is 32 bytes: a keyed hash, see
// package seal. On screen and in JSON identifiers are lower-case hexadecimal.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// Size is the length of every identifier but Chunk, in bytes.
const Size = 16

// of is an identifier of one kind; the kind keeps the compiler from taking one for another.
type of[K any] [Size]byte

// The kinds of identifiers.
type (
	Share   = of[shareKind]   // a top-level tree
	File    = of[fileKind]    // a file or directory, through all its names and versions; zero is the root of a share
	Version = of[versionKind] // one immutable state of a file
	Epoch   = of[epochKind]   // one encapsulation to a share's public key
	Session = of[sessionKind] // a person at work, from login to its end
	Device  = of[deviceKind]  // a machine for which a device password was made
	Account = of[accountKind] // a person or a service
	Medium  = of[mediumKind]  // a removable disk, tape or bucket that holds a copy of the vault
)

type (
	shareKind   struct{}
	fileKind    struct{}
	versionKind struct{}
	epochKind   struct{}
	sessionKind struct{}
	deviceKind  struct{}
	accountKind struct{}
	mediumKind  struct{}
)

func random[K any]() (x of[K]) {
	rand.Read(x[:]) // never fails: crypto/rand ends the program rather than return an error
	return x
}

// NewShare returns the identifier of a new share.
func NewShare() Share { return random[shareKind]() }

// NewFile returns the identifier of a new file or directory.
func NewFile() File { return random[fileKind]() }

// NewVersion returns the identifier of a new version.
func NewVersion() Version { return random[versionKind]() }

// NewEpoch returns the identifier of a new epoch.
func NewEpoch() Epoch { return random[epochKind]() }

// NewSession returns the identifier of a new session.
func NewSession() Session { return random[sessionKind]() }

// NewDevice returns the identifier of a new device.
func NewDevice() Device { return random[deviceKind]() }

// NewAccount returns the identifier of a new account.
func NewAccount() Account { return random[accountKind]() }

// NewMedium returns the identifier of a new medium.
func NewMedium() Medium { return random[mediumKind]() }

// IsZero reports whether x names nothing.
func (x of[K]) IsZero() bool { return x == of[K]{} }

// String returns x as 32 hexadecimal digits.
func (x of[K]) String() string { return hex.EncodeToString(x[:]) }

// MarshalText returns x as 32 hexadecimal digits.
func (x of[K]) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText reads exactly 32 hexadecimal digits; x stays as it is if they are not.
func (x *of[K]) UnmarshalText(text []byte) error { return read(x[:], text) }

// Chunk identifies the content of a chunk within its share.
type Chunk [32]byte

// String returns c as 64 hexadecimal digits.
func (c Chunk) String() string { return hex.EncodeToString(c[:]) }

// MarshalText returns c as 64 hexadecimal digits.
func (c Chunk) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads exactly 64 hexadecimal digits; c stays as it is if they are not.
func (c *Chunk) UnmarshalText(text []byte) error { return read(c[:], text) }

func read(to, text []byte) error {
	if len(text) != 2*len(to) {
		return fmt.Errorf("identifier of %d digits, want %d", len(text), 2*len(to))
	}
	b := make([]byte, len(to))
	if _, err := hex.Decode(b, text); err != nil {
		return fmt.Errorf("identifier: %w", err)
	}
	copy(to, b)
	return nil
}
