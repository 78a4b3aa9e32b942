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
	"maps"
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

func (h *handler) routes() map[string]endpoint {
	out := map[string]endpoint{
		"GET /v1/status": h.status,

		"GET /v1/files/{path...}":   h.get,
		"PUT /v1/files/{path...}":   h.put,
		"GET /v1/stat/{path...}":    h.stat,
		"GET /v1/list/{path...}":    h.list,
		"GET /v1/removed/{path...}": h.removed,
		"GET /v1/history/{path...}": h.history,
		"GET /v1/search/{path...}":  h.search,
		"POST /v1/mkdir/{path...}":  h.mkdir,
		"POST /v1/remove/{path...}": h.remove,
		"POST /v1/rename":           h.rename,
		"POST /v1/restore":          h.restore,
		"POST /v1/batch/save":       h.saveBatch,
		"POST /v1/batch/open":       h.openBatch,

		"POST /v1/previews":          h.previews,
		"GET /v1/previews/{path...}": h.preview,

		"OPTIONS /v1/uploads":     h.uploadOptions,
		"POST /v1/uploads":        h.beginUpload,
		"HEAD /v1/uploads/{id}":   h.headUpload,
		"PATCH /v1/uploads/{id}":  h.patchUpload,
		"DELETE /v1/uploads/{id}": h.endUpload,

		"GET /v1/shares":                              h.shares,
		"POST /v1/shares":                             h.makeShare,
		"GET /v1/shares/{name}/rights":                h.shareRights,
		"GET /v1/shares/{name}/networks":              h.shareNetworks,
		"PUT /v1/shares/{name}/networks":              h.setShareNetworks,
		"GET /v1/shares/{name}/persons":               h.sharePersons,
		"PUT /v1/shares/{name}/persons":               h.setSharePersons,
		"GET /v1/firm":                                h.firm,
		"PUT /v1/firm":                                h.setFirm,
		"GET /v1/register":                            h.register,
		"PUT /v1/register":                            h.importRegister,
		"PUT /v1/shares/{name}/register":              h.setRegister,
		"PUT /v1/shares/{name}/register/schools":      h.setSchoolLines,
		"POST /v1/shares/{name}/roster/look":          h.lookAtRoster,
		"PUT /v1/shares/{name}/roster":                h.setRoster,
		"GET /v1/shares/{name}/roster":                h.roster,
		"GET /v1/shares/{name}/roster/links":          h.links,
		"PUT /v1/shares/{name}/roster/links":          h.setLinks,
		"PUT /v1/shares/{name}/roster/schools":        h.setSchools,
		"POST /v1/shares/{name}/roster/coverage":      h.coverage,
		"PUT /v1/rights":                              h.setRights,
		"GET /v1/sessions":                            h.sessions,
		"DELETE /v1/sessions/{id}":                    h.endSession,
		"GET /v1/accounts":                            h.accounts,
		"POST /v1/accounts":                           h.makeAccount,
		"DELETE /v1/accounts/{name}":                  h.removeAccount,
		"PUT /v1/accounts/{name}/password":            h.setPassword,
		"PUT /v1/accounts/{name}/disabled":            h.setDisabled,
		"PUT /v1/accounts/{name}/role":                h.setRole,
		"PUT /v1/accounts/{name}/networks":            h.setAccountNetworks,
		"POST /v1/accounts/{name}/invitation":         h.invite,
		"POST /v1/accounts/{name}/reset-factors":      h.resetFactors,
		"DELETE /v1/accounts/{name}/sessions":         h.endSessionsOf,
		"PUT /v1/accounts/{name}/day":                 h.openDayOf,
		"DELETE /v1/accounts/{name}/day":              h.closeDayOf,
		"PUT /v1/accounts/{name}/devices/{device}":    h.makeDevice,
		"DELETE /v1/accounts/{name}/devices/{device}": h.removeDevice,
		"GET /v1/groups":                              h.groups,
		"PUT /v1/groups/{name}":                       h.setGroup,
		"DELETE /v1/groups/{name}":                    h.removeGroup,
		"GET /v1/proposals":                           h.proposals,
		"POST /v1/proposals/{id}/confirm":             h.confirm,
		"DELETE /v1/proposals/{id}":                   h.withdraw,
		"GET /v1/held":                                h.held,
		"POST /v1/held/{id}":                          h.settle,
		"POST /v1/damage":                             h.damage,
		"POST /v1/rollback":                           h.rollback,
		"POST /v1/alerts/test":                        h.testAlert,
		"GET /v1/stops":                               h.stops,
		"POST /v1/stops":                              h.freeze,
		"POST /v1/stops/{id}/thaw":                    h.thaw,
		"GET /v1/cases":                               h.cases,
		"POST /v1/cases":                              h.openCase,
		"POST /v1/cases/{id}/suspects":                h.suspect,
		"POST /v1/cases/{id}/close":                   h.closeCase,
		"GET /v1/cases/{id}/findings":                 h.findings,
		"GET /v1/cases/{id}/progress":                 h.caseProgress,
		"POST /v1/cases/{id}/exposed":                 h.exposed,
		"GET /v1/cases/{id}/clients":                  h.caseClients,
		"GET /v1/cases/{id}/papers":                   h.papers,
		"GET /v1/cases/{id}/papers/{kind}":            h.paper,
		"GET /v1/cases/{id}/papers/{kind}/fields":     h.paperFields,
		"PUT /v1/cases/{id}/papers/{kind}/fields":     h.editPaper,
		"POST /v1/cases/{id}/papers/{kind}/file":      h.filePaper,
		"GET /v1/cases/{id}/packs":                    h.packs,
		"GET /v1/readings":                            h.readings,
		"GET /v1/jobs":                                h.jobs,
		"POST /v1/jobs":                               h.askJob,
		"DELETE /v1/jobs/{id}":                        h.endJob,
		"GET /v1/traps":                               h.traps,
		"POST /v1/traps":                              h.addTrap,
		"DELETE /v1/traps/{id}":                       h.removeTrap,
		"POST /v1/isolation/end":                      h.endIsolation,
		"GET /v1/renewal":                             h.renewal,
		"POST /v1/renewal":                            h.renew,
		"GET /v1/policy":                              h.policy,
		"PUT /v1/policy":                              h.setPolicy,
		"GET /v1/witnesses":                           h.witnesses,
		"PUT /v1/witnesses":                           h.setWitnesses,

		"GET /v1/me":                  h.me,
		"PUT /v1/me/password":         h.changePassword,
		"PUT /v1/me/day":              h.openDay,
		"DELETE /v1/me/day":           h.closeDay,
		"POST /v1/me/factors":         h.beginFactor,
		"POST /v1/me/factors/confirm": h.endFactor,
		"DELETE /v1/me/factors/{id}":  h.removeFactor,
		"DELETE /v1/me/identity":      h.removeIdentity,
		"POST /v1/me/recovery":        h.newRecoveries,
		"POST /v1/me/tokens":          h.makeToken,
		"DELETE /v1/me/tokens/{id}":   h.removeToken,

		"POST /v1/verify":             h.verify,
		"POST /v1/rebuild":            h.rebuild,
		"GET /v1/ledger/events":       h.events,
		"GET /v1/ledger/head":         h.ledgerHead,
		"POST /v1/ledger/reading-key": h.readingKey,
		"GET /v1/ledger/proofs/{id}":  h.proof,
	}
	maps.Copy(out, h.deskRoutes())
	maps.Copy(out, h.inquiring())
	maps.Copy(out, h.mediaRoutes())
	maps.Copy(out, h.logRoutes())
	maps.Copy(out, h.drillRoutes())
	maps.Copy(out, h.reserving())
	maps.Copy(out, h.erasing())
	maps.Copy(out, h.retaining())
	return out
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
	l := lang.Pick(r.Header.Get("Accept-Language"))
	return &Problem{Kind: e.Kind, Op: e.Op, On: e.On, Hint: e.Hint, Message: l.Problem(e.Op, e.On, e.Kind.String(), e.Hint)}
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
