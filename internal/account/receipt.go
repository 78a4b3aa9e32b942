package account

import "time"

// ShareRecords are what the ledger and the books tell of one share in a time, for those who have entrusted it: nothing of any other share, and
// no name.
type ShareRecords struct {
	Share      string
	School     string // the one school that they are about, of a share with several; empty: all of the share
	Shared     int    // files in the entries that could not be attributed to one school; each counts each time
	Firm       string
	Register   Register
	Made       time.Time
	Origin     string // of the ledger
	PublicKey  string
	Checkpoint []byte
	Entries    int64          // that the checkpoint covers
	Closed     int64          // of the time, that could not be read
	Silence    time.Duration  // the longest time without an entry
	Readers    map[string]int // who may read, by role
	Writers    map[string]int
	Freezes    []time.Time // of the share, or of everything
	Cases      []ShareCase
	Copies     int       // media with a state that has the share
	Removed    []Removed // by the rule of the share, in that time
	Holding    int       // media that may still have what was removed last

	Erasure     *ShareRecord // the entry that says that its keys are destroyed; nil: they are not
	Certificate int          // of that

	Records []ShareRecord
	Cut     bool // there are more: what a receipt can hold has an end
}

// ShareCase is a case whose suspects have read or saved in the share in that time.
type ShareCase struct {
	ID     string    `json:"id"`
	Opened time.Time `json:"opened"`
	Closed time.Time `json:"closed,omitzero"`
}

// ShareRecord is an entry of the ledger about the share, with its proof.
type ShareRecord struct {
	Index    int64
	Recorded time.Time
	Kind     string
	Role     string // of who did it, at that time; "console", or "" where the ledger does not tell
	Purpose  Purpose
	Files    int
	Sealed   []byte
	Proof    []byte
}

// ReceiptOf says of what a receipt is: a share, or one of the schools in it.
type ReceiptOf struct {
	Share  string
	School string                             // empty: all of the share
	Pick   func(path string) (mine, one bool) // of a school: whether a file at a path is its own, and if not, whether it is of another one
}

// ReceiptLink is a link by which a school gets a receipt, without logging in.
type ReceiptLink struct {
	ID     string    `json:"id"`
	Share  string    `json:"share"`
	School string    `json:"school,omitempty"` // of a share with several
	Month  string    `json:"month"`            // "2026-11"
	Token  string    `json:"token,omitempty"`  // shown this once: the page is /receipts/TOKEN
	Made   time.Time `json:"made"`
	By     string    `json:"by"`
	Until  time.Time `json:"until"`
	Opened int64     `json:"opened"` // how often, since the program was started
}
