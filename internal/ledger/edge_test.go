package ledger

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestEdgeIsTheTreeOfPackageTlog(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	made := make(map[tlog.Tile][]byte)
	keep := func(t tlog.Tile, hashes []tlog.Hash) { made[t] = tileBytes(hashes) }
	var e edge
	for n := int64(0); n <= 66_000; n++ {
		if n < 600 || n%256 < 2 && n > 65_000 || n == 66_000 {
			want, err := tlog.TreeHash(n, reader)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.root(); got != want || e.size != n {
				t.Fatalf("root of %d entries is %v, want %v", n, got, want)
			}
			loaded, err := loadEdge(n, reader)
			if err != nil || loaded.root() != want {
				t.Fatalf("loaded root of %d entries is %v, %v, want %v", n, loaded.root(), err, want)
			}
		}
		h := tlog.RecordHash(fmt.Append(nil, n))
		hashes, err := tlog.StoredHashesForRecordHash(n, h, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		e.add(h, keep)
	}
	e.partial(keep)
	want := tlog.NewTiles(tileHeight, 0, e.size)
	for _, tile := range want {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil || !bytes.Equal(made[tile], data) {
			t.Errorf("tile %v differs: %v", tile, err)
		}
	}
	if len(made) != len(want) {
		t.Errorf("%d tiles, want %d", len(made), len(want))
	}
}
