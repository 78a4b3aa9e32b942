package custody

import (
	"path/filepath"
	"slices"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Card returns what a key card holds now: the sealed ring, and the root sealed with the recovery secret. The caller says which card it is.
func (c *Custody) Card() (card.Card, error) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.finishRoot(); err != nil {
		return card.Card{}, err
	}
	ring, err := durable.ReadFile(c.fsys, filepath.Join(c.dir, ringName))
	if err != nil {
		return card.Card{}, failed("write card", err)
	}
	r, err := c.recovery()
	if err != nil {
		return card.Card{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.gone {
		return card.Card{}, failed("write card", errGone)
	}
	if _, err := openFile(c.root, ringName, ring); err != nil { // or a damaged file would go where it is needed most
		return card.Card{}, damaged(ringName, err)
	}
	out := card.Card{Vault: c.ledger.key, Generation: c.ring.generation, Ring: ring}
	if r != nil {
		out.Set, out.Recovery = r.Number, r.marshal()
	}
	return out, nil
}

// CardState is what is on a card, compared with the keeper.
type CardState struct {
	Generation uint64
	Papers     bool // the card's papers are those that open the root now
	Lacks      int  // shares whose keys the keeper has and the card does not
	Destroyed  int  // shares whose keys are destroyed here, and still on the card
	More       int  // shares whose keys the card has, and this keeper does not: it was restored from an older one
}

// Fresh reports whether the card has what the keeper has.
func (s CardState) Fresh(generation uint64) bool {
	return s.Papers && s.Generation == generation && s.Lacks == 0 && s.Destroyed == 0 && s.More == 0
}

// CheckCard looks at a card.
func (c *Custody) CheckCard(x card.Card) (CardState, error) {
	const op = "check card"
	c.write.Lock()
	defer c.write.Unlock()
	now, err := c.recovery()
	if err != nil {
		return CardState{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch {
	case c.gone:
		return CardState{}, failed(op, errGone)
	case x.Vault != c.ledger.key:
		return CardState{}, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.card-other-vault"}
	}
	ring, err := openCard(c.root, x)
	if err != nil {
		return CardState{}, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.card-other-root", Err: err}
	}
	defer ring.zero()
	out := CardState{Generation: ring.generation}
	if r, err := parseRecovery(x.Recovery); now != nil && err == nil {
		out.Papers = r.of(c.root) && r.Set == now.Set
	}
	for share := range c.ring.keys {
		if _, ok := ring.keys[share]; !ok {
			out.Lacks++
		}
	}
	for share := range ring.keys {
		_, here := c.ring.keys[share]
		_, destroyed := c.ring.destroyed[share]
		switch {
		case destroyed:
			out.Destroyed++
		case !here:
			out.More++
		}
	}
	return out, nil
}

// openCard opens the ring of a card.
func openCard(root seal.Key, x card.Card) (keyRing, error) {
	plain, err := openFile(root, ringName, x.Ring)
	if err != nil {
		return keyRing{}, err
	}
	defer clear(plain)
	return parseRing(plain)
}

func (r keyRing) zero() {
	for _, k := range r.keys {
		k.zero()
	}
}

// shares lists the shares whose keys are in the ring.
func (r keyRing) shares() []id.Share { return slices.Clip(sorted(r.keys)) }
