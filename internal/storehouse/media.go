package storehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/medium/bucket"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
)

// Media implements api.Media.
func (h *House) Media(ctx context.Context, s account.Session) (api.Copies, error) {
	list, err := h.keeper.local.Media(ctx, s.ID)
	return api.Copies{Media: list, Days: h.cfg.MediaDays, Hours: h.cfg.MediaHours, DrillDays: h.cfg.DrillDays, PublicKey: h.keeper.local.Status().PublicKey, Failed: h.failures(list)}, err
}

// atConsole refuses paths of this machine to whoever does not sit there: to write where a browser says would be a door of its own.
func atConsole(s account.Session, op string) error {
	if s.Factor != account.Console {
		return &problem.Error{Kind: problem.Denied, Op: op, Hint: "hint.medium-console"}
	}
	return nil
}

// MakeMedium implements api.Media.
func (h *House) MakeMedium(ctx context.Context, s account.Session, q api.NewMedium) (api.Medium, error) {
	const op = "make medium"
	if err := atConsole(s, op); err != nil {
		return api.Medium{}, err
	}
	at, t, err := h.newTarget(ctx, op, &q)
	if err != nil {
		return api.Medium{}, err
	}
	for e, err := range t.List(ctx, "") {
		switch {
		case err != nil:
			return api.Medium{}, unreadable(op, at, err)
		case e.Name == medium.DescriptorName:
			return api.Medium{}, &problem.Error{Kind: problem.Exists, Op: op, On: at, Hint: "hint.medium-exists"}
		}
		return api.Medium{}, &problem.Error{Kind: problem.Exists, Op: op, On: at + ": " + e.Name, Hint: "hint.medium-not-empty"}
	}
	m := api.Medium{ID: id.NewMedium(), Label: q.Label, Set: q.Set, Place: q.Place, Path: at, Lock: q.Lock}
	// First the books, which refuse a label; what is in them and not on the disk is retired again.
	if m, err = h.keeper.local.MakeMedium(ctx, s.ID, m); err != nil {
		return m, err
	}
	d := medium.Descriptor{ID: m.ID, Label: m.Label, Set: m.Set, Vault: h.keeper.local.Status().PublicKey, Made: m.Made, Lock: m.Lock}
	if err = medium.Make(ctx, t, d); err != nil {
		kind, hint := problem.Unavailable, ""
		if e, ok := errors.AsType[*problem.Error](err); ok {
			kind, hint = e.Kind, e.Hint
		} else if errors.Is(err, syscall.EROFS) {
			kind, hint = problem.Denied, "hint.medium-readonly"
		} else if errors.Is(err, fs.ErrPermission) {
			kind, hint = problem.Denied, "hint.medium-permission"
		}
		err = &problem.Error{Kind: kind, Op: op, On: at, Hint: hint, Err: err}
		return m, errors.Join(err, h.keeper.local.RetireMedium(context.WithoutCancel(ctx), s.ID, m.ID, "it could not be made"))
	}
	h.watchMedia(ctx)
	return m, nil
}

// newTarget is where a medium is to be made.
func (h *House) newTarget(ctx context.Context, op string, q *api.NewMedium) (at string, t medium.Target, err error) {
	if bucket.IsFile(q.Path) {
		if q.Lock == 0 {
			q.Lock = usualLock
		}
		if at, err = h.bucketFile(op, q.Path); err == nil {
			t, err = h.newBucket(ctx, at, q.Lock)
		}
		return at, t, err
	}
	if q.Lock != 0 {
		return "", nil, &problem.Error{Kind: problem.Invalid, Op: op, On: q.Path, Hint: "hint.medium-no-lock"}
	}
	if at, err = h.mediumDir(op, q.Path); err != nil {
		return at, nil, err
	}
	return at, medium.NewDisk(h.opt.FS, at), nil
}

// targetAt is where a medium is.
func (h *House) targetAt(ctx context.Context, op, name string) (at string, t medium.Target, err error) {
	if bucket.IsFile(name) {
		if at, err = h.bucketFile(op, name); err == nil {
			t, err = TargetAt(ctx, h.opt.FS, at, h.opt.Now)
		}
		return at, t, err
	}
	if at, err = h.mediumDir(op, name); err != nil {
		return at, nil, err
	}
	return at, medium.NewDisk(h.opt.FS, at), nil
}

// bucketFile is the file of a bucket's settings, as it is found also tomorrow. A house that works apart from the world asks no bucket, whoever wants it.
func (h *House) bucketFile(op, name string) (string, error) {
	if !h.keeper.local.Isolated().IsZero() {
		return "", &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.isolated"}
	}
	at, err := filepath.EvalSymlinks(name)
	if err != nil || !filepath.IsAbs(at) {
		return "", &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: "hint.bucket-file", Err: err}
	}
	return at, nil
}

// unreadable is the error of a place of which is not known what is there, or what it says itself.
func unreadable(op, at string, err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	return problem.New(problem.Unavailable, op, at, err)
}

// mediumDir is a folder for a medium, its links followed: not in the data directory, and not around it.
func (h *House) mediumDir(op, name string) (string, error) {
	at, err := filepath.EvalSymlinks(name)
	if err == nil && !filepath.IsAbs(at) {
		err = errors.New("a path from the root on is needed")
	}
	i, err2 := os.Stat(at)
	if err = errors.Join(err, err2); err == nil && !i.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return "", &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: "hint.medium-folder", Err: err}
	}
	data, err := filepath.EvalSymlinks(h.cfg.Data)
	if err == nil {
		data, err = filepath.Abs(data)
	}
	if err != nil {
		return "", problem.New(problem.Internal, op, h.cfg.Data, err)
	}
	if within(at, data) || within(data, at) {
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.medium-inside"}
	}
	if _, damaged, err := card.Read(h.opt.FS, at); err == nil || damaged { // a browser saves it wherever somebody says
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.medium-has-card"}
	}
	return at, nil
}

// within reports whether a path is a folder, or below it.
func within(name, folder string) bool {
	rel, err := filepath.Rel(folder, name)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// sameDisk reports whether a path lies on the disk of the data directory: then it is lost with it.
func (h *House) sameDisk(at string) bool {
	a, err := os.Stat(at)
	b, err2 := os.Stat(h.cfg.Data)
	if err != nil || err2 != nil {
		return false
	}
	x, ok := a.Sys().(*syscall.Stat_t)
	y, ok2 := b.Sys().(*syscall.Stat_t)
	return ok && ok2 && x.Dev == y.Dev
}

// SyncMedium implements api.Media.
func (h *House) SyncMedium(ctx context.Context, s account.Session, q api.SyncRequest, tell func(api.SyncLine)) (out api.Synced, err error) {
	const op = "sync medium"
	if err := atConsole(s, op); err != nil {
		return out, err
	}
	at, t, err := h.targetAt(ctx, op, q.Path)
	if err != nil {
		return out, err
	}
	known, err := h.knownMedium(ctx, s, t, at, op)
	if err != nil {
		return out, err
	}
	end, ok := h.syncing.begin(known)
	if !ok {
		return out, &problem.Error{Kind: problem.Locked, Op: op, On: q.Path, Hint: "hint.medium-busy"}
	}
	defer end()
	if known.Lock == 0 {
		h.see(ctx, known, at, true)
	}
	c := &passage{h: h, s: s, medium: known, at: at, begun: h.opt.Now(), tell: tell}
	opt := medium.Options{Key: h.keeper.local.Status().PublicKey, ID: known.ID, Known: known.State, Keep: h.cfg.MediaStates, Mend: q.Mend}
	opt.Copied = func(o medium.Outcome) error { return c.copied(ctx, o) }
	opt.Progress = func(p medium.Progress) {
		x := api.SyncProgress(p)
		tell(api.SyncLine{Progress: &x})
	}
	o, err := medium.Sync(ctx, t, &copied{h, s}, opt)
	return c.ended(ctx, o, err)
}

// passage is what is said and entered of a copy.
type passage struct {
	h      *House
	s      account.Session
	medium account.Medium
	at     string
	begun  time.Time
	whole  time.Time // when the state was complete; zero: it is not
	unread int64     // bytes of it that were not read back then
	tell   func(api.SyncLine)
}

// copied enters a state. Its record is complete and durable: before that no entry may say that there is a copy; and if the power goes now, the next sync
// enters what this one has done.
func (c *passage) copied(ctx context.Context, o medium.Outcome) error {
	st := account.MediumState{Number: o.State, Time: o.Time, Size: o.Head.Size, Root: o.Head.Root, Packs: o.Packs, Bytes: o.Bytes, Copied: o.Copied, Unread: o.Unread, Path: c.at, Until: o.Until, SameDisk: c.sameDisk()}
	if c.hosted() {
		st.Unread += c.medium.Unread // only a verification, after it was plugged in anew, ends that
	}
	if err := c.h.keeper.local.SyncedMedium(context.WithoutCancel(ctx), c.s.ID, c.medium.ID, st); err != nil {
		return err
	}
	c.unread = st.Unread
	c.h.carried(c.medium.ID)
	c.whole = c.h.opt.Now()
	if o.Unread > 0 {
		x := c.synced(o)
		c.tell(api.SyncLine{Copied: &x})
	}
	return nil
}

// ended enters what was read back, and returns what was done.
func (c *passage) ended(ctx context.Context, o medium.Outcome, err error) (api.Synced, error) {
	out := c.synced(o)
	wrong := o.Lied
	if err != nil && problem.KindOf(err) == problem.Damaged {
		wrong++
	}
	if c.whole.IsZero() || err != nil && wrong == 0 || err == nil && out.ReadOf == 0 {
		return out, err
	}
	r := account.MediumRead{Unread: o.Unread, Wrong: wrong, Ended: err == nil, Cached: out.Hosted}
	if r.Cached {
		r.Unread = c.unread
	}
	return out, errors.Join(err, c.h.keeper.local.ReadMedium(context.WithoutCancel(ctx), c.s.ID, c.medium.ID, r))
}

// hosted reports whether a program runs the file system of the medium. Such a one answers from the memory of this machine as it likes.
func (c *passage) hosted() bool {
	hosted, err := durable.Hosted(c.at)
	return c.medium.Lock == 0 && err == nil && hosted
}

// sameDisk reports whether the medium lies on the disk of the house.
func (c *passage) sameDisk() bool { return c.medium.Lock == 0 && c.h.sameDisk(c.at) }

// synced is what was done by now.
func (c *passage) synced(o medium.Outcome) api.Synced {
	now := c.h.opt.Now()
	out := api.Synced{ID: c.medium.ID, Label: c.medium.Label, State: o.State, Time: o.Time, Size: o.Head.Size, Packs: o.Packs, Bytes: o.Bytes, Copied: o.Copied,
		Mended: o.Mended, Resumed: o.Resumed, SameDisk: c.sameDisk(), Until: o.Until, Found: o.Found, Findings: []api.CopyFinding{},
		Unread: o.Unread, ReadOf: o.ReadOf, Lied: o.Lied}
	if !c.whole.IsZero() {
		out.CopyTime, out.ReadTime = c.whole.Sub(c.begun).Seconds(), now.Sub(c.whole).Seconds()
	}
	out.Hosted = c.hosted()
	for _, f := range o.Findings {
		out.Findings = append(out.Findings, findingOf(f))
	}
	return out
}

func findingOf(f medium.Finding) api.CopyFinding {
	out := api.CopyFinding{Object: f.Object, Pack: f.Pack, State: f.State, Reason: string(f.Reason), Text: f.Text}
	if !f.Share.IsZero() {
		out.Share = f.Share.String()
	}
	return out
}

// knownMedium is what the keeper knows of the medium at a target. One that it does not know and that is the vault's own was made after the
// moment to which the vault was restored: it is entered, unless it shows that the vault was put back behind everybody's back.
func (h *House) knownMedium(ctx context.Context, s account.Session, t medium.Target, at, op string) (account.Medium, error) {
	d, err := medium.Describe(ctx, t)
	switch {
	case errors.Is(err, medium.ErrNone):
		return account.Medium{}, &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.medium-none", Err: err}
	case problem.KindOf(err) == problem.Unavailable || problem.KindOf(err) == problem.Denied:
		return account.Medium{}, err
	case err != nil:
		return account.Medium{}, problem.New(problem.Damaged, op, "", err)
	case d.Vault != h.keeper.local.Status().PublicKey:
		return account.Medium{}, &problem.Error{Kind: problem.Denied, Op: op, On: d.Label, Hint: "hint.medium-other-vault"}
	}
	h.syncing.entering.Lock()
	defer h.syncing.entering.Unlock()
	for _, m := range h.keeper.local.KnownMedia() {
		if m.ID != d.ID {
			continue
		}
		if !m.Retired.IsZero() {
			return m, &problem.Error{Kind: problem.Denied, Op: op, On: m.Label, Hint: "hint.medium-retired"}
		}
		return m, nil
	}
	if err := medium.Newer(ctx, t, &copied{h, s}, d.Vault); err != nil {
		return account.Medium{}, err
	}
	return h.keeper.local.MakeMedium(ctx, s.ID, account.Medium{ID: d.ID, Label: d.Label, Set: d.Set, Path: at, Lock: d.Lock})
}

// CheckedMedium implements api.Media.
func (h *House) CheckedMedium(ctx context.Context, s account.Session, m id.Medium, findings int) error {
	if err := atConsole(s, "verify medium"); err != nil {
		return err
	}
	return h.keeper.local.CheckedMedium(ctx, s.ID, m, findings)
}

// EjectMedium implements api.Media.
func (h *House) EjectMedium(ctx context.Context, s account.Session, m id.Medium) error {
	if err := atConsole(s, "eject medium"); err != nil {
		return err
	}
	return h.keeper.local.EjectMedium(ctx, s.ID, m)
}

// RetireMedium implements api.Media.
func (h *House) RetireMedium(ctx context.Context, s account.Session, m id.Medium, reason string) error {
	return h.keeper.local.RetireMedium(ctx, s.ID, m, reason)
}

// copied is the house as the source of a copy that somebody makes.
type copied struct {
	h *House
	s account.Session
}

// settings is what the house was run with, for whoever restores it.
type settings struct {
	Format int           `json:"format"`
	Config []api.Setting `json:"config"`
}

// Cut implements medium.Source.
func (c *copied) Cut(ctx context.Context) (*medium.Cut, error) {
	own := settings{Format: 1}
	for _, x := range c.h.cfg.Settings() {
		if x.From != "default" {
			own.Config = append(own.Config, x)
		}
	}
	plain, err := json.Marshal(own)
	if err != nil {
		return nil, err
	}
	k, err := c.h.keeper.local.CopyOut(ctx, c.s.ID, plain)
	if err != nil {
		return nil, err
	}
	out := &medium.Cut{Checkpoint: k.Checkpoint, Ledger: k.Ledger, Time: k.Time}
	for _, f := range k.Files {
		out.Files = append(out.Files, medium.File{Name: "keeper/" + f.Name, Read: f.Read, Close: f.Close})
	}
	for _, f := range k.Logs {
		out.Files = append(out.Files, medium.File{Name: medium.Logbook + "/" + f.Name, Read: f.Read, Close: func() {}})
	}
	if f, ok := c.h.learnt(); ok {
		out.Files = append(out.Files, f)
	}
	out.Files = append(out.Files, medium.File{Name: "settings", Read: func() ([]byte, error) { return k.Settings, nil }, Close: func() {}})
	return out, nil
}

// Consistent implements medium.Source.
func (c *copied) Consistent(ctx context.Context, head ledger.Head) error {
	return c.h.keeper.local.Consistent(ctx, head)
}

// Shares implements medium.Source.
func (c *copied) Shares(ctx context.Context) ([]id.Share, error) { return c.h.packs.Shares(ctx) }

// Packs implements medium.Source.
func (c *copied) Packs(ctx context.Context, share id.Share) iter.Seq2[pack.Info, error] {
	return c.h.packs.Packs(ctx, share)
}

// OpenPack implements medium.Source.
func (c *copied) OpenPack(share id.Share, n uint64, direct bool) (durable.File, error) {
	return c.h.packs.OpenPack(share, n, direct)
}

// Sign implements medium.Source.
func (c *copied) Sign(ctx context.Context, text string) ([]byte, error) {
	signed, err := c.h.keeper.local.SignRecord(ctx, c.s.ID, text)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return signed, nil
}
