package vault_test

import (
	"testing"

	"github.com/azekura/azekura/internal/pathname"
)

// TestPassingNames: who gives files names that programs give to what they need for a moment gets rid of them no more easily.
func TestPassingNames(t *testing.T) {
	const album = pathname.Path("/s/3年B組")
	for name, c := range map[string]struct {
		as    func(pathname.Path) pathname.Path
		whole bool // with the folder
	}{
		"an ending": {func(p pathname.Path) pathname.Path { return p + ".bak" }, false},
		"a dot":     {func(p pathname.Path) pathname.Path { return album.Join("." + p.Base()) }, false},
		"a folder":  {func(p pathname.Path) pathname.Path { return p + ".tmp" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := guarded(t)
			pictures := pictureAlbum(t, h, 12)
			f := h.v.As(person("tidy"))
			for p := range pictures {
				must(t, f.Rename(t.Context(), p, c.as(p), false))
				if !c.whole {
					must(t, f.Remove(t.Context(), c.as(p)))
				}
			}
			if c.whole {
				must(t, f.Remove(t.Context(), album))
			}
			eyes := person("eyes")
			if left := len(listed(t, h.v.As(eyes).List(t.Context(), album))); left < 12-4 || len(held(t, h, eyes)) == 0 {
				t.Errorf("%d of 12 are left", left)
			}
		})
	}
}
