package storehouse

import (
	"html"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestConnecting: the page tells each system what it needs to connect, and the registry file is one that Windows reads.
func TestConnecting(t *testing.T) {
	b := besiege(t)
	port := b.base[strings.LastIndexByte(b.base, ':')+1:]
	for system, want := range map[string][]string{
		"windows": {`net use Z: "\\127.0.0.1@SSL@` + port + `\dav" /user:"tanaka" * /persistent:yes`, `href="/connect/azekura-webdav.reg"`, "net stop webclient & net start webclient", "cert.pem", "run it again"},
		"mac":     {"https://127.0.0.1:" + port + "/dav/", "Connect to Server", "Always Trust", "minute"},
		"linux":   {`sudo mount -t davfs "https://127.0.0.1:` + port + `/dav/" /mnt`, "davs://127.0.0.1:" + port + "/dav/", "vendor=owncloud"},
	} {
		resp, text := b.admin.do("GET", "/connect?system="+system, "", "Accept-Language", "en")
		text = html.UnescapeString(text)
		for _, w := range want {
			if resp.StatusCode != 200 || !strings.Contains(text, w) {
				t.Errorf("%s (%d) is not told %q", system, resp.StatusCode, w)
			}
		}
	}
	for agent, want := range map[string]string{"Mozilla/5.0 (Windows NT 10.0; Win64; x64)": "net use", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)": "Finder", "Mozilla/5.0 (X11; Linux x86_64)": "davfs"} {
		if _, text := b.admin.do("GET", "/connect", "", "User-Agent", agent, "Accept-Language", "en"); !strings.Contains(text, want) {
			t.Errorf("%s is not told %q", agent, want)
		}
	}

	resp, body := b.admin.do("GET", "/connect/azekura-webdav.reg", "")
	if d := resp.Header.Get("Content-Disposition"); resp.StatusCode != 200 || d != `attachment; filename="azekura-webdav.reg"` {
		t.Errorf("the registry file comes as %q (%d)", d, resp.StatusCode)
	}
	if !strings.HasPrefix(body, "\xff\xfe") || len(body)%2 != 0 {
		t.Fatalf("the registry file begins with %q: it is not UTF-16 with a mark", body[:min(len(body), 4)])
	}
	var units []uint16
	for i := 2; i < len(body); i += 2 {
		units = append(units, uint16(body[i])|uint16(body[i+1])<<8)
	}
	const parameters = `[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\WebClient\Parameters]`
	text := string(utf16.Decode(units))
	for _, want := range []string{"Windows Registry Editor Version 5.00\r\n\r\n", parameters, `"FileSizeLimitInBytes"=dword:ffffffff` + "\r\n", `"FileAttributesLimitInBytes"=dword:05f5e100` + "\r\n",
		`[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\WebClient]` + "\r\n" + `"Start"=dword:00000002` + "\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the registry file has no %q:\n%s", want, text)
		}
	}
}
