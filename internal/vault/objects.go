package vault

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Object is a file of a share with all that it ever was. What a case asks about it goes over all of its names: whoever renames a file does
// not take it from whom it shows.
type Object struct {
	File     id.File
	Paths    []pathname.Path // where it stands, or stood last, first; then where it stood before
	Puts     [][]Put         // who has put it there, of each path; nil: it never stood elsewhere
	More     bool            // it stood in more places than are told
	Removed  time.Time       // zero while it is shown
	Contents []Contained     // latest first
}

// Contained is a content that a file had.
type Contained struct {
	Version id.Version
	Key     id.Version // whose key opens it: what the ledger names when it is released
	Epoch   id.Epoch   // in which Key was written
	Preview id.Version // of its small picture, which is released by itself; zero: there is none
	Drawn   id.Epoch   // in which Preview was written
	Equal   [32]byte   // equal in a share exactly for equal content
	Size    int64
	Saved   time.Time
	By      Actor
	Copied  bool // the content was there before, under another name or earlier
	Held    bool // by the guard: it was never anybody's but its author's
}

// Put is an act that put a file where it stands, under its name: a save there, too.
type Put struct {
	By   Actor
	When time.Time
}

// mostPlaces is how many places of one file are told.
const mostPlaces = 16

// Objects yields all files that a share ever had, in the order in which they were made, for whoever is concerned with it: names and sizes,
// no content. Memory is some hundred bytes for each folder.
func (v *Vault) Objects(ctx context.Context, s account.Session, share pathname.Path) iter.Seq2[Object, error] {
	const op = "list"
	return func(yield func(Object, error) bool) {
		w := &view{v: v, s: s}
		sh, a, err := w.inquire(ctx, op, share)
		if err != nil {
			yield(Object{}, err)
			return
		}
		o := &objects{ctx: ctx, cat: v.cfg.Catalogue.View(sh.id, sh.meta), share: pathname.Root.Join(a.Name), places: make(map[id.File][]place), paths: make(map[id.File][]pathname.Path),
			under: make(map[id.File]bool)}
		for x, err := range o.all() {
			if err != nil {
				yield(Object{}, problem.New(problem.Internal, op, string(share), err))
				return
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}

// Mark says how far a share's books are, for whoever is concerned with it: as long as it stays, Objects yields the same.
func (v *Vault) Mark(ctx context.Context, s account.Session, share pathname.Path) (int64, error) {
	sh, _, err := (&view{v: v, s: s}).inquire(ctx, "list", share)
	if err != nil {
		return 0, err
	}
	return v.cfg.Catalogue.View(sh.id, sh.meta).Mark(ctx)
}

// place is where something stood.
type place struct {
	parent id.File
	name   string
}

// objects finds out about all files of a share.
type objects struct {
	ctx    context.Context
	cat    catalogue.View
	share  pathname.Path
	places map[id.File][]place         // of directories
	paths  map[id.File][]pathname.Path // of directories, as far as they were asked for
	under  map[id.File]bool            // those that are being asked for
	cut    bool                        // one of them was met again
}

func (o *objects) all() iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		refs, err := o.cat.Nodes(o.ctx)
		if err == nil {
			err = o.directories(refs)
		}
		if err != nil {
			yield(Object{}, err)
			return
		}
		for part := range refs.Lists(batch, func(r catalogue.Ref) bool { return !r.Dir }) {
			list, err := o.files(part)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, x := range list {
				if !yield(x, nil) {
					return
				}
			}
		}
	}
}

// directories notes where directories stood.
func (o *objects) directories(refs *catalogue.Refs) error {
	for part := range refs.Lists(batch, func(r catalogue.Ref) bool { return r.Dir }) {
		stories, err := o.cat.Stories(o.ctx, part, time.Time{})
		if err != nil {
			return err
		}
		for i := range stories {
			o.places[stories[i].Node.File] = placesIn(&stories[i])
		}
	}
	return nil
}

// placesIn are the places of a node, the last first.
func placesIn(s *catalogue.Story) []place {
	out := []place{{s.Node.Parent, s.Node.Name}}
	for i := range s.Changes {
		c := &s.Changes[i]
		if p := (place{c.Parent, c.Name}); puts(c.Kind) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// puts reports whether a change puts something into a place.
func puts(k commit.Kind) bool {
	switch k {
	case commit.Save, commit.Link, commit.Move, commit.Mkdir, commit.Touch:
		return true
	}
	return false
}

// putsOf are the acts that put a file into its places, by its paths: of tells which places each path is of.
func putsOf(s *catalogue.Story, places []place, of [][]int) [][]Put {
	acts := make([][]Put, len(places))
	for i := range s.Changes {
		c := &s.Changes[i]
		if n := slices.Index(places, place{c.Parent, c.Name}); puts(c.Kind) && n >= 0 {
			acts[n] = append(acts[n], Put{c.Actor(), c.When})
		}
	}
	out := make([][]Put, len(of))
	for i, list := range of {
		for _, n := range list {
			out[i] = append(out[i], acts[n]...)
		}
	}
	return out
}

// pathsOf are the paths of places, and of which places each is if there are several.
func (o *objects) pathsOf(places []place) (out []pathname.Path, of [][]int, more bool) {
	for n, p := range places {
		above := []pathname.Path{o.share}
		if !p.parent.IsZero() {
			above = o.directory(p.parent)
		}
		for _, dir := range above {
			if len(out) == mostPlaces {
				return out, of, true
			}
			path := dir.Join(p.name)
			i := slices.Index(out, path)
			switch {
			case i >= 0 && len(places) > 1:
				of[i] = append(of[i], n)
			case i >= 0:
			case len(places) > 1:
				out, of = append(out, path), append(of, []int{n})
			default:
				out = append(out, path)
			}
		}
	}
	return out, of, false
}

// directory are the paths that a directory had. Of directories that once stood in each other, each is passed through once.
func (o *objects) directory(dir id.File) []pathname.Path {
	if known, ok := o.paths[dir]; ok {
		return known
	}
	if o.under[dir] || len(o.under) > pathname.MaxPath/2 {
		o.cut = true
		return nil
	}
	o.under[dir] = true
	out, _, _ := o.pathsOf(o.places[dir])
	delete(o.under, dir)
	if len(o.under) == 0 {
		o.cut = false
	}
	if !o.cut { // else it is not all of them: it was asked for from below
		o.paths[dir] = out
	}
	return out
}

// files tells of files.
func (o *objects) files(refs []catalogue.Ref) ([]Object, error) {
	stories, err := o.cat.Stories(o.ctx, refs, time.Time{})
	if err != nil {
		return nil, err
	}
	out := make([]Object, 0, len(stories))
	var keys []id.Version
	for i := range stories {
		s := &stories[i]
		if s.Node.File.IsZero() || strings.HasPrefix(s.Node.Name, ":") && s.Node.Name != rosterName {
			continue
		}
		x := Object{File: s.Node.File, Removed: s.Node.Removed}
		places := placesIn(s)
		var of [][]int
		if x.Paths, of, x.More = o.pathsOf(places); len(places) > 1 {
			x.Puts = putsOf(s, places, of)
		}
		if len(x.Paths) == 0 { // no way leads to the share: what is not told would count for nobody
			x.Paths = []pathname.Path{o.share.Join(s.Node.Name)}
		}
		for j := range s.Changes {
			c := &s.Changes[j]
			if !c.Kind.HasContent() || c.Version.Version.IsZero() {
				continue
			}
			x.Contents = append(x.Contents, Contained{Version: c.Version.Version, Key: c.Version.Key, Epoch: c.Version.Epoch, Equal: c.Version.Equal, Size: c.Version.Size,
				Saved: c.When, By: c.Actor(), Copied: c.Kind == commit.Link || c.Version.Key != c.Version.Version, Held: c.Kind == commit.Hold})
			keys = append(keys, c.Version.Key)
		}
		out = append(out, x)
	}
	return out, o.previews(out, keys)
}

// previews notes the small pictures of contents, which come in the order of keys.
func (o *objects) previews(list []Object, keys []id.Version) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := o.cat.Previews(o.ctx, keys)
	if err != nil {
		return err
	}
	for i := range list {
		for j := range list[i].Contents {
			c := &list[i].Contents[j]
			c.Preview, c.Drawn, found = found[0].Version, found[0].Epoch, found[1:]
		}
	}
	return nil
}
