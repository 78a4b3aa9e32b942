package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// miser is a house that lets so many files out in a minute, and no more than so many in a day.
type miser struct {
	files, minute, day int

	mu    sync.Mutex
	since time.Time // guarded by mu, as all below
	spent int
	today int
	asked int
}

func (m *miser) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := httptest.NewRecorder()
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/stat/"):
		json.NewEncoder(w).Encode(api.Info{Path: "/albums", Type: api.Directory})
	case strings.HasPrefix(r.URL.Path, "/v1/list/"):
		for i := range m.files {
			json.NewEncoder(w).Encode(api.Info{Path: fmt.Sprintf("/albums/%d.jpg", i), Type: api.RegularFile, Size: 1, Modified: time.Unix(1, 0)})
		}
	case r.URL.Path == "/v1/batch/open":
		var q api.OpenRequest
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			return nil, err
		}
		m.open(w, q.Paths)
	default:
		return nil, errors.New(r.URL.Path)
	}
	return w.Result(), nil
}

func (m *miser) open(w *httptest.ResponseRecorder, paths []string) {
	m.asked++
	if time.Since(m.since) >= time.Minute {
		m.since, m.spent = time.Now(), 0
	}
	p := api.Problem{Kind: problem.Spent, Op: "release", Message: "spent"}
	switch n := len(paths); {
	case m.today+n > m.day:
		p.Hint = "hint.read-more"
	case n > m.minute:
		p.Hint = "hint.read-parts"
	case m.spent+n > m.minute:
		p.Hint = "hint.read-slower"
		w.Header().Set("Retry-After", "60")
	default:
		m.spent, m.today = m.spent+n, m.today+n
		out := api.NewItemWriter(w)
		for _, path := range paths {
			out.Begin(api.Item{Path: path, Size: 1, Modified: time.Unix(1, 0)})
			out.Write([]byte("x"))
			out.End(nil)
		}
		out.Flush()
		return
	}
	w.WriteHeader(p.Kind.HTTP())
	json.NewEncoder(w).Encode(p)
}

// TestExportKeepsToTheBudget: who may read so many files in a minute exports more of them in several, and what no wait brings is not
// waited for.
func TestExportKeepsToTheBudget(t *testing.T) {
	for name, c := range map[string]struct {
		*miser
		least, most time.Duration
		copied      int
		says        string
	}{
		"a batch that is larger than the budget": {miser: &miser{files: 100, minute: 30, day: 1000}, least: 3 * time.Minute, most: 8 * time.Minute, copied: 100, says: "Going on at"},
		"one file a minute":                      {miser: &miser{files: 4, minute: 1, day: 1000}, least: 3 * time.Minute, most: 4 * time.Minute, copied: 4, says: "Going on at"},
		"enough":                                 {miser: &miser{files: 100, minute: 1000, day: 1000}, copied: 100},
		"the day's budget":                       {miser: &miser{files: 100, minute: 1000, day: 10}, says: "spent"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var out, said bytes.Buffer
				a := &app{out: &out, err: &said, now: time.Now}
				m, start := c.miser, time.Now()
				err := a.runExport(t.Context(), client.New(m, "en"), "albums", dir)
				files, bad := os.ReadDir(dir)
				if bad != nil || len(files) != c.copied || (err == nil) != (c.copied > 0) {
					t.Errorf("%d files, %v, %v\n%s", len(files), err, bad, &said)
				}
				if d := time.Since(start); d < c.least || d > c.most {
					t.Errorf("it took %v, and asked %d times\n%s", d, m.asked, &said)
				}
				if !strings.Contains(said.String(), c.says) || c.says == "" && said.Len() > 0 {
					t.Errorf("it said %q", &said)
				}
			})
		})
	}
}

// TestExportIsInterrupted while it waits.
func TestExportIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := &app{out: new(bytes.Buffer), err: new(bytes.Buffer), now: time.Now}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		start := time.Now()
		err := a.runExport(ctx, client.New(&miser{files: 9, minute: 1, day: 1000}, "en"), "albums", dir)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 90*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
