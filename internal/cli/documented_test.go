package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// inline is a command within a sentence: its arguments are often left out.
var inline = regexp.MustCompile("`(azekura [^`]+)`")

// word is a word of a command line, as a shell reads it.
var word = regexp.MustCompile(`(?:[^\s"'|><#&]|"[^"]*"|'[^']*')(?:[^\s"'|><&]|"[^"]*"|'[^']*')*`)

// words reads a command line up to a comment, a pipe or another command.
func words(line string) (out []string) {
	for line = strings.TrimSpace(line); line != "" && !strings.ContainsRune("#|><&", rune(line[0])); {
		w := word.FindString(line)
		if w == "" {
			break
		}
		out = append(out, strings.NewReplacer(`"`, "", `'`, "").Replace(w))
		line = strings.TrimSpace(line[len(w):])
	}
	return out
}

// unknown says what of a command line the program does not have; whole: all of it is written out, and would be run as it stands.
func unknown(root *cobra.Command, args []string, whole bool) string {
	c, rest, err := root.Find(args)
	if err != nil {
		return err.Error()
	}
	if c.HasSubCommands() && !strings.Contains(c.Use, " ") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return "no command " + rest[0]
	}
	if whole {
		if err := c.ParseFlags(rest); err != nil {
			return err.Error()
		}
		if err := c.ValidateArgs(c.Flags().Args()); err != nil {
			return err.Error()
		}
		return ""
	}
	c.InheritedFlags() // or those of all commands are not found
	for _, w := range rest {
		name, long := strings.CutPrefix(w, "--")
		var f *pflag.Flag
		switch name, _, _ = strings.Cut(name, "="); {
		case long:
			f = c.Flags().Lookup(name)
		case len(w) == 2 && w[0] == '-':
			f = c.Flags().ShorthandLookup(w[1:])
		default:
			continue
		}
		if f == nil {
			return "no flag " + w
		}
	}
	return ""
}

func commands() *cobra.Command {
	a := &app{out: io.Discard, env: func(string) string { return "" }}
	root := a.root()
	root.InitDefaultHelpCmd()
	return root
}

// TestDocumentedCommands: what the pages and the help say to run exists, with these flags, and takes as many arguments. People copy it on
// the worst day they have.
func TestDocumentedCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	root, found := commands(), map[bool]int{}
	for _, name := range append(files, "../../README.md", "../../README.ja.md") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check := func(line string, whole bool) {
			found[whole]++
			if says := unknown(root, words(line)[1:], whole); says != "" {
				t.Errorf("%s: %s: %s", filepath.Base(name), strings.TrimSpace(line), says)
			}
		}
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(strings.TrimSpace(line), "azekura ") {
				check(line, true)
			}
			for _, m := range inline.FindAllStringSubmatch(line, -1) {
				check(m[1], false)
			}
		}
	}
	if found[true] < 100 || found[false] < 300 {
		t.Errorf("found %v", found)
	}
}

// TestTour: the README makes each thing before it uses it, and what is mounted has a place to be mounted at.
func TestTour(t *testing.T) {
	for _, name := range []string{"../../README.md", "../../README.ja.md"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, at := string(b), 0
		for _, step := range []string{"recovery make", "card make /media/usb", "media init /media/azekura", "media sync /media/azekura", "media drill --medium \"disk 1\" --card /media/usb", "restore-vault --from /media/azekura --card /media/usb"} {
			i := strings.Index(text[at:], "\nazekura "+step)
			if i < 0 {
				t.Errorf("%s: %q does not come behind the step before it", name, step)
				break
			}
			at += i + 1
		}
	}
	files, _ := filepath.Glob("../../docs/*.md")
	mounts := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		for line := range strings.Lines(string(b)) {
			before += line
			w := words(strings.TrimPrefix(strings.TrimSpace(line), "mkdir -p /media/azekura && "))
			if !strings.HasPrefix(line, "    ") || len(w) < 3 || w[0] != "mount" {
				continue
			}
			if mounts++; !regexp.MustCompile(`mkdir -p [^\n]*` + regexp.QuoteMeta(w[len(w)-1])).MatchString(before) {
				t.Errorf("%s: nobody has made the folder: %s", name, line)
			}
		}
	}
	if mounts < 6 {
		t.Errorf("found %d mounts", mounts)
	}
}

// TestExamples: each command that does something has an example in its help, and the example can be run.
func TestExamples(t *testing.T) {
	root := commands()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Example == "" && c.HasParent() {
			t.Errorf("%s: no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			_, line, _ = strings.Cut(" "+strings.TrimSpace(line), " azekura ")
			if says := unknown(root, words(line), true); says != "" {
				t.Errorf("%s: example %q: %s", c.CommandPath(), line, says)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
