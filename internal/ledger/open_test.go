package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/problem"
)

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name    string
		do      func(t *testing.T, s *sample)
		restore bool // can be overridden
	}{
		{"no checkpoint", func(t *testing.T, s *sample) { s.remove(t, checkpointName) }, false},
		{"no checkpoint and no write-ahead file", func(t *testing.T, s *sample) { s.remove(t, checkpointName); s.remove(t, s.walName(t)) }, false},
		{"a checkpoint of another key", func(t *testing.T, s *sample) { s.keys = newKeys(t) }, false},
		{"an older checkpoint", func(t *testing.T, s *sample) { s.change(t, checkpointName, func([]byte) []byte { return s.old }) }, false},
		{"the last bundle is changed", func(t *testing.T, s *sample) { s.change(t, "tile/entries/003.p/232", flip(50)) }, false},
		{"a tile of the edge is missing", func(t *testing.T, s *sample) { s.remove(t, "tile/1/000.p/3") }, false},
		{"no write-ahead file", func(t *testing.T, s *sample) { s.remove(t, s.walName(t)) }, true},
		{"a damaged write-ahead file", func(t *testing.T, s *sample) { s.change(t, s.walName(t), flip(20)) }, true},
		{"a write-ahead file of another ledger", func(t *testing.T, s *sample) {
			other := newSample(t)
			s.change(t, s.walName(t), func([]byte) []byte { return other.read(t, other.walName(t)) })
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSample(t)
			test.do(t, s)
			before := s.disk.Names()
			_, err := Open(context.Background(), s.config())
			if problem.KindOf(err) != problem.Damaged {
				t.Fatalf("Open = %v, want damage", err)
			}
			if after := s.disk.Names(); !slices.Equal(after, before) {
				t.Errorf("files %q, before they were %q", after, before)
			}
			if !test.restore {
				return
			}
			c := s.config()
			c.Restore = true
			l := open(t, c)
			if got := l.Size(); got != 1000 {
				t.Errorf("restored with %d entries", got)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDamagedWriteAheadFileLosesNothingSilently(t *testing.T) {
	ctx := context.Background()
	k, disk := newKeys(t), durabletest.New(t)
	c := smallFiles(k.config(disk, "/ledger"))
	l := open(t, c)
	for i := range 3 {
		if _, err := l.Append(ctx, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	abandon(l)
	name := "/ledger/wal/" + walName(l.seq.generation)
	b, err := disk.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[2*block+groupHead+2] ^= 1 // the second entry: it was acknowledged, and the third stands behind it
	if err := disk.SetFile(name, b); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, c); problem.KindOf(err) != problem.Damaged || !strings.Contains(err.Error(), "entries 1 to 1 are missing or damaged") {
		t.Errorf("Open = %v", err)
	}
	c.Restore = true
	if l, err = Open(ctx, c); err != nil || l.Size() != 1 {
		t.Fatalf("restored: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestAppendLimits(t *testing.T) {
	ctx := context.Background()
	k := newKeys(t)
	l := open(t, k.config(durabletest.New(t), "/ledger"))
	if _, err := l.Append(ctx, make([]byte, MaxEntry+1)); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("an entry that is too large: %v", err)
	}
	if _, err := l.Append(ctx); problem.KindOf(err) != problem.Invalid {
		t.Errorf("no entry: %v", err)
	}
	big := bytes.Repeat([]byte{1}, MaxEntry)
	var list [][]byte
	for range 100 { // several groups, more than a write-ahead file holds
		list = append(list, big, nil)
	}
	if first, err := l.Append(ctx, list...); first != 0 || err != nil {
		t.Errorf("100 large entries: %d, %v", first, err)
	}
	if first, err := l.Append(ctx, []byte("next")); first != 200 || err != nil {
		t.Errorf("the next: %d, %v", first, err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Append(canceled, []byte("x")); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("with an ended context: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Append(ctx, []byte("x")); problem.KindOf(err) != problem.Unavailable {
		t.Errorf("after the end: %v", err)
	}
	if err := l.Close(); err == nil {
		t.Error("closed twice without an error")
	}
	other := k.config(durabletest.New(t), "/ledger")
	other.Origin = "another.example/ledger/00000000"
	if _, err := Open(ctx, other); problem.KindOf(err) != problem.Invalid {
		t.Errorf("keys of another origin: %v", err)
	}
}

// Where a ledger is made, the directories above it may be as new as it is: a power cut takes none of them.
func TestMadeDirectoriesAreDurable(t *testing.T) {
	ctx := context.Background()
	k, disk := newKeys(t), durabletest.New(t)
	l := open(t, k.config(disk, "/srv/new/vault/ledger"))
	if _, err := l.Append(ctx, []byte("a")); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		l := open(t, k.config(disk.Crash(seed), "/srv/new/vault/ledger"))
		if l.Size() != 1 {
			t.Errorf("seed %d: %d entries after a crash, want 1", seed, l.Size())
		}
		abandon(l)
	}
	if _, err := l.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(ctx, l.Files(), k.public, disk, "/mnt/new/copy"); err != nil {
		t.Fatal(err)
	}
	abandon(l)
	for seed := range uint64(20) {
		if r, err := Verify(ctx, Files(disk.Crash(seed), "/mnt/new/copy"), k.public); err != nil || !r.OK() || r.Size != 1 {
			t.Errorf("seed %d: the copy after a crash: %+v, %v", seed, r, err)
		}
	}
}
