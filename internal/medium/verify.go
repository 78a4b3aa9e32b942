package medium

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pack"
)

// Check says how to verify a medium.
type Check struct {
	Key   string        // the public key of the vault's ledger, from elsewhere; empty: that of the medium
	Known uint64        // the last state that the vault has put on it; 0: nobody knows
	Heads []ledger.Head // that somebody has seen elsewhere
	// Sealed hears of each sealed pack of the last state what its digest is, to be compared with the ledger by who can read it; may be nil.
	Sealed func(share id.Share, pack uint64, size int64, digest [32]byte)
	// Progress hears how many bytes of how many have been read; may be nil.
	Progress func(bytes, of int64)
}

// Report says what is on a medium and what of it is whole.
type Report struct {
	Medium   Descriptor   `json:"medium"`
	Trusted  bool         `json:"trusted"` // the public key came from elsewhere
	States   []StateCheck `json:"states"`  // ascending
	Last     uint64       `json:"last"`    // the newest state that is whole; 0: none
	Objects  int64        `json:"objects"`
	Bytes    int64        `json:"bytes"`
	Entries  int64        `json:"entries"` // of the ledger of the last state
	Findings int          `json:"findings"`
	Unknown  int          `json:"unknown"`        // objects that no record names: no damage
	Until    time.Time    `json:"until,omitzero"` // until when all of the last state is locked at least
}

// StateCheck says of one state whether all that it consists of is there.
type StateCheck struct {
	Number uint64      `json:"number"`
	Whole  bool        `json:"whole"`
	Time   time.Time   `json:"time,omitzero"`
	Head   ledger.Head `json:"head"`
	Packs  int64       `json:"packs"`
	Bytes  int64       `json:"bytes"`
}

// verifier is a Verify at work.
type verifier struct {
	t      Target
	opt    Check
	desc   Descriptor
	v      note.Verifier
	found  func(Finding)
	tell   func(Finding) // and count it
	states []*state      // that could be read, ascending, without their segments
	uses   []use         // of each of them
	lost   []uint64      // the others
	want   []expected
	index  map[string]int32   // by name: where it is in want
	books  map[string]bool    // by name: copies of the catalogue that some state had
	lists  map[listOf][]int32 // what a list names; states share most of theirs, so that a hundred need little more memory than one
	out    Report
}

// expected is an object as it should be. Size −1 is whatever has the digest.
type expected struct {
	name string
	size int64
	sum  [32]byte
	bad  bool
}

// use is what a state consists of.
type use struct {
	own   []int32
	lists []listOf
}

type listOf struct {
	share id.Share
	sum   [32]byte
}

// Verify reads every byte of a medium and compares it with the signed records, and the ledger with its checkpoints. It needs no key
// but the public one. The error tells only that it could not be done.
func Verify(ctx context.Context, t Target, opt Check, tell func(Finding)) (Report, error) {
	const op = "verify medium"
	w := &verifier{t: layered(t), opt: opt, found: tell, index: make(map[string]int32), books: make(map[string]bool), lists: make(map[listOf][]int32)}
	w.tell = func(f Finding) {
		w.out.Findings++
		tell(f)
	}
	var err error
	if w.desc, w.v, err = identify(ctx, w.t, opt.Key, op); err != nil {
		return w.out, err
	}
	w.out.Medium, w.out.Trusted = w.desc, opt.Key != ""
	for _, step := range []func(context.Context) error{w.records, w.chain, w.list, w.read, w.judge} {
		if err := step(ctx); err != nil {
			return w.out, unavailable(op, w.desc.Label, err)
		}
	}
	tellCovered(w.t, w.tell)
	return w.out, nil
}

// records reads all records.
func (w *verifier) records(ctx context.Context) error {
	numbers, err := Numbers(ctx, w.t)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		s, err := load(ctx, w.t, w.v, w.desc, recordName(n))
		if err != nil {
			if err2 := ctx.Err(); err2 != nil || away(err) {
				return errors.Join(err2, err)
			}
			w.tell(Finding{Object: recordName(n), State: n, Reason: reasonOf(err), Text: err.Error()})
			w.lost = append(w.lost, n)
			continue
		}
		w.states = append(w.states, s)
		w.uses = append(w.uses, w.use(s))
		s.shares = nil
		if raw, err := read(ctx, w.t, descriptorName, maxDescriptor); err == nil && sha256.Sum256(raw) != [32]byte(s.Descriptor) {
			w.tell(Finding{Object: descriptorName, State: n, Reason: Digest})
		}
	}
	for i, s := range w.states {
		w.enterBooks(s, len(w.states)-i <= booksOfStates)
	}
	return nil
}

// chain compares each record with the one before it, and the last with what the vault knows.
func (w *verifier) chain(context.Context) error {
	for i, s := range w.states {
		if i > 0 && s.before != w.states[i-1].sum && !slices.ContainsFunc(w.lost, func(n uint64) bool { return n < s.number && n > w.states[i-1].number }) {
			w.tell(Finding{Object: recordName(s.number), State: s.number, Reason: Chain})
		}
	}
	last := uint64(0)
	if n := len(w.states); n > 0 {
		last = w.states[n-1].number
	}
	if last < w.opt.Known && !slices.Contains(w.lost, w.opt.Known) {
		w.tell(Finding{State: w.opt.Known, Reason: Replayed})
	}
	return nil
}

// use enters what a state consists of.
func (w *verifier) use(s *state) (u use) {
	u.own = append(u.own, w.enter(s, sumName(listDir, s.record.body), -1, s.record.body))
	for _, f := range s.Files {
		u.own = append(u.own, w.enter(s, sumName(fileDir, f.Sum), f.Size, f.Sum))
	}
	for _, l := range s.Shares {
		rest := s.shares[l.Share]
		for _, x := range l.Lists {
			n := min(perList, len(rest))
			u.own = append(u.own, w.enter(s, sumName(listDir, x), -1, x))
			of := listOf{l.Share, x}
			if _, known := w.lists[of]; !known {
				named := make([]int32, 0, n)
				for _, seg := range rest[:n] {
					named = append(named, w.enter(s, seg.name(l.Share), seg.length, seg.sum))
				}
				w.lists[of] = named
			}
			u.lists, rest = append(u.lists, of), rest[n:]
		}
	}
	return u
}

// enter returns where an object is in want.
func (w *verifier) enter(s *state, name string, size int64, sum [32]byte) int32 {
	i, ok := w.index[name]
	if !ok {
		i = int32(len(w.want))
		w.index[name] = i
		w.want = append(w.want, expected{name: name, size: size, sum: sum})
	} else if w.want[i].sum != sum { // two states want other bytes: one of them cannot have them
		w.want[i].bad = true
		w.tell(Finding{Object: name, State: s.number, Reason: Digest})
	}
	return i
}

// whole reports whether all that a state consists of is as it should be.
func (w *verifier) whole(u use) bool {
	good := func(i int32) bool { return !w.want[i].bad }
	for _, of := range u.lists {
		for _, i := range w.lists[of] {
			if !good(i) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(u.own, func(i int32) bool { return !good(i) })
}

// list finds what is there besides what should be.
func (w *verifier) list(ctx context.Context) error {
	for _, x := range w.want {
		w.out.Bytes += max(x.size, 0)
	}
	passed, err := w.passed(ctx)
	if err != nil {
		return err
	}
	for e, err := range w.t.List(ctx, "") {
		if err != nil {
			return err
		}
		dir, _, _ := strings.Cut(e.Name, "/")
		_, wanted := w.index[e.Name]
		_, _, record := numberOf(e.Name)
		if !wanted && !record && !w.books[e.Name] && !passed[e.Name] && e.Name != descriptorName && dir != ledgerDir {
			w.out.Unknown++
			w.found(Finding{Object: e.Name, Reason: Unknown})
		}
	}
	return nil
}

// read reads every object once, in the order in which they were put. Packs are put together on the way.
func (w *verifier) read(ctx context.Context) error {
	var of, done int64 = w.out.Bytes, 0
	p := &packSum{w: w}
	order := slices.SortedFunc(maps.Values(w.index), func(a, b int32) int { return cmp.Compare(w.want[a].name, w.want[b].name) })
	for _, i := range order {
		x := &w.want[i]
		if x.size < 0 { // a list, which was read with its record
			w.out.Objects++
			continue
		}
		p.begin(x.name)
		err := check(ctx, w.t, x.name, x.size, x.sum, func(b []byte) {
			p.add(b)
			if done += int64(len(b)); w.opt.Progress != nil {
				w.opt.Progress(done, of)
			}
		})
		if err2 := ctx.Err(); err2 != nil || away(err) {
			return errors.Join(err2, err)
		}
		if w.out.Objects++; err != nil {
			x.bad = true
			share, n, _, _ := segmentOf(x.name)
			w.tell(Finding{Object: x.name, Share: share, Pack: n, Reason: reasonOf(err), Text: err.Error()})
			p.spoil()
		}
	}
	p.end()
	return w.locks(ctx)
}

// locks compares until when what the last state consists of is locked with what its record says.
func (w *verifier) locks(ctx context.Context) error {
	l, ok := w.t.(*layers)
	if !ok || len(w.states) == 0 {
		return nil
	}
	last := len(w.states) - 1
	s, u := w.states[last], w.uses[last]
	w.out.Until = s.body.Until
	mine := slices.Clone(u.own)
	for _, of := range u.lists {
		mine = append(mine, w.lists[of]...)
	}
	names := []string{descriptorName, recordName(s.number)}
	for _, i := range mine {
		if !w.want[i].bad {
			names = append(names, w.want[i].name)
		}
	}
	for _, name := range names {
		until, err := l.until(ctx, name)
		if err != nil {
			return err
		}
		if until.Before(s.body.Until) {
			share, n, _, _ := segmentOf(name)
			w.tell(Finding{Object: name, Share: share, Pack: n, State: s.number, Reason: Unlocked, Text: until.Format(time.RFC3339)})
		}
	}
	return nil
}

// packSum puts the segments of a pack together to tell its digest. Names of segments ascend with their places.
type packSum struct {
	w     *verifier
	share id.Share
	pack  uint64
	hash  hash.Hash
	tail  []byte // the last bytes, up to one block, which are not in the hash
	size  int64
	bad   bool
}

func (p *packSum) begin(name string) {
	share, n, from, ok := segmentOf(name)
	if !ok || share != p.share || n != p.pack || from != p.size {
		p.end()
		p.share, p.pack, p.hash, p.bad = share, n, sha256.New(), !ok || from != 0
	}
}

func (p *packSum) add(b []byte) {
	p.size += int64(len(b))
	if over := len(p.tail) + len(b) - pack.Align; over > 0 {
		n := min(over, len(p.tail))
		p.hash.Write(p.tail[:n])
		p.tail = append(p.tail[:0], p.tail[n:]...)
		p.hash.Write(b[:over-n])
		b = b[over-n:]
	}
	p.tail = append(p.tail, b...)
}

func (p *packSum) spoil() { p.bad = true }

// end tells of a pack that is sealed, and whether it has the digest that it tells of itself.
func (p *packSum) end() {
	defer func() { p.size, p.tail, p.pack = 0, p.tail[:0], 0 }()
	if p.bad || p.pack == 0 || len(p.tail) < pack.Align {
		return
	}
	h, err := pack.ParseHeader(p.tail)
	if err != nil || h.Type != pack.TypeTrailer || int(h.Length) > pack.Align-pack.HeaderSize {
		return
	}
	payload := p.tail[pack.HeaderSize:][:h.Length]
	t, err := pack.ParseTrailer(payload)
	if err != nil || !h.Valid(p.tail, payload) {
		return
	}
	if [32]byte(p.hash.Sum(nil)) != t.Digest {
		p.w.tell(Finding{Share: p.share, Pack: p.pack, Reason: Vault, Text: "it was damaged in the vault when it was copied"})
		return
	}
	if p.w.opt.Sealed != nil {
		p.w.opt.Sealed(p.share, p.pack, p.size, t.Digest)
	}
}

// judge verifies the ledger, and says which states are whole.
func (w *verifier) judge(ctx context.Context) error {
	var shown *state // the newest whose ledger is whole: those of older ones are its beginning
	for i, s := range slices.Backward(w.states) {
		whole := w.whole(w.uses[i])
		if shown != nil {
			ok, err := w.beginning(ctx, s, shown)
			if err != nil {
				return err
			}
			whole = whole && ok
		} else {
			heads := slices.Clone(w.opt.Heads)
			for _, other := range w.states[:i] {
				heads = append(heads, other.head)
			}
			ok, err := w.ledger(ctx, s, heads, i == len(w.states)-1)
			if err != nil {
				return err
			}
			if whole = whole && ok; ok {
				shown, w.out.Entries = s, s.head.Size
			}
		}
		if whole && w.out.Last == 0 {
			w.out.Last = s.number
		}
		w.out.States = append(w.out.States, StateCheck{s.number, whole, s.time.UTC(), s.head, s.body.Packs, s.body.Bytes})
	}
	for _, n := range w.lost {
		w.out.States = append(w.out.States, StateCheck{Number: n})
	}
	slices.SortFunc(w.out.States, func(a, b StateCheck) int { return cmp.Compare(a.Number, b.Number) })
	return nil
}

// beginning compares the right edge of an older state's ledger with that of a later one, which has shown to be whole and to go on from it.
func (w *verifier) beginning(ctx context.Context, s, later *state) (whole bool, err error) {
	whole = true
	compare := func(t tlog.Tile) {
		wider := t
		wider.W = int(min(torchwood.TileWidth, later.head.Size>>(torchwood.TileHeight*max(t.L, 0))-t.N*torchwood.TileWidth))
		name := ledgerDir + "/" + torchwood.TilePath(t)
		is, err := read(ctx, w.t, name, maxBody)
		should, err2 := read(ctx, w.t, ledgerDir+"/"+torchwood.TilePath(wider), maxBody)
		if err == nil && err2 == nil && !bytes.HasPrefix(should, is) {
			err = errDigest
		}
		if err != nil {
			whole = false
			w.tell(Finding{Object: name, State: s.number, Reason: BadLedger, Text: err.Error()})
		}
	}
	for level := 0; s.head.Size>>(torchwood.TileHeight*level) > 0; level++ {
		n := s.head.Size >> (torchwood.TileHeight * level)
		t := tlog.Tile{H: torchwood.TileHeight, L: level, N: n / torchwood.TileWidth, W: int(n % torchwood.TileWidth)}
		if t.W == 0 {
			continue
		}
		compare(t)
		if level == 0 {
			t.L = -1
			compare(t)
		}
	}
	return whole, ctx.Err()
}

// ledger verifies the ledger of a state.
func (w *verifier) ledger(ctx context.Context, s *state, heads []ledger.Head, tell bool) (bool, error) {
	head, err := ledger.CheckCheckpoint([]byte(s.Checkpoint), w.desc.Vault)
	if err != nil || head != s.head {
		w.tell(Finding{Object: recordName(s.number), State: s.number, Reason: BadLedger, Text: "its checkpoint is not that of the record"})
		return false, nil
	}
	r, err := ledger.Audit{Key: w.desc.Vault, Seen: heads}.Run(ctx, opened(w.t, w.desc, s).Ledger())
	if err != nil {
		return false, errors.Join(ctx.Err(), err)
	}
	for _, d := range r.Damage {
		f := Finding{Object: ledgerDir + "/" + d.File, State: s.number, Reason: BadLedger, Text: d.Text}
		switch d.Kind {
		case ledger.Forked:
			f.Object, f.Reason = recordName(s.number), Forked
		case ledger.RolledBack:
			f.Object, f.Reason = recordName(s.number), Rolled
		}
		if tell {
			w.tell(f)
		}
	}
	return r.OK(), nil
}
