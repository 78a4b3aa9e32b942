package appliance

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// Yamaha's RTX, NVR and FWX routers: "SYSLOG" and "L2TP/IPsec" of the technical documents (rtpro.yamaha.co.jp). Sentences, some with the function
// in brackets before them. Set "syslog notice on" for filters and "l2tp syslog on" for who comes over L2TP. A dial-in is several lines: the tunnel with the
// address, the call with the name, and only "PPP/IPCP up" once the password was right.

// yamahaFunctions stand before sentences that tell nothing of who came.
var yamahaFunctions = []string{"[IKE]", "[L2TP]", "[PPTP]", "[INSPECT]", "[IDS]", "[DHCPD]", "[NTP]", "[SWCTL]", "[LUA]", "[HTTPD]", "[SSHD]", "PP[", "LAN1", "LAN2", "LAN3", "TUNNEL[", "IP Tunnel["}

func isYamaha(m *syslog.Message) bool {
	_, t := yamahaStamp(m.Text)
	k := yamahaKind(t)
	return k != "" && (k != System || slices.ContainsFunc(yamahaFunctions, func(f string) bool { return strings.HasPrefix(t, f) }))
}

// yamahaStamp takes the time away that "show log", and some forwarders, put before a sentence.
func yamahaStamp(t string) (stamp, rest string) {
	if len(t) > 20 && t[4] == '/' && t[19] == ':' {
		return t[:19], strings.TrimPrefix(t[20:], " ")
	}
	return "", t
}

func readYamaha(m *syslog.Message, zone *time.Location) (e Event) {
	stamp, t := yamahaStamp(m.Text)
	if x, err := time.ParseInLocation("2006/01/02 15:04:05", stamp, zone); err == nil {
		e.Stated = x
	}
	e.Kind = yamahaKind(t)
	switch e.Kind {
	case AdminLogin, AdminFailed, AdminLogout: // Login succeeded for SSH: 192.0.2.1 admin
		_, rest, _ := strings.Cut(t, ": ")
		where, who, _ := strings.Cut(rest, " ")
		if e.Address = address(where); !e.Address.IsValid() && who == "" {
			who = where
		}
		e.Account, _, _ = strings.Cut(who, " ")
	case Changed: // Configuration saved in "CONFIG0" by SSH(admin)
		by := after(t, " by ", " from ")
		if e.Account = between(by, "(", ")"); e.Account == "" {
			e.Address = address(firstWord(by))
		}
	case VPNLogin, VPNFailed, VPNLogout, System: // PP[ANONYMOUS01] Call detected from user 'sato'; [L2TP] TUNNEL[1] connected from 192.0.2.1
		e.Account = between(t, "user '", "'")
		e.Address = address(firstWord(after(t, "connected from ")))
	case Blocked, Traffic, Attack:
		e.Address = yamahaFrom(t)
	}
	return e
}

// yamahaKind is what a sentence means; empty: it is none of theirs.
func yamahaKind(t string) Kind {
	has := func(s string) bool { return strings.Contains(t, s) }
	function := strings.HasPrefix(t, "PP[") || strings.HasPrefix(t, "LAN") || strings.HasPrefix(t, "TUNNEL[") || strings.HasPrefix(t, "[")
	switch {
	case strings.HasPrefix(t, "Login succeeded for "), strings.HasPrefix(t, "'administrator' succeeded for "):
		return AdminLogin
	case strings.HasPrefix(t, "Login failed for "), strings.HasPrefix(t, "'administrator' failed for "), strings.HasPrefix(t, "Login refused"):
		return AdminFailed
	case strings.HasPrefix(t, "Logout from "), strings.HasPrefix(t, "Logout for "):
		return AdminLogout
	case strings.HasPrefix(t, "Configuration saved"), strings.HasPrefix(t, "Configuration changed"), strings.HasPrefix(t, "Loaded configuration"), strings.HasPrefix(t, "Previous EXEC: "):
		return Changed
	case !function && !strings.HasPrefix(t, "IP Tunnel["):
		return ""
	case strings.HasPrefix(t, "PP[ANONYMOUS") && has("PPP/IPCP up"):
		return VPNLogin
	case strings.HasPrefix(t, "PP[ANONYMOUS") && (has("CHAP Failure") || has("PAP Nak") || has("uthentication failed") || has("Rejected user")):
		return VPNFailed
	case strings.HasPrefix(t, "PP[ANONYMOUS") && (has("isconnect") || has("PPP/IPCP down")):
		return VPNLogout
	case has("[IDS]"), has("Rejected at ") && has("(ids)"), strings.HasPrefix(t, "[IDS"):
		return Attack
	case has("Rejected at "):
		return Blocked
	case has("Passed at "), has("[INSPECT]"):
		return Traffic
	}
	return System
}

// joinYamaha gives a dial-in the name and the address that the lines before have told.
func joinYamaha(e *Event, m *syslog.Message, before *Memory) {
	_, t := yamahaStamp(m.Text)
	if (strings.HasPrefix(t, "[L2TP]") || strings.HasPrefix(t, "[PPTP]")) && e.Address.IsValid() {
		before.from = e.Address
		return
	}
	port, _, ok := strings.Cut(t, "] ")
	if !ok || !strings.HasPrefix(port, "PP[ANONYMOUS") {
		return
	}
	if strings.Contains(t, "Call detected from user ") {
		if before.calls == nil || len(before.calls) >= mostCalls {
			before.calls = make(map[string]call)
		}
		before.calls[port] = call{e.Account, before.from}
	}
	if c, ok := before.calls[port]; ok {
		if e.Account == "" {
			e.Account = c.account
		}
		if !e.Address.IsValid() {
			e.Address = c.from
		}
	}
	if e.Kind == VPNLogout {
		delete(before.calls, port)
	}
}

// yamahaFrom is where a packet came from: "TCP 192.0.2.1:50000 > 198.51.100.1:443"; of IPv6 the port stands behind a stop.
func yamahaFrom(t string) netip.Addr {
	before, _, ok := strings.Cut(t, " > ")
	if !ok {
		return netip.Addr{}
	}
	from := before[strings.LastIndexByte(before, ' ')+1:]
	if a := address(from); a.IsValid() {
		return a
	}
	if i := strings.LastIndexByte(from, '.'); i >= 0 {
		return address(from[:i])
	}
	return netip.Addr{}
}
