package sftp

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"path"
	"sync"
	"time"

	"github.com/pkg/sftp"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// handles answers the requests of one connection.
type handles struct {
	files vault.Files
	log   *slog.Logger
	end   func() // of the connection, when its session is over

	mu     sync.Mutex
	saving map[string]*save // guarded by mu: files open for writing, by path
	open   int              // guarded by mu
}

func newHandles(f vault.Files, log *slog.Logger, end func()) *handles {
	return &handles{files: f, log: log, end: end, saving: make(map[string]*save)}
}

// discard gives up what is still open: it was not closed in good order.
func (h *handles) discard() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.saving {
		s.broken = true
		s.draft.Discard()
	}
}

// told translates an error for the client, and ends the connection when its session is over.
func (h *handles) told(err error) error {
	if err == nil {
		return nil
	}
	if problem.KindOf(err) == problem.Unauthenticated {
		h.log.Info("an SFTP connection has ended: its session is over")
		h.end()
	}
	h.log.Debug("an SFTP request was refused", "err", err)
	return status(err)
}

func (h *handles) take() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open >= maxHandles {
		return problem.New(problem.TooLarge, "open", "", nil)
	}
	h.open++
	return nil
}

func (h *handles) give() {
	h.mu.Lock()
	h.open--
	h.mu.Unlock()
}

func parse(op, p string) (pathname.Path, error) {
	name, err := pathname.Parse(path.Clean("/" + p))
	if err != nil {
		return "", &problem.Error{Kind: problem.Invalid, Op: op, On: p, Hint: "hint.name", Err: err}
	}
	return name, nil
}

// Fileread implements sftp.FileReader.
func (h *handles) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	f, err := h.read(r.Context(), r.Filepath)
	if err != nil {
		return nil, h.told(err)
	}
	return f, nil
}

func (h *handles) read(ctx context.Context, p string) (*reading, error) {
	name, err := parse("open", p)
	if err != nil {
		return nil, err
	}
	i, err := h.files.Stat(ctx, name)
	if err != nil {
		return nil, err
	}
	if i.Dir {
		return nil, problem.New(problem.Invalid, "open", p, nil)
	}
	if err := h.take(); err != nil {
		return nil, err
	}
	list, err := h.files.Open(ctx, account.Open, i)
	if err != nil {
		h.give()
		return nil, err
	}
	return &reading{list[0], h, sync.OnceFunc(h.give)}, nil
}

// reading is a file that is read.
type reading struct {
	vault.File
	h    *handles
	give func()
}

// ReadAt implements io.ReaderAt.
func (r *reading) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.File.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = r.h.told(err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reading) Close() error {
	r.give()
	return r.File.Close()
}

// Filewrite implements sftp.FileWriter.
func (h *handles) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	s, err := h.write(r)
	if err != nil {
		return nil, h.told(err)
	}
	return s, nil
}

func (h *handles) write(r *sftp.Request) (*save, error) {
	ctx, flags := r.Context(), r.Pflags()
	name, err := parse("save", r.Filepath)
	if err != nil {
		return nil, err
	}
	head, err := h.files.Stat(ctx, name)
	exists := err == nil
	switch {
	case err != nil && problem.KindOf(err) != problem.NotFound:
		return nil, err
	case exists && head.Dir:
		return nil, problem.New(problem.Invalid, "save", r.Filepath, nil)
	case exists && flags.Excl:
		return nil, problem.New(problem.Exists, "save", r.Filepath, nil)
	case !exists && !flags.Creat:
		return nil, problem.New(problem.NotFound, "save", r.Filepath, nil)
	}
	if err := h.take(); err != nil {
		return nil, err
	}
	d, err := h.files.Create(ctx, name)
	if err != nil {
		h.give()
		return nil, err
	}
	// The request's context ends with the answer to its opening; the file is closed later.
	s := &save{h: h, ctx: context.WithoutCancel(ctx), draft: d, name: r.Filepath, excl: flags.Excl, append: flags.Append}
	if exists && !flags.Trunc && head.Size > 0 {
		s.before = &head
	}
	h.mu.Lock()
	h.saving[r.Filepath] = s
	h.mu.Unlock()
	return s, nil
}

// save is a file that is written. What SFTP calls opening for writing without truncation begins with the content there
// was: how clients go on with an upload that broke off.
type save struct {
	h      *handles
	ctx    context.Context
	name   string
	excl   bool
	append bool

	mu       sync.Mutex
	draft    vault.Draft
	before   *vault.Info // whose content comes first; nil once it is in, or when there is none
	base     int64       // the size of what came first
	end      int64
	modified time.Time
	broken   bool
	ended    bool
}

// seed puts the content there was into the draft; s.mu is held.
func (s *save) seed(limit int64) error {
	if s.before == nil {
		return nil
	}
	i, ctx := *s.before, s.ctx
	s.before = nil
	list, err := s.h.files.Open(ctx, account.Open, i)
	if err != nil {
		return err
	}
	defer list[0].Close()
	n, err := io.Copy(io.NewOffsetWriter(s.draft, 0), io.LimitReader(list[0], limit))
	s.base, s.end = n, n
	return err
}

// WriteAt implements io.WriterAt.
func (s *save) WriteAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		if err := s.seed(s.before.Size); err != nil {
			s.broken = true
			return 0, s.h.told(err)
		}
	}
	if s.append && off < s.base { // the parts come in any order, so only their offsets tell where they belong: from the old end on, or from 0
		off += s.base
	}
	n, err := s.draft.WriteAt(p, off)
	s.end = max(s.end, off+int64(n))
	if err != nil {
		s.broken = true // a file with a hole is no version
		return n, s.h.told(err)
	}
	return n, nil
}

// truncate cuts the content there was, before anything is written.
func (s *save) truncate(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.before != nil && size <= s.before.Size:
		return s.seed(size)
	case size == s.end || s.before != nil && size == s.before.Size:
		return nil
	}
	return problem.New(problem.Invalid, "save", s.name, nil)
}

// TransferError implements sftp.TransferError: the connection broke while the file was open.
func (s *save) TransferError(error) {
	s.mu.Lock()
	s.broken = true
	s.mu.Unlock()
}

// Close implements io.Closer: the save is durable when it returns nil.
func (s *save) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	s.h.mu.Lock()
	if s.h.saving[s.name] == s {
		delete(s.h.saving, s.name)
	}
	s.h.mu.Unlock()
	defer s.h.give()
	defer s.draft.Discard()
	if s.broken {
		return sftp.ErrSSHFxFailure
	}
	if s.before != nil { // nothing was written: what there was stays
		return nil
	}
	_, err := s.draft.Commit(s.ctx, vault.Save{Modified: s.modified, If: func(_ vault.Info, exists bool) error {
		if s.excl && exists {
			return problem.New(problem.Exists, "save", s.name, nil)
		}
		return nil
	}})
	return s.h.told(err)
}

// Filecmd implements sftp.FileCmder.
func (h *handles) Filecmd(r *sftp.Request) error { return h.told(h.command(r)) }

func (h *handles) command(r *sftp.Request) error {
	ctx := r.Context()
	name, err := parse("save", r.Filepath)
	if err != nil {
		return err
	}
	switch r.Method {
	case "Setstat":
		return h.setstat(ctx, name, r)
	case "Rename":
		to, err := parse("rename", r.Target)
		if err != nil {
			return err
		}
		return h.files.Rename(ctx, name, to, false)
	case "Mkdir":
		return h.files.Mkdir(ctx, name)
	case "Remove":
		i, err := h.files.Stat(ctx, name)
		if err != nil {
			return err
		}
		if i.Dir {
			return problem.New(problem.Invalid, "remove", r.Filepath, nil)
		}
		return h.files.Remove(ctx, name)
	case "Rmdir":
		i, err := h.files.Stat(ctx, name)
		if err != nil {
			return err
		}
		if !i.Dir {
			return problem.New(problem.Invalid, "remove", r.Filepath, nil)
		}
		for _, err := range h.files.List(ctx, name) {
			if err != nil {
				return err
			}
			return problem.New(problem.Conflict, "remove", r.Filepath, nil) // not empty
		}
		return h.files.Remove(ctx, name)
	}
	return sftp.ErrSSHFxOpUnsupported // links
}

// PosixRename implements sftp.PosixRenameFileCmder: what stands there becomes an earlier version.
func (h *handles) PosixRename(r *sftp.Request) error {
	from, err := parse("rename", r.Filepath)
	if err != nil {
		return h.told(err)
	}
	to, err := parse("rename", r.Target)
	if err != nil {
		return h.told(err)
	}
	return h.told(h.files.Rename(r.Context(), from, to, true))
}

// setstat sets times; a size only of a file that is open. Owners and modes there are none: to set them is no error, or
// clients would say that the whole transfer has failed.
func (h *handles) setstat(ctx context.Context, name pathname.Path, r *sftp.Request) error {
	flags, attrs := r.AttrFlags(), r.Attributes()
	h.mu.Lock()
	s := h.saving[r.Filepath]
	h.mu.Unlock()
	if flags.Size {
		if s == nil {
			i, err := h.files.Stat(ctx, name)
			if err != nil || i.Size == int64(attrs.Size) {
				return err
			}
			return problem.New(problem.Invalid, "save", r.Filepath, nil)
		}
		if err := s.truncate(int64(attrs.Size)); err != nil {
			return err
		}
	}
	if !flags.Acmodtime {
		return nil
	}
	modified := time.Unix(int64(attrs.Mtime), 0)
	if s != nil {
		s.mu.Lock()
		s.modified = modified
		s.mu.Unlock()
		return nil
	}
	i, err := h.files.Stat(ctx, name)
	if err != nil {
		return err
	}
	return h.files.SetProps(ctx, name, i.Props, modified)
}

// StatVFS implements sftp.StatVFSFileCmder.
func (h *handles) StatVFS(r *sftp.Request) (*sftp.StatVFS, error) {
	name, err := parse("measure space", r.Filepath)
	if err != nil {
		return nil, h.told(err)
	}
	used, free, err := h.files.Space(r.Context(), name)
	if err != nil {
		return nil, h.told(err)
	}
	const block = 4096
	return &sftp.StatVFS{Bsize: block, Frsize: block, Blocks: uint64(used+free) / block, Bfree: uint64(free) / block, Bavail: uint64(free) / block, Namemax: 255}, nil
}

// Filelist implements sftp.FileLister.
func (h *handles) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	name, err := parse("list", r.Filepath)
	if err != nil {
		return nil, h.told(err)
	}
	switch r.Method {
	case "List":
		// The client asks for one part after the other; the directory is read as it does.
		ctx := context.WithoutCancel(r.Context())
		next, stop := iter.Pull2(h.files.List(ctx, name))
		return &listing{h: h, next: next, stop: stop}, nil
	case "Stat":
		i, err := h.stat(r.Context(), name, r.Filepath)
		if err != nil {
			return nil, h.told(err)
		}
		return one{i}, nil
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

// stat tells about a file; of one that is being written by this connection, how far it is: clients ask before they close.
func (h *handles) stat(ctx context.Context, name pathname.Path, p string) (fs.FileInfo, error) {
	h.mu.Lock()
	s := h.saving[p]
	h.mu.Unlock()
	i, err := h.files.Stat(ctx, name)
	if s == nil || err != nil && problem.KindOf(err) != problem.NotFound {
		return info{i}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		i.Path, i.Size = name, s.end
		if !s.modified.IsZero() {
			i.Modified = s.modified
		}
	}
	return info{i}, nil
}

// Lstat implements sftp.LstatFileLister: there are no links.
func (h *handles) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	r.Method = "Stat"
	return h.Filelist(r)
}
