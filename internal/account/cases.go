package account

import "time"

// Case is one incident: who is distrusted, and in which time. What they have done to files is a question to the vault, asked with it.
type Case struct {
	ID       string    `json:"id"` // year and number, so that it can be said on the telephone: "2026-1"
	Opened   time.Time `json:"opened"`
	By       string    `json:"by"` // a person; "" for the guard
	Reason   string    `json:"reason,omitempty"`
	Suspects []Suspect `json:"suspects"`
	Closed   time.Time `json:"closed,omitzero"`
	ClosedBy string    `json:"closed_by,omitempty"`
	Note     string    `json:"note,omitempty"` // what was found, when it was closed
}

// Suspect is a session, device or account that is distrusted for a time.
type Suspect struct {
	Kind    StopKind  `json:"kind"`
	Subject string    `json:"subject"`         // its id
	Name    string    `json:"name,omitempty"`  // of an account or device
	Owner   string    `json:"owner,omitempty"` // of a session or device: the account's name
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"`    // until it was thawed; zero: until now
	Stop    string    `json:"stop,omitempty"` // the freeze that keeps it from going on
}
