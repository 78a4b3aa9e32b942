package davmodel

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// drive is what a careful person expects of a WebDAV drive: names, contents and properties, and the locks of RFC 4918.
// It knows nothing of versions, packs or keys.
type drive struct {
	things map[string]*thing // by the NFC form of their paths; "" is the top
	locks  map[string]lock   // by token
	moved  bool              // some file has another name than it began with
}

// thing is a file or a directory. What the server chooses (entity tag, time of a save) is unknown until it has been
// seen once; from then on it must stay.
type thing struct {
	dir      bool
	content  string
	tag      string            // "": not seen yet
	modified string            // likewise; of files only
	props    map[string]string // nil: not seen yet
}

type lock struct {
	root         string
	deep, shared bool
}

func (l lock) covers(name string) bool { return l.root == name || l.deep && below(name, l.root) }

func key(name string) string { return norm.NFC.String(name) }

func dirOf(name string) string { return strings.TrimSuffix(path.Dir(name), "/") }

func below(name, dir string) bool { return strings.HasPrefix(name, dir+"/") }

func newDrive() *drive {
	return &drive{things: map[string]*thing{"": {dir: true}}, locks: make(map[string]lock)}
}

func (d *drive) clone() *drive {
	c := &drive{things: make(map[string]*thing, len(d.things)), locks: maps.Clone(d.locks), moved: d.moved}
	for name, t := range d.things {
		c.things[name] = t.copy()
	}
	return c
}

func (t *thing) copy() *thing {
	c := *t
	c.props = maps.Clone(t.props)
	return &c
}

// forget says that the thing is another file from now on, with the same content. What never had content has no time of
// its own either.
func (t *thing) forget() {
	if t.tag = ""; t.content == "" {
		t.modified = ""
	}
}

func (d *drive) isDir(name string) bool { t := d.things[name]; return t != nil && t.dir }

// taken reports whether some of these locks forbid what a client wants that presents these tokens.
func taken(in map[string]lock, tokens []string) bool {
	for _, token := range tokens {
		if _, ok := in[token]; ok {
			return false
		}
	}
	return len(in) > 0
}

func (d *drive) locksOn(name string) map[string]lock {
	in := make(map[string]lock)
	for token, l := range d.locks {
		if l.covers(name) {
			in[token] = l
		}
	}
	return in
}

// locked reports whether a lock forbids to change what stands at a name, or to make it (RFC 4918 section 7).
func (d *drive) locked(name string, tokens []string) bool {
	if d.things[name] == nil {
		name = dirOf(name)
	}
	return taken(d.locksOn(name), tokens)
}

// stuck reports whether a lock forbids to take a name away: one on its directory, on itself or on something below.
func (d *drive) stuck(name string, tokens []string) bool {
	for other := range d.things {
		if (other == name || other == dirOf(name) || below(other, name)) && taken(d.locksOn(other), tokens) {
			return true
		}
	}
	return false
}

// arrive lets a file come to a name that was free. The file that left that name a moment ago may continue under it: then
// what has its present name is the same content in another file, with another entity tag.
func (d *drive) arrive() {
	for _, t := range d.things {
		if d.moved {
			t.forget()
		}
	}
}

// remove takes a name away with everything below and the locks on it.
func (d *drive) remove(name string) {
	maps.DeleteFunc(d.things, func(n string, _ *thing) bool { return n == name || below(n, name) })
	d.unlock(name)
}

func (d *drive) unlock(name string) {
	maps.DeleteFunc(d.locks, func(_ string, l lock) bool { return l.root == name || below(l.root, name) })
}

// The following return the statuses with which an act may be refused. None: it must succeed.

func (d *drive) mayPut(name string, tokens []string) (no []int) {
	if !d.isDir(dirOf(name)) {
		return []int{http.StatusConflict}
	}
	if d.isDir(name) {
		no = append(no, http.StatusMethodNotAllowed)
	}
	if d.locked(name, tokens) {
		no = append(no, http.StatusLocked)
	}
	return no
}

func (d *drive) mayMkcol(name string, tokens []string) (no []int) {
	no = d.mayPut(name, tokens)
	if d.things[name] != nil && !d.isDir(name) {
		no = append(no, http.StatusMethodNotAllowed)
	}
	return no
}

func (d *drive) mayRemove(name string, tokens []string) (no []int) {
	if d.things[name] == nil {
		return []int{http.StatusNotFound}
	}
	if d.stuck(name, tokens) {
		no = append(no, http.StatusLocked)
	}
	return no
}

func (d *drive) mayTransfer(from, to string, respelt, move, replace bool, tokens []string) (no []int) {
	src, dst := d.things[from], d.things[to]
	if src == nil {
		return []int{http.StatusNotFound}
	}
	if from == to && !respelt || src.dir && below(to, from) || below(from, to) {
		no = append(no, http.StatusForbidden)
	}
	if !d.isDir(dirOf(to)) {
		no = append(no, http.StatusConflict)
	}
	if dst != nil && !replace && !respelt {
		no = append(no, http.StatusPreconditionFailed)
	}
	if move && d.stuck(from, tokens) || d.locked(to, tokens) || dst != nil && from != to && (dst.dir || src.dir) && d.stuck(to, tokens) {
		no = append(no, http.StatusLocked)
	}
	return no
}

// transfer is COPY and MOVE.
func (d *drive) transfer(from, to string, move, deep bool) {
	dst := d.things[to]
	made := make(map[string]*thing)
	for name, t := range d.things {
		if name == from || deep && below(name, from) {
			t = t.copy()
			if !t.dir && (!move || name == from) { // a new version, or the old one
				t.forget()
			}
			made[to+name[len(from):]] = t
		}
	}
	top := made[to]
	if dst == nil && !top.dir {
		d.arrive()
	}
	d.moved = d.moved || move && !top.dir
	switch {
	case dst != nil && (dst.dir || top.dir):
		d.remove(to)
	case !top.dir && len(top.props) == 0: // what had the name may continue, with its properties
		top.props = nil
	}
	if move {
		d.remove(from)
	}
	maps.Copy(d.things, made)
}

func (d *drive) mayLock(name string, l lock, tokens []string) (no []int) {
	if !d.isDir(dirOf(name)) {
		return []int{http.StatusConflict}
	}
	if d.things[name] == nil && d.locked(name, tokens) {
		return []int{http.StatusLocked}
	}
	for _, other := range d.locks {
		if (other.covers(name) || l.deep && below(other.root, name)) && !(l.shared && other.shared) {
			return []int{http.StatusLocked}
		}
	}
	return nil
}

// seen is a thing as the server shows it.
type seen struct {
	thing
	size   string
	tokens []string
}

// differs compares the drive with what the server shows and returns the first difference. It learns what was unknown.
func (d *drive) differs(shown map[string]*seen) error {
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if d.things[name] == nil {
			return fmt.Errorf("%q is shown and should not be", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.things)) {
		s := shown[name]
		if s == nil {
			return fmt.Errorf("%q is not shown", name)
		}
		if err := d.things[name].differs(s); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		if got, want := s.tokens, slices.Sorted(maps.Keys(d.locksOn(name))); !slices.Equal(got, want) {
			return fmt.Errorf("%q: locks %v, want %v", name, got, want)
		}
	}
	return nil
}

func (t *thing) differs(s *seen) error {
	if s.dir != t.dir {
		return fmt.Errorf("is a directory: %v, want %v", s.dir, t.dir)
	}
	if t.props != nil && !maps.Equal(s.props, t.props) {
		return fmt.Errorf("properties %q, want %q", s.props, t.props)
	}
	t.props = s.props
	if t.dir {
		return nil
	}
	if s.content != t.content {
		return fmt.Errorf("content %.40q (%d bytes), want %.40q (%d bytes)", s.content, len(s.content), t.content, len(t.content))
	}
	if want := fmt.Sprint(len(t.content)); s.size != want {
		return fmt.Errorf("length %s, want %s", s.size, want)
	}
	if t.tag != "" && s.tag != t.tag {
		return fmt.Errorf("entity tag %s, want %s", s.tag, t.tag)
	}
	if t.modified != "" && s.modified != t.modified {
		return fmt.Errorf("modified %s, want %s", s.modified, t.modified)
	}
	t.tag, t.modified = s.tag, s.modified
	return nil
}
