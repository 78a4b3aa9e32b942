package restore

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// attacked is a house in which “bad” did harm while its administrator worked on, and the number of the case that tells of it.
func attacked(t *testing.T) (s *scene, number string) {
	t.Helper()
	dir := t.TempDir()
	s = &scene{House: house.Unguarded(t), t: t, a: filepath.Join(dir, "A"), stick: filepath.Join(dir, "stick"), text: filepath.Join(dir, "papers")}
	var made struct{ Secret string }
	s.Run("account", "add", "bad")
	s.Run("account", "grant", "bad", "albums", "write")
	if err := json.Unmarshal(s.Run("account", "device", "add", "bad", "tests", "--json"), &made); err != nil {
		t.Fatal(err)
	}
	s.Run("day", "open", "bad")
	good := s.House
	bad := *s.House
	bad.User, bad.Password = "bad", made.Secret
	for _, name := range []string{"a", "b", "c"} {
		do(t, good, "PUT", name, "good "+name)
	}
	from := time.Now()
	do(t, &bad, "PUT", "a", "pay")
	do(t, &bad, "DELETE", "b", "")
	do(t, good, "PUT", "c", "better c")
	do(t, good, "PUT", "d", "new d")
	do(t, &bad, "PUT", "note", "how to pay")
	var c struct{ ID string }
	if err := json.Unmarshal(s.Run("case", "open", "--party", "bad", "--from", from.Format(time.RFC3339Nano), "--reason", "odd", "--json"), &c); err != nil || c.ID == "" {
		t.Fatal(err)
	}
	for _, d := range []string{s.a, s.stick} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.text, []byte(strings.Join(codesOf(s.Run("recovery", "make"))[:2], "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Run("card", "make", s.stick, "--name", "safe", "--same-disk")
	s.Run("media", "init", s.a, "--same-disk", "--label", "A")
	s.Run("media", "sync", s.a)
	s.Stop(syscall.SIGTERM)
	return s, c.ID
}

func do(t *testing.T, h *house.House, method, name, text string) {
	t.Helper()
	resp := h.Request(method, h.URL+name+".txt", []byte(text))
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatal(method, name, resp.Status)
	}
}

// shown is what a house shows of some files.
func shown(t *testing.T, h *house.House) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, name := range []string{"a", "b", "c", "d", "note"} {
		resp := h.Request("GET", h.URL+name+".txt", nil)
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK {
			out[name] = string(b)
		}
	}
	return out
}

// TestBeforeCase restores a house as it was before a case, with everybody's acts taken back or only the suspects', with one command; what was there stays
// in the histories. A moment takes the state before it.
func TestBeforeCase(t *testing.T) {
	s, number := attacked(t)
	newest := map[string]string{"a": "pay", "c": "better c", "d": "new d", "note": "how to pay"}
	for _, x := range []struct {
		name string
		more []string
		want map[string]string
	}{
		{"everything", []string{"--before", number}, map[string]string{"a": "good a", "b": "good b", "c": "good c"}},
		{"the suspects'", []string{"--before", number, "--keep-trusted"}, map[string]string{"a": "good a", "b": "good b", "c": "better c", "d": "new d"}},
		{"nothing", []string{"--before", time.Now().Add(time.Minute).Format(time.RFC3339)}, newest},
	} {
		s.Data = filepath.Join(t.TempDir(), "new")
		out, err := s.Try(s.restore(append(x.more, "--json")...)...)
		var said struct {
			Rewound *struct {
				Case string
				Acts map[string]int
			}
		}
		if err != nil || json.Unmarshal(out, &said) != nil || (said.Rewound != nil) != (x.more[1] == number) {
			t.Errorf("%s: %s, %v", x.name, out, err)
		}
		s.Start()
		if got := shown(t, s.House); !maps.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if h := string(s.Run("history", "albums/a.txt", "--json")); strings.Count(h, `"version"`) < 2 {
			t.Errorf("%s: the history: %s", x.name, h)
		}
		s.Stop(syscall.SIGTERM)
	}
	for _, x := range []struct {
		before []string
		want   string
	}{
		{[]string{"--before", "2001-7"}, "case"},
		{[]string{"--before", "2001-01-01 00:00"}, "state"},
		{[]string{"--before", "yesterday noon"}, "is no time"},
		{[]string{"--keep-trusted"}, "--before CASE"},
	} {
		s.Data = filepath.Join(t.TempDir(), "none")
		if out, err := s.Try(s.restore(x.before...)...); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %s, %v", x.before, out, err)
		}
		if _, err := os.Stat(filepath.Join(s.Data, "vault", "packs")); err == nil {
			t.Errorf("%q: packs were copied", x.before)
		}
	}
}
