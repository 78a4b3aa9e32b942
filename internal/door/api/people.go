package api

import (
	"encoding/json"
	"time"

	"github.com/azekura/azekura/internal/account"
)

// The types of this file are about people: how they log in, what they prove themselves with, and what two of them
// must do together.

// Want is what a login wants next.
type Want string

// What a login can want. Where several are named, one of them is enough.
const (
	WantCode     Want = "code"          // of the authenticator app
	WantPasskey  Want = "passkey"       // see Step.Passkey
	WantRecovery Want = "recovery"      // one of the recovery codes
	WantPassword Want = "password"      // a new password must be chosen
	WantFactor   Want = "second-factor" // a second factor must be set up
)

// LoginRequest begins a login with a password.
type LoginRequest struct {
	Account  string `json:"account"`
	Password string `json:"password"`
}

// Step says where a login stands. Without Wants it is done, and the answer has set the session's cookie.
type Step struct {
	Ticket   string          `json:"ticket,omitempty"` // names this login in the next request; good for ten minutes
	Account  string          `json:"account,omitempty"`
	Wants    []Want          `json:"wants,omitempty"`
	Passkey  json.RawMessage `json:"passkey,omitempty"`  // what navigator.credentials.get is given, with WantPasskey
	Recovery []string        `json:"recovery,omitempty"` // new recovery codes, shown this once
	Until    time.Time       `json:"until,omitzero"`     // the end of the session
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

// FactorKind is a kind of second factor.
type FactorKind string

// The kinds of second factors.
const (
	App      FactorKind = "app"     // an authenticator app: codes of RFC 6238
	Passkey  FactorKind = "passkey" // WebAuthn
	Recovery FactorKind = "recovery"
)

// FactorRequest begins to set up a second factor: with the ticket of a login, or in a session without one.
type FactorRequest struct {
	Ticket string     `json:"ticket,omitempty"`
	Kind   FactorKind `json:"kind"`
}

// Enrolment is a second factor that is being set up.
type Enrolment struct {
	Ticket  string          `json:"ticket"`
	Secret  string          `json:"secret,omitempty"`  // App: what is typed where no picture can be taken, in Base32
	URI     string          `json:"uri,omitempty"`     // App: otpauth://…
	QR      string          `json:"qr,omitempty"`      // App: URI as a picture: a data: URL of a PNG
	Passkey json.RawMessage `json:"passkey,omitempty"` // Passkey: what navigator.credentials.create is given
}

// NewFactor ends the setting up: by the app's first code, or by what navigator.credentials.create returned.
type NewFactor struct {
	Ticket     string          `json:"ticket"`
	Name       string          `json:"name,omitempty"`
	Code       string          `json:"code,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`
}

// Factor is a second factor that somebody has.
type Factor struct {
	ID      string     `json:"id"`
	Kind    FactorKind `json:"kind"`
	Name    string     `json:"name,omitempty"`
	Created time.Time  `json:"created,omitzero"`
	Used    time.Time  `json:"used,omitzero"`
	Left    int        `json:"left,omitempty"` // Recovery: codes that are not used yet
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
	Waiting  int             `json:"waiting,omitempty"`   // acts that wait for a second person's yes, and the caller may give it
	NewProof bool            `json:"new_proof,omitempty"` // changing factors, devices and tokens wants a fresh proof of the second factor
}

// Day says whether somebody's file doors are open.
type Day struct {
	Open   bool      `json:"open"`
	Opened time.Time `json:"opened,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Length string    `json:"length,omitempty"` // how long a day can be: "12h0m0s"
}

// DayRequest opens somebody's day.
type DayRequest struct {
	Length string `json:"length,omitempty"` // "8h"; empty or too long: as long as the policy lets it
}

// Invitation lets somebody who has no password yet come in, once.
type Invitation struct {
	Account string       `json:"account"`
	Role    account.Role `json:"role,omitempty"`
	Firm    string       `json:"firm,omitempty"`
	By      string       `json:"by,omitempty"`
	Token   string       `json:"token,omitempty"` // only when it was just made: the link is HOUSE/welcome#TOKEN
	Until   time.Time    `json:"until,omitzero"`
}

// InvitationRequest shows an invitation, or accepts it with a password.
type InvitationRequest struct {
	Token    string `json:"token"`
	Password string `json:"password,omitempty"`
}

// Group is a set of accounts that rights can be given to.
type Group struct {
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
	Rights  []Right  `json:"rights,omitempty"`
}

// RoleRequest gives an account another role.
type RoleRequest struct {
	Role account.Role `json:"role"`
}

// Networks are the addresses that an account or a share may be used from: prefixes ("192.168.1.0/24") or names of
// lists in the policy. None: from everywhere.
type Networks struct {
	Networks []string `json:"networks,omitempty"`
}

// Proposal is an act that one person has asked for and another must confirm.
type Proposal struct {
	ID     string    `json:"id"`
	Act    string    `json:"act"` // "remove-administrator", "reset-factors", "weaken-policy"
	Target string    `json:"target,omitempty"`
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	Asked  time.Time `json:"asked"`
	Until  time.Time `json:"until"`
	Mine   bool      `json:"mine,omitempty"` // the caller asked for it, and so cannot confirm it
}

// Outcome answers to an act that may need a second person: it is done, or Proposal waits.
type Outcome struct {
	Proposal *Proposal `json:"proposal,omitempty"`
}

// RenewalRequest ends every session and device password; everybody sets a new password at the next login.
type RenewalRequest struct {
	Reason string `json:"reason"`
}

// Renewal says how far the renewal of everybody's passwords is.
type Renewal struct {
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by,omitempty"`
	Started time.Time `json:"started,omitzero"` // zero: there never was one
	Done    int       `json:"done"`
	Of      int       `json:"of"`
	Waiting []string  `json:"waiting,omitempty"` // whose passwords are still to be renewed
}

// Policy is what holds for everybody.
type Policy struct {
	Firm         string              `json:"firm,omitempty"`
	SecondFactor bool                `json:"second_factor"`     // nobody logs in without; on unless two people have decided otherwise
	DayLength    string              `json:"day_length"`        // "12h0m0s"
	Closing      string              `json:"closing,omitempty"` // "19:00": open days end then
	Zone         string              `json:"zone,omitempty"`    // of Closing: "Asia/Tokyo"
	Networks     map[string][]string `json:"networks,omitempty"`
}

// Scope is a part of what a token lets its holder do. What its owner may not do it never lets.
type Scope string

// The scopes.
const (
	FilesRead  Scope = "files:read"
	FilesWrite Scope = "files:write"
	LedgerRead Scope = "ledger:read"
	AdminRead  Scope = "admin:read" // accounts, groups, shares, sessions, policy, status
)

// Token lets a program use the API in its owner's name, as far as its scopes go.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Scopes  []Scope   `json:"scopes"`
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
	Secret  string    `json:"secret,omitempty"` // only when it was just made
}

// NewToken asks for a token.
type NewToken struct {
	Name   string  `json:"name"`
	Scopes []Scope `json:"scopes"`
	Days   int     `json:"days"` // at most 366
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
	Firm   string `json:"firm,omitempty"`
	OIDC   string `json:"oidc,omitempty"`  // what the identity provider is called on its button; empty: there is none
	WebDAV string `json:"webdav"`          // where drives connect
	SFTP   string `json:"sftp,omitempty"`  // host:port
	Secure bool   `json:"secure"`          // over HTTPS, or from this machine
	Fresh  bool   `json:"fresh,omitempty"` // nobody has come in yet: the first link is in the terminal
}
