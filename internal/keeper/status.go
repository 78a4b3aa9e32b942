package keeper

import (
	"context"
	"io/fs"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
)

// Status tells about the keeper. It names nobody and nothing.
type Status struct {
	Protection Protection `json:"protection"`
	Caution    string     `json:"caution"` // key of a text in package lang: what the protection does not protect against
	Origin     string     `json:"origin"`
	PublicKey  string     `json:"public_key"`
	Entries    int64      `json:"entries"`
	Heartbeat  time.Time  `json:"heartbeat"`
	Founded    time.Time  `json:"founded"` // when the first of the accounts and shares was made that there are
	Sessions   int        `json:"sessions"`
	Accounts   int        `json:"accounts"`
	Shares     int        `json:"shares"`

	Witnessing account.Witnessing     `json:"witnessing"`
	Witnesses  []account.WitnessState `json:"witnesses"`
}

// cautions say honestly what each protection does not do.
var cautions = map[Protection]string{
	custody.KeyFile:    "say.caution-key-file",
	custody.Passphrase: "say.caution-passphrase",
	custody.Credential: "say.caution-credential",
}

// Status tells about the keeper.
func (l *Local) Status() Status {
	l.mu.Lock()
	beat := l.beat
	l.mu.Unlock()
	b, p := l.books.Load(), l.keys.Protection()
	return Status{Protection: p, Caution: cautions[p], Origin: l.keys.LedgerOrigin(), PublicKey: l.keys.LedgerPublicKey(), Entries: l.log.Size(),
		Heartbeat: beat, Founded: b.founded(), Sessions: l.sessions.count(l.now()), Accounts: len(b.Accounts), Shares: len(b.Shares),
		Witnessing: showWitnessing(b.Witnessing), Witnesses: l.quorumState()}
}

func (b *books) founded() (first time.Time) {
	look := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	for _, a := range b.Accounts {
		look(a.Created)
	}
	for _, s := range b.Shares {
		look(s.Created)
	}
	return first
}

// Ledger returns the ledger's directory for reading.
func (l *Local) Ledger() fs.FS { return l.log.Files() }

// Head returns size and root of the ledger, as far as it is durable.
func (l *Local) Head() ledger.Head { return l.log.Head() }

// Checkpoint returns the signed head, for a witness or for paper.
func (l *Local) Checkpoint(ctx context.Context) ([]byte, error) { return l.log.Checkpoint(ctx) }
