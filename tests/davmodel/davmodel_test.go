// Package davmodel drives the real storehouse over WebDAV with random acts, lets it end in good and in bad order in
// between, and holds what it answers and shows against a drive in memory.
package davmodel

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/azekura/azekura/tests/house"
)

// names are those of the tree, some in the spelling of a Mac: there are fewer names than spellings.
var names = []string{"a", "b", "がぎ", norm.NFD.String("がぎ"), "50% #1+.jpg", "写真 ①.tif"}

// game is one round: a drive, the client that drives it, and what the next act needs to know of the past.
type game struct {
	*client
	*drive
	tags  map[string][32]byte // what each entity tag ever stood for
	ended []string            // tokens of locks that are no more
	acts  *int
}

// act is a request and what must come of it.
type act struct {
	method, name, body string
	header             http.Header
	no                 []int // it must be refused with one of these; none: it must be done
	yes                int
	then               func(d *drive, r reply)
}

func (a *act) refuse(when bool, code int) {
	if when {
		a.no = append(a.no, code)
	}
}

// settle compares an answer with what must come, and changes the drive.
func (g *game) settle(t *rapid.T, a act, r reply) {
	t.Helper()
	switch {
	case len(a.no) > 0 && !slices.Contains(a.no, r.code):
		t.Fatalf("%s %q %v: %d, want one of %v: %s", a.method, a.name, a.header, r.code, a.no, r.body)
	case len(a.no) > 0:
		return
	case r.code != a.yes:
		t.Fatalf("%s %q %v: %d, want %d: %s", a.method, a.name, a.header, r.code, a.yes, r.body)
	}
	was := g.drive.locks
	if a.then != nil {
		g.drive.locks = maps.Clone(was)
		a.then(g.drive, r)
	}
	for token := range was {
		if _, ok := g.drive.locks[token]; !ok {
			g.ended = append(g.ended, token)
		}
	}
}

// play makes a request and settles it.
func (g *game) play(t *rapid.T, a act) reply {
	t.Helper()
	*g.acts++
	r, err := g.do(a.method, a.name, a.body, a.header)
	if err != nil {
		t.Fatalf("%s %q: %v", a.method, a.name, err)
	}
	t.Logf("%s %q %v (%d bytes): %d", a.method, a.name, a.header, len(a.body), r.code)
	g.settle(t, a, r)
	return r
}

// check walks the server's tree and compares. An entity tag may never stand for two contents.
func (g *game) check(t rapid.TB) {
	t.Helper()
	shown, err := g.walk()
	if err == nil {
		err = g.differs(shown)
	}
	if err != nil {
		t.Fatal(err)
	}
	g.remember(t, shown)
}

func (g *game) remember(t rapid.TB, shown map[string]*seen) {
	t.Helper()
	for name, s := range shown {
		sum := sha256.Sum256([]byte(s.content))
		if old, ok := g.tags[s.tag]; ok && old != sum && !s.dir {
			t.Fatalf("%q: entity tag %s has stood for another content", name, s.tag)
		}
		g.tags[s.tag] = sum
	}
}

// restart ends the server, starts it again, and looks at everything.
func (g *game) restart(t *rapid.T) {
	*g.acts++
	sig := syscall.SIGTERM
	if rapid.Bool().Draw(t, "by force") {
		sig = syscall.SIGKILL
	}
	g.Stop(sig)
	g.Start()
	g.check(t)
}

// breakOff kills the server while an act is under way. What was answered is done; what was not is done or not.
func (g *game) breakOff(t *rapid.T) {
	*g.acts++
	var a act
	switch rapid.IntRange(0, 3).Draw(t, "act") {
	case 0:
		a = g.drawRemove(t)
	case 1:
		a = g.drawTransfer(t, "MOVE")
	default:
		a = g.drawPut(t)
	}
	type result struct {
		reply
		err error
	}
	came := make(chan result, 1)
	go func() {
		r, err := g.do(a.method, a.name, a.body, a.header)
		came <- result{r, err}
	}()
	delay := time.NewTimer(time.Duration(rapid.IntRange(0, 5000).Draw(t, "microseconds")) * time.Microsecond)
	var got result
	select { // any moment is as good as another: nothing is expected of it
	case <-delay.C:
		g.Stop(syscall.SIGKILL)
		got = <-came
	case got = <-came:
		g.Stop(syscall.SIGKILL)
	}
	g.Start()
	if got.err == nil {
		g.settle(t, a, got.reply)
		g.check(t)
		return
	}
	shown, err := g.walk()
	if err != nil {
		t.Fatal(err)
	}
	undone := g.clone()
	done := g.clone()
	if len(a.no) == 0 {
		a.then(done, reply{})
	}
	for _, d := range []*drive{undone, done} {
		// Locks that the act ends may be the first to go, and those on its own name may be on their way to the file
		// that is to continue there. A token that is lost so is refused, as after its time.
		maps.DeleteFunc(d.locks, func(token string, l lock) bool {
			s := shown[l.root]
			return (done.locks[token] != l || l.root == a.name) && (s == nil || !slices.Contains(s.tokens, token))
		})
	}
	if err := undone.differs(shown); err == nil {
		g.drive = undone
	} else if err2 := done.differs(shown); err2 == nil {
		g.drive = done
	} else {
		t.Fatalf("%s %q is half done\nundone: %v\ndone: %v", a.method, a.name, err, err2)
	}
	g.remember(t, shown)
}

// begin makes a tree that is worth playing with.
func (g *game) begin(t *rapid.T) {
	g.play(t, act{method: "MKCOL", yes: http.StatusCreated})
	for _, dir := range []string{"/a", "/a/b"} {
		g.play(t, act{method: "MKCOL", name: dir, yes: http.StatusCreated, then: func(d *drive, _ reply) { d.things[dir] = &thing{dir: true} }})
	}
	for _, file := range []string{"/がぎ", "/a/写真 ①.tif", "/a/b/a"} {
		g.play(t, act{method: "PUT", name: file, body: file, yes: http.StatusCreated, then: func(d *drive, _ reply) { d.things[file] = &thing{content: file} }})
	}
}

// TestModel plays rounds, each in a directory of its own.
func TestModel(t *testing.T) {
	h := house.Unguarded(t)
	rounds, acts := 0, 0
	var last *game
	rapid.Check(t, func(t *rapid.T) {
		rounds++
		g := &game{&client{h, fmt.Sprintf("round%d", rounds)}, newDrive(), make(map[string][32]byte), nil, &acts}
		last = g
		g.begin(t)
		one := func(draw func(*rapid.T) act) func(*rapid.T) { return func(t *rapid.T) { g.play(t, draw(t)) } }
		transfer := func(method string) func(*rapid.T) {
			return one(func(t *rapid.T) act { return g.drawTransfer(t, method) })
		}
		seldom := func(do func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "now") == 3 {
					do(t)
				} else {
					g.list(t)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"PUT": one(g.drawPut), "PUT again": one(g.drawPut), "PUT once more": one(g.drawPut), "MKCOL": one(g.drawMkcol), "MKCOL again": one(g.drawMkcol),
			"DELETE": one(g.drawRemove), "MOVE": transfer("MOVE"), "MOVE again": transfer("MOVE"), "COPY": transfer("COPY"), "PROPPATCH": one(g.drawProppatch),
			"LOCK": g.lock, "UNLOCK": g.unlock, "GET": g.get, "GET again": g.get, "PROPFIND": g.list, "litter": g.litter,
			"restart": seldom(g.restart), "break off": seldom(g.breakOff),
		})
		g.check(t)
	})
	t.Logf("%d acts in %d rounds", acts, rounds)
	h.Run("verify")
	if t.Failed() {
		return
	}
	h.Stop(syscall.SIGTERM)
	h.Run("rebuild")
	h.Start()
	last.check(t)
}
