package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// House tells what everybody may know before logging in.
func (c *Client) House(ctx context.Context) (h api.House, err error) {
	return h, c.call(ctx, "GET", "/v1/house", nil, &h)
}

// Login begins a login with a password.
func (c *Client) Login(ctx context.Context, q api.LoginRequest) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login", q, &s)
}

// PasskeyLogin begins a login with a passkey alone.
func (c *Client) PasskeyLogin(ctx context.Context) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/passkey/begin", nil, &s)
}

// LoginStep tells again where a login stands, with a new challenge for a passkey.
func (c *Client) LoginStep(ctx context.Context, ticket string) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/step", api.Ticket{Ticket: ticket}, &s)
}

// LoginCode goes on with a login by a code of the authenticator app or a recovery code.
func (c *Client) LoginCode(ctx context.Context, q api.CodeRequest) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/code", q, &s)
}

// LoginPasskey goes on with a login by a passkey.
func (c *Client) LoginPasskey(ctx context.Context, q api.PasskeyRequest) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/passkey", q, &s)
}

// LoginPassword goes on with a login by choosing a new password.
func (c *Client) LoginPassword(ctx context.Context, q api.PasswordRequest) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/password", q, &s)
}

// LoginFactor begins to set up the second factor that a login wants.
func (c *Client) LoginFactor(ctx context.Context, q api.FactorRequest) (e api.Enrolment, err error) {
	return e, c.call(ctx, "POST", "/v1/login/factors", q, &e)
}

// LoginNewFactor ends the setting up of the second factor that a login wants, and so the login.
func (c *Client) LoginNewFactor(ctx context.Context, q api.NewFactor) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/factors/confirm", q, &s)
}

// Logout ends the caller's session and day.
func (c *Client) Logout(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/logout", nil, nil)
}

// Invited tells about an invitation.
func (c *Client) Invited(ctx context.Context, q api.InvitationRequest) (i api.Invitation, err error) {
	return i, c.call(ctx, "POST", "/v1/invitation", q, &i)
}

// Accept accepts an invitation with a password.
func (c *Client) Accept(ctx context.Context, q api.InvitationRequest) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/invitation/accept", q, &s)
}

// Strength tells how strong a password would be.
func (c *Client) Strength(ctx context.Context, q api.StrengthRequest) (s api.Strength, err error) {
	return s, c.call(ctx, "POST", "/v1/strength", q, &s)
}

// Me tells about the caller.
func (c *Client) Me(ctx context.Context) (m api.Me, err error) {
	return m, c.call(ctx, "GET", "/v1/me", nil, &m)
}

// Prove proves the second factor anew, by a code or a passkey: what comes of it is a Step without Wants.
func (c *Client) Prove(ctx context.Context) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/me/proof", nil, &s)
}

// ChangePassword changes the caller's password.
func (c *Client) ChangePassword(ctx context.Context, password string) error {
	return c.call(ctx, "PUT", "/v1/me/password", api.PasswordRequest{Password: password}, nil)
}

// BeginFactor begins to set up a second factor of the caller, or goes on with one.
func (c *Client) BeginFactor(ctx context.Context, q api.FactorRequest) (e api.Enrolment, err error) {
	return e, c.call(ctx, "POST", "/v1/me/factors", q, &e)
}

// ProviderLogin begins a login at the firm's identity provider; with a token, an invitation is accepted so.
func (c *Client) ProviderLogin(ctx context.Context, token string) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/provider/begin", api.ProviderRequest{Token: token}, &s)
}

// LoginProvider goes on with what the browser has brought back from there.
func (c *Client) LoginProvider(ctx context.Context, q api.ProviderAnswer) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/login/provider", q, &s)
}

// BeginIdentity begins to tie the caller's account to an identity there.
func (c *Client) BeginIdentity(ctx context.Context) (s api.Step, err error) {
	return s, c.call(ctx, "POST", "/v1/me/identity", nil, &s)
}

// RemoveIdentity unties it.
func (c *Client) RemoveIdentity(ctx context.Context) error {
	return c.call(ctx, "DELETE", "/v1/me/identity", nil, nil)
}

// EndFactor ends the setting up of a second factor; with the first come recovery codes.
func (c *Client) EndFactor(ctx context.Context, q api.NewFactor) (r api.Recoveries, err error) {
	return r, c.call(ctx, "POST", "/v1/me/factors/confirm", q, &r)
}

// RemoveFactor removes a second factor of the caller, but not the last.
func (c *Client) RemoveFactor(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/me/factors/"+url.PathEscape(id), nil, nil)
}

// NewRecoveries makes new recovery codes; those before are useless.
func (c *Client) NewRecoveries(ctx context.Context) (r api.Recoveries, err error) {
	return r, c.call(ctx, "POST", "/v1/me/recovery", nil, &r)
}

// OpenDay opens the file doors for the caller's devices.
func (c *Client) OpenDay(ctx context.Context, q api.DayRequest) (d api.Day, err error) {
	return d, c.call(ctx, "PUT", "/v1/me/day", q, &d)
}

// CloseDay closes them.
func (c *Client) CloseDay(ctx context.Context) error {
	return c.call(ctx, "DELETE", "/v1/me/day", nil, nil)
}

// OpenDayOf opens somebody else's day: only the console may.
func (c *Client) OpenDayOf(ctx context.Context, name string, q api.DayRequest) (d api.Day, err error) {
	return d, c.call(ctx, "PUT", accountURL(name, "/day"), q, &d)
}

// CloseDayOf closes somebody's day.
func (c *Client) CloseDayOf(ctx context.Context, name string) error {
	return c.call(ctx, "DELETE", accountURL(name, "/day"), nil, nil)
}

// MakeToken makes a token of the caller, whose secret can be read this once.
func (c *Client) MakeToken(ctx context.Context, q api.NewToken) (t api.Token, err error) {
	return t, c.call(ctx, "POST", "/v1/me/tokens", q, &t)
}

// RemoveToken makes a token useless.
func (c *Client) RemoveToken(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/me/tokens/"+url.PathEscape(id), nil, nil)
}

// EndSession ends a session: one's own, or somebody's.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/sessions/"+url.PathEscape(id), nil, nil)
}

// EndSessionsOf ends all sessions of an account but the caller's.
func (c *Client) EndSessionsOf(ctx context.Context, name string) error {
	return c.call(ctx, "DELETE", accountURL(name, "/sessions"), nil, nil)
}

// Invite makes an invitation for an account that has no password yet; the one before is useless.
func (c *Client) Invite(ctx context.Context, name string) (i api.Invitation, err error) {
	return i, c.call(ctx, "POST", accountURL(name, "/invitation"), nil, &i)
}

// SetRole gives an account another role.
func (c *Client) SetRole(ctx context.Context, name string, role account.Role) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", accountURL(name, "/role"), api.RoleRequest{Role: role}, &o)
}

// RemoveAccount removes an account. Its history stays.
func (c *Client) RemoveAccount(ctx context.Context, name string) (o api.Outcome, err error) {
	return o, c.call(ctx, "DELETE", accountURL(name, ""), nil, &o)
}

// ResetFactors takes all second factors from an account, so that new ones are set up at the next login.
func (c *Client) ResetFactors(ctx context.Context, name, reason string) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", accountURL(name, "/reset-factors"), api.RenewalRequest{Reason: reason}, &o)
}

// SetAccountNetworks says from where an account may be used.
func (c *Client) SetAccountNetworks(ctx context.Context, name string, n api.Networks) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", accountURL(name, "/networks"), n, &o)
}

// ShareNetworks tells from where a share may be used.
func (c *Client) ShareNetworks(ctx context.Context, share string) (n api.Networks, err error) {
	return n, c.call(ctx, "GET", "/v1/shares/"+url.PathEscape(share)+"/networks", nil, &n)
}

// SetShareNetworks says from where a share may be used.
func (c *Client) SetShareNetworks(ctx context.Context, share string, n api.Networks) error {
	return c.call(ctx, "PUT", "/v1/shares/"+url.PathEscape(share)+"/networks", n, nil)
}

// ShareRights yields who may do what in a share.
func (c *Client) ShareRights(ctx context.Context, share string) iter.Seq2[api.Right, error] {
	return lines[api.Right](ctx, c, "GET", "/v1/shares/"+url.PathEscape(share)+"/rights", nil)
}

// Groups yields the groups.
func (c *Client) Groups(ctx context.Context) iter.Seq2[api.Group, error] {
	return lines[api.Group](ctx, c, "GET", "/v1/groups", nil)
}

// SetGroup makes a group, or gives it other members.
func (c *Client) SetGroup(ctx context.Context, name string, members []string) error {
	return c.call(ctx, "PUT", "/v1/groups/"+url.PathEscape(name), api.Group{Name: name, Members: members}, nil)
}

// RemoveGroup removes a group and the rights it gave.
func (c *Client) RemoveGroup(ctx context.Context, name string) error {
	return c.call(ctx, "DELETE", "/v1/groups/"+url.PathEscape(name), nil, nil)
}

// Proposals yields the acts that wait for a second person.
func (c *Client) Proposals(ctx context.Context) iter.Seq2[api.Proposal, error] {
	return lines[api.Proposal](ctx, c, "GET", "/v1/proposals", nil)
}

// Confirm says yes to somebody else's proposal, which is carried out.
func (c *Client) Confirm(ctx context.Context, id string) error {
	return c.call(ctx, "POST", "/v1/proposals/"+url.PathEscape(id)+"/confirm", nil, nil)
}

// Withdraw takes a proposal back, or says no to it.
func (c *Client) Withdraw(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/proposals/"+url.PathEscape(id), nil, nil)
}

// Renew has everybody set a new password.
func (c *Client) Renew(ctx context.Context, reason string) (r api.Renewal, err error) {
	return r, c.call(ctx, "POST", "/v1/renewal", api.RenewalRequest{Reason: reason}, &r)
}

// Renewal tells how far the last renewal is.
func (c *Client) Renewal(ctx context.Context) (r api.Renewal, err error) {
	return r, c.call(ctx, "GET", "/v1/renewal", nil, &r)
}

// Policy tells what holds for everybody.
func (c *Client) Policy(ctx context.Context) (p api.Policy, err error) {
	return p, c.call(ctx, "GET", "/v1/policy", nil, &p)
}

// SetPolicy changes what holds for everybody. To do without second factors takes two people.
func (c *Client) SetPolicy(ctx context.Context, p api.Policy) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", "/v1/policy", p, &o)
}

// Witnesses tells who watches the ledger.
func (c *Client) Witnesses(ctx context.Context) (w api.Witnesses, err error) {
	return w, c.call(ctx, "GET", "/v1/witnesses", nil, &w)
}

// SetWitnesses changes it. To wait for less, or for others, takes two people.
func (c *Client) SetWitnesses(ctx context.Context, w account.Witnessing) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", "/v1/witnesses", w, &o)
}
