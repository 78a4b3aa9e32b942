package appliance

import (
	"strings"
	"time"

	"github.com/azekura/azekura/internal/syslog"
)

// SonicWall's SonicOS: "SonicOS Log Events Reference Guide" (sonicwall.com), pairs of fields; m is the message ID.

func isSonicWall(m *syslog.Message) bool {
	return (strings.HasPrefix(strings.TrimLeft(m.Text, " "), "id=") || strings.Contains(m.Text, " id=firewall")) && strings.Contains(m.Text, " sn=") && strings.Contains(m.Text, " m=")
}

var sonicWallIDs = map[string]Kind{
	"29": AdminLogin, "199": AdminLogin, "235": AdminLogin, "236": AdminLogin,
	"30": AdminFailed, "35": AdminFailed, "200": AdminFailed,
	"261": AdminLogout, "262": AdminLogout,
	"237": VPNLogin, "238": VPNLogin, "1080": VPNLogin, "139": VPNLogin, "318": VPNLogin, "319": VPNLogin,
	"32": VPNFailed, "33": VPNFailed, "140": VPNFailed, "243": VPNFailed, "246": VPNFailed, "311": VPNFailed, "312": VPNFailed, "329": VPNFailed, "344": VPNFailed,
	"583": VPNFailed, "745": VPNFailed, "749": VPNFailed, "759": VPNFailed, "1035": VPNFailed,
	"24": VPNLogout, "263": VPNLogout, "264": VPNLogout, "265": VPNLogout,
	"440": Changed, "441": Changed, "442": Changed, "506": Changed, "507": Changed, "508": Changed, "509": Changed, "881": Changed, "1049": Changed, "1050": Changed, "1051": Changed, "1052": Changed,
	"856": Changed, "857": Changed, "858": Changed, "862": Changed, "863": Changed, "1333": Changed, "1334": Changed, "1335": Changed, "1337": Changed, "1338": Changed, "1343": Changed,
	"1382": Changed, "1383": Changed, "1432": Changed,
	"22": Attack, "23": Attack, "25": Attack, "27": Attack, "81": Attack, "82": Attack, "83": Attack, "177": Attack, "178": Attack, "179": Attack, "267": Attack, "580": Attack,
	"608": Attack, "609": Attack, "789": Attack, "790": Attack, "793": Attack, "794": Attack, "795": Attack, "809": Attack,
	"36": Blocked, "37": Blocked, "38": Blocked, "41": Blocked, "173": Blocked, "174": Blocked, "175": Blocked, "524": Blocked, "533": Blocked,
	"97": Traffic, "98": Traffic, "537": Traffic, "1153": Traffic, "1154": Traffic, // 1153: of a connection over SSL VPN, not its end
}

func readSonicWall(m *syslog.Message, zone *time.Location) (e Event) {
	t := m.Text
	e.Account, e.Address = value(t, "usr"), address(value(t, "src"))
	if e.Account == "" {
		e.Account = value(t, "user")
	}
	stamp := value(t, "time") // "2026-11-30 10:00:00", and " UTC" where the appliance is set so
	if at, ok := strings.CutSuffix(stamp, " UTC"); ok {
		stamp, zone = at, time.UTC
	}
	if x, err := time.ParseInLocation("2006-01-02 15:04:05", stamp, zone); err == nil {
		e.Stated = x
	}
	if e.Kind = sonicWallIDs[value(t, "m")]; e.Kind == "" {
		e.Kind = sonicWallText(value(t, "msg"))
	}
	return e
}

// sonicWallText is for IDs that are in no table; the SMA appliances, too, write texts and few IDs.
func sonicWallText(msg string) Kind {
	admin := strings.Contains(msg, "dministrator")
	switch {
	case strings.Contains(msg, "login allowed"), strings.Contains(msg, "login successful"), strings.HasPrefix(msg, "NetExtender connected"):
		if admin {
			return AdminLogin
		}
		return VPNLogin
	case strings.Contains(msg, "login denied"), strings.Contains(msg, "login failed"):
		if admin {
			return AdminFailed
		}
		return VPNFailed
	case strings.Contains(msg, "logged out"):
		if admin {
			return AdminLogout
		}
		return VPNLogout
	}
	return System
}
