// Package appliance understands what firewalls, UTM and VPN appliances report: the lines of each maker become one form of event. What is not
// understood is said to be so, and is kept as it came.
package appliance

import (
	"net/netip"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// Kind says what an appliance reports.
type Kind string

// The kinds. They are part of what is stored, and of the JSON output.
const (
	VPNLogin    Kind = "vpn-login"    // somebody came in over the VPN
	VPNFailed   Kind = "vpn-failed"   // somebody tried to
	VPNLogout   Kind = "vpn-logout"   // or left
	AdminLogin  Kind = "admin-login"  // somebody came to the appliance itself
	AdminFailed Kind = "admin-failed" // somebody tried to
	AdminLogout Kind = "admin-logout"
	Changed     Kind = "config-changed" // the appliance's configuration was changed
	Attack      Kind = "attack"         // the appliance says that it has seen one
	Blocked     Kind = "blocked"        // a connection was refused
	Traffic     Kind = "traffic"        // a connection was let through
	System      Kind = "system"         // anything else that is understood
	Raw         Kind = "raw"            // not understood
)

// Kinds are all kinds.
var Kinds = []Kind{VPNLogin, VPNFailed, VPNLogout, AdminLogin, AdminFailed, AdminLogout, Changed, Attack, Blocked, Traffic, System, Raw}

// Security reports whether events of a kind say who came, tried to come or changed something: they are entries of the ledger of their own.
func (k Kind) Security() bool {
	switch k {
	case VPNLogin, VPNFailed, VPNLogout, AdminLogin, AdminFailed, AdminLogout, Changed:
		return true
	}
	return false
}

// Countable reports whether events of a kind may be counted instead of stored: they are understood, and tell of nobody who came in.
func (k Kind) Countable() bool { return !k.Security() && k != Raw }

// Login reports whether somebody came in.
func (k Kind) Login() bool { return k == VPNLogin || k == AdminLogin }

// Event is what a line says.
type Event struct {
	Kind    Kind
	Maker   string     // of whose lines it is; empty: unknown
	Account string     // who it was, as the appliance calls them
	Address netip.Addr // where they were
	Stated  time.Time  // by the appliance's clock; zero: it states none
}

// maker is whose appliance it is: one file each.
type maker struct {
	name string
	is   func(m *syslog.Message) bool
	// read says what a line of theirs means. With a Stated of zero that of the header counts; with no Kind it was not understood.
	read func(m *syslog.Message, zone *time.Location) Event
	// join completes what a line means with what lines before it have said; nil: each line says all.
	join func(e *Event, m *syslog.Message, before *Memory)
}

// Memory is what lines of one appliance have said that only later ones make an event of. The zero value is ready.
type Memory struct {
	calls map[string]call // by interface
	from  netip.Addr      // of the tunnel that came up last
}

// call is a dial-in that is not through yet.
type call struct {
	account string
	from    netip.Addr
}

// mostCalls bounds a Memory.
const mostCalls = 1024

// makers are those that are understood. A new one is a file, a line here, and its name in package lang.
var makers = []maker{
	{"fortigate", isFortiGate, readFortiGate, nil},
	{"paloalto", isPaloAlto, readPaloAlto, nil},
	{"sonicwall", isSonicWall, readSonicWall, nil},
	{"watchguard", isWatchGuard, readWatchGuard, nil},
	{"yamaha", isYamaha, readYamaha, joinYamaha},
}

// Makers lists the names of the makers.
func Makers() (out []string) {
	for _, m := range makers {
		out = append(out, m.name)
	}
	return out
}

// longest is how much of a name is kept.
const longest = 128

// Read says what a line means, behind those of the same appliance that before remembers. Without the name of a maker each is tried.
func Read(m *syslog.Message, of string, zone *time.Location, before *Memory) Event {
	for i := range makers {
		if mk := &makers[i]; mk.name == of || of == "" && mk.is(m) {
			e := mk.read(m, zone)
			if mk.join != nil {
				mk.join(&e, m, before)
			}
			if e.Maker = mk.name; e.Kind == "" {
				e.Kind = Raw
			}
			if e.Stated.IsZero() {
				e.Stated = m.Stated
			}
			e.Account = name(e.Account)
			e.Address = e.Address.Unmap().WithZone("")
			return e
		}
	}
	return Event{Kind: Raw, Stated: m.Stated}
}

// name cleans and cuts a name that somebody may have typed.
func name(s string) string {
	switch s {
	case "N/A", "n/a", "-", "unknown", "Unknown", "(unknown)":
		return ""
	}
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
}

// address reads an address, also in brackets, with a port or an interface behind it; what is none is no address.
func address(s string) netip.Addr {
	s = strings.Trim(s, ` "'.,;`)
	if a, err := netip.ParseAddr(s); err == nil {
		return a
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr()
	}
	if host, _, ok := strings.Cut(s, ":"); ok { // 192.0.2.1:50000:X1
		if a, err := netip.ParseAddr(host); err == nil {
			return a
		}
	}
	return netip.Addr{}
}

// value returns what stands behind key= in a line of pairs: a word, or a text in quotes, in which a backslash takes the quote's meaning away.
func value(line, key string) string {
	for at := 0; ; {
		i := strings.Index(line[at:], key)
		if i < 0 {
			return ""
		}
		start := at + i
		at = start + len(key)
		if at >= len(line) || line[at] != '=' || start > 0 && line[start-1] != ' ' && line[start-1] != ',' {
			continue
		}
		if quotes(line[:start])%2 == 1 { // it stands in somebody's text
			continue
		}
		rest := line[at+1:]
		if !strings.HasPrefix(rest, `"`) {
			end := strings.IndexAny(rest, " ,")
			if end < 0 {
				end = len(rest)
			}
			return rest[:end]
		}
		for j := 1; j < len(rest); j++ {
			switch rest[j] {
			case '\\':
				j++
			case '"':
				return rest[1:j]
			}
		}
		return rest[1:]
	}
}

// quotes counts the quotes that begin or end a text.
func quotes(s string) (n int) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			n++
		}
	}
	return n
}

// between returns what stands in s behind one text and before another; empty: it does not.
func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	out, _, ok := strings.Cut(rest, to)
	if !ok {
		return ""
	}
	return out
}
