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
// termination and expiration. Upload-Metadata has "path", and "modified" in RFC 3339. What comes is sealed;
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
	now    func() time.Time
	mu     sync.Mutex
	all    map[string]*upload // guarded by mu
	tended bool               // guarded by mu: tend will be called
}

// sweep gives up the uploads that nobody goes on with; u.mu is held.
func (u *uploads) sweep() {
	now := u.now()
	for n, x := range u.all {
		if !now.Before(x.until) && x.mu.TryLock() {
			x.draft.Discard()
			x.mu.Unlock()
			delete(u.all, n)
		}
	}
}

// tend sweeps as long as there are uploads: they hold memory and disk.
func (u *uploads) tend() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sweep()
	if u.tended = len(u.all) > 0; u.tended {
		time.AfterFunc(uploadTime/4, u.tend)
	}
}

// add begins an upload.
func (u *uploads) add(x *upload) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sweep()
	of := 0
	for _, y := range u.all {
		if y.account == x.account {
			of++
		}
	}
	if len(u.all) >= maxUploads || of >= maxUploadsOf {
		return "", &problem.Error{Kind: problem.TooLarge, Op: "save", On: fmt.Sprintf("%s: %d, %d", x.name, of, len(u.all)), Hint: "hint.uploads-many"}
	}
	n := rand.Text()
	x.until = u.now().Add(uploadTime)
	u.all[n] = x
	if !u.tended {
		u.tended = true
		time.AfterFunc(uploadTime/4, u.tend)
	}
	return n, nil
}

// get returns an upload of an account, and gives it more time.
func (u *uploads) get(n string, of id.Account) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.all[n]
	if x == nil || x.account != of {
		return nil, problem.New(problem.NotFound, "save", "", nil)
	}
	x.until = u.now().Add(uploadTime)
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
		return &problem.Error{Kind: problem.Condition, Op: "save", On: "Tus-Resumable: " + v, Hint: "hint.tus"}
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
		return invalid("save", "Upload-Metadata: "+r.Header.Get("Upload-Metadata"), "hint.tus")
	}
	p, err := parsePath("save", meta["path"])
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return invalid("save", "Upload-Length: "+r.Header.Get("Upload-Length"), "hint.tus")
	}
	x := &upload{account: s.Account, name: p, size: size}
	if m := meta["modified"]; m != "" {
		if x.save.Modified, err = time.Parse(time.RFC3339Nano, m); err != nil {
			return invalid("save", "modified "+m, "hint.time")
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
	n, err := h.uploads.add(x)
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
	x, err := h.uploads.get(r.PathValue("id"), s.Account)
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
		return invalid("save", "Content-Type: "+r.Header.Get("Content-Type"), "hint.tus")
	}
	x, err := h.uploads.get(r.PathValue("id"), s.Account)
	if err != nil {
		return err
	}
	if !x.mu.TryLock() {
		return problem.New(problem.Locked, "save", string(x.name), errors.New("another part of it is coming"))
	}
	defer x.mu.Unlock()
	at, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return invalid("save", "Upload-Offset: "+r.Header.Get("Upload-Offset"), "hint.tus")
	}
	if at != x.offset || x.done {
		x.tell(w)
		return &problem.Error{Kind: problem.Conflict, Op: "save", On: fmt.Sprintf("%s: Upload-Offset %d, %d", x.name, at, x.offset), Hint: "hint.tus-offset"}
	}
	if err := x.receive(r.Body); err != nil {
		if k := problem.KindOf(err); k != problem.Invalid && k != problem.TooLarge { // what has come is lost: the client finds none, and begins anew
			x.draft.Discard()
			h.uploads.drop(r.PathValue("id"))
		}
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

// receive takes a part; x.mu is held.
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
	x, err := h.uploads.get(r.PathValue("id"), s.Account)
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
