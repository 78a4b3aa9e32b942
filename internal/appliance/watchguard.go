package appliance

import (
	"net/netip"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// WatchGuard's Firebox: "Fireware Log Message Catalog" (watchguard.com): a process, msg_id="XXXX-XXXX", and a text. Traffic says Allow or Deny, two
// interfaces, and where from and to.

func isWatchGuard(m *syslog.Message) bool {
	return strings.Contains(m.Text, `msg_id="`) || strings.Contains(m.Text, "firewall: Allow ") || strings.Contains(m.Text, "firewall: Deny ")
}

func readWatchGuard(m *syslog.Message, zone *time.Location) (e Event) {
	t := m.Text
	if s := between(t, "(", ")"); len(s) == len("2006-01-02T15:04:05") { // always UTC, behind the serial number
		if x, err := time.ParseInLocation("2006-01-02T15:04:05", s, time.UTC); err == nil {
			e.Stated = x
		}
	}
	id := value(t, "msg_id")
	text := t
	if i := strings.Index(t, id+`"`); id != "" && i >= 0 {
		text = strings.TrimSpace(t[i+len(id)+1:])
	}
	e.Account, e.Address = watchGuardWho(text)
	switch {
	case id == "3E00-0002", id == "1100-0004", id == "2500-0000":
		e.Kind = watchGuardWay(text, AdminLogin, VPNLogin)
	case id == "1100-0005", id == "5000-0001", id == "021A-0016", strings.HasPrefix(id, "1100-000") && strings.ContainsAny(id[8:], "8CDE"):
		e.Kind = watchGuardWay(text, AdminFailed, VPNFailed)
	case id == "3E00-0004", id == "2500-0001":
		e.Kind = watchGuardWay(text, AdminLogout, VPNLogout)
	case strings.HasPrefix(id, "0101-"), strings.HasPrefix(id, "0102-"), strings.HasPrefix(id, "0105-"), id == "1100-0006", id == "1100-0007":
		e.Kind = Changed
	case strings.HasPrefix(id, "3000-"), id == "":
		e.Kind = System
		for _, w := range []struct {
			word string
			kind Kind
		}{{"Deny ", Blocked}, {"Allow ", Traffic}} {
			if i := strings.Index(text, w.word); i >= 0 && i < 64 {
				e.Kind, e.Account, e.Address = w.kind, value(text, "src_user"), watchGuardFrom(text[i:])
			}
		}
	case strings.Contains(text, "IPS detected"), strings.Contains(text, "virus found"), strings.Contains(text, "attack"):
		e.Kind = Attack
	default:
		e.Kind = System
	}
	return e
}

// watchGuardWay tells people who manage the appliance from those who come over the VPN: the text says which user it is.
func watchGuardWay(text string, manage, vpn Kind) Kind {
	for _, s := range []string{"Management user", "anagement", "WSM user", "Fireware Web UI"} {
		if strings.Contains(text, s) {
			return manage
		}
	}
	return vpn
}

// watchGuardWho reads "user sato@Firebox-DB from 192.0.2.1" and "user [sato@Firebox-DB] from 192.0.2.1". Without its domain the name is the one
// that other appliances, and the house, tell.
func watchGuardWho(text string) (who string, from netip.Addr) {
	_, rest, ok := strings.Cut(text, "user ")
	if !ok {
		return "", netip.Addr{}
	}
	who, rest, _ = strings.Cut(rest, " ")
	who, _, _ = strings.Cut(strings.Trim(who, "[]'\",."), "@")
	return who, address(firstWord(after(" "+rest, "Real IP address is ", " from "))) // "logged in. Virtual IP address is 192.0.2.200. Real IP address is 198.51.100.7."
}

// watchGuardFrom is the first address behind the interfaces, whose names may have blanks.
func watchGuardFrom(text string) netip.Addr {
	for word := range strings.FieldsSeq(text) {
		if a, err := netip.ParseAddr(word); err == nil {
			return a
		}
	}
	return netip.Addr{}
}
