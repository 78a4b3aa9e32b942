package dir

import (
	"context"
	"os"
	"testing"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/packtest"
)

// disk opens stores with small packs, few writers and little memory, so that all of these run out.
type disk struct {
	fs   durable.FS
	root string
}

func (d disk) Open(t packtest.TB) pack.Store {
	t.Helper()
	s, err := Open(context.Background(), Config{FS: d.fs, Root: d.root, Target: 300_000, Writers: 3, Memory: 1,
		OnDamage: func(d pack.Damage) { t.Errorf("damage: %+v", d) }})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Run("platter", func(t *testing.T) {
		packtest.Run(t, func(t packtest.TB) packtest.Disk {
			p := durabletest.New(t)
			p.AppendOnly(func(string) bool { return true })
			return disk{p, "packs"}
		})
	})
	t.Run("disk", func(t *testing.T) {
		root := t.TempDir()
		packtest.Run(t, func(t packtest.TB) packtest.Disk {
			dir, err := os.MkdirTemp(root, "")
			if err != nil {
				t.Fatalf("%v", err)
			}
			return disk{durable.OS(), dir}
		})
	})
}
