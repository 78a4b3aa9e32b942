package card

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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

// TestPulledOut pulls the stick out at every call of a refresh: the card is the old or the new one, whole, and the next refresh ends with
// the new one alone.
func TestPulledOut(t *testing.T) {
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		first := Write(p, "/stick", example(1))
		second := Write(p, "/stick", example(2))
		p.Heal()
		for disk := range p.Crashes(3) {
			c, _, err := Read(disk, "/stick")
			switch {
			case first != nil && err != nil: // the stick was empty
			case err != nil:
				t.Errorf("no card: %v", err)
			case second == nil && c.Generation != 2, !bytes.Equal(c.Ring, example(c.Generation).Ring):
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
