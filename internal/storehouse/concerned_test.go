package storehouse

import (
	"archive/zip"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestConcernedShares: papers name the kinds of data and the clients of those shares alone of which something was read, and count them alike.
func TestConcernedShares(t *testing.T) {
	b := rob(t)
	for share, line := range map[string]account.Register{"one": {Client: "第一小学校", Data: []string{"写真"}}, "two": {Client: "第一小学校", Data: []string{"注文"}, Subjects: []string{"保護者"}}} {
		if got := b.officer.call("PUT", "/v1/shares/"+share+"/register", line, nil); got/100 != 2 {
			t.Fatal("a line of the register:", got)
		}
	}
	for kind, want := range map[string]string{"ppc-first": "写真", "board": "委託元1者"} {
		resp, html := b.officer.do("GET", "/v1/cases/"+b.made.ID+"/papers/"+kind+"?format=html&lang=ja", "")
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s may be kept by a browser: %q", kind, got)
		}
		if !strings.Contains(html, want) || strings.Contains(html, "注文") || strings.Contains(html, "保護者") || strings.Contains(html, "委託元2者") {
			t.Errorf("%s tells of a share that nobody has touched:\n%s", kind, html)
		}
	}
}

// TestGroupPictures: who is confirmed by a picture of the class alone is listed with that file, and not with 0.
func TestGroupPictures(t *testing.T) {
	b := rob(t)
	for name, text := range map[string]string{"group.txt": "all of them\n", "trip.txt": "all of them elsewhere\n"} {
		if _, err := b.local.Save(t.Context(), "/one/第one小/3-1/"+name, strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if resp, text := b.thief.do("GET", "/v1/files"+(&url.URL{Path: "/one/第one小/3-1/group.txt"}).EscapedPath(), ""); resp.StatusCode != 200 {
		t.Fatal(resp.Status, text)
	}
	now := time.Now()
	var made account.Case
	if got := b.officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: now.Add(-time.Hour), To: now}, &made); got != 200 {
		t.Fatal("a case:", got)
	}
	resp, pack := b.officer.do("GET", "/v1/cases/"+made.ID+"/packs?lang=ja", "")
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("packs may be kept: %q", got)
	}
	sheet := ""
	for name, text := range unzipped(t, pack) {
		if strings.HasSuffix(name, "対象者一覧.xlsx") {
			sheet += unzipped(t, text)["xl/worksheets/sheet1.xml"]
		}
	}
	if strings.Count(sheet, "生徒3-1-") != 3 || strings.Contains(sheet, ">0<") || strings.Count(sheet, ">2<") < 2 {
		t.Errorf("the list of persons: %s", sheet)
	}
}

// unzipped are the files in a ZIP.
func unzipped(t *testing.T, text string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}
