package keeper

import (
	"context"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
)

// Rescue is what a keeper is made of again when its machine is lost: its files on a medium, a key card, and papers.
type Rescue = custody.Rescue

// Rescued tells what came of it.
type Rescued struct {
	custody.Rescued
	// Missing are shares that the medium knows and whose keys the card does not have: they were made after it was written. A fresher card
	// has them.
	Missing []account.Share
	// Nameless are shares whose keys the card has and which the medium does not know yet.
	Nameless []id.Share
}

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
