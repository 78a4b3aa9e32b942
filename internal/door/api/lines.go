package api

import (
	"bufio"
	"encoding/json"
	"iter"
	"net/http"
)

// lines writes one JSON object a line. An error after the first line is a line itself: {"error": …}.
type lines struct {
	w   http.ResponseWriter
	r   *http.Request
	buf *bufio.Writer
	enc *json.Encoder
}

func newLines(w http.ResponseWriter, r *http.Request) *lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	buf := bufio.NewWriterSize(w, 32<<10)
	return &lines{w, r, buf, json.NewEncoder(buf)}
}

func (l *lines) put(v any) error { return l.enc.Encode(v) }

// flush sends what was put so far to a client that waits for news.
func (l *lines) flush() error {
	if err := l.buf.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(l.w).Flush()
}

// end sends the rest, and what went wrong.
func (l *lines) end(err error) error {
	if err != nil {
		if l.buf.Buffered() == 0 && !begun(l.w) {
			return err // nothing was sent: a status can still tell it
		}
		if err := l.put(struct {
			Error *Problem `json:"error"`
		}{problemOf(l.r, err)}); err != nil {
			return err
		}
	}
	return l.buf.Flush()
}

func begun(w http.ResponseWriter) bool {
	s, ok := w.(*sentinel)
	return ok && s.sent
}

// sequence writes a sequence as lines.
func sequence[A, B any](w http.ResponseWriter, r *http.Request, seq iter.Seq2[A, error], to func(A) B) error {
	l := newLines(w, r)
	for v, err := range seq {
		if err != nil {
			return l.end(err)
		}
		if err := l.put(to(v)); err != nil {
			return err
		}
	}
	return l.end(nil)
}
