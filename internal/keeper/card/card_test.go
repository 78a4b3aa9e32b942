package card

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
)

func example(generation uint64) Card {
	return Card{ID: "abc", Number: 1, Name: "金庫", Vault: "azekura.example/ledger/1+x", Written: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC),
		Generation: generation, Set: 1, Ring: bytes.Repeat([]byte{byte(generation)}, 2000), Recovery: []byte("sealed")}
}

func TestWriteAndRead(t *testing.T) {
	for name, fsys := range map[string]durable.FS{"disk": durable.OS(), "platter": durabletest.New(t)} {
		dir := t.TempDir()
		if _, _, err := Read(fsys, dir); !errors.Is(err, ErrNone) {
			t.Errorf("%s: an empty stick: %v", name, err)
		}
		for g := range uint64(3) {
			if err := Write(fsys, dir, example(g+1)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c, damaged, err := Read(fsys, dir)
			if err != nil || damaged || c.Generation != g+1 || !bytes.Equal(c.Ring, example(g+1).Ring) || c.Name != "金庫" {
				t.Errorf("%s: %v, %v, %v", name, c, damaged, err)
			}
		}
		list, err := fsys.ReadDir(dir + "/" + Folder)
		if err != nil || len(list) != 1 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

// TestSavedByABrowser: files that a person has put on the stick are cards as well, the last that was written counts, and the next Write leaves
// none of them behind. What is not the same card stays.
func TestSavedByABrowser(t *testing.T) {
	fsys, dir := durable.OS(), t.TempDir()
	save := func(name string, c Card) {
		t.Helper()
		b, err := c.Marshal()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, at string, want uint64, harmed bool) {
		t.Helper()
		if c, damaged, err := Read(fsys, at); err != nil || c.Generation != want || damaged != harmed {
			t.Errorf("%s: %v, damaged %v, %v; want generation %d", what, c, damaged, err, want)
		}
	}
	later := func(g uint64) Card {
		c := example(g)
		c.Written = c.Written.Add(time.Duration(g) * time.Hour)
		return c
	}
	save("azekura-card-1.card", later(1))
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "README.txt"), nil, 0o600), os.MkdirAll(filepath.Join(dir, "photos.card"), 0o700)); err != nil {
		t.Fatal(err)
	}
	is("one beside other things", dir, 1, false)
	is("its file", filepath.Join(dir, "azekura-card-1.card"), 1, false)
	save("azekura-card-1 (1).card", later(3))
	save("._azekura-card-1.card", later(9))
	is("two", dir, 3, false)
	if err := Write(fsys, dir, later(2)); err != nil {
		t.Fatal(err)
	}
	is("a refresh", dir, 2, false)
	save("azekura-card-1.card", later(4))
	is("beside the folder", dir, 4, false)
	save("azekura-card/azekura-card-1.card", later(5))
	is("in the folder", dir, 5, false)
	save("00000002.card", later(6))
	is("copied out of the folder", dir, 6, false)
	other := later(1)
	other.ID = "other"
	save("other.card", other)
	if err := os.WriteFile(filepath.Join(dir, "half.card"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	is("beside one that is damaged", dir, 6, true)
	if err := Write(fsys, dir, later(7)); err != nil {
		t.Fatal(err)
	}
	is("the last", dir, 7, true)
	var left []string
	for _, pattern := range []string{"*.card", "azekura-card/*"} {
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list {
			left = append(left, strings.TrimPrefix(name, dir+"/"))
		}
	}
	if want := []string{"._azekura-card-1.card", "half.card", "other.card", "photos.card", "azekura-card/00000002.card"}; !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
}

// TestPulledOut pulls the stick out at every call of a refresh: the card is the old or the new one, whole, and the next refresh ends with
// the new one alone.
func TestPulledOut(t *testing.T) {
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		first := Write(p, "/stick", example(1))
		second := Write(p, "/stick", example(2))
		p.Heal()
		for disk := range p.Crashes(3) {
			c, damaged, err := Read(disk, "/stick")
			switch {
			case first != nil && err != nil: // the stick was empty
			case err != nil:
				t.Errorf("no card: %v", err)
			case second == nil && (c.Generation != 2 || damaged), !bytes.Equal(c.Ring, example(c.Generation).Ring):
				t.Errorf("%v after an acknowledged refresh", c)
			}
			if err := Write(disk, "/stick", example(3)); err != nil {
				t.Fatal(err)
			}
			if c, damaged, err := Read(disk, "/stick"); err != nil || damaged || c.Generation != 3 || len(disk.Names()) != 1 {
				t.Errorf("%v, %v, %v, %q", c, damaged, err, disk.Names())
			}
		}
	})
}

// TestFaults has each call fail: what is acknowledged is there, and a card that was there stays readable.
func TestFaults(t *testing.T) {
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		first := Write(p, "/stick", example(1))
		second := Write(p, "/stick", example(2))
		p.Heal()
		c, _, err := Read(p, "/stick")
		if first == nil && err != nil || second == nil && c.Generation != 2 {
			t.Errorf("%v, %v after %v and %v", c, err, first, second)
		}
	})
}

func TestReadBack(t *testing.T) {
	p := durabletest.New(t)
	p.Inject(durabletest.Fault{Kind: durabletest.Read, N: 1, Err: os.ErrInvalid})
	if err := Write(p, "/stick", example(1)); err == nil || !strings.Contains(err.Error(), "read back") {
		t.Errorf("a stick that cannot be read: %v", err)
	}
}

// lying is a stick that gives back something else than was written.
type lying struct{ durable.FS }

func (l lying) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := l.FS.OpenFile(name, flag, perm)
	return lyingFile{f}, err
}

type lyingFile struct{ durable.File }

func (f lyingFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	if n > 0 {
		b[n/2] ^= 1
	}
	return n, err
}

// TestLyingStick: the card that was there is not given up for one that does not come back as it was written.
func TestLyingStick(t *testing.T) {
	p := durabletest.New(t)
	if err := Write(p, "/stick", example(1)); err != nil {
		t.Fatal(err)
	}
	if err := Write(lying{p}, "/stick", example(2)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a stick that lies: %v", err)
	}
	if _, err := p.ReadFile(name("/stick", 1)); err != nil {
		t.Errorf("the card of before: %v", err)
	}
}

// TestLeftHalf: what a refresh that was broken off has left under another number goes with the next.
func TestLeftHalf(t *testing.T) {
	p := durabletest.New(t)
	if err := errors.Join(Write(p, "/stick", example(1)), p.SetFile(name("/stick", 7)+".new", []byte("half a ring")), Write(p, "/stick", example(2))); err != nil {
		t.Fatal(err)
	}
	if names := p.Names(); len(names) != 1 {
		t.Errorf("%q", names)
	}
}

// TestNoCards: a card of a later version is told from one that is damaged, and what lacks something is none, whatever its digest.
func TestNoCards(t *testing.T) {
	good, err := example(1).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := bytes.Cut(good, []byte("}\n"))
	with := func(old, instead string) []byte {
		b := append(bytes.Replace(body, []byte(old), []byte(instead), 1), "}\n"...)
		sum := sha256.Sum256(b)
		return append(hex.AppendEncode(b, sum[:]), '\n')
	}
	newer := with(`"azekura_card": 1`, `"azekura_card": 2`)
	harmed := bytes.Clone(newer)
	harmed[len(harmed)/2] ^= 1
	for name, x := range map[string]struct {
		b    []byte
		want error
	}{
		"itself": {with("", ""), nil}, "a later version": {newer, ErrNewer}, "a later version, damaged": {harmed, ErrDamaged},
		"no number": {with(`"number": 1`, `"number": 0`), ErrDamaged}, "no id": {with(`"abc"`, `""`), ErrDamaged}, "another spelling": {with(`"abc"`, ` "abc"`), ErrDamaged},
		"no ring": {with(base64.StdEncoding.EncodeToString(example(1).Ring), ""), ErrDamaged},
	} {
		if _, err := Parse(x.b); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	p := durabletest.New(t)
	if err := errors.Join(p.MkdirAll("/stick/"+Folder, 0o700), p.SetFile(name("/stick", 2), harmed), p.SetFile(name("/stick", 1), newer)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(p, "/stick"); !errors.Is(err, ErrNewer) {
		t.Errorf("a later version beside a damaged one: %v", err)
	}
}

// TestOldRingIsOverwritten looks at the old file through a handle that outlives its name.
func TestOldRingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := Write(durable.OS(), dir, example(7)); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Write(durable.OS(), dir, example(8)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 6000)
	n, _ := f.ReadAt(b, 0)
	if n < 2000 || !bytes.Equal(b[:n], make([]byte, n)) {
		t.Errorf("%d bytes of the old card are %q…", n, b[:40])
	}
}

func TestDamagedCards(t *testing.T) {
	good, err := example(1).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 7)
		if _, err := Parse(bad); err == nil {
			t.Errorf("byte %d changed, and it is a card", i)
		}
	}
	p := durabletest.New(t)
	if err := errors.Join(Write(p, "/stick", example(1)), p.SetFile(name("/stick", 2), good[:len(good)/2])); err != nil {
		t.Fatal(err)
	}
	if c, damaged, err := Read(p, "/stick"); err != nil || !damaged || c.Generation != 1 {
		t.Errorf("a newer half beside: %v, %v, %v", c, damaged, err)
	}
	if err := p.SetFile(name("/stick", 1), nil); err != nil {
		t.Fatal(err)
	}
	if _, damaged, err := Read(p, "/stick"); !errors.Is(err, ErrDamaged) || !damaged {
		t.Errorf("nothing whole: %v, %v", damaged, err)
	}
	for _, verb := range []string{"%v", "%+v", "%s"} {
		if s := fmt.Sprintf(verb, example(1)); s != "(card 1, generation 1)" {
			t.Errorf("%s: %s", verb, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for g := range uint64(3) {
		b, err := example(g).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err != nil {
			return
		}
		if again, err := c.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is written as %q, %v", b, again, err)
		}
	})
}
