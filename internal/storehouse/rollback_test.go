package storehouse

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestRollbackIsNoRemoval: who may write, in person or by a program, does not take back what others have done; their own they do, and who may
// decide about what is held takes back both.
func TestRollbackIsNoRemoval(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	if _, err := b.local.MakeShare(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	owner, colleague := b.person("owner", account.Staff), b.person("sato", account.Staff)
	for _, name := range []string{"owner", "sato", "tanaka"} {
		if err := b.local.SetRights(ctx, api.Right{Account: name, Share: "s", Rights: api.CanWrite}); err != nil {
			t.Fatal(err)
		}
	}
	for who, v := range map[string]*visitor{"owner": owner, "sato": colleague} {
		if resp, text := v.do("PUT", "/v1/files/s/of-"+who+".txt", "x"); resp.StatusCode/100 != 2 {
			t.Fatal(resp.Status, text)
		}
	}
	shown := func() string {
		t.Helper()
		var names []string
		for i, err := range b.local.List(ctx, "/s") {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, strings.TrimPrefix(i.Path, "/s/"))
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	try := func(v *visitor, party string, headers ...string) (int, string) {
		t.Helper()
		q := fmt.Sprintf(`{"parties":[%q],"from":%q}`, party, since)
		resp, text := v.do("POST", "/v1/rollback", q, append(headers, "Content-Type", "application/json")...)
		return resp.StatusCode, text
	}
	var made api.Token
	if got := colleague.call("POST", "/v1/me/tokens", api.NewToken{Name: "program", Scopes: []account.Scope{"files:read", "files:write"}, Days: 1}, &made); got != 200 {
		t.Fatal("a token:", got)
	}
	program := b.visitor()
	for name, c := range map[string]func() (int, string){
		"a colleague":                     func() (int, string) { return try(colleague, "owner") },
		"a program":                       func() (int, string) { return try(program, "owner", "Authorization", "Bearer "+made.Secret) },
		"a program, its owner's own acts": func() (int, string) { return try(program, "sato", "Authorization", "Bearer "+made.Secret) },
	} {
		if status, text := c(); status != http.StatusForbidden || !strings.Contains(text, "hint.rollback") && !strings.Contains(text, "hint.token-scope") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if got := shown(); got != "of-owner.txt of-sato.txt" {
		t.Errorf("refused, and yet there is %s", got)
	}
	if status, text := try(colleague, "sato"); status != 200 || shown() != "of-owner.txt" {
		t.Errorf("one's own acts: %d %s, there is %s", status, text, shown())
	}
	if _, err := b.local.MakeShare(ctx, "a"); err != nil { // which the administrator may only read
		t.Fatal(err)
	}
	if err := b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: "a", Rights: api.CanRead}); err != nil {
		t.Fatal(err)
	}
	if status, text := try(b.admin, "owner"); status != 200 || shown() != "" || !strings.Contains(text, `"left":["a"]`) {
		t.Errorf("who may decide: %d %s, there is %s", status, text, shown())
	}
}
