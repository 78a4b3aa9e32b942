package custody

import (
	"errors"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
)

// TestWhatARenewalLeaves tries what docs/operations.md says of who has enough papers from before a renewal: they open nothing that was written since; with a
// card from before the same keys of the shares of then, which open newer files too; and with a medium from before, without any card, the books of that
// day and the ledger's keys, and no share's.
func TestWhatARenewalLeaves(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	k, later := keep(t, c), id.NewShare()
	old := papers(t, c, 2, 3)
	oldMedium, oldCard := medium(t, c), cardOf(t, c)
	if _, err := c.RenewPapers(2, 3, 1, day); err != nil {
		t.Fatal(err)
	}
	if err := c.MakeShare(later); err != nil {
		t.Fatal(err)
	}
	newMedium, newCard := medium(t, c), cardOf(t, c)
	for name, b := range map[string][]byte{"medium": newMedium[recoveryName], "card": newCard.Recovery} {
		if r, err := parseRecovery(b); err != nil || !errors.Is(second(r.open(old)), ErrPapers) {
			t.Errorf("a %s written since opens with the papers from before: %v", name, err)
		}
	}
	r, err := parseRecovery(oldCard.Recovery)
	if err != nil {
		t.Fatal(err)
	}
	root, err := r.open(old)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := openCard(root, oldCard)
	if err != nil || string(ring.marshal()) == string(c.ring.marshal()) || len(ring.keys) != 1 {
		t.Fatalf("%v, %v", ring.shares(), err)
	}
	was, now := keyRing{keys: ring.keys}, keyRing{keys: map[id.Share]shareKeys{k.share: c.ring.keys[k.share]}}
	if string(was.marshal()) != string(now.marshal()) {
		t.Error("the share has other keys since; the documents say that it does not")
	}
	plain, err := openFile(root, ledgerKeysName, oldMedium[ledgerKeysName])
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := parseLedgerKeys(plain); err != nil || keys.sealing != c.LedgerSealing() {
		t.Errorf("the ledger has other keys since; the documents say that it does not: %v", err)
	}
	if b, err := openFile(root, stateName, oldMedium[stateName]); err != nil || string(b) != "state" {
		t.Errorf("%q, %v", b, err)
	}
	for _, files := range []map[string][]byte{oldMedium, newMedium} {
		if files[ringName] != nil {
			t.Error("a medium has keys of shares")
		}
	}
}

func second[T any](_ T, err error) error { return err }
