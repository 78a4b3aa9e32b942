package roster

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestBytes: a roster of two persons, as docs/format.md has it.
func TestBytes(t *testing.T) {
	r := &Roster{People: []Person{{School: "A", Year: "2026", Grade: "3", Class: "2", Number: "1", Name: "山", Kana: "や", Kind: Pupil}, {School: "A", Year: "2026", Name: "x", Kind: Staff}}}
	const want = "01" + "00000002" +
		"01" + "000141" + "000432303236" + "000133" + "000132" + "00000001" + "000131" + "0003e5b1b1" + "0003e38284" +
		"02" + "000141" + "000432303236" + "0000" + "0000" + "00000001" + "0000" + "000178" + "0000"
	b, err := Encode(r)
	if err != nil || hex.EncodeToString(b) != want {
		t.Fatalf("%x %v, want %s", b, err, want)
	}
	back, err := Decode(b)
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Fatalf("%+v %v", back, err)
	}
	if b, err := Encode(&Roster{}); err != nil || len(b) != 5 {
		t.Errorf("%x %v", b, err)
	}
	for name, r := range map[string]*Roster{"kind": {People: []Person{{Name: "x"}}}, "text": {People: []Person{{Name: "\xff", Kind: Pupil}}}, "long": {People: []Person{{Name: strings.Repeat("x", 1<<16), Kind: Pupil}}}} {
		if _, err := Encode(r); err == nil {
			t.Errorf("%s is encoded", name)
		}
	}
	newer := append([]byte{2}, b[1:]...)
	if _, err := Decode(newer); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
	for n := range b {
		if _, err := Decode(b[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for name, change := range map[string]func(s string) string{
		"more":  func(s string) string { return s + "00" },
		"count": func(s string) string { return strings.Replace(s, "00000002", "ffffffff", 1) },
		"kind":  func(s string) string { return strings.Replace(s, "02"+"000141", "09"+"000141", 1) },
		"empty": func(s string) string { return strings.Replace(s, "00000001", "00000000", 1) },
		"text":  func(s string) string { return strings.Replace(s, "e5b1b1", "ffb1b1", 1) },
		"same group": func(string) string {
			return "0100000002" + strings.Repeat("01"+strings.Repeat("0000", 4)+"00000001"+"000131"+"00000000", 1) + "01" + strings.Repeat("0000", 4) + "00000001" + "000132" + "00000000"
		},
	} {
		b, err := hex.DecodeString(change(want))
		if err != nil {
			t.Fatal(name, err)
		}
		if r, err := Decode(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

// FuzzDecode: whatever is read is written with the same bytes.
func FuzzDecode(f *testing.F) {
	b, err := Encode(house())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{format, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := Encode(r); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x became %x: %v", b, again, err)
		}
	})
}
