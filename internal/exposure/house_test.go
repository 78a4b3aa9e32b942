package exposure

import (
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// dice decide what happens in a house.
type dice interface{ below(n int) int }

// house is a simulated house that knows who has really read what. Its world has a time, real, and a clock that may be wrong.
type house struct {
	dice
	real, off int64 // milliseconds
	entries   []Entry
	files     []*File
	reads     []read
	held      []held // keys in the storehouse's memory
	sessions  []*session
	epochs    map[id.Share]*epoch
	shares    []id.Share
	unlocked  map[id.Share]bool
	next      uint64
	ticks     int64 // real time of the last heartbeat
	stall     int
	small     int // shifts that no heartbeat shows
	faults    int // shifts, crashes and stalls
	hacked    bool
	lies      bool
	pictures  map[id.Version][]Preview
	truth     map[id.Version][]int // whom the content of a version really shows
	cleaned   bool
	after     map[id.Version]bool // saved when all was over
}

// read is a moment in which somebody has read a content.
type read struct {
	version id.Version // whose key
	s       *session   // nil: it was in reach of whoever ruled the storehouse
	real    int64
}

type session struct {
	id      id.Session
	account id.Account
	device  id.Device
	address netip.Addr
	leases  map[use]lease
	open    []id.Version // readers that hold what they have opened
	ended   bool
}

// use is what a lease is good for.
type use struct {
	version id.Version
	why     account.Purpose
}

type lease struct {
	from, until int64 // by the clock
	share       id.Share
}

// held is a key that the storehouse keeps for a while after a save, for the preview.
type held struct {
	version id.Version
	until   int64 // real
}

type epoch struct {
	id    id.Epoch
	until int64
	left  int
}

const (
	second      = int64(1000)
	minute      = 60 * second
	perShare    = 12 // persons
	classGroup  = 0  // the first half of a share
	wholeGroup  = 1
	groupsOf    = 2
	leaseTime   = 5 * minute
	houseOpened = int64(1_780_000_000_000)
)

func (h *house) number() [16]byte {
	var b [16]byte
	h.next++
	binary.BigEndian.PutUint64(b[:], h.next*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(b[8:], h.next)
	return b
}

func (h *house) clock() int64 { return h.real + h.off }

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func (h *house) record(e event.Event, paths ...pathname.Path) {
	now := at(h.clock())
	e.When = now
	h.entries = append(h.entries, Entry{Index: int64(len(h.entries)), Recorded: now, Event: e, Paths: paths})
}

func newHouse(d dice) *house {
	h := &house{dice: d, real: houseOpened, ticks: houseOpened, epochs: make(map[id.Share]*epoch), unlocked: make(map[id.Share]bool), truth: make(map[id.Version][]int), pictures: make(map[id.Version][]Preview), after: make(map[id.Version]bool)}
	for range 1 + h.below(3) {
		h.shares = append(h.shares, id.Share(h.number()))
	}
	h.record(event.Event{Kind: event.Started})
	for range 2 + h.below(3) {
		h.login()
	}
	for range 4 + h.below(12) {
		h.save(h.someone(), true)
	}
	return h
}

// pass lets real time go on, with the heartbeats in it.
func (h *house) pass(ms int64) {
	for _, s := range h.sessions { // as the storehouse does: a clock that was set back ends leases
		for u, l := range s.leases {
			if h.clock() >= l.until || h.clock() < l.from-second {
				delete(s.leases, u)
			}
		}
	}
	to := h.real + ms
	for h.ticks+minute <= to {
		h.ticks += minute
		h.real = h.ticks
		if h.stall > 0 {
			h.stall--
			continue
		}
		h.record(event.Event{Kind: event.Heartbeat})
	}
	h.real = to
}

func (h *house) login() *session {
	s := &session{id: id.Session(h.number()), leases: make(map[use]lease)}
	n := byte(1 + h.below(3))
	s.account, s.device = id.Account{n}, id.Device{n, byte(h.below(2))}
	s.address = netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + h.below(3))})
	if h.below(3) == 0 { // one that changes its address within its network
		s.address = netip.AddrFrom16([16]byte{0x20, 1, 13: n, 15: byte(h.below(200))})
	}
	h.sessions = append(h.sessions, s)
	h.record(s.acting(event.Login))
	return s
}

func (s *session) acting(k event.Kind) event.Event {
	return event.Event{Kind: k, Session: s.id, Account: s.account, Device: s.device, Address: s.address}
}

func (h *house) someone() *session {
	for range 3 {
		if s := h.sessions[h.below(len(h.sessions))]; !s.ended {
			return s
		}
	}
	return h.login()
}

func (h *house) unlock(s *session, share id.Share) {
	if !h.unlocked[share] {
		h.unlocked[share] = true
		e := s.acting(event.Unlocked)
		e.Share = share
		h.record(e)
	}
}

func (h *house) epoch(share id.Share) id.Epoch {
	e := h.epochs[share]
	if e == nil || e.left == 0 || h.clock() >= e.until {
		e = &epoch{id.Epoch(h.number()), h.clock() + 5*minute, 4}
		h.epochs[share] = e
	}
	e.left--
	return e.id
}

// persons of a path, as the roster has them: /share/p7_x.jpg, /share/class_x.jpg, /share/school_x.jpg, /share/note_x.txt, and others.
type persons struct{ shares []id.Share }

func (p persons) Of(share id.Share, path pathname.Path) Who {
	n := slices.Index(p.shares, share)
	name := path.Base()
	var k int
	switch {
	case n < 0:
	case strings.HasPrefix(name, "p"):
		fmt.Sscanf(name, "p%d_", &k)
		return Who{One, n*perShare + k}
	case strings.HasPrefix(name, "class"):
		return Who{Group, n*groupsOf + classGroup}
	case strings.HasPrefix(name, "school"):
		return Who{Group, n*groupsOf + wholeGroup}
	case strings.HasPrefix(name, "note"), strings.HasPrefix(name, "renamed"): // a name that says nothing, beside those that the file had before
		return Who{Link: Nobody}
	}
	return Who{}
}

func (p persons) Members(g int) iter.Seq[int] {
	return func(yield func(int) bool) {
		n := perShare
		if g%groupsOf == classGroup {
			n /= 2
		}
		for i := range n {
			if !yield(g/groupsOf*perShare + i) {
				return
			}
		}
	}
}

func (p persons) Everybody(share id.Share) (int, bool) {
	n := slices.Index(p.shares, share)
	return n*groupsOf + wholeGroup, n >= 0
}

func (persons) Place(p int) Place {
	return Place{School: fmt.Sprintf("school (town %d)", p/perShare), Year: "2026", Kind: []string{"pupil", "teacher"}[p%perShare/10]}
}

// shows draws a name for a new file, and whom its content really shows.
func (h *house) shows(n int) (pathname.Path, []int) {
	base, k := n*perShare, h.below(perShare)
	name, who := fmt.Sprintf("p%d_%d.jpg", k, h.next), []int{base + k}
	switch h.below(12) {
	case 0:
		name, who = fmt.Sprintf("class_%d.jpg", h.next), []int{base + h.below(perShare/2)}
	case 1:
		name, who = fmt.Sprintf("school_%d.jpg", h.next), []int{base + h.below(perShare)}
	case 2:
		name, who = fmt.Sprintf("note_%d.txt", h.next), nil
	case 3:
		name, who = fmt.Sprintf("x_%d.pdf", h.next), []int{base + h.below(perShare)}
	}
	return pathname.Path(fmt.Sprintf("/s%d/%s", n, name)), who
}

// save saves a version, of a new file or of one that is there.
func (h *house) save(s *session, fresh bool) *Version {
	n := h.below(len(h.shares))
	share := h.shares[n]
	h.unlock(s, share)
	var f *File
	var who []int
	if fresh || len(h.files) == 0 {
		f = &File{ID: id.File(h.number()), Share: share}
		var path pathname.Path
		path, who = h.shows(n)
		f.Paths = []pathname.Path{path}
		h.files = append(h.files, f)
	} else {
		f = h.files[h.below(len(h.files))]
		who = h.truth[f.Versions[0].Key]
	}
	v := Version{ID: id.Version(h.number()), Epoch: h.epoch(f.Share), Saved: at(h.clock()), Session: s.id, Account: s.account, Device: s.device}
	v.Key = v.ID
	copy(v.Equal[:], v.ID[:])
	if old := h.files[h.below(len(h.files))]; len(old.Versions) > 0 && old.Share == f.Share && h.below(8) == 0 { // the same content once more
		v.Equal = old.Versions[0].Equal
		who = h.truth[old.Versions[0].Key]
		f.Paths = append(f.Paths, old.Paths...)
	}
	h.truth[v.Key], h.after[v.Key] = who, h.cleaned
	e := s.acting(event.Saved)
	e.Share, e.Files = f.Share, []event.File{{Version: v.ID}}
	if h.hacked && h.lies {
		v.Saved = at(h.clock() - int64(h.below(120))*minute)
		if h.below(2) == 0 {
			e.Kind = event.Changed
			e.Files = nil
		}
	}
	h.record(e, f.Paths[0])
	if h.below(3) == 0 {
		h.held = append(h.held, held{v.Key, h.real + 15*minute})
	}
	if h.hacked {
		h.reads = append(h.reads, read{v.Key, nil, h.real})
	}
	f.Versions = append(f.Versions, v)
	return &f.Versions[len(f.Versions)-1]
}

// open reads a version, with a lease that is there or a new release.
func (h *house) open(s *session, why account.Purpose) {
	f := h.files[h.below(len(h.files))]
	h.openFile(s, f, &f.Versions[h.below(len(f.Versions))], why)
}

func (h *house) openFile(s *session, f *File, v *Version, why account.Purpose) {
	key, share := v.Key, f.Share
	if why == account.Preview && h.below(2) == 0 { // a picture that has a key of its own
		if len(h.pictures[key]) == 0 {
			h.pictures[key] = []Preview{{id.Version(h.number()), h.epoch(share)}}
		}
		key = h.pictures[key][0].ID
	}
	h.unlock(s, share)
	if l, ok := s.leases[use{key, why}]; !ok || h.clock() >= l.until || h.clock() < l.from-second {
		e := s.acting(event.Released)
		e.Share, e.Purpose, e.Until = share, why, at(h.clock()+leaseTime)
		e.Files = []event.File{{Version: key}}
		path := f.Paths[0]
		if h.hacked && h.lies {
			path = ""
		}
		h.record(e, path)
		s.leases[use{key, why}] = lease{h.clock(), h.clock() + leaseTime, share}
		if h.hacked {
			h.reads = append(h.reads, read{v.Key, nil, h.real})
		}
	}
	h.reads = append(h.reads, read{v.Key, s, h.real})
	if h.below(4) == 0 {
		s.open = append(s.open, v.Key)
	}
}

// again reads with a lease that is there, without an entry.
func (h *house) again(s *session) {
	for _, f := range h.files {
		for i := range f.Versions {
			v := &f.Versions[i]
			if l, ok := s.leases[use{v.Key, account.Open}]; ok && h.clock() < l.until && h.clock() >= l.from-second {
				h.reads = append(h.reads, read{v.Key, s, h.real})
				return
			}
		}
	}
}

func (h *house) copyAcross(s *session) {
	f := h.files[h.below(len(h.files))]
	h.openFile(s, f, &f.Versions[0], account.Copy)
	made := h.save(s, true)
	if !h.hacked { // whoever copies a content knows the copy
		h.reads = append(h.reads, read{made.Key, s, h.real})
	}
}

func (h *house) link(s *session) {
	f, g := h.files[h.below(len(h.files))], h.files[h.below(len(h.files))]
	if f.Share != g.Share {
		return
	}
	v := f.Versions[0]
	v.ID, v.Saved, v.Session, v.Account, v.Device = id.Version(h.number()), at(h.clock()), s.id, s.account, s.device
	g.Versions = append(g.Versions, v)
	h.record(s.acting(event.Changed))
}

// stop ends the keeper, and all sessions; in a house of one process the storehouse with it.
func (h *house) stop(crash, apart bool) {
	for _, s := range h.sessions {
		if !s.ended && !crash {
			h.record(s.acting(event.Logout))
		}
		s.ended = true
	}
	if crash {
		h.faults++
	} else {
		h.record(event.Event{Kind: event.Stopped})
	}
	h.real += int64(h.below(20)) * minute
	h.ticks = h.real
	h.record(event.Event{Kind: event.Started})
	h.pass(minute) // a clock that is set while the keeper is down in good order is seen by nobody
	for _, s := range h.sessions {
		s.open, s.leases = nil, make(map[use]lease)
	}
	if !apart {
		h.held, h.epochs, h.unlocked = nil, make(map[id.Share]*epoch), make(map[id.Share]bool)
	}
}

// shift puts the clock wrong, or right again.
func (h *house) shift() {
	h.faults++
	switch n := h.below(8); {
	case n < 2:
		h.off = 0
	case n < 4 && h.small < 2 && h.stall == 0:
		h.small++
		h.off -= int64(10+h.below(50)) * second
	case n < 6:
		h.off -= int64(3+h.below(90)) * minute
	default:
		h.off += int64(h.below(90)) * minute
	}
}

// act lets something happen.
func (h *house) act(odd, apart bool) {
	h.pass(int64(h.below(240)) * second)
	switch n := h.below(41); {
	case n < 12:
		h.open(h.someone(), account.Open)
	case n < 15:
		h.open(h.someone(), account.Preview)
	case n < 17:
		h.open(h.someone(), account.Export)
	case n < 24:
		h.again(h.someone())
	case n < 30:
		h.save(h.someone(), n < 27)
	case n < 31:
		h.copyAcross(h.someone())
	case n < 32:
		h.link(h.someone())
	case n < 34:
		h.login()
	case n < 35:
		s := h.someone()
		s.ended, s.open = true, nil
		h.record(s.acting(event.Logout))
	case n < 36:
		h.stop(odd && h.below(2) == 0, apart)
	case n < 38 && odd:
		h.shift()
	case n < 39 && odd && h.small == 0:
		h.faults++
		h.stall = 1 + h.below(4)
	case n == 40:
		f := h.files[h.below(len(h.files))]
		f.Paths = slices.Insert(f.Paths, 0, pathname.Path(fmt.Sprintf("/%s/renamed_%d.locked", f.Paths[0].Share(), h.next)))
		h.record(h.someone().acting(event.Changed), f.Paths[0])
	}
}

// enter gives somebody the storehouse: what is in its memory is in reach now.
func (h *house) enter() {
	h.hacked, h.lies = true, h.below(2) == 0
	got := func(v id.Version) { h.reads = append(h.reads, read{v, nil, h.real}) }
	keys := make(map[id.Version]bool)
	for _, s := range h.sessions {
		for k, l := range s.leases {
			if h.clock() < l.until+15*second && !s.ended {
				keys[k.version] = true
			}
		}
		for _, k := range s.open {
			keys[k] = true
		}
	}
	for _, x := range h.held {
		if h.real < x.until {
			keys[x.version] = true
		}
	}
	for _, f := range h.files {
		for _, v := range f.Versions {
			e := h.epochs[f.Share]
			if keys[v.Key] || e != nil && e.id == v.Epoch {
				got(v.Key)
			}
			for _, p := range h.pictures[v.Key] {
				if keys[p.ID] || e != nil && e.id == p.Epoch {
					got(v.Key)
				}
			}
		}
	}
}
