package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestRetentionModel compares with a model that knows each content's days.
func TestRetentionModel(t *testing.T) {
	type made struct {
		info         vault.Info
		content      byte
		over, hidden int // on which day
		file         int
		behind       int // versions after it
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := openOn(t, durabletest.New(rt), "/vault", t.TempDir(), newTestKeeper(t, "s")) // no disk that takes its time
		defer h.close()
		f := h.v.As(staff)
		var all []*made
		heads := map[string]*made{}
		day, days, files := 0, map[uint64]int{}, 0
		content := func(c byte) []byte { return random(uint64(c), 40<<10) }
		for range rapid.IntRange(3, 10).Draw(rt, "acts") {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name")
			head := heads[name]
			var path pathname.Path
			if head != nil && rapid.IntRange(0, 3).Draw(rt, "remove") == 0 {
				if err := f.Remove(bg, head.info.Path); err != nil {
					rt.Fatal(err)
				}
				for _, m := range all {
					if m.file == head.file {
						m.hidden = day
					}
				}
				delete(heads, name)
			} else {
				m := &made{content: byte(rapid.IntRange(0, 4).Draw(rt, "content")), over: -1, hidden: -1}
				if head == nil { // a name that was never used, or the file before would go on
					files++
					path = pathname.Path("/s").Join(fmt.Sprint(name, files))
					m.file = files
				} else {
					path, m.file = head.info.Path, head.file
					head.over = day
					for _, x := range all {
						if x.file == m.file {
							x.behind++
						}
					}
				}
				m.info = save(t, f, path, content(m.content))
				heads[name] = m
				all = append(all, m)
			}
			h.seal(t)
			for i, err := range h.packs.Packs(bg, h.keeper.shares[0].ID) {
				if _, known := days[i.Pack]; err == nil && !known {
					days[i.Pack] = day
				}
			}
			day += rapid.IntRange(0, 20).Draw(rt, "days")
		}
		rule := account.Retention{Versions: rapid.IntRange(0, 60).Draw(rt, "versions"), Deleted: rapid.IntRange(0, 60).Draw(rt, "deleted"), Keep: rapid.IntRange(0, 3).Draw(rt, "keep")}
		h.remove(t, rule, h.aged(t, func(n uint64) int { return day - days[n] }))
		check := func() {
			for _, m := range all {
				due := m.hidden >= 0 && rule.Deleted > 0 && day-m.hidden >= rule.Deleted ||
					m.over >= 0 && rule.Versions > 0 && day-m.over >= rule.Versions && m.behind >= max(1, rule.Keep)
				b, err := opens(h.v.As(staff), m.info)
				if due && !removedByRule(err) || !due && (err != nil || !bytes.Equal(b, content(m.content))) {
					rt.Fatalf("%s, version %d, over on day %d, hidden on day %d, of %d: due is %v: %v", m.info.Path, m.info.Number, m.over, m.hidden, day, due, err)
				}
			}
		}
		check()
		if rapid.IntRange(0, 4).Draw(rt, "look closely") == 0 {
			h.sound(t)
			check()
		}
		wanted := map[byte]bool{}
		for _, m := range all {
			if _, err := opens(f, m.info); err == nil {
				wanted[m.content] = true
			}
		}
		if n := h.chunks(t); n != len(wanted) {
			rt.Fatalf("%d chunks are on the disk, %d are somebody's", n, len(wanted))
		}
	})
}

// TestRemovalPowerCut: the power goes at every call to the disk of a removal. Whatever is not removed is there afterwards, and the removal can be done
// to its end.
func TestRemovalPowerCut(t *testing.T) {
	k := newTestKeeper(t, "s")
	rule := account.Retention{Versions: 30, Deleted: 30}
	stays, goes := random(1, 40<<10), random(2, 40<<10)
	before := durabletest.New(t)
	h := openOn(t, before, "/vault", t.TempDir(), k)
	f := h.v.As(staff)
	save(t, f, "/s/stays", goes)
	save(t, f, "/s/stays", stays)
	save(t, f, "/s/goes", goes)
	save(t, f, "/s/both", stays)
	for _, n := range []pathname.Path{"/s/goes", "/s/both"} {
		if err := f.Remove(bg, n); err != nil {
			t.Fatal(err)
		}
	}
	h.seal(t)
	h.close()
	ledger := slices.Clone(k.ledger)
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		packs := "/vault/packs/" + k.shares[0].ID.String()
		if err := errors.Join(p.MkdirAll(packs, 0o700), p.MkdirAll("/vault/vault", 0o700), p.SyncDir("/vault/packs"), p.SyncDir("/vault"), p.SyncDir("/")); err != nil {
			return
		}
		for _, name := range before.Names() {
			b, err := before.ReadFile(name)
			if errors.Is(err, syscall.EISDIR) || b == nil {
				continue
			}
			if err == nil {
				err = p.SetFile(name, b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		k.ledger = slices.Clone(ledger)
		h := tryOpen(t, p, k)
		if h == nil {
			return
		}
		func() {
			defer func() {
				h.close()
				if r := recover(); r != nil && r != errOpen {
					panic(r)
				}
			}()
			if _, err := h.v.As(staff).Stat(bg, "/s/stays"); err != nil {
				return
			}
			a := h.old(&quiet{t}, 31)
			r, err := h.v.PreviewRemoval(bg, staff, "s", rule, a, false, func(int64, int64) {})
			if err != nil {
				return
			}
			if r.Versions != 3 {
				t.Errorf("the preview is %+v", r)
			}
			_, _ = h.v.RemoveByRule(bg, staff, "s", removing(r, a))
		}()
		h = openOn(t, p.Crash(1), "/vault", t.TempDir(), k)
		defer h.close()
		f := h.v.As(staff)
		if b, err := opens(f, stat(t, f, "/s/stays")); err != nil || !bytes.Equal(b, stays) {
			t.Errorf("what stays: %v", err)
		}
		h.seal(t)
		if r, err := h.v.PreviewedRemoval(bg, staff, "s"); err == nil && r.Versions > 0 { // it goes on
			if _, err := h.v.RemoveByRule(bg, staff, "s", removing(r, h.old(t, 31))); err != nil {
				t.Error(err)
			}
		}
		h.remove(t, rule, h.old(t, 31))
		if n := h.chunks(t); n != 1 {
			t.Errorf("%d chunks are on the disk", n)
		}
		save(t, f, "/s/after", goes)
		for name, want := range map[pathname.Path][]byte{"/s/stays": stays, "/s/after": goes} {
			if b, err := opens(f, stat(t, f, name)); err != nil || !bytes.Equal(b, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.sound(t)
	})
}
