package storehouse

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestOthersThings has staff ask for what is not theirs, by its name.
func TestOthersThings(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	if _, err := b.local.Save(ctx, "/アルバム/secret.jpg", strings.NewReader("x"), 1, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.local.MakeShare(ctx, "own"); err != nil {
		t.Fatal(err)
	}
	if resp, text := b.admin.do("PUT", "/v1/files/"+url.PathEscape("アルバム")+"/of-tanaka.txt", "x"); resp.StatusCode != 200 && resp.StatusCode != 201 {
		t.Fatal(resp.Status, text)
	}
	staff := b.person("sato", account.Staff)
	if err := b.local.SetRights(ctx, api.Right{Account: "sato", Share: "own", Rights: api.CanRead}); err != nil {
		t.Fatal(err)
	}
	var session string
	for s, err := range b.local.Sessions(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Account == "tanaka" {
			session = s.ID.String()
		}
	}
	share := url.PathEscape("アルバム")
	tried := newRoutes(t)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/files/" + share + "/secret.jpg", ""}, {"GET", "/v1/stat/" + share + "/secret.jpg", ""}, {"GET", "/v1/list/" + share, ""},
		{"GET", "/v1/history/" + share + "/secret.jpg", ""}, {"GET", "/v1/removed/" + share, ""}, {"GET", "/v1/search/" + share + "?q=secret", ""},
		{"PUT", "/v1/files/" + share + "/new.txt", "x"}, {"PUT", "/v1/files/own/new.txt", "x"}, {"POST", "/v1/remove/" + share + "/secret.jpg", ""},
		{"POST", "/v1/rename", `{"from":"/アルバム/secret.jpg","to":"/own/mine.jpg"}`}, {"POST", "/v1/restore", `{"path":"/アルバム/secret.jpg","number":1}`},
		{"POST", "/v1/batch/open", `{"paths":["/アルバム/secret.jpg"],"purpose":"open"}`},
		{"GET", "/v1/previews/" + share + "/secret.jpg", ""}, {"GET", "/v1/previews/" + share + "/secret.jpg?large=1", ""}, {"GET", "/files/" + share + "?view=gallery", ""},
		{"GET", "/v1/shares/" + share + "/networks", ""}, {"PUT", "/v1/shares/" + share + "/networks", `{"networks":[]}`}, {"PUT", "/v1/shares/own/networks", `{"networks":[]}`}, {"POST", "/v1/me/identity", ""},
		{"GET", "/v1/shares/" + share + "/rights", ""}, {"PUT", "/v1/shares/" + share + "/register", `{"client":"x"}`}, {"PUT", "/v1/shares/own/register", `{"client":"x"}`}, {"GET", "/v1/shares/" + share + "/roster", ""}, {"PUT", "/v1/shares/" + share + "/roster", "x"}, {"PUT", "/v1/shares/own/roster", "x"}, {"POST", "/v1/shares/" + share + "/roster/look", "x"},
		{"GET", "/v1/shares/" + share + "/roster/links", ""}, {"PUT", "/v1/shares/own/roster/links", `{"rules":""}`}, {"POST", "/v1/shares/" + share + "/roster/coverage", `{}`}, {"PUT", "/v1/shares/own/roster/schools", "x"},
		{"GET", "/v1/shares/own/roster", ""}, {"GET", "/v1/shares/own/roster/links", ""}, {"POST", "/v1/shares/own/roster/coverage", `{}`}, {"GET", "/roster/own", ""}, {"GET", "/roster/" + share, ""}, {"GET", "/register.xlsx", ""},
		{"GET", "/v1/cases/2026-1/findings", ""}, {"GET", "/v1/cases/2026-1/progress", ""}, {"POST", "/v1/cases/2026-1/exposed", `{"class":"confirmed"}`},
		{"GET", "/v1/cases/2026-1/clients", ""}, {"GET", "/v1/cases/2026-1/papers", ""}, {"GET", "/v1/cases/2026-1/papers/board", ""}, {"GET", "/v1/cases/2026-1/papers/board/fields", ""}, {"GET", "/v1/cases/2026-1/packs", ""}, {"PUT", "/v1/cases/2026-1/papers/board/fields", `{"key":"x","text":"y"}`}, {"POST", "/v1/cases/2026-1/papers/board/file", `{}`},
		{"GET", "/v1/cases/2026-1/lookup", ""}, {"POST", "/v1/cases/2026-1/lookup", `{"contact":"x","reason":"x"}`}, {"DELETE", "/v1/cases/2026-1/lookup", ""},
		{"GET", "/v1/cases/2026-1/inquiries", ""}, {"POST", "/v1/cases/2026-1/inquiries", `{"way":"call","who":"x","question":"x","status":"open"}`}, {"GET", "/cases/2026-1/inquiries", ""}, {"GET", "/cases/2026-1/inquiries/table.csv", ""},
		{"GET", "/v1/shares/" + share + "/receipt", ""}, {"GET", "/v1/shares/own/receipt", ""}, {"POST", "/v1/shares/" + share + "/receipt/links", `{"days":1}`}, {"GET", "/v1/receipts", ""}, {"GET", "/receipts", ""}, {"DELETE", "/v1/receipts/x", ""},
		{"GET", "/v1/lookup/x", ""}, {"POST", "/v1/lookup/x", `{"school":"x","year":"2026","class":"1","number":"1"}`}, {"GET", "/lookup/x", ""}, {"GET", "/v1/receipt/x", ""}, {"GET", "/receipts/x", ""}, {"GET", "/receipts/x/pdf", ""},
		{"PUT", "/v1/register?file=x.csv", "share,client\nアルバム,x\n"}, {"PUT", "/v1/shares/" + share + "/register/schools", `{"schools":[]}`}, {"PUT", "/v1/shares/own/register/schools", `{"schools":[]}`},
		{"GET", "/v1/media", ""}, {"POST", "/v1/media", `{"path":"/tmp","label":"x"}`}, {"POST", "/v1/media/sync", `{"path":"/tmp"}`}, {"POST", "/v1/media/0123456789abcdef0123456789abcdef/checked", `{"findings":0}`},
		{"POST", "/v1/media/0123456789abcdef0123456789abcdef/ejected", ""}, {"POST", "/v1/media/0123456789abcdef0123456789abcdef/retire", `{"reason":"x"}`},
		{"GET", "/v1/drills", ""}, {"POST", "/v1/drills", `{"medium":"0123456789abcdef0123456789abcdef","state":1,"of":"2026-01-01T00:00:00Z"}`}, {"POST", "/v1/drills/rehearse", `{"path":"/tmp"}`}, {"POST", "/v1/drills/1/readings", `{"readings":[]}`}, {"POST", "/v1/drills/1/end", `{"outcome":"whole","versions":1,"bytes":1,"tried":1,"whole":1,"read":1,"failed":0,"ready_ms":0,"first_ms":0,"reading_ms":0,"estimate_ms":0,"of_shares":1}`},
		{"GET", "/v1/drills/1/report", ""}, {"GET", "/copies", ""}, {"GET", "/copies/drills/1/pdf", ""}, {"GET", "/v1/ledger/head", ""}, {"GET", "/ledger/head", ""}, {"GET", "/ledger/head/pdf", ""},
		{"GET", "/v1/register", ""}, {"GET", "/register", ""}, {"GET", "/register.csv", ""}, {"GET", "/register/" + share, ""},
		{"GET", "/v1/firm", ""}, {"PUT", "/v1/firm", `{"business":"x"}`}, {"GET", "/firm", ""}, {"GET", "/v1/cases/2026-1/deadlines", ""}, {"GET", "/v1/cases/2026-1/deadlines.ics", ""}, {"GET", "/cases/2026-1/deadlines", ""}, {"GET", "/cases/2026-1/deadlines.ics", ""},
		{"PUT", "/v1/rights", `{"account":"sato","share":"アルバム","rights":"read"}`}, {"POST", "/v1/shares", `{"name":"x"}`},
		{"POST", "/v1/accounts", `{"name":"x","role":"administrator"}`}, {"PUT", "/v1/accounts/sato/role", `{"role":"administrator"}`}, {"DELETE", "/v1/accounts/tanaka", ""},
		{"PUT", "/v1/accounts/tanaka/devices/mine", ""}, {"PUT", "/v1/accounts/tanaka/password", `{"secret":"kumo ga nagareru hi to"}`}, {"PUT", "/v1/accounts/sato/day", `{}`},
		{"DELETE", "/v1/sessions/" + session, ""}, {"DELETE", "/v1/accounts/tanaka/sessions", ""}, {"DELETE", "/v1/accounts/tanaka/day", ""},
		{"POST", "/v1/accounts/tanaka/invitation", ""}, {"POST", "/v1/accounts/tanaka/reset-factors", `{"reason":"x"}`}, {"PUT", "/v1/groups/x", `{"name":"x"}`},
		{"PUT", "/v1/policy", `{"second_factor":true,"day_length":"12h"}`}, {"PUT", "/v1/witnesses", `{"mode":"off","need":0,"witnesses":[]}`}, {"POST", "/v1/renewal", `{"reason":"x"}`}, {"POST", "/v1/ledger/reading-key", ""},
		{"GET", "/v1/shares/" + share + "/retention", ""}, {"PUT", "/v1/shares/" + share + "/retention", `{"versions":1,"deleted":0,"keep":1}`}, {"PUT", "/v1/shares/own/retention", `{"versions":1,"deleted":0,"keep":1}`}, {"GET", "/v1/shares/" + share + "/retention/preview", ""},
		{"POST", "/v1/shares/" + share + "/retention/preview", ""}, {"GET", "/v1/shares/" + share + "/retention/versions", ""}, {"POST", "/v1/shares/" + share + "/retention/removal", `{"digest":"x","reason":"x"}`}, {"POST", "/v1/shares/" + share + "/retention/run", ""},
		{"GET", "/shares/" + share + "/retention", ""}, {"GET", "/shares/" + share + "/retention/list.csv", ""},
		{"GET", "/v1/shares/" + share + "/erasure", ""}, {"POST", "/v1/shares/" + share + "/erasure", `{"reason":"x"}`}, {"POST", "/v1/shares/own/erasure", `{"reason":"x"}`}, {"GET", "/v1/shares/" + share + "/certificate", ""}, {"GET", "/shares/" + share + "/end", ""}, {"GET", "/shares/" + share + "/certificate/pdf", ""},
		{"POST", "/v1/isolation/end", `{"reason":"x"}`}, {"GET", "/v1/recovery", ""}, {"POST", "/v1/recovery/papers", `{}`}, {"POST", "/v1/recovery/papers/renew", `{"reason":"x"}`}, {"POST", "/v1/recovery/papers/test", `{"papers":["x"]}`}, {"GET", "/reserve", ""},
		{"POST", "/v1/recovery/cards", `{"name":"x"}`}, {"POST", "/v1/recovery/cards/check", "x"}, {"POST", "/v1/recovery/cards/1/refresh", "x"}, {"POST", "/v1/recovery/cards/1/written", `{"sha256":"x"}`},
		{"POST", "/v1/recovery/cards/1/forget", `{"how":"lost","reason":"x"}`},
		{"GET", "/v1/status", ""}, {"POST", "/v1/verify", `{}`}, {"POST", "/v1/rebuild", `{"share":"アルバム"}`},
		{"POST", "/v1/mkdir/" + share + "/new", ""}, {"POST", "/v1/mkdir/own/new", ""}, {"POST", "/v1/uploads", ""},
		{"PUT", "/v1/accounts/tanaka/disabled", `{"disabled":true}`}, {"PUT", "/v1/accounts/tanaka/networks", `{"networks":[]}`}, {"DELETE", "/v1/accounts/tanaka/devices/x", ""},
		{"DELETE", "/v1/groups/x", ""}, {"POST", "/v1/proposals/x/confirm", ""}, {"DELETE", "/v1/proposals/x", ""}, {"POST", "/v1/held/0123456789abcdef0123456789abcdef", `{"accept":true}`},
		{"POST", "/v1/rollback", `{"parties":["tanaka"],"from":"2026-01-01T00:00:00Z"}`},
		{"POST", "/v1/alerts/test", ""}, {"POST", "/v1/stops", `{"kind":"account","subject":"tanaka"}`}, {"POST", "/v1/stops", `{"kind":"all"}`}, {"POST", "/v1/stops/x/thaw", `{"reason":"x"}`},
		{"GET", "/v1/shares/" + share + "/persons", ""}, {"PUT", "/v1/shares/" + share + "/persons", `{"template":"{n}"}`}, {"PUT", "/v1/shares/own/persons", `{"template":"{n}"}`},
		{"POST", "/v1/jobs", `{"account":"tanaka","path":"アルバム","purpose":"open","files":1,"until":"2099-01-01T00:00:00Z","reason":"x"}`}, {"DELETE", "/v1/jobs/x", ""},
		{"POST", "/v1/jobs", `{"path":"アルバム","purpose":"open","files":1,"until":"2099-01-01T00:00:00Z","reason":"x"}`},
		{"GET", "/v1/traps", ""}, {"POST", "/v1/traps", `{"path":"own/x"}`}, {"POST", "/v1/traps", `{"path":"アルバム/secret.jpg"}`}, {"DELETE", "/v1/traps/x", ""},
		{"GET", "/v1/ledger/proofs/1", ""}, {"GET", "/v1/cases", ""}, {"POST", "/v1/cases", `{"parties":["tanaka"],"from":"2026-01-01T00:00:00Z"}`},
		{"POST", "/v1/cases/2026-1/suspects", `{"parties":["tanaka"],"from":"2026-01-01T00:00:00Z"}`}, {"POST", "/v1/cases/2026-1/close", `{"note":"x"}`},
		{"GET", "/v1/cases/2026-1", ""}, {"GET", "/v1/cases/2026-1/timeline", ""}, {"POST", "/v1/cases/2026-1/trust", `{"subject":"tanaka","reason":"x"}`},
		{"POST", "/v1/cases/2026-1/knowing", `{"department":"sales","when":"2026-01-01T00:00:00Z"}`}, {"PUT", "/v1/cases/2026-1/facts/hostile", `{"value":"yes"}`},
		{"POST", "/v1/cases/2026-1/notes", `{"text":"x"}`}, {"POST", "/v1/cases/2026-1/tasks", `{"text":"x"}`}, {"POST", "/v1/cases/2026-1/tasks/1/done", ""},
		{"POST", "/v1/cases/2026-1/attachments?name=x.txt", "x"}, {"GET", "/v1/cases/2026-1/attachments/1", ""}, {"POST", "/v1/cases/2026-1/decisions", `{"text":"x"}`},
		{"PUT", "/v1/cases/2026-1/hold", `{"lift":true,"reason":"x"}`},
		{"GET", "/v1/logs", ""}, {"GET", "/v1/logs/state", ""}, {"PUT", "/v1/logs/settings", `{"sources":[],"days":1,"daily_mib":1,"count":[]}`}, {"POST", "/v1/logs/verify", ""}, {"GET", "/v1/cases/2026-1/appliances", ""}, {"GET", "/logs", ""},
		{"GET", "/cases/2026-1", ""}, {"GET", "/cases/2026-1/damage", ""}, {"GET", "/cases/2026-1/attachments/1", ""},
		{"GET", "/download/" + share + "/secret.jpg", ""}, {"GET", "/files/" + share + "/secret.jpg", ""}, {"GET", "/download/" + share, ""}, {"GET", "/shares/" + share, ""}, {"GET", "/people/tanaka", ""},
	} {
		tried.note(c.method, c.path)
		resp, text := staff.do(c.method, c.path, c.body, "Content-Type", "application/json", "Tus-Resumable", "1.0.0", "Upload-Length", "1", "Upload-Metadata", "path L+OCouODq+ODkOODoC94")
		if resp.StatusCode != 403 && resp.StatusCode != 404 && resp.StatusCode != 409 { // 409: as in a share that is not there
			if c.path == "/v1/batch/open" && strings.Contains(text, `"error"`) && !strings.Contains(text, "x\n") {
				continue // a batch tells of each file by itself
			}
			t.Errorf("%s %s: %d %.200s", c.method, c.path, resp.StatusCode, text)
		}
	}
	if resp, text := staff.do("POST", "/v1/previews", `{"paths":["/アルバム/secret.jpg","/アルバム/nothing.jpg"]}`, "Content-Type", "application/json"); resp.StatusCode != 200 || strings.Count(text, `"none"`) != 2 {
		t.Errorf("previews of others: %d %s", resp.StatusCode, text) // what is there looks like what is not
	}
	tried.note("POST", "/v1/damage")
	if resp, text := staff.do("POST", "/v1/damage", `{"parties":["tanaka"],"from":"2026-01-01T00:00:00Z"}`, "Content-Type", "application/json"); resp.StatusCode != 200 || text != "" {
		t.Errorf("the damage in shares of others: %d %s", resp.StatusCode, text)
	}
	tried.allOthers()
	if _, text := staff.do("GET", "/v1/accounts", ""); strings.Contains(text, "tanaka") {
		t.Errorf("staff sees other accounts: %s", text)
	}
	if _, text := staff.do("GET", "/v1/readings", ""); strings.Contains(text, "tanaka") {
		t.Errorf("staff sees what others read: %s", text)
	}
	if _, text := staff.do("GET", "/v1/sessions", ""); strings.Contains(text, "tanaka") {
		t.Errorf("staff sees other sessions: %s", text)
	}
	if _, text := staff.do("GET", "/v1/ledger/events?path="+url.QueryEscape("/アルバム"), ""); strings.Contains(text, "secret.jpg") {
		t.Errorf("staff sees what others did: %s", text)
	}
}

// routes are those of the API, and which of them were tried.
type routes struct {
	t     *testing.T
	mux   *http.ServeMux
	tried map[string]bool // by pattern
}

func newRoutes(t *testing.T) *routes {
	t.Helper()
	b, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	r := &routes{t, http.NewServeMux(), make(map[string]bool)}
	for path, methods := range all.Paths {
		for m := range methods {
			pattern := strings.ToUpper(m) + " " + strings.Replace(path, "{path}", "{path...}", 1)
			r.mux.Handle(pattern, http.NotFoundHandler())
			r.tried[pattern] = false
		}
	}
	return r
}

func (r *routes) note(method, path string) {
	q, err := http.NewRequest(method, path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	_, pattern := r.mux.Handler(q)
	r.tried[pattern] = true
}

// allOthers fails for a route that was not tried and names something that could be somebody else's.
func (r *routes) allOthers() {
	r.t.Helper()
	own := regexp.MustCompile(`^(GET /v1/(house|openapi.json|facts|me|accounts|sessions|shares|groups|proposals|stops|held|renewal|policy|witnesses|readings|jobs|ledger/events)|` + // lists of what one may see
		`\w+ /v1/(login|invitation|logout|strength|me)\b.*|` + // before a session, and what is one's own
		`POST /v1/(batch/save|previews)|\w+ /v1/uploads(/\{id\})?)$`) // below, and in TestUploadsAreTheirOwners
	for pattern, tried := range r.tried {
		if !tried && !own.MatchString(pattern) {
			r.t.Errorf("nobody has tried %s on what is not theirs", pattern)
		}
	}
}
