package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

// sender sends parts of files, as clients of tus do.
type sender struct {
	*testing.T
	h     http.Handler
	model *vaultmodel.Model
	who   account.Session
	now   time.Time

	broken error // what writing says
}

// onlyFiles is a vault of which only files are asked.
type onlyFiles struct {
	Vault
	m      *vaultmodel.Model
	broken *error // what writing says; nil: it goes on
}

func (v onlyFiles) As(s account.Session, tokens ...string) vault.Files {
	return brittle{v.m.As(s, tokens...), v.broken}
}

// brittle is what a vault is whose disk may fail.
type brittle struct {
	vault.Files
	broken *error
}

func (f brittle) Create(ctx context.Context, name pathname.Path) (vault.Draft, error) {
	d, err := f.Files.Create(ctx, name)
	return brittleDraft{d, f.broken}, err
}

type brittleDraft struct {
	vault.Draft
	broken *error
}

func (d brittleDraft) WriteAt(p []byte, off int64) (int, error) {
	if *d.broken != nil {
		return 0, *d.broken
	}
	return d.Draft.WriteAt(p, off)
}

func newSender(t *testing.T) *sender {
	s := &sender{T: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	s.model = vaultmodel.New(now)
	s.model.AddShare("s")
	s.who = s.model.Gate().Add("sato", "x")
	s.h = New(Config{Session: func(*http.Request) (account.Session, error) { return s.who, nil }, Vault: onlyFiles{m: s.model, broken: &s.broken}, Now: now, Log: slog.New(slog.DiscardHandler)})
	return s
}

func (s *sender) do(method, url string, body io.Reader, headers ...string) *http.Response {
	s.Helper()
	r := httptest.NewRequest(method, url, body)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w.Result()
}

func (s *sender) begin(path string, size int) string {
	s.Helper()
	b64 := base64.StdEncoding.EncodeToString
	resp := s.do("POST", "/v1/uploads", nil, "Upload-Length", strconv.Itoa(size), "Upload-Metadata", "path "+b64([]byte(path))+",modified "+b64([]byte("2019-03-09T10:20:30Z")))
	if resp.StatusCode != 201 || !strings.HasPrefix(resp.Header.Get("Location"), "/v1/uploads/") {
		s.Fatalf("begin: %s", resp.Status)
	}
	return resp.Header.Get("Location")
}

func (s *sender) patch(url string, at int, body io.Reader) int {
	s.Helper()
	return s.do("PATCH", url, body, "Upload-Offset", strconv.Itoa(at), "Content-Type", "application/offset+octet-stream").StatusCode
}

func (s *sender) offset(url string) string {
	return s.do("HEAD", url, nil).Header.Get("Upload-Offset")
}

// content is the file at a path, and when it was modified.
func (s *sender) content(path string) (string, time.Time) {
	s.Helper()
	r := httptest.NewRequest("GET", "/v1/files"+path, nil)
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	if w.Code != 200 {
		return w.Result().Status, time.Time{}
	}
	m, err := time.Parse(time.RFC3339Nano, w.Header().Get(ModifiedHeader))
	if err != nil {
		s.Error(err)
	}
	return w.Body.String(), m
}

func TestUploadGoesOn(t *testing.T) {
	s := newSender(t)
	content := strings.Repeat("photograph ", 100_000)
	url := s.begin("/s/写真.jpg", len(content))
	if got := s.patch(url, 0, strings.NewReader(content[:300_000])); got != 204 || s.offset(url) != "300000" {
		t.Fatalf("the first part: %d, at %s", got, s.offset(url))
	}
	if got, _ := s.content("/s/写真.jpg"); got == content[:300_000] {
		t.Error("half a file is seen")
	}
	// A part that breaks off counts as far as it came.
	broken := io.MultiReader(strings.NewReader(content[300_000:500_000]), iotest.ErrReader(errors.New("the line is dead")))
	if got := s.patch(url, 300_000, broken); got/100 != 4 || s.offset(url) != "500000" {
		t.Errorf("a part that broke off: %d, at %s", got, s.offset(url))
	}
	if got := s.patch(url, 300_000, strings.NewReader("x")); got != 409 {
		t.Errorf("a part of another place: %d", got)
	}
	if got := s.patch(url, 500_000, strings.NewReader(content[500_000:]+"more")); got != 413 {
		t.Errorf("more than was announced: %d", got)
	}
	at, err := strconv.Atoi(s.offset(url))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.patch(url, at, strings.NewReader(content[at:])); got != 204 {
		t.Fatalf("the last part: %d", got)
	}
	got, modified := s.content("/s/写真.jpg")
	if got != content || !modified.Equal(time.Date(2019, 3, 9, 10, 20, 30, 0, time.UTC)) {
		t.Errorf("%d bytes of %v are saved, want %d", len(got), modified, len(content))
	}
	if got := s.patch(url, len(content), bytes.NewReader(nil)); got != 409 {
		t.Errorf("a part after the end: %d", got)
	}
	s.begin("/s/empty", 0)
	if got, _ := s.content("/s/empty"); got != "" {
		t.Errorf("an empty file: %q", got)
	}
}

// TestUploadAfterAFailedWrite: what the vault has lost, the client is told to begin anew.
func TestUploadAfterAFailedWrite(t *testing.T) {
	s := newSender(t)
	url := s.begin("/s/a", 6)
	if got := s.patch(url, 0, strings.NewReader("abc")); got != 204 {
		t.Fatal(got)
	}
	s.broken = problem.New(problem.Unavailable, "save", "/s/a", errors.New("the disk"))
	if got := s.patch(url, 3, strings.NewReader("def")); got != 503 {
		t.Errorf("a part that cannot be written: %d", got)
	}
	s.broken = nil
	if resp := s.do("HEAD", url, nil); resp.StatusCode != 404 {
		t.Errorf("the upload afterwards: %s", resp.Status)
	}
	url = s.begin("/s/a", 6)
	if got := s.patch(url, 0, strings.NewReader("abcdef")); got != 204 {
		t.Errorf("begun anew: %d", got)
	}
}

// TestUploadsAreTended: what nobody goes on with is given up without anybody beginning another.
func TestUploadsAreTended(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	u := &uploads{now: func() time.Time { return now }, all: make(map[string]*upload)}
	m := vaultmodel.New(u.now)
	m.AddShare("s")
	d, err := m.As(m.Gate().Add("sato", "x")).Create(t.Context(), "/s/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.add(&upload{draft: d, name: "/s/a", size: 5}); err != nil || !u.tended {
		t.Fatalf("%v, tended %v", err, u.tended)
	}
	now = now.Add(uploadTime - 1)
	if u.tend(); len(u.all) != 1 || !u.tended {
		t.Error("an upload is given up too early")
	}
	now = now.Add(1)
	if u.tend(); len(u.all) != 0 || u.tended {
		t.Errorf("%d uploads are left", len(u.all))
	}
}

func TestUploadsAreTheirOwners(t *testing.T) {
	s := newSender(t)
	url := s.begin("/s/a", 3)
	sato := s.who
	s.who = s.model.Gate().Add("suzuki", "y")
	for method, want := range map[string]int{"HEAD": 404, "DELETE": 404} {
		if resp := s.do(method, url, nil); resp.StatusCode != want {
			t.Errorf("%s by somebody else: %s", method, resp.Status)
		}
	}
	if got := s.patch(url, 0, strings.NewReader("abc")); got != 404 {
		t.Errorf("a part by somebody else: %d", got)
	}
	s.who = sato
	if resp := s.do("DELETE", url, nil); resp.StatusCode != 204 {
		t.Errorf("given up: %s", resp.Status)
	}
	if got := s.patch(url, 0, strings.NewReader("abc")); got != 404 {
		t.Errorf("a part of what was given up: %d", got)
	}
	for range maxUploadsOf {
		s.begin("/s/b", 3)
	}
	if resp := s.do("POST", "/v1/uploads", nil, "Upload-Length", "3", "Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte("/s/c"))); resp.StatusCode != 413 {
		t.Errorf("more uploads than there may be: %s", resp.Status)
	}
	s.now = s.now.Add(uploadTime)
	s.begin("/s/c", 3) // those before have run out
}

func TestUploadRefuses(t *testing.T) {
	s := newSender(t)
	b64 := base64.StdEncoding.EncodeToString
	for what, h := range map[string][]string{
		"another protocol": {"Tus-Resumable", "0.9", "Upload-Length", "3", "Upload-Metadata", "path " + b64([]byte("/s/a"))},
		"no length":        {"Upload-Metadata", "path " + b64([]byte("/s/a"))},
		"a length below 0": {"Upload-Length", "-1", "Upload-Metadata", "path " + b64([]byte("/s/a"))},
		"no path":          {"Upload-Length", "3"},
		"a path out":       {"Upload-Length", "3", "Upload-Metadata", "path " + b64([]byte("/s/../../etc/passwd"))},
		"no such share":    {"Upload-Length", "3", "Upload-Metadata", "path " + b64([]byte("/none/a"))},
		"bad metadata":     {"Upload-Length", "3", "Upload-Metadata", "path !!!"},
		"a bad time":       {"Upload-Length", "3", "Upload-Metadata", "path " + b64([]byte("/s/a")) + ",modified " + b64([]byte("yesterday"))},
	} {
		if resp := s.do("POST", "/v1/uploads", nil, h...); resp.StatusCode/100 != 4 {
			t.Errorf("%s: %s", what, resp.Status)
		}
	}
	url := s.begin("/s/a", 3)
	if resp := s.do("PATCH", url, strings.NewReader("abc"), "Upload-Offset", "0", "Content-Type", "text/plain"); resp.StatusCode/100 != 4 {
		t.Errorf("another content type: %s", resp.Status)
	}
}
