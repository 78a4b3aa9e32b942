package api

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// A batch carries many files in one request, or in one answer, because for small files the request would
// cost more than the file. For each file: an Item as one line of JSON; its content as blocks, each a
// length of 4 bytes (big endian) and that many bytes; a length of zero; an End as one line of JSON. An
// Item with an Error has no content and no End.

// BatchType is the media type of a batch.
const BatchType = "application/x-azekura-batch"

// MaxBlock bounds a block of a batch.
const MaxBlock = 16 << 20

// maxLine bounds a line of JSON in a batch: a path of the longest kind, escaped, and the rest.
const maxLine = 256 << 10

// Item heads a file of a batch.
type Item struct {
	Path     string     `json:"path"`
	Size     int64      `json:"size"` // as far as it is known before, -1 otherwise
	Modified time.Time  `json:"modified,omitzero"`
	Version  id.Version `json:"version,omitzero"`
	Error    *Problem   `json:"error,omitempty"`
}

// End follows a file's content: with an error it was not whole.
type End struct {
	Error *Problem `json:"error,omitempty"`
}

// ItemWriter writes a batch.
type ItemWriter struct{ w *bufio.Writer }

// NewItemWriter returns an ItemWriter on w.
func NewItemWriter(w io.Writer) *ItemWriter {
	return &ItemWriter{bufio.NewWriterSize(w, 64<<10)}
}

// Begin starts a file.
func (w *ItemWriter) Begin(i Item) error { return w.line(i) }

// Write adds content to the file that was begun.
func (w *ItemWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), MaxBlock)]
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		if _, err := w.w.Write(size[:]); err != nil {
			return n, err
		}
		m, err := w.w.Write(part)
		n += m
		if err != nil {
			return n, err
		}
		p = p[len(part):]
	}
	return n, nil
}

// End ends the file that was begun; p tells why its content is not whole.
func (w *ItemWriter) End(p *Problem) error {
	if _, err := w.w.Write(make([]byte, 4)); err != nil {
		return err
	}
	return w.line(End{p})
}

// Flush sends what is buffered. The end of a batch is the end of the body.
func (w *ItemWriter) Flush() error { return w.w.Flush() }

func (w *ItemWriter) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	return w.w.WriteByte('\n')
}

// ItemReader reads a batch: Next, then Read until io.EOF, and so on.
type ItemReader struct {
	r     *bufio.Reader
	open  bool // an Item's content has not been read to its end
	left  int  // bytes left of the running block
	ended error
}

// NewItemReader returns an ItemReader on r.
func NewItemReader(r io.Reader) *ItemReader {
	return &ItemReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// Next passes over what is left of the last file and returns the next; io.EOF at the end of the batch.
func (r *ItemReader) Next() (i Item, err error) {
	if r.open {
		if _, err := io.Copy(io.Discard, r); err != nil {
			if _, ok := errors.AsType[*NotWhole](err); !ok {
				return i, err
			}
		}
	}
	if _, err := r.r.Peek(1); err == io.EOF {
		return i, io.EOF
	}
	if err := r.line(&i); err != nil {
		return i, err
	}
	r.open, r.left, r.ended = i.Error == nil, 0, nil
	return i, nil
}

// NotWhole is the error of reading a file that its sender could not send as a whole.
type NotWhole struct{ Problem *Problem }

// Error returns the sender's sentence.
func (e *NotWhole) Error() string { return e.Problem.Message }

// Unwrap returns the sender's problem.
func (e *NotWhole) Unwrap() error { return e.Problem.Err() }

// Read reads the content of the file that Next returned. It returns io.EOF only if the content is whole.
func (r *ItemReader) Read(p []byte) (int, error) {
	if !r.open {
		if r.ended != nil {
			return 0, r.ended
		}
		return 0, io.EOF
	}
	for r.left == 0 {
		var size [4]byte
		if _, err := io.ReadFull(r.r, size[:]); err != nil {
			return 0, short(err)
		}
		n := binary.BigEndian.Uint32(size[:])
		if n > MaxBlock {
			return 0, fmt.Errorf("a block of %d bytes in a batch", n)
		}
		if n > 0 {
			r.left = int(n)
			continue
		}
		var e End
		if err := r.line(&e); err != nil {
			return 0, err
		}
		r.open = false
		if e.Error != nil {
			r.ended = &NotWhole{e.Error}
			return 0, r.ended
		}
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, short(err)
}

// short turns the end of the input into an error: a batch ends between files only.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *ItemReader) line(v any) error {
	var b []byte
	for {
		part, err := r.r.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > maxLine {
			return errors.New("a line of a batch is too long")
		}
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return short(err)
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("a line of a batch: %w", err)
	}
	return nil
}
