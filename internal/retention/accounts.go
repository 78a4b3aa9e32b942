package retention

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Accounts tell which chunks are nobody's any more: those of contents that are forsaken, unless another content has them too. They are made of the
// lists that stand in the packs, one for each content that has chunks. Memory is eight bytes for each chunk that somebody has, and 32 for each of the
// others.
type Accounts struct {
	forsaken map[id.Version]bool
	theirs   []id.Chunk // of forsaken contents
	others   []uint64   // how those of all others begin
	whole    bool       // lists are kept since the first frame
	begun    bool
	at       pack.Position
}

// NewAccounts returns accounts that know which contents are forsaken, by their keys.
func NewAccounts(forsaken []id.Version) *Accounts {
	a := &Accounts{forsaken: make(map[id.Version]bool, len(forsaken))}
	for _, k := range forsaken {
		a.forsaken[k] = true
	}
	return a
}

// Whole reports whether all contents of the share have told their chunks. A program from before it was asked has kept no lists: which chunks its
// contents have, nobody can tell without opening them.
func (a *Accounts) Whole() bool { return a.whole }

// Read reads lists, with what opens them: from the beginning, or from where it was the last time.
func (a *Accounts) Read(ctx context.Context, packs pack.Reader, share id.Share, open func(sealed []byte, frame [32]byte) ([]byte, error)) error {
	for f, err := range packs.Frames(ctx, share, a.at, func(t pack.Type) bool { return t == pack.Parts }) {
		if err != nil {
			return err
		}
		if a.at = f.Place.End(); !a.begun {
			a.begun, a.whole = true, f.Type == pack.Parts && f.ID == [32]byte{}
		}
		if f.Type != pack.Parts || f.ID == [32]byte{} {
			continue
		}
		plain, err := open(f.Payload, f.ID)
		if err == nil {
			err = commit.ParseChunks(plain, a.add(id.Version(f.ID[:id.Size])))
		}
		if err != nil {
			return fmt.Errorf("list of chunks in pack %d at %d: %w", f.Place.Pack, f.Place.Offset, err)
		}
	}
	return nil
}

func (a *Accounts) add(key id.Version) func(id.Chunk) {
	if a.forsaken[key] {
		return func(c id.Chunk) { a.theirs = append(a.theirs, c) }
	}
	return func(c id.Chunk) { a.others = append(a.others, begins(c)) }
}

func begins(c id.Chunk) uint64 { return binary.BigEndian.Uint64(c[:]) }

// Nobodys returns the chunks that are nobody's, in order. Whoever has a chunk that begins like one of them keeps both.
func (a *Accounts) Nobodys() []id.Chunk {
	slices.Sort(a.others)
	a.others = slices.Compact(a.others)
	slices.SortFunc(a.theirs, compare)
	a.theirs = slices.Compact(a.theirs)
	if !a.whole {
		return nil
	}
	out := make([]id.Chunk, 0, len(a.theirs))
	for _, c := range a.theirs {
		if _, has := slices.BinarySearch(a.others, begins(c)); !has {
			out = append(out, c)
		}
	}
	return out
}

func compare(a, b id.Chunk) int { return bytes.Compare(a[:], b[:]) }

// Waste is what is nobody's: chunks, in order, and the manifests of contents and of the small pictures of them.
type Waste struct {
	Chunks    []id.Chunk
	Manifests map[id.Version]bool
}

// Has picks the frames that are waste.
func (w *Waste) Has(t pack.Type, frame [32]byte) bool {
	switch t {
	case pack.Chunk:
		_, found := slices.BinarySearchFunc(w.Chunks, id.Chunk(frame), compare)
		return found
	case pack.Manifest:
		return w.Manifests[id.Version(frame[:id.Size])]
	}
	return false
}

// Packs is what a sweep works on.
type Packs interface {
	pack.Reader
	pack.Rewriter
}

// Sweep takes waste out of the sealed packs of a share before one, oldest first. It asks may before each, and tells agreed of each before it takes
// the place of the old one. One that is damaged stays as it is, and is told of once the others are done. It may be broken off anywhere and done again.
func Sweep(ctx context.Context, packs Packs, share id.Share, before uint64, w *Waste, may func() error, agreed func(pack.Info) error, did func(freed int64)) error {
	var bad error
	for info, err := range packs.Packs(ctx, share) {
		if damaged(err) {
			bad = errors.Join(bad, err)
			continue
		}
		if err != nil {
			return err
		}
		if info.Pack >= before || !info.Sealed {
			continue
		}
		if err := may(); err != nil {
			return err
		}
		freed, err := packs.Rewrite(ctx, share, info.Pack, w.Has, agreed)
		if damaged(err) {
			bad = errors.Join(bad, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("pack %d: %w", info.Pack, err)
		}
		did(freed)
	}
	return bad
}

func damaged(err error) bool {
	_, is := errors.AsType[*pack.DamageError](err)
	return is
}
