package custody

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/seal"
)

// cupboard is all that has ever left a keeper: by day, what went on a medium, what was on the card, and the papers.
type cupboard struct {
	media  []map[string][]byte
	cards  []card.Card
	papers []piece.Piece
}

// roots opens whatever recovery file with whatever papers: what somebody could do who has all of them and no scruples. Sets are mixed as well.
func (b *cupboard) roots() (out []seal.Key) {
	var files [][]byte
	for _, m := range b.media {
		files = append(files, m[recoveryName])
	}
	for _, x := range b.cards {
		files = append(files, x.Recovery)
	}
	for _, f := range files {
		r, err := parseRecovery(f)
		if err != nil {
			continue
		}
		for i, p := range b.papers {
			for _, q := range b.papers[i+1:] {
				for _, set := range []piece.Set{p.Set, r.Set} { // papers that pass for those of another set, too
					one, two := p, q
					one.Set, two.Set = set, set
					if root, err := r.open([]piece.Piece{one, two}); err == nil && !slices.Contains(out, root) {
						out = append(out, root)
					}
				}
			}
		}
	}
	return out
}

// finds reports whether a secret stands in what any of these roots opens, of any file under any name, or in clear.
func (b *cupboard) finds(roots []seal.Key, secret []byte) (where string) {
	look := func(what string, data []byte) {
		if bytes.Contains(data, secret) {
			where = what + " in clear"
		}
		for i, root := range roots {
			for _, name := range []string{ringName, stateName, headName, ledgerKeysName, recoveryName, protectionName, what} {
				if plain, err := openFile(root, name, data); err == nil && bytes.Contains(plain, secret) {
					where = fmt.Sprintf("%s with root %d", what, i)
				}
			}
		}
	}
	for _, m := range b.media {
		for name, data := range m {
			look(name, data)
		}
	}
	for _, x := range b.cards {
		look(fmt.Sprintf("the ring of generation %d", x.Generation), x.Ring)
		look("the recovery of a card", x.Recovery)
	}
	return where
}

// TestRetiredKeysAreNowhere: once a share's keys are destroyed and the cards rewritten, neither the product's own way nor any other finds them on any
// medium of any day, with any card and all papers that there ever were; those of the other shares are found. The card of before has them: so the
// search does find what is there.
func TestRetiredKeysAreNowhere(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	gone, stays := id.NewShare(), id.NewShare()
	for _, s := range []id.Share{gone, stays} {
		if err := c.MakeShare(s); err != nil {
			t.Fatal(err)
		}
	}
	secrets := func(s id.Share) [][]byte {
		seed, err := c.ring.keys[s].private.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{bytes.Clone(seed), bytes.Clone(c.ring.keys[s].metadata[:])}
	}
	goneSecrets, staysSecrets := secrets(gone), secrets(stays)
	var all cupboard
	day := func(write bool) {
		t.Helper()
		if err := c.SaveState(fmt.Appendf(nil, "state of day %d", len(all.media))); err != nil {
			t.Fatal(err)
		}
		all.media = append(all.media, medium(t, c))
		if write {
			all.cards = append(all.cards, cardOf(t, c))
		}
	}
	all.papers = append(all.papers, papers(t, c, 2, 3)...)
	day(false)
	before := cardOf(t, c) // is rewritten after the end, and not there any more
	all.papers = append(all.papers, renewed(t, c, 2, 3)...)
	day(false)
	if _, err := c.DestroyShare(gone); err != nil {
		t.Fatal(err)
	}
	day(true)
	all.papers = append(all.papers, renewed(t, c, 2, 2)...)
	day(true)

	roots := all.roots()
	if len(roots) != 3 {
		t.Fatalf("%d roots are opened, want one for each set of papers", len(roots))
	}
	for _, s := range goneSecrets {
		if where := all.finds(roots, s); where != "" {
			t.Errorf("a key of the share that has ended stands in %s", where)
		}
	}
	for _, s := range staysSecrets {
		if all.finds(roots, s) == "" {
			t.Error("a key of the other share is not found")
		}
	}
	withOld := cupboard{media: all.media, cards: []card.Card{before}, papers: all.papers}
	for _, s := range goneSecrets {
		if withOld.finds(withOld.roots(), s) == "" {
			t.Error("the search does not find what is there")
		}
	}
	all.recovers(t, gone, stays)
}

// recovers tries the product's own way with each medium, each card and each two papers.
func (b *cupboard) recovers(t *testing.T, gone, stays id.Share) {
	opened := make(map[string]bool)
	for m, files := range b.media {
		for n, x := range b.cards {
			for i, p := range b.papers {
				for _, q := range b.papers[i+1:] {
					got, err := Recover(t.Context(), config(durabletest.New(t), "/"), rescueOf(files, x, p, q))
					if err != nil {
						continue
					}
					if slices.Contains(got.Shares, gone) || !slices.Contains(got.Shares, stays) {
						t.Errorf("medium %d, card %d, papers %d and %d: %v", m, n, p.Set.Number, q.Set.Number, got.Shares)
					}
					opened[fmt.Sprint(m, n)] = true
				}
			}
		}
	}
	for _, want := range []string{"2 0", "3 1", "1 0"} { // of one set of papers; others need those of two
		if !opened[want] {
			t.Errorf("medium and card %s do not open with any two papers", want)
		}
	}
	// Medium and card of different sets need papers of both: then these open as well, and have no more.
	for m, files := range b.media {
		for n, x := range b.cards {
			got, err := Recover(t.Context(), config(durabletest.New(t), "/"), rescueOf(files, x, b.papers...))
			if err != nil || slices.Contains(got.Shares, gone) || !slices.Contains(got.Shares, stays) {
				t.Errorf("medium %d, card %d, all papers: %v, %v", m, n, got.Shares, err)
			}
		}
	}
}
