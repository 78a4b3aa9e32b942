package vault

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
)

// doubts are the packs in which a verification or a reading has found damage. A save that seems to find its content in one of them looks whether it
// opens, and writes it anew if it does not: that mends it for all versions that have it. Other saves look at nothing. They are kept in a file, so that
// a restart forgets none, until a verification finds a pack whole.
type doubts struct {
	fsys durable.FS
	file string
	log  *slog.Logger

	mu    sync.RWMutex
	packs map[packOf]bool // guarded by mu; pack 0: damage of which nobody can tell where it is
}

// doubtsFile is its name in the vault's directory: a line for each pack.
const doubtsFile = "damage"

// load reads what was known before the start.
func (d *doubts) load() error {
	b, err := durable.ReadFile(d.fsys, d.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d.packs = make(map[packOf]bool)
	for line := range strings.Lines(string(b)) {
		var share string
		var x packOf
		if _, err := fmt.Sscanf(line, "%s %d", &share, &x.pack); err == nil && x.share.UnmarshalText([]byte(share)) == nil {
			d.packs[x] = true
		}
	}
	return nil
}

// add remembers a pack. It is in the file at the next save.
func (d *doubts) add(share id.Share, pack uint64) (fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.packs == nil {
		d.packs = make(map[packOf]bool)
	}
	x := packOf{share, pack}
	fresh = !d.packs[x]
	d.packs[x] = true
	return fresh
}

// seen remembers a pack in which a reading has found damage.
func (d *doubts) seen(share id.Share, pack uint64) {
	if d.add(share, pack) {
		d.save()
	}
}

// settle takes the word of a verification for shares: what it has found, bad, is all that there is. What does not open is found with keys alone.
func (d *doubts) settle(shares []id.Share, bad map[packOf]bool, keys bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for x := range d.packs {
		if slices.Contains(shares, x.share) && !bad[x] && (keys || x.pack != 0) {
			delete(d.packs, x)
		}
	}
}

// save writes them down, where anything has ever been found. If that fails, they are known until the next start all the same.
func (d *doubts) save() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.packs == nil {
		return
	}
	var b strings.Builder
	for _, x := range d.sorted() {
		fmt.Fprintln(&b, x.share, x.pack)
	}
	if err := durable.WriteFile(d.fsys, d.file, []byte(b.String()), 0o600); err != nil {
		d.log.Warn("in which packs damage was found is known until the next start alone", "err", err)
	}
}

// sorted lists them; d.mu is held.
func (d *doubts) sorted() (out []packOf) {
	for x := range d.packs {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b packOf) int {
		return cmp.Or(cmp.Compare(a.share.String(), b.share.String()), cmp.Compare(a.pack, b.pack))
	})
	return out
}

func (d *doubts) has(share id.Share, pack uint64) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.packs[packOf{share, pack}]
}

// Damaged says in how many packs of a share damage was found, and not yet found to be gone.
type Damaged struct {
	Share id.Share `json:"share"`
	Packs int      `json:"packs"`
}

// shares counts them by share.
func (d *doubts) shares() (out []Damaged) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, x := range d.sorted() {
		if n := len(out); n == 0 || out[n-1].Share != x.share {
			out = append(out, Damaged{Share: x.share})
		}
		out[len(out)-1].Packs++
	}
	return out
}
