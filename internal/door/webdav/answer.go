package webdav

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// answer is the response. Its header goes out with the first byte of the body, so that an error before that
// still becomes a status: damage found in the first chunk is a 500 and not a short file.
type answer struct {
	http.ResponseWriter
	code int
	sent bool
	gone bool // the client takes no more
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.finish()
	n, err := a.ResponseWriter.Write(p)
	a.gone = a.gone || err != nil
	return n, err
}

// finish sends the header if it has not gone yet.
func (a *answer) finish() {
	if a.sent {
		return
	}
	a.sent = true
	if a.code == 0 {
		a.code = http.StatusOK
	}
	a.ResponseWriter.WriteHeader(a.code)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// refusal is an error with a status and a sentence of its own.
type refusal struct {
	code    int
	key     string // of the sentence in package lang
	args    []any  // of the sentence
	element string // a precondition of RFC 4918 section 16, as XML
}

func (e *refusal) Error() string { return e.key }

func refuse(code int, key string, args ...any) error {
	return &refusal{code: code, key: key, args: args}
}

// fail answers with an error: a status and a sentence in the reader's language, never what is inside.
func (c *call) fail(err error) {
	l := lang.Pick(c.r.Header.Get("Accept-Language"))
	code, text, element := c.describe(l, err)
	if code >= 500 && code != http.StatusInsufficientStorage && !c.gone && !notNow(err) && c.r.Context().Err() == nil { // who hangs up is no fault of ours
		c.Log.ErrorContext(c.r.Context(), "request failed", "method", c.r.Method, "status", code, "cause", cause(err))
	}
	if c.sent {
		panic(http.ErrAbortHandler) // the client must see that this is not the whole
	}
	h := c.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Content-Length", "Accept-Ranges", "Content-Disposition", "Oc-Checksum"} {
		h.Del(name)
	}
	if code != http.StatusRequestedRangeNotSatisfiable { // RFC 9110 section 15.5.17: it tells the length
		h.Del("Content-Range")
	}
	switch code {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="Azekura", charset="UTF-8"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusTooManyRequests:
		h.Set("Retry-After", "60")
	}
	h.Set("Content-Language", l.String())
	h.Set("Vary", "Accept-Language")
	body := text + "\n"
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if element != "" {
		h.Set("Content-Type", "application/xml; charset=utf-8")
		body = xmlHead + `<D:error xmlns:D="DAV:">` + element + `<message xmlns="urn:azekura:webdav">` + escape(text) + "</message></D:error>\n"
	}
	c.code = code
	if c.r.Method == "HEAD" {
		body = ""
	}
	c.finish()
	io.WriteString(c, body)
}

// notNow tells that nothing has failed: what is asked for is not done now, as in a house that is being restored. Clients ask again hundreds
// of times a second.
func notNow(err error) bool {
	e, ok := errors.AsType[*problem.Error](err)
	return ok && e.Kind == problem.Unavailable && e.Err == nil
}

// cause is what the log may know of an error: not on which name it happened.
func cause(err error) slog.Value {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		return slog.StringValue(err.Error())
	}
	attrs := []slog.Attr{slog.String("op", e.Op), slog.String("kind", e.Kind.String())}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("err", cause(e.Err)))
	}
	return slog.GroupValue(attrs...)
}

// hintSlower says that a reading was only too fast.
const hintSlower = "hint.read-slower"

// describe finds the status, the sentence and the precondition of an error.
func (c *call) describe(l lang.Lang, err error) (code int, text, element string) {
	if e, ok := errors.AsType[*refusal](err); ok {
		return e.code, l.Text(e.key, e.args...), e.element
	}
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		e = problem.New(problem.KindOf(err), "", "", err)
	}
	if e.Kind == problem.Locked {
		element = c.lockedBy()
	}
	code = e.Kind.HTTP()
	if e.Kind == problem.Spent && e.Hint != hintSlower { // to try again would be of no use
		code = http.StatusForbidden
	}
	return code, l.Problem(e.Op, e.On, e.Kind.String(), e.Hint), element
}
