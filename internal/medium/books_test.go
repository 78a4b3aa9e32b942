package medium

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
)

// shelved lists the copies of the catalogue on a medium.
func shelved(t *testing.T, target Target) (out []string) {
	t.Helper()
	for e, err := range target.List(t.Context(), booksDir) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out
}

// bookOf is the name and the bytes of the copy that a state has of a share.
func bookOf(t *testing.T, target Target, key string, n uint64, share id.Share) (name, text string) {
	t.Helper()
	s, err := Open(t.Context(), target, key, n)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Books(t.Context(), share)
	if err != nil || b == nil {
		return "", ""
	}
	defer b.Done()
	buf := make([]byte, b.Size)
	if _, err := b.File.ReadAt(buf, 0); err != nil || b.Rows == 0 || b.At.Pack == 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	return sumName(booksDir, b.Sum), string(buf)
}

// TestBooks: a copy of the catalogue stays until there is a new one, and the latest two states keep theirs; older states are whole without.
func TestBooks(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 5)
	defer h.close()
	m := h.medium(durabletest.New(t))
	var names []string
	sync := func(n int) {
		h.grow(n, 4<<10)
		if _, _, err := h.sync(m); err != nil {
			t.Fatal(err)
		}
		name, text := bookOf(t, m, h.key, uint64(len(names)+1), h.shares[0])
		if name == "" || !strings.HasPrefix(text, "books books ") {
			t.Fatalf("state %d has no copy, or another one: %.20q", len(names)+1, text)
		}
		names = append(names, name)
	}
	sync(10)
	sync(1)
	if names[1] != names[0] || !slices.Equal(shelved(t, m), names[:1]) {
		t.Errorf("a copy was made anew where that does not pay: %q", names)
	}
	sync(40)
	if names[2] == names[0] || len(shelved(t, m)) < 2 {
		t.Errorf("no new copy: %q of %q", names, shelved(t, m))
	}
	sync(1)
	if slices.Contains(shelved(t, m), names[0]) {
		t.Errorf("a copy that no late state has is there yet: %q", shelved(t, m))
	}
	r, found := verified(t, m, Check{Key: h.key, Known: 4})
	if len(found) > 0 || r.Last != 4 || slices.ContainsFunc(r.States, func(s StateCheck) bool { return !s.Whole }) {
		t.Errorf("%+v, %v", r, found)
	}
	s, err := Open(t.Context(), m, h.key, 1)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := s.Books(t.Context(), h.shares[0]); err == nil {
		t.Errorf("state 1 has a copy that was removed: %+v", b)
	}
	if got := s.Copied(); len(got) == 0 || !slices.Contains(got, h.shares[0]) {
		t.Errorf("shares with copies: %v", got)
	}
	if b, err := s.Books(t.Context(), id.NewShare()); b != nil || err != nil {
		t.Errorf("a share that nobody knows: %+v, %v", b, err)
	}
}

// TestBooksDamaged: a copy that is damaged is told, hurts no state, and is made anew where all is read.
func TestBooksDamaged(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 6)
	defer h.close()
	disk := durabletest.New(t)
	m := h.medium(disk)
	h.grow(20, 4<<10)
	if _, _, err := h.sync(m); err != nil {
		t.Fatal(err)
	}
	name, _ := bookOf(t, m, h.key, 1, h.shares[0])
	spoil := func(text string) {
		t.Helper()
		if err := put(t.Context(), m, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), m, h.key, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Books(t.Context(), h.shares[0])
	if err != nil {
		t.Fatal(err)
	}
	b.Done()
	spoil(strings.Repeat("x", int(b.Size)))
	r, found := verified(t, m, Check{Key: h.key, Known: 1})
	if len(found) != 1 || found[0].Object != name || found[0].Reason != Digest || r.Last != 1 || !r.States[0].Whole {
		t.Errorf("%+v, %v", r, found)
	}
	out, err := Sync(t.Context(), m, h, Options{Key: h.key, Mend: true})
	if err != nil || out.Found != 1 || out.Findings[0].Object != name {
		t.Errorf("%+v, %v", out, err)
	}
	if _, text := bookOf(t, m, h.key, 2, h.shares[0]); !strings.HasPrefix(text, "books ") {
		t.Errorf("after it was mended: %.10q", text)
	}
	spoil("short")
	if b, err := s.Books(t.Context(), h.shares[0]); b != nil || err == nil {
		t.Errorf("%+v, %v", b, err)
	}
	if out, err = Sync(t.Context(), m, h, Options{Key: h.key}); err != nil || out.Found != 1 || out.Findings[0].Reason != Length {
		t.Errorf("%+v, %v", out, err)
	}
	if r, found = verified(t, m, Check{Key: h.key, Known: 3}); len(found) > 0 || r.Last != 3 {
		t.Errorf("%+v, %v", r, found)
	}
}

// TestBooksNoRoom: a medium on which there is no room for a copy is as good without.
func TestBooksNoRoom(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 7)
	defer h.close()
	m := h.medium(durabletest.New(t))
	h.grow(20, 4<<10)
	asked := 0
	m.free = func(string) (int64, error) {
		if asked++; asked == 1 {
			return 1 << 30, nil
		}
		return 1 << 20, nil
	}
	if out, _, err := h.sync(m); err != nil || out.Found != 0 || asked < 2 || len(shelved(t, m)) > 0 {
		t.Errorf("%+v, %v, %q", out, err, shelved(t, m))
	}
}

// TestBooksInBucket: in a bucket a copy of the catalogue is found below what somebody puts over it, stays locked as long as a state needs it, and goes
// when its lock has ended and none does.
func TestBooksInBucket(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 5)
	defer h.close()
	d := newDepot(t, h, 30)
	sync := func(n int) (name, text string) {
		t.Helper()
		h.grow(n, 4<<10)
		out, _, err := h.sync(d)
		if err != nil {
			t.Fatal(err)
		}
		name, text = bookOf(t, d, h.key, out.State, h.shares[0])
		if until, err := layered(d).(*layers).until(t.Context(), name); err != nil || until.Sub(d.now).Hours() < 15*24 {
			t.Errorf("state %d: its copy is locked until %v, and it is %v: %v", out.State, until, d.now, err)
		}
		return name, text
	}
	first, text := sync(10)
	d.cover()
	if name, again := bookOf(t, d, h.key, 1, h.shares[0]); name != first || again != text {
		t.Errorf("another copy under what lies over it: %s, %.20q", name, again)
	}
	for range 5 {
		d.pass(10)
		if name, _ := sync(1); name != first {
			t.Fatalf("a new copy: %s", name)
		}
	}
	second, _ := sync(60)
	sync(1)
	if list := shelved(t, d); second == first || !slices.Contains(list, first) {
		t.Errorf("%s is not there while it is locked: %v", first, list)
	}
	d.pass(31)
	sync(1)
	if list := shelved(t, d); slices.Contains(list, first) || !slices.Contains(list, second) {
		t.Errorf("%s is there after its lock: %v", first, list)
	}
}

// TestBooksTooLong: where the file system takes no file so long, the state is complete without the copy of the catalogue.
func TestBooksTooLong(t *testing.T) {
	h := newHouse(t, durabletest.New(t), 6)
	defer h.close()
	disk := durabletest.New(t)
	h.medium(disk)
	h.grow(10, 4<<10)
	m := NewDir(short{disk}, "/medium")
	out, want, err := h.sync(m)
	if err != nil || len(shelved(t, m)) > 0 {
		t.Fatalf("%+v, %q, %v", out, shelved(t, m), err)
	}
	same(t, m, h.key, out.State, want)
}

// short is a disk whose file system takes no copies of the catalogue.
type short struct{ durable.FS }

func (s short) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := s.FS.OpenFile(name, flag, perm)
	if strings.Contains(name, "/"+booksDir+"/") {
		return shortFile{f}, err
	}
	return f, err
}

type shortFile struct{ durable.File }

func (shortFile) WriteAt([]byte, int64) (int, error) { return 0, unix.EFBIG }
