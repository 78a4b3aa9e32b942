package guard

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func someone() Party {
	return Party{Session: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Share: id.Share{1}}
}

func whole(kind string, size int64) Content {
	return Content{Found: commit.Found{Looked: true, Kind: kind}, Size: size, Equal: [32]byte([]byte(id.NewVersion().String()))}
}

// TestTableIsDocumented compares the table of docs/guard.md with the one in code.
func TestTableIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[Sign]string)
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			rows[Sign(strings.Trim(cells[1], " `"))] = strings.TrimSpace(cells[3]) + " " + strings.TrimSpace(cells[4])
		}
	}
	for s, w := range weights {
		held := "never"
		switch {
		case s == Gone:
			held = "by number: `guard_removals`"
		case w.held > 0:
			held = fmt.Sprintf("from the %s", []string{"1st", "2nd", "3rd", "4th"}[w.held-1])
		}
		if want := fmt.Sprintf("%v %s", w.benign, held); rows[s] != want {
			t.Errorf("%s: the table has %q, the code %q", s, rows[s], want)
		}
	}
	if len(rows) != len(weights) {
		t.Errorf("the table has %d signs, the code %d", len(rows), len(weights))
	}
}

// TestSays: the weight is a likelihood ratio: nothing for what is expected, more for more signs, less for more work beside them, whatever the order.
func TestSays(t *testing.T) {
	if len(order) != len(weights) {
		t.Errorf("%d signs have a number, %d a weight", len(order), len(weights))
	}
	for sign, w := range weights {
		if x := w.says(1, 1<<40); x != 0 {
			t.Errorf("%s: one among very many says %v", sign, x)
		}
		last := 0.0
		for n := 1; n < 50; n++ {
			x := w.says(n, n)
			if x < last {
				t.Errorf("%s: %d of %d say %v, one fewer %v", sign, n, n, x, last)
			}
			last = x
			if y := w.says(n, 10*n); y > x {
				t.Errorf("%s: %d of %d say %v, of %d %v", sign, n, 10*n, y, n, x)
			}
		}
	}
	if got, want := table[Broken.number()].says(2, 4), 2*math.Log(2/4e-5)-(2-4e-5); math.Abs(got-want) > 1e-9 {
		t.Errorf("two of four: %v, want %v", got, want)
	}
}

// TestSlowly: whether one file in an hour or a hundred in a second, by one or by many, with ordinary work beside it: the number of files
// before the freeze is the same few.
func TestSlowly(t *testing.T) {
	for _, c := range []struct {
		name    string
		parties int
		pause   time.Duration
		benign  int // acts of others between two files
		most    int // files
	}{
		{"at once", 1, 0, 0, 2}, {"one an hour", 1, time.Hour, 0, 2}, {"one a day", 1, 24 * time.Hour, 0, 2}, {"one a day, in a busy house", 1, 24 * time.Hour, 2000, 2},
		{"eighteen accounts", 18, 0, 0, 18}, {"eighteen accounts, one an hour", 18, time.Hour, 100, 18},
	} {
		g := New(Config{})
		now := start
		bad := make([]Party, c.parties)
		for i := range bad {
			bad[i] = someone()
			bad[i].Address = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		}
		others := []Party{someone(), someone(), someone(), someone()}
		frozen := make(map[id.Session]bool)
		files := 0
		for len(frozen) < c.parties && files < 200 {
			p := bad[files%c.parties]
			if frozen[p.Session] {
				files++
				continue
			}
			for i := range c.benign {
				g.Judge(others[i%len(others)], now, []Step{{Kind: Saved, File: id.NewFile(), Name: "a.jpg", Old: whole("jpeg", 1<<20), New: whole("jpeg", 1<<20+int64(i))}}, func(int) id.Version { return id.NewVersion() })
			}
			hurt := whole("jpeg", 1<<20)
			hurt.Damaged, hurt.Reason = true, "data"
			v := g.Judge(p, now, []Step{{Kind: Saved, File: id.NewFile(), Name: "a.jpg", Old: whole("jpeg", 1<<20), New: hurt}}, func(int) id.Version { return id.NewVersion() })
			if !v.Hold[0] || v.Signs[0] != Broken {
				t.Fatalf("%s: %+v", c.name, v)
			}
			for _, s := range v.Freeze {
				if s.Kind == BySession {
					frozen[s.ID] = true
				}
			}
			files++
			now = now.Add(c.pause)
		}
		if files > 2*c.most || len(frozen) != c.parties {
			t.Errorf("%s: %d files, %d of %d parties frozen", c.name, files, len(frozen), c.parties)
		}
		for _, p := range others {
			if g.Frozen(p) {
				t.Errorf("%s: somebody else is frozen", c.name)
			}
		}
	}
}
