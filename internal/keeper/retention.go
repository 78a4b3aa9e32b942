package keeper

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// retentionState is how long a share keeps what nobody has any more, and what was removed by that.
type retentionState struct {
	account.Retention
	Set     time.Time         `json:"set,omitzero"`
	By      string            `json:"by,omitempty"`
	Agreed  *agreedState      `json:"agreed,omitempty"` // two people want it, and it is not done
	Removed []account.Removed `json:"removed,omitempty"`
}

// agreedState is a list that two people have agreed on.
type agreedState struct {
	Digest    string    `json:"digest"`
	Versions  int64     `json:"versions"`
	AskedBy   string    `json:"asked_by"` // roles
	Confirmed string    `json:"confirmed,omitempty"`
	By        string    `json:"by"`
	Until     time.Time `json:"until"`
	Number    int       `json:"number,omitempty"` // of the removal, once it has begun
}

const (
	opRetention = "remove by rule"
	// agreedTime is how long people's agreement counts.
	agreedTime = 7 * 24 * time.Hour
	// mostRemovals is how many removals of a share are told; the ledger has them all.
	mostRemovals = 100
)

// mayRemove returns a share to who may have something removed from it: who may ask for its end.
func (l *Local) mayRemove(s id.Session, share string) (account.Session, *shareState, error) {
	by, err := l.live(s)
	if err != nil {
		return by, nil, err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	switch {
	case by.Factor == account.ByToken, x == nil && !b.may(by, account.GrantAll), x != nil && !b.mayEnd(by, x.ID):
		return by, nil, notAllowed(opRetention)
	case x == nil:
		return by, nil, noShare(opRetention, share)
	case x.End != nil:
		return by, nil, erased(opRetention, x)
	}
	return by, x, nil
}

// keeps returns nil if nothing keeps a share from being cleared by its rule: cases win.
func (b *books) keeps(x *shareState) error {
	switch {
	case x.End != nil:
		return erased(opRetention, x)
	case len(b.heldBy(x.ID)) > 0:
		return &problem.Error{Kind: problem.Locked, Op: opRetention, On: x.Name + ": " + strings.Join(b.heldBy(x.ID), ", "), Hint: "hint.removal-held"}
	case b.frozenIn(x.ID):
		return &problem.Error{Kind: problem.Frozen, Op: opRetention, On: x.Name, Hint: "hint.removal-frozen"}
	}
	return nil
}

// SetRetention sets the rule of a share. Nothing is removed by it: that takes a preview, and two people.
func (l *Local) SetRetention(ctx context.Context, s id.Session, share string, r account.Retention) error {
	if !r.Valid() {
		return unfit(opRetention, share, "hint.retention-rule")
	}
	r.Keep = max(1, r.Keep)
	return l.change(ctx, s, opRetention, share, func(_ *books, d *draft, by account.Session) (event.Event, error) {
		if _, _, err := l.mayRemove(s, share); err != nil {
			return event.Event{}, err
		}
		if err := l.fresh(by, opRetention); err != nil {
			return event.Event{}, err
		}
		x := d.share(share)
		next := x.retention()
		next.Retention, next.Set, next.By, next.Agreed = r, l.now(), by.Name, nil
		x.Retention = &next
		return event.Event{Kind: event.RetentionSet, Share: x.ID, Target: x.Name, Note: ruleNote(r)}, nil
	})
}

func (x *shareState) retention() (r retentionState) {
	if x.Retention != nil {
		r = *x.Retention
	}
	return r
}

// RuledShares lists the shares that have a rule, and have not ended. It asks for no session: the storehouse sees to it that the ledger tells the age of
// what is in them.
func (l *Local) RuledShares() (out []id.Share) {
	for _, x := range l.books.Load().Shares {
		if x.End == nil && x.retention().Any() {
			out = append(out, x.ID)
		}
	}
	return out
}

// ruleNote is a rule for the ledger.
func ruleNote(r account.Retention) string {
	return fmt.Sprintf("versions %d; deleted %d; keep %d", r.Versions, r.Deleted, r.Keep)
}

// Retention tells what is known of the rule of a share: to who may have something removed, confirm it, or see people.
func (l *Local) Retention(_ context.Context, s id.Session, share string) (account.RetentionState, error) {
	by, err := l.live(s)
	if err != nil {
		return account.RetentionState{}, err
	}
	b := l.books.Load()
	x := b.names[pathname.Key(share)]
	switch {
	case !b.may(by, account.SeePeople) && !b.may(by, account.Confirm) && (x == nil || !b.mayEnd(by, x.ID)):
		return account.RetentionState{}, notAllowed(opRetention)
	case x == nil:
		return account.RetentionState{}, noShare(opRetention, share)
	}
	r := x.retention()
	out := account.RetentionState{Share: x.Name, Rule: r.Retention, Set: r.Set, By: r.By, HeldBy: b.heldBy(x.ID), Frozen: b.frozenIn(x.ID), Removed: slices.Clone(r.Removed)}
	if out.Rule.Keep == 0 {
		out.Rule.Keep = 1
	}
	if x.Register != nil {
		out.Register = *x.Register
	}
	if a := r.Agreed; a != nil && l.now().Before(a.Until) {
		out.Agreed, out.Until = a.Digest, a.Until
	}
	out.Waits = slices.ContainsFunc(b.Proposals, func(p *proposalState) bool { return p.expires(x.ID) && l.now().Before(p.Until) })
	if len(r.Removed) > 0 {
		out.Media = b.mediaBefore(r.Removed[0].Ended)
	}
	return out, nil
}

// mediaBefore lists the media that were swept last before a time: what was removed then may still be on them. A zero time is now.
func (b *books) mediaBefore(at time.Time) (out []account.CopyOf) {
	for _, m := range b.Media {
		swept := m.Swept
		if swept.IsZero() {
			swept = m.Time
		}
		if m.State > 0 && m.Retired.IsZero() && (at.IsZero() || swept.Before(at)) {
			out = append(out, account.CopyOf{Label: m.Label, Set: m.Set, Place: m.Place})
		}
	}
	return out
}

// asksRemoval is what somebody has seen who wants it removed.
type asksRemoval struct {
	Share   id.Share          `json:"share"`
	Removal account.Removal   `json:"removal"`
	Rule    account.Retention `json:"rule"`
}

// expires reports whether a proposal is of a removal by the rule of a share.
func (p *proposalState) expires(share id.Share) bool {
	var q asksRemoval
	return p.Act == actExpire && json.Unmarshal(p.Args, &q) == nil && q.Share == share
}

// removalChanges is what the second person sees.
func (p *proposalState) removalChanges() []account.RuleChange {
	var q asksRemoval
	if json.Unmarshal(p.Args, &q) != nil {
		return nil
	}
	r := q.Removal
	list := []account.RuleChange{
		{What: "removal-versions", To: strconv.FormatInt(r.Versions, 10)},
		{What: "removal-files", To: strconv.FormatInt(r.Files, 10)},
		{What: "removal-deleted", To: strconv.FormatInt(r.Deleted, 10)},
		{What: "removal-bytes", To: strconv.FormatInt(r.Bytes, 10)},
		{What: "removal-present", To: r.Present.UTC().Format(time.DateOnly)},
		{What: "removal-gaps", To: strconv.Itoa(len(r.Gaps))},
	}
	if r.Left > 0 {
		list = append(list, account.RuleChange{What: "removal-left", To: strconv.FormatInt(r.Left, 10)})
	}
	if r.Unlisted > 0 {
		list = append(list, account.RuleChange{What: "removal-unlisted", To: strconv.FormatInt(r.Unlisted, 10)})
	}
	return list
}

// AskRemoval asks for the removal of what a preview has shown; another must confirm.
func (l *Local) AskRemoval(ctx context.Context, s id.Session, share string, r account.Removal, reason string) (account.Outcome, error) {
	_, x, err := l.mayRemove(s, share)
	if err != nil {
		return account.Outcome{}, err
	}
	b := l.books.Load()
	if reason = strings.TrimSpace(cut(reason, maxReason)); reason == "" {
		return account.Outcome{}, unfit(opRetention, x.Name, "hint.erase-reason")
	}
	if err := b.mayAgree(x, r); err != nil {
		return account.Outcome{}, err
	}
	if slices.ContainsFunc(b.Proposals, func(p *proposalState) bool { return p.expires(x.ID) && l.now().Before(p.Until) }) {
		return account.Outcome{}, &problem.Error{Kind: problem.Exists, Op: opRetention, On: x.Name, Hint: "hint.proposal-waits"}
	}
	args, err := json.Marshal(asksRemoval{x.ID, r, x.retention().Retention})
	if err != nil {
		return account.Outcome{}, problem.New(problem.Internal, opRetention, x.Name, err)
	}
	return l.propose(ctx, s, opRetention, proposalState{Act: actExpire, Target: x.Name, Args: args, Reason: reason}, "")
}

// mayAgree returns nil if people may agree on a preview: it was made by the rule that is in force, and nothing keeps the share.
func (b *books) mayAgree(x *shareState, r account.Removal) error {
	if err := b.keeps(x); err != nil {
		return err
	}
	rule := x.retention().Retention
	if !rule.Any() || rule != r.Rule || r.Nothing() || len(r.Digest) != 64 {
		return &problem.Error{Kind: problem.Condition, Op: opRetention, On: x.Name, Hint: "hint.no-preview"}
	}
	return nil
}

// agreeRemoval puts into the draft that two people want it. It is done when it is run.
func (d *draft) agreeRemoval(p proposalState, now time.Time) ([]event.Event, error) {
	var q asksRemoval
	if err := json.Unmarshal(p.Args, &q); err != nil {
		return nil, err
	}
	b, err := newBooks(d.state) // a case may have come in between
	if err != nil {
		return nil, err
	}
	is := b.shares[q.Share]
	if is == nil {
		return nil, noShare(opRetention, p.Target)
	}
	if err := b.mayAgree(is, q.Removal); err != nil {
		return nil, err
	}
	x := d.share(is.Name)
	next := x.retention()
	next.Agreed = &agreedState{Digest: q.Removal.Digest, Versions: q.Removal.Versions, By: p.ByName, AskedBy: b.roleOf(p.By), Until: now.Add(agreedTime)}
	if a := b.accounts[accountKey(p.second)]; p.second != "" && a != nil {
		next.Agreed.Confirmed = string(a.Role)
	} else if p.second != "" {
		next.Agreed.Confirmed = string(account.Console)
	}
	x.Retention = &next
	return []event.Event{}, nil
}

// roleOf is the role of an account; that of nobody is the console's.
func (b *books) roleOf(a id.Account) string {
	if x := b.byID[a]; x != nil {
		return string(x.Role)
	}
	return string(account.Console)
}

// MayRemove returns nil while two people's agreement on a list counts, and nothing keeps the share. It is asked again and again during a removal.
func (l *Local) MayRemove(_ context.Context, s id.Session, share, digest string) error {
	_, x, err := l.mayRemove(s, share)
	if err != nil {
		return err
	}
	b := l.books.Load()
	if err := b.keeps(x); err != nil {
		return err
	}
	a := x.retention().Agreed
	if a == nil || a.Digest != digest || !l.now().Before(a.Until) {
		return &problem.Error{Kind: problem.Denied, Op: opRetention, On: x.Name, Hint: "hint.removal-not-agreed"}
	}
	return nil
}

// BeginRemoval records that what two people have agreed on is being removed, before any of it is. Begun again, it goes on under its number.
func (l *Local) BeginRemoval(ctx context.Context, s id.Session, share string, list account.Removal) error {
	digest, err := hex.DecodeString(list.Digest)
	if err != nil || len(digest) != 32 {
		return problem.New(problem.Invalid, opRetention, share, errors.New("no digest"))
	}
	return l.change(ctx, s, opRetention, share, func(_ *books, d *draft, _ account.Session) (event.Event, error) {
		if err := l.MayRemove(ctx, s, share, list.Digest); err != nil {
			return event.Event{}, err
		}
		x := d.share(share)
		next := x.retention()
		a := *next.Agreed
		if a.Number == 0 {
			a.Number = 1
			if len(next.Removed) > 0 {
				a.Number = next.Removed[0].Number + 1
			}
			next.Removed = slices.Insert(slices.Clone(next.Removed), 0, account.Removed{Number: a.Number, Digest: a.Digest, Agreed: a.Versions, AskedBy: a.AskedBy, Confirmed: a.Confirmed, Begun: l.now()})
			next.Removed = next.Removed[:min(len(next.Removed), mostRemovals)]
		}
		next.Agreed, x.Retention = &a, &next
		return event.Event{Kind: event.VersionsRemoved, Share: x.ID, Target: x.Name, Size: a.Versions, Digest: [32]byte(digest),
			Note: fmt.Sprintf("removal %d; %s; asked for by %s", a.Number, ruleNote(next.Retention), a.By)}, nil
	})
}

// EndRemoval records what was removed.
func (l *Local) EndRemoval(ctx context.Context, s id.Session, share string, r account.Removed) error {
	return l.change(ctx, s, opRetention, share, func(_ *books, d *draft, _ account.Session) (event.Event, error) {
		if err := l.MayRemove(ctx, s, share, r.Digest); err != nil && problem.KindOf(err) != problem.Locked && problem.KindOf(err) != problem.Frozen {
			return event.Event{}, err
		}
		x := d.share(share)
		next := x.retention()
		next.Removed = slices.Clone(next.Removed)
		i := slices.IndexFunc(next.Removed, func(y account.Removed) bool { return next.Agreed != nil && y.Number == next.Agreed.Number })
		if i < 0 {
			return event.Event{}, problem.New(problem.Condition, opRetention, share, nil)
		}
		done := &next.Removed[i]
		done.Ended = l.now()
		done.Versions, done.Contents, done.Packs, done.Bytes = done.Versions+r.Versions, done.Contents+r.Contents, done.Packs+r.Packs, done.Bytes+r.Bytes
		next.Agreed, x.Retention = nil, &next
		var digest [32]byte
		_, _ = hex.Decode(digest[:], []byte(r.Digest))
		return event.Event{Kind: event.RemovalEnded, Share: x.ID, Target: x.Name, Size: done.Versions, Digest: digest,
			Note: fmt.Sprintf("removal %d; contents %d; packs %d; bytes %d", done.Number, done.Contents, done.Packs, done.Bytes)}, nil
	})
}
