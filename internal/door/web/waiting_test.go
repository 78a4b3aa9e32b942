package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWaiting: pages that rest on findings say how far these are, and come again by themselves, without a script; they ask for nothing that
// would make their reader wait.
func TestWaiting(t *testing.T) {
	api := http.NewServeMux()
	var asked []string
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.Path) })
	api.HandleFunc("GET /v1/me", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"account":"sato","powers":[]}`) })
	api.HandleFunc("GET /v1/cases/2026-1/progress", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"ready":false,"step":"files","done":420000,"of":1000000,"part":65}`)
	})
	pages := New(Config{API: api, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	for _, at := range []string{"/findings", "/exposed?class=confirmed", "/papers", "/papers/board"} {
		r := httptest.NewRequest("GET", "http://localhost/cases/2026-1"+at, nil)
		r.Header.Set("Accept-Language", "en")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		for _, want := range []string{"Files are compared with what was read", "420,000", "1,000,000", `value="65"`} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %d, no %q in\n%s", at, w.Code, want, w.Body)
			}
		}
		if w.Header().Get("Refresh") == "" || w.Code != 200 {
			t.Errorf("%s: %d %v", at, w.Code, w.Header())
		}
	}
	if len(asked) > 0 {
		t.Errorf("asked for %v", asked)
	}
}
