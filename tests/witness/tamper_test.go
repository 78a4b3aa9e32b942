package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
)

// tampering is what somebody does to a house, and what is said to it then.
type tampering struct {
	name string
	do   func() (string, error)
	want []string // all of it is said; nothing: it is whole
	says string   // as docs/witness.md has it
}

// TestTamperSuite does to ledger and media, by the name of each, what somebody can do who holds them, and looks whether the program says what was done, and
// to what. The commands are those that an auditor runs.
func TestTamperSuite(t *testing.T) {
	c := scene(t)
	for _, x := range slices.Concat(c.ledgers(), c.media(), c.houses()) {
		if len(x.want) > 0 {
			c.documented(x.name, x.says)
		}
		t.Run(x.name, func(t *testing.T) {
			out, err := x.do()
			if len(x.want) == 0 {
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
				return
			}
			for _, w := range x.want {
				if !strings.Contains(out, w) {
					t.Errorf("it does not say %s: %v\n%s", w, err, out)
				}
			}
			if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 19 && e.ExitCode() != 14 {
				t.Errorf("%v, want the exit code of what is damaged, or contradicts", err)
			}
		})
	}
	t.Run("Tessera's fsck accepts a good mirror", c.mirrored)
}

// ledgers is what is done to a ledger, with its public key at hand.
func (c *crime) ledgers() []tampering {
	sound := filepath.Join(c.t.TempDir(), "ledger") // that of now goes on with each command
	copyTree(c.t, filepath.Join(c.now, "ledger"), sound)
	edge := "tile/entries/000.p/" + strings.Split(string(c.read(filepath.Join(sound, "checkpoint"))), "\n")[1]
	on := func(do func(dir string), more ...string) func() (string, error) {
		return func() (string, error) {
			dir := filepath.Join(c.t.TempDir(), "ledger")
			copyTree(c.t, sound, dir)
			do(dir)
			return c.run(c.t.TempDir(), append([]string{"ledger", "verify", "--dir", dir, "--public-key", c.public, "--json"}, more...)...)
		}
	}
	file := func(f func(string), name string) func(string) {
		return func(dir string) { f(filepath.Join(dir, name)) }
	}
	changed := func(f func([]byte) []byte, name string) func(string) {
		return file(func(name string) { c.change(name, f) }, name)
	}
	at := `"file":"` + edge
	return []tampering{
		{"nothing/ledger", on(func(string) {}), nil, ""},
		{"edit/ledger", on(changed(flip, edge)), []string{`"kind":"altered"`, at}, "`ledger verify`: `altered`, the file and the entry"},
		{"edit/head of the ledger", on(changed(flip, "checkpoint")), []string{`"kind":"unsigned"`, `"file":"checkpoint"`}, "`ledger verify`: `unsigned`, the checkpoint"},
		{"delete/ledger", on(file(c.remove, edge)), []string{`"kind":"missing"`, at}, "`ledger verify`: `missing`, and the file"},
		{"delete/head of the ledger", on(file(c.remove, "checkpoint")), []string{`"kind":"missing"`, `"file":"checkpoint"`}, "`ledger verify`: `missing`, the checkpoint"},
		{"truncate/ledger", on(changed(half, edge)), []string{`"kind":"malformed"`, at}, "`ledger verify`: `malformed`, and the file"},
		{"reorder/ledger", on(changed(swapped, edge)), []string{`"kind":"altered"`, at, `"entry":3`}, "`ledger verify`: `altered`, the file and each entry"},
		{"fork/ledger", func() (string, error) {
			return c.run(c.t.TempDir(), "ledger", "verify", "--dir", filepath.Join(c.fork, "ledger"), "--public-key", c.public, "--json", "--seen", c.seen)
		}, []string{`"kind":"forked"`}, "`ledger verify --seen`: `forked`"},
		{"replay an old vault snapshot/ledger", func() (string, error) {
			return c.run(c.t.TempDir(), "ledger", "verify", "--dir", filepath.Join(c.old, "ledger"), "--public-key", c.public, "--json", "--seen", c.seen)
		}, []string{`"kind":"rolled-back"`}, "`ledger verify --seen`: `rolled-back`"},
		{"clock shifts/back", func() (string, error) { return c.shifted(time.UnixMilli(1_784_000_000_000)) },
			[]string{`"backward_count":1`, `"backward":[{"index":5,`, `{"index":8,"from":"2026-07-14T05:18:20Z"`, "a clock was set"}, "`ledger verify`: the entry, from when to when; and silences"},
		{"clock shifts/back, known", func() (string, error) { return c.shifted(time.UnixMilli(1_784_000_000_000), "--clock-known", "5") }, nil, ""},
		{"clock shifts/ahead", func() (string, error) {
			return c.shifted(time.Now().Add(-103*time.Minute), "--clock-known", "5")
		}, []string{`"ahead":{"index":7,`, "a clock was set"}, "`ledger verify`: the first entry that is later than now"},
		{"forged proofs/to a school", func() (string, error) {
			forged := filepath.Join(c.t.TempDir(), "receipt.json")
			b := c.read(c.bill)
			at := regexp.MustCompile(`tlog-proof@v1\\nindex \d+\\n`).FindIndex(b)
			if at == nil {
				c.t.Fatalf("no proof: %.400s", b)
			}
			b[at[1]] = map[bool]byte{true: 'B', false: 'A'}[b[at[1]] == 'A']
			c.write(forged, b)
			return c.run(c.t.TempDir(), "receipt", "verify", forged, "--public-key", c.public)
		}, []string{"does not stand in the ledger: check a proof"}, "`receipt verify`: the entry"},
	}
}

// media is what is done to a medium.
func (c *crime) media() []tampering {
	on := func(do func(dir string)) func() (string, error) {
		return func() (string, error) {
			dir := filepath.Join(c.t.TempDir(), "medium")
			copyTree(c.t, c.medium, dir)
			do(dir)
			return c.run(c.now, "media", "verify", dir, "--json")
		}
	}
	pack := c.newest()
	record := func(n int) string { return filepath.Join("records", fmt.Sprintf("%016d", n)) }
	at := `"object":"` + pack
	return []tampering{
		{"nothing/medium", on(func(string) {}), nil, ""},
		{"edit/medium", on(func(dir string) { c.change(filepath.Join(dir, pack), flip) }), []string{at, `"reason":"digest"`}, "`media verify`: `digest`, and the pack"},
		{"edit/ledger of a medium", on(func(dir string) { c.change(c.last(dir, "ledger/tile/entries"), flip) }), []string{`"object":"ledger/tile/entries/000`, `"reason":"ledger"`}, "`media verify`: `ledger`, and the file"},
		{"edit/state of a medium", on(func(dir string) { c.change(filepath.Join(dir, record(3)), flip) }), []string{`"object":"records/0000000000000003"`, `"reason":"unsigned"`}, "`media verify`: `unsigned`, and the record"},
		{"delete/medium", on(func(dir string) { c.remove(filepath.Join(dir, pack)) }), []string{at, `"reason":"missing"`}, "`media verify`: `missing`, and the pack"},
		{"delete/state of a medium", on(func(dir string) { c.remove(filepath.Join(dir, record(2))) }), []string{`"object":"records/0000000000000003"`, `"reason":"chain"`}, "`media verify`: `chain`, and the record behind it"},
		{"delete/latest state of a medium", on(func(dir string) { c.remove(filepath.Join(dir, record(3))) }), []string{`"state":3,"reason":"replayed"`}, "`media verify`: `replayed`, and the state"},
		{"truncate/medium", on(func(dir string) { c.change(filepath.Join(dir, pack), half) }), []string{at, `"reason":"length"`}, "`media verify`: `length`, and the pack"},
		{"reorder/medium", on(func(dir string) {
			a, b := filepath.Join(dir, record(2)), filepath.Join(dir, record(3))
			x, y := c.read(a), c.read(b)
			c.write(a, y)
			c.write(b, x)
		}), []string{`"object":"records/0000000000000003"`, `"reason":"number"`}, "`media verify`: `number`, and the records"},
		{"replay an old image of a medium", func() (string, error) { return c.run(c.now, "media", "verify", c.image, "--json") }, []string{`"state":3,"reason":"replayed"`}, "`media verify`: `replayed`, and the state"},
	}
}

// houses is what is done to all of a house, or to its ledger alone, and said when it starts or copies.
func (c *crime) houses() []tampering {
	unwitnessed := func(data string) func() (string, error) {
		return func() (string, error) {
			c.g.kill(syscall.SIGTERM) // or it would say so first
			defer c.g.start()
			return c.run(data, "media", "sync", c.medium, "--json")
		}
	}
	return []tampering{
		{"fork/witness", func() (string, error) { return c.run(c.fork, "status", "--json") }, []string{`A witness has cosigned more`, `"proven":true`}, "the house does not start: a witness has cosigned other entries, and proves it"},
		{"fork/medium", unwitnessed(c.fork), []string{`"hint":"hint.medium-forked"`}, "`media sync` refuses: the ledgers of medium and vault are not one"},
		{"replay an old vault snapshot/ledger alone", func() (string, error) {
			mixed := filepath.Join(c.t.TempDir(), "data")
			copyTree(c.t, c.now, mixed)
			copyTree(c.t, filepath.Join(c.old, "ledger"), filepath.Join(mixed, "ledger"))
			return c.run(mixed, "status", "--json")
		}, []string{`"hint":"hint.ledger-rollback"`}, "the house does not start: its ledger is older than it was"},
		{"replay an old vault snapshot/witness", func() (string, error) { return c.run(c.old, "status", "--json") }, []string{`A witness has cosigned more`, `"proven":true`}, "the house does not start: a witness has cosigned more, and proves it"},
		{"replay an old vault snapshot/medium", unwitnessed(c.old), []string{`"hint":"hint.medium-newer"`}, "`media sync` refuses: the medium is newer"},
	}
}

// shifted verifies a ledger whose clock was set back an hour, and later stood still for long.
func (c *crime) shifted(begin time.Time, more ...string) (string, error) {
	dir := filepath.Join(c.t.TempDir(), "ledger")
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/clock")
	if err != nil {
		c.t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		c.t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		c.t.Fatal(err)
	}
	l, err := ledger.Open(context.Background(), ledger.Config{FS: durable.OS(), Dir: dir, Origin: verifier.Name(), Signer: signer, Verifier: verifier})
	if err != nil {
		c.t.Fatal(err)
	}
	s := ledger.NewSealer(seal.NewKey())
	for i, minute := range []int{100, 101, 102, 103, 104, 40, 104, 105, 305, 306} {
		e, err := s.Seal(begin.Add(time.Duration(minute)*time.Minute), []byte{byte(i)})
		if err == nil {
			_, err = l.Append(context.Background(), e)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.run(c.t.TempDir(), append([]string{"ledger", "verify", "--dir", dir, "--public-key", public, "--json", "--gap", "1h"}, more...)...)
}

// mirrored: what the witness has on its disk other people's verifier accepts, and one that was edited neither it nor ours.
func (c *crime) mirrored(t *testing.T) {
	c.must(c.now, "status") // has the last entries copied
	verifier, err := note.NewVerifier(c.key())
	if err != nil {
		t.Fatal(err)
	}
	leaves := func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		err := b.UnmarshalText(bundle)
		var out [][]byte
		for _, e := range b.Entries {
			out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
		}
		return out, err
	}
	dir := c.g.below("log")
	if err := fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: dir}, leaves, fsck.Opts{N: 1}).Check(t.Context()); err != nil {
		t.Errorf("fsck: %v", err)
	}
	var n int
	if _, err := fmt.Sscan(strings.Split(string(c.read(filepath.Join(dir, "checkpoint"))), "\n")[1], &n); err != nil || n != c.g.cosigned() {
		t.Errorf("%d entries are there of %d, %v", n, c.g.cosigned(), err)
	}
	c.change(c.last(dir, "tile/entries"), flip)
	if out, err := c.run(t.TempDir(), "ledger", "verify", "--dir", dir, "--public-key", c.public, "--json"); err == nil || !strings.Contains(out, `"kind":"altered"`) {
		t.Errorf("an edited mirror: %v, %s", err, out)
	}
}
