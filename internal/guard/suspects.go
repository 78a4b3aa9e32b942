package guard

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// suspicion is what one party's own evidence must say before it is among those who stop for what many have done together.
const suspicion = 5

// together is how long somebody's evidence counts against others once they have been stopped themselves.
const together = time.Hour

// suspects are the scopes that must stop. A narrow scope stops itself; in a wide one, whoever has contributed stops: nobody else. Whoever was
// stopped already explains what was seen of them, so that a mistake of last week does not stop somebody for what another does today.
func (g *Guard) suspects(p Party, now time.Time) (out []Scope) {
	limit := -math.Log(g.cfg.FalseAlarm)
	stopped := func(s Scope) bool {
		_, ok := g.frozen[s]
		return ok || slices.Contains(out, s)
	}
	add := func(of Party) {
		for _, s := range of.narrow() {
			if !of.Console && !stopped(s) {
				out = append(out, s)
			}
		}
	}
	for _, s := range p.scopes() {
		l := g.scopes[s]
		l.forget(now)
		narrow := s.Kind == BySession || s.Kind == ByDevice || s.Kind == ByAccount
		if len(l.signs) == 0 || l.weight(nil) < limit {
			continue
		}
		if narrow {
			add(p)
			if s.Kind == ByAccount && !p.Console && !stopped(s) && split(l) {
				out = append(out, s)
			}
			continue
		}
		explained := make(map[id.Session]bool) // by whom it is what they have done alone
		free := func(e *evidence) bool {
			of := e.party.Session
			if _, ok := explained[of]; !ok {
				own := g.scopes[Scope{Kind: BySession, ID: of}]
				explained[of] = slices.ContainsFunc(e.party.scopes(), stopped) || own != nil && own.weight(nil) >= limit
			}
			return !explained[of]
		}
		counts := free
		if l.weight(free) < limit {
			counts = func(e *evidence) bool { return now.Sub(e.when) < together }
			if l.weight(counts) < limit {
				continue
			}
		}
		for of := range contributors(l, counts) {
			if own := g.scopes[Scope{Kind: BySession, ID: of}]; own != nil && len(own.signs) > 0 && own.weight(nil) >= suspicion {
				add(own.signs[len(own.signs)-1].party)
			}
		}
	}
	slices.SortFunc(out, func(a, b Scope) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), slices.Compare(a.ID[:], b.ID[:])) })
	return out
}

// contributors are the sessions whose evidence counts in a scope.
func contributors(l *ledger, counts func(*evidence) bool) map[id.Session]bool {
	out := make(map[id.Session]bool)
	for i := range l.signs {
		if counts(&l.signs[i]) {
			out[l.signs[i].party.Session] = true
		}
	}
	return out
}

// alarmed reports whether what was seen in the whole house, of those who were not stopped for it, is more than ordinary work shows: then every
// sign is doubt enough.
func (g *Guard) alarmed(now time.Time) bool {
	l := g.scopes[Scope{Kind: ByVault}]
	return l != nil && len(l.signs) > 0 && l.weight(func(e *evidence) bool {
		return now.Sub(e.when) < together || !slices.ContainsFunc(e.party.narrow(), func(s Scope) bool { _, ok := g.frozen[s]; return ok })
	}) >= -math.Log(g.cfg.FalseAlarm)
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
func split(l *ledger) bool {
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

// Thaw lets a scope go on. What it did before does not count any more, nor when Recall tells of it.
func (g *Guard) Thaw(s Scope, when time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.frozen, s)
	delete(g.scopes, s)
	g.thawed[s] = when
	for _, l := range g.scopes {
		l.signs = slices.DeleteFunc(l.signs, func(e evidence) bool { return slices.Contains(e.party.scopes(), s) })
	}
}

// forgiven reports whether somebody has been thawed since.
func (g *Guard) forgiven(p Party, when time.Time) bool {
	return slices.ContainsFunc(p.scopes(), func(s Scope) bool { t, ok := g.thawed[s]; return ok && !when.After(t) })
}

// Settle takes the evidence of a hold back: the file is whole again, or somebody has looked and found nothing wrong.
func (g *Guard) Settle(hold id.Version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.scopes {
		l.signs = slices.DeleteFunc(l.signs, func(e evidence) bool { return !hold.IsZero() && e.hold == hold })
	}
}

// Sweep forgets scopes of which nothing is remembered any more.
func (g *Guard) Sweep(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s, t := range g.thawed {
		if now.Sub(t) > remembered {
			delete(g.thawed, s)
		}
	}
	day := now.Add(-aDay).Unix() / 3600
	for s, l := range g.scopes {
		l.forget(now)
		done := len(l.acts) == 0 || s.Kind == BySession && l.acts[len(l.acts)-1].hour < day // it is not missed
		if done && len(l.signs) == 0 {
			delete(g.scopes, s)
		}
	}
	for w, r := range g.recents {
		if r.forget(now, g.share()); len(r.made) == 0 && len(r.gone) == 0 && len(r.odd) == 0 && len(r.counts) == 0 && len(r.over) == 0 {
			delete(g.recents, w)
		}
	}
}
