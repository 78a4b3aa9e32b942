package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// copied is a ledger's directory, live or a copy, and the key that vouches for it.
type copied struct {
	dir, key string
	covered  func() []string // what somebody has put over files of the copy; set by open
}

// copyFlags adds the flags that name a copy of the ledger.
func (a *app) copyFlags(c *cobra.Command, l *copied) {
	c.Flags().StringVar(&l.dir, "dir", "", a.t("flag.ledger-dir"))
	c.Flags().StringVar(&l.key, "public-key", "", a.t("flag.public-key"))
}

// publicKeyFile stands beside the ledger. Taken from there it shows only that the ledger agrees with
// itself; whoever must not trust this machine gives the key that he noted before.
const publicKeyFile = "public-key"

// open returns the directory, or the bucket, and the public key.
func (l *copied) open(ctx context.Context, a *app) (fsys fs.FS, key string, err error) {
	dir := firstOf(l.dir, storehouse.LedgerDir(a.data))
	i, err := os.Stat(dir)
	if err != nil {
		return nil, "", &problem.Error{Kind: problem.NotFound, Op: "read the ledger", On: dir, Hint: "hint.init", Err: err}
	}
	if !i.IsDir() && l.key == "" {
		return nil, "", &problem.Error{Kind: problem.Invalid, Op: "read the ledger", On: dir, Hint: "hint.sink-key"}
	}
	if key, err = publicKey("read the ledger", firstOf(l.key, filepath.Join(dir, publicKeyFile))); err != nil {
		return nil, "", err
	}
	fsys, l.covered, err = storehouse.LedgerAt(ctx, dir, key, a.now)
	return fsys, key, err
}

// end names what somebody has put over files of the copy that were read. The command fails then, though it did what it was asked.
func (l *copied) end(a *app) error {
	covered := l.covered()
	if len(covered) == 0 {
		return nil
	}
	if !a.json {
		for _, name := range covered {
			fmt.Fprintln(a.err, a.t("say.ledger-covered", printable(name)))
		}
	}
	return &problem.Error{Kind: problem.Damaged, Op: "read the ledger's copy", On: covered[0], Hint: "hint.sink-covered"}
}

// publicKey returns a ledger's public key, which is given itself or by the name of its file.
func publicKey(op, given string) (string, error) {
	b, err := os.ReadFile(given)
	if err != nil && strings.Contains(given, "+") {
		b, err = []byte(given), nil
	}
	if err != nil {
		return "", &problem.Error{Kind: problem.NotFound, Op: op, On: given, Hint: "hint.ledger-key", Err: err}
	}
	return strings.TrimSpace(string(b)), nil
}

func (a *app) ledger() *cobra.Command {
	c := a.command("ledger", "cmd.ledger", "azekura ledger verify\nazekura ledger show --path albums/2026 --from 2026-07-12\nazekura ledger verify --dir /mnt/copy --public-key azekura.pub", nil, nil)
	c.AddCommand(a.ledgerVerify(), a.ledgerShow(), a.ledgerProve(), a.ledgerBundle(), a.ledgerExport(), a.ledgerHead(), a.ledgerKey())
	return c
}

func (a *app) ledgerVerify() *cobra.Command {
	var l copied
	var gap time.Duration
	var seen []string
	var known []int64
	c := a.command("verify", "cmd.ledger-verify", "azekura ledger verify\nazekura ledger verify --dir /mnt/copy --public-key azekura.pub\nazekura ledger verify --seen 4711-3ad9-…", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			fsys, key, err := l.open(ctx, a)
			if err != nil {
				return err
			}
			heads, err := seenHeads(seen, key)
			if err != nil {
				return err
			}
			bar := a.working()
			r, err := ledger.Audit{Key: key, Gap: gap, Seen: heads, Now: a.now(), Progress: bar.files.Store}.Run(ctx, fsys)
			if bar.end(); err != nil {
				return err
			}
			return a.showAudit(r, l.covered(), known)
		})
	a.copyFlags(c, &l)
	c.Flags().DurationVar(&gap, "gap", ledger.DefaultGap, a.t("flag.gap"))
	c.Flags().StringArrayVar(&seen, "seen", nil, a.t("flag.ledger-seen"))
	c.Flags().Int64SliceVar(&known, "clock-known", nil, a.t("flag.clock-known"))
	return c
}

// showAudit tells what an audit has found. The error is that the ledger, or what it says of times, cannot be relied on.
func (a *app) showAudit(r ledger.Report, covered []string, known []int64) error {
	shifted := len(r.Shifted(known...)) > 0 || r.Ahead != nil
	if a.json {
		if err := a.emit(struct {
			ledger.Report
			Covered []string `json:"covered,omitempty"`
		}{r, covered}); err != nil {
			return err
		}
	} else {
		a.showReport(r, shifted)
		for _, name := range covered {
			a.print("say.ledger-covered", printable(name))
		}
	}
	switch {
	case !r.OK():
		return &problem.Error{Kind: problem.Damaged, Op: "rely on the ledger", Hint: "hint.ledger-differs"}
	case len(covered) > 0:
		return &problem.Error{Kind: problem.Damaged, Op: "read the ledger's copy", On: covered[0], Hint: "hint.sink-covered"}
	case shifted:
		return &problem.Error{Kind: problem.Damaged, Op: "rely on the ledger's times", Hint: "hint.ledger-clock"}
	}
	return nil
}

// mostGaps is how many silences a person wants to read of: a house that is switched off at night has one each day.
const mostGaps = 20

// showReport is an audit for a person.
func (a *app) showReport(r ledger.Report, shifted bool) {
	if n := r.GapCount - mostGaps; n > 0 {
		a.print("say.ledger-gaps", n)
	}
	for _, g := range r.Gaps[max(0, len(r.Gaps)-mostGaps):] {
		a.print("say.ledger-gap", when(g.From), when(g.To), g.Index)
	}
	for _, g := range r.Backward {
		a.print("say.ledger-backward", when(g.From), when(g.To), g.Index)
	}
	if g := r.Ahead; g != nil {
		a.print("say.ledger-ahead", g.Index, when(g.To), when(g.From))
	}
	for _, d := range r.Damage {
		a.print("say.ledger-damage", d.File, d.Kind, d.Text)
	}
	if r.Beyond > 0 {
		a.print("say.ledger-beyond", r.Beyond)
	}
	switch {
	case !r.OK():
	case r.Size == 0:
		a.print("say.ledger-empty", r.Origin)
	case shifted:
		a.print("say.ledger-shifted", r.Origin, r.Size)
	default:
		a.print("say.ledger-ok", r.Origin, r.Size, when(r.First), when(r.Last))
	}
}

// shown is an entry as a person sees it, read back from its JSON: online and offline it is the same.
type shown struct {
	Index     int64      `json:"index"`
	Recorded  time.Time  `json:"recorded"`
	Closed    string     `json:"closed"`
	Kind      event.Kind `json:"kind"`
	Actor     string     `json:"actor"`
	Address   string     `json:"address"`
	Door      string     `json:"door"`
	ShareName string     `json:"share_name"`
	Purpose   string     `json:"purpose"`
	Target    string     `json:"target"`
	Note      string     `json:"note"`
	Size      int64      `json:"size"`
	Omitted   int        `json:"files_omitted"`
	Files     []struct {
		Path string `json:"path"`
	} `json:"files"`
}

func (a *app) ledgerShow() *cobra.Command {
	var l copied
	var f api.EventFilter
	var from, to, key string
	c := a.command("show", "cmd.ledger-show", "azekura ledger show --from '2026-07-12 18:00' --kind released\nazekura ledger show --path albums/2026/0413.jpg\nazekura ledger show --dir /mnt/copy --reading-key auditor.json --actor sato",
		cobra.NoArgs, func(ctx context.Context, _ []string) (err error) {
			for _, t := range []struct {
				text string
				to   *time.Time
			}{{from, &f.From}, {to, &f.To}} {
				if t.text == "" {
					continue
				}
				if *t.to, err = parseTime(t.text, a.now()); err != nil {
					return a.misuse("say.use-time", t.text)
				}
			}
			for _, k := range f.Kinds {
				if !lang.Has("event." + k) {
					return a.misuse("say.use-kind", k)
				}
			}
			if key != "" {
				return a.showOffline(ctx, l, key, f)
			}
			if l.dir != "" {
				return a.misuse("say.use-reading-key")
			}
			return a.connect(ctx, func(c *client.Client) error { return a.showEntries(c.Events(ctx, f)) })
		})
	a.copyFlags(c, &l)
	fl := c.Flags()
	fl.StringVar(&key, "reading-key", "", a.t("flag.reading-key"))
	fl.StringVar(&from, "from", "", a.t("flag.from"))
	fl.StringVar(&to, "to", "", a.t("flag.to"))
	fl.StringVar(&f.Actor, "actor", "", a.t("flag.actor"))
	fl.StringVar(&f.Share, "share", "", a.t("flag.share"))
	fl.StringVar(&f.Path, "path", "", a.t("flag.path"))
	fl.StringSliceVar(&f.Kinds, "kind", nil, a.t("flag.kind"))
	fl.IntVar(&f.Limit, "limit", 0, a.t("flag.limit"))
	return c
}

// showOffline reads a copy of the ledger with a reading key, without any server.
func (a *app) showOffline(ctx context.Context, l copied, keyFile string, f api.EventFilter) error {
	fsys, public, err := l.open(ctx, a)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return problem.New(problem.NotFound, "read the ledger", keyFile, err)
	}
	key, err := keeper.ParseReadingKey(text)
	if err != nil {
		return err
	}
	defer key.Zero()
	if err := key.Knows(f.Share); err != nil {
		return err
	}
	r, err := ledger.NewReader(fsys, public)
	if err != nil {
		return err
	}
	err = a.showEntries(func(yield func(json.RawMessage, error) bool) {
		for e, err := range keeper.Show(ctx, r, key, storehouse.Filter(f), func(*keeper.Entry) bool { return true }) {
			var raw json.RawMessage
			if err == nil {
				raw, err = json.Marshal(e)
			}
			if !yield(raw, err) {
				return
			}
		}
	})
	return cmpOr(err, func() error { return l.end(a) })
}

func (a *app) showEntries(entries iter.Seq2[json.RawMessage, error]) error {
	if a.json {
		return emitAll(a, entries)
	}
	bar := a.working()
	defer bar.end()
	none := true
	for raw, err := range entries {
		bar.clear()
		none = false
		if err != nil {
			return err
		}
		bar.files.Add(1)
		var e shown
		if err := json.Unmarshal(raw, &e); err != nil {
			return problem.New(problem.Internal, "read ledger", "", err)
		}
		fmt.Fprintln(a.out, a.entry(e))
	}
	if none {
		bar.clear()
		fmt.Fprintln(a.err, a.t("say.no-entries"))
	}
	return nil
}

// entry is a line about an entry.
func (a *app) entry(e shown) string {
	line := fmt.Sprintf("%6d  %s  ", e.Index, when(e.Recorded))
	if e.Closed != "" {
		return line + a.t("say.entry-closed")
	}
	line += a.t("event." + string(e.Kind))
	if e.Purpose != "" {
		line += " (" + a.named("purpose", e.Purpose) + ")"
	}
	for i, s := range []string{e.Actor, e.Address, e.ShareName, e.Target, a.note(e)} {
		if s != "" && (i != 3 || s != e.ShareName) { // a share that was made is named once
			line += "  " + printable(s)
		}
	}
	for _, f := range e.Files {
		line += "\n          " + printable(firstOf(f.Path, "?"))
	}
	if e.Omitted > 0 {
		line += "\n          " + a.t("say.files-omitted", e.Omitted)
	}
	return line
}

// note is what the entry tells besides, in the reader's language if it is one of the program's own words.
func (a *app) note(e shown) string { return a.lang.Note(string(e.Kind), e.Note, e.Size) }

// named is the text of one of the program's own words.
func (a *app) named(family, word string) string {
	if key := family + "." + word; lang.Has(key) {
		return a.t(key)
	}
	return word
}

func (a *app) ledgerProve() *cobra.Command {
	var l copied
	var output, entry string
	c := a.command("prove ENTRY", "cmd.ledger-prove", "azekura ledger prove 4711 --output 4711.tlog-proof --entry 4711.entry", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			index, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return a.misuse("say.use-entry", args[0])
			}
			fsys, key, err := l.open(ctx, a)
			if err != nil {
				return err
			}
			r, err := ledger.NewReader(fsys, key)
			if err != nil {
				return err
			}
			proof, err := r.Prove(ctx, index)
			if err != nil {
				return err
			}
			if entry != "" {
				for e, err := range r.Entries(ctx, index, index+1) {
					if err != nil {
						return err
					}
					if err := a.write(entry, e.Data); err != nil {
						return err
					}
				}
			}
			return cmpOr(a.write(output, proof), func() error { return l.end(a) })
		})
	a.copyFlags(c, &l)
	c.Flags().StringVarP(&output, "output", "o", "-", a.t("flag.output"))
	c.Flags().StringVar(&entry, "entry", "", a.t("flag.entry"))
	return c
}

// write writes a file, or to the output for "-".
func (a *app) write(name string, data []byte) error {
	if name == "-" {
		_, err := a.out.Write(data)
		return err
	}
	if err := durable.WriteFile(durable.OS(), name, data, 0o600); err != nil {
		return problem.New(problem.Internal, "export the ledger", name, err)
	}
	if !a.json {
		a.print("say.written", name)
	}
	return nil
}

func (a *app) ledgerExport() *cobra.Command {
	var l copied
	c := a.command("export DIR", "cmd.ledger-export", "azekura ledger export /mnt/auditor", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		fsys, key, err := l.open(ctx, a)
		if err != nil {
			return err
		}
		bar := a.working()
		head, err := ledger.Export(ctx, fsys, key, durable.OS(), args[0])
		if bar.end(); err != nil {
			return err
		}
		if err := durable.WriteFile(durable.OS(), filepath.Join(args[0], publicKeyFile), []byte(key+"\n"), 0o644); err != nil {
			return problem.New(problem.Internal, "export the ledger", args[0], err)
		}
		if a.json {
			err = a.emit(head)
		} else {
			a.print("say.ledger-exported", head.Size, args[0])
		}
		return cmpOr(err, func() error { return l.end(a) })
	})
	a.copyFlags(c, &l)
	return c
}

func (a *app) ledgerKey() *cobra.Command {
	var output string
	c := a.command("reading-key", "cmd.ledger-key", "azekura ledger reading-key --output auditor.json", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			key, err := c.ReadingKey(ctx)
			if err != nil {
				return err
			}
			return a.write(output, append(key, '\n'))
		})
	})
	c.Flags().StringVarP(&output, "output", "o", "-", a.t("flag.output"))
	return c
}
