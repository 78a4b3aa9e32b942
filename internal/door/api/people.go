package api

import (
	"encoding/json"

	"github.com/azekura/azekura/internal/account"
)

// What package account says of people is what crosses the wire.
type (
	// Want is what a login wants next.
	Want = account.Want
	// Step says where a login stands.
	Step = account.Step
	// FactorKind is a kind of second factor.
	FactorKind = account.AuthenticatorKind
	// Enrolment is a second factor that is being set up.
	Enrolment = account.Enrolment
	// NewFactor ends the setting up.
	NewFactor = account.NewFactor
	// Factor is a second factor that somebody has.
	Factor = account.Authenticator
	// Day says whether somebody's file doors are open.
	Day = account.Day
	// Invitation lets somebody who has no password yet come in, once.
	Invitation = account.Invitation
	// Group is a set of accounts that rights can be given to.
	Group = account.Group
	// Proposal is an act that one person has asked for and another must confirm.
	Proposal = account.Proposal
	// RuleChange is what it would change of a rule.
	RuleChange = account.RuleChange
	// Outcome answers to an act that may need a second person.
	Outcome = account.Outcome
	// Renewal says how far the renewal of everybody's passwords is.
	Renewal = account.Renewal
	// Policy is what holds for everybody.
	Policy = account.Policy
	// Scope is a part of what a token lets its holder do.
	Scope = account.Scope
	// Token lets a program use the API in its owner's name.
	Token = account.Token
	// NewToken asks for a token.
	NewToken = account.NewToken
	// Account is a person or a service that may log in.
	Account = account.Account
	// Device is a machine with a device password or an SSH key.
	Device = account.Device
	// Rights says what an account may do in a share.
	Rights = account.Rights
	// Right is what an account or a group may do in a share.
	Right = account.Right
	// NewAccount asks for an account.
	NewAccount = account.NewAccount
)

// What logins want, the kinds of second factors, the rights and the scopes, as package account has them.
const (
	WantCode     = account.WantCode
	WantPasskey  = account.WantPasskey
	WantRecovery = account.WantRecovery
	WantPassword = account.WantPassword
	WantFactor   = account.WantFactor

	App      = account.App
	Passkey  = account.Passkey
	Recovery = account.Recovery

	NoRights = account.NoRights
	CanRead  = account.CanRead
	CanWrite = account.CanWrite

	FilesRead  = account.FilesRead
	FilesWrite = account.FilesWrite
	LedgerRead = account.LedgerRead
	AdminRead  = account.AdminRead
)

// LoginRequest begins a login with a password.
type LoginRequest struct {
	Account  string `json:"account"`
	Password string `json:"password"`
}

// CodeRequest goes on with a login by a code: of the authenticator app, or a recovery code.
type CodeRequest struct {
	Ticket string `json:"ticket"`
	Code   string `json:"code"`
}

// PasskeyRequest goes on with a login, or is all of it, by a passkey. Credential is what
// navigator.credentials.get returned, as its toJSON writes it.
type PasskeyRequest struct {
	Ticket     string          `json:"ticket"`
	Credential json.RawMessage `json:"credential"`
}

// PasswordRequest goes on with a login, or changes the password of a session, by a new password.
type PasswordRequest struct {
	Ticket   string `json:"ticket,omitempty"`
	Password string `json:"password"`
}

// FactorRequest begins to set up a second factor: with the ticket of a login; in a session without one, or with the one of a beginning
// that did not succeed, to go on with the same secret.
type FactorRequest struct {
	Ticket string     `json:"ticket,omitempty"`
	Kind   FactorKind `json:"kind"`
}

// Recoveries are new recovery codes, shown this once.
type Recoveries struct {
	Recovery []string `json:"recovery,omitempty"`
}

// Me is the caller: what the start page and the head of every page show.
type Me struct {
	Account  string          `json:"account"`
	Role     account.Role    `json:"role"`
	Powers   []account.Power `json:"powers,omitempty"`
	Firm     string          `json:"firm,omitempty"`
	Session  Session         `json:"session"`
	Day      Day             `json:"day"`
	Devices  []Device        `json:"devices,omitempty"`
	Factors  []Factor        `json:"factors,omitempty"`
	Tokens   []Token         `json:"tokens,omitempty"`
	Frozen   bool            `json:"frozen,omitempty"`    // the caller can neither write nor read: see the stops
	Tied     bool            `json:"tied,omitempty"`      // to an identity at the firm's provider
	Waiting  int             `json:"waiting,omitempty"`   // acts that wait for a second person's yes, and the caller may give it
	NewProof bool            `json:"new_proof,omitempty"` // changing factors, devices and tokens wants a fresh proof of the second factor
}

// DayRequest opens somebody's day.
type DayRequest struct {
	Length string `json:"length,omitempty"` // "8h"; empty or too long: as long as the policy lets it
}

// InvitationRequest shows an invitation, or accepts it with a password.
type InvitationRequest struct {
	Token    string `json:"token"`
	Password string `json:"password,omitempty"`
}

// RoleRequest gives an account another role.
type RoleRequest struct {
	Role account.Role `json:"role"`
}

// Networks are the addresses that an account or a share may be used from: prefixes ("192.168.1.0/24") or names of
// lists in the policy. None, [], is from everywhere.
type Networks struct {
	Networks []string `json:"networks"`
}

// RenewalRequest ends every session and device password; everybody sets a new password at the next login.
type RenewalRequest struct {
	Reason string `json:"reason"`
}

// StrengthRequest asks how strong a password would be: of the person with a ticket, an invitation or a session.
type StrengthRequest struct {
	Password string `json:"password"`
	Ticket   string `json:"ticket,omitempty"`
	Token    string `json:"token,omitempty"`
}

// Strength says how strong a password is, in the reader's language.
type Strength struct {
	OK     bool     `json:"ok"`
	Score  int      `json:"score"` // 0 to 4
	Why    string   `json:"why,omitempty"`
	Advice []string `json:"advice,omitempty"`
}

// House is what everybody may know before logging in.
type House struct {
	Firm     string `json:"firm,omitempty"`
	Provider bool   `json:"provider,omitempty"` // there is an identity provider
	OIDC     string `json:"oidc,omitempty"`     // what it is called on its button, if it has a name
	WebDAV   string `json:"webdav"`             // where drives connect
	SFTP     string `json:"sftp,omitempty"`     // host:port
	Secure   bool   `json:"secure"`             // over HTTPS, or from this machine
	Fresh    bool   `json:"fresh,omitempty"`    // nobody has come in yet: the first link is in the terminal
	Restored bool   `json:"restored,omitempty"` // it works apart from the world: that terminal was the lost machine's
}
