package web

import (
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// own is the page about oneself.
type own struct {
	Sessions []api.Session
	Shown    []string   // new recovery codes
	Token    *api.Token // a new one, with its secret
	Provider string     // what the firm's identity provider is called; empty: there is none
	Now      time.Time
}

func (v *visit) own() (o own, err error) {
	h, err := v.facts()
	if err != nil {
		return o, err
	}
	o.Provider = h.OIDC
	list, err := collect(v.api.Sessions(v.r.Context()))
	for _, s := range list {
		if s.Account == v.me.Account {
			o.Sessions = append(o.Sessions, s)
		}
	}
	o.Now = v.Now()
	return o, err
}

func (v *visit) mine() error {
	o, err := v.own()
	if err != nil {
		return err
	}
	return v.show("me", o)
}

// act is what somebody does on the page about themselves.
func (v *visit) act() error {
	ctx := v.r.Context()
	switch v.r.PathValue("act") {
	case "open-day":
		if _, err := v.api.OpenDay(ctx, api.DayRequest{}); err != nil {
			return err
		}
		return v.done("/", "web.day-opened")
	case "close-day":
		return v.after(v.api.CloseDay(ctx), "/", "web.day-closed")
	case "remove-device":
		return v.after(v.api.RemoveDevice(ctx, v.me.Account, v.form("device")), "/me", "web.device-removed")
	case "end-session":
		return v.after(v.api.EndSession(ctx, v.form("session")), "/me", "web.session-ended")
	case "end-sessions":
		return v.after(v.api.EndSessionsOf(ctx, v.me.Account), "/me", "web.session-ended")
	case "remove-factor":
		return v.after(v.api.RemoveFactor(ctx, v.form("factor")), "/me", "web.factor-removed")
	case "factor":
		return v.endFactor()
	case "identity":
		s, err := v.api.BeginIdentity(ctx)
		if err != nil {
			return err
		}
		return v.going(s, "/me")
	case "remove-identity":
		return v.after(v.api.RemoveIdentity(ctx), "/me", "web.identity-untied")
	case "recovery":
		r, err := v.api.NewRecoveries(ctx)
		if err != nil {
			return err
		}
		return v.show("recovery", stage{Step: api.Step{Recovery: r.Recovery}, Next: "/me"})
	case "password":
		if v.form("password") != v.form("again") {
			return v.again(&problem.Error{Kind: problem.Invalid, Op: "set password", Hint: "hint.not-the-same"}, "password", nil)
		}
		if err := v.api.ChangePassword(ctx, v.form("password")); err != nil {
			return v.orProve(err, "password", nil)
		}
		return v.done("/me", "web.password-changed")
	case "token":
		return v.makeToken()
	case "remove-token":
		return v.after(v.api.RemoveToken(ctx, v.form("token")), "/me", "web.token-removed")
	}
	return problem.New(problem.NotFound, "read", "", nil)
}

// endFactor adds a second factor that was begun on the page before, or begins it once more where what was typed is wrong.
func (v *visit) endFactor() error {
	ctx := v.r.Context()
	q := api.NewFactor{Ticket: v.form("ticket"), Name: v.form("name"), Code: v.form("code")}
	if c := v.form("credential"); c != "" {
		q.Credential = raw(c)
	}
	if _, err := v.api.EndFactor(ctx, q); err != nil {
		kind := kindOf(q)
		e, over := v.api.BeginFactor(ctx, api.FactorRequest{Ticket: q.Ticket, Kind: kind})
		if over != nil {
			return err
		}
		return v.again(err, "addfactor", stage{Step: api.Step{Ticket: e.Ticket}, Enrolment: &e, Kind: kind})
	}
	return v.done("/me", "web.factor-added")
}

func (v *visit) makeToken() error {
	var days int
	if _, err := fmt.Sscan(v.form("days"), &days); err != nil {
		return problem.New(problem.Invalid, "make token", v.form("days"), err)
	}
	var scopes []api.Scope
	for _, s := range v.r.PostForm["scope"] {
		scopes = append(scopes, api.Scope(s))
	}
	t, err := v.api.MakeToken(v.r.Context(), api.NewToken{Name: v.form("name"), Scopes: scopes, Days: days})
	if err != nil {
		return err
	}
	if v.me, err = v.api.Me(v.r.Context()); err != nil {
		return err
	}
	o, err := v.own()
	if err != nil {
		return err
	}
	o.Token = &t
	return v.show("me", o)
}

func (v *visit) passwordPage() error { return v.show("password", nil) }

func (v *visit) factorPage() error {
	kind := api.FactorKind(v.r.PathValue("kind"))
	e, err := v.api.BeginFactor(v.r.Context(), api.FactorRequest{Kind: kind})
	if err != nil {
		return err
	}
	return v.show("addfactor", stage{Step: api.Step{Ticket: e.Ticket}, Enrolment: &e, Kind: kind})
}
