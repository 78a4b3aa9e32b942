package vault

import (
	"context"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/seal"
)

// Keyed does something with the working keys of a share: its names, not its content. The keeper records that they were handed out, unless they are
// here already.
func (v *Vault) Keyed(ctx context.Context, s account.Session, share id.Share, do func(*seal.Metadata) error) error {
	sh := v.share(share)
	sh.once.Lock()
	err := v.unlock(ctx, s.ID, sh)
	sh.once.Unlock()
	if err != nil {
		return err
	}
	return do(sh.meta)
}

// Prepare opens a share before anybody asks for it.
func (v *Vault) Prepare(ctx context.Context, s account.Session, share id.Share) error {
	_, err := v.open(ctx, s.ID, share)
	return err
}

// Index brings a catalogue that is not the vault's own up to the packs of a share, a stretch at a time, each in a transaction of its own: others go on
// meanwhile, and one that is broken off goes on where it was. When it returns, nobody is opening the share who has not found all of that.
func (v *Vault) Index(ctx context.Context, s account.Session, share id.Share, into catalogue.Catalogue) error {
	return v.Keyed(ctx, s, share, func(keys *seal.Metadata) error {
		for more := true; more; {
			var err error
			if more, err = v.stretch(ctx, share, keys, into); err != nil {
				return err
			}
		}
		sh := v.share(share)
		sh.once.Lock() // who is opening the share has begun before all was there
		defer sh.once.Unlock()
		return nil
	})
}

func (v *Vault) stretch(ctx context.Context, share id.Share, keys *seal.Metadata, into catalogue.Catalogue) (more bool, err error) {
	tx, err := into.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	from, err := into.Applied(ctx, share)
	if err != nil {
		return false, err
	}
	if more, err = (replay{packs: v.cfg.Packs, tx: tx, share: share, keys: keys}).stretch(ctx, from, replayBatch); err != nil {
		return false, err
	}
	return more, tx.Commit()
}

// Reopen has a share looked at anew: its part of the catalogue may be behind its packs.
func (v *Vault) Reopen(ctx context.Context, share id.Share) error {
	sh := v.share(share)
	sh.once.Lock()
	defer sh.once.Unlock()
	sh.ready = false
	return v.submit(ctx, &request{share: sh, blind: true, alone: func(catalogue.Tx) error {
		sh.caught = false
		return nil
	}})
}
