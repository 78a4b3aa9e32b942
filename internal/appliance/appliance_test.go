package appliance

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/azekura/azekura/internal/syslog"
)

var (
	tokyo    = time.FixedZone("JST", 9*3600)
	received = time.Date(2026, 11, 30, 10, 0, 5, 0, tokyo)
	ten      = time.Date(2026, 11, 30, 10, 0, 0, 0, tokyo)
)

const (
	forti = `<185>date=2026-11-30 time=10:00:00 devname="gw" devid="FG100F0000000001" eventtime=1796000400000000000 tz="+0900" `
	sonic = `<134>  id=firewall sn=0006B1000001 time="2026-11-30 01:00:00 UTC" fw=203.0.113.1 `
	guard = `<142>Nov 30 10:00:00 FB 80BE00000001 (2026-11-30T01:00:00) `
	pan   = `<14>Nov 30 10:00:05 pa 1,2026/11/30 10:00:05,012345678901,`
	rtx   = `<134>Nov 30 10:00:00 rtx `
)

// samples are lines written after the makers' references, with what each means.
var samples = []struct {
	line, maker string
	kind        Kind
	who, from   string
}{
	{forti + `logid="0101039424" type="event" subtype="vpn" level="information" vd="root" logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-tunnel" remip=198.51.100.7 user="sato" group="vpn" reason="login successfully"`, "fortigate", VPNLogin, "sato", "198.51.100.7"},
	{forti + `logid="0101039426" type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" remip=198.51.100.7 user="root" reason="sslvpn_login_unknown_user" msg="user=admin failed"`, "fortigate", VPNFailed, "root", "198.51.100.7"},
	{forti + `logid="0101039948" type="event" subtype="vpn" vd="root" action="tunnel-down" remip=198.51.100.7 user="sato"`, "fortigate", VPNLogout, "sato", "198.51.100.7"},
	{forti + `logid="0101037138" type="event" subtype="vpn" vd="root" action="tunnel-up" remip=198.51.100.8 user="N/A" xauthuser="tanaka"`, "fortigate", VPNLogin, "tanaka", "198.51.100.8"},
	{forti + `logid="0101037138" type="event" subtype="vpn" vd="root" action="tunnel-up" remip=198.51.100.8 user="N/A" xauthuser="N/A" vpntunnel="branch"`, "fortigate", System, "", "198.51.100.8"},
	{forti + `logid="0101037138" type="event" subtype="vpn" vd="root" action="tunnel-up" remip=198.51.100.8 user="198.51.100.8" xauthuser="N/A" vpntunnel="branch" tunneltype="ipsec"`, "fortigate", System, "", "198.51.100.8"},
	{forti + `logid="0101037138" type="event" subtype="vpn" vd="root" action="tunnel-down" remip=198.51.100.8 user="C = JP, O = Factory, CN = branch" xauthuser="N/A" tunneltype="ipsec"`, "fortigate", System, "", "198.51.100.8"},
	{forti + `logid="0101037138" type="event" subtype="vpn" vd="root" action="tunnel-up" remip=198.51.100.8 user="198.51.100.8" xauthuser="tanaka" tunneltype="ipsec"`, "fortigate", VPNLogin, "tanaka", "198.51.100.8"},
	{forti + `logid="0101037124" type="event" subtype="vpn" vd="root" action="negotiate" remip=198.51.100.66 user="N/A" xauthuser="N/A" status="negotiate_error" reason="peer SA proposal not match local policy"`, "fortigate", System, "", "198.51.100.66"},
	{forti + `logid="0101037120" type="event" subtype="vpn" vd="root" action="negotiate" remip=198.51.100.66 user="N/A" xauthuser="root" status="failure"`, "fortigate", VPNFailed, "root", "198.51.100.66"},
	{forti + `logid="0100032001" type="event" subtype="system" vd="root" logdesc="Admin login successful" user="admin" ui="https(192.0.2.9)" srcip=192.0.2.9 action="login" status="success"`, "fortigate", AdminLogin, "admin", "192.0.2.9"},
	{forti + `logid="0100032002" type="event" subtype="system" vd="root" logdesc="Admin login failed" user="admin" ui="ssh(192.0.2.9)" action="login" status="failed"`, "fortigate", AdminFailed, "admin", "192.0.2.9"},
	{forti + `logid="0100044547" type="event" subtype="system" vd="root" logdesc="Object attribute configured" user="admin" ui="GUI(192.0.2.9)" action="Edit" cfgpath="firewall.policy" cfgobj="12" msg="Edit firewall.policy 12"`, "fortigate", Changed, "admin", "192.0.2.9"},
	{forti + `logid="0000000013" type="traffic" subtype="forward" vd="root" srcip=192.0.2.30 dstip=198.51.100.1 action="close"`, "fortigate", Traffic, "", "192.0.2.30"},
	{forti + `logid="0000000013" type="traffic" subtype="forward" vd="root" srcip=192.0.2.30 action="deny"`, "fortigate", Blocked, "", "192.0.2.30"},
	{forti + `logid="0419016384" type="utm" subtype="ips" vd="root" srcip=198.51.100.66 action="dropped"`, "fortigate", Attack, "", "198.51.100.66"},

	{sonic + `pri=6 c=32 gcat=3 m=1080 msg="SSL VPN zone remote user login allowed" n=7 src=198.51.100.7:50000:X1 dst=203.0.113.1:443:X0 usr="sato"`, "sonicwall", VPNLogin, "sato", "198.51.100.7"},
	{sonic + `pri=5 c=16 m=749 msg="User login denied - invalid credentials on LDAP server" n=8 src=198.51.100.7:50000:X1 usr="sato"`, "sonicwall", VPNFailed, "sato", "198.51.100.7"},
	{sonic + `pri=1 c=32 m=30 msg="Administrator login denied due to bad credentials" n=9 src=192.0.2.9::X0 usr="admin"`, "sonicwall", AdminFailed, "admin", "192.0.2.9"},
	{sonic + `pri=6 c=16 m=440 msg="Access rule added" n=10 src=192.0.2.9::X0 usr="admin"`, "sonicwall", Changed, "admin", "192.0.2.9"},
	{sonic + `pri=6 c=1024 m=537 msg="Connection Closed" n=11 src=192.0.2.30:1:X0 dst=198.51.100.1:443:X1`, "sonicwall", Traffic, "", "192.0.2.30"},
	{sonic + `pri=6 c=1024 m=1153 msg="SSL VPN Traffic" n=12 src=198.51.100.7:50000:X1 usr="sato"`, "sonicwall", Traffic, "sato", "198.51.100.7"},
	{sonic + `pri=6 c=16 m=1432 msg="Configuration changed: sshd" n=13 src=192.0.2.9::X0 usr="admin"`, "sonicwall", Changed, "admin", "192.0.2.9"},
	{sonic + `pri=3 c=32 m=583 msg="User login disabled from 198.51.100.7" n=14 src=198.51.100.7 usr="sato"`, "sonicwall", VPNFailed, "sato", "198.51.100.7"},
	{`<134>  id=tz300 sn=0006B1000001 time="2026-11-30 01:00:00 UTC" fw=203.0.113.1 pri=6 m=237 msg="VPN zone remote user login allowed" src=198.51.100.7 usr="sato"`, "sonicwall", VPNLogin, "sato", "198.51.100.7"},
	{sonic + `pri=6 m=9999 msg="VPN zone remote user login allowed" src=198.51.100.7 usr="sato"`, "sonicwall", VPNLogin, "sato", "198.51.100.7"},

	{guard + `sessiond: msg_id="3E00-0002" SSL VPN user sato@Firebox-DB from 198.51.100.7 logged in assigned virtual IP is 192.0.2.200`, "watchguard", VPNLogin, "sato", "198.51.100.7"},
	{guard + `sslvpn: msg_id="2500-0000" Mobile VPN with SSL user sato@Firebox-DB logged in. Virtual IP address is 192.0.2.200. Real IP address is 198.51.100.7.`, "watchguard", VPNLogin, "sato", "198.51.100.7"},
	{guard + `sslvpn: msg_id="2500-0001" Mobile VPN with SSL user sato logged out. Virtual IP address is 192.0.2.200.`, "watchguard", VPNLogout, "sato", ""},
	{guard + `admd: msg_id="1100-0005" Authentication of SSLVPN user [sato@Firebox-DB] from 198.51.100.7 was rejected, Password is incorrect`, "watchguard", VPNFailed, "sato", "198.51.100.7"},
	{guard + `sessiond: msg_id="3E00-0002" Management user admin@Firebox-DB from 192.0.2.9 logged in`, "watchguard", AdminLogin, "admin", "192.0.2.9"},
	{guard + `configd: msg_id="0101-0001" Device configuration was modified by user admin@Firebox-DB from 192.0.2.9`, "watchguard", Changed, "admin", "192.0.2.9"},
	{guard + `firewall: msg_id="3000-0148" Deny 0-External 1-Trusted 52 tcp 20 127 198.51.100.66 192.0.2.1 50000 22 offset 8 S 1 win 32 (Unhandled External Packet-00)`, "watchguard", Blocked, "", "198.51.100.66"},
	{guard + `firewall: msg_id="3000-0148" Allow 1-Trusted 0-External 52 tcp 20 127 192.0.2.30 198.51.100.1 50000 443 offset 8 S 1 win 32 (HTTPS-00)`, "watchguard", Traffic, "", "192.0.2.30"},

	{pan + `GLOBALPROTECT,0,2817,2026/11/30 10:00:00,vsys1,gateway-connected,connected,,SSLVPN,corp\sato,JP,PC-1,198.51.100.7,0.0.0.0,192.0.2.200,0.0.0.0,id,serial,6.2.4,Windows,"Microsoft Windows 11 , 64-bit",1,,,"",success,,0,,0,GW`, "paloalto", VPNLogin, "sato", "198.51.100.7"},
	{pan + `GLOBALPROTECT,0,2817,2026/11/30 10:00:00,vsys1,gw-auth,login,Other,,sato,JP,PC-1,0.0.0.0,2001:db8::7,192.0.2.200,0.0.0.0,id,serial,6.2.4,Windows,"x",1,,,"",success,,0,,0,GW`, "paloalto", VPNLogin, "sato", "2001:db8::7"},
	{pan + `GLOBALPROTECT,0,2817,2026/11/30 10:00:00,vsys1,portal-auth,login,LDAP,,sato@example.jp,JP,PC-1,198.51.100.7,0.0.0.0,0.0.0.0,0.0.0.0,id,serial,6.2.4,Windows,"Microsoft Windows 11 , 64-bit",1,,,"Authentication failed",failure,,0,,0,Portal`, "paloalto", VPNFailed, "sato", "198.51.100.7"},
	{pan + `SYSTEM,globalprotect,0,2026/11/30 10:00:00,,globalprotectgateway-auth-succ,VPN-GW,0,0,general,informational,"GlobalProtect gateway user authentication succeeded. Login from: 198.51.100.7, User name: sato, Auth type: profile, Client OS version: Windows",1,0x0,0,0,0,0,,pa`, "paloalto", VPNLogin, "sato", "198.51.100.7"},
	{pan + `SYSTEM,auth,0,2026/11/30 10:00:00,,auth-fail,,0,0,general,medium,failed authentication for user 'admin'. Reason: Invalid username/password. From: 192.0.2.9.,1,0x0,0,0,0,0,,pa`, "paloalto", AdminFailed, "admin", "192.0.2.9"},
	{pan + `SYSTEM,general,0,2026/11/30 10:00:00,,general,,0,0,general,informational,"User admin logged in via Web from 192.0.2.9 using https",1,0x0,0,0,0,0,,pa`, "paloalto", AdminLogin, "admin", "192.0.2.9"},
	{pan + `CONFIG,0,2817,2026/11/30 10:00:00,192.0.2.9,,set,admin,Web,Succeeded, config shared,1,0x0`, "paloalto", Changed, "admin", "192.0.2.9"},
	{pan + `TRAFFIC,end,2817,2026/11/30 10:00:00,192.0.2.30,198.51.100.1,0.0.0.0,0.0.0.0,rule1,corp\sato,,ssl,vsys1,trust,untrust,ae1,ae2,fwd,2026/11/30 10:00:00,1,1,50000,443,0,0,0x0,tcp,allow,100,50,50`, "paloalto", Traffic, "sato", "192.0.2.30"},
	{pan + `TRAFFIC,drop,2817,2026/11/30 10:00:00,198.51.100.66,192.0.2.1,0.0.0.0,0.0.0.0,deny-all,,,not-applicable`, "paloalto", Blocked, "", "198.51.100.66"},

	{rtx + `Login succeeded for SSH: 192.0.2.9 admin`, "yamaha", AdminLogin, "admin", "192.0.2.9"},
	{rtx + `Login failed for TELNET: 192.0.2.9`, "yamaha", AdminFailed, "", "192.0.2.9"},
	{rtx + `Configuration saved in "CONFIG0" by SSH(admin)`, "yamaha", Changed, "admin", ""},
	{rtx + `PP[ANONYMOUS01] Call detected from user 'sato'`, "yamaha", System, "sato", ""},
	{rtx + `[L2TP] TUNNEL[1] connected from 198.51.100.7`, "yamaha", System, "", "198.51.100.7"},
	{rtx + `[L2TP] TUNNEL[1] disconnect tunnel 12345 complete`, "yamaha", System, "", ""},
	{rtx + `PP[ANONYMOUS01] PPP/IPCP up (Local: 192.168.1.1, Remote: 192.168.1.200)`, "yamaha", VPNLogin, "", ""},
	{rtx + `PP[01] PPP/IPCP up (Local: 203.0.113.1, Remote: 203.0.113.254)`, "yamaha", System, "", ""},
	{rtx + `PP[01] Rejected at IN(2000) filter: TCP 198.51.100.66:50000 > 192.0.2.1:22`, "yamaha", Blocked, "", "198.51.100.66"},
	{rtx + `[INSPECT] LAN2[out][101] TCP 192.0.2.30:50000 > 198.51.100.1:443 (2026/11/30 09:59:00)`, "yamaha", Traffic, "", "192.0.2.30"},
	{rtx + `[IKE] initiate ISAKMP phase to 203.0.113.2 (local address 192.0.2.1)`, "yamaha", System, "", ""},
	{`<134>2026/11/30 10:00:00: IP Tunnel[1] Up`, "yamaha", System, "", ""},

	{`<13>Nov 30 10:00:00 nas kernel: something else happened to user=root`, "", Raw, "", ""},
	{`<13>Nov 30 10:00:00 nas [info] started`, "", Raw, "", ""},
}

// TestSamples: what each line says, by trying all makers and by the one it is of.
func TestSamples(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range samples {
		m := syslog.Parse([]byte(c.line), received, tokyo)
		for _, of := range []string{"", c.maker} {
			e := Read(&m, of, tokyo, &Memory{})
			from := ""
			if e.Address.IsValid() {
				from = e.Address.String()
			}
			if e.Maker != c.maker || e.Kind != c.kind || e.Account != c.who || from != c.from || !e.Stated.Equal(ten) {
				t.Errorf("%s\nis %q %s of %q from %s at %v", c.line, e.Maker, e.Kind, e.Account, from, e.Stated)
			}
		}
		seen[c.maker] = true
	}
	for _, m := range Makers() {
		if !seen[m] {
			t.Errorf("no line of %s", m)
		}
	}
}

// TestDialIn: at a Yamaha a login is one once the password was right, with the name and the address of the lines before.
func TestDialIn(t *testing.T) {
	var before Memory
	read := func(text string) string {
		m := syslog.Parse([]byte(rtx+text), received, tokyo)
		e := Read(&m, "yamaha", tokyo, &before)
		return strings.TrimSpace(string(e.Kind) + " " + e.Account + " " + e.Address.String())
	}
	for _, c := range [][2]string{
		{"[L2TP] TUNNEL[1] connected from 198.51.100.7", "system  198.51.100.7"},
		{"PP[ANONYMOUS01] Call detected from user 'sato'", "system sato 198.51.100.7"},
		{"[L2TP] TUNNEL[2] connected from 203.0.113.9", "system  203.0.113.9"},
		{"PP[ANONYMOUS02] Call detected from user 'root'", "system root 203.0.113.9"},
		{"PP[ANONYMOUS02] SEND CHAP Failure", "vpn-failed root 203.0.113.9"},
		{"PP[ANONYMOUS01] PPP/IPCP up (Local: 192.168.1.1, Remote: 192.168.1.200)", "vpn-login sato 198.51.100.7"},
		{"PP[ANONYMOUS01] disconnected, cause [PPP: hang up]", "vpn-logout sato 198.51.100.7"},
		{"PP[ANONYMOUS01] PPP/IPCP up (Local: 192.168.1.1, Remote: 192.168.1.200)", "vpn-login  invalid IP"},
	} {
		if got := read(c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
	for i := range 3 * mostCalls {
		read(fmt.Sprintf("PP[ANONYMOUS%d] Call detected from user 'x'", i))
	}
	if len(before.calls) > mostCalls {
		t.Errorf("%d calls are remembered", len(before.calls))
	}
}

// TestSecurity: whoever comes in or changes something is one of the kinds that are always kept.
func TestSecurity(t *testing.T) {
	for _, k := range Kinds {
		named := strings.HasPrefix(string(k), "vpn-") || strings.HasPrefix(string(k), "admin-") || k == Changed
		if k.Security() != named {
			t.Errorf("%s: %v", k, k.Security())
		}
	}
}

// TestFieldsInTexts: what somebody puts into a text, such as the name with which they try to log in, becomes no field.
func TestFieldsInTexts(t *testing.T) {
	line := `user="x\" user=\"root" msg="a remip=192.0.2.1 b" remip=198.51.100.7 note= end="`
	for key, want := range map[string]string{"user": `x\" user=\"root`, "remip": "198.51.100.7", "note": "", "end": "", "sg": "", "none": ""} {
		if got := value(line, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := fields(`a,"b, ""c""",,"d`); !slices.Equal(got, []string{"a", `b, "c"`, "", "d"}) {
		t.Errorf("%q", got)
	}
	for s, want := range map[string]string{"[2001:db8::1]:443": "2001:db8::1", "192.0.2.1:50000:X1": "192.0.2.1", "'192.0.2.1'.": "192.0.2.1"} {
		if got := address(s); got != netip.MustParseAddr(want) {
			t.Errorf("%s is %v", s, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range samples {
		f.Add(c.line, c.maker)
	}
	f.Fuzz(func(t *testing.T, line, of string) {
		m := syslog.Parse([]byte(line), received, tokyo)
		var before Memory
		for _, of := range append(Makers(), "", of) {
			e := Read(&m, of, tokyo, &before)
			if !slices.Contains(Kinds, e.Kind) || len(e.Account) > longest || !utf8.ValidString(e.Account) || strings.ContainsAny(e.Account, "\n\r") {
				t.Errorf("%+v", e)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []int{0, 8, 19, 29} {
		line := []byte(samples[c].line)
		b.Run(string(samples[c].maker)+"-"+string(samples[c].kind), func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				m := syslog.Parse(line, received, tokyo)
				Read(&m, "", tokyo, &Memory{})
			}
		})
	}
}
