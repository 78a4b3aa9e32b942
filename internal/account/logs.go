package account

import (
	"net/netip"
	"time"
)

// Collecting is what the house does with the logs of appliances.
type Collecting struct {
	Sources  []LogSource `json:"sources"`             // who may send; nobody else
	VPNEnded string      `json:"vpn_ended,omitempty"` // from this day on (2026-08-01) there is no VPN any more: whoever comes over one is an alarm
	Days     int         `json:"days"`                // how long lines are kept
	DailyMiB int         `json:"daily_mib"`           // how much is kept in a day, before it is compressed; beyond it only who came and what was changed
	Count    []string    `json:"count"`               // kinds that are counted, and not kept
}

// LogSource is an appliance.
type LogSource struct {
	Address string `json:"address"`                 // or a network: 192.168.1.0/24
	Name    string `json:"name"`                    // what people call it
	Maker   string `json:"maker,omitempty"`         // empty: as its lines look
	Zone    string `json:"zone,omitempty"`          // of its clock, such as Asia/Tokyo; empty: the house's
	Silence int    `json:"silence_hours,omitempty"` // after how many hours without a line people are told; 0: as it is learnt; -1: never
}

// LogQuery picks lines. What is zero picks all.
type LogQuery struct {
	From, To time.Time // when they were received: from From on, before To
	Device   string
	Kind     string
	Account  string
	Address  string // or a network
	Text     string // in any case
	Limit    int    // at most so many, the newest
}

// LogLine is a line as somebody sees it.
type LogLine struct {
	Received time.Time  `json:"received"`
	Stated   time.Time  `json:"stated,omitzero"` // by the appliance's clock
	Device   string     `json:"device"`
	Source   netip.Addr `json:"source"`
	Maker    string     `json:"maker,omitempty"`
	Kind     string     `json:"kind"`
	Account  string     `json:"account,omitempty"`
	Address  netip.Addr `json:"address,omitzero"`
	Text     string     `json:"text"`
	Raw      []byte     `json:"raw,omitempty"` // as it came, where Text is not that
	Batch    uint64     `json:"batch"`         // in which it is, for the ledger's entry
	Line     int        `json:"line"`          // of it, from 1 on
}

// LogCheck tells whether the lines that are stored are those of which the ledger knows.
type LogCheck struct {
	Batches  int64        `json:"batches"` // that are there and right
	Lines    int64        `json:"lines"`   // in them
	Removed  uint64       `json:"removed"` // batches whose time was over
	Found    int          `json:"found"`
	Findings []LogFinding `json:"findings"` // at most 1,000
}

// LogFinding is a batch that is not as the ledger knows it.
type LogFinding struct {
	Batch  uint64    `json:"batch"`
	Reason string    `json:"reason"` // "changed", "damaged", "missing", "order", "unknown"
	Entry  int64     `json:"entry"`  // of the ledger; -1: there is none
	Lines  int64     `json:"lines"`
	When   time.Time `json:"when,omitzero"` // when the ledger, or the batch, says they came
	Text   string    `json:"text,omitempty"`
}

// LogState is how collecting goes, since the start.
type LogState struct {
	On       bool            `json:"on"`             // an address to listen at is set
	Bytes    int64           `json:"bytes"`          // on disk
	Batches  uint64          `json:"batches"`        // written so far
	Since    time.Time       `json:"since,omitzero"` // the oldest line that is there
	Waiting  int             `json:"waiting"`        // received, and not yet on disk
	Sources  []LogSourceSeen `json:"sources"`
	Refused  []LogRefused    `json:"refused,omitempty"`  // who sends and may not
	Cut      int64           `json:"cut,omitempty"`      // lines of which the end was cut away
	Full     int64           `json:"full,omitempty"`     // datagrams that found no room here
	Kernel   int64           `json:"kernel,omitempty"`   // datagrams that the machine has dropped
	Limited  int64           `json:"limited,omitempty"`  // lines of a source that sent too many at once
	Beyond   int64           `json:"beyond,omitempty"`   // lines beyond what a day may keep
	Trouble  string          `json:"trouble,omitempty"`  // why lines cannot be kept at the moment
	Country  bool            `json:"country"`            // a file of countries is there
	VPNUsed  int64           `json:"vpn_used,omitempty"` // logins over a VPN that is declared ended
	Settings Collecting      `json:"settings"`
}

// LogSourceSeen is what is known of a source.
type LogSourceSeen struct {
	Name    string           `json:"name"`
	Maker   string           `json:"maker,omitempty"`
	Last    time.Time        `json:"last,omitzero"`
	Lines   int64            `json:"lines"`            // since the start
	Counted map[string]int64 `json:"counted"`          // of each kind
	Silent  bool             `json:"silent,omitempty"` // longer than it may
}

// LogRefused is an address that sends and may not.
type LogRefused struct {
	Address netip.Addr `json:"address"`
	Lines   int64      `json:"lines"`
	Last    time.Time  `json:"last"`
}

// ApplianceEvent is what an appliance has told in the time of a case.
type ApplianceEvent struct {
	When    time.Time  `json:"when"` // when it came
	Stated  time.Time  `json:"stated,omitzero"`
	Device  string     `json:"device"`
	Maker   string     `json:"maker,omitempty"`
	Kind    string     `json:"kind"`
	Account string     `json:"account,omitempty"`
	Address netip.Addr `json:"address,omitzero"`
	Count   int64      `json:"count,omitempty"`  // it stands for so many that were not recorded one by one
	Alert   string     `json:"alert,omitempty"`  // people were told: of what
	Theirs  bool       `json:"theirs,omitempty"` // its address or account is one of the case's
}

// ApplianceEvents are the events of a case, the earliest first.
type ApplianceEvents struct {
	From   time.Time        `json:"from"`
	To     time.Time        `json:"to"`
	Events []ApplianceEvent `json:"events"`
	More   int64            `json:"more,omitempty"` // that are not shown
}
