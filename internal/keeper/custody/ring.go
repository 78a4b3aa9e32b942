package custody

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// ringVersion begins the plaintext of the ring.
const ringVersion = 1

// ErrNoKeys means that a share's keys are not in the ring: it never was a share of this keeper, or its
// keys are destroyed.
var ErrNoKeys = errors.New("no keys of this share")

// MakeShare makes the keys of a new share and returns once the ring with them is durable.
func (c *Custody) MakeShare(share id.Share) error {
	private, err := seal.KEM().GenerateKey()
	if err != nil {
		return problem.New(problem.Internal, "make share", "", err)
	}
	seed, err := private.Bytes()
	if err != nil {
		return problem.New(problem.Internal, "make share", "", err)
	}
	keys, err := newShareKeys(seed, seal.NewKey())
	if err != nil {
		return problem.New(problem.Internal, "make share", "", err)
	}
	c.write.Lock()
	defer c.write.Unlock()
	plain, err := c.addToRing(share, keys)
	if err != nil {
		return failed("make share", err)
	}
	defer clear(plain)
	if err := c.saveLocked(ringName, plain); err != nil {
		c.mu.Lock()
		delete(c.ring, share) // perhaps it is on disk all the same; the next save of the ring takes it away
		c.mu.Unlock()
		return err
	}
	return nil
}

// addToRing returns the plaintext of the ring with the keys of a new share.
func (c *Custody) addToRing(share id.Share, keys shareKeys) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch _, there := c.ring[share]; {
	case c.gone:
		return nil, errGone
	case there || share.IsZero():
		return nil, problem.New(problem.Exists, "make share", share.String(), nil)
	}
	c.ring[share] = keys
	return marshalRing(c.ring), nil
}

func newShareKeys(seed []byte, metadata seal.Key) (shareKeys, error) {
	private, err := seal.KEM().NewPrivateKey(bytes.Clone(seed))
	if err != nil {
		return shareKeys{}, fmt.Errorf("private key of a share: %w", err)
	}
	r, err := seal.ParseRecipient(private.PublicKey().Bytes())
	return shareKeys{seed: bytes.Clone(seed), private: private, metadata: &metadata, recipient: r}, err
}

// share returns a share's keys. c.mu is held.
func (c *Custody) share(share id.Share) (shareKeys, error) {
	k, ok := c.ring[share]
	if !ok {
		return k, &problem.Error{Kind: problem.NotFound, Op: "open share", Hint: "hint.share-keys-gone", Err: ErrNoKeys}
	}
	return k, nil
}

// Unlock returns what is needed to write to a share and to see its names.
func (c *Custody) Unlock(share id.Share) (seal.Recipient, seal.Key, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, err := c.share(share)
	if err != nil {
		return seal.Recipient{}, seal.Key{}, err
	}
	return k.recipient, *k.metadata, nil
}

// PathKey returns the key that opens a share's paths in the ledger.
func (c *Custody) PathKey(share id.Share) (seal.Key, error) {
	_, m, err := c.Unlock(share)
	if err != nil {
		return seal.Key{}, err
	}
	defer m.Zero()
	return seal.PathKey(m), nil
}

// FileKey returns the key of a version: the one thing that must never be called before the release is durable
// in the ledger.
func (c *Custody) FileKey(share id.Share, epoch id.Epoch, enc []byte, v id.Version) (seal.Key, error) {
	c.mu.RLock()
	k, err := c.share(share)
	c.mu.RUnlock()
	if err != nil {
		return seal.Key{}, err
	}
	r, err := c.epochs.recipient(k.private, share, epoch, enc)
	if err != nil {
		return seal.Key{}, &problem.Error{Kind: problem.Damaged, Op: "open", Hint: "hint.verify", Err: fmt.Errorf("epoch: %w", err)}
	}
	b, err := r.Export(seal.FileKeyContext(v), len(seal.Key{}))
	if err != nil {
		return seal.Key{}, problem.New(problem.Internal, "open", "", err)
	}
	defer clear(b)
	return seal.Key(b), nil
}

// marshalRing returns the plaintext of the ring, in the order of identifiers.
func marshalRing(ring map[id.Share]shareKeys) []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, 1+len(ring)*(id.Size+32+2+128)))
	b.AddUint8(ringVersion)
	for _, share := range slices.SortedFunc(maps.Keys(ring), func(a, b id.Share) int { return bytes.Compare(a[:], b[:]) }) {
		k := ring[share]
		b.AddBytes(share[:])
		b.AddBytes(k.metadata[:])
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(k.seed) })
	}
	return b.BytesOrPanic() // only for seeds longer than 65,535 bytes
}

func parseRing(plain []byte) (map[id.Share]shareKeys, error) {
	s := cryptobyte.String(plain)
	var version uint8
	if !s.ReadUint8(&version) || version != ringVersion {
		return nil, errors.New("unknown version")
	}
	ring := make(map[id.Share]shareKeys)
	last := id.Share{}
	for !s.Empty() {
		var share id.Share
		var metadata seal.Key
		var raw cryptobyte.String
		if !s.CopyBytes(share[:]) || !s.CopyBytes(metadata[:]) || !s.ReadUint16LengthPrefixed(&raw) {
			return nil, errors.New("cut short")
		}
		if cmp.Compare(string(share[:]), string(last[:])) <= 0 {
			return nil, errors.New("shares are not in order")
		}
		last = share
		var err error
		if ring[share], err = newShareKeys(raw, metadata); err != nil {
			return nil, err
		}
	}
	return ring, nil
}
