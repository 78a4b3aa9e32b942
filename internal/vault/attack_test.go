package vault_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// party is a party's way to the files of the share "s".
type party struct {
	f vault.Files
}

func at(name string) pathname.Path { return pathname.Path("/s/" + name) }

// stopped gives errors the meaning that a player looks for.
func stopped(err error) error {
	if problem.KindOf(err) == problem.Frozen {
		return fmt.Errorf("%w: %w", behaviour.ErrStopped, err)
	}
	return err
}

func (p party) List(ctx context.Context) (out []behaviour.File, err error) {
	for todo := []pathname.Path{"/s"}; len(todo) > 0; todo = todo[1:] {
		for i, err := range p.f.List(ctx, todo[0]) {
			if err != nil {
				return nil, stopped(err)
			}
			if i.Dir {
				todo = append(todo, i.Path)
			} else {
				out = append(out, behaviour.File{Path: strings.TrimPrefix(string(i.Path), "/s/"), Size: i.Size, Modified: i.Modified})
			}
		}
	}
	return out, nil
}

func (p party) Read(ctx context.Context, name string) ([]byte, error) {
	i, err := p.f.Stat(ctx, at(name))
	if err != nil {
		return nil, stopped(err)
	}
	files, err := p.f.Open(ctx, account.Open, i)
	if err != nil {
		return nil, stopped(err)
	}
	defer files[0].Close()
	var b bytes.Buffer
	_, err = files[0].WriteTo(&b)
	return b.Bytes(), stopped(err)
}

func (p party) Write(ctx context.Context, name string, content []byte, modified time.Time) error {
	err := p.write(ctx, name, content, modified)
	if problem.KindOf(err) == problem.Conflict && path.Dir(name) != "." {
		if err := p.f.Mkdir(ctx, at(path.Dir(name))); err != nil {
			return stopped(err)
		}
		err = p.write(ctx, name, content, modified)
	}
	return stopped(err)
}

func (p party) write(ctx context.Context, name string, content []byte, modified time.Time) error {
	d, err := p.f.Create(ctx, at(name))
	if err != nil {
		return err
	}
	defer d.Discard()
	if _, err := d.Write(content); err != nil {
		return err
	}
	_, err = d.Commit(ctx, vault.Save{Modified: modified})
	return err
}

func (p party) Copy(ctx context.Context, from, to string) error {
	return stopped(p.f.Copy(ctx, at(from), at(to), true, true))
}

// Patch implements behaviour.Patcher, as the door for SFTP does it: what comes of it is saved as a whole.
func (p party) Patch(ctx context.Context, name string, x behaviour.Patch) error {
	b, err := p.Read(ctx, name)
	if err != nil {
		return err
	}
	if x.Size >= 0 {
		b = b[:x.Size]
	}
	for _, piece := range x.Pieces {
		if x.Append {
			piece.At = int64(len(b))
		}
		b = append(b, make([]byte, max(0, piece.At+int64(len(piece.Bytes))-int64(len(b))))...)
		copy(b[piece.At:], piece.Bytes)
	}
	return p.Write(ctx, name, b, x.Modified)
}

func (p party) Rename(ctx context.Context, from, to string) error {
	err := p.f.Rename(ctx, at(from), at(to), true)
	if problem.KindOf(err) == problem.Conflict {
		if err := p.f.Mkdir(ctx, at(path.Dir(to))); err != nil {
			return stopped(err)
		}
		err = p.f.Rename(ctx, at(from), at(to), true)
	}
	return stopped(err)
}

func (p party) Remove(ctx context.Context, name string) error {
	return stopped(p.f.Remove(ctx, at(name)))
}

// stocked is a file that a factory has.
type stocked struct {
	name    string
	content []byte
}

// stock is what a factory has: pictures, documents, texts, and what nobody can look into. It is made once for all tests.
var stock = sync.OnceValues(func() (out []stocked, err error) {
	add := func(name string, content []byte) { out = append(out, stocked{name, content}) }
	r := rand.New(rand.NewPCG(1, 2))
	for i, dir := range schools {
		for n := range 14 {
			add(fmt.Sprintf("%s/IMG_%04d.JPG", dir, n), smallPicture(100*i+n))
		}
		for n := range 3 {
			m := image.NewRGBA(image.Rect(0, 0, 120, 90))
			for p := range 120 * 90 {
				m.Set(p%120, p/120, color.RGBA{uint8(p * n), uint8(p / 7), uint8(r.IntN(90)), 255})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				return nil, err
			}
			add(fmt.Sprintf("%s/図%d.png", dir, n), b.Bytes())
		}
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("名簿.csv")
		if err != nil {
			return nil, err
		}
		fmt.Fprint(w, strings.Repeat("1,佐藤,花子,3年B組\r\n", 400+i))
		if err := z.Close(); err != nil {
			return nil, err
		}
		add(dir+"/入稿.zip", b.Bytes())
		text := strings.Repeat(fmt.Sprintf("校正の連絡 %d：集合写真の三列目、左から二人目の名前を直してください。\r\n", i), 40)
		sjis, err := japanese.ShiftJIS.NewEncoder().String(text)
		if err != nil {
			return nil, err
		}
		add(dir+"/連絡.txt", []byte(sjis))
		add(dir+"/名簿.csv", []byte(strings.Repeat(fmt.Sprintf("%d,鈴木,一郎,3年A組\r\n", i), 200)))
		add(dir+"/色見本.dat", noise(20_000+i, 50+i))
		add(dir+[]string{"/台紙.cdr", "/顧客.mdb", "/受注.mdb"}[i], cards(30_000+i, 60+i))
	}
	return out, nil
})

var schools = []string{"第一小学校", "第二小学校", "校正 ｶﾞｿﾞｳ"}

// factory fills the share with the stock, as somebody at work does, and returns the sum of each file.
func factory(t testing.TB, h *house) map[string][32]byte {
	t.Helper()
	f := h.v.As(person("factory"))
	for _, dir := range schools {
		must(t, f.Mkdir(t.Context(), at(dir)))
	}
	files, err := stock()
	must(t, err)
	out := make(map[string][32]byte)
	for _, x := range files {
		save(t, f, at(x.name), x.content)
		out[x.name] = sha256.Sum256(x.content)
	}
	return out
}

// cards is content of no known kind that has some order, as databases and drawings do.
func cards(n, seed int) []byte {
	b := noise(n, seed)
	for i := range b {
		if i%16 < 12 {
			b[i] = byte(i/64) & 0x1f
		}
	}
	return append([]byte("\x00\x02\x00\x00"), b...)
}

// harm is what an attack has done, as somebody else sees it.
type harm struct {
	changed int // names that show another content, or nothing, and whose content stands nowhere
	renamed int // contents that stand under another name
	held    int
	stops   int
}

// harmOf compares what somebody else sees with what there was.
func harmOf(t *testing.T, h *house, was map[string][32]byte) (out harm) {
	t.Helper()
	eyes := party{h.v.As(person("eyes"))}
	files, err := eyes.List(t.Context())
	must(t, err)
	now, sums := make(map[string][32]byte), make(map[[32]byte]bool)
	for _, f := range files {
		b, err := eyes.Read(t.Context(), f.Path)
		must(t, err)
		now[f.Path] = sha256.Sum256(b)
		sums[now[f.Path]] = true
	}
	for name, sum := range was {
		if now[name] == sum {
			continue
		}
		if sums[sum] {
			out.renamed++
		} else {
			out.changed++
		}
	}
	out.held = len(held(t, h, person("eyes")))
	out.stops = len(h.keeper.stops)
	return out
}

// TestAttacks plays every behaviour against a vault: each is noticed, and next to nothing of what others see changes.
func TestAttacks(t *testing.T) {
	profiles, err := behaviour.Profiles()
	must(t, err)
	var mu sync.Mutex
	heads := make(map[string]int)
	t.Run("all", func(t *testing.T) {
		for _, p := range profiles {
			t.Run(p.Name, func(t *testing.T) {
				t.Parallel()
				got := attacked(t, p)
				if p.Way == behaviour.Read {
					return
				}
				if got.held == 0 && got.stops == 0 {
					t.Error("it was not noticed")
				}
				mu.Lock()
				heads[p.Name] = got.changed + got.renamed
				mu.Unlock()
				if got.changed+got.renamed > 5 {
					t.Errorf("%d heads changed", got.changed+got.renamed)
				}
			})
		}
	})
	counts := slices.Sorted(maps.Values(heads))
	if len(counts) < 40 {
		t.Fatalf("only %d behaviours", len(counts))
	}
	if median := counts[len(counts)/2]; median > 1 {
		t.Errorf("of half of the behaviours at least %d heads changed", median)
	}
	t.Logf("heads changed: %v", counts)
}

// attacked plays a behaviour against a vault of its own, compares what the vault says of it with what was done, and takes it back.
func attacked(t *testing.T, p behaviour.Profile) harm {
	t.Helper()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	var clock sync.Mutex
	tell := func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	}
	k := newTestKeeper(t, "s")
	k.guard = guard.New(guard.Config{})
	h := openClock(t, t.TempDir(), k, tell)
	defer h.close()
	was := factory(t, h)
	var targets []behaviour.Target
	for i := range max(1, p.Parties) {
		targets = append(targets, party{h.v.As(person(fmt.Sprintf("attacked %d", i)))})
	}
	pl := behaviour.Player{Now: tell, Seed: 1, Sleep: func(_ context.Context, d time.Duration) error {
		clock.Lock()
		defer clock.Unlock()
		now = now.Add(d)
		return nil
	}}
	now = now.Add(time.Minute)
	begun := now
	log, err := pl.Play(t.Context(), p, targets)
	must(t, err)
	now = now.Add(time.Minute)
	got := harmOf(t, h, was)
	t.Logf("%-26s touched %3d of %d: changed %d, renamed %d, held %d, frozen %d, acts %d", p.Name, len(log.Victims()), len(was), got.changed, got.renamed, got.held, got.stops, len(log.Acts))
	undone(t, h, begun, was, log)
	return got
}

// TestUnseen plays what docs/guard.md says that the guard cannot see, or cannot tell from work: what was done is known exactly all the same, and
// taken back.
func TestUnseen(t *testing.T) {
	b, err := os.ReadFile("testdata/unseen.json")
	must(t, err)
	profiles, err := behaviour.Parse(b)
	must(t, err)
	for _, p := range profiles {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			attacked(t, p)
		})
	}
}

// harmed collects the harm in the share "s".
func harmed(t testing.TB, h *house, eyes account.Session, by vault.Suspects) (list []vault.Harm, of vault.Extent) {
	t.Helper()
	of, err := h.v.Harm(t.Context(), eyes, "/s", by, func(x vault.Harm) error {
		list = append(list, x)
		return nil
	})
	must(t, err)
	return list, of
}

// undone compares what the vault says of the harm with what the player says that it did, and rolls it back, with the work of somebody else in
// between: that stays, and all else is as it was.
func undone(t *testing.T, h *house, begun time.Time, was map[string][32]byte, log *behaviour.Log) {
	t.Helper()
	ctx, eyes := t.Context(), person("eyes")
	by := vault.Suspects{From: begun.Add(-time.Second), Pick: func(a catalogue.Actor) bool { return strings.HasPrefix(a.Author, "attacked") }}
	list, extent := harmed(t, h, eyes, by)
	if extent.Files < int64(len(was)) {
		t.Errorf("the share has %d files", extent.Files)
	}
	told := make(map[string]bool)
	for _, x := range list {
		name := strings.TrimPrefix(string(x.Path), "/s/")
		if _, ok := was[name]; ok {
			told[name] = true
		} else if !x.Dir && !slices.Contains(x.Hurts, vault.New) && !slices.Contains(x.Hurts, vault.Note) {
			t.Errorf("%s was not there, and is %v", name, x.Hurts)
		}
	}
	did := make(map[string]bool)
	for _, name := range log.Victims() {
		did[name] = true
		if !told[name] {
			t.Errorf("%s was hurt, and is not among the harm", name)
		}
	}
	for name := range told {
		if !did[name] {
			t.Errorf("%s was not hurt, and is among the harm", name)
		}
	}

	// Somebody else goes on working.
	other := h.v.As(person("colleague"))
	fresh := smallPicture(4000)
	save(t, other, "/s/新しい写真.jpg", fresh)
	later := map[string][32]byte{"新しい写真.jpg": sha256.Sum256(fresh)}
	if _, err := other.Stat(ctx, "/s/第二小学校/IMG_0003.JPG"); err == nil {
		better := smallPicture(4001)
		save(t, other, "/s/第二小学校/IMG_0003.JPG", better)
		later["第二小学校/IMG_0003.JPG"] = sha256.Sum256(better)
	}
	for _, dry := range []bool{true, false, false} { // the last has nothing left to do
		_, err := h.v.Rollback(ctx, eyes, "/s", by, nil, dry, func(vault.Mended) error { return nil })
		must(t, err)
	}
	files, err := party{h.v.As(eyes)}.List(ctx)
	must(t, err)
	now := make(map[string][32]byte)
	for _, f := range files {
		b, err := party{h.v.As(eyes)}.Read(ctx, f.Path)
		must(t, err)
		now[f.Path] = sha256.Sum256(b)
	}
	for name, sum := range was {
		want, ok := later[name]
		if !ok {
			want = sum
		}
		if now[name] != want {
			t.Errorf("%s is not what it was after the rollback", name)
		}
		delete(now, name)
	}
	for name := range later {
		delete(now, name)
	}
	for name := range now {
		if !strings.Contains(name, "(前)") {
			t.Errorf("%s is left", name)
		}
	}
	if left := held(t, h, eyes); len(left) != 0 {
		t.Errorf("%d are still held, such as %s", len(left), left[0].Path)
	}
}
