package storehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/oidc"
	"github.com/azekura/azekura/internal/problem"
)

// embedded is the keeper in this process, as the API speaks to it. What the storehouse itself may ask is
// keeper.Keeper alone; about people and the ledger it is asked by the API, each call of which it checks and records.
type embedded struct {
	local    *keeper.Local
	provider *oidc.Provider // nil: the firm has none
}

func keeperConfig(cfg Config, at layout, opt Options) (keeper.Config, error) {
	c := keeper.Config{
		FS: opt.FS, Dir: at.keeper, LedgerDir: at.ledger, LogDir: at.logbook, Version: Version(), Now: opt.Now, Log: opt.Log, Console: true,
		AcceptRollback: opt.acceptRollback, Restore: opt.acceptRollback,
		LeaseTTL: time.Duration(cfg.LeaseTime), SessionTTL: time.Duration(cfg.SessionTime), IdleTTL: time.Duration(cfg.SessionTime), Hashing: opt.hashing,
	}
	_, c.LedgerAway = opt.FS.(*borrowing)
	if cfg.OIDCIssuer != "" {
		secret, err := secretFile(cfg.OIDCSecretFile)
		if err != nil {
			return c, err
		}
		c.Provider = oidc.New(oidc.Config{Issuer: cfg.OIDCIssuer, Client: cfg.OIDCClient, Secret: secret, Now: opt.Now})
	}
	switch cfg.Protection {
	case "passphrase":
		if opt.Passphrase == nil {
			return c, &problem.Error{Kind: problem.Unauthenticated, Op: "open vault", On: cfg.Data, Hint: "hint.passphrase"}
		}
		p, err := opt.Passphrase()
		if err != nil {
			return c, err
		}
		c.Secret = keeper.FromPassphrase(string(p))
	case "credential":
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return c, &problem.Error{Kind: problem.Unauthenticated, Op: "open vault", On: cfg.Data, Hint: "hint.credential"}
		}
		c.Secret = keeper.FromCredential(dir)
	default:
		c.Secret = keeper.FromKeyFile(at.key)
	}
	return c, nil
}

func createKeeper(ctx context.Context, cfg Config, at layout, opt Options) error {
	c, err := keeperConfig(cfg, at, opt)
	if err != nil {
		return err
	}
	return keeper.Init(ctx, c)
}

// openKeeper opens the keeper. h is told of what it does; nil: nobody is.
func openKeeper(ctx context.Context, cfg Config, at layout, opt Options, h *House) (*embedded, error) {
	c, err := keeperConfig(cfg, at, opt)
	if err != nil {
		return nil, err
	}
	if h != nil {
		c.Thawed, c.Froze, c.Erased, c.Alarm, c.Ended = h.thawed, h.froze, h.erased, h.reading, h.lastPush
	}
	local, err := keeper.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	p, _ := c.Provider.(*oidc.Provider)
	return &embedded{local, p}, nil
}

// Keeper returns what the storehouse may ask.
func (e *embedded) Keeper() keeper.Keeper { return e.local }

// Close ends the keeper.
func (e *embedded) Close(ctx context.Context) error { return e.local.Close(ctx) }

// Healthy reports whether the keeper has written a heartbeat lately.
func (e *embedded) Healthy(now time.Time) bool {
	beat := e.local.Status().Heartbeat
	return beat.IsZero() || now.Sub(beat) < silence // zero: it has only just started
}

// silence is how long the keeper may be without a heartbeat, which it writes each minute.
const silence = 5 * time.Minute

// LedgerSize returns how many entries the ledger has.
func (e *embedded) LedgerSize() int64 { return e.local.Status().Entries }

// Status tells how keys are kept, and of the ledger.
func (e *embedded) Status() (api.KeeperStatus, api.LedgerStatus) {
	s := e.local.Status()
	return api.KeeperStatus{Place: "embedded", Protection: string(s.Protection), Sessions: s.Sessions},
		api.LedgerStatus{Size: s.Entries, Heartbeat: s.Heartbeat, PublicKey: s.PublicKey, Witnesses: api.WitnessesOf(s.Witnessing, s.Witnesses)}
}

// Witnesses tells who watches the ledger, and what is known of them.
func (e *embedded) Witnesses() (account.Witnessing, []account.WitnessState) {
	s := e.local.Status()
	return s.Witnessing, s.Witnesses
}

// Events implements api.Ledger.
func (e *embedded) Events(ctx context.Context, s account.Session, f api.EventFilter) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for entry, err := range e.local.Events(ctx, s.ID, Filter(f)) {
			var raw json.RawMessage
			if err == nil {
				raw, err = json.Marshal(entry)
			}
			if !yield(raw, err) || err != nil {
				return
			}
		}
	}
}

// Head implements api.Ledger.
func (e *embedded) Head(ctx context.Context, s account.Session) (api.LedgerHead, error) {
	if err := e.local.May(ctx, s.ID, account.ReadLedger, "read ledger"); err != nil {
		return api.LedgerHead{}, err
	}
	h, st := e.local.Head(), e.local.Status()
	return api.LedgerHead{Origin: st.Origin, Size: h.Size, Root: h.Root.String(), Text: h.Text(st.Origin), PublicKey: st.PublicKey}, nil
}

// ReadingKey implements api.Ledger.
func (e *embedded) ReadingKey(ctx context.Context, s account.Session) (json.RawMessage, error) {
	return e.local.ReadingKey(ctx, s.ID)
}

// Proof implements api.Ledger.
func (e *embedded) Proof(ctx context.Context, s account.Session, index int64) (api.Proof, error) {
	p, err := e.local.Proof(ctx, s.ID, index)
	if err != nil {
		return api.Proof{}, err
	}
	raw, err := json.Marshal(p.Entry)
	return api.Proof{Proof: string(p.Proof), Sealed: p.Sealed, PublicKey: p.PublicKey, Entry: raw}, err
}

// Filter returns the API's filter as the keeper understands it.
func Filter(f api.EventFilter) keeper.Filter {
	out := keeper.Filter{From: f.From, To: f.To, Actor: f.Actor, Share: f.Share, Path: f.Path, Limit: f.Limit, Newest: f.Newest, Before: f.Before, Look: f.Look}
	for _, k := range f.Kinds {
		out.Kinds = append(out.Kinds, event.Kind(k))
	}
	return out
}

// secretFile reads a secret of one line. A file that others can read is refused: it is no secret.
func secretFile(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	i, err := os.Stat(name)
	if err == nil && i.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("others may read it (%v); chmod 600", i.Mode().Perm())
	}
	if err != nil {
		return "", problem.New(problem.Invalid, "read configuration", name, err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", problem.New(problem.Invalid, "read configuration", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}
