//go:build !race

package medium

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

// kills is how often the program is killed while it syncs.
const kills = 200

// TestKilled has a process of its own sync a growing vault again and again, and kills it at random moments: what it has said to be complete
// is whole, and the next one goes on.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("AZEKURA_TEST_SYNC"); dir != "" {
		syncUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys"), []byte(private+"\n"+public), 0o600); err != nil {
		t.Fatal(err)
	}
	m := NewDir(durable.OS(), filepath.Join(dir, "medium"))
	if err := m.Create(); err != nil {
		t.Fatal(err)
	}
	if err := Make(t.Context(), m, Descriptor{ID: id.NewMedium(), Label: "disk 1", Vault: public}); err != nil {
		t.Fatal(err)
	}
	moments := mathrand.New(mathrand.NewPCG(1, 2))
	said, between, window := uint64(0), 0, 25*time.Millisecond
	for round := range kills {
		last := run1(t, dir, time.Duration(moments.Int64N(int64(window))))
		if int(said) < round/10 && window < time.Second { // a slow machine gets the time to complete something
			window += window / 10
		}
		said = max(said, last)
		s, err := Open(t.Context(), m, public, 0)
		if said == 0 && err != nil {
			continue
		}
		if err != nil || s.Number < said {
			t.Fatalf("state %d was complete: %v", said, err)
		}
		h, err := history(t.Context(), m, s.verifier(t), s.Medium)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.parts) > 0 || s.Number > said {
			between++
		}
	}
	r, found := verified(t, NewDir(durable.OS(), filepath.Join(dir, "medium")), Check{Key: public, Known: said})
	if r.Findings > 0 || r.Last < said || said < 5 || between == 0 {
		t.Errorf("%+v, %d; %d complete, %d times between", r, len(found), said, between)
	}
}

func (s *State) verifier(t *testing.T) note.Verifier {
	v, err := note.NewVerifier(s.Medium.Vault)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// run1 starts the process, lets it come to its work and a while more, kills it, and returns the last state that it said to be complete.
func run1(t *testing.T, dir string, while time.Duration) (last uint64) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), "AZEKURA_TEST_SYNC="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if word, rest, _ := strings.Cut(lines.Text(), " "); word == "begun" {
			time.AfterFunc(while, func() { c.Process.Kill() })
		} else if word == "state" {
			n, err := strconv.ParseUint(rest, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			last = n
		} else {
			rest, _ := io.ReadAll(out)
			t.Fatalf("%s\n%s", lines.Text(), rest)
		}
	}
	c.Wait()
	return last
}

// unsynced is the machine's disk without syncs: they take most of the time, and who kills a process does not try them.
type unsynced struct{ durable.FS }

func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag&^durable.Direct, perm)
	return unsyncedFile{f}, err
}

func (unsynced) SyncDir(string) error { return nil }

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return nil }

// syncUntilKilled is what the process does.
func syncUntilKilled(t *testing.T, dir string) {
	keys, err := os.ReadFile(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	batch = 40 << 10
	private, public, _ := strings.Cut(string(keys), "\n")
	h := houseOf(t, unsynced{durable.OS()}, 1, filepath.Join(dir, "vault"), private, public)
	h.shares, _ = h.packs.Shares(t.Context())
	fmt.Println("begun")
	for {
		h.grow(4, 24<<10)
		copied := func(out Outcome) error { // it is killed while it reads back, too
			_, err := fmt.Println("state", out.State)
			return err
		}
		if _, err := Sync(context.Background(), NewDir(unsynced{durable.OS()}, filepath.Join(dir, "medium")), h, Options{Key: public, Keep: 3, Copied: copied}); err != nil {
			t.Fatal(err)
		}
	}
}
