package keeper

import (
	"hash/maphash"
	"maps"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// class is a kind of reading that has a budget of its own.
type class uint8

const (
	opening    class = iota // one file after the other, as desktops do
	previewing              // small pictures, by the page
	exporting               // everything else: what takes files away
	persons                 // whoever is in them, whatever for
	classes
)

// classNames are what people and the API call the classes.
var classNames = [classes]string{"open", "preview", "export", "persons"}

// classOf returns the class of a purpose. What a storehouse says that it is for is not believed: each has a budget.
func classOf(p account.Purpose) class {
	switch p {
	case account.Open:
		return opening
	case account.Preview:
		return previewing
	}
	return exporting
}

// window counts what came in the last minute, by the second.
type window struct {
	last int64 // the second of the latest slot
	each [60]int32
	sum  int
}

// at moves the window to a second and returns what is in it. Seconds never go back: the watch sees to that.
func (w *window) at(second int64) int {
	for ; w.last < second && w.sum > 0; w.last++ {
		slot := &w.each[(w.last+1)%60]
		w.sum -= int(*slot)
		*slot = 0
	}
	w.last = max(w.last, second)
	return w.sum
}

// add counts n at a second, which may be an earlier one that is still in the window.
func (w *window) add(second int64, n int) {
	if w.at(second); second <= w.last-60 || n == 0 {
		return
	}
	w.each[second%60] += int32(n)
	w.sum += n
}

// tally is what one account has read of one class for the first time today.
type tally struct {
	today  int
	minute window
}

// reader is what one account has read today.
type reader struct {
	seen    map[uint64]struct{}
	tallies [classes]tally
	told    map[string]bool // what people were told of today
	asked   int             // for more
}

// ran is what was read in a job.
type ran struct {
	seen map[uint64]struct{}
	n    int
}

// diary counts what accounts read today. Its size is bounded: a reading that is refused is not remembered, and beyond
// mostRemembered nothing is any more, so that each reading counts anew.
type diary struct {
	seed maphash.Seed
	most int

	watch   watch
	day     int // the latest date that there was, as in 20261130
	readers map[id.Account]*reader
	jobs    map[string]*ran
	held    int // what is remembered in all
}

// mostRemembered are some 150 MB.
const mostRemembered = 4 << 20

func newDiary() *diary {
	return &diary{seed: maphash.MakeSeed(), most: mostRemembered, readers: make(map[id.Account]*reader), jobs: make(map[string]*ran),
		watch: watch{passed: time.Hour}} // so that there are seconds before the start
}

// fileKey is what is remembered of a file that was read.
func (r *diary) fileKey(c class, share id.Share, v id.Version) uint64 {
	return maphash.Comparable(r.seed, struct {
		class
		id.Share
		id.Version
	}{c, share, v})
}

func (r *diary) personKey(share id.Share, person string) uint64 {
	return maphash.Comparable(r.seed, struct {
		id.Share
		string
	}{share, person})
}

// turn begins a new day when one has begun, and forgets the jobs that are not open any more. A clock that is set back, or a zone in which it
// is still yesterday, gives nobody a new budget, nor does the way forth again; a date that was far ahead was none.
func (r *diary) turn(day int, open func(job string) bool) {
	switch {
	case day > r.day:
		clear(r.readers)
		maps.DeleteFunc(r.jobs, func(n string, _ *ran) bool { return !open(n) })
		r.held = 0
		for _, j := range r.jobs {
			r.held += len(j.seen)
		}
		r.day = day
	case dateOf(r.day).Sub(dateOf(day)) > 48*time.Hour:
		r.day = day
	}
}

// dateOf is the beginning of a day.
func dateOf(day int) time.Time {
	return time.Date(day/10_000, time.Month(day/100%100), day%100, 0, 0, 0, 0, time.UTC)
}

// of returns what an account has read today.
func (r *diary) of(a id.Account) *reader {
	x := r.readers[a]
	if x == nil {
		x = &reader{seen: make(map[uint64]struct{}), told: make(map[string]bool)}
		r.readers[a] = x
	}
	return x
}

// remember adds keys to what was seen, and returns those that are new, each once.
func (r *diary) remember(seen map[uint64]struct{}, keys []uint64) (fresh []uint64) {
	for _, k := range keys {
		if _, ok := seen[k]; ok {
			continue
		}
		fresh = append(fresh, k)
		if r.held < r.most {
			seen[k] = struct{}{}
			r.held++
		}
	}
	return fresh
}

// forget undoes remember.
func (r *diary) forget(seen map[uint64]struct{}, fresh []uint64) {
	for _, k := range fresh {
		if _, ok := seen[k]; ok {
			delete(seen, k)
			r.held--
		}
	}
}

// excess says which budget a reading would pass.
type excess struct {
	class
	minute bool // else the day's
	whole  bool // it is more at once than there is in a minute: waiting does not help
	spent  int  // or, where it is more at once, wanted
	of     int
}

// take takes files and persons out of an account's budget: all of them, or none, and then it tells which budget is too
// small.
func (r *diary) take(a id.Account, c class, files, people []uint64, lim [classes]account.Budget, now time.Time) (excess, bool) {
	x, second := r.of(a), int64(r.watch.read(now)/time.Second)
	fresh := [2][]uint64{r.remember(x.seen, files), r.remember(x.seen, people)}
	over := excess{}
	for i, c := range [2]class{c, persons} {
		t, n := &x.tallies[c], len(fresh[i])
		if n == 0 { // what was read before is free, whatever has become of the budget
			continue
		}
		switch spent := t.minute.at(second); {
		case t.today+n > lim[c].Day:
			over = excess{class: c, spent: t.today, of: lim[c].Day}
		case n > lim[c].Minute && (over.of == 0 || over.minute):
			over = excess{class: c, minute: true, whole: true, spent: n, of: lim[c].Minute}
		case spent+n > lim[c].Minute && over.of == 0:
			over = excess{class: c, minute: true, spent: spent, of: lim[c].Minute}
		}
	}
	if over.of > 0 {
		r.forget(x.seen, fresh[0])
		r.forget(x.seen, fresh[1])
		return over, false
	}
	for i, c := range [2]class{c, persons} {
		x.tallies[c].today += len(fresh[i])
		x.tallies[c].minute.add(second, len(fresh[i]))
	}
	return excess{}, true
}

// run reports whether a file is one of a job's: one that was read in it before, or one more for which it has room, which it then takes.
func (r *diary) run(job string, most int, key uint64) (ok, more bool) {
	j := r.jobs[job]
	if j == nil {
		j = &ran{seen: make(map[uint64]struct{})}
		r.jobs[job] = j
	}
	if _, known := j.seen[key]; known {
		return true, false
	}
	if j.n >= most {
		return false, false
	}
	r.remember(j.seen, []uint64{key})
	j.n++
	return true, true
}

// giveBack undoes what run has taken.
func (r *diary) giveBack(job string, key uint64) {
	j := r.jobs[job]
	r.forget(j.seen, []uint64{key})
	j.n--
}
