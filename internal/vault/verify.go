package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/retention"
)

// VerifyOptions says what to verify.
type VerifyOptions struct {
	Shares []string // names; none: all that the session may read (with Keys), all that there are (without)
	Keys   bool     // also open every version; each is a release with purpose "verify"
	// Progress hears of what has been done so far, after each pack and each batch of versions; it may be nil.
	Progress func(VerifyReport)
}

// Finding is one thing that Verify found wrong.
type Finding struct {
	Share  id.Share      `json:"share"`
	Path   pathname.Path `json:"path,omitempty"` // of a version that does not open, with Keys
	Pack   uint64        `json:"pack,omitempty"`
	Offset int64         `json:"offset,omitempty"`
	Length int64         `json:"length,omitempty"`
	Reason string        `json:"reason"`
}

// VerifyReport sums up what was verified.
type VerifyReport struct {
	Shares   int   `json:"shares"`
	Packs    int   `json:"packs"`
	Bytes    int64 `json:"bytes"`
	Versions int64 `json:"versions"` // opened, with Keys
	Findings int   `json:"findings"`
}

// releaseBatch is how many versions one release of a verification asks for.
const releaseBatch = 256

// Verify reads every byte of the packs and compares checksums and digests, also with those in the ledger, which needs no
// share's key. With opt.Keys it then opens every version that was ever saved, and looks for those that the ledger knows.
func (v *Vault) Verify(ctx context.Context, s account.Session, opt VerifyOptions, found func(Finding)) (r VerifyReport, err error) {
	wrong, read, bad := make(map[id.Share]int), make(map[id.Share]int64), make(map[packOf]bool)
	report := func(f Finding) {
		r.Findings++
		wrong[f.Share]++
		bad[packOf{f.Share, f.Pack}] = true
		v.doubts.add(f.Share, f.Pack)
		found(f)
	}
	progress := func() {
		if opt.Progress != nil {
			opt.Progress(r)
		}
	}
	mine, err := v.cfg.Keeper.Shares(ctx, s.ID)
	if err != nil {
		return r, err
	}
	shares, err := v.verified(ctx, mine, opt)
	if err != nil {
		return r, err
	}
	defer v.doubts.save() // what was found until it is broken off, too
	told := testimony{v: v, shares: make(map[id.Share]catalogue.View), packs: make(map[packOf]checked), report: report}
	if len(opt.Shares) == 0 {
		for _, a := range mine { // all packs of a share may be gone
			told.shares[a.ID] = nil
		}
	}
	for _, share := range shares {
		r.Shares++
		told.shares[share] = nil
		if read[share], err = told.read(ctx, share, &r, progress); err != nil {
			return r, err
		}
		if !opt.Keys {
			continue
		}
		i := slices.IndexFunc(mine, func(a account.Share) bool { return a.ID == share })
		err := v.verifyVersions(ctx, s, mine[i], report, func(n int64) {
			r.Versions += n
			progress()
		})
		if problem.KindOf(err) == problem.Damaged { // the books cannot follow the packs
			report(Finding{Share: share, Reason: "not opened before it is rebuilt: " + err.Error()})
			continue
		}
		if err != nil {
			return r, err
		}
		sh := v.share(share)
		told.shares[share] = v.cfg.Catalogue.View(sh.id, sh.meta)
	}
	if err := told.compare(ctx, s); err != nil {
		return r, err
	}
	v.doubts.settle(slices.Collect(maps.Keys(told.shares)), bad, opt.Keys)
	return r, v.verifiedNow(ctx, s, shares, read, wrong)
}

// read reads every byte of a share's packs.
func (t *testimony) read(ctx context.Context, share id.Share, r *VerifyReport, progress func()) (n int64, err error) {
	for i, err := range t.v.cfg.Packs.Packs(ctx, share) {
		if d, ok := errors.AsType[*pack.DamageError](err); ok { // a pack that is gone keeps nobody from the others
			t.report(damageFound(d.Damage))
			t.packs[packOf{share, d.Damage.At.Pack}] = checked{told: true}
			continue
		}
		if err != nil {
			return n, problem.New(problem.Internal, "verify", share.String(), err)
		}
		i, damage, err := t.v.cfg.Packs.Check(ctx, share, i.Pack)
		if err != nil {
			return n, problem.New(problem.Internal, "verify", share.String(), err)
		}
		r.Packs, r.Bytes, n = r.Packs+1, r.Bytes+i.Size, n+i.Size
		t.packs[packOf{share, i.Pack}] = checked{size: i.Size, digest: i.Digest, told: len(damage) > 0}
		for _, d := range damage {
			t.report(damageFound(d))
		}
		progress()
	}
	return n, nil
}

// verifiedNow records that shares were verified, and what was found: reports tell when what is kept was last looked at.
func (v *Vault) verifiedNow(ctx context.Context, s account.Session, shares []id.Share, read map[id.Share]int64, wrong map[id.Share]int) error {
	var list []event.Event
	for _, share := range shares {
		note := event.NoFindings
		if n := wrong[share]; n > 0 {
			note = fmt.Sprintf("%d findings", n)
		}
		list = append(list, event.Event{Kind: event.Verified, When: v.cfg.Now(), Session: s.ID, Account: s.Account, Actor: s.Name, Device: s.Device, Address: s.Address, Door: s.Door,
			Share: share, Size: read[share], Note: note})
	}
	if len(list) == 0 {
		return nil
	}
	err := v.cfg.Keeper.Record(ctx, list...)
	if err == nil {
		v.mends.Add(1)
	}
	return err
}

// verified returns the shares that the options name.
func (v *Vault) verified(ctx context.Context, mine []account.Share, opt VerifyOptions) (out []id.Share, err error) {
	if len(opt.Shares) == 0 && !opt.Keys {
		out, err = v.cfg.Packs.Shares(ctx)
		if err != nil {
			err = problem.New(problem.Internal, "verify", "", err)
		}
		return out, err
	}
	for _, a := range mine {
		if len(opt.Shares) == 0 || slices.ContainsFunc(opt.Shares, func(n string) bool { return pathname.Key(n) == pathname.Key(a.Name) }) {
			out = append(out, a.ID)
		}
	}
	for _, n := range opt.Shares {
		if !slices.ContainsFunc(mine, func(a account.Share) bool { return pathname.Key(n) == pathname.Key(a.Name) }) {
			return nil, &problem.Error{Kind: problem.NotFound, Op: "open share", On: n, Hint: "hint.no-such-share"}
		}
	}
	return out, nil
}

// verifyVersions opens every version of a share that has content of its own, or the one that is left of a content. What no list tells of which chunks
// they have is told now: only then what is removed by rule can be taken off the disk.
func (v *Vault) verifyVersions(ctx context.Context, s account.Session, a account.Share, report func(Finding), opened func(n int64)) error {
	sh, err := v.open(ctx, s.ID, a.ID)
	if err != nil {
		return err
	}
	x := &opening{v: v, w: &view{v: v, s: s}, sh: sh, name: a.Name, cat: v.cfg.Catalogue.View(sh.id, sh.meta), report: report, opened: opened, others: make(map[id.Version]bool)}
	if x.unlisted, err = retention.Unlisted(ctx, v.cfg.Packs, sh.id, sh.meta); err != nil {
		x.unlisted = nil // damage is told of already
	}
	commits := func(t pack.Type) bool { return t == pack.Commit }
	for f, err := range framesPast(ctx, v.cfg.Packs, sh.id, pack.Position{}, commits, nil) { // damage is told of already
		if err != nil {
			return problem.New(problem.Internal, "verify", a.Name, err)
		}
		if f.Type != pack.Commit {
			continue
		}
		plain, err := sh.meta.OpenRecord(f.Payload)
		if err != nil {
			report(Finding{Share: sh.id, Pack: f.Place.Pack, Offset: f.Place.Offset, Reason: err.Error()})
			continue
		}
		rec, err := commit.ParseRecord(plain)
		if err != nil {
			report(Finding{Share: sh.id, Pack: f.Place.Pack, Offset: f.Place.Offset, Reason: err.Error()})
			continue
		}
		for i := range rec.Ops {
			if err := x.op(ctx, &rec.Ops[i]); err != nil {
				return err
			}
		}
	}
	return x.flush(ctx)
}

// opening opens the versions of a share for a verification.
type opening struct {
	v        *Vault
	w        *view
	sh       *share
	name     string
	cat      catalogue.View
	unlisted map[id.Version]bool // contents that have told no chunks
	others   map[id.Version]bool // contents that were opened by another version than the one that brought them
	batch    []Info
	report   func(Finding)
	opened   func(n int64)
}

// op opens the version that an operation has made, unless another stands for its content.
func (x *opening) op(ctx context.Context, op *commit.Op) error {
	if !op.Kind.HasContent() || op.Version.IsZero() {
		return nil
	}
	gone, err := x.cat.Expired(ctx, []id.Version{op.Version, op.Key})
	if err != nil {
		return x.v.broken("read the catalogue", err)
	}
	if gone[0] || !op.HasManifest() && (!gone[1] || x.others[op.Key]) {
		return nil
	}
	if !op.HasManifest() {
		x.others[op.Key] = true
	}
	x.batch = append(x.batch, Info{Path: pathOf(ctx, x.cat, x.name, *op), Share: x.sh.id, File: op.File, Version: op.Version, Size: op.Size})
	if len(x.batch) < releaseBatch {
		return nil
	}
	return x.flush(ctx)
}

func (x *opening) flush(ctx context.Context) error {
	if len(x.batch) == 0 {
		return nil
	}
	files, err := x.w.Open(ctx, account.Verify, x.batch...)
	if err != nil {
		return err
	}
	late := make(map[id.Version][]id.Chunk)
	for i, f := range files {
		_, err := f.WriteTo(discard{})
		if r, is := f.(*reader); is && err == nil && x.unlisted[r.version.Key] {
			late[r.version.Key], err = r.chunks()
		}
		f.Close()
		if err != nil {
			if problem.KindOf(err) != problem.Damaged {
				return err
			}
			x.report(Finding{Share: x.sh.id, Path: x.batch[i].Path, Reason: err.Error()})
		}
	}
	x.opened(int64(len(x.batch)))
	x.batch = x.batch[:0]
	return x.v.tellLate(ctx, x.sh, late)
}

func damageFound(d pack.Damage) Finding {
	return Finding{Share: d.Share, Pack: d.At.Pack, Offset: d.At.Offset, Length: d.Length, Reason: d.Reason}
}

// discard is io.Discard without its ReadFrom, so that content is read chunk by chunk.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// pathOf tells under which path an operation's file was, as far as its directories still tell it.
func pathOf(ctx context.Context, cat catalogue.View, share string, op commit.Op) pathname.Path {
	names := []string{op.Name}
	for dir := op.Parent; !dir.IsZero() && len(names) < 1000; {
		n, err := cat.Node(ctx, dir)
		if err != nil {
			break
		}
		names, dir = append(names, n.Name), n.Parent
	}
	p := pathname.Root.Join(share)
	for _, n := range slices.Backward(names) {
		p = p.Join(n)
	}
	return p
}

// Status tells about an open vault.
type Status struct {
	Unlocked []id.Share `json:"unlocked"` // shares whose names the storehouse can see
	Leases   int        `json:"leases"`   // keys that it holds
	Saving   int        `json:"saving"`   // large saves under way

	Damaged []Damaged `json:"damaged,omitempty"` // shares in whose packs damage was found
}

// Status tells about the vault.
func (v *Vault) Status() (s Status) {
	v.mu.Lock()
	for _, sh := range v.shares {
		s.Unlocked = append(s.Unlocked, sh.id)
	}
	v.mu.Unlock()
	v.keys.mu.Lock()
	s.Leases = len(v.keys.leases)
	v.keys.mu.Unlock()
	s.Saving, s.Damaged = len(v.drafts), v.doubts.shares()
	return s
}
