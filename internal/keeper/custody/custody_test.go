package custody

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

var cheap = Cost{Time: 1, Memory: 64}

func config(fsys durable.FS, dir string) Config {
	return Config{FS: fsys, Dir: filepath.Join(dir, "keeper"), Secret: FromKeyFile(filepath.Join(dir, "key", "root")), Cost: cheap}
}

func create(t testing.TB, cfg Config) *Custody {
	t.Helper()
	c, err := Create(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reopen(t testing.TB, cfg Config) *Custody {
	t.Helper()
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// epoch returns a version saved for a share, and its key.
func epoch(t testing.TB, c *Custody, share id.Share) (*seal.Epoch, id.Version, seal.Key) {
	t.Helper()
	r, _, err := c.Unlock(share)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.NewEpoch(share)
	if err != nil {
		t.Fatal(err)
	}
	v := id.NewVersion()
	k, err := e.FileKey(v)
	if err != nil {
		t.Fatal(err)
	}
	return e, v, k
}

func TestKeysComeBack(t *testing.T) {
	for name, secret := range map[string]func(dir string) Secret{
		"key file":   func(dir string) Secret { return FromKeyFile(filepath.Join(dir, "key", "root")) },
		"passphrase": func(string) Secret { return FromPassphrase("夏の夜はまだ宵ながら明けぬるを") },
		"credential": func(dir string) Secret {
			if err := os.WriteFile(filepath.Join(dir, CredentialName), []byte(strings.Repeat("k", minCredential)+"\n"), 0o400); err != nil {
				t.Fatal(err)
			}
			return FromCredential(dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(durable.OS(), t.TempDir())
			cfg.Secret = secret(filepath.Dir(cfg.Dir))
			c := create(t, cfg)
			share := id.NewShare()
			if err := errors.Join(c.MakeShare(share), c.SaveState([]byte("state")), c.SaveHead([]byte("head"))); err != nil {
				t.Fatal(err)
			}
			e, v, key := epoch(t, c, share)
			public, sealing := c.LedgerPublicKey(), c.LedgerSealing()
			_, metadata, err := c.Unlock(share)
			if err != nil {
				t.Fatal(err)
			}
			c.Zero()
			c = reopen(t, cfg)
			defer c.Zero()
			if got, err := c.FileKey(share, e.ID, e.Enc, v); err != nil || got != key {
				t.Errorf("another file key, %v", err)
			}
			if _, got, err := c.Unlock(share); err != nil || got != metadata {
				t.Errorf("another metadata key, %v", err)
			}
			if got, err := c.PathKey(share); err != nil || got != seal.PathKey(metadata) {
				t.Errorf("another path key, %v", err)
			}
			if c.LedgerPublicKey() != public || c.LedgerSealing() != sealing || c.Protection() != cfg.Secret.Protection() {
				t.Error("other keys of the ledger, or another protection")
			}
			if s, err := c.LoadState(); err != nil || string(s) != "state" {
				t.Errorf("state %q, %v", s, err)
			}
			if h, err := c.LoadHead(); err != nil || string(h) != "head" {
				t.Errorf("head %q, %v", h, err)
			}
			signer, verifier := c.Signer()
			sig, err := signer.Sign([]byte("message"))
			if err != nil || !verifier.Verify([]byte("message"), sig) || verifier.Verify([]byte("massage"), sig) {
				t.Errorf("the signature does not hold: %v", err)
			}
			if _, err := Create(t.Context(), cfg); problem.KindOf(err) != problem.Exists {
				t.Errorf("creating it again: %v", err)
			}
		})
	}
}

func TestProtectionChanges(t *testing.T) {
	cfg := config(durable.OS(), t.TempDir())
	c := create(t, cfg)
	share := id.NewShare()
	if err := c.MakeShare(share); err != nil {
		t.Fatal(err)
	}
	to := FromPassphrase("staples of a battery of horses")
	if err := c.Protect(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if c.Protection() != Passphrase {
		t.Errorf("protection %q", c.Protection())
	}
	c.Zero()
	if _, err := Open(t.Context(), cfg); problem.KindOf(err) != problem.Invalid {
		t.Errorf("the key file opens it still: %v", err)
	}
	cfg.Secret = to
	c = reopen(t, cfg)
	defer c.Zero()
	if _, _, err := c.Unlock(share); err != nil {
		t.Error(err)
	}
}

func TestSecretsThatDoNotOpen(t *testing.T) {
	dir := t.TempDir()
	cfg := config(durable.OS(), dir)
	create(t, cfg).Zero()
	keyFile := filepath.Join(dir, "key", "root")
	good, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	set := func(data []byte, mode fs.FileMode) {
		t.Helper()
		if err := errors.Join(os.Remove(keyFile), os.WriteFile(keyFile, data, mode), os.Chmod(keyFile, mode)); err != nil {
			t.Fatal(err)
		}
	}
	open := func(name string, want problem.Kind, hint string) {
		t.Helper()
		_, err := Open(t.Context(), cfg)
		e, ok := errors.AsType[*problem.Error](err)
		if !ok || e.Kind != want || e.Hint != hint {
			t.Errorf("%s: %v with the hint %q, want %v with %q", name, err, e.Hint, want, hint)
		}
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660, 0o610, 0o601} {
		set(good, mode)
		open(fmt.Sprintf("mode %v", mode), problem.Denied, "hint.key-file-permissions")
	}
	set(bytes.Repeat([]byte("0"), 64), 0o600)
	open("no line", problem.Damaged, "hint.key-file-wrong")
	set(append(bytes.Repeat([]byte("0"), 64), '\n'), 0o600)
	open("another key", problem.Denied, "hint.key-file-wrong")
	set([]byte(strings.Repeat("z", 64)+"\n"), 0o600)
	open("no digits", problem.Damaged, "hint.key-file-wrong")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	open("no key file", problem.NotFound, "hint.key-file-missing")
	if err := os.Symlink("/dev/null", keyFile); err != nil {
		t.Fatal(err)
	}
	open("a link", problem.Denied, "hint.key-file-permissions")

	cfg.Secret = FromCredential(dir)
	open("another protection", problem.Invalid, "hint.protection-differs")
	cfg = config(durable.OS(), t.TempDir())
	cfg.Secret = FromPassphrase("fourteen chars")
	if _, err := Create(t.Context(), cfg); problem.KindOf(err) != problem.Invalid {
		t.Errorf("a short passphrase: %v", err)
	}
	cfg.Secret = FromPassphrase("fifteen letters")
	create(t, cfg).Zero()
	cfg.Secret = FromPassphrase("fifteen lettres")
	open("another passphrase", problem.Denied, "hint.passphrase-wrong")
	file := filepath.Join(cfg.Dir, protectionName)
	protection, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][2]string{{`"format": ?1`, `"format":2`}, {`"argon2id": ?{[^}]*}`, `"argon2id":null`}} {
		b := regexp.MustCompile("(?i)"+x[0]).ReplaceAll(protection, []byte(x[1]))
		if bytes.Equal(b, protection) {
			t.Fatalf("%s: %s", x[0], b)
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		open(x[1], problem.Damaged, "hint.keeper-damaged")
	}
	cfg = config(durable.OS(), t.TempDir())
	cfg.Secret = FromCredential(t.TempDir())
	if _, err := Create(t.Context(), cfg); problem.KindOf(err) != problem.NotFound {
		t.Errorf("no credential: %v", err)
	}
}

// TestEveryByteCounts changes each byte of each file, cuts the files off, and puts one in another's place.
func TestEveryByteCounts(t *testing.T) {
	p := durabletest.New(t)
	cfg := config(p, "/")
	c := create(t, cfg)
	if err := errors.Join(c.MakeShare(id.NewShare()), c.SaveState([]byte("state")), c.SaveHead([]byte("head"))); err != nil {
		t.Fatal(err)
	}
	c.Zero()
	all := func() error {
		c, err := Open(t.Context(), cfg)
		if err != nil {
			return err
		}
		defer c.Zero()
		_, err = c.LoadState()
		_, err2 := c.LoadHead()
		return errors.Join(err, err2)
	}
	contents := make(map[string][]byte)
	for _, name := range []string{ringName, ledgerKeysName, stateName, headName} {
		name = filepath.Join("/keeper", name)
		b, err := p.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = b
	}
	try := func(name, what string, data []byte) {
		t.Helper()
		if err := p.SetFile(name, data); err != nil {
			t.Fatal(err)
		}
		if err := all(); problem.KindOf(err) != problem.Damaged {
			t.Errorf("%s, %s: %v", name, what, err)
		}
	}
	for name, good := range contents {
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			try(name, fmt.Sprintf("byte %d", i), bad)
		}
		for _, n := range []int{0, 1, 16, len(good) - 1} {
			try(name, fmt.Sprintf("%d bytes", n), good[:n])
		}
		for other, b := range contents {
			if other != name {
				try(name, "the bytes of "+other, b)
			}
		}
		if err := p.SetFile(name, good); err != nil {
			t.Fatal(err)
		}
	}
	if err := all(); err != nil {
		t.Fatal(err)
	}
}

func TestNothingLeaksInTexts(t *testing.T) {
	const phrase = "a phrase that nobody may see"
	s := FromPassphrase(phrase)
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("secret", "is", s)
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", s, s, s, s, s, s)
	fmt.Fprintf(&out, "%v %+v", &s, struct{ S Secret }{s})
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	fmt.Fprintf(&out, "%v %+v %#v %x", c, c, c, c)
	if strings.Contains(out.String(), fmt.Sprintf("%d %d %d", c.root[0], c.root[1], c.root[2])) || strings.Contains(out.String(), fmt.Sprintf("%x", c.root[:4])) {
		t.Error("the root is shown")
	}
	if strings.Contains(out.String(), "phrase that") || strings.Contains(out.String(), fmt.Sprintf("%x", phrase[2:10])) {
		t.Errorf("%s", out.String())
	}
}

func TestFilesAreForTheKeeperAlone(t *testing.T) {
	dir := t.TempDir()
	cfg := config(durable.OS(), dir)
	c := create(t, cfg)
	defer c.Zero()
	if err := errors.Join(c.MakeShare(id.NewShare()), c.SaveState(nil), c.SaveHead(nil)); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		n++
		if i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, i.Mode())
		}
		return nil
	})
	if err != nil || n != 8 {
		t.Errorf("%d files and directories, %v", n, err)
	}
}

// TestSharesMadeAtOnceAreAllKept makes shares side by side and looks, behind each restart, whether every version that was
// saved for any of them still opens.
func TestSharesMadeAtOnceAreAllKept(t *testing.T) {
	cfg := config(durabletest.New(t), "/")
	c := create(t, cfg)
	type saved struct {
		share id.Share
		epoch *seal.Epoch
		v     id.Version
		key   seal.Key
	}
	var mu sync.Mutex
	var all []saved
	for range 3 {
		var made sync.WaitGroup
		for range 8 {
			made.Go(func() {
				share := id.NewShare()
				if err := c.MakeShare(share); err != nil {
					t.Error(err)
					return
				}
				e, v, key := epoch(t, c, share)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, saved{share, e, v, key})
			})
		}
		made.Wait()
		c.Zero()
		c = reopen(t, cfg)
		for _, s := range all {
			if key, err := c.FileKey(s.share, s.epoch.ID, s.epoch.Enc, s.v); err != nil || key != s.key {
				t.Fatalf("a version does not open any more: another key, %v", err)
			}
		}
	}
	defer c.Zero()
	if err := c.MakeShare(all[0].share); problem.KindOf(err) != problem.Exists {
		t.Errorf("making one again: %v", err)
	}
	if _, _, err := c.Unlock(id.NewShare()); !errors.Is(err, ErrNoKeys) || problem.KindOf(err) != problem.NotFound {
		t.Errorf("keys of no share: %v", err)
	}
}

// TestLostProtectionIsNoFirstStart takes the protection file away from a keeper that has been at work.
func TestLostProtectionIsNoFirstStart(t *testing.T) {
	p := durabletest.New(t)
	cfg := config(p, "/")
	c := create(t, cfg)
	defer c.Zero()
	if err := errors.Join(c.MakeShare(id.NewShare()), c.SaveHead([]byte("head"))); err != nil {
		t.Fatal(err)
	}
	ring, err := p.ReadFile("/keeper/ring")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Remove("/keeper/protection"); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), cfg); problem.KindOf(err) != problem.Damaged {
		t.Errorf("a new keeper in its place: %v", err)
	}
	if after, err := p.ReadFile("/keeper/ring"); err != nil || !bytes.Equal(after, ring) {
		t.Errorf("the ring is another one, %v", err)
	}
}

func TestNothingWorksAfterZero(t *testing.T) {
	p := durabletest.New(t)
	cfg := config(p, "/")
	c := create(t, cfg)
	share := id.NewShare()
	if err := errors.Join(c.MakeShare(share), c.SaveState([]byte("state"))); err != nil {
		t.Fatal(err)
	}
	e, v, _ := epoch(t, c, share)
	before, err := p.ReadFile("/keeper/state")
	if err != nil {
		t.Fatal(err)
	}
	c.Zero()
	signer, _ := c.Signer()
	_, key := c.FileKey(share, e.ID, e.Enc, v)
	_, _, unlock := c.Unlock(share)
	_, sign := signer.Sign([]byte("x"))
	_, onCard := c.Card()
	_, destroy := c.DestroyShare(share)
	_, _, paper := c.MakePapers(2, 3, 0, time.Now())
	_, renew := c.RenewPapers(2, 3, 0, time.Now())
	for what, err := range map[string]error{"key": key, "unlock": unlock, "sign": sign, "state": c.SaveState([]byte("other")), "share": c.MakeShare(id.NewShare()), "card": onCard, "the end of a share": destroy, "papers": paper, "other papers": renew,
		"protect": c.Protect(t.Context(), FromPassphrase("fifteen letters"))} {
		if err == nil {
			t.Errorf("%s works", what)
		}
	}
	if c.LedgerSealing() != (seal.Key{}) {
		t.Error("the sealing key is still there")
	}
	if _, err := p.ReadFile("/keeper/" + recoveryName); err == nil {
		t.Error("papers were made for no root")
	}
	if after, err := p.ReadFile("/keeper/state"); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the state was written with no key: %v", err)
	}
}

// TestEveryFaultLeavesTheOldOrTheNew makes a keeper's files on disks that break, and looks what the next start finds.
func TestEveryFaultLeavesTheOldOrTheNew(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		cfg := config(p, "/")
		var made []id.Share
		c, err := Create(t.Context(), cfg)
		created := err == nil
		state := ""
		if created {
			for _, s := range []string{"one", "two"} {
				share := id.NewShare()
				if c.MakeShare(share) == nil {
					made = append(made, share)
				}
				if c.SaveState([]byte(s)) == nil {
					state = s
				}
			}
			c.Zero()
		}
		disk := p.Crash(1)
		c, err = Open(t.Context(), config(disk, "/"))
		if !created {
			if err == nil {
				c.Zero()
			} else if _, err := Create(t.Context(), config(disk, "/")); err != nil && problem.KindOf(err) != problem.Exists {
				t.Errorf("it cannot be made after a first try that failed: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Zero()
		for _, s := range made {
			if _, _, err := c.Unlock(s); err != nil {
				t.Errorf("the keys of a share that was made: %v", err)
			}
		}
		if got, err := c.LoadState(); err != nil || string(got) < state {
			t.Errorf("state %q after %q was durable, %v", got, state, err)
		}
	}
	durabletest.Each(t, scenario)
	durabletest.EachCut(t, scenario)
}
