package exposure

import (
	"encoding/binary"
	"iter"
	"net/netip"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// mostTape bounds a tape. A ledger that is longer is read again where a shorter is played.
const mostTape = 96 << 20

// tape remembers of the entries of a ledger what an answer asks of them, so that they are read and opened once: of a million that takes
// longer than all the rest.
type tape struct {
	source iter.Seq2[Entry, error]
	most   int
	whole  bool // it has all entries
	size   int
	records
	record    []byte
	index     int64 // of the entry before
	time      int64
	paths     paths
	kinds     numbers[event.Kind]
	actors    numbers[actor]
	addresses numbers[netip.Addr]
	shares    numbers[id.Share]
	purposes  numbers[account.Purpose]
}

// What an entry's record has beside what all have.
const (
	isClosed = 1 << iota
	hasRecorded
	hasAct   // a share, a purpose, an end or files
	hasPaths // of its files
	hasUntil
)

// entries yields the entries, in their order.
func (t *tape) entries(yield func(Entry, error) bool) {
	if t.whole {
		t.play(yield)
		return
	}
	*t = tape{source: t.source, most: t.most}
	for e, err := range t.source {
		if err == nil && t.size <= t.most {
			t.add(&e)
		}
		if !yield(e, err) || err != nil {
			return
		}
	}
	if t.whole = t.size <= t.most; !t.whole {
		t.records = records{}
	}
}

func (t *tape) add(e *Entry) {
	v, kind := &e.Event, byte(0)
	if e.Closed {
		kind |= isClosed
	}
	if !e.Recorded.IsZero() {
		kind |= hasRecorded
	}
	if !v.Share.IsZero() || v.Purpose != "" || !v.Until.IsZero() || len(v.Files) > 0 {
		kind |= hasAct
	}
	if len(e.Paths) > 0 {
		kind |= hasPaths
	}
	if !v.Until.IsZero() {
		kind |= hasUntil
	}
	b := binary.AppendVarint(append(t.record[:0], kind), e.Index-t.index)
	t.index = e.Index
	if kind&hasRecorded != 0 {
		now := e.Recorded.UnixMilli()
		b = binary.AppendVarint(b, now-t.time)
		t.time = now
	}
	known := len(t.actors.list)
	b = binary.AppendUvarint(b, t.kinds.number(v.Kind))
	b = binary.AppendUvarint(b, t.actors.number(actor{v.Session, v.Account, v.Device}))
	b = binary.AppendUvarint(b, t.addresses.number(v.Address))
	if kind&hasAct != 0 {
		b = t.act(b, v)
	}
	if kind&hasPaths != 0 {
		b = binary.AppendUvarint(b, uint64(len(e.Paths)))
		for _, p := range e.Paths {
			b = t.paths.add(b, p)
		}
	}
	t.record = b
	t.records.add(b)
	const actorSize = 200 // with its place in a map
	t.size += len(b) + actorSize*(len(t.actors.list)-known)
}

func (t *tape) act(b []byte, v *event.Event) []byte {
	b = binary.AppendUvarint(b, t.shares.number(v.Share))
	b = binary.AppendUvarint(b, t.purposes.number(v.Purpose))
	if !v.Until.IsZero() {
		b = binary.AppendVarint(b, v.Until.UnixMilli()-t.time)
	}
	b = binary.AppendUvarint(b, uint64(len(v.Files)))
	for _, f := range v.Files {
		b = append(b, f.Version[:]...)
	}
	return b
}

// play yields what was remembered.
func (t *tape) play(yield func(Entry, error) bool) {
	index, now := int64(0), int64(0)
	for _, block := range t.blocks {
		for r := (reader{block}); len(r.rest) > 0; {
			var e Entry
			kind := r.take(1)[0]
			index += r.signed()
			e.Index, e.Closed = index, kind&isClosed != 0
			if kind&hasRecorded != 0 {
				now += r.signed()
				e.Recorded = time.UnixMilli(now)
			}
			v := &e.Event
			v.Kind = t.kinds.list[r.number()]
			who := &t.actors.list[r.number()]
			v.Session, v.Account, v.Device = who.session, who.account, who.device
			v.Address = t.addresses.list[r.number()]
			if kind&hasAct != 0 {
				t.readAct(&r, v, now, kind&hasUntil != 0)
			}
			if kind&hasPaths != 0 {
				for range r.number() {
					e.Paths = append(e.Paths, t.paths.read(&r))
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (t *tape) readAct(r *reader, v *event.Event, now int64, until bool) {
	v.Share, v.Purpose = t.shares.list[r.number()], t.purposes.list[r.number()]
	if until {
		v.Until = time.UnixMilli(now + r.signed())
	}
	if n := r.number(); n > 0 {
		v.Files = make([]event.File, n)
		for i := range v.Files {
			v.Files[i].Version = id.Version(r.take(id.Size))
		}
	}
}
