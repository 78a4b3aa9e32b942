package custody

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

const recoveryVersion = 1

// macSize is how long the keyed digests of the recovery file are.
const macSize = 16

// recovery is the file of that name: the root, sealed with the recovery secret. It may lie on media and cards. The digests of the
// pieces are keyed with the root: they tell who has it whether a paper is right, and nobody else anything.
type recovery struct {
	piece.Set
	vault   [32]byte
	made    time.Time
	digests [][macSize]byte // of each piece
	check   [macSize]byte   // of all that, keyed with the root
	sealed  []byte          // the root
}

// newRecovery makes a recovery secret of a set and seals the root with it.
func newRecovery(root seal.Key, vault [32]byte, s piece.Set, made time.Time) (*recovery, []piece.Piece, error) {
	k, pieces, err := piece.Split(s)
	if err != nil {
		return nil, nil, problem.New(problem.Invalid, "make papers", "", err)
	}
	defer k.Zero()
	r := &recovery{Set: s, vault: vault, made: made.UTC().Truncate(time.Millisecond)}
	for _, p := range pieces {
		r.digests = append(r.digests, digestOf(root, p))
	}
	r.check = r.checkOf(root)
	r.sealed = k.SealOnce(nil, root[:], r.head())
	return r, pieces, nil
}

func digestOf(root seal.Key, p piece.Piece) [macSize]byte {
	k := root.Derive("recovery pieces")
	defer k.Zero()
	m := hmac.New(sha256.New, k[:])
	p.Tell(m)
	return [macSize]byte(m.Sum(nil))
}

func (r *recovery) checkOf(root seal.Key) [macSize]byte {
	k := root.Derive("recovery check")
	defer k.Zero()
	m := hmac.New(sha256.New, k[:])
	head := r.head()
	m.Write(head[:len(head)-macSize])
	return [macSize]byte(m.Sum(nil))
}

// of reports whether the file is of a root.
func (r *recovery) of(root seal.Key) bool {
	want := r.checkOf(root)
	return subtle.ConstantTimeCompare(want[:], r.check[:]) == 1
}

// head returns everything before the sealed root, which is its context.
func (r *recovery) head() []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddUint8(recoveryVersion)
	b.AddBytes(r.vault[:])
	b.AddUint16(r.Number)
	b.AddBytes(r.ID[:])
	b.AddUint8(uint8(r.Needed))
	b.AddUint8(uint8(r.Of))
	b.AddUint64(uint64(r.made.UnixMilli()))
	for _, d := range r.digests {
		b.AddBytes(d[:])
	}
	b.AddBytes(r.check[:])
	return b.BytesOrPanic() // nothing in it has a length
}

func (r *recovery) marshal() []byte { return append(r.head(), r.sealed...) }

func parseRecovery(b []byte) (*recovery, error) {
	s := cryptobyte.String(b)
	r := &recovery{}
	var version, needed, of uint8
	var made uint64
	if !s.ReadUint8(&version) || version != recoveryVersion {
		return nil, errors.New("unknown version")
	}
	if !s.CopyBytes(r.vault[:]) || !s.ReadUint16(&r.Number) || !s.CopyBytes(r.ID[:]) || !s.ReadUint8(&needed) || !s.ReadUint8(&of) || !s.ReadUint64(&made) {
		return nil, errors.New("cut short")
	}
	r.Needed, r.Of, r.made = int(needed), int(of), time.UnixMilli(int64(made)).UTC()
	r.Vault = [5]byte(r.vault[:])
	if !r.Valid() || made > 1<<48 {
		return nil, errors.New("there can be no such papers")
	}
	r.digests = make([][macSize]byte, r.Of)
	for i := range r.digests {
		if !s.CopyBytes(r.digests[i][:]) {
			return nil, errors.New("cut short")
		}
	}
	if !s.CopyBytes(r.check[:]) || len(s) != len(seal.Key{})+seal.OnceOverhead {
		return nil, errors.New("cut short, or too long")
	}
	r.sealed = s
	return r, nil
}

// open returns the root, if enough pieces of the set are among those given. Whoever wrote a wrong piece on purpose is found by leaving each
// out, as long as that are few.
func (r *recovery) open(pieces []piece.Piece) (seal.Key, error) {
	var mine []piece.Piece
	seen := make(map[int]bool)
	for _, p := range pieces {
		if p.Set == r.Set && !seen[p.Number] {
			seen[p.Number] = true
			mine = append(mine, p)
		}
	}
	if len(mine) < r.Needed {
		return seal.Key{}, errTooFew
	}
	tries := 0
	for some := range choices(mine, r.Needed) {
		if tries++; tries > maxTries {
			break
		}
		k, err := piece.Combine(some)
		if err != nil {
			continue
		}
		plain, err := k.OpenOnce(nil, r.sealed, r.head())
		k.Zero()
		if err == nil && len(plain) == len(seal.Key{}) {
			root := seal.Key(plain)
			clear(plain)
			if !r.of(root) {
				return seal.Key{}, damaged(recoveryName, errors.New("the root is another one"))
			}
			return root, nil
		}
	}
	return seal.Key{}, errWrong
}

// maxTries bounds how many choices of pieces are tried.
const maxTries = 1000

// ErrPapers means that the papers at hand are not those that open something: what they were to open may be as it should be.
var ErrPapers = errors.New("not the papers that open it")

var (
	errTooFew = fmt.Errorf("%w: too few", ErrPapers)
	errWrong  = fmt.Errorf("%w: no choice of them does", ErrPapers)
)

// choices yields all choices of n pieces.
func choices(of []piece.Piece, n int) func(yield func([]piece.Piece) bool) {
	return func(yield func([]piece.Piece) bool) {
		var choose func(chosen, rest []piece.Piece) bool
		choose = func(chosen, rest []piece.Piece) bool {
			if len(chosen) == n {
				return yield(chosen)
			}
			for i := range rest {
				if len(chosen)+len(rest)-i < n {
					break
				}
				if !choose(append(chosen[:len(chosen):len(chosen)], rest[i]), rest[i+1:]) {
					return false
				}
			}
			return true
		}
		choose(nil, of)
	}
}

// Papers tells of the set of papers that opens the root.
type Papers struct {
	piece.Set
	Made time.Time
}

// Papers returns which papers open the root; false: none were made.
func (c *Custody) Papers() (Papers, bool, error) {
	c.write.Lock()
	defer c.write.Unlock()
	r, err := c.recovery()
	if err != nil || r == nil {
		return Papers{}, false, err
	}
	return Papers{r.Set, r.made}, true, nil
}

// recovery reads the recovery file; nil: there is none. c.write is held.
func (c *Custody) recovery() (*recovery, error) {
	b, err := durable.ReadFile(c.fsys, filepath.Join(c.dir, recoveryName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("open keeper", err)
	}
	r, err := parseRecovery(b)
	if err != nil {
		return nil, paperFile(err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch {
	case c.gone:
		return nil, failed("open keeper", errGone)
	case !r.of(c.root):
		return nil, paperFile(errors.New("of another root"))
	}
	return r, nil
}

// paperFile says that the recovery file is not the one of the root.
func paperFile(err error) error {
	return &problem.Error{Kind: problem.Damaged, Op: "test papers", Hint: "hint.recovery-file", Err: fmt.Errorf("%s: %w", recoveryName, err)}
}

// vault tells this vault from others.
func (c *Custody) vault() [32]byte { return piece.VaultOf(c.ledger.key) }

// newSet names the next set of papers.
func (c *Custody) newSet(needed, of int, after uint16) (piece.Set, error) {
	v := c.vault()
	s := piece.Set{Vault: [5]byte(v[:]), Number: after + 1, Needed: needed, Of: of}
	rand.Read(s.ID[:])
	if !s.Valid() {
		return s, &problem.Error{Kind: problem.Invalid, Op: "make papers", Hint: "hint.papers-number", Err: fmt.Errorf("%d of %d papers", needed, of)}
	}
	return s, nil
}

// MakePapers makes a recovery secret for the root as it is, and returns its pieces once the file that they open is durable. after is the
// highest number that a set of papers has had. Papers that were made before open what was copied of the file before, and so this root.
func (c *Custody) MakePapers(needed, of int, after uint16, now time.Time) (Papers, []piece.Piece, error) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.finishRoot(); err != nil {
		return Papers{}, nil, err
	}
	s, err := c.newSet(needed, of, after)
	if err != nil {
		return Papers{}, nil, err
	}
	c.mu.RLock()
	root, gone := c.root, c.gone
	c.mu.RUnlock()
	defer root.Zero()
	if gone {
		return Papers{}, nil, failed("make papers", errGone)
	}
	r, pieces, err := newRecovery(root, c.vault(), s, now)
	if err != nil {
		return Papers{}, nil, err
	}
	if err := c.put(recoveryName, r.marshal()); err != nil {
		return Papers{}, nil, err
	}
	return Papers{s, r.made}, pieces, nil
}

// Renewal is what became of a change of the root.
type Renewal struct {
	Papers
	Pieces []piece.Piece
	// Unsure means that the disk failed while the root was changed: it is not known whether the new papers count, or those before.
	Unsure bool
	// Unfinished means that some files are still sealed with the root before. The next start, or the next copy, goes on.
	Unfinished error
}

// RenewPapers makes another root with another recovery secret, and seals everything anew with it. What was copied before goes on opening
// with the papers from before.
func (c *Custody) RenewPapers(needed, of int, after uint16, now time.Time) (Renewal, error) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.finishRoot(); err != nil {
		return Renewal{}, err
	}
	s, err := c.newSet(needed, of, after)
	if err != nil {
		return Renewal{}, err
	}
	c.mu.RLock()
	gone := c.gone
	c.mu.RUnlock()
	if gone {
		return Renewal{}, failed("make papers", errGone)
	}
	root := seal.NewKey()
	defer root.Zero()
	r, pieces, err := newRecovery(root, c.vault(), s, now)
	if err != nil {
		return Renewal{}, err
	}
	unsure, err := c.changeRoot(root, r.marshal())
	out := Renewal{Papers: Papers{s, r.made}, Pieces: pieces, Unsure: unsure}
	if err != nil {
		if unsure {
			out.Unfinished = err
			return out, nil
		}
		return Renewal{}, err
	}
	out.Unfinished = c.finishRoot()
	return out, nil
}

// Verdict says in a word what is the matter with a paper.
type Verdict string

// The verdicts.
const (
	Good       Verdict = "good"
	OtherVault Verdict = "other-vault"
	OtherSet   Verdict = "other-set" // papers from before, or from after a copy that was restored
	Twice      Verdict = "twice"
	Forged     Verdict = "forged" // it names this set, and is none of its pieces
)

// TestPapers says of each piece whether it is right, and whether all together open the root. Nothing of them is kept.
func (c *Custody) TestPapers(pieces []piece.Piece) (verdicts []Verdict, opens bool, err error) {
	c.write.Lock()
	defer c.write.Unlock()
	r, err := c.recovery()
	if err != nil {
		return nil, false, err
	}
	if r == nil {
		return nil, false, &problem.Error{Kind: problem.NotFound, Op: "test papers", Hint: "hint.no-papers"}
	}
	c.mu.RLock()
	root := c.root
	c.mu.RUnlock()
	defer root.Zero()
	seen := make(map[int]bool)
	var good []piece.Piece
	for _, p := range pieces {
		v := r.judge(root, p)
		if v == Good && seen[p.Number] {
			v = Twice
		}
		if v == Good {
			seen[p.Number] = true
			good = append(good, p)
		}
		verdicts = append(verdicts, v)
	}
	if len(good) < r.Needed {
		return verdicts, false, nil
	}
	got, err := r.open(good)
	defer got.Zero()
	return verdicts, err == nil && subtle.ConstantTimeCompare(got[:], root[:]) == 1, nil
}

func (r *recovery) judge(root seal.Key, p piece.Piece) Verdict {
	switch {
	case p.Vault != r.Vault:
		return OtherVault
	case p.Set != r.Set:
		return OtherSet
	}
	d := digestOf(root, p)
	if subtle.ConstantTimeCompare(d[:], r.digests[p.Number-1][:]) != 1 {
		return Forged
	}
	return Good
}
