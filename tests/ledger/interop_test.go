// Package ledger holds our ledger against other people's verifiers: Tessera's fsck and client, torchwood,
// and golang.org/x/mod. It writes a ledger as the product does and never looks at it with the product's eyes only.
package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
)

const origin = "azekura.example/ledger/0a1b2c3d"

// house is a ledger on a real disk, and what an auditor has.
type house struct {
	dir      string
	verifier note.Verifier
	public   string
	config   ledger.Config
	heads    []ledger.Head // after each closing
	old      []byte        // the checkpoint of heads[0]
}

func newHouse(t *testing.T) *house {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	return &house{dir: dir, verifier: verifier, public: public, config: ledger.Config{FS: durable.OS(), Dir: dir, Origin: origin,
		Signer: signer, Verifier: verifier, FileSize: 256 << 10, PublishAfter: 500}}
}

// write adds n entries in batches of changing size, and closes.
func (h *house) write(t *testing.T, n int) {
	t.Helper()
	ctx := context.Background()
	l, err := ledger.Open(ctx, h.config)
	if err != nil {
		t.Fatal(err)
	}
	sealer := ledger.NewSealer(seal.NewKey())
	for n > 0 {
		var batch [][]byte
		for range min(n, 1+n%17) {
			i := l.Size() + int64(len(batch))
			e, err := sealer.Seal(time.UnixMilli(1_784_000_000_000+i*1000), bytes.Repeat([]byte{'e'}, int(i%900)))
			if err != nil {
				t.Fatal(err)
			}
			batch = append(batch, e)
		}
		if _, err := l.Append(ctx, batch...); err != nil {
			t.Fatal(err)
		}
		n -= len(batch)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	h.heads = append(h.heads, l.Head())
	if h.old == nil {
		h.old = h.read(t, "checkpoint")
	}
}

func (h *house) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *house) put(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// written is a ledger of 3,333 entries that was opened five times: 13 full bundles and a partial one.
func written(t *testing.T) *house {
	h := newHouse(t)
	for _, n := range []int{700, 1, 255, 1800, 577} {
		h.write(t, n)
	}
	if got, want := h.heads[len(h.heads)-1].Size, int64(3333); got != want {
		t.Fatalf("%d entries, want %d", got, want)
	}
	return h
}

// leaves hashes the entries of a bundle.
func leaves(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

// runFsck runs Tessera's fsck.
func runFsck(dir string, v note.Verifier) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- fsck.New(origin, v, client.FileFetcher{Root: dir}, leaves, fsck.Opts{N: 2}).Check(context.Background())
	}()
	return done
}

func TestTesseraTakesTheLedger(t *testing.T) {
	ctx := context.Background()
	h := written(t)
	export := filepath.Join(t.TempDir(), "export")
	if _, err := ledger.Export(ctx, os.DirFS(h.dir), h.public, durable.OS(), export); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{h.dir, export} {
		if err := <-runFsck(dir, h.verifier); err != nil {
			t.Errorf("fsck of %s: %v", filepath.Base(dir), err)
		}
		if r, err := ledger.Verify(ctx, os.DirFS(dir), h.public); err != nil || !r.OK() {
			t.Errorf("our own check of %s: %+v, %v", filepath.Base(dir), r.Damage, err)
		}
	}
}

func TestTesseraClientProves(t *testing.T) {
	ctx := context.Background()
	h := written(t)
	f := client.FileFetcher{Root: h.dir}
	cp, _, _, err := client.FetchCheckpoint(ctx, f.ReadCheckpoint, h.verifier, origin)
	if err != nil {
		t.Fatal(err)
	}
	last := h.heads[len(h.heads)-1]
	if int64(cp.Size) != last.Size || !bytes.Equal(cp.Hash, last.Root[:]) {
		t.Errorf("checkpoint of %d entries, %x; want %v", cp.Size, cp.Hash, last)
	}
	pb, err := client.NewProofBuilder(ctx, cp.Size, f.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []uint64{0, 255, 256, 1000, 3071, 3072, 3332} {
		bundle, err := client.GetEntryBundle(ctx, f.ReadEntryBundle, i/256, cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pb.InclusionProof(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		leaf := rfc6962.DefaultHasher.HashLeaf(bundle.Entries[i%256])
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, cp.Size, leaf, p, cp.Hash); err != nil {
			t.Errorf("inclusion of %d: %v", i, err)
		}
	}
	for _, older := range h.heads[:len(h.heads)-1] {
		p, err := pb.ConsistencyProof(ctx, uint64(older.Size), cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older.Size), cp.Size, p, older.Root[:], cp.Hash); err != nil {
			t.Errorf("consistency with %d: %v", older.Size, err)
		}
	}
	// A follower that saw the first checkpoint goes on to the last.
	lst, err := client.NewLogStateTracker(ctx, f.ReadTile, h.old, h.verifier, origin, client.UnilateralConsensus(f.ReadCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := lst.Update(ctx); err != nil || lst.Latest().Size != cp.Size {
		t.Errorf("follower is at %d, %v", lst.Latest().Size, err)
	}
}

func TestTorchwoodChecksOurProof(t *testing.T) {
	ctx := context.Background()
	h := written(t)
	r, err := ledger.NewReader(os.DirFS(h.dir), h.public)
	if err != nil {
		t.Fatal(err)
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(h.verifier))
	for _, i := range []int64{0, 256, 3071, 3332} {
		p, err := r.Prove(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range r.Entries(ctx, i, i+1) {
			if err != nil {
				t.Fatal(err)
			}
			if err := torchwood.VerifyProof(policy, tlog.RecordHash(e.Data), p); err != nil {
				t.Errorf("entry %d: %v", i, err)
			}
			if err := torchwood.VerifyProof(policy, tlog.RecordHash(append(e.Data, 0)), p); err == nil {
				t.Errorf("the proof of entry %d fits another entry", i)
			}
		}
	}
}

func TestTamperingIsFoundByBoth(t *testing.T) {
	const bundle, tile = "tile/entries/005", "tile/0/005"
	flip := func(name string, at int) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			b := h.read(t, name)
			b[at] ^= 1
			h.put(t, name, b)
		}
	}
	remove := func(name string) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			if err := os.Remove(filepath.Join(h.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut := func(name string) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			b := h.read(t, name)
			h.put(t, name, b[:len(b)/2])
		}
	}
	tests := []struct {
		name string
		do   func(*testing.T, *house)
		want string // kind and file of our first finding
	}{
		{"an entry is flipped", flip(bundle, 30), "altered " + bundle},
		{"a hash is flipped", flip(tile, 30), "altered " + tile},
		{"a bundle is deleted", remove(bundle), "missing " + bundle},
		{"a hash tile is deleted", remove(tile), "missing " + tile},
		{"a bundle is truncated", cut(bundle), "malformed " + bundle},
		{"a hash tile is truncated", cut(tile), "malformed " + tile},
		{"the right edge is truncated", cut("tile/entries/013.p/5"), "malformed tile/entries/013.p/5"},
		{"entries are exchanged", func(t *testing.T, h *house) {
			b := h.read(t, bundle)
			first, rest, err := torchwood.ReadTileEntry(b)
			if err != nil {
				t.Fatal(err)
			}
			second, rest, err := torchwood.ReadTileEntry(rest)
			if err != nil {
				t.Fatal(err)
			}
			var out []byte
			for _, e := range [][]byte{second, first} {
				if out, err = torchwood.AppendTileEntry(out, e); err != nil {
					t.Fatal(err)
				}
			}
			h.put(t, bundle, append(slices.Clone(out), rest...))
		}, "altered " + bundle},
		{"bundles are exchanged", func(t *testing.T, h *house) {
			a, b := h.read(t, bundle), h.read(t, "tile/entries/006")
			h.put(t, bundle, b)
			h.put(t, "tile/entries/006", a)
		}, "altered " + bundle},
		{"another key", func(t *testing.T, h *house) {
			other := newHouse(t)
			h.verifier, h.public = other.verifier, other.public
		}, "unsigned checkpoint"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := written(t)
			test.do(t, h)
			r, err := ledger.Verify(context.Background(), os.DirFS(h.dir), h.public)
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() || fmt.Sprintf("%s %s", r.Damage[0].Kind, r.Damage[0].File) != test.want {
				t.Errorf("found %+v, want %s", r.Damage, test.want)
			}
		})
	}
	// Tessera agrees that a flipped entry is damage, if it ends at all.
	h := written(t)
	flip("tile/entries/013.p/5", 30)(t, h)
	select {
	case err := <-runFsck(h.dir, h.verifier):
		if err == nil {
			t.Error("fsck takes a flipped entry")
		}
	case <-time.After(10 * time.Second): // on damage it may wait for itself for ever (v1.0.4), which is no approval either
	}
}

// An older checkpoint is signed by the right key, and fsck must take it. What gives it away is what stands
// beside it, or a head that somebody remembers.
func TestOlderCheckpointIsFound(t *testing.T) {
	ctx := context.Background()
	h := written(t)
	h.put(t, "checkpoint", h.old)
	r, err := ledger.Verify(ctx, os.DirFS(h.dir), h.public)
	if err != nil || r.OK() || r.Damage[0].Kind != ledger.RolledBack {
		t.Errorf("an older checkpoint: %+v, %v", r.Damage, err)
	}
	// Now without a trace of what came later.
	export := filepath.Join(t.TempDir(), "old")
	if err := os.MkdirAll(export, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Export(ctx, os.DirFS(h.dir), h.public, durable.OS(), export); err != nil {
		t.Fatal(err)
	}
	if err := <-runFsck(export, h.verifier); err != nil {
		t.Errorf("fsck of the older ledger: %v", err)
	}
	r, err = ledger.Verify(ctx, os.DirFS(export), h.public)
	if err != nil || !r.OK() {
		t.Errorf("the older ledger by itself: %+v, %v", r.Damage, err)
	}
	r, err = ledger.Audit{Key: h.public, Seen: h.heads}.Run(ctx, os.DirFS(export))
	if err != nil || r.OK() || r.Damage[0].Kind != ledger.RolledBack {
		t.Errorf("the older ledger, by who saw more: %+v, %v", r.Damage, err)
	}
}

// Partial tiles of replaced checkpoints do not pile up, and the space is near what the entries need.
func TestSpace(t *testing.T) {
	h := written(t)
	var files, entries, all int64
	err := filepath.WalkDir(h.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		files++
		all += i.Size()
		if strings.Contains(name, "tile/entries") {
			entries += i.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d bytes, of these %d in entries", files, all, entries)
	if all > entries*5/4 {
		t.Errorf("%d bytes for %d bytes of entries", all, entries)
	}
}
