// Package cli holds the commands, one file each. They speak package api's API only: to the running server
// through its socket, or, when there is none, to the same handler in this process.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// Exit codes beside those of problem.Kind.Exit.
const (
	exitPartly      = 3   // some of the files could not be done; they were named
	exitInterrupted = 130 // the person has pressed Ctrl-C
)

// app is one run of the program.
type app struct {
	in       *os.File
	out, err io.Writer
	env      func(string) string
	now      func() time.Time
	lang     lang.Lang
	outTTY   bool
	errTTY   bool

	// Flags that every command has.
	data string
	json bool

	preview []string // the command that makes a preview

	emits sync.Mutex // held while a line of JSON is written
}

// Main runs the program with os.Args and returns its exit code.
func Main() int {
	if len(os.Args) > 1 && os.Args[1] == previewWorker {
		return workPreview(os.Args[2:])
	}
	a := &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, now: time.Now,
		outTTY: term.IsTerminal(int(os.Stdout.Fd())), errTTY: term.IsTerminal(int(os.Stderr.Fd())),
		preview: []string{"azekura", previewWorker},
	}
	a.lang = lang.Pick(firstOf(a.env("AZEKURA_LANG"), a.env("LC_ALL"), a.env("LC_MESSAGES"), a.env("LANG")))
	ends := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // a terminal that is closed; nohup ignores it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	root := a.root()
	root.SetArgs(os.Args[1:])
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && err != nil {
		fmt.Fprintln(a.err, a.t("say.interrupted"))
		return exitInterrupted
	}
	return a.report(err)
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// t returns a text in the person's language.
func (a *app) t(key string, args ...any) string { return a.lang.Text(key, args...) }

// partly is the error of a command that has done some of its work and has told what it could not do.
type partly struct {
	failed int
	say    string // a text with their number; empty: the one for most commands
}

func (p partly) Error() string { return fmt.Sprintf("%d failed", p.failed) }

// report tells an error to the person, or to the program that reads JSON, and returns the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	if p, ok := errors.AsType[partly](err); ok {
		if !a.json {
			fmt.Fprintln(a.err, a.t(firstOf(p.say, "say.partly"), p.failed))
		}
		return exitPartly
	}
	wire := a.problem(err)
	if a.json {
		json.NewEncoder(a.err).Encode(struct {
			Error api.Problem `json:"error"`
		}{wire})
	} else {
		fmt.Fprintln(a.err, "azekura: "+wire.Message)
	}
	return wire.Kind.Exit()
}

// problem translates an error for the screen.
func (a *app) problem(err error) api.Problem {
	if u, ok := errors.AsType[usage](err); ok {
		return api.Problem{Kind: problem.Invalid, Op: "read command line", Message: a.t("say.usage", u.Error())}
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		p := e.Problem
		if p.Kind == problem.NotFound && p.Hint == "" && p.Op != "read" && strings.HasPrefix(p.On, "/") { // a path of the house
			p.Hint = "hint.no-path"
			p.Message = a.lang.Problem(p.Op, p.On, p.Kind.String(), p.Hint)
		}
		return p
	}
	if e, ok := errors.AsType[*problem.Error](err); ok {
		if e.Hint == "" && errors.Is(e.Err, fs.ErrNotExist) {
			e = &problem.Error{Kind: e.Kind, Op: e.Op, On: e.On, Hint: "hint.no-file-here", Err: e.Err}
		}
		return api.Problem{Kind: e.Kind, Op: e.Op, On: e.On, Hint: e.Hint, Message: a.lang.Problem(e.Op, e.On, e.Kind.String(), e.Hint) + cause(e)}
	}
	return api.Problem{Kind: problem.KindOf(err), Message: err.Error()}
}

// cause adds what lies behind a problem of this machine: whoever runs the command has to mend it.
func cause(e *problem.Error) string {
	if e.Err == nil || strings.Contains(e.On, e.Err.Error()) || e.Kind != problem.Internal && e.Kind != problem.Unavailable && e.Kind != problem.Invalid {
		return ""
	}
	return " (" + e.Err.Error() + ")"
}

// print writes a line for a person.
func (a *app) print(key string, args ...any) { fmt.Fprintln(a.out, a.t(key, args...)) }

// emit writes a line of JSON. Workers and the progress may call it at the same time.
func (a *app) emit(v any) error {
	a.emits.Lock()
	defer a.emits.Unlock()
	return json.NewEncoder(a.out).Encode(v)
}

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := a.command("azekura", "cmd.azekura", "", nil, nil)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentFlags().StringVar(&a.data, "data", a.defaultData(), a.t("flag.data"))
	root.PersistentFlags().BoolVar(&a.json, "json", false, a.t("flag.json"))
	root.AddCommand(a.serve(), a.initialize(), a.importing(), a.exporting(), a.ls(), a.history(), a.restore(), a.restoreVault(), a.isolation(), a.verify(),
		a.rebuild(), a.status(), a.account(), a.group(), a.day(), a.proposal(), a.held(), a.freeze(), a.thaw(), a.cases(), a.damage(), a.rollback(), a.drill(), a.alert(), a.readings(), a.job(), a.trap(), a.policy(), a.share(), a.retention(), a.register(), a.firm(), a.roster(), a.receipt(), a.media(), a.ledger(), a.witness(), a.collect(), a.keeper(), a.recovery(), a.card(), a.sessions(), a.version())
	root.SetHelpCommand(a.command("help [COMMAND]", "cmd.help", "azekura help import", nil, func(_ context.Context, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return a.badCommand(c, append(rest, "")[:1])
		}
		a.help(c)
		return nil
	}))
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(a.completion(root))
	return root
}

// defaultData is where the data lies unless --data says otherwise.
func (a *app) defaultData() string {
	if d := a.env("AZEKURA_DATA"); d != "" {
		return d
	}
	if os.Getuid() == 0 {
		return "/var/lib/azekura"
	}
	base := a.env("XDG_DATA_HOME")
	if base == "" {
		base = filepath.Join(a.env("HOME"), ".local", "share")
	}
	return filepath.Join(base, "azekura")
}

// command returns a command with its help from package lang: key is the short text, key + ".long" the rest, if there is more to say.
func (a *app) command(use, key, example string, args cobra.PositionalArgs, run func(ctx context.Context, args []string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: a.t(key), Example: example, DisableFlagsInUseLine: true}
	if more := key + ".long"; lang.Has(more) {
		c.Long = a.t(more)
	}
	if run != nil {
		c.RunE = func(c *cobra.Command, args []string) error { return run(c.Context(), args) }
	} else {
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.badCommand(c, args)
			}
			return c.Help()
		}
	}
	c.Args = func(c *cobra.Command, given []string) error {
		if args == nil {
			return nil
		}
		if err := args(c, given); err != nil {
			return a.misuse("say.use-line", a.useLine(c))
		}
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	c.SetFlagErrorFunc(a.badFlag)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) { a.help(c) })
	c.Flags().BoolP("help", "h", false, a.t("flag.help"))
	return c
}

// useLine is how a command is written.
func (a *app) useLine(c *cobra.Command) string {
	line := placeholder.ReplaceAllStringFunc(c.UseLine(), func(s string) string {
		if key := "arg." + strings.ToLower(s); lang.Has(key) {
			return a.t(key)
		}
		return s
	})
	if c.HasAvailableSubCommands() {
		line += " " + a.t("say.usage-command")
	}
	return line
}

// placeholder is a word of a command's form that stands for another.
var placeholder = regexp.MustCompile(`\b[A-Z]{2,}\b`)

var flagDefault = regexp.MustCompile(`(?m)\(default (.*)\)$`)

var flagType = regexp.MustCompile(`(?m)^( .*?--[a-z-]+ )(stringArray|strings|string|ints|uint|int64|int|duration)( )`)

// flagWords writes the words that package pflag has of its own, in the reader's language, as wide as they were.
func (a *app) flagWords(usages string) string {
	usages = flagType.ReplaceAllStringFunc(usages, func(s string) string {
		m := flagType.FindStringSubmatch(s)
		word := a.t("say.usage-text")
		if strings.HasPrefix(m[2], "int") || m[2] == "uint" {
			word = a.t("say.usage-number")
		}
		return m[1] + word + strings.Repeat(" ", max(len(m[2])-cells(word), 0)) + m[3]
	})
	return flagDefault.ReplaceAllStringFunc(usages, func(s string) string { return a.t("say.usage-default", flagDefault.FindStringSubmatch(s)[1]) })
}

// help prints a command's help: what it does, examples, usage, flags.
func (a *app) help(c *cobra.Command) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%s\n", c.Short)
	if c.Example != "" {
		fmt.Fprintf(w, "\n%s\n", a.t("say.examples"))
		for line := range strings.Lines(c.Example) {
			fmt.Fprintf(w, "  %s\n", strings.TrimSpace(line))
		}
	}
	if c.Long != "" {
		fmt.Fprintf(w, "\n%s\n", c.Long)
	}
	fmt.Fprintf(w, "\n%s\n  %s\n", a.t("say.usage-heading"), a.useLine(c))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", a.t("say.commands"))
		var t table
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				t.add("  "+sub.Name(), sub.Short)
			}
		}
		t.write(w)
	}
	if flags := c.LocalFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(w, "\n%s\n%s", a.t("say.flags"), a.flagWords(flags))
	}
	if !c.HasParent() {
		fmt.Fprintf(w, "\n%s\n", a.t("say.exit-codes"))
	}
}
