package cli

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/sheet"
)

// ledgerHead prints the head of the ledger for the file.
func (a *app) ledgerHead() *cobra.Command {
	var l copied
	var file string
	c := a.command("head", "cmd.ledger-head", "azekura ledger head\nazekura ledger head --qr head-2026-11.pdf", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		fsys, key, err := l.open(ctx, a)
		if err != nil {
			return err
		}
		r, err := ledger.NewReader(fsys, key)
		if err != nil {
			return err
		}
		h := r.Head()
		origin, _, _ := strings.Cut(key, "+")
		text := h.Text(origin)
		if file != "" {
			pdf, err := sheet.Head{Origin: origin, Key: key, Size: h.Size, Text: text, At: a.now()}.PDF(a.lang, "")
			if err != nil {
				return err
			}
			if err := a.write(file, pdf); err != nil {
				return err
			}
		}
		if a.json {
			return a.emit(map[string]any{"origin": origin, "size": h.Size, "root": h.Root, "text": text})
		}
		a.print("say.ledger-head", origin, lang.Grouped(h.Size), text)
		return nil
	})
	a.copyFlags(c, &l)
	c.Flags().StringVar(&file, "qr", "", a.t("flag.ledger-qr"))
	return c
}

// seenHeads reads heads that were seen earlier: each a file, or what stands on paper.
func seenHeads(list []string, key string) (out []ledger.Head, err error) {
	for _, s := range list {
		text := []byte(s)
		if b, err := os.ReadFile(s); err == nil {
			text = b
		}
		h, err := ledger.ParseHead(text, key)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}
