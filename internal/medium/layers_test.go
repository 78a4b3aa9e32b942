package medium

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
)

// depot is a bucket with Object Lock in memory, which fails the test when something is put over itself or without a lock.
type depot struct {
	t    *testing.T
	days int

	mu     sync.Mutex
	now    time.Time
	things map[string][]thing // by name, the oldest first
	puts   int
}

type thing struct {
	id    string
	data  []byte
	until time.Time
	mark  bool // that what is below is gone
}

func newDepot(t *testing.T, h *house, days int) *depot {
	d := &depot{t: t, days: days, now: h.clock, things: make(map[string][]thing)}
	if err := Make(t.Context(), d, Descriptor{ID: id.NewMedium(), Label: "cloud", Vault: h.key, Made: h.clock, Lock: days}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *depot) put(name string, data []byte, until time.Time, mark bool) {
	d.puts++
	d.things[name] = append(d.things[name], thing{strconv.Itoa(d.puts), data, until, mark})
}

// Put implements Target.
func (d *depot) Put(_ context.Context, name string, size int64, body iter.Seq2[[]byte, error]) error {
	var data []byte
	for piece, err := range body {
		if err != nil {
			return err
		}
		data = append(data, piece...)
	}
	if int64(len(data)) != size {
		return io.ErrUnexpectedEOF
	}
	until := d.Until()
	d.mu.Lock()
	defer d.mu.Unlock()
	if list := d.things[name]; len(list) > 0 {
		if last := &list[len(list)-1]; !last.mark && string(last.data) == string(data) {
			last.until = until
			return nil
		}
	}
	d.put(name, data, until, false)
	return nil
}

func (d *depot) Flush(context.Context) error { return nil }

func (d *depot) Until() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.AddDate(0, 0, d.days)
}

func (d *depot) Open(_ context.Context, name string) (Object, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.things[name]
	if len(list) == 0 || list[len(list)-1].mark {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return stored(list[len(list)-1].data), nil
}

func (d *depot) OpenVersion(_ context.Context, name string, v Version) (Object, error) {
	x, err := d.version(name, v.ID)
	return stored(x.data), err
}

func (d *depot) version(name, version string) (thing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.things[name]
	for i, x := range list {
		if x.id == version || version == "" && i == len(list)-1 && !x.mark {
			return x, nil
		}
	}
	return thing{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (d *depot) Versions(_ context.Context, name string) (out []Version, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.things[name] {
		if !x.mark {
			out = append(out, Version{x.id, int64(len(x.data)), i == len(d.things[name])-1})
		}
	}
	return out, nil
}

func (d *depot) Stored(_ context.Context, name, version string) (int64, [32]byte, time.Time, error) {
	x, err := d.version(name, version)
	return int64(len(x.data)), sha256.Sum256(x.data), x.until, err
}

func (d *depot) List(_ context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, name := range d.names() {
			list, _ := d.Versions(context.Background(), name)
			if folder != "" && !strings.HasPrefix(name, folder+"/") || len(list) == 0 {
				continue
			}
			last := list[len(list)-1]
			if !yield(Entry{name, last.Size, len(list) > 1 || !last.Last}, nil) {
				return
			}
		}
	}
}

func (d *depot) names() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.things {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var errHeld = errors.New("it is locked still")

// Remove implements Target.
func (d *depot) Remove(_ context.Context, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.things[name] = slices.DeleteFunc(d.things[name], func(x thing) bool { return !x.until.After(d.now) })
	if len(d.things[name]) > 0 {
		return errHeld
	}
	delete(d.things, name)
	return nil
}

func (d *depot) Free(context.Context) (int64, error) { return -1, nil }

func (d *depot) Renew(_ context.Context, until time.Time, which func(string) bool) error {
	for _, name := range d.names() {
		if !which(name) {
			continue
		}
		d.mu.Lock()
		for i := range d.things[name] {
			if x := &d.things[name][i]; !x.mark && x.until.Before(until) {
				x.until = until
			}
		}
		d.mu.Unlock()
	}
	return nil
}

// pass lets time go by.
func (d *depot) pass(days int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.AddDate(0, 0, days)
}

// cover puts something over everything: a mark, other bytes of the same length, or of another.
func (d *depot) cover() (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, list := range d.things {
		n := len(list[0].data)
		switch d.puts % 3 {
		case 0:
			d.put(name, nil, time.Time{}, true)
		case 1:
			d.put(name, make([]byte, n), time.Time{}, false)
		default:
			d.put(name, []byte("ransom"), time.Time{}, false)
			d.put(name, nil, time.Time{}, true)
		}
		names = append(names, name)
	}
	return names
}

type stored []byte

func (s stored) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(s)) {
		return 0, io.EOF
	}
	n := copy(p, s[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s stored) Size() (int64, error) { return int64(len(s)), nil }
func (s stored) Close() error         { return nil }

// TestLocked: on a target that locks, states come one after the other as on a disk, and what is kept stays locked for half of the time at least, as
// long as there are copies.
func TestLocked(t *testing.T) {
	smallBatches(t)
	h := newHouse(t, durabletest.New(t), 21)
	defer h.close()
	d := newDepot(t, h, 30)
	var wants []snapshot
	for round := range 10 {
		h.grow(20, 12<<10)
		want := h.snapshot()
		out, err := Sync(t.Context(), d, h, Options{Key: h.key, Keep: 3})
		if err != nil || out.State != uint64(round+1) || out.Found != 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		want.head = out.Head
		wants = append(wants, want)
		if left := out.Until.Sub(d.now); left < 15*24*time.Hour {
			t.Errorf("state %d is locked for %v", out.State, left)
		}
		s, err := Open(t.Context(), d, h.key, 0)
		if err != nil || !s.Until.Equal(out.Until) {
			t.Fatal(err)
		}
		r, found := verified(t, d, Check{Key: h.key, Known: out.State})
		if len(found) > 0 || r.Last != out.State || !r.Until.Equal(out.Until) {
			t.Errorf("%+v, %v", r, found)
		}
		d.pass(7)
	}
	for i, want := range wants[len(wants)-3:] {
		same(t, d, h.key, uint64(len(wants)-2+i), want)
	}
	if numbers, err := Numbers(t.Context(), d); err != nil || numbers[0] == 1 { // its lock has ended, and it is beyond those that stay
		t.Errorf("%v, %v", numbers, err)
	}
	d.mu.Lock()
	for name := range d.things {
		if strings.HasPrefix(name, "packs/") {
			d.things[name][0].until = d.now
			d.mu.Unlock()
			if _, found := verified(t, d, Check{Key: h.key}); !slices.ContainsFunc(found, func(f Finding) bool { return f.Reason == Unlocked && f.Object == name }) {
				t.Errorf("%s is not locked, and that is not told: %v", name, found)
			}
			return
		}
	}
}

// dishonest is a bucket that says something else of what it has stored than it was told.
type dishonest struct {
	*depot
	of  string // names that begin so
	say func(size int64, sum [32]byte, until time.Time) (int64, [32]byte, time.Time)
}

func (d *dishonest) Stored(ctx context.Context, name, version string) (int64, [32]byte, time.Time, error) {
	size, sum, until, err := d.depot.Stored(ctx, name, version)
	if strings.HasPrefix(name, d.of) {
		size, sum, until = d.say(size, sum, until)
	}
	return size, sum, until, err
}

// TestDishonestBucket: a bucket that has not stored what was sent, or has not locked it for as long as it said it would, has no copy. What is locked for the
// shortest time is what a state says.
func TestDishonestBucket(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 23)
	defer h.close()
	h.grow(10, 12<<10)
	d := newDepot(t, h, 30)
	for name, x := range map[string]struct {
		say  func(int64, [32]byte, time.Time) (int64, [32]byte, time.Time)
		hint string
	}{
		"shorter": {func(n int64, sum [32]byte, until time.Time) (int64, [32]byte, time.Time) { return n - 1, sum, until }, "hint.medium-lies"},
		"other bytes": {func(n int64, sum [32]byte, until time.Time) (int64, [32]byte, time.Time) {
			sum[3] ^= 1
			return n, sum, until
		}, "hint.medium-lies"},
		"not locked": {func(n int64, sum [32]byte, _ time.Time) (int64, [32]byte, time.Time) { return n, sum, time.Time{} }, "hint.bucket-unlocked"},
		"a day less": {func(n int64, sum [32]byte, until time.Time) (int64, [32]byte, time.Time) {
			return n, sum, until.AddDate(0, 0, -1)
		}, "hint.bucket-unlocked"},
	} {
		if _, err := Sync(t.Context(), &dishonest{d, "packs/", x.say}, h, Options{Key: h.key}); !hinted(err, x.hint) {
			t.Errorf("%s: %v, want %s", name, err, x.hint)
		}
		if numbers, err := Numbers(t.Context(), d); err != nil || len(numbers) > 0 {
			t.Errorf("%s: the states %v, %v", name, numbers, err)
		}
	}
	less := d.Until().AddDate(0, 0, -9)
	out, err := Sync(t.Context(), &dishonest{d, descriptorName, func(n int64, sum [32]byte, _ time.Time) (int64, [32]byte, time.Time) { return n, sum, less }}, h, Options{Key: h.key})
	if err != nil || out.Until.After(less) {
		t.Errorf("locked until %v at least, and the descriptor until %v: %v", out.Until, less, err)
	}
}

// TestCovered: somebody who has the credentials puts something over everything, and under the names that are to come. All is found below, by name, and
// the next sync goes on.
func TestCovered(t *testing.T) {
	smallBatches(t)
	h := newHouse(t, durabletest.New(t), 22)
	defer h.close()
	d := newDepot(t, h, 30)
	h.grow(40, 12<<10)
	_, first, err := h.sync(d)
	if err != nil {
		t.Fatal(err)
	}
	hurt := d.cover()
	whole := func(n uint64, want snapshot) []Finding {
		t.Helper()
		r, found := verified(t, d, Check{Key: h.key, Known: n})
		if r.Last != n {
			t.Errorf("the last whole state is %d, want %d", r.Last, n)
		}
		same(t, d, h.key, n, want)
		return found
	}
	named := make(map[string]bool)
	for _, f := range whole(1, first) {
		if f.Reason != Covered {
			t.Errorf("%+v", f)
		}
		named[f.Object] = true
	}
	for _, name := range hurt {
		_, part, record := numberOf(name)
		if !named[name] && (!record || part < 0) && !strings.HasPrefix(name, "lists/") {
			t.Errorf("%s is covered, and not named", name)
		}
	}
	d.mu.Lock()
	for w := range 256 { // names that can be guessed
		for _, dir := range []string{"ledger/tile/0/000.p/", "ledger/tile/entries/000.p/"} {
			d.put(dir+strconv.Itoa(w), []byte("mine"), time.Time{}, false)
		}
	}
	d.put(recordName(2), []byte("mine"), time.Time{}, false)
	d.mu.Unlock()
	h.grow(40, 12<<10)
	out, second, err := h.sync(d)
	if err != nil || out.State != 2 || !slices.ContainsFunc(out.Findings, func(f Finding) bool { return f.Reason == Foreign }) {
		t.Fatalf("%+v, %v", out, err)
	}
	whole(2, second)
	d.cover()
	whole(2, second)
	h.grow(5, 1<<10)
	if _, third, err := h.sync(d); err != nil {
		t.Error(err)
	} else {
		whole(3, third)
	}
}
