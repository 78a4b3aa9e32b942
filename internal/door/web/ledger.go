package web

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// entry is a line of the ledger on a page.
type entry struct {
	Index   int64     `json:"index"`
	When    time.Time `json:"when"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	Target  string    `json:"target"`
	Address string    `json:"address"`
	Door    string    `json:"door"`
	Purpose string    `json:"purpose"`
	Share   string    `json:"share_name"`
	Note    string    `json:"note"`
	Size    int64     `json:"size"`
	Closed  string    `json:"closed"`
	Rest    bool      `json:"rest"`
	Files   []struct {
		Path string `json:"path"`
	} `json:"files"`
	Omitted int `json:"files_omitted"`
}

// maxShown is how many files of one entry a page names.
const maxShown = 5

// More is how many files the page does not name.
func (e entry) More() int { return max(len(e.Files)-maxShown, 0) + e.Omitted }

// Named are the files that it names.
func (e entry) Named() (out []string) {
	for _, f := range e.Files[:min(len(e.Files), maxShown)] {
		out = append(out, f.Path)
	}
	return out
}

// maxLooked bounds how many entries are looked at for one page: about a second.
const maxLooked = 200_000

// entries are the latest that a filter picks, and where those begin that were not looked at; 0: nowhere.
func (v *visit) entries(f api.EventFilter) (out []entry, rest int64, err error) {
	f.Newest, f.Look = true, maxLooked
	for raw, err := range v.api.Events(v.r.Context(), f) {
		if err != nil {
			return nil, 0, err
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, 0, problem.New(problem.Internal, "read ledger", "", err)
		}
		if e.Rest {
			return out, e.Index, nil
		}
		out = append(out, e)
	}
	if n := len(out); n > 0 && n == f.Limit {
		rest = out[n-1].Index
	}
	return out, rest, nil
}

// older is the query of the page with what was not looked at; empty: there is none.
func (v *visit) older(rest int64) template.URL {
	if rest == 0 {
		return ""
	}
	q := v.r.URL.Query()
	q.Set("before", fmt.Sprint(rest))
	return template.URL(q.Encode())
}

// before is where a page of entries begins.
func (v *visit) before() (n int64, err error) {
	if b := v.r.URL.Query().Get("before"); b != "" {
		if n, err = strconv.ParseInt(b, 10, 64); err != nil || n < 0 {
			return 0, &problem.Error{Kind: problem.Invalid, Op: "read ledger", On: "before=" + b, Hint: "hint.whole-number", Err: err}
		}
	}
	return n, nil
}

// ledgerPage is a page of the ledger.
type ledgerPage struct {
	Entries  []entry
	Kinds    []string
	Kind     string
	Actor    string
	Share    string
	Path     string
	From, To string
	Next     template.URL // the query of the next page
}

// pageLength is how many entries a page has.
const pageLength = 100

// kinds are the kinds that people look for.
var kinds = []string{"released", "refused", "saved", "changed", "unlocked", "login", "login-failed", "logout", "day-opened", "day-closed", "account-made",
	"account-changed", "account-removed", "invited", "factor-made", "factor-removed", "device-made", "device-removed", "token-made", "token-removed",
	"rights-changed", "group-changed", "share-made", "share-erased", "retention-set", "versions-removed", "removal-ended", "proposed", "confirmed", "withdrawn", "renewal-begun", "policy-changed", "reading-key-given", "frozen", "thawed", "settled", "case-opened", "case-changed", "case-closed", "case-written", "case-read",
	"inquiry-noted", "inquiries-read", "lookup-opened", "lookup-closed", "receipt-given", "receipt-revoked", "receipt-opened", "register-set", "firm-set", "noticed", "job-begun", "job-ended", "trap-set", "trap-removed",
	"medium-made", "medium-synced", "medium-read", "medium-checked", "medium-connected", "medium-gone", "medium-retired",
	"appliance-event", "appliance-alert", "logs-kept", "logs-counted", "logs-read", "logs-checked", "logs-removed", "drill-begun", "drill-ended"}

func (v *visit) ledger() error {
	q := v.r.URL.Query()
	p := ledgerPage{Kinds: kinds, Kind: q.Get("kind"), Actor: q.Get("actor"), Share: q.Get("share"), Path: q.Get("path"), From: q.Get("from"), To: q.Get("to")}
	f := api.EventFilter{Actor: p.Actor, Share: p.Share, Path: p.Path, Limit: pageLength}
	f.Kinds = kinds // heartbeats and packs are for machines
	if p.Kind != "" {
		f.Kinds = []string{p.Kind}
	}
	var err error
	if f.From, err = dayOf(p.From); err != nil {
		return err
	}
	if f.To, err = dayOf(p.To); err != nil {
		return err
	}
	if !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1)
	}
	if f.Before, err = v.before(); err != nil {
		return err
	}
	var rest int64
	if p.Entries, rest, err = v.entries(f); err != nil {
		return err
	}
	p.Next = v.older(rest)
	return v.show("ledger", p)
}

// proofOf sends the proof of an entry: what to verify, with what, and what it says.
func (v *visit) proofOf() error {
	var index int64
	if _, err := fmt.Sscan(v.r.PathValue("index"), &index); err != nil {
		return problem.New(problem.NotFound, "prove", "", err)
	}
	p, err := v.api.Proof(v.r.Context(), index)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("azekura-entry-%d", index)
	v.send("application/zip", name+".zip")
	z := zip.NewWriter(v.w)
	for _, f := range []struct {
		name string
		data []byte
	}{{name + ".tlog-proof", []byte(p.Proof)}, {name + ".entry", p.Sealed}, {"public-key", []byte(p.PublicKey + "\n")}, {name + ".json", p.Entry},
		{"README.txt", []byte(v.lang.Text("web.proof-readme", name))}} {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // too late for a page
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

func dayOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, time.Local)
	if err != nil {
		return t, problem.New(problem.Invalid, "read ledger", s, err)
	}
	return t, nil
}
