package collect

import (
	"net/netip"
	"strings"
	"time"
)

// What is ordinary of failed logins. Both tests add them up and forget one in each of their times (CUSUM), so that they see whoever is faster than that, sooner
// or later. The first sees a machine in seconds and is blind to one guess a minute; the second sees two guesses an hour within a day.
const (
	tolerated = time.Minute // one in so much time is a person who mistypes
	suspicion = 10          // so many above that are none

	toleratedSlow = time.Hour
	suspicionSlow = 20
	amends        = 3 // so many fewer after somebody has come in from an address: there people mistype, and get it right

	toleratedAll = 6 * time.Second // of all people at one device: a Monday morning
	suspicionAll = 100

	fromMany = 6 // networks in a day from which one account failed: people have a home, an office and a telephone

	fullScore  = 3        // times suspicion: what is above it is forgotten, or a flood would hide for weeks what comes behind it
	mostScores = 20_000   // accounts and addresses that are remembered
	remembered = onceADay // after it a login is not said to stand behind guesses
)

// sum is failed logins that add up.
type sum struct {
	n    float64
	told bool
}

// add reports whether one more is one too many, once until it is calm.
func (s *sum) add(suspicion float64) bool {
	if s.n = min(s.n+1, fullScore*suspicion); s.n < suspicion || s.told {
		return false
	}
	s.told = true
	return true
}

func (s *sum) forget(n float64) {
	if s.n = max(0, s.n-n); s.n < 1 {
		s.told = false
	}
}

// score is the failed logins of an account, or from an address.
type score struct {
	fast, slow sum
	tolerated  time.Duration // in which fast forgets one
	at         time.Time
	count      int       // since it was calm
	hot        time.Time // the latest, of those that people were told of
	places     []place   // of an account: from where, today
	spread     bool      // people were told that these are many
}

// place is a network from which a login failed.
type place struct {
	network netip.Prefix
	at      time.Time
}

// keys are what failed logins are added up by: the account, and the address.
func (a *Alarm) keys() (account, address string) {
	if a.Account != "" {
		account = "account\x00" + a.Device + "\x00" + same(a.Account)
	}
	if a.Address.IsValid() {
		address = "address\x00" + a.Address.String()
	}
	return account, address
}

// guesses is what failed logins add up to, each once until they have stopped; zero: nothing.
type guesses struct {
	one      int // of the account, or from the address: how many
	networks int // of the account: from how many
	all      int // at the device, of whomever from wherever: how many
}

// fail adds a failed login up.
func (w *watch) fail(a *Alarm) (g guesses) {
	account, address := a.keys()
	known := false // it is one of those that people were told of
	for _, key := range []string{account, address} {
		if key == "" {
			continue
		}
		s := w.score(key, a.When)
		s.count++
		fast, slow := s.fast.add(suspicion), s.slow.add(suspicionSlow)
		if fast || slow && !s.recent(a.When) { // what is fast is slow, too
			g.one = max(g.one, s.count)
		}
		if key == account && a.Address.IsValid() && s.from(networkOf(a.Address), a.When) {
			g.networks = len(s.places)
		}
		if s.fast.told || s.slow.told || s.spread {
			s.hot = a.When
		}
		known = known || s.recent(a.When)
	}
	if s := w.score("device\x00"+a.Device, a.When); !known && s.all(a.When) {
		g.all = s.count
	}
	return g
}

// all adds a failed login at a device up, and reports whether it is one too many.
func (s *score) all(at time.Time) bool {
	s.count++
	if !s.fast.add(suspicionAll) {
		return false
	}
	s.hot = at
	return true
}

// from notes a network, and reports whether there are too many of them, once until there are not.
func (s *score) from(network netip.Prefix, at time.Time) bool {
	fresh := s.places[:0]
	for _, p := range s.places {
		if p.network != network && at.Sub(p.at) < onceADay {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) >= fromMany { // the oldest goes
		fresh = append(fresh[:0], fresh[1:]...)
	}
	s.places = append(fresh, place{network, at})
	many := len(s.places) >= fromMany
	is := many && !s.spread
	s.spread = many
	return is
}

// forced returns how many logins have failed before one that has not, if they were too many.
func (w *watch) forced(a *Alarm) (n int) {
	account, address := a.keys()
	for _, key := range []string{account, address} {
		s := w.scores[key]
		if s == nil {
			continue
		}
		s.fade(a.When)
		if s.recent(a.When) {
			n = max(n, s.count)
		}
		if key == address {
			s.slow.forget(amends)
		}
	}
	return n
}

// fade forgets what time has made ordinary.
func (s *score) fade(at time.Time) {
	if passed := at.Sub(s.at); passed > 0 {
		s.fast.forget(float64(passed) / float64(s.tolerated))
		s.slow.forget(float64(passed) / float64(toleratedSlow))
		s.at = at
	}
	if s.over(at) {
		s.count = 0
	}
}

// recent reports whether somebody was at it lately of whom people were told.
func (s *score) recent(at time.Time) bool { return !s.hot.IsZero() && at.Sub(s.hot) < remembered }

// over reports whether a score says nothing any more.
func (s *score) over(at time.Time) bool {
	return s.slow.n < 1 && s.fast.n < 1 && !s.recent(at)
}

// score returns the score of a key, as it is at a time.
func (w *watch) score(key string, at time.Time) *score {
	s := w.scores[key]
	if s == nil {
		if len(w.scores) >= mostScores {
			w.makeRoom(at)
		}
		s = &score{at: at, tolerated: tolerated}
		if strings.HasPrefix(key, "device") {
			s.tolerated = toleratedAll
		}
		w.scores[key] = s
	}
	s.fade(at)
	return s
}

// makeRoom forgets those that have stopped; if all go on, of those of whom nobody was told yet, and then any, a quarter. It goes through all of them, and so makes
// room for many.
func (w *watch) makeRoom(at time.Time) {
	for _, may := range []func(*score) bool{
		func(s *score) bool { return s.over(at) },
		func(s *score) bool { return s.hot.IsZero() },
		func(*score) bool { return true },
	} {
		for key, s := range w.scores {
			if len(w.scores) <= mostScores*3/4 {
				return
			}
			if s.fade(at); may(s) {
				delete(w.scores, key)
			}
		}
	}
}
