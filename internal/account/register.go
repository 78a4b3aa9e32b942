package account

import "time"

// Register is the line of a share in the register of personal data (個人データ取扱台帳; guideline of the Personal Information Protection
// Commission, 通則編 10-3(3)). Who may read the share is not written there: that is what the rights say.
type Register struct {
	Client     string   `json:"client,omitempty"`     // on whose behalf the data is kept (委託元); empty: the firm's own
	Year       int      `json:"year,omitempty"`       // the fiscal year that it is about
	Data       []string `json:"data,omitempty"`       // kinds of data: names, photographs, …
	Subjects   []string `json:"subjects,omitempty"`   // whose: pupils, staff, …
	Purpose    string   `json:"purpose,omitempty"`    // what it is used for
	Department string   `json:"department,omitempty"` // that handles it
	InCharge   string   `json:"in_charge,omitempty"`  // the person who answers for it
	Retention  string   `json:"retention,omitempty"`  // how long it is kept, and why
	Contact    string   `json:"contact,omitempty"`    // of the client: person, telephone, mail, address
	Public     bool     `json:"public,omitempty"`     // the client is a public body, for which other numbers hold
	Sensitive  bool     `json:"sensitive,omitempty"`  // it holds data that needs special care (要配慮個人情報)

	// Schools says what is another thing for one of the schools in a share. Most shares have one client, and none of these.
	Schools []SchoolLine `json:"schools,omitempty"`
}

// SchoolLine is what the register says of one school in a share with several. What is left out is as the share's own line says.
type SchoolLine struct {
	School  string `json:"school"` // as in the roster
	Client  string `json:"client,omitempty"`
	Contact string `json:"contact,omitempty"`
	Public  *bool  `json:"public,omitempty"`
}

// Empty reports whether it says nothing that the share's own line does not.
func (l *SchoolLine) Empty() bool { return l.Client == "" && l.Contact == "" && l.Public == nil }

// IsPublic reports whether it says that the client is a public body.
func (l SchoolLine) IsPublic() bool { return l.Public != nil && *l.Public }

// For returns the line of one school: that of the share, with what is another thing for the school. It names no other school.
func (r Register) For(l *SchoolLine) Register {
	r.Schools = nil
	if l == nil {
		return r
	}
	if l.Client != "" && l.Client != r.Client { // whoever else is told is reached elsewhere
		r.Client, r.Contact = l.Client, ""
	}
	if l.Contact != "" {
		r.Contact = l.Contact
	}
	if l.Public != nil {
		r.Public = *l.Public
	}
	return r
}

// School returns the line of a school by its name as it is written there, or nil.
func (r *Register) School(name string) *SchoolLine {
	for i := range r.Schools {
		if r.Schools[i].School == name {
			return &r.Schools[i]
		}
	}
	return nil
}

// RegisterLine is a line of the register with the share that it is of, and who may do what there.
type RegisterLine struct {
	Share  string  `json:"share"`
	Rights []Right `json:"rights,omitempty"`
	Register
	Erased      time.Time `json:"erased,omitzero"`       // nobody opens the share since: its end was decided
	Certificate int       `json:"certificate,omitempty"` // of that
}
