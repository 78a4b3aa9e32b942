package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// restoreQuestion is what somebody has asked restore-vault for.
type restoreQuestion struct {
	from, card, papers string
	before             string // a time, or the number of a case
	trusted            bool   // with a case: keep what others did
	ledger             string // a copy that has more than the medium
	state              uint64
	serve              bool
}

// restoreVault makes a vault again of a medium, a key card and papers.
func (a *app) restoreVault() *cobra.Command {
	keys := map[string]string{
		"http": a.t("flag.http"), "https": a.t("flag.https"), "sftp": a.t("flag.sftp"), "protection": a.t("flag.protection"), "key_file": a.t("flag.key-file"),
	}
	var q restoreQuestion
	var flags settings
	c := a.command("restore-vault", "cmd.restore-vault", "azekura restore-vault --from /media/azekura --card /media/card --data /srv/azekura\nazekura restore-vault --from /media/azekura --card /media/card --data /srv/azekura --serve",
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			cfg, err := storehouse.Load(a.data, os.Environ(), flags.given(keys))
			if err != nil {
				return err
			}
			return a.rescueVault(ctx, cfg, flags.given(keys), q)
		})
	flags = a.flags(c, keys)
	c.Flags().StringVar(&q.from, "from", "", a.t("flag.restore-from"))
	c.Flags().StringVar(&q.card, "card", "", a.t("flag.restore-card"))
	c.Flags().StringVar(&q.papers, "papers", "", a.t("flag.restore-papers"))
	c.Flags().StringVar(&q.ledger, "ledger", "", a.t("flag.restore-ledger"))
	c.Flags().StringVar(&q.before, "before", "", a.t("flag.restore-before"))
	c.Flags().BoolVar(&q.trusted, "keep-trusted", false, a.t("flag.restore-keep-trusted"))
	c.Flags().Uint64Var(&q.state, "state", 0, a.t("flag.restore-state"))
	c.Flags().BoolVar(&q.serve, "serve", false, a.t("flag.restore-serve"))
	return c
}

// caseNumber is how a case is called: the year, and which of it.
var caseNumber = regexp.MustCompile(`^[0-9]{4}-[0-9]+$`)

// sourceOf is what a vault is to be restored from, but for the keys.
func (a *app) sourceOf(q restoreQuestion) (storehouse.Source, error) {
	src := storehouse.Source{From: absolute(q.from), State: q.state}
	if q.ledger != "" {
		src.Ledger = absolute(q.ledger)
	}
	switch t, err := parseTime(q.before, a.now()); {
	case q.before == "":
	case err == nil:
		src.Until = t
	case caseNumber.MatchString(q.before):
		src.Rewind = storehouse.Rewind{Case: q.before, Trusted: q.trusted}
	default:
		return src, a.misuse("say.use-time", q.before)
	}
	if q.trusted && src.Rewind.Case == "" {
		return src, a.misuse("say.restore-keep-trusted")
	}
	return src, nil
}

func (a *app) rescueVault(ctx context.Context, cfg storehouse.Config, given map[string]string, q restoreQuestion) error {
	if q.from == "" && q.ledger != "" { // what is lost can be asked later, and again
		return a.showLosses(ctx, cfg, a.options(), q.ledger)
	}
	if q.from == "" {
		return a.misuse("say.restore-from")
	}
	src, err := a.sourceOf(q)
	if err != nil {
		return err
	}
	_, there, begun, err := storehouse.Unfinished(cfg)
	if err != nil {
		return err
	}
	if !begun || !there {
		if src.Keys.Card, err = a.cardAt("restore vault", q.card); err != nil {
			return err
		}
		defer func() {
			for i := range src.Keys.Pieces {
				src.Keys.Pieces[i].Zero()
			}
		}()
		if src.Keys.Pieces, err = a.papersFor("restore vault", q.papers); err != nil {
			return err
		}
	}
	opt := storehouse.Options{Now: a.now, Log: a.logger(slog.LevelWarn), Passphrase: remembered(a.newPassphrase)}
	if there {
		opt.Passphrase = remembered(a.passphrase)
	}
	if err := storehouse.Restore(ctx, cfg, opt, src); err != nil {
		return err
	}
	if cfg, err = storehouse.Load(a.data, os.Environ(), given); err != nil { // with what was in force before
		return err
	}
	if q.ledger != "" && q.serve { // before the doors open
		if err := a.showLosses(ctx, cfg, opt, q.ledger); err != nil {
			return err
		}
	}
	if !q.serve {
		err := a.fetchPacks(ctx, cfg, opt)
		if _, partial := errors.AsType[partly](err); q.ledger != "" && (err == nil || partial) {
			err = errors.Join(a.showLosses(ctx, cfg, opt, q.ledger), err)
		}
		return err
	}
	return a.serveRescued(ctx, cfg, opt)
}

// serveRescued opens the doors of a vault that is being restored.
func (a *app) serveRescued(ctx context.Context, cfg storehouse.Config, opt storehouse.Options) error {
	if !a.json {
		fmt.Fprintln(a.err, a.t("say.restore-doors"))
	}
	opt.Log, opt.PreviewWorker, opt.Service = a.logger(slog.LevelInfo), a.preview, a.env("NOTIFY_SOCKET")
	return storehouse.Run(ctx, cfg, opt, func(l []api.Listener) {
		for _, x := range l {
			opt.Log.Info("open", "door", x.Door, "url", x.URL)
		}
		if !a.json && a.outTTY {
			a.print("say.serving-at", davURL(l))
		}
	})
}

// cardAt reads the key card of a stick.
func (a *app) cardAt(op, dir string) (card.Card, error) {
	if dir == "" {
		return card.Card{}, a.misuse("say.restore-card")
	}
	x, damaged, err := card.Read(durable.OS(), absolute(dir))
	switch {
	case errors.Is(err, card.ErrNone), errors.Is(err, fs.ErrNotExist):
		return x, &problem.Error{Kind: problem.NotFound, Op: op, On: dir, Hint: "hint.restore-card", Err: err}
	case errors.Is(err, card.ErrNewer):
		return x, &problem.Error{Kind: problem.Invalid, Op: op, On: dir, Hint: "hint.card-newer", Err: err}
	case err != nil:
		return x, &problem.Error{Kind: problem.Damaged, Op: op, On: dir, Hint: "hint.restore-card-damaged", Err: err}
	case damaged && !a.json:
		fmt.Fprintln(a.err, a.t("say.restore-card-older"))
	}
	return x, nil
}

// papersFor gets the papers: from a file, from a terminal, or from what comes in. They are never arguments, which others can see.
func (a *app) papersFor(op, name string) (out []piece.Piece, err error) {
	var texts []string
	switch {
	case name != "":
		f, e := os.Open(name)
		if e != nil {
			return nil, &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: "hint.papers-file", Err: e}
		}
		texts, err = papersOf(f)
		err = errors.Join(err, f.Close())
	case term.IsTerminal(int(a.in.Fd())):
		texts = a.askPapers(0)
	default:
		texts, err = papersOf(a.in)
	}
	if err != nil {
		return nil, err
	}
	for i, text := range texts {
		p, err := piece.Parse(text)
		if e, ok := errors.AsType[*piece.Error](err); ok {
			on := a.t("say.paper-unread", i+1, api.PaperSlip(a.lang, string(e.Reason), e.Line, e.Place))
			return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: on, Hint: "hint.restore-paper"}
		}
		if err != nil {
			return nil, problem.New(problem.Invalid, op, fmt.Sprint(i+1), err)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.papers-none"}
	}
	return out, nil
}

// fetchPacks copies the packs and shows how far it is.
func (a *app) fetchPacks(ctx context.Context, cfg storehouse.Config, opt storehouse.Options) (err error) {
	h, err := storehouse.Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	bar := a.progress()
	out, err := h.Fetch(ctx, func(f storehouse.Fetched) {
		bar.allBytes.Store(f.OfBytes)
		bar.allFiles.Store(f.OfPacks)
		bar.complete.Store(true)
		bar.bytes.Store(f.Bytes)
		bar.files.Store(f.Packs)
	})
	bar.end()
	if err != nil {
		return err
	}
	back, err := h.Rewind(ctx)
	if err != nil {
		return err
	}
	r := struct {
		storehouse.Fetched
		Data    string              `json:"data"`
		Keyless []string            `json:"keyless"`           // shares whose keys the card does not have
		Rewound *storehouse.Rewound `json:"rewound,omitempty"` // what was put back to before a case
	}{out, cfg.Data, h.Keyless(), nil}
	if back.Case != "" {
		r.Rewound = &back
	}
	if a.json {
		err = a.emit(r)
	} else {
		a.showRewound(back)
		a.showRestored(cfg, out, r.Keyless)
	}
	if n := len(out.Findings) + len(r.Keyless); err == nil && n > 0 {
		err = partly{failed: n, say: "say.restore-partly"}
	}
	return err
}

// showRewound tells what was put back, and how to take that back.
func (a *app) showRewound(r storehouse.Rewound) {
	if r.Case == "" {
		return
	}
	for _, act := range slices.Sorted(maps.Keys(r.Acts)) {
		fmt.Fprintf(a.out, "  %s: %d\n", a.named("mend", act), r.Acts[act])
	}
	if r.Trusted {
		a.print("say.rewound-trusted", r.Case, when(r.From))
	} else {
		a.print("say.rewound", r.Case, when(r.From))
	}
	if !r.First.IsZero() {
		a.print("say.rollback-undo", r.Session, r.First.Format(time.RFC3339Nano), r.Last.Format(time.RFC3339Nano))
	}
}

func (a *app) showRestored(cfg storehouse.Config, out storehouse.Fetched, keyless []string) {
	for _, f := range out.Findings {
		x := api.CopyFinding{Object: f.Object, Pack: f.Pack, State: f.State, Reason: string(f.Reason), Text: f.Text}
		if !f.Share.IsZero() {
			x.Share = f.Share.String()
		}
		a.showFlaw(x)
	}
	for _, name := range keyless {
		a.print("say.restore-keyless", name)
	}
	a.print("say.restored-vault", cfg.Data, out.Packs, size(out.Bytes), a.self(cfg.Data))
}

// showLosses tells which acknowledged saves a copy of the ledger knows that the vault does not have.
func (a *app) showLosses(ctx context.Context, cfg storehouse.Config, opt storehouse.Options, dir string) (err error) {
	h, err := storehouse.Open(ctx, cfg, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	saves, closed := 0, 0
	covered, err := h.Losses(ctx, dir, func(l storehouse.Loss) {
		if l.Kind == "saved" {
			saves++
		}
		if a.json {
			_ = a.emit(map[string]any{"loss": l})
			return
		}
		if l.Kind == "saved" && l.Path == "" {
			closed++
			l.Path = "/" + l.Share + "/?"
		}
		line := when(l.When) + "  " + a.t("event."+l.Kind) + "  " + printable(firstOf(l.Path, l.Share, "?"))
		if l.Actor != "" {
			line += "  " + printable(l.Actor)
		}
		if note := a.lang.Note(l.Kind, l.Note, 0); note != "" && note != l.Share {
			line += "  " + printable(note)
		}
		fmt.Fprintln(a.out, line)
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.emit(struct {
			Losses  int      `json:"losses"`
			Covered []string `json:"covered,omitempty"`
		}{saves, covered})
	}
	for _, name := range covered {
		a.print("say.ledger-covered", printable(name))
	}
	a.print("say.losses", saves)
	if closed > 0 {
		a.print("say.losses-closed", closed)
	}
	return nil
}
