package custody

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/seal"
)

// The root changes when the papers are renewed. It is in force once the protection file has it; before that the new root and the old one
// are durable in files that each can be opened with the new root alone, so that whatever is broken off behind it can be ended:
//
//	1. recovery.next   the new root, sealed with the new recovery secret
//	2. former          the old root, sealed with the new one
//	3. protection      the new root: from here on it is in force
//	4. recovery        what recovery.next is
//	5. all other files sealed anew, the ring last: once it opens with the new root, all do
//	6. former          overwritten and removed

// changeRoot puts another root in force; c.write is held. next is the recovery file that goes with it. If the error comes with unsure, it
// is not known whether the root is in force.
func (c *Custody) changeRoot(root seal.Key, next []byte) (unsure bool, err error) {
	c.mu.RLock()
	old, sealed, wrap := c.root, c.sealed, c.wrap
	c.mu.RUnlock()
	defer old.Zero()
	if err := c.put(nextName, next); err != nil {
		return false, err
	}
	if err := c.put(formerName, sealFile(root, formerName, old[:])); err != nil {
		return false, err
	}
	after := sealed.with(wrap, root)
	if err := c.put(protectionName, after.marshal()); err != nil {
		return c.put(protectionName, sealed.marshal()) != nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	alerts := c.alertKey()
	c.root, c.sealed, c.former, c.alerts = root, after, &seal.Key{}, &alerts
	*c.former = old
	return false, nil
}

// put replaces a file that is sealed already, and overwrites what it held, if that can be done.
func (c *Custody) put(name string, b []byte) error {
	_, err := durable.Replace(c.fsys, filepath.Join(c.dir, name), b, privateMode)
	if err != nil {
		return failed("record", err)
	}
	return nil
}

// alertKey returns the key that seals alerts; c.mu is held.
func (c *Custody) alertKey() seal.Key {
	if c.alerts != nil {
		return *c.alerts
	}
	return c.root.Derive("storehouse alerts")
}

// readFormer reads the root before, if files may be sealed with it. What cannot be opened is left over from a change that never was in
// force, or all is sealed with the root already; if neither is so, the files will tell.
func (c *Custody) readFormer() error {
	b, err := durable.ReadFile(c.fsys, filepath.Join(c.dir, formerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("open keeper", err)
	}
	plain, err := openFile(c.root, formerName, b)
	if err != nil || len(plain) != len(seal.Key{}) {
		return nil
	}
	c.former = &seal.Key{}
	copy(c.former[:], plain)
	clear(plain)
	return nil
}

// readAlertKey reads the key that seals alerts, if it is not the root's.
func (c *Custody) readAlertKey() error {
	b, err := c.loadLocked(alertName)
	switch {
	case err == nil && len(b) == len(seal.Key{}):
		c.alerts = &seal.Key{}
		copy(c.alerts[:], b)
		clear(b)
	case err == nil:
		return damaged(alertName, errors.New("not a key"))
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case c.former != nil: // the change was broken off before it was written
		k := c.former.Derive("storehouse alerts")
		c.alerts = &k
	}
	return nil
}

// finishRoot ends a change of the root that is in force; c.write is held. It can be done again after an error.
func (c *Custody) finishRoot() error {
	if c.former == nil {
		return nil
	}
	if err := c.takeNext(); err != nil {
		return err
	}
	if err := c.saveLocked(alertName, c.alerts[:]); err != nil {
		return err
	}
	names, err := c.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := c.renew(name); err != nil {
			return err
		}
	}
	if err := c.renewRing(); err != nil {
		return err
	}
	former := filepath.Join(c.dir, formerName)
	if err := durable.Overwrite(c.fsys, former); err != nil {
		return failed("record", err)
	}
	if err := errors.Join(c.fsys.Remove(former), c.fsys.SyncDir(c.dir)); err != nil {
		return failed("record", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.former.Zero()
	c.former = nil
	return nil
}

// takeNext makes the recovery file of the root the one in force. One that is of another root is left over from a change that never was.
func (c *Custody) takeNext() error {
	next := filepath.Join(c.dir, nextName)
	b, err := durable.ReadFile(c.fsys, next)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("record", err)
	}
	r, err := parseRecovery(b)
	if err != nil || !r.of(c.root) {
		return nil
	}
	if err := c.put(recoveryName, b); err != nil {
		return err
	}
	if err := errors.Join(c.fsys.Remove(next), c.fsys.SyncDir(c.dir)); err != nil {
		return failed("record", err)
	}
	return nil
}

// renew seals a file with the root, unless it is or there is none.
func (c *Custody) renew(name string) error {
	plain, old, err := c.openLocked(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !old {
		return err
	}
	defer clear(plain)
	return c.saveLocked(name, plain)
}

// renewRing seals the ring with the root, as a new generation: cards that have the one before are out of date.
func (c *Custody) renewRing() error {
	plain, old, err := c.openLocked(ringName)
	clear(plain)
	if err != nil || !old {
		return err
	}
	c.mu.Lock()
	c.ring.generation++
	plain = c.ring.marshal()
	c.mu.Unlock()
	defer clear(plain)
	return c.replaceLocked(ringName, plain)
}

// names lists the sealed files that may be on a medium.
func (c *Custody) names() ([]string, error) {
	out := []string{ledgerKeysName, stateName, headName}
	list, err := c.fsys.ReadDir(filepath.Join(c.dir, blobDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("record", err)
	}
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".new") {
			out = append(out, blobName(e.Name()))
		}
	}
	return out, nil
}
