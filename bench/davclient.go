package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// dav speaks HTTP/1.1 over one connection to one server. It is the same program for all servers and does as little as
// it can: net/http's transport would take a good part of one of the cores that the server works on.
type dav struct {
	base *url.URL
	auth string
	conn net.Conn
	in   *bufio.Reader
	buf  []byte

	library *http.Client // asked instead, if not nil
}

// target is where a server keeps files and who may.
type target struct {
	url, user, password string
	library             bool // ask with net/http
}

func newDAV(t target) (*dav, error) {
	u, err := url.Parse(strings.TrimSuffix(t.url, "/") + "/")
	if err != nil {
		return nil, err
	}
	d := &dav{base: u, auth: "Basic " + base64.StdEncoding.EncodeToString([]byte(t.user+":"+t.password)), buf: make([]byte, 256<<10)}
	if t.library {
		d.library = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}}
	}
	return d, nil
}

func (d *dav) close() {
	if d.library != nil {
		d.library.CloseIdleConnections()
	}
	if d.conn != nil {
		d.conn.Close()
		d.conn = nil
	}
}

// dial connects unless there is a connection.
func (d *dav) dial(ctx context.Context) error {
	if d.conn != nil {
		return nil
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", d.base.Host)
	if err != nil {
		return err
	}
	d.conn, d.in = c, bufio.NewReaderSize(c, 64<<10)
	return nil
}

// do sends a request with a content, if any, and reads the head of the answer. A connection that the server has closed
// since the last answer is opened again.
func (d *dav) do(ctx context.Context, method, name, depth string, body *content) (*http.Response, error) {
	if d.library != nil {
		return d.ask(ctx, method, name, depth, body)
	}
	idle := d.conn != nil
	resp, err := d.once(ctx, method, name, depth, body)
	if idle && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		resp, err = d.once(ctx, method, name, depth, body)
	}
	return resp, err
}

// ask is do by net/http.
func (d *dav) ask(ctx context.Context, method, name, depth string, body *content) (*http.Response, error) {
	u := *d.base
	u.Path, u.RawPath = d.path(name)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", d.auth)
	if depth != "" {
		req.Header.Set("Depth", depth)
	}
	if body != nil && body.size > 0 {
		req.Body, req.ContentLength = io.NopCloser(body.reader()), body.size
	}
	return d.library.Do(req)
}

// path returns a file's path, plain and escaped. A directory keeps its slash.
func (d *dav) path(name string) (plain, escaped string) {
	u := d.base.JoinPath(name)
	return u.Path, u.EscapedPath()
}

func (d *dav) once(ctx context.Context, method, name, depth string, body *content) (_ *http.Response, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.dial(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	conn := d.conn
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_, path := d.path(name)
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: azekura-bench\r\nAuthorization: %s\r\n", method, path, d.base.Host, d.auth)
	if depth != "" {
		head += "Depth: " + depth + "\r\n"
	}
	if body != nil {
		head += fmt.Sprintf("Content-Length: %d\r\n", body.size)
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return nil, err
	}
	if body != nil {
		if err := body.writeTo(conn, d.buf); err != nil {
			return nil, err
		}
	}
	return http.ReadResponse(d.in, &http.Request{Method: method})
}

// finish reads an answer to its end and fails unless it has one of the wanted states.
func (d *dav) finish(resp *http.Response, to io.Writer, want ...int) error {
	defer func() {
		resp.Body.Close()
		if resp.Close {
			d.close()
		}
	}()
	if !slices.Contains(want, resp.StatusCode) {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		d.close()
		return fmt.Errorf("status %s: %s", resp.Status, text)
	}
	for {
		n, err := resp.Body.Read(d.buf)
		if n > 0 {
			if _, err := to.Write(d.buf[:n]); err != nil {
				d.close()
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			d.close()
			return err
		}
	}
}

func (d *dav) put(ctx context.Context, name string, c content) error {
	resp, err := d.do(ctx, "PUT", name, "", &c)
	if err == nil {
		err = d.finish(resp, io.Discard, http.StatusCreated, http.StatusNoContent, http.StatusOK)
	}
	return wrap("PUT", name, err)
}

// get reads a file and compares it.
func (d *dav) get(ctx context.Context, name string, c content) error {
	resp, err := d.do(ctx, "GET", name, "", nil)
	if err == nil {
		check := &checker{content: c}
		if err = d.finish(resp, check, http.StatusOK); err == nil {
			err = check.done()
		}
	}
	return wrap("GET", name, err)
}

func (d *dav) mkcol(ctx context.Context, name string) error {
	resp, err := d.do(ctx, "MKCOL", name+"/", "", nil)
	if err == nil {
		err = d.finish(resp, io.Discard, http.StatusCreated)
	}
	return wrap("MKCOL", name, err)
}

// propfind lists a directory (depth 1) or asks for it alone (depth 0), and returns how long the answer was.
func (d *dav) propfind(ctx context.Context, name string, depth int) (int64, error) {
	var n counter
	resp, err := d.do(ctx, "PROPFIND", name, strconv.Itoa(depth), new(content))
	if err == nil {
		err = d.finish(resp, &n, http.StatusMultiStatus)
	}
	return int64(n), wrap("PROPFIND", name, err)
}

func wrap(method, name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, name, err)
	}
	return nil
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
