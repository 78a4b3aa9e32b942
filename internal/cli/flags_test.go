package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azekura/azekura/internal/lang"
)

// TestForms: what stands for another in the form of a command is a word of whoever reads it.
func TestForms(t *testing.T) {
	a := &app{lang: lang.Japanese, out: io.Discard, env: func(string) string { return "" }}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, word := range placeholder.FindAllString(a.useLine(c), -1) {
			if word != "ID" && word != "URL" && word != "PDF" {
				t.Errorf("%q has an English word: %s", a.useLine(c), word)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
}

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
