package account

import "time"

// Case is one incident: who is distrusted and in which time, who in the firm knew of it when, and what people have found out, noted and
// decided. What the suspects have done to files is a question to the vault, asked with it.
type Case struct {
	ID       string    `json:"id"` // year and number, so that it can be said on the telephone: "2026-1"
	Opened   time.Time `json:"opened"`
	By       string    `json:"by"` // a person; "" for the guard
	Reason   string    `json:"reason,omitempty"`
	Suspects []Suspect `json:"suspects"`
	Closed   time.Time `json:"closed,omitzero"`
	ClosedBy string    `json:"closed_by,omitempty"`
	Note     string    `json:"note,omitempty"` // what was found, when it was closed

	Alarm time.Time `json:"alarm,omitzero"` // the guard's first alarm
	Knew  time.Time `json:"knew,omitzero"`  // when the first department knew: the day on which the law begins to count. Zero: nobody has said
	Hold  Hold      `json:"hold"`

	// What a list of cases leaves out.
	Knowing     []Knowing    `json:"knowing,omitempty"`
	Facts       []Fact       `json:"facts,omitempty"`
	Notes       []CaseNote   `json:"notes,omitempty"`
	Tasks       []Task       `json:"tasks,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	Decisions   []Decision   `json:"decisions,omitempty"`
	Waiting     []Proposal   `json:"waiting,omitempty"` // acts about it that wait for a second person
}

// Clock returns the day on which the law begins to count. While nobody has said when somebody knew it is a proposal: the guard's first
// alarm, or when a person opened the case, who knew then at the latest.
func (c Case) Clock() (t time.Time, proposed bool) {
	switch {
	case !c.Knew.IsZero():
		return c.Knew, false
	case !c.Alarm.IsZero():
		return c.Alarm, true
	}
	return c.Opened, true
}

// KnewEarly reports whether the firm is said to have known before any of those began who are distrusted. One of the two times is wrong then, or somebody
// is missing among the suspects: only people can tell which.
func (c Case) KnewEarly() bool {
	var first time.Time
	for _, s := range c.Suspects {
		if first.IsZero() || s.From.Before(first) {
			first = s.From
		}
	}
	known, _ := c.Clock()
	return !first.IsZero() && known.Before(first)
}

// Frozen are the suspects that a freeze keeps from going on.
func (c Case) Frozen() (out []Suspect) {
	for _, s := range c.Suspects {
		if s.Stop != "" && s.To.IsZero() {
			out = append(out, s)
		}
	}
	return out
}

// Suspect is a party that is distrusted for a time.
type Suspect struct {
	Kind    StopKind  `json:"kind"`
	Subject string    `json:"subject,omitempty"` // a session, account or device by its id, an address, what a medium is called; nothing for storehouse and keeper
	Name    string    `json:"name,omitempty"`    // of an account or device
	Owner   string    `json:"owner,omitempty"`   // of a session or device: the account's name
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"`    // until it was thawed; zero: until now
	Stop    string    `json:"stop,omitempty"` // the freeze that keeps it from going on
}

// The parties that nothing can freeze: who rules a machine does not ask, and a medium is elsewhere. They have saved nothing under a name
// of their own, so that damage and rollback do not know them; what they could have read does.
const (
	PartyStorehouse StopKind = "storehouse"
	PartyKeeper     StopKind = "keeper"
	PartyMedium     StopKind = "medium" // a medium or a copy that was stolen or lost
)

// Knowing says that somebody in the firm knew of a case, and since when.
type Knowing struct {
	ID         int       `json:"id"`
	Department string    `json:"department"`
	Person     string    `json:"person,omitempty"`
	When       time.Time `json:"when"`          // in the zone in which it was told
	How        string    `json:"how,omitempty"` // how they learned of it
	By         string    `json:"by"`            // who has entered it
	At         time.Time `json:"at"`            // and when
}

// NewKnowing enters who knew, or changes what was entered.
type NewKnowing struct {
	ID         int       `json:"id,omitempty"` // of what is changed; 0: a new one
	Department string    `json:"department,omitempty"`
	Person     string    `json:"person,omitempty"`
	When       time.Time `json:"when,omitzero"`
	How        string    `json:"how,omitempty"`
	Remove     bool      `json:"remove,omitempty"`
	Reason     string    `json:"reason,omitempty"` // of removing it, or of making the clock begin later
}

// Fact is something about a case that only people know; see FactFields.
type Fact struct {
	Key   string    `json:"key"`
	Value string    `json:"value"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// CaseNote is a note in a case. Nobody can change or remove it.
type CaseNote struct {
	ID   int       `json:"id"`
	Text string    `json:"text"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// Task is something to do in a case.
type Task struct {
	ID     int       `json:"id"`
	Text   string    `json:"text"`
	For    string    `json:"for,omitempty"` // who shall do it, in words: it need not be an account
	Due    time.Time `json:"due,omitzero"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Done   time.Time `json:"done,omitzero"`
	DoneBy string    `json:"done_by,omitempty"`
}

// NewTask asks for something to be done.
type NewTask struct {
	Text string    `json:"text"`
	For  string    `json:"for,omitempty"`
	Due  time.Time `json:"due,omitzero"`
}

// Attachment is a file in a case: a photograph of a screen, a letter, a log. The keeper holds it, sealed.
type Attachment struct {
	ID     int       `json:"id"`
	Name   string    `json:"name"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Decision is what two people have decided in a case.
type Decision struct {
	ID        int       `json:"id"`
	Text      string    `json:"text"`
	By        string    `json:"by"` // who asked
	Asked     time.Time `json:"asked"`
	Confirmed time.Time `json:"confirmed"`
	Second    string    `json:"second,omitempty"` // who said yes; nobody where the console was alone
}

// Hold keeps what belongs to a case from being purged when its time is over.
type Hold struct {
	On       bool      `json:"on"`
	Shares   []string  `json:"shares,omitempty"` // none: every share
	Lifted   time.Time `json:"lifted,omitzero"`
	LiftedBy string    `json:"lifted_by,omitempty"` // who asked for it
	Second   string    `json:"second,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// NewHold changes what a case holds. To hold less takes two people.
type NewHold struct {
	Shares []string `json:"shares,omitempty"` // none: every share
	Lift   bool     `json:"lift,omitempty"`   // hold nothing any more
	Reason string   `json:"reason,omitempty"` // of holding less
}

// Timeline is what the ledger tells of a time, counted in slots of equal length.
type Timeline struct {
	First time.Time `json:"first"` // the case's own window
	Last  time.Time `json:"last"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Slot  float64   `json:"slot"` // seconds
	Slots []Slot    `json:"slots"`
	All   Slot      `json:"all"` // the sum

	Suspects   []Slot `json:"suspects"` // what of it the suspects did while they are distrusted, and freezes
	SuspectAll Slot   `json:"suspect_all"`
}

// Slot counts what was recorded in one slot.
type Slot struct {
	Readings int64 `json:"readings"` // versions whose keys were handed out
	Saves    int64 `json:"saves"`    // versions saved, and folders made, names moved or removed
	Logins   int64 `json:"logins"`
	Refused  int64 `json:"refused"` // logins that failed, readings that were refused
	Freezes  int64 `json:"freezes"`

	Appliances int64 `json:"appliances"` // what appliances have told of who came, who tried to and what was changed
}

// TimelineQuery asks for a timeline. What is zero is the case's own.
type TimelineQuery struct {
	From, To time.Time
	Slots    int
}

// Duties are what decides by when the firm must tell whom, beside the facts of a case.
type Duties struct {
	Cases    []Case         // those that are open, the earliest first
	Register []RegisterLine // of all shares, without rights
	Firm     Firm
}
