package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// ReadingKey is what somebody needs to read a copy of the ledger: the key of its entries, and for each share
// its name and the key of its paths. It opens no content and no name in the vault itself.
type ReadingKey struct {
	Made      time.Time // when it was given away; later shares are not in it
	Origin    string
	PublicKey string // verifies the ledger's heads
	entries   seal.Key
	shares    map[id.Share]shareReader
}

// Knows returns nil if a filter's share is one that the key reads, by its name or its identifier.
func (k *ReadingKey) Knows(share string) error {
	for n, s := range k.shares {
		if pathname.Key(share) == pathname.Key(s.name) || share == n.String() {
			return nil
		}
	}
	if share == "" {
		return nil
	}
	return &problem.Error{Kind: problem.NotFound, Op: "read ledger", On: share, Hint: "hint.no-share"}
}

// Format prints a word instead of the keys, whatever the verb.
func (ReadingKey) Format(s fmt.State, _ rune) { io.WriteString(s, "(reading key)") }

// shareReader reads what the ledger says of one share.
type shareReader struct {
	name  string
	paths seal.Key
}

// readingKeyJSON is the file that ReadingKey travels in, docs/format.md.
type readingKeyJSON struct {
	Format    int                `json:"format"`
	Made      time.Time          `json:"made"`
	Origin    string             `json:"origin"`
	PublicKey string             `json:"public_key"`
	Entries   seal.Plain         `json:"entries"`
	Shares    []readingShareJSON `json:"shares"`
}

type readingShareJSON struct {
	ID    id.Share   `json:"id"`
	Name  string     `json:"name"`
	Paths seal.Plain `json:"paths"`
}

// ParseReadingKey reads what Local.ReadingKey gave away.
func ParseReadingKey(b []byte) (*ReadingKey, error) {
	var j readingKeyJSON
	err := json.Unmarshal(b, &j)
	if err == nil && j.Format != 1 {
		err = fmt.Errorf("format %d", j.Format)
	}
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "read ledger", Hint: "hint.reading-key", Err: fmt.Errorf("reading key: %w", err)}
	}
	k := &ReadingKey{Made: j.Made, Origin: j.Origin, PublicKey: j.PublicKey, entries: seal.Key(j.Entries), shares: make(map[id.Share]shareReader)}
	for _, s := range j.Shares {
		k.shares[s.ID] = shareReader{s.Name, seal.Key(s.Paths)}
	}
	return k, nil
}

// Zero overwrites the keys.
func (k *ReadingKey) Zero() {
	k.entries.Zero()
	clear(k.shares)
}

// Disclosed is what one entry says, with the keys that show it: they open this entry, and these paths, and nothing else.
type Disclosed struct {
	Event event.Event
	Key   seal.Key
	Paths []DisclosedPath
}

// DisclosedPath is a path of Event.Files.
type DisclosedPath struct {
	File int // its index there
	Path string
	Key  seal.Key
}

// Disclose opens an entry for others, with the paths of those of its files that pick says yes to.
func (k *ReadingKey) Disclose(entry []byte, pick func(event.File) bool) (d Disclosed, err error) {
	e := openEntry(k, 0, entry)
	if e.Closed != "" {
		return d, &problem.Error{Kind: problem.Denied, Op: "read ledger", Hint: "hint.reading-key", Err: errors.New("an entry does not open: " + e.Closed)}
	}
	d.Event = e.Event
	if d.Key, err = ledger.EntryKey(k.entries, entry); err != nil {
		return d, err
	}
	paths := k.shares[e.Event.Share].paths
	for i, f := range e.Event.Files {
		if paths == (seal.Key{}) || !pick(f) {
			continue
		}
		p, err := paths.OpenOnce(nil, f.Path, nil)
		if err != nil { // sealed by somebody else: it stays closed
			continue
		}
		key, err := paths.OnceKey(f.Path)
		if err != nil {
			return d, err
		}
		d.Paths = append(d.Paths, DisclosedPath{i, string(p), key})
	}
	return d, nil
}

// Follows reports whether the key of one entry is the one that follows from the keys of all. Who has these sees with it that no second key was
// prepared for the entry.
func (k *ReadingKey) Follows(entry []byte, key seal.Key) bool {
	made, err := ledger.EntryKey(k.entries, entry)
	return err == nil && made == key
}

// ReadingKey returns the key for an auditor, as JSON. Giving it away is recorded first: from then on whoever has
// it can read the ledger as far as it goes.
func (l *Local) ReadingKey(ctx context.Context, s id.Session) ([]byte, error) {
	const op = "give reading key"
	leave, err := l.enter(op)
	if err != nil {
		return nil, err
	}
	defer leave()
	by, err := l.live(s)
	if err != nil {
		return nil, err
	}
	if !l.books.Load().may(by, account.ReadLedger) || by.Factor == account.ByToken {
		return nil, notAllowed(op)
	}
	if err := l.fresh(by, op); err != nil {
		return nil, err
	}
	if err := l.append(ctx, acting(event.ReadingKeyGiven, by)); err != nil {
		return nil, err
	}
	k, err := l.readingKey()
	if err != nil {
		return nil, err
	}
	defer k.Zero()
	if err := l.power(s, account.ReadLedger, op); err != nil { // it may have ended while it was recorded
		return nil, err
	}
	j := readingKeyJSON{Format: 1, Made: k.Made, Origin: k.Origin, PublicKey: k.PublicKey, Entries: seal.Plain(k.entries), Shares: []readingShareJSON{}}
	for _, sh := range l.books.Load().Shares {
		if r, ok := k.shares[sh.ID]; ok {
			j.Shares = append(j.Shares, readingShareJSON{sh.ID, sh.Name, seal.Plain(r.paths)})
		}
	}
	b, err := json.MarshalIndent(j, "", "\t")
	if err != nil {
		return nil, problem.New(problem.Internal, op, "", err)
	}
	return append(b, '\n'), nil
}

// readingKey collects the keys for reading the ledger. A share whose keys are destroyed keeps its name; its
// paths stay closed.
func (l *Local) readingKey() (*ReadingKey, error) {
	k := &ReadingKey{Made: l.now(), Origin: l.keys.LedgerOrigin(), PublicKey: l.keys.LedgerPublicKey(),
		entries: l.keys.LedgerSealing(), shares: make(map[id.Share]shareReader)}
	for _, sh := range l.books.Load().Shares {
		r, err := l.shareReader(sh.ID, sh.Name)
		if err != nil {
			return nil, err
		}
		k.shares[sh.ID] = r
	}
	return k, nil
}

// shareReader is what reads the entries about a share: the name alone, where its keys are destroyed or missing.
func (l *Local) shareReader(share id.Share, name string) (shareReader, error) {
	paths, err := l.keys.PathKey(share)
	if errors.Is(err, custody.ErrNoKeys) {
		err = nil
	}
	return shareReader{name, paths}, err
}
