package account

import (
	"slices"
	"time"
)

// Retention is the rule of a share: how long is kept what nobody has any more before him. The zero Retention keeps everything for ever.
type Retention struct {
	Versions int `json:"versions"` // days that an earlier version stays after another came in its place; 0: for ever
	Deleted  int `json:"deleted"`  // days that a deleted file stays, with all its versions; 0: for ever
	Keep     int `json:"keep"`     // so many of the latest versions of a file that is there stay in any case; at least 1, the one that is shown
}

// Bounds of a rule.
const (
	MaxRetention = 100 * 366 // days
	MaxKeep      = 1000
)

// Any reports whether the rule lets anything go.
func (r Retention) Any() bool { return r.Versions > 0 || r.Deleted > 0 }

// Valid reports whether it is a rule.
func (r Retention) Valid() bool {
	return r.Versions >= 0 && r.Versions <= MaxRetention && r.Deleted >= 0 && r.Deleted <= MaxRetention && r.Keep >= 0 && r.Keep <= MaxKeep
}

// Days is a time of a rule.
func Days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// Lived is a point in the life of the ledger.
type Lived struct {
	At   time.Time     // the latest time that an entry up to there tells
	Ran  time.Duration // how long it had run till then, without gaps
	Idle time.Duration // what its gaps had added up to, each counted as no more than MaxGap
}

// The ledger gets an entry each minute. A longer step is a gap: the machine was off, or its clock was set.
const (
	LongestStep = 5 * time.Minute
	MaxGap      = 72 * time.Hour // a weekend with a holiday
)

// Step goes on to the next entry.
func (l *Lived) Step(at time.Time) (gap time.Duration) {
	if l.At.IsZero() {
		l.At = at
	}
	step := at.Sub(l.At)
	switch {
	case step <= 0: // a clock that was set back adds nothing, and takes nothing away
		return 0
	case step <= LongestStep:
		l.Ran += step
	default:
		l.Idle += min(step, MaxGap)
		gap = step
	}
	l.At = at
	return gap
}

// Anchor says since when a pack is sealed, by the ledger: what stands in it had happened by then.
type Anchor struct {
	Pack uint64
	Lived
}

// Gap is a step of the ledger's clock that was counted as less than it is.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Aging is what the ledger tells about how old things are. No clock of a client or of the storehouse is asked.
type Aging struct {
	Now       Lived
	Packs     []Anchor  // of one share, ascending
	Witness   bool      // witnesses are asked
	Witnessed time.Time // by their clocks: so late it is at least; zero: they have not said so since the start
	Gaps      []Gap     // longer than MaxGap, the last ones
}

// Present is the time that counts as now.
func (a *Aging) Present() time.Time {
	if a.Witness {
		return a.Witnessed
	}
	return a.Now.At
}

// Age is how long ago what stands in a pack had happened, at least; not ok while nobody can tell.
//
// Where witnesses are asked it is their time that counts, which nobody at this house can set. Else what the ledger has lived through: the time that
// it has run, entry by entry, and of its gaps no more than twice that. A clock that is set ten years ahead is one gap, and one gap counts as three
// days at most.
func (a *Aging) Age(pack uint64) (age time.Duration, ok bool) {
	i, _ := slices.BinarySearchFunc(a.Packs, pack, func(x Anchor, pack uint64) int {
		if x.Pack < pack {
			return -1
		}
		return min(1, int(x.Pack-pack))
	})
	if pack == 0 || i == len(a.Packs) || a.Witness && a.Witnessed.IsZero() {
		return 0, false
	}
	from := a.Packs[i]
	if a.Witness {
		return max(0, a.Witnessed.Sub(from.At)), true
	}
	ran := a.Now.Ran - from.Ran
	return max(0, ran+min(a.Now.Idle-from.Idle, 2*ran)), true
}

// Removal is a preview: what the rule of a share lets go, and what stays and why.
type Removal struct {
	Share    string           `json:"share"`
	Client   string           `json:"client,omitempty"` // of the register
	Rule     Retention        `json:"rule"`
	Made     time.Time        `json:"made"`
	Present  time.Time        `json:"present"` // the time that ages are counted to: the ledger's, or its witnesses'
	Witness  bool             `json:"witness"` // it is the witnesses'
	Gaps     []Gap            `json:"gaps,omitempty"`
	Versions int64            `json:"versions"`
	Files    int64            `json:"files"`   // that have versions among them
	Deleted  int64            `json:"deleted"` // of these, how many go altogether
	Bytes    int64            `json:"bytes"`   // of the contents; what others share of it stays on the disk
	Oldest   time.Time        `json:"oldest,omitzero"`
	Newest   time.Time        `json:"newest,omitzero"`    // when the versions were saved, for people; nothing is counted by it
	Kept     map[string]int64 `json:"kept"`               // versions that stay, by why: head, young, keep, held, house, for-ever, untold
	Gone     int64            `json:"gone,omitempty"`     // contents that nobody had any more when it was made
	Left     int64            `json:"left,omitempty"`     // of these, as a removal was broken off: how many may still be on the disk
	Unlisted int64            `json:"unlisted,omitempty"` // contents that have told no chunks: nothing is taken off the disk before a verification with keys has read them
	Digest   string           `json:"digest,omitempty"`
}

// Nothing reports whether there is nothing to remove.
func (r *Removal) Nothing() bool { return r.Versions == 0 && r.Left == 0 }

// Removed is what was removed by the rule of a share.
type Removed struct {
	Number    int       `json:"number"`
	Digest    string    `json:"digest"` // of the list that two people agreed on
	Agreed    int64     `json:"agreed"` // versions in it
	AskedBy   string    `json:"asked_by"`
	Confirmed string    `json:"confirmed,omitempty"`
	Begun     time.Time `json:"begun"`
	Ended     time.Time `json:"ended,omitzero"` // zero: it was broken off, and goes on when it is run again
	Versions  int64     `json:"versions"`       // that are removed; what was held or came back meanwhile stayed
	Contents  int64     `json:"contents"`       // that nobody has any more
	Packs     int64     `json:"packs"`          // that were written again without them
	Bytes     int64     `json:"bytes"`          // that are gone from the disk
}

// RetentionState is all that is known of the rule of a share.
type RetentionState struct {
	Share    string    `json:"share"`
	Register Register  `json:"register"`
	Rule     Retention `json:"rule"`
	Set      time.Time `json:"set,omitzero"`
	By       string    `json:"by,omitempty"`
	HeldBy   []string  `json:"held_by,omitempty"` // cases: while there is one, nothing is removed
	Frozen   bool      `json:"frozen,omitempty"`
	Waits    bool      `json:"waits,omitempty"`   // somebody has asked for a removal, and another must confirm
	Agreed   string    `json:"agreed,omitempty"`  // digest of the list that two people have agreed on and that is not removed yet
	Until    time.Time `json:"until,omitzero"`    // how long that counts
	Removed  []Removed `json:"removed,omitempty"` // the last first
	Media    []CopyOf  `json:"media,omitempty"`   // that may still hold what was removed, until they are synced again
	Work     *Removing `json:"work,omitempty"`    // what is being done, or has broken off since the start of the server
}

// BrokenOff reports whether a removal was, and nobody may go on by its list any more.
func (r *RetentionState) BrokenOff() bool {
	return len(r.Removed) > 0 && r.Removed[0].Ended.IsZero() && r.Agreed == ""
}

// Removing is how far a preview or a removal is.
type Removing struct {
	Running bool   `json:"running"`
	Step    string `json:"step"` // files: they are looked at for a preview; then versions and packs of a removal
	Done    int64  `json:"done"`
	Of      int64  `json:"of"`
	On      string `json:"on,omitempty"` // why it has broken off
	Hint    string `json:"hint,omitempty"`
}

// AskRemoval asks for the removal of what a preview has shown.
type AskRemoval struct {
	Digest string `json:"digest"`
	Reason string `json:"reason"`
}
