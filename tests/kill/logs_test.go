package kill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

// logRounds is how often the server is killed while an appliance sends.
const logRounds = 5

// TestLogsAndKills kills the server again and again while lines come over TCP. Whatever a search has shown before is there afterwards, each line once and in
// order, and what is stored is what the ledger knows.
func TestLogsAndKills(t *testing.T) {
	h := house.Collecting(t)
	r := rand.New(rand.NewPCG(7, 7))
	sent, shown := 0, 0
	for round := range logRounds {
		c, err := net.Dial("tcp", h.Logs("tcp"))
		if err != nil {
			t.Fatal(err)
		}
		end := time.After(time.Duration(r.IntN(1500)) * time.Millisecond)
		for open := true; open; {
			select {
			case <-end:
				open = false
			default:
				sent++
				if _, err := fmt.Fprintf(c, "<13>Login succeeded for SSH: 192.0.2.9 n%d\n", sent); err != nil {
					t.Fatal(err)
				}
				<-time.After(2 * time.Millisecond)
			}
		}
		last := seen(t, h.Run("collect", "search", "--json", "--limit", "1000000"), "before")
		h.Stop(syscall.SIGKILL)
		c.Close()
		h.Start()
		now := seen(t, h.Run("collect", "search", "--json", "--limit", "1000000"), "after")
		if now < last || now < shown {
			t.Fatalf("round %d: %d lines were shown, and %d are there after the kill", round, last, now)
		}
		shown = now
		var check struct{ Found, Lines int }
		if err := json.Unmarshal(h.Run("collect", "verify", "--json"), &check); err != nil || check.Found != 0 || check.Lines != now {
			t.Fatalf("round %d: %+v, %v", round, check, err)
		}
	}
	if shown < logRounds {
		t.Errorf("only %d of %d lines were ever stored", shown, sent)
	}
}

// seen counts lines of JSON, the newest first, and fails if one comes twice or before an older one.
func seen(t *testing.T, out []byte, when string) (n int) {
	t.Helper()
	last := 1 << 60
	for line := range bytes.Lines(out) {
		var x struct{ Account string }
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		var at int
		if _, err := fmt.Sscanf(x.Account, "n%d", &at); err != nil || at >= last {
			t.Fatalf("%s the kill line %q comes behind n%d", when, x.Account, last)
		}
		last = at
		n++
	}
	return n
}
