package api

import (
	"context"

	"iter"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// restore answers with what it did, one Restored a line. For a directory and a time it goes through
// everything in it: what was changed since goes back, what was renamed gets its name back, what was
// removed returns, and what is newer stays. It only ever adds: each of its steps can be undone too.
func (h *handler) restore(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RestoreRequest](r)
	if err != nil {
		return err
	}
	p, err := parsePath("restore", q.Path)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	t := &restorer{ctx: r.Context(), files: h.Vault.As(s), q: q, r: r, put: func(out Restored) error {
		if err := l.put(out); err != nil {
			return err
		}
		return l.flush()
	}}
	return l.end(t.path(p))
}

// restorer carries out one request. Its methods return an error only when there is no going on.
type restorer struct {
	ctx   context.Context
	files vault.Files
	q     RestoreRequest
	r     *http.Request
	put   func(Restored) error
}

// path restores what the request names.
func (t *restorer) path(p pathname.Path) error {
	now, err := t.files.Stat(t.ctx, p)
	shown := err == nil
	if err != nil && problem.KindOf(err) != problem.NotFound {
		return err
	}
	switch {
	case t.q.Number != 0 || !t.q.Version.IsZero():
		v, err := t.version(p)
		if err != nil {
			return err
		}
		return t.back(p, now, v)
	case t.q.At.IsZero() && shown:
		return &problem.Error{Kind: problem.Exists, Op: "restore", On: string(p), Hint: "hint.restore-what"}
	case t.q.At.IsZero():
		return t.bring(p)
	case shown && now.Dir:
		return t.tree(now.Path)
	case !shown && t.wasDir(p):
		if err := t.bring(p); err != nil {
			return err
		}
		if t.q.DryRun {
			return nil
		}
		return t.tree(p)
	}
	v, name, err := t.stateAt(p)
	if err != nil {
		return err
	}
	if name == "" {
		return &problem.Error{Kind: problem.NotFound, Op: "restore", On: string(p), Hint: "hint.history"}
	}
	return t.back(p, now, v)
}

// version finds the version that the request names in the path's history.
func (t *restorer) version(p pathname.Path) (vault.Info, error) {
	for c, err := range t.files.History(t.ctx, p) {
		if err != nil {
			return vault.Info{}, err
		}
		if !c.Info.Version.IsZero() && (c.Info.Number == t.q.Number || c.Info.Version == t.q.Version) {
			return c.Info, nil
		}
	}
	return vault.Info{}, &problem.Error{Kind: problem.NotFound, Op: "restore", On: string(p), Hint: "hint.history"}
}

// back makes an earlier version the content of p again.
func (t *restorer) back(p pathname.Path, now, v vault.Info) error {
	out := Restored{Path: string(p), Act: "restored", Number: v.Number, Saved: utc(v.Saved), Version: v.Version}
	if now.Path != "" && same(now, v) {
		out.Act = "unchanged"
		return t.put(out)
	}
	return t.do(out, func() error { return t.files.Restore(t.ctx, p, v.Version) })
}

// same reports whether what is shown has the content and time of a version: a restored file is a new version.
func same(now, v vault.Info) bool {
	return now.Version == v.Version || !now.Version.IsZero() && now.Equal == v.Equal && now.Modified.Equal(v.Modified)
}

// bring brings back what was removed from p, as it was then.
func (t *restorer) bring(p pathname.Path) error {
	return t.do(Restored{Path: string(p), Act: "brought-back"}, func() error { return t.files.Restore(t.ctx, p, id.Version{}) })
}

// do carries out a step, unless it is a rehearsal, and tells what became of it.
func (t *restorer) do(out Restored, step func() error) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if !t.q.DryRun {
		if err := step(); err != nil {
			out.Act, out.Error = "failed", problemOf(t.r, err)
		}
	}
	return t.put(out)
}

// wasDir reports whether what was removed from p last is a directory.
func (t *restorer) wasDir(p pathname.Path) bool {
	var last vault.Info
	for i, err := range t.files.Removed(t.ctx, p.Dir()) {
		if err != nil {
			return false
		}
		if pathname.Key(i.Path.Base()) == pathname.Key(p.Base()) && i.Removed.After(last.Removed) {
			last = i
		}
	}
	return last.Dir
}

// tree restores everything in a directory to the state of the request's time.
func (t *restorer) tree(dir pathname.Path) error {
	shown, err := collect(t.files.List(t.ctx, dir))
	if err != nil {
		return err
	}
	for _, i := range shown {
		switch {
		case i.Live:
		case i.Dir && !i.Created.After(t.q.At):
			err = t.tree(i.Path)
		case i.Dir:
			err = t.put(Restored{Path: string(i.Path), Act: "kept"})
		default:
			err = t.file(i)
		}
		if err != nil {
			return err
		}
	}
	gone, err := collect(t.files.Removed(t.ctx, dir))
	if err != nil {
		return err
	}
	for _, i := range gone {
		if i.Created.After(t.q.At) || !i.Removed.After(t.q.At) {
			continue // it was not there at that time
		}
		if err := t.returned(i); err != nil {
			return err
		}
	}
	return nil
}

// file restores a file that is shown.
func (t *restorer) file(now vault.Info) error {
	v, name, err := t.stateAt(now.Path)
	if err != nil {
		return t.put(Restored{Path: string(now.Path), Act: "failed", Error: problemOf(t.r, err)})
	}
	if name == "" {
		return t.put(Restored{Path: string(now.Path), Act: "kept"})
	}
	p := now.Path
	if pathname.Key(name) != pathname.Key(p.Base()) {
		out := Restored{Path: string(p), Act: "renamed", To: string(p.Dir().Join(name))}
		failed := false
		err := t.do(out, func() error {
			err := t.files.Rename(t.ctx, p, p.Dir().Join(name), false)
			failed = err != nil
			return err
		})
		if err != nil || failed {
			return err
		}
		p = p.Dir().Join(name)
	}
	if v.Version.IsZero() || same(now, v) {
		return nil
	}
	return t.back(p, now, v)
}

// returned brings back a removed file or directory, and what it held then.
func (t *restorer) returned(gone vault.Info) error {
	if gone.Dir {
		if err := t.bring(gone.Path); err != nil || t.q.DryRun {
			return err
		}
		if i, err := t.files.Stat(t.ctx, gone.Path); err != nil || !i.Dir {
			return nil // told by bring
		}
		return t.tree(gone.Path)
	}
	v, name, err := t.stateAt(gone.Path)
	if err != nil {
		return t.put(Restored{Path: string(gone.Path), Act: "failed", Error: problemOf(t.r, err)})
	}
	if name == "" || pathname.Key(name) != pathname.Key(gone.Path.Base()) {
		return nil
	}
	if _, err := t.files.Stat(t.ctx, gone.Path); err == nil {
		return nil // the name is taken, by what file has restored or kept
	}
	if v.Version.IsZero() {
		return t.bring(gone.Path)
	}
	return t.back(gone.Path, vault.Info{}, v)
}

// stateAt tells what a path's file was at the request's time: its version (zero if it had no content yet)
// and its name; "" if nothing was there.
func (t *restorer) stateAt(p pathname.Path) (v vault.Info, name string, err error) {
	var last time.Time
	before := false // within the changes that the request's time has seen
	for c, err := range t.files.History(t.ctx, p) {
		if err != nil {
			return v, "", err
		}
		if before && c.When.After(last) {
			break // the history of an earlier file of this name begins
		}
		last = c.When
		if c.When.After(t.q.At) {
			continue
		}
		if !before {
			if c.Kind == commit.Remove {
				continue // gone at that time, as far as this file tells
			}
			before, name = true, c.Name
		}
		if !c.Info.Version.IsZero() {
			return c.Info, name, nil
		}
	}
	return v, name, nil
}

func collect(seq iter.Seq2[vault.Info, error]) (out []vault.Info, err error) {
	for i, err := range seq {
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}
