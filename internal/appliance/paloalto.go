package appliance

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// Palo Alto Networks' PAN-OS: "Syslog Field Descriptions" (docs.paloaltonetworks.com): comma-separated, the fourth field is the type, the fifth the
// subtype, the seventh the time at which it happened, in the appliance's zone.

// Where the fields of each type stand.
const (
	panType, panSubtype, panTime = 3, 4, 6

	panTrafficFrom, panTrafficUser, panTrafficAction = 7, 12, 30
	panConfigHost, panConfigAdmin                    = 7, 10
	panSystemEvent, panSystemText                    = 8, 14
	panPortalEvent, panPortalUser, panPortalAddress  = 8, 12, 15 // IPv6 behind it; the one that there is not is 0.0.0.0
	panPortalStatus                                  = 25        // reason, error, description and status: one of the last is "success" or "failure"
	panMost                                          = 64        // fields that are looked at
)

func isPaloAlto(m *syslog.Message) bool {
	t := strings.TrimLeft(m.Text, "0123456789") // FUTURE_USE, most often 1
	if len(t) == len(m.Text) || !strings.HasPrefix(t, ",20") && !strings.HasPrefix(t, ",") {
		return false
	}
	for _, s := range []string{",TRAFFIC,", ",THREAT,", ",SYSTEM,", ",CONFIG,", ",GLOBALPROTECT,", ",USERID,", ",HIPMATCH,", ",DECRYPTION,", ",AUTHENTICATION,", ",CORRELATION,"} {
		if strings.Contains(t[:min(len(t), 128)], s) {
			return true
		}
	}
	return false
}

func readPaloAlto(m *syslog.Message, zone *time.Location) (e Event) {
	f := fields(m.Text)
	at := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	if x, err := time.ParseInLocation("2006/01/02 15:04:05", at(panTime), zone); err == nil {
		e.Stated = x
	}
	switch at(panType) {
	case "TRAFFIC":
		e.Address, e.Account, e.Kind = address(at(panTrafficFrom)), withoutRealm(at(panTrafficUser)), Traffic
		if a := at(panTrafficAction); at(panSubtype) == "deny" || at(panSubtype) == "drop" || a == "deny" || strings.HasPrefix(a, "drop") || strings.HasPrefix(a, "reset") {
			e.Kind = Blocked
		}
	case "THREAT":
		e.Address, e.Account, e.Kind = address(at(panTrafficFrom)), withoutRealm(at(panTrafficUser)), Attack
		if s := at(panSubtype); s == "url" || s == "file" || s == "data" {
			e.Kind = Traffic
		}
	case "CONFIG":
		e.Address, e.Account, e.Kind = address(at(panConfigHost)), at(panConfigAdmin), Changed
	case "GLOBALPROTECT":
		if e.Address = address(at(panPortalAddress)); !e.Address.IsValid() || e.Address.IsUnspecified() {
			e.Address = address(at(panPortalAddress + 1))
		}
		e.Account = withoutRealm(at(panPortalUser))
		e.Kind = panPortal(at(panPortalEvent), slices.Contains(f[min(panPortalStatus, len(f)):min(panPortalStatus+5, len(f))], "failure"))
	case "SYSTEM":
		e.Kind, e.Account, e.Address = panSystem(at(panSubtype), at(panSystemEvent), at(panSystemText))
	case "":
	default:
		e.Kind = System
	}
	return e
}

// panPortal is what a stage of GlobalProtect means. A login has several stages; the gateway's is the one after which somebody is inside.
func panPortal(event string, failed bool) Kind {
	switch {
	case failed && (strings.Contains(event, "auth") || strings.Contains(event, "login") || strings.Contains(event, "connected")):
		return VPNFailed
	case event == "gateway-connected", event == "gateway-auth", event == "gw-auth", event == "clientlessvpn-login":
		return VPNLogin
	case event == "gateway-logout", event == "clientlessvpn-logout":
		return VPNLogout
	}
	return System
}

// panSystem reads the system log, in which logins are told as a sentence.
func panSystem(subtype, event, text string) (Kind, string, netip.Addr) {
	from := address(firstWord(after(text, "From: ", "Login from: ", " from ")))
	user := strings.Trim(firstWord(after(text, "User name: ", "user '", "User '", "for user ", "User ", "user ")), `'".,`)
	user = withoutRealm(user)
	vpn := subtype == "globalprotect"
	switch {
	case strings.HasSuffix(event, "auth-fail"), strings.Contains(event, "gateway-auth-fail"), strings.Contains(event, "portal-auth-fail"), strings.HasPrefix(text, "failed authentication"):
		if vpn {
			return VPNFailed, user, from
		}
		return AdminFailed, user, from
	case strings.HasPrefix(event, "globalprotectgateway-") && (strings.HasSuffix(event, "auth-succ") || strings.HasSuffix(event, "regist-succ")):
		return VPNLogin, user, from
	case strings.HasPrefix(event, "globalprotectgateway-logout"):
		return VPNLogout, user, from
	case strings.Contains(text, " logged in via "):
		return AdminLogin, user, from
	case strings.Contains(text, " logged out via "):
		return AdminLogout, user, from
	case strings.Contains(text, "Commit job started"), strings.Contains(text, "onfiguration committed"), event == "config-loaded":
		return Changed, user, from
	}
	return System, user, from
}

// after returns what stands behind the first of some texts.
func after(s string, marks ...string) string {
	for _, m := range marks {
		if _, rest, ok := strings.Cut(s, m); ok {
			return rest
		}
	}
	return ""
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return strings.TrimRight(w, ",")
}

// withoutRealm takes the Windows domain before a name away, and the one behind it.
func withoutRealm(s string) string {
	if i := strings.LastIndexByte(s, '\\'); i >= 0 {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(s, "@")
	return s
}

// fields takes a line of CSV apart, RFC 4180, as far as it is looked at.
func fields(s string) (out []string) {
	for len(out) < panMost {
		if !strings.HasPrefix(s, `"`) {
			f, rest, ok := strings.Cut(s, ",")
			if out = append(out, f); !ok {
				return out
			}
			s = rest
			continue
		}
		end := 1
		for end < len(s) && (s[end] != '"' || end+1 < len(s) && s[end+1] == '"') {
			if s[end] == '"' {
				end++
			}
			end++
		}
		end = min(end, len(s))
		out = append(out, strings.ReplaceAll(s[1:end], `""`, `"`))
		_, rest, ok := strings.Cut(s[min(end+1, len(s)):], ",")
		if !ok {
			return out
		}
		s = rest
	}
	return out
}
