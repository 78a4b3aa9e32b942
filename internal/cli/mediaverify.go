package cli

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/storehouse"
)

// mediaVerify reads every byte of a medium. It needs no vault: on any machine the signed records and the public key tell. Where the vault is at
// hand, what it knows is compared as well, and what was found is entered.
func (a *app) mediaVerify() *cobra.Command {
	var key string
	c := a.command("verify FOLDER", "cmd.media-verify", "azekura media verify /media/azekura\nazekura media verify /mnt --public-key azekura.pub", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		at := absolute(args[0])
		if key != "" {
			public, err := publicKey("verify medium", key)
			if err != nil {
				return err
			}
			return a.checkMedium(ctx, at, medium.Check{Key: public}, nil)
		}
		if !storehouse.Exists(storehouse.Default(a.data)) {
			return a.checkMedium(ctx, at, medium.Check{}, nil)
		}
		return a.connect(ctx, func(c *client.Client) error { return a.checkKnown(ctx, at, c) })
	})
	c.Flags().StringVar(&key, "public-key", "", a.t("flag.medium-key"))
	return c
}

// packOn is a sealed pack, and what it is on the medium.
type packOn struct {
	share id.Share
	pack  uint64
}

// checkKnown verifies a medium of the vault at hand.
func (a *app) checkKnown(ctx context.Context, at string, c *client.Client) error {
	s, err := c.Media(ctx)
	if err != nil {
		return err
	}
	t, err := storehouse.TargetAt(ctx, durable.OS(), at, a.now)
	if err != nil {
		return err
	}
	d, err := medium.Describe(ctx, t)
	if err != nil {
		return mediumNone("verify medium", at, err)
	}
	opt := medium.Check{Key: s.PublicKey}
	known := false
	for _, m := range s.Media {
		if m.ID == d.ID {
			opt.Known, known = m.State, m.Retired.IsZero()
		}
	}
	sealed := make(map[packOn]string)
	opt.Sealed = func(share id.Share, pack uint64, _ int64, digest [32]byte) {
		sealed[packOn{share, pack}] = hex.EncodeToString(digest[:])
	}
	findings := 0
	err = a.checkMedium(ctx, at, opt, func(tell func(medium.Finding)) error {
		told, known := make(map[packOn]bool), make(map[packOn]bool)
		for raw, err := range c.Events(ctx, api.EventFilter{Kinds: []string{"pack-sealed", "pack-rewritten"}}) {
			if err != nil {
				return err
			}
			var e struct {
				Share  id.Share `json:"share"`
				Pack   uint64   `json:"pack"`
				Digest string   `json:"digest"`
			}
			if err := json.Unmarshal(raw, &e); err != nil {
				return problem.New(problem.Internal, "verify medium", at, err)
			}
			of := packOn{e.Share, e.Pack} // of one that was written anew the medium may have what was there before
			told[of], known[of] = true, known[of] || sealed[of] == e.Digest
		}
		for of := range sealed {
			if told[of] && !known[of] {
				tell(medium.Finding{Share: of.share, Pack: of.pack, Reason: medium.NotTheLedgers})
			}
		}
		return nil
	})
	if d, ok := errors.AsType[damagedMedium](err); ok {
		findings = d.findings
	} else if err != nil {
		return err
	}
	if known {
		if failed := c.CheckedMedium(ctx, d.ID, findings); failed != nil {
			return failed
		}
	}
	return err
}

// damagedMedium is the error of a verification that has found something.
type damagedMedium struct {
	error
	findings int
}

func (d damagedMedium) Unwrap() error { return d.error }

// checkMedium verifies, tells, and ends with what else is to be compared.
func (a *app) checkMedium(ctx context.Context, at string, opt medium.Check, compare func(tell func(medium.Finding)) error) error {
	bar := a.progress()
	opt.Progress = func(done, of int64) {
		bar.allBytes.Store(of)
		bar.complete.Store(true)
		bar.bytes.Store(done)
	}
	found := 0
	tell := func(f medium.Finding) {
		if f.Reason != medium.Unknown {
			found++
		}
		x := api.CopyFinding{Object: f.Object, Pack: f.Pack, State: f.State, Reason: string(f.Reason), Text: f.Text}
		if !f.Share.IsZero() {
			x.Share = f.Share.String()
		}
		if bar.clear(); a.json {
			_ = a.emit(map[string]any{"finding": x})
			return
		}
		a.showFlaw(x)
	}
	t, err := storehouse.TargetAt(ctx, durable.OS(), at, a.now)
	if err != nil {
		return err
	}
	r, err := medium.Verify(ctx, t, opt, tell)
	if err == nil && compare != nil {
		err = compare(tell)
	}
	bar.end()
	if err != nil {
		return err
	}
	if r.Findings = found; a.json {
		err = a.emit(map[string]any{"report": r})
	} else {
		a.showMediumReport(r)
	}
	if err == nil && found == 0 && r.Last == 0 { // nothing is wrong with it, and nothing can be restored from it
		err = &problem.Error{Kind: problem.Condition, Op: "verify medium", On: r.Medium.Label, Hint: "hint.medium-empty"}
	}
	if err == nil && found > 0 {
		err = damagedMedium{&problem.Error{Kind: problem.Damaged, Op: "verify medium", On: r.Medium.Label, Hint: "hint.medium-damaged"}, found}
	}
	return err
}

func (a *app) showMediumReport(r medium.Report) {
	for _, s := range r.States {
		key := "say.medium-state-whole"
		if !s.Whole {
			key = "say.medium-state-damaged"
		}
		if s.Whole || s.Number == r.Last || len(r.States) <= 10 {
			a.print(key, s.Number, s.Packs, size(s.Bytes), when(s.Time))
		}
	}
	a.print("say.medium-verified", printable(r.Medium.Label), r.Objects, size(r.Bytes), r.Entries, r.Findings)
	if r.Last > 0 {
		a.print("say.medium-last-whole", r.Last)
	}
	if !r.Until.IsZero() {
		a.print("say.medium-locked", r.Until.Local().Format("2006-01-02"))
	}
	if !r.Trusted {
		a.print("say.medium-own-key", r.Medium.Vault)
	}
}
