package storehouse

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

// attackedHouse is what is left of a house in which somebody did harm while a colleague worked on; a case tells of it. files are those from before.
func attackedHouse(t *testing.T) (l *lostHouse, number string) {
	t.Helper()
	b, ctx := besiege(t), t.Context()
	l = &lostHouse{at: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.local.MakeShare(ctx, "s")
	must(err)
	sato, bad := b.person("sato", account.Staff), b.person("bad", account.Staff)
	for _, name := range []string{"sato", "bad"} {
		must(b.local.SetRights(ctx, api.Right{Account: name, Share: "s", Rights: api.CanWrite}))
	}
	do := func(v *visitor, method, name, text string) {
		t.Helper()
		if resp, text := v.do(method, "/v1/files/s/"+name, text); resp.StatusCode/100 != 2 {
			t.Fatal(resp.Status, text)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		do(sato, "PUT", name+".txt", "good "+name)
	}
	from := time.Now()
	do(bad, "PUT", "a.txt", "pay")
	if resp, text := bad.do("POST", "/v1/remove/s/b.txt", ""); resp.StatusCode/100 != 2 {
		t.Fatal(resp.Status, text)
	}
	do(sato, "PUT", "c.txt", "better c")
	do(sato, "PUT", "d.txt", "new d")
	do(bad, "PUT", "note.txt", "how to pay")
	c, err := b.local.OpenCase(ctx, api.CaseRequest{Reason: "odd", Parties: []string{"bad"}, From: from})
	must(err)
	p, err := b.local.MakePapers(ctx, api.PapersRequest{Needed: 2, Of: 3})
	must(err)
	for _, x := range p.Papers {
		one, err := piece.Parse(x.Code)
		must(err)
		l.papers = append(l.papers, one)
	}
	f, err := b.local.MakeCard(ctx, "safe")
	must(err)
	l.card, err = card.Parse(f.Content)
	must(err)
	_, err = b.local.MakeMedium(ctx, api.NewMedium{Path: l.at, Label: "disk A"})
	must(err)
	_, err = synced(t, b.local, l.at)
	must(err)
	return l, c.ID
}

// shownIn is what stands in the share, with its content.
func shownIn(t *testing.T, c *client.Client) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for i, err := range c.List(t.Context(), "/s") {
		if err != nil {
			t.Fatal(err)
		}
		body, err := c.Open(t.Context(), i.Path, client.Version{}, "open")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimPrefix(i.Path, "/s/")] = string(text)
	}
	return out
}

// TestRestoreBeforeCase puts everything back to what it was before a case began, or only what its suspects have done; also when it is broken off between
// the copy and that, when the medium has gone back to its cupboard.
func TestRestoreBeforeCase(t *testing.T) {
	l, number := attackedHouse(t)
	before := map[string]string{"a.txt": "good a", "b.txt": "good b", "c.txt": "good c"}
	trusted := map[string]string{"a.txt": "good a", "b.txt": "good b", "c.txt": "better c", "d.txt": "new d"}
	for _, x := range []struct {
		name    string
		trusted bool
		want    map[string]string
	}{{"everything", false, before}, {"the suspects'", true, trusted}} {
		t.Run(x.name, func(t *testing.T) {
			cfg, src := Default(filepath.Join(t.TempDir(), "data")), l.source()
			src.Rewind = Rewind{Case: number, Trusted: x.trusted}
			if err := Restore(t.Context(), cfg, options(), src); err != nil {
				t.Fatal(err)
			}
			h, c := stopped(t, cfg, options())
			if got := shownIn(t, c); got["a.txt"] != "pay" || len(h.notices()) != 3 {
				t.Errorf("before all is copied: %q, %d notices", got, len(h.notices()))
			}
			if out, err := h.Rewind(t.Context()); err != nil || out.Case != "" {
				t.Errorf("before all is copied: %+v, %v", out, err)
			}
			if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
				t.Fatal(err)
			}
			shut(t, h)
			away := l.at + " in the cupboard"
			if err := os.Rename(l.at, away); err != nil {
				t.Fatal(err)
			}
			defer os.Rename(away, l.at)
			if err := Restore(t.Context(), cfg, options(), Source{From: l.at}); err != nil {
				t.Errorf("the same command again: %v", err)
			}
			h, c = stopped(t, cfg, options())
			saved(t, c, "/s/after.txt", "in the restored house")
			out, err := h.Rewind(t.Context())
			if err != nil || out.Case != number || len(out.Acts) == 0 || out.Last.Before(out.First) || len(h.notices()) != 1 {
				t.Errorf("%+v, %v", out, err)
			}
			want := maps.Clone(x.want)
			want["after.txt"] = "in the restored house"
			if got := shownIn(t, c); !maps.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if out, err := h.Rewind(t.Context()); err != nil || out.Case != "" {
				t.Errorf("once more: %+v, %v", out, err)
			}
			shut(t, h)
			if _, err := os.Stat(filepath.Join(cfg.Data, restoringFile)); err == nil {
				t.Error("the restore has not ended")
			}
		})
	}
}

// TestRestoreBeforeNoCase: a case that the medium does not know is told before anything is copied, and the restore goes on without it.
func TestRestoreBeforeNoCase(t *testing.T) {
	l := loseHouse(t, 1, 100)
	cfg, src := Default(filepath.Join(t.TempDir(), "data")), l.source()
	src.Rewind = Rewind{Case: "2026-1"}
	err := Restore(t.Context(), cfg, options(), src)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Hint != "hint.restore-case" {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), cfg, options(), Source{From: l.at}); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, options())
	if out, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil || len(out.Findings) > 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := h.Rewind(t.Context()); err != nil || out.Case != "" {
		t.Errorf("%+v, %v", out, err)
	}
	l.compare(t, c)
	shut(t, h)
}
