package keeper

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
)

// Rescue is what a keeper is made of again when its machine is lost: its files on a medium, a key card, and papers.
type Rescue = custody.Rescue

// ErrPapers means that the papers at hand are not those that open card and medium, which may be as they should be.
var ErrPapers = custody.ErrPapers

// Rescued tells what came of it.
type Rescued struct {
	custody.Rescued
	// Missing are shares that the medium knows and whose keys the card does not have: they were made after it was written. A fresher card
	// has them.
	Missing []account.Share
	// Nameless are shares whose keys the card has and which the medium does not know yet.
	Nameless []id.Share
}

// Restored is what a keeper was made of again, for its ledger.
type Restored struct {
	Medium string      // its label
	ID     id.Medium   // its own
	State  uint64      // of the medium
	Time   time.Time   // of the last entry of the ledger in that state
	Packs  int64       // in it
	Bytes  int64       // of packs
	Head   ledger.Head // of the ledger in that state
	Card   string      // its number and name
	Papers int         // the number of their set
}

// restored tells that this keeper was made again, and the shares whose keys it lacks.
func (l *Local) restored(r Restored) event.Event {
	note := []string{"state " + fmt.Sprint(r.State), "card " + r.Card, "papers " + fmt.Sprint(r.Papers)}
	for _, s := range l.keyless() {
		note = append(note, "no keys of "+s.Name)
	}
	note = append(note, "isolated")
	return event.Event{Kind: event.VaultRestored, Target: r.Medium, Size: r.Head.Size, Digest: r.Head.Root, Note: strings.Join(note, "; ")}
}

// knowMedium enters the state of the medium: what lies on it was written down there before it had been copied. Without that people would be told
// that there is no copy.
func (d *draft) knowMedium(r *Restored) {
	if r == nil {
		return
	}
	x := d.medium(r.ID)
	if x == nil || x.State >= r.State {
		return
	}
	x.State, x.Time, x.Synced, x.Size, x.Root, x.Packs, x.Bytes = r.State, r.Time, r.Time, r.Head.Size, r.Head.Root[:], r.Packs, r.Bytes
}

// keyless are the shares whose keys are missing, and were not destroyed.
func (l *Local) keyless() (out []account.Share) {
	destroyed := l.keys.Destroyed()
	for _, s := range l.books.Load().Shares {
		_, gone := destroyed[s.ID]
		if key, err := l.keys.PathKey(s.ID); err != nil && !gone {
			out = append(out, account.Share{ID: s.ID, Name: s.Name})
		} else {
			key.Zero()
		}
	}
	return out
}

// Keyless lists the shares whose keys the card did not have from which the keeper was made again.
func (l *Local) Keyless() []account.Share { return l.keyless() }

// Recover makes a keeper again, in the directory that cfg names and protected by its secret, and compares the card with the medium. It
// does not touch a ledger: Open wants one that goes with it.
func Recover(ctx context.Context, cfg Config, x Rescue) (out Rescued, err error) {
	cfg = cfg.withDefaults()
	if out.Rescued, err = custody.Recover(ctx, cfg.custody(), x); err != nil {
		return out, err
	}
	keys, err := custody.Open(ctx, cfg.custody())
	if err != nil {
		return out, err
	}
	defer keys.Zero()
	b, err := (&Local{keys: keys}).loadState()
	if err != nil {
		return out, err
	}
	for _, s := range b.Shares {
		if _, destroyed := out.Destroyed[s.ID]; !destroyed && !slices.Contains(out.Shares, s.ID) {
			out.Missing = append(out.Missing, account.Share{ID: s.ID, Name: s.Name})
		}
	}
	for _, share := range out.Shares {
		if b.shares[share] == nil {
			out.Nameless = append(out.Nameless, share)
		}
	}
	return out, nil
}
