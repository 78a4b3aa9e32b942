package account

import (
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Medium is a disk, tape or bucket with copies of the vault, as the keeper knows it. What lies on it tells the medium itself.
type Medium struct {
	ID    id.Medium `json:"id"`
	Label string    `json:"label"`           // what stands on its sticker
	Set   string    `json:"set,omitempty"`   // A, B, C: which of those that take turns
	Place string    `json:"place,omitempty"` // where it is kept
	Made  time.Time `json:"made"`
	By    string    `json:"by"`

	State  uint64    `json:"state,omitempty"`  // the last complete one; 0: none yet
	Time   time.Time `json:"time,omitzero"`    // of the last entry of the ledger that it has
	Synced time.Time `json:"synced,omitzero"`  // when that was
	Size   int64     `json:"size,omitempty"`   // of the ledger in it
	Root   []byte    `json:"root,omitempty"`   // likewise
	Packs  int64     `json:"packs,omitempty"`  // in it
	Bytes  int64     `json:"bytes,omitempty"`  // of packs
	Copied int64     `json:"copied,omitempty"` // the last time

	Unread int64     `json:"unread,omitempty"` // bytes of the last state that were not read back from it yet
	Read   time.Time `json:"read,omitzero"`    // when what copies had brought was read back last
	Swept  time.Time `json:"swept,omitzero"`   // what was gone from the vault by then was removed from it, too; zero: by Time

	SameDisk bool `json:"same_disk,omitempty"` // its last state lies on the disk of the house, and is lost with it

	Checked  time.Time `json:"checked,omitzero"`   // when it was verified last
	Findings int       `json:"findings,omitempty"` // of that

	Lock  int       `json:"lock_days,omitempty"`   // it is a bucket, and what is put on it is locked for so many days; 0: a disk
	Until time.Time `json:"locked_until,omitzero"` // until when all of the last state is locked at least

	Path     string    `json:"path,omitempty"`    // where it was connected last; of a bucket the file of its settings
	Attached time.Time `json:"attached,omitzero"` // it is connected since; zero: it is not, as far as is known
	Retired  time.Time `json:"retired,omitzero"`  // it counts no more
	Reason   string    `json:"reason,omitempty"`  // why
}

// How a medium is now.
const (
	MediumRetired  = "retired"
	MediumAttached = "attached"
	MediumBeside   = "beside" // on the disk of the house, which is on
	MediumOff      = "off"
	MediumEmpty    = "empty"  // a bucket into which nothing was copied yet
	MediumLocked   = "locked" // a bucket whose last state nobody can remove
	MediumLapsed   = "lapsed" // a bucket whose lock has ended
)

// Now is how a medium is now. A bucket is never off.
func (m Medium) Now(now time.Time) string {
	switch {
	case !m.Retired.IsZero():
		return MediumRetired
	case m.Lock > 0 && m.Until.IsZero():
		return MediumEmpty
	case m.Lock > 0 && m.Until.Before(now):
		return MediumLapsed
	case m.Lock > 0:
		return MediumLocked
	case !m.Attached.IsZero():
		return MediumAttached
	case m.SameDisk:
		return MediumBeside
	}
	return MediumOff
}

// MediumState is a state that a sync has put on a medium.
type MediumState struct {
	Number uint64
	Time   time.Time
	Size   int64
	Root   [32]byte
	Packs  int64
	Bytes  int64
	Copied int64
	Unread int64 // bytes that were not read back yet
	Path   string

	SameDisk bool
	Until    time.Time // until when all of it is locked at least; zero: it is not
}

// MediumRead tells what became of reading back what copies have brought.
type MediumRead struct {
	Unread int64 // bytes that were not
	Wrong  int   // objects that were not as they were written
	Ended  bool  // the copy came to its end: states before that had to go are gone
	Cached bool  // what was read may have come from the memory of the machine
}
