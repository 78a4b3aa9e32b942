package storehouse

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

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
	return errors.Join(configure(h.opt.FS, cfg.Data, "protection", to), h.keeper.Keeper().End(ctx, s.ID, "protected"))
}

// configure writes a value into the configuration file of a data directory and leaves the rest as it is. The root key is
// protected so by then, so an error says what is left to do by hand.
func configure(fsys durable.FS, data, key, value string) error {
	name := filepath.Join(data, ConfigFile)
	text, err := os.ReadFile(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = durable.WriteFile(fsys, name, withLine(text, key, value), 0o600)
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

// withLine returns the text of a configuration file in which a key has a value.
func withLine(text []byte, key, value string) []byte {
	line := []byte(key + " = " + strconv.Quote(value))
	if old := regexp.MustCompile(`(?m)^[ \t]*` + regexp.QuoteMeta(key) + `[ \t]*=.*$`); old.Match(text) {
		return old.ReplaceAllLiteral(text, line)
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
