package witness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// Ledger is what a quorum has witnessed. *ledger.Log is one.
type Ledger interface {
	source
	Size() int64
	Publish(ctx context.Context) ([]byte, error)
	Files() fs.FS
}

// QuorumConfig says who witnesses what.
type QuorumConfig struct {
	Ledger Ledger
	Origin string
	Key    string // the ledger's public key
	Peers  []account.Witness
	Log    *slog.Logger
	Now    func() time.Time
	// Transport carries requests; nil: the usual one.
	Transport http.RoundTripper
	Known     map[account.Witness]account.WitnessState // what is known of them from before
}

// Quorum asks witnesses for cosignatures as entries come, each on its own, so that a slow one holds up nobody who does not need it. Safe for
// concurrent use. It must be closed.
type Quorum struct {
	cfg    QuorumConfig
	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	ended  sync.WaitGroup
	guards []*guard

	mu      sync.Mutex
	wanted  int64         // the head that somebody waits for
	changed chan struct{} // closed when a guard's state has changed
}

// guard is one witness of a quorum.
type guard struct {
	client *client
	kick   chan struct{} // buffered 1

	// Guarded by Quorum.mu.
	status account.WitnessState
	asked  bool // it has answered, or failed, since the start
}

// Times between two requests to a witness that fails.
const (
	retryFirst = time.Second
	retryMost  = time.Minute
	// mirrorTime is how long entries wait for a copy at most: a witness that is asked for each reading need not write a tile each time.
	mirrorTime = 10 * time.Second
)

// NewQuorum begins to ask.
func NewQuorum(cfg QuorumConfig) (*Quorum, error) {
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	q := &Quorum{cfg: cfg, ctx: ctx, stop: stop, changed: make(chan struct{})}
	for _, p := range cfg.Peers {
		c, err := newClient(p, cfg.Origin, cfg.Transport)
		if err != nil {
			stop()
			return nil, &problem.Error{Kind: problem.Invalid, Op: "open the witness", On: p.URL, Hint: "hint.witness-key", Err: err}
		}
		g := &guard{client: c, kick: make(chan struct{}, 1), status: cfg.Known[p]}
		g.status.Name, g.status.URL = c.verifier.Name(), c.peer.URL
		q.guards = append(q.guards, g)
	}
	for _, g := range q.guards {
		q.ended.Go(func() { q.cosign(ctx, g) })
		if g.client.mirror != nil {
			q.ended.Go(func() { q.mirror(ctx, g) })
		}
	}
	return q, nil
}

// Close ends all requests.
func (q *Quorum) Close() {
	q.stop()
	q.ended.Wait()
}

// ErrClosed means that nobody asks these witnesses any more.
var ErrClosed = errors.New("the witnesses are others now")

// Wait returns once need witnesses have cosigned a head of at least size entries, or an error when ctx ends before.
func (q *Quorum) Wait(ctx context.Context, size int64, need int) error {
	q.want(size)
	for {
		q.mu.Lock()
		have, changed := 0, q.changed
		var why error
		for _, g := range q.guards {
			if g.status.Size >= size {
				have++
			} else if g.status.Problem != "" {
				why = errors.Join(why, fmt.Errorf("%s: %s", g.status.Name, g.status.Problem))
			}
		}
		q.mu.Unlock()
		if have >= need {
			return nil
		}
		select {
		case <-changed:
			continue
		case <-q.ctx.Done():
			return ErrClosed
		case <-ctx.Done():
			return &problem.Error{Kind: problem.Unavailable, Op: "witness", Hint: "hint.witness-quorum",
				Err: errors.Join(fmt.Errorf("%d of %d witnesses have cosigned: %w", have, need, ctx.Err()), why)}
		}
	}
}

// want asks for cosignatures on a head of at least size entries.
func (q *Quorum) want(size int64) {
	q.mu.Lock()
	q.wanted = max(q.wanted, size)
	q.mu.Unlock()
	for _, g := range q.guards {
		select {
		case g.kick <- struct{}{}:
		default:
		}
	}
}

// Asked asks for cosignatures on what there is, and waits until each witness has answered or failed once, or ctx ends.
func (q *Quorum) Asked(ctx context.Context) {
	q.Tell()
	for {
		q.mu.Lock()
		left, changed := 0, q.changed
		for _, g := range q.guards {
			if !g.asked {
				left++
			}
		}
		q.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Tell asks for cosignatures on what there is, and waits for none.
func (q *Quorum) Tell() { q.want(q.cfg.Ledger.Size()) }

// Status returns what is known of each witness.
func (q *Quorum) Status() (out []account.WitnessState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, g := range q.guards {
		out = append(out, g.status)
	}
	return out
}

// update changes what is known of a witness and wakes who waits for it.
func (q *Quorum) update(g *guard, change func(*account.WitnessState)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&g.status)
	close(q.changed)
	q.changed = make(chan struct{})
}

// cosign asks one witness whenever there is something that it has not cosigned.
func (q *Quorum) cosign(ctx context.Context, g *guard) {
	pause := retryFirst
	for {
		select {
		case <-g.kick:
		case <-ctx.Done():
			return
		}
		for {
			q.mu.Lock()
			old, enough := g.status.Size, g.asked && g.status.Size >= q.wanted
			q.mu.Unlock()
			if enough {
				break
			}
			size, signed, err := g.client.cosign(ctx, q.cfg.Ledger, old)
			if err == nil {
				pause = retryFirst
				q.update(g, func(s *account.WitnessState) {
					g.asked = true
					s.Size, s.When, s.Problem, s.Trouble, s.Refuses, s.Proven = size, q.cfg.Now(), "", "", false, false
					s.Forgot = max(s.Forgot, g.client.forgot)
					s.Signed = later(s.Signed, cosignedAt(signed, g.client.verifier))
				})
				continue
			}
			if ctx.Err() != nil {
				return
			}
			refuses := errors.Is(err, ErrRolledBack) || errors.Is(err, ErrForked)
			proven := refuses && g.client.shows(ctx, q.cfg.Ledger, q.cfg.Key)
			q.cfg.Log.Error("a witness has not cosigned", "witness", g.client.verifier.Name(), "refuses", refuses, "proven", proven, "err", err)
			q.update(g, func(s *account.WitnessState) {
				g.asked = true
				s.Problem, s.Trouble, s.Refuses, s.Proven = err.Error(), troubleOf(err), refuses, proven
			})
			if !g.rest(ctx, pause) {
				return
			}
			pause = min(2*pause, retryMost)
		}
	}
}

// rest waits before a witness is asked again that has failed: not for long when somebody waits for it. It reports whether ctx goes on.
func (g *guard) rest(ctx context.Context, pause time.Duration) bool {
	if !sleep(ctx, retryFirst) {
		return false
	}
	t := time.NewTimer(pause - retryFirst)
	defer t.Stop()
	select {
	case <-t.C:
	case <-g.kick:
	case <-ctx.Done():
		return false
	}
	return true
}

// mirror gives one witness the entries.
func (q *Quorum) mirror(ctx context.Context, g *guard) {
	for sleep(ctx, mirrorTime) {
		q.mu.Lock()
		known, mirrored := g.status.Size, g.status.Mirrored
		q.mu.Unlock()
		if known == mirrored {
			continue
		}
		n, err := q.pushOnce(ctx, g)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			q.cfg.Log.Error("a witness has no new copy", "witness", g.client.verifier.Name(), "err", err)
			q.update(g, func(s *account.WitnessState) { s.Uncopied = err.Error() })
			continue
		}
		q.update(g, func(s *account.WitnessState) { s.Mirrored, s.Uncopied = n, "" })
	}
}

// Copy gives every witness that keeps a copy what it lacks, now.
func (q *Quorum) Copy(ctx context.Context) (errs error) {
	for _, g := range q.guards {
		if g.client.mirror == nil {
			continue
		}
		n, err := q.pushOnce(ctx, g)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		q.update(g, func(s *account.WitnessState) { s.Mirrored, s.Uncopied = n, "" })
	}
	return errs
}

func (q *Quorum) pushOnce(ctx context.Context, g *guard) (int64, error) {
	for range 2 {
		r, err := ledger.NewReader(q.cfg.Ledger.Files(), q.cfg.Key)
		if err == nil {
			var n int64
			if n, err = g.client.push(ctx, r); !errors.Is(err, errPublish) {
				return n, err
			}
		}
		if _, err := q.cfg.Ledger.Publish(ctx); err != nil {
			return 0, err
		}
	}
	return 0, errPublish
}

// sleep reports whether the time has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
