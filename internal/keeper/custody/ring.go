package custody

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// The versions of the ring's plaintext. The first had no generation: a ring of generation 0 is written so.
const (
	firstRing = 1
	ringNow   = 2
)

// keyRing is the keys of all shares. Its generation counts the changes, so that it can be told which key cards are out of date.
type keyRing struct {
	generation uint64
	keys       map[id.Share]shareKeys
	destroyed  map[id.Share]uint64 // shares whose keys were destroyed, and the generation from which on they are not in the ring
}

func newRing() keyRing {
	return keyRing{keys: make(map[id.Share]shareKeys), destroyed: make(map[id.Share]uint64)}
}

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
		delete(c.ring.keys, share) // perhaps it is on disk all the same; the next save of the ring takes it away
		c.mu.Unlock()
		return err
	}
	return nil
}

// addToRing returns the plaintext of the ring with the keys of a new share. A generation that could not be saved is not used again: it
// may be on disk.
func (c *Custody) addToRing(share id.Share, keys shareKeys) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.ring.keys[share]
	_, destroyed := c.ring.destroyed[share]
	switch {
	case c.gone:
		return nil, errGone
	case there || destroyed || share.IsZero():
		return nil, problem.New(problem.Exists, "make share", share.String(), nil)
	}
	c.ring.keys[share] = keys
	c.ring.generation++
	return c.ring.marshal(), nil
}

// DestroyShare destroys the keys of a share and returns the generation of the ring from which on they are in it no more. When it returns
// that ring is durable and the one before is overwritten, as far as the file system writes over what is there. Key cards of older
// generations have the keys still.
func (c *Custody) DestroyShare(share id.Share) (generation uint64, err error) {
	const op = "destroy keys"
	c.write.Lock()
	defer c.write.Unlock()
	plain, generation, err := c.withoutShare(share)
	if err != nil {
		return 0, failed(op, err)
	}
	defer clear(plain)
	if err := c.replaceLocked(ringName, plain); err != nil {
		return 0, err // the keys stay in memory: it is not known which ring is on disk, and it is tried again
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.ring.keys[share]; ok {
		k.zero()
		delete(c.ring.keys, share)
	}
	c.ring.destroyed[share] = generation
	c.epochs.clear()
	return generation, nil
}

// withoutShare returns the plaintext of the ring without the keys of a share. Asked again about a share whose keys are destroyed it writes
// the ring once more: the first time the old one may not have been overwritten.
func (c *Custody) withoutShare(share id.Share) (plain []byte, generation uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, 0, errGone
	}
	_, there := c.ring.keys[share]
	generation, destroyed := c.ring.destroyed[share]
	if !there && !destroyed {
		return nil, 0, &problem.Error{Kind: problem.NotFound, Op: "destroy keys", Hint: "hint.share-keys-gone", Err: ErrNoKeys}
	}
	c.ring.generation++
	next := keyRing{c.ring.generation, maps.Clone(c.ring.keys), maps.Clone(c.ring.destroyed)}
	if !destroyed {
		generation = next.generation
	}
	delete(next.keys, share)
	next.destroyed[share] = generation
	return next.marshal(), generation, nil
}

// Has reports whether the keys of a share are in the ring.
func (c *Custody) Has(share id.Share) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.ring.keys[share]
	return ok
}

// Generation returns the ring's generation.
func (c *Custody) Generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ring.generation
}

// Destroyed returns the shares whose keys were destroyed, and from which generation of the ring on they are not in it.
func (c *Custody) Destroyed() map[id.Share]uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return maps.Clone(c.ring.destroyed)
}

func (k shareKeys) zero() {
	clear(k.seed)
	k.metadata.Zero()
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
	k, ok := c.ring.keys[share]
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

func sorted[V any](m map[id.Share]V) []id.Share {
	return slices.SortedFunc(maps.Keys(m), func(a, b id.Share) int { return bytes.Compare(a[:], b[:]) })
}

// marshal returns the plaintext of the ring, in the order of identifiers.
func (r keyRing) marshal() []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, 13+len(r.destroyed)*(id.Size+8)+len(r.keys)*(id.Size+32+2+128)))
	if r.generation == 0 {
		b.AddUint8(firstRing)
	} else {
		b.AddUint8(ringNow)
		b.AddUint64(r.generation)
		b.AddUint32(uint32(len(r.destroyed)))
		for _, share := range sorted(r.destroyed) {
			b.AddBytes(share[:])
			b.AddUint64(r.destroyed[share])
		}
	}
	for _, share := range sorted(r.keys) {
		k := r.keys[share]
		b.AddBytes(share[:])
		b.AddBytes(k.metadata[:])
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(k.seed) })
	}
	return b.BytesOrPanic() // only for seeds longer than 65,535 bytes
}

func parseRing(plain []byte) (keyRing, error) {
	s := cryptobyte.String(plain)
	r := newRing()
	var version uint8
	if !s.ReadUint8(&version) {
		return r, errors.New("cut short")
	}
	switch version {
	case firstRing:
	case ringNow:
		if err := r.readDestroyed(&s); err != nil {
			return r, err
		}
	default:
		return r, errors.New("unknown version")
	}
	last := id.Share{}
	for !s.Empty() {
		var share id.Share
		var metadata seal.Key
		var raw cryptobyte.String
		if !s.CopyBytes(share[:]) || !s.CopyBytes(metadata[:]) || !s.ReadUint16LengthPrefixed(&raw) {
			return r, errors.New("cut short")
		}
		if _, both := r.destroyed[share]; both || bytes.Compare(share[:], last[:]) <= 0 {
			return r, errors.New("shares are not in order")
		}
		last = share
		var err error
		if r.keys[share], err = newShareKeys(raw, metadata); err != nil {
			return r, err
		}
	}
	return r, nil
}

// readDestroyed reads what stands before the keys.
func (r *keyRing) readDestroyed(s *cryptobyte.String) error {
	var n uint32
	if !s.ReadUint64(&r.generation) || r.generation == 0 || !s.ReadUint32(&n) {
		return errors.New("cut short")
	}
	last := id.Share{}
	for range n {
		var share id.Share
		var generation uint64
		if !s.CopyBytes(share[:]) || !s.ReadUint64(&generation) {
			return errors.New("cut short")
		}
		if bytes.Compare(share[:], last[:]) <= 0 || generation == 0 || generation > r.generation {
			return errors.New("destroyed shares are not in order")
		}
		last = share
		r.destroyed[share] = generation
	}
	return nil
}
