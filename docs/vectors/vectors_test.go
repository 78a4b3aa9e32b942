// Package vectors holds examples of the formats in docs/format.md as JSON, for whoever writes a second
// reader. Its tests hold the program to them; with -update they are written anew, which is right only for a
// format that nobody has data in yet.
package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the examples anew")

// octets are bytes that stand in JSON as hexadecimal digits.
type octets []byte

func (o octets) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(o)), nil }

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// load reads an example, or writes what fresh makes of it.
func load[T any](t *testing.T, file string, fresh func(t *testing.T) T) (x T) {
	t.Helper()
	if *update {
		b, err := json.MarshalIndent(fresh(t), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return x
}

// same compares a value of the program with one of an example.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if len(want) == 0 {
		t.Errorf("%s: the example is empty", what)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\ngot  %x\nwant %x", what, got, want)
	}
}

// key returns 32 bytes that follow from a word.
func key(word string) [32]byte { return sha256.Sum256([]byte(word)) }

// stream returns n bytes: SHA-256 of seed and a counter of 8 bytes, big endian, from 0, one behind the other.
func stream(seed string, n int) []byte {
	b := make([]byte, 0, n+32)
	for i := uint64(0); len(b) < n; i++ {
		h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(seed), i))
		b = append(b, h[:]...)
	}
	return b[:n]
}
