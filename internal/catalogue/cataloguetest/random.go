package cataloguetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// noon is when the tests begin.
var noon = time.Date(2026, 7, 14, 12, 0, 0, 123456000, time.UTC)

// names of which the second and third are one, and the last is as long as a name may be.
var names = []string{"写真.jpg", "が行.txt", "か\u3099行.txt", "a", "A", "\xff\xfe", longName}

// mostSize is the size of the largest file: the sum of two of them may be no number any more.
const mostSize = 1 << 62

// few draws one of a few values of an identifier, so that operations meet.
func few[T ~[id.Size]byte](t *rapid.T, what string, n int) T {
	sum := sha256.Sum256(binary.AppendVarint([]byte(what), int64(rapid.IntRange(1, n).Draw(t, what))))
	return T(sum[:id.Size])
}

// file draws a file; root says whether it may be the root.
func file(t *rapid.T, what string, root bool) id.File {
	if root && rapid.IntRange(0, 2).Draw(t, what+" at root") > 0 {
		return id.File{}
	}
	return few[id.File](t, "file", 6)
}

func moment(t *rapid.T, what string) time.Time {
	if rapid.IntRange(0, 3).Draw(t, what+" given") == 0 {
		return time.Time{}
	}
	return noon.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, what)) * time.Microsecond)
}

func texts(t *rapid.T, what string, n int) []string {
	return rapid.SliceOfN(rapid.SampledFrom([]string{"", "SHA1", "値", "DAV:"}), n, n).Draw(t, what)
}

// operation draws one operation: likely or not, damaged packs may hold any.
func operation(t *rapid.T) commit.Op {
	op := commit.Op{Kind: commit.Kind(rapid.IntRange(int(commit.Mkdir), int(commit.Expire)).Draw(t, "kind")), File: file(t, "file", false),
		Sign: rapid.SampledFrom([]string{"", "", "broken"}).Draw(t, "sign")}
	switch op.Kind {
	case commit.Remove:
		return op
	case commit.HoldRemove, commit.Settle, commit.Expire:
		op.Version = few[id.Version](t, "version", 40)
		op.Key = op.Version
		return op
	case commit.Hold:
		version(t, &op)
		return op
	case commit.Preview:
		op.Content = commit.Content{Version: few[id.Version](t, "version", 40), Key: few[id.Version](t, "version", 40),
			Epoch: few[id.Epoch](t, "epoch", 3), Size: rapid.Int64Range(0, 1<<62).Draw(t, "size")}
		return op
	case commit.SetProp:
		op.Modified = moment(t, "modified")
		for range rapid.IntRange(0, 2).Draw(t, "props") {
			s := texts(t, "prop", 3)
			op.Props = append(op.Props, commit.Prop{Space: s[0], Name: s[1], Value: s[2]})
		}
		return op
	}
	op.Parent, op.Name = file(t, "parent", true), rapid.SampledFrom(names).Draw(t, "name")
	switch op.Kind {
	case commit.Mkdir, commit.Touch:
		op.Modified = moment(t, "modified")
	case commit.Save, commit.Link:
		version(t, &op)
	}
	return op
}

// version draws a version.
func version(t *rapid.T, op *commit.Op) {
	op.Content = commit.Content{Version: few[id.Version](t, "version", 40), Epoch: few[id.Epoch](t, "epoch", 3),
		Size: rapid.Int64Range(0, mostSize).Draw(t, "size"), Modified: moment(t, "modified"), Equal: [32]byte{1, 2, 3}}
	op.Key = op.Version
	if op.Kind == commit.Link || op.Kind == commit.Hold && rapid.Bool().Draw(t, "linked") {
		op.Key = few[id.Version](t, "version", 40)
	}
	for range rapid.IntRange(0, 2).Draw(t, "sums") {
		s := texts(t, "sum", 2)
		op.Sums = append(op.Sums, commit.Sum{Algorithm: s[0], Value: s[1]})
	}
	if rapid.Bool().Draw(t, "looked") {
		op.Found = commit.Found{Looked: true, Damaged: rapid.Bool().Draw(t, "damaged"), Kind: rapid.SampledFrom([]string{"", "jpeg"}).Draw(t, "found"),
			Reason: rapid.SampledFrom([]string{"", "data"}).Draw(t, "reason"), At: rapid.Int64Min(0).Draw(t, "at"), Trailing: rapid.Int64Min(0).Draw(t, "trailing")}
	}
}

// batch draws what stands next in the packs.
func batch(t *rapid.T, w *writer) (b catalogue.Batch) {
	for range rapid.IntRange(0, 2).Draw(t, "chunks") {
		c := id.Chunk{31: byte(rapid.IntRange(0, 5).Draw(t, "chunk"))}
		b.Chunks = append(b.Chunks, catalogue.Located[id.Chunk]{ID: c, Place: w.frame(1 << 20)})
	}
	if rapid.Bool().Draw(t, "epoch") {
		w.frame(1200)
		b.Epochs = append(b.Epochs, catalogue.Encapsulation{ID: few[id.Epoch](t, "epoch", 3), Enc: []byte("encapsulation")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "commits") {
		c := catalogue.Committed{Record: commit.Record{When: noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "when")) * time.Second),
			Session: few[id.Session](t, "session", 2), Account: few[id.Account](t, "account", 2), Device: few[id.Device](t, "device", 2),
			Author: rapid.SampledFrom([]string{"佐藤", "tanaka", ""}).Draw(t, "author"), Door: rapid.SampledFrom([]string{"webdav", "cli"}).Draw(t, "door")}}
		c.Ops = rapid.SliceOfN(rapid.Custom(operation), 0, 4).Draw(t, "ops")
		for _, op := range c.Ops {
			if !op.Version.IsZero() && rapid.IntRange(0, 2).Draw(t, "manifest") > 0 {
				if c.Manifests == nil {
					c.Manifests = make(map[id.Version]pack.Place)
				}
				c.Manifests[op.Version] = w.frame(100)
			}
		}
		c.Place = w.frame(500)
		b.Commits = append(b.Commits, c)
	}
	if rapid.IntRange(0, 3).Draw(t, "some are gone") == 0 {
		g := catalogue.Gone{Place: w.frame(100).Position}
		for range rapid.IntRange(1, 3).Draw(t, "gone") {
			g.Chunks = append(g.Chunks, id.Chunk{31: byte(rapid.IntRange(0, 5).Draw(t, "chunk"))})
		}
		b.Gone = append(b.Gone, g)
	}
	b.UpTo = w.end
	return b
}

// testRandom compares the catalogue with the model after random operations: batches, old and new ones
// mixed, transactions that roll back, shares that are forgotten.
func testRandom(t *testing.T, c catalogue.Catalogue) {
	keys := newKeys()
	rapid.Check(t, func(rt *rapid.T) {
		r := &run{ctx: t.Context(), c: c, share: id.NewShare(), keys: keys, w: &writer{}, want: newModel()}
		for range rapid.IntRange(1, 15).Draw(rt, "acts") {
			rapid.SampledFrom([]func(*rapid.T){r.apply, r.apply, r.again, r.rollback, r.forget}).Draw(rt, "act")(rt)
			if rapid.IntRange(0, 3).Draw(rt, "compare") == 0 {
				same(r.ctx, rt, c.View(r.share, keys), r.want)
			}
		}
		same(r.ctx, rt, c.View(r.share, keys), r.want)
		r.transaction(rt, func(tx catalogue.Tx) {
			if err := tx.Forget(r.ctx, r.share); err != nil { // so that the next run is as fast as this one
				rt.Fatal(err)
			}
		})
	})
}

// run is one random story.
type run struct {
	ctx   context.Context
	c     catalogue.Catalogue
	share id.Share
	keys  *seal.Metadata
	w     *writer
	want  *model
	old   []catalogue.Batch // what was applied, all of it
}

func (r *run) transaction(t *rapid.T, do func(tx catalogue.Tx)) {
	tx, err := r.c.Begin(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	do(tx)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// applied applies a batch to both, and sometimes asks the transaction about it.
func (r *run) applied(t *rapid.T, tx catalogue.Tx, want *model, b catalogue.Batch) {
	if err := tx.Apply(r.ctx, r.share, r.keys, b); err != nil {
		t.Fatal(err)
	}
	want.apply(b)
	if rapid.IntRange(0, 3).Draw(t, "compare inside") == 0 {
		same(r.ctx, t, tx.View(r.share, r.keys), want)
	}
}

func (r *run) apply(t *rapid.T) {
	r.transaction(t, func(tx catalogue.Tx) {
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			b := batch(t, r.w)
			r.applied(t, tx, r.want, b)
			r.old = append(r.old, b)
		}
	})
	r.atPosition(t)
}

// again applies what was applied before, with something new behind it or not.
func (r *run) again(t *rapid.T) {
	if len(r.old) == 0 {
		return
	}
	from := rapid.IntRange(0, len(r.old)-1).Draw(t, "from")
	again := append([]catalogue.Batch(nil), r.old[from:]...)
	if rapid.Bool().Draw(t, "and new") {
		b := batch(t, r.w)
		r.old, again = append(r.old, b), append(again, b)
	}
	r.transaction(t, func(tx catalogue.Tx) { r.applied(t, tx, r.want, join(again...)) })
	r.atPosition(t)
}

func (r *run) rollback(t *rapid.T) {
	tx, err := r.c.Begin(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	w := *r.w
	r.applied(t, tx, r.want.clone(), batch(t, &w))
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	r.atPosition(t)
}

// forget drops the share and applies everything in one batch: the books must be what they were.
func (r *run) forget(t *rapid.T) {
	if len(r.old) == 0 {
		return
	}
	r.transaction(t, func(tx catalogue.Tx) {
		if err := tx.Forget(r.ctx, r.share); err != nil {
			t.Fatal(err)
		}
		same(r.ctx, t, tx.View(r.share, r.keys), newModel())
		if err := tx.Apply(r.ctx, r.share, r.keys, join(r.old...)); err != nil {
			t.Fatal(err)
		}
	})
	r.atPosition(t)
}

func (r *run) atPosition(t *rapid.T) {
	got, err := r.c.Applied(r.ctx, r.share)
	equal(t, "Applied", got, err, r.want.applied, nil)
}
