package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

func (a *app) ls() *cobra.Command {
	var removed, deep bool
	c := a.command("ls [PATH]", "cmd.ls", "azekura ls\nazekura ls albums/2026\nazekura ls --removed albums/2026", cobra.MaximumNArgs(1),
		func(ctx context.Context, args []string) error {
			p, err := a.path("list", append(args, "/")[0])
			if err != nil {
				return err
			}
			return a.connect(ctx, func(c *client.Client) error { return a.list(ctx, c, string(p), removed, deep) })
		})
	c.Flags().BoolVar(&removed, "removed", false, a.t("flag.removed"))
	c.Flags().BoolVarP(&deep, "recursive", "r", false, a.t("flag.recursive"))
	return c
}

// path checks a path that somebody typed.
func (a *app) path(op, s string) (pathname.Path, error) {
	p, err := pathname.Parse(strings.TrimSuffix(s, "/"))
	if err != nil {
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: printable(s), Hint: "hint.name", Err: err}
	}
	return p, nil
}

// list prints a directory sorted by name, or a file. JSON streams as it comes.
func (a *app) list(ctx context.Context, c *client.Client, p string, removed, deep bool) error {
	if p != "/" && !removed {
		i, err := c.Stat(ctx, p)
		if err != nil {
			return err
		}
		if i.Type == api.RegularFile {
			return a.infos(func(yield func(api.Info, error) bool) { yield(i, nil) }, false)
		}
	}
	seq := c.List(ctx, p)
	if removed {
		seq = c.Removed(ctx, p)
	}
	var below []string
	if deep {
		all := seq
		seq = func(yield func(api.Info, error) bool) {
			for i, err := range all {
				if err == nil && i.Type != api.RegularFile {
					below = append(below, i.Path)
				}
				if !yield(i, err) {
					return
				}
			}
		}
	}
	if err := a.infos(seq, deep); err != nil {
		return err
	}
	slices.Sort(below)
	for _, dir := range below {
		if err := a.list(ctx, c, dir, removed, true); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) infos(seq iter.Seq2[api.Info, error], whole bool) error {
	if a.json {
		return emitAll(a, seq)
	}
	var list []api.Info
	for i, err := range seq {
		if err != nil {
			return err
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(x, y api.Info) int { return strings.Compare(x.Path, y.Path) })
	t := table{right: map[int]bool{0: true, 1: true}}
	for _, i := range list {
		name := pathname.Path(i.Path).Base()
		if whole {
			name = trim(i.Path)
		}
		size, version, modified := size(i.Size), "v"+strconv.Itoa(i.Number), i.Modified
		if i.Type != api.RegularFile {
			size, version, name = "-", "-", name+"/"
		}
		if i.Live || i.Number == 0 { // or it never had content
			version = "-"
		}
		if modified.IsZero() && i.Type == api.RegularFile {
			modified = i.Since()
		}
		t.add(size, version, when(modified), firstOf(printable(i.Author), "-"), printable(name))
	}
	t.write(a.out)
	return nil
}

// emitAll prints a sequence as lines of JSON.
func emitAll[T any](a *app, seq iter.Seq2[T, error]) error {
	for v, err := range seq {
		if err != nil {
			return err
		}
		if err := a.emit(v); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) history() *cobra.Command {
	return a.command("history PATH", "cmd.history", "azekura history albums/2026/0413.jpg", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			p, err := a.path("history", args[0])
			if err != nil {
				return err
			}
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.History(ctx, string(p)))
				}
				t := table{right: map[int]bool{0: true, 3: true}}
				for h, err := range c.History(ctx, string(p)) {
					if err != nil {
						return err
					}
					number, bytes := "", ""
					if h.File != nil {
						number, bytes = "v"+strconv.Itoa(h.File.Number), size(h.File.Size)
					}
					act := a.act(h.Act)
					if f := h.File; f != nil && f.Found != nil && f.Found.Damaged {
						act += " (" + a.lang.Flaw(f.Found.Kind, f.Found.Reason, f.Found.At, f.Size) + ")"
					}
					if h.Gone {
						act += " (" + a.t("say.version-gone") + ")"
					}
					t.add(number, when(h.When), printable(h.Author), bytes, act, printable(h.Name))
				}
				t.write(a.out)
				return nil
			})
		})
}

// act returns the word for what happened to a file.
func (a *app) act(act api.Act) string {
	switch act {
	case "made":
		return a.t("say.act-made")
	case "saved":
		return a.t("say.act-saved")
	case "linked":
		return a.t("say.act-linked")
	case "moved":
		return a.t("say.act-moved")
	case "removed":
		return a.t("say.act-removed")
	case "changed":
		return a.t("say.act-changed")
	case "held":
		return a.t("say.act-held")
	case "removal-held":
		return a.t("say.act-removal-held")
	case "settled":
		return a.t("say.act-settled")
	case "expired":
		return a.t("say.act-expired")
	}
	return string(act)
}

func (a *app) restore() *cobra.Command {
	var at string
	var q api.RestoreRequest
	var c *cobra.Command
	c = a.command("restore PATH [--at TIME | --version N]", "cmd.restore",
		"azekura restore albums/2026/0413.jpg --version 3\nazekura restore albums/2026 --at '2026-07-13 08:00'\nazekura restore albums/2026/gone.jpg",
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			p, err := a.path("restore", args[0])
			if err != nil {
				return err
			}
			q.Path = string(p)
			if at != "" {
				if q.At, err = endOf(at, a.now()); err != nil {
					return a.misuse("say.use-time", at)
				}
			}
			if at != "" && q.Number != 0 {
				return a.misuse("say.use-either")
			}
			if q.Number < 0 || q.Number == 0 && c.Flags().Changed("version") {
				return a.misuse("say.use-version", q.Number)
			}
			return a.connect(ctx, func(c *client.Client) error { return a.runRestore(ctx, c, q) })
		})
	c.Flags().StringVar(&at, "at", "", a.t("flag.at"))
	c.Flags().IntVar(&q.Number, "version", 0, a.t("flag.version"))
	c.Flags().BoolVarP(&q.DryRun, "dry-run", "n", false, a.t("flag.dry-run"))
	return c
}

func (a *app) runRestore(ctx context.Context, c *client.Client, q api.RestoreRequest) error {
	count := make(map[string]int)
	var last api.Restored
	bar := a.working()
	defer bar.end()
	for r, err := range c.Restore(ctx, q) {
		bar.clear()
		if err != nil {
			return err
		}
		bar.files.Add(1)
		count[r.Act]++
		last = r
		if a.json {
			if err := a.emit(r); err != nil {
				return err
			}
			continue
		}
		name := printable(trim(r.Path))
		switch r.Act {
		case "restored":
			a.print("say.restored", name, r.Number, when(r.Saved))
		case "brought-back":
			a.print("say.brought-back", name)
		case "renamed":
			a.print("say.renamed", name, printable(trim(r.To)))
		case "made":
			a.print("say.made-again", name)
		case "kept":
			a.print("say.kept", name)
		case "unchanged":
			a.print("say.unchanged", name)
		default:
			if r.Path != q.Path { // that one is told as the command's own
				fmt.Fprintln(a.err, r.Error.Message)
			}
		}
	}
	if last.Error != nil && last.Path == q.Path {
		return &client.Error{Problem: *last.Error}
	}
	if !a.json && q.DryRun {
		a.print("say.dry-run")
	}
	if !a.json && len(count) == 0 {
		a.print("say.nothing-to-restore")
	}
	if n := count["failed"]; n > 0 {
		return partly{failed: n}
	}
	return nil
}

// endOf reads a time up to which something counts. history shows whole seconds, so what was saved within that second counts.
func endOf(s string, now time.Time) (time.Time, error) {
	t, err := parseTime(s, now)
	if t.Nanosecond() == 0 {
		t = t.Add(time.Second - time.Microsecond)
	}
	return t, err
}

// parseTime reads a time as people write it; without a zone it is in theirs. A date alone is its beginning,
// a clock time alone is today's.
func parseTime(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02", "2006/01/02 15:04", "2006/01/02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			y, m, d := now.Local().Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.Local), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", s)
}

// rand64 returns a name that nobody else has.
func rand64() string { return rand.Text()[:13] }
