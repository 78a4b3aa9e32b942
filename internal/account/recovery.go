package account

import (
	"fmt"
	"io"
	"time"
)

// Reserve tells what a lost keeper would come back from: papers with the pieces of the secret that seals its root, and key cards.
type Reserve struct {
	Ready      bool      `json:"ready"`              // there are papers, and a card that has all keys
	Lacks      []string  `json:"lacks,omitempty"`    // "no-papers", "no-card", "no-fresh-card", "untested", "test-old", "one-card", "stale-card", "former-card", "lost-card", "papers-damaged"
	Papers     *PaperSet `json:"papers,omitempty"`   // nil: none were made
	Renewing   bool      `json:"renewing,omitempty"` // two people have agreed to renew the papers, and the caller may do it
	Generation uint64    `json:"generation"`         // of the key ring: each change of it makes cards out of date
	Cards      []KeyCard `json:"cards,omitempty"`    // also those that are gone
	Vault      string    `json:"vault"`              // its code, which is on papers
}

// PaperSet is a set of papers.
type PaperSet struct {
	Number int         `json:"number"`
	Code   string      `json:"code"` // "9F3A-01C2": a number may be given twice, before and after a restore
	Needed int         `json:"needed"`
	Of     int         `json:"of"`
	Made   time.Time   `json:"made"`
	By     string      `json:"by,omitempty"`
	Opened time.Time   `json:"opened,omitzero"` // when papers were last seen to open it together
	Seen   []time.Time `json:"seen,omitempty"`  // of each paper, in order, when it was last right
	Tested time.Time   `json:"tested,omitzero"` // since then so many as are needed were right
}

// KeyCard is a card that the keeper remembers.
type KeyCard struct {
	Number      int       `json:"number"`
	Name        string    `json:"name"`
	State       string    `json:"state"` // "fresh", "stale", "unwritten", "lost", "destroyed"
	Generation  uint64    `json:"generation"`
	Set         int       `json:"set,omitempty"` // of the papers that open it
	Written     time.Time `json:"written,omitzero"`
	Checked     time.Time `json:"checked,omitzero"`
	By          string    `json:"by,omitempty"`
	Gone        time.Time `json:"gone,omitzero"`
	Reason      string    `json:"reason,omitempty"`
	Outstanding int       `json:"outstanding,omitempty"` // shares whose keys were destroyed and that are still on it
	Former      bool      `json:"former,omitempty"`      // papers from before the last renewal open it, unless it is rewritten or destroyed
}

// KeyPapers are the papers of a set, to be printed now and never again.
type KeyPapers struct {
	PaperSet
	Vault  string     `json:"vault"`
	Papers []KeyPaper `json:"papers"`
	Unsure bool       `json:"unsure,omitempty"` // the disk failed: the papers from before may count still
}

// KeyPaper is a piece of the recovery secret.
type KeyPaper struct {
	Number int        `json:"number"`
	Words  [][]string `json:"words"` // by line
	Code   string     `json:"code"`  // what its QR code says
}

// Format prints which paper it is, and never what it says, whatever the verb.
func (p KeyPaper) Format(s fmt.State, _ rune) { io.WriteString(s, fmt.Sprintf("(paper %d)", p.Number)) }

// PaperTest is what came of a test of papers.
type PaperTest struct {
	Set     int           `json:"set"`
	Code    string        `json:"code"`
	Needed  int           `json:"needed"`
	Opens   bool          `json:"opens"` // together they open the keeper's root
	Results []PaperResult `json:"results"`
}

// PaperResult is what is the matter with a paper.
type PaperResult struct {
	Number  int    `json:"number,omitempty"` // of the paper; 0: it cannot be read
	Verdict string `json:"verdict"`          // "good", "other-vault", "other-set", "twice", "forged"; of a text that is no paper: "empty", "length", "word", "script", "checked", "whole", "newer"
	Line    int    `json:"line,omitempty"`
	Word    int    `json:"word,omitempty"`
	Set     int    `json:"set,omitempty"` // that the paper says it is of
	Code    string `json:"code,omitempty"`
}

// RenewedPapers is what came of asking to renew papers: they wait for a second person, or here they are.
type RenewedPapers struct {
	Outcome
	Papers *KeyPapers `json:"papers,omitempty"`
}

// CardFile is what is to be put on a stick.
type CardFile struct {
	Number     int    `json:"number"`
	Generation uint64 `json:"generation"`
	Content    []byte `json:"content"`
	SHA256     string `json:"sha256"`
}

// FileName is what a browser saves it as: a stick with a file of that name is a card.
func (f CardFile) FileName() string { return fmt.Sprintf("azekura-card-%d.card", f.Number) }

// CardCheck is what a card says, compared with the keeper.
type CardCheck struct {
	Number     int       `json:"number"`
	Name       string    `json:"name"`
	Written    time.Time `json:"written"`
	Generation uint64    `json:"generation"`
	Fresh      bool      `json:"fresh"`
	Papers     bool      `json:"papers"` // those that open it are those of today
	Lacks      int       `json:"lacks"`  // shares whose keys are not on it
	Destroyed  int       `json:"destroyed"`
	More       int       `json:"more"` // shares whose keys the keeper does not have
}
