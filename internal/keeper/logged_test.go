package keeper

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/logbook"
)

// beatAlong puts so many entries into the ledger that tell of no lines.
func (h *loggedHouse) beatAlong(n int) {
	h.t.Helper()
	h.must(h.append(h.t.Context(), slices.Repeat([]event.Event{{Kind: event.Heartbeat}}, n)...))
}

// TestLastBatchLongAgo: where no lines come any more a start reads only what came to the ledger since the last one, not all of it back to the last batch.
func TestLastBatchLongAgo(t *testing.T) {
	h := newLogged(t)
	h.must(second(h.SetCollecting(t.Context(), h.root, h.Collecting())))
	h.keep(2)
	h.beatAlong(20 * stretch)
	*h.clock = h.clock.AddDate(0, 0, 3) // what was read that day is counted again, by others
	h.again()
	before := h.disk.Calls(durabletest.Read)
	h.again()
	again := h.disk.Calls(durabletest.Read) - before
	h.logs.told.Store(nil)
	before = h.disk.Calls(durabletest.Read)
	n, _, ok, err := h.lastLogged(t.Context())
	if all := h.disk.Calls(durabletest.Read) - before; n != 2 || !ok || err != nil || again > all {
		t.Errorf("%d, %v, %v; %d reads for a start, %d for the whole ledger", n, ok, err, again, all)
	}
}

// TestLastBatchIsTheLedgers: whatever the disk does while lines are told, after restarts, crashes and with an older note put back, what is noted says what the
// ledger alone says.
func TestLastBatchIsTheLedgers(t *testing.T) {
	h := newLogged(t)
	r := rand.New(rand.NewPCG(1, 2))
	head := filepath.Join(h.cfg.Dir, "head")
	var olds [][]byte
	for i := range 60 {
		switch r.IntN(6) {
		case 0:
			h.keep(1)
		case 1:
			h.beatAlong(1 + r.IntN(50))
		case 2: // the ledger cannot be told, or has taken it all the same
			kind := []durabletest.Kind{durabletest.Sync, durabletest.Write}[r.IntN(2)]
			h.disk.Inject(durabletest.Fault{Kind: kind, N: h.disk.Calls(kind) + 2, Err: errors.New("no"), Done: r.IntN(2) == 0, Times: -1})
			if err := h.KeepLogs(t.Context(), []logbook.Line{h.line("system", "", "", "late")}); err == nil {
				t.Log("the ledger took it")
			}
			h.disk.Heal()
			if r.IntN(2) == 0 {
				h.must(h.saveHead())
			}
			h.must(h.KeepLogs(t.Context(), nil))
		case 3:
			h.must(h.saveHead())
			b, err := durable.ReadFile(h.disk, head)
			h.must(err)
			olds = append(olds, b)
		case 4:
			h.again()
		case 5: // whoever has kept an older note puts it back
			h.must(h.Close(t.Context()))
			if len(olds) > 0 {
				h.must(h.disk.SetFile(head, olds[r.IntN(len(olds))]))
			}
			h.again()
		}
		*h.clock = h.clock.Add(time.Second)
		noted, _, _, err := h.lastLogged(t.Context())
		h.must(err)
		now := h.logs.told.Swap(nil)
		told, _, _, err := h.lastLogged(t.Context())
		h.must(err)
		if h.logs.told.Store(now); noted != told {
			t.Fatalf("step %d: %d is noted, %d is told of", i, noted, told)
		}
	}
}
