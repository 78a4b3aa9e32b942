package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// stage is where a login stands on its page.
type stage struct {
	api.Step
	Next      string
	House     api.House
	Enrolment *api.Enrolment
	Kind      api.FactorKind
	Invited   *api.Invitation
	Name      string // as it was typed
	Reason    string // of a renewal
}

// Wanted reports whether the login wants something next.
func (s stage) Wanted(w string) bool { return slices.Contains(s.Wants, api.Want(w)) }

func (v *visit) next() string {
	if n := v.form("next"); n != "" {
		return local(n, "GET")
	}
	return local(v.r.URL.Query().Get("next"), "GET")
}

func (v *visit) loginPage() error {
	if _, err := v.api.Me(v.r.Context()); err == nil {
		v.redirect(v.next())
		return nil
	}
	h, err := v.facts()
	if err != nil {
		return err
	}
	return v.show("login", stage{Next: v.next(), House: h})
}

// atLogin shows the login page again, with what went wrong.
func (v *visit) atLogin(err error) error {
	h, broken := v.facts()
	if broken != nil {
		return broken
	}
	return v.again(err, "login", stage{Next: v.next(), House: h, Name: v.form("account")})
}

func (v *visit) login() error {
	s, err := v.api.Login(v.r.Context(), api.LoginRequest{Account: v.form("account"), Password: v.r.PostFormValue("password")})
	if err != nil {
		return v.atLogin(err)
	}
	return v.went(s)
}

func (v *visit) passkeyBegin() error {
	s, err := v.api.PasskeyLogin(v.r.Context())
	if err != nil {
		return v.atLogin(err)
	}
	return v.went(s)
}

// went goes on with a login: to its next step, or in.
func (v *visit) went(s api.Step) error {
	switch {
	case len(s.Recovery) > 0:
		return v.show("recovery", stage{Step: s, Next: v.next()})
	case len(s.Wants) == 0:
		v.redirect(v.next())
		return nil
	}
	return v.show(pageOf(s), stage{Step: s, Next: v.next()})
}

// pageOf is the page of a login's next step.
func pageOf(s api.Step) string {
	switch {
	case slices.Contains(s.Wants, api.WantFactor):
		return "factor"
	case slices.Contains(s.Wants, api.WantPassword):
		return "newpassword"
	}
	return "code"
}

// stay shows the step again, with what went wrong. A ticket that is over leads back to the beginning.
func (v *visit) stay(err error) error {
	s, over := v.api.LoginStep(v.r.Context(), v.form("ticket"))
	if over != nil || problem.KindOf(err) == problem.Unavailable {
		return v.atLogin(err)
	}
	return v.again(err, pageOf(s), stage{Step: s, Next: v.next()})
}

func (v *visit) loginCode() error {
	s, err := v.api.LoginCode(v.r.Context(), api.CodeRequest{Ticket: v.form("ticket"), Code: v.form("code")})
	if err != nil {
		return v.stay(err)
	}
	return v.went(s)
}

func (v *visit) loginPasskey() error {
	s, err := v.api.LoginPasskey(v.r.Context(), api.PasskeyRequest{Ticket: v.form("ticket"), Credential: raw(v.form("credential"))})
	if err != nil {
		return v.stay(err)
	}
	return v.went(s)
}

// raw is what a script has put into a form, if it is JSON.
func raw(s string) json.RawMessage {
	if !json.Valid([]byte(s)) {
		return json.RawMessage("{}")
	}
	return json.RawMessage(s)
}

func (v *visit) loginPassword() error {
	if v.form("password") != v.form("again") {
		return v.stay(&problem.Error{Kind: problem.Invalid, Op: "set password", Hint: "hint.not-the-same"})
	}
	s, err := v.api.LoginPassword(v.r.Context(), api.PasswordRequest{Ticket: v.form("ticket"), Password: v.form("password")})
	if err != nil {
		return v.stay(err)
	}
	return v.went(s)
}

func (v *visit) loginFactor() error {
	kind := api.FactorKind(v.form("kind"))
	e, err := v.api.LoginFactor(v.r.Context(), api.FactorRequest{Ticket: v.form("ticket"), Kind: kind})
	if err != nil {
		return v.stay(err)
	}
	return v.show("enrol", stage{Step: api.Step{Ticket: e.Ticket}, Next: v.next(), Enrolment: &e, Kind: kind})
}

func (v *visit) loginNewFactor() error {
	q := api.NewFactor{Ticket: v.form("ticket"), Name: v.form("name"), Code: v.form("code")}
	if c := v.form("credential"); c != "" {
		q.Credential = raw(c)
	}
	s, err := v.api.LoginNewFactor(v.r.Context(), q)
	if err == nil {
		return v.went(s)
	}
	kind := kindOf(q)
	e, over := v.api.LoginFactor(v.r.Context(), api.FactorRequest{Ticket: q.Ticket, Kind: kind})
	if over != nil {
		return v.stay(err)
	}
	return v.again(err, "enrol", stage{Step: api.Step{Ticket: e.Ticket}, Next: v.next(), Enrolment: &e, Kind: kind})
}

// kindOf tells what a form sets up.
func kindOf(q api.NewFactor) api.FactorKind {
	if q.Credential != nil {
		return account.Passkey
	}
	return account.App
}

func (v *visit) logout() error {
	owner := v.owner()
	if err := v.api.Logout(v.r.Context()); err != nil {
		return err
	}
	v.lists.drop(func(x *list) bool { return x.owner == owner })
	return v.done("/login", "web.logged-out")
}

func (v *visit) welcomePage() error { return v.show("welcome", stage{}) }

// welcome shows an invitation. Its token comes in a form, from behind the # of the link: it stands in no log.
func (v *visit) welcome() error {
	token := v.form("token")
	if _, t, ok := strings.Cut(token, "#"); ok { // the whole link was pasted
		token = t
	}
	token = strings.TrimSpace(token)
	i, err := v.api.Invited(v.r.Context(), api.InvitationRequest{Token: token})
	if err != nil {
		return v.again(err, "welcome", stage{})
	}
	h, err := v.facts()
	if err != nil {
		return err
	}
	return v.show("accept", stage{Step: api.Step{Ticket: token}, Invited: &i, House: h})
}

func (v *visit) accept() error {
	token := v.form("ticket")
	i, err := v.api.Invited(v.r.Context(), api.InvitationRequest{Token: token})
	if err != nil {
		return v.again(err, "welcome", stage{})
	}
	h, err := v.facts()
	if err != nil {
		return err
	}
	here := stage{Step: api.Step{Ticket: token}, Invited: &i, House: h}
	if v.form("password") != v.form("again") {
		return v.again(&problem.Error{Kind: problem.Invalid, Op: "set password", Hint: "hint.not-the-same"}, "accept", here)
	}
	s, err := v.api.Accept(v.r.Context(), api.InvitationRequest{Token: token, Password: v.form("password")})
	if err != nil {
		return v.again(err, "accept", here)
	}
	return v.went(s)
}

// proofPage proves the second factor of a session anew.
func (v *visit) proofPage() error {
	if v.r.Method == "GET" {
		s, err := v.api.Prove(v.r.Context())
		if err != nil {
			return err
		}
		return v.show("proof", stage{Step: s, Next: v.next()})
	}
	var err error
	if c := v.form("credential"); c != "" {
		_, err = v.api.LoginPasskey(v.r.Context(), api.PasskeyRequest{Ticket: v.form("ticket"), Credential: raw(c)})
	} else {
		_, err = v.api.LoginCode(v.r.Context(), api.CodeRequest{Ticket: v.form("ticket"), Code: v.form("code")})
	}
	if err == nil {
		v.redirect(v.next())
		return nil
	}
	s, over := v.api.LoginStep(v.r.Context(), v.form("ticket"))
	if over != nil {
		if s, over = v.api.Prove(v.r.Context()); over != nil {
			return over
		}
	}
	return v.again(err, "proof", stage{Step: s, Next: v.next()})
}

// strength tells a script how strong a password would be.
func (v *visit) strength() error {
	q := api.StrengthRequest{Password: v.form("password"), Ticket: v.form("ticket"), Token: v.form("token")}
	s, err := v.api.Strength(v.r.Context(), q)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(s)
}

// quote makes the path of a page about something with a name.
func quote(prefix, name string) string { return prefix + url.PathEscape(name) }
