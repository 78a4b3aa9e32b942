package guard

import (
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/id"
)

// who is whose recent acts belong together: an account, or a session of the console.
type who struct {
	account id.Account
	session id.Session
}

// recent is what somebody did a short time ago: what was made can be where removed content went.
type recent struct {
	made     []*thing               // the oldest first
	stems    map[place][]*thing     // what was made, by the beginnings of its name
	equal    map[[32]byte]*thing    // what was made, by its content
	twice    map[[32]byte]bool      // what was made under several names
	alike    map[likeness]*thing    // what was made, by name and size
	odd      []*thing               // what was made and is strange, the latest last
	gone     []*thing               // what was removed and stands nowhere else
	grown    map[int64][]id.File    // files that grew, by how much
	same     map[[32]byte][]id.File // folders into which the same small file came
	over     map[[32]byte]*over     // contents that took the place of others
	overs    []*over                // the same, the oldest first
	counts   map[Sign][]seen        // when a sign was seen
	archived archived               // what was made and holds others
	removed  map[time.Time]int      // files that were removed and stand nowhere else
	acted    map[act]bool           // what was done in an hour
	hour     int64                  // that one
	latest   time.Time              // when the latest act was done
	swept    time.Time              // when all that is old was last looked for
}

// over is a content that took the place of others.
type over struct {
	when    time.Time
	content [32]byte
	files   []id.File  // one for each of others
	others  [][32]byte // all different
}

// act is what is done to a file.
type act struct {
	file id.File
	kind Kind
}

// again reports whether the same has been done to a file in the same hour: who renames one file to and fro does not make it more ordinary that others get
// other names. What was done in another hour than the latest, or is more than most, is new.
func (r *recent) again(s *Step, when time.Time, most int) bool {
	if hour := when.Unix() / 3600; hour != r.hour {
		clear(r.acted)
		r.hour = hour
	}
	a := act{s.File, s.Kind}
	if !r.acted[a] && len(r.acted) < most {
		r.acted[a] = true
		return false
	}
	return r.acted[a]
}

// seen is a file that has shown a sign.
type seen struct {
	when time.Time
	file id.File
}

// place is a beginning of a name, in a folder.
type place struct {
	dir  id.File
	stem string
}

// likeness is what a copy in another share has in common with what it is of: there equal content does not show.
type likeness struct {
	name string
	size int64
	kind string
}

// thing is a file that was made or removed.
type thing struct {
	when    time.Time
	file    id.File
	share   id.Share
	dir     id.File
	name    string
	folded  string   // name, as names are compared
	stems   []string // the beginnings of it
	content Content
	used    bool  // it is the other end of a removal already
	fresh   bool  // nothing was there before
	carries bool  // it is where a removed content stands
	room    int64 // of an archive that is closed: bytes of what was removed that may be in it
}

func newThing(share id.Share, s *Step, c Content, when time.Time) *thing {
	c.Inside = nil // which may be much, and is not kept
	t := &thing{when: when, file: s.File, share: share, dir: s.Dir, name: s.Name, folded: fold(s.Name), content: c}
	t.stems = stems(t.folded)
	return t
}

// Bounds of what is remembered.
const (
	shortly   = time.Hour
	maxMade   = 20_000
	maxAll    = 200_000 // of all together
	fewMade   = 500     // of each at least
	maxOdd    = 256
	maxListed = 50_000    // in archives
	allListed = 1_000_000 // of all together
	fewListed = 2_000     // of each at least
	maxOver   = 512
	maxAlike  = 64 // whose names begin alike: the latest tell enough
	noteSize  = 64 << 10
	aDay      = 24 * time.Hour
)

func (g *Guard) recent(p Party) *recent {
	w := who{account: p.Account}
	if p.Account.IsZero() {
		w.session = p.Session
	}
	r := g.recents[w]
	if r == nil {
		r = &recent{stems: make(map[place][]*thing), equal: make(map[[32]byte]*thing), twice: make(map[[32]byte]bool), alike: make(map[likeness]*thing),
			grown: make(map[int64][]id.File), same: make(map[[32]byte][]id.File), over: make(map[[32]byte]*over),
			counts: make(map[Sign][]seen), removed: make(map[time.Time]int), acted: make(map[act]bool)}
		g.recents[w] = r
	}
	return r
}

// forget drops what is not recent any more. most is how much may be remembered of what was made.
func (r *recent) forget(now time.Time, most int) {
	old := now.Add(-shortly)
	n := 0
	for n < len(r.made) && (r.made[n].when.Before(old) || len(r.made)-n > most) {
		r.unmake(r.made[n])
		n++
	}
	clear(r.made[:n])
	if r.made = r.made[n:]; len(r.made) == 0 {
		r.made = nil
		clear(r.grown)
		clear(r.same)
		clear(r.twice)
		r.archived.clear()
	}
	if since := now.Sub(r.swept); since >= 0 && since < time.Minute {
		return
	}
	r.swept = now
	if now.Unix()/3600 != r.hour {
		r.acted = make(map[act]bool)
	}
	forgotten := func(t *thing) bool { return t.when.Before(now.Add(-remembered)) }
	r.odd, r.gone = slices.DeleteFunc(r.odd, forgotten), slices.DeleteFunc(r.gone, forgotten)
	for at := range r.removed {
		if at.Before(now.Add(-aDay)) || at.After(now.Add(aDay)) { // the clock may have been set back
			delete(r.removed, at)
		}
	}
	for s, files := range r.counts {
		if r.counts[s] = slices.DeleteFunc(files, func(x seen) bool { return x.when.Before(now.Add(-remembered)) }); len(r.counts[s]) == 0 {
			delete(r.counts, s)
		}
	}
	for len(r.overs) > 0 && r.overs[0].when.Before(now.Add(-remembered)) {
		r.forgetOver()
	}
}

func (r *recent) forgetOver() {
	delete(r.over, r.overs[0].content)
	r.overs[0] = nil
	r.overs = r.overs[1:]
}

// share is how much of what was made each may have remembered.
func (g *Guard) share() int { return min(maxMade, max(fewMade, maxAll/max(1, len(g.recents)))) }

func (r *recent) unmake(t *thing) {
	for _, s := range t.stems {
		at := place{t.dir, s}
		if r.stems[at] = slices.DeleteFunc(r.stems[at], func(o *thing) bool { return o == t }); len(r.stems[at]) == 0 {
			delete(r.stems, at)
		}
	}
	if r.equal[t.content.Equal] == t {
		delete(r.equal, t.content.Equal)
		delete(r.twice, t.content.Equal)
	}
	if l := t.likeness(); r.alike[l] == t {
		delete(r.alike, l)
	}
}

func (t *thing) likeness() likeness { return likeness{t.folded, t.content.Size, t.content.Kind} }

// listed is how many files in archives each may have remembered.
func (g *Guard) listed() int { return min(maxListed, max(fewListed, allListed/max(1, len(g.recents)))) }

// fold is the form in which names are compared.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// stems are the beginnings of a folded name up to each of its last endings: of "a.jpg.x" "a.jpg.x", "a.jpg" and "a".
func stems(name string) []string {
	out := []string{name}
	for range 3 {
		short := strings.TrimSuffix(name, path.Ext(name))
		if short == "" || short == name {
			break
		}
		out = append(out, short)
		name = short
	}
	return out
}

// strange reports whether nobody but who made it can read a content, as far as its bytes tell.
func (c *Content) strange() bool {
	return c.Looked && (c.Damaged || c.Sealed || c.Even || c.Kind == "" && c.Size == 0)
}

// see remembers what a step made, and at most so many files that archives list.
func (r *recent) see(share id.Share, s *Step, when time.Time, listed int) {
	if s.Kind == Removed || s.Kind == Renamed {
		return
	}
	t := newThing(share, s, s.New, when)
	if o := r.equal[s.Old.Equal]; s.Kind == Saved && s.Old.Equal != s.New.Equal && o != nil && o.file == s.File {
		delete(r.equal, s.Old.Equal) // it stands there no longer
	}
	if t.fresh = s.Kind == Made; !t.fresh {
		for _, o := range slices.Backward(r.stems[place{t.dir, t.folded}]) {
			if o.folded == t.folded { // the one before
				t.fresh = o.fresh && !o.carries
				break
			}
		}
	}
	r.made = append(r.made, t)
	for _, stem := range t.stems {
		at := place{t.dir, stem}
		if list := append(r.stems[at], t); len(list) > maxAlike {
			r.stems[at] = list[1:]
		} else {
			r.stems[at] = list
		}
	}
	if r.equal[t.content.Equal].other(t) {
		r.twice[t.content.Equal] = true
	}
	r.equal[t.content.Equal] = t
	if !t.content.strange() {
		r.alike[t.likeness()] = t
		tar := t.content.Kind == "" && ending(t.name) == "tar"
		if (archives[t.content.Kind] || tar) && s.New.Inside != nil {
			r.archived.add(&s.New, listed)
		}
		return
	}
	if t.content.Sealed && !t.content.Damaged {
		t.room = t.content.Size
	}
	r.odd = append(r.odd, t)
	r.odd = r.odd[max(0, len(r.odd)-maxOdd):]
}

// sign tells what a step shows.
func (r *recent) sign(share id.Share, s *Step, when time.Time) (sign Sign) {
	switch s.Kind {
	case Saved:
		sign = r.saved(s, when)
	case Made:
		sign = r.come(s, when)
	case Removed:
		sign = r.left(share, s, when)
	case Renamed:
		if !says(ending(s.Name)) && ending(s.Name) != ending(s.From) && says(ending(s.From)) && !Passing(s.Name) {
			sign = Retitled
		}
	}
	if s.Trap {
		sign = Trapped
	}
	if sign != "" {
		r.note(sign, s.File, when)
	}
	return sign
}

// note counts a file that shows a sign; one that shows it again is no second one.
func (r *recent) note(sign Sign, file id.File, when time.Time) {
	list := slices.DeleteFunc(r.counts[sign], func(x seen) bool { return x.file == file })
	list = append(list, seen{when, file})
	r.counts[sign] = list[max(0, len(list)-maxOdd):]
}

// doubts reports whether a step that shows a sign must wait.
func (r *recent) doubts(s *Step, sign Sign, cfg Config, now time.Time) bool {
	if sign == Gone {
		sum := 0
		for _, n := range r.removed {
			sum += n
		}
		return sum > cfg.Removals
	}
	w := weights[sign]
	return w.held > 0 && len(r.counts[sign]) >= w.held
}
