package account

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"
)

// The types of this file are about people: how they log in, what they prove themselves with, and what two of them
// must do together. Their JSON is what crosses the wire of the API, and what commands print: docs/json.md.

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

// Step says where a login stands. Without Wants it is done, and the answer has set the session's cookie.
type Step struct {
	Ticket   string          `json:"ticket,omitempty"` // names this login in the next request; good for ten minutes
	Account  string          `json:"account,omitempty"`
	Wants    []Want          `json:"wants,omitempty"`
	Passkey  json.RawMessage `json:"passkey,omitempty"`  // what navigator.credentials.get is given, with WantPasskey
	Redirect string          `json:"redirect,omitempty"` // where the browser goes, to the firm's identity provider
	Recovery []string        `json:"recovery,omitempty"` // new recovery codes, shown this once
	Until    time.Time       `json:"until,omitzero"`     // the end of the session
}

// AuthenticatorKind is a kind of second factor.
type AuthenticatorKind string

// The kinds of second factors.
const (
	App      AuthenticatorKind = "app"     // an authenticator app: codes of RFC 6238
	Passkey  AuthenticatorKind = "passkey" // WebAuthn
	Recovery AuthenticatorKind = "recovery"
)

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

// Authenticator is a second factor that somebody has.
type Authenticator struct {
	ID      string            `json:"id"`
	Kind    AuthenticatorKind `json:"kind"`
	Name    string            `json:"name,omitempty"`
	Created time.Time         `json:"created,omitzero"`
	Used    time.Time         `json:"used,omitzero"`
	Left    int               `json:"left,omitempty"` // Recovery: codes that are not used yet
}

// Day says whether somebody's file doors are open.
type Day struct {
	Open   bool      `json:"open"`
	Opened time.Time `json:"opened,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Length string    `json:"length,omitempty"` // how long a day can be: "12h0m0s"
}

// Invitation lets somebody who has no password yet come in, once.
type Invitation struct {
	Account string    `json:"account"`
	Role    Role      `json:"role,omitempty"`
	Firm    string    `json:"firm,omitempty"`
	By      string    `json:"by,omitempty"`
	Token   string    `json:"token,omitempty"` // only when it was just made: the link is HOUSE/welcome#TOKEN
	Until   time.Time `json:"until,omitzero"`
}

// Group is a set of accounts that rights can be given to.
type Group struct {
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
	Rights  []Right  `json:"rights,omitempty"`
}

// Proposal is an act that one person has asked for and another must confirm.
type Proposal struct {
	ID      string       `json:"id"`
	Act     string       `json:"act"` // "remove", "disable", "demote", "appoint", "reset-factors", "weaken-policy", "loosen-networks", "thaw", "read-more", "job", "remove-trap", "later-clock", "hold-less", "decide", "lookup", "renew-papers", "end-isolation", "erase-share", "remove-by-rule"
	Target  string       `json:"target,omitempty"`
	Changes []RuleChange `json:"changes,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	By      string       `json:"by"`
	Asked   time.Time    `json:"asked"`
	Until   time.Time    `json:"until"`
	Mine    bool         `json:"mine,omitempty"` // the caller asked for it, and so cannot confirm it
}

// RuleChange is what a proposal would change of a rule.
type RuleChange struct {
	What string `json:"what"`         // "firm", "second-factor", "day-length", "opening", "closing", "zone", "open-minute", "open-day", …, "any-place", "network-list", "networks", "role"
	On   string `json:"on,omitempty"` // of a list of networks its name
	From string `json:"from"`         // "": none
	To   string `json:"to"`
}

// Outcome answers to an act that may need a second person: it is done, or Proposal waits.
type Outcome struct {
	Proposal *Proposal `json:"proposal,omitempty"`
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
	Opening      string              `json:"opening,omitempty"` // "07:00": from Closing to Opening the house is closed
	Closing      string              `json:"closing,omitempty"` // "19:00": open days end then
	Zone         string              `json:"zone,omitempty"`    // of Opening and Closing: "Asia/Tokyo"
	Networks     map[string][]string `json:"networks,omitempty"`
	Reading      Budgets             `json:"reading,omitzero"`
	AnyPlace     bool                `json:"any_place,omitempty"` // to read from an address or a device for the first time is nothing special
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

// Account is a person or a service that may log in.
type Account struct {
	Name     string              `json:"name"`
	Role     Role                `json:"role"`
	Disabled bool                `json:"disabled,omitempty"`
	Invited  time.Time           `json:"invited,omitzero"` // nobody has come in yet; the invitation's end
	Renew    bool                `json:"renew,omitempty"`  // must set a new password at the next login
	Created  time.Time           `json:"created,omitzero"`
	Used     time.Time           `json:"used,omitzero"` // the last login, as far as the keeper remembers
	Day      time.Time           `json:"day,omitzero"`  // until when the file doors are open
	Factors  []AuthenticatorKind `json:"factors,omitempty"`
	Groups   []string            `json:"groups,omitempty"`
	Networks []string            `json:"networks,omitempty"`
	Devices  []Device            `json:"devices,omitempty"`
	Rights   []Right             `json:"rights,omitempty"`
	Frozen   []StopKind          `json:"frozen,omitempty"` // what of theirs is frozen: "account", "device", "session"; "all": everybody's
}

// Device is a machine for which a device password was made.
type Device struct {
	Name    string    `json:"name"`
	Key     string    `json:"key,omitempty"` // fingerprint of its SSH key; a device without one has a password
	Created time.Time `json:"created,omitzero"`
	Used    time.Time `json:"used,omitzero"` // the last login, as far as the keeper remembers
	Frozen  bool      `json:"frozen,omitempty"`
}

// Rights says what an account may do in a share. More is later in the order of the constants.
type Rights string

// The rights.
const (
	NoRights Rights = "none"
	CanRead  Rights = "read"
	CanWrite Rights = "write"
)

// Right is what an account or a group may do in a share.
type Right struct {
	Account string `json:"account,omitempty"`
	Group   string `json:"group,omitempty"`
	Share   string `json:"share"`
	Rights  Rights `json:"rights"`
}

// NewAccount asks for an account. Without a password it waits for an invitation to be accepted.
type NewAccount struct {
	Name     string   `json:"name"`
	Role     Role     `json:"role"`
	Password string   `json:"password,omitempty"`
	Groups   []string `json:"groups,omitempty"`
}

// Caller is where a request of a person comes from, as the storehouse sees it.
type Caller struct {
	Address  netip.Addr
	Door     string
	Software string // the browser's own name for itself
	Origin   string // of the site that the browser shows, such as "https://azekura.example:8443": passkeys belong to it
}

// Person is what somebody sees of themselves.
type Person struct {
	Account Account
	Day     Day
	Factors []Authenticator
	Tokens  []Token
	Firm    string
	Waiting int  // acts that the person could confirm
	Frozen  bool // they can neither write nor read
	Tied    bool // to an identity at the firm's provider
	Fresh   bool // the second factor was proven a short time ago
}

// Strength says how strong a password is. Why and Advice are keys of texts.
type Strength struct {
	OK     bool // it would be taken
	Score  int  // 0 to 4
	Why    string
	Advice []string
}

// DevicePrefix is what device passwords begin with, so that they are known for ones.
const DevicePrefix = "azk"

// LikeDevicePassword reports whether a secret looks like a device password.
func LikeDevicePassword(s string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(s)), DevicePrefix+"-")
}

// Stop is a part of the house that is frozen: nothing is written and no key is handed out for it.
type Stop struct {
	ID      string    `json:"id"`
	Kind    StopKind  `json:"kind"`
	Subject string    `json:"subject,omitempty"` // a session, account, device or share by its id, or an address
	Name    string    `json:"name,omitempty"`    // of an account, device or share
	Owner   string    `json:"owner,omitempty"`   // of a session or device: the account's name
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by"` // a person; "" for the guard
	Since   time.Time `json:"since"`
	First   time.Time `json:"first,omitzero"` // the first act that the guard counts against it
}

// StopKind says what is frozen.
type StopKind string

// The kinds.
const (
	StopSession StopKind = "session"
	StopAccount StopKind = "account"
	StopDevice  StopKind = "device"
	StopAddress StopKind = "address"
	StopShare   StopKind = "share"
	StopAll     StopKind = "all"
)
