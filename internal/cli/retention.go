package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
)

// retention keeps the rules of shares and removes by them.
func (a *app) retention() *cobra.Command {
	c := a.command("retention", "cmd.retention", "azekura retention set albums-2026 --versions 180 --deleted 90 --keep 3\nazekura retention preview albums-2026\nazekura retention ask albums-2026 --reason \"six months after delivery, as agreed\"\nazekura retention run albums-2026", nil, nil)
	c.AddCommand(a.showRetention(), a.setRetention(), a.previewRemoval(), a.listRemoval(), a.askRemoval(), a.runRemoval())
	return c
}

func (a *app) showRetention() *cobra.Command {
	return a.command("show SHARE", "cmd.retention-show", "azekura retention show albums-2026", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			x, err := c.Retention(ctx, args[0])
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.tellRetention(x)
			return nil
		})
	})
}

func (a *app) tellRetention(x api.RetentionState) {
	if x.Rule.Any() {
		a.print("say.retention", printable(x.Share), a.lang.Kept(x.Rule.Versions), a.lang.Kept(x.Rule.Deleted), x.Rule.Keep)
	} else {
		a.print("say.retention-none", printable(x.Share))
	}
	if len(x.HeldBy) > 0 {
		a.print("say.retention-held", strings.Join(x.HeldBy, ", "))
	}
	if x.Frozen {
		a.print("hint.removal-frozen")
	}
	if x.Waits {
		a.print("say.retention-waits")
	}
	if x.Agreed != "" {
		a.print("say.retention-agreed", when(x.Until), printable(x.Share))
	}
	if w := x.Work; w != nil && w.Running {
		a.print("say.retention-work", a.named("removal-step", w.Step), w.Done, w.Of)
	}
	for i, r := range x.Removed {
		if r.Ended.IsZero() {
			key := "say.retention-lapsed"
			if i == 0 && x.Agreed != "" {
				key = "say.retention-broken"
			}
			a.print(key, r.Number, when(r.Begun))
			continue
		}
		confirmed := a.t("say.retention-alone")
		if r.Confirmed != "" {
			confirmed = a.named("role", r.Confirmed)
		}
		a.print("say.retention-removed", r.Number, when(r.Ended), r.Versions, size(r.Bytes), a.named("role", r.AskedBy), confirmed)
	}
	if len(x.Media) > 0 {
		var names []string
		for _, m := range x.Media {
			names = append(names, printable(strings.TrimSpace(m.Label+" "+m.Place)))
		}
		a.print("say.retention-media", strings.Join(names, ", "))
	}
}

// setRetention changes what is given of a rule, and leaves the rest.
func (a *app) setRetention() *cobra.Command {
	var q api.Retention
	var c *cobra.Command
	c = a.command("set SHARE", "cmd.retention-set", "azekura retention set albums-2026 --versions 180 --deleted 90 --keep 3\nazekura retention set albums-2026 --versions 0", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(cl *client.Client) error {
			x, err := cl.Retention(ctx, args[0])
			if err != nil {
				return err
			}
			for name, set := range map[string]func(){
				"versions": func() { x.Rule.Versions = q.Versions }, "deleted": func() { x.Rule.Deleted = q.Deleted }, "keep": func() { x.Rule.Keep = q.Keep },
			} {
				if c.Flags().Changed(name) {
					set()
				}
			}
			if err := cl.SetRetention(ctx, args[0], x.Rule); err != nil {
				return err
			}
			if x, err = cl.Retention(ctx, args[0]); err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.tellRetention(x)
			if x.Rule.Any() {
				a.print("say.retention-set", printable(x.Share))
			}
			return nil
		})
	})
	c.Flags().IntVar(&q.Versions, "versions", 0, a.t("flag.retention-versions"))
	c.Flags().IntVar(&q.Deleted, "deleted", 0, a.t("flag.retention-deleted"))
	c.Flags().IntVar(&q.Keep, "keep", 1, a.t("flag.retention-keep"))
	return c
}

func (a *app) previewRemoval() *cobra.Command {
	return a.command("preview SHARE", "cmd.retention-preview", "azekura retention preview albums-2026", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			line, err := a.removalLines(c.PreviewRemoval(ctx, args[0]))
			switch {
			case err != nil:
				return err
			case line.Preview == nil:
				return problem.New(problem.Unavailable, "remove by rule", args[0], fmt.Errorf("the preview is missing"))
			case a.json:
				return a.emit(line.Preview)
			}
			a.tellPreview(*line.Preview)
			return nil
		})
	})
}

// removalLines shows how far a preview or a removal is, and returns the last line.
func (a *app) removalLines(seq func(func(api.RemovalLine, error) bool)) (last api.RemovalLine, err error) {
	bar := a.working()
	defer bar.end()
	for line, err := range seq {
		if err != nil {
			return last, err
		}
		last = line
		bar.files.Store(line.Done)
	}
	return last, nil
}

func (a *app) tellPreview(p api.Removal) {
	if p.Versions == 0 {
		a.print("say.preview-nothing", printable(p.Share))
	} else {
		a.print("say.preview", printable(p.Share), p.Versions, p.Files, size(p.Bytes), p.Deleted, day(p.Oldest), day(p.Newest))
	}
	if p.Left > 0 {
		a.print("say.preview-left", fmt.Sprint(p.Left))
	}
	if p.Unlisted > 0 {
		a.print("say.preview-unlisted", fmt.Sprint(p.Unlisted))
	}
	if len(p.Kept) > 0 {
		a.print("say.preview-kept")
		t := table{right: map[int]bool{0: true}}
		for _, why := range slices.Sorted(maps.Keys(p.Kept)) {
			t.add(fmt.Sprint(p.Kept[why]), a.named("kept", why))
		}
		t.write(a.out)
	}
	switch {
	case p.Present.IsZero():
		a.print("say.preview-unwitnessed")
	case p.Witness:
		a.print("say.preview-witnessed", when(p.Present))
	default:
		a.print("say.preview-present", when(p.Present))
	}
	for _, g := range p.Gaps {
		a.print("say.preview-gap", when(g.From), when(g.To))
	}
	if !p.Nothing() {
		a.print("say.preview-how", printable(p.Share))
	}
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

func (a *app) listRemoval() *cobra.Command {
	var asCSV bool
	c := a.command("list SHARE", "cmd.retention-list", "azekura retention list albums-2026\nazekura retention list albums-2026 --csv > list.csv", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if a.json {
				return emitAll(a, c.Expiring(ctx, args[0]))
			}
			w := csv.NewWriter(a.out)
			if asCSV {
				_ = w.Write(api.ExpiringTitle(a.lang))
			}
			for e, err := range c.Expiring(ctx, args[0]) {
				if err != nil {
					w.Flush()
					return err
				}
				if asCSV {
					_ = w.Write(api.ExpiringRow(e))
					continue
				}
				fmt.Fprintf(a.out, "%s  v%d  %s  %s\n", when(e.Saved), e.Number, size(e.Size), printable(trim(string(e.Path))))
			}
			w.Flush()
			return w.Error()
		})
	})
	c.Flags().BoolVar(&asCSV, "csv", false, a.t("flag.retention-csv"))
	return c
}

func (a *app) askRemoval() *cobra.Command {
	var reason string
	c := a.command("ask SHARE", "cmd.retention-ask", "azekura retention ask albums-2026 --reason \"six months after delivery, as agreed\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			p, err := c.PreviewedRemoval(ctx, args[0])
			if err != nil {
				return err
			}
			o, err := c.AskRemoval(ctx, args[0], account.AskRemoval{Digest: p.Digest, Reason: reason})
			return a.told(o, err, "say.retention-asked", printable(args[0]))
		})
	})
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.retention-reason"))
	return c
}

func (a *app) runRemoval() *cobra.Command {
	return a.command("run SHARE", "cmd.retention-run", "azekura retention run albums-2026", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			line, err := a.removalLines(c.RunRemoval(ctx, args[0]))
			switch r := line.Removed; {
			case err != nil:
				return err
			case r == nil:
				return problem.New(problem.Unavailable, "remove by rule", args[0], fmt.Errorf("the report is missing"))
			case a.json:
				return a.emit(r)
			default:
				a.print("say.removal-done", r.Versions, r.Agreed, r.Contents, size(r.Bytes), r.Packs)
			}
			return nil
		})
	})
}
