package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/sheet"
)

// Drills rehearses restores of media. Whatever begins or ends one works at the console only.
type Drills interface {
	// Rehearse rehearses a medium with the keys of the house.
	Rehearse(ctx context.Context, s account.Session, q DrillRequest, tell func(DrillProgress)) (Drill, error)
	BeginDrill(ctx context.Context, s account.Session, q NewDrill) (Drill, error)
	// DrillReadings enters what is about to be opened elsewhere with a card and papers, and tells what of it the house does not keep any more:
	// that is not to be opened.
	DrillReadings(ctx context.Context, s account.Session, number int, list []DrillReading) (gone []id.Version, err error)
	EndDrill(ctx context.Context, s account.Session, number int, r account.DrillResult) (Drill, error)
	Drills(ctx context.Context, s account.Session) ([]Drill, error)
}

// Drill is a rehearsal of a restore.
type Drill = account.Drill

// DrillRequest says what is to be rehearsed.
type DrillRequest struct {
	Path   string `json:"path"`
	State  uint64 `json:"state,omitempty"`  // 0: the last
	All    bool   `json:"all,omitempty"`    // every version; otherwise a sample
	Sample int    `json:"sample,omitempty"` // so many versions; 0: 200
	Seed   uint64 `json:"seed,omitempty"`   // by which they are picked
	Into   string `json:"into,omitempty"`   // an empty folder to write them into, in clear; empty: they are written nowhere
}

// NewDrill says what is about to be opened with a key card and papers.
type NewDrill struct {
	Medium id.Medium `json:"medium"`
	State  uint64    `json:"state"`
	Of     time.Time `json:"of"` // the time of that state
	Card   string    `json:"card,omitempty"`
	Papers int       `json:"papers,omitempty"`
	Code   string    `json:"code,omitempty"`
	All    bool      `json:"all,omitempty"`
	Asked  int       `json:"asked,omitempty"`
	Seed   uint64    `json:"seed,omitempty"`
	Kept   bool      `json:"kept,omitempty"`
}

// DrillSample is how many versions a drill takes if nobody says otherwise.
const DrillSample = 200

// DrillProgress is how far a drill is.
type DrillProgress struct {
	Shares   int   `json:"shares"` // whose names were read
	OfShares int   `json:"of_shares"`
	Tried    int64 `json:"tried"` // versions
	Of       int64 `json:"of"`
	Bytes    int64 `json:"bytes"`
	OfBytes  int64 `json:"of_bytes"`
	Failed   int   `json:"failed"`
}

// DrillLine is one line of a drill: how far it is, or at the end what came of it.
type DrillLine struct {
	Progress *DrillProgress `json:"progress,omitempty"`
	Drill    *Drill         `json:"drill,omitempty"`
}

// DrillReading is a version that is about to be opened with a card and papers.
type DrillReading struct {
	Share   id.Share   `json:"share"`
	Version id.Version `json:"version"`
	Path    string     `json:"path"`
	Size    int64      `json:"size"`
}

// DrillReadingList are such versions.
type DrillReadingList struct {
	Readings []DrillReading `json:"readings"`
}

// DrillGone are versions that the house does not keep any more.
type DrillGone struct {
	Gone []id.Version `json:"gone"`
}

// DrillList are the drills that the house remembers.
type DrillList struct {
	Drills []Drill `json:"drills"`
}

func (h *handler) drillRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/drills":                    h.drills,
		"POST /v1/drills":                   h.beginDrill,
		"POST /v1/drills/rehearse":          h.rehearse,
		"POST /v1/drills/{number}/readings": h.drillReadings,
		"POST /v1/drills/{number}/end":      h.endDrill,
		"GET /v1/drills/{number}/report":    h.drillReport,
	}
}

func (h *handler) drills(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.Media.Drills(r.Context(), s)
	if err != nil {
		return err
	}
	if list == nil {
		list = []Drill{}
	}
	return writeJSON(w, DrillList{list})
}

// rehearse answers with the progress, and the result last.
func (h *handler) rehearse(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[DrillRequest](r)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	told := time.Time{}
	out, err := h.Media.Rehearse(r.Context(), s, q, func(p DrillProgress) {
		if now := h.Now(); now.Sub(told) >= syncStep || p.Tried == p.Of {
			told = now
			_ = l.put(DrillLine{Progress: &p})
			_ = l.flush()
		}
	})
	if err != nil {
		return l.end(err)
	}
	if err := l.put(DrillLine{Drill: &out}); err != nil {
		return err
	}
	return l.end(nil)
}

func (h *handler) beginDrill(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewDrill](r)
	if err != nil {
		return err
	}
	x, err := h.Media.BeginDrill(r.Context(), s, q)
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

func (h *handler) drillReadings(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[DrillReadingList](r)
	if err != nil {
		return err
	}
	n, err := drillNumber(r)
	if err != nil {
		return err
	}
	gone, err := h.Media.DrillReadings(r.Context(), s, n, q.Readings)
	if err != nil {
		return err
	}
	if gone == nil {
		gone = []id.Version{}
	}
	return writeJSON(w, DrillGone{gone})
}

func (h *handler) endDrill(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[account.DrillResult](r)
	if err != nil {
		return err
	}
	n, err := drillNumber(r)
	if err != nil {
		return err
	}
	x, err := h.Media.EndDrill(r.Context(), s, n, q)
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

func drillNumber(r *http.Request) (int, error) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 1 {
		return 0, invalid("rehearse medium", r.PathValue("number"), "hint.drill-unknown")
	}
	return n, nil
}

// drillReport is the report of a drill that was entered, for auditors.
func (h *handler) drillReport(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := drillNumber(r)
	if err != nil {
		return err
	}
	list, err := h.Media.Drills(r.Context(), s)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Number != n {
			continue
		}
		doc := sheet.Drill{Drill: x, At: h.Now()}
		if p, err := h.People.Policy(r.Context(), s.ID); err == nil {
			doc.Firm = p.Firm
		}
		return sendSheet(w, r, doc)
	}
	return &problem.Error{Kind: problem.NotFound, Op: "rehearse medium", On: strconv.Itoa(n), Hint: "hint.drill-unknown"}
}

// page is a sheet to print or to read.
type page interface {
	PDF(l lang.Lang, font string) ([]byte, error)
	HTML(l lang.Lang) ([]byte, error)
}

// sendSheet answers with a sheet in the form that the query names.
func sendSheet(w http.ResponseWriter, r *http.Request, p page) error {
	l, kind := lang.Pick(r.Header.Get("Accept-Language")), "application/pdf"
	var b []byte
	var err error
	switch r.URL.Query().Get("format") {
	case "", "pdf":
		b, err = p.PDF(l, "")
	case "html":
		kind = "text/html; charset=utf-8"
		b, err = p.HTML(l)
	default:
		return invalid("read", r.URL.Query().Get("format"), "hint.drill-report")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}
