package bucket

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

const secret = "a-secret-of-tests-91bc"

func file(t *testing.T, mode os.FileMode, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bucket.toml")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

// hint returns what an error says to do, and fails if it tells the secret, or says nothing in one of the languages.
func hint(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*problem.Error](err)
	if !ok || !lang.Has(e.Hint) || !lang.Has("op."+e.Op) {
		t.Fatalf("%v says not what to do", err)
	}
	for _, l := range []lang.Lang{lang.English, lang.Japanese} {
		if text := l.Problem(e.Op, e.On, e.Kind.String(), e.Hint) + err.Error(); strings.Contains(text, secret) {
			t.Errorf("the secret is in %s", text)
		}
	}
	return e.Hint
}

func TestSettings(t *testing.T) {
	good := []string{`endpoint = "https://s3.example.jp"`, `bucket = "house-b"`, `access_key = "a"`, `secret_key = "` + secret + `"`}
	if s, err := Read(file(t, 0o600, append(good, `folder = "/house/"`)...)); err != nil || s.Folder != "house" {
		t.Errorf("%+v, %v", s.Folder, err)
	}
	with := func(endpoint string) []string { return append([]string{`endpoint = "` + endpoint + `"`}, good[1:]...) }
	for _, c := range []struct {
		name  string
		mode  os.FileMode
		lines []string
		hint  string
	}{
		{"others can read it", 0o644, good, "hint.bucket-mode"},
		{"the group can read it", 0o640, good, "hint.bucket-mode"},
		{"an unknown key", 0o600, append(good, `secert = "`+secret+`"`), "hint.bucket-file"},
		{"no TOML", 0o600, append(good, `secret_key = `+secret), "hint.bucket-file"},
		{"no name of a bucket", 0o600, append([]string{`bucket = "B_"`, good[0]}, good[2:]...), "hint.bucket-file"},
		{"no secret", 0o600, good[:3], "hint.bucket-file"},
		{"plain, elsewhere", 0o600, with("http://s3.example.jp"), "hint.bucket-endpoint"},
		{"a name that looks like this machine", 0o600, with("http://127.0.0.1.example.jp"), "hint.bucket-endpoint"},
		{"a secret in the address", 0o600, with("https://a:" + secret + "@s3.example.jp"), "hint.bucket-endpoint"},
		{"no address", 0o600, with("https://" + secret + "\x7f"), "hint.bucket-file"},
		{"another scheme", 0o600, with("ftp://s3.example.jp"), "hint.bucket-endpoint"},
	} {
		if _, err := Read(file(t, c.mode, c.lines...)); hint(t, err) != c.hint {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, plain := range []string{"http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost:9000"} {
		if _, err := Read(file(t, 0o600, with(plain)...)); err != nil {
			t.Error(err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "nothing")); hint(t, err) != "hint.bucket-file" {
		t.Error(err)
	}
}

func open(t *testing.T, s Settings) *Bucket {
	t.Helper()
	s.Bucket, s.AccessKey, s.SecretKey = "house-b", "a", secret
	b, err := New(s, 30, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnswers: each error of a server comes with what to do about it, after a bounded number of tries.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		hint   string
	}{
		{403, "RequestTimeTooSkewed", "hint.bucket-clock"},
		{403, "AccessDenied", "hint.bucket-denied"},
		{403, "InvalidAccessKeyId", "hint.bucket-denied"},
		{403, "SignatureDoesNotMatch", "hint.bucket-denied"},
		{404, "NoSuchBucket", "hint.bucket-none"},
		{400, "AuthorizationHeaderMalformed", "hint.bucket-answer"},
		{503, "SlowDown", "hint.bucket-answer"},
		{507, "XMinioStorageFull", "hint.bucket-full"},
		{403, "QuotaExceeded", "hint.bucket-full"},
	} {
		asked := new(atomic.Int64)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if strings.Contains(r.URL.String(), secret) {
				t.Error("the secret is in an address")
			}
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(c.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", c.code)
		}))
		b := open(t, Settings{Endpoint: s.URL})
		data := []byte("data")
		err := b.Put(t.Context(), "x", 4, func(yield func([]byte, error) bool) { yield(data, nil) })
		if got := hint(t, err); got != c.hint {
			t.Errorf("%s: %s, %v", c.code, got, err)
		}
		if e, _ := errors.AsType[*problem.Error](err); strings.Contains(e.On, c.code) != (c.hint == "hint.bucket-answer") {
			t.Errorf("%s: who reads of it reads “%s”", c.code, e.On)
		}
		if n := asked.Load(); n > tries {
			t.Errorf("%s: asked %d times", c.code, n)
		}
		s.Close()
	}
}

func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	if err := open(t, Settings{Endpoint: s.URL}).Ready(t.Context()); hint(t, err) != "hint.bucket-unreachable" {
		t.Error(err)
	}
	x := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }))
	defer x.Close()
	x.Config.ErrorLog = nil
	if err := open(t, Settings{Endpoint: x.URL}).Ready(t.Context()); hint(t, err) != "hint.bucket-tls" {
		t.Error(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, Settings{Endpoint: x.URL, CA: ca}).Ready(t.Context()); hint(t, err) != "hint.bucket-none" {
		t.Error(err)
	}
	if _, err := New(Settings{Endpoint: x.URL, CA: filepath.Join(t.TempDir(), "none")}, 1, time.Now); hint(t, err) != "hint.bucket-ca" {
		t.Error(err)
	}
}

// TestStall: a body of which nothing comes for a minute ends its request.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r, w := io.Pipe()
		x := watch(r, cancel)
		defer x.stop()
		go func() {
			for range 5 {
				<-time.After(50 * time.Second)
				w.Write([]byte("x"))
			}
		}()
		start := time.Now()
		go io.Copy(io.Discard, x)
		<-ctx.Done()
		if took := time.Since(start); took != 250*time.Second+idleTime || !errors.Is(context.Cause(ctx), errStalled) {
			t.Errorf("after %v: %v", took, context.Cause(ctx))
		}
		w.Close()
	})
}
