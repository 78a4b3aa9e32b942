package cli

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
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

// TestState: of whom something is frozen it is said, beside an open day, and instead of one that the freeze has closed.
func TestState(t *testing.T) {
	day := time.Date(2026, 7, 13, 20, 0, 0, 0, time.Local)
	for want, x := range map[string]api.Account{
		"有効":                 {},
		when(day) + " まで利用中": {Day: day},
		"機器を凍結中; " + when(day) + " まで利用中": {Day: day, Frozen: []account.StopKind{account.StopDevice}},
		"凍結中":        {Frozen: []account.StopKind{account.StopAccount}},
		"全体を凍結中; 停止": {Disabled: true, Frozen: []account.StopKind{account.StopAll}},
	} {
		if got := (&app{lang: lang.Japanese}).state(x); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestPlaceholder: a file that never had content shows when it was made; a folder shows no time.
func TestPlaceholder(t *testing.T) {
	made := time.Date(2026, 7, 13, 9, 0, 0, 0, time.Local)
	var out bytes.Buffer
	a := &app{lang: lang.English, out: &out}
	err := a.infos(func(yield func(api.Info, error) bool) {
		_ = yield(api.Info{Path: "/albums/a.txt", Type: api.RegularFile, Created: made}, nil) && yield(api.Info{Path: "/albums/b", Type: api.Directory, Created: made}, nil)
	}, false)
	if lines := strings.Split(out.String(), "\n"); err != nil || !strings.Contains(lines[0], when(made)) || strings.Contains(lines[1], when(made)) {
		t.Errorf("%v\n%s", err, &out)
	}
}
