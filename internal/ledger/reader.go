package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/problem"
)

// Reader reads what one checkpoint covers, from a live directory, a copy, a medium or an export.
// Whatever it returns was checked against the checkpoint. Safe for concurrent use.
type Reader struct {
	fsys       fs.FS
	tiles      *tiles
	tree       tlog.Tree
	checkpoint []byte
}

// Entry is an entry and its index.
type Entry struct {
	Index int64
	Data  []byte
}

// NewReader reads the checkpoint and checks that the holder of verifierKey signed it.
func NewReader(fsys fs.FS, verifierKey string) (*Reader, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read the ledger", Hint: "hint.ledger-key", Err: err}
	}
	signed, err := readFile(fsys, checkpointName, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "read the ledger", On: checkpointName, Hint: "hint.ledger-no-checkpoint", Err: err}
	}
	if err != nil {
		return nil, failed("read the ledger", err)
	}
	c, err := openCheckpoint(signed, v)
	if err != nil {
		return nil, damaged(&DamageError{checkpointName, "not signed by this key", err})
	}
	return &Reader{fsys, newTiles(fsys), c.Tree, signed}, nil
}

func damaged(e *DamageError) error {
	return &problem.Error{Kind: problem.Damaged, Op: "read the ledger", On: e.File, Hint: "hint.ledger-damaged", Err: e}
}

// Head returns the tree that is read.
func (r *Reader) Head() Head { return Head{r.tree.N, r.tree.Hash} }

// Checkpoint returns the signed checkpoint.
func (r *Reader) Checkpoint() []byte { return r.checkpoint }

// Entries yields the entries from index from up to, but without, to; to is cut to the size. It ends with the
// first error. The bytes of an entry may be kept.
func (r *Reader) Entries(ctx context.Context, from, to int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for from, to := max(from, 0), min(to, r.tree.N); from < to; {
			t := bundleTile(from, r.tree.N)
			entries, err := r.bundle(ctx, t)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			first := t.N * tileWidth
			for ; from < min(to, first+int64(t.W)); from++ {
				if !yield(Entry{from, entries[from-first]}, nil) {
					return
				}
			}
		}
	}
}

// bundle returns the entries of a bundle, each of them in the tree.
func (r *Reader) bundle(ctx context.Context, t tlog.Tile) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := torchwood.TilePath(t)
	b, err := readTile(r.fsys, t)
	if err != nil {
		return nil, damaged(&DamageError{name, "cannot be read", err})
	}
	entries, err := splitBundle(b, t.W)
	if err != nil {
		return nil, damaged(&DamageError{name, "malformed", err})
	}
	indexes := make([]int64, t.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, t.N*tileWidth+int64(i))
	}
	hashes, err := r.hashes(ctx).ReadHashes(indexes)
	if err != nil {
		return nil, damaged(&DamageError{"tile", fmt.Sprintf("the hashes of entries from %d on cannot be read", t.N*tileWidth), err})
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != hashes[i] {
			return nil, damaged(&DamageError{name, fmt.Sprintf("entry %d is not the one that was signed", t.N*tileWidth+int64(i)), nil})
		}
	}
	return entries, nil
}

// Continues returns nil if the tree of the checkpoint goes on from a head: ErrShorter or ErrFork if not.
func (r *Reader) Continues(ctx context.Context, head Head) error {
	if head.Size > r.tree.N {
		return ErrShorter
	}
	root, err := tlog.TreeHash(head.Size, r.hashes(ctx))
	if err != nil {
		return damaged(&DamageError{"tile", fmt.Sprintf("the root of %d entries cannot be read", head.Size), err})
	}
	if root != head.Root {
		return ErrFork
	}
	return nil
}

func (r *Reader) hashes(ctx context.Context) tlog.HashReader {
	return torchwood.TileHashReaderWithContext(ctx, r.tree, r.tiles)
}

// Prove returns the proof that the entry at index stands in the tree of the checkpoint, in the C2SP tlog-proof format:
// with the entry and the public key it convinces anybody, without the ledger.
func (r *Reader) Prove(ctx context.Context, index int64) ([]byte, error) {
	if index < 0 || index >= r.tree.N {
		return nil, problem.New(problem.NotFound, "prove", fmt.Sprintf("entry %d", index), fmt.Errorf("the checkpoint has %d entries", r.tree.N))
	}
	p, err := tlog.ProveRecord(r.tree.N, index, r.hashes(ctx))
	if err != nil {
		return nil, damaged(&DamageError{"tile", fmt.Sprintf("the way from entry %d to the root cannot be read", index), err})
	}
	return torchwood.FormatProof(index, p, r.checkpoint), nil
}

// CheckProof returns nil if proof, in the C2SP tlog-proof format, shows that entry stands in the log of verifierKey.
func CheckProof(proof, entry []byte, verifierKey string) error {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "check a proof", Hint: "hint.ledger-key", Err: err}
	}
	if err := torchwood.VerifyProof(policy(v), tlog.RecordHash(entry), proof); err != nil {
		return &problem.Error{Kind: problem.Damaged, Op: "check a proof", Hint: "hint.ledger-proof", Err: err}
	}
	return nil
}

// CheckCheckpoint returns the head that a checkpoint tells, if the holder of verifierKey signed it.
func CheckCheckpoint(signed []byte, verifierKey string) (Head, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Head{}, &problem.Error{Kind: problem.Invalid, Op: "check a checkpoint", Hint: "hint.ledger-key", Err: err}
	}
	c, err := openCheckpoint(signed, v)
	if err != nil {
		return Head{}, damaged(&DamageError{checkpointName, "not signed by this key", err})
	}
	return Head{c.N, c.Hash}, nil
}

// Cosigned returns nil if the holder of cosignerKey has cosigned a checkpoint (C2SP tlog-cosignature).
func Cosigned(signed []byte, cosignerKey string) error {
	v, err := torchwood.NewCosignatureVerifier(cosignerKey)
	if err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "check a checkpoint", Hint: "hint.ledger-key", Err: err}
	}
	if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
		return damaged(&DamageError{checkpointName, "not cosigned by this key", err})
	}
	return nil
}
