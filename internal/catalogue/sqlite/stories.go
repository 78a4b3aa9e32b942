package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// What very many files have gone through is asked for in two steps: which rows there are, from the front of the changes alone,
// and then in lists what they say. A statement for each file would cost more than all that it returns.

// Touched implements catalogue.View. Of each page the time of the oldest change is looked at, which tells whether it is time to end.
func (v *view) Touched(ctx context.Context, since time.Time, pick func(catalogue.Actor) bool) ([]catalogue.Ref, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	t := touched{view: v, share: share, pick: pick, picked: make(map[int64]bool)}
	num := int64(math.MaxInt64)
	for limit, more := firstPage, true; more; limit = page {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if num, more, err = t.page(num, limit); err == nil && more {
			more, err = t.after(num, since)
		}
		if err != nil {
			return nil, err
		}
	}
	t.compact()
	return t.refs(ctx)
}

// Nodes implements catalogue.View. The rows of one share lie between those of others: an index finds them.
func (v *view) Nodes(ctx context.Context) (*catalogue.Refs, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	out := new(catalogue.Refs)
	err = v.on.rows(qNodes, func(rows *sql.Rows) error {
		var r catalogue.Ref
		err := rows.Scan(&r.Num, &r.Dir)
		if err == nil {
			out.Add(r)
		}
		return err
	}, share)
	return out, err
}

// touched gathers the nodes that somebody has changed.
type touched struct {
	*view
	share  int64
	pick   func(catalogue.Actor) bool
	picked map[int64]bool // by actor
	nodes  []int64
	sorted int // so many of nodes are in order, each once
}

// page reads the changes before one, latest first.
func (t *touched) page(before int64, limit int) (last int64, more bool, err error) {
	type change struct{ node, actor int64 }
	list := make([]change, 0, limit)
	last = before
	err = t.on.rows(qTouched, func(rows *sql.Rows) error {
		var c change
		err := rows.Scan(&last, &c.node, &c.actor)
		list = append(list, c)
		return err
	}, t.share, before, limit)
	for _, c := range list {
		mine, known := t.picked[c.actor]
		if !known && err == nil {
			mine, err = t.picks(c.actor)
		}
		if mine {
			t.nodes = append(t.nodes, c.node)
		}
	}
	if len(t.nodes) > 2*t.sorted+1<<16 {
		t.compact()
	}
	return last, len(list) == limit, err
}

func (t *touched) compact() {
	slices.Sort(t.nodes)
	t.nodes = slices.Compact(t.nodes)
	t.sorted = len(t.nodes)
}

// picks asks whether an actor is picked.
func (t *touched) picks(num int64) (bool, error) {
	var sealed []byte
	found, err := t.on.row(qActor, []any{num}, &sealed)
	if err != nil || !found {
		return false, err
	}
	var p people
	who, err := p.open(t.keys, num, sealed)
	if err != nil {
		return false, err
	}
	t.picked[num] = t.pick(who.public())
	return t.picked[num], nil
}

// after reports whether a change was made after a time.
func (v *view) after(num int64, since time.Time) (after bool, err error) {
	found, err := v.changes(context.Background(), nil, &changeRow{keys: v.keys}, qWhen, num)
	return len(found) > 0 && found[0].When.After(since), err
}

// refs makes the answer.
func (t *touched) refs(ctx context.Context) ([]catalogue.Ref, error) {
	out := make([]catalogue.Ref, len(t.nodes))
	for i, n := range t.nodes {
		out[i].Num = n
	}
	for part := range slices.Chunk(out, page) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := t.on.rows(qDirs, func(rows *sql.Rows) error {
			var num int64
			err := rows.Scan(&num)
			if i, ok := find(part, num); ok {
				part[i].Dir = true
			}
			return err
		}, numbers(part))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func find(refs []catalogue.Ref, num int64) (int, bool) {
	return slices.BinarySearchFunc(refs, num, func(r catalogue.Ref, num int64) int {
		if r.Num < num {
			return -1
		}
		return min(1, int(r.Num-num))
	})
}

// numbers writes a list for json_each.
func numbers(refs []catalogue.Ref) string {
	b := make([]byte, 1, 8*len(refs)+2)
	b[0] = '['
	for i, r := range refs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, r.Num, 10)
	}
	return string(append(b, ']'))
}

// Stories implements catalogue.View.
func (v *view) Stories(ctx context.Context, refs []catalogue.Ref, at time.Time) ([]catalogue.Story, error) {
	share, err := v.enter(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]catalogue.Story, len(refs))
	index := make(map[int64]int, len(refs))
	for i, r := range refs {
		index[r.Num] = i
	}
	row := storyRow{keys: v.keys, at: at}
	err = v.on.rows(qStories, func(rows *sql.Rows) error { return row.scan(rows, out, index) }, numbers(refs), share)
	return out, err
}

// storyRow reads the changes of nodes, those of one node behind each other.
type storyRow struct {
	keys   *seal.Metadata
	people people
	at     time.Time

	node   int64 // of the row read last
	story  *catalogue.Story
	enough bool // older changes are not asked for
	placed bool
	headed bool

	file, body, sealed sql.RawBytes
}

func (r *storyRow) scan(rows *sql.Rows, out []catalogue.Story, index map[int64]int) error {
	var num, created, change, who int64
	var modified, removed sql.NullInt64
	var dir bool
	var held int
	if err := rows.Scan(&num, &r.file, &dir, &created, &removed, &modified, &held, &change, &r.body, &who, &r.sealed); err != nil {
		return err
	}
	if num != r.node {
		if len(r.file) != id.Size {
			return errBody
		}
		r.node, r.story, r.enough, r.placed, r.headed = num, &out[index[num]], false, false, false
		n := &r.story.Node
		n.File, n.Num, n.Dir, n.Created, n.Held = id.File(r.file), num, dir, clock(created), held
		if modified.Valid {
			n.Modified = clock(modified.Int64)
		}
		if removed.Valid {
			n.Removed = clock(removed.Int64)
		}
	}
	if r.enough {
		return nil
	}
	var b body
	if err := b.open(r.keys, r.story.Node.File, r.body); err != nil {
		return err
	}
	by, err := r.people.open(r.keys, who, r.sealed)
	if err != nil {
		return err
	}
	by.into(&b.Change)
	b.Change.Num = change
	r.add(&b.Change)
	return nil
}

// add takes the next change, an older one, into the story.
func (r *storyRow) add(c *catalogue.Change) {
	s := r.story
	s.Changes = append(s.Changes, *c)
	places, heads := hasPlace(c.Kind), c.Kind == commit.Save || c.Kind == commit.Link
	if places && !r.placed {
		s.Node.Parent, s.Node.Name, r.placed = c.Parent, c.Name, true
	}
	if heads && !r.headed {
		s.Node.Head, r.headed = c.Version, true
	}
	r.enough = !c.When.After(r.at) && (heads || s.Node.Dir && places)
}

// Below implements catalogue.View.
func (v *view) Below(ctx context.Context, dir id.File) (b catalogue.Below, err error) {
	share, err := v.enter(ctx)
	if err != nil {
		return b, err
	}
	var high, low int64
	_, err = v.on.row(qBelow, []any{dir[:], share}, &b.Files, &high, &low, &b.Contents)
	if high += low >> 32; high > math.MaxInt64>>32 {
		b.Bytes = math.MaxInt64
	} else {
		b.Bytes = high<<32 | low&math.MaxUint32
	}
	return b, err
}

// Mark implements catalogue.View.
func (v *view) Mark(ctx context.Context) (mark int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	_, err = v.on.row(qLastChange, nil, &mark)
	return mark, err
}

// Since implements catalogue.View.
func (v *view) Since(ctx context.Context, mark int64) (out []id.File, err error) {
	share, err := v.enter(ctx)
	for n := page; err == nil && n == page; {
		if err = ctx.Err(); err != nil {
			break
		}
		n = 0
		err = v.on.rows(qSince, func(rows *sql.Rows) error {
			var b sql.RawBytes
			err := rows.Scan(&mark, &b)
			if n++; err == nil && len(b) == id.Size {
				out = append(out, id.File(b))
			}
			return err
		}, share, mark, page)
	}
	return out, err
}
