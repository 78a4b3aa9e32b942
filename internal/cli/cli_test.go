//go:build !race

package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/azekura/azekura/internal/cli"
)

// TestMain lets the scripts run the program as a child of the test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"azekura": func() { os.Exit(overheard(os.Getenv("CLAIMS"), cli.Main)) }})
}

// TestScripts runs testdata/*.txt. Each begins with an empty data directory in $AZEKURA_DATA.
func TestScripts(t *testing.T) {
	if scripts, err := filepath.Glob("testdata/*.txt"); err != nil || len(scripts) < 5 {
		t.Fatalf("only %d scripts found, %v", len(scripts), err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("AZEKURA_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("AZEKURA_HTTP", "127.0.0.1:0")
			e.Setenv("LANG", "C.UTF-8")
			e.Setenv("TZ", "Asia/Tokyo")
			claims := filepath.Join(e.WorkDir, "claims")
			e.Setenv("CLAIMS", claims)
			e.Defer(func() {
				if b, err := os.ReadFile(claims); err == nil {
					e.T().Fatal("commands claim what nobody can know:\n" + string(b))
				}
			})
			return os.MkdirAll(filepath.Join(e.WorkDir, "tmp"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "notified": notified, "field": field, "shape": shape, "dav": dav, "mtime": mtime, "flip": flip,
		},
		RequireUniqueNames: true,
	})
}

// exits CODE COMMAND... runs a command that must end with an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// notified opens the socket that a service tells its state to; "notified STATE" waits until it says so.
func notified(ts *testscript.TestScript, neg bool, args []string) {
	name := ts.MkAbs("notify")
	if len(args) == 0 {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		ts.Check(err)
		ts.Setenv("NOTIFY_SOCKET", name)
		sockets[ts] = c
		ts.Defer(func() { c.Close(); delete(sockets, ts) })
		return
	}
	c := sockets[ts]
	ts.Check(c.SetReadDeadline(time.Now().Add(time.Minute)))
	buf := make([]byte, 256)
	for {
		n, err := c.Read(buf)
		ts.Check(err)
		if string(buf[:n]) == args[0] {
			return
		}
	}
}

// sockets are those of notified; scripts that use it run one after the other.
var sockets = make(map[*testscript.TestScript]*net.UnixConn)

// field VAR NAME FILE takes a field of a JSON object into a variable.
func field(ts *testscript.TestScript, _ bool, args []string) {
	var v map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &v))
	ts.Setenv(args[0], fmt.Sprint(v[args[1]]))
}

// shape FILE prints which fields, of which types, the lines of JSON in a file have.
func shape(ts *testscript.TestScript, _ bool, args []string) {
	seen := make(map[string]bool)
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	for {
		var v any
		err := d.Decode(&v)
		if err == io.EOF {
			break
		}
		ts.Check(err)
		outline("", v, seen)
	}
	var out []string
	for s := range seen {
		out = append(out, s)
	}
	slices.Sort(out)
	fmt.Fprintln(ts.Stdout(), strings.Join(out, "\n"))
}

func outline(at string, v any, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			outline(at+"."+k, x, seen)
		}
	case []any:
		for _, x := range v {
			outline(at+"[]", x, seen)
		}
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			seen[at+" time"] = true
			return
		}
		seen[at+" text"] = true
	case float64:
		seen[at+" number"] = true
	case bool:
		seen[at+" bool"] = true
	default:
		seen[at+" null"] = true
	}
}

// dav METHOD URL NAME SECRET [FILE] sends a request, prints the answer's status and body.
func dav(ts *testscript.TestScript, _ bool, args []string) {
	var body io.Reader
	if len(args) > 4 {
		body = strings.NewReader(ts.ReadFile(args[4]))
	}
	r, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	r.SetBasicAuth(args[2], args[3])
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", resp.StatusCode, b)
}

// mtime FILE TIME sets, or with one argument prints, when a file was changed.
func mtime(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	if len(args) == 2 {
		when, err := time.Parse(time.RFC3339Nano, args[1])
		ts.Check(err)
		ts.Check(os.Chtimes(name, when, when))
		return
	}
	st, err := os.Stat(name)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), st.ModTime().UTC().Format(time.RFC3339Nano))
}

// flip GLOB turns a bit over in the middle of what is written of the one file that matches.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("%d files match", len(names))
	}
	b, err := os.ReadFile(names[0])
	ts.Check(err)
	b[len(bytes.TrimRight(b, "\x00"))/2] ^= 1
	ts.Check(os.WriteFile(names[0], b, 0o600))
}
