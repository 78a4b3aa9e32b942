package bucket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxAnswer is more than a list of a thousand of the longest names.
const maxAnswer = 8 << 20

// Why an answer counts for nothing.
var (
	errStalled = errors.New("nothing came for a minute")
	errAnswer  = errors.New("the answer is none of a bucket's")
)

// answers bounds what a server answers, but for the content of objects, in length and time: the client reads lists and errors to their end, however
// long they are and however slowly they come.
type answers struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (r answers) RoundTrip(q *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(q.Context())
	a, err := r.RoundTripper.RoundTrip(q.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if q.Method == http.MethodHead || isContent(q, a) {
		a.Body = content{a.Body, cancel}
		return a, nil
	}
	defer cancel(nil)
	defer a.Body.Close()
	t := time.AfterFunc(answerTime, func() { cancel(errStalled) })
	defer t.Stop()
	b, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = errAnswer
	}
	if err != nil {
		return nil, stalled(ctx, err)
	}
	if q.URL.Query().Has("retention") { // versitygw calls otherwise than Amazon until when an object is locked
		b = bytes.ReplaceAll(b, []byte("ObjectLockRetention"), []byte("Retention"))
	}
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return a, nil
}

// isContent reports whether an answer is the content of an object.
func isContent(q *http.Request, a *http.Response) bool {
	v := q.URL.Query()
	v.Del("versionId")
	return q.Method == http.MethodGet && len(v) == 0 && (a.StatusCode == http.StatusOK || a.StatusCode == http.StatusPartialContent)
}

// content is what is read from the server itself.
type content struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close implements io.Closer.
func (c content) Close() error {
	defer c.cancel(nil)
	return c.ReadCloser.Close()
}
