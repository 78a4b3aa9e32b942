package vault

import (
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
)

// History follows the name. Programs save by writing a temporary file and renaming it onto the name,
// after they have renamed or removed what stood there. What a person calls "the file" is the name, so
// the file that had the name a moment ago continues under it.

// soon is how long after a name was vacated its next holder counts as the same file, when that holder
// comes by rename. A save onto the name of a removed file continues it whenever it comes: it has no
// other history to go by.
const soon = 60 * time.Second

// vacated remembers which file moved away from a name, and who moved it. It is owned by the committer;
// it is forgotten at a restart, and then a save in that minute begins a new file.
type vacated struct{ names map[spot]departure }

type spot struct {
	dir id.File
	key string
}

type departure struct {
	file id.File
	by   id.Account
	when time.Time
}

func newVacated() *vacated { return &vacated{make(map[spot]departure)} }

func (v *vacated) add(dir id.File, name string, d departure) {
	if len(v.names) > 4096 {
		for s, old := range v.names {
			if d.when.Sub(old.when) > soon {
				delete(v.names, s)
			}
		}
	}
	if len(v.names) > 1<<16 { // a storm of renames within a minute: forgetting is harmless
		clear(v.names)
	}
	v.names[spot{dir, pathname.Key(name)}] = d
}

// predecessor returns the file that had the target's name until a moment ago and continues there, with
// the operations that leave a stand-in where it is now. recent: only if it was removed a moment ago, too.
func (p *planner) predecessor(t target, s account.Session, recent bool) (file id.File, after []commit.Op, ok bool) {
	at := spot{t.dir, pathname.Key(t.name.Base())}
	if d, found := p.sh.vacated.names[at]; found && d.by == s.Account && p.when.Sub(d.when) <= soon {
		delete(p.sh.vacated.names, at)
		if n, err := p.Node(p.ctx, d.file); err == nil && !n.Dir {
			if n.Removed.IsZero() {
				standIn := id.NewFile()
				after = copyNode(n, standIn, n.Parent, n.Name)
				p.handLocks(n.File, standIn)
			}
			return n.File, after, true
		}
	}
	former, err := p.Former(p.ctx, t.dir, t.name.Base())
	if err != nil {
		return id.File{}, nil, false
	}
	for _, n := range former {
		if !n.Dir && (!recent || p.when.Sub(n.Removed) <= soon) {
			return n.File, nil, true
		}
	}
	return id.File{}, nil, false
}

// leave remembers that a node moves away from or is removed from where it stands.
func (p *planner) leave(n catalogue.Node, s account.Session) {
	if !n.Dir {
		p.sh.vacated.add(n.Parent, n.Name, departure{n.File, s.Account, p.when})
	}
}
