package commit

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

func part(n byte, size int64) Part { return Part{Chunk: id.Chunk{n}, Key: seal.Key{n}, Size: size} }

var manifests = map[string]Manifest{
	"empty":  {},
	"inline": {Size: 5, Inline: []byte("hello")},
	"parts":  {Size: 3 << 20, Level: 1, Parts: []Part{part(1, 1<<20), {Chunk: id.Chunk{2}, Key: seal.Key{2}, Size: 2 << 20, Packed: true}}},
	"lists":  {Size: 1 << 40, Level: 2, Parts: []Part{part(1, 1<<39), part(2, 1<<39)}},
	"later":  {Size: 1, Inline: []byte("x"), Extra: []Extra{{1, []byte("y")}}},
}

func TestManifestRoundTrip(t *testing.T) {
	for name, want := range manifests {
		b, err := want.Marshal()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := ParseManifest(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		for n := range b {
			if _, err := ParseManifest(b[:n]); !errors.Is(err, ErrFormat) {
				t.Errorf("%s: the first %d bytes: %v, want ErrFormat", name, n, err)
			}
		}
	}
}

// wrong are manifests whose pieces do not make up their size, or that no reader could bear.
var wrong = map[string]Manifest{
	"negative level":     {Level: -1},
	"level 3":            {Level: 3, Parts: []Part{part(1, 1)}, Size: 1},
	"size":               {Size: 6, Inline: []byte("hello")},
	"no parts":           {Level: 1},
	"inline with parts":  {Size: 1, Inline: []byte("x"), Parts: []Part{part(1, 1)}},
	"parts with inline":  {Size: 1, Level: 1, Inline: []byte("x"), Parts: []Part{part(1, 1)}},
	"empty part":         {Level: 1, Parts: []Part{part(1, 0)}},
	"negative part":      {Size: 1, Level: 1, Parts: []Part{part(1, 2), part(1, -1)}},
	"large part":         {Size: MaxPart + 1, Level: 1, Parts: []Part{part(1, MaxPart+1)}},
	"sum":                {Size: 3, Level: 1, Parts: []Part{part(1, 1), part(2, 1)}},
	"overflow":           {Size: math.MinInt64, Level: 2, Parts: []Part{part(1, math.MaxInt64), part(2, 1)}},
	"compressed list":    {Size: 1, Level: 2, Parts: []Part{{Size: 1, Packed: true}}},
	"critical field":     {Extra: []Extra{{128, nil}}},
	"beyond the maximum": {Size: MaxRecord, Inline: make([]byte, MaxRecord)},
}

func TestManifestRefused(t *testing.T) {
	for name, m := range wrong {
		if _, err := m.Marshal(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if _, err := wrong["beyond the maximum"].Marshal(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v, want ErrTooLarge", err)
	}
	b, err := manifests["parts"].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]int{"level": 1, "size": 9, "part": 12 + 64 + 7, "flag": 12 + 72} {
		c := bytes.Clone(b)
		c[at] ^= 2
		if _, err := ParseManifest(c); !errors.Is(err, ErrFormat) {
			t.Errorf("%s changed: %v, want ErrFormat", name, err)
		}
	}
	b[0] = 2
	if _, err := ParseManifest(b); !errors.Is(err, ErrNewer) {
		t.Errorf("format 2: %v, want ErrNewer", err)
	}
}

func TestParts(t *testing.T) {
	want := manifests["parts"].Parts
	b, err := MarshalParts(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseParts(b); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for n := range b {
		got, err := ParseParts(b[:n])
		if n == 1+partSize { // one of the two
			if err != nil || len(got) != 1 {
				t.Errorf("the first part: %v, %v", got, err)
			}
		} else if !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: %v, want ErrFormat", n, err)
		}
	}
	for name, parts := range map[string][]Part{"none": nil, "empty": {part(1, 0)}, "large": {part(1, MaxPart+1)}, "negative": {part(1, -1)}} {
		if _, err := MarshalParts(parts); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	long := make([]Part, MaxPart/partSize+1)
	for i := range long {
		long[i].Size = 1
	}
	if _, err := MarshalParts(long); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d parts: %v, want ErrTooLarge", len(long), err)
	}
	if _, err := MarshalParts(long[1:]); err != nil {
		t.Errorf("%d parts: %v", len(long)-1, err)
	}
	b[0] = 3
	if _, err := ParseParts(b); !errors.Is(err, ErrNewer) {
		t.Errorf("format 3: %v, want ErrNewer", err)
	}
}

func TestManifestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Manifest{Level: rapid.IntRange(0, 2).Draw(t, "level"), Extra: drawExtras(t)}
		if want.Level == 0 {
			if b := rapid.SliceOf(rapid.Byte()).Draw(t, "inline"); len(b) > 0 {
				want.Inline = b
			}
			want.Size = int64(len(want.Inline))
		} else {
			for range rapid.IntRange(1, 20).Draw(t, "parts") {
				p := part(rapid.Byte().Draw(t, "id"), rapid.Int64Range(1, MaxPart).Draw(t, "size"))
				p.Packed = want.Level == 1 && rapid.Bool().Draw(t, "packed")
				want.Parts = append(want.Parts, p)
				want.Size += p.Size
			}
		}
		b, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseManifest(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
		}
	})
}

func FuzzManifest(f *testing.F) {
	for _, m := range manifests {
		b, err := m.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		if err != nil {
			return
		}
		if again, err := m.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v: written again as\n%x, read from\n%x", err, again, b)
		}
	})
}

func FuzzParts(f *testing.F) {
	b, err := MarshalParts(manifests["parts"].Parts)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		parts, err := ParseParts(b)
		if err != nil {
			return
		}
		if again, err := MarshalParts(parts); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v: written again as\n%x, read from\n%x", err, again, b)
		}
	})
}
