package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/guard/structure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// listMax is how many parts a manifest lists before it becomes one of lists. Only tests change it.
var listMax = 16 << 10

// buffers holds windows of chunk.Max bytes. A window is only taken once a save has outgrown the small
// one that it starts with, so that many slow clients with small files cost little.
var buffers = sync.Pool{New: func() any { b := make([]byte, chunk.Max); return &b }}

// smallBuffers holds the first windows.
var smallBuffers = sync.Pool{New: func() any { b := make([]byte, small); return &b }}

const small = 64 << 10

// piece is how much is gathered before it is looked at: content that has come whole waits for the look at its last piece alone.
const piece = 128 << 10

// draft is a save under way. One goroutine receives; a second cuts, hashes, seals and appends what the
// first has gathered, so that the network and the cipher work at the same time.
type draft struct {
	w      *view
	ctx    context.Context
	name   pathname.Path
	sh     *share
	cutter *chunk.Cutter
	lost   int // generation of the packs in which the chunks stand

	window   []byte // gathered, not yet cut; less than chunk.Max
	seen     int    // how much of it has no cut
	checked  bool
	sure     bool               // chunks that the share has are looked at before they are trusted: it replaces what may be damaged
	replaces bool               // it comes in the place of content that was looked at: then the look is a deep one
	full     *[]byte            // the pooled buffer behind window, once it is large
	small    *[]byte            // and before
	look     *structure.Running // at content that has outgrown the small window
	shown    int                // how much of the window it was offered
	offered  int64              // and of all
	spool    *spool             // set by a WriteAt out of order
	pos      int64              // how much has come in order

	parted  bool             // its content comes by WriteAt
	inOrder bool             // holds a token of Vault.orders
	ahead   map[int64][]byte // parts that wait for those before them, by their offset
	held    int              // their bytes

	jobs   chan job // to the sealing goroutine; nil until the first cut
	result chan error

	// Owned by the sealing goroutine until result has delivered, then by Commit.
	sums  []byte
	parts []commit.Part
	lists []commit.Part
	using []id.Chunk // all that it counts on being there
	size  int64
	found structure.Finding
	plain *[32]byte // SHA-256 of a small content
	deep  bool      // the look
	ended bool
	slot  bool // holds a token of Vault.drafts
}

type job struct {
	data  []byte
	buf   *[]byte // goes back to buffers
	shown int64   // once the look is done with so much
}

var errEnded = errors.New("the save has ended")

// Create implements Writer. What Commit checks is checked before it too if the content is not small, so that a client
// need not send a gigabyte to learn that it may not write here.
func (w *view) Create(ctx context.Context, name pathname.Path) (Draft, error) {
	if live, hidden := Live(name.Base()); live {
		return w.v.live.create(ctx, w, name, hidden)
	}
	sh, _, err := w.enter(ctx, "save", name, true)
	if err != nil {
		return nil, err
	}
	d := &draft{w: w, ctx: ctx, name: name, sh: sh, cutter: sh.cutter}
	if d.lost, err = w.v.generation(ctx, sh); err != nil {
		return nil, err
	}
	return d, nil
}

// generation tells which generation of the packs a save begins in. After a failed write it first lets the
// catalogue catch up, or the save would build on what was lost.
func (v *Vault) generation(ctx context.Context, sh *share) (int, error) {
	now := func() (int, bool) {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return sh.lost, sh.lost == v.cfg.Packs.Lost(sh.id)
	}
	if lost, ok := now(); ok {
		return lost, nil
	}
	err := v.submit(ctx, &request{share: sh, alone: func(catalogue.Tx) error { return nil }})
	lost, _ := now()
	return lost, err
}

// Write gathers p.
func (d *draft) Write(p []byte) (int, error) {
	if d.ended {
		return 0, errEnded
	}
	if len(d.ahead) > 0 {
		if err := d.unwind(); err != nil {
			return 0, d.failed(err)
		}
	}
	if d.spool != nil {
		n, err := d.spool.WriteAt(p, d.spool.size)
		return n, d.failed(err)
	}
	return d.write(p)
}

// write gathers p behind what has come.
func (d *draft) write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		if err := d.grow(len(p)); err != nil {
			return n, err
		}
		m := copy(d.window[len(d.window):cap(d.window)], p)
		d.window = d.window[:len(d.window)+m]
		n, p, d.pos = n+m, p[m:], d.pos+int64(m)
		if len(d.window)-d.shown >= piece {
			d.show(len(d.window))
		}
		if len(d.window) >= chunk.Min {
			if err := d.emit(false); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// Check implements Draft.
func (d *draft) Check() error {
	if d.checked {
		return nil
	}
	d.checked = true
	mine := d.w.view(d.sh)
	t, err := d.target(&planner{View: mine, mine: mine, ctx: d.ctx, v: d.w.v, sh: d.sh})
	d.replaces = err == nil && d.w.v.cfg.Guard != nil && t.exists && t.node.Head.Found.Looked
	return err
}

// grow makes room for some of n more bytes: first in a small window, then in a pooled one.
func (d *draft) grow(n int) error {
	if len(d.window) < cap(d.window) {
		return nil
	}
	if d.window == nil && n <= small {
		d.small = smallBuffers.Get().(*[]byte)
		d.window = (*d.small)[:0]
		return nil
	}
	if d.full == nil {
		if err := d.Check(); err != nil {
			return err
		}
	}
	if err := d.take(); err != nil {
		return err
	}
	d.full = buffers.Get().(*[]byte)
	d.window = append((*d.full)[:0:chunk.Max], d.window...)
	if d.look == nil {
		d.look = structure.Begin(d.replaces)
	}
	return nil
}

// take waits for the right to hold large buffers.
func (d *draft) take() error {
	if d.slot || d.inOrder {
		return nil
	}
	select {
	case d.w.v.drafts <- struct{}{}:
		d.slot = true
		return nil
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
}

// emit hands the chunks at the front of the window to the sealing goroutine; last: all of it.
func (d *draft) emit(last bool) error {
	for len(d.window) > 0 {
		n := d.cutter.Cut(d.window, d.seen, last)
		if d.seen = len(d.window); n == 0 {
			return nil
		}
		if d.jobs == nil {
			d.jobs, d.result = make(chan job), make(chan error, 1)
			go d.sealing()
		}
		d.show(n)
		next := buffers.Get().(*[]byte)
		rest := append((*next)[:0:chunk.Max], d.window[n:]...)
		select {
		case d.jobs <- job{d.window[:n], d.full, d.offered}:
		case err := <-d.result: // the goroutine has given up
			buffers.Put(next)
			d.result <- err
			return err
		}
		d.window, d.full, d.seen, d.shown = rest, next, 0, d.shown-n
	}
	return nil
}

func (d *draft) failed(err error) error {
	if err != nil {
		return d.w.v.broken("write to disk", err)
	}
	return nil
}

// Commit implements Draft.
func (d *draft) Commit(ctx context.Context, s Save) (Info, error) {
	if d.ended {
		return Info{}, errEnded
	}
	defer d.Discard()
	if len(d.ahead) > 0 { // there are holes
		if err := d.unwind(); err != nil {
			return Info{}, d.failed(err)
		}
	}
	if d.spool != nil {
		sp := d.spool
		d.spool = nil
		defer sp.Close()
		if _, err := io.Copy(d, io.NewSectionReader(sp, 0, sp.size)); err != nil {
			return Info{}, err
		}
	}
	m, equal, err := d.finish()
	if err != nil {
		return Info{}, err
	}
	r := d.w.request(d.sh, event.Saved, d.name)
	r.lost, r.chunks = d.lost, d.using
	c, err := r.seal(d.w.v, m, equal)
	if err != nil {
		return Info{}, err
	}
	defer r.key.Zero()
	c.Modified, c.Sums, c.Found = s.Modified, s.Sums, Found(d.found, d.deep)
	r.files[0].Version, r.inside = c.Version, Inside(d.found)
	r.plain = d.plain
	r.plan = func(p *planner) ([]commit.Op, error) { return d.plan(p, c, s) }
	if err := d.w.v.submit(ctx, r); err != nil {
		return Info{}, err
	}
	i := r.info
	if !r.planned || r.version != i.Version {
		if i, err = d.w.Stat(ctx, d.name); err != nil {
			return Info{}, err
		}
	}
	if i.Version == r.version && d.w.v.gallery.is(i) {
		d.w.v.gallery.saved(d.w, d.sh, i, r.key)
	}
	return i, nil
}

// seal gives the act a new version with the content that a manifest describes.
func (r *request) seal(v *Vault, m commit.Manifest, equal [32]byte) (c commit.Content, err error) {
	c = commit.Content{Version: id.NewVersion(), Size: m.Size, Equal: equal}
	c.Key = c.Version
	if r.key, err = r.fileKey(v.cfg.Now(), c.Version); err != nil {
		return c, err
	}
	plain, err := m.Marshal()
	if err != nil {
		return c, problem.New(problem.TooLarge, "save", "", err)
	}
	c.Epoch, r.version, r.manifest = r.epoch.ID, c.Version, r.key.Seal(nil, plain, c.Version[:])
	return c, nil
}

// finish cuts and seals what is left and returns the manifest.
func (d *draft) finish() (m commit.Manifest, equal [32]byte, err error) {
	if d.jobs == nil {
		m.Size = int64(len(d.window))
		if err := d.lookAtAll(); err != nil {
			return m, equal, err
		}
		sum := sha256.Sum256(d.window)
		d.plain = &sum
		if m.Size <= commit.InlineMax {
			m.Inline = d.window
			return m, d.sh.meta.Equal(sum[:]), nil
		}
		if err := d.seal(d.window, sum); err != nil {
			return m, equal, err
		}
	} else {
		if err := d.emit(true); err != nil {
			return m, equal, err
		}
		close(d.jobs)
		if err := <-d.result; err != nil {
			d.result <- err
			return m, equal, err
		}
		d.result <- nil
		d.looked()
	}
	m.Size, m.Level, m.Parts = d.size, 1, d.parts
	if len(d.lists) > 0 {
		if len(d.parts) > 0 {
			if err := d.fold(); err != nil {
				return m, equal, err
			}
		}
		m.Level, m.Parts = 2, d.lists
	}
	return m, d.sh.meta.Equal(d.sums), nil
}

// Discard implements Draft.
func (d *draft) Discard() {
	if d.ended {
		return
	}
	d.ended = true
	if d.jobs != nil {
		select {
		case <-d.result: // it has ended
		default:
			close(d.jobs)
			<-d.result
		}
	}
	d.forget()
	d.letGo()
	if d.spool != nil {
		d.spool.Close()
	}
	if d.slot {
		<-d.w.v.drafts
	}
}

// fileKey returns the key of a new version, in the share's write epoch.
func (r *request) fileKey(now time.Time, version id.Version) (seal.Key, error) {
	sh := r.share
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.epoch == nil || sh.left == 0 || !now.Before(sh.until) {
		e, err := sh.recipient.NewEpoch(sh.id)
		if err != nil {
			return seal.Key{}, err
		}
		sh.epoch, sh.left, sh.until = e, epochVersions, now.Add(epochTime)
	}
	sh.left--
	r.epoch = catalogue.Encapsulation{ID: sh.epoch.ID, Enc: sh.epoch.Enc}
	return sh.epoch.FileKey(version)
}

// target resolves the draft's name: its directory, and what stands there.
func (d *draft) target(p *planner) (t target, err error) {
	t, err = p.target("save", d.name, d.w)
	if err == nil && t.exists && t.node.Dir {
		err = problem.New(problem.Exists, "save", string(d.name), errors.New("a directory has this name"))
	}
	if err == nil {
		err = p.mayWrite("save", d.w, t)
	}
	return t, err
}

// plan decides what the save means once its turn has come.
func (d *draft) plan(p *planner, c commit.Content, s Save) ([]commit.Op, error) {
	t, err := d.target(p)
	if err != nil {
		return nil, err
	}
	if s.If != nil {
		if err := s.If(p.info(d.w, t), t.shown()); err != nil {
			return nil, err
		}
	}
	op := commit.Op{Kind: commit.Save, File: t.node.File, Parent: t.dir, Name: d.name.Base(), Content: c}
	if t.exists {
		op.Name = t.node.Name
	}
	if c.Size == 0 {
		return d.empty(p, t, op), nil
	}
	if c.Modified.IsZero() {
		op.Modified = p.when
	}
	if t.exists && !t.node.Head.Version.IsZero() {
		d.saved(p, t, op, t.node.Head.Number+1)
		return []commit.Op{op}, nil
	}
	// The first content under this name: the file that had the name before continues.
	file, after, ok := p.predecessor(t, d.w.s, false)
	switch {
	case ok && t.exists:
		op.File = file
		p.handLocks(t.node.File, file)
		ops := append([]commit.Op{{Kind: commit.Remove, File: t.node.File}, op}, after...)
		if len(t.node.Props) > 0 { // what a program has set on its placeholder is meant for the file
			ops = append(ops, commit.Op{Kind: commit.SetProp, File: file, Props: t.node.Props})
		}
		return ops, nil
	case ok:
		op.File = file
	case !t.exists:
		op.File = id.NewFile()
		d.saved(p, t, op, 1)
	}
	return append([]commit.Op{op}, after...), nil
}

// saved notes what the save will look like, so that nobody needs to look it up.
func (d *draft) saved(p *planner, t target, op commit.Op, number int) {
	i := info(t.path, p.sh.id, catalogue.Node{File: op.File, Created: t.node.Created, Props: t.node.Props})
	if i.Created.IsZero() {
		i.Created = p.when
	}
	i.version(catalogue.Version{Content: op.Content, Number: number, Saved: p.when, Author: d.w.s.Name, Door: d.w.s.Door})
	p.req.info = i
}
