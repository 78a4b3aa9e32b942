package cataloguetest

import (
	"context"
	"errors"
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// testTransaction looks at one transaction from inside and outside.
func testTransaction(t *testing.T, c catalogue.Catalogue) {
	ctx := t.Context()
	b := newBook(t, c)
	b.do(save(id.NewFile(), id.File{}, "before"))
	before := b.want.clone()
	tx, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	inside := tx.View(b.share, b.keys)
	for range 3 {
		rec := b.rec
		rec.Ops = []commit.Op{save(id.NewFile(), id.File{}, "one name, taken again"), act(commit.Mkdir, id.NewFile(), id.File{}, "d")}
		batch := b.w.commit(rec)
		if err := tx.Apply(ctx, b.share, b.keys, batch); err != nil {
			t.Fatal(err)
		}
		b.want.apply(batch)
		same(ctx, t, inside, b.want)
		same(ctx, t, b.view(), before)
		if p, err := c.Applied(ctx, b.share); err != nil || p != before.applied {
			t.Errorf("applied up to %v, %v, before the commit; want %v", p, err, before.applied)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	same(ctx, t, b.view(), b.want)
	if err := tx.Rollback(); err != nil {
		t.Errorf("rollback after a commit: %v", err)
	}
	same(ctx, t, b.view(), b.want)
	if tx.Commit() == nil || tx.Apply(ctx, b.share, b.keys, catalogue.Batch{}) == nil || tx.Forget(ctx, b.share) == nil {
		t.Error("a transaction that has ended takes changes")
	}
	if _, err := inside.Node(ctx, id.NewFile()); err == nil || errors.Is(err, catalogue.ErrNone) {
		t.Errorf("a transaction that has ended answers: %v", err)
	}

	// A new share, and its disappearance.
	fresh := newBook(t, c)
	fresh.rec.Ops = []commit.Op{save(id.NewFile(), id.File{}, "a")}
	batch := fresh.w.commit(fresh.rec)
	for _, commits := range []bool{false, true} {
		if tx, err = c.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := tx.Apply(ctx, fresh.share, fresh.keys, batch); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commits {
			fresh.want.apply(batch)
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		same(ctx, t, fresh.view(), fresh.want)
	}
}

// testWaiting begins a transaction while another one is open: it waits for its end, or as long as its caller.
func testWaiting(t *testing.T, c catalogue.Catalogue) {
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Begin(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("begin without patience: %v, want %v", err, context.Canceled)
	}
	began := make(chan error)
	go func() {
		next, err := c.Begin(context.WithoutCancel(ctx))
		began <- err
		if err == nil {
			began <- next.Rollback()
		}
	}()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-began; err != nil {
			t.Fatal(err)
		}
	}
}

// testDigest changes every field of the books, one at a time: no change leaves the digest as it is.
func testDigest(t *testing.T, c catalogue.Catalogue) {
	ctx := t.Context()
	keys := newKeys()
	digest := func(rec commit.Record, alter func(*catalogue.Batch)) [32]byte {
		t.Helper()
		b := newBook(t, c)
		b.keys = keys
		batch := b.w.commit(rec)
		batch.Chunks = []catalogue.Located[id.Chunk]{{ID: id.Chunk{1}, Place: b.w.frame(10)}}
		batch.Epochs = []catalogue.Encapsulation{{ID: id.Epoch{1}, Enc: []byte("enc")}}
		batch.UpTo = b.w.end
		if alter != nil {
			alter(&batch)
		}
		b.write(batch)
		sum, err := b.view().Digest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.view().Digest(ctx)
		equal(t, "digest again", again, err, sum, nil)
		return sum
	}
	file, dir := id.NewFile(), id.NewFile()
	ops := []commit.Op{act(commit.Mkdir, dir, id.File{}, "d"), save(file, dir, "a"), act(commit.Touch, id.NewFile(), dir, "t"),
		{Kind: commit.SetProp, File: file, Props: []commit.Prop{{Space: "s", Name: "n", Value: "v"}}}}
	rec := commit.Record{When: noon, Author: "佐藤", Door: "webdav", Ops: ops}
	seen := map[[32]byte]string{digest(rec, nil): "unaltered"}
	if len(seen) != 1 || seen[digest(rec, nil)] == "" {
		t.Fatal("equal books in two shares have two digests")
	}
	for what, alter := range map[string]func(r *commit.Record, op []commit.Op){
		"when":     func(r *commit.Record, _ []commit.Op) { r.When = noon.Add(1000) },
		"author":   func(r *commit.Record, _ []commit.Op) { r.Author = "田中" },
		"door":     func(r *commit.Record, _ []commit.Op) { r.Door = "sftp" },
		"session":  func(r *commit.Record, _ []commit.Op) { r.Session = id.NewSession() },
		"account":  func(r *commit.Record, _ []commit.Op) { r.Account = id.NewAccount() },
		"device":   func(r *commit.Record, _ []commit.Op) { r.Device = id.NewDevice() },
		"file":     func(_ *commit.Record, op []commit.Op) { op[2].File = id.NewFile() },
		"parent":   func(_ *commit.Record, op []commit.Op) { op[1].Parent = id.File{} },
		"name":     func(_ *commit.Record, op []commit.Op) { op[1].Name = "b" },
		"kind":     func(_ *commit.Record, op []commit.Op) { op[2].Kind = commit.Mkdir },
		"order":    func(r *commit.Record, op []commit.Op) { r.Ops = append(op, op[1]) },
		"version":  func(_ *commit.Record, op []commit.Op) { op[1].Version = id.NewVersion() },
		"key":      func(_ *commit.Record, op []commit.Op) { op[1].Key = id.NewVersion() },
		"epoch":    func(_ *commit.Record, op []commit.Op) { op[1].Epoch = id.NewEpoch() },
		"size":     func(_ *commit.Record, op []commit.Op) { op[1].Size++ },
		"modified": func(_ *commit.Record, op []commit.Op) { op[1].Modified = noon },
		"equal":    func(_ *commit.Record, op []commit.Op) { op[1].Equal[31]++ },
		"sum":      func(_ *commit.Record, op []commit.Op) { op[1].Sums = []commit.Sum{{Algorithm: "SHA1", Value: "00"}} },
		"found":    func(_ *commit.Record, op []commit.Op) { op[1].Found = commit.Found{} },
		"damaged":  func(_ *commit.Record, op []commit.Op) { op[1].Found.Damaged = false },
		"sealed":   func(_ *commit.Record, op []commit.Op) { op[1].Found.Sealed = true },
		"even":     func(_ *commit.Record, op []commit.Op) { op[1].Found.Even = true },
		"deep":     func(_ *commit.Record, op []commit.Op) { op[1].Found.Deep = true },
		"reason":   func(_ *commit.Record, op []commit.Op) { op[1].Found.Reason = "sum" },
		"at":       func(_ *commit.Record, op []commit.Op) { op[1].Found.At++ },
		"trailing": func(_ *commit.Record, op []commit.Op) { op[1].Found.Trailing++ },
		"sums":     func(_ *commit.Record, op []commit.Op) { op[1].Sums = nil },
		"prop":     func(_ *commit.Record, op []commit.Op) { op[3].Props = []commit.Prop{{Space: "sn", Value: "v"}} },
		"touched":  func(_ *commit.Record, op []commit.Op) { op[2].Modified = noon },
		"removed":  func(r *commit.Record, op []commit.Op) { r.Ops = append(op, commit.Op{Kind: commit.Remove, File: file}) },
	} {
		altered := rec
		altered.Ops = append([]commit.Op(nil), ops...)
		alter(&altered, altered.Ops)
		sum := digest(altered, nil)
		if seen[sum] != "" {
			t.Errorf("the digest does not tell %s from %s", what, seen[sum])
		}
		seen[sum] = what
	}
	for what, alter := range map[string]func(*catalogue.Batch){
		"chunk":    func(b *catalogue.Batch) { b.Chunks[0].ID[31]++ },
		"place":    func(b *catalogue.Batch) { b.Chunks[0].Place.Size++ },
		"epoch id": func(b *catalogue.Batch) { b.Epochs[0].ID[15]++ },
		"enc":      func(b *catalogue.Batch) { b.Epochs[0].Enc = []byte("end") },
		"manifest": func(b *catalogue.Batch) { clear(b.Commits[0].Manifests) },
	} {
		sum := digest(rec, alter)
		if seen[sum] != "" {
			t.Errorf("the digest does not tell %s from %s", what, seen[sum])
		}
		seen[sum] = what
	}
}

// testCancelled asks for a caller who has gone.
func testCancelled(t *testing.T, c catalogue.Catalogue) {
	b := newBook(t, c)
	op := save(id.NewFile(), id.File{}, "a")
	b.do(op)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	v := b.view()
	_, applied := c.Applied(ctx, b.share)
	_, child := v.Child(ctx, id.File{}, "a")
	_, former := v.Former(ctx, id.File{}, "a")
	_, node := v.Node(ctx, op.File)
	_, listed := list(ctx, v, id.File{}, false)
	_, hist := history(ctx, v, op.File)
	_, version := v.Version(ctx, op.Version)
	_, chunks := v.Chunks(ctx, []id.Chunk{{}, {}})
	_, epoch := v.Epoch(ctx, op.Epoch)
	_, totals := v.Totals(ctx)
	_, digest := v.Digest(ctx)
	for i, err := range []error{applied, child, former, node, listed, hist, version, chunks, epoch, totals, digest} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("answer %d to nobody: %v", i, err)
		}
	}

	// A write that was given up leaves the transaction fit for nothing but its end.
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	rec := b.rec
	rec.Ops = []commit.Op{save(id.NewFile(), id.File{}, "b")}
	w := *b.w
	if err := tx.Apply(ctx, b.share, b.keys, w.commit(rec)); !errors.Is(err, context.Canceled) {
		t.Errorf("apply for nobody: %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("half a batch was committed")
	}
	same(t.Context(), t, b.view(), b.want)
	b.do(save(id.NewFile(), id.File{}, "b")) // and the next one works
}
