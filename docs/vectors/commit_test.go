package vectors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// The examples show each field under the name that docs/format.md gives it; times as RFC 3339.

type extra struct {
	Tag   uint8  `json:"tag"`
	Value octets `json:"value"`
}

type manifestVector struct {
	Name   string       `json:"name"`
	Level  int          `json:"level"`
	Size   int64        `json:"size"`
	Extra  []extra      `json:"optional_fields,omitempty"`
	Inline octets       `json:"content,omitempty"`
	Parts  []partVector `json:"parts,omitempty"`
	Bytes  octets       `json:"bytes"`
	List   octets       `json:"bytes_of_the_parts_as_a_list,omitempty"`
}

type partVector struct {
	Chunk  octets `json:"chunk_id"`
	Key    octets `json:"chunk_key"`
	Size   int64  `json:"size"`
	Packed bool   `json:"compressed"`
}

func (v manifestVector) manifest() commit.Manifest {
	m := commit.Manifest{Size: v.Size, Level: v.Level, Inline: v.Inline, Extra: extras(v.Extra)}
	for _, p := range v.Parts {
		m.Parts = append(m.Parts, commit.Part{Chunk: id.Chunk(p.Chunk), Key: seal.Key(p.Key), Size: p.Size, Packed: p.Packed})
	}
	return m
}

func extras(list []extra) (out []commit.Extra) {
	for _, e := range list {
		out = append(out, commit.Extra{Tag: e.Tag, Value: e.Value})
	}
	return out
}

func freshManifests(t *testing.T) []manifestVector {
	part := func(name string, size int64, packed bool) partVector {
		i, k := key(name+" id"), key(name+" key")
		return partVector{i[:], k[:], size, packed}
	}
	list := []manifestVector{
		{Name: "small content", Size: 8, Inline: octets("photo.\n\x00")},
		{Name: "two chunks, the second compressed", Level: 1, Size: 3145729, Parts: []partVector{part("a", 2097152, false), part("b", 1048577, true)}},
		{Name: "two lists", Level: 2, Size: 1 << 37, Parts: []partVector{part("c", 1<<36, false), part("d", 1<<36, false)}},
		{Name: "with a field of a later version", Size: 1, Inline: octets("x"), Extra: []extra{{1, octets("y")}, {127, octets{}}}},
	}
	for i, v := range list {
		b, err := v.manifest().Marshal()
		if err != nil {
			t.Fatal(err)
		}
		list[i].Bytes = b
		if v.Level == 1 {
			if list[i].List, err = commit.MarshalParts(v.manifest().Parts); err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

func TestManifests(t *testing.T) {
	list := load(t, "manifest.json", freshManifests)
	if len(list) == 0 {
		t.Fatal("no examples")
	}
	for _, v := range list {
		want := v.manifest()
		b, err := want.Marshal()
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		same(t, v.Name, b, v.Bytes)
		got, err := commit.ParseManifest(v.Bytes)
		if err != nil || show(got) != show(want) {
			t.Errorf("%s: read as %s, %v", v.Name, show(got), err)
		}
		if v.Level == 1 {
			if parts, err := commit.ParseParts(v.List); err != nil || show(parts) != show(want.Parts) {
				t.Errorf("%s: list read as %s, %v", v.Name, show(parts), err)
			}
		}
	}
}

// show prints a value with its keys, which do not print themselves.
func show(v any) string {
	switch v := v.(type) {
	case commit.Manifest:
		return fmt.Sprintf("%d %d %x %v %s", v.Level, v.Size, v.Inline, v.Extra, show(v.Parts))
	case []commit.Part:
		var b strings.Builder
		for _, p := range v {
			fmt.Fprintf(&b, "%x %x %d %v; ", p.Chunk[:], p.Key[:], p.Size, p.Packed)
		}
		return b.String()
	}
	return fmt.Sprintf("%#v", v)
}

type recordVector struct {
	Time    time.Time  `json:"time"`
	Session octets     `json:"session"`
	Account octets     `json:"account"`
	Device  octets     `json:"device"`
	Author  string     `json:"author"`
	Door    string     `json:"door"`
	Extra   []extra    `json:"optional_fields,omitempty"`
	Ops     []opVector `json:"operations"`
	Bytes   octets     `json:"bytes"`
}

type opVector struct {
	Kind     commit.Kind   `json:"kind"`
	File     octets        `json:"file"`
	Parent   octets        `json:"parent,omitempty"`
	Name     string        `json:"name,omitempty"`
	Version  octets        `json:"version,omitempty"`
	Key      octets        `json:"key,omitempty"`
	Epoch    octets        `json:"epoch,omitempty"`
	Size     int64         `json:"size,omitempty"`
	Modified time.Time     `json:"modified,omitzero"`
	Equal    octets        `json:"equal,omitempty"`
	Sums     []commit.Sum  `json:"checksums,omitempty"`
	Props    []commit.Prop `json:"properties,omitempty"`
	Extra    []extra       `json:"optional_fields,omitempty"`
}

func (v recordVector) record() commit.Record {
	r := commit.Record{When: v.Time, Session: id.Session(v.Session), Account: id.Account(v.Account), Device: id.Device(v.Device),
		Author: v.Author, Door: v.Door, Extra: extras(v.Extra)}
	for _, o := range v.Ops {
		op := commit.Op{Kind: o.Kind, File: id.File(o.File), Name: o.Name, Props: o.Props, Extra: extras(o.Extra)}
		copy(op.Parent[:], o.Parent)
		copy(op.Version[:], o.Version)
		copy(op.Key[:], o.Key)
		copy(op.Epoch[:], o.Epoch)
		copy(op.Equal[:], o.Equal)
		op.Size, op.Modified, op.Sums = o.Size, o.Modified, o.Sums
		r.Ops = append(r.Ops, op)
	}
	return r
}

// word returns an identifier that follows from a word.
func word(s string) octets {
	k := key(s)
	return k[:id.Size]
}

func freshRecords(t *testing.T) []recordVector {
	when := time.Date(2026, 7, 14, 3, 26, 53, 589_793_000, time.UTC)
	equal := key("equal")
	save := opVector{Kind: commit.Save, File: word("file"), Parent: word("dir"), Name: "IMG_0001.JPG", Version: word("v1"), Key: word("v1"),
		Epoch: word("epoch"), Size: 3 << 20, Modified: when.Add(-time.Hour), Equal: equal[:],
		Sums: []commit.Sum{{Algorithm: "SHA1", Value: "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}}
	link := save
	link.Kind, link.File, link.Name, link.Version, link.Sums = commit.Link, word("copy"), "IMG_0001 のコピー.JPG", word("v2"), nil
	r := recordVector{Time: when, Session: word("session"), Account: word("account"), Device: word("device"), Author: "田中 花子", Door: "webdav",
		Extra: []extra{{5, octets("later")}}}
	r.Ops = []opVector{
		{Kind: commit.Mkdir, File: word("dir"), Parent: make(octets, 16), Name: "3年B組"},
		{Kind: commit.Touch, File: word("empty"), Parent: word("dir"), Name: "名簿.xlsx", Modified: when},
		save, link,
		{Kind: commit.Move, File: word("copy"), Parent: make(octets, 16), Name: "がく.JPG", Extra: []extra{{1, octets{1}}}},
		{Kind: commit.Remove, File: word("copy")},
		{Kind: commit.SetProp, File: word("file"), Modified: when, Props: []commit.Prop{{Space: "urn:schemas-microsoft-com:", Name: "Win32FileAttributes", Value: "00000020"}}},
		{Kind: commit.Preview, File: word("file"), Version: word("v3"), Key: word("v1"), Epoch: word("epoch"), Size: 40 << 10},
	}
	list := []recordVector{r, {Session: make(octets, 16), Account: make(octets, 16), Device: make(octets, 16), Ops: []opVector{}}}
	for i, v := range list {
		b, err := v.record().Marshal()
		if err != nil {
			t.Fatal(err)
		}
		list[i].Bytes = b
	}
	return list
}

func TestRecords(t *testing.T) {
	list := load(t, "record.json", freshRecords)
	if len(list) == 0 {
		t.Fatal("no examples")
	}
	for i, v := range list {
		want := v.record()
		b, err := want.Marshal()
		if err != nil {
			t.Errorf("record %d: %v", i, err)
		}
		same(t, fmt.Sprintf("record %d", i), b, v.Bytes)
		if got, err := commit.ParseRecord(v.Bytes); err != nil || show(got) != show(want) {
			t.Errorf("record %d: read as\n%s, %v\nwant\n%s", i, show(got), err, show(want))
		}
	}
}
