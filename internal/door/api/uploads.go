package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// Uploads that go on where they broke off: tus 1.0.0, https://tus.io/protocols/resumable-upload, with the extensions creation,
// termination and expiration. Upload-Metadata has "path", and "modified" in RFC 3339. What has come waits in an encrypted spool;
// with the last byte it becomes a version.
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,termination,expiration"
	uploadTime    = time.Hour // without a byte
	maxUploads    = 500
	maxUploadsOf  = 50 // of one account
)

// upload is a file that is coming.
type upload struct {
	account id.Account
	name    pathname.Path
	size    int64
	save    vault.Save

	mu     sync.Mutex // held while a part comes
	draft  vault.Draft
	offset int64
	done   bool
	until  time.Time // guarded by the uploads' mu
}

// uploads are the files that are coming. They are in memory: after a restart they begin anew.
type uploads struct {
	mu  sync.Mutex
	all map[string]*upload // guarded by mu
}

// add begins an upload, and gives up those that nobody goes on with.
func (u *uploads) add(x *upload, now time.Time) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	of := 0
	for n, y := range u.all {
		switch {
		case !now.Before(y.until) && y.mu.TryLock():
			y.draft.Discard()
			y.mu.Unlock()
			delete(u.all, n)
		case y.account == x.account:
			of++
		}
	}
	if len(u.all) >= maxUploads || of >= maxUploadsOf {
		return "", problem.New(problem.TooLarge, "save", string(x.name), errors.New("too many uploads under way"))
	}
	n := rand.Text()
	x.until = now.Add(uploadTime)
	u.all[n] = x
	return n, nil
}

// get returns an upload of an account, and gives it more time.
func (u *uploads) get(n string, of id.Account, now time.Time) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.all[n]
	if x == nil || x.account != of {
		return nil, problem.New(problem.NotFound, "save", "", nil)
	}
	x.until = now.Add(uploadTime)
	return x, nil
}

func (u *uploads) drop(n string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, n)
}

// tus says which protocol is spoken, and refuses another.
func tus(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Tus-Resumable", tusVersion)
	w.Header().Set("Cache-Control", "no-store")
	if v := r.Header.Get("Tus-Resumable"); v != tusVersion {
		w.Header().Set("Tus-Version", tusVersion)
		return &problem.Error{Kind: problem.Condition, Op: "save", Err: fmt.Errorf("tus %q", v)}
	}
	return nil
}

func (h *handler) uploadOptions(w http.ResponseWriter, _ *http.Request, _ account.Session) error {
	w.Header().Set("Tus-Resumable", tusVersion)
	w.Header().Set("Tus-Version", tusVersion)
	w.Header().Set("Tus-Extension", tusExtensions)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// metadata reads Upload-Metadata: "key base64,key base64".
func metadata(s string) (map[string]string, error) {
	out := make(map[string]string)
	if len(s) > 16<<10 {
		return nil, errors.New("metadata too long")
	}
	for item := range strings.SplitSeq(s, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(item), " ")
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, err
		}
		out[key] = string(b)
	}
	return out, nil
}

func (h *handler) beginUpload(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := tus(w, r); err != nil {
		return err
	}
	meta, err := metadata(r.Header.Get("Upload-Metadata"))
	if err != nil {
		return problem.New(problem.Invalid, "save", "", err)
	}
	p, err := parsePath("save", meta["path"])
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return problem.New(problem.Invalid, "save", string(p), fmt.Errorf("Upload-Length %q", r.Header.Get("Upload-Length")))
	}
	x := &upload{account: s.Account, name: p, size: size}
	if m := meta["modified"]; m != "" {
		if x.save.Modified, err = time.Parse(time.RFC3339Nano, m); err != nil {
			return problem.New(problem.Invalid, "save", string(p), err)
		}
	}
	// The draft outlives the request.
	if x.draft, err = h.Vault.As(s).Create(context.WithoutCancel(r.Context()), p); err != nil {
		return err
	}
	if err := x.draft.Check(); err != nil {
		x.draft.Discard()
		return err
	}
	n, err := h.uploads.add(x, h.Now())
	if err != nil {
		x.draft.Discard()
		return err
	}
	if size == 0 {
		x.mu.Lock()
		defer x.mu.Unlock()
		if err := x.end(r.Context()); err != nil {
			return err
		}
	}
	w.Header().Set("Location", "/v1/uploads/"+n)
	w.Header().Set("Upload-Expires", h.Now().Add(uploadTime).UTC().Format(http.TimeFormat))
	w.WriteHeader(http.StatusCreated)
	return nil
}

// end makes what has come a version; x.mu is held.
func (x *upload) end(ctx context.Context) error {
	if _, err := x.draft.Commit(ctx, x.save); err != nil {
		return err
	}
	x.done = true
	return nil
}

func (x *upload) tell(w http.ResponseWriter) {
	w.Header().Set("Upload-Offset", strconv.FormatInt(x.offset, 10))
	w.Header().Set("Upload-Length", strconv.FormatInt(x.size, 10))
}

func (h *handler) headUpload(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := tus(w, r); err != nil {
		return err
	}
	x, err := h.uploads.get(r.PathValue("id"), s.Account, h.Now())
	if err != nil {
		return err
	}
	x.mu.Lock() // a part that broke off may still be on its way out
	defer x.mu.Unlock()
	x.tell(w)
	w.WriteHeader(http.StatusOK)
	return nil
}

// patchUpload takes a part. What has come of one that breaks off counts.
func (h *handler) patchUpload(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := tus(w, r); err != nil {
		return err
	}
	if r.Header.Get("Content-Type") != "application/offset+octet-stream" {
		return problem.New(problem.Invalid, "save", "", fmt.Errorf("content type %q", r.Header.Get("Content-Type")))
	}
	x, err := h.uploads.get(r.PathValue("id"), s.Account, h.Now())
	if err != nil {
		return err
	}
	if !x.mu.TryLock() {
		return problem.New(problem.Locked, "save", string(x.name), errors.New("another part of it is coming"))
	}
	defer x.mu.Unlock()
	at, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return problem.New(problem.Invalid, "save", string(x.name), err)
	}
	if at != x.offset || x.done {
		x.tell(w)
		return problem.New(problem.Conflict, "save", string(x.name), fmt.Errorf("offset %d, want %d", at, x.offset))
	}
	if err := x.receive(r.Body); err != nil {
		return err
	}
	if x.offset == x.size {
		if err := x.end(r.Context()); err != nil {
			return err
		}
	}
	x.tell(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// receive copies a part into the spool; x.mu is held.
func (x *upload) receive(body io.Reader) error {
	buf := copies.Get().(*[]byte)
	defer copies.Put(buf)
	for {
		n, rerr := body.Read(*buf)
		if int64(n) > x.size-x.offset {
			return problem.New(problem.TooLarge, "save", string(x.name), errors.New("more came than was announced"))
		}
		if n > 0 {
			m, err := x.draft.WriteAt((*buf)[:n], x.offset)
			x.offset += int64(m)
			if err != nil {
				return err
			}
		}
		switch {
		case rerr == io.EOF:
			return nil
		case rerr != nil:
			return problem.New(problem.Invalid, "save", string(x.name), fmt.Errorf("the part ended early: %w", rerr))
		}
	}
}

func (h *handler) endUpload(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := tus(w, r); err != nil {
		return err
	}
	x, err := h.uploads.get(r.PathValue("id"), s.Account, h.Now())
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.draft.Discard()
	h.uploads.drop(r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
