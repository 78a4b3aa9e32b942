package id

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	f := NewFile()
	var g File
	if err := g.UnmarshalText([]byte(f.String())); err != nil || g != f {
		t.Errorf("%v is read as %v, %v", f, g, err)
	}
	c := Chunk{0: 1, 31: 0xff}
	var d Chunk
	if err := d.UnmarshalText([]byte(c.String())); err != nil || d != c {
		t.Errorf("%v is read as %v, %v", c, d, err)
	}
	if got, want := (File{0: 0xab, 15: 1}).String(), "ab000000000000000000000000000001"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextRefused(t *testing.T) {
	for _, text := range []string{"", "ab", strings.Repeat("a", 31), strings.Repeat("a", 33), strings.Repeat("a", 64),
		strings.Repeat("g", 32), strings.Repeat("a", 31) + "g", " " + strings.Repeat("a", 31), "0x" + strings.Repeat("a", 30)} {
		f := File{1, 2, 3}
		if err := f.UnmarshalText([]byte(text)); err == nil || f != (File{1, 2, 3}) {
			t.Errorf("%q is read as %v, %v", text, f, err)
		}
	}
	for _, text := range []string{"", strings.Repeat("a", 32), strings.Repeat("a", 63) + "x"} {
		c := Chunk{1}
		if err := c.UnmarshalText([]byte(text)); err == nil || c != (Chunk{1}) {
			t.Errorf("%q is read as %v, %v", text, c, err)
		}
	}
}

func TestJSON(t *testing.T) {
	type both struct {
		File  File
		Chunk Chunk
		By    map[Version]int
	}
	want := both{NewFile(), Chunk{7}, map[Version]int{NewVersion(): 1}}
	b, err := json.Marshal(want)
	if err != nil || !strings.Contains(string(b), `"`+want.File.String()+`"`) || !strings.Contains(string(b), `"`+want.Chunk.String()+`"`) {
		t.Fatalf("%s, %v", b, err)
	}
	var got both
	if err := json.Unmarshal(b, &got); err != nil || got.File != want.File || got.Chunk != want.Chunk || len(got.By) != 1 {
		t.Errorf("%s is read as %v, %v", b, got, err)
	}
}

func TestNew(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		for _, x := range []interface {
			String() string
			IsZero() bool
		}{NewShare(), NewFile(), NewVersion(), NewEpoch(), NewSession(), NewDevice(), NewAccount()} {
			if x.IsZero() || seen[x.String()] {
				t.Fatalf("%v is zero or came before", x)
			}
			seen[x.String()] = true
		}
	}
	if !(File{}).IsZero() {
		t.Error("the zero identifier names something")
	}
}
