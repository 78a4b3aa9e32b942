package appliance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// Fortinet's FortiGate: "FortiOS Log Message Reference" (docs.fortinet.com), pairs of fields, the last six digits of logid are the message ID.

func isFortiGate(m *syslog.Message) bool {
	return strings.Contains(m.Text, "logid=") && strings.Contains(m.Text, "type=") && (strings.Contains(m.Text, "devid=") || strings.Contains(m.Text, "vd="))
}

// fortiGateIDs are the messages that tell more by their ID than by their fields.
var fortiGateIDs = map[string]Kind{
	"032001": AdminLogin, "032002": AdminFailed, "032003": AdminLogout, "032021": AdminFailed, // 32021: locked out after too many
	"032102": Changed, "044544": Changed, "044545": Changed, "044546": Changed, "044547": Changed,
	"039424": VPNLogin, "039425": VPNLogout, "039426": VPNFailed, "039947": VPNLogin, "039948": VPNLogout, // SSL VPN
	"040118": VPNLogin, "040119": VPNLogout, // L2TP
}

func readFortiGate(m *syslog.Message, zone *time.Location) (e Event) {
	t := m.Text
	e.Account, e.Stated = fortiGateUser(t), fortiGateTime(t, zone)
	for _, key := range []string{"remip", "srcip"} {
		if e.Address = address(value(t, key)); e.Address.IsValid() {
			break
		}
	}
	if !e.Address.IsValid() { // ui="https(192.0.2.1)"
		e.Address = address(between(value(t, "ui"), "(", ")"))
	}
	kind, action := value(t, "type"), value(t, "action")
	id := value(t, "logid")
	id = id[max(0, len(id)-6):]
	switch kind {
	case "traffic":
		e.Kind = Traffic
		if action == "deny" || action == "blocked" {
			e.Kind = Blocked
		}
	case "utm":
		e.Kind = System
		switch value(t, "subtype") {
		case "virus", "ips", "anomaly", "waf":
			e.Kind = Attack
		case "webfilter", "app-ctrl", "dns":
			if e.Kind = Traffic; action == "blocked" || action == "block" {
				e.Kind = Blocked
			}
		}
	case "event":
		if e.Kind = fortiGateIDs[id]; e.Kind == "" {
			e.Kind = fortiGateEvent(t, action)
		}
	}
	return e
}

// fortiGateUser is who a message tells of. IPsec tells of two: of the gateway at the other end, by its address or its certificate, and of the person who
// came through it, if any did (XAUTH, or EAP). A gateway is nobody.
func fortiGateUser(t string) string {
	user := value(t, "user")
	if x := name(value(t, "xauthuser")); x != "" {
		return x
	}
	if value(t, "subtype") == "vpn" && (address(user).IsValid() || strings.Contains(user, " = ") || strings.HasPrefix(user, "CN=")) {
		return ""
	}
	return user
}

// fortiGateEvent is for messages whose ID is in no table: IDs come and go between versions, actions stay.
func fortiGateEvent(t, action string) Kind {
	failed := slices.Contains([]string{"failed", "failure", "negotiate_error"}, value(t, "status"))
	somebody := name(fortiGateUser(t)) != "" || strings.HasPrefix(value(t, "tunneltype"), "ssl") // and no tunnel between two gateways
	switch sub := value(t, "subtype"); {
	case sub == "vpn" && action == "tunnel-up" && somebody:
		return VPNLogin
	case sub == "vpn" && action == "tunnel-down" && somebody:
		return VPNLogout
	case sub == "vpn" && strings.HasSuffix(action, "login-fail"), sub == "vpn" && action == "negotiate" && failed && somebody:
		return VPNFailed
	case sub == "system" && action == "login" && failed:
		return AdminFailed
	case sub == "system" && action == "login":
		return AdminLogin
	case sub == "system" && action == "logout":
		return AdminLogout
	case value(t, "cfgpath") != "":
		return Changed
	}
	return System
}

// fortiGateTime is eventtime, in nanoseconds or, before FortiOS 6.2, seconds; or date, time and tz.
func fortiGateTime(t string, zone *time.Location) time.Time {
	if s := value(t, "eventtime"); len(s) == 19 || len(s) == 10 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
			if len(s) == 10 {
				return time.Unix(n, 0)
			}
			return time.Unix(0, n)
		}
	}
	stamp := value(t, "date") + " " + value(t, "time")
	if tz := value(t, "tz"); tz != "" {
		if x, err := time.Parse("2006-01-02 15:04:05 -0700", stamp+" "+tz); err == nil {
			return x
		}
	}
	x, err := time.ParseInLocation("2006-01-02 15:04:05", stamp, zone)
	if err != nil {
		return time.Time{}
	}
	return x
}
