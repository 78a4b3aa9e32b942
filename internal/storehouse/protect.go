package storehouse

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// Protect lets another secret open the root key of a storehouse that is not running: "key-file", "passphrase"
// or "credential". It says so in the configuration file. The passphrase is asked for when it is needed.
func Protect(ctx context.Context, cfg Config, opt Options, to string, passphrase func() ([]byte, error)) (err error) {
	next := cfg
	if next.Protection = to; next.Validate() != nil {
		return next.Validate()
	}
	h, err := Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	opt.Passphrase = passphrase
	c, err := keeperConfig(next, h.at, opt)
	if err != nil {
		return err
	}
	s, err := h.keeper.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return err
	}
	if err := h.keeper.local.ChangeProtection(ctx, s.ID, c.Secret); err != nil {
		return err
	}
	return errors.Join(configure(filepath.Join(cfg.Data, ConfigFile), to), h.keeper.Keeper().End(ctx, s.ID, "protected"))
}

var protectionLine = regexp.MustCompile(`(?m)^[ \t]*protection[ \t]*=.*$`)

// configure writes the protection into the configuration file and leaves the rest as it is. The root key is
// protected anew by then, so an error says what is left to do by hand.
func configure(name, protection string) error {
	text, err := os.ReadFile(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = durable.WriteFile(durable.OS(), name, protected(text, protection), 0o600)
	}
	if err == nil {
		return nil
	}
	kind := problem.Unavailable
	if durable.IsNoSpace(err) {
		kind = problem.NoSpace
	}
	return &problem.Error{Kind: kind, Op: "write configuration", On: name, Hint: "hint.protection-line", Err: err}
}

// protected returns the text of a configuration file that names a protection.
func protected(text []byte, protection string) []byte {
	line := []byte(`protection = "` + protection + `"`)
	if protectionLine.Match(text) {
		return protectionLine.ReplaceAllLiteral(text, line)
	}
	return slices.Concat(line, []byte{'\n'}, text)
}

// AcceptRollback opens a storehouse once whose ledger or keeper is older than what was last seen, and closes
// it again. The ledger says for ever that it was done, and what is missing.
func AcceptRollback(ctx context.Context, cfg Config, opt Options) error {
	opt.acceptRollback = true
	h, err := Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	return h.Close(context.WithoutCancel(ctx))
}
