package cases

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
	"github.com/azekura/azekura/internal/vault"
)

// renamed finds the names that nobody but suspects has given: they say nothing of whom a file shows, and whose it is its earlier names tell.
// docs/exposure.md says why no number becomes too small by it.
type renamed struct {
	by      vault.Suspects
	names   map[string]bool        // that suspects have given, without their directories
	gone    map[pathname.Path]bool // where files stood that suspects have removed, or put elsewhere
	found   map[pathname.Path]earlier
	spoilt  map[pathname.Path]bool // where also somebody else has put something, or where something stands of which no earlier name is known
	unknown bool                   // some file stood in more places than are told
}

// earlier is where a file stood before it got a name from suspects.
type earlier struct {
	path pathname.Path
	own  bool // it is the same file, which counts by that name anyway; else one that was put in its place
	more bool // the name is the earlier one with something behind it
}

func newRenamed(by vault.Suspects) *renamed {
	return &renamed{by: by, names: make(map[string]bool), gone: make(map[pathname.Path]bool), found: make(map[pathname.Path]earlier), spoilt: make(map[pathname.Path]bool)}
}

// harm takes in what was done to a file.
func (x *renamed) harm(h *vault.Harm) {
	if h.Dir {
		return
	}
	for _, name := range h.Names {
		x.names[name] = true
	}
	if slices.Contains(h.Hurts, vault.Gone) || slices.Contains(h.Hurts, vault.Retitled) {
		x.gone[h.Path] = true
	}
}

// object takes in a file: all of them, because a name counts as everybody's once anybody else has given it, too.
func (x *renamed) object(o *vault.Object) {
	if len(x.names) == 0 {
		return
	}
	x.unknown = x.unknown || o.More
	for i, p := range o.Paths {
		if !x.names[p.Base()] || x.spoilt[p] {
			continue
		}
		e, ok := x.before(o, i)
		if was, twice := x.found[p]; !ok || twice && was != e && !(was.own && e.own) {
			x.spoilt[p] = true
			continue
		} else if twice {
			e.more = e.more && was.more
		}
		x.found[p] = e
	}
}

// before finds where a file stood before it got one of its paths from suspects; not ok if that is not how it got it.
func (x *renamed) before(o *vault.Object, i int) (e earlier, ok bool) {
	if !x.theirs(o, i) {
		return e, false
	}
	for j, p := range o.Paths {
		if j == i || x.theirs(o, j) {
			continue
		}
		if more := longer(o.Paths[i], p); !ok || more {
			e, ok = earlier{p, true, more}, true
		}
	}
	if ok {
		return e, true
	}
	p := o.Paths[i]
	for end := len(p); ; { // what was put in the place of a file whose name it has, with something behind it
		dot := strings.LastIndexByte(string(p[:end]), '.')
		if dot <= strings.LastIndexByte(string(p), '/')+1 {
			return e, false
		}
		if end = dot; x.gone[p[:end]] {
			return earlier{p[:end], false, true}, true
		}
	}
}

// longer reports whether a name is another with something behind it.
func longer(name, than pathname.Path) bool { return strings.HasPrefix(name.Base(), than.Base()+".") }

// theirs reports whether nobody but suspects has put a file at its path of that number.
func (x *renamed) theirs(o *vault.Object, i int) bool {
	if o.Puts == nil {
		return len(o.Contents) > 0 && !slices.ContainsFunc(o.Contents, func(c vault.Contained) bool { return !x.by.Did(c.By, c.Saved) })
	}
	return len(o.Puts[i]) > 0 && !slices.ContainsFunc(o.Puts[i], func(a vault.Put) bool { return !x.by.Did(a.By, a.When) })
}

// close returns what was found.
func (x *renamed) close() map[pathname.Path]earlier {
	if x.unknown {
		return nil
	}
	for p := range x.spoilt {
		delete(x.found, p)
	}
	return x.found
}

// linkOf is what rules say of a path within its share, by the name that counts; not ok if the file counts by its earlier names anyway.
func (p *Persons) linkOf(book *roster.Book, path pathname.Path) (link roster.Link, ok bool) {
	link = book.Rules.Link(within(path))
	e, known := p.renamed[path]
	if !known || link.Target == roster.OfPerson || link.Target == roster.OfNobody || link.Target != roster.Unlinked && !e.more {
		return link, true
	}
	if e.own {
		return link, false
	}
	if before := book.Rules.Link(within(e.path)); before.Target != roster.Unlinked && before.Target != roster.OfNobody {
		return before, true
	}
	return link, true
}

// first is the number of the path by which a file is known: the first that is not one of suspects.
func (p *Persons) first(paths []pathname.Path) int {
	return max(0, slices.IndexFunc(paths, func(path pathname.Path) bool { return !p.renamed[path].own }))
}

// hosted reports whether one of the parties ruled a machine: it may have written into the books who has given which name.
func hosted(list []exposure.Party) bool {
	return slices.ContainsFunc(list, func(p exposure.Party) bool { return p.Kind == exposure.Storehouse || p.Kind == exposure.Keeper })
}
