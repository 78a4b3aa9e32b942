package cases

import (
	"context"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// Class is a number of the findings that can be opened.
type Class string

// The numbers: the three of the exposure, and what is counted beside them.
const (
	Confirmed Class = "confirmed"
	Possible  Class = "possible"
	Exempt    Class = "exempt"
	Altered   Class = "altered"
	Lost      Class = "lost"
	Own       Class = "own"
)

var classes = map[Class]exposure.Class{Confirmed: exposure.Confirmed, Possible: exposure.Possible, Exempt: exposure.Exempt, Altered: exposure.Changed,
	Lost: exposure.Lost, Own: exposure.Uploaded}

// Filter says which number is opened, and how much of it.
type Filter struct {
	Class    Class
	Place    *exposure.Place // nil: all
	Share    string          // of files; "": all
	Unlinked bool            // files that no rule links to anybody, and persons whom nothing else puts here
	Offset   int
	Limit    int
}

// File is a file of a list, and why it stands there.
type File struct {
	Share   string   `json:"share"`
	Path    string   `json:"path"`              // where it stands, or stood last
	Before  []string `json:"before,omitempty"`  // where it stood before
	Marks   []string `json:"marks"`             // E, I, P, K, C, U of the design, in words
	Entries []int64  `json:"entries,omitempty"` // of the ledger, that prove it
	Gaps    []int    `json:"gaps,omitempty"`    // of the exposure
}

// markWords are the marks in words, in the order of the design's letters.
var markWords = []struct {
	mark exposure.Mark
	word string
}{{exposure.Altered, "altered"}, {exposure.Intact, "intact"}, {exposure.Released, "released"}, {exposure.Reach, "reach"}, {exposure.Cipher, "cipher"}, {exposure.Gap, "gap"},
	{exposure.Handled, "handled"}, {exposure.Own, "own"}}

// remember keeps findings for a while, and no longer: there are names of persons in them, whose keys were handed out for minutes. The desk
// is held.
func (d *Desk) remember(key viewer, f *Findings) {
	if len(d.recent) >= mostRecent {
		clear(d.recent)
	}
	if d.recent == nil {
		d.recent = make(map[viewer]*Findings)
	}
	d.recent[key] = f
	d.keepHead(f)
	time.AfterFunc(recentFor, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if now := d.recent[key]; now != nil && now.source == f.source { // it may have got other lines of the register
			delete(d.recent, key)
		}
	})
}

const (
	recentFor  = 10 * time.Minute
	mostRecent = 4
)

// People yields the persons that count in a number.
func (f *Findings) People(q Filter) ([]*roster.Person, error) {
	class, ok := classes[q.Class]
	if !ok {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "case", On: string(q.Class), Hint: "hint.case-class"}
	}
	var out []*roster.Person
	for n := range f.answer.People(exposure.Filter{Class: class, Place: q.Place, Unlinked: q.Unlinked}) {
		if q.Offset--; q.Offset >= 0 {
			continue
		}
		if out = append(out, f.Persons.People[n]); q.Limit > 0 && len(out) == q.Limit {
			break
		}
	}
	return out, nil
}

// Files returns the files that count in a number.
func (f *Findings) Files(ctx context.Context, s account.Session, q Filter) (out []File, err error) {
	class, ok := classes[q.Class]
	if !ok {
		return nil, &problem.Error{Kind: problem.Invalid, Op: "case", On: string(q.Class), Hint: "hint.case-class"}
	}
	e := exposure.Filter{Class: class, Place: q.Place, Unlinked: q.Unlinked, Offset: q.Offset, Limit: q.Limit}
	if q.Share != "" {
		n, err := f.source.share(q.Share)
		if err != nil {
			return nil, err
		}
		e.Share = &n
	}
	err = f.source.on(ctx, s, func() error {
		for _, x := range f.answer.List(e) {
			y := File{Share: f.source.names[x.Share], Entries: x.Proof, Gaps: x.Gaps}
			for i, p := range x.Paths {
				if i == 0 {
					y.Path = string(p)
				} else {
					y.Before = append(y.Before, string(p))
				}
			}
			for _, w := range markWords {
				if x.Marks&w.mark != 0 {
					y.Marks = append(y.Marks, w.word)
				}
			}
			out = append(out, y)
		}
		return nil
	})
	return out, err
}

// share finds a share by its name.
func (x *source) share(name string) (id.Share, error) {
	for n, other := range x.names {
		if pathname.Key(other) == pathname.Key(name) {
			return n, nil
		}
	}
	return id.Share{}, &problem.Error{Kind: problem.NotFound, Op: "case", On: name, Hint: "hint.no-such-share"}
}
