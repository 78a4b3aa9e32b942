package guard

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/id"
)

func name(int) id.Version { return id.NewVersion() }

// junk is content without any order.
func junk(size int64) Content {
	c := whole("", size)
	c.Even = true
	return c
}

func closed(kind string, size int64) Content {
	c := whole(kind, size)
	c.Sealed = true
	return c
}

// desk is somebody at work.
type desk struct {
	g   *Guard
	p   Party
	now time.Time
}

func (d *desk) do(s Step) Verdict {
	d.now = d.now.Add(time.Second)
	if s.File == (id.File{}) {
		s.File = id.NewFile()
	}
	return d.g.Judge(d.p, d.now, []Step{s}, name)
}

func newDesk() *desk { return &desk{New(Config{}), someone(), start} }

// TestRules: what each pair of contents, and each sequence of acts, is found to be.
func TestRules(t *testing.T) {
	dir := id.File{1}
	noisy := func(kind string, size int64) Content {
		c := whole(kind, size)
		c.Even = true
		return c
	}
	hurt := whole("jpeg", 4<<20)
	hurt.Damaged, hurt.Reason = true, "data"
	same, note := whole("jpeg", 9000), whole("text", 900)
	for _, c := range []struct {
		name  string
		steps []Step
		want  Sign // of the last
		held  bool
	}{
		{"a picture of another quality", []Step{{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 4<<20), New: whole("jpeg", 2<<20)}}, "", false},
		{"a byte in the place of a picture", []Step{{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 4<<20), New: whole("text", 1)}}, Strange, true},
		{"a few bytes of noise in the place of a picture", []Step{{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 4<<20), New: whole("", 63)}}, Strange, true},
		{"a byte in the place of something unknown", []Step{{Kind: Saved, Name: "a.dat", Old: whole("", 4<<20), New: whole("text", 1)}}, Emptied, true},
		{"a few bytes of noise in the place of a text", []Step{{Kind: Saved, Name: "a.txt", Old: whole("text", 9000), New: whole("", 40)}}, Strange, true},
		{"a text of which two letters are left", []Step{{Kind: Saved, Name: "a.txt", Old: whole("text", 9000), New: whole("text", 2)}}, "", false},
		{"a text that could not be read, and now can be", []Step{{Kind: Saved, Name: "a.txt", Old: func() Content {
			c := whole("text", 9000)
			c.Damaged = true
			return c
		}(), New: whole("text", 20)}}, "", false},
		{"a picture in the place of no bytes", []Step{{Kind: Saved, Name: "a.jpg", Old: whole("", 0), New: whole("jpeg", 4<<20)}}, "", false},
		{"the number of a process in the place of another", []Step{{Kind: Saved, Name: "a.lock", Old: whole("text", 6), New: whole("", 5)}}, "", false},
		{"a picture that holds nothing but noise", []Step{{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 4<<20), New: noisy("bmp", 4<<20)}}, Even, true},
		{"a short text that became a word", []Step{{Kind: Saved, Name: "a.csv", Old: whole("text", 23), New: whole("", 6)}}, "", false},
		{"a text that is base64", []Step{{Kind: Saved, Name: "a.txt", Old: whole("text", 9000), New: noisy("text", 12000)}}, Even, true},
		{"a document that holds nothing but noise", []Step{{Kind: Saved, Name: "a.docx", Old: whole("office", 90000), New: noisy("office", 90000)}}, Even, true},
		{"noise that was noise", []Step{{Kind: Saved, Name: "a.zip", Old: noisy("zip", 90000), New: noisy("zip", 99000)}}, "", false},
		{"noise over what only looked like a picture", []Step{{Kind: Saved, Name: "a.mdb", Old: hurt, New: junk(4 << 20)}}, Even, true},
		{"once more the same picture", []Step{
			{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 1<<20), New: same}, {Kind: Saved, Name: "b.jpg", Old: whole("jpeg", 1<<20), New: same},
			{Kind: Saved, Name: "c.jpg", Old: whole("jpeg", 1<<20), New: same}}, Same, true},
		{"a licence, brought up to date everywhere", func() (out []Step) {
			old, now := whole("text", 900), whole("text", 950)
			for i := range 5 {
				out = append(out, Step{Kind: Saved, Name: fmt.Sprintf("LICENSE%d", i), Old: old, New: now})
			}
			return out
		}(), "", false},
		{"a file that comes back as noise hours later", []Step{{Kind: Removed, Dir: dir, Name: "a.jpg", Old: whole("jpeg", 1<<20)},
			{Kind: Made, Dir: dir, Name: "a.jpg.x", New: junk(5 << 20)}}, Swapped, false},
		{"a copy stands elsewhere", []Step{{Kind: Made, Dir: id.File{2}, Name: "a.jpg", New: same}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: same}}, "", false},
		{"something as long, and called the same, elsewhere", []Step{{Kind: Made, Dir: id.File{2}, Name: "a.jpg", New: whole("jpeg", 9000)},
			{Kind: Removed, Dir: dir, Name: "a.jpg", Old: same}}, Gone, false},
		{"a text that somebody has made a moment ago", []Step{{Kind: Made, Dir: dir, Name: "a.css", New: note}, {Kind: Removed, Dir: dir, Name: "a.css", Old: note}}, "", false},
		{"the same, and noise in its place", []Step{{Kind: Made, Dir: dir, Name: "a.css", New: note}, {Kind: Removed, Dir: dir, Name: "a.css", Old: note},
			{Kind: Made, Dir: dir, Name: "a.css.x", New: junk(901)}}, Swapped, false},
		{"a picture that somebody has brought a moment ago", []Step{{Kind: Made, Dir: dir, Name: "a.jpg", New: same}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: same}}, Gone, false},
		{"a copy, then the original, then the copy", []Step{{Kind: Made, Dir: id.File{2}, Name: "a.jpg", New: same}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: same},
			{Kind: Removed, Dir: id.File{2}, Name: "a.jpg", Old: same}}, Gone, false},
		{"a copy, then the original, then the copy under another name", []Step{{Kind: Made, File: id.File{9}, Dir: dir, Name: "b.jpg", New: same}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: same},
			{Kind: Renamed, File: id.File{9}, Dir: dir, Name: "c.jpg", From: "b.jpg", Old: same}, {Kind: Removed, File: id.File{9}, Dir: dir, Name: "c.jpg", Old: same}}, Gone, false},
		{"a copy that is something else by now, and the original", []Step{{Kind: Made, File: id.File{9}, Dir: dir, Name: "b.jpg", New: same},
			{Kind: Saved, File: id.File{9}, Dir: dir, Name: "b.jpg", Old: same, New: whole("jpeg", 9000)}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: same}}, Gone, false},
		{"a small file of a repository, beside a small object of it", []Step{{Kind: Made, Dir: id.File{2}, Name: "3f9a", New: junk(3000)},
			{Kind: Removed, Dir: dir, Name: "a.css", Old: whole("text", 1800)}}, Gone, false},
		{"made into another kind of picture", []Step{{Kind: Made, Dir: dir, Name: "a.jpg", New: whole("jpeg", 1<<20)},
			{Kind: Removed, Dir: dir, Name: "a.heic", Old: whole("bmff", 2<<20)}}, "", false},
		{"made into a PDF", []Step{{Kind: Made, Dir: dir, Name: "a.pdf", New: whole("pdf", 1<<20)}, {Kind: Removed, Dir: dir, Name: "a.tif", Old: whole("tiff", 9<<20)}}, "", false},
		{"a stamp in the place of a picture", []Step{{Kind: Made, Dir: dir, Name: "a.png", New: whole("png", 100)}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: whole("jpeg", 4<<20)}}, Gone, false},
		{"one stamp in the place of all", []Step{{Kind: Made, Dir: dir, Name: "a.png", New: same}, {Kind: Removed, Dir: dir, Name: "a.jpg", Old: whole("jpeg", 10000)},
			{Kind: Made, Dir: dir, Name: "b.png", New: same}, {Kind: Removed, Dir: dir, Name: "b.jpg", Old: whole("jpeg", 10000)}}, Gone, false},
		{"an archive with a password, and then what is in it", []Step{{Kind: Made, Dir: dir, Name: "all.zip", New: closed("zip", 90<<20)},
			{Kind: Removed, Dir: dir, Name: "a.jpg", Old: whole("jpeg", 1<<20)}, {Kind: Removed, Dir: dir, Name: "b.jpg", Old: whole("jpeg", 1<<20)},
			{Kind: Removed, Dir: dir, Name: "c.jpg", Old: whole("jpeg", 1<<20)}}, Packed, true},
		{"one's own temporary noise", []Step{{Kind: Made, Dir: dir, Name: "cache", New: junk(5000)}, {Kind: Removed, Dir: dir, Name: "cache", Old: junk(5000)}}, "", false},
	} {
		d := newDesk()
		files := make(map[place]id.File) // what stands where
		var v Verdict
		for i, s := range c.steps {
			if at := (place{s.Dir, s.Name}); s.Kind == Removed && s.File.IsZero() {
				s.File = files[at]
			} else if s.Kind == Made {
				if s.File.IsZero() {
					s.File = id.NewFile()
				}
				files[at] = s.File
			}
			if i == 1 && strings.Contains(c.name, "hours later") {
				d.now = d.now.Add(50 * time.Hour)
			}
			v = d.do(s)
		}
		if v.Signs[0] != c.want || v.Hold[0] != c.held {
			t.Errorf("%s: %q, held %v", c.name, v.Signs[0], v.Hold[0])
		}
	}
}

// TestDilution: however much else somebody does, what they do to some files does not become ordinary by it.
func TestDilution(t *testing.T) {
	d := newDesk()
	for i := range 12 {
		v := d.do(Step{Kind: Renamed, Name: fmt.Sprintf("%d.jpg.qqzx", i), From: fmt.Sprintf("%d.jpg", i), Old: whole("jpeg", 1<<20)})
		if len(v.Freeze) > 0 {
			if i > 4 {
				t.Errorf("after %d names", i+1)
			}
			return
		}
		for k := range 200 {
			d.do(Step{Kind: Saved, Name: "notes.txt", Old: whole("text", 900), New: whole("text", int64(900+k))})
		}
	}
	t.Error("it goes on")
}

// TestToAndFro: who renames a file of their own to and fro makes nothing more ordinary by it.
func TestToAndFro(t *testing.T) {
	d := newDesk()
	own := id.NewFile()
	for i := range 6 {
		for range 100 {
			d.do(Step{Kind: Renamed, File: own, Name: "2.txt", From: "1.txt", Old: whole("text", 900)})
		}
		if v := d.do(Step{Kind: Renamed, Name: fmt.Sprintf("%d.jpg.qqzx", i), From: fmt.Sprintf("%d.jpg", i), Old: whole("jpeg", 1<<20)}); len(v.Freeze) > 0 {
			if i > 4 {
				t.Errorf("after %d names", i+1)
			}
			return
		}
	}
	t.Error("it goes on")
}

// TestRoom: copies of one archive have no more room than it, and what is called one and is a text has none.
func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		archive Content
		as      string
		room    int
	}{
		"a packed tar":             {room("gzip", 5<<20, 5<<20), "all.tgz", 5},
		"a tar":                    {room("", 5<<20, 5<<20), "all.tar", 5},
		"a text":                   {room("text", 5<<20, 5<<20), "all.tar", 0},
		"a tar of zeros":           {room("", 5<<20, 0), "all.tar", 0},
		"of which nobody can tell": {whole("zip", 5<<20), "all.zip", 0},
	} {
		d := newDesk()
		for range 4 {
			d.do(Step{Kind: Made, Dir: id.File{1}, Name: c.as, New: c.archive})
		}
		calm := 0
		for i := range 10 {
			if v := d.do(Step{Kind: Removed, Dir: id.File{2}, Name: fmt.Sprintf("%d.jpg", i), Old: whole("jpeg", 1<<20)}); v.Signs[0] == "" {
				calm++
			}
		}
		if calm != c.room {
			t.Errorf("%s: %d files may be in it", name, calm)
		}
	}
}

// TestNetwork: the addresses that somebody has together count together.
func TestNetwork(t *testing.T) {
	at := func(a string) netip.Addr { return region(netip.MustParseAddr(a)) }
	if at("2001:db8::1") != at("2001:db8::ffff:2") || at("2001:db8::1") == at("2001:db8:0:1::1") || at("192.0.2.1") == at("192.0.2.2") || at("::ffff:192.0.2.1") != at("192.0.2.1") {
		t.Error("addresses count otherwise")
	}
	g := New(Config{})
	for i := range 300 {
		p := someone()
		p.Account, p.Session, p.Device = id.Account{1}, id.Session{1}, id.Device{1}
		p.Address = netip.AddrFrom16([16]byte{0x20, 1, 14: byte(i), 15: byte(i >> 8)})
		g.Judge(p, start, []Step{{Kind: Saved, File: id.NewFile(), Name: "a.txt", Old: whole("text", 900), New: whole("text", 901)}}, name)
	}
	if len(g.scopes) != 6 {
		t.Errorf("%d scopes are remembered", len(g.scopes))
	}
}

// TestOthersMistakes: who has made a mistake last week is not stopped for what somebody else does today, in the same share and behind the same
// address; who makes one while it goes on, and whose does as much together with others', is.
func TestOthersMistakes(t *testing.T) {
	g := New(Config{})
	behind := netip.MustParseAddr("192.0.2.7")
	mistaken, bad := someone(), someone()
	mistaken.Address, bad.Address = behind, behind
	spoil := func(p Party, when time.Time) Verdict {
		return g.Judge(p, when, []Step{{Kind: Saved, File: id.NewFile(), Name: "a.jpg", Old: whole("jpeg", 1<<20), New: junk(1 << 20)}}, name)
	}
	spoil(mistaken, start)
	others := someone()
	others.Address = behind
	for i := range 3000 {
		g.Judge(others, start.Add(time.Duration(i)*time.Minute), []Step{{Kind: Saved, File: id.NewFile(), Name: "a.jpg", Old: whole("jpeg", 1<<20), New: whole("jpeg", int64(i))}}, name)
	}
	now := start.Add(7 * 24 * time.Hour)
	for range 3 {
		spoil(bad, now)
	}
	if !g.Frozen(bad) || g.Frozen(mistaken) {
		t.Errorf("frozen: %v; who was mistaken: %v", g.Frozen(bad), g.Frozen(mistaken))
	}
	if v := g.Judge(mistaken, now.Add(2*time.Hour), []Step{{Kind: Removed, File: id.NewFile(), Name: "old.jpg", Old: whole("jpeg", 1<<20)}}, name); v.Held() {
		t.Error("hours later an ordinary removal is held")
	}
	one, two := someone(), someone()
	spoil(one, now)
	spoil(two, now)
	if !g.Frozen(one) || !g.Frozen(two) {
		t.Errorf("together: %v, %v", g.Frozen(one), g.Frozen(two))
	}
}

// TestClockSetBack: what was done while the clock was a year ahead neither hides what is done after it, nor stays for ever.
func TestClockSetBack(t *testing.T) {
	d := newDesk()
	ahead := start.AddDate(1, 0, 0)
	for i := range 500 {
		d.g.Judge(d.p, ahead, []Step{{Kind: Saved, File: id.NewFile(), Name: "a.jpg", Old: whole("jpeg", 1<<20), New: whole("jpeg", int64(i))}}, name)
	}
	for n := range 6 {
		if v := d.do(Step{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 1<<20), New: junk(1 << 20)}); len(v.Freeze) > 0 {
			if n > 4 {
				t.Errorf("after %d files", n+1)
			}
			break
		} else if n == 5 {
			t.Error("it goes on")
		}
	}
	d.g.Sweep(start.Add(40 * 24 * time.Hour))
	if n := len(d.g.scopes); n > 0 {
		t.Errorf("%d scopes are left", n)
	}
}

// TestContainer: whoever saves the same closed file again and again, as the owner of an encrypted container does, is not held.
func TestContainer(t *testing.T) {
	d := newDesk()
	file := id.NewFile()
	for range 50 {
		if v := d.do(Step{Kind: Saved, File: file, Name: "private.hc", Old: junk(9 << 20), New: junk(9 << 20)}); v.Held() || len(v.Freeze) > 0 {
			t.Fatalf("%+v", v)
		}
	}
	if v := d.do(Step{Kind: Saved, Name: "other.dat", Old: junk(9 << 20), New: junk(9 << 20)}); !v.Held() {
		t.Error("a second file that is rewritten from end to end is not held")
	}
}

// TestBounds: what is remembered stays bounded, whoever comes, however many they are, whatever they do.
func TestBounds(t *testing.T) {
	g := New(Config{})
	now := start
	const accounts = 300
	for range accounts {
		p := someone()
		for i := range 800 {
			g.Judge(p, now, []Step{{Kind: Made, File: id.NewFile(), Dir: id.File{byte(i)}, Name: fmt.Sprintf("%d.jpg", i), New: whole("jpeg", int64(i+1))}}, name)
		}
	}
	g.Sweep(now)
	made := 0
	for _, r := range g.recents {
		made += len(r.made)
		if len(r.equal) > len(r.made) || len(r.stems) > 3*len(r.made) {
			t.Fatalf("%d made, %d equal, %d stems", len(r.made), len(r.equal), len(r.stems))
		}
	}
	if made > maxAll+accounts {
		t.Errorf("%d files are remembered", made)
	}
	now = now.Add(26 * time.Hour)
	g.Sweep(now)
	for s := range g.scopes {
		if s.Kind == BySession {
			t.Fatal("a session without any sign is remembered for more than a day")
		}
	}
	g.Sweep(now.Add(31 * 24 * time.Hour))
	if len(g.scopes) > 0 || len(g.recents) > 0 {
		t.Errorf("after a month %d scopes, %d parties", len(g.scopes), len(g.recents))
	}
}

// BenchmarkStorm is an act of somebody of whom much is known already: removals, each of which shows a sign, with as many strange files remembered as
// there can be, in a month of which every hour had acts.
func BenchmarkStorm(b *testing.B) {
	d := newDesk()
	d.p.Console = true // is not stopped
	for h := range 24 * 29 {
		d.now = start.Add(time.Duration(h) * time.Hour)
		d.do(Step{Kind: Saved, Name: "a.jpg", Old: whole("jpeg", 1<<20), New: whole("jpeg", int64(h))})
	}
	for i := range 300 {
		d.do(Step{Kind: Made, Name: fmt.Sprintf("%d.qqz", i), New: junk(int64(1<<30 + i))})
		d.do(Step{Kind: Saved, Name: "b.jpg", Old: whole("jpeg", 1<<20), New: junk(1 << 20)})
	}
	b.ResetTimer()
	for i := range b.N {
		d.do(Step{Kind: Removed, Dir: id.File{1}, Name: fmt.Sprintf("%d.jpg", i), Old: whole("jpeg", 1<<20)})
	}
}

// BenchmarkOrdinary is a save that shows nothing.
func BenchmarkOrdinary(b *testing.B) {
	d := newDesk()
	for i := range b.N {
		d.do(Step{Kind: Saved, Name: fmt.Sprintf("%d.jpg", i), Old: whole("jpeg", 1<<20), New: whole("jpeg", int64(i))})
	}
}

// room is an archive that lists nothing, and may hold so much.
func room(kind string, size, holds int64) Content {
	c := whole(kind, size)
	c.Inside = &Inside{Rooms: []int64{holds}, Open: true}
	return c
}

// TestManyListed: what is remembered of archives stays bounded.
func TestManyListed(t *testing.T) {
	d := newDesk()
	for i := range 4 {
		c := whole("zip", int64(90<<20+i))
		c.Inside = &Inside{Rooms: []int64{1 << 40}}
		for n := range maxListed/2 + 1 {
			c.Inside.Files = append(c.Inside.Files, Listed{fmt.Sprintf("%d/%d.jpg", i, n), int64(1 + n), 0})
		}
		d.do(Step{Kind: Made, Dir: id.File{1}, Name: fmt.Sprintf("%d.zip", i), New: c})
	}
	for _, r := range d.g.recents {
		if n := r.archived.n; n != maxListed {
			t.Errorf("%d files are remembered", n)
		}
		for _, m := range r.made {
			if m.content.Inside != nil {
				t.Error("a list is kept")
			}
		}
	}
}

// TestListed: what an archive lists may be in it, each file once, and no more of them than it has bytes for.
func TestListed(t *testing.T) {
	list := func(kind string, rooms []int64, files ...Listed) Content {
		c := whole(kind, 90<<20)
		c.Inside = &Inside{Files: files, Rooms: rooms}
		return c
	}
	sjis := "\x90\xbc\x91\xba/\x8eR\x93c.jpg" // 西村/山田.jpg
	for name, c := range map[string]struct {
		archive Content
		removed []string // of a MiB each
		kind    string
		calm    int
	}{
		"listed":                        {list("zip", []int64{1 << 20, 1 << 20}, Listed{"x/a.jpg", 1 << 20, 0}, Listed{`x\B.JPG`, 1 << 20, 1}), []string{"a.jpg", "b.jpg"}, "jpeg", 2},
		"listed once":                   {list("zip", []int64{9 << 20}, Listed{"a.jpg", 1 << 20, 0}), []string{"a.jpg", "a.jpg"}, "jpeg", 1},
		"another name":                  {list("zip", []int64{9 << 20}, Listed{"a.jpg", 1 << 20, 0}), []string{"b.jpg"}, "jpeg", 0},
		"another size":                  {list("zip", []int64{9 << 20}, Listed{"a.jpg", 1<<20 + 1, 0}), []string{"a.jpg"}, "jpeg", 0},
		"photographs of nothing":        {list("zip", []int64{1024}, Listed{"a.jpg", 1 << 20, 0}), []string{"a.jpg"}, "jpeg", 0},
		"pixels that pack well":         {list("zip", []int64{3000}, Listed{"a.bmp", 1 << 20, 0}), []string{"a.bmp"}, "bmp", 1},
		"pixels of nothing":             {list("zip", []int64{1024}, Listed{"a.bmp", 1 << 20, 0}), []string{"a.bmp"}, "bmp", 0},
		"one room for all":              {list("7z", []int64{1 << 20}, Listed{"a.jpg", 1 << 20, 0}, Listed{"b.jpg", 1 << 20, 0}, Listed{"c.jpg", 1 << 20, 0}), []string{"a.jpg", "b.jpg", "c.jpg"}, "jpeg", 2},
		"names as Explorer writes them": {list("zip", []int64{9 << 20}, Listed{sjis, 1 << 20, 0}), []string{"山田.jpg"}, "jpeg", 1},
		"a list that points nowhere":    {list("zip", nil, Listed{"a.jpg", 1 << 20, 3}), []string{"a.jpg"}, "jpeg", 0},
		"a large archive beside it":     {whole("zip", 90<<20), []string{"all.jpg"}, "jpeg", 0},
		"a text":                        {list("text", []int64{9 << 20}, Listed{"a.jpg", 1 << 20, 0}), []string{"a.jpg"}, "jpeg", 0},
	} {
		d := newDesk()
		for range 2 { // a copy holds nothing else
			d.do(Step{Kind: Made, Dir: id.File{1}, Name: "all.zip", New: c.archive})
		}
		calm := 0
		for _, name := range c.removed {
			if v := d.do(Step{Kind: Removed, Dir: id.File{1}, Name: name, Old: whole(c.kind, 1<<20)}); v.Signs[0] == "" {
				calm++
			}
		}
		if calm != c.calm {
			t.Errorf("%s: %d files are in it, want %d", name, calm, c.calm)
		}
	}
}
