package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Rows are read one after the other by one of the types below, which keeps what rows have in common: the
// same person has made most versions of a directory.

// people opens actors, and remembers the last one. Its number alone does not tell that it is the same: a rebuild between
// two pages gives numbers to others.
type people struct {
	num    int64
	sealed []byte
	last   actor
}

func (p *people) open(keys *seal.Metadata, num int64, sealed []byte) (*actor, error) {
	if num == p.num && bytes.Equal(sealed, p.sealed) {
		return &p.last, nil
	}
	p.num = 0
	plain, err := unseal(keys, id.File{}, sealed)
	if err == nil {
		err = p.last.parse(plain)
	}
	if err != nil {
		return nil, err
	}
	p.num, p.sealed = num, append(p.sealed[:0], sealed...)
	return &p.last, nil
}

// nodeRow reads rows of nodes.
type nodeRow struct {
	keys   *seal.Metadata
	people people

	num                        int64 // of the row read last
	file                       sql.RawBytes
	created, modified          int64
	removed, actor             sql.NullInt64
	same                       sql.NullBool // the change that placed it made its head, too
	place, head, props, sealed sql.RawBytes
}

func (r *nodeRow) scan(rows *sql.Rows) (n catalogue.Node, err error) {
	if err := rows.Scan(&r.num, &r.file, &n.Dir, &r.created, &r.removed, &r.modified, &r.same, &n.Held,
		&r.place, &r.head, &r.props, &r.actor, &r.sealed); err != nil {
		return n, err
	}
	if len(r.file) != len(n.File) {
		return n, errBody
	}
	n.File = id.File(r.file)
	n.Created, n.Modified = clock(r.created), clock(r.modified)
	if r.removed.Valid {
		n.Removed = clock(r.removed.Int64)
	}
	var b body
	if err := b.open(r.keys, n.File, r.place); err != nil {
		return n, err
	}
	n.Parent, n.Name = b.Parent, b.Name
	if r.props != nil {
		var s body
		if err := s.open(r.keys, n.File, r.props); err != nil {
			return n, err
		}
		n.Props = s.props
	}
	if !r.actor.Valid { // no head
		return n, nil
	}
	if !r.same.Bool {
		b = body{}
		if err := b.open(r.keys, n.File, r.head); err != nil {
			return n, err
		}
	}
	who, err := r.people.open(r.keys, r.actor.Int64, r.sealed)
	if err != nil {
		return n, err
	}
	who.into(&b.Change)
	n.Head = b.Version
	return n, nil
}

// changeRow reads rows of changes.
type changeRow struct {
	keys   *seal.Metadata
	people people

	num          int64 // of the row read last
	file         sql.RawBytes
	actor        int64
	body, sealed sql.RawBytes
}

func (r *changeRow) scan(rows *sql.Rows) (catalogue.Change, error) {
	var b body
	if err := rows.Scan(&r.num, &r.file, &r.body, &r.actor, &r.sealed); err != nil {
		return b.Change, err
	}
	if len(r.file) != id.Size {
		return b.Change, errBody
	}
	if err := b.open(r.keys, id.File(r.file), r.body); err != nil {
		return b.Change, err
	}
	who, err := r.people.open(r.keys, r.actor, r.sealed)
	if err != nil {
		return b.Change, err
	}
	who.into(&b.Change)
	return b.Change, nil
}

// act reads a row for Acts: whether its actor is picked, and its time, if it was opened. A row that somebody else made is opened only if told to.
func (r *changeRow) act(rows *sql.Rows, always bool, picked map[int64]bool, pick func(catalogue.Actor) bool) (a catalogue.Acted, mine bool, when time.Time, err error) {
	if err := rows.Scan(&r.num, &r.file, &r.body, &r.actor, &r.sealed); err != nil {
		return a, false, when, err
	}
	if len(r.file) != id.Size {
		return a, false, when, errBody
	}
	mine, known := picked[r.actor]
	if !known {
		who, err := r.people.open(r.keys, r.actor, r.sealed)
		if err != nil {
			return a, false, when, err
		}
		mine = pick(who.public())
		picked[r.actor] = mine
	}
	if !mine && !always {
		return a, false, when, nil
	}
	var b body
	if err := b.open(r.keys, id.File(r.file), r.body); err != nil {
		return a, false, when, err
	}
	who, err := r.people.open(r.keys, r.actor, r.sealed)
	if err != nil {
		return a, false, when, err
	}
	who.into(&b.Change)
	return catalogue.Acted{File: id.File(r.file), Change: b.Change}, mine, b.When, nil
}

// open opens and reads a body.
func (b *body) open(keys *seal.Metadata, file id.File, sealed []byte) error {
	plain, err := unseal(keys, file, sealed)
	if err != nil {
		return err
	}
	b.Version.File = file
	err = b.parse(plain)
	if !b.Kind.HasContent() {
		b.Version.File = id.File{}
	}
	return err
}

// unseal opens what stands sealed in a row. With the right keys it fails only for a damaged file.
func unseal(keys *seal.Metadata, file id.File, sealed []byte) ([]byte, error) {
	plain, err := keys.OpenName(file, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: row of the catalogue: %w", ErrUnusable, err)
	}
	return plain, nil
}
