package api

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/appliance"
)

// Logs is the logs of appliances: how they are collected, and what stands in them.
type Logs interface {
	LogState(ctx context.Context, s account.Session) (LogState, error)
	SetCollecting(ctx context.Context, s account.Session, c Collecting) (Outcome, error)
	SearchLogs(ctx context.Context, s account.Session, q account.LogQuery) iter.Seq2[LogLine, error]
	VerifyLogs(ctx context.Context, s account.Session) (LogCheck, error)
	ApplianceEvents(ctx context.Context, s account.Session, n string) (ApplianceEvents, error)
}

// The types of logs, as package account has them.
type (
	Collecting      = account.Collecting
	LogSource       = account.LogSource
	LogState        = account.LogState
	LogLine         = account.LogLine
	LogCheck        = account.LogCheck
	ApplianceEvents = account.ApplianceEvents
)

// LogKinds are the kinds of lines, LogMakers the makers whose lines are understood.
func LogKinds() (out []string) {
	for _, k := range appliance.Kinds {
		out = append(out, string(k))
	}
	return out
}

// LogKindsToCount are the kinds that need not be stored: they tell of nobody who came in.
func LogKindsToCount() (out []string) {
	for _, k := range appliance.Kinds {
		if k.Countable() {
			out = append(out, string(k))
		}
	}
	return out
}

// LogMakers are the makers whose lines are understood.
func LogMakers() []string { return appliance.Makers() }

func (h *handler) logRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/logs":                  h.searchLogs,
		"GET /v1/logs/state":            h.logState,
		"PUT /v1/logs/settings":         h.setCollecting,
		"POST /v1/logs/verify":          h.verifyLogs,
		"GET /v1/cases/{id}/appliances": h.applianceEvents,
	}
}

func (h *handler) searchLogs(w http.ResponseWriter, r *http.Request, s account.Session) error {
	v := r.URL.Query()
	q := account.LogQuery{Device: v.Get("device"), Kind: v.Get("kind"), Account: v.Get("account"), Address: v.Get("address"), Text: v.Get("text")}
	for key, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := v.Get(key); text != "" {
			t, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return invalid("read logs", text, "hint.log-filter")
			}
			*at = t
		}
	}
	if text := v.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return invalid("read logs", text, "hint.log-filter")
		}
		q.Limit = n
	}
	l := newLines(w, r)
	for x, err := range h.Logs.SearchLogs(r.Context(), s, q) {
		if err != nil {
			return l.end(err)
		}
		if err := l.put(x); err != nil {
			return err
		}
	}
	return l.end(nil)
}

func (h *handler) logState(w http.ResponseWriter, r *http.Request, s account.Session) error {
	st, err := h.Logs.LogState(r.Context(), s)
	if err != nil {
		return err
	}
	return writeJSON(w, st)
}

func (h *handler) setCollecting(w http.ResponseWriter, r *http.Request, s account.Session) error {
	c, err := readJSON[Collecting](r)
	if err != nil {
		return err
	}
	o, err := h.Logs.SetCollecting(r.Context(), s, c)
	return outcome(w, o, err)
}

func (h *handler) verifyLogs(w http.ResponseWriter, r *http.Request, s account.Session) error {
	c, err := h.Logs.VerifyLogs(r.Context(), s)
	if err != nil {
		return err
	}
	return writeJSON(w, c)
}

func (h *handler) applianceEvents(w http.ResponseWriter, r *http.Request, s account.Session) error {
	e, err := h.Logs.ApplianceEvents(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, e)
}
