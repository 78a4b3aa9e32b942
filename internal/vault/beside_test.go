package vault_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestRollbackOfLongNames: what stands beside has a name that every door accepts, and a second one has another.
func TestRollbackOfLongNames(t *testing.T) {
	h, now := clocked(t, guard.Config{})
	bad, other := person("bad"), person("other")
	name := strings.Repeat("校", 83) + ".jpg"
	p := pathname.Path("/s").Join(name)
	for round := range 3 {
		save(t, h.v.As(other), p, smallPicture(10*round+1))
		*now = now.Add(time.Hour)
		from := now.Add(-time.Minute)
		save(t, h.v.As(bad), p, smallPicture(10*round+2))
		*now = now.Add(time.Hour)
		save(t, h.v.As(other), p, smallPicture(10*round+3))
		*now = now.Add(time.Hour)
		_, err := h.v.Rollback(t.Context(), other, "/s", vault.Suspects{From: from, Pick: func(a vault.Actor) bool { return a.Author == "bad" }}, nil, false, func(vault.Mended) error { return nil })
		must(t, err)
	}
	var names []string
	for n := range listed(t, h.v.As(other).List(t.Context(), "/s")) {
		names = append(names, n.Base())
		if err := pathname.Check(n.Base()); err != nil || !strings.HasSuffix(n.Base(), ".jpg") {
			t.Errorf("%s: %v", n, err)
		}
	}
	if slices.Sort(names); len(names) != 4 {
		t.Errorf("%q", names)
	}
}
