package account

import (
	"time"

	"github.com/azekura/azekura/internal/id"
)

// Drill is a rehearsal of a restore: a medium was opened as after a loss, and files of it were read and compared with what was saved.
type Drill struct {
	Number int       `json:"number"` // 0: no house knows of it
	Medium id.Medium `json:"medium"`
	Label  string    `json:"label"`
	Set    string    `json:"set,omitempty"`
	Place  string    `json:"place,omitempty"`
	State  uint64    `json:"state"`
	Of     time.Time `json:"of"` // the time of the last entry of the ledger in that state
	Begun  time.Time `json:"begun"`
	Ended  time.Time `json:"ended,omitzero"` // zero: it is at work, or was killed
	By     string    `json:"by,omitempty"`

	Keys   DrillKeys `json:"keys"`
	Card   string    `json:"card,omitempty"`   // its number and name
	Papers int       `json:"papers,omitempty"` // the number of their set
	Code   string    `json:"code,omitempty"`   // of the set
	Last   uint64    `json:"last,omitempty"`   // the last state that the house has put on the medium, where that is a later one

	All   bool   `json:"all,omitempty"`   // every version was asked for
	Asked int    `json:"asked,omitempty"` // so many were, by chance
	Seed  uint64 `json:"seed,omitempty"`  // of that
	Kept  bool   `json:"kept,omitempty"`  // the files were written in clear, where somebody wanted them

	DrillResult
}

// DrillKeys says which keys have opened a medium.
type DrillKeys string

// The keys of a drill.
const (
	DrillPapers DrillKeys = "papers" // a key card and papers, as if the house were gone
	DrillKeeper DrillKeys = "keeper" // those of the house that runs: neither card nor papers were tried
)

// DrillOutcome is how a drill went.
type DrillOutcome string

// The outcomes.
const (
	DrillWhole  DrillOutcome = "whole"  // all that was tried is what was saved
	DrillFailed DrillOutcome = "failed" // something is not, or could not be tried
	DrillBroken DrillOutcome = "broken" // it did not come to its end: nothing counts as proven
)

// DrillResult is what came of a drill.
type DrillResult struct {
	Outcome DrillOutcome `json:"outcome,omitempty"`
	Why     string       `json:"why,omitempty"`  // the key of a hint: what kept it from its end
	Text    string       `json:"text,omitempty"` // the same as the program says it

	Used []int `json:"used,omitempty"` // the papers of the set that are right

	Versions int64 `json:"versions"` // that the state holds, of all shares that could be opened
	Bytes    int64 `json:"bytes"`    // of their content
	Tried    int   `json:"tried"`
	Whole    int   `json:"whole"`
	Read     int64 `json:"read"` // bytes of content
	Failed   int   `json:"failed"`
	Gone     int   `json:"gone,omitempty"` // left out: the house does not keep them any more

	Ready    Millis `json:"ready_ms"`    // from the beginning until the first file was asked for: ledger, keeper, names
	First    Millis `json:"first_ms"`    // until the first file was whole; 0: none was
	Reading  Millis `json:"reading_ms"`  // for all that was read
	Estimate Millis `json:"estimate_ms"` // for everything in the state, at that pace; 0: it cannot be told

	OfShares int            `json:"of_shares"`          // that have anything in the state
	Shares   []DrillShare   `json:"shares,omitempty"`   // at most 100, those with something wrong first
	Failures []DrillFailure `json:"failures,omitempty"` // the first MaxDrillFailures

	// Objects in a bucket over which somebody has put something. What lies below came back as it was put, so that they are no failures.
	Covered   []string `json:"covered,omitempty"` // the first MaxDrillFailures
	OfCovered int      `json:"of_covered,omitempty"`
}

// Millis is a time in milliseconds.
type Millis int64

// Duration is that as a time.Duration.
func (m Millis) Duration() time.Duration { return time.Duration(m) * time.Millisecond }

// MaxDrillFailures is how many failures of a drill are kept by name.
const MaxDrillFailures = 50

// DrillShare is what a drill did in a share.
type DrillShare struct {
	Name     string `json:"name"`
	Versions int64  `json:"versions"`
	Tried    int    `json:"tried"`
	Whole    int    `json:"whole"`
	Lost     int64  `json:"lost,omitempty"`    // versions that the ledger on the medium knows and the medium does not have
	Damaged  int    `json:"damaged,omitempty"` // places in its packs where names and times could not be read
	Problem  string `json:"problem,omitempty"` // why it was not opened: "no-keys", "damaged"
}

// DrillFailure is a file that a medium did not give back as it was saved.
type DrillFailure struct {
	Path    string     `json:"path"`
	Version id.Version `json:"version,omitzero"`
	Size    int64      `json:"size,omitempty"`
	Saved   time.Time  `json:"saved,omitzero"`
	Reason  string     `json:"reason"` // "unreadable", "differs", "lost"; of an object on the medium "sealed", "ledger"; "replayed": the state is not the last
}

// Good reports whether a drill has come to its end and found everything whole.
func (d *Drill) Good() bool { return !d.Ended.IsZero() && d.Outcome == DrillWhole }
