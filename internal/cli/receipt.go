package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/receipt"
)

// receipt makes what somebody who has entrusted files gets each month.
func (a *app) receipt() *cobra.Command {
	var school, month, output string
	c := a.command("receipt SHARE", "cmd.receipt", "azekura receipt albums --month 2026-11\nazekura receipt albums --output receipt.pdf\nazekura receipt link albums --month 2026-11\nazekura receipt verify receipt.json --public-key azekura.pub", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.handOut(ctx, "make receipt", output, func(c *client.Client, format string) ([]byte, error) {
				return c.Receipt(ctx, args[0], school, month, format)
			}, func(b []byte) error {
				x, err := receipt.Parse(b)
				if err == nil {
					a.showReceipt(x)
				}
				return err
			})
		})
	c.Flags().StringVar(&school, "school", "", a.t("flag.receipt-school"))
	c.Flags().StringVar(&month, "month", "", a.t("flag.receipt-month"))
	c.Flags().StringVarP(&output, "output", "o", "", a.t("flag.receipt-output"))
	c.AddCommand(a.giveReceipt(), a.verifyReceipt(),
		a.command("links", "cmd.receipt-links", "azekura receipt links", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if a.json {
					return emitAll(a, c.Receipts(ctx))
				}
				var t table
				for x, err := range c.Receipts(ctx) {
					if err != nil {
						return err
					}
					t.add(x.ID, printable(x.Share), printable(firstOf(x.School, "-")), x.Month, printable(x.By), when(x.Until))
				}
				t.write(a.out)
				return nil
			})
		}),
		a.command("revoke ID", "cmd.receipt-revoke", "azekura receipt revoke R3PZ…", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			return a.connect(ctx, func(c *client.Client) error {
				if err := c.RevokeReceipt(ctx, args[0]); err != nil {
					return err
				}
				return a.said("say.receipt-revoked", args[0])
			})
		}))
	return c
}

// handOut gets what is made for others: into a file, in the form that its ending names; as JSON; or shown in short.
func (a *app) handOut(ctx context.Context, op, output string, ask func(c *client.Client, format string) ([]byte, error), show func([]byte) error) error {
	format := "json"
	if output != "" && output != "-" {
		format = strings.ToLower(strings.TrimPrefix(filepath.Ext(output), "."))
	}
	if format != "json" && format != "html" && format != "pdf" {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: output, Hint: "hint.receipt-format"}
	}
	return a.connect(ctx, func(c *client.Client) error {
		b, err := ask(c, format)
		switch {
		case err != nil:
			return err
		case output != "":
			return a.write(output, b)
		case a.json:
			_, err := a.out.Write(b)
			return err
		}
		return show(b)
	})
}

func (a *app) giveReceipt() *cobra.Command {
	var q api.ReceiptRequest
	c := a.command("link SHARE", "cmd.receipt-link", "azekura receipt link albums --month 2026-11 --days 30", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			x, err := c.GiveReceipt(ctx, args[0], q)
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.print("say.receipt-link", "/receipts/"+x.Token, when(x.Until))
			return nil
		})
	})
	c.Flags().StringVar(&q.School, "school", "", a.t("flag.receipt-school"))
	c.Flags().StringVar(&q.Month, "month", "", a.t("flag.receipt-month"))
	c.Flags().IntVar(&q.Days, "days", 30, a.t("flag.receipt-days"))
	return c
}

// showReceipt prints a receipt in short.
func (a *app) showReceipt(x *receipt.Receipt) {
	a.print("say.receipt", printable(x.Share), x.Month, told(x.From), told(x.To)) // in the house's zone, as the month is
	if x.School != "" {
		fmt.Fprintln(a.out, a.t("web.receipt-shared", printable(x.School), x.Shared))
	}
	for _, part := range []struct {
		key  string
		list []receipt.Count
	}{{"web.receipt-readings", x.Readings}, {"web.receipt-saves", x.Saves}, {"web.receipt-changes", x.Changes}, {"web.receipt-refused", x.Refused}} {
		fmt.Fprintln(a.out, a.t(part.key))
		var t table
		for _, c := range part.list {
			t.add("  "+receipt.Role(a.lang, c.Role), a.named("purpose", c.Purpose), a.t("say.receipt-times", c.Times), a.t("say.receipt-files", c.Files))
		}
		if len(part.list) == 0 {
			t.add("  " + a.t("web.receipt-none"))
		}
		t.write(a.out)
	}
	fmt.Fprintln(a.out, a.t("web.receipt-readers"))
	var t table
	for _, role := range slices.Sorted(maps.Keys(x.Readers)) {
		t.add("  "+receipt.Role(a.lang, role), a.t("say.receipt-accounts", x.Readers[role]))
	}
	t.write(a.out)
	if x.Cut || x.Unread > 0 {
		fmt.Fprintln(a.out, a.t("web.receipt-gaps", x.Unread))
	}
	copies, erased := a.t("web.receipt-no-copies"), a.t("web.receipt-no-erasure")
	if x.Copies > 0 {
		copies = a.t("web.receipt-some-copies", x.Copies)
	}
	if x.Erased {
		erased = a.t("web.receipt-erased", told(x.ErasedAt), x.Number)
	}
	fmt.Fprintln(a.out, a.t("web.receipt-copies")+"\n  "+copies)
	for i, m := range x.Removals {
		if i == 0 {
			fmt.Fprintln(a.out, a.t("web.receipt-removals"))
		}
		fmt.Fprintln(a.out, "  "+a.t("web.receipt-removal", told(m.At), m.Number, m.Versions))
	}
	if x.Holding > 0 {
		fmt.Fprintln(a.out, "  "+a.t("web.receipt-holding", x.Holding))
	}
	if len(x.Removals) > 0 {
		fmt.Fprintln(a.out, "  "+a.t("web.retention-names"))
	}
	fmt.Fprintln(a.out, a.t("web.receipt-erasure")+"\n  "+erased)
	a.print("say.receipt-proofs", len(x.Entries), x.Size)
}

// verifyReceipt checks a receipt, with no server and no other file than it; with a copy of the ledger and a reading key also whether all is there.
func (a *app) verifyReceipt() *cobra.Command {
	var public, key, dir string
	c := a.command("verify FILE", "cmd.receipt-verify", "azekura receipt verify receipt.json --public-key azekura.pub\nazekura receipt verify receipt.json --ledger /mnt/ledger --reading-key auditor.json", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			var v receipt.Verify
			if public != "" {
				var err error
				if v.PublicKey, err = publicKey("check receipt", public); err != nil {
					return err
				}
			}
			if key != "" {
				var err error
				if v.ReadingKey, err = readKey(key); err != nil {
					return err
				}
				defer v.ReadingKey.Zero()
			}
			if ok, err := a.verifyCertificate(args[0], v); ok || err != nil {
				return err
			}
			x, err := readReceipt(args[0])
			if err != nil {
				return err
			}
			if dir != "" {
				v.Ledger = os.DirFS(dir)
			}
			r, err := v.Run(ctx, x)
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(r)
			} else {
				a.showVerified(r)
			}
			if err == nil && !r.OK() {
				err = &problem.Error{Kind: problem.Damaged, Op: "check receipt", On: args[0], Hint: "hint.receipt-wrong"}
			}
			return err
		})
	c.Flags().StringVar(&public, "public-key", "", a.t("flag.evidence-key"))
	c.Flags().StringVar(&key, "reading-key", "", a.t("flag.receipt-reading-key"))
	c.Flags().StringVar(&dir, "ledger", "", a.t("flag.receipt-ledger"))
	return c
}

func readReceipt(name string) (*receipt.Receipt, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "check receipt", On: name, Hint: "hint.no-such-receipt", Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, receipt.MaxSize+1))
	if err != nil {
		return nil, problem.New(problem.Internal, "check receipt", name, err)
	}
	if len(b) > receipt.MaxSize {
		return nil, problem.New(problem.TooLarge, "check receipt", name, nil)
	}
	return receipt.Parse(b)
}

func (a *app) showVerified(r receipt.Report) {
	for _, w := range r.Wrong {
		fmt.Fprintln(a.out, printable(w))
	}
	if !r.OK() {
		return
	}
	a.print("say.receipt-ok", printable(r.Share), r.Month, r.Entries, printable(r.Origin), r.Size)
	switch {
	case r.Complete:
		a.print("say.receipt-complete")
	case r.Opened:
		a.print("say.receipt-opened")
	default:
		a.print("say.receipt-closed")
	}
	if !r.Complete {
		a.print("say.receipt-incomplete")
	}
	if len(r.Unproven) > 0 {
		a.print("say.receipt-unproven")
	}
	for _, part := range r.Unproven {
		fmt.Fprintln(a.out, "  "+a.named("receipt-part", part))
	}
	if !r.Trusted {
		a.print("say.evidence-own-key")
	}
}
