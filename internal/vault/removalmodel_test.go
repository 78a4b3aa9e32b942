package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// busyHouse is a house in which people go on working, with the contents that are removed meanwhile: they save them again, begin to and end it later,
// bring versions back, remove files. The removal is broken off, and the books are full, at whatever moment.
type busyHouse struct {
	*house
	t     *rapid.T
	books *full
	n     int
	heads map[pathname.Path]byte
	saved []vault.Info
	of    map[string]byte // content of a version
	under []*underWay
	stop  bool // the next question whether it may go on is answered with no
}

type underWay struct {
	vault.Draft
	content byte
}

func piece(c byte) []byte { return random(uint64(c), 40<<10) }

func (h *busyHouse) name() pathname.Path {
	h.n++
	return pathname.Path("/s").Join(fmt.Sprint("f", h.n))
}

func (h *busyHouse) keep(path pathname.Path, i vault.Info, c byte) {
	h.heads[path], h.of[i.Version.String()] = c, c
	h.saved = append(h.saved, i)
}

// act is what somebody does at one moment. Where the books are full it may fail, and is not done then.
func (h *busyHouse) act(label string) {
	f := h.v.As(staff)
	c := byte(rapid.IntRange(0, 3).Draw(h.t, label+" content"))
	switch rapid.SampledFrom([]string{"nothing", "save", "save", "begin", "begin", "end", "back", "remove", "books", "stop"}).Draw(h.t, label) {
	case "save":
		h.end(h.create(c))
	case "begin":
		if u := h.create(c); u != nil {
			h.under = append(h.under, u)
		}
	case "end":
		if len(h.under) > 0 {
			u := h.under[0]
			h.under = h.under[1:]
			h.end(u)
		}
	case "back":
		if len(h.saved) == 0 {
			return
		}
		i := h.saved[rapid.IntRange(0, len(h.saved)-1).Draw(h.t, label+" which")]
		to := h.name()
		if f.Restore(bg, to, i.Version) == nil {
			if x, err := f.Stat(bg, to); err == nil {
				h.keep(to, x, h.of[i.Version.String()])
			}
		}
	case "remove":
		if list := slices.Sorted(maps.Keys(h.heads)); len(list) > 0 && f.Remove(bg, list[0]) == nil {
			delete(h.heads, list[0])
		}
	case "books":
		h.books.on = !h.books.on
	case "stop":
		h.stop = true
	}
}

// create begins a save, under a name that is known at its end.
func (h *busyHouse) create(c byte) *underWay {
	d, err := h.v.As(staff).Create(bg, h.name())
	if err == nil {
		_, err = d.Write(piece(c))
	}
	if err != nil {
		return nil
	}
	return &underWay{d, c}
}

func (h *busyHouse) end(u *underWay) {
	if u == nil {
		return
	}
	if i, err := u.Commit(bg, vault.Save{}); err == nil {
		h.keep(i.Path, i, u.content)
	}
}

func (h *busyHouse) check(when string) {
	h.t.Helper()
	f := h.v.As(staff)
	for path, c := range h.heads {
		i, err := f.Stat(bg, path)
		if err != nil {
			h.t.Fatalf("%s: %s: %v", when, path, err)
		}
		if b, err := opens(f, i); err != nil || !bytes.Equal(b, piece(c)) {
			h.t.Fatalf("%s: %s is another, %v", when, path, err)
		}
	}
	for _, i := range h.saved {
		if b, err := opens(f, i); !removedByRule(err) && (err != nil || !bytes.Equal(b, piece(h.of[i.Version.String()]))) {
			h.t.Fatalf("%s: version of %s: %v", when, i.Path, err)
		}
	}
}

// TestRemovalAmongPeople: whatever people do during a removal, and wherever it is broken off or the books are full, everything that is there opens:
// at once, and after a crash from the packs alone, as a restore has them.
func TestRemovalAmongPeople(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k, disk := newTestKeeper(t, "s"), durabletest.New(rt)
		h := &busyHouse{house: openOn(t, disk, "/vault", t.TempDir(), k), t: rt, books: &full{}, heads: map[pathname.Path]byte{}, of: map[string]byte{}}
		defer func() { h.close() }()
		h.v.WrapCatalogue(func(c catalogue.Catalogue) catalogue.Catalogue { h.books.Catalogue = c; return h.books })
		for range rapid.IntRange(1, 5).Draw(rt, "before") {
			h.act("before")
		}
		h.books.on, h.stop = false, false
		for _, path := range slices.Sorted(maps.Keys(h.heads)) {
			if len(h.heads) > 1 && h.v.As(staff).Remove(bg, path) == nil {
				delete(h.heads, path)
			}
		}
		h.seal(t)
		rule := account.Retention{Versions: 1, Deleted: 30}
		for turn, end := 0, false; !end; turn++ {
			a := h.old(t, 31)
			r := h.preview(t, rule, a)
			q := removing(r, a)
			moment := func() {
				if turn < 4 {
					h.act(fmt.Sprint("turn ", turn))
				}
			}
			q.May = func(context.Context) error {
				if moment(); h.stop {
					h.stop = false
					return errors.New("a case")
				}
				return nil
			}
			q.Progress = func(string, int64, int64) { moment() }
			restore := vault.SetLooked(moment)
			_, err := h.v.RemoveByRule(bg, staff, "s", q)
			restore()
			end = turn >= 4 || r.Versions == 0 || err == nil
			h.books.on = false
			h.check("after a turn")
		}
		for _, u := range h.under {
			h.end(u)
		}
		h.check("at the end")
		h.close()
		h.house = openOn(t, disk.Crash(1), "/vault", t.TempDir(), k)
		h.check("after a crash, from the packs alone")
	})
}
