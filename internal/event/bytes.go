package event

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// MaxSize is the largest encoding of an event: with its seal it fits into one entry of the ledger.
const MaxSize = 65_482

var (
	// ErrTooLarge means that an event does not fit into one entry of the ledger; see Split.
	ErrTooLarge = errors.New("too large for one entry of the ledger")
	// ErrNewer means that a newer version of the program wrote the bytes.
	ErrNewer = errors.New("event written by a newer version of the program")
	// ErrFormat means that bytes are no encoding of an event.
	ErrFormat = errors.New("not an encoding of an event")
)

const (
	format   = 1   // the version of the encoding
	maxExtra = 127 // the highest tag that a reader may pass over
)

// The range of times: what every program that shows them can show. The zero time.Time, "no time",
// is its first moment.
var (
	minTime = time.Time{}.UnixMilli()
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixMilli()
)

// field is one optional field of the encoding. A field that holds its zero value is not written, and
// its zero value is refused when read: so an event has one encoding.
type field struct {
	tag   uint8
	write func(b *cryptobyte.Builder, e *Event) error // writes nothing for the zero value
	read  func(s *cryptobyte.String, e *Event) bool   // need not look at what stands behind
}

// fields is docs/format.md, Ledger, Events, in ascending order of tags.
var fields = []field{
	idField(1, func(e *Event) *id.Session { return &e.Session }),
	idField(2, func(e *Event) *id.Account { return &e.Account }),
	textField(3, func(e *Event) *string { return &e.Actor }),
	idField(4, func(e *Event) *id.Device { return &e.Device }),
	{5, writeAddress, readAddress},
	textField(6, func(e *Event) *string { return &e.Door }),
	idField(7, func(e *Event) *id.Share { return &e.Share }),
	{8, writePurpose, readPurpose},
	{9, writeUntil, readUntil},
	{10, writeFiles, readFiles},
	textField(11, func(e *Event) *string { return &e.Target }),
	{12, func(b *cryptobyte.Builder, e *Event) error { addNumber(b, e.Pack); return nil },
		func(s *cryptobyte.String, e *Event) bool { return s.ReadUint64(&e.Pack) }},
	{13, func(b *cryptobyte.Builder, e *Event) error { addNumber(b, uint64(e.Size)); return nil }, readSize},
	{14, writeDigest, func(s *cryptobyte.String, e *Event) bool { return s.CopyBytes(e.Digest[:]) }},
	textField(15, func(e *Event) *string { return &e.Note }),
}

// Marshal returns the one encoding of e. Times are cut to milliseconds, bytes in texts that are no UTF-8
// are replaced. It fails for an event that is larger than MaxSize, and for times beyond the year 9999.
func (e Event) Marshal() ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 256))
	b.AddUint8(format)
	if e.Kind == "" || len(e.Kind) > 255 || !utf8.ValidString(string(e.Kind)) {
		return nil, fmt.Errorf("event of kind %q", string(e.Kind))
	}
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(e.Kind)) })
	if err := addTime(b, e.When); err != nil {
		return nil, err
	}
	for _, f := range fields {
		if err := addField(b, f, &e); err != nil {
			return nil, err
		}
	}
	last := fields[len(fields)-1].tag
	for _, x := range e.Extra {
		if x.Tag <= last || x.Tag > maxExtra {
			return nil, fmt.Errorf("event with the field %d behind %d", x.Tag, last)
		}
		last = x.Tag
		addValue(b, x.Tag, x.Value)
	}
	out, err := b.Bytes()
	switch {
	case err != nil: // a length does not fit into its prefix
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case len(out) > MaxSize:
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(out))
	}
	return out, nil
}

// KindOf tells what kind of event Parse would read, without reading the rest.
func KindOf(data []byte) (Kind, bool) {
	var version uint8
	var kind cryptobyte.String
	s := cryptobyte.String(data)
	if !s.ReadUint8(&version) || version != format || !s.ReadUint8LengthPrefixed(&kind) || kind.Empty() {
		return "", false
	}
	return Kind(kind), true
}

// Parse reads an event. It takes kinds and fields that it does not know, unless a newer program marked
// them as not to be passed over.
func Parse(data []byte) (Event, error) {
	var e Event
	var version uint8
	var kind cryptobyte.String
	s := cryptobyte.String(data)
	if len(data) > MaxSize || !s.ReadUint8(&version) || version == 0 {
		return Event{}, ErrFormat
	}
	if version != format {
		return Event{}, fmt.Errorf("%w: format %d", ErrNewer, version)
	}
	if !s.ReadUint8LengthPrefixed(&kind) || kind.Empty() || !utf8.Valid(kind) || !readTime(&s, &e.When) {
		return Event{}, ErrFormat
	}
	e.Kind = Kind(kind)
	last := uint8(0)
	for !s.Empty() {
		var tag uint8
		var value cryptobyte.String
		if !s.ReadUint8(&tag) || !s.ReadUint16LengthPrefixed(&value) || tag <= last {
			return Event{}, fmt.Errorf("%w: field %d behind %d", ErrFormat, tag, last)
		}
		last = tag
		if err := e.take(tag, value); err != nil {
			return Event{}, err
		}
	}
	return e, nil
}

// take reads the field tag into e.
func (e *Event) take(tag uint8, value cryptobyte.String) error {
	if tag > maxExtra {
		return fmt.Errorf("%w: field %d", ErrNewer, tag)
	}
	if int(tag) > len(fields) {
		e.Extra = append(e.Extra, Extra{tag, append([]byte{}, value...)})
		return nil
	}
	f, s := fields[tag-1], value
	if !f.read(&s, e) || !s.Empty() {
		return fmt.Errorf("%w: field %d", ErrFormat, tag)
	}
	// Whatever the value could also be written as is not its encoding: the zero value, a text that is no UTF-8.
	again := cryptobyte.NewBuilder(nil)
	if err := f.write(again, e); err != nil {
		return fmt.Errorf("%w: field %d: %w", ErrFormat, tag, err)
	}
	if b, err := again.Bytes(); err != nil || len(b) == 0 || string(b) != string(value) {
		return fmt.Errorf("%w: field %d", ErrFormat, tag)
	}
	return nil
}

// Split returns events that fit into one entry each, in order: e itself, or as many as its Files need, each with
// all other fields of e. Only Files can be split; an event that is too large without is ErrTooLarge.
func (e Event) Split() ([]Event, error) {
	bare := e
	bare.Files = nil
	b, err := bare.Marshal()
	if err != nil {
		return nil, err
	}
	if len(e.Files) == 0 {
		return []Event{e}, nil
	}
	room := MaxSize - len(b) - 3 // tag and length of the field
	var out []Event
	from, used := 0, 0
	for i, f := range e.Files {
		n := id.Size + 2 + len(f.Path)
		if n > room {
			return nil, fmt.Errorf("%w: a path of %d bytes", ErrTooLarge, len(f.Path))
		}
		if used+n > room {
			part := e
			part.Files = e.Files[from:i:i]
			out = append(out, part)
			from, used = i, 0
		}
		used += n
	}
	rest := e
	rest.Files = e.Files[from:]
	return append(out, rest), nil
}

func addField(b *cryptobyte.Builder, f field, e *Event) error {
	inner := cryptobyte.NewBuilder(nil)
	if err := f.write(inner, e); err != nil {
		return err
	}
	v, err := inner.Bytes()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if len(v) > 0 {
		addValue(b, f.tag, v)
	}
	return nil
}

func addValue(b *cryptobyte.Builder, tag uint8, v []byte) {
	b.AddUint8(tag)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

// identifier is what the types of package id have in common.
type identifier interface{ ~[id.Size]byte }

func idField[T identifier](tag uint8, of func(*Event) *T) field {
	return field{tag, func(b *cryptobyte.Builder, e *Event) error {
		if v := *of(e); v != *new(T) {
			raw := [id.Size]byte(v)
			b.AddBytes(raw[:])
		}
		return nil
	}, func(s *cryptobyte.String, e *Event) bool {
		var raw [id.Size]byte
		ok := s.CopyBytes(raw[:])
		*of(e) = T(raw)
		return ok
	}}
}

func textField(tag uint8, of func(*Event) *string) field {
	return field{tag, func(b *cryptobyte.Builder, e *Event) error {
		b.AddBytes([]byte(strings.ToValidUTF8(*of(e), "\uFFFD")))
		return nil
	}, func(s *cryptobyte.String, e *Event) bool {
		*of(e) = string(*s)
		return s.Skip(len(*s))
	}}
}

func writePurpose(b *cryptobyte.Builder, e *Event) error {
	b.AddBytes([]byte(strings.ToValidUTF8(string(e.Purpose), "\uFFFD")))
	return nil
}

func readPurpose(s *cryptobyte.String, e *Event) bool {
	e.Purpose = account.Purpose(*s)
	return s.Skip(len(*s))
}

// writeAddress leaves out the zone: it names an interface of the keeper's machine, and only link-local
// addresses have one.
func writeAddress(b *cryptobyte.Builder, e *Event) error {
	b.AddBytes(e.Address.WithZone("").AsSlice())
	return nil
}

func readAddress(s *cryptobyte.String, e *Event) (ok bool) {
	e.Address, ok = netip.AddrFromSlice(*s)
	return ok && s.Skip(len(*s))
}

func writeUntil(b *cryptobyte.Builder, e *Event) error {
	if e.Until.UnixMilli() == minTime {
		return nil
	}
	return addTime(b, e.Until)
}

func readUntil(s *cryptobyte.String, e *Event) bool { return readTime(s, &e.Until) }

func writeFiles(b *cryptobyte.Builder, e *Event) error {
	for _, f := range e.Files {
		b.AddBytes(f.Version[:])
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(f.Path) })
	}
	return nil
}

func readFiles(s *cryptobyte.String, e *Event) bool {
	e.Files = make([]File, 0, 1+len(*s)/128)
	for !s.Empty() {
		var f File
		var path cryptobyte.String
		if !s.CopyBytes(f.Version[:]) || !s.ReadUint16LengthPrefixed(&path) {
			return false
		}
		if len(path) > 0 {
			f.Path = append([]byte{}, path...)
		}
		e.Files = append(e.Files, f)
	}
	return true
}

func addNumber(b *cryptobyte.Builder, n uint64) {
	if n != 0 {
		b.AddUint64(n)
	}
}

func readSize(s *cryptobyte.String, e *Event) bool {
	var n uint64
	ok := s.ReadUint64(&n)
	e.Size = int64(n)
	return ok
}

func writeDigest(b *cryptobyte.Builder, e *Event) error {
	if e.Digest != [32]byte{} {
		b.AddBytes(e.Digest[:])
	}
	return nil
}

func addTime(b *cryptobyte.Builder, t time.Time) error {
	ms := t.UnixMilli()
	if ms < minTime || ms > maxTime {
		return fmt.Errorf("event at a time in the year %d", t.UTC().Year())
	}
	b.AddUint64(uint64(ms))
	return nil
}

func readTime(s *cryptobyte.String, to *time.Time) bool {
	var u uint64
	if !s.ReadUint64(&u) || int64(u) < minTime || int64(u) > maxTime {
		return false
	}
	*to = time.UnixMilli(int64(u)).UTC()
	return true
}
