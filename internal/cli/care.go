package cli

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

func (a *app) verify() *cobra.Command {
	var q api.VerifyRequest
	c := a.command("verify [SHARE...]", "cmd.verify", "azekura verify\nazekura verify --keys albums", nil,
		func(ctx context.Context, args []string) error {
			q.Shares = args
			return a.connect(ctx, func(c *client.Client) error { return a.runVerify(ctx, c, q) })
		})
	c.Flags().BoolVar(&q.Keys, "keys", false, a.t("flag.keys"))
	return c
}

func (a *app) runVerify(ctx context.Context, c *client.Client, q api.VerifyRequest) error {
	findings, whole := 0, false
	names, err := shareNames(ctx, c)
	if err != nil {
		return err
	}
	bar := a.working()
	defer bar.end()
	for line, err := range c.Verify(ctx, q) {
		if err != nil {
			return err
		}
		if p := line.Progress; p != nil {
			bar.files.Store(int64(p.Packs) + p.Versions)
			if !a.json {
				continue
			}
		}
		bar.clear()
		if a.json {
			if err := a.emit(line); err != nil {
				return err
			}
		}
		if f := line.Finding; f != nil {
			findings++
			if a.json {
				continue
			}
			a.showFinding(*f, names)
		}
		if r := line.Report; r != nil {
			whole = true
			if !a.json {
				a.print("say.verified", r.Shares, r.Packs, size(r.Bytes), r.Versions, r.Findings)
			}
		}
	}
	switch {
	case findings > 0:
		return &problem.Error{Kind: problem.Damaged, Op: "verify", Hint: "hint.damaged"}
	case !whole:
		return problem.New(problem.Unavailable, "verify", "", fmt.Errorf("the report is missing"))
	}
	return nil
}

// shareNames tells the names of shares: a finding names the share by its identifier, which people do not know.
func shareNames(ctx context.Context, c *client.Client) (map[id.Share]string, error) {
	names := make(map[id.Share]string)
	for s, err := range c.Shares(ctx) {
		if err != nil {
			return nil, err
		}
		names[s.ID] = s.Name
	}
	return names, nil
}

// showFinding tells what is damaged: a file, or a place in a pack.
func (a *app) showFinding(f api.Finding, names map[id.Share]string) {
	place := printable(trim(string(f.Path)))
	if place == "" {
		place = a.t("say.place", firstOf(printable(names[f.Share]), f.Share.String()), f.Pack, f.Offset, f.Length)
		if f.Reason == "missing" && f.Offset == 0 {
			place = a.t("say.place-pack", firstOf(printable(names[f.Share]), f.Share.String()), f.Pack)
		}
	}
	reason := f.Reason
	switch reason {
	case "missing":
		reason = a.t("say.damage-missing")
	case "ledger":
		reason = a.t("say.damage-ledger")
	case "lost":
		reason = a.t("say.damage-lost")
	case "has what was removed by rule":
		reason = a.t("say.damage-removed")
	case "checksum", "digest", "head", "count of frames":
		reason = a.t("say.damage-altered", reason)
	}
	a.print("say.finding", place, reason)
}

func (a *app) rebuild() *cobra.Command {
	return a.command("rebuild [SHARE...]", "cmd.rebuild", "azekura rebuild\nazekura rebuild albums", nil,
		func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				names, err := shareNames(ctx, c)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					args = slices.Sorted(maps.Values(names))
				}
				findings := 0
				for _, share := range args {
					n, err := a.rebuildShare(ctx, c, share, names)
					if err != nil {
						return err
					}
					findings += n
				}
				if findings > 0 {
					return &problem.Error{Kind: problem.Damaged, Op: "rebuild", Hint: "hint.rebuilt-damaged"}
				}
				return nil
			})
		})
}

func (a *app) rebuildShare(ctx context.Context, c *client.Client, share string, names map[id.Share]string) (findings int, err error) {
	bar := a.working()
	defer bar.end()
	for line, err := range c.Rebuild(ctx, share) {
		if err != nil {
			return findings, err
		}
		if bar.files.Store(line.Frames); line.Finding != nil || line.Report != nil {
			bar.clear()
		}
		if line.Finding != nil {
			findings++
		}
		if a.json {
			if err := a.emit(line); err != nil {
				return findings, err
			}
			continue
		}
		if f := line.Finding; f != nil {
			a.showFinding(*f, names)
		}
		if r := line.Report; r != nil {
			key := "say.rebuilt"
			if r.Equal {
				key = "say.rebuilt-equal"
			}
			a.print(key, printable(share), line.Frames, r.Files, r.Versions)
		}
	}
	return findings, nil
}

func (a *app) status() *cobra.Command {
	return a.command("status", "cmd.status", "azekura status\nazekura status --json", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.emit(s)
				}
				a.showStatus(s)
				return nil
			})
		})
}

func (a *app) showStatus(s api.Status) {
	t := &status{a: a}
	t.server(s)
	t.keeper(s)
	t.house(s)
	t.config(s.Config)
	t.write(a.out)
}

// status is the table that tells how a storehouse is.
type status struct {
	table
	a *app
}

func (t *status) named(key, value string) { t.add(t.a.t(key), value) }

func (t *status) server(s api.Status) {
	a := t.a
	state := a.t("say.not-serving")
	if s.Serving {
		state = a.t("say.serving", when(s.Started))
	}
	t.named("say.status-server", state)
	t.named("say.status-version", s.Version)
	t.named("say.status-data", s.Data)
	t.named("say.status-free", size(s.Free))
	for _, l := range s.Listeners {
		value := l.URL
		if l.Fingerprint != "" {
			value += "\n" + a.t(map[bool]string{false: "say.fingerprint", true: "say.host-key"}[l.Door == "sftp"], l.Fingerprint)
		}
		for i, line := range strings.Split(value, "\n") {
			t.add(map[bool]string{true: l.Door}[i == 0], line)
		}
	}
	if c := s.Certificate; c != nil {
		t.named("say.status-certificate", c.Text)
	}
	if !s.Isolated.IsZero() {
		t.named("say.status-isolated", a.t("say.isolated-since", when(s.Isolated)))
	}
	if r := s.Restore; r != nil {
		t.named("say.status-restore", a.t("say.restore-far", r.Medium, r.State, when(r.Time), size(r.Bytes), size(r.OfBytes)))
		if r.Stopped {
			t.add("", a.t("say.restore-stopped", r.Medium))
		}
	}
}

func (t *status) keeper(s api.Status) {
	a := t.a
	t.named("say.status-keeper", a.protection(s.Keeper))
	t.add("", s.Keeper.Caution)
	if s.Keeper.Reserve != nil {
		for _, line := range a.reserveLines(*s.Keeper.Reserve) {
			t.add(line[0], line[1])
		}
	}
	t.named("say.status-ledger", a.t("say.ledger-size", s.Ledger.Size))
	t.add("", s.Ledger.PublicKey)
	if b := s.Ledger.Bucket; b != nil {
		line := a.t("say.bucket-never", printable(b.Name))
		if !b.Copied.IsZero() {
			line = a.t("say.bucket-copied", printable(b.Name), b.Size, when(b.Copied), b.Days)
		}
		t.named("say.status-bucket", line)
		if b.Problem != "" {
			t.add("", printable(b.Problem))
		}
	}
	for i, line := range a.witnessLines(s.Ledger.Witnesses) {
		t.add(map[bool]string{true: a.t("say.status-witnesses")}[i == 0], line)
	}
}

func (t *status) house(s api.Status) {
	a := t.a
	if !s.Tells() {
		t.named("say.status-alerts", a.t("web.tells-nobody"))
	}
	t.named("say.status-sessions", fmt.Sprint(s.Keeper.Sessions))
	t.named("say.status-leases", fmt.Sprint(s.Vault.Leases))
	if known := s.Damage(); known != "" {
		t.named("say.status-damage", a.t("say.damage-known", printable(known)))
	}
	if s.Copies != nil {
		t.named("say.status-copies", printable(s.Copies.Text))
		for _, d := range s.Copies.Drills {
			if d.Level != "good" {
				t.named("say.status-drill", printable(d.Text))
			}
		}
	}
	for i, share := range s.Shares {
		t.add(map[bool]string{true: a.t("say.status-shares")}[i == 0], printable(share.Name))
	}
}

func (t *status) config(list []api.Setting) {
	first := true
	for _, c := range list {
		if c.Value == "" && c.From == "default" {
			continue
		}
		from := ""
		if c.From != "default" {
			from = "  (" + c.From + ")"
		}
		t.add(map[bool]string{true: t.a.t("say.status-config")}[first], c.Key+" = "+c.Value+from)
		first = false
	}
}

// protection says where the keeper is and what opens the root key.
func (a *app) protection(k api.KeeperStatus) string {
	switch k.Protection {
	case "key-file":
		return a.t("say.keeper-key-file")
	case "passphrase":
		return a.t("say.keeper-passphrase")
	default:
		return a.t("say.keeper-credential")
	}
}

func (a *app) sessions() *cobra.Command {
	c := a.command("sessions", "cmd.sessions", "azekura sessions\nazekura sessions end ID", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if a.json {
				return emitAll(a, c.Sessions(ctx))
			}
			var t table
			t.head(a.t("say.head-account"), a.t("say.head-device"), a.t("say.head-door"), a.t("say.head-address"), a.t("say.head-since"), a.t("say.head-until"), a.t("say.head-id"))
			for s, err := range c.Sessions(ctx) {
				if err != nil {
					return err
				}
				t.add(printable(s.Account), printable(firstOf(s.Device, "-")), s.Door, firstOf(s.Address, "-"), when(s.Started), when(s.Expires), s.ID.String())
			}
			t.write(a.out)
			return nil
		})
	})
	c.AddCommand(a.sessionEnd())
	return c
}

func (a *app) version() *cobra.Command {
	return a.command("version", "cmd.version", "azekura version", cobra.NoArgs, func(context.Context, []string) error {
		v := storehouse.Version()
		if a.json {
			out := map[string]string{"version": v}
			if b, ok := debug.ReadBuildInfo(); ok {
				out["go"] = b.GoVersion
			}
			return a.emit(out)
		}
		fmt.Fprintln(a.out, "azekura "+v)
		return nil
	})
}

func (a *app) completion(root *cobra.Command) *cobra.Command {
	return a.command("completion bash|zsh|fish|powershell", "cmd.completion", "azekura completion bash > /etc/bash_completion.d/azekura",
		cobra.MatchAll(cobra.ExactArgs(1)), func(_ context.Context, args []string) error {
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return a.misuse("say.use-shell", args[0])
		})
}
