package vault

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/guard"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
)

// Alarm tells of something that people must hear of.
type Alarm struct {
	When    time.Time
	Session account.Session
	Share   id.Share
	Sign    guard.Sign
	Path    pathname.Path
	Stops   []account.Stop // what was frozen; empty: something was held
}

// mostBelow is how much is looked at below a removed directory. Of what is larger nobody can say that nothing is lost by it: it waits.
const mostBelow = 20_000

// mostFormer is how much of the histories of files an act may make the guard read.
const mostFormer = 10_000

// judging is an act before the guard.
type judging struct {
	p     *planner
	ops   []commit.Op
	steps []guard.Step
	of    []int                  // the operation of each step
	was   map[int]catalogue.Node // what the operation's file was
	names map[int]id.Version     // of the holds
	gone  map[id.File]bool       // files that the act itself has made: nothing was there
	traps bool                   // the share has some
	large []int                  // the operations that do more than was looked at

	renamed int // how much has been read for former names
}

// judge asks the guard about what a plan has decided, and returns what is done instead: what is doubted is held.
func (p *planner) judge(ops []commit.Op) ([]commit.Op, error) {
	if p.v.cfg.Guard == nil || p.req.settles {
		return ops, nil
	}
	j := &judging{p: p, ops: ops, was: make(map[int]catalogue.Node), names: make(map[int]id.Version), gone: make(map[id.File]bool),
		traps: p.v.cfg.Keeper.HasTraps(p.sh.id)}
	for i := range ops {
		if err := j.look(i); err != nil {
			return nil, err
		}
	}
	j.copied()
	if len(j.steps) == 0 && len(j.large) == 0 {
		return j.settle()
	}
	v := &p.req.verdict
	*v = p.v.cfg.Guard.Judge(guard.Of(p.req.sess, p.sh.id), p.when, j.steps, func(i int) id.Version { return j.hold(j.of[i]) })
	for _, i := range j.large {
		j.of, v.Signs, v.Hold = append(j.of, i), append(v.Signs, guard.Gone), append(v.Hold, !p.v.cfg.Guard.Watches())
	}
	return j.apply()
}

// hold names the hold that an operation becomes.
func (j *judging) hold(i int) id.Version {
	if op := &j.ops[i]; op.Kind != commit.Remove {
		return op.Version
	}
	if j.names[i].IsZero() {
		j.names[i] = id.NewVersion()
	}
	return j.names[i]
}

// look finds out what an operation does to which content.
func (j *judging) look(i int) error {
	op, p := &j.ops[i], j.p
	switch op.Kind {
	case commit.Save, commit.Link, commit.Remove, commit.Move:
	case commit.Mkdir, commit.Touch:
		j.gone[op.File] = true
		return nil
	default:
		return nil
	}
	if j.gone[op.File] {
		return nil
	}
	n, err := p.mine.View.Node(p.ctx, op.File)
	if errors.Is(err, catalogue.ErrNone) {
		j.gone[op.File] = true
		if op.Kind == commit.Save || op.Kind == commit.Link {
			j.add(i, guard.Step{Kind: guard.Made, File: op.File, Dir: op.Parent, Name: op.Name, New: j.made(op)})
		}
		return nil
	}
	if err != nil {
		return problem.New(problem.Internal, "save", string(p.req.name), err)
	}
	j.was[i] = n
	old := contentOf(&n.Head.Content)
	switch shown := n.Removed.IsZero(); {
	case op.Kind == commit.Save || op.Kind == commit.Link:
		s := guard.Step{Kind: guard.Saved, File: op.File, Dir: op.Parent, Name: op.Name, Old: old, New: j.made(op)}
		if n.Head.Version.IsZero() || !shown && p.when.Sub(n.Removed) > time.Hour {
			s.Kind = guard.Made
		}
		j.add(i, s)
	case op.Kind == commit.Remove && shown && n.Dir:
		return j.below(i, n)
	case op.Kind == commit.Remove && shown:
		j.add(i, guard.Step{Kind: guard.Removed, File: op.File, Dir: n.Parent, Name: n.Name, Old: old})
	case op.Kind == commit.Move && shown:
		s := guard.Step{Kind: guard.Renamed, File: op.File, Dir: op.Parent, Name: op.Name, From: n.Name, Old: old, Trap: j.lifts(n, true)}
		if s.Trap || !n.Dir && !n.Head.Version.IsZero() && op.Name != n.Name {
			j.add(i, s)
		}
	}
	return nil
}

func (j *judging) add(i int, s guard.Step) {
	s.Trap = s.Trap || j.trapped(catalogue.Node{Parent: s.Dir, Name: s.Name})
	if s.Kind == guard.Removed && guard.Passing(s.Name) {
		s.Name = j.formerly(s.File, s.Name)
	}
	j.steps, j.of = append(j.steps, s), append(j.of, i)
}

// formerly is the latest name of a file that is not one for a moment: nobody gets rid of a file by calling it so first. What never had another
// is what programs need for a moment.
func (j *judging) formerly(file id.File, name string) string {
	for c, err := range j.p.mine.View.History(j.p.ctx, file) {
		if j.renamed++; err != nil || j.renamed > mostFormer {
			return file.String() // is not known, and no reason to look away
		}
		switch c.Kind {
		case commit.Save, commit.Link, commit.Move, commit.Touch:
			if !guard.Passing(c.Name) {
				return c.Name
			}
		}
	}
	return name
}

// copied adds what the act takes a copy of, if that is a trap: the copy is read under a path that is none. It is no content in the place
// of another, so it is told as a new name.
func (j *judging) copied() {
	c := j.p.req.copied
	if c == nil || len(j.ops) == 0 || !j.lifts(c.node, c.deep) {
		return
	}
	n := &c.node
	j.add(max(0, slices.IndexFunc(j.ops, func(op commit.Op) bool { return op.File == c.as })),
		guard.Step{Kind: guard.Renamed, File: n.File, Dir: n.Parent, Name: n.Name, From: n.Name, Old: contentOf(&n.Head.Content), Trap: true})
}

// lifts reports whether who takes a node from its place takes a trap: the node is one, or stands below one, or one stands below it.
func (j *judging) lifts(n catalogue.Node, deep bool) bool {
	if !j.traps {
		return false
	}
	at, err := placeOf(j.p.ctx, j.p.mine.View, j.p.sh.id.String(), n)
	if err != nil {
		return false
	}
	k, path := j.p.v.cfg.Keeper, string(at)
	return k.Trapped(j.p.sh.id, path) || n.Dir && deep && k.TrapBelow(j.p.sh.id, path)
}

// trapped reports whether nobody has a reason to touch what stands somewhere.
func (j *judging) trapped(n catalogue.Node) bool { return j.lifts(n, false) }

// below adds the files below a removed directory that can show something. Of one that is too large to be looked at all through, whether a trap
// goes with it is told by the places of the traps.
func (j *judging) below(i int, dir catalogue.Node) error {
	left, itself := mostBelow, guard.Step{Kind: guard.Removed, File: dir.File, Dir: dir.Parent, Name: dir.Name}
	if itself.Trap = j.trapped(dir); itself.Trap {
		j.add(i, itself)
	}
	for todo := []id.File{dir.File}; len(todo) > 0; todo = todo[1:] {
		for n, err := range j.p.mine.View.List(j.p.ctx, todo[0], false) {
			if err != nil {
				return problem.New(problem.Internal, "remove", string(j.p.req.name), err)
			}
			if left--; left < 0 {
				if j.large = append(j.large, i); !itself.Trap && j.lifts(dir, true) {
					itself.Trap = true
					j.add(i, itself)
				}
				return nil
			}
			switch c := &n.Head.Content; {
			case n.Dir:
				todo = append(todo, n.File)
				if j.trapped(n) {
					j.add(i, guard.Step{Kind: guard.Removed, File: n.File, Dir: n.Parent, Name: n.Name, Trap: true})
				}
			case j.traps || c.Size > 0 && c.Found.Looked:
				j.add(i, guard.Step{Kind: guard.Removed, File: n.File, Dir: n.Parent, Name: n.Name, Old: contentOf(c)})
			}
		}
	}
	return nil
}

func contentOf(c *commit.Content) guard.Content {
	return guard.Content{Found: c.Found, Size: c.Size, Equal: c.Equal}
}

// made is the content that an operation makes.
func (j *judging) made(op *commit.Op) guard.Content {
	c := contentOf(&op.Content)
	if op.Version == j.p.req.version {
		c.Inside = j.p.req.inside
	}
	return c
}

// known keeps with a note of intruders the digest by which others know it: who is concerned with it may read no file.
func (j *judging) known(i int) {
	op, sum := &j.ops[i], j.p.req.plain
	if op.Sign == string(guard.Noted) && sum != nil && op.Version == j.p.req.version && op.Size > 0 && op.Size <= mostDigest {
		op.Sums = append(slices.DeleteFunc(slices.Clone(op.Sums), func(s commit.Sum) bool { return s.Algorithm == sumSHA256 }), commit.Sum{Algorithm: sumSHA256, Value: hex.EncodeToString(sum[:])})
	}
}

// apply makes holds of what the guard doubts.
func (j *judging) apply() ([]commit.Op, error) {
	v := &j.p.req.verdict
	held := make(map[int]bool)
	for s, i := range j.of {
		if v.Signs[s] != "" && (j.ops[i].Sign == "" || v.Hold[s] && v.Signs[s] != guard.Gone) { // of many, one for which it must wait
			j.ops[i].Sign = string(v.Signs[s])
			j.known(i)
		}
		held[i] = held[i] || v.Hold[s]
	}
	var before []commit.Op
	for i := range j.ops {
		op, n := &j.ops[i], j.was[i]
		if !held[i] {
			continue
		}
		if op.Kind == commit.Remove {
			if j.taken(n) {
				return nil, &problem.Error{Kind: problem.Denied, Op: "remove", On: string(j.p.req.name), Hint: "hint.guard-replace"}
			}
			*op = commit.Op{Kind: commit.HoldRemove, File: op.File, Sign: op.Sign, Content: commit.Content{Version: j.hold(i), Key: j.hold(i)}}
			continue
		}
		if !n.Removed.IsZero() { // it had gone a moment ago: for others it never has
			before = append(before, commit.Op{Kind: commit.Move, File: op.File, Parent: op.Parent, Name: op.Name})
		}
		*op = commit.Op{Kind: commit.Hold, File: op.File, Sign: op.Sign, Content: op.Content}
	}
	ops, err := j.settle()
	return append(before, ops...), err
}

// taken reports whether the act puts something else where a node stands.
func (j *judging) taken(n catalogue.Node) bool {
	return slices.ContainsFunc(j.ops, func(op commit.Op) bool {
		switch op.Kind {
		case commit.Mkdir, commit.Touch, commit.Save, commit.Link, commit.Move:
			return op.File != n.File && op.Parent == n.Parent && pathname.Key(op.Name) == pathname.Key(n.Name)
		}
		return false
	})
}

// settle adds to the operations which earlier holds of the same author they make good, or take the place of.
func (j *judging) settle() ([]commit.Op, error) {
	ops := j.ops
	for i, n := range j.was {
		if n.Held == 0 || j.ops[i].Kind == commit.HoldRemove || j.ops[i].Kind == commit.Move {
			continue
		}
		removed := j.ops[i].Kind == commit.Remove
		for h, err := range j.p.mine.View.Held(j.p.ctx, n.File) {
			if err != nil {
				return nil, problem.New(problem.Internal, "save", string(j.p.req.name), err)
			}
			if by(h) != j.p.mine.by && !removed {
				continue
			}
			ops = append(ops, settling(h))
			if good := j.ops[i].Sign == ""; good && (j.ops[i].Kind == commit.Save || j.ops[i].Kind == commit.Link) {
				j.p.req.settled = append(j.p.req.settled, h.Version.Version)
			}
		}
	}
	return ops, nil
}

func settling(h catalogue.Held) commit.Op {
	return commit.Op{Kind: commit.Settle, File: h.File, Content: commit.Content{Version: h.Version.Version, Key: h.Version.Version}}
}

// showAgain takes an author's own held removal back.
func (p *planner) showAgain(n catalogue.Node) (ops []commit.Op, err error) {
	p.req.settles = true
	for h, err := range p.mine.View.Held(p.ctx, n.File) {
		if err != nil {
			return nil, problem.New(problem.Internal, "save", string(p.req.name), err)
		}
		if by(h) == p.mine.by && h.Kind == commit.HoldRemove {
			ops = append(ops, settling(h))
			p.req.settled = append(p.req.settled, h.Version.Version)
		}
	}
	return ops, nil
}

// after does what follows from a verdict once the act is durable: the keeper freezes, people are told.
func (v *Vault) after(r *request) {
	if v.cfg.Guard == nil {
		return
	}
	for _, hold := range r.settled {
		v.cfg.Guard.Settle(hold)
	}
	var sign guard.Sign
	for i, s := range r.verdict.Signs {
		if s != "" && (sign == "" || sign == guard.Gone || r.verdict.Hold[i] && s != guard.Gone) { // as apply has it: what tells most
			sign = s
		}
	}
	if sign != "" {
		r.note = string(sign)
		if r.verdict.Held() {
			r.note = "held: " + r.note
		}
	}
	stops := stopsOf(r, sign)
	if len(stops) > 0 {
		if err := v.cfg.Keeper.Stop(context.Background(), stops...); err != nil {
			v.cfg.Log.Error("the keeper does not know of a freeze; this storehouse keeps it", "err", err)
		}
		for _, s := range r.verdict.Freeze {
			if s.Kind == guard.BySession {
				v.Forget(s.ID)
			}
		}
	}
	if v.cfg.Alarm != nil && (len(stops) > 0 || r.verdict.Held()) {
		v.cfg.Alarm(Alarm{When: r.when, Session: r.sess, Share: r.share.id, Sign: sign, Path: r.name, Stops: stops})
	}
}

// stopsOf says what a verdict freezes in the keeper's words.
func stopsOf(r *request, sign guard.Sign) (out []account.Stop) {
	for _, s := range r.verdict.Freeze {
		stop := account.Stop{Kind: account.StopKind(s.Kind), Reason: string(sign), First: r.verdict.First}
		switch s.Kind {
		case guard.ByAddress:
			stop.Subject = s.Address.String()
		case guard.ByVault:
		default:
			stop.Subject = id.Session(s.ID).String()
		}
		if s.Kind == guard.BySession && s.ID == r.sess.ID {
			stop.Owner = r.sess.Name
		}
		out = append(out, stop)
	}
	return out
}
