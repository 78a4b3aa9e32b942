package account

import "time"

// Holdings are what a share has, as far as its books can be opened.
type Holdings struct {
	Files    int64     `json:"files"`
	Versions int64     `json:"versions"`
	Bytes    int64     `json:"bytes"`            // of the files that are shown
	Counted  time.Time `json:"counted,omitzero"` // zero: its books do not open, and nobody knows
}

// NewErasure asks for the end of a share.
type NewErasure struct {
	Reason string `json:"reason"`
	Frozen bool   `json:"despite_freeze,omitempty"` // although something is frozen that may concern it
}

// CopyOf is a medium with the packs of a share.
type CopyOf struct {
	Label string `json:"label"`
	Set   string `json:"set,omitempty"`
	Place string `json:"place,omitempty"`
}

// CardOf is a key card, as far as the keys of one share go.
type CardOf struct {
	Number  int       `json:"number"`
	Name    string    `json:"name"`
	State   string    `json:"state"` // as of KeyCard
	Written time.Time `json:"written,omitzero"`
}

// Ending is the end of a share: what it would take, or what it took.
type Ending struct {
	Share     string    `json:"share"`
	Register  Register  `json:"register"`
	Holdings  Holdings  `json:"holdings"`
	Media     []CopyOf  `json:"media,omitempty"`
	Cards     []CardOf  `json:"cards,omitempty"`     // that have its keys
	Rewritten []CardOf  `json:"rewritten,omitempty"` // that were made before its end, and do not have them any more, or were destroyed
	HeldBy    []string  `json:"held_by,omitempty"`   // cases: while there is one, it cannot be erased
	Frozen    bool      `json:"frozen,omitempty"`    // something is frozen that may concern it
	Waits     bool      `json:"waits,omitempty"`     // somebody has asked for its end, and another must confirm
	Decided   time.Time `json:"decided,omitzero"`    // by the second person; from then on nobody opens it
	Erased    time.Time `json:"erased,omitzero"`     // its keys are destroyed; zero: they are not
	Number    int       `json:"certificate,omitempty"`
}

// ErasureRecords are what a certificate of erasure is made of.
type ErasureRecords struct {
	Ending
	Firm       string
	Made       time.Time
	AskedBy    string // roles: "console" for the console
	Confirmed  string // "": nobody else could confirm
	Generation uint64
	Entry      ShareRecord
	Origin     string
	PublicKey  string
	Checkpoint []byte
	Entries    int64
}
