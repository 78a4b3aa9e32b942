package storehouse

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/url"
	"regexp"
	runtimemetrics "runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/door/api"
)

// rosterReaders counts the readings of rosters in the ledger by who read.
func (b *besieged) rosterReaders() map[string]int {
	b.Helper()
	out := make(map[string]int)
	_, text := b.admin.do("GET", "/v1/ledger/events?kind=released", "")
	for line := range strings.Lines(text) {
		var e struct{ Purpose, Actor string }
		mustRead(b.T, line, &e)
		if e.Purpose == string(account.Roster) {
			out[e.Actor]++
		}
	}
	return out
}

// TestRosterIsWholeOrNothing: a list with one bad line changes nothing, says where it is, and its warnings come behind.
func TestRosterIsWholeOrNothing(t *testing.T) {
	b := besiege(t)
	if _, err := b.local.MakeShare(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRights(t.Context(), api.Right{Account: "tanaka", Share: "one", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	b.enrol("one", "第一小", []string{"3-1"}, 2)
	const head = "学校,年度,組,番号,氏名\r\n"
	for name, x := range map[string]struct{ list, want string }{
		"an empty cell":  {head + "第一小,2026,3-1,,山田\r\n第一小,2026,3-1,1,\r\n", `{"people":0,"mapping":{"head":1,"columns":{"class":2,"name":4,"number":3,"school":0,"year":1}},"issues":[{"row":3,"column":"E","issue":"empty","field":"name"},{"row":2,"column":"D","issue":"no-number","field":"number","value":"山田","warning":true}]}`},
		"twice the same": {head + "第一小,2026,3-1,1,a\r\n第一小,2026,3年1組,01,b\r\n", `"issues":[{"row":3,"column":"D","issue":"twice","field":"number","value":"01 b","other":2}]}`},
		"its last row":   {head + strings.Repeat("x,,,,\r\n", 1) + "第一小,2026,3-1,1,\"a\r\n", `"people":0,`},
	} {
		resp, text := b.admin.do("PUT", "/v1/shares/one/roster?file=list.csv", x.list)
		if resp.StatusCode != 200 || !strings.Contains(text, x.want) {
			t.Errorf("%s: %d %s, want %s", name, resp.StatusCode, text, x.want)
		}
	}
	for name, list := range map[string]string{"nobody": head, "a picture": "\xff\xd8\xff\xe0\x00\x10JFIF", "no headings": "a,b\r\nc,d\r\n"} {
		if resp, text := b.admin.do("PUT", "/v1/shares/one/roster?file=list.csv", list); resp.StatusCode != 400 || !strings.Contains(text, `"hint":"hint.roster-`) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
	want := `{"rules":"{school}/{class}/{number}_*.txt → person\n{school}/{class}/* → class\nspare/** → nobody\n","people":2,"counts":[{"school":"第一小","year":"2026","kind":"pupil","persons":2}],"write":true,` +
		`"budget":{"template":"{school}/{class}/{number}_*.txt","state":"follows","from_rule":"{school}/{class}/{number}_*.txt"}}`
	if _, text := b.admin.do("GET", "/v1/shares/one/roster/links", ""); strings.TrimSpace(text) != want {
		t.Errorf("the roster is %s, want %s", text, want)
	}
}

// TestWhoSeesRosters: staff nothing, whoever manages a share its roster, an officer all; and each reading is in the ledger.
func TestWhoSeesRosters(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	for _, share := range []string{"one", "bare"} {
		if _, err := b.local.MakeShare(ctx, share); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: "one", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	b.enrol("one", "第一小", []string{"3-1"}, 2)
	if _, err := b.local.Save(ctx, "/one/loose.txt", strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	staff, manager, officer, auditor := b.person("sato", account.Staff), b.person("manager", account.ShareManager), b.officer(), b.person("auditor", account.Auditor)
	for _, name := range []string{"sato", "manager"} {
		for _, share := range []string{"one", "bare"} {
			if err := b.local.SetRights(ctx, api.Right{Account: name, Share: share, Rights: api.CanWrite}); err != nil {
				t.Fatal(err)
			}
		}
	}
	const list = "学校,氏名,番号,組\r\n第一小,a,1,3-1\r\n"
	for _, x := range []struct {
		who         string
		v           *visitor
		read, write int
		hint        string
	}{{"staff", staff, 403, 403, "hint.roster-read"}, {"auditor", auditor, 404, 403, ""}, {"officer", officer, 200, 403, "hint.roster-write"}, {"manager", manager, 200, 200, ""}} {
		for _, share := range []string{"one", "bare"} {
			for _, path := range []string{"/v1/shares/" + share + "/roster", "/v1/shares/" + share + "/roster/links", "/roster/" + share} {
				if resp, text := x.v.do("GET", path, ""); resp.StatusCode != x.read {
					t.Errorf("%s, %s: %d %.200s", x.who, path, resp.StatusCode, text)
				}
			}
			if got := x.v.call("POST", "/v1/shares/"+share+"/roster/coverage", api.CoverageRequest{}, nil); got != x.read {
				t.Errorf("%s, coverage of %s: %d", x.who, share, got)
			}
			for _, path := range []string{"/roster?file=x.csv", "/roster/schools?file=x.csv"} {
				if resp, text := x.v.do("PUT", "/v1/shares/"+share+path, list); resp.StatusCode != x.write || x.write != 200 && !strings.Contains(text, x.hint) {
					t.Errorf("%s, PUT %s: %d %.200s", x.who, path, resp.StatusCode, text)
				}
			}
			if got := x.v.call("PUT", "/v1/shares/"+share+"/roster/links", api.RosterLinks{Rules: "{number}.jpg -> person"}, nil); got != x.write {
				t.Errorf("%s, rules of %s: %d", x.who, share, got)
			}
			if resp, text := x.v.do("POST", "/v1/shares/"+share+"/roster/look?file=x.csv", list); resp.StatusCode != x.write {
				t.Errorf("%s, look: %d %.200s", x.who, resp.StatusCode, text)
			}
		}
	}
	if _, text := officer.do("GET", "/roster/one", "", "Accept-Language", "en"); !strings.Contains(text, "You may look at this roster") || !strings.Contains(text, "0 % of files linked") || !strings.Contains(text, "loose.txt") {
		t.Error("the officer's page does not say that it is for reading")
	}
	if got := b.rosterReaders(); got["officer"] == 0 || got["manager"] == 0 || got["tanaka"] == 0 || got["sato"] != 0 || got["auditor"] != 0 {
		t.Errorf("the ledger tells of readings by %v", got)
	}
}

// sendForm sends a file in a form of a page, as a browser without scripts does.
func (v *visitor) sendForm(page, action, field, name string, content []byte) (status int, to, text string) {
	v.b.Helper()
	_, shown := v.do("GET", page, "")
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(shown)
	if token == nil {
		v.b.Fatalf("%s has no form: %.300s", page, shown)
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := w.WriteField("csrf", token[1]); err != nil {
		v.b.Fatal(err)
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		v.b.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		v.b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		v.b.Fatal(err)
	}
	resp, text := v.do("POST", action, buf.String(), "Content-Type", w.FormDataContentType(), "Accept-Language", "en")
	return resp.StatusCode, resp.Header.Get("Location"), text
}

// TestListWithoutScripts: two steps in a browser that runs none; the list is its session's alone.
func TestListWithoutScripts(t *testing.T) {
	b := besiege(t)
	share := url.PathEscape("アルバム")
	list, err := japanese.ShiftJIS.NewEncoder().String("組,番号,氏名\r\n3-1,1,佐藤 花子\r\n3-1,2,髙橋 一\r\n")
	if err != nil {
		t.Fatal(err)
	}
	status, to, text := b.admin.sendForm("/roster/"+share, "/roster/"+share+"/list", "list", "list.csv", []byte(list))
	if status != 303 || !strings.HasPrefix(to, "/roster/"+share+"/list/") {
		t.Fatalf("%d to %q: %.300s", status, to, text)
	}
	_, page := b.admin.do("GET", to, "", "Accept-Language", "en")
	if !strings.Contains(page, "佐藤 花子") || !strings.Contains(page, "Choose the columns of the school") || !strings.Contains(page, `<option selected>shift_jis`) {
		t.Errorf("the page of the list: %.2000s", page)
	}
	other := b.person("second", account.ShareManager)
	if err := b.local.SetRights(t.Context(), api.Right{Account: "second", Share: "アルバム", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	if resp, text := other.do("GET", to, ""); resp.StatusCode != 404 || strings.Contains(text, "佐藤") {
		t.Errorf("somebody else sees the list: %d", resp.StatusCode)
	}
	form := url.Values{"csrf": {regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)[1]}, "act": {"import"}, "head": {"1"}, "c0": {"class"}, "c1": {"number"}, "c2": {"name"},
		"fixed-school": {"第一小"}, "sheet": {""}, "was-sheet": {""}, "encoding": {"shift_jis"}, "was-encoding": {"shift_jis"}}
	resp, text := b.admin.do("POST", to, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != 303 {
		t.Fatalf("import: %d %.1000s", resp.StatusCode, text)
	}
	if _, text := b.admin.do("GET", "/v1/shares/"+share+"/roster", ""); !strings.Contains(text, `"class":"3-1","number":"2","name":"髙橋 一"`) {
		t.Errorf("the roster: %s", text)
	}
	if resp, _ := b.admin.do("GET", to, ""); resp.StatusCode != 404 {
		t.Errorf("the list is still held: %d", resp.StatusCode)
	}
	if status, _, text := b.admin.sendForm("/roster/"+share, "/roster/"+share+"/list", "list", "", nil); status != 400 || !strings.Contains(text, "Choose a file first") {
		t.Errorf("no file: %d %.300s", status, text)
	}
}

// TestWideWorkbook: of a workbook with more columns than a page shows, what its headings say of those beyond is not lost between the steps.
func TestWideWorkbook(t *testing.T) {
	b := besiege(t)
	share := url.PathEscape("アルバム")
	columns, cells := make([]document.Column, 60), make([]document.Cell, 60)
	for i := range columns {
		columns[i].Title, cells[i].Text = fmt.Sprintf("備考%d", i), "-"
	}
	for i, x := range map[int][2]string{0: {"学校", "第一小"}, 1: {"組", "3-1"}, 2: {"番号", "7"}, 55: {"氏名", "髙橋 一"}} {
		columns[i].Title, cells[i].Text = x[0], x[1]
	}
	var book bytes.Buffer
	if err := (document.Sheet{Lang: "ja", Title: "名簿", Columns: columns, Rows: slices.Values([][]document.Cell{cells})}).XLSX(&book, time.Now()); err != nil {
		t.Fatal(err)
	}
	status, to, text := b.admin.sendForm("/roster/"+share, "/roster/"+share+"/list", "list", "名簿.xlsx", book.Bytes())
	if status != 303 {
		t.Fatalf("%d: %.300s", status, text)
	}
	_, page := b.admin.do("GET", to, "")
	form := make(url.Values)
	for _, m := range regexp.MustCompile(`<input [^>]*name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`<select name="(c\d+)"[^>]*>(.*?)</select>`).FindAllStringSubmatch(page, -1) {
		if said := regexp.MustCompile(`value="([a-z]+)" selected`).FindStringSubmatch(m[2]); said != nil {
			form.Set(m[1], said[1])
		}
	}
	form.Del("fill")
	form.Set("act", "import")
	if resp, text := b.admin.do("POST", to, form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode != 303 {
		t.Fatalf("import of %v: %d %.3000s", form, resp.StatusCode, text)
	}
	if _, text := b.admin.do("GET", "/v1/shares/"+share+"/roster", ""); strings.TrimSpace(text) != `{"school":"第一小","class":"3-1","number":"7","name":"髙橋 一","kind":"pupil"}` {
		t.Errorf("the roster: %s", text)
	}
}

// TestLargeRoster: a list of 100,000 rows goes through the API in a bounded memory, both ways.
func TestLargeRoster(t *testing.T) {
	b := besiege(t)
	if _, err := b.local.MakeShare(t.Context(), "large"); err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRights(t.Context(), api.Right{Account: "tanaka", Share: "large", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	const rows = 100_000
	var list strings.Builder
	list.WriteString("学校,年度,組,番号,氏名\r\n")
	for i := range rows {
		fmt.Fprintf(&list, "第%d小学校,2026,3-%d,%d,生徒の名前%d\r\n", i/500, i/40%12, i%40+40*(i/480), i)
	}
	heap := func() uint64 {
		s := []runtimemetrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		runtimemetrics.Read(s)
		return s[0].Value.Uint64()
	}
	before, most, stop := heap(), atomic.Uint64{}, make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most.Store(max(most.Load(), heap()))
			}
		}
	}()
	resp, text := b.admin.do("PUT", "/v1/shares/large/roster?file=list.csv", list.String())
	if resp.StatusCode != 200 || !strings.Contains(text, fmt.Sprintf(`"people":%d`, rows)) {
		t.Fatalf("%d %.300s", resp.StatusCode, text)
	}
	n := 0
	for _, err := range b.local.Roster(t.Context(), "large") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	close(stop)
	<-watched
	if n != rows {
		t.Errorf("%d persons are read", n)
	}
	const bound = 160 << 20 // the list, its persons, their bytes, and the garbage of one collection
	if used := most.Load() - min(before, most.Load()); used > bound {
		t.Errorf("%d MiB for a list of %d MiB", used>>20, list.Len()>>20)
	} else {
		t.Logf("%d MiB for a list of %d MiB", used>>20, list.Len()>>20)
	}
}
