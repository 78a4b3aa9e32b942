package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Local returns a RoundTripper that calls a handler in this process, as the given remote address. Bodies
// stream both ways without a copy in between; an answer begins with its first byte.
func Local(h http.Handler, remote string) http.RoundTripper { return local{h, remote} }

type local struct {
	h      http.Handler
	remote string
}

// RoundTrip implements http.RoundTripper.
func (l local) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	in := r.Clone(ctx)
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), l.remote, r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	pr, pw := io.Pipe()
	w := &localWriter{header: make(http.Header), body: pw, begun: make(chan struct{})}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer in.Body.Close()
		defer func() {
			// As in net/http: a panic breaks the answer off. http.ErrAbortHandler is how handlers ask for that.
			if p := recover(); p != nil {
				w.broken(fmt.Errorf("the answer was broken off: %v", p))
			}
		}()
		l.h.ServeHTTP(w, in)
		w.WriteHeader(http.StatusOK)
		pw.Close()
	}()
	select {
	case <-w.begun:
	case <-r.Context().Done():
		cancel()
		pr.CloseWithError(r.Context().Err())
		<-finished
		return nil, r.Context().Err()
	}
	if w.err != nil {
		cancel()
		return nil, w.err
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, ContentLength: -1, Request: r, Body: &localBody{PipeReader: pr, ctx: r.Context(), cancel: cancel, finished: finished},
	}, nil
}

// localBody ends the handler with the body, as a closed connection would.
type localBody struct {
	*io.PipeReader
	ctx      context.Context // of the request: an answer that ends after it is not whole
	cancel   context.CancelFunc
	finished chan struct{}
}

func (b *localBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if err == io.EOF && b.ctx.Err() != nil {
		err = b.ctx.Err()
	}
	return n, err
}

func (b *localBody) Close() error {
	b.cancel()
	err := b.PipeReader.Close()
	<-b.finished
	return err
}

// localWriter is the http.ResponseWriter of a request in process. Only the handler's goroutine uses it.
type localWriter struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed once status, sent and err are set
	status int
	sent   http.Header
	err    error
}

// Header implements http.ResponseWriter.
func (w *localWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *localWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

// Write implements http.ResponseWriter.
func (w *localWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush implements http.Flusher: what was written is there already.
func (w *localWriter) Flush() {}

func (w *localWriter) broken(err error) {
	w.once.Do(func() {
		w.err = err
		close(w.begun)
	})
	w.body.CloseWithError(err)
}
