package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/exposure/bundle"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// ledgerBundle writes evidence from a copy of the ledger.
func (a *app) ledgerBundle() *cobra.Command {
	var l copied
	var output, key, about string
	var cosigners []string
	c := a.command("bundle ENTRY...", "cmd.ledger-bundle", "azekura ledger bundle 4711 4712 --reading-key auditor.json --output evidence.zip", cobra.MinimumNArgs(1),
		func(ctx context.Context, args []string) error {
			if key == "" {
				return a.misuse("say.use-bundle-key")
			}
			fsys, public, err := l.open(ctx, a)
			if err != nil {
				return err
			}
			s := bundle.Source{PublicKey: public, About: about, Made: a.now(), Cosigners: cosigners}
			for _, arg := range args {
				n, err := strconv.ParseInt(arg, 10, 64)
				if err != nil {
					return a.misuse("say.use-entry", arg)
				}
				s.Entries = append(s.Entries, bundle.Wanted{Index: n})
			}
			if s.Keys, err = readKey(key); err != nil {
				return err
			}
			defer s.Keys.Zero()
			if s.Ledger, err = ledger.NewReader(fsys, public); err != nil {
				return err
			}
			var b bytes.Buffer
			if err := bundle.Write(ctx, &b, s); err != nil {
				return err
			}
			return cmpOr(a.write(output, b.Bytes()), func() error { return l.end(a) })
		})
	a.copyFlags(c, &l)
	fl := c.Flags()
	fl.StringVarP(&output, "output", "o", "evidence.zip", a.t("flag.output"))
	fl.StringVar(&key, "reading-key", "", a.t("flag.reading-key"))
	fl.StringVar(&about, "about", "", a.t("flag.about"))
	fl.StringArrayVar(&cosigners, "witness", nil, a.t("flag.witness"))
	return c
}

// readKey reads a reading key.
func readKey(name string) (*keeper.ReadingKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "read the ledger", On: name, Hint: "hint.reading-key", Err: err}
	}
	return keeper.ParseReadingKey(text)
}

// caseVerify checks evidence, with no server and no other file than it.
func (a *app) caseVerify() *cobra.Command {
	var public, key string
	c := a.command("verify FILE", "cmd.case-verify", "azekura case verify evidence.zip --public-key azekura.pub", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		fsys, done, err := openBundle(args[0])
		if err != nil {
			return err
		}
		defer done()
		var v bundle.Verify
		if public != "" {
			if v.PublicKey, err = publicKey("check evidence", public); err != nil {
				return err
			}
		}
		if key != "" {
			if v.ReadingKey, err = readKey(key); err != nil {
				return err
			}
			defer v.ReadingKey.Zero()
		}
		r, err := v.Run(ctx, fsys)
		if err != nil {
			return err
		}
		if a.json {
			err = a.emit(r)
		} else {
			a.showEvidence(r)
		}
		if err == nil && !r.OK() {
			err = &problem.Error{Kind: problem.Damaged, Op: "check evidence", On: args[0], Hint: evidenceHint(r)}
		}
		return err
	})
	c.Flags().StringVar(&public, "public-key", "", a.t("flag.evidence-key"))
	c.Flags().StringVar(&key, "reading-key", "", a.t("flag.evidence-reading-key"))
	return c
}

// openBundle opens a directory or a ZIP.
func openBundle(name string) (fsys fs.FS, done func() error, err error) {
	i, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, nil, &problem.Error{Kind: problem.NotFound, Op: "check evidence", On: name, Hint: "hint.no-evidence", Err: err}
	case i.IsDir():
		return os.DirFS(name), func() error { return nil }, nil
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrInsecurePath) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, nil, &problem.Error{Kind: problem.Damaged, Op: "check evidence", On: name, Hint: "hint.evidence-cut", Err: err}
		}
		return nil, nil, problem.New(problem.Internal, "check evidence", name, err)
	}
	return z, z.Close, nil
}

// evidenceHint says what to do about what is wrong. A file that is not the one of the list was changed after the list was made, and then other
// things disagree with it, too.
func evidenceHint(r bundle.Report) string {
	hint := "hint.evidence-proof"
	for _, w := range r.Wrong {
		switch w.Kind {
		case bundle.Missing, bundle.Unlisted, bundle.Altered, bundle.Malformed:
			return "hint.evidence"
		case bundle.OtherKey:
			hint = "hint.evidence-key"
		}
	}
	return hint
}

func (a *app) showEvidence(r bundle.Report) {
	for _, w := range r.Wrong {
		kind := string(w.Kind)
		if key := "evidence." + kind; lang.Has(key) {
			kind = a.t(key)
		}
		a.print("say.evidence-wrong", printable(w.File), kind, printable(w.Text))
	}
	if n := r.Count - int64(len(r.Wrong)); n > 0 {
		a.print("say.evidence-more", n)
	}
	if !r.OK() {
		return
	}
	a.print("say.evidence-ok", printable(r.Origin), r.Entries, r.Size, r.Paths)
	if r.About != "" {
		a.print("say.evidence-about", printable(r.About))
	}
	if r.Cosigners > 0 {
		a.print("say.evidence-cosigned", r.Cosigners)
	}
	a.print("say.evidence-digest", r.Digest)
	if !r.Trusted {
		a.print("say.evidence-own-key")
	}
	if !r.KeysBound {
		a.print("say.evidence-unbound")
	}
	a.print("say.evidence-limits")
}
