package syslog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxMessage is how much of a message is kept. RFC 5425 asks for 8 KiB at most; what is longer is cut.
const MaxMessage = 64 << 10

// ErrFrame means that a stream does not frame its messages in any way that can be followed.
var ErrFrame = errors.New("no framing of messages that could be followed")

// Frames takes a stream apart into messages, RFC 6587: each with its length before it, or with a line feed behind it. Some senders
// change between the two. It holds one message.
type Frames struct{ r *bufio.Reader }

// NewFrames reads a stream.
func NewFrames(r io.Reader) *Frames { return &Frames{bufio.NewReaderSize(r, MaxMessage+32)} }

// Buffered reports whether a part of the next message is there already.
func (f *Frames) Buffered() bool { return f.r.Buffered() > 0 }

// Wait returns when a part of the next message is there.
func (f *Frames) Wait() error {
	_, err := f.r.Peek(1)
	return err
}

// Next returns the next message that is not empty, valid until the next call, and whether it was cut. The end of the stream in the middle of one is
// io.ErrUnexpectedEOF, with what was there of it.
func (f *Frames) Next() (raw []byte, cut bool, err error) {
	for {
		n, skip, err := f.length()
		switch {
		case err != nil:
			return nil, false, err
		case n >= 0:
			f.r.Discard(skip) // is buffered
			raw, cut, err = f.counted(n)
		default:
			raw, cut, err = f.line()
		}
		if raw = bytes.TrimRight(raw, "\r\n\x00"); len(raw) > 0 || err != nil {
			return raw, cut, err
		}
	}
}

// length reads how long the next message says it is, and how many bytes that takes; -1: it does not.
func (f *Frames) length() (n, skip int, err error) {
	b, err := f.r.Peek(1)
	if err != nil {
		return 0, 0, err
	}
	if b[0] < '1' || b[0] > '9' {
		return -1, 0, nil
	}
	for skip < 11 {
		c := b[skip]
		if c < '0' || c > '9' {
			break
		}
		n, skip = n*10+int(c-'0'), skip+1
		if b, err = f.r.Peek(skip + 2); err != nil { // "7 <" is the shortest
			if len(b) < skip+1 || b[skip] != ' ' {
				return -1, 0, nil // a line that begins with a number, and ends here
			}
			return 0, 0, unexpected(err)
		}
	}
	if b[skip] != ' ' || b[skip+1] != '<' { // a line that begins with a number: Palo Alto's do
		return -1, 0, nil
	}
	if n > 100*MaxMessage {
		return 0, 0, ErrFrame
	}
	return n, skip + 1, nil
}

// counted returns the next n bytes, or as many of them as are kept.
func (f *Frames) counted(n int) (raw []byte, cut bool, err error) {
	keep := min(n, MaxMessage)
	b, err := f.r.Peek(keep)
	if err != nil {
		f.r.Discard(len(b))
		return b, false, unexpected(err)
	}
	if keep == n {
		f.r.Discard(n)
		return b, false, nil
	}
	raw = bytes.Clone(b)
	_, err = f.r.Discard(n)
	return raw, true, unexpected(err)
}

// line returns what stands before the next line feed, or as much of it as is kept.
func (f *Frames) line() (raw []byte, cut bool, err error) {
	b, err := f.r.ReadSlice('\n')
	if i := bytes.IndexByte(b, 0); i >= 0 && i < len(b)-1 && err == nil { // zeros between: RFC 6587, 3.4.2
		return f.parts(b), false, nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		if err == io.EOF && len(b) > 0 {
			err = unexpected(err)
		}
		return b[:min(len(b), MaxMessage)], len(b) > MaxMessage, err
	}
	raw = bytes.Clone(b[:MaxMessage])
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = f.r.ReadSlice('\n')
	}
	return raw, true, unexpected(err)
}

// parts makes one message of several with zeros between: rare enough not to be kept apart.
func (f *Frames) parts(b []byte) []byte {
	return bytes.ReplaceAll(b[:min(len(b), MaxMessage)], []byte{0}, []byte{' '})
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
