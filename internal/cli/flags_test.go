package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestNoFlagHidesAnother: a flag of one command that is called like one of all commands would take its value, and the command would go to
// another data directory. And the help of none shows the key of a text that is missing.
func TestNoFlagHidesAnother(t *testing.T) {
	a := &app{out: io.Discard, env: func(string) string { return "" }}
	root, commands := a.root(), 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		commands++
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if c != root && root.PersistentFlags().Lookup(f.Name) != nil {
				t.Errorf("%s --%s hides the flag of all commands", c.CommandPath(), f.Name)
			}
		})
		if strings.HasPrefix(c.Short, "cmd.") || strings.HasPrefix(c.Long, "cmd.") {
			t.Errorf("%s: its help says %q, %q", c.CommandPath(), c.Short, c.Long)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	if commands < 80 {
		t.Errorf("only %d commands", commands)
	}
}
