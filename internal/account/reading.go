package account

import "time"

// Budget is how much an account may read that it has not read before on the same day.
type Budget struct {
	Minute int `json:"minute,omitempty"` // 0: as the program has it
	Day    int `json:"day,omitempty"`    // likewise
}

// Budgets are those of each kind of reading.
type Budgets struct {
	Open    Budget `json:"open,omitzero"`    // files, one after the other
	Preview Budget `json:"preview,omitzero"` // small pictures, by the page
	Export  Budget `json:"export,omitzero"`  // files that go elsewhere: exports, copies into other shares, verification
	Persons Budget `json:"persons,omitzero"` // distinct persons, in shares whose names tell them, whatever for
}

// Spent is what of a budget is spent.
type Spent struct {
	Today  int `json:"today"`
	Of     int `json:"of"`
	Minute int `json:"minute"` // in the last one
}

// Readings are what an account has read today. What was read in a job, and what was read again, is not in it.
type Readings struct {
	Account string   `json:"account"`
	Open    Spent    `json:"open"`
	Preview Spent    `json:"preview"`
	Export  Spent    `json:"export"`
	Persons Spent    `json:"persons"`
	Odd     []string `json:"odd,omitempty"`  // why the budget is a tenth: "new-address", "new-device", "closed-hours"
	More    int      `json:"more,omitempty"` // so many times a second person has given another budget today
}

// Job is a large reading that two people have agreed on before: a print run, an export. What is read in it takes nothing from the
// budget.
type Job struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Path    string    `json:"path"` // a share, or a folder in it with all below
	Purpose Purpose   `json:"purpose"`
	Files   int       `json:"files"` // at most so many
	Used    int       `json:"used"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	Until   time.Time `json:"until"`
}

// NewJob asks for a job.
type NewJob struct {
	Account string    `json:"account,omitempty"` // none: the caller's own
	Path    string    `json:"path"`
	Purpose Purpose   `json:"purpose"`
	Files   int       `json:"files"`
	Until   time.Time `json:"until"`
	Reason  string    `json:"reason"`
}

// Trap is a file or folder that nobody has a reason to touch, or a person of whom that is true of all files.
type Trap struct {
	ID     string    `json:"id"`
	Share  string    `json:"share"`
	Path   string    `json:"path,omitempty"`   // in the share
	Person string    `json:"person,omitempty"` // as the share's names tell persons
	By     string    `json:"by,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}
