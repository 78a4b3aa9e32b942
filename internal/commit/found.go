package commit

import (
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// Found is what a look at the structure of a version's content has found when it was saved, docs/format.md. The zero value: nobody looked.
type Found struct {
	Looked   bool
	Deep     bool   // also into compressed data
	Damaged  bool   // it begins as its kind does, and is not that from At on
	Sealed   bool   // it is locked with a password of its own
	Even     bool   // all bytes are equally frequent, and no kind is known
	Kind     string // such as "jpeg"; empty: none that is known
	Reason   string // of what is damaged: what is wrong, a word
	At       int64
	Trailing int64 // bytes after the end of what the kind has
}

// The tags of optional fields of operations that are known.
const (
	tagFound = 1 // a Found, of operations that make a version
	tagSign  = 2 // a Sign
)

const (
	foundDeep = 1 << iota
	foundDamaged
	foundSealed
	foundEven
)

// marshal returns the field's value.
func (f *Found) marshal() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	flags := uint8(0)
	for bit, set := range map[uint8]bool{foundDeep: f.Deep, foundDamaged: f.Damaged, foundSealed: f.Sealed, foundEven: f.Even} {
		if set {
			flags |= bit
		}
	}
	b.AddUint8(flags)
	addText(b, f.Kind)
	addText(b, f.Reason)
	if err := addSize(b, f.At); err != nil {
		return nil, err
	}
	if err := addSize(b, f.Trailing); err != nil {
		return nil, err
	}
	return b.Bytes()
}

// extras returns the optional fields of o, those that are known in front: their tags are the lowest.
func (o *Op) extras() (out []Extra, err error) {
	has := layout[o.Kind]&sums != 0
	for _, x := range o.Extra {
		if x.Tag == tagFound && has || x.Tag == tagSign {
			return nil, fmt.Errorf("optional field %d is not free", x.Tag)
		}
	}
	if o.Found != (Found{}) {
		if !o.Found.Looked || !has {
			return nil, fmt.Errorf("a finding that this operation does not have")
		}
		v, err := o.Found.marshal()
		if err != nil {
			return nil, err
		}
		out = append(out, Extra{tagFound, v})
	}
	if o.Sign != "" {
		if len(o.Sign) > maxSign {
			return nil, fmt.Errorf("%w: a sign of %d bytes", ErrTooLarge, len(o.Sign))
		}
		i := slices.IndexFunc(o.Extra, func(x Extra) bool { return x.Tag > tagSign })
		if i < 0 {
			i = len(o.Extra)
		}
		return slices.Concat(out, o.Extra[:i], []Extra{{tagSign, []byte(o.Sign)}}, o.Extra[i:]), nil
	}
	return append(out, o.Extra...), nil
}

// maxSign bounds the word of a sign, in bytes.
const maxSign = 32

// takeKnown takes what is known out of the optional fields.
func (o *Op) takeKnown() error {
	rest := slices.Clone(o.Extra)
	if len(rest) > 0 && rest[0].Tag == tagFound && layout[o.Kind]&sums != 0 {
		if err := o.Found.parse(rest[0].Value); err != nil {
			return err
		}
		rest = rest[1:]
	}
	if i := slices.IndexFunc(rest, func(x Extra) bool { return x.Tag == tagSign }); i >= 0 {
		if n := len(rest[i].Value); n == 0 || n > maxSign {
			return fmt.Errorf("%w: sign", ErrFormat)
		}
		o.Sign = string(rest[i].Value)
		rest = slices.Delete(rest, i, i+1)
	}
	if o.Extra = rest; len(rest) == 0 {
		o.Extra = nil
	}
	return nil
}

// parse reads what marshal wrote.
func (f *Found) parse(value []byte) error {
	s := cryptobyte.String(value)
	var flags uint8
	*f = Found{Looked: true}
	if !s.ReadUint8(&flags) || flags >= foundEven<<1 || !readText(&s, &f.Kind) || !readText(&s, &f.Reason) || !readSize(&s, &f.At) || !readSize(&s, &f.Trailing) || !s.Empty() {
		return fmt.Errorf("%w: what was found", ErrFormat)
	}
	f.Deep, f.Damaged, f.Sealed, f.Even = flags&foundDeep != 0, flags&foundDamaged != 0, flags&foundSealed != 0, flags&foundEven != 0
	return nil
}
