package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Bounds of a batch.
const (
	MaxBatch   = 1000    // files of one batch
	SmallFile  = 1 << 20 // files up to this size are saved side by side, so that they share their flushes
	sideBySide = 8 << 20 // bytes of them at a time, in portions
	portion    = 128 << 10
)

// batch is a batch of files on its way into the vault.
type batch struct {
	h     *handler
	r     *http.Request
	files vault.Files
	in    *ItemReader

	slots chan struct{} // room for what is in memory
	group sync.WaitGroup
	mu    sync.Mutex
	saved []Saved // in no particular order
}

// saveBatch saves the files of a batch and answers with one Saved a line, in no particular order. A file
// that fails does not stop the others.
func (h *handler) saveBatch(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b := &batch{h: h, r: r, files: h.Vault.As(s), in: NewItemReader(r.Body), slots: make(chan struct{}, sideBySide/portion)}
	err := readBatch(b.in, b.add)
	b.group.Wait()
	l := newLines(w, r)
	for _, out := range b.saved {
		if err := l.put(out); err != nil {
			return err
		}
	}
	if err != nil {
		err = problem.New(problem.Invalid, "save", "", err)
	}
	return l.end(err)
}

// add saves a file of the batch: a small one is read and saved beside those that follow. The error is of the batch, of which the rest is lost.
func (b *batch) add(i Item) error {
	p, err := parsePath("save", i.Path)
	if err != nil {
		b.tell(Saved{Path: i.Path, Error: problemOf(b.r, err)})
		return nil
	}
	if i.Size < 0 || i.Size > SmallFile {
		b.save(i, p, b.in)
		return nil
	}
	content := make([]byte, i.Size+1)
	n, err := io.ReadFull(b.in, content)
	if _, ok := errors.AsType[*NotWhole](err); ok {
		b.save(i, p, b.in) // reads the same error again, and tells it
		return nil
	}
	if err != nil && b.in.open {
		return err // where the next file begins is unknown
	}
	content = content[:n] // save compares its length
	portions := n/portion + 1
	for range portions {
		b.slots <- struct{}{}
	}
	b.group.Go(func() {
		defer func() {
			for range portions {
				<-b.slots
			}
		}()
		b.save(i, p, bytes.NewReader(content))
	})
	return nil
}

func (b *batch) save(i Item, p pathname.Path, body io.Reader) {
	out := Saved{Path: i.Path}
	info, err := b.h.save(b.r, b.files, p, body, i.Size, vault.Save{Modified: i.Modified})
	if err != nil {
		out.Error = problemOf(b.r, err)
	} else {
		wire := infoOf(info)
		out.Info = &wire
	}
	b.tell(out)
}

func (b *batch) tell(out Saved) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = append(b.saved, out)
}

func readBatch(in *ItemReader, each func(Item) error) error {
	for n := 0; ; n++ {
		i, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == MaxBatch {
			return fmt.Errorf("more than %d files", MaxBatch)
		}
		if i.Error != nil {
			continue
		}
		if err := each(i); err != nil {
			return err
		}
	}
}

// OpenRequest asks for the contents of files, as they are now.
type OpenRequest struct {
	Paths   []string        `json:"paths"`
	Purpose account.Purpose `json:"purpose,omitempty"`
}

// openBatch answers with the contents of many files, for which it asks with one release.
func (h *handler) openBatch(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[OpenRequest](r)
	if err != nil {
		return err
	}
	if len(q.Paths) > MaxBatch {
		return &problem.Error{Kind: problem.TooLarge, Op: "open", On: fmt.Sprintf("paths: %d > %d", len(q.Paths), MaxBatch), Hint: "hint.batch"}
	}
	why, err := purposeOf(s, string(q.Purpose))
	if err != nil {
		return err
	}
	files := h.Vault.As(s)
	infos := make([]vault.Info, len(q.Paths))
	failed := make([]error, len(q.Paths))
	var good []vault.Info
	for i, path := range q.Paths {
		p, err := parsePath("open", path)
		if err == nil {
			infos[i], err = files.Stat(r.Context(), p)
		}
		if err == nil && infos[i].Dir {
			err = problem.New(problem.Conflict, "open", path, errors.New("a directory"))
		}
		if failed[i] = err; err == nil {
			good = append(good, infos[i])
		}
	}
	open, err := files.Open(r.Context(), why, good...)
	switch problem.KindOf(err) {
	case problem.Spent, problem.Frozen: // which of them it is says nothing, and to ask for each is another reading
		return err
	}
	together := err == nil
	w.Header().Set("Content-Type", BatchType)
	out := NewItemWriter(w)
	for i, path := range q.Paths {
		var f vault.File
		switch {
		case failed[i] != nil:
		case together:
			f, open = open[0], open[1:]
		default: // one of them keeps all from opening: which one it is shows one by one
			var alone []vault.File
			if alone, failed[i] = files.Open(r.Context(), why, infos[i]); failed[i] == nil {
				f = alone[0]
			}
		}
		if err := h.sendItem(out, r, path, infos[i], f, failed[i]); err != nil {
			for _, f := range open {
				f.Close()
			}
			return err
		}
	}
	return out.Flush()
}

// sendItem writes one file of an answer. The error it returns is that of writing.
func (h *handler) sendItem(out *ItemWriter, r *http.Request, path string, i vault.Info, f vault.File, failed error) error {
	if failed != nil {
		return out.Begin(Item{Path: path, Error: problemOf(r, failed)})
	}
	defer f.Close()
	if err := out.Begin(Item{Path: path, Size: i.Size, Modified: utc(i.Modified), Version: i.Version}); err != nil {
		return err
	}
	w := &lastError{w: out}
	_, err := f.WriteTo(w)
	if w.err != nil {
		return w.err
	}
	return out.End(problemOf(r, err))
}

// lastError remembers an error of writing, to tell it from one of reading.
type lastError struct {
	w   io.Writer
	err error
}

func (w *lastError) Write(p []byte) (n int, err error) {
	n, w.err = w.w.Write(p)
	return n, w.err
}
