package guard

import (
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Bounds of what is compared.
const (
	little  = 64      // of fewer bytes nothing can be said
	some    = 1 << 10 // of fewer bytes nothing can be said of how even they are
	much    = 4 << 10
	trailer = 1 << 20 // more than what anything that encrypts puts behind a file
	hidden  = 8 << 10
)

// saved compares content with what it takes the place of.
func (r *recent) saved(s *Step) Sign {
	old, now := &s.Old, &s.New
	switch {
	case old.Size == 0 || !old.Looked || old.Equal == now.Equal:
		return ""
	case now.Size == 0:
		return Emptied
	case !now.Looked || now.Size < little:
		return ""
	case old.Kind != "" && !old.Damaged:
		return r.known(s)
	case old.Damaged || now.Kind != "" || !now.Even || now.Size < some:
		return ""
	case !old.Even && old.Size >= some:
		return Even
	case now.Size == old.Size && now.Size >= much:
		return Rewritten
	}
	return r.grew(s.File, now.Size-old.Size)
}

// known compares content with what it takes the place of, which was whole and of a known kind.
func (r *recent) known(s *Step) Sign {
	old, now := &s.Old, &s.New
	switch {
	case now.Damaged && now.Reason == "cut" && now.Size < old.Size:
		return Cut
	case now.Damaged && follows(old.Kind, now.Kind, s.Name):
		return Broken
	case now.Even && !old.Even && families[old.Kind] == writing:
		return Even
	case now.Kind == "" && families[old.Kind] == writing && families[endings[ending(s.Name)]] != writing:
		return "" // programs turn their own texts into something else
	case now.Damaged || now.Kind == "" || !follows(old.Kind, now.Kind, s.Name):
		return Strange
	case now.Sealed && !old.Sealed:
		return Locked
	}
	more := now.Trailing - old.Trailing
	if more > hidden && more > old.Size/4 {
		return Grown // a small picture for the eye, and the rest behind it
	}
	return r.grew(s.File, more)
}

// grew notes that a file has so many bytes more behind its end. From the third file on that is a sign.
func (r *recent) grew(file id.File, by int64) Sign {
	if by <= 0 || by > trailer {
		return ""
	}
	if several(r.grown, by, file) {
		return Grown
	}
	return ""
}

// come looks what a new file may stand for.
func (r *recent) come(s *Step) Sign {
	if s.New.strange() {
		for _, t := range slices.Backward(r.gone) {
			if !t.used && standsFor(s.Dir, s.Name, &s.New, t) {
				t.used = true
				return inPlace(&s.New)
			}
		}
		return ""
	}
	if s.New.Size == 0 || s.New.Size > noteSize {
		return ""
	}
	if several(r.same, s.New.Equal, s.Dir) {
		return Noted
	}
	return ""
}

// several notes one more file for a key, and reports whether it is at least the third.
func several[K comparable](of map[K][]id.File, key K, file id.File) bool {
	const enough = 3
	if len(of) > maxMade {
		clear(of)
	}
	if !slices.Contains(of[key], file) && len(of[key]) < enough {
		of[key] = append(of[key], file)
	}
	return len(of[key]) == enough
}

// inPlace is the sign of content that came in the place of a removed file.
func inPlace(c *Content) Sign {
	if c.Sealed && !c.Damaged {
		return Parcelled
	}
	return Swapped
}

// standsFor reports whether a strange content may be what a removed one was turned into: its name begins alike, or it is as long but for what
// an encryption adds.
func standsFor(dir id.File, name string, c *Content, gone *thing) bool {
	if dir == gone.dir {
		of := stems(gone.name)
		for _, s := range stems(name) {
			if slices.Contains(of, s) {
				return true
			}
		}
	}
	more := c.Size - gone.content.Size
	text := gone.content.Size * 4 / 3 // in base64
	return more >= 0 && more <= much || c.Size >= text && c.Size <= text+text/32+much
}

// left looks where the content of a removed file is.
func (r *recent) left(s *Step, when time.Time) Sign {
	old := &s.Old
	gone := &thing{when: when, dir: s.Dir, name: s.Name, content: *old}
	if old.Size == 0 || !old.Looked || passing(s.Name) || r.madeOdd(gone) {
		return ""
	}
	if r.equal[old.Equal].other(gone) || r.alike[gone.likeness()].other(gone) {
		return ""
	}
	if old.strange() && slices.ContainsFunc(r.odd, func(t *thing) bool { return t.other(gone) && t.likeness() == gone.likeness() }) {
		return "" // nobody could read it before either
	}
	for _, t := range slices.Backward(r.odd) {
		if !t.used && standsFor(t.dir, t.name, &t.content, gone) {
			t.used = true
			return inPlace(&t.content)
		}
	}
	for _, stem := range stems(s.Name) {
		for _, t := range r.stems[place{s.Dir, stem}] {
			if t.other(gone) && t.holds(old) {
				return "" // it was made into another file
			}
		}
	}
	weight, size := 1.0, old.Size
	if families[old.Kind] == writing || old.Kind == "" && old.Size < hidden {
		weight, size = 0.2, size/4
	}
	if r.room >= size {
		r.room -= size
		return ""
	}
	r.gone = append(r.gone, gone)
	r.gone = r.gone[max(0, len(r.gone)-maxOdd):]
	r.removed[when.Truncate(time.Minute)] += weight
	return Gone
}

// other reports whether there is such a thing, and it is not the one that was removed.
func (t *thing) other(gone *thing) bool {
	return t != nil && (t.dir != gone.dir || fold(t.name) != fold(gone.name))
}

// holds reports whether a content may have been made into this one, for all to read.
func (t *thing) holds(c *Content) bool {
	if t.content.strange() || t.content.Kind == "" {
		return false
	}
	return archives[t.content.Kind] || families[t.content.Kind] == families[c.Kind] || families[t.content.Kind] == pictures && c.Kind == "bmff"
}

// madeOdd reports whether somebody removes what they have made themselves a short time ago, and which nobody else can read.
func (r *recent) madeOdd(gone *thing) bool {
	return slices.ContainsFunc(r.odd, func(t *thing) bool { return t.dir == gone.dir && fold(t.name) == fold(gone.name) })
}
