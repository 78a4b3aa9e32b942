package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

var when = time.Date(2026, 7, 13, 3, 4, 5, 678_000_000, time.UTC)

// full uses every field.
func full() Event {
	return Event{Kind: Released, When: when, Session: id.Session{1}, Account: id.Account{2}, Actor: "佐藤", Device: id.Device{3},
		Address: netip.MustParseAddr("192.0.2.7"), Door: "webdav", Share: id.Share{4}, Purpose: account.Open,
		Until: when.Add(5 * time.Minute), Files: []File{{id.Version{5}, []byte("sealed")}, {Version: id.Version{6}}},
		Target: "tanaka", Pack: 7, Size: 8, Digest: [32]byte{9}, Note: "why"}
}

func TestEveryFieldComesBack(t *testing.T) {
	want := full()
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Extra" {
			t.Fatalf("the example does not use the field %s", name)
		}
	}
	b, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v, %v\nwant %+v", got, err, want)
	}
	j, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got = Event{}
	if err := json.Unmarshal(j, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("from JSON = %+v, %v\nwant %+v", got, err, want)
	}
}

func TestJSONIsAContract(t *testing.T) {
	tests := []struct {
		e    Event
		want string
	}{
		{Event{Kind: Heartbeat, When: when}, `{"kind":"heartbeat","when":"2026-07-13T03:04:05.678Z"}`},
		{full(), `{"kind":"released","when":"2026-07-13T03:04:05.678Z","session":"01000000000000000000000000000000",` +
			`"account":"02000000000000000000000000000000","actor":"佐藤","device":"03000000000000000000000000000000",` +
			`"address":"192.0.2.7","door":"webdav","share":"04000000000000000000000000000000","purpose":"open",` +
			`"until":"2026-07-13T03:09:05.678Z","files":[{"version":"05000000000000000000000000000000","sealed_path":"c2VhbGVk"},` +
			`{"version":"06000000000000000000000000000000"}],"target":"tanaka","pack":7,"size":8,` +
			`"digest":"0900000000000000000000000000000000000000000000000000000000000000","note":"why"}`},
	}
	for _, test := range tests {
		got, err := json.Marshal(test.e)
		if err != nil || string(got) != test.want {
			t.Errorf("JSON = %s, %v\nwant %s", got, err, test.want)
		}
	}
}

// The bytes of an event never change: ledgers are kept for decades.
func TestBytesAreAContract(t *testing.T) {
	const want = "010872656c65617365640000019f596e8f2e0100100100000000000000000000000000000002001002000000000000000000000000000000030006e4bd90e897a404001003000000000000000000000000000000050004c0000207060006776562646176070010040000000000000000000000000000000800046f70656e0900080000019f5973230e0a002a0500000000000000000000000000000000067365616c65640600000000000000000000000000000000000b000674616e616b610c000800000000000000070d000800000000000000080e002009000000000000000000000000000000000000000000000000000000000000000f0003776879"
	got, err := full().Marshal()
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("Marshal = %x, %v\nwant %s", got, err, want)
	}
}

// event draws any event that a keeper could make.
func event(t *rapid.T) Event {
	text := rapid.OneOf(rapid.Just(""), rapid.StringN(0, 40, 200))
	ids := rapid.OneOf(rapid.Just([16]byte{}), rapid.Custom(func(t *rapid.T) (x [16]byte) {
		copy(x[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		return x
	}))
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(minTime, maxTime).Draw(t, "ms")).UTC()
	})
	e := Event{Kind: Kind(rapid.StringN(1, 20, 60).Draw(t, "kind")), When: moment.Draw(t, "when"),
		Session: id.Session(ids.Draw(t, "session")), Account: id.Account(ids.Draw(t, "account")), Actor: text.Draw(t, "actor"),
		Device: id.Device(ids.Draw(t, "device")), Door: text.Draw(t, "door"), Share: id.Share(ids.Draw(t, "share")),
		Purpose: account.Purpose(text.Draw(t, "purpose")), Target: text.Draw(t, "target"), Note: text.Draw(t, "note"),
		Pack: rapid.Uint64().Draw(t, "pack"), Size: rapid.Int64().Draw(t, "size")}
	if rapid.Bool().Draw(t, "until?") {
		e.Until = moment.Draw(t, "until")
	}
	switch rapid.IntRange(0, 2).Draw(t, "address") {
	case 1:
		e.Address = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")))
	case 2:
		e.Address = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6")))
	}
	for range rapid.IntRange(0, 5).Draw(t, "files") {
		f := File{Version: id.Version(ids.Draw(t, "version"))}
		if p := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "path"); len(p) > 0 {
			f.Path = p
		}
		e.Files = append(e.Files, f)
	}
	for tag := 16 + rapid.IntRange(0, 200).Draw(t, "gap"); tag <= maxExtra; tag += 1 + rapid.IntRange(0, 60).Draw(t, "gap") {
		e.Extra = append(e.Extra, Extra{uint8(tag), rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "extra")})
	}
	return e
}

func TestAnyEventComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := event(t)
		b, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Parse = %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestMarshalMakesTheBestOfWhatItGets(t *testing.T) {
	e := Event{Kind: LoginFailed, When: when.Add(time.Microsecond), Actor: "a\xffb", Address: netip.MustParseAddr("fe80::1%eth0")}
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	want := Event{Kind: LoginFailed, When: when, Actor: "a\uFFFDb", Address: netip.MustParseAddr("fe80::1")}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, want)
	}
}

func TestRefused(t *testing.T) {
	head := append([]byte{1, 1, 'x'}, make([]byte, 8)...)
	field := func(tag uint8, value ...byte) []byte { return append([]byte{tag, 0, byte(len(value))}, value...) }
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrFormat},
		{"format 0", []byte{0}, ErrFormat},
		{"format 2", []byte{2}, ErrNewer},
		{"no kind", append([]byte{1, 0}, make([]byte, 8)...), ErrFormat},
		{"no time", head[:10], ErrFormat},
		{"late time", append([]byte{1, 1, 'x', 0x7f}, make([]byte, 7)...), ErrFormat},
		{"field twice", bytes.Join([][]byte{head, field(3, 'a'), field(3, 'a')}, nil), ErrFormat},
		{"fields in disorder", bytes.Join([][]byte{head, field(6, 'a'), field(3, 'a')}, nil), ErrFormat},
		{"field 0", append(head[:11:11], field(0, 'a')...), ErrFormat},
		{"empty text", append(head[:11:11], field(3)...), ErrFormat},
		{"no UTF-8", append(head[:11:11], field(3, 0xff)...), ErrFormat},
		{"zero number", append(head[:11:11], field(12, make([]byte, 8)...)...), ErrFormat},
		{"zero identifier", append(head[:11:11], field(1, make([]byte, 16)...)...), ErrFormat},
		{"long identifier", append(head[:11:11], field(1, bytes.Repeat([]byte{1}, 17)...)...), ErrFormat},
		{"address of 5 bytes", append(head[:11:11], field(5, 1, 2, 3, 4, 5)...), ErrFormat},
		{"must be known", append(head[:11:11], field(128, 1)...), ErrNewer},
		{"cut", append(head[:11:11], 3, 0, 9, 'a'), ErrFormat},
		{"too large", make([]byte, MaxSize+1), ErrFormat},
	}
	for _, test := range tests {
		if _, err := Parse(test.data); !errors.Is(err, test.want) {
			t.Errorf("%s: Parse = %v, want %v", test.name, err, test.want)
		}
	}
	for name, e := range map[string]Event{
		"no kind":        {When: when},
		"year 10000":     {Kind: Heartbeat, When: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"known as extra": {Kind: Heartbeat, When: when, Extra: []Extra{{Tag: 3}}},
		"extra too high": {Kind: Heartbeat, When: when, Extra: []Extra{{Tag: 128}}},
		"too large":      {Kind: Heartbeat, When: when, Note: strings.Repeat("n", MaxSize)},
		"far too large":  {Kind: Heartbeat, When: when, Note: strings.Repeat("n", 1<<17)},
	} {
		if b, err := e.Marshal(); err == nil {
			t.Errorf("%s: Marshal gave %d bytes, want an error", name, len(b))
		}
	}
}

func TestSplitKeepsEveryFileInOrder(t *testing.T) {
	for _, n := range []int{0, 1, 300, 10_000} {
		e := full()
		e.Files = nil
		for i := range n {
			e.Files = append(e.Files, File{id.Version{byte(i), byte(i >> 8), 1}, bytes.Repeat([]byte{'p'}, 44+i%900)})
		}
		parts, err := e.Split()
		if err != nil {
			t.Fatal(err)
		}
		var files []File
		for _, p := range parts {
			if b, err := p.Marshal(); err != nil {
				t.Errorf("a part of %d files: %d bytes, %v", len(p.Files), len(b), err)
			}
			files = append(files, p.Files...)
			p.Files = e.Files
			if !reflect.DeepEqual(p, e) {
				t.Errorf("a part differs in more than its files")
			}
		}
		if !reflect.DeepEqual(files, e.Files) {
			t.Errorf("%d files became %d", len(e.Files), len(files))
		}
	}
	e := Event{Kind: Released, When: when, Files: []File{{Path: make([]byte, MaxSize)}}}
	if _, err := e.Split(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Split of a path that fits nowhere = %v, want ErrTooLarge", err)
	}
}

func FuzzEvent(f *testing.F) {
	seeds := 0
	for _, e := range []Event{{Kind: Heartbeat, When: when}, full(), {Kind: "of-tomorrow", When: when, Extra: []Extra{{99, []byte{1}}}}} {
		b, err := e.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			return
		}
		got, err := e.Marshal()
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("Marshal(Parse(%x)) = %x, %v", data, got, err)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("JSON: %v", err)
		}
	})
}
