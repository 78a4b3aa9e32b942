package cli

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
)

// TestShowProposals: who says yes has read what changes, from what to what, with its unit, and nothing that a terminal obeys.
func TestShowProposals(t *testing.T) {
	var list iter.Seq2[api.Proposal, error] = func(yield func(api.Proposal, error) bool) {
		_ = yield(api.Proposal{ID: "AAA", Act: "weaken-policy", Reason: "reading budgets", By: "tanaka", Until: time.Unix(0, 0),
			Changes: []api.RuleChange{{What: "open-day", From: "10000", To: "50000"}, {What: "network-list", On: "a\x1b[2J", From: "192.0.2.0/24"}}}, nil) &&
			yield(api.Proposal{ID: "BBB", Act: "remove", Target: "sato", By: "tanaka", Until: time.Unix(0, 0)}, nil)
	}
	for l, want := range map[lang.Lang][]string{
		lang.English:  {"loosen the rules", "reading budgets", "AAA would change: Files to open, within a day: 10,000 files → 50,000 files\n", "192.0.2.0/24 → none\n"},
		lang.Japanese: {"方針の緩和", "閲覧の上限", "AAA の変更内容：ファイルを開く（1 日）：10,000 件 → 50,000 件\n", "192.0.2.0/24 → なし\n"},
	} {
		var out bytes.Buffer
		a := &app{lang: l, out: &out}
		if err := a.showProposals(list); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%v: no %q in:\n%s", l, w, &out)
			}
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%v: the terminal is told what to do: %q", l, &out)
		}
	}
}
