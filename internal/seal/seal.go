// Package seal is what the storehouse may do with keys: seal for a share with its public key and
// its metadata key, and open with the key of one version that the keeper has released. It cannot
// name a private key.
//
// All cryptography is Go's standard library: AES-256-GCM, SHA-256, HMAC, HKDF and HPKE (RFC 9180)
// with the hybrid KEM ML-KEM-768 + P-256. The labels below are part of the format, docs/format.md.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/azekura/azekura/internal/id"
)

// Overhead is what sealing adds: a nonce of 12 bytes before and a tag of 16 bytes behind.
const Overhead = 28

// OnceOverhead is what SealOnce adds: a salt of 16 bytes before the rest.
const OnceOverhead = 16 + Overhead

// ErrOpen means that sealed bytes were changed, or that the key or the context is another one.
var ErrOpen = errors.New("sealed bytes do not open: damaged, or another key")

// Key is an AES-256 key.
type Key [32]byte

// NewKey returns a random key.
func NewKey() (k Key) {
	rand.Read(k[:])
	return k
}

// Zero overwrites k.
func (k *Key) Zero() { clear(k[:]) }

// Format prints a word instead of the key, whatever the verb.
func (Key) Format(s fmt.State, _ rune) { io.WriteString(s, "(key)") }

// LogValue keeps k out of logs.
func (Key) LogValue() slog.Value { return slog.StringValue("(key)") }

// MarshalText fails: a key is written nowhere but sealed, by somebody who means it.
func (Key) MarshalText() ([]byte, error) {
	return nil, errors.New("a key is not to be written as text")
}

// Plain is a key that is meant to be written in clear: somebody is given it.
type Plain Key

// MarshalText returns 64 hexadecimal digits.
func (k Plain) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText reads exactly 64 hexadecimal digits.
func (k *Plain) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(k)) {
		return fmt.Errorf("a key of %d digits", len(text))
	}
	_, err := hex.Decode(k[:], text)
	return err
}

// Format prints a word instead of the key, whatever the verb.
func (Plain) Format(s fmt.State, verb rune) { Key{}.Format(s, verb) }

// LogValue keeps k out of logs.
func (Plain) LogValue() slog.Value { return Key{}.LogValue() }

// Derive returns the key that label makes of k: HKDF-SHA256 Expand with k as the pseudorandom key.
func (k Key) Derive(label string) Key {
	b, err := hkdf.Expand(sha256.New, k[:], "azekura/v1 "+label, len(k))
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return Key(b)
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for key lengths that Key cannot have
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for another block size
	}
	return a
}

// Seal appends nonce, ciphertext and tag of plain to dst, whose spare room must not overlap plain. What is
// sealed under one key opens only with the same context. The nonce is random, so a key may seal 2^32
// times; where that is no bound, see SealOnce.
func (k Key) Seal(dst, plain, context []byte) []byte { return k.aead().Seal(dst, nil, plain, context) }

// Open appends the plaintext of sealed to dst, whose spare room must not overlap sealed, or returns ErrOpen.
func (k Key) Open(dst, sealed, context []byte) ([]byte, error) {
	plain, err := k.aead().Open(dst, nil, sealed, context)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// SealOnce is Seal for a key that seals many things in a row: the key is derived anew for each from
// 16 random bytes that stand before the nonce, so that the number of messages has no bound.
func (k Key) SealOnce(dst, plain, context []byte) []byte {
	var salt [16]byte
	rand.Read(salt[:])
	return k.once(salt[:]).Seal(append(dst, salt[:]...), plain, context)
}

// OpenOnce undoes SealOnce.
func (k Key) OpenOnce(dst, sealed, context []byte) ([]byte, error) {
	if len(sealed) < 16 {
		return nil, ErrOpen
	}
	return k.once(sealed[:16]).Open(dst, sealed[16:], context)
}

// OnceKey returns the key of one message that SealOnce made: whoever has it opens that message and no other, by OpenDisclosed.
func (k Key) OnceKey(sealed []byte) (Key, error) {
	if len(sealed) < OnceOverhead {
		return Key{}, ErrOpen
	}
	return k.once(sealed[:16]), nil
}

// OpenDisclosed opens a message that SealOnce made with the key that OnceKey returned for it.
func (k Key) OpenDisclosed(sealed, context []byte) ([]byte, error) {
	if len(sealed) < OnceOverhead {
		return nil, ErrOpen
	}
	return k.Open(nil, sealed[16:], context)
}

func (k Key) once(salt []byte) Key {
	m := hmac.New(sha256.New, k[:])
	io.WriteString(m, "azekura/v1 once")
	m.Write(salt)
	return Key(m.Sum(nil))
}

// Metadata is a share's metadata key at work: it seals names and commit records, and gives chunks
// their ids and keys. It opens no content. Safe for concurrent use.
type Metadata struct {
	names, records, lookup, paths, chunkID, chunkKey, equal, cutting, books, lists Key
	nameAEAD                                                                       cipher.AEAD
}

// NewMetadata derives the working keys from the share's metadata key.
func NewMetadata(k Key) *Metadata {
	m := &Metadata{names: k.Derive("names"), records: k.Derive("records"), lookup: k.Derive("lookup"),
		paths: k.Derive("ledger paths"), chunkID: k.Derive("chunk id"), chunkKey: k.Derive("chunk key"),
		equal: k.Derive("equal content"), cutting: k.Derive("cutting"), books: k.Derive("books"),
		lists: k.Derive("lists of chunks")}
	m.nameAEAD = m.names.aead()
	return m
}

// Format prints a word instead of the working keys.
func (Metadata) Format(s fmt.State, _ rune) { io.WriteString(s, "(metadata keys)") }

// Zero overwrites the working keys. Nobody may be at work with m any more.
func (m *Metadata) Zero() {
	for _, k := range []*Key{&m.names, &m.records, &m.lookup, &m.paths, &m.chunkID, &m.chunkKey, &m.equal, &m.cutting, &m.books, &m.lists} {
		k.Zero()
	}
}

// Lookup returns the keyed hash under which the catalogue finds a name: HMAC of the directory's id
// and the name's NFC form, cut to 16 bytes.
func (m *Metadata) Lookup(dir id.File, nfc string) (key [16]byte) {
	copy(key[:], mac(m.lookup, dir[:], []byte(nfc)))
	return key
}

// SealName seals a short text for the catalogue; file is the context. All names of a share are sealed with
// one key, so that it is set up once: a catalogue of 10 million names may be rebuilt some hundred times
// before 2^32 of them make another construction necessary. Packs hold none of them.
func (m *Metadata) SealName(file id.File, text []byte) []byte {
	return m.nameAEAD.Seal(nil, nil, text, file[:])
}

// OpenName undoes SealName.
func (m *Metadata) OpenName(file id.File, sealed []byte) ([]byte, error) {
	plain, err := m.nameAEAD.Open(nil, nil, sealed, file[:])
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// SealRecord seals a commit record.
func (m *Metadata) SealRecord(dst, plain []byte) []byte { return m.records.SealOnce(dst, plain, nil) }

// OpenRecord undoes SealRecord.
func (m *Metadata) OpenRecord(sealed []byte) ([]byte, error) {
	return m.records.OpenOnce(nil, sealed, nil)
}

// SealList seals a list of chunks, as it stands in a frame of a pack; frame is the context. Whoever opens it learns which contents have chunks in
// common, and can open none of them.
func (m *Metadata) SealList(plain []byte, frame [32]byte) []byte {
	return m.lists.SealOnce(nil, plain, frame[:])
}

// OpenList undoes SealList.
func (m *Metadata) OpenList(sealed []byte, frame [32]byte) ([]byte, error) {
	return m.lists.OpenOnce(nil, sealed, frame[:])
}

// SealPath seals a path that travels to the ledger. It has a key of its own, PathKey, so that an
// auditor can be given the paths in the ledger without the share's metadata key.
func (m *Metadata) SealPath(path string) []byte { return m.paths.SealOnce(nil, []byte(path), nil) }

// PathKey returns the key that opens what SealPath sealed, by Key.OpenOnce without context, given
// the share's metadata key.
func PathKey(metadata Key) Key { return metadata.Derive("ledger paths") }

// Chunk returns the id of a chunk. sum is the SHA-256 of the bytes that are sealed (after
// compression), as for ChunkKey: a chunk that is found by its id opens with the key of the same sum,
// whatever compressor a later version of the program has.
func (m *Metadata) Chunk(sum [32]byte) id.Chunk { return id.Chunk(mac(m.chunkID, sum[:])) }

// Equal returns a keyed hash that is equal within a share exactly for equal content. sums are the
// SHA-256 of the plain chunks, one behind the other (of the whole content if it has no chunks).
func (m *Metadata) Equal(sums []byte) [32]byte {
	s := sha256.Sum256(sums)
	return [32]byte(mac(m.equal, s[:]))
}

// ChunkKey returns the key for bytes with the SHA-256 sum. sum is of the bytes that are sealed
// (after compression), so that one key never seals two different payloads.
func (m *Metadata) ChunkKey(sum [32]byte) Key { return Key(mac(m.chunkKey, sum[:])) }

// Cutting returns the key that decides where files of the share are cut, so that cut points, seen as
// chunk sizes on a stolen disk, do not tell which known files are there.
func (m *Metadata) Cutting() Key { return m.cutting }

func mac(k Key, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, k[:])
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// The HPKE ciphersuite: ML-KEM-768 with P-256, HKDF-SHA256, export only.
func KEM() hpke.KEM { return hpke.MLKEM768P256() }

// Recipient is a share's public key: enough to save, useless for reading.
type Recipient struct{ key hpke.PublicKey }

// ParseRecipient reads a public key of KEM.
func ParseRecipient(b []byte) (Recipient, error) {
	k, err := KEM().NewPublicKey(b)
	if err != nil {
		return Recipient{}, fmt.Errorf("public key of a share: %w", err)
	}
	return Recipient{k}, nil
}

// Epoch makes the keys of the versions that are written in a few minutes. It comes from one
// encapsulation to the share's public key; whoever holds it can open what was written in it, so
// the storehouse forgets it soon.
type Epoch struct {
	ID     id.Epoch
	Enc    []byte // the encapsulation, stored in the clear beside the versions
	sender *hpke.Sender
}

// NewEpoch encapsulates to r.
func (r Recipient) NewEpoch(share id.Share) (*Epoch, error) {
	e := &Epoch{ID: id.NewEpoch()}
	var err error
	e.Enc, e.sender, err = hpke.NewSender(r.key, hpke.HKDFSHA256(), hpke.ExportOnly(), EpochInfo(share, e.ID))
	if err != nil {
		return nil, fmt.Errorf("write epoch: %w", err)
	}
	return e, nil
}

// FileKey returns the key of a version written in this epoch.
func (e *Epoch) FileKey(v id.Version) (Key, error) {
	b, err := e.sender.Export(FileKeyContext(v), len(Key{}))
	if err != nil {
		return Key{}, fmt.Errorf("file key: %w", err)
	}
	return Key(b), nil
}

// EpochInfo is the info parameter of HPKE for an epoch.
func EpochInfo(share id.Share, e id.Epoch) []byte {
	return append(append([]byte("azekura/v1 epoch"), share[:]...), e[:]...)
}

// FileKeyContext is the exporter context of HPKE for a version's file key.
func FileKeyContext(v id.Version) string { return "azekura/v1 file" + string(v[:]) }
