package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
	"github.com/azekura/azekura/internal/vault/vaultmodel"
)

func TestAdministration(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if err := errors.Join(
			w.MakeAccount(ctx, api.NewAccount{Name: "佐藤", Role: account.Staff, Password: "p"}),
			w.SetPassword(ctx, "佐藤", "q"), second(w.SetDisabled(ctx, "佐藤", true)),
			second(w.MakeDevice(ctx, "佐藤", "Sato's Mac / 1")), w.RemoveDevice(ctx, "佐藤", "Sato's Mac / 1"),
			second(w.MakeShare(ctx, "2026年度")), w.SetRights(ctx, api.Right{Account: "佐藤", Share: "2026年度", Rights: api.CanRead}),
		); err != nil {
			t.Fatal(err)
		}
		want := []string{"account 佐藤 staff p", "password 佐藤 q", "disabled 佐藤 true", "device 佐藤|Sato's Mac / 1", "remove device 佐藤|Sato's Mac / 1",
			"share 2026年度", "rights 佐藤 2026年度 read"}
		if !slices.Equal(w.kept.asked, want) {
			t.Errorf("asked\n%q, want\n%q", w.kept.asked, want)
		}
		w.kept.err = &problem.Error{Kind: problem.Denied, Op: "make share", Hint: "hint.not-your-role"}
		if _, err := w.MakeShare(ctx, "x"); problem.KindOf(err) != problem.Denied || !strings.Contains(err.Error(), "role") {
			t.Errorf("denied: %v", err)
		}
	})
}

func TestCare(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if s, err := w.Status(ctx); err != nil || s.Version != "test" || len(s.Shares) != 1 || s.Keeper.Caution == "" {
			t.Errorf("status %+v, %v", s, err)
		}
		w.cared.findings = []vault.Finding{{Pack: 1, Reason: "checksum"}, {Pack: 2, Reason: "digest"}}
		var findings, reports int
		for l, err := range w.Verify(ctx, api.VerifyRequest{}) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Finding != nil {
				findings++
			}
			if l.Report != nil {
				reports++
			}
		}
		if findings != 2 || reports != 1 {
			t.Errorf("%d findings, %d reports, want 2 and 1", findings, reports)
		}
		w.cared.failed = problem.New(problem.Unavailable, "verify", "", nil)
		var last error
		for _, err := range w.Verify(ctx, api.VerifyRequest{}) {
			last = err
		}
		if problem.KindOf(last) != problem.Unavailable {
			t.Errorf("a failure after findings: %v, want unavailable", last)
		}
		var frames []int64
		found := 0
		for l, err := range w.Rebuild(ctx, "albums") {
			if err != nil {
				t.Fatal(err)
			}
			if l.Finding != nil {
				found++
				continue
			}
			frames = append(frames, l.Frames)
		}
		if want := len(w.cared.findings); found != want || want == 0 {
			t.Errorf("a rebuild passes %d findings on, want %d", found, want)
		}
		if want := []int64{10_000, 20_000, 25_000}; !slices.Equal(frames, want) {
			t.Errorf("progress %v, want %v", frames, want)
		}
		f := api.EventFilter{Path: "/albums/写真", Kinds: []string{"released", "login"}, Limit: 7, From: time.Date(2026, 7, 13, 0, 0, 0, 0, time.UTC)}
		for e, err := range w.Events(ctx, f) {
			if want := `{"index":1,"path":"/albums/写真","kinds":2,"limit":7,"from":"2026-07-13T00:00:00Z"}`; err != nil || string(e) != want {
				t.Errorf("event %s, %v, want %s", e, err, want)
			}
		}
		if k, err := w.ReadingKey(ctx); err != nil || string(bytes.TrimSpace(k)) != `{"key":"k"}` {
			t.Errorf("reading key %s, %v", k, err)
		}
	})
}

// TestStrangers: whoever has no session gets nothing, in both languages.
func TestStrangers(t *testing.T) {
	h := api.New(api.Config{Log: slog.New(slog.DiscardHandler), Session: func(*http.Request) (account.Session, error) {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.log-in-again"}
	}})
	for lang, want := range map[string]string{"en": "Cannot log in", "ja": "ログインできません"} {
		for _, target := range []string{"GET /v1/status", "GET /v1/files/albums/x", "PUT /v1/files/albums/x", "POST /v1/restore", "GET /other", "BREW /"} {
			method, path, _ := strings.Cut(target, " ")
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusMethodNotAllowed || w.Code == http.StatusUnauthorized && !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s in %s: %d %s", target, lang, w.Code, w.Body)
			}
		}
	}
}

// TestHostile: requests that make no sense get a status and a sentence.
func TestHostile(t *testing.T) {
	c := &clock{now: time.Date(2026, 7, 12, 0, 0, 0, 0, time.UTC)}
	m := vaultmodel.New(c.Now)
	m.AddShare("albums")
	session := m.Gate().Add("sato", "x")
	k := &kept{}
	h := api.New(api.Config{Session: func(*http.Request) (account.Session, error) { return session, nil }, Vault: &cared{Model: m}, People: k, Ledger: k,
		Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	json := "application/json"
	for _, x := range []struct {
		target, kind, body string
		want               int
	}{
		{"POST /v1/restore", json, `{`, 400}, {"POST /v1/restore", json, `{"pth":"/x"}`, 400}, {"POST /v1/restore", "", `{"path":"/x"}`, 400},
		{"POST /v1/restore", json, `{"path":"/albums/x","number":-1}`, 404}, {"POST /v1/restore", json, strings.Repeat("[", 2<<20), 413},
		{"GET /v1/files/albums/x?number=0", "", "", 400}, {"GET /v1/files/albums/x?number=x", "", "", 400}, {"GET /v1/files/albums/x?version=zz", "", "", 400},
		{"GET /v1/files/albums/x?purpose=curiosity", "", "", 400}, {"GET /v1/files/albums/%00", "", "", 400}, {"GET /v1/files/albums/%ff", "", "", 400},
		{"GET /v1/stat/" + strings.Repeat("a/", 10_000), "", "", 400}, {"GET /v1/ledger/events?from=yesterday", "", "", 400}, {"GET /v1/ledger/events?limit=-1", "", "", 400},
		{"POST /v1/batch/save", api.BatchType, "no batch", 400}, {"POST /v1/batch/save", api.BatchType, "{\"path\":\"/albums/x\",\"size\":5}\n\xff\xff\xff\xff", 400},
		{"POST /v1/batch/open", json, `{"paths":[` + strings.Repeat(`"x",`, api.MaxBatch) + `"x"]}`, 413}, {"GET /v1/nothing", "", "", 404}, {"PUT /v1/files/albums", "", "x", 403},
	} {
		method, target, _ := strings.Cut(x.target, " ")
		r := httptest.NewRequest(method, target, strings.NewReader(x.body))
		if x.kind != "" {
			r.Header.Set("Content-Type", x.kind)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != x.want || !strings.Contains(w.Body.String(), `"message"`) {
			t.Errorf("%.60s: %d %.200s, want %d", x.target, w.Code, w.Body, x.want)
		}
	}
}

func TestConditions(t *testing.T) {
	c := &clock{now: time.Date(2026, 7, 12, 0, 0, 0, 0, time.UTC)}
	m := vaultmodel.New(c.Now)
	m.AddShare("albums")
	session := m.Gate().Add("sato", "x")
	h := api.New(api.Config{Session: func(*http.Request) (account.Session, error) { return session, nil }, Vault: &cared{Model: m}, Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	put := func(header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("PUT", "/v1/files/albums/x", strings.NewReader("x"))
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := put("If-Match", "*"); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-Match: * on nothing: %d", w.Code)
	}
	first := put("If-None-Match", "*")
	if first.Code != http.StatusCreated {
		t.Errorf("If-None-Match: * on nothing: %d", first.Code)
	}
	if w := put("If-None-Match", "*"); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-None-Match: * on a file: %d", w.Code)
	}
	if w := put("If-Match", first.Header().Get("ETag")); w.Code != http.StatusCreated {
		t.Errorf("If-Match on the head: %d", w.Code)
	}
	if w := put("If-Match", first.Header().Get("ETag")); w.Code != http.StatusPreconditionFailed {
		t.Errorf("If-Match on an earlier version: %d", w.Code)
	}
}

// TestLocalCancel: a client that goes away in process ends its handler, and its goroutines.
func TestLocalCancel(t *testing.T) {
	began, ended := make(chan bool), make(chan bool)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("begun"))
		close(began)
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", "http://azekura/", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-began
		cancel()
	}()
	resp, err := (&http.Client{Transport: api.Local(h, "console:0")}).Do(r)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("read after cancel: %v", err)
	}
	<-ended
}

func TestPreviews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, name := range []string{"ready.jpg", "coming.jpg", "none.jpg"} {
			if _, err := w.Save(ctx, "/albums/"+name, strings.NewReader(name), -1, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for p, err := range w.Previews(ctx, []string{"/albums/none.jpg", "/albums/ready.jpg", "/albums/gone.jpg", "/albums/coming.jpg"}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Path+" "+string(p.State))
		}
		want := []string{"/albums/none.jpg none", "/albums/ready.jpg ready", "/albums/gone.jpg none", "/albums/coming.jpg coming"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, err := range w.Previews(ctx, make([]string, api.MaxBatch+1)) {
			if problem.KindOf(err) != problem.TooLarge {
				t.Errorf("too many: %v", err)
			}
		}
		w.cared.failed = problem.New(problem.Denied, "release", "", nil)
		for _, err := range w.Previews(ctx, []string{"/albums/ready.jpg"}) {
			if problem.KindOf(err) != problem.Denied {
				t.Errorf("refused: %v", err)
			}
		}
	})
}
