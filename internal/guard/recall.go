package guard

import (
	"slices"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Recall tells of what was done in a share before the start, the oldest first: what a step showed then, and what is held of it. Whoever was
// suspected before is so again. A share may be opened long after others: what is told of it comes before what is known by then, and changes nothing of that.
func (g *Guard) Recall(p Party, when time.Time, s Step, sign Sign, hold id.Version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.recent(p)
	if when.After(r.latest) {
		r.latest = when
	}
	ago := r.latest.Sub(when)
	r.recall(p.Share, &s, when)
	r.forget(r.latest, g.share())
	again := when.Unix()/3600 >= r.hour && r.again(&s, when, g.share())
	if _, known := weights[sign]; !known || g.forgiven(p, when) {
		if !again {
			g.recount(p, when, s.Kind, nil)
		}
		return
	}
	if !slices.ContainsFunc(r.counts[sign], func(x seen) bool { return x.file == s.File && x.when.After(when) }) {
		r.note(sign, s.File, when)
	}
	if s.Kind == Removed && (sign == Gone || sign == Swapped || sign == Packed) {
		r.gone = inOrder(r.gone, newThing(p.Share, &s, s.Old, when))
		if sign == Gone && ago < aDay {
			r.removed[when.Truncate(time.Minute)]++
		}
	}
	g.recount(p, when, s.Kind, &evidence{sign, sign.number(), when, p, s.File, hold})
}

// recall remembers what a step has made, as see does: of what is not recent any more only that which nobody can read.
func (r *recent) recall(share id.Share, s *Step, when time.Time) {
	if r.latest.Sub(when) < shortly {
		r.see(share, s, when, 0)
	} else if (s.Kind == Saved || s.Kind == Made) && s.New.strange() {
		r.odd = inOrder(r.odd, newThing(share, s, s.New, when))
	}
}

// inOrder puts a thing where it belongs among others, of which the latest are kept.
func inOrder(list []*thing, t *thing) []*thing {
	list = slices.Insert(list, after(list, t.when, func(o *thing) time.Time { return o.when }), t)
	return list[max(0, len(list)-maxOdd):]
}

// after is how many of a list, the oldest first, are not later than a time.
func after[T any](list []T, when time.Time, at func(T) time.Time) int {
	n := len(list)
	for n > 0 && at(list[n-1]).After(when) {
		n--
	}
	return n
}

// recount notes an act of before in all its scopes, with what it showed.
func (g *Guard) recount(p Party, when time.Time, kind Kind, e *evidence) {
	hour := when.Unix() / 3600
	for _, s := range p.scopes() {
		l := g.ledger(s)
		n := len(l.acts)
		for n > 0 && l.acts[n-1].hour > hour {
			n--
		}
		if n == 0 || l.acts[n-1].hour < hour {
			l.acts = slices.Insert(l.acts, n, acts{hour: hour})
			n++
		}
		l.acts[n-1].n[kind]++
		if e == nil || slices.ContainsFunc(l.signs, func(o evidence) bool { return o.no == e.no && o.file == e.file && o.when.After(when) }) {
			continue
		}
		l.signs = slices.DeleteFunc(l.signs, func(o evidence) bool { return o.no == e.no && o.file == e.file })
		l.signs = slices.Insert(l.signs, after(l.signs, when, func(o evidence) time.Time { return o.when }), *e)
		l.signs = l.signs[max(0, len(l.signs)-maxSigns):]
	}
}
