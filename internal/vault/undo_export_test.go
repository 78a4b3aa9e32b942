package vault

import (
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/pack"
)

// WrapCatalogue puts a test between a vault and its catalogue, before anybody uses it.
func (v *Vault) WrapCatalogue(wrap func(catalogue.Catalogue) catalogue.Catalogue) {
	v.cfg.Catalogue = wrap(v.cfg.Catalogue)
}

// UndoTries is how often a tree that others change is looked at before they have to wait.
const UndoTries = undoTries

// Closing reports whether a vault is being closed.
func Closing(v *Vault) bool { return v.closing.Load() }

// WrapPacks puts a test between a vault and its packs, while nobody is at work.
func (v *Vault) WrapPacks(wrap func(pack.Store) pack.Store) (restore func()) {
	was := v.cfg.Packs
	v.cfg.Packs = wrap(was)
	return func() { v.cfg.Packs = was }
}

// SetStill says whether the packs of a vault are still on their way.
func (v *Vault) SetStill(still bool) { v.cfg.Still = func() bool { return still } }
