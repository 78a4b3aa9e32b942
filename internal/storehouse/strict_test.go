package storehouse

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestStrictAPI: what is wrong with a request is said by its name, and a typing error never does something else instead.
func TestStrictAPI(t *testing.T) {
	b := besiege(t)
	if err := b.local.MakeAccount(t.Context(), api.NewAccount{Name: "sato", Role: account.Staff}); err != nil {
		t.Fatal(err)
	}
	const asJSON = "application/json"
	for _, c := range []struct {
		request, kind, body string
		status              int
		says                string // in its sentence
	}{
		{"PUT /v1/accounts/sato/networks", asJSON, `{}`, 400, "networks"},
		{"PUT /v1/accounts/sato/networks", asJSON, `{"networks":null}`, 400, "networks"},
		{"PUT /v1/accounts/sato/networks", asJSON, `{"network":["10.0.0.0/8"]}`, 400, "network"},
		{"PUT /v1/accounts/sato/networks", asJSON, `{"networks":[]} {}`, 400, "JSON"},
		{"PUT /v1/accounts/sato/networks", asJSON, `null`, 400, "JSON"},
		{"PUT /v1/accounts/sato/networks", "text/plain", `{"networks":[]}`, 400, "Content-Type: text/plain"},
		{"PUT /v1/accounts/sato/networks", asJSON, `{"networks":[]}`, 200, "{}"},
		{"PUT /v1/accounts/sato/disabled", asJSON, `{}`, 400, "disabled"},
		{"PUT /v1/accounts/sato/disabled", asJSON, `{"disabled":"no"}`, 400, "disabled"},
		{"POST /v1/previews", asJSON, `{"paths":null}`, 400, "paths"},
		{"POST /v1/previews", asJSON, `{"paths":[]}`, 400, "paths"},
		{"POST /v1/shares", asJSON, `{"name":"アルバム"}`, 409, "アルバム"},
		{"POST /v1/accounts", asJSON, `{"name":"sato","role":"staff"}`, 409, "sato"},
		{"POST /v1/mkdir/アルバム/組", "", "", 204, ""},
		{"POST /v1/mkdir/アルバム/組", "", "", 409, "アルバム/組"},
		{"DELETE /v1/shares", "", "", 405, "DELETE"},
		{"PATCH /v1/files/アルバム/x", "", "", 405, "PATCH"},
		{"GET /v1/nothing", "", "", 404, "/v1/nothing"},
		{"GET /v1/ledger/events?newest=1&limit=1", "", "", 200, ""},
		{"GET /v1/ledger/events?newest=yes", "", "", 400, "newest=yes"},
		{"GET /v1/ledger/events?look=5", "", "", 400, "newest=true"},
		{"GET /v1/ledger/events?limit=-1", "", "", 400, "limit=-1"},
		{"GET /v1/ledger/events?limit=", "", "", 400, "limit="},
		{"GET /v1/ledger/events?before=x", "", "", 400, "before=x"},
		{"GET /v1/ledger/events?from=yesterday", "", "", 400, "from=yesterday"},
		{"GET /v1/ledger/events?kind=zzz", "", "", 400, "kind=zzz"},
		{"GET /v1/ledger/events?share=アルバン", "", "", 404, "アルバン"},
		{"GET /v1/search/アルバム", "", "", 400, "q="},
		{"GET /v1/search/アルバム?q=x&limit=0", "", "", 400, "limit=0"},
		{"GET /v1/files/アルバム/x?number=0", "", "", 400, "number=0"},
		{"GET /v1/files/アルバム/x?number=1&number=2", "", "", 400, "number=1,2"},
		{"GET /v1/files/アルバム/x?number=1&version=00", "", "", 400, "version=00"},
		{"GET /v1/previews/アルバム?large=abc", "", "", 400, "large=abc"},
		{"GET /v1/previews/アルバム", "", "", 404, "no previews"},
		{"GET /ledger?kind=zzz", "", "", 400, "kind=zzz"},
		{"GET /ledger?before=-4", "", "", 400, "before=-4"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		header := []string{"Accept-Language", "en"}
		if c.kind != "" {
			header = append(header, "Content-Type", c.kind)
		}
		resp, text := b.admin.do(method, path, c.body, header...)
		said := text
		var p api.Problem
		if json.Unmarshal([]byte(text), &p) == nil && c.status >= 400 {
			said = p.Message
		}
		if resp.StatusCode != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: %d %s; want %d and %q", c.request, c.body, resp.StatusCode, said, c.status, c.says)
		}
		if c.status == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s: no word on what is allowed", c.request)
		}
	}
	var line struct {
		Index    int64
		Recorded *string
		Rest     bool
	}
	_, text := b.admin.do("GET", "/v1/ledger/events?newest=true&look=1&kind=login", "")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || !line.Rest || line.Recorded != nil {
		t.Errorf("the mark after what was looked at: %s, %v", text, err)
	}
}
