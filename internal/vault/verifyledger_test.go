package vault_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// Packs and catalogue of yesterday are without fault in themselves: only the ledger knows what they lack.
func TestVerifyFindsWhatOnlyTheLedgerKnows(t *testing.T) {
	k := newTestKeeper(t, "s")
	h := openHouse(t, t.TempDir(), k)
	save(t, h.v.As(staff), "/s/昨日", random(1, 100_000))
	h.close()
	yesterday := filepath.Join(t.TempDir(), "yesterday")
	if err := os.CopyFS(yesterday, os.DirFS(h.root)); err != nil {
		t.Fatal(err)
	}
	h = openHouse(t, h.root, k)
	save(t, h.v.As(staff), "/s/今日", random(2, 100_000))
	h.close()

	for _, c := range []struct {
		root string
		keys bool
		want []pathname.Path
	}{
		{h.root, true, nil},
		{yesterday, false, nil},
		{yesterday, true, []pathname.Path{"/s/今日"}},
	} {
		h := openHouse(t, c.root, k)
		var got []pathname.Path
		r, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{Keys: c.keys}, func(f vault.Finding) {
			if f.Reason != "lost" || f.Share != k.shares[0].ID {
				t.Errorf("found %+v", f)
			}
			got = append(got, f.Path)
		})
		if err != nil || !reflect.DeepEqual(got, c.want) || r.Findings != len(c.want) {
			t.Errorf("keys %v: found %v of %v: %+v, %v", c.keys, got, c.want, r, err)
		}
		h.close()
	}
}

// A pack whose checksums are right need not be the one that was sealed.
func TestVerifyComparesPacksWithTheLedger(t *testing.T) {
	k := newTestKeeper(t, "s", "gone")
	h := openHouse(t, t.TempDir(), k)
	defer h.close()
	for i, name := range []pathname.Path{"/s/1", "/s/2", "/s/3"} {
		save(t, h.v.As(staff), name, random(uint64(i), 24<<20))
	}
	share, gone := k.shares[0].ID, k.shares[1].ID
	var sealed []event.Event
	for i, err := range h.packs.Packs(t.Context(), share) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Sealed {
			sealed = append(sealed, event.Event{Kind: event.PackSealed, Share: share, Pack: i.Pack, Size: i.Size, Digest: i.Digest})
		}
	}
	if len(sealed) == 0 {
		t.Fatal("no pack was sealed")
	}
	verify := func() (found []vault.Finding) {
		t.Helper()
		if _, err := h.v.Verify(t.Context(), staff, vault.VerifyOptions{}, func(f vault.Finding) { found = append(found, f) }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := verify(); found != nil {
		t.Fatalf("found %+v in what is whole", found)
	}
	if got := k.sealed(); !reflect.DeepEqual(got, sealed) {
		t.Errorf("what the ledger had not known: %+v, want %+v", got, sealed)
	}
	if found := verify(); found != nil || len(k.sealed()) != len(sealed) {
		t.Errorf("again: found %+v, %d packs in the ledger, want %d", found, len(k.sealed()), len(sealed))
	}

	other, absent, away := sealed[0], sealed[0], sealed[0]
	other.Digest[0] ^= 1
	absent.Pack = 99
	away.Share = gone
	k.Record(t.Context(), other, other, absent, away)
	want := []vault.Finding{
		{Share: share, Pack: other.Pack, Length: other.Size, Reason: "ledger"}, // once
		{Share: share, Pack: 99, Reason: "missing"},
		{Share: gone, Pack: away.Pack, Reason: "missing"},
	}
	if found := verify(); !reflect.DeepEqual(found, want) {
		t.Errorf("found %+v\nwant  %+v", found, want)
	}
}

// sealed returns the ledger's entries of packs, without their times.
func (k *testKeeper) sealed() (out []event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.ledger {
		if e.Kind == event.PackSealed {
			e.When = time.Time{}
			out = append(out, e)
		}
	}
	return out
}
