// Package guard judges what is done to files while it is done: whether a save leaves a file what it was, whether a removal leaves its
// content somewhere, and whether what one party does can still be an ordinary day's work. It sees what was found in contents, never the contents.
package guard

import (
	"net/netip"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// Config says how sure the guard must be.
type Config struct {
	// FalseAlarm is how often an ordinary day's work may lead to a freeze: the chance for each party. 0 means one in a million.
	FalseAlarm float64
	// Watch lets everything pass: what would have been held or frozen is told all the same.
	Watch bool
	// Removals is how many files a party may remove in a day that exist nowhere else, before the others are held. 0 means 4.
	Removals int
}

// Party is who acts, where.
type Party struct {
	Session id.Session
	Account id.Account // zero for the console
	Device  id.Device
	Address netip.Addr
	Share   id.Share
	Console bool // whoever can read the keeper's own files: they are judged, and never frozen
}

// Of returns the party of a session.
func Of(s account.Session, share id.Share) Party {
	return Party{s.ID, s.Account, s.Device, s.Address, share, s.Factor == account.Console}
}

// Step is what an act does to one file.
type Step struct {
	Kind Kind
	File id.File
	Dir  id.File // where the file stands after it, or stood before a Removed
	Name string  // likewise
	From string  // Renamed: its name before
	Old  Content // what was there: Saved, Removed, Renamed
	New  Content // Saved, Made
	Trap bool    // nobody has a reason to touch the file
}

// Kind says what a step does.
type Kind uint8

// The kinds of steps.
const (
	Saved   Kind = iota + 1 // content in the place of other content
	Made                    // content under a name that had none
	Removed                 // content that is not shown any more
	Renamed                 // content under another name
)

// Content is what is known of a content.
type Content struct {
	commit.Found
	Size   int64
	Equal  [32]byte // equal in a share exactly for equal content
	Inside *Inside  // of an archive that was made just now; nil: nobody can tell, or looked
}

// Verdict is what the guard thinks of an act.
type Verdict struct {
	Signs  []Sign  // of each step; empty where there is none
	Hold   []bool  // which steps must not take effect for others
	Freeze []Scope // who must stop; empty: nobody
	// First is when the earliest act was done that counts against any of them.
	First time.Time
}

// Held reports whether anything is to be held.
func (v *Verdict) Held() bool {
	for _, h := range v.Hold {
		if h {
			return true
		}
	}
	return false
}

// Guard judges. Safe for concurrent use.
type Guard struct {
	cfg Config

	mu      sync.Mutex
	scopes  map[Scope]*ledger   // guarded by mu: what each party has done
	recents map[who]*recent     // guarded by mu: what each has made a short time ago
	frozen  map[Scope]time.Time // guarded by mu
	thawed  map[Scope]time.Time // guarded by mu
}

// New returns a guard that has seen nothing.
func New(cfg Config) *Guard {
	if cfg.FalseAlarm == 0 {
		cfg.FalseAlarm = 1e-6
	}
	if cfg.Removals == 0 {
		cfg.Removals = 4
	}
	return &Guard{cfg: cfg, scopes: make(map[Scope]*ledger), recents: make(map[who]*recent), frozen: make(map[Scope]time.Time), thawed: make(map[Scope]time.Time)}
}

// Judge judges an act, and remembers it. name names the hold of a step, should it be held: Settle takes its evidence back.
func (g *Guard) Judge(p Party, when time.Time, steps []Step, name func(step int) id.Version) Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.recent(p)
	r.latest = when
	r.forget(when, g.share())
	v := Verdict{Signs: make([]Sign, len(steps)), Hold: make([]bool, len(steps))}
	for i := range steps {
		r.see(p.Share, &steps[i], when, g.listed())
	}
	seen := false
	for i := range steps {
		sign := r.sign(p.Share, &steps[i], when)
		again := r.again(&steps[i], when, g.share())
		if sign == "" {
			if !again {
				g.count(p, when, steps[i].Kind, nil)
			}
			continue
		}
		seen = true
		v.Signs[i] = sign
		v.Hold[i] = steps[i].canWait() && (r.doubts(&steps[i], sign, g.cfg, when) || g.alarmed(when))
		e := evidence{sign: sign, no: sign.number(), when: when, party: p, file: steps[i].File}
		if v.Hold[i] {
			e.hold = name(i)
		}
		g.count(p, when, steps[i].Kind, &e)
	}
	if !seen {
		return v
	}
	if g.cfg.Watch {
		clear(v.Hold)
		return v
	}
	v.Freeze = g.suspects(p, when)
	for _, s := range v.Freeze {
		g.frozen[s] = when
		for _, e := range g.scopes[s].signs {
			if v.First.IsZero() || e.when.Before(v.First) {
				v.First = e.when
			}
		}
	}
	return v
}

// canWait reports whether a step can take effect later: nobody misses a new file, and a name that changed loses nothing.
func (s *Step) canWait() bool { return s.Kind == Saved || s.Kind == Removed }
