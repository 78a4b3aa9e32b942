package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
	"github.com/azekura/azekura/internal/witness"
)

// Config says where a keeper lives and how it behaves.
type Config struct {
	FS        durable.FS
	Dir       string // state and keys
	LedgerDir string
	LogDir    string // lines of appliances; "" is beside the ledger
	Secret    Secret
	Version   string // of the program, for the ledger
	Now       func() time.Time
	Log       *slog.Logger // nil discards

	// Console lets local commands act as administrator. The caller vouches that they come from somebody who could
	// read the keeper's own files.
	Console bool
	// AcceptRollback opens a keeper whose ledger or state is older than what was last seen, or another one, and
	// records that it did and what is missing.
	AcceptRollback bool
	// Restore opens a ledger whose write-ahead files are missing or damaged; with AcceptRollback.
	Restore bool

	// Restored says that keeper and ledger were made again of a copy, and have not been opened since; nil: they were not. It opens the ledger
	// without its write-ahead files, and is the first that the ledger tells.
	Restored *Restored

	// Thawed is told of each freeze that is lifted; nil: nobody is.
	Thawed func(account.Stop)
	// Froze is told of each freeze by a person; nil: nobody is.
	Froze func(account.Stop)

	// Erased is told of each share whose keys were destroyed; nil: nobody is.
	Erased func(account.Share)

	// Alarm is told of readings that people must hear of; nil: nobody is. It does not wait.
	Alarm func(Alarm)

	// Ended is called by Close when the last entry is there, and Published and SignSink can still be asked: nothing comes after what is copied
	// then. nil: nobody keeps a copy.
	Ended func(ctx context.Context)

	// Provider is the firm's identity provider, if it has one.
	Provider Provider

	// Witnesses carries requests to the witnesses of the ledger; nil: the usual transport.
	Witnesses http.RoundTripper

	// LedgerAway says that the ledger is read from a medium yet: nobody waits for what takes the longer, the longer it is.
	LedgerAway bool

	LeaseTTL   time.Duration // 0 means 5 minutes
	SessionTTL time.Duration // 0 means 12 hours
	IdleTTL    time.Duration // 0 means 2 hours
	Hashing    *Hashing      // what a hash of a memorised password costs; nil means 3 passes over 64 MiB

	ledgerFile int64 // size of the ledger's write-ahead files in tests; 0 is the ledger's own
}

func (c Config) withDefaults() Config {
	if c.LeaseTTL == 0 {
		c.LeaseTTL = 5 * time.Minute
	}
	if c.SessionTTL == 0 {
		c.SessionTTL = 12 * time.Hour
	}
	if c.LogDir == "" {
		c.LogDir = filepath.Join(filepath.Dir(c.LedgerDir), "logbook")
	}
	if c.IdleTTL == 0 {
		c.IdleTTL = 2 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// cost returns what a hash of a password costs.
func (c Config) cost() Hashing {
	if c.Hashing == nil {
		return Hashing{}.OrDefault()
	}
	return c.Hashing.OrDefault()
}

func (c Config) custody() custody.Config {
	return custody.Config{FS: c.FS, Dir: c.Dir, Secret: c.Secret, Cost: c.cost()}
}

// Secret is what opens the keeper's root; see FromKeyFile, FromPassphrase and FromCredential.
type Secret = custody.Secret

// FromKeyFile is a file that only the keeper's user can read. Init makes it. Who can read it and the keeper's
// other files has all keys.
func FromKeyFile(path string) Secret { return custody.FromKeyFile(path) }

// FromPassphrase is a passphrase that somebody types at each start.
func FromPassphrase(text string) Secret { return custody.FromPassphrase(text) }

// FromCredential is the credential azekura-root of systemd, which can tie it to the machine's TPM.
func FromCredential(dir string) Secret { return custody.FromCredential(dir) }

// Protection says what opens the root.
type Protection = custody.Protection

// Local is the keeper in this process. Safe for concurrent use.
type Local struct {
	cfg      Config
	keys     *custody.Custody
	log      *ledger.Log
	sealer   *ledger.Sealer
	sessions *sessions
	throttle *throttle
	failures *failures     // to log in
	refusals *failures     // of releases
	hashing  chan struct{} // a token for each password of a stranger that is being hashed
	indoors  chan struct{} // the same of those who are known, so that no flood of strangers makes them wait
	decoy    hashed        // verified for unknown names, so that they take as long as known ones
	proofKey seal.Key      // of this run, for the secrets of live sessions

	tickets  *tickets   // logins under way
	answers  answers    // of the identity provider that are being looked at
	codes    *throttle  // of codes, which are shorter than passwords
	papering sync.Mutex // held while papers or cards are made: taken before writing
	writing  sync.Mutex // held during a change of books, the disk's time included
	books    atomic.Pointer[books]

	ending sync.Mutex // held while keys of shares are destroyed: taken before writing

	reading sync.Mutex
	diary   *diary // guarded by reading: what accounts read today

	logs      logs
	spans     spans
	aging     aging
	lookups   lookups
	inquiring sync.Mutex // held while a log of inquiries is read and written

	listing  sync.Mutex               // held while a list of breached passwords is read
	breached atomic.Pointer[breached] // nil: there is none

	times times // of the ledger's entries

	watching  sync.Mutex        // held while witnesses are changed
	quorum    *witness.Quorum   // guarded by watching; nil: there are none
	watched   []account.Witness // guarded by watching: who is in quorum
	unwatched bool              // guarded by watching: they are asked no more

	leaving chan struct{} // closed by Close: nobody waits for witnesses any more
	stop    chan struct{} // closed by Close, once nothing is at work
	done    chan struct{} // closed when the heartbeats have ended
	busy    sync.WaitGroup
	mu      sync.Mutex
	closed  bool        // guarded by mu; no Add to busy after it
	copying atomic.Bool // Ended is being called
	beat    time.Time   // guarded by mu: the last heartbeat
}

var _ Keeper = (*Local)(nil)

const (
	publicFile = "public-key"
	heartbeat  = time.Minute
	hashings   = 2 // passwords of strangers hashed at once, and those of others
)

// Exists reports whether there is a keeper in a directory.
func Exists(fsys durable.FS, dir string) (bool, error) { return custody.Exists(fsys, dir) }

// Init makes a new keeper. It refuses a directory that has one.
func Init(ctx context.Context, cfg Config) error {
	keys, err := custody.Create(ctx, cfg.withDefaults().custody())
	if err != nil {
		return err
	}
	keys.Zero()
	return nil
}

// Open starts the keeper. It refuses a ledger that is older than, or another one than, the last that it knows of.
func Open(ctx context.Context, cfg Config) (_ *Local, err error) {
	cfg = cfg.withDefaults()
	keys, err := custody.Open(ctx, cfg.custody())
	if err != nil {
		return nil, err
	}
	l := &Local{cfg: cfg, keys: keys, sessions: newSessions(cfg.IdleTTL), throttle: newThrottle(passwordLimits), codes: newThrottle(codeLimits), tickets: newTickets(), failures: newFailures(event.LoginFailed),
		refusals: newFailures(event.Refused), hashing: make(chan struct{}, hashings), indoors: make(chan struct{}, hashings), proofKey: seal.NewKey(), diary: newDiary(),
		leaving: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
	defer func() {
		if err != nil {
			l.unwatch()
			if l.log != nil {
				err = errors.Join(err, l.log.Close())
			}
			keys.Zero()
		}
	}()
	b, err := l.loadState()
	if err != nil {
		return nil, err
	}
	l.books.Store(b)
	l.decoy = newDecoy(cfg.cost())
	if err := l.openLedger(ctx); err != nil {
		return nil, err
	}
	lost, err := l.compareHead(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Restored != nil { // before anybody outside is asked
		if err := l.isolate(); err != nil {
			return nil, err
		}
	}
	if err := l.compareWitnesses(ctx); err != nil {
		return nil, err
	}
	if cfg.Restored != nil {
		lost = append(lost, l.restored(*cfg.Restored))
	}
	if err := l.append(ctx, append(lost, event.Event{Kind: event.Started, Note: cfg.Version})...); err != nil {
		return nil, err
	}
	if err := l.saveHead(); err != nil {
		return nil, err
	}
	if cfg.Restored == nil { // else nobody reads until it is opened again
		l.recall(ctx)
	}
	if err := l.endShares(ctx); err != nil {
		l.cfg.Log.ErrorContext(ctx, "keys of shares whose end is decided are not destroyed yet; it is tried again each minute", "err", err)
	}
	if err := l.sweepBlobs(); err != nil {
		l.cfg.Log.ErrorContext(ctx, "files that nothing names any more could not be removed", "err", err)
	}
	if err := l.openLogs(ctx); err != nil {
		l.cfg.Log.ErrorContext(ctx, "the lines of appliances cannot be opened; none can be kept or shown", "err", err)
	}
	l.beat = l.now()
	l.lookForList()
	go l.beats()
	return l, nil
}

// openLedger opens the ledger and puts its public key beside it.
func (l *Local) openLedger(ctx context.Context) (err error) {
	signer, verifier := l.keys.Signer()
	l.log, err = ledger.Open(ctx, ledger.Config{FS: l.cfg.FS, Dir: l.cfg.LedgerDir, Origin: l.keys.LedgerOrigin(), Signer: signer,
		Verifier: verifier, Log: l.cfg.Log, Restore: l.cfg.Restore && l.cfg.AcceptRollback || l.cfg.Restored != nil, FileSize: l.cfg.ledgerFile})
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); ok {
			return err
		}
		return &problem.Error{Kind: problem.Damaged, Op: "open ledger", On: l.cfg.LedgerDir, Hint: "hint.ledger-damaged", Err: err}
	}
	l.sealer = ledger.NewSealer(l.keys.LedgerSealing())
	name := filepath.Join(l.cfg.LedgerDir, publicFile)
	public := l.keys.LedgerPublicKey() + "\n"
	if old, err := durable.ReadFile(l.cfg.FS, name); err == nil && string(old) == public {
		return nil
	}
	if err := durable.WriteFile(l.cfg.FS, name, []byte(public), 0o644); err != nil {
		return &problem.Error{Kind: problem.Unavailable, Op: "open ledger", On: name, Hint: "hint.disk", Err: err}
	}
	return nil
}

// Close ends all sessions, records the end and overwrites the keys. It waits for what is at work.
func (l *Local) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	close(l.leaving)
	l.busy.Wait()
	close(l.stop)
	<-l.done
	err := errors.Join(
		l.endWhere(ctx, func(account.Session) bool { return true }, "the keeper stopped"),
		l.recordFailures(ctx),
		l.countedLookups(ctx),
		l.countedLogs(ctx),
		l.append(ctx, event.Event{Kind: event.Stopped}),
		l.saveUses(),
	)
	err = errors.Join(err, l.saveHead()) // what follows waits for others, and may be ended from outside
	l.lastHead(ctx)
	l.lastCopy(ctx)
	l.unwatch()
	err = errors.Join(err, l.log.Close(), l.saveHead())
	if b := l.breached.Load(); b != nil {
		err = errors.Join(err, b.file.Close())
	}
	l.closeLogs()
	l.sealer.Zero()
	l.proofKey.Zero()
	l.keys.Zero()
	return err
}

// lastCopy lets whoever keeps a copy of the ledger have what was recorded last.
func (l *Local) lastCopy(ctx context.Context) {
	if l.cfg.Ended == nil {
		return
	}
	l.copying.Store(true)
	l.cfg.Ended(ctx)
	l.copying.Store(false)
}

// beats writes a heartbeat each minute until Close.
func (l *Local) beats() {
	defer close(l.done)
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	var last time.Time
	for {
		passed := heartbeat
		select {
		case <-l.stop:
			return
		case at := <-t.C:
			if !last.IsZero() {
				passed = at.Sub(last) // as the machine counts, however its clock is set
			}
			last = at
		}
		ctx, cancel := context.WithTimeout(context.Background(), heartbeat)
		if err := l.heartbeat(ctx, passed); err != nil {
			l.cfg.Log.ErrorContext(ctx, "no heartbeat in the ledger", "err", err)
		}
		cancel()
	}
}

// heartbeat records that the keeper lives, and how much time has passed since the last one, with what has gathered since then, publishes the ledger and
// notes its head.
func (l *Local) heartbeat(ctx context.Context, passed time.Duration) error {
	if err := l.append(ctx, event.Event{Kind: event.Heartbeat, Size: passed.Milliseconds()}); err != nil {
		return err
	}
	l.mu.Lock()
	l.beat = l.now()
	l.mu.Unlock()
	l.lookForList()
	_, published := l.log.Publish(ctx)
	l.tellWitnesses()
	return errors.Join(l.sweep(ctx), l.endShares(ctx), l.recordFailures(ctx), l.saveLookups(ctx), l.tidyReceipts(ctx), l.tidyLookups(ctx), l.tidyLogs(ctx), published, l.saveHead(), l.learnTimes(ctx))
}

// recordFailures sums up the failures that were not recorded one by one.
func (l *Local) recordFailures(ctx context.Context) (err error) {
	for _, f := range []*failures{l.failures, l.refusals} {
		sums := f.sums()
		if e := l.append(ctx, sums...); e != nil {
			f.again(sums)
			err = errors.Join(err, e)
		}
	}
	return err
}

// saveUses writes the books if devices were used since they were written.
func (l *Local) saveUses() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	b := l.books.Load()
	for _, a := range b.Accounts {
		for _, d := range a.Devices {
			if l.sessions.lastUse(d.ID, d.Used) != d.Used {
				return l.saveState(b)
			}
		}
		for _, t := range a.Tokens {
			if l.sessions.lastUse(t.ID, t.Used) != t.Used {
				return l.saveState(b)
			}
		}
	}
	return nil
}

// Format prints a word instead of what is in it, whatever the verb: there are keys.
func (*Local) Format(s fmt.State, _ rune) { io.WriteString(s, "(keeper)") }

// AlertKey returns the key with which the storehouse seals alerts that wait.
func (l *Local) AlertKey() (seal.Key, error) { return l.keys.AlertKey() }
