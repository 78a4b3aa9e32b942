package logbook

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/seal"
)

var (
	monday = time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	key    = seal.NewKey()
)

// line makes the n-th line.
func line(n int) Line {
	return Line{Received: monday.Add(time.Duration(n) * time.Second), Stated: monday.Add(time.Duration(n)*time.Second - 3*time.Millisecond), Source: netip.MustParseAddr("192.0.2.1"), Device: "gw", Maker: "fortigate",
		Kind: "vpn-login", Account: "佐藤", Address: netip.MustParseAddr("2001:db8::7"), Raw: fmt.Appendf(nil, "<1>line %d \xff", n)}
}

func lines(from, to int) (out []Line) {
	for n := from; n < to; n++ {
		out = append(out, line(n))
	}
	return out
}

func open(t testing.TB, p *durabletest.Platter) *Book {
	t.Helper()
	b, err := Open(Config{FS: p, Dir: "/logbook", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func add(t testing.TB, b *Book, l []Line) Batch {
	t.Helper()
	x, err := b.Append(l)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestLinesComeBack: what was written comes back as it was, the newest first and in a window, also after a restart; on disk nothing tells of it.
func TestLinesComeBack(t *testing.T) {
	p := durabletest.New(t)
	b := open(t, p)
	first := add(t, b, lines(0, 3))
	add(t, b, lines(3, 5))
	b = open(t, p)
	if b.Last().Number != 2 || b.Last().Lines != 2 || add(t, b, lines(100, 101)).Number != 3 {
		t.Errorf("the last is %+v", b.Last())
	}
	var got []Line
	for pg, err := range b.Newest(t.Context(), monday, monday.Add(50*time.Second), false) {
		if err != nil || pg.Err != nil {
			t.Fatal(err, pg.Err)
		}
		got = append(got, pg.Content...)
	}
	if want := append(lines(3, 5), lines(0, 3)...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if first.First != monday || first.Last != monday.Add(2*time.Second) || !b.Since().Equal(monday) {
		t.Errorf("%+v since %v", first, b.Since())
	}
	for _, name := range p.Names() {
		if c, err := p.ReadFile(name); err == nil && (bytes.Contains(c, []byte("line")) || bytes.Contains(c, []byte("gw"))) {
			t.Errorf("%s tells what is in it", name)
		}
	}
}

// TestRoot: the digest is the root of RFC 6962, so that a line can be proven with the tools of others.
func TestRoot(t *testing.T) {
	for n := 1; n < 20; n++ {
		l := lines(0, n)
		_, root, err := encode(l)
		if err != nil {
			t.Fatal(err)
		}
		var hashes []tlog.Hash
		read := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
			for _, i := range at {
				out = append(out, hashes[i])
			}
			return out, nil
		})
		for i := range l {
			h, err := tlog.StoredHashes(int64(i), l[i].append(nil), read)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, h...)
		}
		if want, err := tlog.TreeHash(int64(n), read); err != nil || want != tlog.Hash(root) {
			t.Errorf("%d lines: %x, want %x, %v", n, root, want, err)
		}
	}
}

// TestFilesAreSmall: each day begins another file; what is older than a time goes, once the ledger was told, and nothing else.
func TestFilesAreSmall(t *testing.T) {
	p := durabletest.New(t)
	b := open(t, p)
	day := int(fullTime / time.Second)
	for d := range 4 {
		add(t, b, lines(d*day, d*day+2))
	}
	if n := len(p.Names()); n < 4 {
		t.Fatalf("%d names", n)
	}
	refused := errors.New("no")
	if err := b.RemoveBefore(monday.Add(2*fullTime+time.Second), func(uint64, int) error { return refused }); !errors.Is(err, refused) || b.Since() != monday {
		t.Errorf("what the ledger was not told: %v, since %v", err, b.Since())
	}
	var kept uint64
	if err := b.RemoveBefore(monday.Add(2*fullTime+time.Second), func(first uint64, files int) error { kept = first; return nil }); err != nil || kept != 3 {
		t.Errorf("%v; kept from %d on", err, kept)
	}
	if err := b.RemoveBefore(monday.Add(1000*time.Hour), func(uint64, int) error { return nil }); err != nil {
		t.Error(err)
	}
	b = open(t, p)
	if b.Last().Number != 4 || add(t, b, lines(4*day, 4*day+1)).Number != 5 {
		t.Errorf("after all is old the last is %+v", b.Last())
	}
}

// pages reads all.
func pages(t *testing.T, b *Book) (out []string) {
	for pg, err := range b.Pages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprint(pg.Number)
		if pg.Err != nil {
			s += "!"
		}
		out = append(out, s)
	}
	return out
}

// TestHurt: whatever becomes of some bytes, the batches before and behind are read, what lies between is said to be none, and no number comes twice.
func TestHurt(t *testing.T) {
	p := durabletest.New(t)
	b := open(t, p)
	for n := range 3 {
		add(t, b, lines(n, n+1))
	}
	name := filepath.Join("/logbook", nameOf(1, 0))
	whole, err := p.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.Index(whole[1:], magic) + 1
	for _, at := range []int{second, second + 12, second + 41, second + headSize + 3} {
		hurt := bytes.Clone(whole)
		hurt[at] ^= 1
		if err := p.SetFile(name, hurt); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(pages(t, open(t, p)), " "); got != "1 0! 3" {
			t.Errorf("byte %d: %s", at, got)
		}
	}
	for cut := second + 1; cut < len(whole); cut += 7 {
		if err := p.SetFile(name, whole[:cut]); err != nil {
			t.Fatal(err)
		}
		x := open(t, p)
		n := x.Last().Number
		if n < 1 || n > 2 || add(t, x, lines(9, 10)).Number != n+1 {
			t.Errorf("cut at %d: the last is %d", cut, n)
		}
		for _, other := range p.Names() {
			if strings.HasSuffix(other, suffix) && other != name {
				if err := p.Remove(other); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestFullDisk: while a disk takes nothing, files do not become more and more; then all goes on.
func TestFullDisk(t *testing.T) {
	p := durabletest.New(t)
	b := open(t, p)
	add(t, b, lines(0, 1))
	for _, kind := range []durabletest.Kind{durabletest.Write, durabletest.Sync} {
		p.Inject(durabletest.Fault{Kind: kind, N: p.Calls(kind) + 1, Err: errors.New("full"), Times: -1})
		for range 20 {
			if _, err := b.Append(lines(1, 2)); err == nil {
				t.Fatal("a disk that is full takes a batch")
			}
		}
		p.Heal()
	}
	add(t, b, lines(1, 2))
	if got := strings.Join(pages(t, open(t, p)), " "); got != "1 0! 2" && got != "1 2" {
		t.Error(got)
	}
	n := 0
	for _, name := range p.Names() {
		if strings.HasSuffix(name, suffix) {
			n++
		}
	}
	if n > 2 {
		t.Errorf("%d files", n)
	}
}

// TestFaults: whatever fails and whenever the power goes, what Append has acknowledged is there, and a batch is there whole or not.
func TestFaults(t *testing.T) {
	durabletest.Each(t, func(t *testing.T, p *durabletest.Platter) {
		b, err := Open(Config{FS: p, Dir: "/logbook", Key: key})
		if err != nil {
			return
		}
		defer b.Close()
		acked := make(map[uint64][32]byte)
		for n := range 3 {
			if x, err := b.Append(lines(n, n+2)); err == nil {
				acked[x.Number] = x.Root
			}
		}
		for after := range p.Crashes(4) {
			again, err := Open(Config{FS: after, Dir: "/logbook", Key: key})
			if err != nil {
				t.Fatal(err)
			}
			left := len(acked)
			for pg, err := range again.Pages(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if root, ok := acked[pg.Number]; ok && pg.Err == nil && root == pg.Root {
					left--
				}
			}
			if left != 0 {
				t.Errorf("%d of %d acknowledged batches are gone", left, len(acked))
			}
			again.Close()
		}
	})
}

func FuzzLines(f *testing.F) {
	plain, _, err := encode(lines(0, 3))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain, 3)
	f.Add([]byte{1}, 1)
	f.Fuzz(func(t *testing.T, plain []byte, n int) {
		l, root, err := decode(plain, n, true)
		if err != nil {
			return
		}
		again, root2, err := encode(l)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(again, plain) && root != root2 {
			t.Error("one encoding has two roots")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	l := make([]Line, 1000)
	for i := range l {
		l[i] = line(i)
		l[i].Raw = []byte(strings.Repeat(fmt.Sprintf("field%d=%d ", i%7, i), 30))
	}
	p := durabletest.New(b)
	book := open(b, p)
	b.ReportAllocs()
	for b.Loop() {
		plain, root, err := encode(l)
		if err != nil {
			b.Fatal(err)
		}
		book.frame(Batch{Number: 1, Lines: len(l), Root: root}, plain)
	}
	b.ReportMetric(float64(len(l))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
