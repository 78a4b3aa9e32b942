package cli

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/storehouse"
)

// TestWelcome: what the first start says can be done as it stands there: from where the link opens, and with the directory that was named.
func TestWelcome(t *testing.T) {
	whole, err := filepath.Abs("rel/data")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"AZEKURA_DATA": "/srv/azekura"}
	a := &app{lang: lang.English, env: func(k string) string { return env[k] }}
	w := storehouse.Welcome{Data: "/srv/azekura", Account: "tanaka", Share: "albums", Token: "TOKEN", Until: time.Unix(0, 0), KeyFile: "/k"}
	for _, c := range []struct {
		data, url string
		says      []string
		not       string
	}{
		{"/srv/azekura", "http://127.0.0.1:8756/dav/", []string{"in a browser on this machine\n", "http://127.0.0.1:8756/welcome#TOKEN", "--https :8443", "\n  azekura import", "azekura account invite tanaka"}, "in its network"},
		{"/srv/azekura", "https://files.example:8443/dav/", []string{"in its network\n", "https://files.example:8443/welcome#TOKEN"}, "--https"},
		{"/tmp/a b", "http://127.0.0.1:8756/dav/", []string{"azekura --data '/tmp/a b' import", "azekura --data '/tmp/a b' account invite tanaka"}, "\n  azekura import"},
		{"/tmp/it's", "http://127.0.0.1:8756/dav/", []string{`azekura --data '/tmp/it'\''s' status`}, "\n  azekura import"},
		{"/tmp/校倉", "http://127.0.0.1:8756/dav/", []string{"azekura --data /tmp/校倉 status"}, "\n  azekura import"},
		{"rel/data", "http://127.0.0.1:8756/dav/", []string{"azekura --data " + whole + " status"}, "\n  azekura import"}, // which is read elsewhere, too
	} {
		w.Data = c.data
		got := a.welcomeText(w, []api.Listener{{Door: "webdav", URL: c.url}})
		for _, s := range c.says {
			if !strings.Contains(got, s) {
				t.Errorf("%s at %s: no %q in:\n%s", c.data, c.url, s, got)
			}
		}
		if strings.Contains(got, c.not) {
			t.Errorf("%s at %s: %q in:\n%s", c.data, c.url, c.not, got)
		}
	}
}
