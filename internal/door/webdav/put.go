package webdav

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// buffers receive bodies: large, because the vault gathers chunks from them.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// put implements PUT. Nothing is seen of it until the whole body has come.
func (c *call) put() error {
	if err := c.mayPut(); err != nil {
		return err
	}
	s, sums, err := c.saving()
	if err != nil {
		return err
	}
	// Locks, rights and the parent are looked at before the body, and so are the conditions: who may not save
	// need not send a gigabyte to learn it.
	d, err := c.files.Create(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	defer d.Discard()
	if err := c.conditions(); err != nil {
		return err
	}
	if c.r.Header.Get("Expect") != "" { // who asks first hears the answer before the body, which is never sent then
		if err := d.Check(); err != nil {
			return err
		}
	}
	if err := c.receive(d, sums); err != nil {
		return err
	}
	if s.Sums, err = sums.compare(); err != nil {
		return err
	}
	existed := false
	s.If = func(head vault.Info, exists bool) error {
		existed = exists
		return holds(c.r.Header, head, exists)
	}
	i, err := d.Commit(c.r.Context(), s)
	if err != nil {
		return err
	}
	h := c.Header()
	h.Set("ETag", etag(i))
	h.Set("OC-ETag", etag(i))
	h.Set("Last-Modified", i.Modified.UTC().Format(http.TimeFormat))
	if !s.Modified.IsZero() {
		h.Set("X-OC-Mtime", "accepted")
	}
	if existed {
		c.WriteHeader(http.StatusNoContent)
	} else {
		c.WriteHeader(http.StatusCreated)
	}
	return nil
}

// mayPut refuses what could only be saved wrongly.
func (c *call) mayPut() error {
	h := c.r.Header
	switch {
	case h.Get("Content-Range") != "":
		return refuse(http.StatusBadRequest, "dav.parts")
	case h.Get("Content-Encoding") != "" && !strings.EqualFold(h.Get("Content-Encoding"), "identity"):
		return refuse(http.StatusUnsupportedMediaType, "dav.content-encoding")
	case c.slash:
		return refuse(http.StatusMethodNotAllowed, "dav.put-slash")
	case c.MaxFile > 0 && c.r.ContentLength > c.MaxFile:
		return problem.New(problem.TooLarge, "save", "", nil)
	}
	if c.MaxFile > 0 {
		c.r.Body = http.MaxBytesReader(c, c.r.Body, c.MaxFile)
	}
	return nil
}

// receive copies the body. Its errors tell who failed: the client, or the storehouse.
func (c *call) receive(d io.Writer, sums *checksums) error {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	var n int64
	for {
		m, rerr := c.r.Body.Read(*b)
		if m > 0 {
			sums.write((*b)[:m])
			if _, err := d.Write((*b)[:m]); err != nil {
				return err
			}
			n += int64(m)
		}
		switch _, tooLarge := errors.AsType[*http.MaxBytesError](rerr); {
		case rerr == io.EOF:
			return c.whole(n)
		case tooLarge:
			return problem.New(problem.TooLarge, "save", "", rerr)
		case rerr != nil:
			return refuse(http.StatusBadRequest, "dav.body-broken")
		}
	}
}

// whole refuses a body of another length than announced. Finder sends chunks, and the length beside them.
func (c *call) whole(n int64) error {
	if c.r.ContentLength >= 0 && n != c.r.ContentLength {
		return refuse(http.StatusBadRequest, "dav.body-short")
	}
	if want := c.r.Header.Get("X-Expected-Entity-Length"); want != "" && want != strconv.FormatInt(n, 10) {
		return refuse(http.StatusBadRequest, "dav.body-length")
	}
	return nil
}

// saving reads the headers that sync tools send with a file.
func (c *call) saving() (s vault.Save, sums *checksums, err error) {
	if m := c.r.Header.Get("X-OC-Mtime"); m != "" {
		t, ok := unixTime(m)
		if !ok {
			return s, nil, refuse(http.StatusBadRequest, "dav.mtime")
		}
		s.Modified = t
	}
	sums, err = newChecksums(c.r.Header.Get("OC-Checksum"))
	return s, sums, err
}

// unixTime reads seconds since 1970, perhaps with a fraction.
func unixTime(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(s), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds < -1<<36 || seconds > 1<<36 || len(fraction) > 9 || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	return time.Unix(seconds, nanos).UTC(), true
}
