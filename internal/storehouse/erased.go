package storehouse

import (
	"context"

	"github.com/azekura/azekura/internal/account"
)

// erased forgets what the storehouse has of a share whose keys the keeper has destroyed. While the vault is not open yet, Open does.
func (h *House) erased(share account.Share) {
	if h.vault == nil {
		return
	}
	if err := h.vault.Erase(context.Background(), share); err != nil {
		h.opt.Log.Error("not everything is forgotten that the storehouse has of an erased share; the next start tries again", "share", share.ID, "err", err)
	}
}
