// Package cataloguetest holds what every catalogue.Catalogue must pass, whatever database it stands on.
package cataloguetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// Open opens the catalogue that is kept in dir, or makes a new one there. The tests close it.
type Open func(t testing.TB, dir string) catalogue.Catalogue

// longName has 255 bytes.
var longName = strings.Repeat("卒", 84) + "abc"

// Run tests an implementation, in all or, where it only hands on to another one, by some of the tests.
func Run(t *testing.T, open Open, some ...string) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, c catalogue.Catalogue)
	}{
		{"Random", testRandom},
		{"Save", testSave},
		{"Names", testNames},
		{"Place", testPlace},
		{"Marks", testMarks},
		{"Former", testFormer},
		{"Props", testProps},
		{"Link", testLink},
		{"Damage", testDamage},
		{"Below", testBelow},
		{"Totals", testTotals},
		{"Chunks", testChunks},
		{"Long", testLong},
		{"Change", testChangeWhileListing},
		{"Rebuild", testRebuildWhileListing},
		{"Shares", testShares},
		{"Transaction", testTransaction},
		{"Waiting", testWaiting},
		{"Concurrent", testConcurrent},
		{"Digest", testDigest},
		{"Cancelled", testCancelled},
	} {
		if len(some) > 0 && !slices.Contains(some, test.name) {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			c := open(t, t.TempDir())
			defer func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}()
			test.run(t, c)
		})
	}
	t.Run("Reopen", func(t *testing.T) { testReopen(t, open) })
}

func newKeys() *seal.Metadata { return seal.NewMetadata(seal.NewKey()) }

// book is one share of a catalogue beside its model. Every change goes into both, and both are compared.
type book struct {
	*testing.T
	c     catalogue.Catalogue
	share id.Share
	keys  *seal.Metadata
	w     *writer
	want  *model
	rec   commit.Record // of the next acts, but for their operations
}

func newBook(t *testing.T, c catalogue.Catalogue) *book {
	return &book{T: t, c: c, share: id.NewShare(), keys: newKeys(), w: &writer{}, want: newModel(),
		rec: commit.Record{When: noon, Session: id.NewSession(), Account: id.NewAccount(), Device: id.NewDevice(), Author: "佐藤", Door: "webdav"}}
}

func (b *book) view() catalogue.View { return b.c.View(b.share, b.keys) }

// do applies one act a second after the one before.
func (b *book) do(ops ...commit.Op) {
	b.Helper()
	b.rec.When = b.rec.When.Add(time.Second)
	rec := b.rec
	rec.Ops = ops
	b.apply(b.w.commit(rec))
}

func (b *book) apply(batches ...catalogue.Batch) {
	b.Helper()
	b.write(batches...)
	same(b.Context(), b.T, b.view(), b.want)
}

// write is apply without the comparison.
func (b *book) write(batches ...catalogue.Batch) {
	b.Helper()
	tx, err := b.c.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	for _, batch := range batches {
		if err := tx.Apply(b.Context(), b.share, b.keys, batch); err != nil {
			b.Fatal(err)
		}
		b.want.apply(batch)
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func save(file, parent id.File, name string) commit.Op {
	v := id.NewVersion()
	return commit.Op{Kind: commit.Save, File: file, Parent: parent, Name: name, Content: commit.Content{Version: v, Key: v,
		Epoch: id.NewEpoch(), Size: 1000, Modified: noon.Add(-time.Hour), Equal: [32]byte{1, 2, 3},
		Sums: []commit.Sum{{Algorithm: "SHA1", Value: "da39a3ee"}}, Found: commit.Found{Looked: true, Damaged: true, Kind: "jpeg", Reason: "data", At: 70, Trailing: 3}}}
}

func link(file, parent id.File, name string, of commit.Op) commit.Op {
	of.Kind, of.File, of.Parent, of.Name, of.Version = commit.Link, file, parent, name, id.NewVersion()
	return of
}

func act(kind commit.Kind, file, parent id.File, name string) commit.Op {
	return commit.Op{Kind: kind, File: file, Parent: parent, Name: name}
}

// testSave writes out what a Node, a Version and a Change hold; the other tests trust the model for that.
func testSave(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	file := id.NewFile()
	first, second := save(file, id.File{}, "写真.psd"), save(file, id.File{}, "写真.psd")
	second.Sums, second.Size = nil, 2000
	b.do(first)
	b.rec.Author, b.rec.Session, b.rec.Door = "田中", id.NewSession(), "sftp"
	b.do(second)

	when := noon.Add(2 * time.Second)
	head := catalogue.Version{Content: second.Content, File: file, Number: 2, Saved: when, Author: "田中",
		Account: b.rec.Account, Session: b.rec.Session, Device: b.rec.Device, Door: "sftp",
		Manifest: pack.Place{Position: pack.Position{Pack: 1, Offset: 564}, Size: 200}}
	want := catalogue.Node{File: file, Name: "写真.psd", Created: noon.Add(time.Second), Head: head}
	got, err := b.view().Child(t.Context(), id.File{}, "写真.psd")
	equal(t, "Child", unnumbered(got), err, want, nil)

	changes, err := history(t.Context(), b.view(), file)
	if err != nil || len(changes) != 2 {
		t.Fatalf("history: %d changes, %v", len(changes), err)
	}
	equal(t, "latest change", changes[0], nil, catalogue.Change{Kind: commit.Save, When: when, Author: "田中", Account: b.rec.Account,
		Session: b.rec.Session, Device: b.rec.Device, Door: "sftp", Name: "写真.psd", Version: head}, nil)
	totals, err := b.view().Totals(t.Context())
	equal(t, "Totals", totals, err, catalogue.Totals{Files: 1, Versions: 2, Bytes: 2000}, nil)
}

// testNames finds names in both Unicode forms and gives them back as they came.
func testNames(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	for _, name := range []string{"が行", norm.NFD.String("ぱ行"), longName, norm.NFD.String(strings.Repeat("が", 85)), "\xff\xfe", "a", "A", " ", "ﬁ", "Å"} {
		b.do(save(id.NewFile(), id.File{}, name))
	}
	got, err := b.view().Child(t.Context(), id.File{}, "ぱ行")
	if err != nil || got.Name != norm.NFD.String("ぱ行") {
		t.Errorf("by its composed form: %q, %v", got.Name, err)
	}
	if all, err := list(t.Context(), b.view(), id.File{}, false); err != nil || len(all) != 10 {
		t.Errorf("%d names, %v; want 10", len(all), err)
	}
	file := got.File
	b.do(act(commit.Move, file, id.File{}, "ぱ行")) // another spelling of its own name
	if got, err := b.view().Node(t.Context(), file); err != nil || got.Name != "ぱ行" {
		t.Errorf("spelled anew: %q, %v", got.Name, err)
	}
}

// testPlace moves, removes and brings back.
func testPlace(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	dir, sub, file := id.NewFile(), id.NewFile(), id.NewFile()
	made := act(commit.Mkdir, dir, id.File{}, "3年B組")
	made.Modified = noon
	b.do(made, act(commit.Mkdir, sub, dir, "集合"))
	b.do(save(file, sub, "a.jpg"))
	b.do(act(commit.Move, sub, id.File{}, "個人"))
	b.do(act(commit.Move, file, dir, "b.jpg"))
	b.do(commit.Op{Kind: commit.Remove, File: file})
	b.do(commit.Op{Kind: commit.Remove, File: file})
	b.do(act(commit.Move, file, sub, "a.jpg"))
	b.do(commit.Op{Kind: commit.Remove, File: file})
	b.do(save(file, dir, "c.jpg"))
	b.do(act(commit.Mkdir, dir, sub, "again")) // the same file again: a move
	b.do(act(commit.Touch, file, dir, "d.jpg"))
	touched := act(commit.Touch, file, dir, "d.jpg")
	touched.Modified = noon
	b.do(touched)
	if n, err := b.view().Node(t.Context(), file); err != nil || !n.Modified.Equal(noon) || n.Head.Number != 2 {
		t.Errorf("after a touch: %+v, %v", n, err)
	}
	b.do(save(file, dir, "d.jpg"))
	if n, err := b.view().Node(t.Context(), file); err != nil || !n.Modified.IsZero() || n.Head.Number != 3 {
		t.Errorf("after a save: %+v, %v", n, err)
	}
	two, other := id.NewFile(), id.NewFile()
	b.do(save(two, dir, "two"), save(other, dir, "other"))
	b.do(act(commit.Move, two, dir, "aside"), act(commit.Move, other, dir, "two"), act(commit.Move, two, dir, "other"))
}

// testFormer asks who had a name.
func testFormer(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	var want []id.File
	for range 5 {
		f := id.NewFile()
		b.do(act(commit.Touch, f, id.File{}, "Word.tmp"))
		b.do(commit.Op{Kind: commit.Remove, File: f})
		want = append([]id.File{f}, want...)
	}
	b.do(commit.Op{Kind: commit.Remove, File: want[4]}) // removed again: now it is the latest
	want = append(want[4:5:5], want[:4]...)
	got, err := b.view().Former(t.Context(), id.File{}, "Word.tmp")
	if err != nil || len(got) != len(want) {
		t.Fatalf("former: %d, %v; want %d", len(got), err, len(want))
	}
	for i := range want {
		if got[i].File != want[i] {
			t.Errorf("former %d is %v, want %v", i, got[i].File, want[i])
		}
	}
}

func testProps(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	file := id.NewFile()
	set := func(modified time.Time, props ...commit.Prop) {
		b.Helper()
		b.do(commit.Op{Kind: commit.SetProp, File: file, Props: props, Content: commit.Content{Modified: modified}})
	}
	b.do(save(file, id.File{}, "a"))
	set(noon, commit.Prop{Space: "urn:schemas-microsoft-com:", Name: "Win32FileAttributes", Value: "00000020"}, commit.Prop{Value: longName})
	b.do(save(file, id.File{}, "a")) // properties stay, the time goes
	set(time.Time{}, commit.Prop{Name: "ラベル"})
	b.do(commit.Op{Kind: commit.Remove, File: file})
	set(noon)
	if n, err := b.view().Node(t.Context(), file); err != nil || n.Props != nil || n.Removed.IsZero() {
		t.Errorf("after the last properties went: %+v, %v", n, err)
	}
}

// testLink follows the manifest of a version that opens with another one's key.
func testLink(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	a, copied := save(id.NewFile(), id.File{}, "a"), id.NewFile()
	b.do(a)
	saved, err := b.view().Version(t.Context(), a.Version)
	if err != nil || saved.Manifest.Size == 0 {
		t.Fatalf("saved: %+v, %v", saved, err)
	}
	first := link(copied, id.File{}, "copy", a)
	b.do(first)
	together := save(id.NewFile(), id.File{}, "b")
	b.do(together, link(id.NewFile(), id.File{}, "copy of b", together), link(copied, id.File{}, "copy", first))
	if n, err := b.view().Child(t.Context(), id.File{}, "copy"); err != nil || n.Head.Manifest != saved.Manifest || n.Head.Number != 2 {
		t.Errorf("copy of a copy: %+v, %v; want the manifest at %v", n.Head, err, saved.Manifest)
	}

	lost := save(id.NewFile(), id.File{}, "lost") // its own record is not in the packs any more
	l := link(id.NewFile(), id.File{}, "rescued", lost)
	rec := b.rec
	rec.Ops = []commit.Op{l}
	brought := b.w.commit(rec)
	brought.Commits[0].Manifests = map[id.Version]pack.Place{lost.Key: {Position: pack.Position{Pack: 1, Offset: 99}, Size: 7}}
	b.apply(brought)
	again := link(id.NewFile(), id.File{}, "rescued again", lost)
	b.do(again)
	if v, err := b.view().Version(t.Context(), again.Version); err != nil || v.Manifest.Offset != 99 {
		t.Errorf("link to a link: %+v, %v", v, err)
	}
	b.do(link(id.NewFile(), id.File{}, "nothing", save(id.File{}, id.File{}, "")))
}

// testDamage applies what undamaged packs never hold. Nothing is refused.
func testDamage(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	early, late, unknown := id.NewFile(), id.NewFile(), id.NewFile()
	b.do(save(early, id.File{}, "が"))
	b.do(save(late, id.File{}, norm.NFD.String("が")))
	if n, err := b.view().Node(t.Context(), early); err != nil || !n.Removed.Equal(noon.Add(2*time.Second)) {
		t.Errorf("whose name was taken: %+v, %v; want it removed", n, err)
	}
	changes, err := history(t.Context(), b.view(), early)
	if err != nil || len(changes) != 2 || changes[0].Kind != commit.Remove || changes[0].Author != b.rec.Author {
		t.Errorf("its history: %+v, %v; want its removal by who took the name", changes, err)
	}
	b.do(act(commit.Move, early, id.File{}, "が"), act(commit.Touch, id.NewFile(), early, "below a file"))
	b.do(commit.Op{Kind: commit.Remove, File: unknown}, commit.Op{Kind: commit.SetProp, File: unknown})
	if _, err := b.view().Node(t.Context(), unknown); !errors.Is(err, catalogue.ErrNone) {
		t.Errorf("a file that was only removed: %v, want ErrNone", err)
	}
	b.do(act(commit.Move, unknown, id.NewFile(), "in a lost directory"))
	if n, err := b.view().Node(t.Context(), unknown); err != nil || !n.Dir {
		t.Errorf("a file that was only moved: %+v, %v; want a directory", n, err)
	}
	b.do(save(unknown, unknown, "in itself"))
	if n, err := b.view().Node(t.Context(), unknown); err != nil || n.Dir || n.Head.Number != 1 {
		t.Errorf("after it was saved: %+v, %v; want a file", n, err)
	}
	twice := save(id.NewFile(), id.File{}, "twice")
	b.do(twice)
	twice.File, twice.Name, twice.Size = late, "else", 5
	b.do(twice, twice)
	for _, kind := range []commit.Kind{commit.Mkdir, commit.Touch, commit.Move, commit.Remove, commit.SetProp} {
		b.do(commit.Op{Kind: kind}) // the root
	}
	b.do()
}

func testChunks(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	var all []id.Chunk
	batch := catalogue.Batch{Epochs: []catalogue.Encapsulation{{ID: id.NewEpoch(), Enc: []byte("one")}, {ID: id.NewEpoch(), Enc: []byte("two")}}}
	for i := range 300 {
		all = append(all, id.Chunk{byte(i), byte(i >> 8), 31: 1})
		batch.Chunks = append(batch.Chunks, catalogue.Located[id.Chunk]{ID: all[i], Place: b.w.frame(uint32(1000 + i))})
	}
	batch.UpTo = b.w.end
	b.apply(batch)
	for _, n := range []int{0, 1, 2, 31, 32, 33, 64, 65, 300} {
		ask := append([]id.Chunk{{}, all[0]}, all[:n]...)
		got, err := b.view().Chunks(t.Context(), ask)
		want, _ := b.want.Chunks(t.Context(), ask)
		equal(t, fmt.Sprintf("%d chunks", n), got, err, want, nil)
	}
	if got, err := b.view().Chunks(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no chunks: %v, %v", got, err)
	}
	// A chunk that stands in a later frame, too, is read from there: so it is mended.
	mended := catalogue.Batch{Chunks: []catalogue.Located[id.Chunk]{{ID: all[7], Place: b.w.frame(9)}}}
	mended.UpTo = b.w.end
	b.apply(mended)
	old := batch
	old.UpTo = b.w.frame(10).End()
	b.apply(old)
}

// testShares keeps shares apart that have everything in common but their id.
func testShares(t *testing.T, c catalogue.Catalogue) {
	one := newBook(t, c)
	two := newBook(t, c)
	two.keys = one.keys
	f := id.NewFile()
	a := save(f, id.File{}, "a")
	one.do(a)
	same(t.Context(), t, two.view(), two.want)
	if p, err := c.Applied(t.Context(), two.share); err != nil || p != (pack.Position{}) {
		t.Errorf("a share that is not there: applied up to %v, %v", p, err)
	}
	two.do(a)
	two.do(save(f, id.File{}, "b"), link(id.NewFile(), id.File{}, "c", a))
	one.do(commit.Op{Kind: commit.Remove, File: f})
	chunk := catalogue.Batch{Chunks: []catalogue.Located[id.Chunk]{{ID: id.Chunk{1}, Place: one.w.frame(5)}}}
	chunk.UpTo = one.w.end
	one.apply(chunk)
	same(t.Context(), t, two.view(), two.want)

	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, share := range []id.Share{one.share, id.NewShare()} {
		if all, err := tx.ForgetSome(t.Context(), share); err != nil || !all {
			t.Fatal(all, err)
		}
		if err := tx.Forget(t.Context(), share); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	same(t.Context(), t, one.view(), newModel())
	same(t.Context(), t, two.view(), two.want)
	if p, err := c.Applied(t.Context(), one.share); err != nil || p != (pack.Position{}) {
		t.Errorf("forgotten: applied up to %v, %v", p, err)
	}
}

// testReopen closes and opens; nothing is forgotten and nothing that was rolled back appears.
func testReopen(t *testing.T, open Open) {
	dir := t.TempDir()
	b := newBook(t, open(t, dir))
	f := id.NewFile()
	for i := range 3 {
		b.do(save(f, id.File{}, fmt.Sprint(i)))
		tx, err := b.c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		w := *b.w
		rec := b.rec
		rec.Ops = []commit.Op{save(f, id.File{}, "never")}
		if err := tx.Apply(t.Context(), b.share, b.keys, w.commit(rec)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(tx.Rollback(), b.c.Close()); err != nil {
			t.Fatal(err)
		}
		b.c = open(t, dir)
		same(t.Context(), t, b.view(), b.want)
		if p, err := b.c.Applied(t.Context(), b.share); err != nil || p != b.want.applied {
			t.Errorf("applied up to %v, %v; want %v", p, err, b.want.applied)
		}
	}
	if err := b.c.Close(); err != nil {
		t.Fatal(err)
	}
}

// testConcurrent reads while it writes. Each act renames a file and saves it: nobody may see half of one.
func testConcurrent(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	f := id.NewFile()
	b.do(save(f, id.File{}, "1"))
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for ctx.Err() == nil {
				n, err := b.view().Node(context.WithoutCancel(ctx), f)
				if err != nil || n.Name != fmt.Sprint(n.Head.Number) {
					t.Errorf("read version %d under the name %q, %v", n.Head.Number, n.Name, err)
					return
				}
			}
		})
	}
	for i := range 100 {
		rec := b.rec
		rec.Ops = []commit.Op{act(commit.Move, f, id.File{}, fmt.Sprint(i+2)), save(f, id.File{}, fmt.Sprint(i+2))}
		b.write(b.w.commit(rec))
	}
	stop()
	readers.Wait()
	same(t.Context(), t, b.view(), b.want)
}
