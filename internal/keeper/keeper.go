// Package keeper is the other side of the trust border: it knows the private keys, the accounts and
// the sessions, and hands out the key of a version only after the reading stands in the ledger. It
// sees no file content.
package keeper

import (
	"context"
	"iter"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Sealed names a version whose key is asked for. The keeper has no catalogue, so everything it needs
// travels with the request.
type Sealed struct {
	Version id.Version // whose file key is asked for
	Epoch   id.Epoch
	Enc     []byte // the epoch's encapsulation
	Path    []byte // the path it is asked for under, sealed with the share's metadata key, for the ledger
	// Former are other paths at which its content has stood, at most MaxFormer, sealed likewise: it is of the persons that any of them tells. Only
	// asked for if HasPersons.
	Former [][]byte
}

// Request asks for keys. One request is one event of the ledger (more if it is very large).
type Request struct {
	Session id.Session
	Purpose account.Purpose
	Share   id.Share
	Files   []Sealed
}

// Lease is the key of one version, to be forgotten at Until.
type Lease struct {
	Version id.Version
	Key     seal.Key
	Until   time.Time
}

// Releaser hands out keys: all leases in the order of the request, or none; never before the entry is
// durable in the ledger.
type Releaser interface {
	Release(ctx context.Context, r Request) ([]Lease, error)
}

// Gate knows who is at work. A frozen party, the end of the day and lost rights show here as errors
// of kind problem.Unauthenticated, Denied or Frozen.
type Gate interface {
	// Login returns the live session of these credentials at this door and address, or starts one.
	Login(ctx context.Context, c account.Credentials) (account.Session, error)
	// Check returns nil if the session is live and may read (or write) the share.
	Check(ctx context.Context, s id.Session, share id.Share, write bool) error
	// Shares lists the shares that the session may read, by name.
	Shares(ctx context.Context, s id.Session) ([]account.Share, error)
	// Concerned lists the shares whose names, damage and roster the session may see, for a case: at least those that it may read.
	Concerned(ctx context.Context, s id.Session) ([]account.Share, error)
	// CheckConcern returns nil if the session is live and the share is one of them.
	CheckConcern(ctx context.Context, s id.Session, share id.Share) error
	End(ctx context.Context, s id.Session, why string) error
}

// Unlocked is what the storehouse needs to write to a share and to see its names, but not to read.
type Unlocked struct {
	Recipient seal.Recipient
	Metadata  seal.Key
}

// Unlocker gives a share's metadata key to the storehouse, for a live session that may read the share,
// once the event is durable in the ledger. From then until the storehouse stops, whoever rules it can
// see the share's names: that is part of every exposure.
type Unlocker interface {
	Unlock(ctx context.Context, s id.Session, share id.Share) (Unlocked, error)
}

// Recorder writes events of the storehouse into the ledger; they are durable when it returns.
type Recorder interface {
	Record(ctx context.Context, events ...event.Event) error
}

// Auditor tells what stands in the ledger, to administrators.
type Auditor interface {
	// Events yields the entries that a filter picks, in their order. When the newest cannot be had, the others come
	// all the same, and then the error.
	Events(ctx context.Context, s id.Session, f Filter) iter.Seq2[Entry, error]
}

// Stopper freezes on behalf of the guard.
type Stopper interface {
	// Stop freezes; it is durable when it returns. What is frozen already is no error.
	Stop(ctx context.Context, stops ...account.Stop) error
	// MaySettle returns nil if the session may decide what becomes of what an account's acts left held in a share.
	MaySettle(ctx context.Context, s id.Session, share id.Share, author id.Account) error
}

// Attributor tells where names tell persons.
type Attributor interface {
	// HasPersons reports whether the names in a share tell whose a file is.
	HasPersons(share id.Share) bool
}

// Trapper tells where nobody has a reason to write.
type Trapper interface {
	// HasTraps reports whether a share has traps.
	HasTraps(share id.Share) bool
	// Trapped reports whether a path, with the share's name before it, is one.
	Trapped(share id.Share, path string) bool
	// TrapBelow reports whether one stands below a folder, whose path has the share's name before it.
	TrapBelow(share id.Share, path string) bool
}

// Ender tells which shares have come to their end.
type Ender interface {
	// Ended returns nil, or, to who could see a share of that name, the error that says when it was erased.
	Ended(ctx context.Context, s id.Session, name string) error
}

// Keeper is what the storehouse sees of the keeper, in process or over a network.
type Keeper interface {
	Releaser
	Gate
	Unlocker
	Recorder
	Auditor
	Stopper
	Trapper
	Attributor
	Ender
}
