package webdav

import (
	"bufio"
	"crypto/md5"  // checksums that sync tools compare, no security
	"crypto/sha1" // likewise
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"html"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// contentType goes by the name alone: looking into a file would be a reading.
func contentType(i vault.Info) string {
	if t := mime.TypeByExtension(path.Ext(i.Path.Base())); t != "" {
		return t
	}
	return "application/octet-stream"
}

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
	h.Set("Content-Type", contentType(i))
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
	if c.r.Header.Get("Range") != "" {
		http.ServeContent(c.ResponseWriter, c.r, "", i.Modified.Truncate(time.Second), files[0])
		return nil
	}
	// The first bytes decide whether there will be an answer: damage is an error, not a short file.
	first := &firstWrite{c: c, size: i.Size}
	_, err = files[0].WriteTo(first)
	if err == nil {
		err = first.begin()
	}
	if err != nil && first.begun {
		panic(http.ErrAbortHandler) // the client must see that this is not the whole
	}
	return err
}

// firstWrite sends the header with the first bytes.
type firstWrite struct {
	c     *call
	size  int64
	begun bool
}

func (f *firstWrite) begin() error {
	if !f.begun {
		f.begun = true
		f.c.Header().Set("Content-Length", strconv.FormatInt(f.size, 10))
		f.c.WriteHeader(http.StatusOK)
	}
	return nil
}

func (f *firstWrite) Write(p []byte) (int, error) {
	f.begin()
	return f.c.ResponseWriter.Write(p)
}

// unchanged answers conditional GETs, RFC 9110 section 13.2.2.
func (c *call) unchanged(i vault.Info) (done bool, err error) {
	h := c.r.Header
	if err := holds(http.Header{"If-Match": h["If-Match"], "If-Unmodified-Since": h["If-Unmodified-Since"]}, i, true); err != nil {
		return false, err
	}
	none := h.Get("If-None-Match")
	since, perr := http.ParseTime(h.Get("If-Modified-Since"))
	if none != "" && matches(none, etag(i), true) || none == "" && perr == nil && !i.Modified.Truncate(time.Second).After(since) {
		c.Header().Del("Content-Type")
		c.WriteHeader(http.StatusNotModified)
		return true, nil
	}
	return false, nil
}

// index shows a directory to a browser.
func (c *call) index(dir vault.Info) error {
	c.Header().Set("Content-Type", "text/html; charset=utf-8")
	if c.r.Method == "HEAD" {
		c.WriteHeader(http.StatusOK)
		return nil
	}
	w := bufio.NewWriterSize(c, 32<<10)
	begun := false
	for i, err := range c.files.List(c.r.Context(), c.name) {
		if err != nil && !begun {
			return err
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if !begun {
			begun = true
			indexHead(w, dir)
		}
		name, size := i.Path.Base(), strconv.FormatInt(i.Size, 10)
		if i.Dir {
			name, size = name+"/", ""
		}
		fmt.Fprintf(w, "<tr><td><a href=\"%s\">%s</a><td>%s<td>%s\n", c.href(i), html.EscapeString(name), size, i.Modified.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if !begun {
		indexHead(w, dir)
	}
	io.WriteString(w, "</table>\n")
	return w.Flush()
}

func indexHead(w io.Writer, dir vault.Info) {
	title := html.EscapeString(string(dir.Path))
	fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>%s</title>"+
		"<style>body{font:16px system-ui;margin:2em auto;max-width:60em;padding:0 1em}td{padding:.2em 1em .2em 0}td+td{text-align:right;white-space:nowrap}</style>\n"+
		"<h1>%s</h1>\n<p><a href=\"../\">..</a>\n<table>\n", title, title)
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// put implements PUT. Nothing is seen of it until the whole body has come.
func (c *call) put() error {
	if c.r.Header.Get("Content-Range") != "" {
		return status(http.StatusBadRequest, "parts of a file cannot be saved: send the whole (RFC 9110 section 14.5)")
	}
	s, sums, err := c.saving()
	if err != nil {
		return err
	}
	d, err := c.files.Create(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	defer d.Discard()
	n, err := receive(d, sums, c.r.Body)
	if err != nil {
		return err
	}
	if want := c.r.ContentLength; want >= 0 && n != want {
		return status(http.StatusBadRequest, "the body ended early; nothing was saved")
	}
	if want := c.r.Header.Get("X-Expected-Entity-Length"); want != "" && want != strconv.FormatInt(n, 10) {
		return status(http.StatusBadRequest, "the body has another length than announced; nothing was saved")
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

// receive copies a body. Its errors tell who failed: the client, or the storehouse.
func receive(d io.Writer, sums *checksums, body io.Reader) (n int64, err error) {
	b := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(b)
	for {
		m, rerr := body.Read(*b)
		if m > 0 {
			sums.write((*b)[:m])
			if _, err := d.Write((*b)[:m]); err != nil {
				return n, err
			}
			n += int64(m)
		}
		switch _, tooLarge := errors.AsType[*http.MaxBytesError](rerr); {
		case rerr == io.EOF:
			return n, nil
		case tooLarge:
			return n, problem.New(problem.TooLarge, "save", "", rerr)
		case rerr != nil:
			return n, status(http.StatusBadRequest, "the body did not come whole; nothing was saved")
		}
	}
}

// saving reads the headers that sync tools send with a file.
func (c *call) saving() (s vault.Save, sums *checksums, err error) {
	if m := c.r.Header.Get("X-OC-Mtime"); m != "" {
		seconds, err := strconv.ParseFloat(m, 64)
		if err != nil || seconds < -1<<36 || seconds > 1<<36 {
			return s, nil, status(http.StatusBadRequest, "X-OC-Mtime is no time in seconds")
		}
		s.Modified = time.UnixMicro(int64(seconds * 1e6)).UTC()
	}
	sums, err = newChecksums(c.r.Header.Get("OC-Checksum"))
	return s, sums, err
}

// checksums compares what came with what the client says that it sent.
type checksums struct{ want []wantedSum }

type wantedSum struct {
	commit.Sum
	hash hash.Hash
}

func newChecksums(header string) (*checksums, error) {
	c := &checksums{}
	if len(header) > 1000 {
		return nil, status(http.StatusBadRequest, "OC-Checksum is too long")
	}
	for s := range strings.FieldsSeq(header) {
		name, value, ok := strings.Cut(s, ":")
		if !ok || value == "" {
			return nil, status(http.StatusBadRequest, "OC-Checksum has no value")
		}
		w := wantedSum{Sum: commit.Sum{Algorithm: strings.ToUpper(name), Value: strings.ToLower(value)}}
		switch w.Algorithm {
		case "SHA1":
			w.hash = sha1.New()
		case "MD5":
			w.hash = md5.New()
		case "SHA256":
			w.hash = sha256.New()
		case "ADLER32":
			w.hash = adler32.New()
		default:
			continue // a sum that we cannot verify is not kept
		}
		c.want = append(c.want, w)
	}
	// rclone announces SHA-1 and later compares MD5: what came is what was announced, so both are known.
	if slices.ContainsFunc(c.want, func(w wantedSum) bool { return w.Algorithm == "SHA1" }) && len(c.want) == 1 {
		c.want = append(c.want, wantedSum{Sum: commit.Sum{Algorithm: "MD5"}, hash: md5.New()})
	}
	return c, nil
}

// sumsOf returns the checksums of a file: those that were verified, or those of no content at all.
func sumsOf(i vault.Info) []commit.Sum {
	if i.Size == 0 && !i.Dir {
		return []commit.Sum{{Algorithm: "SHA1", Value: hex.EncodeToString(sha1.New().Sum(nil))}, {Algorithm: "MD5", Value: hex.EncodeToString(md5.New().Sum(nil))}}
	}
	return i.Sums
}

func (c *checksums) write(p []byte) {
	for _, w := range c.want {
		w.hash.Write(p)
	}
}

func (c *checksums) compare() (sums []commit.Sum, err error) {
	for _, w := range c.want {
		got := hex.EncodeToString(w.hash.Sum(nil))
		if w.Value == "" {
			w.Value = got
		}
		if got != w.Value {
			return nil, status(http.StatusBadRequest, "the checksum "+w.Algorithm+" of what came differs from what was announced; nothing was saved")
		}
		sums = append(sums, w.Sum)
	}
	return sums, nil
}
