package commit

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/crypto/cryptobyte"
)

// Marshal returns the one encoding of m. It refuses a manifest whose pieces do not make up its size.
func (m Manifest) Marshal() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 12+len(m.Inline)+partSize*len(m.Parts)))
	b.AddUint8(format)
	b.AddUint8(uint8(m.Level))
	b.AddUint64(uint64(m.Size))
	var err error
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { err = addExtras(b, m.Extra) })
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	b.AddBytes(m.Inline)
	addParts(b, m.Parts)
	out, err := finish(b, MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return out, nil
}

// ParseManifest reads what Marshal wrote and refuses every other encoding. Inline shares its memory with b.
func ParseManifest(b []byte) (m Manifest, err error) {
	s, err := begin(b, MaxRecord)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	var level uint8
	var extras cryptobyte.String
	if !s.ReadUint8(&level) || !readSize(&s, &m.Size) || !s.ReadUint16LengthPrefixed(&extras) {
		return Manifest{}, fmt.Errorf("manifest: %w", ErrFormat)
	}
	m.Level = int(level)
	if m.Extra, err = readExtras(extras); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	if m.Level == 0 {
		if len(s) > 0 {
			m.Inline = s
		}
	} else if m.Parts, err = readParts(s); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	if err := m.check(); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w: %w", ErrFormat, err)
	}
	return m, nil
}

// check tells what makes m no manifest.
func (m *Manifest) check() error {
	switch {
	case m.Level < 0 || m.Level > 2:
		return fmt.Errorf("level %d", m.Level)
	case m.Level == 0 && len(m.Parts) > 0 || m.Level > 0 && len(m.Inline) > 0:
		return fmt.Errorf("level %d with %d parts and %d bytes", m.Level, len(m.Parts), len(m.Inline))
	case m.Level > 0 && len(m.Parts) == 0:
		return fmt.Errorf("level %d without parts", m.Level)
	}
	size := int64(len(m.Inline))
	if m.Level > 0 {
		var err error
		if size, err = total(m.Parts, m.Level); err != nil {
			return err
		}
	}
	if size != m.Size {
		return fmt.Errorf("pieces of %d bytes make up content of %d", size, m.Size)
	}
	return nil
}

// total adds up the sizes of parts at a level.
func total(parts []Part, level int) (n int64, err error) {
	for i := range parts {
		switch p := &parts[i]; {
		case p.Size <= 0 || level == 1 && p.Size > MaxPart || p.Size > math.MaxInt64-n:
			return 0, fmt.Errorf("part of %d bytes", p.Size)
		case level == 2 && p.Packed:
			return 0, errors.New("compressed list of parts")
		default:
			n += p.Size
		}
	}
	return n, nil
}

// MarshalParts returns the one encoding of a list of parts, the content of a chunk that a manifest of
// Level 2 names.
func MarshalParts(parts []Part) ([]byte, error) {
	if len(parts) == 0 {
		return nil, errors.New("list of parts: empty")
	}
	if _, err := total(parts, 1); err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 1+partSize*len(parts)))
	b.AddUint8(format)
	addParts(b, parts)
	out, err := finish(b, MaxPart)
	if err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	return out, nil
}

// ParseParts reads what MarshalParts wrote and refuses every other encoding. The caller compares the sum of the
// sizes with that of the part that names the list.
func ParseParts(b []byte) ([]Part, error) {
	s, err := begin(b, MaxPart)
	if err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	parts, err := readParts(s)
	if err != nil {
		return nil, fmt.Errorf("list of parts: %w", err)
	}
	if _, err := total(parts, 1); err != nil {
		return nil, fmt.Errorf("list of parts: %w: %w", ErrFormat, err)
	}
	return parts, nil
}

const partSize = 32 + 32 + 8 + 1

func addParts(b *cryptobyte.Builder, parts []Part) {
	for i := range parts {
		p := &parts[i]
		b.AddBytes(p.Chunk[:])
		b.AddBytes(p.Key[:])
		b.AddUint64(uint64(p.Size))
		packed := uint8(0)
		if p.Packed {
			packed = 1
		}
		b.AddUint8(packed)
	}
}

func readParts(s cryptobyte.String) ([]Part, error) {
	if len(s)%partSize != 0 || len(s) == 0 {
		return nil, fmt.Errorf("%w: %d bytes of parts", ErrFormat, len(s))
	}
	parts := make([]Part, len(s)/partSize)
	for i := range parts {
		p := &parts[i]
		var packed uint8
		ok := s.CopyBytes(p.Chunk[:]) && s.CopyBytes(p.Key[:]) && readSize(&s, &p.Size) && s.ReadUint8(&packed)
		if !ok || packed > 1 {
			return nil, fmt.Errorf("%w: part %d", ErrFormat, i)
		}
		p.Packed = packed == 1
	}
	return parts, nil
}
