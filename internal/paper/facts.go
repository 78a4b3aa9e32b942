package paper

import (
	"iter"
	"time"

	"github.com/azekura/azekura/internal/deadline"
)

// Text is said in both languages.
type Text = deadline.Text

// Facts are all that the papers of a case are made of. What nobody knows is left out, and is shown as not known: no number stands for it.
type Facts struct {
	At          time.Time // as of when the facts are; the papers bear its date
	Firm        Firm
	Case        Case
	Lines       []Line // the timeline
	Total       Sums   // of all clients; a person whom two clients know is one person
	Clients     []Client
	Loose       iter.Seq[File] // files of stores with several schools that are of no one school alone: for the house, and no client
	Gaps        []Gap          // where the ledger does not tell what happened
	Deadlines   []deadline.Deadline
	Assessments []deadline.Assessment
	ToPublic    []deadline.Deadline // what clients that are public bodies owe, from when they were told; not told yet: if they are told today
	Told        bool                // they were
	Controls    Controls
	Answers     map[string]Answer // by the keys of Questions
	Edits       []Edit
	First       *Kept // the first report as it was filed: the final one shows what has changed
	Reader      *Reader
	Lookup      string // the address of the page on which everybody can ask whether they are concerned, while it is open
}

// Firm is who reports.
type Firm struct {
	Name, Number   string // Number: 法人番号
	Business       string
	Address        string
	Representative string // with title
	Department     string // of the person to ask, and how to reach them
	Contact        string
	Phone, Mail    string
	Hours          string // in which the telephone is answered
	Mark           string // registration number of the PrivacyMark
}

// Case is what the desk of the case knows.
type Case struct {
	Number   string
	Opened   time.Time
	Known    time.Time // when the first department knew, or what is proposed for it
	Proposed bool      // nobody has said yet that it was then
	Knowing  []Knowing
	Suspects []Suspect
}

// Knowing says that somebody in the firm knew, and since when.
type Knowing struct {
	Department, Person, How string
	When                    time.Time
}

// Suspect is a party that is distrusted for a time.
type Suspect struct {
	What    Text   // "account", "device", "session", …
	Name    string // whose it is
	Address string // where it came from
	Method  Text   // how it got in, as far as the records say
	From    time.Time
	To      time.Time // zero: until now
	Stopped time.Time // when it was frozen
}

// Line is a line of the timeline.
type Line struct {
	When   time.Time
	What   Text
	Source Text
	Client string // the key of the one client that it is about; empty: the case
	All    bool   // it counts what concerns all clients together: no paper of one client tells it
}

// Sums are the numbers of a client, or of all.
type Sums struct {
	Damage   Damage
	Exposure Exposure
}

// Damage is what was done to files.
type Damage struct {
	Known            bool // it was looked at; otherwise no number says anything
	Files, Bytes     int64
	OfFiles, OfBytes int64 // all that there are
	Hurts            []Hurt
	Shared           int64     // files hurt, not among Files, of stores that hold several schools, which could not be attributed to one
	Intact           int64     // of Files, those of which an intact version or copy is known
	RolledBack       int64     // of Files, those that were put back
	When             time.Time // when they were
	Notes            []Note
	Endings          []Ending
	Verified         time.Time // when the intact versions were last verified
}

// Hurt is one kind of damage: "encrypted", "altered", "emptied", "removed", "renamed", "new", "note" or "held".
type Hurt struct {
	Kind  string
	Files int64
}

// held are the files of which a change or removal was held back: it is no damage, but on record.
func (d *Damage) held() (n int64) {
	for _, h := range d.Hurts {
		if h.Kind == "held" {
			n += h.Files
		}
	}
	return n
}

// Note is a file that the intruders have left.
type Note struct {
	Name, SHA256 string
	Files        int64
}

// Ending is an ending that names have now and had not before.
type Ending struct {
	Ending string
	Files  int64
}

// Three are the three numbers, which are told together or not at all.
type Three struct {
	Confirmed int64 `json:"confirmed"`
	Possible  int64 `json:"possible"`
	Exempt    int64 `json:"exempt"`
}

func (t Three) of(c Class) int64 { return [...]int64{t.Confirmed, t.Possible, t.Exempt}[c] }
func (t Three) sum() int64       { return t.Confirmed + t.Possible + t.Exempt }

// Class is one of the three.
type Class int

// The classes. A file and a person count in one of them.
const (
	Confirmed Class = iota // its key was handed out to a distrusted party
	Possible               // it was in reach, or the records have a gap
	Exempt                 // ciphertext alone was in reach: a candidate for the exemption, which people decide about
)

// Exposure is what could have been read, and of whom.
type Exposure struct {
	Known         bool  // it was counted; otherwise no number says anything
	Persons       Three // distinct persons
	Unlinked      Three // of these, those whom nothing but files that are linked to nobody puts here
	Files         Three
	FilesUnlinked Three // of these, those that no rule links to anybody
	FilesNobody   int64 // of these, those that a rule says to show nobody
	Unknown       Three // of these, those of shares without a roster: of how many persons they are nobody knows
	Shared        Three // files of stores that hold several schools, which may concern this one and could not be attributed to one; they are in none of the other numbers of files
	Strange       int64 // versions that were in reach and that no file of the catalogue has; they are in none of the numbers of files
	Names         bool  // names of files and folders could be seen, without a record of each
	Rows          []Row
}

// Row are the persons of one school, year and kind.
type Row struct {
	School, Year, Kind string
	Persons, Unlinked  Three
}

// Client is on whose behalf the firm holds data, with only its own.
type Client struct {
	Key     string // tells clients apart, those without a name too; never empty
	Name    string // empty: the register does not say
	School  string // the one school that is told of, of a client or store with several; empty: whatever the client has
	Contact string
	Public  bool // a public body
	Shares  []Share
	Sums
	People iter.Seq[Person] // its persons; may be long, and is gone through once for each list
	Files  iter.Seq[File]
}

// Share is a line of the register.
type Share struct {
	Name           string
	Telling        bool // the name tells of another school than the client is told of
	Year           int
	Data, Subjects []string
	Sensitive      bool
	Untouched      bool // nothing in it was read, in reach or hurt: papers that are about what was do not tell of it
}

// Person is a person of a client's roster who counts in a class.
type Person struct {
	School, Year, Grade, Class, Number, Name, Kind string
	Count                                          Class
	Unlinked                                       bool // nothing but files that are linked to nobody puts them here
	Files                                          int64
}

// File is a file of a client.
type File struct {
	Path     string
	Exposed  bool // it counts in Count
	Count    Class
	Unlinked bool // no rule links it to anybody
	Hurts    []string
	Intact   bool      // if hurt: an intact version or copy is known
	Back     time.Time // if hurt: when it was put back; zero: it was not
	When     time.Time // the first that a suspect did with it
}

// Gap is a stretch for which the ledger does not tell what happened.
type Gap struct {
	What     Text
	From, To time.Time // zero: from the beginning, to the end
	Hits     bool      // it lies in the time of a suspect
}

// Controls are what the system itself can attest.
type Controls struct {
	SecondFactor Part // accounts with a second factor
	Renewed      Part // accounts whose passwords were renewed since the case began
	Freezes      []Freeze
	Ledger       Ledger
	Copies       []Copy
	Ciphers      []string    // of content, keys and names, as they stand in the packs: "AES-256-GCM"
	KeysApart    Text        // where the keys are, and who can use them
	Unwraps      Number      // keys handed out in the window to anybody
	Reach        []time.Time // when a host that holds keys was distrusted: from, to
}

// Number is a number that may be unknown.
type Number struct {
	N     int64
	Known bool
}

// Part is how many of how many.
type Part struct {
	Known    bool
	Done, Of int64
	When     time.Time
}

// Freeze is a stop that the guard or a person has made.
type Freeze struct {
	Who  string
	When time.Time
	By   string // empty: the guard
}

// Ledger is how far the ledger was verified.
type Ledger struct {
	Verified bool // all of it, to Head, without a break
	Head     string
	Entries  int64
	At       time.Time
	Seen     int // witnesses who have signed the head
}

// Copy is a medium or mirror.
type Copy struct {
	Name     string
	Offline  bool
	Locked   time.Time // until then nobody can remove it, although it is connected; zero: it is not locked
	Verified time.Time // zero: it was not
}

// Answer is what a person has said to a question.
type Answer struct {
	Text string
	By   string
	When time.Time
}

// Edit is a person's text in the place of a field's own.
type Edit struct {
	Kind   Kind
	Client string // the key, of one client's paper; empty: of all that have no other
	Key    string // of the field
	Lang   string // "ja" or "en"
	Text   string
	Was    string // Field.Own when it was edited, in its language; empty: it is not compared
	By     string
	When   time.Time
}

// Kept is a paper as it was filed: what each field said.
type Kept struct {
	At     time.Time
	Fields map[string]Text
}

// Reader is whom a notice to persons is for.
type Reader struct {
	Name         string // empty: a place to fill in
	School, Year string
	Kind         string
	Count        Class
}
