package vault_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/vault"
)

// did is one operation in the log of a player.
type did struct {
	when time.Time
	who  int
	op   commit.Op
}

// was is what a file is after some operations.
type was struct {
	known, shown bool
	parent       id.File
	name         string
	equal        [32]byte
	has          bool // content
}

func (w was) after(op commit.Op) was {
	switch op.Kind {
	case commit.Remove:
		w.shown = false
	case commit.Mkdir, commit.Touch, commit.Move, commit.Save, commit.Link:
		w.known, w.shown, w.parent, w.name = true, true, op.Parent, op.Name
		if op.Kind == commit.Save || op.Kind == commit.Link {
			w.equal, w.has = op.Equal, true
		}
	}
	return w
}

// replay goes through the operations on a file, but for those that are passed over.
func replay(log []did, file id.File, over func(did) bool) (w was) {
	for _, d := range log {
		if d.op.File == file && (over == nil || !over(d)) {
			w = w.after(d.op)
		}
	}
	return w
}

// scene is a share in which some people work and some do harm.
type scene struct {
	t     *rapid.T
	h     *house
	now   time.Time
	who   []account.Session
	log   []did
	files []id.File
	dirs  map[id.File]bool
}

func (s *scene) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) do(who int, op commit.Op) {
	s.now = s.now.Add(time.Millisecond)
	s.ok(s.h.v.Do(bg, s.who[who], "/s", op))
	s.log = append(s.log, did{s.now, who, op})
	s.t.Logf("%s: %v %s: %q in %s, %x", s.who[who].Name, op.Kind, op.File, op.Name, op.Parent, op.Equal[:2])
	if !slices.Contains(s.files, op.File) {
		s.files = append(s.files, op.File)
		s.dirs[op.File] = op.Kind == commit.Mkdir
	}
}

// at tells what stands where people can go.
func (s *scene) at() (shown map[id.File]was, dirs []id.File) {
	all := make(map[id.File]was)
	for _, f := range s.files {
		all[f] = replay(s.log, f, nil)
	}
	shown, dirs = make(map[id.File]was), []id.File{{}}
	for i := 0; i < len(dirs); i++ {
		for _, f := range s.files {
			if w := all[f]; w.shown && w.parent == dirs[i] {
				if shown[f] = w; s.dirs[f] {
					dirs = append(dirs, f)
				}
			}
		}
	}
	return shown, dirs
}

func filled(n int) commit.Content {
	v := id.NewVersion()
	return commit.Content{Version: v, Key: v, Epoch: id.Epoch{1}, Size: int64(n), Equal: [32]byte{byte(n), byte(n >> 8), 1}}
}

// act lets somebody do something that can be done.
func (s *scene) act(t *rapid.T) {
	s.t = t
	who := rapid.IntRange(0, len(s.who)-1).Draw(t, "who")
	shown, dirs := s.at()
	dir := rapid.SampledFrom(dirs).Draw(t, "dir")
	name := rapid.SampledFrom([]string{"a.txt", "b.txt", "c", "が"}).Draw(t, "name")
	free := !slices.ContainsFunc(slices.Collect(maps.Values(shown)), func(w was) bool { return w.parent == dir && w.name == name })
	var file id.File
	if len(s.files) > 0 {
		file = rapid.SampledFrom(s.files).Draw(t, "file")
	}
	w, there := shown[file]
	op := commit.Op{File: file, Parent: dir, Name: name}
	switch kind := rapid.IntRange(0, 8).Draw(t, "act"); {
	case kind <= 1 && free:
		op.File, op.Kind = id.NewFile(), commit.Mkdir
		if kind == 0 {
			op.Kind, op.Content = commit.Save, filled(len(s.log)+1)
		}
	case kind == 2 && free:
		op.File, op.Kind = id.NewFile(), commit.Touch
	case kind <= 4 && there && !s.dirs[file]:
		op.Kind, op.Parent, op.Name, op.Content = commit.Save, w.parent, w.name, filled(len(s.log)+1)
	case kind == 5 && there && free && !s.within(shown, dir, file), kind == 6 && file != (id.File{}) && !there && free && !s.within(shown, dir, file):
		op.Kind = commit.Move
	case kind == 7 && there:
		op = commit.Op{Kind: commit.Remove, File: file}
	case kind == 8 && there:
		s.swap(who, shown, file, rapid.SampledFrom(s.files).Draw(t, "other"))
		return
	default:
		return
	}
	s.do(who, op)
}

// swap lets two files change places.
func (s *scene) swap(who int, shown map[id.File]was, a, b id.File) {
	x, y := shown[a], shown[b]
	if a == b || !y.shown || s.dirs[a] || s.dirs[b] {
		return
	}
	s.do(who, commit.Op{Kind: commit.Move, File: a, Parent: x.parent, Name: "aside"})
	s.do(who, commit.Op{Kind: commit.Move, File: b, Parent: x.parent, Name: x.name})
	s.do(who, commit.Op{Kind: commit.Move, File: a, Parent: y.parent, Name: y.name})
}

func (s *scene) within(shown map[id.File]was, dir, top id.File) bool {
	for ; dir != (id.File{}); dir = shown[dir].parent {
		if dir == top {
			return true
		}
	}
	return false
}

func (s *scene) state() map[id.File]catalogue.Node {
	out, err := s.h.v.Nodes(bg, s.who[0], "/s")
	s.ok(err)
	return out
}

// looks is what of a node a rollback has to bring back.
func looks(n catalogue.Node) string {
	if !n.Removed.IsZero() {
		return "gone"
	}
	return fmt.Sprintf("%s in %s, %x", n.Name, n.Parent, n.Head.Equal[:3])
}

func compare(t *rapid.T, what string, got, want map[id.File]catalogue.Node) {
	t.Helper()
	for f, n := range got {
		w, ok := want[f]
		if g := looks(n); !ok && g != "gone" || ok && g != looks(w) {
			t.Errorf("%s: %s is %s, want %s", what, f, g, looks(w))
		}
	}
}

var errKilled = errors.New("killed")

// roll rolls back, and if it is to break off, breaks off after so many files and calls again.
func (s *scene) roll(by vault.Suspects, who account.Session, dry bool, off int) (told []vault.Mended, out vault.Rolled) {
	s.now = s.now.Add(time.Second)
	if off > 0 {
		n := 0
		first, err := s.h.v.Rollback(bg, who, "/s", by, nil, dry, func(vault.Mended) error {
			if n++; n == off {
				return errKilled
			}
			return nil
		})
		if err != nil && !errors.Is(err, errKilled) {
			s.t.Fatal(err)
		}
		out.First = first.First
	}
	rest, err := s.h.v.Rollback(bg, who, "/s", by, nil, dry, func(m vault.Mended) error { told = append(told, m); return nil })
	s.ok(err)
	s.t.Logf("rolled back by %s (dry: %v): %+v", who.Name, dry, told)
	if out.First.IsZero() {
		out.First = rest.First
	}
	return told, out
}

// TestRollbackModel compares rollbacks of random acts with what a replay of the acts without those of the suspects gives, and takes the rollbacks
// back in turn.
func TestRollbackModel(t *testing.T) {
	k := newTestKeeper(t, "s")
	rapid.Check(t, func(r *rapid.T) {
		defer vault.SetRollbackPage(rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(r, "page"), rapid.IntRange(1, 4).Draw(r, "batch"))()
		s := &scene{t: r, now: time.Date(2026, 7, 13, 9, 0, 0, 0, time.UTC), dirs: make(map[id.File]bool)}
		s.h = openClock(t, t.TempDir(), k, func() time.Time { return s.now })
		defer s.h.close()
		for _, name := range []string{"sato", "suzuki", "bad", "worse"} {
			s.who = append(s.who, person(name))
		}
		for range rapid.IntRange(5, 30).Draw(r, "acts") {
			s.act(r)
		}
		start, end := s.now.Add(-time.Hour), time.Time{}
		if len(s.log) > 0 && rapid.Bool().Draw(r, "window") {
			from := rapid.IntRange(0, len(s.log)-1).Draw(r, "from")
			start = s.log[from].when.Add(-time.Microsecond)
			end = s.log[rapid.IntRange(from, len(s.log)-1).Draw(r, "to")].when
		}
		all := rapid.Bool().Draw(r, "everybody") // as a restore to before a case does it: what was done until then
		if all && end.IsZero() {
			end = s.now
		}
		by := vault.Suspects{From: start, To: end, Pick: func(a vault.Actor) bool { return all || a.Author == "bad" || a.Author == "worse" }}
		theirs := func(d did) bool {
			return (all || d.who >= 2) && d.when.After(start) && (end.IsZero() || !d.when.After(end))
		}
		before := s.state()
		dry, _ := s.roll(by, person("mender"), true, 0)
		compare(r, "after a dry run", s.state(), before)
		off, mender := rapid.IntRange(0, 3).Draw(r, "break off after"), person("mender")
		told, rolled := s.roll(by, mender, false, off)
		if off == 0 && fmt.Sprint(dry) != fmt.Sprint(told) {
			r.Errorf("the dry run told\n%v\nand this was done:\n%v", dry, told)
		}
		touched := make(map[id.File]bool)
		for _, d := range s.log {
			if theirs(d) {
				touched[d.op.File] = true
			}
		}
		if len(told) > len(touched) {
			r.Errorf("they have touched %d files, and this was done:\n%v", len(touched), told)
		}
		after := s.state()
		s.check(before, after, theirs)
		s.roll(by, person("again"), false, 0)
		compare(r, "after rolling back twice", s.state(), after)
		if rolled.First.IsZero() {
			return
		}
		s.roll(vault.Suspects{From: rolled.First.Add(-time.Microsecond), Pick: func(a vault.Actor) bool { return a.Session == mender.ID }}, person("undo"), false, off)
		compare(r, "after taking the rollback back", s.state(), before)
	})
}

// check compares what stands after a rollback with the replay.
func (s *scene) check(before, after map[id.File]catalogue.Node, theirs func(did) bool) {
	goal := make(map[id.File]was)
	for _, f := range s.files {
		goal[f] = replay(s.log, f, theirs)
	}
	reach := func(dir id.File) bool { // by the replay
		for n := 0; dir != (id.File{}) && n < 100; n++ {
			if !goal[dir].shown {
				return false
			}
			dir = goal[dir].parent
		}
		return dir == id.File{}
	}
	for _, f := range s.files {
		touched := slices.ContainsFunc(s.log, func(d did) bool { return d.op.File == f && theirs(d) })
		n, w := after[f], goal[f]
		shown := n.Removed.IsZero()
		switch {
		case !touched:
			if looks(n) != looks(before[f]) {
				s.t.Errorf("%s was not touched by them: it is %s, was %s", f, looks(n), looks(before[f]))
			}
		case !w.shown:
			if shown && !(s.dirs[f] && s.others(f, after, theirs)) {
				s.t.Errorf("%s would not be there: it is %s", f, looks(n))
			}
		case !shown && !w.has && !s.dirs[f]: // it had no content: another placeholder stands there
			if !slices.ContainsFunc(slices.Collect(maps.Values(after)), func(n catalogue.Node) bool {
				was := before[f]
				there := n.Parent == w.parent && called(n.Name, w.name) || !reach(w.parent) && n.Parent == was.Parent && n.Name == was.Name
				return there && n.Removed.IsZero() && n.Head.Version.IsZero()
			}) {
				s.t.Errorf("%s would be empty, and is not there: %+v", f, w)
			}
		case !shown:
			if s.dirs[f] && !reach(w.parent) { // it would stand in itself
				continue
			}
			s.t.Errorf("%s would be there: %+v", f, w)
		default:
			s.place(f, n, before[f], w, after, reach)
			if w.has && n.Head.Equal != w.equal {
				s.t.Errorf("%s has the content %x, want %x", f, n.Head.Equal[:3], w.equal[:3])
			}
		}
		s.conflict(f, after, goal[f], theirs)
	}
}

// called reports whether a name is another, or stands beside it.
var besides = regexp.MustCompile(`\(前( \d+)?\)`)

func called(name, want string) bool { return besides.ReplaceAllString(name, "") == want }

// place looks whether a file stands where it should, or else why not.
func (s *scene) place(f id.File, n, before catalogue.Node, w was, after map[id.File]catalogue.Node, reach func(id.File) bool) {
	switch {
	case n.Parent == w.parent && n.Name == w.name:
	case n.Parent == w.parent && called(n.Name, w.name): // because something else has the name
		for g, other := range after {
			if g != f && other.Removed.IsZero() && other.Parent == w.parent && other.Name == w.name {
				return
			}
		}
		s.t.Errorf("%s is called %s, and nothing has the name %s", f, n.Name, w.name)
	case before.Removed.IsZero() && n.Parent == before.Parent && n.Name == before.Name && !reach(w.parent): // nobody would find it there
	default:
		s.t.Errorf("%s is %s, want %s in %s", f, looks(n), w.name, w.parent)
	}
}

// others reports whether something that others have put there, or that has to stay, is shown below a directory.
func (s *scene) others(dir id.File, after map[id.File]catalogue.Node, theirs func(did) bool) bool {
	for _, f := range s.files {
		if w := replay(s.log, f, theirs); w.shown && w.parent == dir {
			return true
		}
	}
	for f, n := range after {
		if n.Parent != dir || !n.Removed.IsZero() {
			continue
		}
		if n.Dir && s.others(f, after, theirs) || slices.ContainsFunc(s.log, func(d did) bool { return d.op.File == f && !theirs(d) }) {
			return true
		}
	}
	return false
}

// conflict looks for the content from before, when somebody has saved over what they had made of it.
func (s *scene) conflict(f id.File, after map[id.File]catalogue.Node, w was, theirs func(did) bool) {
	var old was
	var touched, bad, over bool
	for _, d := range s.log {
		if d.op.File != f {
			continue
		}
		if touched = touched || theirs(d); !touched {
			old = old.after(d.op)
		}
		saved := d.op.Kind == commit.Save
		over = over || saved && bad && !theirs(d)
		bad = bad || saved && theirs(d)
	}
	if !over || !old.has || !w.shown || old.equal == w.equal {
		return
	}
	for _, n := range after {
		if n.Removed.IsZero() && n.Head.Equal == old.equal {
			return
		}
	}
	s.t.Errorf("%s was saved over, and the content from before does not stand beside it", f)
}
