package storehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/alert"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium/bucket"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/sink"
)

// scribe copies the ledger to a bucket every few minutes, and tells people when that has not worked for long, or at once when the bucket shows that
// the ledger was written anew.
type scribe struct {
	push func(ctx context.Context) (ledger.Head, error)
	tell func(alert.Alert)
	page func(path string) string
	now  func() time.Time
	log  *slog.Logger
	id   string // of the house
	days int
	wait func() bool // nobody outside is to be spoken to

	mu     sync.Mutex
	name   string         // guarded by mu: of the bucket, or of its file as long as that tells none
	size   int64          // guarded by mu: of the copy
	copied time.Time      // guarded by mu: when it was last up to date; at first the start
	failed *problem.Error // guarded by mu
	ever   bool           // guarded by mu: it was up to date once
	ran    bool           // guarded by mu: the server has copied
	told   map[alert.Kind]time.Time
}

const (
	scribeEach = 5 * time.Minute
	scribeLong = time.Hour // until people are told
	scribeLast = 30 * time.Second
)

// newScribe makes the scribe that the configuration asks for; nil: none.
func (h *House) newScribe() *scribe {
	if h.cfg.LedgerBucket == "" {
		return nil
	}
	s := &scribe{tell: h.alerts.Tell, page: h.page, now: h.opt.Now, log: h.opt.Log, id: h.id(), name: h.cfg.LedgerBucket, days: h.cfg.LedgerBucketDays, copied: h.opt.Now(),
		wait: h.apart, told: make(map[alert.Kind]time.Time)}
	s.push = h.pusher(s.call)
	return s
}

// pusher copies the ledger to the bucket that its file describes at the moment: a file that is not right must not keep the house from its work, and
// credentials that were changed are those that count. named hears which bucket it is.
func (h *House) pusher(named func(string)) func(ctx context.Context) (ledger.Head, error) {
	var last bucket.Settings
	to := &sink.Sink{}
	return func(ctx context.Context) (ledger.Head, error) {
		s, err := bucket.Read(h.cfg.LedgerBucket)
		if err != nil {
			return to.Head(), err
		}
		if s != last {
			b, err := bucket.New(s, h.cfg.LedgerBucketDays, h.opt.Now)
			if err == nil {
				named(b.Name())
				err = b.Ready(ctx)
			}
			if err != nil {
				return to.Head(), err
			}
			to = &sink.Sink{Target: b, Ledger: h.keeper.local, Key: h.keeper.local.Status().PublicKey, Lock: time.Duration(h.cfg.LedgerBucketDays) * 24 * time.Hour, Now: h.opt.Now}
			last = s
		}
		return to.Push(ctx)
	}
}

// call enters the name of the bucket.
func (s *scribe) call(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
}

// run copies until ctx ends. What is recorded until the end is copied by last.
func (s *scribe) run(ctx context.Context) {
	s.mu.Lock()
	s.ran = true
	s.mu.Unlock()
	every(ctx, scribeEach, s.once)
}

// last copies once more, when the ledger has its last entry: before, what the house does to end is not in it, nor what was saved in the last moment.
func (s *scribe) last(ctx context.Context) {
	s.mu.Lock()
	ran := s.ran
	s.mu.Unlock()
	if !ran { // a command, after which the server will go on
		return
	}
	ctx, cancel := context.WithTimeout(ctx, scribeLast)
	defer cancel()
	s.once(ctx)
}

// lastPush is called when the ledger has its last entry.
func (h *House) lastPush(ctx context.Context) {
	if h.scribe != nil {
		h.scribe.last(ctx)
	}
}

func (s *scribe) once(ctx context.Context) {
	if s.wait() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, scribeLong) // a server that goes on and on must not keep people from being told
	defer cancel()
	head, err := s.push(ctx)
	if errors.Is(err, context.Canceled) {
		return
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size = head.Size
	if err == nil {
		s.copied, s.failed, s.ever = now, nil, true
		delete(s.told, alert.Uncopied)
		return
	}
	s.failed = &problem.Error{Kind: problem.KindOf(err), Op: "copy the ledger to the bucket"}
	if e, ok := errors.AsType[*problem.Error](err); ok {
		s.failed = e
	}
	s.log.ErrorContext(ctx, "the ledger's copy in the bucket is not up to date", "bucket", s.name, "entries", head.Size, "err", err)
	switch {
	case s.failed.Kind == problem.Conflict:
		s.say(now, alert.Rewritten)
	case now.Sub(s.copied) >= scribeLong:
		s.say(now, alert.Uncopied)
	}
}

// say tells people once a day. s.mu is held.
func (s *scribe) say(now time.Time, k alert.Kind) {
	if last, ok := s.told[k]; ok && now.Sub(last) < 24*time.Hour {
		return
	}
	s.told[k] = now
	sum := sha256.Sum256([]byte(s.id + "\x00" + string(k) + "\x00" + now.UTC().Format(time.RFC3339)))
	s.tell(alert.Alert{ID: hex.EncodeToString(sum[:16]), Kind: k, When: now, Who: s.name, Link: s.page("/settings")})
}

// state tells how far the copy is.
func (s *scribe) state() *api.LedgerBucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &api.LedgerBucket{Name: s.name, Size: s.size, Days: s.days, Failed: s.failed}
	if s.ever {
		out.Copied = s.copied
	}
	return out
}

// LedgerAt opens a copy of a ledger: a folder, or the file of a bucket's settings. key is the ledger's public key; a folder has one of its own.
// covered lists what somebody has put over tiles, once it was read.
func LedgerAt(ctx context.Context, at, key string, now func() time.Time) (fsys fs.FS, covered func() []string, err error) {
	if !bucket.IsFile(at) {
		fsys, err = folderAt(ctx, at, now)
		return fsys, func() []string { return nil }, err
	}
	b, err := bucketAt(at, 0, now)
	if err != nil {
		return nil, nil, err
	}
	c, err := sink.Open(ctx, b, key)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Covered, nil
}

// folderAt opens the ledger in a folder. That of a vault that is being restored lies on the medium in part.
func folderAt(ctx context.Context, at string, now func() time.Time) (fs.FS, error) {
	at = filepath.Clean(at)
	data := filepath.Dir(at)
	r, err := readRestoring(data)
	if err != nil || r == nil || r.Copied || LedgerDir(data) != at {
		return os.DirFS(at), nil // the file of a restore may be anybody's that lies there
	}
	s, err := r.state(ctx, now)
	if err != nil {
		return nil, err
	}
	return ledger.Files(borrow(durable.OS(), layoutOf(Default(data)), s), at), nil
}
