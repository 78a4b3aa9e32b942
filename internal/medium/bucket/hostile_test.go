package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hostile is a bucket on a server that answers as it likes.
func hostile(t *testing.T, answer http.HandlerFunc) *Bucket {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return open(t, Settings{Endpoint: s.URL})
}

// page writes a list of versions, of which there are always more.
func page(w io.Writer, versions ...string) {
	fmt.Fprint(w, "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>")
	for _, v := range versions {
		fmt.Fprint(w, "<Version>", v, "</Version>")
	}
	fmt.Fprint(w, "</ListVersionsResult>")
}

func version(key string, size int) string {
	return fmt.Sprintf("<Key>%s</Key><VersionId>%s-1</VersionId><IsLatest>true</IsLatest><Size>%d</Size>", key, key, size)
}

// TestEndlessList: a list that goes in a circle, has no end, or tells of less than nothing is an error after a bounded while.
func TestEndlessList(t *testing.T) {
	for name, answer := range map[string]func(w io.Writer, n int){
		"the first page, again": func(w io.Writer, _ int) { page(w, version("a", 1), version("b", 1)) },
		"the second, again":     func(w io.Writer, n int) { page(w, version(fmt.Sprint(min(n, 2)), 1)) },
		"a size below nothing":  func(w io.Writer, n int) { page(w, version(fmt.Sprint(n), -5)) },
		"an answer without end": func(w io.Writer, _ int) {
			for err := error(nil); err == nil; {
				_, err = w.Write(bytes.Repeat([]byte(" "), 64<<10))
			}
		},
	} {
		asked := new(atomic.Int64)
		b := hostile(t, func(w http.ResponseWriter, r *http.Request) { answer(w, int(asked.Add(1))) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		count := 0
		var err error
		for _, err = range b.List(ctx, "") {
			if count++; err != nil || count > 100 {
				break
			}
		}
		if cancel(); err == nil || hint(t, err) != "hint.bucket-answer" {
			t.Errorf("%s: %d entries, %v", name, count, err)
		}
	}
}

// TestNoLength: an object of which the server does not say how long it is is not read.
func TestNoLength(t *testing.T) {
	b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Write([]byte("x"))
		w.(http.Flusher).Flush() // in chunks
	})
	if o, err := b.Open(t.Context(), "medium.json"); err == nil {
		n, _ := o.Size()
		t.Errorf("an object of %d bytes", n)
	} else if hint(t, err) != "hint.bucket-answer" {
		t.Error(err)
	}
}

// TestRedirect: nobody is asked to whom a server sends on.
func TestRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, other.URL+r.URL.Path, code)
		})
		data := []byte("data")
		if err := b.Put(t.Context(), "x", 4, func(yield func([]byte, error) bool) { yield(data, nil) }); err == nil {
			t.Error(code)
		}
		if _, err := b.Open(t.Context(), "x"); err == nil {
			t.Error(code)
		}
		if err := b.Ready(t.Context()); err == nil {
			t.Error(code)
		}
	}
}

// dripping is an answer of which a byte comes now and then.
type dripping struct {
	ctx context.Context
	n   int
}

func (d *dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(50 * time.Second):
		d.n++
		return copy(p, "<"), nil
	case <-d.ctx.Done():
		return 0, context.Cause(d.ctx)
	}
}

func (d *dripping) Close() error { return nil }

type dripper struct{ last *dripping }

func (d *dripper) RoundTrip(q *http.Request) (*http.Response, error) {
	d.last = &dripping{ctx: q.Context()}
	return &http.Response{StatusCode: http.StatusOK, Body: d.last, Request: q}, nil
}

// TestDripping: a list that comes byte by byte ends, and does not keep whoever waits for it for ever.
func TestDripping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(dripper)
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://s3.example.jp/b?versions=", strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := (answers{d}).RoundTrip(q); !errors.Is(err, errStalled) || time.Since(start) != answerTime || d.last.n != 1 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
