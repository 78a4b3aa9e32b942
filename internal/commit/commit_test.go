package commit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

func TestLimitsFit(t *testing.T) {
	if got, want := MaxRecord+seal.OnceOverhead, pack.MaxPayload; got != want {
		t.Errorf("the largest sealed record has %d bytes, a frame %d", got, want)
	}
	if MaxPart != chunk.Max {
		t.Errorf("a part may have %d bytes, a chunk %d", MaxPart, chunk.Max)
	}
}

var day = time.Date(2026, 7, 14, 3, 26, 53, 589_793_000, time.UTC)

// sample is a record with every kind of operation.
func sample() Record {
	v := Content{Version: id.Version{1}, Key: id.Version{1}, Epoch: id.Epoch{2}, Size: 3 << 20, Modified: day, Equal: [32]byte{3},
		Sums: []Sum{{"SHA1", strings.Repeat("a", 40)}}}
	link := v
	link.Version = id.Version{9}
	link.Sums = nil
	held := v
	held.Version, held.Key = id.Version{10}, id.Version{10}
	return Record{
		When: day, Session: id.Session{4}, Account: id.Account{5}, Device: id.Device{6}, Author: "田中 花子", Door: "webdav",
		Ops: []Op{
			{Kind: Mkdir, File: id.File{1}, Name: "3年B組"},
			{Kind: Touch, File: id.File{2}, Parent: id.File{1}, Name: "名簿.xlsx", Content: Content{Modified: day}},
			{Kind: Save, File: id.File{3}, Parent: id.File{1}, Name: "IMG_0001.JPG", Content: v},
			{Kind: Link, File: id.File{4}, Parent: id.File{1}, Name: "IMG_0001 コピー.JPG", Content: link},
			{Kind: Move, File: id.File{4}, Name: "x", Extra: []Extra{{7, []byte("later")}, {127, []byte{}}}},
			{Kind: Remove, File: id.File{4}},
			{Kind: SetProp, File: id.File{3}, Content: Content{Modified: day}, Props: []Prop{{"urn:schemas-microsoft-com:", "Win32FileAttributes", "00000020"}}},
			{Kind: Hold, File: id.File{3}, Content: held, Sign: "broken"},
			{Kind: HoldRemove, File: id.File{4}, Content: Content{Version: id.Version{11}, Key: id.Version{11}}},
			{Kind: Settle, File: id.File{3}, Content: Content{Version: id.Version{10}, Key: id.Version{10}}},
			{Kind: Expire, File: id.File{3}, Content: Content{Version: id.Version{1}, Key: id.Version{1}}},
			{Kind: Preview, File: id.File{3}, Content: Content{Version: id.Version{7}, Key: id.Version{1}, Epoch: id.Epoch{2}, Size: 40 << 10}},
		},
		Extra: []Extra{{1, []byte{1, 2, 3}}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	want := sample()
	b, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for n := range b { // every beginning of a record is refused, but the one without operations and those at their borders
		if r, err := ParseRecord(b[:n]); err == nil {
			if again, err := r.Marshal(); err != nil || !bytes.Equal(again, b[:n]) {
				t.Errorf("the first %d bytes are read as something else: %v", n, err)
			}
		} else if !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: %v, want ErrFormat", n, err)
		}
	}
}

func TestNoTime(t *testing.T) {
	b, err := Record{Ops: []Op{{Kind: SetProp}}}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecord(b)
	if err != nil || r.When != (time.Time{}) || !r.Ops[0].Modified.IsZero() {
		t.Errorf("got %+v, %v; want no time", r, err)
	}
}

func TestRecordRefusesWhatItWouldLose(t *testing.T) {
	for name, op := range map[string]Op{
		"unknown kind":        {Kind: 13},
		"no kind":             {},
		"name of a removal":   {Kind: Remove, Name: "x"},
		"version of a move":   {Kind: Move, Content: Content{Version: id.Version{1}, Key: id.Version{1}}},
		"origin of a save":    {Kind: Save, Content: Content{Version: id.Version{1}, Key: id.Version{2}}},
		"save without key":    {Kind: Save, Content: Content{Version: id.Version{1}}},
		"props of a save":     {Kind: Save, Props: []Prop{{"a", "b", "c"}}},
		"size of a touch":     {Kind: Touch, Content: Content{Size: 1}},
		"sums of a touch":     {Kind: Touch, Content: Content{Sums: []Sum{{"MD5", "x"}}}},
		"time of a removal":   {Kind: Remove, Content: Content{Modified: day}},
		"negative size":       {Kind: Save, Content: Content{Size: -1}},
		"year 10000":          {Kind: Touch, Content: Content{Modified: day.AddDate(8000, 0, 0)}},
		"year 0":              {Kind: Touch, Content: Content{Modified: day.AddDate(-2026, 0, 0)}},
		"critical field":      {Kind: Remove, Extra: []Extra{{128, nil}}},
		"field zero":          {Kind: Remove, Extra: []Extra{{0, nil}}},
		"field twice":         {Kind: Remove, Extra: []Extra{{1, nil}, {1, nil}}},
		"fields out of order": {Kind: Remove, Extra: []Extra{{2, nil}, {1, nil}}},
		"long field":          {Kind: Remove, Extra: []Extra{{1, make([]byte, 1<<16)}}},
		"name of a preview":   {Kind: Preview, Name: "x", Content: Content{Version: id.Version{1}, Key: id.Version{2}}},
		"long name":           {Kind: Move, Name: strings.Repeat("x", 1<<16)},
		"finding of a move":   {Kind: Move, Content: Content{Found: Found{Looked: true}}},
		"finding of nobody":   {Kind: Save, Content: Content{Found: Found{Kind: "jpeg"}}},
		"finding by hand":     {Kind: Save, Extra: []Extra{{tagFound, nil}}},
		"sign by hand":        {Kind: Remove, Extra: []Extra{{tagSign, []byte("broken")}}},
		"long sign":           {Kind: Remove, Sign: strings.Repeat("x", maxSign+1)},
		"many sums":           {Kind: Save, Content: Content{Sums: make([]Sum, 256)}},
		"many properties":     {Kind: SetProp, Props: make([]Prop, 1<<16)},
	} {
		if b, err := (Record{Ops: []Op{op}}).Marshal(); err == nil {
			t.Errorf("%s: written as %d bytes", name, len(b))
		}
	}
	if _, err := (Record{When: day.AddDate(8000, 0, 0)}).Marshal(); err == nil {
		t.Error("a record of the year 10026 was written")
	}
}

// TestRecordSizes holds the promises about size: ten thousand long names in one act, an op of a
// photograph within 250 bytes, and a clear error beyond.
func TestRecordSizes(t *testing.T) {
	s := sample()
	save := s.Ops[2]
	s.Ops = []Op{save}
	one, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s.Ops = append(s.Ops, save)
	two, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(two) - len(one); n < 150 || n > 250 {
		t.Errorf("a save of a photograph takes %d bytes", n)
	}
	save.Name = strings.Repeat("か\u3099", 170) // 1,020 bytes as a Mac sends them, 510 composed: longer than any name allowed
	s.Ops = s.Ops[:0]
	for range 10_000 {
		s.Ops = append(s.Ops, save)
	}
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecord(b)
	if err != nil || len(r.Ops) != 10_000 {
		t.Errorf("%d operations read back, %v", len(r.Ops), err)
	}
	if _, err := ParseRecord(make([]byte, MaxRecord+1)); !errors.Is(err, ErrFormat) {
		t.Errorf("a record beyond the limit: %v", err)
	}
	for len(s.Ops) < 20_000 {
		s.Ops = append(s.Ops, save)
	}
	if _, err := s.Marshal(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("20,000 long names: %v, want ErrTooLarge", err)
	}
	if _, err := (Record{Ops: make([]Op, MaxOps+1)}).Marshal(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d operations: %v, want ErrTooLarge", MaxOps+1, err)
	}
}

func TestNewerIsRefused(t *testing.T) {
	empty, err := Record{}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(empty)
	newer[0] = 2
	field := bytes.Clone(empty)
	field = append(field[:len(field)-1], 3, 128, 0, 0)
	for name, b := range map[string][]byte{
		"format 2":       newer,
		"kind 13":        append(bytes.Clone(empty), 0, 0, 17, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		"critical field": field,
	} {
		if _, err := ParseRecord(b); !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v, want ErrNewer", name, err)
		}
	}
	many := bytes.Clone(empty)
	many = append(many, bytes.Repeat(append([]byte{0, 0, 17, byte(Remove)}, make([]byte, 16)...), MaxOps)...)
	if _, err := ParseRecord(many); err != nil {
		t.Errorf("%d operations: %v", MaxOps, err)
	}
	many = append(many, append([]byte{0, 0, 17, byte(Remove)}, make([]byte, 16)...)...)
	if _, err := ParseRecord(many); !errors.Is(err, ErrFormat) {
		t.Errorf("%d operations: %v, want ErrFormat", MaxOps+1, err)
	}
	if _, err := ParseRecord([]byte{0}); !errors.Is(err, ErrFormat) {
		t.Errorf("format 0: %v, want ErrFormat", err)
	}
}

// Generators of what Marshal accepts.

func drawID(t *rapid.T, label string) (x [16]byte) {
	copy(x[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
	return x
}

func drawTime(t *rapid.T, label string) time.Time {
	return time.UnixMicro(rapid.Int64Range(minTime, maxTime).Draw(t, label)).UTC()
}

func drawExtras(t *rapid.T) (extras []Extra) {
	tag := 0
	for range rapid.IntRange(0, 3).Draw(t, "extras") {
		if tag = rapid.IntRange(tag+1, MaxExtra).Draw(t, "tag"); tag == MaxExtra {
			break
		}
		extras = append(extras, Extra{uint8(tag), rapid.SliceOf(rapid.Byte()).Draw(t, "value")})
	}
	return extras
}

func drawFound(t *rapid.T) Found {
	if rapid.Bool().Draw(t, "nobody looked") {
		return Found{}
	}
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	return Found{Looked: true, Deep: flag("deep"), Damaged: flag("damaged"), Sealed: flag("sealed"), Even: flag("even"), Kind: rapid.StringN(0, 20, 80).Draw(t, "kind"),
		Reason: rapid.StringN(0, 20, 80).Draw(t, "reason"), At: rapid.Int64Min(0).Draw(t, "at"), Trailing: rapid.Int64Min(0).Draw(t, "trailing")}
}

func drawOp(t *rapid.T) Op {
	o := Op{Kind: Kind(rapid.IntRange(int(Mkdir), int(Settle)).Draw(t, "kind")), File: drawID(t, "file"), Extra: drawExtras(t),
		Sign: rapid.StringN(0, 8, maxSign).Draw(t, "sign")}
	has := layout[o.Kind]
	o.Extra = slices.DeleteFunc(o.Extra, func(e Extra) bool { return e.Tag == tagSign || e.Tag == tagFound && has&sums != 0 })
	if len(o.Extra) == 0 {
		o.Extra = nil
	}
	if has&place != 0 {
		o.Parent, o.Name = drawID(t, "parent"), rapid.String().Draw(t, "name")
	}
	if has&version != 0 {
		o.Version = drawID(t, "version")
		o.Key = o.Version
	}
	if has&origin != 0 {
		o.Key = drawID(t, "origin")
	}
	if has&content != 0 {
		o.Epoch, o.Size = drawID(t, "epoch"), rapid.Int64Min(0).Draw(t, "size")
	}
	if has&modified != 0 {
		o.Modified = drawTime(t, "modified")
	}
	if has&sums != 0 {
		o.Equal[3] = rapid.Byte().Draw(t, "equal")
		o.Found = drawFound(t)
		for range rapid.IntRange(0, 3).Draw(t, "sums") {
			o.Sums = append(o.Sums, Sum{rapid.String().Draw(t, "algorithm"), rapid.String().Draw(t, "sum")})
		}
	}
	if has&props != 0 {
		for range rapid.IntRange(0, 3).Draw(t, "props") {
			o.Props = append(o.Props, Prop{rapid.String().Draw(t, "space"), rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value")})
		}
	}
	return o
}

func TestRecordProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Record{When: drawTime(t, "when"), Session: drawID(t, "session"), Account: drawID(t, "account"), Device: drawID(t, "device"),
			Author: rapid.String().Draw(t, "author"), Door: rapid.String().Draw(t, "door"), Extra: drawExtras(t)}
		for range rapid.IntRange(0, 5).Draw(t, "ops") {
			want.Ops = append(want.Ops, drawOp(t))
		}
		b, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRecord(b)
		if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
			t.Errorf("%v\ngot  %#v\nwant %#v", err, got, want)
		}
	})
}

func FuzzCommitRecord(f *testing.F) {
	full, err := sample().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	empty, err := Record{}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRecord(b)
		if err != nil {
			return
		}
		if again, err := r.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%v: written again as\n%x, read from\n%x", err, again, b)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	s := sample()
	op := s.Ops[2]
	s.Ops = s.Ops[:0]
	for range 1000 {
		s.Ops = append(s.Ops, op)
	}
	bytes, err := s.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Marshal(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseRecord(bytes); err != nil {
				b.Fatal(err)
			}
		}
	})
}
