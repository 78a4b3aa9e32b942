package cases

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// home is what one school has in the share that is gone through.
type home struct {
	known bool           // the roster has it
	minus exposure.Three // of the files that may be anybody's, those that are told to this school as its own
	some  exposure.Three // files of several schools, of which this is one
	hurts int64          // of these, those that are hurt
	less  int64          // as minus, of what is hurt
	stamp int64          // of the last file that may concern it
}

// sorter goes through a share with several schools, and gives each its own.
type sorter struct {
	g         *gathering
	share     id.Share
	schools   map[string]*parcel
	all       []*parcel
	strangers []*parcel             // those of all of which the roster has nobody
	groups    map[*string][]*parcel // by the first of the schools that a group of persons has
	stamp     int64                 // of the file that is gone through
	now       sorted                // of the file that is gone through
	loose     exposure.Three        // files that may be of any of the schools
	hurts     int64                 // of these, those that are hurt
	own       map[int]int64
	crowds    map[int]int64 // files of groups
}

// sorted says whose a file is.
type sorted struct {
	home   *parcel       // the one school to which it is told; nil: none
	path   pathname.Path // under which it is
	some   []*parcel     // all that it may concern, if not anywhere
	any    bool          // it may be of any of the schools
	nobody bool          // rules say that it shows nobody
	sunk   bool          // it went with a directory that was removed
	back   time.Time     // when that was put back
	told   bool          // it stands on a list
}

// shared gives each school in a share its own.
func (g *gathering) shared(sh *ShareFindings, n id.Share, list []*school) error {
	x := &sorter{g: g, share: n, schools: make(map[string]*parcel), own: make(map[int]int64), crowds: make(map[int]int64), groups: make(map[*string][]*parcel)}
	telling := g.namedIn(sh.Name)
	for _, s := range list {
		r := s.line(&sh.Register, false)
		r.Client = cmp.Or(r.Client, s.name)
		p := g.parcel(s.client(sh.Name), sh, r)
		p.out.School, p.home = s.name, home{known: s.known}
		if len(telling) > 1 || len(telling) == 1 && telling[0] != s.key {
			p.out.Shares[len(p.out.Shares)-1].Telling = true
		}
		if x.schools[s.key], x.all = p, append(x.all, p); !s.known {
			x.strangers = append(x.strangers, p)
		}
	}
	source := g.f.source
	source.only = n
	defer func() { source.only = id.Share{} }()
	part, err := g.f.answer.Part(n, x.files, x.file)
	if err != nil {
		return err
	}
	index := g.f.Persons.shares[n]
	g.members(x.own, x.crowds)
	g.persons(part, n, x.own, func(who int) *parcel { return x.schools[index.index.School(index.own[who])] })
	for _, p := range x.all {
		x.close(p, part)
	}
	return nil
}

// namedIn are the schools of any share whose names stand in the name of one.
func (g *gathering) namedIn(share string) (out []string) {
	name := roster.SchoolKey(share)
	for key := range g.schools {
		if strings.Contains(name, key) {
			out = append(out, key)
		}
	}
	return out
}

// close counts for a school what could not be attributed.
func (x *sorter) close(p *parcel, part *exposure.Part) {
	e, h := &p.out.Exposure, &p.home
	shared := exposure.Three{Confirmed: x.loose.Confirmed + h.some.Confirmed - h.minus.Confirmed, Possible: x.loose.Possible + h.some.Possible - h.minus.Possible, Exempt: x.loose.Exempt + h.some.Exempt - h.minus.Exempt}
	e.Shared = plus(e.Shared, shared)
	p.out.Damage.Shared += x.hurts + h.hurts - h.less
	e.Strange, e.Names = e.Strange+part.Files.Strange, e.Names || part.Files.Names
	if !h.known { // nobody knows of how many persons they are
		e.Unknown = plus(e.Unknown, shared)
	}
	p.home = home{}
}

// files yields the files of the share, and notes of each whose it is.
func (x *sorter) files(yield func(*exposure.File, error) bool) {
	var f exposure.File
	for l, err := range x.g.f.source.lots {
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range l.objects {
			o := &l.objects[i]
			x.now = x.whose(o.Paths)
			x.size(o)
			if !yield(fileOf(&f, l.share, o), nil) {
				return
			}
			if x.now.sunk && !x.now.told {
				x.tell(paper.File{Path: string(o.Paths[0])})
			}
		}
	}
}

// whose sorts a file by all paths under which it has stood. It is told to a school if every path that tells one tells this one.
func (x *sorter) whose(paths []pathname.Path) (out sorted) {
	var home *parcel
	one, some := true, false
	x.stamp++
	for _, path := range paths {
		at := x.g.f.Persons.place(x.share, path)
		if at.nobody {
			if out.nobody = true; len(at.schools) == 0 || x.schools[at.schools[0]] == nil {
				continue
			}
		}
		for _, p := range x.told(at) {
			switch {
			case p == nil: // a school that neither roster nor register knows
				out.any, one = true, false
			case home == nil && !some:
				home, out.path, some = p, path, true
				out.some = append(out.some, p)
			case p != home:
				if one = false; p.home.stamp != x.stamp {
					out.some = append(out.some, p)
				}
			}
			if p != nil {
				p.home.stamp = x.stamp
			}
		}
		if at.anywhere() {
			out.any = true
		}
	}
	if out.any = out.any || len(paths) == 0; one && home != nil {
		out.home = home
	}
	out.nobody = out.nobody && !out.any && !some
	return out
}

// told are the schools that a place names; nil for one that nobody knows.
func (x *sorter) told(at place) (out []*parcel) {
	if len(at.schools) == 0 {
		return nil
	}
	if known, ok := x.groups[&at.schools[0]]; ok && at.people {
		return known
	}
	for _, key := range at.schools {
		out = append(out, x.schools[key])
	}
	if at.people {
		out = append(out, x.strangers...)
		x.groups[&at.schools[0]] = out
	}
	return out
}

// size counts how much a school has, and what of it went with a directory.
func (x *sorter) size(o *vault.Object) {
	p, h := x.now.home, x.g.f.harmed.files[o.File]
	if x.now.back, x.now.sunk = x.sunk(o.Paths); !o.Removed.IsZero() || h.altered {
		x.now.sunk = false
	}
	if x.now.sunk {
		x.hurtElsewhere()
	}
	if p == nil || !o.Removed.IsZero() && !(h.altered && slices.Contains(h.what, vault.Gone)) {
		return
	}
	size := h.size
	if !h.altered && len(o.Contents) > 0 {
		size = o.Contents[0].Size
	}
	d := &p.damage
	if d.OfFiles, d.OfBytes = d.OfFiles+1, d.OfBytes+size; x.now.sunk {
		d.hurt(vault.Gone)
		d.altered(size, x.now.back)
	}
}

// altered counts a file of which there is a version from before.
func (d *Damage) altered(size int64, back time.Time) {
	if d.Files, d.Bytes, d.Intact = d.Files+1, d.Bytes+size, d.Intact+1; !back.IsZero() {
		d.Back++
		d.back(back)
	}
}

// sunk reports whether a file went with a directory, and when that was put back.
func (x *sorter) sunk(paths []pathname.Path) (back time.Time, sunk bool) {
	for dir, at := range x.g.f.harmed.gone {
		if slices.ContainsFunc(paths, func(p pathname.Path) bool { return strings.HasPrefix(string(p), string(dir)+"/") }) {
			return at, true
		}
	}
	return back, false
}

// file sorts a file that counts.
func (x *sorter) file(file *exposure.File, m exposure.Mark) {
	class, exposed := m.Class()
	h := x.g.f.harmed.files[file.ID]
	if exposed {
		x.elsewhere(class)
	}
	if h.altered {
		x.hurtElsewhere()
	}
	p := x.now.home
	if p != nil {
		for _, w := range h.what {
			p.damage.hurt(w)
		}
		if h.altered {
			p.damage.altered(h.size, h.back)
		}
	}
	if !exposed && !h.altered {
		return
	}
	x.now.told = true
	y := fileAs(string(file.Paths[0]), class, exposed, h)
	known := x.g.f.Persons.first(file.Paths)
	for i, path := range file.Paths {
		switch who := x.g.f.Persons.Of(x.share, path); who.Link {
		case exposure.One:
			if i == known && p != nil {
				x.own[who.N]++
			}
		case exposure.Group:
			if i == known && p != nil && within(path) != rosterFile {
				x.crowds[who.N]++
			}
		case exposure.Unlinked:
			y.Unlinked = x.g.f.Persons.shares[x.share] != nil
		}
	}
	if x.tell(y); p == nil || !exposed {
		return
	}
	e := &p.out.Exposure
	add(&e.Files, class)
	if y.Unlinked {
		add(&e.FilesUnlinked, class)
	}
	switch {
	case x.g.f.Persons.nobody(x.share, file.Paths):
		e.FilesNobody++
	case !p.home.known:
		add(&e.Unknown, class)
	}
}

// tell puts a file on the list of its school, under the path that tells so and without the name of the share; or on that of the house.
func (x *sorter) tell(y paper.File) {
	if x.now.sunk {
		y.Hurts, y.Intact, y.Back = append(y.Hurts, string(vault.Gone)), true, x.now.back
	}
	if x.now.home == nil {
		x.g.loose = append(x.g.loose, y)
		return
	}
	y.Path = within(x.now.path)
	x.now.home.files = append(x.now.home.files, y)
}

// hurt counts one kind of damage.
func (d *Damage) hurt(w vault.Hurt) {
	if d.Hurts == nil {
		d.Hurts = make(map[vault.Hurt]int64)
	}
	d.Hurts[w]++
}

// elsewhere counts an exposed file for the schools that it may concern and to which it is not told.
func (x *sorter) elsewhere(c exposure.Class) {
	if x.now.any {
		addTo(&x.loose, c)
		if x.now.home != nil {
			addTo(&x.now.home.home.minus, c)
		}
		return
	}
	for _, p := range x.now.some {
		if p != x.now.home {
			addTo(&p.home.some, c)
		}
	}
}

// hurtElsewhere is that of a file that is hurt.
func (x *sorter) hurtElsewhere() {
	if x.now.any {
		if x.hurts++; x.now.home != nil {
			x.now.home.home.less++
		}
		return
	}
	for _, p := range x.now.some {
		if p != x.now.home {
			p.home.hurts++
		}
	}
}

func addTo(t *exposure.Three, c exposure.Class) {
	switch c {
	case exposure.Confirmed:
		t.Confirmed++
	case exposure.Possible:
		t.Possible++
	case exposure.Exempt:
		t.Exempt++
	}
}
