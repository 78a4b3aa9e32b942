package storehouse

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestArchive: a folder comes as a ZIP archive, while it is made: its length is not known before, its names stay within the folder, and
// what is in it was read, with an entry in the ledger for each two hundred files.
func TestArchive(t *testing.T) {
	b := besiege(t)
	want := map[string]string{"6年1組/髙橋﨑子.jpg": strings.Repeat("photo", 600_000), "名簿 #1%.csv": "1,佐藤", "空.txt": ""}
	for i := range 210 {
		want[fmt.Sprintf("6年2組/%03d.txt", i)] = fmt.Sprint(i)
	}
	for _, dir := range []string{"/アルバム/春", "/アルバム/春/6年1組", "/アルバム/春/6年2組", "/アルバム/秋"} {
		if err := b.local.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range want {
		if _, err := b.local.Save(t.Context(), "/アルバム/春/"+name, strings.NewReader(content), int64(len(content)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	b.local.Save(t.Context(), "/アルバム/秋/other.txt", strings.NewReader("x"), 1, time.Time{})

	resp, body := b.admin.do("GET", "/download/"+url.PathEscape("アルバム")+"/"+url.PathEscape("春"), "")
	if resp.StatusCode != 200 || resp.ContentLength != -1 || resp.Header.Get("Content-Type") != "application/zip" || !strings.Contains(resp.Header.Get("Content-Disposition"), url.PathEscape("春.zip")) {
		t.Errorf("the archive comes as %d, %d bytes, %v", resp.StatusCode, resp.ContentLength, resp.Header)
	}
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		got[f.Name] = string(content)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d files are in the archive, want %d, and their content may differ", len(got), len(want))
	}
	var releases []int
	for raw, err := range b.local.Events(t.Context(), api.EventFilter{Kinds: []string{"released"}}) {
		var e struct {
			Purpose account.Purpose
			Actor   string
			Files   []json.RawMessage
		}
		if err != nil || json.Unmarshal(raw, &e) != nil {
			t.Fatal(err, string(raw))
		}
		if e.Purpose == account.Export && e.Actor == "tanaka" {
			releases = append(releases, len(e.Files))
		}
	}
	if fmt.Sprint(releases) != "[199 13]" { // what is empty has no key
		t.Errorf("an archive of 212 files and an empty one is recorded as releases of %v", releases)
	}
}

// TestEndThisOne: a person sees where they are logged in, and ends one of these sessions; nobody else's.
func TestEndThisOne(t *testing.T) {
	b := besiege(t)
	staff := b.person("sato", account.Staff)
	if got := staff.call("PUT", "/v1/accounts/sato/devices/desk", struct{}{}, nil); got != 200 {
		t.Fatalf("a device: %d", got)
	}
	secret, err := b.local.MakeDevice(t.Context(), "sato", "laptop")
	if err != nil {
		t.Fatal(err)
	}
	drive, err := http.NewRequestWithContext(t.Context(), "PROPFIND", b.base+"/dav/", nil)
	if err != nil {
		t.Fatal(err)
	}
	drive.SetBasicAuth("sato", secret)
	drive.Header.Set("Depth", "0")
	resp, err := staff.http.Do(drive)
	if err != nil || resp.StatusCode != http.StatusMultiStatus {
		t.Fatal(resp, err)
	}
	resp.Body.Close()

	_, page := staff.do("GET", "/me", "", "Accept-Language", "en")
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	ids := regexp.MustCompile(`name="session" value="([0-9a-f]+)"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 1 || !strings.Contains(page, "laptop") || !strings.Contains(page, "this one") {
		t.Fatalf("sessions that can be ended: %v, in\n%s", ids, page)
	}
	end := func(v *visitor, csrf, session string) int {
		resp, _ := v.do("POST", "/me/end-session", url.Values{"csrf": {csrf}, "session": {session}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return resp.StatusCode
	}
	other := b.person("mori", account.Staff)
	_, theirs := other.do("GET", "/me", "")
	if got := end(other, regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(theirs)[1], ids[0][1]); got != 404 {
		t.Errorf("somebody else ends it: %d", got)
	}
	if got := end(staff, token[1], ids[0][1]); got != 303 {
		t.Errorf("to end it: %d", got)
	}
	if _, page := staff.do("GET", "/me", ""); strings.Contains(page, ids[0][1]) {
		t.Error("the session is there still")
	}
}
