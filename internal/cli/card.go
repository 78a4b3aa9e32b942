package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/problem"
)

// card writes and checks key cards: sticks with the sealed key ring.
func (a *app) card() *cobra.Command {
	c := a.command("card", "cmd.card", "azekura card make /media/usb --name \"safe of the office\"\nazekura card refresh /media/usb\nazekura card list", nil, nil)
	c.AddCommand(a.makeCard(), a.refreshCard(),
		a.command("list", "cmd.card-list", "azekura card list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				r, err := c.Reserve(ctx)
				if err != nil || a.json {
					return cmpOr(err, func() error { return a.emit(r) })
				}
				a.showCards(r)
				return nil
			})
		}),
		a.checkCard(), a.forgetCard())
	return c
}

func (a *app) showCards(r api.Reserve) {
	var t table
	t.head(a.t("say.card-number"), a.t("say.card-name"), a.t("say.card-state"), a.t("say.card-generation"), a.t("say.card-set"), a.t("say.card-written"), a.t("say.card-checked"), a.t("say.head-reason"))
	for _, c := range r.Cards {
		state := a.t("card." + c.State)
		if c.Outstanding > 0 {
			state += " " + a.t("say.card-outstanding", c.Outstanding)
		}
		if c.Former {
			state += " " + a.t("say.card-former")
		}
		t.add(fmt.Sprint(c.Number), printable(c.Name), state, fmt.Sprintf("%d/%d", c.Generation, r.Generation), fmt.Sprint(c.Set), when(c.Written), when(c.Checked), printable(firstOf(c.Reason, "-")))
	}
	t.write(a.out)
	for _, word := range r.Lacks {
		fmt.Fprintln(a.out, a.lacks(word))
	}
}

func (a *app) makeCard() *cobra.Command {
	var name string
	var same bool
	c := a.command("make DIR", "cmd.card-make", "azekura card make /media/usb --name \"safe of the office\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if err := a.fitStick(args[0], same); err != nil {
			return err
		}
		if _, damaged, err := card.Read(durable.OS(), args[0]); err == nil || damaged {
			return &problem.Error{Kind: problem.Exists, Op: "write card", On: args[0], Hint: "hint.card-there"}
		} else if !errors.Is(err, card.ErrNone) {
			return onStick("write card", args[0], err)
		}
		return a.connect(ctx, func(c *client.Client) error {
			x, err := c.MakeCard(ctx, name)
			if err != nil {
				return err
			}
			return a.putCard(ctx, c, args[0], x)
		})
	})
	c.Flags().StringVar(&name, "name", "", a.t("flag.card-name"))
	c.Flags().BoolVar(&same, "same-disk", false, a.t("flag.card-same-disk"))
	return c
}

func (a *app) refreshCard() *cobra.Command {
	var number int
	var same bool
	c := a.command("refresh DIR", "cmd.card-refresh", "azekura card refresh /media/usb\nazekura card refresh /media/new-stick --number 2", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if err := a.fitStick(args[0], same); err != nil {
			return err
		}
		x, _, err := card.Read(durable.OS(), args[0])
		var current []byte
		switch {
		case err == nil:
			if number != 0 && number != x.Number {
				return &problem.Error{Kind: problem.Invalid, Op: "write card", On: args[0], Hint: "hint.card-another"}
			}
			number = x.Number
			if current, err = x.Marshal(); err != nil {
				return err
			}
		case number == 0 && errors.Is(err, card.ErrDamaged): // nobody can tell which it is
			return &problem.Error{Kind: problem.Damaged, Op: "write card", On: args[0], Hint: "hint.card-which", Err: err}
		case number == 0:
			return onStick("write card", args[0], err)
		}
		return a.connect(ctx, func(c *client.Client) error {
			x, err := c.RefreshCard(ctx, number, current)
			if err != nil {
				return err
			}
			return a.putCard(ctx, c, args[0], x)
		})
	})
	c.Flags().IntVar(&number, "number", 0, a.t("flag.card-number"))
	c.Flags().BoolVar(&same, "same-disk", false, a.t("flag.card-same-disk"))
	return c
}

// putCard writes a card, reads it back, and says so to the keeper.
func (a *app) putCard(ctx context.Context, c *client.Client, dir string, x api.CardFile) error {
	content, err := card.Parse(x.Content)
	if err != nil {
		return onStick("write card", dir, err)
	}
	if err := card.Write(durable.OS(), dir, content); err != nil {
		return onStick("write card", dir, err)
	}
	if err := c.CardWritten(ctx, x.Number, x.SHA256); err != nil {
		return err
	}
	if a.json {
		x.Content = nil
		return a.emit(x)
	}
	a.print("say.card-put", x.Number, dir, x.Generation)
	r, err := c.Reserve(ctx)
	if err != nil {
		return err
	}
	for _, word := range r.Lacks {
		fmt.Fprintln(a.out, a.lacks(word))
	}
	return nil
}

func (a *app) checkCard() *cobra.Command {
	return a.command("check DIR", "cmd.card-check", "azekura card check /media/usb", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		x, damaged, err := card.Read(durable.OS(), args[0])
		if err != nil {
			return onStick("check card", args[0], err)
		}
		b, err := x.Marshal()
		if err != nil {
			return err
		}
		return a.connect(ctx, func(c *client.Client) error {
			r, err := c.CheckCard(ctx, b)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(r) })
			}
			a.print("say.card-is", r.Number, printable(r.Name), r.Generation, when(r.Written))
			for _, line := range []struct {
				key string
				is  bool
				n   int
			}{{"say.card-fresh", r.Fresh, 0}, {"say.card-half", damaged, 0}, {"say.card-old-papers", !r.Papers, 0}, {"say.card-lacks", r.Lacks > 0, r.Lacks},
				{"say.card-destroyed", r.Destroyed > 0, r.Destroyed}, {"say.card-more", r.More > 0, r.More}} {
				if line.is && line.n > 0 {
					a.print(line.key, line.n)
				} else if line.is {
					a.print(line.key)
				}
			}
			return nil
		})
	})
}

func (a *app) forgetCard() *cobra.Command {
	var lost, destroyed bool
	var reason string
	c := a.command("forget NUMBER", "cmd.card-forget", "azekura card forget 2 --lost --reason \"not in the safe\"\nazekura card forget 2 --destroyed --reason \"shredded by Sato\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		how := map[bool]string{true: "lost", false: "destroyed"}[lost]
		if lost == destroyed {
			how = ""
		}
		var n int
		if _, err := fmt.Sscan(args[0], &n); err != nil {
			return &problem.Error{Kind: problem.NotFound, Op: "forget card", On: args[0], Hint: "hint.no-such-card"}
		}
		return a.connect(ctx, func(c *client.Client) error {
			if err := c.ForgetCard(ctx, n, how, reason); err != nil {
				return err
			}
			return a.said(map[bool]string{true: "say.card-lost", false: "say.card-gone"}[lost], n)
		})
	})
	c.Flags().BoolVar(&lost, "lost", false, a.t("flag.card-lost"))
	c.Flags().BoolVar(&destroyed, "destroyed", false, a.t("flag.card-destroyed"))
	c.Flags().StringVar(&reason, "reason", "", a.t("flag.card-reason"))
	return c
}

// onStick says what is wrong with a stick.
func onStick(op, dir string, err error) error {
	out := &problem.Error{Kind: problem.Unavailable, Op: op, On: dir, Hint: "hint.card-stick", Err: err}
	switch {
	case errors.Is(err, card.ErrNone):
		out.Kind, out.Hint = problem.NotFound, "hint.card-none"
	case errors.Is(err, card.ErrDamaged):
		out.Kind, out.Hint = problem.Damaged, "hint.card-damaged"
	case errors.Is(err, card.ErrNewer):
		out.Kind, out.Hint = problem.Invalid, "hint.card-newer"
	case durable.IsNoSpace(err):
		out.Kind, out.Hint = problem.NoSpace, "hint.no-space"
	case errors.Is(err, fs.ErrPermission):
		out.Kind = problem.Denied
	}
	return out
}

// mediumFile lies on every data medium, at its root.
const mediumFile = "medium.json"

// fitStick refuses a place where a card would do harm: a data medium, whose old copies would be opened by it for ever, and the disk that
// it is to survive.
func (a *app) fitStick(dir string, sameDisk bool) error {
	const op = "write card"
	full, err := filepath.Abs(dir)
	if err != nil {
		return onStick("write card", dir, err)
	}
	if full, err = filepath.EvalSymlinks(full); err != nil {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: dir, Hint: "hint.card-stick", Err: err}
	}
	disk, err := device(full)
	if err != nil {
		return onStick("write card", dir, err)
	}
	for at := full; ; at = filepath.Dir(at) {
		if on, err := device(at); err != nil || on != disk {
			break
		}
		if b, err := os.ReadFile(filepath.Join(at, mediumFile)); err == nil && strings.Contains(string(b), `"azekura_medium"`) {
			return &problem.Error{Kind: problem.Invalid, Op: op, On: dir, Hint: "hint.card-on-medium"}
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if on, err := device(a.data); err == nil && on == disk && !sameDisk {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: dir, Hint: "hint.card-same-disk"}
	}
	return nil
}

// device tells which file system something lies on.
func device(name string) (uint64, error) {
	i, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return uint64(st.Dev), nil
}
