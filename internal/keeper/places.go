package keeper

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
)

// placeState is an address or a device that an account has read from.
type placeState struct {
	On    string    `json:"on"` // a network, or a device's id
	First time.Time `json:"first"`
	Known bool      `json:"known,omitempty"` // somebody vouches for it
}

// moreState is what a second person has allowed on one day.
type moreState struct {
	Day int `json:"day"`
	N   int `json:"n"`
}

// on returns how often a second person has allowed more on a day.
func (m *moreState) on(day int) int {
	if m == nil || m.Day != day {
		return 0
	}
	return m.N
}

const (
	placeTime = 24 * time.Hour // after which a place is like any other
	maxPlaces = 64             // addresses, and devices, of an account
)

// What can be odd about a reading. The words stand in the ledger and in alerts.
const (
	newAddress  = "new-address"
	newDevice   = "new-device"
	closedHours = "closed-hours"
	overBudget  = "over-budget"
)

// region is what counts as one address here: telephones and homes get others within their provider's network.
func region(a netip.Addr) string {
	a = plainAddress(a)
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// spot is where a session reads from.
type spot struct{ on, word string }

// places returns where a session reads from, as far as that says anything: what the firm's lists and an account's own rules name is
// known.
func (b *books) places(a *accountState, s account.Session) (out []spot) {
	if on := region(s.Address); s.Address.IsValid() && on != "" && !b.listed(a, s.Address) {
		out = append(out, spot{on, newAddress})
	}
	if !s.Device.IsZero() {
		out = append(out, spot{s.Device.String(), newDevice})
	}
	return out
}

func (b *books) listed(a *accountState, from netip.Addr) bool {
	if len(a.Networks) > 0 && b.Policy.admits(a.Networks, from) {
		return true
	}
	for _, list := range b.Policy.Networks {
		if len(list) > 0 && b.Policy.admits(list, from) {
			return true
		}
	}
	return false
}

func (a *accountState) place(on string) *placeState {
	for i := range a.Places {
		if a.Places[i].On == on {
			return &a.Places[i]
		}
	}
	return nil
}

// odd tells what is odd about a place.
func (a *accountState) odd(p spot, now time.Time) bool {
	x := a.place(p.on)
	return x != nil && !x.Known && now.Sub(x.First).Abs() < placeTime // a time far ahead is of a clock that was wrong
}

// arriveAt notes that an account reads from a place for the first time, and reports whether that is odd. Its first address and first
// device are not: there was no reading before. Nor is a device that has been in the books for a while.
func (a *accountState) arriveAt(p spot, s account.Session, now time.Time) bool {
	known := !slices.ContainsFunc(a.Places, func(x placeState) bool { return isDevice(x.On) == isDevice(p.on) })
	for _, d := range a.Devices {
		known = known || p.word == newDevice && d.ID == s.Device && now.Sub(d.Created) >= placeTime
	}
	if t := a.token(s.Device); p.word == newDevice && t != nil {
		known = known || now.Sub(t.Created) >= placeTime
	}
	a.makeRoom(p)
	a.Places = append(a.Places, placeState{p.on, now, known})
	return !known
}

// makeRoom forgets a place for another of its sort: the oldest that nobody vouches for, or else the oldest but one.
func (a *accountState) makeRoom(p spot) {
	var same []int
	for i, x := range a.Places {
		if isDevice(x.On) == isDevice(p.on) {
			same = append(same, i)
		}
	}
	if len(same) < maxPlaces {
		return
	}
	i := slices.IndexFunc(same, func(i int) bool { return !a.Places[i].Known })
	a.Places = slices.Delete(a.Places, same[max(i, 1)], same[max(i, 1)]+1)
}

// isDevice reports whether a place is a device, and not a network.
func isDevice(on string) bool { return new(id.Device).UnmarshalText([]byte(on)) == nil }

// whence notes where a session reads from, and returns what is odd about that. Each place is recorded and told once.
func (l *Local) whence(ctx context.Context, b *books, a *accountState, s account.Session, share string) (odd []string, err error) {
	if b.Policy.AnyPlace {
		return nil, nil
	}
	now := l.now()
	var fresh []spot
	for _, p := range b.places(a, s) {
		switch {
		case a.place(p.on) == nil:
			fresh = append(fresh, p)
		case a.odd(p, now):
			odd = append(odd, p.word)
		}
	}
	if len(fresh) == 0 {
		return odd, nil
	}
	var said []string
	err = l.amend(ctx, "release", s.Name, func(_ *books, d *draft) (events []event.Event, err error) {
		a := d.byID(s.Account)
		if a == nil {
			return nil, notAllowed("release")
		}
		for _, p := range fresh {
			if a.place(p.on) != nil { // another release was faster
				if a.odd(p, now) {
					odd = append(odd, p.word)
				}
				continue
			}
			if a.arriveAt(p, s, now) {
				odd, said = append(odd, p.word), append(said, p.word)
				e := acting(event.Noticed, s)
				e.Target, e.Note = a.Name, p.word
				events = append(events, e)
			}
		}
		return events, nil
	})
	if err != nil {
		return odd, err
	}
	for _, word := range said {
		l.alarm(Alarm{Kind: AlarmOdd, Sign: word, Session: s, Share: share})
	}
	return odd, nil
}

// hours notes that an account reads while the house is closed, once a day.
func (l *Local) hours(ctx context.Context, b *books, s account.Session, share string) (odd bool, err error) {
	if !b.closed(l.now()) {
		return false, nil
	}
	if !l.first(b, s.Account, closedHours) {
		return true, nil
	}
	e := acting(event.Noticed, s)
	e.Target, e.Note = s.Name, closedHours
	if err := l.append(ctx, e); err != nil {
		l.reading.Lock()
		defer l.reading.Unlock()
		delete(l.diary.of(s.Account).told, closedHours) // it is not in the ledger yet
		return true, err
	}
	l.alarm(Alarm{Kind: AlarmOdd, Sign: closedHours, Session: s, Share: share})
	return true, nil
}

// first reports whether something is told of an account for the first time today.
func (l *Local) first(b *books, a id.Account, word string) bool {
	l.reading.Lock()
	defer l.reading.Unlock()
	l.turnDay(b, l.now())
	x := l.diary.of(a)
	told := x.told[word]
	x.told[word] = true
	return !told
}

// vouch makes all places of an account known ones: a second person has looked.
func (a *accountState) vouch() {
	for i := range a.Places {
		a.Places[i].Known = true
	}
}

// moreFor gives an account another budget for the rest of the day, as two people want it.
func (d *draft) moreFor(n id.Account, day int) ([]event.Event, error) {
	a := d.byID(n)
	if a == nil {
		return nil, errors.New("the account is gone")
	}
	a.More = &moreState{day, a.More.on(day) + 1}
	a.vouch()
	return []event.Event{{Kind: event.AccountChanged, Target: a.Name, Note: "may read more today"}}, nil
}
