package commit

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// fields is a set of groups of an Op's fields, in the order in which they are written.
type fields uint8

const (
	place    fields = 1 << iota // Parent, Name
	version                     // Version
	origin                      // Key, if it is not Version
	content                     // Epoch, Size
	modified                    // Modified
	sums                        // Equal, Sums
	props                       // Props
)

// layout tells which fields an operation has.
var layout = map[Kind]fields{
	Mkdir:   place | modified,
	Touch:   place | modified,
	Save:    place | version | content | modified | sums,
	Link:    place | version | origin | content | modified | sums,
	Move:    place,
	Remove:  0,
	SetProp: modified | props,
	Preview: version | origin | content,

	Hold:       version | origin | content | modified | sums,
	HoldRemove: version,
	Settle:     version,
	Expire:     version,
}

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Mkdir:
		return "mkdir"
	case Touch:
		return "touch"
	case Save:
		return "save"
	case Link:
		return "link"
	case Move:
		return "move"
	case Remove:
		return "remove"
	case SetProp:
		return "set-prop"
	case Preview:
		return "preview"
	case Hold:
		return "hold"
	case HoldRemove:
		return "hold-remove"
	case Settle:
		return "settle"
	case Expire:
		return "expire"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// Marshal returns the one encoding of r. Times lose what is below a microsecond. An act of too many
// operations is ErrTooLarge: it must become several records.
func (r Record) Marshal() ([]byte, error) {
	if len(r.Ops) > MaxOps {
		return nil, fmt.Errorf("commit record: %w: %d operations", ErrTooLarge, len(r.Ops))
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 128+224*len(r.Ops)))
	b.AddUint8(format)
	err := addTime(b, r.When)
	if err != nil {
		return nil, fmt.Errorf("commit record: %w", err)
	}
	b.AddBytes(r.Session[:])
	b.AddBytes(r.Account[:])
	b.AddBytes(r.Device[:])
	addText(b, r.Author)
	addText(b, r.Door)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { err = addExtras(b, r.Extra) })
	if err != nil {
		return nil, fmt.Errorf("commit record: %w", err)
	}
	for i := range r.Ops {
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { err = r.Ops[i].add(b) })
		if err != nil {
			return nil, fmt.Errorf("commit record: %v: %w", r.Ops[i].Kind, err)
		}
	}
	out, err := finish(b, MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("commit record: %w", err)
	}
	return out, nil
}

// ParseRecord reads what Marshal wrote. It refuses every other encoding, and what a newer version of the
// program may have written, as ErrNewer: to pass over an operation would show another state.
func ParseRecord(b []byte) (r Record, err error) {
	s, err := begin(b, MaxRecord)
	if err != nil {
		return Record{}, fmt.Errorf("commit record: %w", err)
	}
	var extras cryptobyte.String
	if !readTime(&s, &r.When) || !s.CopyBytes(r.Session[:]) || !s.CopyBytes(r.Account[:]) || !s.CopyBytes(r.Device[:]) ||
		!readText(&s, &r.Author) || !readText(&s, &r.Door) || !s.ReadUint16LengthPrefixed(&extras) {
		return Record{}, fmt.Errorf("commit record: %w", ErrFormat)
	}
	if r.Extra, err = readExtras(extras); err != nil {
		return Record{}, fmt.Errorf("commit record: %w", err)
	}
	for !s.Empty() {
		var op cryptobyte.String
		if !s.ReadUint24LengthPrefixed(&op) || len(r.Ops) == MaxOps {
			return Record{}, fmt.Errorf("commit record: %w: operation %d", ErrFormat, len(r.Ops))
		}
		o, err := readOp(op)
		if err != nil {
			return Record{}, fmt.Errorf("commit record: operation %d: %w", len(r.Ops), err)
		}
		r.Ops = append(r.Ops, o)
	}
	return r, nil
}

// add writes o, and refuses fields that its kind does not have: they would be lost without a word.
func (o *Op) add(b *cryptobyte.Builder) error {
	has, ok := layout[o.Kind]
	if !ok {
		return fmt.Errorf("unknown operation %d", o.Kind)
	}
	if extra := o.set() &^ has; extra != 0 {
		return fmt.Errorf("fields (set %#x) that this operation does not have", uint8(extra))
	}
	b.AddUint8(uint8(o.Kind))
	b.AddBytes(o.File[:])
	if has&place != 0 {
		b.AddBytes(o.Parent[:])
		addText(b, o.Name)
	}
	if has&version != 0 {
		b.AddBytes(o.Version[:])
	}
	if has&origin != 0 {
		b.AddBytes(o.Key[:])
	}
	if has&content != 0 {
		b.AddBytes(o.Epoch[:])
		if err := addSize(b, o.Size); err != nil {
			return err
		}
	}
	if has&modified != 0 {
		if err := addTime(b, o.Modified); err != nil {
			return err
		}
	}
	if has&sums != 0 {
		b.AddBytes(o.Equal[:])
		if err := addSums(b, o.Sums); err != nil {
			return err
		}
	}
	if has&props != 0 {
		if err := addProps(b, o.Props); err != nil {
			return err
		}
	}
	extras, err := o.extras()
	if err != nil {
		return err
	}
	return addExtras(b, extras)
}

// set returns which fields are not zero.
func (o *Op) set() (f fields) {
	for _, x := range []struct {
		set bool
		f   fields
	}{
		{!o.Parent.IsZero() || o.Name != "", place},
		{!o.Version.IsZero(), version},
		{o.Key != o.Version, origin},
		{!o.Epoch.IsZero() || o.Size != 0, content},
		{!o.Modified.IsZero(), modified},
		{o.Equal != [32]byte{} || len(o.Sums) > 0, sums},
		{len(o.Props) > 0, props},
	} {
		if x.set {
			f |= x.f
		}
	}
	return f
}

func readOp(s cryptobyte.String) (o Op, err error) {
	var kind uint8
	if !s.ReadUint8(&kind) {
		return Op{}, ErrFormat
	}
	o.Kind = Kind(kind)
	has, ok := layout[o.Kind]
	if !ok {
		return Op{}, fmt.Errorf("%w: operation of kind %d", ErrNewer, kind)
	}
	ok = s.CopyBytes(o.File[:])
	if has&place != 0 {
		ok = ok && s.CopyBytes(o.Parent[:]) && readText(&s, &o.Name)
	}
	if has&version != 0 {
		ok = ok && s.CopyBytes(o.Version[:])
		o.Key = o.Version
	}
	if has&origin != 0 {
		ok = ok && s.CopyBytes(o.Key[:])
	}
	if has&content != 0 {
		ok = ok && s.CopyBytes(o.Epoch[:]) && readSize(&s, &o.Size)
	}
	if has&modified != 0 {
		ok = ok && readTime(&s, &o.Modified)
	}
	if has&sums != 0 {
		ok = ok && s.CopyBytes(o.Equal[:]) && readSums(&s, &o.Sums)
	}
	if has&props != 0 {
		ok = ok && readProps(&s, &o.Props)
	}
	if !ok {
		return Op{}, fmt.Errorf("%w: %v", ErrFormat, o.Kind)
	}
	if o.Extra, err = readExtras(s); err != nil {
		return o, err
	}
	return o, o.takeKnown()
}

func addSums(b *cryptobyte.Builder, sums []Sum) error {
	if len(sums) > 255 {
		return fmt.Errorf("%w: %d checksums", ErrTooLarge, len(sums))
	}
	b.AddUint8(uint8(len(sums)))
	for _, x := range sums {
		addText(b, x.Algorithm)
		addText(b, x.Value)
	}
	return nil
}

func readSums(s *cryptobyte.String, to *[]Sum) bool {
	var n uint8
	if !s.ReadUint8(&n) {
		return false
	}
	for range n {
		var x Sum
		if !readText(s, &x.Algorithm) || !readText(s, &x.Value) {
			return false
		}
		*to = append(*to, x)
	}
	return true
}

func addProps(b *cryptobyte.Builder, props []Prop) error {
	if len(props) > 1<<16-1 {
		return fmt.Errorf("%w: %d properties", ErrTooLarge, len(props))
	}
	b.AddUint16(uint16(len(props)))
	for _, p := range props {
		addText(b, p.Space)
		addText(b, p.Name)
		addText24(b, p.Value)
	}
	return nil
}

func readProps(s *cryptobyte.String, to *[]Prop) bool {
	var n uint16
	if !s.ReadUint16(&n) {
		return false
	}
	for range n {
		var p Prop
		if !readText(s, &p.Space) || !readText(s, &p.Name) || !readText24(s, &p.Value) {
			return false
		}
		*to = append(*to, p)
	}
	return true
}
