package storehouse

import (
	"archive/zip"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/receipt"
)

// TestSchoolsOfAShare: of a share with several schools each gets its own letter, lists and receipt, with the client that the register names for it
// or the share's; what is of no one school is on the house's list alone.
func TestSchoolsOfAShare(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.local.MakeShare(ctx, "albums")
	must(err)
	must(b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: "albums", Rights: api.CanWrite}))
	list := "学校,年度,クラス,番号,氏名\r\n"
	for _, school := range []string{"東小学校", "西小学校", "南小学校"} {
		for n := 1; n <= 3; n++ {
			list += fmt.Sprintf("%s,2026,3-1,%d,生徒%s%d\r\n", school, n, school[:3], n)
			path := fmt.Sprintf("/albums/%s/3-1/%d_a.txt", school, n)
			must(b.local.Mkdir(ctx, path[:strings.LastIndexByte(path, '/')]))
			_, err := b.local.Save(ctx, path, strings.NewReader(path), int64(len(path)), time.Time{})
			must(err)
		}
	}
	_, err = b.local.Save(ctx, "/albums/loose.txt", strings.NewReader("x"), 1, time.Time{})
	must(err)
	if resp, text := b.admin.do("PUT", "/v1/shares/albums/roster?file=list.csv", list); resp.StatusCode != 200 {
		t.Fatal(resp.Status, text)
	}
	if got := b.admin.call("PUT", "/v1/shares/albums/roster/links", api.RosterLinks{Rules: "{school}/{class}/{number}_*.txt -> person\n"}, nil); got/100 != 2 {
		t.Fatal("links:", got)
	}
	thief, officer := b.person("thief", account.Staff), b.officer()
	must(b.local.SetRights(ctx, api.Right{Account: "thief", Share: "albums", Rights: api.CanWrite}))
	if resp, text := officer.do("PUT", "/v1/register?file=r.csv", "保管庫,学校,委託元,行政機関等,委託元の連絡先\r\nalbums,,写真館,,館長\r\nalbums,西小学校,市教育委員会,該当,03-1\r\n"); resp.StatusCode != 200 || !strings.Contains(text, `"schools":1`) {
		t.Fatal(resp.Status, text)
	}
	for _, path := range []string{"/albums/東小学校/3-1/1_a.txt", "/albums/東小学校/3-1/2_a.txt", "/albums/西小学校/3-1/1_a.txt", "/albums/loose.txt"} {
		if resp, text := thief.do("GET", "/v1/files"+(&url.URL{Path: path}).EscapedPath(), ""); resp.StatusCode != 200 {
			t.Fatal(path, resp.Status, text)
		}
	}
	if resp, text := thief.do("POST", "/v1/remove"+(&url.URL{Path: "/albums/南小学校"}).EscapedPath(), ""); resp.StatusCode/100 != 2 {
		t.Fatal(resp.Status, text)
	}
	var made account.Case
	if got := officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: time.Now().Add(-time.Hour)}, &made); got != 200 {
		t.Fatal("a case:", got)
	}
	var clients []api.CaseClient
	_, text := officer.do("GET", "/v1/cases/"+made.ID+"/clients", "")
	for line := range strings.Lines(text) {
		var c api.CaseClient
		mustRead(t, line, &c)
		clients = append(clients, c)
	}
	for i, want := range []string{
		"share:albums/school:東小学校 写真館 東小学校 館長 false read 2, persons 3, shared 1, altered 0",
		"client:市教育委員会/school:西小学校 市教育委員会 西小学校 03-1 true read 1, persons 3, shared 1, altered 0",
		"share:albums/school:南小学校 写真館 南小学校 館長 false read 0, persons 3, shared 1, altered 3",
	} {
		if i >= len(clients) {
			t.Fatalf("%d clients: %s", len(clients), text)
		}
		c := clients[i]
		if got := fmt.Sprintf("%s %s %s %s %v read %d, persons %d, shared %d, altered %d", c.Key, c.Name, c.School, c.Contact, c.Public, c.Files.Confirmed, c.Persons.Confirmed, c.Shared.Confirmed, c.Altered); got != want {
			t.Errorf("client %d: %s, want %s", i, got, want)
		}
	}
	b.schoolPacks(officer, made.ID)
	b.schoolReceipts(officer)
	var due struct{ Public []string }
	if got := officer.call("GET", "/v1/cases/"+made.ID+"/deadlines", nil, &due); got != 200 || !slices.Equal(due.Public, []string{"市教育委員会"}) {
		t.Errorf("public bodies are %q, %d", due.Public, got)
	}
	for _, q := range []string{"東小学校", "市教育委員会"} {
		if resp, text := officer.do("GET", "/v1/cases/"+made.ID+"/papers/client?format=html&client="+url.QueryEscape(q), ""); resp.StatusCode != 200 || strings.Contains(text, "南小学校") {
			t.Errorf("the letter to %s: %d", q, resp.StatusCode)
		}
	}
	if resp, text := officer.do("GET", "/v1/cases/"+made.ID+"/papers/client?client="+url.QueryEscape("写真館"), ""); resp.StatusCode != 404 || !strings.Contains(text, "Several clients") {
		t.Errorf("the letter to one of two of a name: %d %s", resp.StatusCode, text)
	}
	for _, page := range []string{"/register", "/register/albums", "/cases/" + made.ID + "/papers"} {
		if resp, text := officer.do("GET", page, "", "Accept-Language", "ja"); resp.StatusCode != 200 || !strings.Contains(text, map[string]string{"/register": "1校に個別の記入", "/register/albums": "市教育委員会"}[page]) {
			t.Errorf("%s: %d", page, resp.StatusCode)
		}
	}
}

// schoolPacks looks into the packs: each school has its own folder.
func (b *besieged) schoolPacks(officer *visitor, n string) {
	b.Helper()
	resp, text := officer.do("GET", "/v1/cases/"+n+"/packs?lang=ja", "")
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil || resp.StatusCode != 200 {
		b.Fatalf("packs: %d, %v", resp.StatusCode, err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if !strings.HasSuffix(f.Name, ".xlsx") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			b.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			b.Fatal(err)
		}
		inner, err := zip.NewReader(strings.NewReader(string(content)), int64(len(content)))
		if err != nil {
			b.Fatal(err)
		}
		all := ""
		for _, part := range inner.File {
			r, err := part.Open()
			if err != nil {
				b.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				b.Fatal(err)
			}
			all += string(text)
		}
		if strings.Contains(all, "loose.txt") != strings.Contains(f.Name, "学校を特定できないファイル") {
			b.Errorf("%s tells of what is of no one school: %v", f.Name, strings.Contains(all, "loose.txt"))
		}
	}
	for _, want := range []string{"0001_写真館_東小学校/対象者一覧.xlsx", "0002_市教育委員会_西小学校/通知書.docx", "0003_写真館_南小学校/対象ファイル一覧.xlsx", "学校を特定できないファイル（社内用）.xlsx", "索引.html"} {
		if !slices.Contains(names, want) {
			b.Errorf("no %s in %q", want, names)
		}
	}
}

// schoolReceipts looks at the receipts of single schools: they count what is theirs, and are verified like any.
func (b *besieged) schoolReceipts(officer *visitor) {
	b.Helper()
	month := time.Now().Format("2006-01")
	for school, want := range map[string]int{"東小学校": 2, "西小学校": 1, "南小学校": 0, "": 4} {
		resp, text := officer.do("GET", "/v1/shares/albums/receipt?month="+month+"&school="+url.QueryEscape(school), "")
		if resp.StatusCode != 200 {
			b.Fatal(resp.Status, text)
		}
		x, err := receipt.Parse([]byte(text))
		if err != nil {
			b.Fatal(err)
		}
		read := 0
		for _, c := range x.Readings {
			if c.Purpose == string(account.Open) {
				read += c.Files
			}
		}
		if read != want || x.School != school || x.Client != map[string]string{"西小学校": "市教育委員会"}[school] && school == "西小学校" || school != "" && x.Shared == 0 {
			b.Errorf("the receipt of %q: %d files read, %q, client %q, %d of no one school", school, read, x.School, x.Client, x.Shared)
		}
		for _, other := range []string{"東", "西", "南"} {
			if school != "" && other+"小学校" != school && strings.Contains(text, other+"小学校") {
				b.Errorf("the receipt of %s names %s小学校", school, other)
			}
		}
		if r, err := (receipt.Verify{}).Run(b.Context(), x); err != nil || !r.OK() {
			b.Errorf("the receipt of %q: %+v, %v", school, r, err)
		}
	}
	if resp, _ := officer.do("GET", "/v1/shares/albums/receipt?school=nothing", ""); resp.StatusCode != 404 {
		b.Errorf("the receipt of no school: %d", resp.StatusCode)
	}
	var link api.ReceiptLink
	if got := officer.call("POST", "/v1/shares/albums/receipt/links", api.ReceiptRequest{School: "東小学校", Days: 1}, &link); got != 200 || link.School != "東小学校" {
		b.Errorf("a link: %d, %+v", got, link)
	}
	if resp, text := b.visitor().do("GET", "/receipts/"+link.Token, "", "Accept-Language", "ja"); resp.StatusCode != 200 || !strings.Contains(text, "東小学校のファイルだけ") {
		b.Errorf("the page of the link: %d", resp.StatusCode)
	}
}
