package vault_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/vault"
)

// The crash test kills each of some storehouses so many times in the middle of its work, three hundred times in all: what is long
// before a kill is read again at each start, and the more of it there is, the fewer acts there are between two kills.
const storehouses, rounds = 3, 100

const childEnv = "AZEKURA_TEST_CRASH"

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		crashChild(root)
		return
	}
	os.Exit(m.Run())
}

// crashKeeper is the same in every process: the crash test is about the vault.
func crashKeeper() *testKeeper {
	k := newTestKeeper(nil)
	private, err := seal.KEM().DeriveKeyPair(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	s := account.Share{ID: id.Share{1}, Name: "s", Write: true}
	k.shares, k.keys[s.ID], k.meta[s.ID] = append(k.shares, s), private, seal.Key{9}
	return k
}

// act is one step of a worker, on names in its own directory.
type act struct {
	Kind     string // save, rename, remove, copy
	From, To string
	Seed     uint64
	Size     int
}

func (a act) String() string {
	return fmt.Sprintf("%s %s %s %d %d", a.Kind, a.From, a.To, a.Seed, a.Size)
}

func parseAct(s string) (a act, err error) {
	_, err = fmt.Sscan(s, &a.Kind, &a.From, &a.To, &a.Seed, &a.Size)
	return a, err
}

// next chooses an act that the state allows.
func next(r *rand.Rand, state map[string]act) act {
	names := []string{"い", "ろ", "は", "に", "ほ"}
	a := act{Kind: "save", From: names[r.IntN(5)], To: names[r.IntN(5)], Seed: r.Uint64(), Size: r.IntN(60_000)}
	if r.IntN(12) == 0 {
		a.Size = 5<<20 + r.IntN(1<<20)
	}
	if _, ok := state[a.From]; ok && a.From != a.To {
		switch r.IntN(6) {
		case 0:
			a.Kind = "rename"
		case 1:
			a.Kind = "remove"
		case 2:
			a.Kind = "copy"
		}
	}
	return a
}

// after returns the state that an act leads to.
func (a act) after(state map[string]act) map[string]act {
	state = maps.Clone(state)
	switch a.Kind {
	case "save":
		state[a.From] = a
	case "rename":
		state[a.To] = state[a.From]
		delete(state, a.From)
	case "copy":
		state[a.To] = state[a.From]
	case "remove":
		delete(state, a.From)
	}
	return state
}

func (a act) do(ctx context.Context, f vault.Files, dir pathname.Path) error {
	switch a.Kind {
	case "save":
		d, err := f.Create(ctx, dir.Join(a.From))
		if err != nil {
			return err
		}
		defer d.Discard()
		if _, err := d.Write(random(a.Seed, a.Size)); err != nil {
			return err
		}
		_, err = d.Commit(ctx, vault.Save{})
		return err
	case "rename":
		return f.Rename(ctx, dir.Join(a.From), dir.Join(a.To), true)
	case "copy":
		return f.Copy(ctx, dir.Join(a.From), dir.Join(a.To), true, false)
	}
	return f.Remove(ctx, dir.Join(a.From))
}

const workers = 6

func workerDir(i int) pathname.Path { return pathname.Path(fmt.Sprintf("/s/w%d", i)) }

// crashChild works until it is killed, and says before and after each act what it does. Its standard input has the
// state that it starts from.
func crashChild(root string) {
	in := bufio.NewScanner(os.Stdin)
	states := make([]map[string]act, workers)
	for i := range states {
		states[i] = map[string]act{}
	}
	for in.Scan() {
		var w int
		var name string
		var a act
		if _, err := fmt.Sscan(in.Text(), &w, &name, &a.Seed, &a.Size); err != nil {
			panic(err)
		}
		a.Kind, a.From = "save", name
		states[w][name] = a
	}
	h := openHouse(&fatal{}, root, crashKeeper())
	f := h.v.As(staff)
	var mu sync.Mutex
	say := func(word string, w int, a act) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("%s %d %v\n", word, w, a)
	}
	for w := range workers {
		f.Mkdir(context.Background(), workerDir(w))
		go func() {
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(w)))
			for state := states[w]; ; {
				a := next(r, state)
				say("try", w, a)
				if err := a.do(context.Background(), f, workerDir(w)); err != nil {
					fmt.Fprintf(os.Stderr, "%v: %v\n", a, err)
					os.Exit(3)
				}
				state = a.after(state)
				say("did", w, a)
			}
		}()
	}
	select {}
}

// fatal is a testing.TB for the child.
type fatal struct{ testing.TB }

func (*fatal) Helper()                  {}
func (*fatal) Context() context.Context { return context.Background() }
func (*fatal) Fatal(a ...any)           { fmt.Fprintln(os.Stderr, a...); os.Exit(3) }

// What was acknowledged before a kill is there after it; what was under way happened whole or not at all.
func TestKill(t *testing.T) {
	for i := range storehouses {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			killed(t)
		})
	}
}

func killed(t *testing.T) {
	root := t.TempDir()
	states := make([]map[string]act, workers)
	for i := range states {
		states[i] = map[string]act{}
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	acts := 0
	for round := range rounds {
		window := 60 * time.Millisecond
		if acts < 2*round { // a slow machine gets the time to acknowledge something
			window = time.Second
		}
		pending, n := runAndKill(t, root, states, time.Duration(r.Int64N(int64(window))))
		acts += n
		h := openHouse(t, root, crashKeeper())
		f := h.v.As(staff)
		for w := range workers {
			states[w] = settle(t, f, w, states[w], pending[w])
		}
		if round%25 == 24 {
			rep, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{Keys: round%100 == 99}, func(f vault.Finding) { t.Errorf("verify: %+v", f) })
			if err != nil || rep.Packs == 0 {
				t.Fatalf("verify: %+v %v", rep, err)
			}
		}
		h.close()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	h := openHouse(t, root, crashKeeper())
	defer h.close()
	rep, err := h.v.Rebuild(t.Context(), staff, "s", func(int64) {}, func(vault.Finding) {})
	if err != nil || !rep.Equal {
		t.Errorf("rebuild: %+v %v", rep, err)
	}
	t.Logf("%d kills, %d acknowledged acts, %+v", rounds, acts, rep.Totals)
	if acts < rounds {
		t.Errorf("only %d acts in %d rounds: the test did not test", acts, rounds)
	}
}

// runAndKill lets a child work for a while. It returns what each worker was doing when it died, and updates states
// by what was acknowledged.
func runAndKill(t *testing.T, root string, states []map[string]act, after time.Duration) (pending [workers]*act, acts int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+root)
	var in, complaints bytes.Buffer
	for w, s := range states {
		for name, a := range s {
			fmt.Fprintf(&in, "%d %s %d %d\n", w, name, a.Seed, a.Size)
		}
	}
	cmd.Stdin, cmd.Stderr = &in, &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for killed := false; ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // a last line without its end was cut by the kill
		}
		if !killed { // the clock starts with the first act, whatever the machine is doing
			killed = true
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
		var word string
		var w int
		if _, err := fmt.Sscan(line, &word, &w); err != nil {
			t.Fatal(err)
		}
		a, err := parseAct(line[len(word)+3:])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if word == "try" {
			pending[w] = &a
		} else {
			pending[w], states[w] = nil, a.after(states[w])
			acts++
		}
	}
	cmd.Wait()
	if complaints.Len() > 0 {
		t.Fatalf("the storehouse complained: %s", complaints.String())
	}
	return pending, acts
}

// settle compares a worker's directory with what it must hold: the acknowledged state, or the one that the act
// under way would have led to.
func settle(t *testing.T, f vault.Files, w int, state map[string]act, under *act) map[string]act {
	t.Helper()
	allowed := []map[string]act{state}
	if under != nil {
		allowed = append(allowed, under.after(state))
	}
	if _, err := f.Stat(t.Context(), workerDir(w)); err != nil && len(state) == 0 {
		return state
	}
	found := map[string]vault.Info{}
	for i, err := range f.List(t.Context(), workerDir(w)) {
		if err != nil {
			t.Fatal(err)
		}
		found[i.Path.Base()] = i
	}
	why := ""
	for _, want := range allowed {
		if why = differs(t, f, found, want); why == "" {
			return want
		}
	}
	t.Errorf("worker %d: %s; acknowledged %v, under way %v, found %d files", w, why, state, under, len(found))
	return state
}

func differs(t *testing.T, f vault.Files, found map[string]vault.Info, want map[string]act) string {
	t.Helper()
	for name := range found {
		if _, ok := want[name]; !ok {
			return name + " should not be there"
		}
	}
	for name, a := range want {
		i, ok := found[name]
		if !ok {
			return name + " is missing"
		}
		if i.Size != int64(a.Size) || !bytes.Equal(load(t, f, i), random(a.Seed, a.Size)) {
			return name + " has other content"
		}
	}
	return ""
}
