package sink

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// vat is a bucket with Object Lock in memory.
type vat struct {
	now    *time.Time
	lock   time.Duration
	lax    bool // it takes everything and locks nothing
	things map[string][]thing
	asked  []string // to be removed
}

type thing struct {
	data  []byte
	until time.Time
}

func (v *vat) Until() time.Time { return v.now.Add(v.lock) }

func (v *vat) Put(_ context.Context, name string, _ int64, body iter.Seq2[[]byte, error]) error {
	var data []byte
	for piece := range body {
		data = append(data, piece...)
	}
	x := thing{data, v.Until()}
	if v.lax {
		x.until = time.Time{}
	}
	if list := v.things[name]; len(list) > 0 && bytes.Equal(list[len(list)-1].data, data) {
		list[len(list)-1] = x
		return nil
	}
	v.things[name] = append(v.things[name], x)
	return nil
}

func (v *vat) Flush(context.Context) error { return nil }

type object struct{ *bytes.Reader }

func (o object) Size() (int64, error) { return o.Reader.Size(), nil }
func (o object) Close() error         { return nil }

func (v *vat) Open(ctx context.Context, name string) (medium.Object, error) {
	list := v.things[name]
	if len(list) == 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return object{bytes.NewReader(list[len(list)-1].data)}, nil
}

func (v *vat) OpenVersion(_ context.Context, name string, x medium.Version) (medium.Object, error) {
	n, err := strconv.Atoi(x.ID)
	return object{bytes.NewReader(v.things[name][n].data)}, err
}

func (v *vat) Versions(_ context.Context, name string) (out []medium.Version, err error) {
	for i, x := range v.things[name] {
		out = append(out, medium.Version{ID: strconv.Itoa(i), Size: int64(len(x.data)), Last: i == len(v.things[name])-1})
	}
	return out, nil
}

func (v *vat) Stored(_ context.Context, name, version string) (int64, [32]byte, time.Time, error) {
	list := v.things[name]
	x := list[len(list)-1]
	return int64(len(x.data)), sha256.Sum256(x.data), x.until, nil
}

func (v *vat) List(_ context.Context, folder string) iter.Seq2[medium.Entry, error] {
	return func(yield func(medium.Entry, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(v.things)) {
			if strings.HasPrefix(name, folder+"/") && !yield(medium.Entry{Name: name, Several: len(v.things[name]) > 1}, nil) {
				return
			}
		}
	}
}

func (v *vat) Remove(_ context.Context, name string) error {
	v.asked = append(v.asked, name)
	return errors.New("it is locked")
}

func (v *vat) Free(context.Context) (int64, error) { return -1, nil }
func (v *vat) Renew(_ context.Context, until time.Time, which func(string) bool) error {
	for name, list := range v.things {
		for i := range list {
			if which(name) && list[i].until.Before(until) {
				list[i].until = until
			}
		}
	}
	return nil
}

// book is a ledger by itself.
type book struct {
	*ledger.Log
	signer note.Signer
	key    string
	sealer *ledger.Sealer
}

func newBook(t *testing.T) *book {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "azekura.example/ledger/test")
	if err != nil {
		t.Fatal(err)
	}
	b := &book{key: public, sealer: ledger.NewSealer(seal.NewKey())}
	if b.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	if b.Log, err = ledger.Open(t.Context(), ledger.Config{FS: durabletest.New(t), Dir: filepath.Join("/", "ledger"), Origin: b.signer.Name(), Signer: b.signer, Verifier: v, FileSize: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Log.Close() })
	return b
}

func (b *book) write(t *testing.T, n int) {
	t.Helper()
	for range n {
		e, err := b.sealer.Seal(time.Now(), []byte("an entry"))
		if err == nil {
			_, err = b.Append(t.Context(), e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (b *book) Published(ctx context.Context) ([]byte, fs.FS, error) {
	signed, err := b.Publish(ctx)
	return signed, b.Files(), err
}

func (b *book) SignSink(text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, b.signer)
}

// house is a ledger that is copied to a vat.
func house(t *testing.T) (*vat, *book, func(days int) *Sink, *time.Time) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	v, b := &vat{now: &now, things: make(map[string][]thing)}, newBook(t)
	return v, b, func(days int) *Sink {
		v.lock = time.Duration(days) * oneDay
		return &Sink{Target: v, Ledger: b, Key: b.key, Lock: v.lock, Now: func() time.Time { return now }}
	}, &now
}

func push(t *testing.T, s *Sink, b *book) {
	t.Helper()
	if head, err := s.Push(t.Context()); err != nil || head.Size != b.Size() {
		t.Fatalf("%d of %d entries, %v", head.Size, b.Size(), err)
	}
}

// TestOtherDays: when other days are configured, half of what is asked for now is always left all the same.
func TestOtherDays(t *testing.T) {
	v, b, start, now := house(t)
	b.write(t, 300)
	days := 30
	s := start(days)
	for day := range 1000 {
		for _, change := range []struct{ day, days int }{{40, 365}, {41, 100}, {42, 400}, {600, 20}, {601, 21}, {900, 365}} {
			if day == change.day {
				days = change.days
				s = start(days)
			}
		}
		if day%3 == 0 {
			b.write(t, 1)
		}
		push(t, s, b)
		for name, list := range v.things {
			if left := list[0].until.Sub(*now); strings.HasPrefix(name, "ledger/tile/") && !strings.Contains(name, ".p/") && left < time.Duration(days)*oneDay/2-oneDay {
				t.Fatalf("day %d: %s is locked for %v, of %d days", day, name, left, days)
			}
		}
		*now = now.Add(oneDay)
	}
}

// TestHidden: no number of things in front of it hides the ledger's own head.
func TestHidden(t *testing.T) {
	v, b, start, _ := house(t)
	b.write(t, 3)
	push(t, start(30), b)
	for n := range 3000 {
		v.things[fmt.Sprintf("heads/%016x", 1<<40+n)] = []thing{{data: []byte("none")}}
	}
	b.write(t, 1)
	push(t, start(30), b)
	if c, err := Open(t.Context(), v, b.key); err != nil || c.Head.Size != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestReplacedTiles: nothing is asked to be removed, so that credentials that cannot will do; and once somebody has removed the partial tiles that full ones
// have replaced, and whose locks were not renewed, the copy is whole, and goes on.
func TestReplacedTiles(t *testing.T) {
	v, b, start, now := house(t)
	for range 9 {
		b.write(t, 50)
		push(t, start(30), b)
		*now = now.AddDate(0, 0, 10)
	}
	gone := 0
	for name, list := range v.things {
		if strings.HasPrefix(name, "ledger/tile/") && strings.Contains(name, "/000.p/") && !strings.Contains(name, "tile/1/") {
			if !list[0].until.Before(*now) {
				continue
			}
			delete(v.things, name)
			gone++
		}
	}
	c, err := Open(t.Context(), v, b.key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledger.Verify(t.Context(), c, b.key)
	if err != nil || len(r.Damage) > 0 || r.Size != 450 || gone < 8 || len(v.asked) > 0 {
		t.Errorf("%d partial tiles are gone: %+v, %v; asked to remove %q", gone, r, err, v.asked)
	}
	b.write(t, 100)
	push(t, start(30), b)
}

// TestUnlocked: a bucket that takes everything and locks nothing is no copy.
func TestUnlocked(t *testing.T) {
	v, b, start, _ := house(t)
	v.lax = true
	b.write(t, 3)
	_, err := start(30).Push(t.Context())
	if e, ok := errors.AsType[*problem.Error](err); !ok || e.Hint != "hint.bucket-unlocked" {
		t.Error(err)
	}
}

// TestOldMark: a day that was written without days, as it was at first, has all locked anew, and once.
func TestOldMark(t *testing.T) {
	v, b, start, now := house(t)
	b.write(t, 300)
	push(t, start(30), b)
	name := "renewed/" + now.Format(time.DateOnly)
	old, err := b.SignSink(Line + "renewed\n" + now.Format(time.DateOnly) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	v.things[name] = []thing{{data: old}}
	*now = now.AddDate(0, 0, 5)
	s := start(30)
	push(t, s, b)
	if list := v.things["ledger/tile/0/000"]; !list[0].until.Equal(now.Add(v.lock)) {
		t.Errorf("locked until %v", list[0].until)
	}
	if again := start(30); true {
		push(t, again, b)
		if now.Sub(again.renewed) > oneDay {
			t.Errorf("renewed at %v", again.renewed)
		}
	}
}
