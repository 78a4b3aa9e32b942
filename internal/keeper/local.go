package keeper

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Config says where a keeper lives and how it behaves.
type Config struct {
	FS        durable.FS
	Dir       string // state and keys
	LedgerDir string
	Secret    Secret
	Version   string // of the program, for the ledger
	Now       func() time.Time
	Log       *slog.Logger

	// Console lets local commands act as administrator. The caller vouches that they come from somebody who could
	// read the keeper's own files.
	Console bool
	// AcceptRollback opens a ledger that is older than the one last seen, and records that it did.
	AcceptRollback bool
	// Restore opens a ledger whose write-ahead files are missing or damaged.
	Restore bool

	LeaseTTL   time.Duration // 0 means 5 minutes
	SessionTTL time.Duration // 0 means 12 hours
	IdleTTL    time.Duration // 0 means 2 hours
	Hashing    *Hashing      // nil means the default costs of passwords
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

// Local is the keeper in this process.
type Local struct {
	cfg    Config
	keys   *custody.Custody
	log    *ledger.Log
	sealer *ledger.Sealer
	stop   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	state    state
	sessions map[id.Session]*session
	logins   map[loginKey]id.Session
	closed   bool
	beat     time.Time // the last heartbeat

	hashing  chan struct{} // bounds how many passwords are hashed at once
	throttle *throttle
	decoy    hashed // verified for unknown names, so that they take as long as known ones
}

var _ Keeper = (*Local)(nil)

const (
	publicFile = "public-key"
	heartbeat  = time.Minute
)

// state is what the state file holds.
type state struct {
	Version  int                                `json:"version"`
	Origin   string                             `json:"origin"`
	Accounts []*accountState                    `json:"accounts"`
	Shares   []*shareState                      `json:"shares"`
	Rights   map[id.Account]map[id.Share]Rights `json:"rights"`
}

type accountState struct {
	ID       id.Account     `json:"id"`
	Name     string         `json:"name"`
	Role     account.Role   `json:"role"`
	Disabled bool           `json:"disabled,omitempty"`
	Created  time.Time      `json:"created"`
	Password *hashed        `json:"password,omitempty"`
	Devices  []*deviceState `json:"devices,omitempty"`
}

type deviceState struct {
	ID      id.Device `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Hash    []byte    `json:"hash"` // SHA-256 of the device password, which is random
	used    time.Time
}

type shareState struct {
	ID      id.Share  `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// Rights says what an account may do in a share.
type Rights string

// The rights.
const (
	None  Rights = "none"
	Read  Rights = "read"
	Write Rights = "write"
)

func (c Config) withDefaults() Config {
	if c.LeaseTTL == 0 {
		c.LeaseTTL = 5 * time.Minute
	}
	if c.SessionTTL == 0 {
		c.SessionTTL = 12 * time.Hour
	}
	if c.IdleTTL == 0 {
		c.IdleTTL = 2 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Hashing == nil {
		c.Hashing = &Hashing{Time: 3, Memory: 64 << 10}
	}
	return c
}

// Exists reports whether there is a keeper in a directory.
func Exists(fsys durable.FS, dir string) (bool, error) { return custody.Exists(fsys, dir) }

// Init makes a new keeper. It refuses a directory that has one.
func Init(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	var name [4]byte
	rand.Read(name[:])
	keys, err := custody.Create(ctx, custody.Config{FS: cfg.FS, Dir: cfg.Dir, Secret: cfg.Secret,
		Origin: "azekura.local/ledger/" + hex.EncodeToString(name[:])})
	if errors.Is(err, custody.ErrExists) {
		return problem.New(problem.Exists, "make keeper", cfg.Dir, err)
	}
	if err != nil {
		return problem.New(problem.Internal, "make keeper", cfg.Dir, err)
	}
	keys.Zero()
	return nil
}

// Open starts the keeper. It refuses a ledger that is older than, or another one than, the last that it knows of.
func Open(ctx context.Context, cfg Config) (_ *Local, err error) {
	cfg = cfg.withDefaults()
	keys, err := custody.Open(ctx, custody.Config{FS: cfg.FS, Dir: cfg.Dir, Secret: cfg.Secret})
	if err != nil {
		if _, ok := errors.AsType[*problem.Error](err); !ok {
			err = &problem.Error{Kind: problem.Internal, Op: "open keeper", On: cfg.Dir, Hint: "hint.keeper-files", Err: err}
		}
		return nil, err
	}
	l := &Local{cfg: cfg, keys: keys, sessions: make(map[id.Session]*session), logins: make(map[loginKey]id.Session),
		stop: make(chan struct{}), hashing: make(chan struct{}, 2), throttle: newThrottle()}
	defer func() {
		if err != nil {
			keys.Zero()
			if l.log != nil {
				l.log.Close()
			}
		}
	}()
	if err := l.load(); err != nil {
		return nil, &problem.Error{Kind: problem.Damaged, Op: "open keeper", On: cfg.Dir, Hint: "hint.keeper-files", Err: err}
	}
	if err := l.openLedger(ctx); err != nil {
		return nil, err
	}
	l.decoy = newHashed(*cfg.Hashing, "no such account")
	notes := []event.Event{{Kind: event.Started, Note: cfg.Version}}
	if cfg.AcceptRollback || cfg.Restore {
		notes = append(notes, event.Event{Kind: event.Changed, Note: "opened in spite of a ledger that is older or damaged"})
	}
	if err := l.Record(ctx, notes...); err != nil {
		return nil, err
	}
	if err := l.saveHead(); err != nil {
		return nil, problem.New(problem.Internal, "open keeper", cfg.Dir, err)
	}
	l.done.Add(1)
	go l.beats()
	return l, nil
}

// openLedger opens the ledger and compares it with the head that was last seen.
func (l *Local) openLedger(ctx context.Context) error {
	signer, verifier := l.keys.Signer()
	var err error
	l.log, err = ledger.Open(ctx, ledger.Config{FS: l.cfg.FS, Dir: l.cfg.LedgerDir, Origin: l.keys.LedgerOrigin(), Signer: signer,
		Verifier: verifier, Log: l.cfg.Log, Restore: l.cfg.Restore})
	if err != nil {
		return &problem.Error{Kind: problem.Damaged, Op: "open ledger", On: l.cfg.LedgerDir, Hint: "hint.ledger-damaged", Err: err}
	}
	l.sealer = ledger.NewSealer(l.keys.LedgerSealing())
	name := filepath.Join(l.cfg.LedgerDir, publicFile)
	public := l.keys.LedgerPublicKey() + "\n"
	if old, err := durable.ReadFile(l.cfg.FS, name); err != nil || string(old) != public {
		if err := durable.WriteFile(l.cfg.FS, name, []byte(public), 0o644); err != nil {
			return problem.New(problem.Internal, "open ledger", "", err)
		}
	}
	seen, err := l.loadHead()
	if err != nil {
		return &problem.Error{Kind: problem.Damaged, Op: "open keeper", On: l.cfg.Dir, Hint: "hint.keeper-files", Err: err}
	}
	if err := l.log.Consistent(ctx, seen); err != nil && !l.cfg.AcceptRollback {
		return &problem.Error{Kind: problem.Damaged, Op: "open ledger", On: l.cfg.LedgerDir, Hint: "hint.ledger-rollback", Err: err}
	}
	return nil
}

// Close ends all sessions, records the end and forgets the keys.
func (l *Local) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	clear(l.sessions)
	clear(l.logins)
	l.mu.Unlock()
	close(l.stop)
	l.done.Wait()
	err := l.append(ctx, event.Event{Kind: event.Stopped})
	err = errors.Join(err, l.log.Close(), l.saveHead())
	l.sealer.Zero()
	l.keys.Zero()
	return err
}

// beats writes a heartbeat each minute, publishes the ledger, and notes its head.
func (l *Local) beats() {
	defer l.done.Done()
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
		}
		l.sweep()
		e := event.Event{Kind: event.Heartbeat}
		if n := l.throttle.takeUnrecorded(); n > 0 {
			e.Note = fmt.Sprintf("%d more failed logins", n)
		}
		ctx, cancel := context.WithTimeout(context.Background(), heartbeat)
		err := l.append(ctx, e)
		if err == nil {
			_, err = l.log.Publish(ctx)
		}
		cancel()
		if err = errors.Join(err, l.saveHead()); err != nil {
			l.cfg.Log.Error("heartbeat", "err", err)
			continue
		}
		l.mu.Lock()
		l.beat = l.cfg.Now()
		l.mu.Unlock()
	}
}

// Record implements Recorder.
func (l *Local) Record(ctx context.Context, events ...event.Event) error {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return problem.New(problem.Unavailable, "record", "", errors.New("the keeper is stopping"))
	}
	return l.append(ctx, events...)
}

// append makes events durable, all of them or an error. Nothing that depends on them may happen before.
func (l *Local) append(ctx context.Context, events ...event.Event) error {
	var entries [][]byte
	for _, e := range events {
		if e.When.IsZero() {
			e.When = l.cfg.Now()
		}
		e.When = e.When.UTC().Truncate(time.Millisecond)
		parts, err := e.Split()
		if err != nil {
			return problem.New(problem.TooLarge, "record", "", err)
		}
		for _, p := range parts {
			b, err := p.Marshal()
			if err != nil {
				return problem.New(problem.Internal, "record", "", err)
			}
			sealed, err := l.sealer.Seal(p.When, b)
			if err != nil {
				return problem.New(problem.Internal, "record", "", err)
			}
			entries = append(entries, sealed)
		}
	}
	if _, err := l.log.Append(ctx, entries...); err != nil {
		return &problem.Error{Kind: problem.Unavailable, Op: "record", Hint: "hint.ledger-unavailable", Err: err}
	}
	return nil
}

// load reads the state.
func (l *Local) load() error {
	l.state = state{Version: 1}
	plain, err := l.keys.LoadState()
	if err != nil {
		return err
	}
	defer clear(plain)
	if plain != nil {
		if err := json.Unmarshal(plain, &l.state); err != nil || l.state.Version != 1 {
			return errors.Join(fmt.Errorf("state of unknown version %d", l.state.Version), err)
		}
	}
	if l.state.Rights == nil {
		l.state.Rights = make(map[id.Account]map[id.Share]Rights)
	}
	return nil
}

// save writes the state; mu is held.
func (l *Local) save() error {
	plain, err := json.Marshal(l.state)
	if err != nil {
		return err
	}
	defer clear(plain)
	return l.keys.SaveState(plain)
}

func (l *Local) saveHead() error {
	plain, err := json.Marshal(l.log.Head())
	if err != nil {
		return err
	}
	return l.keys.SaveHead(plain)
}

// loadHead returns the head of the ledger that was seen last.
func (l *Local) loadHead() (h ledger.Head, err error) {
	plain, err := l.keys.LoadHead()
	if err != nil {
		return h, err
	}
	if plain == nil { // the very first start
		if l.log.Size() > 0 {
			return h, errors.New("there is a ledger, but nothing tells how far it went")
		}
		return l.log.Head(), nil
	}
	return h, json.Unmarshal(plain, &h)
}

// Status tells about the keeper.
type Status struct {
	Protection Protection `json:"protection"`
	Origin     string     `json:"origin"`
	PublicKey  string     `json:"public_key"`
	Entries    int64      `json:"entries"`
	Heartbeat  time.Time  `json:"heartbeat,omitzero"`
	Sessions   int        `json:"sessions"`
	Accounts   int        `json:"accounts"`
	Shares     int        `json:"shares"`
}

// Status tells about the keeper.
func (l *Local) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Status{Protection: l.keys.Protection(), Origin: l.keys.LedgerOrigin(), PublicKey: l.keys.LedgerPublicKey(), Entries: l.log.Size(), Heartbeat: l.beat,
		Sessions: len(l.sessions), Accounts: len(l.state.Accounts), Shares: len(l.state.Shares)}
}

// Ledger returns the ledger's directory for reading.
func (l *Local) Ledger() fs.FS { return l.log.Files() }

// clean makes a name as it is typed at a door comparable: without a Windows domain before it.
func clean(name string) string {
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	return name
}
