// Package kill kills the real program, again and again, while WebDAV clients write, and looks at what it has after it.
//
// The page cache outlives a process: this shows that nothing is answered before it is written, and that nothing is
// half there. That nothing is answered before it is synced, only the disk model of durabletest can show.
package kill

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/tests/house"
)

const (
	rounds  = 300
	workers = 5
	enough  = 3                // acts a round that must have been acknowledged
	longest = 10 * time.Second // on a machine that does much else
)

// worker is a client with a directory of its own, so that it knows what must be there.
type worker struct {
	dir  string // with a slash
	rand *rand.Rand

	tree    tree  // what was acknowledged
	pending []act // the one that was under way when the server died
	acts    int
	past    []act           // the acknowledged ones of this round
	saved   map[string]bool // entity tags of acknowledged saves
	read    map[string]bool // entity tags of answered readings
}

// begin makes the worker's directory, whether or not it is there already.
func (w *worker) begin(c *client) error {
	got, err := c.do("MKCOL", w.dir, nil, nil)
	if err == nil && got.code != http.StatusCreated && got.code != http.StatusMethodNotAllowed {
		err = fmt.Errorf("MKCOL %s: %d: %s", w.dir, got.code, got.body)
	}
	return err
}

// work acts until the server is dead.
func (w *worker) work(c *client, dead *atomic.Bool) error {
	for {
		a := next(w.rand, w.tree)
		w.pending = []act{a}
		header := http.Header{}
		if a.to != "" {
			header.Set("Destination", c.address(w.dir+a.to))
		}
		got, err := c.do(a.method, w.dir+a.from, a.body, header)
		if err != nil {
			if dead.Load() {
				return nil
			}
			return fmt.Errorf("%v: no answer from a living server: %w", a, err)
		}
		if got.code != http.StatusCreated && got.code != http.StatusNoContent {
			return fmt.Errorf("%s: %v after %v: %d: %s", w.dir, a, w.past, got.code, got.body)
		}
		w.tree, w.pending = a.after(w.tree), nil
		w.past = append(w.past, a)
		if w.acts++; a.method == "PUT" {
			w.saved[got.tag] = true
		}
	}
}

// settle compares the worker's directory with what it may hold, and goes on from there.
func (w *worker) settle(c *client) error {
	found, err := c.walk(w.dir, func(tag string) { w.read[tag] = true })
	if err != nil {
		return err
	}
	allowed := []tree{w.tree}
	for _, a := range w.pending {
		allowed = append(allowed, a.after(w.tree))
	}
	var why []string
	for _, t := range allowed {
		d := t.differs(found)
		if d == "" {
			w.tree, w.pending, w.past = t, nil, nil
			return nil
		}
		why = append(why, d)
	}
	return fmt.Errorf("%s: %s; acknowledged %v by %v, under way %v, found %v", w.dir, strings.Join(why, ", or "), w.tree, w.past, w.pending, found)
}

// each runs do for all workers at once.
func each(t *testing.T, all []*worker, do func(w *worker) error) {
	var group sync.WaitGroup
	for _, w := range all {
		group.Go(func() {
			if err := do(w); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// What was acknowledged before a kill is there after it; what was under way happened whole or not at all.
func TestKill(t *testing.T) {
	h := house.Unguarded(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var all []*worker
	for i := range workers {
		all = append(all, &worker{dir: fmt.Sprintf("w%d/", i), rand: rand.New(rand.NewPCG(seed, uint64(i+1))), tree: tree{},
			saved: map[string]bool{}, read: map[string]bool{}})
	}
	c := newClient(h)
	each(t, all, func(w *worker) error { return w.begin(c) })
	acts, kills, window := 0, 0, 100*time.Millisecond
	for round := range rounds {
		runAndKill(t, h, all, time.Duration(r.Int64N(int64(window))))
		kills++
		if round%25 == 24 {
			audit(t, h) // as the dead left it
		}
		if round%10 == 9 { // a start may be killed as well
			h.Abort(time.Duration(r.Int64N(int64(2 * window))))
			kills++
		}
		h.Start()
		c := newClient(h)
		each(t, all, func(w *worker) error { return w.settle(c) })
		if names, err := c.list(""); err != nil || len(names) != workers {
			t.Errorf("the share shows %q, %v", names, err)
		}
		c.http.CloseIdleConnections()
		if round%25 == 24 {
			verify(t, h)
			audit(t, h)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		acts = 0
		for _, w := range all {
			acts += w.acts
		}
		if acts < enough*(round+1) && window < longest {
			window *= 2 // a slow machine gets the time to acknowledge something
		}
	}
	t.Logf("%d kills, %d acknowledged acts, at last up to %v a round", kills, acts, window)
	if acts < enough*rounds {
		t.Errorf("only %d acts in %d rounds: the test did not test", acts, rounds)
	}
	recorded(t, h, all)
	h.Stop(syscall.SIGTERM)
	rebuild(t, h)
	h.Start()
	c = newClient(h)
	each(t, all, func(w *worker) error { return w.settle(c) })
	verify(t, h, "--keys")
}

// runAndKill lets the workers work for a while, and kills the server under them.
func runAndKill(t *testing.T, h *house.House, all []*worker, after time.Duration) {
	t.Helper()
	c := newClient(h)
	defer c.http.CloseIdleConnections()
	var dead atomic.Bool
	var killed sync.WaitGroup
	killed.Go(func() {
		<-time.After(after) // any moment is as good as another
		dead.Store(true)
		h.Stop(syscall.SIGKILL)
	})
	each(t, all, func(w *worker) error { return w.work(c, &dead) })
	killed.Wait()
}

// last parses the last line that a command printed.
func last(t *testing.T, out []byte, into any) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// verify reads the packs, with keys also every version.
func verify(t *testing.T, h *house.House, flags ...string) {
	t.Helper()
	var x struct {
		Report struct{ Packs, Findings int }
	}
	last(t, h.Run(append([]string{"verify", "--json"}, flags...)...), &x)
	if x.Report.Packs == 0 || x.Report.Findings != 0 {
		t.Errorf("verify: %+v", x.Report)
	}
}

// audit verifies the ledger, of a living server or a dead one.
func audit(t *testing.T, h *house.House) {
	t.Helper()
	var x struct {
		Size, Beyond int64
		Damage       int64 `json:"damage_count"`
		Backward     int64 `json:"backward_count"`
	}
	last(t, h.Run("ledger", "verify", "--json"), &x)
	if x.Size == 0 || x.Damage != 0 {
		t.Errorf("ledger verify: %+v", x)
	}
}

// recorded demands that what was read stands in the ledger. Copies are opened with the key of what they were made from, so
// only what came by a save is looked for.
func recorded(t *testing.T, h *house.House, all []*worker) {
	t.Helper()
	released := map[string]bool{}
	for line := range strings.Lines(string(h.Run("ledger", "show", "--json", "--kind", "released"))) {
		var e struct{ Files []struct{ Version string } }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		for _, f := range e.Files {
			released[f.Version] = true
		}
	}
	n := 0
	for _, w := range all {
		for tag := range w.read {
			if !w.saved[tag] {
				continue
			}
			if n++; !released[tag] {
				t.Errorf("version %s was read, and the ledger does not say so", tag)
			}
		}
	}
	if n < rounds {
		t.Errorf("only %d saved versions were read", n)
	}
}

// rebuild makes the catalogue anew and demands that it is equal.
func rebuild(t *testing.T, h *house.House) {
	t.Helper()
	var equal []bool
	for line := range strings.Lines(string(h.Run("rebuild", "--json"))) {
		var x struct{ Report *struct{ Equal bool } }
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		if x.Report != nil {
			equal = append(equal, x.Report.Equal)
		}
	}
	if !slices.Equal(equal, []bool{true}) {
		t.Errorf("rebuild: equal %v", equal)
	}
}
