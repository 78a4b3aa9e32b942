package guard

import (
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
	if a := region(p.Address); a.IsValid() && !a.IsLoopback() {
		out = append(out, Scope{Kind: ByAddress, Address: a})
	}
	return append(out, Scope{Kind: ByShare, ID: p.Share}, Scope{Kind: ByVault})
}

// region is an address as it counts: of IPv6 whoever has one has the 64 bits behind its network too.
func region(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); !a.Is6() || a.IsLoopback() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// evidence is one sign that was seen.
type evidence struct {
	sign  Sign
	no    int // of the sign
	when  time.Time
	party Party
	file  id.File
	hold  id.Version // of what is held; zero if nothing is
}

// newest is how many kinds of steps there are, and one more.
const newest = Renamed + 1

// ledger is what was done in a scope.
type ledger struct {
	acts  []acts     // by the hour, the oldest first
	signs []evidence // the oldest first
}

// acts counts those of an hour, by what they do: however much somebody saves, it does not make removals more ordinary.
type acts struct {
	hour int64
	n    [newest]int32
}

// Bounds of a ledger.
const (
	remembered = 30 * 24 * time.Hour
	maxSigns   = 256 // in a scope: the latest count
)

func (g *Guard) ledger(s Scope) *ledger {
	l := g.scopes[s]
	if l == nil {
		l = &ledger{}
		g.scopes[s] = l
	}
	return l
}

// count notes an act in all its scopes, with what it showed.
func (g *Guard) count(p Party, when time.Time, kind Kind, e *evidence) {
	hour := when.Unix() / 3600
	for _, s := range p.scopes() {
		l := g.ledger(s)
		for i := len(l.acts) - 1; i >= 0 && l.acts[i].hour > hour; i-- {
			l.acts[i].hour = hour // the clock was set back
		}
		for i := len(l.signs) - 1; i >= 0 && l.signs[i].when.After(when); i-- {
			l.signs[i].when = when
		}
		if n := len(l.acts); n == 0 || l.acts[n-1].hour < hour {
			l.acts = append(l.acts, acts{hour: hour})
		}
		l.acts[len(l.acts)-1].n[kind]++
		if e == nil {
			continue
		}
		// A file that shows the same again is no second one.
		l.signs = slices.DeleteFunc(l.signs, func(o evidence) bool { return o.no == e.no && o.file == e.file })
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

// weight is how much more likely what was seen is if something is wrong, as a natural logarithm: for each sign the generalized likelihood
// ratio of a Poisson count N against the N0 = benign × acts that ordinary work would show, N ln(N/N0) − (N − N0), summed, over the stretch
// of time up to now in which it is greatest. Nothing decays: a stretch may be as long as what is remembered. Signs that were taken back,
// because the file was whole again or somebody looked, are not among them. counts says which of the signs do; nil: all.
func (l *ledger) weight(counts func(*evidence) bool) (most float64) {
	var seen [len(order)]int
	var done [newest]int
	last := len(l.acts)
	for i := len(l.signs) - 1; i >= 0; i-- {
		e := &l.signs[i]
		if counts != nil && !counts(e) {
			continue
		}
		seen[e.no]++
		if i > 0 && l.signs[i-1].when.Equal(e.when) {
			continue
		}
		for hour := e.when.Unix() / 3600; last > 0 && l.acts[last-1].hour >= hour; last-- {
			for k, n := range l.acts[last-1].n {
				done[k] += int(n)
			}
		}
		sum := 0.0
		for k, n := range seen {
			if n > 0 {
				w := &table[k]
				sum += w.says(n, max(n, w.among(&done)))
			}
		}
		most = max(most, sum)
	}
	return most
}

// among counts the acts that could have shown a sign.
func (w *weight) among(done *[newest]int) (n int) {
	for _, k := range w.of {
		n += done[k]
	}
	return n
}

// says is what a number of a sign among acts says.
func (w *weight) says(seen, among int) float64 {
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
