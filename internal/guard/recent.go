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
	made    []*thing               // the oldest first
	stems   map[place][]*thing     // what was made, by the beginnings of its name
	equal   map[[32]byte]*thing    // what was made, by its content
	alike   map[likeness]*thing    // what was made, by name and size
	odd     []*thing               // what was made and is strange, the latest last
	gone    []*thing               // what was removed and stands nowhere else
	grown   map[int64][]id.File    // files that grew, by how much
	same    map[[32]byte][]id.File // folders into which the same small file came
	counts  map[Sign][]time.Time   // when a sign was seen
	room    int64                  // bytes of what was removed that may be in archives that were made
	removed map[time.Time]float64  // files that were removed and stand nowhere else
}

// place is a beginning of a name, in a folder.
type place struct {
	dir  id.File
	stem string
}

// likeness is what a copy has in common with what it is of, in another share, too.
type likeness struct {
	name string
	size int64
}

// thing is a file that was made or removed.
type thing struct {
	when    time.Time
	dir     id.File
	name    string
	content Content
	used    bool // it is the other end of a removal already
}

// Bounds of what is remembered.
const (
	shortly  = time.Hour
	maxMade  = 20_000
	maxOdd   = 256
	maxAlike = 64 // whose names begin alike: the latest tell enough
	noteSize = 64 << 10
	aDay     = 24 * time.Hour
)

func (g *Guard) recent(p Party) *recent {
	w := who{account: p.Account}
	if p.Account.IsZero() {
		w.session = p.Session
	}
	r := g.recents[w]
	if r == nil {
		r = &recent{stems: make(map[place][]*thing), equal: make(map[[32]byte]*thing), alike: make(map[likeness]*thing), grown: make(map[int64][]id.File),
			same: make(map[[32]byte][]id.File), counts: make(map[Sign][]time.Time), removed: make(map[time.Time]float64)}
		g.recents[w] = r
	}
	return r
}

// forget drops what is not recent any more.
func (r *recent) forget(now time.Time) {
	old := now.Add(-shortly)
	n := 0
	for n < len(r.made) && (r.made[n].when.Before(old) || len(r.made)-n > maxMade) {
		r.unmake(r.made[n])
		n++
	}
	r.made = r.made[n:]
	if len(r.made) == 0 {
		clear(r.grown)
		clear(r.same)
		r.room = 0
	}
	young := func(t *thing) bool { return t.when.Before(old) }
	r.odd, r.gone = slices.DeleteFunc(r.odd, young), slices.DeleteFunc(r.gone, young)
	for at := range r.removed {
		if at.Before(now.Add(-aDay)) {
			delete(r.removed, at)
		}
	}
	for s, times := range r.counts {
		r.counts[s] = slices.DeleteFunc(times, func(t time.Time) bool { return t.Before(now.Add(-remembered)) })
	}
}

func (r *recent) unmake(t *thing) {
	for _, s := range stems(t.name) {
		at := place{t.dir, s}
		if r.stems[at] = slices.DeleteFunc(r.stems[at], func(o *thing) bool { return o == t }); len(r.stems[at]) == 0 {
			delete(r.stems, at)
		}
	}
	if r.equal[t.content.Equal] == t {
		delete(r.equal, t.content.Equal)
	}
	if l := t.likeness(); r.alike[l] == t {
		delete(r.alike, l)
	}
}

func (t *thing) likeness() likeness { return likeness{fold(t.name), t.content.Size} }

// fold is the form in which names are compared.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// stems are the beginnings of a name up to each of its last endings: of "a.jpg.x" "a.jpg.x", "a.jpg" and "a".
func stems(name string) []string {
	name = fold(name)
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

// see remembers what a step made.
func (r *recent) see(s *Step, when time.Time) {
	if s.Kind == Removed || s.Kind == Renamed {
		return
	}
	t := &thing{when: when, dir: s.Dir, name: s.Name, content: s.New}
	r.made = append(r.made, t)
	for _, stem := range stems(t.name) {
		at := place{t.dir, stem}
		if list := append(r.stems[at], t); len(list) > maxAlike {
			r.stems[at] = list[1:]
		} else {
			r.stems[at] = list
		}
	}
	r.equal[t.content.Equal] = t
	if !t.content.strange() {
		r.alike[t.likeness()] = t
		if archives[t.content.Kind] || ending(t.name) == "tar" {
			r.room += t.content.Size
		}
	} else {
		r.odd = append(r.odd, t)
		r.odd = r.odd[max(0, len(r.odd)-maxOdd):]
	}
}

// sign tells what a step shows.
func (r *recent) sign(s *Step, when time.Time) (sign Sign) {
	switch s.Kind {
	case Saved:
		sign = r.saved(s)
	case Made:
		sign = r.come(s)
	case Removed:
		sign = r.left(s, when)
	case Renamed:
		if !says(ending(s.Name)) && ending(s.Name) != ending(s.From) && says(ending(s.From)) && !passing(s.Name) {
			sign = Retitled
		}
	}
	if s.Trap {
		sign = Trapped
	}
	if sign != "" {
		r.counts[sign] = append(r.counts[sign], when)
		r.counts[sign] = r.counts[sign][max(0, len(r.counts[sign])-maxOdd):]
	}
	return sign
}

// doubts reports whether a step that shows a sign must wait.
func (r *recent) doubts(s *Step, sign Sign, cfg Config, now time.Time) bool {
	if sign == Gone {
		sum := 0.0
		for _, n := range r.removed {
			sum += n
		}
		return sum > float64(cfg.Removals)
	}
	w := weights[sign]
	return w.held > 0 && len(r.counts[sign]) >= w.held
}
