package storehouse

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestRenamedByRansomware: what a thief has read, written over and renamed, or put under a new name and removed, is of whom it was before: those
// count, and nobody besides; also once it was put back.
func TestRenamedByRansomware(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.local.MakeShare(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	must(b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: "one", Rights: api.CanWrite}))
	b.enrol("one", "第一小", []string{"3-1", "3-2"}, 10)
	must(b.admin.rules("one", "{school}/{class}/{number}_*.txt -> person\n{school}/** -> school\n"))
	for _, class := range []string{"3-1", "3-2"} {
		must(b.local.Mkdir(ctx, "/one/第一小/"+class))
		for n := 1; n <= 5; n++ {
			text := fmt.Sprintf("the picture of %d in %s\n", n, class)
			if _, err := b.local.Save(ctx, fmt.Sprintf("/one/第一小/%s/%d_a.txt", class, n), strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	thief, officer := b.person("thief", account.Staff), b.officer()
	must(b.local.SetRights(ctx, api.Right{Account: "thief", Share: "one", Rights: api.CanWrite}))
	at := func(path string) string { return "/v1/files" + (&url.URL{Path: path}).EscapedPath() }
	take := func(method, path, text string) {
		t.Helper()
		if resp, got := thief.do(method, at(path), text); resp.StatusCode/100 != 2 {
			t.Fatal(method, path, resp.Status, got)
		}
	}
	for n := 1; n <= 2; n++ {
		path := fmt.Sprintf("/one/第一小/3-1/%d_a.txt", n)
		take("GET", path, "")
		take("PUT", path, fmt.Sprint("spoilt ", n))
		if got := thief.call("POST", "/v1/rename", api.RenameRequest{From: path, To: path + ".locked"}, nil); got/100 != 2 {
			t.Fatal("rename:", got)
		}
		take("GET", path+".locked", "") // the ledger names it so
	}
	take("GET", "/one/第一小/3-2/4_a.txt", "")
	take("PUT", "/one/第一小/3-2/4_a.txt.locked", "spoilt")
	take("GET", "/one/第一小/3-2/4_a.txt.locked", "")
	if got := thief.call("POST", "/v1/remove"+(&url.URL{Path: "/one/第一小/3-2/4_a.txt"}).EscapedPath(), nil, nil); got/100 != 2 {
		t.Fatal("remove:", got)
	}
	var made account.Case
	if got := officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: time.Now().Add(-time.Hour), To: time.Now()}, &made); got != 200 {
		t.Fatal("a case:", got)
	}
	exact := func(when string) {
		t.Helper()
		var f api.Findings
		got := officer.call("GET", "/v1/cases/"+made.ID+"/findings", nil, &f)
		if p := f.Exposure.Persons; got != 200 || p.Persons.Confirmed != 3 || p.Persons.Possible != 0 || p.Unlinked.Confirmed != 0 {
			t.Errorf("%s: %d, persons %+v", when, got, p)
		}
		if files := f.Exposure.Files; files.Unlinked.Confirmed != 0 {
			t.Errorf("%s: files %+v", when, files)
		}
	}
	exact("after it")
	for _, err := range b.local.Rollback(ctx, api.RollbackRequest{Case: made.ID}) {
		must(err)
	}
	exact("put back")
}

// rules links the files of a share to persons.
func (v *visitor) rules(share, rules string) error {
	if got := v.call("PUT", "/v1/shares/"+share+"/roster/links", api.RosterLinks{Rules: rules}, nil); got/100 != 2 {
		return fmt.Errorf("links: %d", got)
	}
	return nil
}
