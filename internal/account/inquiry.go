package account

import "time"

// LookupAnswer is what the page of a case says of one person.
type LookupAnswer string

// The answers. Of somebody who stands in no roster the page says the same as of somebody whom the records do not show: or it would tell who
// stands in one.
const (
	LookupConfirmed LookupAnswer = "confirmed" // a key of a file with the person was given to a distrusted party
	LookupPossible  LookupAnswer = "possible"  // it was in reach, or the records have a gap
	LookupEncrypted LookupAnswer = "encrypted" // ciphertext alone was in reach
	LookupNone      LookupAnswer = "none"      // the records show none under what was asked
	LookupUnsettled LookupAnswer = "unsettled" // they show none, and are older than what is known now
)

// LookupPerson is somebody of the scope: what a question about them comes to, and its answer.
type LookupPerson struct {
	Key    string // as package cases writes questions
	Also   string // another way to ask for the same person, or nothing
	Answer LookupAnswer
}

// LookupScope is what a page of a case answers from: who is in scope, at one moment.
type LookupScope struct {
	Case     string
	Suspects []Suspect // of the case, when it was made
	At       time.Time
	Schools  []string
	People   []LookupPerson
	Unlinked bool   // files count in the scope that are linked to nobody
	Contact  string // whom to ask
	Reason   string
}

// Lookup is the public page of a case, as those who work on the case see it.
type Lookup struct {
	Case     string      `json:"case"`
	On       bool        `json:"on"`
	Waiting  bool        `json:"waiting,omitempty"` // for a second person
	Token    string      `json:"token,omitempty"`   // the page is /lookup/TOKEN
	Contact  string      `json:"contact,omitempty"`
	Schools  []string    `json:"schools,omitempty"`
	Persons  int         `json:"persons,omitempty"`
	At       time.Time   `json:"at,omitzero"` // of what it answers from
	Since    time.Time   `json:"since,omitzero"`
	By       string      `json:"by,omitempty"` // who asked for it
	Stale    bool        `json:"stale,omitempty"`
	Unlinked bool        `json:"unlinked,omitempty"`
	Days     []LookupDay `json:"days,omitempty"` // the latest first
}

// LookupDay counts the questions of a day.
type LookupDay struct {
	Date    string `json:"date"`
	Asked   int64  `json:"asked"`
	Refused int64  `json:"refused"` // beyond what one address, or all together, may ask
}

// LookupPage is what everybody may know who has the address of the page.
type LookupPage struct {
	Firm     string    `json:"firm,omitempty"`
	Contact  string    `json:"contact"`
	Schools  []string  `json:"schools"`
	At       time.Time `json:"at"`
	Unlinked bool      `json:"unlinked,omitempty"`
}

// InquiryStatus says how far the answer to an inquiry is.
type InquiryStatus string

// How far it is.
const (
	InquiryOpen     InquiryStatus = "open"
	InquiryWaiting  InquiryStatus = "waiting" // for somebody else's answer
	InquiryAnswered InquiryStatus = "answered"
)

// InquiryWay is how somebody has asked.
type InquiryWay string

// The ways.
const (
	ByCall   InquiryWay = "call"
	ByLetter InquiryWay = "letter"
	ByMail   InquiryWay = "mail"
	InPerson InquiryWay = "visit"
	OtherWay InquiryWay = "other"
)

// Inquiry is a question that came from outside about a case.
type Inquiry struct {
	ID       int           `json:"id,omitempty"` // 1, 2, … in the case
	At       time.Time     `json:"at,omitzero"`  // when it came
	Way      InquiryWay    `json:"way"`
	Who      string        `json:"who"`               // as far as they say
	Reach    string        `json:"reach,omitempty"`   // how they can be reached
	School   string        `json:"school,omitempty"`  // that it is about
	About    string        `json:"about,omitempty"`   // whom it is about
	Question string        `json:"question"`          //
	Answer   string        `json:"answer,omitempty"`  // what was answered
	Status   InquiryStatus `json:"status"`            //
	Handler  string        `json:"handler,omitempty"` // who sees to it
	By       string        `json:"by,omitempty"`      // who wrote it down
	Changed  time.Time     `json:"changed,omitzero"`  // when it was last changed
}
