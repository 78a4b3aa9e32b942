package medium

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/ledger"
)

// smallBatches has parts put after a few segments, as after gigabytes.
func smallBatches(t *testing.T) {
	before := batch
	batch = 30 << 10
	t.Cleanup(func() { batch = before })
}

// mishaps plans what goes wrong with a disk during a sync, and reports whether its power goes.
func mishaps(t *rapid.T, disk *durabletest.Platter) (cut bool) {
	most := 2
	if cut = rapid.Bool().Draw(t, "power cut"); cut {
		disk.Inject(durabletest.Fault{Kind: durabletest.Any, N: disk.Calls(durabletest.Any) + rapid.IntRange(1, 300).Draw(t, "at"), Cut: true})
		most = 1 // what cannot be read twice is lost, and may be put anew
	}
	kinds := []durabletest.Kind{durabletest.Open, durabletest.Write, durabletest.Truncate, durabletest.Sync, durabletest.SyncDir, durabletest.Mkdir, durabletest.Remove,
		durabletest.Read, durabletest.ReadDir}
	for range rapid.IntRange(0, most).Draw(t, "faults") {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		faults := durabletest.Faults(k, disk.Calls(k)+rapid.IntRange(1, 40).Draw(t, "call"))
		disk.Inject(rapid.SampledFrom(faults).Draw(t, "fault"))
	}
	return cut
}

// TestModel lets a vault grow and syncs it to two media that take turns, with faults and crashes between: each state that was
// acknowledged holds what the vault held then.
func TestModel(t *testing.T) {
	smallBatches(t)
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse(t, durabletest.New(t), rapid.Uint64().Draw(t, "seed"))
		defer h.close()
		type one struct {
			disk  *durabletest.Platter
			wants map[ledger.Head]snapshot
			acked uint64
		}
		media := make([]*one, 2)
		for i := range media {
			media[i] = &one{durabletest.New(t), make(map[ledger.Head]snapshot), 0}
			h.medium(media[i].disk)
		}
		pick := func(t *rapid.T) *one { return media[rapid.IntRange(0, 1).Draw(t, "medium")] }
		t.Repeat(map[string]func(*rapid.T){
			"grow": func(t *rapid.T) {
				h.grow(rapid.IntRange(1, 10).Draw(t, "frames"), 1<<rapid.IntRange(4, 15).Draw(t, "size"))
			},
			"sync": func(t *rapid.T) {
				m := pick(t)
				cut := mishaps(t, m.disk)
				want := h.snapshot()
				_, _ = Sync(t.Context(), NewDir(m.disk, "/medium"), h, Options{Key: h.key, Known: m.acked, Copied: func(out Outcome) error {
					m.acked = out.State
					return nil
				}})
				if m.disk.Heal(); cut {
					m.disk = m.disk.Crash(rapid.Uint64().Draw(t, "cut"))
				}
				want.head = h.log.Head()
				m.wants[want.head] = want
			},
			"crash": func(t *rapid.T) {
				m := pick(t)
				m.disk = m.disk.Crash(rapid.Uint64().Draw(t, "crash"))
			},
			"": func(t *rapid.T) {
				for _, m := range media {
					d := NewDir(m.disk, "/medium")
					s, err := Open(t.Context(), d, h.key, 0)
					if err != nil && m.acked == 0 {
						continue
					}
					if err != nil || s.Number < m.acked {
						t.Fatalf("state %d is gone: %v", m.acked, err)
					}
					same(t, d, h.key, s.Number, m.wants[s.Head])
				}
			},
		})
	})
}
