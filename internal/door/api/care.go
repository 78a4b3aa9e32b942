package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Status tells about an installation.
type Status struct {
	Version   string       `json:"version"`
	Started   time.Time    `json:"started"`
	Serving   bool         `json:"serving"` // false: the command has opened the vault by itself
	Data      string       `json:"data"`
	Listeners []Listener   `json:"listeners,omitempty"`
	Free      int64        `json:"free"`
	Keeper    KeeperStatus `json:"keeper"`
	Ledger    LedgerStatus `json:"ledger"`
	Vault     vault.Status `json:"vault"`
	Shares    []Share      `json:"shares"`
	Config    []Setting    `json:"config"`
	Copies    *Copies      `json:"copies,omitempty"`  // on media
	Isolated  time.Time    `json:"isolated,omitzero"` // since when the house works apart from the world
	Restore   *Restoring   `json:"restore,omitempty"` // it is read from a medium, and nothing can be saved

	Certificate *Certificate `json:"certificate,omitempty"` // of the doors with TLS
}

// Damage tells in how many packs of which shares damage is known; empty: in none. A share that is not among those that are listed has no name.
func (s *Status) Damage() string {
	var out []string
	for _, d := range s.Vault.Damaged {
		name := d.Share.String()
		for _, x := range s.Shares {
			if x.ID == d.Share {
				name = x.Name
			}
		}
		out = append(out, fmt.Sprintf("%s %d", name, d.Packs))
	}
	return strings.Join(out, ", ")
}

// Tells reports whether anybody is told when the guard freezes somebody: by mail or by a webhook.
func (s Status) Tells() bool {
	return slices.ContainsFunc(s.Config, func(x Setting) bool {
		return (x.Key == "alert_mail_server" || x.Key == "alert_webhook") && x.Value != ""
	})
}

// Restoring tells how far a restore is.
type Restoring struct {
	Medium  string    `json:"medium"`
	State   uint64    `json:"state"`
	Time    time.Time `json:"time"` // of the state
	Bytes   int64     `json:"bytes"`
	OfBytes int64     `json:"of_bytes"`
	Stopped bool      `json:"stopped,omitempty"` // the medium cannot be read, or the disk not written to; it is tried again
}

// Listener is an address at which the storehouse answers.
type Listener struct {
	Door        string `json:"door"` // "webdav", "metrics", "console"
	URL         string `json:"url"`
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the certificate
}

// KeeperStatus tells how the keys are kept.
type KeeperStatus struct {
	Place      string `json:"place"`      // "embedded": on this machine, in this process
	Protection string `json:"protection"` // "key-file", "passphrase", "credential"
	Caution    string `json:"caution"`    // what that does not protect against, in the language asked for
	Sessions   int    `json:"sessions"`

	Reserve *Reserve `json:"reserve,omitempty"` // what it would come back from if it were lost
}

// LedgerStatus tells about the ledger.
type LedgerStatus struct {
	Size      int64     `json:"size"`
	Heartbeat time.Time `json:"heartbeat,omitzero"` // the last one since the start
	PublicKey string    `json:"public_key"`
	Witnesses Witnesses `json:"witnesses"`

	Bucket *LedgerBucket `json:"bucket,omitempty"` // absent: the ledger is copied to none
}

// LedgerBucket tells how far the ledger's copy in a bucket is.
type LedgerBucket struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`              // of the copy
	Copied  time.Time `json:"copied,omitzero"`   // when it was last up to date, since the start
	Days    int       `json:"lock_days"`         // for how long what is put there is locked
	Problem string    `json:"problem,omitempty"` // why the last try has failed, and what to do

	Failed *problem.Error `json:"-"`
}

// Setting is a line of the configuration in force.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"` // "default", "file", "environment", "flag"
}

func (h *handler) status(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if err := h.People.May(r.Context(), s.ID, account.Care, "show status"); err != nil {
		return err
	}
	out, err := h.Status(r.Context())
	if err != nil {
		return err
	}
	list, err := h.People.Shares(r.Context(), s.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		out.Shares = append(out.Shares, shareOf(a))
	}
	if h.Media != nil {
		if out.Copies, err = h.copies(r, s); err != nil {
			return err
		}
	}
	if c := out.Certificate; c != nil {
		c.judge(h.Now(), lang.Pick(r.Header.Get("Accept-Language")))
	}
	if b := out.Ledger.Bucket; b != nil && b.Failed != nil {
		b.Problem = lang.Pick(r.Header.Get("Accept-Language")).Problem(b.Failed.Op, b.Failed.On, b.Failed.Kind.String(), b.Failed.Hint)
	}
	if x, err := h.People.Reserve(r.Context(), s.ID); err == nil {
		out.Keeper.Reserve = &x
	} else if problem.KindOf(err) != problem.Denied { // a program's token may see the machine, and no more
		return err
	}
	out.Keeper.Caution = caution(lang.Pick(r.Header.Get("Accept-Language")), out.Keeper.Protection)
	return writeJSON(w, out)
}

// caution says what a protection of the keys does not protect against.
func caution(l lang.Lang, protection string) string {
	switch protection {
	case "key-file":
		return l.Text("say.caution-key-file")
	case "passphrase":
		return l.Text("say.caution-passphrase")
	default:
		return l.Text("say.caution-credential")
	}
}

// verify answers with findings as they come, and the report last.
func (h *handler) verify(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[VerifyRequest](r)
	if err != nil {
		return err
	}
	if err := h.People.May(r.Context(), s.ID, account.Care, "verify"); err != nil {
		return err
	}
	l := newLines(w, r)
	var broken error
	tell := func(line VerifyLine) {
		if broken == nil {
			broken = errors.Join(l.put(line), l.flush())
		}
	}
	opt := vault.VerifyOptions{Shares: q.Shares, Keys: q.Keys, Progress: func(r vault.VerifyReport) { tell(VerifyLine{Progress: &r}) }}
	report, err := h.Vault.Verify(r.Context(), s, opt, func(f vault.Finding) { tell(VerifyLine{Finding: &f}) })
	if err != nil {
		return l.end(err)
	}
	if broken != nil {
		return broken
	}
	if err := l.put(VerifyLine{Report: &report}); err != nil {
		return err
	}
	return l.end(nil)
}

// rebuildStep is how many frames lie between two lines of progress.
const rebuildStep = 10_000

// rebuild answers with the progress, and the report last.
func (h *handler) rebuild(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[RebuildRequest](r)
	if err != nil {
		return err
	}
	if err := h.People.May(r.Context(), s.ID, account.Care, "rebuild"); err != nil {
		return err
	}
	l := newLines(w, r)
	read := int64(0)
	tell := func(line RebuildLine) { // a client that has gone must not stop a rebuild half way
		l.put(line)
		l.flush()
	}
	report, err := h.Vault.Rebuild(r.Context(), s, q.Share, func(frames int64) {
		if read = frames; frames%rebuildStep == 0 {
			tell(RebuildLine{Frames: frames})
		}
	}, func(f vault.Finding) { tell(RebuildLine{Frames: read, Finding: &f}) })
	if err != nil {
		return l.end(err)
	}
	t := report.Totals
	if err := l.put(RebuildLine{Frames: report.Frames, Report: &RebuildReport{
		Share: q.Share, Findings: report.Findings, Equal: report.Equal, Files: t.Files, Dirs: t.Dirs, Removed: t.Removed, Versions: t.Versions, Bytes: t.Bytes,
	}}); err != nil {
		return err
	}
	return l.end(nil)
}

// EventFilter picks events of the ledger. What is zero picks all.
type EventFilter struct {
	From, To time.Time
	Actor    string
	Share    string
	Path     string // a path, or a directory with everything below; * and ? as in file names
	Kinds    []string
	Limit    int
	Newest   bool  // the latest entry comes first
	Before   int64 // only entries of a lower index; 0: all
	Look     int64 // with Newest: at most so many are looked at; then a last line {"index": N, "rest": true} says that those below N were not
}

// Query returns f as a URL's query.
func (f EventFilter) Query() url.Values {
	q := make(url.Values)
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	if !f.From.IsZero() {
		set("from", f.From.Format(time.RFC3339Nano))
	}
	if !f.To.IsZero() {
		set("to", f.To.Format(time.RFC3339Nano))
	}
	set("actor", f.Actor)
	set("share", f.Share)
	set("path", f.Path)
	q["kind"] = f.Kinds
	if f.Limit > 0 {
		set("limit", strconv.Itoa(f.Limit))
	}
	if f.Newest {
		set("newest", "true")
	}
	if f.Before > 0 {
		set("before", strconv.FormatInt(f.Before, 10))
	}
	if f.Look > 0 {
		set("look", strconv.FormatInt(f.Look, 10))
	}
	return q
}

// filterOf reads what Query wrote.
func filterOf(q url.Values) (f EventFilter, err error) {
	const op = "read ledger"
	when := func(key string) (t time.Time) {
		if v := q.Get(key); v != "" && err == nil {
			if t, err = time.Parse(time.RFC3339Nano, v); err != nil {
				err = invalid(op, key+"="+v, "hint.time")
			}
		}
		return t
	}
	count := func(key string) (n int64) {
		if err == nil {
			n, err = number(q, op, key, 0)
		}
		return n
	}
	f = EventFilter{From: when("from"), To: when("to"), Actor: q.Get("actor"), Share: q.Get("share"), Path: q.Get("path"), Kinds: q["kind"], Limit: int(count("limit")), Before: count("before"), Look: count("look")}
	if err == nil {
		f.Newest, err = truth(q, "newest")
	}
	for _, k := range f.Kinds {
		if err == nil && !lang.Has("event."+k) {
			err = invalid(op, "kind="+k, "hint.kind")
		}
	}
	if err == nil && f.Look > 0 && !f.Newest {
		err = invalid(op, "look", "hint.look")
	}
	return f, err
}

func (h *handler) events(w http.ResponseWriter, r *http.Request, s account.Session) error {
	f, err := filterOf(r.URL.Query())
	if err != nil {
		return err
	}
	return sequence(w, r, h.Ledger.Events(r.Context(), s, f), func(e json.RawMessage) json.RawMessage { return e })
}

// Proof is what convinces anybody that an entry stands in the ledger: with the public key, which they should have from elsewhere.
type Proof struct {
	Proof     string          `json:"proof"` // C2SP tlog-proof
	Sealed    []byte          `json:"sealed"`
	PublicKey string          `json:"public_key"`
	Entry     json.RawMessage `json:"entry"` // what it says
}

func (h *handler) proof(w http.ResponseWriter, r *http.Request, s account.Session) error {
	index, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return problem.New(problem.NotFound, "prove", "", err)
	}
	p, err := h.Ledger.Proof(r.Context(), s, index)
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}

func (h *handler) readingKey(w http.ResponseWriter, r *http.Request, s account.Session) error {
	key, err := h.Ledger.ReadingKey(r.Context(), s)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, key)
}
