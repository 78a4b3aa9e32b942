package vault

import "github.com/azekura/azekura/internal/catalogue"

// WrapCatalogue puts a test between a vault and its catalogue, before anybody uses it.
func (v *Vault) WrapCatalogue(wrap func(catalogue.Catalogue) catalogue.Catalogue) {
	v.cfg.Catalogue = wrap(v.cfg.Catalogue)
}

// UndoTries is how often a tree that others change is looked at before they have to wait.
const UndoTries = undoTries

// Closing reports whether a vault is being closed.
func Closing(v *Vault) bool { return v.closing.Load() }
