package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/receipt"
)

// eraseShare shows what the end of a share takes, and with a reason asks for it.
func (a *app) eraseShare() *cobra.Command {
	var q api.NewErasure
	c := a.command("erase NAME", "cmd.share-erase", "azekura share erase albums-2020\nazekura share erase albums-2020 --reason \"kept until 2026-03, as agreed\"", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.connect(ctx, func(c *client.Client) error {
			if q.Reason != "" {
				o, err := c.EraseShare(ctx, args[0], q)
				return a.told(o, err, "say.share-erased", printable(args[0]))
			}
			x, err := c.Ending(ctx, args[0])
			if err != nil || a.json {
				return cmpOr(err, func() error { return a.emit(x) })
			}
			a.showEnding(x)
			return nil
		})
	})
	c.Flags().StringVar(&q.Reason, "reason", "", a.t("flag.erase-reason"))
	c.Flags().BoolVar(&q.Frozen, "despite-freeze", false, a.t("flag.erase-frozen"))
	return c
}

func (a *app) showEnding(x api.Ending) {
	var t table
	switch {
	case !x.Erased.IsZero():
		a.print("say.ending-erased", printable(x.Share), when(x.Erased), x.Number)
	case !x.Decided.IsZero():
		a.print("say.ending-decided", printable(x.Share), when(x.Decided))
	default:
		a.print("say.ending", printable(x.Share))
	}
	held := a.t("web.certificate-uncounted")
	if h := x.Holdings; !h.Counted.IsZero() {
		held = a.t("web.certificate-counts", lang.Grouped(h.Files), lang.Grouped(h.Versions), lang.Grouped(h.Bytes), when(h.Counted))
	}
	t.add(a.t("web.ending-content"), held)
	t.add(a.t("register.retention"), printable(firstOf(x.Register.Retention, a.t("web.receipt-unwritten"))))
	for i, m := range x.Media {
		t.add(map[bool]string{true: a.t("web.certificate-media")}[i == 0], printable(strings.TrimSpace(m.Label+" "+m.Set+" "+m.Place)))
	}
	for i, k := range x.Cards {
		t.add(map[bool]string{true: a.t("web.ending-cards")}[i == 0], a.t("web.certificate-card", k.Number, printable(k.Name))+map[bool]string{true: " (" + a.named("card", k.State) + ")"}[k.State != "stale"])
	}
	for i, k := range x.Rewritten {
		t.add(map[bool]string{true: a.t("say.ending-rewritten")}[i == 0], a.t("web.certificate-card", k.Number, printable(k.Name)))
	}
	t.write(a.out)
	if len(x.HeldBy) > 0 {
		a.print("web.ending-held")
		fmt.Fprintln(a.out, "  "+strings.Join(x.HeldBy, ", "))
	}
	if x.Frozen {
		a.print("web.ending-frozen")
	}
	if x.Waits {
		a.print("web.ending-waits")
	}
	if x.Decided.IsZero() && !x.Waits && len(x.HeldBy) == 0 {
		a.print("say.ending-how")
	}
}

// certificate writes the certificate of erasure of a share.
func (a *app) certificate() *cobra.Command {
	var output string
	c := a.command("certificate NAME", "cmd.share-certificate", "azekura share certificate albums-2020 -o erasure.pdf\nazekura share certificate albums-2020 -o erasure.json", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.handOut(ctx, "make certificate", output, func(c *client.Client, format string) ([]byte, error) {
			return c.Certificate(ctx, args[0], format)
		}, func(b []byte) error {
			x, _, err := receipt.ParseCertificate(b)
			if err == nil {
				err = a.showCertificate(x)
			}
			return err
		})
	})
	c.Flags().StringVarP(&output, "output", "o", "", a.t("flag.receipt-output"))
	return c
}

func (a *app) showCertificate(x *receipt.Certificate) error {
	a.print("say.ending-erased", printable(x.Share), when(x.Erased), x.Certificate)
	_, err := fmt.Fprintln(a.out, printable(x.Standing(a.lang)))
	return err
}

// verifyCertificate checks what is a certificate of erasure; ok is false if a file is none.
func (a *app) verifyCertificate(name string, v receipt.Verify) (ok bool, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return false, nil // who reads the receipt says so
	}
	x, ok, err := receipt.ParseCertificate(b)
	if !ok || err != nil {
		return ok, err
	}
	r := v.Certificate(x)
	if a.json {
		err = a.emit(r)
	} else {
		for _, w := range r.Wrong {
			fmt.Fprintln(a.out, printable(w))
		}
		if r.OK() {
			a.print("say.certificate-ok", x.Certificate, printable(x.Share), when(x.Erased), printable(x.Origin))
			fmt.Fprintln(a.out, printable(x.Standing(a.lang)))
			if !r.Opened {
				a.print("say.receipt-closed")
			}
			if !r.Trusted {
				a.print("say.evidence-own-key")
			}
		}
	}
	if err == nil && !r.OK() {
		err = &problem.Error{Kind: problem.Damaged, Op: "check receipt", On: name, Hint: "hint.receipt-wrong"}
	}
	return true, err
}
