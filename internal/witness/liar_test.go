package witness

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// TestMirrorsThatLie: a copy is there when the mirror has signed that it is, and nobody else has; and a witness that sends elsewhere is another one.
func TestMirrorsThatLie(t *testing.T) {
	ctx := context.Background()
	h := newHouse(t, durable.OS(), filepath.Join(t.TempDir(), "ledger"))
	grow(t, h.Log, 10)
	if _, err := h.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.NewReader(h.Files(), h.public)
	if err != nil {
		t.Fatal(err)
	}
	good, other := newWitness(t, durabletest.New(t), "/witness", h.public), newWitness(t, durabletest.New(t), "/other", h.public)
	for name, x := range map[string]struct {
		copied *Witness // nil: nobody
		whole  bool
	}{"its own copy": {good, true}, "nothing": {nil, false}, "another's copy": {other, false}} {
		c := answering(t, good, func(rw http.ResponseWriter, r *http.Request) {
			to := good
			if r.URL.Path == "/add-entries" && x.copied != good {
				if to = x.copied; to == nil {
					return // 200, and no more
				}
			}
			to.Handler().ServeHTTP(rw, r)
		})
		if _, _, err := answering(t, other, other.Handler().ServeHTTP).cosign(ctx, h.Log, 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.cosign(ctx, h.Log, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := c.push(ctx, r); (err == nil) != x.whole {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := answering(t, good, func(rw http.ResponseWriter, r *http.Request) {
		if r.Host == "witness.example" {
			http.Redirect(rw, r, "http://elsewhere.example"+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		good.Handler().ServeHTTP(rw, r)
	})
	if _, _, err := c.cosign(ctx, h.Log, 10); err == nil {
		t.Error("a cosignature from elsewhere counts")
	}
}

// TestSpoiledAnswers: a file of keys that is not whole is damage, and an answer of a mirror that cannot be is none.
func TestSpoiledAnswers(t *testing.T) {
	for _, f := range []keyFile{{Format: 2, Name: "w", Seed: make([]byte, 32)}, {Format: 1, Name: "w", Seed: make([]byte, 31)}, {Format: 1, Name: "w"}} {
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseKeys(b); problem.KindOf(err) != problem.Damaged {
			t.Errorf("%s: %v", b, err)
		}
	}
	for _, answer := range []string{"", "1\n", "x\n0\n\n", "1\nx\n\n", "-1\n0\n\n", "1\n-1\n\n", "1\n0\n!\n", "1\n0\n\nmore"} {
		if m, err := parseInfo([]byte(answer)); err == nil {
			t.Errorf("%q: %+v", answer, m)
		}
	}
	w := newWitness(t, durabletest.New(t), "/witness")
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-entries", nil))
	if rec.Code != http.StatusBadRequest {
		t.Errorf("an upload of nothing: %d", rec.Code)
	}
}
