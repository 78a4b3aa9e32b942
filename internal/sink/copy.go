package sink

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// Copy is a ledger in a bucket, for package ledger, with the newest head that its key has signed.
type Copy struct {
	medium.LedgerCopy
	Head ledger.Head
}

// Open opens the copy in a bucket. key is the ledger's public key: somebody who has the bucket's credentials can put heads of their own there.
func Open(ctx context.Context, t medium.Locking, key string) (*Copy, error) {
	head, signed, err := newest(ctx, t, key)
	if err != nil {
		return nil, err
	}
	if signed == nil {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "read the ledger", Hint: "hint.sink-empty"}
	}
	over, err := overs(ctx, t, key)
	if err != nil {
		return nil, err
	}
	return &Copy{medium.OpenLedger(t, signed, head.Size, over), head}, nil
}

// overs reads which of several things under the names of tiles are the ledger's.
func overs(ctx context.Context, t medium.Locking, key string) (map[string][32]byte, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read the ledger", Hint: "hint.ledger-key", Err: err}
	}
	names, err := namesOf(ctx, t, overDir)
	if err != nil {
		return nil, err
	}
	out := make(map[string][32]byte)
	for _, name := range names {
		_, err := find(ctx, t, name, func(b []byte) bool {
			n, err := note.Open(b, note.VerifierList(v))
			if err != nil {
				return false
			}
			lines := strings.Split(n.Text, "\n")
			sum, err := hex.DecodeString(lines[len(lines)-2])
			if len(lines) != 4 || lines[0] != Line+"tile" || err != nil || len(sum) != 32 {
				return false
			}
			out[lines[1]] = [32]byte(sum)
			return true
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}
