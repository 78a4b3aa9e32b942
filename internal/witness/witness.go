// Package witness keeps watch over ledgers of others: it cosigns their heads, each only if it continues the one before, and keeps a
// copy of their entries, which it serves. It speaks the public C2SP protocols tlog-witness and tlog-mirror, so that other people's
// witnesses can stand beside ours, and ours beside other people's ledgers.
//
// On disk, below one directory:
//
//	key                     the seed of the two signing keys, and the witness's name
//	<origin hash>/pending   the latest head that was cosigned, with the ledger's signature and ours
//	<origin hash>/log/      the copy, in the layout of C2SP tlog-tiles
//
// A head is on disk before its cosignature leaves the machine: whoever loses the directory must make a new witness, not start this one
// empty again.
package witness

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Config says where a witness keeps what it knows, and whom it watches.
type Config struct {
	FS     durable.FS
	Dir    string
	Name   string   // of the witness, such as "witness.example/azekura"; only to make a new one
	Ledger []string // the public keys of the ledgers (C2SP signed-note verifier keys)
	Log    *slog.Logger
	Now    func() time.Time
}

// Witness watches some ledgers. Safe for concurrent use. No other one may have the directory: two would cosign what one would not.
type Witness struct {
	log     *slog.Logger
	now     func() time.Time
	keys    *keys
	watched map[string]*watched // by origin
	hashes  map[string]*watched // by origin hash

	mu   sync.Mutex
	busy int            // uploads that are under way, guarded by mu
	from map[string]int // how many of them come from an address, guarded by mu
}

// watched is one ledger.
type watched struct {
	fsys     durable.FS
	dir      string
	verifier note.Verifier
	public   string
	mirror   *ledger.Mirror

	mu      sync.Mutex // held while a head is compared and written: two requests must not both continue the same one
	pending []byte     // signed by the ledger and by us; nil: none yet
	head    ledger.Head
	seen    time.Time // when the last head came; the zero time since a start
}

// Open opens a witness, or makes one where there is none.
func Open(ctx context.Context, cfg Config) (*Witness, error) {
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if err := durable.MakeDir(cfg.FS, cfg.Dir, 0o700); err != nil {
		return nil, failed("open the witness", err)
	}
	k, err := openKeys(cfg)
	if err != nil {
		return nil, err
	}
	w := &Witness{log: cfg.Log, now: cfg.Now, keys: k, watched: make(map[string]*watched), hashes: make(map[string]*watched), from: make(map[string]int)}
	for _, public := range cfg.Ledger {
		if err := w.watch(ctx, cfg, public); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// watch adds a ledger.
func (w *Witness) watch(ctx context.Context, cfg Config, public string) error {
	v, err := note.NewVerifier(public)
	if err != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "open the witness", Hint: "hint.ledger-key", Err: err}
	}
	if w.watched[v.Name()] != nil {
		return &problem.Error{Kind: problem.Invalid, Op: "open the witness", On: v.Name(), Hint: "hint.witness-twice"}
	}
	sum := sha256.Sum256([]byte(v.Name()))
	hash := hex.EncodeToString(sum[:])
	g := &watched{fsys: cfg.FS, dir: filepath.Join(cfg.Dir, hash), verifier: v, public: public}
	if err := durable.MakeDir(cfg.FS, g.dir, 0o700); err != nil {
		return failed("open the witness", err)
	}
	if g.mirror, err = ledger.OpenMirror(ctx, cfg.FS, filepath.Join(g.dir, "log"), public); err != nil {
		return err
	}
	if err := g.load(w.keys); err != nil {
		return err
	}
	w.watched[v.Name()], w.hashes[hash] = g, g
	return nil
}

// load reads the latest head.
func (g *watched) load(k *keys) error {
	signed, err := readOptional(g.fsys, filepath.Join(g.dir, pendingName))
	if err != nil {
		return failed("open the witness", err)
	}
	if signed == nil {
		if n := g.mirror.Head().Size; n > 0 { // a copy without the head that it followed from
			return &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: pendingName, Hint: "hint.witness-lost", Err: fmt.Errorf("%d entries, and no head", n)}
		}
		return nil
	}
	if err := ledger.Cosigned(signed, k.witness.String()); err != nil {
		return &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: pendingName, Hint: "hint.witness-lost", Err: err}
	}
	if g.head, err = ledger.CheckCheckpoint(signed, g.public); err != nil {
		return &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: pendingName, Hint: "hint.witness-lost", Err: err}
	}
	if c := g.mirror.Head(); c.Size > g.head.Size || c.Size == g.head.Size && c.Root != g.head.Root { // an old head has been put back
		return &problem.Error{Kind: problem.Damaged, Op: "open the witness", On: pendingName, Hint: "hint.witness-lost", Err: fmt.Errorf("a head of %d entries, and a copy of %d", g.head.Size, c.Size)}
	}
	g.pending = signed
	return nil
}

// pendingName is the file of the latest head.
const pendingName = "pending"

// Errors of add, as the protocol has them.
var (
	errUnknown  = errors.New("this ledger is not watched")
	errUnsigned = errors.New("the head is not signed by the ledger's key")
	errSize     = errors.New("the old size is larger than the head's")
	errProof    = errors.New("the proof does not show that the head continues the one before")
)

// conflict means that the witness has another head than the one that the request continues.
type conflict struct{ size int64 }

func (c *conflict) Error() string { return fmt.Sprintf("the latest head has %d entries", c.size) }

// add cosigns a head that continues the one before, and returns the lines of the cosignature.
func (w *Witness) add(old int64, proof tlog.TreeProof, signed []byte) ([]byte, error) {
	text, err := unverified(signed)
	if err != nil {
		return nil, err
	}
	g := w.watched[text.Origin]
	if g == nil {
		return nil, errUnknown
	}
	if _, err := ledger.CheckCheckpoint(signed, g.public); err != nil {
		return nil, errUnsigned
	}
	if old < 0 || old > text.N {
		return nil, errSize
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old != g.head.Size {
		return nil, &conflict{g.head.Size}
	}
	switch {
	case old == text.N && g.pending != nil && text.Hash != g.head.Root:
		w.log.Error("two heads of one size: the ledger has been forked", "ledger", text.Origin, "size", old, "head", string(signed))
		return nil, &conflict{g.head.Size}
	case old == 0 && len(proof) > 0, old == 0 && text.N == 0 && text.Hash != emptyRoot:
		return nil, errProof
	case old > 0 && tlog.CheckTree(proof, text.N, text.Hash, old, g.head.Root) != nil:
		w.log.Error("a head that does not continue the one before: the ledger has been forked or changed", "ledger", text.Origin, "before", old, "size", text.N, "head", string(signed))
		return nil, errProof
	}
	return w.sign(g, text, signed)
}

// sign cosigns a head, keeps it, and returns the lines of the cosignature. g.mu is held.
func (w *Witness) sign(g *watched, text torchwood.Checkpoint, signed []byte) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(g.verifier))
	if err != nil {
		return nil, errUnsigned
	}
	n.UnverifiedSigs = nil // whatever else stood there is nothing that we keep
	both, err := note.Sign(n, w.keys.witness)
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(g.fsys, filepath.Join(g.dir, pendingName), both, 0o600); err != nil {
		return nil, err
	}
	g.pending, g.head, g.seen = both, ledger.Head{Size: text.N, Root: text.Hash}, w.now()
	return linesOf(both, w.keys.witness.Name()), nil
}

// unverified reads the text of a head without a look at its signatures.
func unverified(signed []byte) (torchwood.Checkpoint, error) {
	i := lastBlank(signed)
	if i < 0 {
		return torchwood.Checkpoint{}, errMalformed
	}
	c, err := torchwood.ParseCheckpoint(string(signed[:i]))
	if err != nil {
		return c, errMalformed
	}
	return c, nil
}

// Head is what a witness knows of a ledger.
type Head struct {
	Origin   string      `json:"origin"`
	Head     ledger.Head `json:"head"`
	Mirrored int64       `json:"mirrored"`      // entries that the copy has
	Seen     time.Time   `json:"seen,omitzero"` // when the head came; zero since the start
}

// Heads returns what the witness knows.
func (w *Witness) Heads() (out []Head) {
	for origin, g := range w.watched {
		g.mu.Lock()
		out = append(out, Head{origin, g.head, g.mirror.Head().Size, g.seen})
		g.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b Head) int { return cmp.Compare(a.Origin, b.Origin) })
	return out
}

func failed(op string, err error) error {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e
	}
	if durable.IsNoSpace(err) {
		return problem.New(problem.NoSpace, op, "", err)
	}
	return problem.New(problem.Unavailable, op, "", err)
}
