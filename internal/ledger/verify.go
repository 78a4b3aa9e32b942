package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/problem"
)

// DefaultGap is the silence that a report mentions: the heartbeat comes every minute.
const DefaultGap = 3 * time.Minute

// disorder is how far entries that are written at the same time may stand before each other: each takes its time before
// it takes its place. Only what is further back means that the clock was.
const disorder = time.Second

// correction is how far a clock is set back or ahead where a program corrects it. Who would hide when something was read needs more.
const correction = time.Minute

// maxFindings bounds each list of a report; the counts go on.
const maxFindings = 1000

// Audit is a check of a whole ledger, offline, with nothing but its public key.
type Audit struct {
	Key  string        // the verifier key
	Gap  time.Duration // the longest silence that is not mentioned; DefaultGap if 0
	Seen []Head        // heads seen earlier: printed, kept by a witness, counted by the keeper
	Now  time.Time     // by the clock of who verifies; zero: it is not compared
	// Progress hears how many entries have been read, now and then; it may be nil.
	Progress func(entries int64)
}

// Verify is an Audit with the defaults.
func Verify(ctx context.Context, ledger fs.FS, verifierKey string) (Report, error) {
	return Audit{Key: verifierKey}.Run(ctx, ledger)
}

// Report says what a ledger holds and what is wrong with it. Its JSON form is a written contract, docs/json.md.
type Report struct {
	Origin string    `json:"origin"`
	Size   int64     `json:"size"` // entries that the checkpoint covers
	Root   tlog.Hash `json:"root"`

	First  time.Time `json:"first"` // zero if no entry tells its time
	Last   time.Time `json:"last"`
	Opaque int64     `json:"opaque,omitempty"` // entries that tell no time

	Gaps      []Gap `json:"gaps,omitempty"` // silences; at most 1,000
	GapCount  int64 `json:"gap_count"`
	Backward  []Gap `json:"backward,omitempty"` // times more than a second before the latest until then; at most 1,000
	BackCount int64 `json:"backward_count"`

	Ahead *Gap `json:"ahead,omitempty"` // the first entry that is later than the present of who verifies (From)

	Beyond     int64     `json:"beyond"` // entries in write-ahead files that no checkpoint covers yet: readable, but not evidence
	BeyondLast time.Time `json:"beyond_last,omitzero"`

	Damage      []Damage `json:"damage,omitempty"` // at most 1,000
	DamageCount int64    `json:"damage_count"`
}

// OK reports whether the ledger is as it was signed.
func (r *Report) OK() bool { return r.DamageCount == 0 }

// Shifted returns where the clock was set back by more than a correction, at once or in steps within a day, but for the entries at which that is known.
// Nobody but who set it knows why; the entries are all the same those that were signed, in their order.
func (r *Report) Shifted(known ...int64) (out []Gap) {
	var steps []Gap
	for _, g := range r.Backward {
		if slices.Contains(known, g.Index) {
			continue
		}
		steps = append(steps, g)
		steps = slices.DeleteFunc(steps, func(s Gap) bool { return g.From.Sub(s.From) > 24*time.Hour })
		back := time.Duration(0)
		for _, s := range steps {
			back += s.From.Sub(s.To)
		}
		if back > correction {
			out = append(out, g)
		}
	}
	return out
}

// Gap is the time between the entry before Index and the entry at Index.
type Gap struct {
	Index int64     `json:"index"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Kind says what sort of damage something is.
type Kind string

// The kinds of damage.
const (
	Missing    Kind = "missing"    // it is not there or cannot be read
	Malformed  Kind = "malformed"  // its bytes are no such file
	Altered    Kind = "altered"    // it is not what was signed
	Unsigned   Kind = "unsigned"   // the checkpoint is not signed by the key
	WrongRoot  Kind = "wrong-root" // the entries do not make the root of the checkpoint
	RolledBack Kind = "rolled-back"
	Forked     Kind = "forked" // a head seen earlier had other entries
)

// Damage is one thing that is wrong.
type Damage struct {
	Kind  Kind   `json:"kind"`
	File  string `json:"file"`            // below the ledger's directory
	Entry *int64 `json:"entry,omitempty"` // the index, if one entry is concerned
	Text  string `json:"text"`
}

// audit is an Audit at work.
type audit struct {
	Audit
	Report
	fsys fs.FS
	edge edge
	last time.Time           // the latest since the clock was set back
	seen map[int64]tlog.Hash // roots at the sizes that somebody asks for
	tail []tlog.Hash         // of the entries from tailFrom on, to compare with write-ahead files
	from int64               // of tail
}

// Run reads all of a ledger: it checks the signature, makes every tile and the root anew from the entries, and names
// whatever differs. The error tells only that it could not be done.
func (a Audit) Run(ctx context.Context, fsys fs.FS) (Report, error) {
	v, err := note.NewVerifier(a.Key)
	if err != nil {
		return Report{}, &problem.Error{Kind: problem.Invalid, Op: "verify the ledger", Hint: "hint.ledger-key", Err: err}
	}
	a.Gap = cmp.Or(a.Gap, DefaultGap)
	w := &audit{Audit: a, fsys: fsys, seen: make(map[int64]tlog.Hash)}
	snap, err := takeSnapshot(ctx, fsys, v)
	if err != nil {
		return Report{}, problem.New(problem.Unavailable, "verify the ledger", "", err)
	}
	w.checkpoint(v, snap)
	w.remember(snap)
	for _, h := range a.Seen {
		w.seen[h.Size] = tlog.Hash{}
	}
	w.note()
	for n := int64(0); n < w.Size; n += tileWidth {
		if err := ctx.Err(); err != nil {
			return w.Report, problem.New(problem.Unavailable, "verify the ledger", "", err)
		}
		w.bundle(bundleTile(n, w.Size))
		if a.Progress != nil {
			a.Progress(min(n+tileWidth, w.Size))
		}
	}
	w.rightEdge()
	w.heads()
	w.wal(snap)
	return w.Report, nil
}

func (w *audit) damage(kind Kind, file string, entry *int64, format string, args ...any) {
	if w.DamageCount++; len(w.Damage) < maxFindings {
		w.Damage = append(w.Damage, Damage{kind, file, entry, fmt.Sprintf(format, args...)})
	}
}

// checkpoint reads what was signed. An unsigned checkpoint is still followed, so that what it names is looked at.
func (w *audit) checkpoint(v note.Verifier, s *snapshot) {
	w.Origin, w.Root = v.Name(), emptyRoot()
	if s.signed == nil {
		w.damage(Missing, checkpointName, nil, "%v", s.err)
		return
	}
	c, err := torchwood.ParseCheckpoint(s.text())
	if err != nil {
		w.damage(Malformed, checkpointName, nil, "%v", err)
		return
	}
	w.Origin, w.Size, w.Root = c.Origin, c.N, c.Hash
	if _, err := openCheckpoint(s.signed, v); err != nil {
		w.damage(Unsigned, checkpointName, nil, "%v", err)
	}
}

// bundle checks 256 entries and adds them to the tree.
func (w *audit) bundle(t tlog.Tile) {
	name, first := torchwood.TilePath(t), t.N*tileWidth
	b, err := readTile(w.fsys, t)
	var entries [][]byte
	if err == nil {
		if entries, err = splitBundle(b, t.W); err != nil {
			w.damage(Malformed, name, nil, "%v", err)
		}
	} else {
		w.damage(Missing, name, nil, "%v", err)
	}
	hashes := make([]tlog.Hash, len(entries), tileWidth)
	for i, e := range entries {
		hashes[i] = tlog.RecordHash(e)
	}
	hashes, stored := w.judge(t, hashes)
	for i, h := range hashes {
		n := first + int64(i)
		if stored != nil && i < len(entries) && tlog.RecordHash(entries[i]) != h {
			w.damage(Altered, name, &n, "entry %d is not the one that was signed", n)
		}
		w.edge.add(h, w.tile)
		w.note()
		if n >= w.from {
			w.tail = append(w.tail, h)
		}
		if i < len(entries) {
			w.time(n, entries[i])
		}
	}
}

// judge decides which hashes the tree goes on with: those of the entries, or the stored ones where the tile above (or, at the
// right edge, the root) says that it is the entries that were changed. stored is nil if the entries are right.
func (w *audit) judge(t tlog.Tile, made []tlog.Hash) (hashes, stored []tlog.Hash) {
	t.L = 0
	b, err := readTile(w.fsys, t)
	if err == nil {
		for ; len(b) > 0; b = b[tlog.HashSize:] {
			stored = append(stored, tlog.Hash(b[:tlog.HashSize]))
		}
	}
	switch {
	case slices.Equal(made, stored):
		return made, nil
	case len(made) == t.W && (stored == nil || !w.vouched(t, stored)):
		return made, nil // the tile is at fault, or nobody can tell: the root will
	case stored != nil:
		return stored, stored
	}
	return append(made, make([]tlog.Hash, t.W-len(made))...), nil // the root will be wrong, and says so
}

// vouched reports whether the tile above, or at the right edge the root, has the stored hashes.
func (w *audit) vouched(t tlog.Tile, stored []tlog.Hash) bool {
	if t.W < tileWidth { // nothing comes behind it
		e := w.edge.clone()
		for _, h := range stored {
			e.add(h, nil)
		}
		return e.root() == w.Root
	}
	above := tlog.Tile{H: tileHeight, L: 1, N: t.N / tileWidth}
	above.W = int(min(tileWidth, w.Size/tileWidth-above.N*tileWidth))
	b, err := readTile(w.fsys, above)
	if err != nil {
		return false
	}
	h := tlog.Hash(b[t.N%tileWidth*tlog.HashSize:][:tlog.HashSize])
	return h == subtree(stored)
}

// tile compares a tile made from the entries with the stored one.
func (w *audit) tile(t tlog.Tile, hashes []tlog.Hash) {
	name := torchwood.TilePath(t)
	b, err := readTile(w.fsys, t)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.damage(Missing, name, nil, "%v", err)
	case err != nil:
		w.damage(Malformed, name, nil, "%v", err)
	case !bytes.Equal(b, tileBytes(hashes)):
		w.damage(Altered, name, nil, "hashes are not those of the entries")
	}
}

// rightEdge checks the partial tiles and the root.
func (w *audit) rightEdge() {
	w.edge.partial(w.tile)
	if got := w.edge.root(); got != w.Root {
		w.damage(WrongRoot, checkpointName, nil, "the entries have the root %v, the checkpoint says %v", got, w.Root)
	}
}

// note keeps the root of the tree so far, if somebody asks for it.
func (w *audit) note() {
	if _, ok := w.seen[w.edge.size]; ok {
		w.seen[w.edge.size] = w.edge.root()
	}
}

// heads compares with heads that were seen earlier.
func (w *audit) heads() {
	for _, h := range w.Seen {
		if h.Size > w.Size || h.Size < 0 {
			w.damage(RolledBack, checkpointName, nil, "a head of %d entries was seen, the checkpoint has %d", h.Size, w.Size)
		} else if w.seen[h.Size] != h.Root {
			w.damage(Forked, checkpointName, nil, "the first %d entries had the root %v, they have %v", h.Size, h.Root, w.seen[h.Size])
		}
	}
}

// time follows the times that the entries tell.
func (w *audit) time(index int64, entry []byte) {
	when, ok := EntryTime(entry)
	if !ok {
		w.Opaque++
		return
	}
	if w.First.IsZero() {
		w.First = when
	}
	if !w.Now.IsZero() && w.Ahead == nil && when.Sub(w.Now) > correction {
		w.Ahead = &Gap{index, w.Now, when}
	}
	g := Gap{index, w.last, when}
	switch since := when.Sub(w.last); {
	case w.last.IsZero():
	case since < -disorder:
		w.last = when
		if w.BackCount++; len(w.Backward) < maxFindings {
			w.Backward = append(w.Backward, g)
		}
	case since > w.Gap:
		if w.GapCount++; len(w.Gaps) < maxFindings {
			w.Gaps = append(w.Gaps, g)
		}
	}
	if when.After(w.last) { // what stands in disorder does not count twice
		w.last = when
	}
	if index < w.Size {
		w.Last = w.last
	} else {
		w.BeyondLast = w.last
	}
}
