package guard

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

// Inside is what an archive holds, as it was seen when it was made.
type Inside struct {
	Files []Listed
	Rooms []int64 // of each stretch that is packed for itself, how many bytes of it may hold something
	Open  bool    // it lists nothing: anything may be in its one room
}

// Listed is a file in an archive.
type Listed struct {
	Name string // with folders before it, in the archive's encoding; "": it is not told
	Size int64
	Room int
}

// packed is how a removed file is looked for in archives: their folders may have other names.
type packed struct {
	name string // folded; "": it was not told
	size int64
}

// archived are the archives that somebody has made a short time ago. What is removed may be in them: each file that they list once, and no more than
// they have bytes for.
type archived struct {
	seen  map[[32]byte]bool   // contents: a copy holds nothing else
	files map[packed][]*int64 // the room in which each is; its bytes get fewer
	n     int                 // of files
	open  []open              // rooms for anything
}

// open is an archive that lists nothing.
type open struct {
	room *int64 // bytes in which something may be
	left int64  // bytes of what was removed that may be in it: so much was packed
}

const maxOpen = 256 // rooms for anything: the latest count

// add remembers what an archive holds; most is how many files may be remembered in all.
func (a *archived) add(c *Content, most int) {
	if a.seen == nil {
		a.seen, a.files = make(map[[32]byte]bool), make(map[packed][]*int64)
	}
	if a.seen[c.Equal] || len(a.seen) >= maxMade {
		return
	}
	a.seen[c.Equal] = true
	rooms := make([]int64, len(c.Inside.Rooms))
	copy(rooms, c.Inside.Rooms)
	for _, f := range c.Inside.Files {
		if a.n == most || f.Room < 0 || f.Room >= len(rooms) {
			break
		}
		k := packed{nameIn(f.Name), f.Size}
		a.files[k] = append(a.files[k], &rooms[f.Room])
		a.n++
	}
	if c.Inside.Open && len(rooms) > 0 {
		left := c.Size
		for _, f := range c.Inside.Files {
			left = f.Size
		}
		a.open = append(a.open, open{&rooms[0], left})
		a.open = a.open[max(0, len(a.open)-maxOpen):]
	}
}

// nameIn is the last name of a path in an archive, folded. Explorer writes names of this country as it always did.
func nameIn(path string) string {
	if !utf8.ValidString(path) {
		if text, err := japanese.ShiftJIS.NewDecoder().String(path); err == nil {
			path = text
		}
	}
	return fold(path[strings.LastIndexAny(path, `/\`)+1:])
}

// listed takes a removed file out of an archive that lists it, and reports whether there was one with room for it.
func (a *archived) listed(gone *thing) bool {
	size := gone.content.Size
	for _, k := range []packed{{gone.folded, size}, {"", size}} {
		for i, room := range a.files[k] {
			if need := least(&gone.content); *room >= need {
				*room -= need
				list := append(a.files[k][:i:i], a.files[k][i+1:]...)
				if a.files[k] = list; len(list) == 0 {
					delete(a.files, k)
				}
				a.n--
				return true
			}
		}
	}
	return false
}

// holds takes content that takes so many bytes out of an archive that lists nothing, and reports whether there was one with room for it.
func (a *archived) holds(c *Content, need int64) bool {
	if squeezes[c.Kind] == 2 {
		need /= 2 // the same beginnings, such as tables and colours
	}
	for i := range a.open {
		if o := &a.open[i]; *o.room >= need && o.left >= c.Size {
			*o.room -= need
			o.left -= c.Size
			return true
		}
	}
	return false
}

// clear forgets all.
func (a *archived) clear() { *a = archived{} }

// squeezes is how much smaller an archive may make content of a kind, at most: what is packed already hardly, what was drawn or written very much.
// Nothing but what is all the same gets a thousand times smaller.
var squeezes = map[string]int64{
	"jpeg": 2, "webp": 2, "bmff": 2, "mp3": 2, "ogg": 2, "flac": 2, "mpeg": 2, "gzip": 2, "xz": 2, "7z": 2, "rar": 2, "bzip2": 2, "zstd": 2,
	"png": 10, "gif": 10, "zip": 10, "office": 10, "opendocument": 10, "idml": 10, "pdf": 50,
}

// least is how many bytes of an archive content takes that it lists.
func least(c *Content) int64 {
	by := squeezes[c.Kind]
	switch {
	case c.Even:
		by = 2
	case by == 0:
		by = 500
	}
	return c.Size / by
}
