// Package api is the one HTTP API of the storehouse, below /v1/. Commands use it over a private socket,
// or in process when no server runs: the same handler, so that there is one way to do each thing.
//
// Requests and answers are JSON, lists are one JSON object a line, contents are bytes. Errors are
// Problems, with the HTTP status of their kind. docs/json.md has the fields.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Vault is what the API needs of a vault.
type Vault interface {
	As(s account.Session, tokens ...string) vault.Files
	Verify(ctx context.Context, s account.Session, opt vault.VerifyOptions, found func(vault.Finding)) (vault.VerifyReport, error)
	Undo(ctx context.Context, s account.Session, dir pathname.Path, at time.Time, dry bool, tell func(vault.Undone) error) error
	Rebuild(ctx context.Context, s account.Session, share string, progress func(frames int64), found func(vault.Finding)) (vault.RebuildReport, error)
	Previews(ctx context.Context, s account.Session, files ...vault.Info) ([]vault.Preview, error)
	Picture(ctx context.Context, s account.Session, f vault.Info, edge int) ([]byte, error)
	Held(ctx context.Context, s account.Session, share pathname.Path) iter.Seq2[vault.Held, error]
	Settle(ctx context.Context, s account.Session, share pathname.Path, hold id.Version, accept bool) error
	Holdings(ctx context.Context, s account.Session, share string) (account.Holdings, error)
	Remover
	Harm(ctx context.Context, s account.Session, share pathname.Path, by vault.Suspects, tell func(vault.Harm) error) (vault.Extent, error)
	Rollback(ctx context.Context, s account.Session, share pathname.Path, by vault.Suspects, only func(pathname.Path) bool, dry bool,
		tell func(vault.Mended) error) (vault.Rolled, error)
}

// Ledger reads the ledger with its keys.
type Ledger interface {
	Events(ctx context.Context, s account.Session, f EventFilter) iter.Seq2[json.RawMessage, error]
	// ReadingKey returns what an auditor needs to read a copy of the ledger, as JSON. Giving it away is recorded.
	ReadingKey(ctx context.Context, s account.Session) (json.RawMessage, error)
	// Head tells the head to who may read the ledger.
	Head(ctx context.Context, s account.Session) (LedgerHead, error)
	// Proof proves an entry to who may see it.
	Proof(ctx context.Context, s account.Session, index int64) (Proof, error)
}

// Config is what the API is made of.
type Config struct {
	// Session tells who sends a request.
	Session func(r *http.Request) (account.Session, error)
	// Front lets people log in; nil: nobody can here.
	Front  *Front
	Vault  Vault
	People People
	Ledger Ledger
	Desk   Desk
	Scribe Scribe
	Media  Media
	Logs   Logs
	// House tells this installation from others, in calendars; Page is the address of a page, "" while there is none. Both may be nil.
	House  func() string
	Page   func(path string) string
	Status func(ctx context.Context) (Status, error)
	// Alert sends a test of the alerts.
	Alert func(ctx context.Context, s account.Session) error
	Now   func() time.Time
	Log   *slog.Logger
}

type handler struct {
	Config
	uploads  uploads
	removing removing
}

// endpoint answers one kind of request. What it returns as an error is written as a Problem if nothing
// has been written before.
type endpoint func(w http.ResponseWriter, r *http.Request, s account.Session) error

// New returns the API.
func New(cfg Config) http.Handler {
	h := &handler{Config: cfg, uploads: uploads{now: cfg.Now, all: make(map[string]*upload)}}
	mux := http.NewServeMux()
	for pattern, e := range h.routes() {
		mux.Handle(pattern, h.wrap(e))
	}
	if cfg.Front != nil {
		for pattern, e := range h.front() {
			mux.Handle(pattern, h.open(e))
		}
		mux.Handle("POST /v1/logout", h.wrap(h.logout))
		mux.Handle("POST /v1/me/proof", h.wrap(h.prove))
		mux.Handle("POST /v1/me/identity", h.wrap(h.beginIdentity))
	}
	unclean := h.wrap(func(_ http.ResponseWriter, r *http.Request, _ account.Session) error {
		return &problem.Error{Kind: problem.Invalid, Op: "read", On: r.URL.Path, Hint: "hint.name"}
	})
	mux.Handle("/", h.wrap(func(w http.ResponseWriter, r *http.Request, _ account.Session) error {
		if allow := allowed(mux, r); allow != "" {
			w.Header().Set("Allow", allow)
			return &problem.Error{Kind: problem.Invalid, Op: "read", On: r.Method + " " + r.URL.Path, Hint: hintMethod}
		}
		return problem.New(problem.NotFound, "read", r.URL.Path, errors.New("no such endpoint"))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := strings.TrimSuffix(r.URL.Path, "/"); path.Clean("/"+p) != "/"+strings.TrimPrefix(p, "/") {
			unclean.ServeHTTP(w, r) // the mux would answer with a redirect to another path
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// allowed returns the methods that there are for a request's path.
func allowed(mux *http.ServeMux, r *http.Request) string {
	var list []string
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		other := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

// wrap finds the session, runs the endpoint and writes its error.
func (h *handler) wrap(e endpoint) http.Handler {
	return h.open(func(w http.ResponseWriter, r *http.Request) error {
		s, err := h.Session(r)
		if err != nil {
			return err
		}
		err = e(w, r, s)
		if p, ok := errors.AsType[*problem.Error](err); ok && s.Factor == account.ByToken && p.Kind == problem.Denied {
			return &problem.Error{Kind: p.Kind, Op: p.Op, On: p.On, Hint: "hint.token-scope", Err: p.Err}
		}
		return err
	})
}

// open runs what needs no session, and writes its error.
func (h *handler) open(e func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := &sentinel{ResponseWriter: w}
		err := e(sent, r)
		if err == nil {
			return
		}
		if problem.KindOf(err) == problem.Internal && !sent.broken {
			h.Log.ErrorContext(r.Context(), "request failed", "method", r.Method, "pattern", r.Pattern, "err", err)
		} else {
			h.Log.DebugContext(r.Context(), "request refused", "method", r.Method, "pattern", r.Pattern, "err", err)
		}
		if sent.sent { // too late for a status: only a broken answer keeps it from looking whole
			panic(http.ErrAbortHandler)
		}
		h.writeProblem(w, r, err)
	})
}

// sentinel remembers whether the answer has begun, and whether nobody takes it any more.
type sentinel struct {
	http.ResponseWriter
	sent, broken bool
}

func (s *sentinel) WriteHeader(status int) {
	s.sent = true
	s.ResponseWriter.WriteHeader(status)
}

func (s *sentinel) Write(p []byte) (int, error) {
	s.sent = true
	n, err := s.ResponseWriter.Write(p)
	s.broken = s.broken || err != nil
	return n, err
}

// Unwrap lets http.ResponseController find the writer below.
func (s *sentinel) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// problemOf translates an error for the wire, in the language that the request asks for.
func problemOf(r *http.Request, err error) *Problem {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		e = problem.New(problem.KindOf(err), "read", "", err)
	}
	l, on := lang.Pick(r.Header.Get("Accept-Language")), e.On
	if s, ok := errors.AsType[lang.Said](e.Err); ok && on == "" {
		on = s.Say(l)
	}
	return &Problem{Kind: e.Kind, Op: e.Op, On: on, Hint: e.Hint, Message: l.Problem(e.Op, on, e.Kind.String(), e.Hint)}
}

func (h *handler) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r, err)
	status := p.Kind.HTTP()
	switch {
	case p.Kind == problem.Exists: // 405 is what WebDAV wants of MKCOL
		status = http.StatusConflict
	case p.Hint == hintMethod:
		status = http.StatusMethodNotAllowed
	case p.Hint == "hint.read-slower":
		w.Header().Set("Retry-After", "60")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(p) // a client that has gone is no matter of ours
}
