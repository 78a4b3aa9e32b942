package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/problem"
)

// tricks are paths that would lead elsewhere, were they ever cleaned or put together instead of refused.
var tricks = []string{"/s/sub/../file", "/s/../other/file", "/../file", "/s/./file", "/s//file", `/s/..\other\file`, "/s/file\x00.jpg", "/s/sub/..", "/s/a\nb", "/s/C:file", "/s/con"}

// TestPathTricks: a path that is none is refused as such at every way into the API, before anybody asks what stands there.
func TestPathTricks(t *testing.T) {
	s := newSender(t)
	s.model.AddShare("other")
	for _, p := range []string{"/s/file", "/other/file"} {
		if got := s.patch(s.begin(p, 3), 0, strings.NewReader("abc")); got != 204 {
			t.Fatalf("%s: %d", p, got)
		}
	}
	refused := func(what, p string, body []byte) {
		t.Helper()
		var got Problem
		if err := json.Unmarshal(body, &got); err != nil || got.Kind != problem.Invalid || got.Hint != "hint.name" {
			t.Errorf("%s %q: %.200s, want that it is no path", what, p, body)
		}
	}
	ask := func(method, at string, body []byte, headers ...string) []byte {
		r := httptest.NewRequest(method, at, bytes.NewReader(body))
		r.Header.Set("Tus-Resumable", "1.0.0")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.h.ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	for _, p := range tricks {
		refused("an upload to", p, ask("POST", "/v1/uploads", nil, "Upload-Length", "3", "Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte(p))))
		for what, in := range map[string]any{
			"POST /v1/rename": RenameRequest{From: p, To: "/s/new"}, "POST /v1/rename ": RenameRequest{From: "/s/file", To: p}, "POST /v1/restore": RestoreRequest{Path: p, Number: 1},
			"POST /v1/previews": PreviewsRequest{Paths: []string{p}}, "POST /v1/traps": NewTrap{Path: p},
		} {
			b, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			method, at, _ := strings.Cut(strings.TrimSpace(what), " ")
			refused(what, p, ask(method, at, b, "Content-Type", "application/json"))
		}
		for _, what := range []string{"GET /v1/files", "PUT /v1/files", "GET /v1/stat", "GET /v1/list", "GET /v1/removed", "GET /v1/history", "GET /v1/search", "POST /v1/mkdir", "POST /v1/remove", "GET /v1/previews"} {
			method, at, _ := strings.Cut(what, " ")
			escaped := url.PathEscape(strings.TrimPrefix(p, "/")) // with %2F, or the router would clean it
			refused(what, p, ask(method, at+"/"+escaped+"?q=x", nil))
		}
		batched(t, p, ask)
	}
}

// batched has a batch carry a name that is none, as an archive would that is to be unpacked elsewhere, and asks for it.
func batched(t *testing.T, p string, ask func(method, at string, body []byte, headers ...string) []byte) {
	t.Helper()
	var saved Saved
	body := writeBatch(t, []file{{item: Item{Path: p, Size: 3}, content: []byte("abc")}})
	if err := json.Unmarshal(ask("POST", "/v1/batch/save", body, "Content-Type", BatchType), &saved); err != nil || saved.Error == nil || saved.Error.Hint != "hint.name" {
		t.Errorf("a batch with %q: %+v, %v", p, saved, err)
	}
	b, err := json.Marshal(OpenRequest{Paths: []string{p}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := NewItemReader(bytes.NewReader(ask("POST", "/v1/batch/open", b, "Content-Type", "application/json"))).Next()
	if err != nil || i.Error == nil || i.Error.Hint != "hint.name" {
		t.Errorf("a batch that opens %q: %s, %v", p, fmt.Sprint(i), err)
	}
}
