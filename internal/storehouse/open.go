package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/catalogue/loan"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/collect"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/pack/dir"
	"github.com/azekura/azekura/internal/preview"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Options are what an opened storehouse gets from its surroundings.
type Options struct {
	Now func() time.Time
	Log *slog.Logger
	// Passphrase asks a person for the passphrase of the root key, with protection "passphrase".
	Passphrase func() ([]byte, error)
	// PreviewWorker is the command of this program that makes one preview, see preview.Config. Empty: there are no previews.
	PreviewWorker []string
	// Service is systemd's socket for news of the service, $NOTIFY_SOCKET. Empty: nobody is told.
	Service string
	// FS is the disk; nil means the real one.
	FS durable.FS

	making         bool // Create opens it, for the first time
	acceptRollback bool
	hashing        *keeper.Hashing // what a hash of a pass phrase costs; nil: as the keeper has it
}

// House is an open storehouse: all its parts, but no door to the network.
type House struct {
	cfg     Config
	opt     Options
	at      layout
	started time.Time
	unlock  func() error
	keeper  *embedded
	books   *sqlite.DB
	loan    *loan.Catalogue // copies on a medium stand in front of books; nil: there are none
	packs   *dir.Store
	vault   *vault.Vault
	guard   *guard.Guard // nil: there is none
	alerts  *alert.Desk
	remind  *reminders // nil: there is no way to tell people
	chores  *chores    // likewise
	painter *painter   // nil: there are no previews
	desk    *cases.Desk
	watcher *watcher
	scribe  *scribe // nil: the ledger is copied to no bucket

	collector *collect.Collector // nil: no appliance sends its logs here

	restoring *restoring                // nil: all packs are here
	rescue    *rescue                   // likewise
	rewinding atomic.Pointer[restoring] // files are to be put back, once all packs are here; nil: none

	syncing copying

	mu        sync.Mutex
	console   map[string]account.Session // of each user of the machine; guarded by mu
	listeners []api.Listener             // guarded by mu
	cert      *renewed                   // guarded by mu; nil: no door shows one
	serving   bool                       // guarded by mu
	uncarried map[id.Medium]failure      // guarded by mu: buckets to which the last daily copy has failed
}

// Open opens the storehouse of a data directory. No other process can have it open at the same time.
func Open(ctx context.Context, cfg Config, opt Options) (_ *House, err error) {
	if opt.FS == nil {
		opt.FS = Disk(cfg.Data)
	}
	h := &House{cfg: cfg, opt: opt, at: layoutOf(cfg), started: opt.Now(), console: make(map[string]account.Session), uncarried: make(map[id.Medium]failure)}
	if err := h.recallRestore(); err != nil {
		return nil, err
	}
	if !opt.making && !Exists(cfg) && h.restoring == nil {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "open vault", On: cfg.Data, Hint: "hint.init"}
	}
	if h.unlock, err = lockData(h.at); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close(context.WithoutCancel(ctx)))
		}
	}()
	h.sweepDrills()
	if cfg.Guard != "off" {
		h.guard = guard.New(guard.Config{FalseAlarm: 1 / float64(cfg.GuardFalseAlarm), Removals: cfg.GuardRemovals, Watch: cfg.Guard == "watch"})
	}
	if err := h.recallThaws(); err != nil {
		opt.Log.Error("it is not known which freezes were lifted: what was done before counts again", "err", err)
	}
	if r := h.restoring; r != nil && !r.Recorded {
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "restore vault", On: r.Label, Hint: "hint.restore-again"}
	}
	reads := opt
	if h.restoring != nil {
		if err := h.beginRescue(ctx); err != nil {
			return nil, err
		}
		reads.FS = h.rescue.lent
	}
	if h.keeper, err = openKeeper(ctx, cfg, h.at, reads, h); err != nil {
		return nil, err
	}
	if h.rescue != nil && h.rescue.state.Medium.Vault != h.keeper.local.Status().PublicKey {
		return nil, &problem.Error{Kind: problem.Unavailable, Op: "restore vault", On: h.restoring.Label, Hint: "hint.restore-medium", Err: errors.New("another vault's medium")}
	}
	if err := h.openAlerts(); err != nil {
		return nil, err
	}
	for _, open := range []func(context.Context) error{h.openBooks, h.openPacks, h.openVault} {
		if err := open(ctx); err != nil {
			return nil, problem.New(problem.Internal, "open vault", cfg.Data, err)
		}
	}
	for _, share := range h.keeper.local.ErasedShares() { // a crash may have come in between
		h.erased(share)
	}
	h.desk = &cases.Desk{House: h.vault, Books: h.keeper.local, Now: opt.Now, Page: h.page}
	h.watcher = &watcher{look: h.watchMedia, cards: h.keeper.local.CardsBehind, tell: h.alerts.Tell, page: h.page, now: opt.Now, id: h.id(), days: cfg.MediaDays, hours: cfg.MediaHours, told: make(map[string]time.Time)}
	h.scribe = h.newScribe()
	return h, nil
}

// recallRestore finds out what of a restore that has begun is left to do: packs to copy, or only files to put back.
func (h *House) recallRestore() error {
	r, err := readRestoring(h.cfg.Data)
	if r != nil && r.Copied {
		h.rewinding.Store(r)
		r = nil
	}
	h.restoring = r
	return err
}

// sweepDrills removes what a drill that was killed has left behind.
func (h *House) sweepDrills() {
	sweepScratch()
	if err := os.RemoveAll(h.at.drills); err != nil {
		h.opt.Log.Error("the books of a drill that did not end could not be removed", "err", err)
	}
}

// openPacks opens the packs. Of those that are still on a medium it has the names.
func (h *House) openPacks(ctx context.Context) (err error) {
	disk := h.opt.FS
	if h.rescue != nil {
		disk = h.rescue.disk
	}
	h.packs, err = dir.Open(ctx, dir.Config{FS: disk, Root: h.at.packs, Target: h.cfg.PackSize << 20, OnSeal: h.sealed, Known: func(share id.Share) pack.Position {
		p, err := h.books.Applied(context.Background(), share)
		if err != nil {
			h.opt.Log.Warn("the catalogue does not tell how far a share's packs go", "share", share, "err", err)
		}
		return p
	}})
	return err
}

// openVault opens the vault over packs, keeper and books.
func (h *House) openVault(ctx context.Context) (err error) {
	config := vault.Config{
		Packs: h.packs, Keeper: h.keeper.Keeper(), Catalogue: h.books, FS: h.opt.FS, Dir: h.at.vault, Rewriter: h.packs, Alone: h.syncing.exclude,
		Free: func() (int64, error) { return durable.Free(h.cfg.Data) }, Now: h.opt.Now, Log: h.opt.Log, Drafts: h.cfg.Drafts, Guard: h.guard, Alarm: h.alarm,
	}
	if h.rescue != nil {
		if err := h.lend(); err != nil {
			return err
		}
		config.Packs, config.Keeper = lent{h.packs, h}, lender{config.Keeper, h}
		config.Catalogue, config.Lend, config.Still = h.loan, h.loan.Lend, h.half
	}
	if len(h.opt.PreviewWorker) > 0 {
		workers := preview.Config{Command: h.opt.PreviewWorker, Log: h.opt.Log}
		h.painter = &painter{preview.NewWorkers(workers), preview.NewWorkers(workers)}
		config.Painter = h.painter
	}
	h.vault, err = vault.Open(ctx, config)
	return err
}

// painter makes the vault's pictures. Who looks at large ones does not keep the previews from being made.
type painter struct{ small, large *preview.Workers }

// Is implements vault.Painter.
func (*painter) Is(name string) bool { return preview.Is(name) }

// Paint implements vault.Painter.
func (p *painter) Paint(ctx context.Context, name string, size int64, content io.Reader, edge int) ([]byte, error) {
	workers := p.small
	if edge > preview.Small {
		workers = p.large
	}
	b, _, err := workers.Make(ctx, name, size, content, edge)
	return b, err
}

// openBooks opens the catalogue. One that cannot be read is thrown away: the packs are the truth, and what is
// missing in the books is read from them when a share is first used.
func (h *House) openBooks(ctx context.Context) error {
	if err := h.opt.FS.MkdirAll(filepath.Dir(h.at.catalogue), 0o700); err != nil {
		return err
	}
	err := h.tryBooks(ctx)
	if !errors.Is(err, sqlite.ErrUnusable) {
		return err
	}
	h.opt.Log.Warn("the catalogue cannot be used and is made anew from the packs; the first use of a share takes its time", "err", err)
	if err := sqlite.Reset(h.at.catalogue); err != nil {
		return err
	}
	return h.tryBooks(ctx)
}

// tryBooks opens the catalogue's file, made on our disk where there is none: SQLite knows no owner but its own.
func (h *House) tryBooks(ctx context.Context) error {
	f, err := h.opt.FS.OpenFile(h.at.catalogue, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		h.books, err = h.openOwn(ctx)
	}
	return err
}

// sealed writes a pack's digest into the ledger, so that the store can be verified against it.
func (h *House) sealed(i pack.Info) {
	err := h.keeper.Keeper().Record(context.Background(), event.Event{
		Kind: event.PackSealed, When: h.opt.Now(), Share: i.Share, Pack: i.Pack, Size: i.Size, Digest: i.Digest,
	})
	if err != nil {
		h.opt.Log.Error("a sealed pack's digest is not in the ledger", "share", i.Share, "pack", i.Pack, "err", err)
	}
}

// Close ends the console's sessions and closes all parts. Acknowledged saves are durable before.
func (h *House) Close(ctx context.Context) error {
	h.mu.Lock()
	sessions := h.console
	h.console = make(map[string]account.Session)
	h.mu.Unlock()
	for _, s := range sessions {
		if err := h.keeper.Keeper().End(ctx, s.ID, "the program ended"); err != nil {
			h.opt.Log.Debug("session of the console", "err", err)
		}
	}
	return h.close(ctx)
}

// close closes what is open, in the order that lets each part finish what it has begun.
func (h *House) close(ctx context.Context) (err error) {
	if h.desk != nil {
		h.desk.Close()
	}
	if h.vault != nil {
		h.vault.Close()
	}
	if h.alerts != nil {
		h.alerts.Close()
	}
	if h.painter != nil {
		h.painter.small.Close()
		h.painter.large.Close()
	}
	if h.packs != nil {
		err = errors.Join(err, h.packs.Close())
	}
	if h.loan != nil {
		err = errors.Join(err, h.loan.Close())
	}
	if h.books != nil {
		err = errors.Join(err, h.books.Close())
	}
	if h.keeper != nil {
		err = errors.Join(err, h.keeper.Close(ctx))
	}
	if h.unlock != nil {
		err = errors.Join(err, h.unlock())
	}
	if err != nil {
		return fmt.Errorf("close the vault: %w", err)
	}
	return nil
}

// API returns the handler that commands talk to.
func (h *House) API() http.Handler { return api.New(h.apiConfig(h.consoleSession, nil)) }

func (h *House) apiConfig(session func(*http.Request) (account.Session, error), front *api.Front) api.Config {
	return api.Config{
		Session: session, Front: front, Vault: h.vault, People: h.keeper.local, Ledger: h.keeper, Desk: h.desk, House: h.id, Page: h.page, Scribe: h.desk, Media: h, Logs: h,
		Status: h.Status, Alert: h.TestAlert, Now: h.opt.Now, Log: h.opt.Log,
	}
}

// consoleSession returns the live session of the user of the machine who sends a request.
func (h *House) consoleSession(r *http.Request) (account.Session, error) {
	name, err := consoleUser(r.RemoteAddr)
	if err != nil {
		return account.Session{}, problem.New(problem.Unauthenticated, "log in", "", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.console[name]; ok && h.opt.Now().Before(s.Expires) {
		if _, err := h.keeper.Keeper().Shares(r.Context(), s.ID); problem.KindOf(err) != problem.Unauthenticated {
			return s, nil
		}
	}
	s, err := h.keeper.Keeper().Login(r.Context(), account.Credentials{
		Name: name, Factor: account.Console, Door: "console", Software: r.UserAgent(),
	})
	if err != nil {
		return account.Session{}, err
	}
	h.console[name] = s
	return s, nil
}

// Status tells about the installation.
func (h *House) Status(context.Context) (api.Status, error) {
	free, err := durable.Free(h.cfg.Data)
	if err != nil {
		return api.Status{}, problem.New(problem.Internal, "measure space", h.cfg.Data, err)
	}
	s := api.Status{Version: Version(), Started: h.started.UTC(), Data: h.cfg.Data, Free: free, Vault: h.vault.Status(), Config: h.cfg.Settings()}
	h.mu.Lock()
	s.Serving, s.Listeners = h.serving, h.listeners
	h.mu.Unlock()
	s.Keeper, s.Ledger = h.keeper.Status()
	if h.scribe != nil {
		s.Ledger.Bucket = h.scribe.state()
	}
	if s.Certificate = h.showsNow(); s.Certificate != nil {
		s.Listeners = slices.Clone(s.Listeners)
		for i, l := range s.Listeners {
			if l.Fingerprint != "" && l.Door != "sftp" {
				s.Listeners[i].Fingerprint = s.Certificate.Fingerprint
			}
		}
	}
	s.Isolated, s.Restore = h.keeper.local.Isolated(), h.restore()
	return s, nil
}

// Version returns the program's version, as the build recorded it.
func Version() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := b.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "0.1.0-dev"
}
