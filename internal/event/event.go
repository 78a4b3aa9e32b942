// Package event holds every kind of thing that the ledger records, and its bytes.
package event

import (
	"net/netip"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
)

// Kind says what happened. The text is part of the format and of the JSON output.
type Kind string

// The kinds of events.
const (
	Heartbeat      Kind = "heartbeat"       // once a minute: silence is evidence; Size: so many milliseconds after the one before, by no clock that can be set
	Started        Kind = "started"         // the keeper came up; Note tells the program's version
	Stopped        Kind = "stopped"         // the keeper went down in good order
	Login          Kind = "login"           // a session began
	LoginFailed    Kind = "login-failed"    // Note tells why
	Logout         Kind = "logout"          // a session ended; Note tells why
	Unlocked       Kind = "unlocked"        // a share's metadata key went to the storehouse: names can be seen there from now on
	Released       Kind = "released"        // keys of versions were handed out, for Purpose, until Until
	Refused        Kind = "refused"         // a release was asked for and refused; Note tells why
	Saved          Kind = "saved"           // versions were saved (asynchronous: the commit record is the evidence)
	Changed        Kind = "changed"         // directories made, names moved or removed (asynchronous); Note tells what
	PackSealed     Kind = "pack-sealed"     // Pack, Size and Digest of a sealed pack
	Verified       Kind = "verified"        // every byte of Share's packs (Size) was read again; Note: NoFindings, or how many there were
	RegisterSet    Kind = "register-set"    // Share's line in the register of personal data is what Note says
	FirmSet        Kind = "firm-set"        // what reports say of the firm is what Note says
	ShareMade      Kind = "share-made"      // Note: the share's name
	ShareErased    Kind = "share-erased"    // Share's keys are destroyed; Target: its name; Note: the certificate, the generation of the key ring, and the cards that have them still
	RightsChanged  Kind = "rights-changed"  // Target got, changed or lost rights on Share; Note tells which
	AccountMade    Kind = "account-made"    // Target; Note: role
	AccountChanged Kind = "account-changed" // Target; Note: what
	DeviceMade     Kind = "device-made"     // a device password was made for Target; Note: the device's name
	DeviceRemoved  Kind = "device-removed"  // Target; Note: the device's name

	AccountRemoved Kind = "account-removed" // Target; what it did stays in the ledger and in histories
	GroupChanged   Kind = "group-changed"   // Target: the group; Note: what
	Invited        Kind = "invited"         // Target may come in with a link, once, until Until
	FactorMade     Kind = "factor-made"     // Target has one more second factor; Note: its kind and name
	FactorRemoved  Kind = "factor-removed"  // Target; Note: its kind and name
	Proved         Kind = "proved"          // the session's person proved the second factor anew; Note: which
	DayOpened      Kind = "day-opened"      // the file doors are open for Target's devices until Until
	DayClosed      Kind = "day-closed"      // they are closed; Note tells why
	TokenMade      Kind = "token-made"      // for a program of Target; Note: name and scopes
	TokenRemoved   Kind = "token-removed"   // Target; Note: name
	Proposed       Kind = "proposed"        // an act was asked for that takes two people; Target; Note: act and reason
	Confirmed      Kind = "confirmed"       // the second person said yes, and it was done; Target; Note: act, and who had asked
	Withdrawn      Kind = "withdrawn"       // it was taken back, or refused; Target; Note: act, and who had asked
	RenewalBegun   Kind = "renewal-begun"   // everybody sets a new password; all sessions, devices and tokens ended; Size: of how many; Note: reason
	PolicyChanged  Kind = "policy-changed"  // Note: what

	Frozen  Kind = "frozen"  // writing and reading stopped for Target; Note: the kind, its id, and why. Without an Actor it was the guard
	Thawed  Kind = "thawed"  // Target may go on; Note: the kind and its id
	Settled Kind = "settled" // what was held was accepted or discarded; Note: which

	AlertLost Kind = "alert-lost" // nobody could be told of what was done for Target; Note: over which way, what, since when, and the alert's id

	CaseOpened  Kind = "case-opened"  // Target: its number; Note: why. Without an Actor it was the guard
	CaseChanged Kind = "case-changed" // Target; Note: who is distrusted, in which time, or is not any more
	CaseClosed  Kind = "case-closed"  // Target; Note: what was found
	CaseWritten Kind = "case-written" // Target; Note: what was written at its desk: who knew, a fact, a note, a task, an attachment, a decision, a hold
	CaseRead    Kind = "case-read"    // an attachment of Target went out; Note: its name
	Noticed     Kind = "noticed"      // something about a reading of Target is odd, or its budget is spent; Note tells which
	JobBegun    Kind = "job-begun"    // Target may read so many files (Size) in a share until Until, beside the budget; Note: the job, and why
	JobEnded    Kind = "job-ended"    // before its time; Target; Note: the job
	TrapSet     Kind = "trap-set"     // Target: the file, folder or person in Share that nobody has a reason to touch
	TrapRemoved Kind = "trap-removed" // Target

	LookupOpened   Kind = "lookup-opened"   // everybody who has its address may ask the page of the case Target, whose scope has Size persons; Note: whom it says to ask
	LookupClosed   Kind = "lookup-closed"   // Target; Note tells why, if nobody did it
	InquiryNoted   Kind = "inquiry-noted"   // a question from outside about the case Target was written down; Size: its number; Note: how far it is
	InquiriesRead  Kind = "inquiries-read"  // the inquiries about the case Target were shown, with who has asked and how they are reached; Size: how many there are
	ReceiptGiven   Kind = "receipt-given"   // a link to a receipt of Share was made, until Until; Note: the month
	ReceiptRevoked Kind = "receipt-revoked" // Note: the month
	ReceiptOpened  Kind = "receipt-opened"  // somebody with the link has opened it; Note: the month

	MediumMade      Kind = "medium-made"      // Target is a medium of the vault; Note: its set, where it is kept, its id
	MediumSynced    Kind = "medium-synced"    // a state of the vault is complete on Target; Note: its number; Size and Digest: the ledger in it
	MediumRead      Kind = "medium-read"      // what copies have brought to Target was read back from it; Note: whether all was whole; Size: objects that were not
	MediumChecked   Kind = "medium-checked"   // every byte of Target was read; Note: whether all was whole; Size: findings
	MediumConnected Kind = "medium-connected" // Target was found connected
	MediumGone      Kind = "medium-gone"      // Target is not connected any more; Note: whether somebody let it go
	MediumRetired   Kind = "medium-retired"   // Target counts as no copy any more; Note: why

	DrillBegun Kind = "drill-begun" // files of Target, a medium, are to be opened and compared; Note: with which keys, of which state, which files
	DrillEnded Kind = "drill-ended" // Target; Note: how it went; Size: how many files were not as they were saved

	PapersMade    Kind = "papers-made"    // with pieces of the secret that seals the keeper's root; Target: the set; Note: how many are needed of how many
	PapersRenewed Kind = "papers-renewed" // another root with other papers; likewise
	PapersTested  Kind = "papers-tested"  // Target: the set; Note: which papers, and what of each
	CardWritten   Kind = "card-written"   // the sealed key ring went out for a key card; Target: the card; Note: the generation
	CardChecked   Kind = "card-checked"   // a card was read; Target; Note: what was on it
	CardForgotten Kind = "card-forgotten" // it is lost or destroyed; Target; Note: which, and why

	LogsKept       Kind = "logs-kept"       // lines of appliances were stored; Pack: the number of their batch; Size: how many; Digest: the root of the tree over them
	LogsCounted    Kind = "logs-counted"    // Target, an appliance, has sent lines that were not stored; Note: how many of what
	LogsRemoved    Kind = "logs-removed"    // the time of the batches before Pack is over, and their files go
	LogsRead       Kind = "logs-read"       // somebody has searched the lines; Note: for what
	LogsChecked    Kind = "logs-checked"    // they were compared with the ledger; Size: findings; Note: NoFindings, or how many there were
	ApplianceEvent Kind = "appliance-event" // Target, an appliance, has reported it; Note: what, who, when by its own clock; Address: where they were; Size: how many, if not one
	ApplianceAlert Kind = "appliance-alert" // people are told of something at Target; Note: what, who; Address

	VaultRestored  Kind = "vault-restored"  // the vault was made again of a copy: what the ledger has told behind it is not in it; Target: the medium; Size and Digest: the ledger in it; Note: state, card, papers, what was missing
	IsolationEnded Kind = "isolation-ended" // the house may speak with the world again

	RetentionSet    Kind = "retention-set"    // how long Share (Target: its name) keeps what nobody has any more; Note: the rule
	VersionsRemoved Kind = "versions-removed" // by the rule of Share: a removal begins, of a list (Digest) of so many versions (Size); Target: its name; Note: who asked, who confirmed
	RemovalEnded    Kind = "removal-ended"    // Target; Size: the versions that are removed; Digest as before; Note: its number, contents, packs and bytes that are gone
	PackRewritten   Kind = "pack-rewritten"   // without what nobody has any more: Pack, Size and Digest of what takes the place of the sealed pack

	ReadingKeyGiven   Kind = "reading-key-given"  // the keys for reading the ledger were given away: whoever has them reads it up to here
	ProtectionChanged Kind = "protection-changed" // what opens the keeper's root is another secret; Note tells which kind
	RollbackAccepted  Kind = "rollback-accepted"  // the keeper was opened in spite of a ledger that is not the one last seen; Note tells both
)

// NoFindings is the Note of a verification that found nothing wrong.
const NoFindings = "0 findings"

// Event is an entry of the ledger before sealing. Fields that a kind does not use are zero. Marshal
// and Parse are its bytes, MarshalJSON what people and their programs see.
type Event struct {
	Kind    Kind
	When    time.Time // keeper clock, UTC, milliseconds
	Session id.Session
	Account id.Account
	Actor   string // the account's name at that time
	Device  id.Device
	Address netip.Addr
	Door    string
	Share   id.Share
	Purpose account.Purpose
	Until   time.Time // Released: the end of the leases
	Files   []File
	Target  string // an account acted on
	Pack    uint64
	Size    int64
	Digest  [32]byte
	Note    string
	Extra   []Extra // fields of later versions of the program, kept as they are
}

// Extra is a field that this version of the program does not know and may pass over.
type Extra struct {
	Tag   uint8
	Value []byte
}

// File is a version and the path it was asked for under, sealed with its share's metadata key
// because the keeper sees no catalogue.
type File struct {
	Version id.Version
	Path    []byte
}
