package structure

import (
	"bytes"
	"hash/crc32"
	"unicode/utf16"
)

// The .7z format: a header of 32 bytes, what is packed, and behind it a header that lists it, which is most often packed itself. Of all this only the
// list is unpacked. What is packed is between the two headers, and nothing tells whether it is as it was.

const (
	sevenMagic = "7z\xbc\xaf\x27\x1c"
	// sevenTail is how much before the list is kept: the list is packed there. Longer ones are not read.
	sevenTail = 1 << 20
	sevenMost = 8 << 20   // bytes of a list
	sevenMany = 128 << 10 // folders, and streams that are packed
)

// Properties of a header.
const (
	sevenEnd         = 0x00
	sevenHeader      = 0x01
	sevenArchive     = 0x02
	sevenStreams     = 0x04
	sevenFiles       = 0x05
	sevenPack        = 0x06
	sevenFolders     = 0x07
	sevenSubstreams  = 0x08
	sevenSize        = 0x09
	sevenSum         = 0x0a
	sevenFolder      = 0x0b
	sevenUnpacked    = 0x0c
	sevenCount       = 0x0d
	sevenEmpty       = 0x0e
	sevenNames       = 0x11
	sevenPackedList  = 0x17
	sevenMostStreams = 32 // of a folder, in and out
)

// Methods of a coder.
const (
	sevenLZMA = "\x03\x01\x01"
	sevenAES  = "\x06\xf1\x07\x01"
)

func checkSeven(s *source) error {
	b, err := s.take(32)
	if err != nil {
		return err
	}
	if b[6] != 0 || le.Uint32(b[8:]) != crc32.ChecksumIEEE(b[12:]) {
		return s.wrong(badHeader)
	}
	offset, length, sum := int64(le.Uint64(b[12:])), int64(le.Uint64(b[20:])), le.Uint32(b[28:])
	if offset < 0 || length < 0 || offset > 1<<60 || length > 1<<60 {
		return s.wrong(badLength)
	}
	var c census
	tail := min(offset, sevenTail)
	if err := s.weigh(offset-tail, &c); err != nil {
		return err
	}
	if length > sevenMost {
		return s.skip(tail + length)
	}
	packed, err := s.gather(tail, &c)
	if err != nil {
		return err
	}
	at := s.pos()
	list, err := s.gather(length, nil)
	if err != nil {
		return err
	}
	if crc32.ChecksumIEEE(list) != sum {
		return &flaw{at, badSum}
	}
	if length == 0 { // it is empty
		return nil
	}
	return s.sevenList(&c, offset, at, packed, list)
}

// gather returns the next n bytes, which are not very many, and counts them.
func (s *source) gather(n int64, c *census) ([]byte, error) {
	var out bytes.Buffer
	for n > 0 {
		w := s.window()
		if len(w) == 0 {
			return nil, s.wrong(cut)
		}
		w = w[:min(int64(len(w)), n)]
		out.Write(w)
		if c != nil {
			c.add(w)
		}
		s.advance(len(w))
		n -= int64(len(w))
	}
	return out.Bytes(), nil
}

// sevenList reads the list, which stands at a place and has packed bytes before it, of offset in all.
func (s *source) sevenList(c *census, offset, at int64, packed, list []byte) error {
	for range 4 { // lists are packed once; nobody packs them five times
		if list[0] != sevenPackedList {
			break
		}
		r := &sevenReader{b: list[1:]}
		x := r.streams()
		if r.long {
			return nil
		}
		if r.bad || !x.within(offset) {
			return &flaw{at, badIndex}
		}
		if x.locked {
			s.sealed = true
			return nil
		}
		begin := x.at - (offset - int64(len(packed)))
		if len(x.folders) != 1 || x.folders[0].method != sevenLZMA || len(x.packed) != 1 || begin < 0 || x.folders[0].size > sevenMost {
			return nil // it can be whole all the same
		}
		f := &x.folders[0]
		s.spend(f.size)
		out, ok := unLZMA(f.props, packed[begin:begin+x.packed[0]], f.size)
		if !ok || len(out) == 0 || f.summed && crc32.ChecksumIEEE(out) != f.sum {
			return &flaw{32 + x.at, badData}
		}
		list = out
	}
	if list[0] != sevenHeader {
		return &flaw{at, badIndex}
	}
	r := &sevenReader{b: list[1:]}
	l, ok := r.header(offset, c)
	if r.long {
		return nil
	}
	if !ok {
		return &flaw{at, badIndex}
	}
	s.sealed, s.inside = r.locked, &l.inside
	return nil
}

// header reads a header that is not packed.
func (r *sevenReader) header(offset int64, c *census) (l lister, ok bool) {
	var x sevenStreamsOf
	for !r.bad {
		switch id := r.byte(); id {
		case sevenEnd:
			return l, !r.bad
		case sevenArchive:
			for id := r.byte(); id != sevenEnd && !r.bad; id = r.byte() {
				r.take(r.number())
			}
		case sevenStreams:
			if x = r.streams(); !x.within(offset) {
				return l, false
			}
			r.locked = x.locked
		case sevenFiles:
			r.files(&x, &l, c)
		default:
			return l, false
		}
	}
	return l, false
}

// files reads which files there are. Those with content have one of the streams each, in their order.
func (r *sevenReader) files(x *sevenStreamsOf, l *lister, c *census) {
	n := r.number()
	if n > int64(len(r.b))*8 { // each has a bit or a name
		r.bad = true
		return
	}
	var empty, names []byte
	for id := r.byte(); id != sevenEnd && !r.bad; id = r.byte() {
		b := r.take(r.number())
		switch {
		case id == sevenEmpty:
			empty = b
		case id == sevenNames && len(b) > 0 && b[0] == 0:
			names = b[1:]
		}
	}
	streams := 0
	for i := int64(0); i < n && !r.bad; i++ {
		end := 0
		for end+1 < len(names) && (names[end] != 0 || names[end+1] != 0) {
			end += 2
		}
		if end+1 >= len(names) {
			r.bad = true
			return
		}
		name := names[:end]
		names = names[end+2:]
		if i/8 < int64(len(empty)) && empty[i/8]>>(7-i%8)&1 == 1 {
			continue
		}
		if streams < len(x.parts) {
			p := x.parts[streams]
			for len(l.inside.Rooms) <= p.folder {
				l.room(c.part(x.folders[len(l.inside.Rooms)].takes))
			}
			l.add(utf16Text(name), p.size)
		}
		streams++
	}
	r.bad = r.bad || streams != x.n
}

func utf16Text(b []byte) string {
	text := make([]uint16, len(b)/2)
	for i := range text {
		text[i] = le.Uint16(b[2*i:])
	}
	return string(utf16.Decode(text))
}
