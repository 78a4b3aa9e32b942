// Package retention says what the rule of a share lets go, and takes it off the disk. It knows names by their books and packs by their frames, and no
// key: what it copies is sealed, and stays so.
package retention

import (
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// Why says why a version stays; empty: it goes.
type Why string

// The reasons.
const (
	Head    Why = "head"     // it is what readers get
	Young   Why = "young"    // its time is not over
	Kept    Why = "keep"     // it is one of the latest, of which the rule keeps so many
	Held    Why = "held"     // the guard doubts something of its file, and nobody has decided
	House   Why = "house"    // it is the storehouse's own: a roster
	Forever Why = "for-ever" // the rule says nothing of it
	Untold  Why = "untold"   // the ledger does not tell yet how old it is
	Next    Why = "next"     // the list is full: it goes with the next one
)

// Judge says of each version of a share whether it goes.
type Judge struct {
	Rule  account.Retention
	Aging *account.Aging
	Marks []catalogue.Mark
}

// Verdict is what becomes of a version.
type Verdict struct {
	*catalogue.Version
	Why Why
}

// Hidden tells since which change something is not shown any more; 0: it is.
func Hidden(s *catalogue.Story) int64 {
	if s.Node.Removed.IsZero() {
		return 0
	}
	for i := range s.Changes {
		if s.Changes[i].Kind == commit.Remove {
			return s.Changes[i].Num
		}
	}
	return 0
}

// Earlier of two changes since which something is hidden.
func Earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// due says whether what a change has ended is over by days; it must have been told the whole story of the file.
func (j *Judge) due(change int64, days int) Why {
	if days == 0 {
		return Forever
	}
	age, ok := j.Aging.Age(catalogue.PackOf(j.Marks, change))
	switch {
	case !ok:
		return Untold
	case age < account.Days(days):
		return Young
	}
	return ""
}

// told is what the later changes of a file say about its earlier ones.
type told struct {
	expired map[id.Version]bool
	settled map[id.Version]int64
	doubt   bool  // something is held
	after   int64 // the change that took the place of the head before; 0: none
	kept    int   // versions so far that stay, the latest first
}

// Of says what becomes of the versions of a file that are not removed yet, latest first. above is the change since which a folder above it is hidden; 0: none.
func (j *Judge) Of(s *catalogue.Story, above int64) (out []Verdict) {
	t := told{expired: make(map[id.Version]bool), settled: make(map[id.Version]int64), doubt: s.Node.Held > 0}
	gone := Why("shown")
	if hidden := Earlier(Hidden(s), above); hidden != 0 {
		gone = j.due(hidden, j.Rule.Deleted)
	}
	for i := range s.Changes {
		c := &s.Changes[i]
		switch {
		case c.Kind == commit.Expire:
			t.expired[c.Version.Version] = true
		case c.Kind == commit.Settle:
			t.settled[c.Version.Version] = c.Num
		case c.Kind.HasContent() && !c.Version.Version.IsZero():
			if !t.expired[c.Version.Version] {
				v := Verdict{&c.Version, j.one(&t, c, gone, strings.HasPrefix(s.Node.Name, ":"))}
				if v.Why != "" {
					t.kept++
				}
				out = append(out, v)
			}
			if c.Kind != commit.Hold {
				t.after = c.Num
			}
		}
	}
	return out
}

// one says what becomes of the version that a change has made.
func (j *Judge) one(t *told, c *catalogue.Change, gone Why, house bool) Why {
	over := t.after // when it was over
	if c.Kind == commit.Hold {
		over = t.settled[c.Version.Version]
	}
	switch {
	case house:
		return House
	case t.doubt:
		return Held
	case gone == "": // the file is deleted, and its time is over
		return ""
	case over == 0 && c.Kind == commit.Hold: // decided together with the file
		return Held
	case over == 0 && gone == "shown":
		return Head
	case over == 0:
		return gone
	case t.kept < max(1, j.Rule.Keep):
		return Kept
	}
	return j.due(over, j.Rule.Versions)
}

// Count adds a version to a preview.
func Count(r *account.Removal, v Verdict) {
	if v.Why != "" {
		if r.Kept == nil {
			r.Kept = make(map[string]int64)
		}
		r.Kept[string(v.Why)]++
		return
	}
	r.Versions++
	r.Bytes += v.Size
	if r.Oldest.IsZero() || v.Saved.Before(r.Oldest) {
		r.Oldest = v.Saved
	}
	r.Newest = later(r.Newest, v.Saved)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
