// Package client speaks package api's API: over a private socket, or in process.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Client sends requests. Safe for concurrent use.
type Client struct {
	http *http.Client
	lang string
}

// New returns a Client that sends through rt and asks for messages in a language ("ja", "en").
func New(rt http.RoundTripper, lang string) *Client {
	return &Client{http: &http.Client{Transport: rt}, lang: lang}
}

// Socket returns a RoundTripper to the server behind a Unix socket.
func Socket(name string) http.RoundTripper {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", name)
		},
		MaxIdleConnsPerHost: 64,
		ReadBufferSize:      256 << 10,
		WriteBufferSize:     256 << 10,
		DisableCompression:  true,
	}
}

// Error is a problem that the server told, with its sentence.
type Error struct {
	api.Problem
	After time.Duration // how long to wait before it may go; 0: waiting was not asked for
}

// maxAfter is for how many seconds a server may ask to wait.
const maxAfter = 600

// Error returns the server's sentence.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the problem, so that problem.KindOf knows its kind.
func (e *Error) Unwrap() error { return e.Problem.Err() }

// do sends a request. Any status but 2xx becomes an error. The caller closes the body.
func (c *Client) do(ctx context.Context, method, target string, body io.Reader, set func(*http.Request)) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://azekura"+target, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Language", c.lang)
	r.Header.Set("User-Agent", "azekura")
	if set != nil {
		set(r)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok { // its text is for programmers
			err = u.Err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, problem.New(problem.Unavailable, "", "", err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &Error{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&e.Problem); err != nil {
		return nil, problem.New(problem.Internal, "", "", fmt.Errorf("status %d: %w", resp.StatusCode, err))
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 && s <= maxAfter {
		e.After = time.Duration(s) * time.Second
	}
	return nil, e
}

// call sends in as JSON (nil: no body) and reads the answer into out (nil: none expected).
func (c *Client) call(ctx context.Context, method, target string, in, out any) error {
	body, set, err := jsonBody(in)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, method, target, body, set)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return problem.New(problem.Internal, "", "", err)
	}
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	return err
}

func jsonBody(in any) (io.Reader, func(*http.Request), error) {
	if in == nil {
		return nil, nil, nil
	}
	b, err := json.Marshal(in)
	return bytes.NewReader(b), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, err
}

// lines yields the answer's lines. A line {"error": …} ends them.
func lines[T any](ctx context.Context, c *Client, method, target string, in any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		body, set, err := jsonBody(in)
		if err != nil {
			yield(zero, err)
			return
		}
		resp, err := c.do(ctx, method, target, body, set)
		if err != nil {
			yield(zero, err)
			return
		}
		defer resp.Body.Close()
		readLines(ctx, resp.Body, yield)
	}
}

func readLines[T any](ctx context.Context, body io.Reader, yield func(T, error) bool) {
	d := json.NewDecoder(body)
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			return
		}
		var v T
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			} else {
				err = problem.New(problem.Unavailable, "", "", err)
			}
			yield(v, err)
			return
		}
		if bytes.HasPrefix(raw, []byte(`{"error":`)) {
			var failed struct{ Error api.Problem }
			if err := json.Unmarshal(raw, &failed); err == nil {
				yield(v, &Error{Problem: failed.Error})
				return
			}
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			yield(v, problem.New(problem.Internal, "", "", err))
			return
		}
		if !yield(v, nil) {
			return
		}
	}
}

// Status tells about the installation.
func (c *Client) Status(ctx context.Context) (s api.Status, err error) {
	return s, c.call(ctx, "GET", "/v1/status", nil, &s)
}

// Stat tells what stands at a path.
func (c *Client) Stat(ctx context.Context, path string) (i api.Info, err error) {
	return i, c.call(ctx, "GET", api.FileURL("stat", path), nil, &i)
}

// List yields a directory's entries, in no particular order.
func (c *Client) List(ctx context.Context, path string) iter.Seq2[api.Info, error] {
	return lines[api.Info](ctx, c, "GET", api.FileURL("list", path), nil)
}

// Search yields what has a text in its name below a directory, at most limit entries.
func (c *Client) Search(ctx context.Context, dir, text string, limit int) iter.Seq2[api.Info, error] {
	return lines[api.Info](ctx, c, "GET", api.FileURL("search", dir)+"?"+url.Values{"q": {text}, "limit": {strconv.Itoa(limit)}}.Encode(), nil)
}

// Removed yields what was removed from a directory.
func (c *Client) Removed(ctx context.Context, path string) iter.Seq2[api.Info, error] {
	return lines[api.Info](ctx, c, "GET", api.FileURL("removed", path), nil)
}

// History yields what happened to a file, latest first.
func (c *Client) History(ctx context.Context, path string) iter.Seq2[api.Change, error] {
	return lines[api.Change](ctx, c, "GET", api.FileURL("history", path), nil)
}

// Version says which version of a file is meant; the zero Version is the head.
type Version struct {
	Number  int
	Version id.Version
}

// Content is the content of a file, and what the server said of it.
type Content struct {
	io.ReadCloser
	Size     int64
	Modified time.Time
}

// Open opens a version for a purpose ("": open).
func (c *Client) Open(ctx context.Context, path string, v Version, purpose string) (*Content, error) {
	q := make(url.Values)
	if v.Number != 0 {
		q.Set("number", strconv.Itoa(v.Number))
	}
	if !v.Version.IsZero() {
		q.Set("version", v.Version.String())
	}
	if purpose != "" {
		q.Set("purpose", purpose)
	}
	resp, err := c.do(ctx, "GET", api.FileURL("files", path)+"?"+q.Encode(), nil, nil)
	if err != nil {
		return nil, err
	}
	out := &Content{ReadCloser: resp.Body}
	out.Size, err = strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64)
	if err == nil {
		out.Modified, err = time.Parse(time.RFC3339Nano, resp.Header.Get(api.ModifiedHeader))
	}
	if err != nil {
		resp.Body.Close()
		return nil, problem.New(problem.Internal, "open", path, err)
	}
	return out, nil
}

// Save saves size bytes (-1: until the end of the body) under a path.
func (c *Client) Save(ctx context.Context, path string, body io.Reader, size int64, modified time.Time) (i api.Info, err error) {
	resp, err := c.do(ctx, "PUT", api.FileURL("files", path), body, func(r *http.Request) {
		r.ContentLength = size
		if size == 0 {
			r.Body = http.NoBody
		}
		if !modified.IsZero() {
			r.Header.Set(api.ModifiedHeader, modified.UTC().Format(time.RFC3339Nano))
		}
	})
	if err != nil {
		return i, err
	}
	defer resp.Body.Close()
	return i, json.NewDecoder(resp.Body).Decode(&i)
}

// SaveBatch sends the files that write writes, and yields what became of each.
func (c *Client) SaveBatch(ctx context.Context, write func(*api.ItemWriter) error) iter.Seq2[api.Saved, error] {
	return func(yield func(api.Saved, error) bool) {
		pr, pw := io.Pipe()
		written := make(chan error, 1)
		go func() {
			w := api.NewItemWriter(pw)
			err := write(w)
			if err == nil {
				err = w.Flush()
			}
			pw.CloseWithError(err) // nil: the end of the batch
			written <- err
		}()
		resp, err := c.do(ctx, "POST", "/v1/batch/save", pr, func(r *http.Request) { r.Header.Set("Content-Type", api.BatchType) })
		if err != nil {
			pr.CloseWithError(err)
			<-written
			yield(api.Saved{}, err)
			return
		}
		defer resp.Body.Close()
		readLines(ctx, resp.Body, yield)
		pr.Close()
		<-written
	}
}

// OpenBatch reads the contents of many files with one release.
func (c *Client) OpenBatch(ctx context.Context, paths []string, purpose string) (*api.ItemReader, io.Closer, error) {
	body, set, err := jsonBody(map[string]any{"paths": paths, "purpose": purpose})
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.do(ctx, "POST", "/v1/batch/open", body, set)
	if err != nil {
		return nil, nil, err
	}
	return api.NewItemReader(resp.Body), resp.Body, nil
}

// Previews opens the previews of files with one release, and tells which there are.
func (c *Client) Previews(ctx context.Context, paths []string) iter.Seq2[api.Preview, error] {
	return lines[api.Preview](ctx, c, http.MethodPost, "/v1/previews", api.PreviewsRequest{Paths: paths})
}

// Mkdir makes a directory and what is missing above it.
func (c *Client) Mkdir(ctx context.Context, path string) error {
	return c.call(ctx, "POST", api.FileURL("mkdir", path)+"?parents=1", nil, nil)
}

// Remove removes a file or directory; nothing is lost.
func (c *Client) Remove(ctx context.Context, path string) error {
	return c.call(ctx, "POST", api.FileURL("remove", path), nil, nil)
}

// Rename moves a file or directory.
func (c *Client) Rename(ctx context.Context, from, to string, replace bool) error {
	return c.call(ctx, "POST", "/v1/rename", api.RenameRequest{From: from, To: to, Replace: replace}, nil)
}

// Restore restores a path and yields what was done.
func (c *Client) Restore(ctx context.Context, q api.RestoreRequest) iter.Seq2[api.Restored, error] {
	return lines[api.Restored](ctx, c, "POST", "/v1/restore", q)
}
