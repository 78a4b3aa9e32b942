// Package account says who acts: roles, devices, sessions, and for which purpose a file is opened.
// It holds no secrets and does no I/O; accounts are kept by the keeper.
package account

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Role says what an account may do besides working with the shares it was given.
type Role string

// The roles.
const (
	Staff          Role = "staff"           // reads and writes in the shares given to it
	ShareManager   Role = "share-manager"   // makes shares too, and gives rights in those it may write to
	PrivacyOfficer Role = "privacy-officer" // reads the ledger too, ends sessions, and is the second person
	Auditor        Role = "auditor"         // reads the ledger, and no file
	Administrator  Role = "administrator"   // manages accounts, shares, rights and settings
)

// Factor says how a session proved who acts.
type Factor string

// The factors.
const (
	Console        Factor = "console"         // a local command that could read the keeper's own files, or came over the private socket
	Password       Factor = "password"        // a memorised password alone
	DevicePassword Factor = "device-password" // a password made by the keeper for one device, while its owner's day is open
	DeviceKey      Factor = "device-key"      // an SSH key of one device, while its owner's day is open
	SecondFactor   Factor = "second-factor"   // password and second factor, or a passkey with user verification
	ByToken        Factor = "token"           // a program's token, as far as its scopes go
)

// Session is a person (or a command) at work, from login to its end. It is a value: the truth about
// whether it is still live is with the keeper.
type Session struct {
	ID         id.Session
	Account    id.Account
	Name       string // of the account
	Role       Role
	Factor     Factor
	Device     id.Device // zero when no registered device took part
	DeviceName string
	Address    netip.Addr // invalid for the console
	Door       string     // "webdav", "sftp", "web", "console"
	Started    time.Time
	Expires    time.Time
}

// Purpose says why a file is opened. It is in every release of the ledger.
type Purpose string

// The purposes.
const (
	Open       Purpose = "open"
	Preview    Purpose = "preview"
	Export     Purpose = "export"
	Verify     Purpose = "verify"
	Restore    Purpose = "restore"
	Copy       Purpose = "copy"   // into another share: content must be sealed anew
	Roster     Purpose = "roster" // who the persons are whom a share's files show; of the roster alone, never of a file
	Rehearse   Purpose = "drill"  // to compare what a medium gives back with what was saved; nobody gets to see it
	BreakGlass Purpose = "break-glass"
)

// Valid reports whether p is one of the purposes.
func (p Purpose) Valid() error {
	switch p {
	case Open, Preview, Export, Verify, Restore, Copy, Roster, Rehearse, BreakGlass:
		return nil
	}
	return fmt.Errorf("unknown purpose %q", string(p))
}

// Credentials are what somebody shows at a door.
type Credentials struct {
	Name     string
	Secret   string // password or device password; for DeviceKey the public key, "ssh-… base64", whose possession the door has verified; never logged
	Code     string // of an authenticator app, or a recovery code, beside a Password; never logged
	Factor   Factor // which of them; Console needs no secret but a caller that the program itself vouches for
	Address  netip.Addr
	Door     string
	Software string // the client's own name for itself, as far as it says
}

// String tells neither the secret nor the name: people type the one where the other belongs.
func (c Credentials) String() string {
	return fmt.Sprintf("%s from %v over %s with %q", c.Factor, c.Address, c.Door, c.Software)
}

// GoString is String, for %#v.
func (c Credentials) GoString() string { return c.String() }

// LogValue keeps the secret out of logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Share is a share as one session sees it.
type Share struct {
	ID    id.Share `json:"id"`
	Name  string   `json:"name"`
	Write bool     `json:"write"`
}
