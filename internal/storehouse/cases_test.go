package storehouse

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/paper"
)

// enrol gives a share a roster: so many pupils in each class, each with a number, linked by school/class/number_*.txt; photographs of a
// class stand in its folder under other names.
func (b *besieged) enrol(share, school string, classes []string, each int) {
	b.Helper()
	var list strings.Builder
	list.WriteString("学校,年度,クラス,番号,氏名\r\n")
	for _, class := range classes {
		for n := 1; n <= each; n++ {
			fmt.Fprintf(&list, "%s,2026,%s,%d,生徒%s-%d\r\n", school, class, n, class, n)
		}
	}
	var got api.RosterResult
	if resp, text := b.admin.do("PUT", "/v1/shares/"+share+"/roster?file=list.csv", list.String()); resp.StatusCode != 200 {
		b.Fatal(resp.Status, text)
	} else if mustRead(b.T, text, &got); got.People != len(classes)*each || len(got.Issues) > 0 {
		b.Fatalf("the roster: %+v", got)
	}
	links := api.RosterLinks{Rules: "{school}/{class}/{number}_*.txt -> person\n{school}/{class}/* -> class\nspare/** -> nobody\n"}
	if got := b.admin.call("PUT", "/v1/shares/"+share+"/roster/links", links, nil); got/100 != 2 {
		b.Fatal("links:", got)
	}
}

// officer is a privacy officer, made so by two people before the first login.
func (b *besieged) officer() *visitor {
	b.Helper()
	ctx := b.Context()
	if err := b.local.MakeAccount(ctx, api.NewAccount{Name: "officer", Role: account.Staff}); err != nil {
		b.Fatal(err)
	}
	o, err := b.local.SetRole(ctx, "officer", account.PrivacyOfficer)
	if err != nil {
		b.Fatal(err)
	}
	if o.Proposal != nil {
		if got := b.admin.call("POST", "/v1/proposals/"+o.Proposal.ID+"/confirm", struct{}{}, nil); got/100 != 2 {
			b.Fatal("confirm:", got)
		}
	}
	i, err := b.local.Invite(ctx, "officer")
	if err != nil {
		b.Fatal(err)
	}
	v := b.visitor()
	v.arrive(i.Token)
	return v
}

func mustRead(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// papers makes every paper of a case in both languages, and the packs.
func (b *besieged) papers(officer, thief *visitor, n string) {
	b.Helper()
	if got := officer.call("PUT", "/v1/shares/one/register", api.Register{Client: "市立第一小学校", Public: true, Data: []string{"氏名", "写真"}}, nil); got/100 != 2 {
		b.Fatal("register:", got)
	}
	of := "/v1/cases/" + n
	var clients []api.CaseClient
	_, text := officer.do("GET", of+"/clients", "")
	for line := range strings.Lines(text) {
		var c api.CaseClient
		mustRead(b.T, line, &c)
		clients = append(clients, c)
	}
	if len(clients) != 3 || clients[0].Key != "client:市立第一小学校" || clients[0].Persons.Confirmed != 2 || clients[0].Altered != 2 || clients[1].Persons != (paper.Three{}) {
		b.Errorf("clients: %+v", clients) // the findings are those of a moment ago, and the register has been filled in since
	}
	kinds := 0
	_, text = officer.do("GET", of+"/papers?lang=ja", "")
	for line := range strings.Lines(text) {
		var p api.Paper
		mustRead(b.T, line, &p)
		if kinds++; p.Title == "" || p.Fields == 0 && p.Kind != "schools" {
			b.Errorf("a paper without a name or fields: %+v", p)
		}
		for _, as := range p.Formats {
			for _, lang := range []string{"ja", "en"} {
				q := "?format=" + as + "&lang=" + lang
				if p.PerClient {
					q += "&client=" + url.QueryEscape(clients[0].Key)
				}
				resp, got := officer.do("GET", of+"/papers/"+p.Kind+q, "")
				if resp.StatusCode != 200 || len(got) < 500 || !strings.Contains(resp.Header.Get("Content-Disposition"), n+"-"+p.Kind+"."+as) {
					b.Errorf("%s as %s: %d, %d bytes, %q %.300s", p.Kind, as, resp.StatusCode, len(got), resp.Header.Get("Content-Disposition"), got)
				}
				if as == "html" && p.PerClient && strings.Contains(got, "第two小") {
					b.Errorf("%s for one client tells of another", p.Kind)
				}
			}
		}
	}
	if kinds != len(paper.Kinds()) {
		b.Errorf("%d papers", kinds)
	}
	for _, q := range []string{"/papers/client", "/papers/nothing", "/papers/board?format=exe", "/papers/client?client=nobody", "/papers/board/fields?client=nobody"} {
		if resp, _ := officer.do("GET", of+q, ""); resp.StatusCode/100 != 4 {
			b.Errorf("%s: %d", q, resp.StatusCode)
		}
	}
	b.writePapers(officer, thief, of)
	b.writeForClient(of)
	resp, text := officer.do("GET", of+"/packs?lang=ja", "")
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if err != nil || resp.StatusCode != 200 {
		b.Fatalf("packs: %d, %v", resp.StatusCode, err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if all := strings.Join(names, "\n"); !strings.Contains(all, ".pdf") || !strings.Contains(all, ".docx") || !strings.Contains(all, ".xlsx") || !strings.Contains(all, ".html") {
		b.Errorf("packs hold %q", names)
	}
}

// writePapers writes over fields, hands a report in, and finds both in what is made afterwards.
func (b *besieged) writePapers(officer, thief *visitor, of string) {
	b.Helper()
	fields := func(kind string) map[string]api.PaperField {
		b.Helper()
		out := make(map[string]api.PaperField)
		resp, text := officer.do("GET", of+"/papers/"+kind+"/fields?lang=ja", "")
		if resp.StatusCode != 200 {
			b.Fatal(resp.Status, text)
		}
		for line := range strings.Lines(text) {
			var f api.PaperField
			mustRead(b.T, line, &f)
			out[f.Key] = f
			if strings.ContainsAny(f.Shown, "\ufdd0\ufdd1") || f.Blank && !strings.ContainsAny(f.Shown, "[【") {
				b.Errorf("%s: the mark of a place to fill in is no letter: %q", f.Key, f.Shown)
			}
		}
		return out
	}
	var blank string
	before := fields("ppc-first")
	for key, f := range before {
		if f.Blank && f.Edit == "" {
			blank = max(blank, key)
		}
	}
	write := func(v *visitor, key, text, seen string) int {
		b.Helper()
		return v.call("PUT", of+"/papers/ppc-first/fields?lang=ja", api.PaperEdit{Key: key, Text: text, Seen: seen}, nil)
	}
	for what, c := range map[string]struct{ got, want int }{
		"a field":                   {write(officer, blank, "人が書いた文", ""), 200},
		"what somebody else wrote":  {write(officer, blank, "別の文", ""), 412},
		"a field that is not there": {write(officer, "nothing", "x", ""), 404},
		"by the suspect":            {write(thief, blank, "x", ""), 403},
	} {
		if what != "a field" && c.got != c.want || what == "a field" && c.got/100 != 2 {
			b.Errorf("to write %s: %d", what, c.got)
		}
	}
	if f := fields("ppc-first")[blank]; f.Shown != "人が書いた文" || f.Blank || f.By != "officer" {
		b.Errorf("the field says %+v", f)
	}
	if _, html := officer.do("GET", of+"/papers/ppc-first?format=html&lang=ja", ""); !strings.Contains(html, "人が書いた文") {
		b.Error("the paper does not say what was written")
	}
	if got := officer.call("POST", of+"/papers/ppc-first/file?lang=ja", api.PaperFiling{}, nil); got/100 != 2 {
		b.Fatal("to file it:", got)
	}
	var c account.Case
	if got := officer.call("GET", of, nil, &c); got != 200 || len(c.Attachments) != 2 || !strings.HasSuffix(c.Attachments[1].Name, ".pdf") {
		b.Errorf("the case holds %+v, %d", c.Attachments, got)
	}
	if got := officer.call("PUT", of+"/facts/cause", struct {
		Value string `json:"value"`
	}{"盗まれた機器パスワード"}, nil); got/100 != 2 {
		b.Fatal("a fact:", got)
	}
	if _, html := officer.do("GET", of+"/papers/ppc-final?format=html&lang=ja", ""); !strings.Contains(html, "盗まれた機器パスワード") || !strings.Contains(html, "速報") {
		b.Error("the final report does not tell what has changed")
	}
}

// writeForClient writes over a field of one client's paper, by the client's name.
func (b *besieged) writeForClient(of string) {
	b.Helper()
	put := func(client string) int { // by somebody for whom the register has been read since it was filled in
		return b.admin.call("PUT", of+"/papers/client/fields?lang=ja", api.PaperEdit{Key: "6", Client: client, Text: "校長先生に電話した"}, nil)
	}
	if got := put("市立第一小学校"); got/100 != 2 {
		b.Fatal("over a client's paper:", got)
	}
	for client, want := range map[string]bool{"client:市立第一小学校": true, "share:two": false} {
		if _, html := b.admin.do("GET", of+"/papers/client?format=html&lang=ja&client="+url.QueryEscape(client), ""); strings.Contains(html, "校長先生に電話した") != want {
			b.Errorf("the paper of %s has what was written: %v", client, !want)
		}
	}
}

// TestCaseFindings: what a session read and altered is found, exactly, by an officer who may read none of it, with the persons whom it shows.
func TestCaseFindings(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	for _, share := range []string{"one", "two"} {
		if _, err := b.local.MakeShare(ctx, share); err != nil {
			t.Fatal(err)
		}
		if err := b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: share, Rights: api.CanWrite}); err != nil {
			t.Fatal(err)
		}
		b.enrol(share, "第"+share+"小", []string{"3-1", "3-2"}, 5)
	}
	save := func(path, text string) {
		t.Helper()
		if err := b.local.Mkdir(ctx, path[:strings.LastIndexByte(path, 47)]); err != nil {
			t.Fatal(err)
		}
		if _, err := b.local.Save(ctx, path, strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, share := range []string{"one", "two"} {
		for _, class := range []string{"3-1", "3-2"} {
			for n := 1; n <= 5; n++ {
				save(fmt.Sprintf("/%s/第%s小/%s/%d_a.txt", share, share, class, n), fmt.Sprintf("the picture of %s %s %d\n", share, class, n))
			}
			save(fmt.Sprintf("/%s/第%s小/%s/group.txt", share, share, class), "all of "+share+class+"\n")
		}
		save(fmt.Sprintf("/%s/spare/x.txt", share), "nothing of "+share+"\n")
		save(fmt.Sprintf("/%s/loose.txt", share), "who is this in "+share+"\n")
	}
	thief, officer := b.person("thief", account.Staff), b.officer()
	if err := b.local.SetRights(ctx, api.Right{Account: "thief", Share: "one", Rights: api.CanWrite}); err != nil {
		t.Fatal(err)
	}
	read := func(path string) {
		t.Helper()
		if resp, text := thief.do("GET", "/v1/files"+(&url.URL{Path: path}).EscapedPath(), ""); resp.StatusCode != 200 {
			t.Fatal(path, resp.Status, text)
		}
	}
	read("/one/第one小/3-1/2_a.txt")
	read("/one/第one小/3-1/4_a.txt")
	read("/one/spare/x.txt")
	for _, path := range []string{"/one/第one小/3-2/1_a.txt", "/one/第one小/3-1/4_a.txt"} {
		if resp, text := thief.do("PUT", "/v1/files"+(&url.URL{Path: path}).EscapedPath(), "something else\n"); resp.StatusCode/100 != 2 {
			t.Fatal(path, resp.Status, text)
		}
	}
	var made account.Case
	if got := officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: time.Now().Add(-time.Hour)}, &made); got != 200 {
		t.Fatal("a case:", got)
	}
	var f api.Findings
	if got := officer.call("GET", "/v1/cases/"+made.ID+"/findings", nil, &f); got != 200 {
		t.Fatal("findings:", got)
	}
	if n := f.Exposure.Persons.Persons; n.Confirmed != 2 || n.Possible != 0 || n.Exempt != 0 {
		t.Errorf("persons: %+v", n)
	}
	if n := f.Exposure.Files.Files; n.Confirmed != 3 || n.Possible != 0 {
		t.Errorf("files: %+v", n)
	}
	if f.Damage.Files != 2 || f.Damage.Intact != 2 || f.Exposure.Persons.Altered != 2 || f.Exposure.Persons.Lost != 0 {
		t.Errorf("damage: %+v, %+v", f.Damage, f.Exposure.Persons)
	}
	if f.Damage.OfFiles != 28 { // as the coverage counts them: a roster is no file of people
		t.Errorf("of %d files", f.Damage.OfFiles)
	}
	if f.Ledger.Verified != f.Ledger.Entries || f.Ledger.Entries == 0 || len(f.Exposure.Gaps) != 0 {
		t.Errorf("ledger: %+v, %+v", f.Ledger, f.Exposure.Gaps)
	}
	var persons, files []string
	for _, q := range []api.ExposedRequest{{Class: "confirmed", Persons: true}, {Class: "confirmed"}} {
		resp, text := officer.do("POST", "/v1/cases/"+made.ID+"/exposed", mustJSON(t, q), "Content-Type", "application/json")
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status, text)
		}
		for line := range strings.Lines(text) {
			var x api.Exposed
			mustRead(t, line, &x)
			if x.Person != nil {
				persons = append(persons, x.Person.Class+" "+x.Person.Number)
			}
			if x.File != nil {
				files = append(files, x.File.Path)
				if len(x.File.Entries) == 0 || !slices.Contains(x.File.Marks, "released") {
					t.Errorf("%+v: nothing proves it", x.File)
				}
			}
		}
	}
	slices.Sort(files)
	if !slices.Equal(persons, []string{"3-1 2", "3-1 4"}) || !slices.Equal(files, []string{"/one/spare/x.txt", "/one/第one小/3-1/2_a.txt", "/one/第one小/3-1/4_a.txt"}) {
		t.Errorf("exposed are %q, %q", persons, files)
	}
	if resp, text := officer.do("GET", "/v1/files"+(&url.URL{Path: "/one/spare/x.txt"}).EscapedPath(), ""); resp.StatusCode == 200 {
		t.Errorf("the officer reads files: %s", text)
	}
	b.papers(officer, thief, made.ID)
	auditor := b.person("auditor", account.Auditor) // sees the case, but no share: what they counted would be 0
	for who, v := range map[string]*visitor{"the suspect": thief, "an auditor": auditor} {
		for _, q := range []string{"GET findings", "POST exposed", "GET clients", "GET papers", "GET papers/board", "GET papers/board/fields", "GET packs"} {
			method, end, _ := strings.Cut(q, " ")
			if resp, text := v.do(method, "/v1/cases/"+made.ID+"/"+end, `{"class":"confirmed"}`, "Content-Type", "application/json"); resp.StatusCode != 403 {
				t.Errorf("%s by %s: %d %s", q, who, resp.StatusCode, text)
			}
		}
	}
}
