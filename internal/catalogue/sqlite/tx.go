package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// book is the row of a share.
type book struct {
	num     int64
	applied pack.Position
	totals  catalogue.Totals
	dirty   bool   // not as the row says
	marked  uint64 // the pack that a mark was made for last
}

// readBook reads the row of a share; the zero book if it has none.
func readBook(on *statements, share id.Share) (b book, err error) {
	var at int64
	t := &b.totals
	_, err = on.row(qShare, []any{share[:]}, &b.num, &at, &b.applied.Offset, &t.Files, &t.Dirs, &t.Removed, &t.Versions, &t.Chunks, &t.Bytes)
	b.applied.Pack = uint64(at)
	return b, err
}

// books is what the writer remembers between statements and between transactions. It is dropped when
// a transaction does not commit.
type books struct {
	shares     map[id.Share]*book
	actors     map[actorOfShare]int64 // numbers of those who acted lately
	lastChange int64
	lastNode   int64
}

type actorOfShare struct {
	share int64
	actor actor
}

// maxActors bounds books.actors.
const maxActors = 4096

// tx is the open transaction, on the writer's connection.
type tx struct {
	d     *DB
	open  bool
	wrong error // why it can only be rolled back
}

// Begin implements catalogue.Catalogue.
func (d *DB) Begin(ctx context.Context) (catalogue.Tx, error) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if _, err := d.writing.exec(qBegin); err != nil {
		<-d.turn
		return nil, fmt.Errorf("begin: %w", err)
	}
	t := &tx{d: d, open: true}
	if d.books == nil {
		d.books = &books{shares: make(map[id.Share]*book), actors: make(map[actorOfShare]int64)}
		_, err := d.writing.row(qLastChange, nil, &d.books.lastChange)
		if err == nil {
			_, err = d.writing.row(qLastNode, nil, &d.books.lastNode)
		}
		d.books.lastChange, d.books.lastNode = max(d.books.lastChange, d.first), max(d.books.lastNode, d.first)
		if err != nil {
			t.Rollback()
			return nil, fmt.Errorf("begin: %w", err)
		}
	}
	return t, nil
}

// View implements catalogue.Tx.
func (t *tx) View(share id.Share, keys *seal.Metadata) catalogue.View {
	num := func(share id.Share) (int64, error) {
		if !t.open {
			return 0, errEnded
		}
		b, err := t.book(share)
		return b.num, err
	}
	return &view{share: share, keys: keys, on: t.d.writing, num: num, tx: t}
}

var errEnded = errors.New("the transaction has ended")

// book returns the row of a share as the transaction sees it; its num is 0 if there is none.
func (t *tx) book(share id.Share) (*book, error) {
	if b := t.d.books.shares[share]; b != nil {
		return b, nil
	}
	b, err := readBook(t.d.writing, share)
	if err != nil || b.num == 0 {
		return &book{}, err
	}
	t.d.books.shares[share] = &b
	return &b, nil
}

// makeBook is book, and gives a new share its row.
func (t *tx) makeBook(share id.Share) (*book, error) {
	b, err := t.book(share)
	if err != nil || b.num != 0 {
		return b, err
	}
	if _, err := t.d.writing.exec(qAddShare, share[:]); err != nil {
		return nil, err
	}
	return t.book(share)
}

// Commit implements catalogue.Tx.
func (t *tx) Commit() error {
	if !t.open {
		return errEnded
	}
	err := t.wrong
	for _, b := range t.d.books.shares {
		if err == nil && b.dirty {
			err = t.writeBook(b)
		}
	}
	if err == nil {
		_, err = t.d.writing.exec(qCommit)
	}
	if err != nil {
		t.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if t.d.logged >= copyFrom {
		t.d.logged = 0
		t.d.copier.wake()
	}
	t.end()
	return nil
}

func (t *tx) writeBook(b *book) error {
	s := &b.totals
	b.dirty = false
	_, err := t.d.writing.exec(qSetShare, int64(b.applied.Pack), b.applied.Offset,
		s.Files, s.Dirs, s.Removed, s.Versions, s.Chunks, s.Bytes, b.num)
	return err
}

// Rollback implements catalogue.Tx.
func (t *tx) Rollback() error {
	if !t.open {
		return nil
	}
	t.d.books = nil
	_, err := t.d.writing.exec(qRollback)
	t.end()
	if t.wrong != nil {
		return nil // SQLite may have rolled back by itself, and says so; the cause is known
	}
	return err
}

func (t *tx) end() {
	t.open = false
	<-t.d.turn
}

// Forget implements catalogue.Tx. The share keeps its number: readers remember it.
func (t *tx) Forget(ctx context.Context, share id.Share) error {
	for {
		if all, err := t.ForgetSome(ctx, share); err != nil || all {
			return err
		}
	}
}

// forgetting is what forgets a share: statements that belong together, each of which removes some rows, and that are run until there are none.
var forgetting = [][]query{{qForgetChange}, {qForgetState, qForgetNode}, {qForgetActor}, {qForgetChunk}, {qForgetEpoch}, {qForgetPreview}, {qForgetHeld}, {qForgetExpired}, {qForgetMark}}

// forgetAtOnce is how many rounds of them are run at once: a moment for those who wait.
const forgetAtOnce = 8

// ForgetSome implements catalogue.Tx.
func (t *tx) ForgetSome(ctx context.Context, share id.Share) (all bool, err error) {
	if !t.open {
		return false, errEnded
	}
	b, err := t.book(share)
	if err != nil || b.num == 0 {
		return err == nil, err
	}
	clear(t.d.books.actors)
	for n, i := 0, 0; i < len(forgetting); {
		left, err := t.forget(ctx, b.num, forgetting[i])
		if err != nil {
			t.wrong = err
			return false, fmt.Errorf("forget: %w", err)
		}
		if left == 0 {
			i++
		} else if n++; n == forgetAtOnce {
			return false, nil
		}
	}
	*b = book{num: b.num, dirty: true}
	return true, nil
}

// forget runs statements and returns how many rows the last of them has removed.
func (t *tx) forget(ctx context.Context, share int64, round []query) (left int64, err error) {
	for _, q := range round {
		if err = ctx.Err(); err == nil {
			left, err = t.d.writing.exec(q, share)
		}
		if err != nil {
			return 0, err
		}
	}
	return left, nil
}
