package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/problem"
)

// published returns a reader of all that a ledger has.
func published(t interface{ Fatal(...any) }, l *Log, k keys) *Reader {
	if _, err := l.Publish(context.Background()); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(l.Files(), k.public)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func more(t interface{ Fatal(...any) }, l *Log, n int) {
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = fmt.Appendf(nil, "entry %d", l.Size()+int64(i))
	}
	if _, err := l.Append(context.Background(), entries...); err != nil {
		t.Fatal(err)
	}
}

// follow gives a mirror what a reader has.
func follow(m *Mirror, r *Reader) error {
	for m.Next() < r.Head().Size {
		p, err := r.Part(context.Background(), m.Next(), r.Head().Size)
		if err != nil {
			return err
		}
		if err := m.Add(p, r.Head()); err != nil {
			return err
		}
	}
	return m.Commit(r.Checkpoint())
}

// TestMirrorFollows: whatever the sizes at which it is told of the ledger, and whatever fails and crashes between, a mirror is a whole ledger
// with the last checkpoint that it took.
func TestMirrorFollows(t *testing.T) {
	k := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		source := durabletest.New(t)
		c := k.config(source, "ledger")
		c.FileSize = 128 << 10
		l, err := Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		disk := durabletest.New(t)
		var m *Mirror
		var taken Head
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			if m == nil {
				if m, err = OpenMirror(ctx, disk, "mirror", k.public); err != nil {
					t.Fatal(err)
				}
				if m.Head().Size < taken.Size {
					t.Fatalf("%d of %d entries after a crash", m.Head().Size, taken.Size)
				}
			}
			more(t, l, rapid.IntRange(1, 700).Draw(t, "entries"))
			r := published(t, l, k)
			kind := durabletest.Kind(rapid.IntRange(int(durabletest.Open), int(durabletest.SyncDir)).Draw(t, "kind"))
			if rapid.Bool().Draw(t, "fails") {
				faults := durabletest.Faults(kind, disk.Calls(kind)+rapid.IntRange(1, 8).Draw(t, "after"))
				disk.Inject(rapid.SampledFrom(faults).Draw(t, "fault"))
			}
			if err := follow(m, r); err == nil {
				taken = r.Head()
			}
			disk.Heal()
			if rapid.Bool().Draw(t, "crash") {
				disk, m = disk.Crash(rapid.Uint64().Draw(t, "seed")), nil
			}
		}
		if m == nil {
			if m, err = OpenMirror(ctx, disk, "mirror", k.public); err != nil {
				t.Fatal(err)
			}
		}
		r := published(t, l, k)
		if err := follow(m, r); err != nil {
			t.Fatal(err)
		}
		report, err := Verify(ctx, m.Files(), k.public)
		if err != nil || !report.OK() || report.Size != l.Size() || report.Root != r.Head().Root {
			t.Fatalf("the mirror: %+v, %v", report, err)
		}
	})
}

// TestMirrorRefuses: nothing comes into a mirror that is not in the signed tree, in whatever way it differs.
func TestMirrorRefuses(t *testing.T) {
	ctx := context.Background()
	k := newKeys(t)
	dir := t.TempDir()
	l := open(t, k.config(durable.OS(), filepath.Join(dir, "ledger")))
	defer l.Close()
	more(t, l, 700)
	r := published(t, l, k)
	m, err := OpenMirror(ctx, durable.OS(), filepath.Join(dir, "mirror"), k.public)
	if err != nil {
		t.Fatal(err)
	}
	for m.Next() < 512 {
		p, err := r.Part(ctx, m.Next(), r.Head().Size)
		if err != nil {
			t.Fatal(err)
		}
		for name, spoil := range map[string]func(*Part, *Head){
			"edited":     func(p *Part, _ *Head) { p.Entries[7] = []byte("another") },
			"left out":   func(p *Part, _ *Head) { p.Entries = slices.Delete(p.Entries, 7, 8) },
			"swapped":    func(p *Part, _ *Head) { p.Entries[3], p.Entries[4] = p.Entries[4], p.Entries[3] },
			"cut":        func(p *Part, _ *Head) { p.Entries = p.Entries[:200] },
			"none":       func(p *Part, _ *Head) { p.Entries = nil },
			"no proof":   func(p *Part, _ *Head) { p.Proof = nil },
			"longer":     func(p *Part, _ *Head) { p.Proof = append(p.Proof, tlog.Hash{}) },
			"forged":     func(p *Part, _ *Head) { p.Proof[0][0] ^= 1 },
			"other root": func(_ *Part, h *Head) { h.Root[0] ^= 1 },
			"other size": func(_ *Part, h *Head) { h.Size = 255 },
			"later":      func(p *Part, _ *Head) { p.Start += 256 },
			"too long":   func(p *Part, _ *Head) { p.Entries = append(p.Entries, []byte("more")) },
		} {
			q, h := Part{p.Start, slices.Clone(p.Entries), slices.Clone(p.Proof)}, r.Head()
			spoil(&q, &h)
			if err := m.Add(q, h); err == nil {
				t.Errorf("from %d on: %s was taken", p.Start, name)
			}
		}
		if err := m.Commit(r.Checkpoint()); !errors.Is(err, ErrBehind) {
			t.Errorf("a checkpoint before its entries: %v", err)
		}
		if err := m.Add(p, r.Head()); err != nil {
			t.Fatal(err)
		}
		if err := m.Add(p, r.Head()); !errors.Is(err, ErrBehind) {
			t.Errorf("a part of old: %v", err)
		}
	}
	if err := follow(m, r); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit([]byte("no checkpoint")); err == nil {
		t.Error("anything is a checkpoint")
	}
	other := m.Head()
	other.Root[0] ^= 1
	fork, err := note.Sign(&note.Note{Text: torchwood.Checkpoint{Origin: testOrigin, Tree: tlog.Tree{N: other.Size, Hash: other.Root}}.String()}, k.signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Commit(fork); problem.KindOf(err) != problem.Damaged || m.Head() == other {
		t.Errorf("a checkpoint of as many other entries, signed by the ledger: %v", err)
	}
	for _, size := range []int64{-1, 701} {
		if _, err := r.HeadAt(ctx, size); !errors.Is(err, ErrShorter) {
			t.Errorf("the head of %d entries: %v", size, err)
		}
	}
}

// TestAdvance: the proof that a witness gets leads from any earlier head to the present one, whether or not entries are in tiles.
func TestAdvance(t *testing.T) {
	k := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		c := k.config(durabletest.New(t), "ledger")
		c.FileSize = 128 << 10
		l, err := Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var heads []Head
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			more(t, l, rapid.IntRange(1, 400).Draw(t, "entries"))
			heads = append(heads, l.Head())
			if rapid.Bool().Draw(t, "publish") {
				published(t, l, k)
			}
			for _, h := range heads {
				signed, proof, err := l.Advance(ctx, h.Size)
				if err != nil {
					t.Fatal(err)
				}
				now, err := CheckCheckpoint(signed, k.public)
				if err != nil || now != l.Head() {
					t.Fatalf("%+v, %v", now, err)
				}
				if err := tlog.CheckTree(proof, now.Size, now.Root, h.Size, h.Root); err != nil {
					t.Fatalf("from %d to %d: %v", h.Size, now.Size, err)
				}
			}
		}
		if _, _, err := l.Advance(ctx, l.Size()+1); !errors.Is(err, ErrShorter) {
			t.Fatal(err)
		}
	})
}

// TestMirrorKeepsNames: a failure in between lets a mirror forget no name that is still to be made durable.
func TestMirrorKeepsNames(t *testing.T) {
	ctx := context.Background()
	k := newKeys(t)
	l := open(t, k.config(durable.OS(), filepath.Join(t.TempDir(), "ledger")))
	defer l.Close()
	more(t, l, 700)
	r := published(t, l, k)
	disk := durabletest.New(t)
	m, err := OpenMirror(ctx, disk, "mirror", k.public)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true} {
		p, err := r.Part(ctx, m.Next(), r.Head().Size)
		if err != nil {
			t.Fatal(err)
		}
		if !want {
			disk.Inject(durabletest.Faults(durabletest.Write, disk.Calls(durabletest.Write)+1)[0])
		}
		if err := m.Add(p, r.Head()); (err == nil) != want {
			t.Fatalf("part %d: %v", i, err)
		}
		disk.Heal()
		if !m.written.dirs["tile/entries"] {
			t.Errorf("after part %d the names of the first one are forgotten", i)
		}
	}
}
