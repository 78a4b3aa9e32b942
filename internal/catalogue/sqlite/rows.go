package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Rows are read one after the other by one of the types below, which keeps what rows have in common: the
// same person has made most versions of a directory.

// people opens actors, and remembers a few. A number alone does not tell that it is the same one: a rebuild between two
// pages gives numbers to others.
type people struct {
	num    int64 // of the last one
	last   *person
	others map[int64]*person
}

type person struct {
	sealed []byte
	actor  actor
}

// maxPeople bounds people.others.
const maxPeople = 64

func (p *people) open(keys *seal.Metadata, num int64, sealed []byte) (*actor, error) {
	if num != p.num || p.last == nil {
		p.num, p.last = num, p.others[num]
	}
	if p.last != nil && bytes.Equal(sealed, p.last.sealed) {
		return &p.last.actor, nil
	}
	p.last = nil
	plain, err := unseal(keys, id.File{}, sealed)
	if err != nil {
		return nil, err
	}
	who := &person{sealed: bytes.Clone(sealed)}
	if err := who.actor.parse(plain); err != nil {
		return nil, err
	}
	if p.others == nil || len(p.others) == maxPeople {
		p.others = make(map[int64]*person)
	}
	p.others[num], p.last = who, who
	return &who.actor, nil
}

// nodeRow reads rows of nodes.
type nodeRow struct {
	keys   *seal.Metadata
	people people

	num                        int64 // of the row read last
	file                       sql.RawBytes
	created                    int64
	modified, removed, actor   sql.NullInt64
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
	n.File, n.Num = id.File(r.file), r.num
	n.Created = clock(r.created)
	if r.modified.Valid {
		n.Modified = clock(r.modified.Int64)
	}
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
