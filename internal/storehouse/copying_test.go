package storehouse

import (
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
)

// TestCopiesAtOnce: a copy to a bucket, which can take days, keeps no disk waiting, nor another bucket; two disks come one after the other, and packs are
// written anew only when nobody copies them.
func TestCopiesAtOnce(t *testing.T) {
	cfg, _ := created(t)
	h, c := stopped(t, cfg, options())
	defer shut(t, h)
	at := t.TempDir()
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: at, Label: "disk"}); err != nil {
		t.Fatal(err)
	}
	begin := func(m account.Medium) func() {
		t.Helper()
		end, ok := h.syncing.begin(m)
		if !ok {
			t.Fatal("it has to wait")
		}
		return end
	}
	cloud := account.Medium{ID: id.NewMedium(), Lock: 30}
	first, second := begin(cloud), begin(account.Medium{ID: id.NewMedium(), Lock: 30})
	if _, ok := h.syncing.begin(cloud); ok {
		t.Error("two copies go to one bucket")
	}
	if _, err := synced(t, c, at); err != nil {
		t.Errorf("a disk, while a bucket is copied to: %v", err)
	}
	if _, ok := h.syncing.exclude(); ok {
		t.Error("packs are written anew while they are copied")
	}
	first()
	second()
	disk := begin(account.Medium{ID: id.NewMedium()})
	if _, err := synced(t, c, at); hinted(err) != "hint.medium-busy" {
		t.Errorf("two disks at once: %v", err)
	}
	disk()
	anew, ok := h.syncing.exclude()
	if !ok {
		t.Fatal("nobody copies, and yet packs cannot be written anew")
	}
	if _, err := synced(t, c, at); hinted(err) != "hint.medium-busy" {
		t.Errorf("a copy while packs are written anew: %v", err)
	}
	anew()
	begin(cloud)()
}
