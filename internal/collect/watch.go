package collect

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/appliance"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
)

// AlarmKind says what people must hear of.
type AlarmKind string

// The kinds.
const (
	VPNUsed    AlarmKind = "vpn-used"       // somebody came over a VPN that is declared ended
	VPNTried   AlarmKind = "vpn-tried"      // somebody tried to: it still answers
	NewCountry AlarmKind = "new-country"    // an account came from a country for the first time
	NewAddress AlarmKind = "new-address"    // or from a network
	BruteForce AlarmKind = "brute-force"    // many failed logins to one account, or from one address
	Spread     AlarmKind = "guess-spread"   // of one account, from many networks
	Forced     AlarmKind = "forced"         // a login that succeeded behind them
	Changed    AlarmKind = "config-changed" // of an appliance
	Silent     AlarmKind = "silent"         // an appliance sends nothing any more
	Heard      AlarmKind = "heard"          // and is back
	Beyond     AlarmKind = "logs-beyond"    // a device has sent more than a day may keep
	Unstored   AlarmKind = "logs-unstored"  // lines cannot be stored, of whomever
	Many       AlarmKind = "many-alarms"    // of a device: so many that these were not told one by one
)

// Alarm is something that people must hear of.
type Alarm struct {
	Kind    AlarmKind
	When    time.Time
	Device  string
	Account string
	Address netip.Addr
	Country string
	Count   int // failed logins, networks, hours of silence, or alarms
}

// note is what the ledger says of it: how many, where there were so many of what is told.
func (a *Alarm) note() keeper.LogNote {
	n := keeper.LogNote{Kind: event.ApplianceAlert, Device: a.Device, Address: a.Address, Size: int64(a.Count), Note: strings.Join([]string{string(a.Kind), a.Country, "", a.Account}, "; ")}
	if a.Kind == Silent || a.Kind == Heard || a.Kind == Spread { // hours, and networks
		n.Size = 0
	}
	return n
}

// What is ordinary.
const (
	learning = 7 * 24 * time.Hour // of a device: places of logins are learnt before any is called new
	onceADay = 24 * time.Hour     // the same is told again
	calm     = time.Hour          // between two changes of a configuration that are told: one visit of an administrator is many lines
)

// Bounds of what is remembered.
const (
	mostAccounts = 20_000
	mostPlaces   = 64 // of one account
	mostTold     = 10_000
)

// watch looks out. What it has learnt outlives a restart; the scores of guesses do not.
type watch struct {
	cfg     Config
	started time.Time

	mu     sync.Mutex
	memory memory            // guarded by mu
	scores map[string]*score // guarded by mu
	dirty  bool              // guarded by mu: memory is not on disk
}

// memory is what was learnt.
type memory struct {
	Devices  map[string]*device   `json:"devices"`
	Accounts map[string]*known    `json:"accounts"`
	Told     map[string]time.Time `json:"told"`
}

// device is what is ordinary for a source.
type device struct {
	First  time.Time     `json:"first"`
	Last   time.Time     `json:"last"`
	Gap    time.Duration `json:"gap"`             // the longest silence of late; it fades by a hundredth a day
	Faded  time.Time     `json:"faded"`           // when it did
	Silent bool          `json:"silent,omitzero"` // people were told
	Logins time.Time     `json:"logins,omitzero"` // the first
}

// known is from where an account came.
type known struct {
	Countries []string  `json:"countries,omitempty"`
	Networks  []string  `json:"networks,omitempty"`
	Used      time.Time `json:"used"`
}

// see looks at what an appliance has told.
func (w *watch) see(s *source, at time.Time, e *appliance.Event, ended time.Time) (out []Alarm) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Alarm{When: at, Device: s.Name, Account: e.Account, Address: e.Address}
	if e.Address.IsValid() && w.cfg.Country != nil {
		a.Country = w.cfg.Country(e.Address)
	}
	add := func(k AlarmKind, n int) {
		x := a
		x.Kind, x.Count = k, n
		out = append(out, x)
	}
	d := w.device(s.Name, at)
	if d.Silent {
		d.Silent = false
		out = append(out, Alarm{Kind: Heard, When: at, Device: s.Name, Count: int(at.Sub(d.Last) / time.Hour)})
	}
	w.gap(d, at)
	gone := !ended.IsZero() && !at.Before(ended)
	switch e.Kind {
	case appliance.VPNLogin, appliance.AdminLogin:
		if gone && e.Kind == appliance.VPNLogin && w.once(onceADay, at, "vpn", s.Name, same(e.Account), e.Address.String()) {
			add(VPNUsed, 1)
		}
		if n := w.forced(&a); n > 0 && w.once(onceADay, at, "forced", s.Name, same(e.Account), e.Address.String()) {
			add(Forced, n)
		}
		if k := w.place(d, &a, at); k != "" {
			add(k, 1)
		}
	case appliance.VPNFailed, appliance.AdminFailed:
		if gone && e.Kind == appliance.VPNFailed && w.once(onceADay, at, "tried", s.Name) {
			add(VPNTried, 1)
		}
		g := w.fail(&a)
		if g.one > 0 {
			add(BruteForce, g.one)
		}
		if g.networks > 0 && w.once(onceADay, at, "spread", s.Name, same(e.Account)) {
			add(Spread, g.networks)
		}
		if g.all > 0 {
			out = append(out, Alarm{Kind: BruteForce, When: at, Device: s.Name, Count: g.all})
		}
	case appliance.Changed:
		if w.once(calm, at, "changed", s.Name, same(e.Account)) {
			add(Changed, 1)
		}
	}
	return out
}

func (w *watch) device(name string, at time.Time) *device {
	d := w.memory.Devices[name]
	if d == nil {
		d = &device{First: at, Last: at, Faded: at}
		w.memory.Devices[name] = d
	}
	return d
}

// gap learns how long a device is silent as a rule. Time in which the house was closed says nothing.
func (w *watch) gap(d *device, at time.Time) {
	since := d.Last
	if w.started.After(since) {
		since = w.started
	}
	if days := at.Sub(d.Faded) / onceADay; days > 0 {
		d.Gap -= d.Gap / 100 * min(days, 50)
		d.Faded = d.Faded.Add(days * onceADay)
	}
	d.Gap = max(d.Gap, at.Sub(since))
	d.Last, w.dirty = at, true
}

// once reports whether something was not told within a time, and notes that it is now.
func (w *watch) once(in time.Duration, at time.Time, what ...string) bool {
	key := strings.Join(what, "\x00")
	if last, ok := w.memory.Told[key]; ok && at.Sub(last) < in {
		return false
	}
	if len(w.memory.Told) >= mostTold {
		for k, t := range w.memory.Told {
			if at.Sub(t) >= onceADay {
				delete(w.memory.Told, k)
			}
		}
		if len(w.memory.Told) >= mostTold { // rather told twice than not at all
			clear(w.memory.Told)
		}
	}
	w.memory.Told[key], w.dirty = at, true
	return true
}

// place learns from where an account comes, and reports what is new about it.
func (w *watch) place(d *device, a *Alarm, at time.Time) AlarmKind {
	if !a.Address.IsValid() {
		return ""
	}
	if d.Logins.IsZero() {
		d.Logins = at
	}
	key := a.Device + "\x00" + same(a.Account)
	k := w.memory.Accounts[key]
	if k == nil {
		w.forget()
		k = &known{}
		w.memory.Accounts[key] = k
	}
	k.Used, w.dirty = at, true
	country, network := a.Country, networkOf(a.Address).String()
	newCountry := country != "" && !slices.Contains(k.Countries, country)
	newNetwork := !slices.Contains(k.Networks, network)
	if newCountry {
		k.Countries = remember(k.Countries, country)
	}
	if newNetwork {
		k.Networks = remember(k.Networks, network)
	}
	switch {
	case at.Sub(d.Logins) < learning:
		return ""
	case newCountry && w.once(onceADay, at, "country", key, country):
		return NewCountry
	case newNetwork && !newCountry && w.once(onceADay, at, "address", key):
		return NewAddress
	}
	return ""
}

func remember(list []string, s string) []string {
	if len(list) >= mostPlaces {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, s)
}

// forget makes room for an account: those that were not used for the longest time go.
func (w *watch) forget() {
	if len(w.memory.Accounts) < mostAccounts {
		return
	}
	var times []time.Time
	for _, k := range w.memory.Accounts {
		times = append(times, k.Used)
	}
	slices.SortFunc(times, time.Time.Compare)
	until := times[len(times)/10]
	for key, k := range w.memory.Accounts {
		if !k.Used.After(until) {
			delete(w.memory.Accounts, key)
		}
	}
}

// networkOf is what a provider gives one customer, roughly.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
