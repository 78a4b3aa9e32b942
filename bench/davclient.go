package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// dav speaks WebDAV over one connection to one server. It is the same program for all of them, and net/http as most Go
// programs have it: a client written for this purpose over bare connections was no cheaper.
type dav struct {
	base *url.URL
	who  target
	http *http.Client
	buf  []byte
}

// target is where a server keeps files and who may.
type target struct {
	url, user, password string
	wire                *wire // between the two; nil: nothing but this machine's memory
}

func newDAV(t target) (*dav, error) {
	u, err := url.Parse(strings.TrimSuffix(t.url, "/") + "/")
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}
	if t.wire != nil {
		transport.DialContext = t.wire.dial
	}
	return &dav{base: u, who: t, http: &http.Client{Transport: transport}, buf: make([]byte, 256<<10)}, nil
}

func (d *dav) close() { d.http.CloseIdleConnections() }

// payload is what a request sends. It may be asked for twice.
type payload struct {
	size int64
	open func() (io.ReadCloser, error)
}

// do sends a request with a payload, if any, and gives the answer's body to a writer. It fails unless the answer has one
// of the wanted states.
func (d *dav) do(ctx context.Context, method, name, depth string, body *payload, to io.Writer, want ...int) error {
	err := d.exchange(ctx, method, name, depth, body, to, want)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, name, err)
	}
	return nil
}

func (d *dav) exchange(ctx context.Context, method, name, depth string, body *payload, to io.Writer, want []int) error {
	req, err := http.NewRequestWithContext(ctx, method, d.base.JoinPath(name).String(), nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(d.who.user, d.who.password)
	if depth != "" {
		req.Header.Set("Depth", depth)
	}
	if body != nil && body.size > 0 {
		// With GetBody a request can be sent again when the server has closed an idle connection.
		req.GetBody, req.ContentLength = body.open, body.size
		if req.Body, err = body.open(); err != nil {
			return err
		}
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !slices.Contains(want, resp.StatusCode) {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // what can be had of it
		return fmt.Errorf("status %s: %s", resp.Status, text)
	}
	// Neither side may offer a way around the buffer, whose size is part of what is measured.
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{resp.Body}, d.buf)
	return err
}

func (d *dav) put(ctx context.Context, name string, c content) error {
	return d.send(ctx, name, &payload{c.size, func() (io.ReadCloser, error) { return io.NopCloser(c.reader()), nil }})
}

// putFile sends a file that lies on disk.
func (d *dav) putFile(ctx context.Context, name, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return d.send(ctx, name, &payload{info.Size(), func() (io.ReadCloser, error) { return os.Open(path) }})
}

func (d *dav) send(ctx context.Context, name string, p *payload) error {
	return d.do(ctx, "PUT", name, "", p, io.Discard, http.StatusCreated, http.StatusNoContent, http.StatusOK)
}

// get reads a file and compares it.
func (d *dav) get(ctx context.Context, name string, c content) error {
	check := &checker{content: c}
	if err := d.do(ctx, "GET", name, "", nil, check, http.StatusOK); err != nil {
		return err
	}
	return check.done()
}

func (d *dav) mkcol(ctx context.Context, name string) error {
	return d.do(ctx, "MKCOL", name+"/", "", nil, io.Discard, http.StatusCreated)
}

// propfind lists a directory (depth 1) or asks for it alone (depth 0), and returns how long the answer was.
func (d *dav) propfind(ctx context.Context, name string, depth int) (int64, error) {
	var n counter
	err := d.do(ctx, "PROPFIND", name, strconv.Itoa(depth), nil, &n, http.StatusMultiStatus)
	return int64(n), err
}

// counter counts what is written to it.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// parallel does n things over some connections; each takes the next that nobody has taken.
func parallel(ctx context.Context, t target, connections, n int, do func(ctx context.Context, d *dav, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range connections {
		workers.Go(func() {
			d, err := newDAV(t)
			if err != nil {
				cancel(err)
				return
			}
			defer d.close()
			for i := range next {
				if ctx.Err() != nil {
					return
				}
				if err := do(ctx, d, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
