package api

import (
	"context"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// restore answers with what it did, one Restored a line. It only ever adds: a restore can be undone too.
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
	t := &restorer{ctx: r.Context(), vault: h.Vault, session: s, files: h.Vault.As(s), q: q, r: r, put: func(out Restored) error {
		if err := l.put(out); err != nil {
			return err
		}
		return l.flush()
	}}
	return l.end(t.path(p))
}

// restorer carries out one request. Its methods return an error only when there is no going on.
type restorer struct {
	ctx     context.Context
	vault   Vault
	session account.Session
	files   vault.Files
	q       RestoreRequest
	r       *http.Request
	put     func(Restored) error
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
	case shown && now.Dir, !shown && t.wasDir(p):
		return t.tree(p)
	}
	v, name, err := t.stateAt(p)
	switch {
	case !shown && problem.KindOf(err) == problem.NotFound: // a directory that has another name now, if anything
		return t.tree(p)
	case err != nil:
		return err
	case name == "":
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

// tree takes a directory back to the request's time.
func (t *restorer) tree(dir pathname.Path) error {
	return t.vault.Undo(t.ctx, t.session, dir, t.q.At, t.q.DryRun, func(u vault.Undone) error {
		out := Restored{Path: string(u.Path), Act: string(u.Act), To: string(u.To)}
		if u.Err != nil {
			out.Error = problemOf(t.r, u.Err)
		}
		if u.Act == vault.Restored && !u.Version.Version.IsZero() {
			out.Number, out.Saved, out.Version = u.Version.Number, utc(u.Version.Saved), u.Version.Version
		}
		return t.put(out)
	})
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
