package webdav

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// get implements GET and HEAD. HEAD, and a GET whose condition says that the client has it already, open nothing.
func (c *call) get() error {
	i, err := c.files.Stat(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	if i.Dir {
		return c.index(i)
	}
	h := c.Header()
	h.Set("ETag", etag(i))
	h.Set("Last-Modified", i.Modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", contentType(i.Path.Base()))
	h.Set("Content-Disposition", disposition(i.Path.Base()))
	if sums := sumsOf(i); len(sums) > 0 {
		h.Set("OC-Checksum", sums[0].Algorithm+":"+sums[0].Value)
	}
	if done, err := c.unchanged(i); done || err != nil {
		return err
	}
	if c.r.Method == "HEAD" {
		h.Set("Content-Length", strconv.FormatInt(i.Size, 10))
		c.WriteHeader(http.StatusOK)
		return nil
	}
	files, err := c.files.Open(c.r.Context(), account.Open, i)
	if err != nil {
		return err
	}
	defer files[0].Close()
	if strings.HasPrefix(c.r.Header.Get("Range"), "bytes=") { // RFC 9110 section 14.2: another unit means the whole
		return c.ranges(i, files[0])
	}
	h.Set("Content-Length", strconv.FormatInt(i.Size, 10))
	if n, err := files[0].WriteTo(c.answer); err != nil {
		return err
	} else if n != i.Size {
		return problem.New(problem.Damaged, "open", "", fmt.Errorf("%d bytes of %d", n, i.Size))
	}
	return nil
}

// ranges answers a GET with a Range. http.ServeContent swallows what goes wrong while it reads, so the reader keeps it; and it
// speaks English about a range that cannot be had.
func (c *call) ranges(i vault.Info, f vault.File) error {
	r, w := &watched{File: f}, &unranged{answer: c.answer}
	http.ServeContent(w, c.r, "", i.Modified.Truncate(time.Second), r)
	if err := r.end(); err != nil || !w.outside {
		return err
	}
	return refuse(http.StatusRequestedRangeNotSatisfiable, "dav.range")
}

// unranged keeps back the answer that a range lies outside of the file.
type unranged struct {
	*answer
	outside bool
}

func (u *unranged) WriteHeader(code int) {
	if u.outside = code == http.StatusRequestedRangeNotSatisfiable; !u.outside {
		u.answer.WriteHeader(code)
	}
}

func (u *unranged) Write(p []byte) (int, error) {
	if u.outside {
		return len(p), nil
	}
	return u.answer.Write(p)
}

// watched keeps the first error of a file. For several ranges http.ServeContent reads in a goroutine, which may
// outlive the answer when the client goes away: after end it reads nothing more.
type watched struct {
	vault.File
	mu    sync.Mutex
	err   error // guarded by mu
	ended bool  // likewise
}

func (w *watched) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return 0, io.ErrClosedPipe
	}
	n, err := w.File.Read(p)
	if err != nil && err != io.EOF && w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *watched) Seek(off int64, whence int) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return 0, io.ErrClosedPipe
	}
	return w.File.Seek(off, whence)
}

func (w *watched) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	return w.err
}

// disposition lets a browser show what cannot hold a script, and save everything else.
func disposition(name string) string {
	kind := "attachment"
	switch t := contentType(name); {
	case t == "image/svg+xml":
	case t == "application/pdf", strings.HasPrefix(t, "text/plain"),
		strings.HasPrefix(t, "image/"), strings.HasPrefix(t, "audio/"), strings.HasPrefix(t, "video/"):
		kind = "inline"
	}
	return kind + "; filename*=UTF-8''" + encode(name)
}

// index shows a directory to a browser, without words: the same page serves every language.
func (c *call) index(dir vault.Info) error {
	c.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.WriteHeader(http.StatusOK)
	if c.r.Method == "HEAD" {
		return nil
	}
	w := bufio.NewWriterSize(c.answer, 32<<10)
	title := html.EscapeString(string(dir.Path))
	fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>%s</title>"+
		"<style>body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color-scheme:light dark}"+
		"td{padding:.2em 1em .2em 0}td+td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}</style>\n<h1>%s</h1>\n<table>\n", title, title)
	if dir.Path != pathname.Root {
		fmt.Fprintf(w, "<tr><td><a href=\"%s\">..</a><td><td>\n", c.href(dir.Path.Dir(), true))
	}
	for i, err := range c.files.List(c.r.Context(), c.name) {
		if err != nil {
			return err
		}
		name, size := i.Path.Base(), strconv.FormatInt(i.Size, 10)
		if i.Dir {
			name, size = name+"/", ""
		}
		fmt.Fprintf(w, "<tr><td><a href=\"%s\">%s</a><td>%s<td>%s\n", c.href(i.Path, i.Dir), html.EscapeString(name), size, htmlTime(i.Modified))
	}
	io.WriteString(w, "</table>\n")
	return w.Flush()
}

func htmlTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
