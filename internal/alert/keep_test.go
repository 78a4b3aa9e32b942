package alert

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/seal"
)

var key = seal.Key{7}

// kept is a desk on a disk, with the log of what it says.
func kept(p durable.FS, ways ...Way) (Config, *said) {
	c, s := config(ways...), &said{}
	c.FS, c.File, c.Key, c.Log = p, "/vault/alerts", key, slog.New(slog.NewTextHandler(s, nil))
	return c, s
}

type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func disk(t *testing.T) *durabletest.Platter {
	t.Helper()
	p := durabletest.New(t)
	if err := durable.MakeDir(p, "/vault", 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

// another is a way by another name.
type another struct{ way }

func (*another) Name() string { return "another" }

// TestRestart: what no server has taken is there after the power has gone, and comes with the same ID over each way that has not taken it.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := disk(t)
		down, up := &way{fail: 1 << 20}, &another{}
		conf, _ := kept(p, down, up)
		d := NewDesk(conf)
		for i := range 5 {
			d.Tell(Alert{Kind: Frozen, Who: fmt.Sprint("花子", i), Frozen: []string{"session"}})
		}
		after := p.Crash(1) // before anything was sent
		d.Tell(Alert{Kind: Held, Who: "held", Count: 3})
		time.Sleep(time.Minute)
		later := p.Crash(2)
		d.Close()
		first := up.sent()
		if len(first) != 6 || len(down.sent()) != 0 {
			t.Fatalf("%d over the way that works", len(first))
		}
		for name, c := range map[string]struct {
			disk       *durabletest.Platter
			down, both int
		}{"before anything was sent": {after, 5, 5}, "after one way had it": {later, 6, 0}, "closed": {p, 6, 0}} {
			one, two := &way{}, &another{}
			conf, _ := kept(c.disk, one, two)
			d := NewDesk(conf)
			time.Sleep(10 * time.Second)
			if n, m := len(one.sent()), len(two.sent()); n != c.down || m != c.both {
				t.Errorf("%s: %d and %d came", name, n, m)
			}
			for _, a := range one.sent() {
				same := func(b Alert) bool { return b.ID == a.ID && b.Who == a.Who && b.Count == a.Count }
				if !slices.ContainsFunc(first, same) && name != "before anything was sent" || a.ID == "" || a.House != "house" {
					t.Errorf("%s: another one: %+v", name, a)
				}
			}
			d.Close()
			conf, _ = kept(c.disk, one, two)
			d = NewDesk(conf)
			time.Sleep(time.Hour)
			if d.Close(); len(one.sent()) != c.down {
				t.Errorf("%s: they came again", name)
			}
		}
	})
}

// TestEveryCut takes the power away at each call of the disk: a freeze that Tell has returned from comes, with one ID, once or more.
func TestEveryCut(t *testing.T) {
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		synctest.Test(t, func(t *testing.T) {
			if durable.MakeDir(p, "/vault", 0o700) != nil {
				return
			}
			w := &way{}
			conf, log := kept(p, w)
			d := NewDesk(conf)
			var told []string
			for _, who := range []string{"a", "b"} {
				d.Tell(Alert{Kind: Frozen, Who: who})
				if strings.Contains(log.String(), "could not be written") {
					break
				}
				told = append(told, who)
			}
			seen := p.Crash(uint64(len(told)))
			time.Sleep(5 * time.Second)
			d.Close()
			ids := make(map[string]string)
			for _, a := range w.sent() {
				ids[a.Who] = a.ID
			}
			for _, after := range []*durabletest.Platter{seen, p.Crash(7)} {
				again := &way{}
				conf, log := kept(after, again)
				d := NewDesk(conf)
				time.Sleep(10 * time.Second)
				d.Close()
				if s := log.String(); strings.Contains(s, "cannot be read") {
					t.Errorf("after a crash: %s", s)
				}
				for _, a := range again.sent() {
					if ids[a.Who] != "" && ids[a.Who] != a.ID {
						t.Errorf("%s has two IDs", a.Who)
					}
				}
				if after == seen {
					for _, who := range told {
						if !slices.ContainsFunc(again.sent(), func(a Alert) bool { return a.Who == who }) {
							t.Errorf("%s was told of and does not come after the crash", who)
						}
					}
				}
			}
		})
	})
}

// TestSealed: the disk tells no names, and what is not ours opens nothing.
func TestSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := disk(t)
		conf, _ := kept(p, &way{fail: 1 << 20})
		d := NewDesk(conf)
		d.Tell(Alert{Kind: Frozen, Who: "Sato", Device: "desk", Share: "albums", Address: "192.0.2.7", Reason: "odd"})
		d.Close()
		b, err := p.ReadFile("/vault/alerts")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"Sato", "desk", "albums", "192.0.2.7", "odd", "frozen"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%q is on the disk", s)
			}
		}
		for name, other := range map[string]func(*Config) []byte{
			"another key": func(c *Config) []byte { c.Key = seal.Key{8}; return b },
			"a bit":       func(*Config) []byte { x := bytes.Clone(b); x[len(x)/2] ^= 1; return x },
			"empty":       func(*Config) []byte { return nil },
			"version":     func(*Config) []byte { x := bytes.Clone(b); x[0] = 9; return x },
		} {
			w := &way{}
			conf, log := kept(p, w)
			if err := p.SetFile("/vault/alerts", other(&conf)); err != nil {
				t.Fatal(err)
			}
			d := NewDesk(conf)
			d.Tell(Alert{Kind: Frozen, Who: "b"})
			time.Sleep(5 * time.Second)
			d.Close()
			if got := w.sent(); len(got) != 1 || got[0].Who != "b" || !strings.Contains(log.String(), "cannot be read") {
				t.Errorf("%s: %v\n%s", name, got, log)
			}
		}
	})
}

// TestGiveUp: after four days it is given up, which is said; a house that was closed meanwhile tries for an hour all the same.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := disk(t)
		open := func(fail int) (*Desk, *way, *[]Alert) {
			w, lost := &way{fail: fail}, &[]Alert{}
			conf, _ := kept(p, w)
			conf.Lost = func(a Alert, way string) { *lost = append(*lost, a) }
			return NewDesk(conf), w, lost
		}
		d, w, lost := open(1 << 20)
		d.Tell(Alert{Kind: Frozen, Who: "a"})
		time.Sleep(GiveUp - time.Hour)
		synctest.Wait()
		if len(*lost) > 0 {
			t.Error("it was given up too early")
		}
		if tried := 1<<20 - w.left(); tried < 300 || tried > 500 {
			t.Errorf("it was tried %d times", tried)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(*lost) != 1 || (*lost)[0].Who != "a" {
			t.Errorf("given up: %v", *lost)
		}
		d.Tell(Alert{Kind: Frozen, Who: "b"})
		d.Close()
		time.Sleep(2 * GiveUp)
		d, w, lost = open(3)
		time.Sleep(30 * time.Minute)
		d.Close()
		if got := w.sent(); len(*lost) > 0 || len(got) != 1 || got[0].Who != "b" {
			t.Errorf("after a long time: %v, given up: %v", got, *lost)
		}
	})
}

// TestBounds: so many wait and no more, a freeze goes before what is held, and long names are cut.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := disk(t)
		w := &way{fail: waiting + 50}
		conf, log := kept(p, w)
		d := NewDesk(conf)
		for i := range waiting + 20 {
			d.Tell(Alert{Kind: Held, Who: strings.Repeat("長", 5000) + fmt.Sprint(i), Device: fmt.Sprint(i)})
		}
		d.Tell(Alert{Kind: Frozen, Who: "z"})
		if n := len(d.letters); n != waiting {
			t.Errorf("%d wait", n)
		}
		if s := log.String(); strings.Count(s, "in the log alone") != 20 || strings.Count(s, "makes room") != 1 {
			t.Errorf("the log: %.400s", s)
		}
		d.keep()
		if b, err := p.ReadFile("/vault/alerts"); err != nil || len(b) > maxKept {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		time.Sleep(24 * time.Hour)
		d.Close()
		got := w.sent()
		if len(got) != waiting || !slices.ContainsFunc(got, func(a Alert) bool { return a.Who == "z" }) {
			t.Errorf("%d came", len(got))
		}
	})
}

// TestFullDisk: what the disk does not take is told all the same, and written once it does.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := disk(t)
		p.Limit(1)
		w := &way{fail: 1 << 20}
		conf, log := kept(p, w)
		d := NewDesk(conf)
		d.Tell(Alert{Kind: Frozen, Who: "a"})
		if !strings.Contains(log.String(), "could not be written") {
			t.Error("nothing is said of it")
		}
		p.Limit(0)
		time.Sleep(2 * time.Minute)
		after := &way{}
		conf, _ = kept(p.Crash(3), after)
		d2 := NewDesk(conf)
		time.Sleep(5 * time.Second)
		d2.Close()
		d.Close()
		if len(after.sent()) != 1 {
			t.Error("it was not written when there was room again")
		}
	})
}

// TestTexts: each kind of alert says in both languages what happened, who and where it was, what has been done, and what to do now.
func TestTexts(t *testing.T) {
	when := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	full := Alert{When: when, Who: "hanako", Device: "PC 3", Share: "albums", Door: "sftp", Address: "192.0.2.7", Sign: "broken", Count: 2, Link: "https://h/guard", House: "house"}
	for name, c := range map[string]struct {
		change func(*Alert)
		want   []string
	}{
		"held": {func(a *Alert) { a.Kind = Held }, []string{"hanako / PC 3", "albums / sftp / 192.0.2.7", "2 saves or removals", "2 件", "採用か破棄", "accept or discard",
			lang.English.Text("sign.broken"), lang.Japanese.Text("sign.broken")}},
		"frozen":  {func(a *Alert) { a.Kind, a.Frozen = Frozen, []string{"session", "device"} }, []string{"hanako / PC 3", "every door (session, device)", "凍結：セッション, 機器", "takes two people", "二人で"}},
		"a share": {func(a *Alert) { a.Kind, a.Frozen = Frozen, []string{"share"} }, []string{"for everybody (share)", "全員について", "tell everybody", "全員に知らせて"}},
		"by a person": {func(a *Alert) {
			a.Kind, a.Frozen, a.By, a.Reason, a.Sign = Frozen, []string{"account"}, "taro", "phishing", ""
		}, []string{"Frozen by: taro", "凍結した人: taro", "Why: phishing"}},
		"only a test":  {func(a *Alert) { a.Kind = Test }, []string{"a test", "試験", "What to do now", "次にすること"}},
		"all of it":    {func(a *Alert) { a.Kind, a.Frozen, a.Who, a.Device = Frozen, []string{"all"}, "", "" }, []string{"(everything)", "凍結：全体"}},
		"from nowhere": {func(a *Alert) { a.Kind, a.Share, a.Door, a.Address = Held, "", "", "" }, []string{"hanako"}},
	} {
		a := full
		c.change(&a)
		text := a.Text()
		for _, w := range append(c.want, "When: ", "日時: ", "What was done: ", "What to do now: ", "実施済み：", "次にすること：", "https://h/guard") {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in\n%s", name, w, text)
			}
		}
		if strings.Contains(text, "%!") || strings.Contains(text, ": \n") || strings.Contains(text, "stop.") {
			t.Errorf("%s: not well made:\n%s", name, text)
		}
	}
}
