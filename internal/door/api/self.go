package api

import (
	"context"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// Self is what people do for themselves.
type Self interface {
	Me(ctx context.Context, s id.Session) (account.Person, error)
	OpenDay(ctx context.Context, s id.Session, length time.Duration) (Day, error)
	BeginFactor(ctx context.Context, s id.Session, kind FactorKind, ticket, origin string) (Enrolment, error)
	EndFactor(ctx context.Context, s id.Session, q NewFactor, origin string) (recovery []string, err error)
	RemoveFactor(ctx context.Context, s id.Session, id string) error
	RemoveIdentity(ctx context.Context, s id.Session) error
	NewRecoveries(ctx context.Context, s id.Session) ([]string, error)
	MakeToken(ctx context.Context, s id.Session, q NewToken) (Token, error)
	RemoveToken(ctx context.Context, s id.Session, id string) error
}

// Pairs is what takes two people, or is about everybody.
type Pairs interface {
	Proposals(ctx context.Context, s id.Session) ([]Proposal, error)
	Confirm(ctx context.Context, s id.Session, proposal string) error
	Withdraw(ctx context.Context, s id.Session, proposal string) error
	RenewAll(ctx context.Context, s id.Session, reason string) error
	Renewal(ctx context.Context, s id.Session) (Renewal, error)
	Policy(ctx context.Context, s id.Session) (Policy, error)
	SetPolicy(ctx context.Context, s id.Session, p Policy) (Outcome, error)
	Witnesses(ctx context.Context, s id.Session) (account.Witnessing, []account.WitnessState, error)
	SetWitnesses(ctx context.Context, s id.Session, w account.Witnessing) (Outcome, error)
}

func (h *handler) me(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := h.People.Me(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, Me{Account: p.Account.Name, Role: p.Account.Role, Powers: p.Account.Role.Powers(), Firm: p.Firm, Session: sessionOf(s, s.ID),
		Day: p.Day, Devices: p.Account.Devices, Factors: p.Factors, Tokens: p.Tokens, Tied: p.Tied, Frozen: p.Frozen, Waiting: p.Waiting, NewProof: !p.Fresh})
}

func (h *handler) changePassword(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[PasswordRequest](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetPassword(r.Context(), s.ID, "", q.Password))
}

func (h *handler) openDay(w http.ResponseWriter, r *http.Request, s account.Session) error {
	length, err := dayLength(r)
	if err != nil {
		return err
	}
	d, err := h.People.OpenDay(r.Context(), s.ID, length)
	if err != nil {
		return err
	}
	return writeJSON(w, d)
}

func (h *handler) closeDay(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.CloseDay(r.Context(), s.ID, s.Name))
}

func (h *handler) beginFactor(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[FactorRequest](r)
	if err != nil {
		return err
	}
	origin, err := h.origin(r)
	if err != nil {
		return err
	}
	e, err := h.People.BeginFactor(r.Context(), s.ID, q.Kind, q.Ticket, origin)
	return secret(w, e, err)
}

// origin is the site that the caller's browser shows; from where nobody logs in there is none.
func (h *handler) origin(r *http.Request) (string, error) {
	if h.Front == nil {
		return "", nil
	}
	return h.Front.Origin(r)
}

func (h *handler) endFactor(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewFactor](r)
	if err != nil {
		return err
	}
	origin, err := h.origin(r)
	if err != nil {
		return err
	}
	codes, err := h.People.EndFactor(r.Context(), s.ID, q, origin)
	return secret(w, Recoveries{codes}, err)
}

func (h *handler) removeFactor(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.RemoveFactor(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) newRecoveries(w http.ResponseWriter, r *http.Request, s account.Session) error {
	codes, err := h.People.NewRecoveries(r.Context(), s.ID)
	return secret(w, Recoveries{codes}, err)
}

func (h *handler) makeToken(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewToken](r)
	if err != nil {
		return err
	}
	t, err := h.People.MakeToken(r.Context(), s.ID, q)
	return secret(w, t, err)
}

func (h *handler) removeToken(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.RemoveToken(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) proposals(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Proposals(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) confirm(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.Confirm(r.Context(), s.ID, r.PathValue("id")))
}

func (h *handler) withdraw(w http.ResponseWriter, r *http.Request, s account.Session) error {
	return done(w, h.People.Withdraw(r.Context(), s.ID, r.PathValue("id")))
}

// renew answers with what has begun: by then the caller's own session is over, too.
func (h *handler) renew(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RenewalRequest](r)
	if err != nil {
		return err
	}
	if err := h.People.RenewAll(r.Context(), s.ID, q.Reason); err != nil {
		return err
	}
	return writeJSON(w, Renewal{Reason: q.Reason, By: s.Name, Started: h.Now().UTC()})
}

func (h *handler) renewal(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := h.People.Renewal(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}

func (h *handler) policy(w http.ResponseWriter, r *http.Request, s account.Session) error {
	p, err := h.People.Policy(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}

func (h *handler) setPolicy(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Policy](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetPolicy(r.Context(), s.ID, q)
	return outcome(w, o, err)
}

// Witnesses is who watches the ledger, and what is known of each.
type Witnesses struct {
	account.Witnessing
	State []account.WitnessState `json:"state"`
}

// WitnessesOf returns what a keeper tells of witnesses, with lists that are there.
func WitnessesOf(w account.Witnessing, state []account.WitnessState) Witnesses {
	if w.Witnesses == nil {
		w.Witnesses = []account.Witness{}
	}
	if state == nil {
		state = []account.WitnessState{}
	}
	return Witnesses{w, state}
}

// Cosigning counts the witnesses that cosign, and names those that do not and those that refuse.
func (w Witnesses) Cosigning() (n int, away, refusing []string) {
	for _, s := range w.State {
		switch {
		case s.Refuses:
			refusing = append(refusing, s.Name)
		case s.Away():
			away = append(away, s.Name)
		default:
			n++
		}
	}
	return n, away, refusing
}

func (h *handler) witnesses(w http.ResponseWriter, r *http.Request, s account.Session) error {
	is, state, err := h.People.Witnesses(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, WitnessesOf(is, state))
}

func (h *handler) setWitnesses(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[account.Witnessing](r)
	if err != nil {
		return err
	}
	o, err := h.People.SetWitnesses(r.Context(), s.ID, q)
	return outcome(w, o, err)
}
