package storehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// Source says what a storehouse is made again of.
type Source struct {
	From  string        // the folder where the medium is mounted, or the file of a bucket's settings
	State uint64        // of the medium; 0: the last
	Until time.Time     // the last that ends before it, if State is 0; zero: any
	Keys  keeper.Rescue // the card and the papers; the rest comes from the medium
	// Ledger is a folder with a copy of the ledger that may go further than the medium: what was erased behind it does not come back. Empty: none.
	Ledger string
	Rewind Rewind

	disk durable.FS // where From is; nil: this machine's
}

// target is the medium.
func (s Source) target(ctx context.Context, now func() time.Time) (medium.Target, error) {
	if s.disk == nil {
		return TargetAt(ctx, durable.OS(), s.From, now)
	}
	return TargetAt(ctx, s.disk, s.From, now)
}

// restoring is the file of that name in a data directory that is being made again: it is there from the beginning until all packs are.
type restoring struct {
	Format   int         `json:"format"`
	From     string      `json:"from"` // where the medium was mounted the last time
	Medium   id.Medium   `json:"medium"`
	Label    string      `json:"label"`
	State    uint64      `json:"state"`
	Time     time.Time   `json:"time"` // of the last entry of the ledger in it
	Head     ledger.Head `json:"head"`
	Card     string      `json:"card"`
	Papers   int         `json:"papers,omitempty"`
	Recorded bool        `json:"recorded,omitempty"` // the ledger tells of the restore
	Begun    time.Time   `json:"begun"`              // by the clock of this machine
	Copied   bool        `json:"copied,omitempty"`   // all packs are here; only Rewind is to be done
	Rewind
}

const (
	restoringFile   = "restoring.json"
	restoringFormat = 1
	unfinished      = ".restoring" // behind the name of a folder that is being filled
)

func readRestoring(data string) (*restoring, error) {
	name := filepath.Join(data, restoringFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r := &restoring{}
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err == nil && r.Format != restoringFormat {
		err = fmt.Errorf("format %d", r.Format)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Damaged, Op: "restore vault", On: name, Hint: "hint.restore-file", Err: err}
	}
	return r, nil
}

// Keyless lists the names of the shares whose keys are missing, because the card was older.
func (h *House) Keyless() []string {
	out := []string{}
	for _, s := range h.keeper.local.Keyless() {
		out = append(out, s.Name)
	}
	return out
}

func (r *restoring) write(fsys durable.FS, data string) error {
	r.Format = restoringFormat
	b, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = durable.WriteFile(fsys, filepath.Join(data, restoringFile), append(b, '\n'), 0o600)
	}
	return broken(err, data)
}

// broken is the error of a disk on which a vault is being restored.
func broken(err error, on string) error {
	switch {
	case err == nil:
		return nil
	case durable.IsNoSpace(err):
		return &problem.Error{Kind: problem.NoSpace, Op: "restore vault", On: on, Hint: "hint.restore-space", Err: err}
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	return &problem.Error{Kind: problem.Unavailable, Op: "restore vault", On: on, Hint: "hint.disk", Err: err}
}

// Unfinished tells whether a data directory is being restored, from which medium, and whether its keeper is there already: then neither card nor
// papers are needed to go on.
func Unfinished(cfg Config) (label string, keeper, yes bool, err error) {
	r, err := readRestoring(cfg.Data)
	if err != nil || r == nil {
		return "", false, false, err
	}
	return r.Label, Exists(cfg), true, nil
}

// used names what opens the keys: the card, and the number of the set of papers.
func (src *Source) used() (card string, papers int) {
	if p := src.Keys.Pieces; len(p) > 0 {
		papers = int(p[0].Set.Number)
	}
	return fmt.Sprintf("%d %s", src.Keys.Card.Number, src.Keys.Card.Name), papers
}

// Restore makes a storehouse of a medium, a key card and papers, in a directory that is empty or in which it was begun before: all but the
// packs, which Fetch copies. Until they are there it can be opened all the same, and is served from the medium.
func Restore(ctx context.Context, cfg Config, opt Options, src Source) (err error) {
	const op = "restore vault"
	if opt.FS == nil {
		opt.FS = Disk(cfg.Data)
	}
	r, err := begun(cfg)
	if err != nil || r != nil && r.Copied {
		return err
	}
	s, err := src.open(ctx, r, opt.Now)
	if err != nil {
		return err
	}
	at := layoutOf(cfg)
	unlock, err := lockData(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if r, err = begun(cfg); err != nil || r != nil && r.Copied { // somebody else may have restored meanwhile
		return err
	}
	if r != nil && (r.Medium != s.Medium.ID || r.State != s.Number) {
		return &problem.Error{Kind: problem.Exists, Op: op, On: fmt.Sprintf("%s, %d", r.Label, r.State), Hint: "hint.restore-other"}
	}
	next := restoring{From: src.From, Medium: s.Medium.ID, Label: s.Medium.Label, State: s.Number, Time: s.Time, Head: s.Head, Begun: opt.Now().UTC()}
	if r != nil {
		next.Card, next.Papers, next.Recorded, next.Begun, next.Rewind = r.Card, r.Papers, r.Recorded, r.Begun, r.Rewind
	}
	if !Exists(cfg) {
		if err := endOf(ctx, s); err != nil {
			return err
		}
		next.Card, next.Papers = src.used()
	}
	if err := next.write(opt.FS, cfg.Data); err != nil {
		return err
	}
	if !Exists(cfg) {
		if err := restoreLearnt(ctx, opt.FS, at, s); err != nil {
			return err
		}
		if err := restoreKeeper(ctx, cfg, opt, at, s, src); err != nil {
			return err
		}
	}
	opt.FS = borrow(opt.FS, at, s)
	if err := next.record(ctx, cfg, opt, at, s, src.Ledger); err != nil || src.Rewind.Case == "" {
		return err
	}
	c, err := keeperConfig(cfg, at, opt)
	if err == nil {
		c.Log = nil
		err = src.Rewind.check(ctx, c)
	}
	if err != nil {
		return err
	}
	next.Rewind = src.Rewind
	return next.write(opt.FS, cfg.Data)
}

// record has the ledger tell of the restore, as the first that comes behind what the medium had. Nothing else can be done before.
func (r *restoring) record(ctx context.Context, cfg Config, opt Options, at layout, s *medium.State, copied string) error {
	if r.Recorded {
		return nil
	}
	c, err := keeperConfig(cfg, at, opt)
	if err != nil {
		return err
	}
	c.Log = nil // it would warn that the write-ahead files are missing, which are on no medium
	c.Restored = &keeper.Restored{Medium: r.Label, ID: r.Medium, State: r.State, Time: r.Time, Packs: s.Packs, Bytes: s.Bytes, Head: r.Head, Card: r.Card, Papers: r.Papers}
	k, err := keeper.Open(ctx, c)
	if err != nil {
		return err
	}
	if copied != "" {
		if err = k.LearnEnds(ctx, os.DirFS(copied)); errors.Is(err, ledger.ErrShorter) {
			err = nil // it knows of nothing that the medium does not
		}
	}
	if err := errors.Join(err, k.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	r.Recorded = true
	return r.write(opt.FS, cfg.Data)
}

// open opens the state that is meant.
func (s Source) open(ctx context.Context, begun *restoring, now func() time.Time) (*medium.State, error) {
	t, err := s.target(ctx, now)
	if err != nil {
		return nil, err
	}
	key := s.Keys.Card.Vault
	switch {
	case begun != nil && s.State == 0:
		return medium.Open(ctx, t, key, begun.State)
	case s.State == 0 && !s.Until.IsZero():
		return medium.Before(ctx, t, key, s.Until)
	}
	return medium.Open(ctx, t, key, s.State)
}

// begun returns the restore that was begun in a directory; nil: there is none, and room for one.
func begun(cfg Config) (*restoring, error) {
	r, err := readRestoring(cfg.Data)
	if err == nil && r == nil {
		err = vacant(cfg)
	}
	return r, err
}

// endOf looks, before anything is made, whether the end of the ledger on a medium is whole: the keeper goes on behind it.
func endOf(ctx context.Context, s *medium.State) error {
	r, err := ledger.NewReader(s.Ledger(), s.Medium.Vault)
	if err == nil {
		for _, err = range r.Entries(ctx, s.Head.Size-1, s.Head.Size) {
			break
		}
	}
	if problem.KindOf(err) != problem.Damaged {
		return broken(err, s.Medium.Label)
	}
	if _, err := s.Damaged(ctx, "ledger", err); err != nil { // it was pulled out
		return err
	}
	return &problem.Error{Kind: problem.Damaged, Op: "restore vault", On: fmt.Sprintf("%s, %d", s.Medium.Label, s.Number), Hint: "hint.restore-ledger", Err: err}
}

// vacant refuses a directory in which something is.
func vacant(cfg Config) error {
	list, err := os.ReadDir(cfg.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return broken(err, cfg.Data)
	}
	for _, e := range list {
		if e.Name() != "lock" && e.Name() != restoringFile+".new" { // a restore that was broken off while it began
			return &problem.Error{Kind: problem.Exists, Op: "restore vault", On: cfg.Data, Hint: "hint.restore-vacant", Err: errors.New(e.Name())}
		}
	}
	return nil
}

// restoreLearnt copies what was learnt of the lines of appliances, where there is something.
func restoreLearnt(ctx context.Context, fsys durable.FS, at layout, s *medium.State) error {
	if !slices.Contains(s.Names(), learntOnMedium) {
		return nil
	}
	b, err := fileOn(ctx, s, learntOnMedium)
	if err != nil {
		return err
	}
	if err := durable.MakeDir(fsys, filepath.Dir(at.collect), 0o700); err != nil {
		return broken(err, at.collect)
	}
	return broken(durable.WriteFile(fsys, at.collect, b, 0o600), at.collect)
}

// fileOn reads a sealed file of a state. One that is not as it was put is damage of the medium: no disk of this machine is to blame.
func fileOn(ctx context.Context, s *medium.State, name string) ([]byte, error) {
	b, err := s.File(ctx, name)
	if _, ok := errors.AsType[*problem.Error](err); err == nil || ok || ctx.Err() != nil {
		return b, err
	}
	if gone := s.Gone(ctx); gone != nil {
		return nil, gone
	}
	return nil, &problem.Error{Kind: problem.Damaged, Op: "restore vault", On: s.Medium.Label + ": " + name, Hint: "hint.medium-state", Err: err}
}

// rescueOf adds the keeper's files on a medium to card and papers.
func rescueOf(ctx context.Context, s *medium.State, keys keeper.Rescue) keeper.Rescue {
	for _, name := range s.Names() {
		if rest, ok := strings.CutPrefix(name, "keeper/"); ok {
			keys.Names = append(keys.Names, rest)
		}
	}
	keys.Read = func(name string) ([]byte, error) { return fileOn(ctx, s, "keeper/"+name) }
	return keys
}

// restoreKeeper makes the keeper, and before it is there the configuration.
func restoreKeeper(ctx context.Context, cfg Config, opt Options, at layout, s *medium.State, src Source) error {
	keys := rescueOf(ctx, s, src.Keys)
	if src.Ledger != "" {
		keys.Ended = keeper.EndedIn(ctx, os.DirFS(src.Ledger), s.Medium.Vault, s.Head)
	}
	if slices.Contains(s.Names(), "settings") {
		b, err := fileOn(ctx, s, "settings")
		if err != nil {
			return err
		}
		keys.Settings = b
	}
	keys.Settled = func(plain []byte) error { return settle(opt.FS, cfg, plain) }
	c, err := keeperConfig(cfg, at, opt)
	if err != nil {
		return err
	}
	_, err = keeper.Recover(ctx, c, keys)
	return broken(err, cfg.Data)
}

// dangerous settings name files and doors of the machine that is lost: they are put down, and do not count until somebody says so.
var dangerous = map[string]bool{"http": true, "https": true, "sftp": true, "metrics": true, "collect_udp": true, "collect_tcp": true, "collect_tls": true, "collect_tls_clients": true, "countries": true, "cert": true, "key": true, "names": true, "key_file": true, "protection": true,
	"oidc_secret_file": true, "oidc_issuer": true, "oidc_client": true, "alert_mail_server": true, "alert_mail_from": true, "alert_mail_to": true, "alert_mail_user": true,
	"alert_mail_password_file": true, "alert_webhook": true, "alert_webhook_secret_file": true, "ledger_bucket": true}

// settle writes the configuration: what was in force before, with what names the lost machine or the world outside as comments, and how the new keeper is
// protected.
func settle(fsys durable.FS, cfg Config, plain []byte) error {
	var old settings
	if err := json.Unmarshal(plain, &old); err != nil {
		return problem.New(problem.Damaged, "restore vault", "settings", err)
	}
	var lines, off []string
	for _, x := range old.Config {
		trial := Default(cfg.Data)
		err := trial.set(x.Key, x.Value, "file")
		if line := trial.line(x.Key); err == nil && !dangerous[x.Key] && trial.Validate() == nil {
			lines = append(lines, line)
		} else if err == nil {
			off = append(off, "# "+line)
		}
	}
	for _, key := range []string{"protection", "key_file", "http", "https", "sftp"} {
		if cfg.from[key] != "" {
			lines = append(lines, cfg.line(key))
		}
	}
	if len(off) > 0 {
		lines = append(append(lines, "", "# These were in force on the machine that was lost. Look at each before you take its # away."), off...)
	}
	return broken(durable.WriteFile(fsys, filepath.Join(cfg.Data, ConfigFile), []byte(strings.Join(lines, "\n")+"\n"), 0o600), ConfigFile)
}

// line is how a key stands in the file.
func (c *Config) line(key string) string {
	for _, f := range c.fields() {
		if f.key != key {
			continue
		}
		switch v := f.value.(type) {
		case *string:
			return fmt.Sprintf("%s = %q", key, *v)
		case *[]string:
			var list []string
			for _, s := range *v {
				list = append(list, fmt.Sprintf("%q", s))
			}
			return key + " = [" + strings.Join(list, ", ") + "]"
		case *Duration:
			return fmt.Sprintf("%s = %q", key, time.Duration(*v).String())
		case *int:
			return fmt.Sprintf("%s = %d", key, *v)
		case *int64:
			return fmt.Sprintf("%s = %d", key, *v)
		}
	}
	return "# " + key
}
