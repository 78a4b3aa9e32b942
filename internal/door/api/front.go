package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
)

// Logins lets people log in, in steps. What is returned beside a Step is the secret of the session that the last
// step has begun.
type Logins interface {
	SignIn(ctx context.Context, from account.Caller, name, password string) (Step, string, error)
	SignInWithPasskey(ctx context.Context, from account.Caller) (Step, error)
	SignInStep(ctx context.Context, from account.Caller, ticket string) (Step, error)
	SignInCode(ctx context.Context, from account.Caller, ticket, code string) (Step, string, error)
	SignInPasskey(ctx context.Context, from account.Caller, ticket string, answer json.RawMessage) (Step, string, error)
	SignInPassword(ctx context.Context, from account.Caller, ticket, password string) (Step, string, error)
	SignInFactor(ctx context.Context, from account.Caller, ticket string, kind FactorKind) (Enrolment, error)
	SignInNewFactor(ctx context.Context, from account.Caller, q NewFactor) (Step, string, error)
	SignInWithProvider(ctx context.Context, from account.Caller, token string) (Step, error)
	SignInProvider(ctx context.Context, from account.Caller, ticket, state, code string) (Step, string, error)
	BeginIdentity(ctx context.Context, s id.Session, from account.Caller) (Step, error)
	Invited(ctx context.Context, token string) (Invitation, error)
	Accept(ctx context.Context, from account.Caller, token, password string) (Step, string, error)
	// Strength tells how strong a password would be, of the person of a session, a ticket or an invitation's token.
	Strength(ctx context.Context, from account.Caller, s id.Session, ticket, token, password string) (account.Strength, error)
	Prove(ctx context.Context, s id.Session, from account.Caller) (Step, error)
	Logout(ctx context.Context, s id.Session) error
}

// Front is where people come in from a browser.
type Front struct {
	Logins Logins
	// Asked answers those who never log in.
	Asked Asked
	House func(r *http.Request) House
	// Origin is the site that the request's browser shows, "https://azekura.example:8443".
	Origin func(r *http.Request) (string, error)
	// Caller tells where a request comes from.
	Caller func(r *http.Request) (account.Caller, error)
	// Cookie gives the browser a session's secret, or takes it away when it is empty.
	Cookie func(w http.ResponseWriter, r *http.Request, secret string)
}

// front is what needs no session.
func (h *handler) front() map[string]func(w http.ResponseWriter, r *http.Request) error {
	out := map[string]func(w http.ResponseWriter, r *http.Request) error{
		"GET /v1/house":                  h.house,
		"GET /v1/openapi.json":           h.openapi,
		"POST /v1/login":                 h.login,
		"POST /v1/login/step":            h.loginStep,
		"POST /v1/login/code":            h.loginCode,
		"POST /v1/login/password":        h.loginPassword,
		"POST /v1/login/passkey/begin":   h.passkeyLogin,
		"POST /v1/login/passkey":         h.loginPasskey,
		"POST /v1/login/provider/begin":  h.providerLogin,
		"POST /v1/login/provider":        h.loginProvider,
		"POST /v1/login/factors":         h.loginFactor,
		"POST /v1/login/factors/confirm": h.loginNewFactor,
		"POST /v1/strength":              h.strength,
		"POST /v1/invitation":            h.invited,
		"POST /v1/invitation/accept":     h.accept,
	}
	maps.Copy(out, h.asked())
	return out
}

func (h *handler) house(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, h.Front.House(r))
}

// came answers with where a login stands, and gives the browser its session when it is done.
func (h *handler) came(w http.ResponseWriter, r *http.Request, s Step, session string, err error) error {
	if err == nil && session != "" {
		h.Front.Cookie(w, r, session)
	}
	return secret(w, s, err)
}

func (h *handler) login(w http.ResponseWriter, r *http.Request) error {
	q, err := readJSON[LoginRequest](r)
	if err != nil {
		return err
	}
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	s, session, err := h.Front.Logins.SignIn(r.Context(), from, q.Account, q.Password)
	return h.came(w, r, s, session, err)
}

func (h *handler) passkeyLogin(w http.ResponseWriter, r *http.Request) error {
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	s, err := h.Front.Logins.SignInWithPasskey(r.Context(), from)
	return secret(w, s, err)
}

// step reads a request and goes on with a login.
func step[Q any](h *handler, w http.ResponseWriter, r *http.Request, next func(from account.Caller, q Q) (Step, string, error)) error {
	q, err := readJSON[Q](r)
	if err != nil {
		return err
	}
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	s, session, err := next(from, q)
	return h.came(w, r, s, session, err)
}

// Ticket names a login that is under way.
type Ticket struct {
	Ticket string `json:"ticket"`
}

func (h *handler) loginStep(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q Ticket) (Step, string, error) {
		s, err := h.Front.Logins.SignInStep(r.Context(), from, q.Ticket)
		return s, "", err
	})
}

func (h *handler) loginCode(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q CodeRequest) (Step, string, error) {
		return h.Front.Logins.SignInCode(r.Context(), from, q.Ticket, q.Code)
	})
}

func (h *handler) loginPasskey(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q PasskeyRequest) (Step, string, error) {
		return h.Front.Logins.SignInPasskey(r.Context(), from, q.Ticket, q.Credential)
	})
}

func (h *handler) loginPassword(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q PasswordRequest) (Step, string, error) {
		return h.Front.Logins.SignInPassword(r.Context(), from, q.Ticket, q.Password)
	})
}

func (h *handler) loginFactor(w http.ResponseWriter, r *http.Request) error {
	q, err := readJSON[FactorRequest](r)
	if err != nil {
		return err
	}
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	e, err := h.Front.Logins.SignInFactor(r.Context(), from, q.Ticket, q.Kind)
	return secret(w, e, err)
}

func (h *handler) loginNewFactor(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q NewFactor) (Step, string, error) {
		return h.Front.Logins.SignInNewFactor(r.Context(), from, q)
	})
}

// ProviderRequest begins a login at the firm's identity provider; with a token, an invitation is accepted so.
type ProviderRequest struct {
	Token string `json:"token,omitempty"`
}

// ProviderAnswer is what a browser has brought back from there.
type ProviderAnswer struct {
	Ticket string `json:"ticket"`
	State  string `json:"state"`
	Code   string `json:"code"`
}

func (h *handler) providerLogin(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q ProviderRequest) (Step, string, error) {
		s, err := h.Front.Logins.SignInWithProvider(r.Context(), from, q.Token)
		return s, "", err
	})
}

func (h *handler) loginProvider(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q ProviderAnswer) (Step, string, error) {
		return h.Front.Logins.SignInProvider(r.Context(), from, q.Ticket, q.State, q.Code)
	})
}

// beginIdentity begins to tie the caller's account to an identity at the provider.
func (h *handler) beginIdentity(w http.ResponseWriter, r *http.Request, s account.Session) error {
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	out, err := h.Front.Logins.BeginIdentity(r.Context(), s.ID, from)
	return secret(w, out, err)
}

func (h *handler) removeIdentity(_ http.ResponseWriter, r *http.Request, s account.Session) error {
	return h.People.RemoveIdentity(r.Context(), s.ID)
}

func (h *handler) invited(w http.ResponseWriter, r *http.Request) error {
	q, err := readJSON[InvitationRequest](r)
	if err != nil {
		return err
	}
	i, err := h.Front.Logins.Invited(r.Context(), q.Token)
	return secret(w, i, err)
}

func (h *handler) accept(w http.ResponseWriter, r *http.Request) error {
	return step(h, w, r, func(from account.Caller, q InvitationRequest) (Step, string, error) {
		return h.Front.Logins.Accept(r.Context(), from, q.Token, q.Password)
	})
}

// strength answers people who are in, who are coming in, and who are invited: for others it would be a place to let a
// server count.
func (h *handler) strength(w http.ResponseWriter, r *http.Request) error {
	q, err := readJSON[StrengthRequest](r)
	if err != nil {
		return err
	}
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	var s account.Session
	if q.Ticket == "" && q.Token == "" {
		if s, err = h.Session(r); err != nil {
			return err
		}
	}
	x, err := h.Front.Logins.Strength(r.Context(), from, s.ID, q.Ticket, q.Token, q.Password)
	if err != nil {
		return err
	}
	l := lang.Pick(r.Header.Get("Accept-Language"))
	out := Strength{OK: x.OK, Score: x.Score}
	if x.Why != "" {
		out.Why = l.Text(x.Why)
	}
	for _, a := range x.Advice {
		out.Advice = append(out.Advice, l.Text(a))
	}
	return secret(w, out, nil)
}

func (h *handler) prove(w http.ResponseWriter, r *http.Request, s account.Session) error {
	from, err := h.Front.Caller(r)
	if err != nil {
		return err
	}
	p, err := h.Front.Logins.Prove(r.Context(), s.ID, from)
	return secret(w, p, err)
}

func (h *handler) logout(w http.ResponseWriter, r *http.Request, s account.Session) error {
	h.Front.Cookie(w, r, "")
	return done(w, h.Front.Logins.Logout(r.Context(), s.ID))
}
