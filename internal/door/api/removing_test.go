package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/azekura/azekura/internal/problem"
)

// TestCarryOut: a removal goes on behind an answer that does not wait for it; whoever looks sees how far it is, nobody begins another meanwhile, and
// why it has broken off is kept until the next one.
func TestCarryOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, end := &handler{}, make(chan error)
		begin := func() (*httptest.ResponseRecorder, error) {
			w := httptest.NewRecorder()
			return w, h.carryOut(w, httptest.NewRequest("POST", "/?background=1", nil), "albums", "versions", func(context.Context, func(RemovalLine)) (RemovalLine, error) {
				h.removing.step("albums", "packs", 3, 7)
				return RemovalLine{}, <-end
			})
		}
		w, err := begin()
		if err != nil || w.Code != 202 || !strings.Contains(w.Body.String(), `"running":true,"step":"packs","done":3,"of":7`) {
			t.Errorf("%d %s, %v", w.Code, w.Body, err)
		}
		if _, err := begin(); problem.KindOf(err) != problem.Locked {
			t.Errorf("another: %v", err)
		}
		end <- &problem.Error{Kind: problem.Locked, On: "2026-1", Hint: "hint.removal-held"}
		synctest.Wait()
		if x := h.removing.of("albums"); x == nil || x.Running || x.On != "2026-1" || x.Hint != "hint.removal-held" {
			t.Errorf("broken off: %+v", x)
		}
		go func() { end <- nil }()
		if w, err := begin(); err != nil || w.Code != 200 || !strings.Contains(w.Body.String(), `"running":false`) {
			t.Errorf("one that has ended at once: %d %s, %v", w.Code, w.Body, err)
		}
		if x := h.removing.of("albums"); x != nil {
			t.Errorf("afterwards: %+v", x)
		}
		go func() { end <- errors.New("disk") }()
		if _, err := begin(); err == nil {
			t.Error("one that has failed at once is not told of")
		}
		w = httptest.NewRecorder()
		err = h.carryOut(w, httptest.NewRequest("POST", "/?background=0", nil), "albums", "files", func(context.Context, func(RemovalLine)) (RemovalLine, error) {
			return RemovalLine{Done: 5}, nil
		})
		if err != nil || !strings.Contains(w.Body.String(), `"done":5`) {
			t.Errorf("one that is waited for: %s, %v", w.Body, err)
		}
		err = h.carryOut(w, httptest.NewRequest("POST", "/?background=maybe", nil), "albums", "files", nil)
		if problem.KindOf(err) != problem.Invalid || h.removing.of("albums") != nil && h.removing.of("albums").Running {
			t.Errorf("neither true nor false: %v", err)
		}
	})
}
