package commit

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/seal"
)

// Limits of what is written and read. They bound the memory that stored bytes can ask for.
const (
	// MaxRecord is the largest encoding of a record or a manifest: with its seal it fits into a frame of a pack.
	MaxRecord = 16<<20 - seal.OnceOverhead
	// MaxOps is the largest number of operations of a record.
	MaxOps = 1 << 16
	// MaxPart is how many bytes of content a chunk may hold, and how long a list of parts may be.
	MaxPart = 2 << 20
	// MaxExtra is the highest tag of an optional field that may be passed over.
	MaxExtra = 127
)

const format = 1 // of records, manifests and lists of parts

var (
	// ErrTooLarge means that an act does not fit into one record, or a content not into one manifest.
	ErrTooLarge = errors.New("too large for one record")
	// ErrNewer means that a newer version of the program wrote the bytes.
	ErrNewer = errors.New("written by a newer version of the program")
	// ErrFormat means that bytes are no encoding of what they should be.
	ErrFormat = errors.New("not an encoding of format 1")
)

// finish returns the bytes of b within a limit.
func finish(b *cryptobyte.Builder, limit int) ([]byte, error) {
	out, err := b.Bytes()
	switch {
	case err != nil: // a length does not fit into its prefix
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case len(out) > limit:
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(out))
	}
	return out, nil
}

// begin checks a limit and reads the version of the format.
func begin(b []byte, limit int) (cryptobyte.String, error) {
	s := cryptobyte.String(b)
	var v uint8
	switch {
	case len(b) > limit:
		return nil, fmt.Errorf("%w: %d bytes", ErrFormat, len(b))
	case !s.ReadUint8(&v) || v == 0:
		return nil, ErrFormat
	case v != format:
		return nil, fmt.Errorf("%w: format %d", ErrNewer, v)
	}
	return s, nil
}

func addText(b *cryptobyte.Builder, s string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func addText24(b *cryptobyte.Builder, s string) {
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

func readText(s *cryptobyte.String, to *string) bool {
	var t cryptobyte.String
	ok := s.ReadUint16LengthPrefixed(&t)
	*to = string(t)
	return ok
}

func readText24(s *cryptobyte.String, to *string) bool {
	var t cryptobyte.String
	ok := s.ReadUint24LengthPrefixed(&t)
	*to = string(t)
	return ok
}

// The range of times: what every program that shows them can show. The zero time.Time, "no time", is
// its first moment.
var (
	minTime = time.Time{}.UnixMicro()
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixMicro()
)

// addTime writes t in microseconds.
func addTime(b *cryptobyte.Builder, t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return fmt.Errorf("time in the year %d", y)
	}
	b.AddUint64(uint64(t.UnixMicro()))
	return nil
}

func readTime(s *cryptobyte.String, to *time.Time) bool {
	var u uint64
	if !s.ReadUint64(&u) || int64(u) < minTime || int64(u) > maxTime {
		return false
	}
	*to = time.UnixMicro(int64(u)).UTC()
	return true
}

func addSize(b *cryptobyte.Builder, n int64) error {
	if n < 0 {
		return fmt.Errorf("size %d", n)
	}
	b.AddUint64(uint64(n))
	return nil
}

func readSize(s *cryptobyte.String, to *int64) bool {
	var u uint64
	ok := s.ReadUint64(&u) && u <= math.MaxInt64
	*to = int64(u)
	return ok
}

// addExtras writes optional fields, which fill what they are written into.
func addExtras(b *cryptobyte.Builder, extras []Extra) error {
	last := uint8(0)
	for _, e := range extras {
		if e.Tag <= last || e.Tag > MaxExtra {
			return fmt.Errorf("optional field %d after %d", e.Tag, last)
		}
		last = e.Tag
		b.AddUint8(e.Tag)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e.Value) })
	}
	return nil
}

// readExtras reads optional fields up to the end of s.
func readExtras(s cryptobyte.String) (extras []Extra, err error) {
	last := uint8(0)
	for !s.Empty() {
		var tag uint8
		var value cryptobyte.String
		if !s.ReadUint8(&tag) || !s.ReadUint16LengthPrefixed(&value) || tag <= last {
			return nil, fmt.Errorf("%w: optional fields", ErrFormat)
		}
		if tag > MaxExtra {
			return nil, fmt.Errorf("%w: field %d", ErrNewer, tag)
		}
		last = tag
		extras = append(extras, Extra{tag, append([]byte{}, value...)})
	}
	return extras, nil
}
