package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// TestRestartIsNoExcuse: whatever the guard counts, it counts on after a restart: an attacker who does one file before each is stopped after as many
// as without any, whether what they do is held or not, and whether somebody has discarded it meanwhile.
func TestRestartIsNoExcuse(t *testing.T) {
	for _, c := range []struct {
		name    string
		discard bool
		act     func(t *testing.T, p party, name string, old []byte, n int) error
		most    int
	}{
		{"saves that are held", false, func(t *testing.T, p party, name string, old []byte, n int) error {
			return p.Write(t.Context(), name, noise(len(old), n), time.Time{})
		}, 2},
		{"saves that are discarded", true, func(t *testing.T, p party, name string, old []byte, n int) error {
			return p.Write(t.Context(), name, noise(len(old), n), time.Time{})
		}, 2},
		{"names, which are not held", false, func(t *testing.T, p party, name string, _ []byte, _ int) error {
			return p.Rename(t.Context(), name, name+".qqzx")
		}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := guarded(t)
			pictures := pictureAlbum(t, h, 12)
			bad := person("attacked")
			n := 0
			for name, old := range pictures {
				bad.ID = id.NewSession()
				if err := c.act(t, party{h.v.As(bad)}, string(name)[len("/s/"):], old, n); problem.KindOf(err) == problem.Frozen {
					break
				} else if must(t, err); len(h.keeper.stops) > 0 {
					n++
					break
				}
				n++
				for _, x := range held(t, h, person("eyes")) {
					if c.discard {
						must(t, h.v.Settle(t.Context(), person("decides"), "/s", x.Hold, false))
					}
				}
				h.close()
				h.keeper.guard = guard.New(guard.Config{})
				h = openHouse(t, h.root, h.keeper)
			}
			t.Cleanup(func() { h.close() })
			if len(h.keeper.stops) == 0 || n > c.most {
				t.Errorf("%d files, %d stops", n, len(h.keeper.stops))
			}
		})
	}
}

// TestRestartForgives: what was accepted, and what was made good, is no evidence after a restart either.
func TestRestartForgives(t *testing.T) {
	h := guarded(t)
	pictures := pictureAlbum(t, h, 8)
	bad := person("mistaken")
	n := 0
	for name, old := range pictures {
		if n++; n > 6 {
			break
		}
		save(t, h.v.As(bad), name, noise(len(old), n))
		if n%2 == 0 {
			save(t, h.v.As(bad), name, smallPicture(600+n))
		} else {
			must(t, h.v.Settle(t.Context(), person("decides"), "/s", held(t, h, bad)[0].Hold, true))
		}
		h.close()
		h.keeper.guard = guard.New(guard.Config{})
		h = openHouse(t, h.root, h.keeper)
	}
	t.Cleanup(func() { h.close() })
	if len(h.keeper.stops) != 0 || len(held(t, h, bad)) != 0 {
		t.Errorf("frozen: %+v, held: %+v", h.keeper.stops, held(t, h, bad))
	}
}

// TestHeldDirectory: who has removed a directory, and is not believed, is not let in by its full path either; others are.
func TestHeldDirectory(t *testing.T) {
	h := guarded(t)
	pictures := pictureAlbum(t, h, 12)
	bad, other := person("tidy"), person("other")
	inside := pathname.Path("/s/3年B組/003.jpg")
	stat(t, h.v.As(bad), inside) // it knows the way
	stat(t, h.v.As(other), inside)
	must(t, h.v.As(bad).Remove(t.Context(), "/s/3年B組"))
	if len(held(t, h, other)) != 1 {
		t.Fatalf("held: %+v", held(t, h, other))
	}
	for range 2 {
		if i, err := h.v.As(bad).Stat(t.Context(), inside); problem.KindOf(err) != problem.NotFound {
			t.Errorf("its author still finds %+v, %v", i, err)
		}
		if got := load(t, h.v.As(other), stat(t, h.v.As(other), inside)); len(got) != len(pictures[inside]) {
			t.Error("others do not find what is in it")
		}
	}
	if err := (party{h.v.As(bad)}).write(t.Context(), string(inside)[len("/s/"):], smallPicture(9), time.Time{}); problem.KindOf(err) != problem.Conflict {
		t.Errorf("its author saves into it: %v", err)
	}
	must(t, h.v.Settle(t.Context(), other, "/s", held(t, h, other)[0].Hold, false))
	stat(t, h.v.As(bad), inside)
}

// BenchmarkRecall is what a start costs for each act that the guard is told of.
func BenchmarkRecall(b *testing.B) {
	k := newTestKeeper(b, "s")
	k.guard = guard.New(guard.Config{})
	h := openHouse(b, b.TempDir(), k)
	f := h.v.As(person("writer"))
	const acts = 2000
	for i := range acts {
		save(b, f, pathname.Path(fmt.Sprintf("/s/%04d.txt", i)), fmt.Appendf(nil, "%d 枚目の写真について、三列目の左から二人目の名前を直してください。", i))
	}
	for b.Loop() {
		b.StopTimer()
		h.close()
		h.keeper.guard = guard.New(guard.Config{})
		h = openHouse(b, h.root, h.keeper)
		b.StartTimer()
		for _, err := range h.v.As(account.Session{}).List(b.Context(), "/s") {
			_ = err
			break
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/acts, "ns/act")
	h.close()
}
