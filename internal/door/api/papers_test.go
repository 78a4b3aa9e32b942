package api

import (
	"net/http/httptest"
	"testing"
)

// TestAsFile: a paper is a file that browsers neither keep nor show as a page of ours.
func TestAsFile(t *testing.T) {
	w := httptest.NewRecorder()
	asFile(w, "text/html; charset=utf-8", "2026-1.html")
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment; filename=2026-1.html", "Content-Type": "text/html; charset=utf-8"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
