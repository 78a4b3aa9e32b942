// Package commit says what a save means, as bytes: the manifest of a version and the commit record
// that makes an act visible. docs/format.md has the layout; docs/vectors has examples.
package commit

import (
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Kind says what an Op does. Numbers are part of the format.
type Kind uint8

// The kinds of operations.
const (
	Mkdir   Kind = 1 // a new directory
	Touch   Kind = 2 // a file without content yet: a placeholder, no version
	Save    Kind = 3 // a new version with content of its own becomes the head of File
	Link    Kind = 4 // a new version with the content of an older one (of any file): copy, restore, save by rename
	Move    Kind = 5 // File stands at Parent/Name from now on; a removed one comes back
	Remove  Kind = 6 // File is no longer shown; nothing is lost
	SetProp Kind = 7 // properties of File are replaced by Props
	Preview Kind = 8 // a small picture, sealed like a version, of every version with the content of Key
	// What the guard doubts is kept, and shown to its author; others go on seeing what was there. Version names it until a Settle.
	Hold       Kind = 9  // a version of File that does not become its head: of its own content, or of another's like a Link
	HoldRemove Kind = 10 // a Remove of File
	Settle     Kind = 11 // the Hold or HoldRemove that Version names is decided; what was decided are other operations
	Expire     Kind = 12 // Version is removed by the rule of its share: it stays in the history, and its content is nobody's any more
)

// HasManifest reports whether a manifest stands before the record, for Version's own key to open.
func (o *Op) HasManifest() bool {
	return o.Kind == Save || o.Kind == Preview || o.Kind == Hold && o.Key == o.Version
}

// InlineMax is the largest content that sits in its manifest. What is larger is in chunks.
const InlineMax = 32 << 10

// HasChunks reports whether the operation makes a content that is in chunks.
func (o *Op) HasChunks() bool { return o.HasManifest() && o.Kind != Preview && o.Size > InlineMax }

// HasContent reports whether an operation of this kind makes a version of a file.
func (k Kind) HasContent() bool { return k == Save || k == Link || k == Hold }

// Record is one act: its operations become visible together or not at all.
type Record struct {
	When    time.Time // storehouse clock, UTC, microseconds
	Session id.Session
	Account id.Account
	Device  id.Device
	Author  string // the account's name at that time, so that a vault tells it without its keeper
	Door    string
	Ops     []Op
	Extra   []Extra
}

// Op is one operation. Which fields count depends on Kind; the others are zero: Marshal refuses a
// record that would not be read back as it is.
type Op struct {
	Kind    Kind
	File    id.File
	Parent  id.File // Mkdir, Touch, Move, Save, Link: where File stands
	Name    string  // likewise: as given
	Content         // Save, Link, Hold; Mkdir, Touch and SetProp have its Modified alone, HoldRemove and Settle its Version; see Preview
	Props   []Prop  // SetProp
	Sign    string  // what the guard saw in it, a word of package guard; empty: nothing
	Extra   []Extra
}

// Extra is an optional field that this version of the program does not know and keeps as it is. Tags
// from 1 to MaxExtra may be passed over; a record with a higher one is refused, see docs/format.md.
type Extra struct {
	Tag   uint8
	Value []byte
}

// Content describes a version.
type Content struct {
	Version  id.Version // of this version
	Key      id.Version // whose file key opens the manifest: Version itself for Save, the origin for Link, either for Hold; for Preview what it shows
	Epoch    id.Epoch   // in which Key was written; for Preview, Version
	Size     int64
	Modified time.Time // as the client gave it, microseconds
	Equal    [32]byte  // keyed hash of the content: equal in a share exactly for equal content
	Sums     []Sum     // checksums that the client gave and the door verified
	Found    Found     // Save, Link, Hold: what a look at the content has found
}

// Sum is a checksum of a version's content, such as SHA1 in hexadecimal.
type Sum struct{ Algorithm, Value string }

// Prop is a property that a client has set on a file, opaque to the vault.
type Prop struct{ Space, Name, Value string }

// Manifest tells how a version's content is put together: it is Inline, or the concatenation of the
// chunks Parts. In a manifest of Level 2, Parts are chunks that hold lists of parts (for files so
// large that one list would not fit into bounded memory).
type Manifest struct {
	Size   int64
	Level  int // 0 inline, 1 parts, 2 lists of parts
	Inline []byte
	Parts  []Part
	Extra  []Extra
}

// Part is a chunk of a file.
type Part struct {
	Chunk  id.Chunk
	Key    seal.Key
	Size   int64 // plain bytes of the file that it stands for
	Packed bool  // compressed with zstd before sealing; never at Level 2
}
