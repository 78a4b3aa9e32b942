package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// ModifiedHeader carries the time of a file, RFC 3339 with fractions, both ways.
const ModifiedHeader = "Azekura-Modified"

// copies holds the buffers between a request's body and the vault.
var copies = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// get answers with the content of a file, or of its version ?number= or ?version=. ?purpose= is recorded.
func (h *handler) get(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "open")
	if err != nil {
		return err
	}
	q := r.URL.Query()
	why, err := purposeOf(s, q.Get("purpose"))
	if err != nil {
		return err
	}
	files := h.Vault.As(s)
	info, err := find(r, files, p, q)
	if err != nil {
		return err
	}
	open, err := files.Open(r.Context(), why, info)
	if err != nil {
		return err
	}
	defer open[0].Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size, 10))
	w.Header().Set("ETag", `"`+info.Version.String()+`"`)
	w.Header().Set(ModifiedHeader, info.Modified.UTC().Format(time.RFC3339Nano))
	_, err = open[0].WriteTo(w)
	return err
}

// purposeOf reads why a file is opened. What people open themselves is neither a verification, a drill nor an emergency.
func purposeOf(s account.Session, word string) (account.Purpose, error) {
	if word == "" {
		return account.Open, nil
	}
	why := account.Purpose(word)
	if err := why.Valid(); err != nil {
		return "", problem.New(problem.Invalid, "open", "", err)
	}
	if s.Factor != account.Console && (why == account.Verify || why == account.Rehearse || why == account.BreakGlass || why == account.Preview) { // previews have a way of their own
		return "", problem.New(problem.Denied, "open", "", fmt.Errorf("purpose %q of a session that came in from the network", word))
	}
	return why, nil
}

// find returns the version that a query asks for, or the head.
func find(r *http.Request, files vault.Files, p pathname.Path, q url.Values) (vault.Info, error) {
	n, err := number(q, "open", "number", 1)
	if err != nil {
		return vault.Info{}, err
	}
	var v id.Version
	if q.Has("version") {
		if err := v.UnmarshalText([]byte(q.Get("version"))); err != nil || n > 0 {
			return vault.Info{}, invalid("open", "version="+q.Get("version"), "hint.history")
		}
	}
	if n == 0 && v.IsZero() {
		return files.Stat(r.Context(), p)
	}
	for c, err := range files.History(r.Context(), p) {
		if err != nil {
			return vault.Info{}, err
		}
		if !c.Info.Version.IsZero() && (int64(c.Info.Number) == n || c.Info.Version == v) {
			return c.Info, nil
		}
	}
	return vault.Info{}, &problem.Error{Kind: problem.NotFound, Op: "open", On: string(p), Hint: "hint.history"}
}

// put saves the request's body. If-Match: "version" and If-None-Match: * make it conditional.
func (h *handler) put(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "save")
	if err != nil {
		return err
	}
	save, err := saveOf(r, p)
	if err != nil {
		return err
	}
	info, err := h.save(r, h.Vault.As(s), p, r.Body, r.ContentLength, save)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+info.Version.String()+`"`)
	w.WriteHeader(http.StatusCreated)
	return writeJSON(w, infoOf(info))
}

// save copies a body of a known (or, negative, unknown) size into a new version.
func (h *handler) save(r *http.Request, files vault.Files, p pathname.Path, body io.Reader, size int64, save vault.Save) (vault.Info, error) {
	d, err := files.Create(r.Context(), p)
	if err != nil {
		return vault.Info{}, err
	}
	defer d.Discard()
	buf := copies.Get().(*[]byte)
	defer copies.Put(buf)
	// The wrappers hide WriteTo and ReadFrom, so that the copy goes through our buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{d}, struct{ io.Reader }{body}, *buf)
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); ok {
			return vault.Info{}, err
		}
		return vault.Info{}, problem.New(problem.Invalid, "save", string(p), fmt.Errorf("the content ended early: %w", err))
	}
	if size >= 0 && n != size {
		return vault.Info{}, problem.New(problem.Invalid, "save", string(p), fmt.Errorf("%d bytes came, %d were announced", n, size))
	}
	return d.Commit(r.Context(), save)
}

// saveOf reads time and conditions of a save from a request.
func saveOf(r *http.Request, p pathname.Path) (s vault.Save, err error) {
	if m := r.Header.Get(ModifiedHeader); m != "" {
		if s.Modified, err = time.Parse(time.RFC3339Nano, m); err != nil {
			return s, problem.New(problem.Invalid, "save", string(p), err)
		}
	}
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if match == "" && none == "" {
		return s, nil
	}
	if none != "" && none != "*" {
		return s, problem.New(problem.Invalid, "save", string(p), errors.New("If-None-Match other than *"))
	}
	s.If = func(head vault.Info, exists bool) error {
		tag := `"` + head.Version.String() + `"`
		if none == "*" && exists || match != "" && (!exists || match != "*" && match != tag) {
			return problem.New(problem.Condition, "save", string(p), nil)
		}
		return nil
	}
	return s, nil
}

func (h *handler) stat(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "look up")
	if err != nil {
		return err
	}
	i, err := h.Vault.As(s).Stat(r.Context(), p)
	if err != nil {
		return err
	}
	return writeJSON(w, infoOf(i))
}

func (h *handler) list(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "list")
	if err != nil {
		return err
	}
	return sequence(w, r, h.Vault.As(s).List(r.Context(), p), infoOf)
}

func (h *handler) removed(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "list")
	if err != nil {
		return err
	}
	return sequence(w, r, h.Vault.As(s).Removed(r.Context(), p), infoOf)
}

func (h *handler) history(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "history")
	if err != nil {
		return err
	}
	return sequence(w, r, h.Vault.As(s).History(r.Context(), p), changeOf)
}

// mkdir makes a directory; with ?parents=1 also those above it, and it is no error if it stands there.
func (h *handler) mkdir(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "make directory")
	if err != nil {
		return err
	}
	files := h.Vault.As(s)
	parents, err := truth(r.URL.Query(), "parents")
	if err != nil {
		return err
	}
	if !parents {
		err = files.Mkdir(r.Context(), p)
	} else {
		err = mkdirAll(r, files, p)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mkdirAll makes a directory and what is missing above it. A share is never made on the way.
func mkdirAll(r *http.Request, files vault.Files, p pathname.Path) error {
	i, err := files.Stat(r.Context(), p)
	switch {
	case err == nil && i.Dir:
		return nil
	case err == nil:
		return problem.New(problem.Conflict, "make directory", string(p), errors.New("a file has this name"))
	case problem.KindOf(err) != problem.NotFound:
		return err
	case len(p.Names()) <= 1:
		return &problem.Error{Kind: problem.NotFound, Op: "open share", On: p.Share(), Hint: "hint.share-by-administrator", Err: err}
	}
	if err := mkdirAll(r, files, p.Dir()); err != nil {
		return err
	}
	err = files.Mkdir(r.Context(), p)
	if problem.KindOf(err) == problem.Exists { // somebody was faster
		return nil
	}
	return err
}

func (h *handler) remove(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := pathOf(r, "remove")
	if err != nil {
		return err
	}
	if err := h.Vault.As(s).Remove(r.Context(), p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *handler) rename(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RenameRequest](r)
	if err != nil {
		return err
	}
	from, err := parsePath("rename", q.From)
	if err != nil {
		return err
	}
	to, err := parsePath("rename", q.To)
	if err != nil {
		return err
	}
	if err := h.Vault.As(s).Rename(r.Context(), from, to, q.Replace); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// escape returns a path for a URL.
func escape(p string) string {
	return (&url.URL{Path: "/" + strings.TrimPrefix(p, "/")}).EscapedPath()
}

// FileURL returns the request path of an endpoint for a file: FileURL("stat", "/albums/a b") is "/v1/stat/albums/a%20b".
func FileURL(endpoint, path string) string { return "/v1/" + endpoint + escape(path) }

// Live reports whether a name is that of a program's lock file or litter, which is shown while it is needed and never kept.
func Live(name string) bool {
	live, _ := vault.Live(name)
	return live
}
