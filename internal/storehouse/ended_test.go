package storehouse

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// erasedHouse is what is left of a house from before one of its two shares was erased: medium, card and papers; and a copy of the ledger from after it.
func erasedHouse(t *testing.T) *lostHouse {
	t.Helper()
	b, ctx := besiege(t), t.Context()
	l := &lostHouse{at: t.TempDir(), files: map[string]string{"/new/a.txt": "new"}}
	for _, name := range []string{"old", "new"} {
		if _, err := b.local.MakeShare(ctx, name); err != nil {
			t.Fatal(err)
		}
		saved(t, b.local, "/"+name+"/a.txt", name)
	}
	p, err := b.local.MakePapers(ctx, api.PapersRequest{Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Papers {
		one, err := piece.Parse(x.Code)
		if err != nil {
			t.Fatal(err)
		}
		l.papers = append(l.papers, one)
	}
	f, err := b.local.MakeCard(ctx, "safe")
	if err == nil {
		l.card, err = card.Parse(f.Content)
	}
	if err == nil {
		_, err = b.local.MakeMedium(ctx, api.NewMedium{Path: l.at, Label: "disk A"})
	}
	if err == nil {
		_, err = synced(t, b.local, l.at)
	}
	if err != nil {
		t.Fatal(err)
	}
	saved(t, b.local, "/old/late.txt", "nobody is to be told this name")
	o, err := b.local.EraseShare(ctx, "old", api.NewErasure{Reason: "its time is over"})
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if resp, text := b.admin.do("POST", "/v1/proposals/"+url.PathEscape(o.Proposal.ID)+"/confirm", ""); resp.StatusCode >= 300 {
		t.Fatal(resp.Status, text)
	}
	if _, err := b.local.Certificate(ctx, "old", "json"); err != nil { // there is a head that covers it
		t.Fatal(err)
	}
	l.ledger = filepath.Join(t.TempDir(), "mirror")
	if _, err := ledger.Export(ctx, os.DirFS(LedgerDir(b.data)), l.card.Vault, durable.OS(), l.ledger); err != nil {
		t.Fatal(err)
	}
	return l
}

// gone reports whether a share has ended for good in a house, and all the other is there.
func (l *lostHouse) gone(t *testing.T, h *House, c *client.Client) {
	t.Helper()
	if _, err := c.Stat(t.Context(), "/old/a.txt"); hinted(err) != "hint.share-erased" {
		t.Errorf("a file of the share that was erased: %v", err)
	}
	l.compare(t, c)
	text, err := c.Certificate(t.Context(), "old", "json")
	if err != nil || !strings.Contains(string(text), `"number": 1`) {
		t.Errorf("its certificate: %.300s, %v", text, err)
	}
	if k := h.Keyless(); len(k) > 0 {
		t.Errorf("keys of %q are missing, as if a card could bring them", k)
	}
}

// TestRestoreErased: a card and a medium from before an erasure do not bring a share back where a copy of the ledger tells of its end, whether the copy is
// there when the vault is made again or comes later.
func TestRestoreErased(t *testing.T) {
	l := erasedHouse(t)
	for name, late := range map[string]bool{"at once": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			cfg, src := Default(filepath.Join(t.TempDir(), "data")), l.source()
			if !late {
				src.Ledger = l.ledger
			}
			if err := Restore(t.Context(), cfg, options(), src); err != nil {
				t.Fatal(err)
			}
			h, c := stopped(t, cfg, options())
			if late {
				if _, err := c.Stat(t.Context(), "/old/a.txt"); err != nil {
					t.Errorf("nobody knows of its end, and it does not open: %v", err)
				}
			} else {
				l.gone(t, h, c)
			}
			var told []string
			if _, err := h.Losses(t.Context(), l.ledger, func(x Loss) { told = append(told, x.Kind+" "+x.Share+" "+x.Path) }); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, "share-erased old") }) || slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "late.txt") }) {
				t.Errorf("told: %q", told)
			}
			l.gone(t, h, c)
			if _, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil {
				t.Fatal(err)
			}
			l.gone(t, h, c)
			shut(t, h)
			h, c = stopped(t, cfg, options())
			l.gone(t, h, c)
			n := 0
			for e, err := range c.Events(t.Context(), api.EventFilter{Kinds: []string{"share-erased"}}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; !strings.Contains(string(e), "as a copy of the ledger tells") {
					t.Errorf("%s", e)
				}
			}
			if n != 1 {
				t.Errorf("%d entries tell of the end", n)
			}
			shut(t, h)
		})
	}
}

// TestRestoreErasedRefuses: with a copy of another ledger nothing is restored, and it can be tried again.
func TestRestoreErasedRefuses(t *testing.T) {
	l, other := loseHouse(t, 1, 100), loseHouse(t, 1, 100)
	src := l.source()
	src.Ledger = other.ledger
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	err := Restore(t.Context(), cfg, options(), src)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Hint != "hint.loss-ledger" {
		t.Errorf("a copy of another ledger: %v", err)
	}
	src.Ledger = ""
	if err := Restore(t.Context(), cfg, options(), src); err != nil {
		t.Errorf("and then without: %v", err)
	}
}
