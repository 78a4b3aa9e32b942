package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/azekura/azekura/internal/durable"
)

// format is the version of the file: one byte, and behind it, sealed, the letters as JSON.
const format = 1

// maxKept bounds the file: all letters with everything in them as long as it can be.
const maxKept = 4 << 20

// keep writes what waits, unless somebody else has just done it. What cannot be written still waits in memory.
func (d *Desk) keep() {
	if d.cfg.FS == nil {
		return
	}
	d.disk.Lock()
	defer d.disk.Unlock()
	d.mu.Lock()
	changes := d.changes
	if changes == d.written {
		d.mu.Unlock()
		return
	}
	plain, err := json.Marshal(d.letters)
	d.mu.Unlock()
	if err == nil {
		head := []byte{format}
		err = durable.WriteFile(d.cfg.FS, d.cfg.File, d.cfg.Key.SealOnce(head, plain, head[:1:1]), 0o600)
	}
	if err != nil {
		d.cfg.Log.Error("alerts that wait could not be written; a restart now would lose them", "err", err)
		return
	}
	d.mu.Lock()
	d.written = changes
	d.mu.Unlock()
}

// load reads what waited. What cannot be read is said, and does not keep the house from opening.
func (d *Desk) load() {
	if d.cfg.FS == nil {
		return
	}
	list, err := d.read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.cfg.Log.Error("alerts that waited for a restart cannot be read: look at what the guard has done since then", "file", d.cfg.File, "err", err)
	}
	for _, l := range list {
		ways := len(l.Left)
		l.Left = slices.DeleteFunc(l.Left, func(name string) bool {
			return !slices.ContainsFunc(d.cfg.Ways, func(w Way) bool { return w.Name() == name })
		})
		if len(l.Left) < ways {
			d.cfg.Log.Warn("an alert waited for a way that is not set any more", "id", l.Alert.ID, "kind", l.Alert.Kind, "who", l.Alert.Who)
			d.changes++
		}
		if len(l.Left) > 0 {
			l.until = l.Since.Add(GiveUp)
			if least := d.cfg.Now().Add(again); l.until.Before(least) { // the house was closed meanwhile
				l.until = least
			}
			l.closed, l.key = true, string(l.Alert.Kind) // it may have gone out before
			d.letters = append(d.letters, l)
		}
	}
}

func (d *Desk) read() (list []*letter, err error) {
	b, err := durable.ReadFile(d.cfg.FS, d.cfg.File)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || len(b) > maxKept || b[0] != format {
		return nil, fmt.Errorf("%d bytes of an unknown form", len(b))
	}
	plain, err := d.cfg.Key.OpenOnce(nil, b[1:], b[:1])
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, err
	}
	if len(list) > waiting || slices.Contains(list, nil) {
		return nil, fmt.Errorf("%d letters", len(list))
	}
	return list, nil
}
