package cli_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/azekura/azekura/internal/lang/claimtest"
)

// telling are the commands that say what was done to files and who has read them.
var telling = []string{"case", "receipt", "damage", "ledger", "readings", "roster", "held", "status", "deadlines", "drill", "register", "share", "job", "trap", "rollback", "history"}

// overheard runs a command, and adds what it says that nobody can know to a file. What it prints goes on as it comes.
func overheard(claims string, run func() int) int {
	if claims == "" || len(os.Args) < 2 || !slices.Contains(telling, os.Args[1]) {
		return run()
	}
	var done sync.WaitGroup
	var heard [2]strings.Builder
	var ends []*os.File
	for i, f := range []**os.File{&os.Stdout, &os.Stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		to := *f
		*f = w
		ends = append(ends, w)
		done.Go(func() { io.Copy(io.MultiWriter(to, &heard[i]), r) })
	}
	code := run()
	for _, w := range ends {
		w.Close()
	}
	done.Wait()
	for i := range heard {
		for _, claim := range claimtest.Said(heard[i].String()) {
			f, err := os.OpenFile(claims, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(f, "%s: …%s…\n", strings.Join(os.Args[1:], " "), claim)
			f.Close()
		}
	}
	return code
}

// TestOverheard: a command that says it is found, on both outputs, and one that tells what records show is not.
func TestOverheard(t *testing.T) {
	args, out, err := os.Args, os.Stdout, os.Stderr
	defer func() { os.Args, os.Stdout, os.Stderr = args, out, err }()
	os.Args = []string{"azekura", "case", "show"}
	null, bad := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if bad != nil {
		t.Fatal(bad)
	}
	defer null.Close()
	claims := filepath.Join(t.TempDir(), "claims")
	say := func(text string, to **os.File) []byte {
		os.Stdout, os.Stderr = null, null
		if code := overheard(claims, func() int { fmt.Fprintln(*to, text); return 7 }); code != 7 {
			t.Errorf("code %d", code)
		}
		b, err := os.ReadFile(claims)
		if err == nil {
			err = os.Remove(claims)
		}
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return b
	}
	for _, to := range []**os.File{&os.Stdout, &os.Stderr} {
		if b := say("漏えいはありません。", to); !strings.Contains(string(b), "case show: ") {
			t.Errorf("nothing was heard: %q", b)
		}
		if b := say("The records show no reading today.", to); b != nil {
			t.Errorf("heard %q", b)
		}
	}
}
