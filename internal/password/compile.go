package password

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// runSize is how many prefixes are sorted in memory at a time: 64 MiB of them, since garbage may double it.
const runSize = 8 << 20

const (
	maxLine = 64 << 10
	stride  = 1 << 20   // lines between two calls of progress
	runRead = 256 << 10 // bytes read at a time from each run
)

// Compile makes a list out of what somebody has downloaded, and returns how many passwords it holds. in is either plain
// text, a password in each line, or what Have I Been Pwned offers: lines of a SHA-1 in hexadecimal digits, perhaps with a
// colon and a count, sorted or not. Memory is bounded; what does not fit is sorted by way of a file in dir, eight bytes
// for each line, which is removed again. progress is told the number of lines read; it may be nil.
func Compile(ctx context.Context, in io.Reader, out io.Writer, dir string, progress func(lines int64)) (int64, error) {
	if progress == nil {
		progress = func(int64) {}
	}
	c := compiler{size: runSize, dir: dir}
	defer c.close()
	if err := c.read(ctx, in, progress); err != nil {
		return 0, err
	}
	return c.write(ctx, out)
}

// compiler sorts prefixes: in memory, and in runs of a file once there are too many.
type compiler struct {
	size   int // of a run
	dir    string
	digest digest
	run    []uint64
	file   *os.File
	ends   []int64 // of the runs in file
}

func (c *compiler) close() {
	if c.file != nil {
		c.file.Close()
		os.Remove(c.file.Name())
	}
}

func (c *compiler) read(ctx context.Context, in io.Reader, progress func(int64)) error {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, maxLine), maxLine)
	lines := int64(0)
	for s.Scan() {
		line := s.Bytes()
		if lines++; lines == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
			if err := c.begin(line); err != nil {
				return err
			}
		}
		if lines%stride == 0 {
			progress(lines)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := c.line(line); err != nil {
			return fmt.Errorf("line %d: %w", lines, err)
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%w: line %d is too long", ErrFormat, lines+1)
	case err != nil:
		return err
	case lines == 0:
		return fmt.Errorf("%w: it is empty", ErrFormat)
	}
	progress(lines)
	return nil
}

// begin tells by the first line what is coming.
func (c *compiler) begin(line []byte) error {
	digits, counted := hexDigits(line)
	switch {
	case digits == 40:
		c.digest = digestSHA1
	case counted && (digits == 32 || digits == 35): // NTLM, and a range without its first five digits
		return fmt.Errorf("%w: %d digits in a line instead of the 40 of a SHA-1", ErrFormat, digits)
	case !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 || bytes.HasPrefix(line, []byte("PK\x03\x04")):
		return fmt.Errorf("%w: no text; unpack it if it is compressed", ErrFormat)
	default:
		c.digest = digestSHA256
	}
	return c.digest.allowed()
}

// hexDigits returns how many hexadecimal digits a line has, and whether a colon and a count follow; 0 if it is another line.
func hexDigits(line []byte) (n int, counted bool) {
	digits, count, counted := bytes.Cut(line, []byte(":"))
	if counted && (len(count) == 0 || len(bytes.Trim(count, "0123456789")) > 0) || len(bytes.Trim(digits, "0123456789abcdefABCDEF")) > 0 {
		return 0, false
	}
	return len(digits), counted
}

// line takes a line in. Of plain text, what is empty or no UTF-8 is passed over: nobody can set it.
func (c *compiler) line(line []byte) error {
	if c.digest == digestSHA256 {
		if len(line) == 0 || !utf8.Valid(line) {
			return nil
		}
		if !norm.NFKC.IsNormal(line) {
			line = norm.NFKC.Bytes(line)
		}
		return c.add(c.digest.prefix(line))
	}
	if len(line) == 0 {
		return nil
	}
	if n, _ := hexDigits(line); n != 40 {
		return fmt.Errorf("%w: no SHA-1 in hexadecimal digits", ErrFormat)
	}
	var b [prefixSize]byte
	if _, err := hex.Decode(b[:], line[:2*prefixSize]); err != nil {
		return err
	}
	return c.add(binary.BigEndian.Uint64(b[:]))
}

func (c *compiler) add(x uint64) error {
	if c.run == nil {
		c.run = make([]uint64, 0, c.size)
	}
	c.run = append(c.run, x)
	if len(c.run) < c.size {
		return nil
	}
	return c.spill()
}

// sorted sorts what is in memory, each once.
func (c *compiler) sorted() []uint64 {
	slices.Sort(c.run)
	c.run = slices.Compact(c.run)
	return c.run
}

// spill moves what is in memory to a run of the file.
func (c *compiler) spill() (err error) {
	if c.file == nil {
		if c.file, err = os.CreateTemp(c.dir, "breached-*.new"); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(c.file, 1<<20)
	run := c.sorted()
	for _, x := range run {
		if err := put(w, x); err != nil {
			return err
		}
	}
	end := int64(len(run)) * prefixSize
	if len(c.ends) > 0 {
		end += c.ends[len(c.ends)-1]
	}
	c.ends = append(c.ends, end)
	c.run = c.run[:0]
	return w.Flush()
}

func put(w io.Writer, x uint64) error {
	var b [prefixSize]byte
	binary.BigEndian.PutUint64(b[:], x)
	_, err := w.Write(b[:])
	return err
}

// write writes the list.
func (c *compiler) write(ctx context.Context, out io.Writer) (n int64, err error) {
	runs, err := c.runs()
	if err != nil {
		return 0, err
	}
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), 1<<20)
	if _, err := w.Write(header(c.digest)); err != nil {
		return 0, err
	}
	for last := uint64(0); ; {
		x, ok, err := least(runs)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		if n > 0 && x == last {
			continue
		}
		if err := put(w, x); err != nil {
			return 0, err
		}
		last = x
		if n++; n%stride == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	_, err = out.Write(sum.Sum(nil))
	return n, err
}

// runs returns all runs at their beginning. If there is a file, what is still in memory goes there first, so that the
// memory is free for reading.
func (c *compiler) runs() ([]*run, error) {
	if c.file == nil {
		return []*run{{rest: c.sorted()}}, nil
	}
	if err := c.spill(); err != nil {
		return nil, err
	}
	c.run = nil
	var out []*run
	begin := int64(0)
	for _, end := range c.ends {
		out = append(out, &run{in: io.NewSectionReader(c.file, begin, end-begin)})
		begin = end
	}
	return out, nil
}

// run is a sorted row of prefixes, read bit by bit if in is not nil.
type run struct {
	in   io.Reader
	rest []uint64
	buf  []byte
}

// fill reads on if nothing is left; rest stays empty at the end.
func (r *run) fill() error {
	if len(r.rest) > 0 || r.in == nil {
		return nil
	}
	if r.buf == nil {
		r.buf = make([]byte, runRead)
	}
	n, err := io.ReadFull(r.in, r.buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		r.in = nil
	} else if err != nil {
		return err
	}
	r.rest = slices.Grow(r.rest, n/prefixSize)
	for b := r.buf[:n]; len(b) > 0; b = b[prefixSize:] {
		r.rest = append(r.rest, binary.BigEndian.Uint64(b))
	}
	return nil
}

// least takes the least prefix out of the runs. A thousand million lines make 120 runs.
func least(runs []*run) (x uint64, ok bool, err error) {
	var from *run
	for _, r := range runs {
		if err := r.fill(); err != nil {
			return 0, false, err
		}
		if len(r.rest) > 0 && (from == nil || r.rest[0] < x) {
			from, x = r, r.rest[0]
		}
	}
	if from == nil {
		return 0, false, nil
	}
	from.rest = from.rest[1:]
	return x, true, nil
}
