package kill

import (
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// TestKillWhileCopying kills the server under copies to a medium: what was said to be complete is whole, and the next copy goes on. Package
// medium has the many moments; here it is the program.
func TestKillWhileCopying(t *testing.T) {
	h := house.Unguarded(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	src, disk := t.TempDir(), filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	h.Run("media", "init", disk, "--same-disk", "--label", "disk 1")
	said, window := uint64(0), 300*time.Millisecond
	for round := range 6 {
		b := make([]byte, 24<<20)
		crand.Read(b)
		if err := os.WriteFile(filepath.Join(src, fmt.Sprint("photo", round, ".bin")), b, 0o600); err != nil {
			t.Fatal(err)
		}
		h.Run("import", src, h.Share)
		copied := make(chan []byte, 1)
		go func() {
			out, _ := h.Try("media", "sync", disk, "--json") // killed, or complete
			copied <- out
		}()
		<-time.After(time.Duration(r.Int64N(int64(window))))
		h.Stop(syscall.SIGKILL)
		var done struct{ State uint64 }
		if out := <-copied; json.Unmarshal(out, &done) == nil {
			said = max(said, done.State)
		}
		h.Start()
		if last := whole(t, h, disk); last < said {
			t.Fatalf("round %d: state %d was complete, %d is the last", round, said, last)
		}
	}
	h.Run("media", "sync", disk)
	if last := whole(t, h, disk); last <= said {
		t.Errorf("the copy after %d is %d", said, last)
	}
	h.Stop(syscall.SIGTERM)
}

// whole verifies the medium and returns its last state; 0: it has none yet.
func whole(t *testing.T, h *house.House, disk string) uint64 {
	t.Helper()
	var line struct {
		Report struct{ Last, Findings uint64 }
	}
	out, err := h.Try("media", "verify", disk, "--json")
	if none, ok := errors.AsType[*exec.ExitError](err); ok && none.ExitCode() == 15 { // killed before its first state was complete
		return 0
	}
	if err == nil {
		err = json.Unmarshal(lastLine(out), &line)
	}
	if err != nil || line.Report.Findings > 0 {
		t.Fatalf("%+v, %v", line, err)
	}
	return line.Report.Last
}

// lastLine is the last line of an output.
func lastLine(out []byte) []byte {
	for len(out) > 0 && out[len(out)-1] == '\n' {
		out = out[:len(out)-1]
	}
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] == '\n' {
			return out[i+1:]
		}
	}
	return out
}
