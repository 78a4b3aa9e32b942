package cases

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/roster"
)

// mostUnlinked is how many files that nobody is linked to are told.
const mostUnlinked = 1000

// mostCovers is how many coverages are kept, of a share and of rules each: some 100 KB, however many files there are.
const mostCovers = 100

// covers are coverages that were found out. To go over a million files takes seconds, and a page asks at each view: what was found stays good
// until something is saved in the share, its roster is another one, or other rules are asked about. The zero value is ready.
type covers struct {
	mu   sync.Mutex
	kept map[string]cover         // guarded by mu; by the compared name of the share and the digest of its roster and the rules
	busy map[string]chan struct{} // guarded by mu: closed when somebody has found out, or has given up
}

// cover is a coverage, and where the share's books were when it was found out.
type cover struct {
	mark int64
	*roster.Coverage
}

// Coverage tells how many files of a share rules link to whom; nil are the share's own. Whoever goes away stops it. What it returns must not
// be changed.
func (d *Desk) Coverage(ctx context.Context, s account.Session, share string, rules *roster.Rules) (*roster.Coverage, error) {
	book, b, err := d.read(ctx, s, share)
	if err != nil {
		return nil, err
	}
	if rules == nil {
		rules = book.Rules
	}
	mark, err := d.House.Mark(ctx, s, pathname.Root.Join(share)) // before anything is counted: what comes meanwhile is found the next time
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	for _, part := range []string{pathname.Key(share), rules.String()} {
		sum.Write(append([]byte(part), 0))
	}
	sum.Write(b)
	key := string(sum.Sum(nil))
	for {
		c, wait := d.covers.begin(key, mark)
		switch {
		case c != nil:
			return c, nil
		case wait == nil:
			c, err := d.cover(ctx, s, share, book, rules)
			d.covers.end(key, mark, c)
			return c, err
		}
		select {
		case <-wait: // or each who looks at once would go over all files
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// cover goes over all files.
func (d *Desk) cover(ctx context.Context, s account.Session, share string, book *roster.Book, rules *roster.Rules) (*roster.Coverage, error) {
	var broken error
	paths := func(yield func(string) bool) {
		for o, err := range d.House.Objects(ctx, s, pathname.Root.Join(share)) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				broken = err
				return
			}
			within := within(o.Paths[0])
			if !o.Removed.IsZero() || within == rosterFile {
				continue
			}
			if !yield(strings.Clone(within)) {
				return
			}
		}
	}
	c := roster.NewIndex(&book.Roster).Cover(rules, paths, mostUnlinked)
	if broken != nil {
		return nil, broken
	}
	return c, nil
}

// begin returns what is known, or what to wait for; neither makes the caller the one who finds out, and calls end.
func (k *covers) begin(key string, mark int64) (*roster.Coverage, chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, ok := k.kept[key]; ok && c.mark == mark {
		return c.Coverage, nil
	}
	if wait := k.busy[key]; wait != nil {
		return nil, wait
	}
	if k.busy == nil {
		k.busy, k.kept = make(map[string]chan struct{}), make(map[string]cover)
	}
	k.busy[key] = make(chan struct{})
	return nil, nil
}

// end keeps what was found out, if anything was.
func (k *covers) end(key string, mark int64, c *roster.Coverage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c != nil {
		if len(k.kept) >= mostCovers {
			clear(k.kept)
		}
		k.kept[key] = cover{mark, c}
	}
	close(k.busy[key])
	delete(k.busy, key)
}
