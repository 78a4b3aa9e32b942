package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sort"
	"sync"
	"syscall"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/chunk"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// reader is an open version. Its manifest is opened at the first read with the leased key; the keys of
// the chunks are in it, so every chunk asks again whether the session still lives and, once the lease
// has ended, for a new release, which is one more entry in the ledger.
type reader struct {
	w       *view
	ctx     context.Context
	sh      *share
	info    Info
	why     account.Purpose
	version catalogue.Version
	shows   id.Version // the key of what a preview is of; zero: it is none
	own     *seal.Key  // the key of what this storehouse has just saved itself, for its preview; nil: keys are released

	opened bool
	m      commit.Manifest
	ends   []int64 // running ends of m.Parts
	list   []commit.Part
	lends  []int64
	inList int // which part of a Level 2 manifest list is of
	pos    int64

	reading sync.Mutex // held by ReadAt
	have    content    // the chunk read last
	coming  *coming    // the one that follows, if readers go on in order
	before  content    // the one before: readers side by side, as SFTP has them, cross from one to the next at different times
}

func (r *reader) lease() lease { return lease{r.w.s.ID, r.version.Key, r.why} }

// Info implements File.
func (r *reader) Info() Info { return r.info }

// key returns the file key while the session lives.
func (r *reader) key() (seal.Key, error) {
	if r.own != nil {
		return *r.own, nil
	}
	if err := r.w.mayRead(r.ctx, r.why, r.sh.id); err != nil {
		return seal.Key{}, err
	}
	if k, _, ok := r.w.v.keys.get(r.lease()); ok {
		return k, nil
	}
	ask, err := r.ask(r.ctx)
	if err != nil {
		return seal.Key{}, err
	}
	if err := r.w.release(r.ctx, keeper.Request{Session: r.w.s.ID, Purpose: r.why, Share: r.sh.id, Files: []keeper.Sealed{ask}}); err != nil {
		return seal.Key{}, err
	}
	if k, _, ok := r.w.v.keys.get(r.lease()); ok {
		return k, nil
	}
	return seal.Key{}, problem.New(problem.Unavailable, "open", string(r.info.Path), errors.New("the lease has ended at once"))
}

// manifest opens the manifest on first use.
func (r *reader) manifest() error {
	if r.opened || r.version.Version.IsZero() {
		return nil
	}
	k, err := r.key()
	if err != nil {
		return err
	}
	defer k.Zero()
	f, err := r.w.v.cfg.Packs.Read(r.ctx, r.sh.id, r.version.Manifest, nil)
	if err != nil {
		return r.damaged(err)
	}
	plain, err := k.Open(nil, f.Payload, r.version.Key[:])
	if err != nil {
		return r.damaged(err)
	}
	m, err := commit.ParseManifest(plain)
	if err != nil {
		return r.damaged(err)
	}
	if m.Size != r.info.Size {
		return r.damaged(errors.New("manifest and commit record differ in size"))
	}
	r.m, r.ends, r.opened, r.inList = m, ends(m.Parts), true, -1
	return nil
}

func ends(parts []commit.Part) []int64 {
	out := make([]int64, len(parts))
	var at int64
	for i, p := range parts {
		at += p.Size
		out[i] = at
	}
	return out
}

func (r *reader) damaged(err error) error {
	if k := problem.KindOf(err); k == problem.Unavailable {
		return err
	}
	return &problem.Error{Kind: problem.Damaged, Op: "open", On: string(r.info.Path), Hint: "hint.verify", Err: err}
}

// at returns the bytes of the chunk that holds off, from off on.
func (r *reader) at(off int64) ([]byte, error) {
	if r.m.Level == 0 {
		if _, err := r.key(); err != nil {
			return nil, err
		}
		return r.m.Inline[off:], nil
	}
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > off })
	if i == len(r.ends) {
		return nil, r.damaged(errors.New("manifest is shorter than the file"))
	}
	part, start := r.m.Parts[i], r.ends[i]-r.m.Parts[i].Size
	list, n := r.m.Parts, i
	if r.m.Level == 2 {
		if r.inList != i {
			var err error
			if r.list, err = r.parts(part); err != nil {
				return nil, err
			}
			r.lends, r.inList = ends(r.list), i
		}
		j := sort.Search(len(r.lends), func(j int) bool { return start+r.lends[j] > off })
		if j == len(r.lends) {
			return nil, r.damaged(errors.New("list of parts is shorter than it says"))
		}
		part, start = r.list[j], start+r.lends[j]-r.list[j].Size
		list, n = r.list, j
	}
	if r.have.part != part {
		r.have, r.before = r.before, r.have
	}
	if r.have.part != part {
		followed := n > 0 && (r.have.part == list[n-1] || r.before.part == list[n-1])
		r.have.release()
		var err error
		if r.have, err = r.take(part); err != nil {
			return nil, err
		}
		if followed && n+1 < len(list) {
			r.expect(list[n+1])
		}
	} else if _, err := r.key(); err != nil {
		return nil, err
	}
	return r.have.plain[off-start:], nil
}

// coming is a chunk that is being read before anybody asks for it.
type coming struct {
	part commit.Part
	read chan parcel
}

// expect begins to read a chunk, if there is room for one more.
func (r *reader) expect(p commit.Part) {
	if r.coming != nil {
		return
	}
	select {
	case r.w.v.ahead <- struct{}{}:
	default:
		return
	}
	c := &coming{p, make(chan parcel, 1)}
	r.coming = c
	go func() {
		s, err := r.load(p)
		c.read <- parcel{s, err}
	}()
}

// expected ends what expect has begun.
func (r *reader) expected() (s parcel, of commit.Part) {
	if r.coming == nil {
		return s, of
	}
	s, of = <-r.coming.read, r.coming.part
	<-r.w.v.ahead
	r.coming = nil
	return s, of
}

// take returns a chunk, which may have been expected.
func (r *reader) take(p commit.Part) (content, error) {
	s, of := r.expected()
	if s.data == nil || of != p { // it was not expected, or could not be read, and is tried again
		s.sealed.release()
		return r.fetch(p)
	}
	if _, err := r.key(); err != nil { // the session may have ended since it was read
		s.sealed.release()
		return content{}, err
	}
	return r.open(s.sealed)
}

// content is an opened chunk in a pooled buffer.
type content struct {
	part  commit.Part
	plain []byte
	buf   *[]byte
}

// release overwrites the content and gives the buffer back.
func (c *content) release() {
	if c.buf != nil {
		clear(c.plain)
		buffers.Put(c.buf)
	}
	*c = content{}
}

// fetch reads and opens a chunk.
func (r *reader) fetch(p commit.Part) (content, error) {
	s, err := r.load(p)
	if err != nil {
		return content{}, err
	}
	return r.open(s)
}

// sealed is a chunk as it is stored, in a pooled buffer.
type sealed struct {
	part commit.Part
	pack uint64 // that it lies in
	data []byte
	buf  *[]byte
}

func (s *sealed) release() {
	if s.buf != nil {
		sealBuffers.Put(s.buf)
	}
	*s = sealed{}
}

// load reads a chunk. It is safe for concurrent use with the other methods.
func (r *reader) load(p commit.Part) (sealed, error) {
	if _, err := r.key(); err != nil { // the session may have ended since the last chunk
		return sealed{}, err
	}
	places, err := r.w.v.cfg.Catalogue.View(r.sh.id, r.sh.meta).Chunks(r.ctx, []id.Chunk{p.Chunk})
	if err != nil {
		return sealed{}, r.damaged(err)
	}
	if places[0].Size == 0 {
		return sealed{}, r.damaged(fmt.Errorf("chunk %v is missing", p.Chunk))
	}
	s := sealed{part: p, pack: places[0].Pack, buf: sealBuffers.Get().(*[]byte)}
	f, err := r.w.v.cfg.Packs.Read(r.ctx, r.sh.id, places[0], *s.buf)
	if err != nil {
		s.release()
		if _, ok := errors.AsType[*pack.DamageError](err); ok || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EIO) { // not a reading that was broken off
			r.w.v.doubts.seen(r.sh.id, places[0].Pack)
		}
		return sealed{}, r.damaged(err)
	}
	s.data = f.Payload
	return s, nil
}

// open opens a chunk and gives its buffer back. It is safe for concurrent use with the other methods.
func (r *reader) open(s sealed) (c content, err error) {
	defer s.release()
	c = content{part: s.part, buf: buffers.Get().(*[]byte)}
	if c.plain, err = openPart(s.part, (*c.buf)[:0], s.data); err != nil {
		buffers.Put(c.buf)
		r.w.v.doubts.seen(r.sh.id, s.pack)
		return content{}, r.damaged(err)
	}
	return c, nil
}

// openPart opens a sealed chunk into dst, which has room for chunk.Max bytes.
func openPart(p commit.Part, dst, sealed []byte) ([]byte, error) {
	if !p.Packed {
		return p.Key.Open(dst, sealed, p.Chunk[:])
	}
	packed, err := p.Key.Open(nil, sealed, p.Chunk[:])
	if err != nil {
		return nil, err
	}
	return chunk.Unpack(dst, packed, int(min(p.Size, chunk.Max)))
}

// parcel is a chunk that was read ahead.
type parcel struct {
	sealed
	err error
}

// WriteTo implements io.WriterTo: while one chunk is opened and written, the two behind it are read. When many do so at the
// same time, some do without, so that memory stays bounded.
func (r *reader) WriteTo(out io.Writer) (n int64, err error) {
	if err := r.manifest(); err != nil {
		return 0, err
	}
	if r.m.Level == 0 || len(r.m.Parts) < 2 && r.m.Level == 1 || r.pos != 0 { // nothing to read ahead
		return r.copyTo(out)
	}
	select {
	case r.w.v.ahead <- struct{}{}:
		defer func() { <-r.w.v.ahead }()
	default:
		return r.copyTo(out)
	}
	read, stop := make(chan parcel, 1), make(chan struct{})
	go r.readAll(read, stop)
	defer func() {
		close(stop)
		for s := range read {
			s.sealed.release()
		}
	}()
	for s := range read {
		if s.err != nil {
			return n, s.err
		}
		c, err := r.open(s.sealed)
		if err != nil {
			return n, err
		}
		m, err := out.Write(c.plain)
		c.release()
		n += int64(m)
		r.pos += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readAll reads the chunks of the file, in order. The disk serves one at a time, so that the first comes first.
func (r *reader) readAll(out chan<- parcel, stop <-chan struct{}) {
	defer close(out)
	for p, err := range r.leaves() {
		s := parcel{err: err}
		if err == nil {
			s.sealed, s.err = r.load(p)
		}
		select {
		case out <- s:
		case <-stop:
			s.sealed.release()
			return
		}
		if s.err != nil {
			return
		}
	}
}

// leaves yields the parts that are chunks of the file.
func (r *reader) leaves() iter.Seq2[commit.Part, error] {
	return func(yield func(commit.Part, error) bool) {
		for _, p := range r.m.Parts {
			parts := []commit.Part{p}
			if r.m.Level == 2 {
				var err error
				if parts, err = r.parts(p); err != nil {
					yield(p, err)
					return
				}
			}
			for _, p := range parts {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// parts reads a list of parts.
func (r *reader) parts(list commit.Part) ([]commit.Part, error) {
	c, err := r.fetch(list)
	if err != nil {
		return nil, err
	}
	defer c.release()
	parts, err := commit.ParseParts(c.plain)
	if err != nil {
		return nil, r.damaged(err)
	}
	return parts, nil
}

// copyTo writes from the current position to the end, chunk by chunk.
func (r *reader) copyTo(out io.Writer) (n int64, err error) {
	for r.pos < r.info.Size {
		b, err := r.at(r.pos)
		if err != nil {
			return n, err
		}
		m, err := out.Write(b)
		n += int64(m)
		r.pos += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.pos)
	r.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (r *reader) ReadAt(p []byte, off int64) (n int, err error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	if err := r.manifest(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, problem.New(problem.Invalid, "read", string(r.info.Path), errors.New("negative offset"))
	}
	for n < len(p) {
		if off >= r.info.Size {
			return n, io.EOF
		}
		b, err := r.at(off)
		if err != nil {
			return n, err
		}
		m := copy(p[n:], b)
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

// Seek implements io.Seeker.
func (r *reader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += r.pos
	case io.SeekEnd:
		off += r.info.Size
	}
	if off < 0 {
		return r.pos, problem.New(problem.Invalid, "read", string(r.info.Path), errors.New("negative offset"))
	}
	r.pos = off
	return off, nil
}

// Close forgets what was read.
func (r *reader) Close() error {
	r.reading.Lock()
	defer r.reading.Unlock()
	s, _ := r.expected()
	s.sealed.release()
	clear(r.m.Parts)
	clear(r.list)
	r.have.release()
	r.before.release()
	r.opened, r.version, r.m = false, catalogue.Version{}, commit.Manifest{}
	return nil
}
