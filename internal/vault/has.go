package vault

import (
	"context"
	"errors"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Has reports whether a version that somebody has saved is here.
func (v *Vault) Has(ctx context.Context, s account.Session, share id.Share, version id.Version) (bool, error) {
	sh, err := v.open(ctx, s.ID, share)
	if err != nil {
		return false, err
	}
	_, err = v.cfg.Catalogue.View(sh.id, sh.meta).Version(ctx, version)
	if errors.Is(err, catalogue.ErrNone) {
		return false, nil
	}
	if err != nil {
		return false, problem.New(problem.Internal, "show loss", share.String(), err)
	}
	return true, nil
}
