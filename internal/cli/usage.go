package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// usage is the error of a command line that makes no sense, told in the person's language.
type usage struct{ text string }

// Error implements error.
func (u usage) Error() string { return u.text }

// misuse makes the error of a command line from a text.
func (a *app) misuse(key string, args ...any) error { return usage{a.t(key, args...)} }

// badFlag translates what the parser of flags says.
func (a *app) badFlag(c *cobra.Command, err error) error {
	if e, ok := errors.AsType[interface {
		error
		GetValue() string
	}](err); ok {
		return a.misuse("say.use-value", e.GetValue())
	}
	e, ok := errors.AsType[interface {
		error
		GetSpecifiedName() string
		GetSpecifiedShortnames() string
	}](err)
	if !ok {
		return a.misuse("say.use-line", a.useLine(c))
	}
	name, flag := "--"+e.GetSpecifiedName(), c.Flag(e.GetSpecifiedName())
	if short := e.GetSpecifiedShortnames(); short != "" {
		name, flag = "-"+e.GetSpecifiedName(), c.Flags().ShorthandLookup(e.GetSpecifiedName())
	}
	if flag == nil {
		return a.misuse("say.use-flag", name)
	}
	return a.misuse("say.use-needs-value", name)
}

// badCommand says that a command has no such subcommand, and names the one that may be meant.
func (a *app) badCommand(c *cobra.Command, args []string) error {
	name := strings.TrimPrefix(c.CommandPath()+" "+args[0], "azekura ")
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return a.misuse("say.use-command-near", name, near[0])
	}
	return a.misuse("say.use-command", name)
}
