package storehouse

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"html"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// follow reads a page and those after it, as long as they lead on, and returns what a pattern finds on all of them.
func (v *visitor) follow(path, link string, find *regexp.Regexp) (found []string, pages int) {
	v.b.Helper()
	next := regexp.MustCompile(`href="[^"?]*\?([^"]*)">` + link + `<`)
	page := path
	for pages = 1; ; pages++ {
		resp, text := v.do("GET", page, "", "Accept-Language", "en")
		if resp.StatusCode != 200 || pages > 50 {
			v.b.Fatalf("page %d, %s: %d %s", pages, page, resp.StatusCode, text)
		}
		for _, m := range find.FindAllStringSubmatch(text, -1) {
			found = append(found, html.UnescapeString(m[1]))
		}
		m := next.FindStringSubmatch(text)
		if m == nil {
			return found, pages
		}
		base, _, _ := strings.Cut(path, "?")
		page = base + "?" + html.UnescapeString(m[1])
	}
}

// TestLongFolders: whatever the number of entries, pages lead to all of them, each once, directories first, in the order of names; also of
// pictures, of what was removed, and of the ledger.
func TestLongFolders(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	const dirs, files = 30, 2100
	check := func(what string, got []string, pages, wantPages, want int) {
		t.Helper()
		seen := make(map[string]bool)
		for _, n := range got {
			seen[n] = true
		}
		if len(got) != want || len(seen) != want || pages != wantPages {
			t.Errorf("%s: %d entries, %d of them different, on %d pages; want %d on %d", what, len(got), len(seen), pages, want, wantPages)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.local.Mkdir(ctx, "/アルバム/多"))
	for i := range dirs {
		must(b.local.Mkdir(ctx, fmt.Sprintf("/アルバム/多/%02d組", i)))
	}
	for from := 0; from < files; from += 700 {
		for x, err := range b.local.SaveBatch(ctx, func(w *api.ItemWriter) error {
			for i := from; i < from+700; i++ { // not in the order of names
				if err := w.Begin(api.Item{Path: fmt.Sprintf("/アルバム/多/%04d & 100%%.jpg", i*1009%files), Size: -1}); err != nil {
					return err
				}
				if _, err := w.Write([]byte("x")); err != nil {
					return err
				}
				if err := w.End(nil); err != nil {
					return err
				}
			}
			return nil
		}) {
			if must(err); x.Error != nil {
				t.Fatal(x.Error.Message)
			}
		}
	}
	name := regexp.MustCompile(`<td data-name="Name"><a href="[^"]*">([^<]*)</a>`)
	got, pages := b.admin.follow("/files/アルバム/多", "Next page", name)
	check("a folder", got, pages, 2, dirs+files)
	if len(got) > dirs && (got[0] != "00組" || got[dirs] != "0000 & 100%.jpg" || got[len(got)-1] != "2099 & 100%.jpg") {
		t.Errorf("order: %q, %q, %q", got[0], got[dirs], got[len(got)-1])
	}
	got, pages = b.admin.follow("/files/アルバム/多?view=gallery", "Next page", regexp.MustCompile(`<span>([^<]*\.jpg)</span>`))
	check("a gallery", got, pages, 5, files)
	must(b.local.Mkdir(ctx, "/アルバム/少"))
	for i := range 2 { // twice each: of more removals the guard would ask a person
		path := fmt.Sprintf("/アルバム/少/%d.txt", i)
		for range 2 {
			_, err := b.local.Save(ctx, path, strings.NewReader("x"), 1, time.Time{})
			must(err)
			must(b.local.Remove(ctx, path))
		}
	}
	got, pages = b.admin.follow("/removed/アルバム/少", "Next page", regexp.MustCompile(`<td data-name="Name">([^<]*)</td>`))
	if fmt.Sprint(got) != "[1.txt 0.txt]" || pages != 1 {
		t.Errorf("the bin: %q on %d pages", got, pages)
	}
	must(b.local.Remove(ctx, "/アルバム/多"))
	for i := range 130 {
		must(b.local.SetGroup(ctx, fmt.Sprintf("組%03d", i), nil))
	}
	got, pages = b.admin.follow("/ledger?kind=group-changed", "Older entries", regexp.MustCompile(`"/proof/(\d+)"`))
	check("the ledger", got, pages, 2, 130)
}

// TestDamagedVersion: of a version whose content is not what its kind is any more, the file's page, the history and the API say so.
func TestDamagedVersion(t *testing.T) {
	b := besiege(t)
	var whole bytes.Buffer
	if err := jpeg.Encode(&whole, image.NewGray(image.Rect(0, 0, 2000, 2000)), nil); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(whole.Bytes())
	rand.NewChaCha8([32]byte{1}).Read(broken[len(broken)/2:])
	const path, other = "/アルバム/集合写真.jpg", "/アルバム/壊れた集合写真.jpg"
	add := func(path string, content []byte) {
		t.Helper()
		if _, err := b.local.Save(t.Context(), path, bytes.NewReader(content), int64(len(content)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	add(path, whole.Bytes())
	add(path, broken) // is held
	add(other, broken)
	var found []api.Found
	for c, err := range b.local.History(t.Context(), path) {
		if err != nil || c.File == nil || c.File.Found == nil {
			t.Fatalf("%+v, %v", c, err)
		}
		found = append(found, *c.File.Found)
	}
	if len(found) != 2 || !found[0].Damaged || found[0].Kind != "jpeg" || found[0].Reason == "" || found[1] != (api.Found{Kind: "jpeg"}) {
		t.Errorf("history: %+v", found)
	}
	for l, want := range map[string]string{"en": "This version is damaged from 5", "ja": "の位置から破損しています"} {
		_, text := b.admin.do("GET", "/files"+other, "", "Accept-Language", l)
		if !strings.Contains(text, want) || strings.Count(text, `class="badge bad"`) != 1 {
			t.Errorf("%s: the page does not say so: %s", l, text)
		}
	}
	rand.NewChaCha8([32]byte{2}).Read(broken)
	add(other+".jpg", broken)
	if _, text := b.admin.do("GET", "/files"+other+".jpg", "", "Accept-Language", "en"); !strings.Contains(text, "This version is no picture of any kind, by its content.") {
		t.Errorf("encrypted as a whole: %s", text)
	}
}

// TestLostPage: a page that is not there leads back to where somebody came from, not to itself, and says what may have become of it; the menu shows
// where one is, and the first page what is missing.
func TestLostPage(t *testing.T) {
	b := besiege(t)
	for l, want := range map[string]string{"en": "It may have another name now", "ja": "この保管庫の権限がありません"} {
		resp, text := b.admin.do("GET", "/files/なし/a.jpg", "", "Accept-Language", l)
		if resp.StatusCode != 404 || !strings.Contains(text, want) || !strings.Contains(text, `<a class="button" href="/">`) {
			t.Errorf("%s: %d %s", l, resp.StatusCode, text)
		}
	}
	if _, text := b.admin.do("GET", "/", "", "Accept-Language", "en"); !strings.Contains(text, "Nobody is told by mail when the guard freezes somebody") {
		t.Errorf("the first page does not say that nobody is told: %s", text)
	}
	for path, want := range map[string]string{"/me": `href="/me" aria-current="page"`, "/copies": `href="/settings" aria-current="true"`, "/cases": `href="/guard" aria-current="true"`} {
		if _, text := b.admin.do("GET", path, ""); !strings.Contains(text, want) || strings.Count(text, "</header>") != 1 || strings.Count(text[:strings.Index(text, "</header>")], "aria-current") != 1 {
			t.Errorf("%s: the menu shows another place: %s", path, text)
		}
	}
}

// TestOwnFreeze: whose drive the guard has frozen is told so, in words that are for them, and may decide about what it holds back of theirs.
func TestOwnFreeze(t *testing.T) {
	b := besiege(t)
	staff := b.person("sato", account.Staff)
	if err := b.local.SetRights(t.Context(), api.Right{Account: "sato", Share: "アルバム", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	password, err := b.local.MakeDevice(t.Context(), "sato", "desk")
	if err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 400, 400)), nil); err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.roots}, DisableKeepAlives: true}}
	junk := make([]byte, picture.Len())
	rand.NewChaCha8([32]byte{3}).Read(junk)
	for i := range 4 {
		path := fmt.Sprintf("/アルバム/%d.jpg", i)
		if _, err := b.local.Save(t.Context(), path, bytes.NewReader(picture.Bytes()), int64(picture.Len()), time.Time{}); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), "PUT", b.base+"/dav"+path, bytes.NewReader(junk))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("sato", password)
		resp, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	_, text := staff.do("GET", "/", "", "Accept-Language", "en")
	for _, want := range []string{"Something of yours, or that you use, is frozen", `desk <span class="badge bad">`, "Of what you have saved the guard holds back"} {
		if !strings.Contains(text, want) {
			t.Errorf("the first page does not say %q: %s", want, text)
		}
	}
	if _, text := staff.do("GET", "/guard", ""); !strings.Contains(text, `action="/guard/discard"`) {
		t.Errorf("an author cannot decide: %s", text)
	}
	if _, text := b.admin.do("GET", "/", "", "Accept-Language", "en"); !strings.Contains(text, "Look at it now.") || strings.Contains(text, "of yours") {
		t.Errorf("whoever looks after the house is told another thing: %s", text)
	}
}
