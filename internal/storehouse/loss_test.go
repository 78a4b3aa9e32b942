package storehouse

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/keeper/card"
)

// TestLossesOfLaterShare: of a share that was made after the medium's date what is lost is told with the share's name, and with the names of
// the files where the card has its keys.
func TestLossesOfLaterShare(t *testing.T) {
	older, fresh := filepath.Join(t.TempDir(), "older"), card.Card{}
	l := loseHouse(t, 1, 100, func(l *lostHouse, _ *House, c *client.Client) {
		if _, err := synced(t, c, l.at); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(older, os.DirFS(l.at)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.MakeShare(t.Context(), "orders"); err != nil {
			t.Fatal(err)
		}
		saved(t, c, "/orders/a.txt", "after the copy")
		f, err := c.MakeCard(t.Context(), "bank")
		if err == nil {
			fresh, err = card.Parse(f.Content)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	for name, x := range map[string]struct {
		card card.Card
		path string
	}{
		"a card from before it": {l.card, ""},
		"a fresh card":          {fresh, "/orders/a.txt"},
	} {
		src, cfg := l.source(), Default(filepath.Join(t.TempDir(), "data"))
		src.From, src.Keys.Card = older, x.card
		if err := Restore(t.Context(), cfg, options(), src); err != nil {
			t.Fatal(err)
		}
		h, _ := stopped(t, cfg, options())
		var lost []string
		if _, err := h.Losses(t.Context(), l.ledger, func(l Loss) { lost = append(lost, l.Kind+" "+l.Share+" "+l.Path) }); err != nil {
			t.Fatal(err)
		}
		shut(t, h)
		if want := []string{"share-made orders ", "saved orders " + x.path, "saved アルバム /アルバム/late.txt"}; !slices.Equal(lost, want) {
			t.Errorf("%s: %q, want %q", name, lost, want)
		}
	}
}
