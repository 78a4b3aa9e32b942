// Package cases answers what people must know and say after an incident: what was altered, what could have been read, of whom, by when
// it must be told. It asks the vault for names, damage and rosters and the keeper for the ledger, and decides nothing: the numbers are
// package exposure's, the days package deadline's.
package cases

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// House is what a case asks of the vault.
type House interface {
	Objects(ctx context.Context, s account.Session, share pathname.Path) iter.Seq2[vault.Object, error]
	// Mends grows with all that changes what damage is told: what is put back, decided about or verified. Ordinary saves do not.
	Mends() int64
	Mark(ctx context.Context, s account.Session, share pathname.Path) (int64, error)
	Harm(ctx context.Context, s account.Session, share pathname.Path, by vault.Suspects, tell func(vault.Harm) error) (vault.Extent, error)
	Digest(ctx context.Context, s account.Session, i vault.Info) ([32]byte, error)
	Roster(ctx context.Context, s account.Session, share pathname.Path, most int64) ([]byte, vault.Info, error)
	FormerRosters(ctx context.Context, s account.Session, share pathname.Path, most int64) iter.Seq2[[]byte, error]
	SaveRoster(ctx context.Context, s account.Session, share pathname.Path, content []byte) (vault.Info, error)
}

// Books is what a case asks of the keeper.
type Books interface {
	Concerned(ctx context.Context, s id.Session) ([]account.Share, error)
	Register(ctx context.Context, s id.Session) ([]account.RegisterLine, error)
	Cases(ctx context.Context, s id.Session) ([]account.Case, error)
	Events(ctx context.Context, s id.Session, f keeper.Filter) iter.Seq2[keeper.Entry, error]
	Audit(ctx context.Context, s id.Session) (keeper.Audit, error)
	Case(ctx context.Context, s id.Session, n string) (account.Case, error)
	// Parties are its suspects as the vault knows them.
	Parties(ctx context.Context, s id.Session, n string) ([]account.Suspect, error)
	Timeline(ctx context.Context, s id.Session, n string, q account.TimelineQuery) (account.Timeline, error)
	Accounts(ctx context.Context, s id.Session) ([]account.Account, error)
	Renewal(ctx context.Context, s id.Session) (account.Renewal, error)
	Stops(ctx context.Context, s id.Session) ([]account.Stop, error)
	Media(ctx context.Context, s id.Session) ([]account.Medium, error)
	Duties() account.Duties
	FirmFacts(ctx context.Context, s id.Session) (account.Firm, error)
	Papers(ctx context.Context, s id.Session, n string) (content []byte, generation int, err error)
	SetPapers(ctx context.Context, s id.Session, n string, content []byte, generation int) error
	SetFact(ctx context.Context, s id.Session, n, key, value string) error
	Lookup(ctx context.Context, s id.Session, n string) (account.Lookup, error)
	Attach(ctx context.Context, s id.Session, n, name string, content []byte) (account.Attachment, error)
}

// Desk works on cases.
type Desk struct {
	House House
	Books Books
	Now   func() time.Time
	Page  func(path string) string // the address of a page for people outside; "": there is none. nil: none at all
	Font  string                   // the file of the font for PDFs; "": one that the machine has

	covers covers     // of the rosters of shares, each as it was last found out
	saving sync.Mutex // held while a roster is changed
	mu     sync.Mutex
	recent map[viewer]*Findings  // guarded by mu
	works  []*work               // guarded by mu: what is being computed
	closed bool                  // guarded by mu
	heads  map[string]head       // guarded by mu, by case
	public map[string][]string   // guarded by mu: schools that rosters call public bodies, by the share, of all that were read since the start
	sums   map[[32]byte][32]byte // guarded by mu: SHA-256 of notes, by the keyed hash of their content

	working sync.WaitGroup // for works
}
