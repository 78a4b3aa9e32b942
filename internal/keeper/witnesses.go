package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/witness"
)

// Bounds of witnesses.
const (
	maxWitnesses = 16
	maxURL       = 500
	// quorumTime is how long a reading waits for witnesses before it is refused.
	quorumTime = 10 * time.Second
	// headTime is how long a start waits for what witnesses have seen.
	headTime = 5 * time.Second
	// lastTime is how long an end waits for cosignatures on what was recorded last.
	lastTime = 2 * time.Second
)

// Witnesses tells who watches the ledger, and what is known of them.
func (l *Local) Witnesses(_ context.Context, s id.Session) (account.Witnessing, []account.WitnessState, error) {
	if _, err := l.live(s); err != nil {
		return account.Witnessing{}, nil, err
	}
	w := l.books.Load().Witnessing
	return showWitnessing(w), l.quorumState(), nil
}

// showWitnessing returns what people see: off where nothing was set.
func showWitnessing(w account.Witnessing) account.Witnessing {
	if w.Mode == "" {
		w.Mode = account.WitnessOff
	}
	w.Witnesses = slices.Clone(w.Witnesses)
	return w
}

// SetWitnesses changes who watches the ledger. What would let readings through that are refused now, or hide that a witness does not answer, takes two.
func (l *Local) SetWitnesses(ctx context.Context, s id.Session, w account.Witnessing) (account.Outcome, error) {
	const op = "change witnesses"
	if err := l.apart(op); err != nil { // whoever is named now would go with those from before
		return account.Outcome{}, err
	}
	w, err := l.fitWitnessing(op, w)
	if err != nil {
		return account.Outcome{}, err
	}
	if old := l.books.Load().Witnessing; looserWitnessing(old, w) {
		args, err := json.Marshal(w)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		was, err := json.Marshal(old)
		if err != nil {
			return account.Outcome{}, problem.New(problem.Internal, op, "", err)
		}
		return l.propose(ctx, s, op, proposalState{Act: actWitnesses, Args: args, Was: was}, account.Settle)
	}
	return account.Outcome{}, l.change(ctx, s, op, "", func(b *books, d *draft, by account.Session) (event.Event, error) {
		if !b.may(by, account.Settle) {
			return event.Event{}, notAllowed(op)
		}
		if err := l.fresh(by, op); err != nil {
			return event.Event{}, err
		}
		if looserWitnessing(b.Witnessing, w) { // somebody has made it stricter meanwhile
			return event.Event{}, problem.New(problem.Condition, op, "", nil)
		}
		return d.setWitnessing(w), nil
	})
}

// setWitnessing puts it in force.
func (d *draft) setWitnessing(w account.Witnessing) event.Event {
	d.Witnessing = w
	d.Outlived = slices.DeleteFunc(slices.Clone(d.Outlived), func(key string) bool {
		return !slices.ContainsFunc(w.Witnesses, func(x account.Witness) bool { return x.Key == key })
	})
	return event.Event{Kind: event.PolicyChanged, Note: fmt.Sprintf("witnesses: %s, %d of %d", w.Mode, w.Need, len(w.Witnesses))}
}

// changeWitnesses carries out what two people want, unless the rules are others by now.
func (d *draft) changeWitnesses(p proposalState) ([]event.Event, error) {
	var w account.Witnessing
	if err := json.Unmarshal(p.Args, &w); err != nil {
		return nil, err
	}
	if is, err := json.Marshal(d.Witnessing); err != nil || !bytes.Equal(is, p.Was) {
		return nil, &problem.Error{Kind: problem.Condition, Op: "confirm", On: p.Target, Hint: "hint.rules-changed"}
	}
	return []event.Event{d.setWitnessing(w)}, nil
}

// fitWitnessing checks what somebody has written.
func (l *Local) fitWitnessing(op string, w account.Witnessing) (account.Witnessing, error) {
	switch w.Mode {
	case account.WitnessOff, account.WitnessWarn, account.WitnessRequire:
	default:
		return w, unfit(op, string(w.Mode), "hint.witness-mode")
	}
	if len(w.Witnesses) > maxWitnesses || w.Need < 0 || w.Need > len(w.Witnesses) || w.Mode != account.WitnessOff && w.Need == 0 {
		return w, unfit(op, fmt.Sprintf("%d / %d", w.Need, len(w.Witnesses)), "hint.witness-need")
	}
	seen, named := make(map[string]bool), l.books.Load().Witnessing.Witnesses
	for i, x := range w.Witnesses {
		x = account.Witness{URL: strings.TrimSuffix(strings.TrimSpace(x.URL), "/"), Key: strings.TrimSpace(x.Key), Mirror: strings.TrimSpace(x.Mirror)}
		u, err := url.Parse(x.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || len(x.URL) > maxURL || everywhere(u) && !slices.Contains(named, x) {
			return w, unfit(op, x.URL, "hint.witness-url")
		}
		raw := x.Key[strings.LastIndexByte(x.Key, '+')+1:] // one key under two names is one witness
		if err := witness.CheckKeys(x); err != nil || seen[raw] {
			return w, &problem.Error{Kind: problem.Invalid, Op: op, On: x.URL, Hint: "hint.witness-key", Err: err}
		}
		seen[raw], w.Witnesses[i] = true, x
	}
	return w, nil
}

// everywhere reports whether an address is one to listen on, which leads to nobody else.
func everywhere(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsUnspecified()
}

// looserWitnessing reports whether readings would wait for less, or people be told less.
func looserWitnessing(old, w account.Witnessing) bool {
	level := map[account.WitnessMode]int{account.WitnessWarn: 1, account.WitnessRequire: 2}
	switch {
	case level[old.Mode] == 0:
		return false
	case level[w.Mode] < level[old.Mode] || w.Need < old.Need:
		return true
	case old.Mode == account.WitnessRequire && !slices.Equal(old.Witnesses, w.Witnesses): // one's own among them would be enough
		return true
	}
	return slices.ContainsFunc(old.Witnesses, func(x account.Witness) bool { return !slices.Contains(w.Witnesses, x) })
}

// changesOfWitnesses tells what a proposal would change.
func changesOfWitnesses(was, next account.Witnessing) (out []account.RuleChange) {
	add := func(what, on, from, to string) {
		if from != to {
			out = append(out, account.RuleChange{What: what, On: on, From: from, To: to})
		}
	}
	add("witness-mode", "", string(showWitnessing(was).Mode), string(showWitnessing(next).Mode))
	add("witness-need", "", strconv.Itoa(was.Need), strconv.Itoa(next.Need))
	for _, x := range was.Witnesses {
		if !slices.Contains(next.Witnesses, x) {
			add("witness", "", x.URL+" "+x.Key, "")
		}
	}
	for _, x := range next.Witnesses {
		if !slices.Contains(was.Witnesses, x) {
			add("witness", "", "", x.URL+" "+x.Key)
		}
	}
	return out
}

// watch asks the witnesses that the books name, and no others any more.
func (l *Local) watch(w account.Witnessing) error {
	l.watching.Lock()
	defer l.watching.Unlock()
	if l.unwatched || l.quorum != nil && slices.Equal(l.watched, w.Witnesses) {
		return nil
	}
	known := make(map[account.Witness]account.WitnessState)
	if l.quorum != nil {
		for i, s := range l.quorum.Status() {
			known[l.watched[i]] = s
		}
	}
	var q *witness.Quorum
	if len(w.Witnesses) > 0 {
		var err error
		if q, err = witness.NewQuorum(witness.QuorumConfig{Ledger: l.log, Origin: l.keys.LedgerOrigin(), Key: l.keys.LedgerPublicKey(), Peers: w.Witnesses,
			Log: l.cfg.Log, Now: l.now, Transport: l.cfg.Witnesses, Known: known}); err != nil {
			return err
		}
		q.Tell()
	}
	old := l.quorum
	l.quorum, l.watched = q, slices.Clone(w.Witnesses)
	if old != nil {
		old.Close()
	}
	return nil
}

// lastHead gives witnesses a moment to cosign and copy what was recorded last: who puts back a copy from before it is then found out.
func (l *Local) lastHead(ctx context.Context) {
	l.watching.Lock()
	q, need := l.quorum, len(l.watched)
	l.watching.Unlock()
	if q == nil {
		return
	}
	for _, s := range q.Status() {
		if s.Away() {
			need--
		}
	}
	ctx, cancel := context.WithTimeout(ctx, lastTime)
	defer cancel()
	if err := q.Wait(ctx, l.log.Size(), need); err != nil {
		l.cfg.Log.Warn("not every witness has cosigned what was recorded last", "err", err)
		return
	}
	if err := q.Copy(ctx); err != nil {
		l.cfg.Log.Warn("not every witness has a copy of what was recorded last", "err", err)
	}
}

// unwatch ends all requests to witnesses, for good.
func (l *Local) unwatch() {
	l.watching.Lock()
	defer l.watching.Unlock()
	l.unwatched = true
	if l.quorum != nil {
		l.quorum.Close()
		l.quorum = nil
	}
}

// tellWitnesses asks for cosignatures on what there is, and waits for none.
func (l *Local) tellWitnesses() {
	l.watching.Lock()
	defer l.watching.Unlock()
	if l.quorum != nil {
		l.quorum.Tell()
	}
}

func (l *Local) quorumState() []account.WitnessState {
	l.watching.Lock()
	defer l.watching.Unlock()
	if l.quorum == nil {
		return nil
	}
	return l.quorum.Status()
}

// witnessed waits, where that is required, until enough witnesses have cosigned the ledger's first size entries.
func (l *Local) witnessed(ctx context.Context, size int64) error {
	if l.books.Load().witnessing().Mode != account.WitnessRequire {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, quorumTime)
	defer cancel()
	ctx, stop := stoppedBy(ctx, l.leaving)
	defer stop()
	for {
		l.watching.Lock()
		q := l.quorum
		l.watching.Unlock()
		w := l.books.Load().witnessing()
		if w.Mode != account.WitnessRequire { // two people have changed it meanwhile
			return nil
		}
		if q == nil {
			return &problem.Error{Kind: problem.Unavailable, Op: "witness", Hint: "hint.witness-quorum", Err: errStopping}
		}
		if err := q.Wait(ctx, size, w.Need); !errors.Is(err, witness.ErrClosed) {
			return err
		}
	}
}

// stoppedBy returns a context that also ends with a channel.
func stoppedBy(ctx context.Context, end <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-end:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// compareWitnesses asks at a start what the witnesses have seen: who has put an old copy of all in place cannot have put one there. A
// witness that does not answer says nothing, and one whose ledger was given up for this one is known to refuse.
func (l *Local) compareWitnesses(ctx context.Context) error {
	b := l.books.Load()
	w := b.witnessing()
	if len(w.Witnesses) == 0 {
		return nil
	}
	if err := l.watch(w); err != nil {
		return err
	}
	l.watching.Lock()
	q := l.quorum
	l.watching.Unlock()
	short, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	q.Asked(short)
	var errs error
	var refuse []string // keys
	hint := "hint.ledger-witness-says"
	for i, s := range q.Status() {
		key := w.Witnesses[i].Key
		if !s.Refuses || slices.Contains(b.Outlived, key) {
			continue
		}
		errs, refuse = errors.Join(errs, fmt.Errorf("%s: %s", s.Name, s.Problem)), append(refuse, key)
		if s.Proven {
			hint = "hint.ledger-witness"
		}
	}
	switch {
	case errs == nil:
		return nil
	case !l.cfg.AcceptRollback:
		return &problem.Error{Kind: problem.Damaged, Op: "open ledger", On: l.cfg.LedgerDir, Hint: hint, Err: errs}
	}
	// They go on refusing, count for nothing and are shown so until they are removed, but do not stop the next start for what was accepted.
	return l.amend(ctx, "open ledger", "", func(_ *books, d *draft) ([]event.Event, error) {
		d.Outlived = slices.Concat(d.Outlived, refuse)
		return []event.Event{{Kind: event.RollbackAccepted, Note: cut(errs.Error(), maxReason)}}, nil
	})
}
