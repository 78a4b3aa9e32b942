package sqlite

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/pack"
)

// bodies are one of each kind.
func bodies() (out []body) {
	when := time.Unix(1e9, 1000).UTC()
	version := catalogue.Version{Number: 300, Saved: when, Manifest: pack.Place{Position: pack.Position{Pack: 1 << 62, Offset: 1 << 40}, Size: 1 << 31}}
	version.Version[0], version.Key[1], version.Epoch[2], version.Equal[3] = 1, 2, 3, 4
	version.Size, version.Modified = 1<<62, when
	version.Sums = []commit.Sum{{Algorithm: "SHA1", Value: "00"}, {}}
	for kind := commit.Mkdir; kind <= commit.Settle; kind++ {
		b := body{Change: catalogue.Change{Kind: kind, When: when, Sign: "broken"}}
		if hasPlace(kind) {
			b.Parent[5], b.Name = 1, "写真"
		}
		if kind.HasContent() {
			b.Version = version
		}
		if names(kind) {
			b.Version.Version[0] = 9
		}
		if kind == commit.SetProp {
			b.props = []commit.Prop{{Space: "DAV:", Name: "a", Value: "\xff"}, {}}
		}
		out = append(out, b)
	}
	return append(out, body{Change: catalogue.Change{Kind: commit.Remove}}) // at no time
}

func TestBody(t *testing.T) {
	for _, want := range bodies() {
		plain := want.append(nil)
		var got body
		if err := got.parse(plain); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v:\n got %+v, %v\nwant %+v", want.Kind, got, err, want)
		}
		for n := range plain {
			if err := new(body).parse(plain[:n]); err == nil {
				t.Errorf("%v: %d of %d bytes are taken for a whole", want.Kind, n, len(plain))
			}
		}
		if err := new(body).parse(append(plain, 0)); err == nil {
			t.Errorf("%v: one byte too many is taken", want.Kind)
		}
	}
}

func TestActor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := actor{door: rapid.String().Draw(t, "door"), author: rapid.String().Draw(t, "author")}
		copy(want.ids[:], rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(t, "ids"))
		plain := want.append(nil)
		var got actor
		if err := got.parse(plain); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if err := new(actor).parse(plain[:len(plain)-1]); err == nil {
			t.Error("half an actor is taken for a whole")
		}
	})
}

// FuzzBody reads anything: no panic, no memory beyond what the bytes hold, and what it read is written
// in a way that reads the same.
func FuzzBody(f *testing.F) {
	for _, b := range bodies() {
		f.Add(b.append(nil))
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		var b, again body
		if b.parse(plain) != nil {
			return
		}
		out := b.append(nil)
		if err := again.parse(out); err != nil || !reflect.DeepEqual(again, b) {
			t.Errorf("read %+v, wrote and read %+v, %v", b, again, err)
		}
		if !bytes.Equal(out, again.append(nil)) {
			t.Error("one body has two encodings")
		}
	})
}
