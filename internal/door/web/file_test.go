package web

import (
	"testing"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
)

// TestPair: two versions are proposed to compare wherever there are two, also where the later one is held back.
func TestPair(t *testing.T) {
	one, two := id.NewVersion(), id.NewVersion()
	change := func(v id.Version, number int) api.Change {
		return api.Change{File: &api.Info{Version: v, Number: number}}
	}
	for name, c := range map[string]struct {
		shown id.Version
		list  []api.Change // latest first
		a, b  int
	}{
		"one version":     {one, []api.Change{change(one, 1)}, 0, 1},
		"two":             {two, []api.Change{change(two, 2), change(one, 1)}, 1, 2},
		"the second held": {one, []api.Change{change(two, 2), {}, change(one, 1)}, 2, 1},
		"none is shown":   {one, []api.Change{change(two, 2)}, 0, 0},
	} {
		l := leaf{Info: api.Info{Version: c.shown}, Changes: c.list}
		if l.pair(); l.A != c.a || l.B != c.b {
			t.Errorf("%s: %d and %d, want %d and %d", name, l.A, l.B, c.a, c.b)
		}
	}
}
