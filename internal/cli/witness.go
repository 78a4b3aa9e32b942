package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// witness keeps a witness of other people's ledgers, or names those of this one.
func (a *app) witness() *cobra.Command {
	c := a.command("witness", "cmd.witness", "azekura witness serve --dir /srv/witness --name witness.example.jp/azekura --ledger azekura.pub\n"+
		"azekura witness add https://witness.example.jp witness.example.jp/azekura+…\nazekura witness mode require --need 1", nil, nil)
	c.AddCommand(a.witnessServe(), a.witnessKeys(), a.witnessList(), a.witnessAdd(), a.witnessRemove(), a.witnessMode())
	return c
}

// witnessServe runs a witness.
func (a *app) witnessServe() *cobra.Command {
	var w storehouse.Watch
	c := a.command("serve", "cmd.witness-serve", "azekura witness serve --dir /srv/witness --name witness.example.jp/azekura --ledger azekura.pub\n"+
		"azekura witness serve --dir /srv/witness --ledger azekura.pub --listen :7380 --cert witness.pem --key witness.key", cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			for i, k := range w.Ledgers {
				var err error
				if w.Ledgers[i], err = publicKey("open the witness", k); err != nil {
					return err
				}
			}
			return storehouse.RunWitness(ctx, w, storehouse.Options{Now: a.now, Log: a.logger(slog.LevelInfo)}, func(name, url, key, mirror string) {
				if a.json {
					a.emit(map[string]string{"name": name, "url": url, "key": key, "mirror": mirror})
					return
				}
				a.print("say.witness-serving", name, url, url, key, mirror)
			})
		})
	f := c.Flags()
	f.StringVar(&w.Dir, "dir", "witness", a.t("flag.witness-dir"))
	f.StringVar(&w.Name, "name", "", a.t("flag.witness-name"))
	f.StringArrayVar(&w.Ledgers, "ledger", nil, a.t("flag.witness-ledger"))
	f.StringVar(&w.Listen, "listen", "127.0.0.1:7380", a.t("flag.witness-listen"))
	f.StringVar(&w.Cert, "cert", "", a.t("flag.witness-cert"))
	f.StringVar(&w.Key, "key", "", a.t("flag.witness-key"))
	return c
}

// witnessKeys shows the keys of a witness in a directory.
func (a *app) witnessKeys() *cobra.Command {
	var w storehouse.Watch
	c := a.command("keys", "cmd.witness-keys", "azekura witness keys --dir /srv/witness", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		key, mirror, err := storehouse.WitnessKeys(ctx, w, storehouse.Options{Now: a.now, Log: a.logger(slog.LevelWarn)})
		if err != nil {
			return err
		}
		if a.json {
			return a.emit(map[string]string{"key": key, "mirror": mirror})
		}
		a.print("say.witness-keys", key, mirror)
		return nil
	})
	c.Flags().StringVar(&w.Dir, "dir", "witness", a.t("flag.witness-dir"))
	c.Flags().StringVar(&w.Name, "name", "", a.t("flag.witness-name"))
	return c
}

func (a *app) witnessList() *cobra.Command {
	return a.command("list", "cmd.witness-list", "azekura witness list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.connect(ctx, func(cl *client.Client) error {
			w, err := cl.Witnesses(ctx)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(w) })
			}
			a.showWitnesses(w)
			return nil
		})
	})
}

func (a *app) showWitnesses(w api.Witnesses) {
	if len(w.Witnesses) == 0 {
		a.print("say.witness-none")
		return
	}
	switch w.Mode {
	case account.WitnessOff:
		a.print("say.witness-mode-off")
	case account.WitnessWarn:
		a.print("say.witness-mode-warn", w.Need)
	case account.WitnessRequire:
		a.print("say.witness-mode-require", w.Need)
	}
	var t table
	t.head(a.t("say.witness-name"), "URL", a.t("say.witness-cosigned"), a.t("say.witness-mirrored"), "")
	for _, s := range w.State {
		cosigned := a.t("say.witness-never")
		if !s.When.IsZero() {
			cosigned = fmt.Sprintf("%d, %s", s.Size, when(s.When))
		}
		t.add(printable(s.Name), printable(s.URL), cosigned, fmt.Sprint(s.Mirrored), a.witnessTrouble(&s))
	}
	t.write(a.out)
}

// witnessTrouble says what is wrong with a witness, and what is to be done.
func (a *app) witnessTrouble(s *account.WitnessState) string {
	is := s.Problem
	if s.Trouble != "" {
		is = a.t("witness-trouble."+string(s.Trouble)) + " (" + s.Problem + ")"
	}
	switch {
	case s.Proven:
		is = a.t("say.witness-proves", is)
	case s.Refuses:
		is = a.t("say.witness-refuses", is)
	case is != "":
	case s.Forgot > 0:
		is = a.t("say.witness-forgot", s.Forgot)
	case s.Clock() != 0:
		is = a.clock(s.Clock())
	case s.Uncopied != "":
		is = a.t("say.witness-uncopied", s.Uncopied)
	}
	return printable(is)
}

// clock says that a witness's clock is ahead of this machine's, or behind it.
func (a *app) clock(ahead time.Duration) string {
	if ahead < 0 {
		return a.t("say.witness-clock-behind", -ahead)
	}
	return a.t("say.witness-clock-ahead", ahead)
}

// witnessLines says in a few words how the witnesses are.
func (a *app) witnessLines(w api.Witnesses) (out []string) {
	if len(w.State) == 0 {
		return []string{a.t("say.witness-status-none")}
	}
	n, away, refusing := w.Cosigning()
	out = append(out, a.t("say.witness-status", n, len(w.State), w.Need))
	if len(refusing) > 0 {
		out = append(out, a.t("say.witness-status-refuse", printable(strings.Join(refusing, ", "))))
	}
	if len(away) > 0 {
		out = append(out, a.t("say.witness-status-away", printable(strings.Join(away, ", "))))
	}
	return out
}

// changeWitnesses lets do change who watches the ledger.
func (a *app) changeWitnesses(ctx context.Context, do func(w *account.Witnessing) error) error {
	return a.connect(ctx, func(cl *client.Client) error {
		w, err := cl.Witnesses(ctx)
		if err != nil {
			return err
		}
		if err := do(&w.Witnessing); err != nil {
			return err
		}
		o, err := cl.SetWitnesses(ctx, w.Witnessing)
		return a.told(o, err, "say.witness-set")
	})
}

func (a *app) witnessAdd() *cobra.Command {
	return a.command("add URL KEY [MIRROR-KEY]", "cmd.witness-add", "azekura witness add https://witness.example.jp witness.example.jp/azekura+… witness.example.jp/azekura/mirror+…", cobra.RangeArgs(2, 3),
		func(ctx context.Context, args []string) error {
			x := account.Witness{URL: args[0], Key: args[1]}
			if len(args) == 3 {
				x.Mirror = args[2]
			}
			return a.changeWitnesses(ctx, func(w *account.Witnessing) error {
				if w.Witnesses = append(w.Witnesses, x); w.Need == 0 {
					w.Need = 1
				}
				return nil
			})
		})
}

func (a *app) witnessRemove() *cobra.Command {
	return a.command("remove URL", "cmd.witness-remove", "azekura witness remove https://witness.example.jp", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.changeWitnesses(ctx, func(w *account.Witnessing) error {
			n := len(w.Witnesses)
			w.Witnesses = slices.DeleteFunc(w.Witnesses, func(x account.Witness) bool { return x.URL == strings.TrimSuffix(args[0], "/") })
			if len(w.Witnesses) == n {
				return &problem.Error{Kind: problem.NotFound, Op: "change witnesses", On: args[0], Hint: "hint.witness-url"}
			}
			w.Need = min(w.Need, len(w.Witnesses))
			if w.Need == 0 {
				w.Mode = account.WitnessOff
			}
			return nil
		})
	})
}

func (a *app) witnessMode() *cobra.Command {
	need := 0
	c := a.command("mode off|warn|require", "cmd.witness-mode", "azekura witness mode require --need 1", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.changeWitnesses(ctx, func(w *account.Witnessing) error {
			w.Mode = account.WitnessMode(args[0])
			if need > 0 {
				w.Need = need
			}
			return nil
		})
	})
	c.Flags().IntVar(&need, "need", 0, a.t("flag.witness-need"))
	return c
}
