// Package pack keeps the only truth on disk: append-only files of sealed frames, numbered from 1
// within each share. It knows frames, checksums, torn tails and sealing; it knows no keys, names or
// people. The layout is in docs/format.md.
package pack

import (
	"context"
	"fmt"
	"iter"

	"github.com/azekura/azekura/internal/id"
)

// Type says what a frame holds. Numbers are part of the format.
type Type uint8

// The types of frames that hold something of the vault. Types the pack itself needs (header, table,
// trailer) are never seen by its users.
const (
	Chunk    Type = 1 // sealed bytes of a file; ID is the id.Chunk
	Epoch    Type = 2 // an encapsulation; ID is the id.Epoch, padded with zeros
	Manifest Type = 3 // sealed manifest of a version; ID is the id.Version, padded with zeros
	Commit   Type = 4 // sealed commit record; ID is zero
	Parts    Type = 5 // sealed list of the chunks that a manifest names; ID as the manifest's
	Gone     Type = 6 // sealed list of chunks that are nobody's any more; ID is zero
)

// MaxPayload bounds a frame, and so the memory that any stored byte can ask for.
const MaxPayload = 16 << 20

// Position is a place between frames. Positions of a share are ordered: pack first, then offset.
type Position struct {
	Pack   uint64
	Offset int64
}

// Before reports whether p comes before q.
func (p Position) Before(q Position) bool {
	return p.Pack < q.Pack || p.Pack == q.Pack && p.Offset < q.Offset
}

// In returns how much of pack n is before p, if p is in it, and otherwise 0.
func (p Position) In(n uint64) int64 {
	if p.Pack != n {
		return 0
	}
	return p.Offset
}

// Place is where a frame stands: its position and its whole length on disk, header included.
type Place struct {
	Position
	Size uint32
}

// End returns the position behind the frame.
func (p Place) End() Position { return Position{p.Pack, p.Offset + int64(p.Size)} }

// Frame is what was appended, and where it stands. Payload is nil when it was not asked for.
type Frame struct {
	Place   Place
	Type    Type
	ID      [32]byte
	Payload []byte
}

// Info describes a pack.
type Info struct {
	Share  id.Share
	Pack   uint64
	Size   int64    // bytes on disk
	Frames int      // of the types above
	Sealed bool     // no frame will ever be added
	Digest [32]byte // SHA-256 as docs/format.md says; zero while not sealed
	Former [32]byte // the digest of the pack in whose place it came, without what was taken out; zero: nothing ever was
}

// Damage is a place where stored bytes are not what was stored.
type Damage struct {
	Share  id.Share
	At     Position
	Length int64  // how many bytes could not be vouched for
	Reason string // "checksum", "digest", "missing", …
}

// Reader reads the packs of a vault. A directory, a bucket and a medium switched to read-only are
// Readers. All methods may be used concurrently.
type Reader interface {
	// Shares lists the shares that have packs.
	Shares(ctx context.Context) ([]id.Share, error)

	// Packs lists the packs of a share in order.
	Packs(ctx context.Context, share id.Share) iter.Seq2[Info, error]

	// Frames yields the frames of a share from a position on, in order, up to the end of what is
	// durable. Payloads are read and checked only for types that payload returns true for (nil:
	// none), so that a walk over commits does not read the photographs. A yielded Payload is valid
	// until the next step. Stored damage ends the walk with a *DamageError.
	Frames(ctx context.Context, share id.Share, from Position, payload func(Type) bool) iter.Seq2[Frame, error]

	// Read returns the frame at a place, its payload in buf if that is large enough. Bytes that fail
	// the checksum are never returned: the error is a *DamageError.
	Read(ctx context.Context, share id.Share, at Place, buf []byte) (Frame, error)

	// Check reads every byte of a pack and returns what it found. It needs no key.
	Check(ctx context.Context, share id.Share, pack uint64) (Info, []Damage, error)
}

// Store adds to packs. Nothing in it can change or remove a byte that was acknowledged.
//
// Append takes the payload in parts, may buffer, and returns where the frame will stand; frames of a
// share stand in the order of their Appends. Once Sync has returned nil, every frame appended to the
// share before the call is durable; concurrent Syncs share one flush. It returns the position up to
// which the share is durable.
//
// When a write fails, every frame appended since the last successful Sync is lost, Lost counts one
// up, and the store goes on with a new pack as soon as the disk allows. All who wait are told, and
// if nobody does, the next to call Append, Sync or Seal, with an error. So frames are durable for a caller
// that alone appends to a share when Sync returns nil; where others append too, when besides Lost
// returns what it did before the first of them.
type Store interface {
	Reader
	Append(ctx context.Context, share id.Share, t Type, frame [32]byte, payload ...[]byte) (Place, error)
	Sync(ctx context.Context, share id.Share) (Position, error)
	Seal(ctx context.Context, share id.Share) (Info, error) // no-op with zero Info when nothing is open
	Lost(share id.Share) int
	// Loss returns why frames of the share were lost the last time, or nil.
	Loss(share id.Share) error
	Close() error
}

// Rewriter takes out of packs what is nobody's any more. It is given to retention, and to nobody else.
type Rewriter interface {
	// Rewrite writes a sealed pack again without the frames that drop picks, and puts it in the place of the one before. All other frames
	// stay where they stand, byte for byte: whoever reads meanwhile, and every book, finds them at the same place. Before the exchange, and
	// once the new pack is durable, agreed is told what it will be; an error leaves everything as it was. A pack that is damaged is not
	// touched, nor the one at the end of the log. It returns how many bytes were taken out; 0: there was nothing to take out.
	Rewrite(ctx context.Context, share id.Share, pack uint64, drop func(Type, [32]byte) bool, agreed func(Info) error) (freed int64, err error)
}

// DamageError is a Damage as an error.
type DamageError struct{ Damage }

// Error names the place and the reason.
func (e *DamageError) Error() string {
	return fmt.Sprintf("share %v, pack %d, offset %d: %s", e.Share, e.At.Pack, e.At.Offset, e.Reason)
}
