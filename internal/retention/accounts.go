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
// others, however many contents have it.
type Accounts struct {
	forsaken Set
	theirs   []id.Chunk // of forsaken contents
	others   []uint64   // how those of all others begin
	told     [2]int     // so many of theirs and others are in order, each once
	lists    lists
	at       pack.Position
}

// NewAccounts returns accounts that know which contents are forsaken, by their keys.
func NewAccounts(forsaken Set) *Accounts { return &Accounts{forsaken: forsaken} }

// Set is contents, by their keys, in order: sixteen bytes each, where a map takes forty.
type Set []id.Version

// SetOf makes a set of a list, and takes it over.
func SetOf(list []id.Version) Set {
	slices.SortFunc(list, inOrder)
	return slices.Compact(list)
}

// Has reports whether a content is in the set.
func (s Set) Has(key id.Version) bool {
	_, found := slices.BinarySearchFunc(s, key, inOrder)
	return found
}

func inOrder(a, b id.Version) int { return bytes.Compare(a[:], b[:]) }

// Keys open what accounts are made of: the names of a share, and no content.
type Keys interface {
	OpenList(sealed []byte, frame [32]byte) ([]byte, error)
	OpenRecord(sealed []byte) ([]byte, error)
}

// lists are those that are missing. A program from before it was asked has kept none: which chunks its contents have, nobody can tell without opening them.
// A list stands before the record of its save, or, of a content that was opened later, behind it.
type lists struct {
	early   map[id.Version]bool // whose record is still to come
	missing map[id.Version]bool
}

func (l *lists) told(key id.Version) {
	if l.early == nil {
		l.early, l.missing = make(map[id.Version]bool), make(map[id.Version]bool)
	}
	if l.missing[key] {
		delete(l.missing, key)
	} else {
		l.early[key] = true
	}
}

// saved takes in the record of an act.
func (l *lists) saved(keys Keys, sealed []byte) error {
	plain, err := keys.OpenRecord(sealed)
	if err != nil {
		return err
	}
	rec, err := commit.ParseRecord(plain)
	if err != nil {
		return err
	}
	for i := range rec.Ops {
		switch op := &rec.Ops[i]; {
		case !op.HasChunks():
		case l.early[op.Version]:
			delete(l.early, op.Version)
		default:
			if l.missing == nil {
				l.early, l.missing = make(map[id.Version]bool), make(map[id.Version]bool)
			}
			l.missing[op.Version] = true
		}
	}
	return nil
}

// Unlisted returns the contents of a share that have told nobody which chunks they have.
func Unlisted(ctx context.Context, packs pack.Reader, share id.Share, keys Keys) (map[id.Version]bool, error) {
	var l lists
	for f, err := range packs.Frames(ctx, share, pack.Position{}, func(t pack.Type) bool { return t == pack.Commit }) {
		switch {
		case err != nil:
			return nil, err
		case f.Type == pack.Parts:
			l.told(id.Version(f.ID[:id.Size]))
		case f.Type == pack.Commit:
			if err := l.saved(keys, f.Payload); err != nil {
				return nil, fmt.Errorf("record in pack %d at %d: %w", f.Place.Pack, f.Place.Offset, err)
			}
		}
	}
	return l.missing, nil
}

// Whole reports whether all contents that stay have told their chunks.
func (a *Accounts) Whole() bool {
	for k := range a.lists.missing {
		if !a.forsaken.Has(k) {
			return false
		}
	}
	return true
}

// Read reads lists and records: from the beginning, or from where it was the last time.
func (a *Accounts) Read(ctx context.Context, packs pack.Reader, share id.Share, keys Keys) error {
	for f, err := range packs.Frames(ctx, share, a.at, func(t pack.Type) bool { return t == pack.Parts || t == pack.Commit }) {
		if err != nil {
			return err
		}
		a.at = f.Place.End()
		switch {
		case f.Type == pack.Commit:
			err = a.lists.saved(keys, f.Payload)
		case f.Type == pack.Parts && f.ID != [32]byte{}: // a share once began with one of zeros
			err = a.list(keys, f)
		}
		if err != nil {
			return fmt.Errorf("%v in pack %d at %d: %w", f.Type, f.Place.Pack, f.Place.Offset, err)
		}
	}
	return nil
}

func (a *Accounts) list(keys Keys, f pack.Frame) error {
	plain, err := keys.OpenList(f.Payload, f.ID)
	if err != nil {
		return err
	}
	key := id.Version(f.ID[:id.Size])
	a.lists.told(key)
	return commit.ParseChunks(plain, a.add(key))
}

func (a *Accounts) add(key id.Version) func(id.Chunk) {
	if a.forsaken.Has(key) {
		return func(c id.Chunk) {
			if a.theirs = append(a.theirs, c); len(a.theirs) > 2*a.told[0]+unsorted {
				a.compact()
			}
		}
	}
	return func(c id.Chunk) {
		if a.others = append(a.others, begins(c)); len(a.others) > 2*a.told[1]+unsorted {
			a.compact()
		}
	}
}

// unsorted is how many chunks are let in before they are looked through for those that came already: versions of one file have most of theirs in common.
const unsorted = 1 << 16

func (a *Accounts) compact() {
	slices.Sort(a.others)
	a.others = slices.Compact(a.others)
	slices.SortFunc(a.theirs, compare)
	a.theirs = slices.Compact(a.theirs)
	a.told = [2]int{len(a.theirs), len(a.others)}
}

func begins(c id.Chunk) uint64 { return binary.BigEndian.Uint64(c[:]) }

// Nobodys returns the chunks that are nobody's, in order. Whoever has a chunk that begins like one of them keeps both. The list is the caller's: the
// accounts end with it.
func (a *Accounts) Nobodys() []id.Chunk {
	if a.compact(); !a.Whole() {
		return nil
	}
	out := slices.DeleteFunc(a.theirs, func(c id.Chunk) bool {
		_, has := slices.BinarySearch(a.others, begins(c))
		return has
	})
	*a = Accounts{}
	return out
}

func compare(a, b id.Chunk) int { return bytes.Compare(a[:], b[:]) }

// Waste is what is nobody's: chunks, in order, and the manifests of contents and of the small pictures of them.
type Waste struct {
	Chunks    []id.Chunk
	Manifests Set
}

// Has picks the frames that are waste.
func (w *Waste) Has(t pack.Type, frame [32]byte) bool {
	switch t {
	case pack.Chunk:
		_, found := slices.BinarySearchFunc(w.Chunks, id.Chunk(frame), compare)
		return found
	case pack.Manifest:
		return w.Manifests.Has(id.Version(frame[:id.Size]))
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
