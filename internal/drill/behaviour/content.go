package behaviour

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/jpeg"
	"math/rand/v2"
)

// span is a stretch of bytes.
type span struct{ from, to int64 }

// spans returns which bytes of a file of a size are replaced, in order and apart from each other. r says where strewn ones stand.
func (p Part) spans(size int64, r *rand.Rand) (out []span) {
	add := func(from, to int64) {
		if n := len(out); n > 0 {
			from = max(from, out[n-1].to)
		}
		if from, to = max(from, min(p.Keep, size)), min(to, size); from < to {
			out = append(out, span{from, to})
		}
	}
	switch {
	case p.Small > 0 && size <= p.Small:
		return []span{{0, size}}
	case p.Write > 0:
		for at := p.Keep; at < size; at += p.Write + max(p.Skip, 1) {
			add(at, at+p.Write)
		}
	case p.Spots > 0:
		n := int64(float64(size) * p.Percent / 100)
		for i := range int64(p.Spots) {
			at := size / int64(p.Spots) * i
			if room := size/int64(p.Spots) - n; p.Strewn && room > 0 {
				at += r.Int64N(room)
			}
			add(at, at+n)
		}
	case p.At > 0:
		n := p.Head
		if p.Percent > 0 {
			n = int64(float64(size) * p.Percent / 100)
		}
		at := int64(float64(size) * p.At)
		add(at, at+n)
	case p.Head > 0:
		add(p.Keep, p.Keep+p.Head)
	default:
		add(p.Keep, size)
	}
	return out
}

// keeps returns how long a file of a size is when it has been cut off: Keep bytes, or the fraction At of it.
func (p Part) keeps(size int64) int64 {
	if p.At > 0 {
		return int64(float64(size) * p.At)
	}
	return min(p.Keep, size)
}

// content returns what a file becomes, and how many of its bytes were replaced.
func (p *Profile) content(old []byte, r *rand.ChaCha8) (now []byte, replaced int64) {
	if len(old) == 0 {
		return old, 0
	}
	noise := func(n int) []byte {
		b := make([]byte, n)
		r.Read(b)
		return b
	}
	all := int64(len(old))
	switch p.As {
	case Base64:
		now, replaced = base64.StdEncoding.AppendEncode(nil, noise(len(old))), all
	case Hex:
		now, replaced = hex.AppendEncode(nil, noise(len(old))), all
	case Zip:
		now, replaced = sealedZip(noise(len(old))), all
	case Hidden:
		now, replaced = append(decoy(), noise(len(old))...), all
	case Cover:
		now, replaced = inComments(decoy(), noise(len(old))), all
	case Mimic:
		now, replaced = mimic(old, r)
	case Random, Zeros, Prose:
		now = bytes.Clone(old)
		for _, s := range p.Part.spans(all, rand.New(r)) {
			part := now[s.from:s.to]
			switch p.As {
			case Zeros:
				clear(part)
			case Prose:
				r.Read(part)
				for i := range part {
					part[i] = "etaoin shrdlu\nETAOIN SHRDLU.1234"[part[i]%32]
				}
			default:
				r.Read(part)
			}
			replaced += s.to - s.from
		}
	default:
		now, replaced = p.As.wrap(noise(len(old))), all
	}
	return append(now, noise(int(p.Trailer))...), replaced
}

// mimic keeps the markers of a JPEG, and puts random bytes into its picture data, with a zero behind each FF as the format wants it. Of
// another file it replaces all but the first 512 bytes.
func mimic(old []byte, r *rand.ChaCha8) (now []byte, replaced int64) {
	now = bytes.Clone(old)
	at := bytes.Index(now, []byte{0xff, 0xda})
	if !bytes.HasPrefix(now, []byte{0xff, 0xd8, 0xff}) || at < 0 || at+4 > len(now) {
		at = min(512, len(now))
		r.Read(now[at:])
		return now, int64(len(now) - at)
	}
	at += 2 + int(binary.BigEndian.Uint16(now[at+2:]))
	end := len(now) - 2
	if at >= end {
		return now, 0
	}
	r.Read(now[at:end])
	for i := at; i < end; i++ {
		if now[i] == 0xff {
			now[i] = 0xfe
			if i+1 < end && i%3 == 0 {
				now[i], now[i+1] = 0xff, 0
			}
		}
	}
	return now, int64(end - at)
}

// decoy is a small valid JPEG.
func decoy() []byte {
	m := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	var b bytes.Buffer
	jpeg.Encode(&b, m, nil) // a buffer takes everything
	return b.Bytes()
}

// inComments puts bytes into comments of a JPEG.
func inComments(picture, hidden []byte) []byte {
	out := bytes.Clone(picture[:2])
	for len(hidden) > 0 {
		n := min(len(hidden), 65_000)
		out = append(out, 0xff, 0xfe)
		out = binary.BigEndian.AppendUint16(out, uint16(n+2))
		out = append(out, hidden[:n]...)
		hidden = hidden[n:]
	}
	return append(out, picture[2:]...)
}

// sealedZip is an archive with one stored member that is marked as closed with a password (APPNOTE 4.4.4, bit 0).
func sealedZip(data []byte) []byte {
	const name = "f"
	le := binary.LittleEndian
	fields := func(b []byte) []byte { // from version needed to length of the extra field
		b = le.AppendUint16(b, 20)
		b = le.AppendUint16(b, 1)
		b = le.AppendUint16(b, 0)
		b = le.AppendUint32(b, 0x5c210000)
		b = le.AppendUint32(b, crc32.ChecksumIEEE(data))
		b = le.AppendUint32(b, uint32(len(data)))
		b = le.AppendUint32(b, uint32(max(0, len(data)-12)))
		b = le.AppendUint16(b, uint16(len(name)))
		return le.AppendUint16(b, 0)
	}
	b := fields([]byte("PK\x03\x04"))
	b = append(append(b, name...), data...)
	at := len(b)
	b = fields(append(b, "PK\x01\x02\x14\x00"...))
	b = append(b, make([]byte, 14)...)
	b = append(b, name...)
	size := len(b) - at
	b = append(b, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(at))
	return append(b, 0, 0)
}
