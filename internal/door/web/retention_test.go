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

// TestRetentionUnderWay: the page tells how far a removal is and comes again by itself, and offers no second one; of one that has broken off it says why.
func TestRetentionUnderWay(t *testing.T) {
	api, work := http.NewServeMux(), ""
	api.HandleFunc("GET /v1/me", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"account":"sato","powers":["grant-all"]}`)
	})
	api.HandleFunc("GET /v1/shares/albums/retention", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"share":"albums","rule":{"versions":30,"deleted":30,"keep":1},"agreed":"d","removed":[{"number":2},{"number":1}],"work":%s}`, work)
	})
	api.HandleFunc("GET /v1/shares/albums/retention/preview", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"versions":0,"left":4}`) })
	pages := New(Config{API: api, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	for _, x := range []struct {
		work        string
		want, never []string
		refresh     bool
	}{
		{`{"running":true,"step":"packs","done":420000,"of":1000000}`, []string{"written anew", "420,000", `value="420000"`, "1: "}, []string{`/retention/run"`, `/retention/preview"`, `name="versions"`}, true},
		{`{"running":false,"step":"packs","done":1,"of":2,"on":"2026-1","hint":"hint.removal-held"}`, []string{"broken off. 2026-1", `/retention/run"`, "What stays was not touched. Carry it out again", "agreement on it has ended", "4 contents"}, nil, false},
	} {
		work = x.work
		r := httptest.NewRequest("GET", "http://localhost/shares/albums/retention", nil)
		r.Header.Set("Accept-Language", "en")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		for _, want := range x.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%d, no %q in\n%s", w.Code, want, w.Body)
			}
		}
		for _, never := range x.never {
			if strings.Contains(w.Body.String(), never) {
				t.Errorf("%q in\n%s", never, w.Body)
			}
		}
		if got := w.Header().Get("Refresh") != ""; got != x.refresh {
			t.Errorf("%s: it comes again: %v", x.work, got)
		}
	}
}
