package vault_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// A tree of more than a thousand becomes visible at once.
func TestCopyIsOneCommit(t *testing.T) {
	root, k := t.TempDir(), newTestKeeper(t, "s")
	h := openHouse(t, root, k)
	f, ctx := h.v.As(staff), t.Context()
	tree := func(i int) pathname.Path { return pathname.Path(fmt.Sprint("/s/t", i)) }
	must(t, f.Mkdir(ctx, tree(0)))
	for _, n := range []string{"1", "2", "3"} {
		save(t, f, tree(0).Join(n), []byte(n))
	}
	const doublings = 8
	for i := range doublings {
		must(t, f.Mkdir(ctx, tree(i+1)), f.Copy(ctx, tree(i), tree(i+1).Join("a"), false, true), f.Copy(ctx, tree(i), tree(i+1).Join("b"), false, true))
	}
	before := commits(t, h)
	must(t, f.Copy(ctx, tree(doublings), "/s/copy", false, true))
	if got := commits(t, h) - before; got != 1 {
		t.Errorf("a copy of %d files took %d commits, want 1", 3<<doublings, got)
	}
	h.close()
	h = openOn(t, durable.OS(), root, t.TempDir(), k)
	defer h.close()
	f = h.v.As(staff)
	for _, side := range []string{"/a", "/b"} {
		dir := pathname.Path("/s/copy" + strings.Repeat(side, doublings))
		want := map[string]string{string(dir) + "/1": "1", string(dir) + "/2": "2", string(dir) + "/3": "3"}
		if got := shown(t, f, dir); !maps.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", dir, got, want)
		}
	}
}

// The power goes at every call to the disk: the copy is there as a whole, or not at all.
func TestCopyPowerCut(t *testing.T) {
	none := map[string]string{"/s/a/": "", "/s/a/b/": "", "/s/a/1": "1", "/s/a/b/2": "2"}
	all := map[string]string{"/s/c/": "", "/s/c/b/": "", "/s/c/1": "1", "/s/c/b/2": "2"}
	maps.Copy(all, none)
	allOrNothing(t, none, all, func(ctx context.Context, v *vault.Vault) (begun, acknowledged bool) {
		f := v.As(staff)
		begun = f.Mkdir(ctx, "/s/a") == nil && f.Mkdir(ctx, "/s/a/b") == nil && trySave(f, "/s/a/1", "1") == nil && trySave(f, "/s/a/b/2", "2") == nil
		return begun, begun && f.Copy(ctx, "/s/a", "/s/c", false, true) == nil
	})
}
