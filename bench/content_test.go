package main

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

func TestContent(t *testing.T) {
	p := newPool()
	for _, size := range []int64{0, 1, 15, 16, 17, pieceSize - 1, pieceSize, pieceSize + 1, 5*pieceSize + 777} {
		c := content{p, 42, size}
		want, err := io.ReadAll(c.reader())
		if err != nil || int64(len(want)) != size {
			t.Fatalf("content of %d bytes: read %d, %v", size, len(want), err)
		}
		check := &checker{content: c}
		if _, err := io.Copy(check, iotest.OneByteReader(bytes.NewReader(want))); err != nil || check.done() != nil {
			t.Errorf("content of %d bytes: its own check says %v, %v", size, err, check.done())
		}
	}
}

// Whatever is not the content is noticed.
func TestCheckerRefuses(t *testing.T) {
	c := content{newPool(), 7, 2*pieceSize + 100}
	good, err := io.ReadAll(c.reader())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 8, 16, pieceSize - 1, pieceSize, 2 * pieceSize, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if _, err := (&checker{content: c}).Write(bad); err == nil {
			t.Errorf("a flipped bit in byte %d was not noticed", at)
		}
	}
	if _, err := (&checker{content: c}).Write(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a byte too much was not noticed")
	}
	short := &checker{content: c}
	if _, err := short.Write(good[:len(good)-1]); err != nil || short.done() == nil {
		t.Errorf("a byte too few was not noticed (%v)", err)
	}
	other := c
	other.id++
	if _, err := (&checker{content: other}).Write(good); err == nil {
		t.Error("another file's content was not noticed")
	}
}

// No piece equals another one, so a server that keeps equal content once cannot profit from it.
func TestPiecesDiffer(t *testing.T) {
	p := newPool()
	seen := make(map[string]bool)
	buf := make([]byte, pieceSize)
	for id := range uint64(20) {
		c := content{p, id<<32 | id, 1 << 30}
		for n := range int64(50) {
			c.piece(buf, n)
			if seen[string(buf)] {
				t.Fatalf("piece %d of file %d was there before", n, id)
			}
			seen[string(buf)] = true
		}
	}
}
