package account

import "slices"

// Power is something that an account may do besides working with the files of the shares it was given.
type Power string

// The powers.
const (
	ManageAccounts Power = "manage-accounts" // invite, disable, remove; roles, groups, devices of others
	ManageShares   Power = "manage-shares"   // make shares
	GrantAll       Power = "grant-all"       // give rights in every share
	GrantOwn       Power = "grant-own"       // give rights in the shares that one may write to
	ReadLedger     Power = "read-ledger"     // see everybody's entries; everyone sees their own
	SeePeople      Power = "see-people"      // see accounts, groups, who is at work
	EndSessions    Power = "end-sessions"    // end the sessions of others, close their day
	Renew          Power = "renew"           // have everybody set a new password
	Confirm        Power = "confirm"         // say yes, as the second person, to what somebody else asked for
	Settle         Power = "settle"          // change the policy
	Freeze         Power = "freeze"          // stop sessions, accounts, devices, addresses, shares or everything; everyone may stop themselves
	Decide         Power = "decide"          // accept or discard what the guard holds back, in shares that one may read; roll back
	Investigate    Power = "investigate"     // see the names, the damage and the rosters of all shares, for cases; keep the register of personal data
	Care           Power = "care"            // verify, rebuild, see the state of the machine
)

// powers is what each role may do: the table of docs/roles.md, which a test compares with it. No role may read a file
// that was not given to it, in a share, by somebody with the power to grant; what a role adds is never content.
var powers = map[Role][]Power{
	Staff:          {},
	ShareManager:   {ManageShares, GrantOwn, Decide},
	PrivacyOfficer: {ReadLedger, SeePeople, EndSessions, Renew, Confirm, Freeze, Decide, Investigate},
	Auditor:        {ReadLedger, SeePeople},
	Administrator:  {ManageAccounts, ManageShares, GrantAll, ReadLedger, SeePeople, EndSessions, Renew, Confirm, Settle, Freeze, Decide, Investigate, Care},
}

// Roles are all roles, the plainest first.
var Roles = []Role{Staff, ShareManager, PrivacyOfficer, Auditor, Administrator}

// Powers returns what a role may do, in the order of the constants.
func (r Role) Powers() []Power { return slices.Clone(powers[r]) }

// May reports whether a role has a power.
func (r Role) May(p Power) bool { return slices.Contains(powers[r], p) }

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// MayHold reports whether an account of this role can be given rights in shares: an auditor looks at the books, not
// at the files.
func (r Role) MayHold() bool { return r != Auditor }
