// Package exposure tells what could have been read, and of whom: from the ledger, the versions in the catalogue and the roster, for
// parties that are distrusted in a time. It is computation alone: no I/O, no clock. docs/exposure.md says what the marks and the three
// numbers mean. Its one promise is that whatever was read lies within what it reports: where the records have a gap, everything that
// could have been read there counts as possible.
package exposure

import (
	"iter"
	"net/netip"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// Kind says what sort of party is distrusted.
type Kind uint8

// The kinds of parties.
const (
	Session    Kind = iota + 1 // one session
	Account                    // whoever acts as an account: its sessions, devices and tokens
	Device                     // a device, or a program's token
	Address                    // a network address
	Storehouse                 // who rules the machine of the storehouse, from From on
	Keeper                     // who rules the keeper, from From on: keys must be taken as lost until To, when they were renewed
	Copy                       // who has a medium or a copy of packs, catalogue or ledger as they were at To, and no keys
)

// Party is somebody who is distrusted, in the time from From to To. To zero: until the ledger was read.
type Party struct {
	Kind    Kind
	Session id.Session
	Account id.Account
	Device  id.Device
	Address netip.Addr
	From    time.Time
	To      time.Time
	// Shares are those that it could read, of a Copy those on it; nil: nobody knows, so all.
	Shares []id.Share

	// Apart says of a Storehouse that its keeper is on another machine. In one process, who rules the one has the keys of the other.
	Apart bool
	// Since is when the program of a Storehouse was last started before From; zero: nobody knows. What it has unlocked before that it
	// has forgotten.
	Since time.Time
}

// Entry is an entry of the ledger, as far as it could be opened.
type Entry struct {
	Index    int64
	Recorded time.Time // zero: it tells no time
	Closed   bool      // nobody knows what it says
	Event    event.Event
	Paths    []pathname.Path // of Event.Files, in their order; "" where it is not known
}

// Ledger is what is known of the ledger.
type Ledger struct {
	// Entries yields all entries that there are, in the order of the ledger. It is gone through once, if it is not very long. What cannot be read is
	// left out and so is a hole; an error ends the question.
	Entries iter.Seq2[Entry, error]
	// Verified is how many entries, from the first on, were checked against a checkpoint that is signed. What comes behind still shows
	// what was read, but not what was not: of a ledger that is at work, let a checkpoint be made before.
	Verified int64
	// Seen are sizes of the ledger that are known from elsewhere: from archived checkpoints, witnesses, the keeper's own note.
	Seen []int64
	// Read is when it was read, by a clock that is right.
	Read time.Time
}

// File is a file with all its versions. Who yields it may use it again for the next.
type File struct {
	ID       id.File
	Share    id.Share
	Paths    []pathname.Path // all under which it has stood
	Versions []Version

	table  *table // of a file that was kept: where it was
	closed []byte // its paths, as they stand there
}

// Version is one version of a file.
type Version struct {
	ID       id.Version
	Key      id.Version // whose key opens it: its own, or that of the version that it was copied from
	Epoch    id.Epoch   // in which Key was written
	Equal    [32]byte   // equal in a share for equal content; zero: not known
	Saved    time.Time  // by the storehouse's clock
	Session  id.Session // who saved it
	Account  id.Account
	Device   id.Device
	Previews []Preview
}

// Preview is a small picture of a version, which has a key of its own.
type Preview struct {
	ID    id.Version
	Epoch id.Epoch
}

// Link says how a path tells whose file it is.
type Link uint8

// The links. Whatever nobody has thought of is Unlinked, and may be of anybody.
const (
	Unlinked Link = iota // nothing says whose it is: it may be of anybody in the share's roster
	Nobody               // a rule says that it is of no person
	One                  // of the person N
	Group                // of everybody in the group N: a class, a school, all of a roster
)

// Who is whose file stands at a path.
type Who struct {
	Link Link
	N    int
}

// Place is where a person belongs. Numbers are told by it.
type Place struct {
	School string `json:"school"`
	Year   string `json:"year"`
	Kind   string `json:"kind"` // pupil, teacher, …
}

// Persons are the rosters of all shares. Persons and groups have dense numbers from 0 on. A path leads with the share's name. The file of
// a roster itself is a Group: of all who stand in it.
type Persons interface {
	Of(share id.Share, path pathname.Path) Who
	// Members yields the persons of a group.
	Members(group int) iter.Seq[int]
	// Everybody is the group of all in a share's roster; false if it has none.
	Everybody(share id.Share) (group int, ok bool)
	Place(person int) Place
}

// Damage tells what was done to a file: whether a distrusted hand has altered it, and whether an intact equal version or copy exists.
type Damage func(id.File) (altered, intact bool)

// Question is what is asked.
type Question struct {
	Parties []Party
	Ledger  Ledger
	Files   iter.Seq2[*File, error] // gone through once
	Damage  Damage                  // nil: nothing was altered
	Persons Persons                 // nil: there are no rosters
}

// Mark says what is known of a version or a file.
type Mark uint16

// The marks.
const (
	Altered  Mark = 1 << iota // E: by a distrusted hand
	Intact                    // I: an intact equal version or copy exists
	Released                  // P: its key was released to a distrusted party
	Reach                     // K: its key, or its content, was in reach of a distrusted host
	Cipher                    // C: ciphertext was in reach
	Gap                       // U: the records have a gap in which it could have been read
	Handled                   // a distrusted party has copied or restored it: its content may have come to it
	Own                       // a distrusted party has saved it itself: it knew the content already
)

// Class is what a file or a person counts as.
type Class uint8

// The classes. Of a file and of a person the worst of the first three counts, in this order; the others are counted beside it.
const (
	Confirmed Class = iota // Released
	Possible               // Reach, Gap or Handled
	Exempt                 // Cipher alone: a candidate for the exemption of what is encrypted
	Changed                // Altered
	Lost                   // Altered and not Intact
	Uploaded               // Own
	classes
)

// class returns the worst of the three classes, and false if there is none.
func (m Mark) class() (Class, bool) {
	switch {
	case m&Released != 0:
		return Confirmed, true
	case m&(Reach|Gap|Handled) != 0:
		return Possible, true
	case m&Cipher != 0:
		return Exempt, true
	}
	return 0, false
}

// is reports whether a file with these marks counts in a class.
func (m Mark) is(c Class) bool {
	switch c {
	case Changed:
		return m&Altered != 0
	case Lost:
		return m&(Altered|Intact) == Altered
	case Uploaded:
		return m&Own != 0
	}
	worst, ok := m.class()
	return ok && worst == c
}
