// Package drill rehearses an attack on a scratch storehouse that it makes for it: behaviours play through its real doors, while other people
// go on working, and what the guard did is measured. It is given files to copy, never a storehouse to attack.
package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/azekura/azekura/internal/drill/behaviour"
	"github.com/azekura/azekura/internal/lang"
)

// Config says what is rehearsed.
type Config struct {
	Sample   *Sample // what is copied into each scratch storehouse
	Profiles []behaviour.Profile
	Seed     uint64
	Guard    Guard
	Temp     string // where scratch storehouses are made; empty: the system's directory for such
	Now      func() time.Time
}

// Guard is how the guard is set: as in the house that is rehearsed for.
type Guard struct {
	Mode       string `json:"guard"`
	FalseAlarm int64  `json:"guard_false_alarm"`
	Removals   int    `json:"guard_removals"`
}

// Result is how a rehearsal went.
type Result struct {
	Profile   string         `json:"profile"`
	About     string         `json:"about"`
	Door      behaviour.Door `json:"door"`
	Files     int            `json:"files"`            // in the scratch storehouse
	Touched   int            `json:"touched"`          // that the attacker did something to, as far as it was told
	Changed   int            `json:"changed"`          // whose content is another one, or gone, for others
	Renamed   int            `json:"renamed"`          // that others find under another name only
	Held      int            `json:"held"`             // saves and removals that were held back
	Stopped   int            `json:"stopped"`          // parties that were frozen
	Parties   int            `json:"parties"`          //
	Seconds   float64        `json:"seconds"`          // from the beginning to the end of the attack, by the clock of the rehearsal
	Freeze    *float64       `json:"freeze,omitempty"` // seconds from the first file touched to the freeze, of the last party if there are more; by the same clock. Missing: nobody was frozen
	Found     int            `json:"found"`            // files that the damage names
	Missed    int            `json:"missed"`           // files that it should name, and does not
	Wrong     int            `json:"wrong"`            // files that it names, and should not
	Undo      float64        `json:"undo"`             // seconds that the rollback took
	Left      int            `json:"left"`             // files that are not what they were after it
	Work      int            `json:"work"`             // what the colleague did meanwhile
	Disturbed int            `json:"disturbed"`        // of it, what failed
	Lost      int            `json:"lost"`             // of the colleague's saves, how many are not there after the rollback
	Noticed   bool           `json:"noticed"`
}

// MostChanged is how many files may be something else for others before an attack is stopped.
const MostChanged = 5

// Good reports whether a rehearsal went as it should.
func (r *Result) Good() bool { return len(r.Faults(lang.English)) == 0 }

// True is how many files the damage should name.
func (r *Result) True() int { return r.Found + r.Missed - r.Wrong }

// Through returns the profiles as they are played through a door; "both": through WebDAV and through SFTP; empty: each through its own.
// Those that a door has no words for are left out.
func Through(list []behaviour.Profile, door string) (out []behaviour.Profile) {
	doors := []behaviour.Door{behaviour.Door(door)}
	if door == "both" {
		doors = []behaviour.Door{behaviour.WebDAV, behaviour.SFTP}
	}
	for _, p := range list {
		for _, d := range doors {
			if q, ok := p.Through(d); ok {
				out = append(out, q)
			}
		}
	}
	return out
}

// Run rehearses one profile after the other, each in a scratch storehouse of its own. It tells what comes next, and how each went.
func Run(ctx context.Context, cfg Config, next func(behaviour.Profile), tell func(Result) error) error {
	sweep(cfg)
	for _, p := range cfg.Profiles {
		p, _ = p.Through("")
		next(p)
		r, err := rehearse(ctx, cfg, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := tell(r); err != nil {
			return err
		}
	}
	return nil
}

// Span says how long something took, in a few letters.
func Span(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case seconds < 99.5:
		return fmt.Sprintf("%.2f s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 72*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f d", d.Hours()/24)
	}
}

// After says how long it took to freeze; "-" if nobody was.
func (r *Result) After() string {
	if r.Freeze == nil {
		return "-"
	}
	return Span(*r.Freeze)
}
