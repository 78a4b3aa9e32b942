package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/seal"
)

// Apply implements catalogue.Tx.
//
// What can come only from damaged packs is settled the same way every time: where two files would be
// shown under one name the later one is, the earlier counts as removed by that act; a Move of a
// file that nothing has made makes a directory, since a file would come with a Save; a Remove or
// SetProp of one says nothing; a version id that comes again keeps its first meaning.
func (t *tx) Apply(ctx context.Context, share id.Share, keys *seal.Metadata, b catalogue.Batch) error {
	if !t.open {
		return errEnded
	}
	err := t.wrong
	if err == nil {
		if err = t.apply(ctx, share, keys, b); err != nil {
			t.wrong = err // half of a batch may be in the books
		}
	}
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

func (t *tx) apply(ctx context.Context, share id.Share, keys *seal.Metadata, b catalogue.Batch) error {
	to, err := t.makeBook(share)
	if err != nil || !to.applied.Before(b.UpTo) {
		return err
	}
	a := applier{statements: t.d.writing, books: t.d.books, book: to, keys: keys}
	to.dirty = true
	for _, c := range b.Chunks {
		if err := a.chunk(c); err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
	}
	for _, e := range b.Epochs {
		if _, err := a.exec(qAddEpoch, to.num, e.ID[:], e.Enc); err != nil {
			return fmt.Errorf("epoch: %w", err)
		}
	}
	for _, g := range b.Gone {
		if err := a.gone(g); err != nil {
			return fmt.Errorf("gone: %w", err)
		}
	}
	for i := range b.Commits {
		c := &b.Commits[i]
		if c.Place.Before(to.applied) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.mark(c.Place.Pack); err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		if err := a.commit(c); err != nil {
			return fmt.Errorf("commit in pack %d at %d: %w", c.Place.Pack, c.Place.Offset, err)
		}
	}
	to.applied = b.UpTo
	t.d.logged += pagesOf(b)
	return nil
}

// pagesOf estimates how many pages a batch changes: the ends of all tables and indexes, and what is found anywhere by an identifier.
func pagesOf(b catalogue.Batch) int {
	n := 10 + len(b.Chunks)
	for i := range b.Commits {
		n += 2 * len(b.Commits[i].Ops)
	}
	return n
}

// applier writes one batch into the books.
type applier struct {
	*statements
	books *books
	book  *book
	keys  *seal.Metadata

	c     *catalogue.Committed // being applied
	actor int64
	near  map[id.File]node // rows that the record touches, read together; nil for a record of few operations
	buf   []byte
}

// chunk notes where a chunk lies. A later frame of one chunk counts: it is how a damaged one is mended.
func (a *applier) chunk(c catalogue.Located[id.Chunk]) error {
	if c.Place.Before(a.book.applied) {
		return nil
	}
	at := c.Place
	n, err := a.exec(qAddChunk, a.book.num, c.ID[:], int64(at.Pack), at.Offset, int64(at.Size))
	if err == nil && n == 0 {
		_, err = a.exec(qSetChunk, int64(at.Pack), at.Offset, int64(at.Size), a.book.num, c.ID[:])
	}
	a.book.totals.Chunks += n
	return err
}

// gone forgets where chunks lie that are nobody's any more, unless they were appended anew since.
func (a *applier) gone(g catalogue.Gone) error {
	if g.Place.Before(a.book.applied) {
		return nil
	}
	for _, c := range g.Chunks {
		n, err := a.exec(qGoneChunk, a.book.num, c[:], int64(g.Place.Pack), g.Place.Offset)
		if err != nil {
			return err
		}
		a.book.totals.Chunks -= n
	}
	return nil
}

// mark notes which change is the first that may stand in a pack.
func (a *applier) mark(pack uint64) error {
	if pack == a.book.marked {
		return nil
	}
	a.book.marked = pack
	_, err := a.exec(qMark, a.book.num, int64(pack), a.books.lastChange+1)
	return err
}

func (a *applier) commit(c *catalogue.Committed) (err error) {
	a.c = c
	if a.actor, err = a.act(actorOf(&c.Record)); err != nil {
		return err
	}
	a.near = nil
	for i := range c.Ops {
		if i%together == 0 && len(c.Ops) > few {
			if err := a.findAll(c.Ops[i:min(i+together, len(c.Ops))]); err != nil {
				return err
			}
		}
		if err := a.op(&c.Ops[i]); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return nil
}

// act returns the number of an actor.
func (a *applier) act(who actor) (num int64, err error) {
	known := actorOfShare{a.book.num, who}
	if num := a.books.actors[known]; num != 0 {
		return num, nil
	}
	plain := who.append(nil)
	tag := a.keys.Lookup(id.File{}, "\x00actor"+string(plain)) // no name begins with a zero byte
	found, err := a.row(qFindActor, []any{a.book.num, tag[:]}, &num)
	if err == nil && !found {
		if _, err = a.exec(qAddActor, a.book.num, tag[:], a.keys.SealName(id.File{}, plain)); err == nil {
			_, err = a.row(qFindActor, []any{a.book.num, tag[:]}, &num)
		}
	}
	if err != nil {
		return 0, err
	}
	if len(a.books.actors) == maxActors {
		clear(a.books.actors)
	}
	a.books.actors[known] = num
	return num, nil
}

// node is a row of node, with its state.
type node struct {
	num            int64 // 0: there is no row yet
	file           id.File
	parent         id.File
	lookup         [16]byte
	dir            bool
	removed        sql.NullInt64
	modified       sql.NullInt64
	versions, size int64
	placed         int64
	head, propped  sql.NullInt64
}

// find reads the row of a file.
func (a *applier) find(file id.File) (n node, err error) {
	if n, ok := a.near[file]; ok {
		return n, nil
	}
	n.file = file
	err = a.rows(qFindNode, n.scan, a.book.num, file[:])
	return n, err
}

// scan reads a row.
func (n *node) scan(rows *sql.Rows) error {
	var file, parent, lookup sql.RawBytes
	err := rows.Scan(&file, &n.num, &parent, &lookup, &n.dir, &n.removed, &n.modified, &n.versions, &n.size, &n.placed, &n.head, &n.propped)
	copy(n.file[:], file)
	copy(n.parent[:], parent)
	copy(n.lookup[:], lookup)
	return err
}

// Of a record with more than few operations, the rows for so many of them are read together.
const (
	few      = 2
	together = 512
)

// findAll reads the rows of the files of operations into near.
func (a *applier) findAll(ops []commit.Op) error {
	if a.near == nil {
		a.near = make(map[id.File]node, together)
	}
	clear(a.near)
	list := []byte{'['}
	for i := range ops {
		a.near[ops[i].File] = node{file: ops[i].File}
		if i > 0 {
			list = append(list, ',')
		}
		list = append(hex.AppendEncode(append(list, '"'), ops[i].File[:]), '"')
	}
	list = append(list, ']')
	return a.rows(qFindNodes, func(rows *sql.Rows) error {
		var n node
		err := n.scan(rows)
		a.near[n.file] = n
		return err
	}, a.book.num, string(list))
}

// keep remembers a row as it is written.
func (a *applier) keep(n *node) {
	if a.near != nil {
		a.near[n.file] = *n
	}
}

// count adds a node to the totals of the share, or takes it away.
func (a *applier) count(n *node, sign int64) {
	t := &a.book.totals
	switch {
	case n.num == 0:
	case n.removed.Valid:
		t.Removed += sign
	case n.dir:
		t.Dirs += sign
	default:
		t.Files += sign
		t.Bytes += sign * n.size
	}
}

func (a *applier) op(op *commit.Op) error {
	if op.Kind == commit.Preview {
		return a.preview(op)
	}
	if op.File.IsZero() { // the root of the share, which nothing changes
		return nil
	}
	was, err := a.find(op.File)
	if err != nil || was.num == 0 && !hasPlace(op.Kind) {
		return err
	}
	n := was
	if was.num == 0 {
		a.books.lastNode++
		n.num = a.books.lastNode
		n.dir = op.Kind == commit.Mkdir || op.Kind == commit.Move
	}
	change, err := a.change(&n, op)
	if err != nil {
		return err
	}
	if err := a.doubt(&n, op, change); err != nil {
		return err
	}
	if err := a.alter(&n, op, change); err != nil {
		return err
	}
	if was.num == 0 {
		err = a.add(&n)
	} else {
		err = a.set(&was, &n)
	}
	a.keep(&n)
	a.count(&was, -1)
	a.count(&n, +1)
	return err
}

// preview notes a small picture. The latest of what it shows counts: it is how one that does not open is replaced.
func (a *applier) preview(op *commit.Op) error {
	at := a.c.Manifests[op.Version]
	_, err := a.exec(qSetPreview, a.book.num, op.Key[:], op.Version[:], op.Epoch[:], op.Size, int64(at.Pack), at.Offset, int64(at.Size))
	return err
}

// alter makes of n what the operation makes of it.
func (a *applier) alter(n *node, op *commit.Op, change int64) error {
	if hasPlace(op.Kind) {
		n.parent, n.placed, n.removed = op.Parent, change, sql.NullInt64{}
		n.lookup = a.keys.Lookup(op.Parent, pathname.Key(op.Name))
	}
	switch op.Kind {
	case commit.Mkdir, commit.Touch:
		if !op.Modified.IsZero() {
			n.modified = sql.NullInt64{Int64: micro(op.Modified), Valid: true}
		}
	case commit.Save, commit.Link:
		n.dir = false
		n.head = sql.NullInt64{Int64: change, Valid: true}
		n.versions++
		n.size = op.Size
		n.modified = sql.NullInt64{}
		a.book.totals.Versions++
	case commit.Hold:
		n.versions++
		a.book.totals.Versions++
	case commit.Move, commit.HoldRemove, commit.Settle, commit.Expire:
	case commit.Remove:
		n.removed = a.now()
	case commit.SetProp:
		n.modified = sql.NullInt64{Int64: micro(op.Modified), Valid: !op.Modified.IsZero()}
		n.propped = sql.NullInt64{Int64: change, Valid: len(op.Props) > 0}
	default:
		return fmt.Errorf("unknown operation %d", op.Kind)
	}
	return nil
}

// doubt notes what is held, and what is not any more.
func (a *applier) doubt(n *node, op *commit.Op, change int64) (err error) {
	switch op.Kind {
	case commit.Hold, commit.HoldRemove:
		_, err = a.exec(qHold, a.book.num, op.Version[:], n.num, change)
	case commit.Settle:
		_, err = a.exec(qSettle, a.book.num, op.Version[:], n.num)
	case commit.Expire:
		_, err = a.exec(qExpire, a.book.num, op.Version[:])
	}
	return err
}

// now is the time of the act, as a time of removal: never the zero time, which would say "shown".
func (a *applier) now() sql.NullInt64 {
	return sql.NullInt64{Int64: max(micro(a.c.When), micro(time.Time{})+1), Valid: true}
}

func micro(t time.Time) int64 { return t.UnixMicro() }

// change writes the row that tells of an operation, and returns its number.
func (a *applier) change(n *node, op *commit.Op) (num int64, err error) {
	b := body{Change: catalogue.Change{Kind: op.Kind, When: a.c.When, Parent: op.Parent, Name: op.Name, Sign: op.Sign}, props: op.Props}
	var version, origin []byte
	if names(op.Kind) {
		b.Version.Version = op.Version
	}
	if op.Kind.HasContent() {
		b.Version = catalogue.Version{Content: op.Content, Number: int(n.versions) + 1}
		if version = op.Version[:]; op.Key != op.Version {
			origin = op.Key[:]
		}
		if b.Version.Manifest, err = a.manifest(op); err != nil {
			return 0, err
		}
	}
	a.buf = b.append(a.buf[:0])
	sealed := a.keys.SealName(op.File, a.buf)
	a.books.lastChange++
	num = a.books.lastChange
	added, err := a.exec(qAddChange, num, a.book.num, n.num, a.actor, version, origin, sealed)
	if err == nil && added == 0 { // that version is known: this one is found by its file only
		_, err = a.exec(qAddChange, num, a.book.num, n.num, a.actor, []byte(nil), origin, sealed)
	}
	return num, err
}

// manifest finds the manifest that the version's key opens: the one of this act, or of the version
// that was saved with the key, or of another one that was made from that.
func (a *applier) manifest(op *commit.Op) (pack.Place, error) {
	if at, ok := a.c.Manifests[op.Key]; ok {
		return at, nil
	}
	if at, ok := a.c.Manifests[op.Version]; ok || op.Key == op.Version {
		return at, nil
	}
	for _, q := range []query{qVersion, qOrigin} {
		var at pack.Place
		found := false
		err := a.rows(q, func(rows *sql.Rows) error {
			c, err := (&changeRow{keys: a.keys}).scan(rows)
			at, found = c.Version.Manifest, true
			return err
		}, a.book.num, op.Key[:])
		if err != nil || found {
			return at, err
		}
	}
	return pack.Place{}, nil // only after damage: the version is listed, and does not open
}

// add inserts a new node.
func (a *applier) add(n *node) error {
	err := a.place(n, func() (int64, error) {
		return a.exec(qAddNode, n.num, a.book.num, n.file[:], n.parent[:], n.lookup[:], n.dir, micro(a.c.When))
	})
	if err == nil {
		_, err = a.exec(qAddState, n.num, n.modified, n.versions, n.size, n.placed, n.head)
	}
	return err
}

// set updates a node, the row that says where it stands only if it says something else.
func (a *applier) set(was, n *node) error {
	if n.parent != was.parent || n.lookup != was.lookup || n.dir != was.dir || n.removed != was.removed {
		if err := a.place(n, func() (int64, error) {
			return a.exec(qMoveNode, n.parent[:], n.lookup[:], n.dir, n.removed, n.num, a.book.num)
		}); err != nil {
			return err
		}
	}
	_, err := a.exec(qSetState, n.modified, n.versions, n.size, n.placed, n.head, n.propped, n.num)
	return err
}

// place writes where a node stands. What stands there is looked for only if something does: mostly nothing does.
func (a *applier) place(n *node, write func() (int64, error)) error {
	for range 2 {
		written, err := write()
		if err != nil || written > 0 {
			return err
		}
		if err := a.giveWay(n); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: its indexes do not agree", ErrUnusable)
}

// giveWay removes the node that is shown where n will stand, if there is one, as part of the act: its history tells
// of it. It is not n: that would stand there already.
func (a *applier) giveWay(n *node) error {
	var file []byte
	found, err := a.row(qFindShown, []any{a.book.num, n.parent[:], n.lookup[:]}, &file)
	if err != nil || !found {
		return err
	}
	return a.op(&commit.Op{Kind: commit.Remove, File: id.File(file)})
}
