// Package sink keeps a copy of a ledger where nobody can change it for a time, in a bucket with Object Lock at somebody else's: its tiles and
// checkpoints as C2SP tlog-tiles lays them out, so that any client can read them. Nothing in it is more than the ledger's sealed entries.
//
// A witness refuses to sign another history; a sink only keeps what came. Whoever writes the ledger anew is found out by what lies there.
package sink

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// Ledger is whose copy is kept.
type Ledger interface {
	// Published returns the signed head of all entries, and the files that have them.
	Published(ctx context.Context) (checkpoint []byte, files fs.FS, err error)
	// Consistent returns nil if head was a head of the ledger, ledger.ErrShorter or ledger.ErrFork if not.
	Consistent(ctx context.Context, head ledger.Head) error
	// SignSink signs a text that begins with Line.
	SignSink(text string) ([]byte, error)
}

// Line begins what is signed for sinks. No checkpoint and no record of a medium begins so.
const Line = "azekura/v1 sink "

// The names of objects, beside the ledger's own.
const (
	ledgerDir  = "ledger"  // tlog-tiles
	headDir    = "heads"   // each checkpoint under its size, so that none is ever put over another
	overDir    = "over"    // which of several things under the name of a tile is ours, signed
	renewedDir = "renewed" // the days on which all locks were renewed, signed
)

const op = "copy the ledger to the bucket"

// Sink is a copy that is kept up. Push is for one at a time.
type Sink struct {
	Target medium.Locking
	Ledger Ledger
	Key    string // the ledger's public key
	Lock   time.Duration
	Now    func() time.Time

	mu      sync.Mutex
	known   bool        // what is there was looked at
	head    ledger.Head // of it
	renewed time.Time   // when all locks were renewed
}

// Push brings the copy up to the ledger's head, and returns it. Broken off at any moment, the next goes on. The error has the kind Conflict if what is
// there shows that the ledger was written anew or cut.
func (s *Sink) Push(ctx context.Context) (ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		head, _, err := newest(ctx, s.Target, s.Key)
		if err != nil {
			return s.head, err
		}
		if s.renewed, err = s.lastRenewed(ctx); err != nil {
			return s.head, err
		}
		s.head, s.known = head, true
	}
	var err error
	if s.head.Size > 0 {
		err = s.Ledger.Consistent(ctx, s.head)
	}
	if errors.Is(err, ledger.ErrShorter) || errors.Is(err, ledger.ErrFork) {
		return s.head, &problem.Error{Kind: problem.Conflict, Op: op, Hint: "hint.sink-rewritten", Err: err}
	}
	if err != nil {
		return s.head, err
	}
	signed, files, err := s.Ledger.Published(ctx)
	if err != nil {
		return s.head, err
	}
	head, err := ledger.CheckCheckpoint(signed, s.Key)
	if err != nil {
		return s.head, err
	}
	if head.Size > s.head.Size {
		if err := s.put(ctx, signed, files, head); err != nil {
			return s.head, err
		}
		s.head = head
	}
	return s.head, s.renew(ctx)
}

// Head is the head of what is known to be there.
func (s *Sink) Head() ledger.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}

// put puts what is new: tiles first, and the heads that stand on them last.
func (s *Sink) put(ctx context.Context, signed []byte, files fs.FS, head ledger.Head) error {
	r, err := ledger.NewReader(medium.WithCheckpoint(files, signed), s.Key)
	if err != nil {
		return err
	}
	for f, err := range r.FilesSince(ctx, s.head.Size) {
		if err == nil {
			err = s.putTile(ctx, ledgerDir+"/"+f.Name, f.Data)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range []string{headName(head.Size), ledgerDir + "/checkpoint"} {
		if err := medium.PutSmall(ctx, s.Target, name, signed); err != nil {
			return err
		}
	}
	return s.locked(ctx, headName(head.Size))
}

// locked compares until when what was just put is locked with what was asked for: not all that calls itself S3 does it.
func (s *Sink) locked(ctx context.Context, name string) error {
	want := s.Target.Until().Add(-time.Hour) // it took a moment
	_, _, until, err := s.Target.Stored(ctx, name, "")
	if err == nil && until.Before(want) {
		err = &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.bucket-unlocked", Err: fmt.Errorf("locked until %v, asked for %v", until, want)}
	}
	return err
}

// putTile puts a tile, and says so with a signature if somebody has put something under its name before: such names can be guessed.
func (s *Sink) putTile(ctx context.Context, name string, data []byte) error {
	if err := medium.PutSmall(ctx, s.Target, name, data); err != nil {
		return err
	}
	list, err := s.Target.Versions(ctx, name)
	if err != nil || len(list) < 2 {
		return err
	}
	text := fmt.Sprintf("%stile\n%s\n%x\n", Line, name, sha256.Sum256(data))
	signed, err := s.Ledger.SignSink(text)
	if err != nil {
		return err
	}
	return medium.PutSmall(ctx, s.Target, fmt.Sprintf("%s/%x", overDir, sha256.Sum256([]byte(text))), signed)
}

// renew locks everything that is needed for longer, once less than half of the time is left.
func (s *Sink) renew(ctx context.Context) error {
	now := s.Now()
	if s.head.Size == 0 || now.Sub(s.renewed) < s.Lock/2 {
		return nil
	}
	latest := headName(s.head.Size)
	if !s.renewed.IsZero() {
		err := s.Target.Renew(ctx, s.Target.Until(), func(name string) bool {
			return name == latest || strings.HasPrefix(name, overDir+"/") || strings.HasPrefix(name, ledgerDir+"/tile/") && !strings.Contains(name, ".p/")
		})
		if err != nil {
			return err
		}
	}
	day := now.UTC().Format(time.DateOnly)
	signed, err := s.Ledger.SignSink(fmt.Sprintf("%srenewed\n%s\n%d\n", Line, day, s.Lock/oneDay))
	if err != nil {
		return err
	}
	if err := medium.PutSmall(ctx, s.Target, renewedDir+"/"+day, signed); err != nil {
		return err
	}
	s.renewed = now
	return nil
}

const oneDay = 24 * time.Hour

// lastRenewed is when all locks were renewed; if that was for less than is asked for now, so much earlier.
func (s *Sink) lastRenewed(ctx context.Context) (time.Time, error) {
	v, err := note.NewVerifier(s.Key)
	if err != nil {
		return time.Time{}, err
	}
	names, err := namesOf(ctx, s.Target, renewedDir)
	if err != nil {
		return time.Time{}, err
	}
	for _, name := range slices.Backward(names) {
		day := strings.TrimPrefix(name, renewedDir+"/")
		t, err := time.Parse(time.DateOnly, day)
		if err != nil || t.After(s.Now()) {
			continue
		}
		longest := time.Duration(-1)
		_, err = find(ctx, s.Target, name, func(b []byte) bool {
			if n, err := note.Open(b, note.VerifierList(v)); err == nil {
				longest = max(longest, lockedFor(n.Text, day))
			}
			return false // one that was put later on that day may say more
		})
		if !errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, err
		}
		if longest >= 0 {
			return t.Add(min(0, longest-s.Lock)), nil
		}
	}
	return time.Time{}, nil
}

// lockedFor is for how long a signed text says that all was locked on a day; −1: it does not. One without days was written before they were.
func lockedFor(text, day string) time.Duration {
	rest, ok := strings.CutPrefix(text, Line+"renewed\n"+day+"\n")
	days, err := strconv.Atoi(strings.TrimSuffix(rest, "\n"))
	switch {
	case !ok || rest != "" && (err != nil || days < 0):
		return -1
	case rest == "":
		return 0
	}
	return time.Duration(days) * oneDay
}

func headName(size int64) string { return fmt.Sprintf("%s/%016x", headDir, size) }

// newest is the largest head that the ledger has signed. Somebody with the credentials can have put any number that are none in front of it; to leave off
// would hide the ledger, and to look at one costs no more than to put it.
func newest(ctx context.Context, t medium.Locking, key string) (head ledger.Head, signed []byte, err error) {
	names, err := namesOf(ctx, t, headDir)
	if err != nil {
		return head, nil, err
	}
	for _, name := range slices.Backward(names) {
		signed, err := find(ctx, t, name, func(b []byte) bool {
			h, err := ledger.CheckCheckpoint(b, key)
			if err == nil && headName(h.Size) == name {
				head = h
				return true
			}
			return false
		})
		if err == nil {
			return head, signed, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return head, nil, err
		}
	}
	if len(names) > 0 {
		return head, nil, &problem.Error{Kind: problem.Damaged, Op: op, On: names[len(names)-1], Hint: "hint.sink-foreign"}
	}
	return head, nil, nil
}

// namesOf lists what is in a folder, ascending.
func namesOf(ctx context.Context, t medium.Locking, dir string) (out []string, err error) {
	for e, err := range t.List(ctx, dir) {
		if err != nil {
			return nil, err
		}
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out, nil
}

const maxSmall = 64 << 10

// find returns what fits of all that stands under a name, or fs.ErrNotExist.
func find(ctx context.Context, t medium.Locking, name string, fits func([]byte) bool) ([]byte, error) {
	list, err := t.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if v.Size > maxSmall {
			continue
		}
		o, err := t.OpenVersion(ctx, name, v)
		if err != nil {
			return nil, err
		}
		b := make([]byte, v.Size)
		n, err := o.ReadAt(b, 0)
		o.Close()
		if int64(n) < v.Size && err != nil && err != io.EOF {
			return nil, err
		}
		if fits(b[:n]) {
			return b[:n], nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
