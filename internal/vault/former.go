package vault

import (
	"context"
	"errors"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
)

// deepest bounds a walk up to the root of a share: clocks that were set back could make it a circle.
const deepest = pathname.MaxPath

// former returns the paths at which content has stood in the file in which it was first saved, the oldest first, sealed for the keeper: a copy or a new
// name does not make it somebody else's. Only what the keeper can tell persons by is looked up.
func (r *reader) former(ctx context.Context) (out [][]byte, err error) {
	if !r.w.v.cfg.Keeper.HasPersons(r.sh.id) {
		return nil, nil
	}
	cat := r.w.v.cfg.Catalogue.View(r.sh.id, r.sh.meta)
	key := r.version.Key
	if !r.shows.IsZero() {
		key = r.shows
	}
	first, err := cat.Version(ctx, key)
	if errors.Is(err, catalogue.ErrNone) { // nobody has kept it
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	places, err := placesOf(ctx, cat, first.File, key)
	if err != nil {
		return nil, err
	}
	seen := map[pathname.Path]bool{r.info.Path: true}
	for i := len(places) - 1; i >= 0 && len(out) < keeper.MaxFormer; i-- {
		p, err := placeAt(ctx, cat, r.info.Path.Share(), places[i])
		if err != nil {
			return nil, err
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, r.sh.meta.SealPath(string(p)))
		}
	}
	return out, nil
}

// placesOf returns where a file has stood since one of its versions was saved, latest first.
func placesOf(ctx context.Context, cat catalogue.View, file id.File, since id.Version) (out []catalogue.Change, err error) {
	saved := false
	for c, err := range cat.History(ctx, file) {
		if err != nil {
			return nil, err
		}
		saved = saved || c.Kind.HasContent() && c.Version.Version == since
		if !placed(c.Kind) {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Parent != c.Parent || out[n-1].Name != c.Name {
			out = append(out, c)
		} else {
			out[n-1].When = c.When
		}
		if saved { // what was held stands where its file did
			break
		}
	}
	return out, nil
}

// placed reports whether a change says where its file stands.
func placed(k commit.Kind) bool {
	switch k {
	case commit.Mkdir, commit.Touch, commit.Save, commit.Link, commit.Move:
		return true
	}
	return false
}

// placeAt is the path that a change gave to a file, by the names that the directories above it had then.
func placeAt(ctx context.Context, cat catalogue.View, share string, c catalogue.Change) (pathname.Path, error) {
	names, when := []string{c.Name}, c.When
	for !c.Parent.IsZero() && len(names) < deepest {
		dir, err := cat.Node(ctx, c.Parent)
		if errors.Is(err, catalogue.ErrNone) {
			break
		}
		if err != nil {
			return "", err
		}
		if c, err = standing(ctx, cat, dir, when); err != nil {
			return "", err
		}
		names = append(names, c.Name)
	}
	p := pathname.Root.Join(share)
	for i := len(names) - 1; i >= 0; i-- {
		p = p.Join(names[i])
	}
	return p, nil
}

// standing is the change that had put a directory where it stood at a time.
func standing(ctx context.Context, cat catalogue.View, dir catalogue.Node, when time.Time) (at catalogue.Change, err error) {
	at = catalogue.Change{Parent: dir.Parent, Name: dir.Name}
	for c, err := range cat.History(ctx, dir.File) {
		if err != nil {
			return at, err
		}
		if placed(c.Kind) {
			if at = c; !c.When.After(when) {
				break
			}
		}
	}
	return at, nil
}
