package custody

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/seal"
)

const ledgerKeysVersion = 1

// ledgerKeys sign the ledger and seal its entries.
type ledgerKeys struct {
	origin   string
	private  ed25519.PrivateKey
	sealing  seal.Key
	key      string // the verifier key, as text
	verifier note.Verifier
}

func newLedgerKeys(origin string) (*ledgerKeys, error) {
	if origin == "" { // unlike that of any other vault, and like a URL without a schema, as C2SP wants it
		var b [4]byte
		rand.Read(b[:])
		origin = "azekura.example/ledger/" + hex.EncodeToString(b[:])
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return assemble(origin, private, seal.NewKey())
}

func assemble(origin string, private ed25519.PrivateKey, sealing seal.Key) (k *ledgerKeys, err error) {
	k = &ledgerKeys{origin: origin, private: private, sealing: sealing}
	if k.key, err = note.NewEd25519VerifierKey(origin, private.Public().(ed25519.PublicKey)); err != nil {
		return nil, fmt.Errorf("key of the ledger: %w", err)
	}
	if k.verifier, err = note.NewVerifier(k.key); err != nil {
		return nil, fmt.Errorf("origin %q of the ledger: %w", origin, err)
	}
	return k, nil
}

func (k *ledgerKeys) marshal() []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddUint8(ledgerKeysVersion)
	b.AddBytes(k.private.Seed())
	b.AddBytes(k.sealing[:])
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(k.origin)) })
	return b.BytesOrPanic() // an origin that is too long is no name of a verifier
}

func parseLedgerKeys(plain []byte) (*ledgerKeys, error) {
	s := cryptobyte.String(plain)
	var version uint8
	var seed, sealing seal.Key
	var origin cryptobyte.String
	if !s.ReadUint8(&version) || version != ledgerKeysVersion || !s.CopyBytes(seed[:]) || !s.CopyBytes(sealing[:]) ||
		!s.ReadUint16LengthPrefixed(&origin) || !s.Empty() {
		return nil, errors.New("not the keys of a ledger")
	}
	defer seed.Zero()
	return assemble(string(origin), ed25519.NewKeyFromSeed(seed[:]), sealing)
}

func (k *ledgerKeys) zero() {
	clear(k.private)
	k.sealing.Zero()
}

// Signer returns what signs the ledger's heads, and who verifies them. It fails after Zero.
func (c *Custody) Signer() (note.Signer, note.Verifier) { return signer{c}, c.ledger.verifier }

// LedgerOrigin returns the ledger's name.
func (c *Custody) LedgerOrigin() string { return c.ledger.origin }

// LedgerPublicKey returns the verifier key, as text of package note.
func (c *Custody) LedgerPublicKey() string { return c.ledger.key }

// LedgerSealing returns a copy of the key that seals the entries of the ledger.
func (c *Custody) LedgerSealing() seal.Key {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ledger.sealing
}

// signer signs with the ledger's key, which stays with its Custody.
type signer struct{ c *Custody }

func (s signer) Name() string    { return s.c.ledger.origin }
func (s signer) KeyHash() uint32 { return s.c.ledger.verifier.KeyHash() }

func (s signer) Sign(msg []byte) ([]byte, error) {
	s.c.mu.RLock()
	defer s.c.mu.RUnlock()
	if s.c.gone {
		return nil, errGone
	}
	return ed25519.Sign(s.c.ledger.private, msg), nil
}
