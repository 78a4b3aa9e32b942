package guard

import (
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Bounds of what is compared.
const (
	little  = 64      // of fewer bytes nothing can be said, but that little is left
	some    = 1 << 10 // of fewer bytes nothing can be said of how even they are
	much    = 4 << 10
	trailer = 1 << 20 // more than what anything that encrypts puts behind a file
	hidden  = 8 << 10
)

// saved compares content with what it takes the place of.
func (r *recent) saved(s *Step, when time.Time) Sign {
	same := s.Old.Size > 0 && s.Old.Looked && s.Old.Equal != s.New.Equal && s.New.Size >= little && r.placed(s, when)
	sign := r.changed(s)
	if sign == "" && same {
		return Same
	}
	return sign
}

// changed compares the two contents alone.
func (r *recent) changed(s *Step) Sign {
	old, now := &s.Old, &s.New
	switch {
	case old.Size == 0 || !old.Looked || old.Equal == now.Equal:
		return ""
	case now.Size == 0:
		return Emptied
	case !now.Looked:
		return ""
	case now.Size < little && old.Size < some && (Passing(s.Name) || families[old.Kind] == writing):
		return "" // locks, and notes of a few words, of which nobody can tell what they are
	case old.Kind != "" && !old.Damaged:
		return r.known(s)
	case now.Size < little:
		if old.Size < some || now.Kind != "" && follows(old.Kind, now.Kind, s.Name) {
			return ""
		}
		return Emptied // as good as none
	case !now.Even || now.Size < some:
		return ""
	case old.Damaged && now.Kind != "":
		return ""
	case old.Damaged: // or of a kind that only looks like one that is known
		return Even
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
	case now.Even && !old.Even && (families[old.Kind] == writing || now.Kind != "" && follows(old.Kind, now.Kind, s.Name)):
		return Even // also what is whole for its kind, and holds nothing but bytes without any order
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

// placed notes that a content took the place of another one. From the third different one in a third file on that is a sign: who brings many
// copies of a text up to date replaces the same old one.
func (r *recent) placed(s *Step, when time.Time) bool {
	const enough = 3
	o := r.over[s.New.Equal]
	if o == nil {
		if len(r.overs) == maxOver {
			r.forgetOver()
		}
		o = &over{when: when, content: s.New.Equal}
		r.over[o.content], r.overs = o, append(r.overs, o)
	}
	if len(o.files) < enough && !slices.Contains(o.files, s.File) && !slices.Contains(o.others, s.Old.Equal) {
		o.files, o.others = append(o.files, s.File), append(o.others, s.Old.Equal)
	}
	return len(o.files) == enough && !slices.Contains(o.files[:enough-1], s.File)
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
func (r *recent) come(s *Step, when time.Time) Sign {
	if s.New.strange() {
		made := newThing(id.Share{}, s, s.New, when)
		for _, t := range slices.Backward(r.gone) {
			if !t.used && standsFor(made, t) {
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

// standsFor reports whether a strange content may be what a removed one was turned into: its name begins alike, or it is, a short time before or
// after, as long but for what an encryption adds.
func standsFor(made, gone *thing) bool {
	if made.dir == gone.dir && slices.ContainsFunc(made.stems, func(s string) bool { return slices.Contains(gone.stems, s) }) {
		return true
	}
	if apart := made.when.Sub(gone.when); apart > shortly || apart < -shortly {
		return false
	}
	if gone.content.Size < some {
		return false
	}
	most := min(much, gone.content.Size/8) // of what an encryption adds
	more := made.content.Size - gone.content.Size
	text := gone.content.Size * 4 / 3 // in base64
	return more >= 0 && more <= most || made.content.Size >= text && made.content.Size <= text+text/32+most
}

// left looks where the content of a removed file is.
func (r *recent) left(share id.Share, s *Step, when time.Time) Sign {
	old := &s.Old
	if old.Size == 0 || !old.Looked || Passing(s.Name) {
		return ""
	}
	gone := newThing(share, s, *old, when)
	if r.madeOdd(gone) || r.stands(gone) || r.alike[gone.likeness()].elsewhere(gone) {
		return ""
	}
	if old.strange() && slices.ContainsFunc(r.odd, func(t *thing) bool { return t.other(gone) && t.likeness() == gone.likeness() }) {
		return "" // nobody could read it before either
	}
	for _, t := range slices.Backward(r.odd) {
		if !t.used && standsFor(t, gone) {
			t.used = true
			return inPlace(&t.content)
		}
	}
	for _, stem := range gone.stems {
		for _, t := range r.stems[place{s.Dir, stem}] {
			if !t.used && t.other(gone) && t.holds(old) && !r.twice[t.content.Equal] {
				t.used = true
				return "" // it was made into another file
			}
		}
	}
	if r.archived.listed(gone) {
		return ""
	}
	if r.own(gone) {
		r.lost(gone, 0)
		return ""
	}
	size := old.Size
	if families[old.Kind] == writing || old.Kind == "" && old.Size < hidden {
		size /= 4 // what packs well
	}
	for _, t := range slices.Backward(r.odd) {
		if t.dir == s.Dir && t.room >= size && t.other(gone) {
			t.room -= size
			return Packed
		}
	}
	if r.archived.holds(old, size-size/10) {
		return ""
	}
	r.lost(gone, 1)
	return Gone
}

// stands reports whether a removed content stands elsewhere, and notes that it does.
func (r *recent) stands(gone *thing) bool {
	t := r.equal[gone.content.Equal]
	if !t.other(gone) {
		return false
	}
	t.carries = true
	return true
}

// own reports whether a small text is removed by whoever has made it a short time ago, as programs that build others do, and git; unless it is
// where something else stood that they have removed.
func (r *recent) own(gone *thing) bool {
	t := r.equal[gone.content.Equal]
	return t != nil && t.fresh && !t.carries && families[gone.content.Kind] == writing && gone.content.Size < noteSize
}

// lost notes that content stands nowhere any more.
func (r *recent) lost(gone *thing, n int) {
	r.gone = append(r.gone, gone)
	r.gone = r.gone[max(0, len(r.gone)-maxOdd):]
	r.removed[gone.when.Truncate(time.Minute)] += n
}

// other reports whether there is such a thing, and it is not the one that was removed, whatever that was called when it was made.
func (t *thing) other(gone *thing) bool { return t != nil && t.file != gone.file }

// elsewhere reports whether there is such a thing in another share.
func (t *thing) elsewhere(gone *thing) bool { return t != nil && t.share != gone.share }

// smaller is how much smaller a file may be than what it was made of: a picture for the web than what a camera left.
const smaller = 100

// holds reports whether a content may have been made into this one, for all to read.
func (t *thing) holds(c *Content) bool {
	if t.content.strange() || t.content.Kind == "" || t.content.Size < c.Size/smaller {
		return false
	}
	now, was := families[t.content.Kind], families[c.Kind]
	if archives[t.content.Kind] {
		return false // what is in it, it tells: see archived
	}
	return now == was || now == pictures && c.Kind == "bmff" || t.content.Kind == "pdf" && (was == pictures || was == writing)
}

// madeOdd reports whether somebody removes what they have made themselves, and which nobody else can read.
func (r *recent) madeOdd(gone *thing) bool {
	return slices.ContainsFunc(r.odd, func(t *thing) bool {
		return !t.other(gone) && (t.content.Equal == gone.content.Equal || t.content.Even && gone.content.Even)
	})
}
