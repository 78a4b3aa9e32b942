package api

import (
	"context"
	"net/http"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// Media makes copies of the house on media, and knows of them. Whatever names a path works on the machine of the storehouse, and only for
// who sits there.
type Media interface {
	Media(ctx context.Context, s account.Session) (Copies, error)
	MakeMedium(ctx context.Context, s account.Session, q NewMedium) (Medium, error)
	SyncMedium(ctx context.Context, s account.Session, q SyncRequest, tell func(SyncLine)) (Synced, error)
	CheckedMedium(ctx context.Context, s account.Session, m id.Medium, findings int) error
	EjectMedium(ctx context.Context, s account.Session, m id.Medium) error
	RetireMedium(ctx context.Context, s account.Session, m id.Medium, reason string) error
	Drills
}

// Medium is a disk with copies of the house.
type Medium = account.Medium

// Copies tells of the media, and how well the house is copied.
type Copies struct {
	Media     []Medium   `json:"media"`           // those that were retired at the end
	Newest    time.Time  `json:"newest,omitzero"` // the time of the latest state on any of them
	Level     string     `json:"level"`           // "good"; "look"; "bad": none, or none in time
	Text      string     `json:"text"`            // that in words
	Days      int        `json:"days"`            // how old the latest may become
	Hours     int        `json:"hours"`           // how long one may stay connected
	Next      *NextCopy  `json:"next,omitempty"`  // which to bring; absent: there is none
	Rules     []CopyRule `json:"rules"`           // 3-2-1-1-0
	Attached  []string   `json:"attached"`        // labels of those that are connected
	TooLong   []string   `json:"too_long"`        // of them, for longer than they may
	PublicKey string     `json:"public_key"`      // of the ledger: what media are verified with

	DrillDays int          `json:"drill_days"`           // how old the last drill of a set that went well may become; 0: nobody is reminded
	Drills    []DrilledSet `json:"drills"`               // of each set of media, when it was rehearsed last
	LastDrill *Drill       `json:"last_drill,omitempty"` // of any; absent: there was none

	Failed []FailedCopy `json:"failed,omitempty"` // buckets to which the last daily copy has failed, since the storehouse was started
}

// FailedCopy tells why a daily copy to a bucket has failed.
type FailedCopy struct {
	Label   string        `json:"label"`
	When    time.Time     `json:"when"`
	Text    string        `json:"text"` // why, and what to do
	Problem problem.Error `json:"-"`
}

// NextCopy is the medium whose turn it is.
type NextCopy struct {
	Set   string    `json:"set,omitempty"`
	Label string    `json:"label"`
	By    time.Time `json:"by"` // then the latest copy becomes too old
	Text  string    `json:"text"`
}

// CopyRule is one of 3-2-1-1-0: three copies, on two kinds of media, one elsewhere, one switched off, no error.
type CopyRule struct {
	Rule  string `json:"rule"`  // "copies", "kinds", "elsewhere", "offline", "errors"
	Level string `json:"level"` // as in Copies
	Text  string `json:"text"`
}

// NewMedium asks to make a medium of an empty folder.
type NewMedium struct {
	Path  string `json:"path"`
	Label string `json:"label"`
	Set   string `json:"set,omitempty"`
	Place string `json:"place,omitempty"`
	Lock  int    `json:"lock_days,omitempty"` // for how many days a bucket locks what is put into it; 0: 90
}

// SyncRequest asks to copy what is new to a medium.
type SyncRequest struct {
	Path string `json:"path"`
	Mend bool   `json:"mend,omitempty"`
}

// SyncProgress is how far that is.
type SyncProgress struct {
	Bytes   int64 `json:"bytes"`
	Of      int64 `json:"of"`
	Objects int64 `json:"objects"`
	OfThem  int64 `json:"of_objects"`
	Read    int64 `json:"read"` // bytes that were read back
	ReadOf  int64 `json:"of_read"`
}

// Synced tells what was copied.
type Synced struct {
	ID       id.Medium     `json:"id"`
	Label    string        `json:"label"`
	State    uint64        `json:"state"`
	Time     time.Time     `json:"time"`
	Size     int64         `json:"size"` // of the ledger in it
	Packs    int64         `json:"packs"`
	Bytes    int64         `json:"bytes"`
	Copied   int64         `json:"copied"`
	Mended   int64         `json:"mended"`
	Resumed  int64         `json:"resumed"`
	SameDisk bool          `json:"same_disk"`             // it lies on the disk of the house, and is lost with it
	Until    time.Time     `json:"locked_until,omitzero"` // of a bucket: until when all of it is locked at least
	Findings []CopyFinding `json:"findings"`              // at most 1,000
	Found    int           `json:"found"`                 // all

	Unread   int64   `json:"unread"`           // bytes that were not read back yet
	ReadOf   int64   `json:"of_read"`          // bytes that were to be read back
	Lied     int     `json:"lied"`             // objects that the medium gave back otherwise than they were written; they were copied again
	CopyTime float64 `json:"copy_seconds"`     // until the state was complete
	ReadTime float64 `json:"read_seconds"`     // then, until all of it was read back
	Hosted   bool    `json:"hosted,omitempty"` // a program runs its file system: what was read back may have come from the memory of this machine
}

// CopyFinding is something on a medium, or in the house, that is not as it should be.
type CopyFinding struct {
	Object string `json:"object,omitempty"`
	Share  string `json:"share,omitempty"`
	Pack   uint64 `json:"pack,omitempty"`
	State  uint64 `json:"state,omitempty"`
	Reason string `json:"reason"`
	Text   string `json:"text,omitempty"`
}

// SyncLine is one line of a copy: how far it is; once there is something to read back, that the state is complete; at the end what was done.
type SyncLine struct {
	Progress *SyncProgress `json:"progress,omitempty"`
	Copied   *Synced       `json:"copied,omitempty"`
	Synced   *Synced       `json:"synced,omitempty"`
}

// CheckedRequest tells what a verification has found.
type CheckedRequest struct {
	Findings int `json:"findings"`
}

// RetireRequest says why.
type RetireRequest struct {
	Reason string `json:"reason"`
}

func (h *handler) mediaRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/media":               h.media,
		"POST /v1/media":              h.makeMedium,
		"POST /v1/media/sync":         h.syncMedium,
		"POST /v1/media/{id}/checked": h.checkedMedium,
		"POST /v1/media/{id}/ejected": h.ejectMedium,
		"POST /v1/media/{id}/retire":  h.retireMedium,
	}
}

func (h *handler) media(w http.ResponseWriter, r *http.Request, s account.Session) error {
	c, err := h.copies(r, s)
	if err != nil {
		return err
	}
	return writeJSON(w, c)
}

// copies tells of the media in the language of a request.
func (h *handler) copies(r *http.Request, s account.Session) (*Copies, error) {
	c, err := h.Media.Media(r.Context(), s)
	if err != nil {
		return &c, err
	}
	drills, err := h.Media.Drills(r.Context(), s)
	c.judge(h.Now(), lang.Pick(r.Header.Get("Accept-Language")), drills)
	return &c, err
}

func (h *handler) makeMedium(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewMedium](r)
	if err != nil {
		return err
	}
	m, err := h.Media.MakeMedium(r.Context(), s, q)
	if err != nil {
		return err
	}
	return writeJSON(w, m)
}

// syncMedium answers with the progress, and what was done last.
func (h *handler) syncMedium(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[SyncRequest](r)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	told := time.Time{}
	out, err := h.Media.SyncMedium(r.Context(), s, q, func(x SyncLine) {
		now, p := h.Now(), x.Progress
		if p == nil || now.Sub(told) >= syncStep || p.Objects == p.OfThem && p.Read == p.ReadOf {
			told = now
			_ = l.put(x) // a client that has gone ends the request, and that the copy
			_ = l.flush()
		}
	})
	if err != nil {
		return l.end(err)
	}
	if err := l.put(SyncLine{Synced: &out}); err != nil {
		return err
	}
	return l.end(nil)
}

// syncStep is how much time lies between two lines of progress.
const syncStep = 200 * time.Millisecond

func (h *handler) checkedMedium(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[CheckedRequest](r)
	if err != nil {
		return err
	}
	m, err := mediumOf(r)
	if err != nil {
		return err
	}
	return done(w, h.Media.CheckedMedium(r.Context(), s, m, q.Findings))
}

func (h *handler) ejectMedium(w http.ResponseWriter, r *http.Request, s account.Session) error {
	m, err := mediumOf(r)
	if err != nil {
		return err
	}
	return done(w, h.Media.EjectMedium(r.Context(), s, m))
}

func (h *handler) retireMedium(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RetireRequest](r)
	if err != nil {
		return err
	}
	m, err := mediumOf(r)
	if err != nil {
		return err
	}
	return done(w, h.Media.RetireMedium(r.Context(), s, m, q.Reason))
}

func mediumOf(r *http.Request) (m id.Medium, err error) {
	if m.UnmarshalText([]byte(r.PathValue("id"))) != nil {
		return m, invalid("open medium", r.PathValue("id"), "hint.medium-unknown")
	}
	return m, nil
}
