package vault_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// madePictures are the JPEGs that there are, by their seeds: under the race detector, making one takes longer than saving it.
var madePictures sync.Map

// smallPicture is a JPEG of some kilobytes that no other is like.
func smallPicture(seed int) []byte {
	if b, ok := madePictures.Load(seed); ok {
		return bytes.Clone(b.([]byte))
	}
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	for y := range 240 {
		for x := range 320 {
			m.Set(x, y, color.RGBA{uint8(x + seed), uint8(y * seed), uint8(x*y/64 + r.IntN(24)), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		panic(err)
	}
	madePictures.Store(seed, bytes.Clone(b.Bytes()))
	return b.Bytes()
}

// noise is as long as what is encrypted.
func noise(n, seed int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 99}).Read(b)
	return b
}

func person(name string) account.Session {
	return account.Session{ID: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Name: name, Door: "webdav", Factor: account.DevicePassword}
}

func guarded(t testing.TB) *house {
	k := newTestKeeper(t, "s")
	k.guard = guard.New(guard.Config{})
	h := openHouse(t, t.TempDir(), k)
	t.Cleanup(func() { h.close() })
	return h
}

// pictureAlbum fills a share with pictures.
func pictureAlbum(t testing.TB, h *house, n int) map[pathname.Path][]byte {
	f := h.v.As(person("writer"))
	out := make(map[pathname.Path][]byte)
	must(t, f.Mkdir(t.Context(), "/s/3年B組"))
	for i := range n {
		name := pathname.Path(fmt.Sprintf("/s/3年B組/%03d.jpg", i))
		out[name] = smallPicture(i)
		save(t, f, name, out[name])
	}
	return out
}

func held(t testing.TB, h *house, s account.Session) (out []vault.Held) {
	for x, err := range h.v.Held(t.Context(), s, "/s") {
		must(t, err)
		out = append(out, x)
	}
	return out
}

// listed collects the names of a listing.
func listed(t testing.TB, seq iter.Seq2[vault.Info, error]) map[pathname.Path]vault.Info {
	out := make(map[pathname.Path]vault.Info)
	for i, err := range seq {
		must(t, err)
		out[i.Path] = i
	}
	return out
}

// TestHeldSave: what comes in the place of a picture and is none is stored, is what its author sees, and is nobody else's; a good
// save makes it good; an administrator may take it, or not.
func TestHeldSave(t *testing.T) {
	h := guarded(t)
	pictures := pictureAlbum(t, h, 5)
	bad, other := person("attacked"), person("other")
	name := pathname.Path("/s/3年B組/002.jpg")
	junk := noise(len(pictures[name]), 1)
	save(t, h.v.As(bad), name, junk)
	if got := load(t, h.v.As(other), stat(t, h.v.As(other), name)); !bytes.Equal(got, pictures[name]) {
		t.Error("others see what was saved")
	}
	mine := stat(t, h.v.As(bad), name)
	if got := load(t, h.v.As(bad), mine); !bytes.Equal(got, junk) {
		t.Error("its author does not see what was saved")
	}
	if got := listed(t, h.v.As(bad).List(t.Context(), "/s/3年B組"))[name]; got.Version != mine.Version || got.Size != int64(len(junk)) {
		t.Errorf("its author's list has %+v", got)
	}
	again := bad
	again.ID = id.NewSession() // the client has logged in anew
	if got := stat(t, h.v.As(again), name); got.Version != mine.Version {
		t.Error("its author's next session does not see it")
	}
	waiting := held(t, h, other)
	if len(waiting) != 1 || waiting[0].Path != name || waiting[0].Sign != guard.Strange || waiting[0].Author != "attacked" || waiting[0].Mine || waiting[0].Now.Size != int64(len(junk)) || waiting[0].Head.Size != int64(len(pictures[name])) {
		t.Fatalf("held: %+v", waiting)
	}
	browser := bad // in which the drive's device has no part
	browser.ID, browser.Device = id.NewSession(), id.Device{}
	if waiting := held(t, h, browser); len(waiting) != 1 || !waiting[0].Mine {
		t.Errorf("its author may not decide in a browser: %+v", waiting)
	}

	// It becomes good.
	whole := smallPicture(77)
	save(t, h.v.As(again), name, whole)
	if got := load(t, h.v.As(other), stat(t, h.v.As(other), name)); !bytes.Equal(got, whole) {
		t.Error("others do not see the good save")
	}
	if left := held(t, h, other); len(left) != 0 {
		t.Errorf("still held: %+v", left)
	}

	// It is taken, or not.
	for _, accept := range []bool{true, false} {
		name := pathname.Path(fmt.Sprintf("/s/3年B組/%03d.jpg", map[bool]int{true: 3, false: 4}[accept]))
		save(t, h.v.As(person("mistaken")), name, junk)
		must(t, h.v.Settle(t.Context(), other, "/s", held(t, h, other)[0].Hold, accept))
		want := pictures[name]
		if accept {
			want = junk
		}
		if got := load(t, h.v.As(other), stat(t, h.v.As(other), name)); !bytes.Equal(got, want) {
			t.Errorf("accept %v: others see something else", accept)
		}
		if left := held(t, h, other); len(left) != 0 {
			t.Errorf("accept %v: still held: %+v", accept, left)
		}
	}
	if len(h.keeper.stops) != 0 {
		t.Errorf("frozen: %+v", h.keeper.stops)
	}
}

// TestHeldOutlivesARestart: what is held stays so through a restart and a rebuild, and goes on counting.
func TestHeldOutlivesARestart(t *testing.T) {
	h := guarded(t)
	pictures := pictureAlbum(t, h, 3)
	bad, other := person("attacked"), person("other")
	first, second := pathname.Path("/s/3年B組/000.jpg"), pathname.Path("/s/3年B組/001.jpg")
	save(t, h.v.As(bad), first, noise(9000, 1))
	h.close()
	h.keeper.guard = guard.New(guard.Config{})
	h = openHouse(t, h.root, h.keeper)
	t.Cleanup(func() { h.close() })
	if got := load(t, h.v.As(other), stat(t, h.v.As(other), first)); !bytes.Equal(got, pictures[first]) {
		t.Error("after a restart others see what is held")
	}
	bad.ID = id.NewSession()
	save(t, h.v.As(bad), second, noise(9000, 2))
	if len(h.keeper.stops) == 0 {
		t.Error("what was held before a restart does not count any more")
	}
	if len(held(t, h, other)) != 2 {
		t.Errorf("held: %+v", held(t, h, other))
	}
}

// TestFreezeWhileSaving: the second picture that is none stops whoever brings it, and nobody else.
func TestFreezeWhileSaving(t *testing.T) {
	h := guarded(t)
	pictures := pictureAlbum(t, h, 10)
	bad, other := person("attacked"), person("other")
	n := 0
	for name, old := range pictures {
		err := party{h.v.As(bad)}.Write(t.Context(), strings.TrimPrefix(string(name), "/s/"), noise(len(old), n), time.Time{})
		if problem.KindOf(err) == problem.Frozen {
			break
		}
		must(t, err)
		n++
	}
	if n == 0 || n > 3 {
		t.Errorf("%d saves before the freeze", n)
	}
	if len(h.keeper.stops) != 2 {
		t.Errorf("frozen: %+v", h.keeper.stops)
	}
	for name, want := range pictures {
		if got := load(t, h.v.As(other), stat(t, h.v.As(other), name)); !bytes.Equal(got, want) {
			t.Errorf("%s is not what it was", name)
		}
	}
	save(t, h.v.As(other), "/s/3年B組/000.jpg", smallPicture(99))
}

// TestHeldRemoval: when much is removed that stands nowhere else, the rest stays for others; its author sees it gone, may use the names
// again, and after a day it is gone for all.
func TestHeldRemoval(t *testing.T) {
	k := newTestKeeper(t, "s")
	k.guard = guard.New(guard.Config{})
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	h := openClock(t, t.TempDir(), k, func() time.Time { return now })
	t.Cleanup(func() { h.close() })
	pictures := pictureAlbum(t, h, 12)
	bad, other := person("tidy"), person("other")
	now = now.Add(time.Hour)
	for name := range pictures {
		must(t, h.v.As(bad).Remove(t.Context(), name))
	}
	if got := listed(t, h.v.As(bad).List(t.Context(), "/s/3年B組")); len(got) != 0 {
		t.Errorf("its author still sees %d", len(got))
	}
	left := listed(t, h.v.As(other).List(t.Context(), "/s/3年B組"))
	if len(left) != 8 {
		t.Errorf("others see %d of 12", len(left))
	}
	for name := range left {
		if _, err := h.v.As(bad).Stat(t.Context(), name); problem.KindOf(err) != problem.NotFound {
			t.Errorf("its author finds %s: %v", name, err)
		}
		save(t, h.v.As(bad), name, smallPicture(500)) // the name is free for who removed it
		if got := stat(t, h.v.As(other), name); got.Number != 2 {
			t.Errorf("the name used again: %+v", got)
		}
		delete(left, name)
		break
	}
	h.v.Overdue()
	if got := listed(t, h.v.As(other).List(t.Context(), "/s/3年B組")); len(got) != 8 {
		t.Errorf("before the time is over others see %d", len(got))
	}
	now = now.Add(25 * time.Hour)
	h.v.Overdue()
	if got := listed(t, h.v.As(other).List(t.Context(), "/s/3年B組")); len(got) != 1 {
		t.Errorf("after a day others see %d", len(got))
	}
	if len(h.keeper.stops) != 0 {
		t.Errorf("frozen: %+v", h.keeper.stops)
	}
}
