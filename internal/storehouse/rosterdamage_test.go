package storehouse

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/pack"
)

// flipManifest turns a bit over in the manifest that was written last into the only pack of a share.
func flipManifest(t *testing.T, data string, share string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "*", "packs", share, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("packs %q, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for at := 0; at+pack.HeaderSize <= len(b); {
		h, err := pack.ParseHeader(b[at:])
		if err != nil { // padding
			at++
			continue
		}
		if h.Type == pack.Manifest {
			last = at
		}
		at += pack.HeaderSize + int(h.Length)
	}
	if last < 0 {
		t.Fatal("the pack has no manifest")
	}
	f, err := os.OpenFile(files[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{b[last+pack.HeaderSize+40] ^ 1}, int64(last+pack.HeaderSize+40)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedRosterInTheBrowser: after a byte of a roster has flipped, the page, the API and the commands say what is wrong and what to do, and a
// list that is imported takes its place, with the rules of the version before. Changes of rules alone are refused: the persons would be lost.
func TestDamagedRosterInTheBrowser(t *testing.T) {
	b := besiege(t)
	made, err := b.local.MakeShare(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRights(t.Context(), api.Right{Account: "tanaka", Share: "one", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	officer := b.officer()
	b.enrol("one", "第一小", []string{"3-1"}, 2)
	if got := b.admin.call("PUT", "/v1/shares/one/roster/links", api.RosterLinks{Rules: "{number}.jpg -> person"}, nil); got != 200 {
		t.Fatal(got)
	}
	flipManifest(t, b.data, made.ID.String())
	const what = "What is stored of the roster is damaged"
	const hint = "Import the list of persons again"
	for _, v := range []*visitor{b.admin, officer} {
		resp, text := v.do("GET", "/v1/shares/one/roster/links", "", "Accept-Language", "en")
		if resp.StatusCode != 500 || !strings.Contains(text, `"hint":"hint.roster-damaged"`) || !strings.Contains(text, hint) {
			t.Errorf("the API: %d %.400s", resp.StatusCode, text)
		}
		resp, page := v.do("GET", "/roster/one", "", "Accept-Language", "en")
		if resp.StatusCode != 500 || !strings.Contains(page, what) || !strings.Contains(page, hint) || strings.Contains(page, `action="/roster/one/list"`) != (v == b.admin) {
			t.Errorf("the page: %d %.3000s", resp.StatusCode, page)
		}
	}
	if got := b.admin.call("PUT", "/v1/shares/one/roster/links", api.RosterLinks{Rules: "* -> nobody"}, nil); got != 500 {
		t.Errorf("rules over a roster that cannot be read: %d", got)
	}
	status, to, text := b.admin.sendForm("/roster/one", "/roster/one/list", "list", "list.csv", []byte("学校,年度,組,番号,氏名\r\n第一小,2026,3-1,7,佐藤\r\n"))
	if status != 303 {
		t.Fatalf("%d: %.1000s", status, text)
	}
	_, page := b.admin.do("GET", to, "")
	form := url.Values{"csrf": {regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)[1]}, "act": {"import"}, "head": {"1"}, "c0": {"school"}, "c1": {"year"}, "c2": {"class"}, "c3": {"number"}, "c4": {"name"},
		"sheet": {""}, "was-sheet": {""}, "encoding": {"utf-8"}, "was-encoding": {"utf-8"}}
	resp, page := b.admin.do("POST", to, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en")
	if resp.StatusCode != 200 || !strings.Contains(page, "in the place of a roster that was damaged. Rules kept: 3;") {
		t.Errorf("import: %d %.2000s", resp.StatusCode, page)
	}
	if _, text := officer.do("GET", "/v1/shares/one/roster", ""); !strings.Contains(text, `"number":"7","name":"佐藤"`) {
		t.Errorf("the roster: %s", text)
	}
	if got := b.rosterReaders(); got["tanaka"] == 0 || got["officer"] == 0 || got[string(account.Console)] != 0 {
		t.Errorf("readings by %v", got)
	}
}
