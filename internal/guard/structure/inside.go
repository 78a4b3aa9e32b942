package structure

import "math"

// Inside is what an archive holds, as far as that can be told without unpacking it. It is a claim of the archive's, as its list is; but for what
// it claims it has the bytes.
type Inside struct {
	Files []Packed // as its list has them
	Rooms []int64  // of each stretch that is packed for itself, how many bytes of it may hold something
	Open  bool     // it lists nothing: anything may be in its one room
}

// Packed is a file in an archive.
type Packed struct {
	Name string // with folders before it, in the archive's encoding; "": it is not told
	Size int64  // unpacked
	Room int    // which of the rooms it is in
}

// Bounds of what is listed: what comes after is not known to be there.
const (
	maxListed = 50_000
	maxNames  = 4 << 20 // bytes
)

// lister gathers what is in an archive.
type lister struct {
	inside Inside
	names  int // bytes of them
}

// add lists a file in the latest room.
func (l *lister) add(name string, size int64) {
	if l.names += len(name); size > 0 && len(l.inside.Files) < maxListed && l.names <= maxNames {
		l.inside.Files = append(l.inside.Files, Packed{name, size, len(l.inside.Rooms) - 1})
	}
}

// room begins a room of so many bytes.
func (l *lister) room(n int64) { l.inside.Rooms = append(l.inside.Rooms, n) }

// unlisted is what is in an archive of one room that lists nothing, and is so many bytes when it is unpacked.
func unlisted(size, room int64) *Inside {
	return &Inside{Files: []Packed{{Size: size}}, Rooms: []int64{room}, Open: true}
}

// fewCounted is how many bytes must be counted to say how much they tell.
const fewCounted = 4 << 10

// part is how many of n bytes may hold something, by those that were counted: all of what is packed, and of text; none of zeros.
func (c *census) part(n int64) int64 {
	if c.n < fewCounted {
		return n
	}
	bits := 0.0
	for _, n := range c.of {
		if n > 0 {
			p := float64(n) / float64(c.n)
			bits -= p * math.Log2(p)
		}
	}
	return int64(min(1, bits/4) * float64(n))
}

// fits returns how many of so many packed bytes may hold something. What was unpacked of them, size bytes that took others, tells if packing does not
// make it smaller: packed zeros are few, but a packer can leave them as they are.
func (x *inner) fits(packed, size, took int64) int64 {
	if took > size/2 {
		return x.c.part(packed)
	}
	return packed
}

// weigh passes over n bytes and counts the first stretch of them, and every sixteenth.
func (s *source) weigh(n int64, c *census) error {
	for at := int64(0); at < n; {
		w := s.window()
		if len(w) == 0 {
			return s.wrong(cut)
		}
		w = w[:min(int64(len(w)), n-at, sample-at%sample)]
		if at/sample%oneOf == 0 {
			c.add(w)
		}
		s.advance(len(w))
		at += int64(len(w))
	}
	return nil
}
