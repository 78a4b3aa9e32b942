package guard

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Scope is a part of the house in which acts are counted: an attacker who splits the work over sessions, accounts or devices
// still does it from one address, in one share, or in one house.
type Scope struct {
	Kind    ScopeKind
	ID      [id.Size]byte // of a session, account, device or share
	Address netip.Addr
}

// ScopeKind says what a scope is.
type ScopeKind string

// The kinds of scopes, the narrowest first.
const (
	BySession ScopeKind = "session"
	ByDevice  ScopeKind = "device"
	ByAccount ScopeKind = "account"
	ByAddress ScopeKind = "address"
	ByShare   ScopeKind = "share"
	ByVault   ScopeKind = "all"
)

// scopes are those in which an act of a party counts.
func (p Party) scopes() (out []Scope) {
	out = append(out, Scope{Kind: BySession, ID: p.Session})
	if !p.Device.IsZero() {
		out = append(out, Scope{Kind: ByDevice, ID: p.Device})
	}
	if !p.Account.IsZero() {
		out = append(out, Scope{Kind: ByAccount, ID: p.Account})
	}
	if p.Address.IsValid() && !p.Address.IsLoopback() {
		out = append(out, Scope{Kind: ByAddress, Address: p.Address})
	}
	return append(out, Scope{Kind: ByShare, ID: p.Share}, Scope{Kind: ByVault})
}

// evidence is one sign that was seen.
type evidence struct {
	sign  Sign
	when  time.Time
	party Party
	file  id.File
	hold  id.Version // of what is held; zero if nothing is
}

// ledger is what was done in a scope.
type ledger struct {
	acts  []acts     // by the hour, the oldest first
	signs []evidence // the oldest first
}

// acts counts those of an hour.
type acts struct {
	hour int64
	n    int
}

// Bounds of a ledger.
const (
	remembered = 30 * 24 * time.Hour
	maxSigns   = 256 // in a scope: the latest count
)

// count notes an act in all its scopes, with what it showed.
func (g *Guard) count(p Party, when time.Time, e *evidence) {
	hour := when.Unix() / 3600
	for _, s := range p.scopes() {
		l := g.scopes[s]
		if l == nil {
			l = &ledger{}
			g.scopes[s] = l
		}
		if n := len(l.acts); n == 0 || l.acts[n-1].hour < hour {
			l.acts = append(l.acts, acts{hour: hour})
		}
		l.acts[len(l.acts)-1].n++
		if e == nil {
			continue
		}
		// A file that shows the same again is no second one.
		l.signs = slices.DeleteFunc(l.signs, func(o evidence) bool { return o.file == e.file && o.sign == e.sign })
		l.signs = append(l.signs, *e)
		l.signs = l.signs[max(0, len(l.signs)-maxSigns):]
	}
}

// forget drops what is too old to count.
func (l *ledger) forget(now time.Time) {
	old := now.Add(-remembered)
	for len(l.acts) > 0 && l.acts[0].hour < old.Unix()/3600 {
		l.acts = l.acts[1:]
	}
	for len(l.signs) > 0 && l.signs[0].when.Before(old) {
		l.signs = l.signs[1:]
	}
}

// since counts the acts since the hour of a moment.
func (l *ledger) since(t time.Time) (n int) {
	hour := t.Unix() / 3600
	for i := len(l.acts) - 1; i >= 0 && l.acts[i].hour >= hour; i-- {
		n += l.acts[i].n
	}
	return n
}

// weight is how much more likely what was seen is if something is wrong, as a natural logarithm: for each sign the generalized likelihood
// ratio of a Poisson count N against the N0 = benign × acts that ordinary work would show, N ln(N/N0) − (N − N0), summed, over the stretch
// of time up to now in which it is greatest. Nothing decays: a stretch may be as long as what is remembered. Signs that were taken back,
// because the file was whole again or somebody looked, are not among them.
func (l *ledger) weight() (most float64) {
	n := make(map[Sign]int)
	for i := len(l.signs) - 1; i >= 0; i-- {
		e := &l.signs[i]
		n[e.sign]++
		if i > 0 && l.signs[i-1].when.Equal(e.when) {
			continue
		}
		done, sum := l.since(e.when), 0.0
		for sign, seen := range n {
			sum += sign.says(seen, max(done, seen))
		}
		most = max(most, sum)
	}
	return most
}

// says is what a number of a sign among acts says.
func (s Sign) says(seen, among int) float64 {
	w := weights[s]
	got, want := float64(seen), w.benign*float64(among)
	if got <= want {
		return 0
	}
	sum := got*math.Log(got/want) - (got - want)
	if w.most > 0 {
		sum = min(sum, w.most)
	}
	return sum
}

// suspicion is what one party's own evidence must say before it is among those who stop for what many have done together.
const suspicion = 5

// suspects are the scopes that must stop. A narrow scope stops itself; in a wide one, whoever has contributed stops: nobody else.
func (g *Guard) suspects(p Party, now time.Time) (out []Scope) {
	limit := -math.Log(g.cfg.FalseAlarm)
	add := func(of Party) {
		if of.Console {
			return
		}
		for _, s := range of.narrow() {
			if _, ok := g.frozen[s]; !ok && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	for _, s := range p.scopes() {
		l := g.scopes[s]
		l.forget(now)
		if l.weight() < limit {
			continue
		}
		switch s.Kind {
		case BySession, ByDevice:
			add(p)
		case ByAccount:
			add(p)
			if !p.Console {
				if _, ok := g.frozen[s]; !ok && !slices.Contains(out, s) && g.split(l) {
					out = append(out, s)
				}
			}
		default:
			for i := range l.signs {
				of := l.signs[i].party
				if own := g.scopes[Scope{Kind: BySession, ID: of.Session}]; own != nil && own.weight() >= suspicion {
					add(of)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Scope) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), slices.Compare(a.ID[:], b.ID[:])) })
	return out
}

// narrow is what of a party is stopped for what it did itself: its session, and the device whose password would begin the next.
func (p Party) narrow() []Scope {
	out := []Scope{{Kind: BySession, ID: p.Session}}
	if !p.Device.IsZero() {
		out = append(out, Scope{Kind: ByDevice, ID: p.Device})
	}
	return out
}

// split reports whether evidence comes from more than one session: then stopping one of them does not help.
func (g *Guard) split(l *ledger) bool {
	for i := range l.signs {
		if l.signs[i].party.Session != l.signs[0].party.Session {
			return true
		}
	}
	return false
}

// Frozen reports whether the guard has stopped a party. The keeper holds what counts; this one is without delay.
func (g *Guard) Frozen(p Party) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range p.scopes() {
		if _, ok := g.frozen[s]; ok {
			return true
		}
	}
	return false
}

// Thaw lets a scope go on. What it did before does not count any more.
func (g *Guard) Thaw(s Scope) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.frozen, s)
	delete(g.scopes, s)
	for _, l := range g.scopes {
		l.signs = slices.DeleteFunc(l.signs, func(e evidence) bool { return slices.Contains(e.party.scopes(), s) })
	}
}

// Settle takes the evidence of a hold back: the file is whole again, or somebody has looked and found nothing wrong.
func (g *Guard) Settle(hold id.Version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.scopes {
		l.signs = slices.DeleteFunc(l.signs, func(e evidence) bool { return !hold.IsZero() && e.hold == hold })
	}
}

// Recall tells of a hold that stands since before the start.
func (g *Guard) Recall(p Party, when time.Time, sign Sign, file id.File, hold id.Version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count(p, when, &evidence{sign, when, p, file, hold})
}

// Sweep forgets scopes of which nothing is remembered any more.
func (g *Guard) Sweep(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s, l := range g.scopes {
		if l.forget(now); len(l.acts) == 0 && len(l.signs) == 0 {
			delete(g.scopes, s)
		}
	}
	for w, r := range g.recents {
		if r.forget(now); len(r.made) == 0 && len(r.gone) == 0 && len(r.grown) == 0 {
			delete(g.recents, w)
		}
	}
}
