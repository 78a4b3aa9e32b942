// Package custody holds the private keys of a vault: the root, the key pair and the metadata key of each
// share, and the two keys of the ledger. No other package can name one of them.
//
// On disk nothing but the protection file is in clear, and that says only how the root is protected:
//
//	protection    how the root is sealed, and the sealed root; in clear
//	ring          the private and metadata keys of shares, sealed with the root
//	ledger-keys   what signs the ledger and seals its entries, sealed with the root
//	state, head   what the keeper remembers, sealed with the root
//	recovery      the root, sealed with the recovery secret whose pieces are on paper
//	alert-key     what seals alerts that wait, since the root is not the first one; sealed with the root
//	former        the root before this one, sealed with the root, while files are being written anew
//
// The ring is a file of its own because it goes to key cards, is written anew when a share's key is
// destroyed, and must never be on a medium. Which files may be there tells Cut.
//
// Keys that lie in arrays of ours are overwritten when they are done with. What the standard library
// keeps inside its own types (a parsed private key, the context of an epoch) can only be let go of.
package custody

import (
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// The names of the files in a keeper's directory.
const (
	protectionName = "protection"
	ringName       = "ring"
	ledgerKeysName = "ledger-keys"
	stateName      = "state"
	headName       = "head"
	recoveryName   = "recovery"
	nextName       = "recovery.next" // of a root that is not in force yet
	formerName     = "former"
	alertName      = "alert-key"
)

// fileVersion begins every sealed file.
const fileVersion = 1

// privateMode is of every file that is written here.
const privateMode fs.FileMode = 0o600

// Config says where the keys are and what opens them.
type Config struct {
	FS     durable.FS
	Dir    string
	Secret Secret
	Cost   Cost   // of a passphrase, when one is made the protection
	Origin string // of the ledger, for Create; "" makes one of the vault's own
}

// Custody is the opened keys. Safe for concurrent use until Zero.
type Custody struct {
	fsys   durable.FS
	dir    string
	cost   Cost
	epochs *epochs

	write sync.Mutex // held while a file is read or written, and from the change of the ring to its file; taken before mu

	mu     sync.RWMutex
	gone   bool        // guarded by mu: the keys are overwritten
	root   seal.Key    // guarded by mu
	former *seal.Key   // guarded by mu: the root before, while there are files that are sealed with it
	sealed *protection // guarded by mu: how the root is sealed
	wrap   seal.Key    // guarded by mu: with what
	ring   keyRing     // guarded by mu
	ledger *ledgerKeys // guarded by mu
	alerts *seal.Key   // guarded by mu: nil: it is derived from the root
}

// Format prints a word instead of the keys, whatever the verb.
func (*Custody) Format(s fmt.State, _ rune) { io.WriteString(s, "(custody)") }

// shareKeys are the secrets of one share. The seed is a copy of ours: what the standard library returns of a private
// key is a part of that key, and overwriting it would change what is written to the ring later.
type shareKeys struct {
	seed      []byte
	private   hpke.PrivateKey // made of the seed
	metadata  *seal.Key
	recipient seal.Recipient
}

var (
	// ErrExists means that there are keys already.
	ErrExists = errors.New("a keeper's keys are there already")
	// errGone means that somebody asks after Zero. Without it an all-zero root would seal what follows.
	errGone = errors.New("the keys are closed")
)

// Exists reports whether keys have been created in dir.
func Exists(fsys durable.FS, dir string) (bool, error) {
	_, err := durable.ReadFile(fsys, filepath.Join(dir, protectionName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Create makes a root, the ledger's keys and an empty ring. The protection file is written last: a Create
// that was interrupted can be done again.
func Create(ctx context.Context, cfg Config) (*Custody, error) {
	switch there, err := Exists(cfg.FS, cfg.Dir); {
	case err != nil:
		return nil, failed("make keeper", err)
	case there:
		return nil, &problem.Error{Kind: problem.Exists, Op: "make keeper", On: cfg.Dir, Hint: "hint.keeper-exists", Err: ErrExists}
	}
	if err := unused(cfg.FS, cfg.Dir); err != nil {
		return nil, err
	}
	if err := durable.MakeDir(cfg.FS, cfg.Dir, 0o700); err != nil {
		return nil, failed("make keeper", err)
	}
	c := &Custody{fsys: cfg.FS, dir: cfg.Dir, cost: cfg.Cost.OrDefault(), root: seal.NewKey(), ring: newRing(), epochs: newEpochs()}
	c.ring.generation = 1
	var err error
	if c.ledger, err = newLedgerKeys(cfg.Origin); err != nil {
		return nil, problem.New(problem.Invalid, "make keeper", "", err)
	}
	if err := errors.Join(c.save(ledgerKeysName, c.ledger.marshal()), c.save(ringName, c.ring.marshal())); err != nil {
		return nil, err
	}
	if err := c.protect(ctx, cfg.Secret); err != nil {
		return nil, err
	}
	return c, nil
}

// unused refuses a directory in which a keeper has been at work, even if its protection file is gone: a new ring would
// take all keys with it. A Create that was interrupted leaves neither state nor head.
func unused(fsys durable.FS, dir string) error {
	for _, name := range []string{stateName, headName} {
		switch _, err := durable.ReadFile(fsys, filepath.Join(dir, name)); {
		case err == nil:
			return &problem.Error{Kind: problem.Damaged, Op: "make keeper", On: dir, Hint: "hint.keeper-missing",
				Err: fmt.Errorf("there is a %s, but no %s", name, protectionName)}
		case !errors.Is(err, fs.ErrNotExist):
			return failed("make keeper", err)
		}
	}
	return nil
}

// Open reads the keys. A change of the root that was broken off is ended first.
func Open(ctx context.Context, cfg Config) (_ *Custody, err error) {
	c := &Custody{fsys: cfg.FS, dir: cfg.Dir, cost: cfg.Cost.OrDefault(), epochs: newEpochs()}
	if c.sealed, err = readProtection(cfg.FS, cfg.Dir); err != nil {
		return nil, err
	}
	if c.root, c.wrap, err = c.sealed.open(ctx, cfg.FS, cfg.Secret); err != nil {
		return nil, err
	}
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.readFormer(); err != nil {
		return nil, err
	}
	keys, err := c.loadLocked(ledgerKeysName)
	if err != nil {
		return nil, err
	}
	defer clear(keys)
	if c.ledger, err = parseLedgerKeys(keys); err != nil {
		return nil, damaged(ledgerKeysName, err)
	}
	ring, err := c.loadLocked(ringName)
	if err != nil {
		return nil, err
	}
	defer clear(ring)
	if c.ring, err = parseRing(ring); err != nil {
		return nil, damaged(ringName, err)
	}
	if err := c.readAlertKey(); err != nil {
		return nil, err
	}
	if err := c.finishRoot(); err != nil {
		return nil, err
	}
	return c, nil
}

// Zero overwrites the keys; everything fails from then on.
func (c *Custody) Zero() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for _, k := range []*seal.Key{&c.root, &c.wrap, c.former, c.alerts} {
		if k != nil {
			k.Zero()
		}
	}
	for _, k := range c.ring.keys {
		k.zero()
	}
	clear(c.ring.keys)
	if c.ledger != nil {
		c.ledger.zero()
	}
	c.epochs.clear()
}

// Protection returns how the root is protected.
func (c *Custody) Protection() Protection {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.sealed.Protection
}

// Protect seals the root with another secret. Copies of the protection file that were made before still open
// with the one before.
func (c *Custody) Protect(ctx context.Context, s Secret) error { return c.protect(ctx, s) }

func (c *Custody) protect(ctx context.Context, s Secret) error {
	c.write.Lock()
	defer c.write.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return failed("protect keeper", errGone)
	}
	p, wrap, err := newProtection(ctx, c.fsys, s, c.cost, c.root)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(c.fsys, filepath.Join(c.dir, protectionName), p.marshal(), privateMode); err != nil {
		return failed("protect keeper", err)
	}
	c.sealed, c.wrap = p, wrap
	return nil
}

// AlertKey returns the key with which the storehouse seals alerts that wait: they name people.
func (c *Custody) AlertKey() (seal.Key, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.gone {
		return seal.Key{}, errGone
	}
	return c.alertKey(), nil
}

// SaveState writes what the keeper remembers; it is durable when SaveState returns. After an error the old or
// the new state is on disk.
func (c *Custody) SaveState(plain []byte) error { return c.save(stateName, plain) }

// LoadState returns what SaveState wrote, or nil if it never did.
func (c *Custody) LoadState() ([]byte, error) { return c.loadOptional(stateName) }

// SaveHead writes what the keeper knows of the ledger's head.
func (c *Custody) SaveHead(plain []byte) error { return c.save(headName, plain) }

// LoadHead returns what SaveHead wrote, or nil if it never did.
func (c *Custody) LoadHead() ([]byte, error) { return c.loadOptional(headName) }

// save seals plain and replaces the file of that name. Each file has a key of its own, so that one
// cannot be put in another's place.
func (c *Custody) save(name string, plain []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.saveLocked(name, plain)
}

// saveLocked is save with c.write held.
func (c *Custody) saveLocked(name string, plain []byte) error {
	sealed, err := c.sealFile(name, plain)
	if err != nil {
		return failed("record", err)
	}
	if err := durable.WriteFile(c.fsys, filepath.Join(c.dir, name), sealed, privateMode); err != nil {
		return failed("record", err)
	}
	return nil
}

// replaceLocked is saveLocked for what must not be found on the disk afterwards.
func (c *Custody) replaceLocked(name string, plain []byte) error {
	sealed, err := c.sealFile(name, plain)
	if err != nil {
		return failed("record", err)
	}
	left, err := durable.Replace(c.fsys, filepath.Join(c.dir, name), sealed, privateMode)
	if err = errors.Join(err, left); err != nil {
		return failed("record", err)
	}
	return nil
}

// sealFile returns what a file holds.
func (c *Custody) sealFile(name string, plain []byte) ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.gone {
		return nil, errGone
	}
	return sealFile(c.root, name, plain), nil
}

func sealFile(root seal.Key, name string, plain []byte) []byte {
	k := root.Derive("keeper " + name)
	defer k.Zero()
	head := []byte{fileVersion}
	return k.SealOnce(head, plain, head[:1:1])
}

// openFile opens what sealFile returned.
func openFile(root seal.Key, name string, b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != fileVersion {
		return nil, errors.New("unknown version")
	}
	k := root.Derive("keeper " + name)
	defer k.Zero()
	return k.OpenOnce(nil, b[1:], b[:1])
}

func (c *Custody) loadOptional(name string) ([]byte, error) {
	b, err := c.load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func (c *Custody) load(name string) ([]byte, error) {
	c.write.Lock()
	defer c.write.Unlock()
	return c.loadLocked(name)
}

// loadLocked is load with c.write held.
func (c *Custody) loadLocked(name string) ([]byte, error) {
	plain, _, err := c.openLocked(name)
	return plain, err
}

// openLocked opens a file, with the root or, while files are written anew, with the one before; c.write is held.
func (c *Custody) openLocked(name string) (plain []byte, old bool, err error) {
	b, err := durable.ReadFile(c.fsys, filepath.Join(c.dir, name))
	if err != nil {
		return nil, false, failed("open keeper", err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.gone {
		return nil, false, failed("open keeper", errGone)
	}
	plain, err = openFile(c.root, name, b)
	if err != nil && c.former != nil {
		if plain, e := openFile(*c.former, name, b); e == nil {
			return plain, true, nil
		}
	}
	if err != nil {
		return nil, false, damaged(name, err)
	}
	return plain, false, nil
}

// damaged says that a file of the keeper is not what was written.
func damaged(name string, err error) error {
	return &problem.Error{Kind: problem.Damaged, Op: "open keeper", Hint: "hint.keeper-damaged", Err: fmt.Errorf("%s: %w", name, err)}
}

// failed returns err as a problem.
func failed(op string, err error) error {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e
	}
	kind, hint := problem.Unavailable, "hint.keeper-disk"
	switch {
	case durable.IsNoSpace(err):
		kind, hint = problem.NoSpace, "hint.no-space"
	case errors.Is(err, fs.ErrNotExist):
		kind, hint = problem.NotFound, "hint.keeper-missing"
	case errors.Is(err, fs.ErrPermission):
		kind, hint = problem.Denied, "hint.keeper-permission"
	}
	return &problem.Error{Kind: kind, Op: op, Hint: hint, Err: err}
}
