package storehouse

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

func TestLoad(t *testing.T) {
	data := t.TempDir()
	file := `
https = ":8443"
names = ["files.example.jp", "192.0.2.1"]
session_time = "8h"
pack_size = 16
log_level = "warn"
`
	if err := os.WriteFile(filepath.Join(data, ConfigFile), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(data, []string{"AZEKURA_PACK_SIZE=32", "AZEKURA_LOG_LEVEL=error", "AZEKURA_DATA=/elsewhere", "AZEKURA_NAMES=a,b c", "PATH=/bin"},
		map[string]string{"log_level": "debug"})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, s := range c.Settings() {
		if s.From != "default" {
			got[s.Key] = s.Value + " from " + s.From
		}
	}
	want := map[string]string{"https": ":8443 from file", "names": "a,b,c from environment", "session_time": "8h0m0s from file",
		"pack_size": "32 from environment", "log_level": "debug from flag"}
	if !maps.Equal(got, want) {
		t.Errorf("settings %v, want %v", got, want)
	}
	if c.Data != data || time.Duration(c.SessionTime) != 8*time.Hour {
		t.Errorf("data %q, session time %v", c.Data, time.Duration(c.SessionTime))
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, x := range []struct{ file, env, text string }{
		{`htps = ""`, "", `htps (https?)`}, {`sesion_time = "1h"`, "", `(session_time?)`}, {`[http]`, "", ""}, {"\npack_size = \"x\"", "", `2: pack_size = `}, {`pack_size = 0`, "", "pack_size"},
		{`http = "192.0.2.1:80"`, "", "http"}, {`http = ":80"`, "", "http"}, {`http = "localhost"`, "", "http"}, {`metrics = "0.0.0.0:9"`, "", "metrics"},
		{`https = "nowhere"`, "", "https"}, {`cert = "x"`, "", "cert"}, {`protection = "prayer"`, "", "prayer"}, {`log_level = "loud"`, "", "loud"},
		{`session_time = "0s"`, "", "session_time"}, {`session_time = "long"`, "", ""}, {`session_time = 5`, "", "session_time = 5"}, {`session_time = "5ns"`, "", "5m – 168h"},
		{`lease_time = "2h"`, "", "10s – 1h"}, {`sftp = ":70000"`, "", ":70000"}, {`https = "127.0.0.1:https"`, "", ":https"}, {``, "AZEKURA_HTPPS=:1", "AZEKURA_HTPPS (https?)"},
		{``, "AZEKURA_DAY=12h", "AZEKURA_DAY"}, {`oidc_issuer = "http://id.example"` + "\noidc_client = \"x\"", "", "oidc_issuer = http://id.example"}, {`connections = 0`, "", "connections"}, {``, "AZEKURA_DRAFTS=many", "environment"},
		{"log_level = \"info\"\nlog_level = \"info\"", "", ""},
	} {
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, ConfigFile), []byte(x.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(data, []string{x.env}, nil)
		if problem.KindOf(err) != problem.Invalid || !strings.Contains(err.Error(), x.text) {
			t.Errorf("%q %s: %v, want invalid with %q", x.file, x.env, err, x.text)
		}
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true, ":1": false, "0.0.0.0:1": false,
		"[::]:1": false, "192.168.1.1:1": false, "example.com:1": false, "127.0.0.1": false, "127.0.0.1.example.com:1": false} {
		if got := loopback(addr) == nil; got != want {
			t.Errorf("loopback(%q): %v, want %v", addr, got, want)
		}
	}
}

// TestKeys: every field of Config is a key, and every key a field.
func TestKeys(t *testing.T) {
	var tags []string
	for f := range reflect.TypeFor[Config]().Fields() {
		if tag := f.Tag.Get("toml"); tag != "" && tag != "-" {
			tags = append(tags, tag)
		}
	}
	if got := keys(); !slices.Equal(got, tags) {
		t.Errorf("keys %q, fields %q", got, tags)
	}
}

func TestPassPhrase(t *testing.T) {
	list := strings.Fields(syllables)
	if n := len(list); n != 57 {
		t.Errorf("%d syllables: the comment on the strength counts on 57", n)
	}
	seen := make(map[string]bool)
	for range 100 {
		p := PassPhrase()
		if len(p) != 16*2+3 || seen[p] {
			t.Fatalf("pass phrase %q", p)
		}
		seen[p] = true
	}
}

func TestLockData(t *testing.T) {
	l := layoutOf(Default(t.TempDir()))
	release, err := lockData(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(l); problem.KindOf(err) != problem.Locked {
		t.Errorf("second lock: %v, want locked", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = lockData(l)
	if err := errors.Join(err, release()); err != nil {
		t.Errorf("after release: %v", err)
	}
}

// TestConfigure changes one line of the file, or adds it. What cannot be written is said to be so, with what is left to do.
func TestConfigure(t *testing.T) {
	data := t.TempDir()
	name := filepath.Join(data, ConfigFile)
	for _, c := range []struct{ text, want string }{
		{"", "protection = \"passphrase\"\n"},
		{"http = \"\"\n", "protection = \"passphrase\"\nhttp = \"\"\n"},
		{"http = \"\"\n  protection=\"key-file\" # by hand\n", "http = \"\"\nprotection = \"passphrase\"\n"},
		{"# protection = \"passphrase\"\n", "protection = \"passphrase\"\n# protection = \"passphrase\"\n"},
	} {
		if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := configure(durable.OS(), data, "protection", "passphrase"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); string(got) != c.want || err != nil {
			t.Errorf("%q became %q, want %q (%v)", c.text, got, c.want, err)
		}
	}
	e, ok := errors.AsType[*problem.Error](configure(durable.OS(), filepath.Join(t.TempDir(), "no directory"), "protection", "passphrase"))
	if !ok || e.Op != "write configuration" || e.Kind != problem.Unavailable || e.Hint != "hint.protection-line" {
		t.Errorf("where there is no directory: %+v", e)
	}
}
