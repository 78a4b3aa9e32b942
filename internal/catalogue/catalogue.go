// Package catalogue indexes packs: which files stand in which directory, their versions, and where
// chunks lie. Everything in it can be rebuilt from the packs: Apply is the only way in, for a save,
// a replay after a crash and a rebuild alike. Names are sealed, see package seal.
package catalogue

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// ErrNone means that the catalogue has no such entry, version or epoch.
var ErrNone = errors.New("not in the catalogue")

// Node is a file or directory. The root of a share is the zero id.File; it has no Node.
type Node struct {
	File    id.File
	Parent  id.File
	Name    string // as given
	Dir     bool
	Created time.Time
	Removed time.Time // zero while it is shown
	// Modified is the time that a Touch or SetProp gave since the last version; zero: Head.Modified counts.
	Modified time.Time
	Props    []commit.Prop
	Head     Version // zero Version.Version for a directory or a placeholder
	Held     int     // how much of it is held
	Num      int64   // as in Ref
}

// Version is one version of a file.
type Version struct {
	commit.Content
	File     id.File
	Number   int // 1, 2, … within the file
	Saved    time.Time
	Author   string
	Account  id.Account
	Session  id.Session
	Device   id.Device
	Door     string
	Manifest pack.Place // of Content.Key
}

// Preview is a small picture of the content of versions: a version of its own, that no file has.
type Preview struct {
	Shows    id.Version // the Content.Key of these versions
	Version  id.Version
	Epoch    id.Epoch
	Size     int64
	Manifest pack.Place
}

// Actor is who acted.
type Actor struct {
	Session id.Session
	Account id.Account
	Device  id.Device
	Author  string
	Door    string
}

// Ref names a node in these books: a small thing, to gather very many of. It is good until they are made anew.
type Ref struct {
	Num int64 // in the order in which nodes were made
	Dir bool
}

// Story is a node with what happened to it, latest first.
type Story struct {
	Node    Node // without Props
	Changes []Change
}

// Held is something that the guard doubts, and that is not decided yet.
type Held struct {
	File   id.File
	Change // a Hold, or a HoldRemove
}

// Change is one operation on one file, as its history tells it.
type Change struct {
	Kind    commit.Kind
	When    time.Time
	Author  string
	Account id.Account
	Session id.Session
	Device  id.Device
	Door    string
	Parent  id.File // where the file stood after it (Save, Link, Move, Mkdir, Touch)
	Name    string
	Sign    string  // what the guard saw in it
	Version Version // Save, Link, Hold; HoldRemove, Settle and Expire have its Version, and who did it
	Num     int64   // of its row, in the order of the packs; good until the books are made anew. Given by Stories alone
}

// Mark says with which change a pack begins: that one, and all after it, stand in it or behind it.
type Mark struct {
	Pack   uint64
	Change int64 // a Change.Num
}

// PackOf returns the pack in which a change stands, by the marks of a share. Where no mark tells, it is a later one; 0: there are no marks.
func PackOf(marks []Mark, change int64) uint64 {
	i, found := slices.BinarySearchFunc(marks, change, func(m Mark, change int64) int { return cmp.Compare(m.Change, change) })
	switch {
	case len(marks) == 0:
		return 0
	case found: // of packs that begin with one change the last holds it
		for i+1 < len(marks) && marks[i+1].Change == change {
			i++
		}
	case i > 0:
		i--
	}
	return marks[i].Pack
}

// Changed is a change of a file.
type Changed struct {
	File id.File
	Change
}

// Actor is who made the change.
func (c *Change) Actor() Actor {
	return Actor{Session: c.Session, Account: c.Account, Device: c.Device, Author: c.Author, Door: c.Door}
}

// View reads one share. Safe for concurrent use, unless it belongs to a Tx.
type View interface {
	// Child returns the shown node called name (compared by pathname.Key) in dir.
	Child(ctx context.Context, dir id.File, name string) (Node, error)
	// Former returns every node that was last seen under that name in dir and is removed, latest removal first.
	Former(ctx context.Context, dir id.File, name string) ([]Node, error)
	// Node returns a node, shown or removed.
	Node(ctx context.Context, file id.File) (Node, error)
	// List yields the nodes of dir in no particular order: those shown, or those removed. For it as for History and Changed, no
	// lock or transaction is held between steps; what changes meanwhile may or may not be seen. Memory does not grow with what
	// is yielded.
	List(ctx context.Context, dir id.File, removed bool) iter.Seq2[Node, error]
	// History yields what happened to a file, latest first.
	History(ctx context.Context, file id.File) iter.Seq2[Change, error]
	// Changed yields what has changed since a time, latest change first. It ends at the latest change that was made at that time or
	// before: where a clock was set back, the order of the records counts. Within one record no order is promised.
	Changed(ctx context.Context, since time.Time) iter.Seq2[Changed, error]
	// Touched returns what the actors that are picked have changed since a time, each once, in the order of making; some that they have
	// changed before may be among it. The cost of what others have changed is small, and memory is that of the answer.
	Touched(ctx context.Context, since time.Time, pick func(Actor) bool) ([]Ref, error)
	// Nodes returns all nodes of the share, shown or not; memory is that of the answer.
	Nodes(ctx context.Context) (*Refs, error)
	// Stories returns nodes with their changes, in the order of refs; of what is not there, the zero Story. It goes back to the first
	// content (of a directory: the first place) that was there at a time already, and no further.
	Stories(ctx context.Context, refs []Ref, at time.Time) ([]Story, error)
	// Below counts the files that would be shown below a directory if it is, by the row of each alone.
	Below(ctx context.Context, dir id.File) (Below, error)
	// Mark says where the books are now, for Since.
	Mark(ctx context.Context) (int64, error)
	// Since returns what has changed after a mark, each as often as it has changed, in no particular order. Once the books were made
	// anew that is everything.
	Since(ctx context.Context, mark int64) ([]id.File, error)
	Version(ctx context.Context, v id.Version) (Version, error)
	// Expired tells which versions were removed by rule, in order.
	Expired(ctx context.Context, versions []id.Version) ([]bool, error)
	// Forsaken tells of which keys every version was removed by rule, in order: what they open is nobody's any more.
	Forsaken(ctx context.Context, keys []id.Version) ([]bool, error)
	// AllForsaken returns all such keys.
	AllForsaken(ctx context.Context) ([]id.Version, error)
	// Marks returns with which changes the packs begin, in order; of packs that were read before anybody asked, nothing.
	Marks(ctx context.Context) ([]Mark, error)
	// Held yields what is held, of a file or, for the zero id.File, of all; in the order in which it came.
	Held(ctx context.Context, file id.File) iter.Seq2[Held, error]
	// Previews returns the previews of the versions with these keys, in order; a zero Preview where there is none.
	Previews(ctx context.Context, shows []id.Version) ([]Preview, error)
	// Chunks returns where the chunks lie, in order; a zero Place for one that is not there.
	Chunks(ctx context.Context, ids []id.Chunk) ([]pack.Place, error)
	// Epoch returns an encapsulation.
	Epoch(ctx context.Context, e id.Epoch) ([]byte, error)
	// Totals counts the share.
	Totals(ctx context.Context) (Totals, error)
	// Digest returns a SHA-256 over everything that the catalogue says of the share, names opened, in an
	// order of its own: equal exactly for equal books, whatever their row numbers.
	Digest(ctx context.Context) ([32]byte, error)
}

// Below is what stands below a directory.
type Below struct {
	Files    int64
	Bytes    int64 // at most the largest number, which real files never add up to
	Contents int64 // of Files, how many have a version
}

// Totals are the counts of a share.
type Totals struct {
	Files, Dirs, Removed, Versions, Chunks int64
	// Bytes is the sum of the sizes of shown files. Real files never add up to 2⁶³; what damaged packs claim may, and is kept modulo 2⁶⁴, so
	// that it is right again once they are gone. A View tells the largest number instead of one below zero.
	Bytes int64
}

// Bounded are the totals as a View tells them.
func (t Totals) Bounded() Totals {
	if t.Bytes < 0 {
		t.Bytes = math.MaxInt64
	}
	return t
}

// Batch is a stretch of a share's packs, in order.
type Batch struct {
	UpTo    pack.Position // everything before it is in this batch or was applied before
	Chunks  []Located[id.Chunk]
	Epochs  []Encapsulation
	Commits []Committed
	Gone    []Gone
}

// Gone are chunks that are nobody's any more: what stands before this place of theirs counts no more.
type Gone struct {
	Place  pack.Position
	Chunks []id.Chunk
}

// Located is an id and where its frame stands.
type Located[T any] struct {
	ID    T
	Place pack.Place
}

// Encapsulation is an epoch's public part.
type Encapsulation struct {
	ID  id.Epoch
	Enc []byte
}

// Committed is a commit record with the places of the manifests that it made visible.
type Committed struct {
	commit.Record
	Place     pack.Place // of the commit's frame
	Manifests map[id.Version]pack.Place
}

// Catalogue is the index of a vault.
type Catalogue interface {
	// View reads what has been committed.
	View(share id.Share, keys *seal.Metadata) View
	// Begin starts the one transaction that may be open; it waits for the one before to end.
	Begin(ctx context.Context) (Tx, error)
	// Applied says how far a share's packs are in the catalogue; the zero Position for a new share.
	Applied(ctx context.Context, share id.Share) (pack.Position, error)
	Close() error
}

// Tx is a change to the catalogue. Its Views see what it has applied. It is not safe for concurrent use.
type Tx interface {
	View(share id.Share, keys *seal.Metadata) View
	// Apply writes the batch into the books. What was applied before is passed over: applying the
	// same batch again changes nothing. It never refuses a record for what it says (a name that is
	// taken, a parent that is not there): packs are the truth.
	Apply(ctx context.Context, share id.Share, keys *seal.Metadata, b Batch) error
	// Forget drops all of a share, before a rebuild.
	Forget(ctx context.Context, share id.Share) error
	// ForgetSome drops a part of a share of which nobody asks any more, so that other transactions come between, and reports whether that was all.
	ForgetSome(ctx context.Context, share id.Share) (all bool, err error)
	Commit() error   // durable enough: what a crash takes away is replayed from the packs
	Rollback() error // after Commit it does nothing
}
