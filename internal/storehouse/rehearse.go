package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Rehearse implements api.Drills: with the keys of this house. What it reads stands in this house's ledger, as every reading does.
func (h *House) Rehearse(ctx context.Context, s account.Session, q api.DrillRequest, tell func(api.DrillProgress)) (x account.Drill, err error) {
	const op = "rehearse medium"
	if err := atConsole(s, op); err != nil {
		return x, err
	}
	at, t, err := h.targetAt(ctx, op, q.Path)
	if err != nil {
		return x, err
	}
	if q, err = h.planned(q); err != nil {
		return x, err
	}
	known, err := h.knownMedium(ctx, s, t, at, op)
	if err != nil {
		return x, err
	}
	state, err := medium.Open(ctx, t, h.keeper.local.Status().PublicKey, q.State)
	if err != nil {
		return x, err
	}
	if err := os.MkdirAll(h.at.drills, 0o700); err != nil {
		return x, broken(err, h.at.drills)
	}
	scratch, err := os.MkdirTemp(h.at.drills, "")
	if err != nil {
		return x, broken(err, h.at.drills)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if err := room(scratch, booksOf(state)); err != nil {
		return x, err
	}
	x = planOf(state, q)
	x.Medium, x.Keys = known.ID, account.DrillKeeper
	if x, err = h.keeper.local.BeginDrill(ctx, s.ID, x); err != nil {
		return x, err
	}
	r := rehearsal{target: t, state: state, own: true, last: x.Last, keeper: h.keeper.Keeper(), session: s, scratch: scratch, q: q, now: h.opt.Now, begun: x.Begun, tell: tell}
	return h.keeper.local.EndDrill(context.WithoutCancel(ctx), s.ID, x.Number, r.run(ctx))
}

// planned refuses to write where the house lies.
func (h *House) planned(q api.DrillRequest) (api.DrillRequest, error) {
	q, err := ready(q)
	if err == nil && q.Into != "" {
		_, err = h.mediumDir("rehearse medium", q.Into)
	}
	return q, err
}

// maxDrillSample bounds a sample: whoever wants more wants everything.
const maxDrillSample = 100_000

// ready returns a request with what it leaves out, or says what is wrong with it.
func ready(q api.DrillRequest) (api.DrillRequest, error) {
	if q.Sample == 0 {
		q.Sample = api.DrillSample
	}
	if q.Sample < 0 || q.Sample > maxDrillSample {
		return q, &problem.Error{Kind: problem.Invalid, Op: "rehearse medium", On: fmt.Sprint(q.Sample), Hint: "hint.drill-sample"}
	}
	if q.Into == "" {
		return q, nil
	}
	list, err := os.ReadDir(q.Into)
	if err == nil && len(list) > 0 {
		err = errors.New(list[0].Name())
	}
	if err != nil {
		return q, intoError(q.Into, err)
	}
	return q, nil
}

// planOf is what is about to be done.
func planOf(s *medium.State, q api.DrillRequest) account.Drill {
	x := account.Drill{Medium: s.Medium.ID, Label: s.Medium.Label, Set: s.Medium.Set, State: s.Number, Of: s.Time, All: q.All, Kept: q.Into != ""}
	if !q.All {
		x.Asked, x.Seed = q.Sample, q.Seed
	}
	return x
}

// booksOf is about how much room a drill takes: books, which are a small part of the packs, and a copy of the ledger.
func booksOf(s *medium.State) int64 { return 64<<20 + s.Bytes/2048 + 2<<10*s.Head.Size }

// BeginDrill implements api.Drills.
func (h *House) BeginDrill(ctx context.Context, s account.Session, q api.NewDrill) (account.Drill, error) {
	if err := atConsole(s, "rehearse medium"); err != nil {
		return account.Drill{}, err
	}
	return h.keeper.local.BeginDrill(ctx, s.ID, account.Drill{Medium: q.Medium, State: q.State, Of: q.Of, Keys: account.DrillPapers, Card: q.Card, Papers: q.Papers, Code: q.Code,
		All: q.All, Asked: q.Asked, Seed: q.Seed, Kept: q.Kept})
}

// DrillReadings implements api.Drills: each version is released to the session and not used, so that the ledger tells of it before somebody opens it
// with a card and papers.
func (h *House) DrillReadings(ctx context.Context, s account.Session, number int, list []api.DrillReading) (gone []id.Version, err error) {
	const op = "rehearse medium"
	if err := atConsole(s, op); err != nil {
		return nil, err
	}
	var live bool
	for _, x := range h.keeper.local.KnownDrills() {
		live = live || x.Number == number && x.Ended.IsZero() && x.Keys == account.DrillPapers
	}
	if !live {
		return nil, &problem.Error{Kind: problem.NotFound, Op: op, On: fmt.Sprint(number), Hint: "hint.drill-unknown"}
	}
	var infos []vault.Info
	for _, x := range list {
		switch here, err := h.vault.Has(ctx, s, x.Share, x.Version); {
		case here:
			infos = append(infos, vault.Info{Path: pathname.Path(x.Path), Share: x.Share, Version: x.Version, Size: x.Size})
		case err == nil, problem.KindOf(err) == problem.NotFound, problem.KindOf(err) == problem.Denied:
			gone = append(gone, x.Version)
		default:
			return nil, err
		}
	}
	files, err := h.vault.As(s).Open(ctx, account.Rehearse, infos...)
	for _, f := range files {
		f.Close()
	}
	h.vault.Forget(s.ID)
	return gone, err
}

// EndDrill implements api.Drills.
func (h *House) EndDrill(ctx context.Context, s account.Session, number int, r account.DrillResult) (account.Drill, error) {
	if err := atConsole(s, "rehearse medium"); err != nil {
		return account.Drill{}, err
	}
	return h.keeper.local.EndDrill(ctx, s.ID, number, r)
}

// Drills implements api.Drills.
func (h *House) Drills(ctx context.Context, s account.Session) ([]account.Drill, error) {
	return h.keeper.local.Drills(ctx, s.ID)
}

// Books is the house whose ledger tells of a drill with card and papers.
type Books interface {
	BeginDrill(ctx context.Context, x account.Drill) (account.Drill, error)
	DrillReadings(ctx context.Context, number int, list []api.DrillReading) (gone []id.Version, err error)
	EndDrill(ctx context.Context, number int, r account.DrillResult) (account.Drill, error)
}

// scratchName begins the names of folders in which media are rehearsed.
const scratchName = "azekura-restore-drill-"

// RehearseAsStranger rehearses a medium as who has lost the house does: ledger and keeper are made again of the medium, the card and the papers, in a
// scratch folder that is removed afterwards, and then files are read with that keeper. books is the house that is told before each reading, and of the
// result; nil where there is none.
func RehearseAsStranger(ctx context.Context, opt Options, src Source, q api.DrillRequest, books Books, tell func(api.DrillProgress)) (x account.Drill, err error) {
	q, err = ready(q)
	if err != nil {
		return x, err
	}
	if books == nil && q.Into != "" { // nobody would know of it
		return x, &problem.Error{Kind: problem.Denied, Op: "rehearse medium", On: q.Into, Hint: "hint.drill-into-alone"}
	}
	src.State = q.State
	state, err := src.open(ctx, nil, opt.Now)
	if err != nil {
		return x, err
	}
	set, code, err := setOf(ctx, state, src.Keys) // papers that are not there say nothing of what is
	if err != nil {
		return x, err
	}
	t, err := src.target(ctx, opt.Now)
	if err != nil {
		return x, err
	}
	sweepScratch()
	scratch, err := os.MkdirTemp("", scratchName)
	if err != nil {
		return x, broken(err, os.TempDir())
	}
	unlock, err := lockDir(scratch, filepath.Join(scratch, "lock"), "rehearse medium", "") // so that no other drill takes it for left behind
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch), unlock()) }()
	if err := room(scratch, booksOf(state)); err != nil {
		return x, err
	}
	x = planOf(state, q)
	x.Keys, x.Card, x.Begun = account.DrillPapers, fmt.Sprintf("%d %s", src.Keys.Card.Number, src.Keys.Card.Name), opt.Now()
	x.Papers, x.Code = set, code
	if books != nil {
		if x, err = books.BeginDrill(ctx, x); err != nil {
			return x, err
		}
	}
	src.State = state.Number
	r := &rehearsal{target: t, state: state, last: x.Last, scratch: scratch, q: q, now: opt.Now, begun: x.Begun, tell: tell}
	if books != nil {
		r.before = func(ctx context.Context, list []vault.Stored) ([]id.Version, error) {
			out := make([]api.DrillReading, len(list))
			for i, k := range list {
				out[i] = api.DrillReading{Share: k.Share, Version: k.Version, Path: string(k.Path), Size: k.Size}
			}
			return books.DrillReadings(ctx, x.Number, out)
		}
	}
	x.DrillResult = r.asStranger(ctx, opt, src)
	if books == nil {
		x.Ended = opt.Now()
		return x, nil
	}
	return books.EndDrill(context.WithoutCancel(ctx), x.Number, x.DrillResult)
}

// setOf says which set of papers will open a card and a medium, or what is wrong with the papers. A medium whose files do not tell is for the drill itself to
// find: then it is the card's word.
func setOf(ctx context.Context, s *medium.State, keys keeper.Rescue) (number int, code string, err error) {
	set, err := rescueOf(ctx, s, keys).Set()
	if problem.KindOf(err) == problem.Damaged {
		set, err = keys.Set()
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		other := *p
		other.Op, err = "rehearse medium", &other
	}
	return int(set.Number), set.Fingerprint(), err
}

// asStranger makes the keeper again, and rehearses with it. The root is sealed with a pass phrase that is written nowhere.
func (r *rehearsal) asStranger(ctx context.Context, opt Options, src Source) account.DrillResult {
	cfg := Default(filepath.Join(r.scratch, "house"))
	cfg.Protection, cfg.HTTP = "passphrase", ""
	phrase := PassPhrase()
	opt.Passphrase = func() ([]byte, error) { return []byte(phrase), nil }
	opt.FS, opt.hashing = durable.OS(), &keeper.Hashing{Time: 1, Memory: 64} // nobody has chosen it, and nobody guesses it
	if err := Restore(ctx, cfg, opt, src); err != nil {
		if problem.KindOf(err) == problem.Damaged {
			if e := r.beside(ctx); e != nil || r.out.Failed > 0 {
				err = e // each is named
			}
		}
		return r.judge(ctx, err)
	}
	k, err := openKeeper(ctx, cfg, layoutOf(cfg), opt, nil)
	if err != nil {
		return r.judge(ctx, err)
	}
	defer k.Close(context.WithoutCancel(ctx)) // its ledger is thrown away
	s, err := k.Keeper().Login(ctx, account.Credentials{Name: consoleName(), Factor: account.Console, Door: "console"})
	if err != nil {
		return r.judge(ctx, err)
	}
	r.keeper, r.session = k.Keeper(), s
	if r.out.Used, err = rightOf(ctx, k, s, src); err != nil {
		return r.judge(ctx, err)
	}
	return r.run(ctx)
}

// rightOf asks the keeper that was made again which papers of its set are right.
func rightOf(ctx context.Context, k *embedded, s account.Session, src Source) (right []int, err error) {
	var codes []string
	for _, p := range src.Keys.Pieces {
		codes = append(codes, p.Code())
	}
	t, err := k.local.TestPapers(ctx, s.ID, codes)
	for _, r := range t.Results {
		if r.Verdict == "good" {
			right = append(right, r.Number)
		}
	}
	return right, err
}

// sweepScratch removes what drills have left that were killed.
func sweepScratch() {
	list, err := os.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, e := range list {
		at := filepath.Join(os.TempDir(), e.Name())
		if i, err := e.Info(); err == nil && i.IsDir() && strings.HasPrefix(e.Name(), scratchName) && mine(i) && Abandoned(at) {
			os.RemoveAll(at)
		}
	}
}

// mine reports whether a folder belongs to whoever runs this: everybody may make one in the place for temporary files.
func mine(i fs.FileInfo) bool {
	st, ok := i.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
