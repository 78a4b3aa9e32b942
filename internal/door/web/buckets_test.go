package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// TestBucketPages: the page of copies says of a bucket that it is locked, and until when, or that its lock has ended, and never that it is off; why a daily
// copy has failed; and the settings how far the ledger's copy is.
func TestBucketPages(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	answers := http.NewServeMux()
	for path, x := range map[string]any{
		"GET /v1/me":        map[string]any{"account": "sato", "powers": []account.Power{account.Care, account.SeePeople}},
		"GET /v1/policy":    api.Policy{},
		"GET /v1/witnesses": api.Witnesses{},
		"GET /v1/drills":    api.DrillList{},
		"GET /v1/status":    api.Status{Ledger: api.LedgerStatus{Bucket: &api.LedgerBucket{Name: "ledger-b", Size: 42, Copied: now}}},
		"GET /v1/media": api.Copies{Level: "good", Failed: []api.FailedCopy{{Label: "far", When: now, Text: "no answer"}}, Media: []api.Medium{
			{Label: "locked", Lock: 30, State: 1, Time: now, Until: now.AddDate(0, 0, 29)}, {Label: "lapsed", Lock: 30, State: 1, Time: now, Until: now.AddDate(0, 0, -1)}, {Label: "fresh", Lock: 30}}},
	} {
		answers.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(x) })
	}
	pages := New(Config{API: answers, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	for lang, says := range map[string]map[string][]string{
		"en": {"/copies": {"locked until 2026-12-29", "LOCK ENDED 2026-11-29", "a bucket, no copy yet<", "The daily copy to “far” has failed, 2026-11-30", "no answer"}, "/settings": {`id="bucket"`, "“ledger-b” has 42 entries"}},
		"ja": {"/copies": {"2026-12-29 までロック中", "ロック期限切れ（2026-11-29）", "バケット（複製はまだありません）<", "「far」への毎日の複製に失敗しました"}, "/settings": {"バケット「ledger-b」に台帳の写し"}},
	} {
		for at, wants := range says {
			r := httptest.NewRequest("GET", "http://localhost"+at, nil)
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, r)
			for _, want := range wants {
				if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
					t.Errorf("%s, %s: %d, no %q in\n%s", at, lang, w.Code, want, w.Body)
				}
			}
			if at == "/copies" && (strings.Contains(w.Body.String(), ">off<") || strings.Contains(w.Body.String(), "未接続")) {
				t.Errorf("%s: a bucket is called switched off", lang)
			}
		}
	}
}
