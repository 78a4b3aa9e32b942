package medium

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pack"
)

// Source is the vault of which a medium gets a copy. It may go on growing.
type Source interface {
	// Cut returns what the keeper puts on a medium. It comes first: packs that are looked at later hold all that its ledger calls saved.
	Cut(ctx context.Context) (*Cut, error)
	// Consistent returns nil if head was a head of the vault's ledger, ledger.ErrShorter or ledger.ErrFork if not.
	Consistent(ctx context.Context, head ledger.Head) error
	Shares(ctx context.Context) ([]id.Share, error)
	// Packs lists the packs of a share, with what of them is durable; one that is missing or cannot be read is a *pack.DamageError.
	Packs(ctx context.Context, share id.Share) iter.Seq2[pack.Info, error]
	// OpenPack opens a pack for reading from front to back; direct: past the page cache, if that can be done.
	OpenPack(share id.Share, pack uint64, direct bool) (durable.File, error)
	// Books returns a sealed copy of what the catalogue has of a share, if one should be put in the place of that which is there already, whose rows
	// are given (0: there is none); else nil. It comes before Packs: these go at least as far.
	Books(ctx context.Context, share id.Share, rows int64) (*Books, error)
	// Sign signs the text of a record with the key of the ledger.
	Sign(ctx context.Context, text string) ([]byte, error)
}

// Cut is the keeper's part of a copy, of one moment.
type Cut struct {
	Checkpoint []byte    // of the ledger, signed
	Ledger     fs.FS     // has everything that the checkpoint covers
	Time       time.Time // of the last entry
	Files      []File
}

// Books is a sealed copy of the catalogue.
type Books struct {
	At   pack.Position // what of the packs it has
	Rows int64         // how much it holds
	Size int64
	Sum  [32]byte
	File io.ReaderAt
	Done func() // lets it go
}

// Close lets the files go.
func (c *Cut) Close() {
	for _, f := range c.Files {
		f.Close()
	}
}

// File is a sealed file. Read returns what it held at the moment of the cut.
type File struct {
	Name  string // "keeper/state"
	Read  func() ([]byte, error)
	Close func()
}

// Finding is something that is not as it should be.
type Finding struct {
	Object string   `json:"object,omitempty"` // on the medium
	Share  id.Share `json:"share,omitzero"`
	Pack   uint64   `json:"pack,omitempty"`
	State  uint64   `json:"state,omitempty"`
	Reason Reason   `json:"reason"`
	Text   string   `json:"text,omitempty"`
}

// Reason says in a word what is wrong.
type Reason string

// The reasons.
const (
	Missing       Reason = "missing"         // an object is not there, or a pack of the vault is not
	Length        Reason = "length"          // an object was cut off or added to
	Digest        Reason = "digest"          // an object has other bytes than were put
	Unreadable    Reason = "unreadable"      // the medium does not give it back
	Malformed     Reason = "malformed"       // it is no such thing
	Unsigned      Reason = "unsigned"        // a record that the vault did not sign, or that was changed
	OtherVault    Reason = "other-vault"     // a record of another vault
	OtherMedium   Reason = "other-medium"    // a record of another medium
	Number        Reason = "number"          // a record under another number than its own
	Chain         Reason = "chain"           // a record between was taken away, or exchanged
	Replayed      Reason = "replayed"        // the vault has put a later state on it than is there
	BadLedger     Reason = "ledger"          // the ledger is not what was signed
	Forked        Reason = "forked"          // the ledgers of two states, or of medium and vault, are not one
	Rolled        Reason = "rolled-back"     // the vault's ledger is shorter than the medium's
	Vault         Reason = "vault"           // a pack of the vault was damaged when it was copied
	NotTheLedgers Reason = "not-the-ledgers" // a sealed pack is not the one that the ledger tells of
	Covered       Reason = "covered"         // somebody has put something, or a mark that it is gone, over it; what was put there is whole below
	Foreign       Reason = "foreign"         // somebody else had put something under its name before
	Unlocked      Reason = "unlocked"        // it is not locked until the day that the record says
	Unknown       Reason = "unknown"         // no record names it: left over from a sync that was broken off, or put there by somebody
)
