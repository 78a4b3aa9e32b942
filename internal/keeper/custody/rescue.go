package custody

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Rescue is what a keeper is made of again when its machine is lost.
type Rescue struct {
	Names  []string                          // the keeper's files on a medium, as Cut named them
	Read   func(name string) ([]byte, error) // one of them
	Card   card.Card
	Pieces []piece.Piece
	// Settings are what SealAs has made under that name; nil: there are none. Settled gets what is in them before the directory is there.
	Settings []byte
	Settled  func(plain []byte) error
	// Destroyed are shares whose keys were destroyed later than the card was written, as far as somebody knows: they do not come back.
	Destroyed []id.Share
	// Ended tells of more such shares, by the key of the ledger's entries, before anything is written; nil: nobody knows of any.
	Ended func(entries seal.Key) ([]id.Share, error)
}

// Rescued tells what came of it.
type Rescued struct {
	Papers
	PublicKey  string              // of the ledger
	Generation uint64              // of the card's ring
	Shares     []id.Share          // whose keys the card had
	Destroyed  map[id.Share]uint64 // whose keys were destroyed before the card was written, or as Rescue said
}

// settingsName is what the settings were sealed as.
const settingsName = "settings"

// restoring is put behind the name of a keeper's directory while it is being made.
const restoring = ".restoring"

// Recover makes a keeper's directory out of the keeper's files of a medium, a key card and enough papers, protected by cfg.Secret. The
// directory appears whole or not at all. Card and medium may be of different days: a share made after the card was written has no keys
// then, which the caller sees by comparing Shares with the state; and if the papers were renewed between the two, those of both sets are
// needed.
func Recover(ctx context.Context, cfg Config, x Rescue) (Rescued, error) {
	const op = "restore keeper"
	if there, err := Exists(cfg.FS, cfg.Dir); err != nil {
		return Rescued{}, failed(op, err)
	} else if there {
		return Rescued{}, &problem.Error{Kind: problem.Exists, Op: op, On: cfg.Dir, Hint: "hint.keeper-exists", Err: ErrExists}
	}
	if err := unused(cfg.FS, cfg.Dir); err != nil {
		return Rescued{}, err
	}
	k, err := unlock(x)
	if err != nil {
		return Rescued{}, err
	}
	defer k.zero()
	made := cfg
	made.Dir += restoring
	if err := k.write(ctx, made, x); err != nil {
		return Rescued{}, err
	}
	if err := k.settle(x); err != nil {
		return Rescued{}, err
	}
	if err := cfg.FS.Remove(cfg.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Rescued{}, failed(op, err)
	}
	if err := errors.Join(cfg.FS.Rename(made.Dir, cfg.Dir), cfg.FS.SyncDir(filepath.Dir(cfg.Dir))); err != nil {
		return Rescued{}, failed(op, err)
	}
	return Rescued{Papers: Papers{k.papers.Set, k.papers.made}, PublicKey: x.Card.Vault, Generation: k.generation, Shares: k.ring.shares(),
		Destroyed: maps.Clone(k.ring.destroyed)}, nil
}

// opened keys of a rescue.
type rescue struct {
	root       seal.Key // of the new keeper, which is the newest that there is
	medium     seal.Key // of the files on the medium
	ring       keyRing
	generation uint64    // of the card's ring
	papers     *recovery // that open root
}

func (k *rescue) zero() {
	k.root.Zero()
	k.medium.Zero()
	k.ring.zero()
}

// Set says which papers will open the card and the medium, without opening anything: the newest set of which enough papers are there. An error says
// what is wrong with the papers, as unlock would.
func (x Rescue) Set() (set piece.Set, err error) {
	onCard, onMedium, err := x.papers()
	if err != nil {
		return set, err
	}
	var failure error
	for _, r := range []*recovery{onCard, onMedium} {
		if r == nil {
			continue
		}
		if have := r.among(x.Pieces); have < r.Needed {
			failure = cmp.Or(failure, r.explain(errTooFew, x.Pieces))
		} else if r.Number > set.Number {
			set = r.Set
		}
	}
	if set.Number == 0 {
		err = cmp.Or(failure, errNoPapers)
	}
	return set, err
}

// errNoPapers means that neither card nor medium says which papers open it.
var errNoPapers error = &problem.Error{Kind: problem.NotFound, Op: "restore keeper", Hint: "hint.no-papers-there"}

// among counts the papers of the set that are among some.
func (r *recovery) among(pieces []piece.Piece) int {
	have := make(map[int]bool)
	for _, p := range pieces {
		if p.Set == r.Set {
			have[p.Number] = true
		}
	}
	return len(have)
}

// papers reads which papers open the card and the medium, nil where nobody says so, and refuses papers of another vault.
func (x Rescue) papers() (onCard, onMedium *recovery, err error) {
	const op = "restore keeper"
	vault := piece.VaultOf(x.Card.Vault)
	for _, f := range []struct {
		to   **recovery
		read func() ([]byte, error)
	}{
		{&onMedium, func() ([]byte, error) { return x.read(recoveryName) }},
		{&onCard, func() ([]byte, error) { return x.Card.Recovery, nil }},
	} {
		b, err := f.read()
		if err != nil {
			return nil, nil, failed(op, err)
		}
		if len(b) == 0 {
			continue
		}
		if *f.to, err = parseRecovery(b); err != nil {
			return nil, nil, paperFile(err)
		}
		if (*f.to).vault != vault {
			return nil, nil, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.card-other-vault"}
		}
	}
	for i, p := range x.Pieces {
		if p.Vault != [5]byte(vault[:]) {
			return nil, nil, &problem.Error{Kind: problem.Invalid, Op: op, On: fmt.Sprint(i + 1), Hint: "hint.paper-other-vault", Err: errWrong}
		}
	}
	return onCard, onMedium, nil
}

// unlock opens the card's ring and finds the root of the medium's files.
func unlock(x Rescue) (*rescue, error) {
	const op = "restore keeper"
	onCard, onMedium, err := x.papers()
	if err != nil {
		return nil, err
	}
	k := &rescue{}
	if k.root, k.papers, err = newest(x.Pieces, onCard, onMedium, func(root seal.Key) bool {
		ring, err := openCard(root, x.Card)
		if err == nil {
			k.ring.zero()
			k.ring = ring
		}
		return err == nil
	}); err != nil {
		return nil, err
	}
	sealed, err := x.read(ledgerKeysName)
	if err != nil {
		return nil, failed(op, err)
	}
	var papers *recovery
	if k.medium, papers, err = newest(x.Pieces, onMedium, onCard, func(root seal.Key) bool {
		plain, err := openFile(root, ledgerKeysName, sealed)
		defer clear(plain)
		return err == nil
	}); err != nil {
		return nil, err
	}
	if papers.Number > k.papers.Number { // the medium is newer than the card: its papers are those that people will look for
		k.root, k.papers = k.medium, papers
	}
	k.generation = k.ring.generation
	more, err := k.ended(x, sealed)
	if err != nil {
		k.zero()
		return nil, err
	}
	for _, share := range slices.Concat(x.Destroyed, more) {
		if s, ok := k.ring.keys[share]; ok {
			s.zero()
			delete(k.ring.keys, share)
			k.ring.destroyed[share] = k.generation + 1
		}
	}
	k.ring.generation++
	return k, nil
}

// ended asks which shares have ended, with the ledger's key of the medium.
func (k *rescue) ended(x Rescue, sealed []byte) ([]id.Share, error) {
	if x.Ended == nil {
		return nil, nil
	}
	plain, err := openFile(k.medium, ledgerKeysName, sealed)
	if err != nil {
		return nil, damaged(ledgerKeysName, err)
	}
	defer clear(plain)
	keys, err := parseLedgerKeys(plain)
	if err != nil {
		return nil, damaged(ledgerKeysName, err)
	}
	defer keys.zero()
	return x.Ended(keys.sealing)
}

// read returns a file of the medium; nil if it is not there.
func (x Rescue) read(name string) ([]byte, error) {
	if !slices.Contains(x.Names, name) {
		return nil, nil
	}
	return x.Read(name)
}

// newest returns the root that opens something, with its papers: the first recovery file is the likely one. If neither does, the error
// says what is wrong with the first.
func newest(pieces []piece.Piece, first, second *recovery, opens func(seal.Key) bool) (seal.Key, *recovery, error) {
	var failure error
	for _, r := range []*recovery{first, second} {
		if r == nil {
			continue
		}
		root, err := r.open(pieces)
		if err == nil && opens(root) {
			return root, r, nil
		}
		root.Zero()
		if err == nil {
			err = damaged(ringName, seal.ErrOpen)
		}
		if failure == nil {
			failure = r.explain(err, pieces)
		}
	}
	return seal.Key{}, nil, cmp.Or(failure, errNoPapers)
}

// explain says what to do if papers do not open a root.
func (r *recovery) explain(err error, pieces []piece.Piece) error {
	others := slices.ContainsFunc(pieces, func(p piece.Piece) bool { return p.Set != r.Set })
	out := &problem.Error{Kind: problem.Invalid, Op: "restore keeper", On: fmt.Sprintf("%d (%s): %d/%d", r.Number, r.Fingerprint(), r.among(pieces), r.Needed), Err: err}
	switch {
	case errors.Is(err, errTooFew) && others:
		out.Hint = "hint.papers-of-set"
	case errors.Is(err, errTooFew):
		out.Hint = "hint.papers-too-few"
	case errors.Is(err, errWrong):
		out.Hint = "hint.papers-wrong"
	default:
		return err
	}
	return out
}

// settle hands the settings over.
func (k *rescue) settle(x Rescue) error {
	if x.Settled == nil || x.Settings == nil {
		return nil
	}
	plain, err := openFile(k.medium, settingsName, x.Settings)
	if err != nil {
		return damaged(settingsName, err)
	}
	return x.Settled(plain)
}

// write writes the files of a keeper, the protection last.
func (k *rescue) write(ctx context.Context, cfg Config, x Rescue) error {
	const op = "restore keeper"
	if err := durable.MakeDir(cfg.FS, cfg.Dir, 0o700); err != nil {
		return failed(op, err)
	}
	if err := durable.MakeDir(cfg.FS, filepath.Join(cfg.Dir, blobDir), 0o700); err != nil {
		return failed(op, err)
	}
	for _, name := range x.Names {
		if name == recoveryName || !mayBeOnMedium(name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return failed(op, err)
		}
		b, err := x.Read(name)
		if err != nil {
			return failed(op, err)
		}
		plain, err := openFile(k.medium, name, b)
		if err != nil {
			return damaged(name, err)
		}
		b = sealFile(k.root, name, plain)
		clear(plain)
		if err := durable.WriteFile(cfg.FS, filepath.Join(cfg.Dir, name), b, privateMode); err != nil {
			return failed(op, err)
		}
	}
	ring := k.ring.marshal()
	defer clear(ring)
	p, wrap, err := newProtection(ctx, cfg.FS, cfg.Secret, cfg.Cost.OrDefault(), k.root)
	if err != nil {
		return err
	}
	defer wrap.Zero()
	for _, f := range []struct {
		name string
		b    []byte
	}{{recoveryName, k.papers.marshal()}, {ringName, sealFile(k.root, ringName, ring)}, {protectionName, p.marshal()}} {
		if err := durable.WriteFile(cfg.FS, filepath.Join(cfg.Dir, f.name), f.b, privateMode); err != nil {
			return failed(op, err)
		}
	}
	return nil
}

// mayBeOnMedium reports whether a name is one that Cut gives out: a medium is not ours, and its names go into a path.
func mayBeOnMedium(name string) bool {
	switch name {
	case recoveryName, ledgerKeysName, stateName, headName:
		return true
	}
	dir, base := filepath.Split(name)
	return dir == blobDir+"/" && base != "" && base != "." && base != ".." && filepath.IsLocal(name)
}
