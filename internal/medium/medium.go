// Package medium knows what lies on a medium, and how it gets there: the packs of a vault, its ledger, and the keeper's sealed files
// without any key of a share. With the paper shares and a key card it is a vault; alone it tells nobody anything but sizes and times.
//
// All of a medium is objects that are put once and whole: nothing is appended to, renamed or written again, so that a disk, a tape
// and a bucket with Object Lock hold the same. A pack that grows is several objects, one for each sync that found more of it. What
// was copied counts once a record says so, which is signed, numbered, and put last: docs/format.md, Media.
package medium

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

// Target is where the objects of a medium lie. All methods may be used concurrently.
type Target interface {
	// Put makes an object of a size from the pieces that body yields, in order; what stood there is replaced. All pieces but the last are
	// multiples of durable.Block long, and their memory is aligned to it and not kept. body can be run again, from the first piece on. After an error, or when the power goes before Flush,
	// there may be nothing, a part, or other bytes under the name.
	Put(ctx context.Context, name string, size int64, body iter.Seq2[[]byte, error]) error

	// Flush returns once everything that was put is durable, with its name.
	Flush(ctx context.Context) error

	// Open opens an object. Bytes come from the medium itself, as far as the system lets one ask for that, and not from a cache.
	Open(ctx context.Context, name string) (Object, error)

	// List yields the names below a folder, "" being all, in no order, and how long each is.
	List(ctx context.Context, folder string) iter.Seq2[Entry, error]

	// Remove removes an object; one that is not there is no error. A target that keeps all for a time may refuse.
	Remove(ctx context.Context, name string) error

	// Free returns how many bytes can still be put, or −1 where nobody can tell.
	Free(ctx context.Context) (int64, error)
}

// Object is an open object. ReadAt may be used concurrently, and is fastest from a multiple of durable.Block on into aligned memory.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// Entry is an object in a list.
type Entry struct {
	Name    string
	Size    int64
	Several bool // more than one thing stands under the name, or a mark that it is gone: Locking
}

// DescriptorName is the object that makes a folder a medium.
const DescriptorName = "medium.json"

// The names of objects.
const (
	descriptorName = DescriptorName
	recordDir      = "records" // NUMBER, and NUMBER.PART of what is not complete
	listDir        = "lists"   // by their SHA-256: which segments a share has, and what a record stands for
	fileDir        = "files"   // by their SHA-256: the keeper's files and the settings
	packDir        = "packs"   // SHARE/PACK-FROM
	booksDir       = "books"   // by their SHA-256: sealed copies of the catalogue, each of one share
	ledgerDir      = "ledger"  // tlog-tiles, without a checkpoint: each record has its own
)

// Descriptor says in clear what a medium is. It holds nothing about anybody.
type Descriptor struct {
	Format int       `json:"azekura_medium"` // 1
	ID     id.Medium `json:"id"`
	Label  string    `json:"label"`         // what stands on its sticker
	Set    string    `json:"set,omitempty"` // A, B, C: which of those that take turns
	Vault  string    `json:"vault"`         // the public key of the vault's ledger
	Made   time.Time `json:"made"`
	Lock   int       `json:"lock_days,omitempty"` // for how many days what is put on it is locked
}

const (
	format        = 1
	maxDescriptor = 64 << 10
)

// ErrNone means that there is no medium in a place.
var ErrNone = errors.New("there is no medium")

// Describe reads what a medium is. The error is ErrNone if there is none.
func Describe(ctx context.Context, t Target) (d Descriptor, err error) {
	b, err := read(ctx, layered(t), descriptorName, maxDescriptor)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("%s: %w", descriptorName, err)
	}
	if d.Format != format {
		return d, fmt.Errorf("%s: a medium of another format (%d)", descriptorName, d.Format)
	}
	return d, nil
}

// Make makes a medium of an empty target.
func Make(ctx context.Context, t Target, d Descriptor) error {
	d.Format = format
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if err := put(ctx, t, descriptorName, append(b, '\n')); err != nil {
		return err
	}
	return t.Flush(ctx)
}

// segment is a part of a pack that one sync has copied.
type segment struct {
	pack   uint64
	from   int64
	length int64
	sum    [32]byte // SHA-256
	anew   uint64   // it is all of a pack that was written anew, with this in its name, from anewBit on; from is 0 then
}

// anewBit tells the name of a pack that was written anew, as it is once something was taken out of it, from the place where a segment begins. It lies
// beside what was copied before, until no state needs that.
const anewBit = 1 << 63

// anewOf is what tells a pack that was written anew from others in its place; 0: it is as it was sealed.
func anewOf(i pack.Info) uint64 {
	if !i.Sealed || i.Former == [32]byte{} {
		return 0
	}
	return binary.BigEndian.Uint64(i.Digest[:]) | anewBit
}

// at is what a segment's name and its line in a list say of where it begins.
func (s segment) at() uint64 {
	if s.anew != 0 {
		return s.anew
	}
	return uint64(s.from)
}

func (s segment) end() int64 { return s.from + s.length }

func (s segment) name(share id.Share) string {
	return fmt.Sprintf("%s/%v/%016x-%016x", packDir, share, s.pack, s.at())
}

// segmentOf reads the name of a segment.
func segmentOf(name string) (share id.Share, pack uint64, from int64, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || parts[0] != packDir || share.UnmarshalText([]byte(parts[1])) != nil || len(parts[2]) != 33 || parts[2][16] != '-' {
		return share, 0, 0, false
	}
	pack, err := strconv.ParseUint(parts[2][:16], 16, 64)
	at, err2 := strconv.ParseUint(parts[2][17:], 16, 64)
	if at >= anewBit {
		at = 0
	}
	return share, pack, int64(at), err == nil && err2 == nil && strings.ToLower(parts[2]) == parts[2]
}

func recordName(n uint64) string { return fmt.Sprintf("%s/%016x", recordDir, n) }

func partName(n uint64, part int) string { return fmt.Sprintf("%s.%08x", recordName(n), part) }

// numberOf reads the name of a record, part being −1 for a complete state.
func numberOf(name string) (n uint64, part int, ok bool) {
	number, rest, partly := strings.Cut(path.Base(name), ".")
	n, err := strconv.ParseUint(number, 16, 64)
	if path.Dir(name) != recordDir || len(number) != 16 || err != nil || n == 0 {
		return 0, 0, false
	}
	if !partly {
		return n, -1, true
	}
	p, err := strconv.ParseUint(rest, 16, 31)
	return n, int(p), err == nil && len(rest) == 8
}

func sumName(dir string, sum [32]byte) string { return dir + "/" + hex.EncodeToString(sum[:]) }
