package vault

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// Painter makes small pictures of large ones. Safe for concurrent use.
type Painter interface {
	// Is reports whether a file of this name may be a picture.
	Is(name string) bool
	// Paint returns a JPEG of a picture, at most edge pixels long. The error is of kind problem.Invalid or problem.TooLarge
	// when this content will never have one.
	Paint(ctx context.Context, name string, size int64, content io.Reader, edge int) ([]byte, error)
}

// previewEdge is how long a preview is, docs/format.md.
const previewEdge = 480

// A picture waits for its preview with its key: so no more than so many do, and no longer. Of the others it is made when somebody
// looks for it.
const (
	maxWaiting  = 10_000
	waitingTime = 15 * time.Minute
	painting    = 2 // at the same time
	looking     = 8 // large pictures that one account may wait for; they are made one after the other
)

// Preview is a small picture of a version, a JPEG.
type Preview struct {
	File   File   // nil: there is none
	Coming bool   // it is being made
	Why    string // the hint that says why there will be none
}

// gallery makes previews behind the saves.
type gallery struct {
	v      *Vault
	ctx    context.Context // ends with close
	end    context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	more   *sync.Cond
	list   []waiting // the latest last: who saves, looks
	known  map[id.Version]bool
	broken map[id.Version]string     // of these there will be none: a hint says why
	rotten map[id.Version]id.Version // the previews of these are damaged
	looks  map[id.Account]*looks
}

// looks are the large pictures that an account waits for.
type looks struct {
	n    int
	turn chan struct{}
}

// waiting is a picture of which a preview is to be made.
type waiting struct {
	key   id.Version
	r     *reader
	until time.Time
}

// forget overwrites the key that it waits with.
func (w *waiting) forget() {
	if w.r.own != nil {
		w.r.own.Zero()
	}
}

func newGallery(v *Vault) *gallery {
	g := &gallery{v: v, known: make(map[id.Version]bool), broken: make(map[id.Version]string), rotten: make(map[id.Version]id.Version), looks: make(map[id.Account]*looks)}
	g.more = sync.NewCond(&g.mu)
	g.ctx, g.end = context.WithCancel(context.Background())
	if v.cfg.Painter != nil {
		for range painting {
			g.done.Go(g.paint)
		}
	}
	return g
}

// close ends the painting and forgets what waits.
func (g *gallery) close() {
	g.end()
	g.mu.Lock()
	for _, w := range g.list {
		w.forget()
	}
	g.list = nil
	g.more.Broadcast()
	g.mu.Unlock()
	g.done.Wait()
}

// is reports whether a version may have a preview.
func (g *gallery) is(i Info) bool { return g.never(i) == "" }

// Why there will be no preview.
const (
	hintUnsupported = "hint.picture-unsupported"
	hintDamaged     = "hint.picture-damaged"
)

// never returns the hint that says why a version will never have a preview, or "".
func (g *gallery) never(i Info) string {
	switch {
	case g.v.cfg.Painter == nil:
		return "hint.no-pictures"
	case i.Dir, i.Live, i.Version.IsZero():
		return "hint.not-a-picture"
	case !g.v.cfg.Painter.Is(i.Path.Base()):
		return hintUnsupported
	case i.Size == 0:
		return hintDamaged
	}
	return ""
}

// add lets a picture wait. The one that waits longest gives way.
func (g *gallery) add(r *reader) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := waiting{r.version.Key, r, g.v.cfg.Now().Add(waitingTime)}
	if g.known[w.key] || g.broken[w.key] != "" || g.ctx.Err() != nil {
		w.forget()
		return
	}
	if len(g.list) == maxWaiting {
		g.forget(g.list[0])
		g.list = g.list[:copy(g.list, g.list[1:])]
	}
	g.known[w.key] = true
	g.list = append(g.list, w)
	g.more.Signal()
}

// forget lets go of what waits no more; mu is held.
func (g *gallery) forget(w waiting) {
	w.forget()
	delete(g.known, w.key)
}

// expire forgets the keys of what has waited too long.
func (g *gallery) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, kept := g.v.cfg.Now(), g.list[:0]
	for _, w := range g.list {
		if now.Before(w.until) {
			kept = append(kept, w)
		} else {
			g.forget(w)
		}
	}
	clear(g.list[len(kept):])
	g.list = kept
}

// next returns what was added last; false at the end.
func (g *gallery) next() (waiting, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.list) == 0 && g.ctx.Err() == nil {
		g.more.Wait()
	}
	if g.ctx.Err() != nil {
		return waiting{}, false
	}
	w := g.list[len(g.list)-1]
	g.list = g.list[:len(g.list)-1]
	return w, true
}

// paint makes previews until the end.
func (g *gallery) paint() {
	for {
		w, ok := g.next()
		if !ok {
			return
		}
		err := g.make(w.r)
		w.r.Close()
		g.mu.Lock()
		g.forget(w)
		if p, ok := errors.AsType[*problem.Error](err); ok && (p.Kind == problem.Invalid || p.Kind == problem.TooLarge) {
			if len(g.broken) == maxWaiting {
				clear(g.broken)
			}
			g.broken[w.key] = cmp.Or(p.Hint, hintUnsupported)
		}
		g.mu.Unlock()
		if err != nil && g.ctx.Err() == nil {
			g.v.cfg.Log.Debug("no preview", "share", w.r.sh.id, "version", w.key, "err", err)
		}
	}
}

// make makes the preview of a version and keeps it, sealed under a key of its own.
func (g *gallery) make(r *reader) error {
	cat := g.v.cfg.Catalogue.View(r.sh.id, r.sh.meta)
	have, err := cat.Previews(g.ctx, []id.Version{r.version.Key})
	if err != nil || g.opens(have[0], r.version.Key) {
		return err
	}
	if r.version, err = cat.Version(g.ctx, r.version.Version); err != nil {
		return err
	}
	data, err := g.v.cfg.Painter.Paint(g.ctx, r.info.Path.Base(), r.info.Size, struct{ io.Reader }{r}, previewEdge)
	if err != nil {
		return err
	}
	q := r.w.request(r.sh, "", r.info.Path)
	if q.lost, err = g.v.generation(g.ctx, r.sh); err != nil {
		return err
	}
	defer q.key.Zero()
	c, err := q.seal(g.v, commit.Manifest{Size: int64(len(data)), Inline: data}, [32]byte{})
	if err != nil {
		return err
	}
	c.Key = r.version.Key
	q.plan = func(*planner) ([]commit.Op, error) {
		return []commit.Op{{Kind: commit.Preview, File: r.info.File, Content: c}}, nil
	}
	return g.v.submit(g.ctx, q)
}

// saved lets a version that was just saved wait for its preview, with the key that it was sealed with.
func (g *gallery) saved(w *view, sh *share, i Info, key seal.Key) {
	r := &reader{w: &view{v: w.v, s: w.s}, ctx: g.ctx, sh: sh, info: i, why: account.Preview, own: &key}
	r.version.Version, r.version.Key = i.Version, i.Version
	g.add(r)
}

// opens reports whether there is a preview of a version. Damaged packs may leave one without its manifest, or with one that nobody could
// read: it is made again.
func (g *gallery) opens(p catalogue.Preview, of id.Version) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return p.Size > 0 && p.Manifest.Size > 0 && g.rotten[of] != p.Version
}

// thumbnail is the preview of a version.
type thumbnail struct {
	*reader
	of id.Version
}

// WriteTo implements File.
func (t *thumbnail) WriteTo(w io.Writer) (int64, error) {
	n, err := t.reader.WriteTo(w)
	if problem.KindOf(err) == problem.Damaged {
		t.reader.w.v.gallery.spoiled(t.of, t.version.Version)
	}
	return n, err
}

// spoiled notes that a version's preview is damaged.
func (g *gallery) spoiled(of, preview id.Version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.rotten) == maxWaiting {
		clear(g.rotten)
	}
	g.rotten[of] = preview
}

// missing reports whether an error is about one version: it is gone, or damaged.
func missing(err error) bool {
	k := problem.KindOf(err)
	return err != nil && (k == problem.NotFound || k == problem.Damaged)
}

// Previews opens small pictures of versions, all with one release for each share, or from leases of one. Of pictures that have none yet it
// releases the content itself, and has it made.
func (v *Vault) Previews(ctx context.Context, s account.Session, files ...Info) ([]Preview, error) {
	w := &view{v: v, s: s}
	out, of := make([]Preview, len(files)), make(map[id.Share][]int)
	large := make([]*reader, len(files))
	for i, f := range files {
		if out[i].Why = v.gallery.never(f); out[i].Why != "" {
			continue
		}
		r, err := w.reader(ctx, account.Preview, f)
		if missing(err) {
			out[i].Why = hintDamaged
			continue
		}
		if err != nil {
			return nil, err
		}
		large[i], of[f.Share] = r, append(of[f.Share], i)
	}
	for share, list := range of {
		if err := w.previews(ctx, share, list, large, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// previews opens the previews of the pictures with some indexes, which are of one share.
func (w *view) previews(ctx context.Context, share id.Share, list []int, large []*reader, out []Preview) error {
	sh := large[list[0]].sh
	shows := make([]id.Version, len(list))
	for n, i := range list {
		shows[n] = large[i].version.Key
	}
	have, err := w.v.cfg.Catalogue.View(sh.id, sh.meta).Previews(ctx, shows)
	if err != nil {
		return problem.New(problem.Internal, "open", "", err)
	}
	ask := keeper.Request{Session: w.s.ID, Purpose: account.Preview, Share: share}
	var unmade []*reader
	for n, i := range list {
		r, made := large[i], w.v.gallery.opens(have[n], shows[n])
		if made {
			r = r.preview(have[n])
		} else if !w.v.gallery.mayMake(shows[n], &out[i]) {
			continue
		}
		err := r.want(ctx, &ask)
		switch {
		case missing(err): // one that is damaged does not hide the others
			out[i] = Preview{Why: hintDamaged}
		case err != nil:
			return err
		case made:
			out[i].File = &thumbnail{r, shows[n]}
		default:
			unmade = append(unmade, r)
		}
	}
	if err := w.release(ctx, ask); err != nil {
		return err
	}
	for _, r := range unmade {
		r.ctx = w.v.gallery.ctx // it is made after the one who looks has got an answer
		w.v.gallery.add(r)
	}
	return nil
}

// mayMake reports whether a preview has to be made, and notes whether there will be one.
func (g *gallery) mayMake(key id.Version, p *Preview) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.Why = g.broken[key]
	p.Coming = p.Why == ""
	return p.Coming && !g.known[key]
}

// preview returns the reader of a preview of what r reads.
func (r *reader) preview(p catalogue.Preview) *reader {
	small := &reader{w: r.w, ctx: r.ctx, sh: r.sh, info: r.info, why: r.why, shows: r.version.Key}
	small.info.Size = p.Size
	small.version = catalogue.Version{Content: commit.Content{Version: p.Version, Key: p.Version, Epoch: p.Epoch, Size: p.Size}, Manifest: p.Manifest}
	return small
}

// turn waits until an account has no other large picture made. One who asks for many takes one worker, not all.
func (g *gallery) turn(ctx context.Context, a id.Account, f Info) (done func(), err error) {
	const op = "make preview"
	g.mu.Lock()
	l := g.looks[a]
	if l == nil {
		l = &looks{turn: make(chan struct{}, 1)}
		g.looks[a] = l
	}
	if l.n == looking {
		g.mu.Unlock()
		return nil, &problem.Error{Kind: problem.Unavailable, Op: op, On: string(f.Path), Hint: "hint.pictures-wait", Err: errors.New("too many of this account")}
	}
	l.n++
	g.mu.Unlock()
	leave := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if l.n--; l.n == 0 {
			delete(g.looks, a)
		}
	}
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, problem.New(problem.Unavailable, op, string(f.Path), ctx.Err())
	}
}

// Picture makes a picture of a version for a screen, a JPEG of at most edge pixels, out of its content, which is released for that. It
// is kept nowhere.
func (v *Vault) Picture(ctx context.Context, s account.Session, f Info, edge int) ([]byte, error) {
	if why := v.gallery.never(f); why != "" {
		return nil, &problem.Error{Kind: problem.NotFound, Op: "make preview", On: string(f.Path), Hint: why}
	}
	done, err := v.gallery.turn(ctx, s.Account, f)
	if err != nil {
		return nil, err
	}
	defer done()
	open, err := v.As(s).Open(ctx, account.Preview, f)
	if err != nil {
		return nil, err
	}
	defer open[0].Close()
	b, err := v.cfg.Painter.Paint(ctx, f.Path.Base(), f.Size, struct{ io.Reader }{open[0]}, edge)
	if p, ok := errors.AsType[*problem.Error](err); ok {
		p.On = string(f.Path)
	}
	return b, err
}
