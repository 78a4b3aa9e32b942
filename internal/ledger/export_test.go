package ledger

import (
	"context"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
)

// TestExportAndPowerCut: at whatever moment the power goes, a copy is whole or is none; and it is whole once Export has said so.
func TestExportAndPowerCut(t *testing.T) {
	k := newKeys(t)
	l := open(t, k.config(durabletest.New(t), "/ledger"))
	defer l.Close()
	more(t, l, 600)
	want := published(t, l, k).Head()
	cuts := uint64(0)
	durabletest.EachCut(t, func(t *testing.T, p *durabletest.Platter) {
		cuts++
		_, err := Export(context.Background(), l.Files(), k.public, p, "/copy")
		for disk := range p.Crashes(4) {
			r, failed := Verify(context.Background(), Files(disk, "/copy"), k.public)
			whole := failed == nil && r.OK() && r.Size == want.Size && r.Root == want.Root
			if none := failed == nil && len(r.Damage) > 0 && r.Damage[0].Kind == Missing && r.Damage[0].File == checkpointName; !whole && (err == nil || !none) {
				t.Errorf("cut %d, %v: %+v, %v", cuts, err, r.Damage, failed)
			}
		}
	})
	if cuts < 10 {
		t.Errorf("only %d moments", cuts)
	}
}
