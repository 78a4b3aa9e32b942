package behaviour

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSpans: what is replaced lies in the file, in order, apart from each other, and behind what is kept.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 5000).Draw(t, name) }
		p := Part{Keep: n("keep"), Head: n("head"), Write: n("write"), Skip: n("skip"), Spots: int(n("spots") % 6), Percent: float64(n("percent") % 101),
			At: float64(n("at")%1001) / 1000, Small: n("small")}
		size := rapid.Int64Range(1, 20_000).Draw(t, "size")
		last, whole := int64(0), p.Small > 0 && size <= p.Small
		for i, s := range p.spans(size, rand.New(rand.NewPCG(1, 1))) {
			if s.from < last || i > 0 && s.from < last || s.to <= s.from || s.to > size || !whole && s.from < min(p.Keep, size) {
				t.Fatalf("%+v of %d: %v", p, size, p.spans(size, rand.New(rand.NewPCG(1, 1))))
			}
			last = s.to
		}
	})
	for _, c := range []struct {
		p    Part
		want []span
	}{
		{Part{}, []span{{0, 1000}}}, {Part{Head: 100}, []span{{0, 100}}}, {Part{Keep: 10, Head: 100}, []span{{10, 110}}},
		{Part{Write: 300, Skip: 200}, []span{{0, 300}, {500, 800}}}, {Part{Spots: 2, Percent: 10}, []span{{0, 100}, {500, 600}}},
		{Part{At: 0.5, Head: 64}, []span{{500, 564}}}, {Part{Keep: 1 << 40}, nil}, {Part{Small: 2000, Head: 4}, []span{{0, 1000}}},
	} {
		if got := c.p.spans(1000, nil); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.p, got, c.want)
		}
	}
}

// folder is a target in memory.
type folder struct {
	mu    sync.Mutex
	files map[string][]byte
	left  int // acts until it is stopped; 0: never

	patched []Patch
}

func (f *folder) act() error {
	if f.left > 0 {
		if f.left--; f.left == 0 {
			f.left = -1
		}
	}
	if f.left < 0 {
		return ErrStopped
	}
	return nil
}

func (f *folder) List(context.Context) (out []File, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, b := range f.files {
		out = append(out, File{Path: name, Size: int64(len(b))})
	}
	return out, nil
}

func (f *folder) Read(_ context.Context, name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.files[name]
	if !ok {
		return nil, fmt.Errorf("%s is not there", name)
	}
	return bytes.Clone(b), f.act()
}

func (f *folder) Write(_ context.Context, name string, b []byte, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name] = bytes.Clone(b)
	return f.act()
}

func (f *folder) Rename(_ context.Context, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.files[from]
	if !ok {
		return fmt.Errorf("%s is not there", from)
	}
	delete(f.files, from)
	f.files[to] = b
	return f.act()
}

func (f *folder) Remove(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, name)
	return f.act()
}

// Patch implements Patcher.
func (f *folder) Patch(_ context.Context, name string, p Patch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := bytes.Clone(f.files[name])
	if p.Size >= 0 {
		b = b[:p.Size]
	}
	for _, x := range p.Pieces {
		if p.Append {
			x.At = int64(len(b))
		}
		b = append(b, make([]byte, max(0, x.At+int64(len(x.Bytes))-int64(len(b))))...)
		copy(b[x.At:], x.Bytes)
	}
	f.files[name] = b
	f.patched = append(f.patched, p)
	return f.act()
}

func full() *folder {
	f := &folder{files: make(map[string][]byte)}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 30 {
		b := make([]byte, 3000+r.IntN(9000))
		for k := range b {
			b[k] = "かな漢字 text\n"[k%17]
		}
		f.files[fmt.Sprintf("組%d/名簿%d.%s", i%3, i, []string{"txt", "jpg", "csv"}[i%3])] = b
	}
	f.files["組0/x.jpg"] = decoy()
	return f
}

// TestPlay plays every profile: what its log says was done is what has become of the files, and the same seed does the same.
func TestPlay(t *testing.T) {
	profiles, err := Profiles()
	if err != nil || len(profiles) < 95 {
		t.Fatalf("%d profiles, %v", len(profiles), err)
	}
	for _, p := range profiles {
		if p.Said(true) == p.Said(false) {
			t.Errorf("%s: no word in Japanese of what it is like", p.Name)
		}
		p.Threads = 1 // so that two runs are comparable
		play := func(seed uint64) (*folder, *Log) {
			f := full()
			pl := Player{Now: time.Now, Seed: seed, Sleep: func(context.Context, time.Duration) error { return nil }}
			parties := make([]Target, max(1, p.Parties))
			for i := range parties {
				parties[i] = f
			}
			p := p
			p.Parties = min(p.Parties, 1)
			log, err := pl.Play(t.Context(), p, parties)
			if err != nil {
				t.Fatal(err)
			}
			return f, log
		}
		was := full()
		now, log := play(1)
		want := make(map[string][32]byte)
		for name, b := range was.files {
			want[name] = sha256.Sum256(b)
		}
		for _, a := range log.Acts {
			switch a.Kind {
			case "patch": // it writes what it says, see TestPatch
				want[a.Path] = sha256.Sum256(now.files[a.Path])
			case "write", "note":
				var sum [32]byte
				b, _ := hexBytes(a.Sum)
				copy(sum[:], b)
				want[a.Path] = sum
			case "rename":
				want[a.To] = want[a.Path]
				delete(want, a.Path)
			case "remove":
				delete(want, a.Path)
			}
		}
		if len(want) != len(now.files) {
			t.Errorf("%s: %d files, by its log %d", p.Name, len(now.files), len(want))
		}
		for name, b := range now.files {
			if want[name] != sha256.Sum256(b) {
				t.Errorf("%s: %s is not what the log says", p.Name, name)
			}
		}
		again, _ := play(1)
		other, _ := play(2)
		same, differs := true, false
		for name, b := range now.files {
			same = same && bytes.Equal(again.files[name], b)
			differs = differs || !bytes.Equal(other.files[name], b)
		}
		if !same {
			t.Errorf("%s: the same seed does something else", p.Name)
		}
		random := p.As != Zeros && p.As != Same && p.As != Another && !strings.HasPrefix(p.Name, "opaque") && p.Way != Bin && p.Way != Cut && p.Way != Delete && p.Way != Truncate && p.Way != Read && !(p.Way == Rename && !strings.Contains(p.To, "{"))
		if random && !differs && p.To != "{name}.locked2" {
			t.Errorf("%s: another seed does the same", p.Name)
		}
	}
}

// TestPatch: what changes a file as it stands touches what the profile says, and nothing else.
func TestPatch(t *testing.T) {
	for name, c := range map[string]struct {
		p    Profile
		want func(old, now []byte) bool
	}{
		"4 KiB in place": {Profile{Way: InPlace, Part: Part{Head: 4096}}, func(old, now []byte) bool {
			n := min(4096, len(old))
			return len(now) == len(old) && !bytes.Equal(now[:n], old[:n]) && bytes.Equal(now[n:], old[n:])
		}},
		"stripes and a trailer": {Profile{Way: InPlace, Part: Part{Keep: 100, Write: 50, Skip: 50}, Trailer: 32}, func(old, now []byte) bool {
			return len(now) == len(old)+32 && bytes.Equal(now[:100], old[:100]) && !bytes.Equal(now[100:150], old[100:150]) && bytes.Equal(now[150:200], old[150:200])
		}},
		"appended": {Profile{Way: Append, Trailer: 64}, func(old, now []byte) bool { return len(now) == len(old)+64 && bytes.HasPrefix(now, old) }},
		"cut":      {Profile{Way: Cut, Part: Part{At: 0.5}}, func(old, now []byte) bool { return len(now) == len(old)/2 && bytes.HasPrefix(old, now) }},
		"emptied":  {Profile{Way: Cut}, func(_, now []byte) bool { return len(now) == 0 }},
	} {
		c.p.Name, c.p.Door = "x", SFTP
		if err := c.p.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		was, f := full(), full()
		pl := Player{Now: time.Now, Seed: 1}
		log, err := pl.Play(t.Context(), c.p, []Target{f})
		if err != nil || len(log.Victims()) != len(was.files) || log.Begun().IsZero() {
			t.Errorf("%s: %d victims, begun %v, %v", name, len(log.Victims()), log.Begun(), err)
		}
		for n, old := range was.files {
			if !c.want(old, f.files[n]) {
				t.Errorf("%s: %s of %d bytes became one of %d", name, n, len(old), len(f.files[n]))
			}
		}
	}
}

// TestCheck: what cannot be played, or would lead out of the folder of a file, is refused.
func TestCheck(t *testing.T) {
	for name, p := range map[string]string{
		"a way up":                `{"way": "rename", "to": "../{name}"}`,
		"the folder above":        `{"way": "rename", "to": ".."}`,
		"the folder":              `{"way": "rename", "to": "."}`,
		"the top":                 `{"way": "rename", "to": "/"}`,
		"an absolute name":        `{"way": "rename", "to": "/etc/{name}"}`,
		"a path":                  `{"way": "rename", "to": "a/{name}"}`,
		"a path of Windows":       `{"way": "rename", "to": "..\\{name}"}`,
		"a note above":            `{"way": "delete", "note": {"name": "../x", "text": "x"}}`,
		"a note of that name":     `{"way": "delete", "note": {"name": "..", "text": "x"}}`,
		"an absolute note":        `{"way": "delete", "note": {"name": "/x", "text": "x"}}`,
		"another door":            `{"way": "delete", "door": "ftp"}`,
		"an address as door":      `{"way": "delete", "door": "https://files.example"}`,
		"an address":              `{"way": "delete", "url": "https://files.example"}`,
		"in place over WebDAV":    `{"way": "in-place"}`,
		"in place, of other size": `{"way": "in-place", "door": "sftp", "as": "base64"}`,
		"nothing to append":       `{"way": "append", "door": "sftp"}`,
	} {
		if _, err := Parse([]byte(`[{"name": "x", ` + p[1:] + `]`)); err == nil {
			t.Errorf("%s is taken: %s", name, p)
		}
	}
}

func hexBytes(s string) (b []byte, err error) {
	_, err = fmt.Sscanf(s, "%x", &b)
	return b, err
}

// TestStopped: a party that is stopped does nothing more, and the run ends.
func TestStopped(t *testing.T) {
	f := full()
	f.left = 5
	p := Profile{Name: "x", Way: Overwrite, Threads: 4}
	pl := Player{Now: time.Now, Seed: 1}
	log, err := pl.Play(t.Context(), p, []Target{f})
	if err != nil || log.Stopped != 1 || len(log.Acts) > 5+2*4 {
		t.Errorf("%d acts, %d stopped, %v", len(log.Acts), log.Stopped, err)
	}
}

// TestLooks: what looks like something is that.
func TestLooks(t *testing.T) {
	for _, as := range []Look{Hidden, Cover} {
		p := Profile{As: as}
		now, _ := p.content(make([]byte, 100_000), rand.NewChaCha8([32]byte{}))
		if _, err := jpeg.Decode(bytes.NewReader(now)); err != nil || len(now) < 100_000 {
			t.Errorf("%s: %d bytes, %v", as, len(now), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := embedded.ReadFile("profiles/known.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`[{"name": "x", "way": "overwrite", "pause": "1h"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := Parse(b)
		if err != nil {
			return
		}
		for i := range list {
			list[i].content(make([]byte, 500), rand.NewChaCha8([32]byte{}))
		}
	})
}
