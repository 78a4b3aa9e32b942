package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

var noon = time.Date(2026, 7, 13, 12, 0, 0, 0, time.UTC)

// sealed returns n entries, a minute apart.
func sealed(t testing.TB, from, n int) (entries [][]byte) {
	t.Helper()
	s := NewSealer(seal.Key{1})
	for i := range n {
		e, err := s.Seal(noon.Add(time.Duration(from+i)*time.Minute), fmt.Appendf(nil, "event %d", from+i))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// sample is a ledger of 1,000 entries: three full bundles and a partial one. The checkpoint of 900 is kept.
type sample struct {
	keys    keys
	disk    *durabletest.Platter
	old     []byte // the checkpoint of 900 entries
	oldHead Head
}

func (s *sample) config() Config { return smallFiles(s.keys.config(s.disk, "/ledger")) }

// smallFiles makes tests faster.
func smallFiles(c Config) Config {
	c.FileSize = 64 * block
	return c
}

func newSample(t *testing.T) *sample {
	t.Helper()
	s := &sample{keys: newKeys(t), disk: durabletest.New(t)}
	for _, n := range []int{300, 600, 100} {
		l := open(t, s.config())
		if _, err := l.Append(context.Background(), sealed(t, int(l.Size()), n)...); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if l.Size() == 900 {
			s.old, s.oldHead = s.read(t, checkpointName), l.Head()
		}
	}
	return s
}

func (s *sample) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := s.disk.ReadFile("/ledger/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *sample) change(t *testing.T, name string, f func([]byte) []byte) {
	t.Helper()
	if err := s.disk.SetFile("/ledger/"+name, f(s.read(t, name))); err != nil {
		t.Fatal(err)
	}
}

func (s *sample) remove(t *testing.T, name string) {
	t.Helper()
	if err := s.disk.Remove("/ledger/" + name); err != nil {
		t.Fatal(err)
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = slices.Clone(b)
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
}

// swap exchanges the entries i and i+1 of a bundle.
func swap(i, count int) func([]byte) []byte {
	return func(b []byte) []byte {
		e, err := splitBundle(b, count)
		if err != nil {
			panic(err)
		}
		e[i], e[i+1] = e[i+1], e[i]
		var list []entry
		for _, x := range e {
			list = append(list, entry{data: x})
		}
		g := appendGroup(nil, [16]byte{}, 0, list)
		return g[groupHead : groupHead+len(b)]
	}
}

func (s *sample) walName(t *testing.T) string {
	t.Helper()
	list, err := s.disk.ReadDir("/ledger/wal")
	if err != nil || len(list) != 1 {
		t.Fatalf("write-ahead files: %v, %v", list, err)
	}
	return "wal/" + list[0].Name()
}

func TestEveryTamperingIsNamed(t *testing.T) {
	const bundle1, tile1, edge = "tile/entries/001", "tile/0/001", "tile/entries/003.p/232"
	tests := []struct {
		name string
		do   func(t *testing.T, s *sample)
		want []string // kind, file, entry of each damage
	}{
		{"nothing", func(*testing.T, *sample) {}, nil},
		{"an entry is flipped", func(t *testing.T, s *sample) { s.change(t, bundle1, flip(40)) }, []string{"altered tile/entries/001 256"}},
		{"an entry at the right edge is flipped", func(t *testing.T, s *sample) { s.change(t, edge, flip(-1)) }, []string{"altered tile/entries/003.p/232 999"}},
		{"two entries are exchanged", func(t *testing.T, s *sample) { s.change(t, bundle1, swap(7, 256)) },
			[]string{"altered tile/entries/001 263", "altered tile/entries/001 264"}},
		{"a bundle is cut", func(t *testing.T, s *sample) {
			s.change(t, bundle1, func(b []byte) []byte { return b[:len(b)-1] })
		}, []string{"malformed tile/entries/001"}},
		{"a bundle is longer", func(t *testing.T, s *sample) {
			s.change(t, bundle1, func(b []byte) []byte { return append(b, 0, 0) })
		}, []string{"malformed tile/entries/001"}},
		{"a bundle is gone", func(t *testing.T, s *sample) { s.remove(t, bundle1) }, []string{"missing tile/entries/001"}},
		{"bundles are exchanged", func(t *testing.T, s *sample) {
			a, b := s.read(t, "tile/entries/000"), s.read(t, bundle1)
			s.change(t, "tile/entries/000", func([]byte) []byte { return b })
			s.change(t, bundle1, func([]byte) []byte { return a })
		}, []string{"altered tile/entries/000 0", "…512"}},
		{"a hash is flipped", func(t *testing.T, s *sample) { s.change(t, tile1, flip(100)) }, []string{"altered tile/0/001"}},
		{"a hash at the right edge is flipped", func(t *testing.T, s *sample) { s.change(t, "tile/0/003.p/232", flip(0)) }, []string{"altered tile/0/003.p/232"}},
		{"a hash above is flipped", func(t *testing.T, s *sample) { s.change(t, "tile/1/000.p/3", flip(-1)) }, []string{"altered tile/1/000.p/3"}},
		{"a hash tile is cut", func(t *testing.T, s *sample) {
			s.change(t, tile1, func(b []byte) []byte { return b[:100] })
		}, []string{"malformed tile/0/001"}},
		{"a hash tile is gone", func(t *testing.T, s *sample) { s.remove(t, tile1) }, []string{"missing tile/0/001"}},
		{"an entry and the right edge are flipped", func(t *testing.T, s *sample) {
			s.change(t, bundle1, flip(40))
			s.change(t, "tile/0/003.p/232", flip(0))
		}, []string{"altered tile/entries/001 256", "altered tile/0/003.p/232"}},
		{"an entry and its hash are changed", func(t *testing.T, s *sample) {
			s.change(t, bundle1, flip(40))
			s.change(t, tile1, flip(0))
		}, []string{"altered tile/0/001", "altered tile/1/000.p/3", "wrong-root checkpoint"}},
		{"another key signs", func(t *testing.T, s *sample) { s.keys = newKeys(t) }, []string{"unsigned checkpoint"}},
		{"the checkpoint is flipped", func(t *testing.T, s *sample) { s.change(t, checkpointName, flip(-20)) }, []string{"unsigned checkpoint"}},
		{"the checkpoint is gone", func(t *testing.T, s *sample) { s.remove(t, checkpointName) },
			[]string{"missing checkpoint", "rolled-back wal", "rolled-back checkpoint"}},
		{"an older checkpoint is put back", func(t *testing.T, s *sample) {
			s.change(t, checkpointName, func([]byte) []byte { return s.old })
		}, []string{"rolled-back wal", "rolled-back checkpoint"}},
		{"an older checkpoint, without write-ahead files", func(t *testing.T, s *sample) {
			s.change(t, checkpointName, func([]byte) []byte { return s.old })
			s.remove(t, s.walName(t))
			s.remove(t, "wal")
		}, []string{"rolled-back checkpoint"}},
		{"write-ahead files are gone", func(t *testing.T, s *sample) { s.remove(t, s.walName(t)) }, []string{"missing wal"}},
		{"a write-ahead file is no such", func(t *testing.T, s *sample) { s.change(t, s.walName(t), flip(3)) }, []string{"malformed wal"}},
		{"a write-ahead file of another ledger", func(t *testing.T, s *sample) {
			other := newSample(t)
			s.change(t, s.walName(t), func([]byte) []byte { return other.read(t, other.walName(t)) })
		}, []string{"altered wal"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSample(t)
			test.do(t, s)
			r, err := Verify(context.Background(), Files(s.disk, "/ledger"), s.keys.public)
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() != (len(test.want) == 0) {
				t.Errorf("OK = %v", r.OK())
			}
			var got []string
			for _, d := range r.Damage {
				if strings.HasPrefix(d.File, "wal/") {
					d.File = "wal"
				}
				g := fmt.Sprintf("%s %s", d.Kind, d.File)
				if d.Entry != nil {
					g += fmt.Sprintf(" %d", *d.Entry)
				}
				got = append(got, g)
			}
			if len(test.want) == 2 && strings.HasPrefix(test.want[1], "…") && len(got) > 1 {
				got = []string{got[0], fmt.Sprintf("…%d", len(got))}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("damage %q, want %q\n%+v", got, test.want, r.Damage[:min(len(r.Damage), 4)])
			}
		})
	}
}

func TestHeadsSeenEarlier(t *testing.T) {
	s := newSample(t)
	run := func(h Head) Report {
		t.Helper()
		r, err := Audit{Key: s.keys.public, Seen: []Head{h}}.Run(context.Background(), Files(s.disk, "/ledger"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := run(s.oldHead); !r.OK() {
		t.Errorf("a head of this ledger: %+v", r.Damage)
	}
	other := s.oldHead
	other.Root[0]++
	if r := run(other); len(r.Damage) != 1 || r.Damage[0].Kind != Forked {
		t.Errorf("a head of another ledger: %+v", r.Damage)
	}
	if r := run(Head{Size: 1001}); len(r.Damage) != 1 || r.Damage[0].Kind != RolledBack {
		t.Errorf("a later head: %+v", r.Damage)
	}
}

func TestReportTellsTimes(t *testing.T) {
	ctx := context.Background()
	k, disk := newKeys(t), durabletest.New(t)
	l := open(t, smallFiles(k.config(disk, "/ledger")))
	s := NewSealer(seal.Key{1})
	for _, minute := range []int{0, 1, 2, 6, 5, 6, 9} {
		e, err := s.Seal(noon.Add(time.Duration(minute)*time.Minute), nil)
		if err != nil {
			t.Fatal(err)
		}
		if minute == 9 {
			if _, err := l.Publish(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	abandon(l)
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	got, err := Verify(ctx, l.Files(), k.public)
	want := Report{Origin: testOrigin, Size: 6, Root: got.Root, First: at(0), Last: at(6), Beyond: 1, BeyondLast: at(9),
		Gaps: []Gap{{3, at(2), at(6)}}, GapCount: 1, Backward: []Gap{{4, at(6), at(5)}}, BackCount: 1}
	if a, b := asJSON(t, got), asJSON(t, want); err != nil || a != b {
		t.Errorf("report %s, %v\nwant   %s", a, err, b)
	}
	read := int64(0)
	got, err = Audit{Key: k.public, Gap: time.Minute, Progress: func(n int64) { read = n }}.Run(ctx, l.Files())
	if read != got.Size || read == 0 {
		t.Errorf("progress told of %d entries of %d", read, got.Size)
	}
	if err != nil || got.GapCount != 2 {
		t.Errorf("%d gaps of more than a minute, %v, want 2", got.GapCount, err)
	}
}

// Writers that come at once may take their places in another order than their times. A clock that is set back is seen
// all the same, also when it goes in small steps.
func TestReportForgivesDisorder(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []time.Duration
		back  []int64 // indexes
		last  time.Duration
	}{
		{"a millisecond", []time.Duration{0, 5, 4, 5, 3, 6}, nil, 6},
		{"a second", []time.Duration{5000, 4000, 5000}, nil, 5000},
		{"more", []time.Duration{5000, 3999, 4000, 4001}, []int64{1}, 4001},
		{"in small steps", []time.Duration{5000, 4500, 4000, 3500, 3000, 2500, 2000}, []int64{3, 6}, 2000},
		{"disorder is no silence", []time.Duration{1000, 0, 181_000, 180_000, 361_000}, nil, 361_000},
		{"behind what went back", []time.Duration{9_000_000, 1000, 500, 1500}, []int64{1}, 1500},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &audit{Audit: Audit{Gap: DefaultGap}, Report: Report{Size: int64(len(c.steps))}}
			s := NewSealer(seal.Key{1})
			for i, ms := range c.steps {
				e, err := s.Seal(noon.Add(ms*time.Millisecond), nil)
				if err != nil {
					t.Fatal(err)
				}
				w.time(int64(i), e)
			}
			var back []int64
			for _, g := range w.Backward {
				back = append(back, g.Index)
			}
			if !slices.Equal(back, c.back) || w.BackCount != int64(len(back)) || w.GapCount != 0 {
				t.Errorf("back at %v (%d), want %v; %d gaps, want none", back, w.BackCount, c.back, w.GapCount)
			}
			if want := noon.Add(c.last * time.Millisecond); !w.Last.Equal(want) {
				t.Errorf("last %v, want %v", w.Last, want)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadProveExport(t *testing.T) {
	ctx := context.Background()
	s := newSample(t)
	r, err := NewReader(Files(s.disk, "/ledger"), s.keys.public)
	if err != nil {
		t.Fatal(err)
	}
	var entries [][]byte
	for e, err := range r.Entries(ctx, 250, 5000) {
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(250 + len(entries)); e.Index != want {
			t.Fatalf("entry %d, want %d", e.Index, want)
		}
		if at, _ := EntryTime(e.Data); !at.Equal(noon.Add(time.Duration(e.Index) * time.Minute)) {
			t.Fatalf("entry %d is of %v", e.Index, at)
		}
		entries = append(entries, e.Data)
	}
	if len(entries) != 750 {
		t.Errorf("%d entries, want 750", len(entries))
	}
	for _, i := range []int64{250, 511, 512, 999} {
		proof, err := r.Prove(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckProof(proof, entries[i-250], s.keys.public); err != nil {
			t.Errorf("proof of %d: %v", i, err)
		}
		if err := CheckProof(proof, entries[1], s.keys.public); problem.KindOf(err) != problem.Damaged {
			t.Errorf("proof of %d for another entry: %v", i, err)
		}
		if err := CheckProof(proof, entries[i-250], newKeys(t).public); problem.KindOf(err) != problem.Damaged {
			t.Errorf("proof of %d with another key: %v", i, err)
		}
	}
	if _, err := r.Prove(ctx, 1000); problem.KindOf(err) != problem.NotFound {
		t.Errorf("proof of an entry that is not there: %v", err)
	}

	dir := filepath.Join(t.TempDir(), "export")
	head, err := Export(ctx, Files(s.disk, "/ledger"), s.keys.public, durable.OS(), dir)
	if err != nil || head != r.Head() {
		t.Fatalf("Export = %v, %v, want %v", head, err, r.Head())
	}
	report, err := Verify(ctx, os.DirFS(dir), s.keys.public)
	if err != nil || !report.OK() || report.Size != 1000 {
		t.Errorf("the export: %+v, %v", report, err)
	}
	if _, err := os.Stat(filepath.Join(dir, walDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the export has write-ahead files: %v", err)
	}
	if _, err := Export(ctx, Files(s.disk, "/ledger"), s.keys.public, durable.OS(), dir); problem.KindOf(err) != problem.Exists {
		t.Errorf("export over an export: %v", err)
	}
	s.change(t, "tile/entries/001", flip(60))
	bad := filepath.Join(t.TempDir(), "bad")
	if _, err := Export(ctx, Files(s.disk, "/ledger"), s.keys.public, durable.OS(), bad); problem.KindOf(err) != problem.Damaged {
		t.Errorf("export of a damaged ledger: %v", err)
	}
	if _, err := os.Stat(filepath.Join(bad, checkpointName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a broken export has a checkpoint: %v", err)
	}
}

// A reader of an earlier checkpoint goes on while partial tiles are replaced by wider ones.
func TestReaderOfAnEarlierCheckpoint(t *testing.T) {
	ctx := context.Background()
	k, disk := newKeys(t), durabletest.New(t)
	l := open(t, smallFiles(k.config(disk, "/ledger")))
	var readers []*Reader
	for _, n := range []int{10, 5, 7, 200, 50, 300} {
		if _, err := l.Append(ctx, sealed(t, int(l.Size()), n)...); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(ctx); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(l.Files(), k.public)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
	}
	for _, r := range readers {
		n := int64(0)
		for _, err := range r.Entries(ctx, 0, r.Head().Size) {
			if err != nil {
				t.Fatalf("of %d entries: %v", r.Head().Size, err)
			}
			n++
		}
		if n != r.Head().Size {
			t.Errorf("%d entries of %d", n, r.Head().Size)
		}
		if err := l.Consistent(ctx, r.Head()); err != nil {
			t.Error(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	partials := 0
	for _, name := range disk.Names() {
		if strings.Contains(name, ".p/") || strings.HasSuffix(name, ".new") {
			partials++
		}
	}
	if partials != 4 { // of the last checkpoint: entries, level 0, level 1; and the one before at level 1
		t.Errorf("%d partial tiles are left: %q", partials, disk.Names())
	}
}

// A ledger can be checked while it is written: nothing is taken for damage that is only new.
func TestVerifyWhileWriting(t *testing.T) {
	ctx := t.Context()
	k := newKeys(t)
	c := smallFiles(k.config(durable.OS(), filepath.Join(t.TempDir(), "ledger")))
	c.FileSize, c.PublishAfter = 4*block, 10
	l := open(t, c)
	if _, err := l.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for i := range 400 {
			if _, err := l.Append(ctx, fmt.Append(nil, i)); err != nil {
				done <- err
				return
			}
		}
		done <- l.Close()
	}()
	for checks := 0; ; checks++ {
		r, err := Verify(ctx, os.DirFS(c.Dir), k.public)
		if err != nil || !r.OK() {
			t.Fatalf("check %d: %+v, %v", checks, r, err)
		}
		select {
		case err := <-done:
			if err != nil || checks < 3 {
				t.Errorf("%d checks, %v", checks, err)
			}
			return
		default:
		}
	}
}
