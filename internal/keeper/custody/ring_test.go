package custody

import (
	"bytes"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

func TestEpochsAreBounded(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	share := id.NewShare()
	if err := c.MakeShare(share); err != nil {
		t.Fatal(err)
	}
	e, v, key := epoch(t, c, share)
	for range maxEpochs + 10 {
		other := id.NewEpoch() // the same encapsulation under another name: another context, cheap to make
		if k, err := c.FileKey(share, other, e.Enc, v); err != nil || k == key {
			t.Fatalf("another epoch has the same key, %v", err)
		}
	}
	if n := c.epochs.used.Len(); n != maxEpochs || len(c.epochs.byKey) != n {
		t.Errorf("%d epochs, %d keys", n, len(c.epochs.byKey))
	}
	if k, err := c.FileKey(share, e.ID, e.Enc, v); err != nil || k != key {
		t.Errorf("the first epoch again: %v", err)
	}
}

// FuzzRing reads what marshal writes, and refuses what it would not write.
func FuzzRing(f *testing.F) {
	ring := newRing()
	for range 2 {
		private, err := seal.KEM().GenerateKey()
		if err != nil {
			f.Fatal(err)
		}
		seed, err := private.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		k, err := newShareKeys(seed, seal.NewKey())
		if err != nil {
			f.Fatal(err)
		}
		ring.keys[id.NewShare()] = k
	}
	f.Add(ring.marshal()) // as it was before there were generations
	ring.generation, ring.destroyed[id.NewShare()] = 7, 5
	good := ring.marshal()
	f.Add(good)
	f.Add(newRing().marshal())
	f.Add(good[:len(good)-1])
	f.Add(append(bytes.Clone(good), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRing(data)
		if err != nil {
			return
		}
		if again := r.marshal(); !bytes.Equal(again, data) {
			t.Errorf("%x is read, but written as %x", data, again)
		}
	})
}

func BenchmarkFileKey(b *testing.B) {
	c := create(b, config(durabletest.New(b), "/"))
	defer c.Zero()
	share := id.NewShare()
	if err := c.MakeShare(share); err != nil {
		b.Fatal(err)
	}
	e, v, _ := epoch(b, c, share)
	b.Run("known epoch", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.FileKey(share, e.ID, e.Enc, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new epoch", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.FileKey(share, id.NewEpoch(), e.Enc, v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
