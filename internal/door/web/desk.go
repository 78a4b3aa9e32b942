package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// incident is the page of a case: everything with which the privacy officer runs it.
type incident struct {
	api.Case
	Proposed   time.Time       // when the firm knew, as far as can be guessed
	First      account.Knowing // what the form for who knew begins with
	Fields     []fact
	Unknown    int // of them that nobody has said anything about
	Accounts   []api.Account
	Shares     []api.Share
	Writes     bool // who looks may change it
	Chart      *chart
	ChartWrong string
	Next       *api.DueBy           // the deadline that comes next
	Appliances *api.ApplianceEvents // nil: none was ever collected, or they cannot be read
}

// fact is a field of the form for what only people know, with what they have said.
type fact struct {
	account.FactField
	Value, By string
	At        time.Time
}

func (v *visit) incident() (err error) {
	ctx, n := v.r.Context(), v.r.PathValue("id")
	var p incident
	if p.Case, err = v.api.Case(ctx, n); err != nil {
		return err
	}
	p.Writes = v.may(account.Freeze) && p.Closed.IsZero()
	if t, proposed := p.Clock(); proposed {
		p.Proposed = t.Local()
		if p.First.When = p.Proposed; !p.Alarm.IsZero() {
			p.First.How = v.lang.Text("web.case-by-alarm")
		}
	}
	for _, f := range account.FactFields {
		x := fact{FactField: f}
		if i := slices.IndexFunc(p.Facts, func(y account.Fact) bool { return y.Key == f.Key }); i >= 0 {
			x.Value, x.By, x.At = p.Facts[i].Value, p.Facts[i].By, p.Facts[i].At
		}
		if p.Fields = append(p.Fields, x); x.Value == "" && !strings.HasPrefix(f.Key, "mute-") {
			p.Unknown++
		}
	}
	if v.may(account.Freeze) {
		if p.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
			return err
		}
		if p.Shares, err = collect(v.api.Shares(ctx)); err != nil {
			return err
		}
	}
	due, err := v.api.Deadlines(ctx, n)
	if err != nil {
		return err
	}
	p.Next = due.Next()
	if p.Chart, err = v.chart(p.Case); err != nil {
		if k := problem.KindOf(err); k != problem.Invalid && k != problem.Damaged && k != problem.Unavailable {
			return err
		}
		p.ChartWrong = v.sentence(err) // the rest of the page is needed all the more
	}
	if told, err := v.api.ApplianceEvents(ctx, n); err == nil && (len(told.Events) > 0 || p.collects(v)) {
		p.Appliances = &told
	}
	return v.show("case", p)
}

// collects reports whether appliances send their logs to this house.
func (*incident) collects(v *visit) bool {
	if !v.may(account.ReadLedger) && !v.may(account.Settle) {
		return false
	}
	s, err := v.api.LogState(v.r.Context())
	return err == nil && len(s.Settings.Sources) > 0
}

// caseActs are the acts on a case, with the part of its page that they lead back to.
func (v *visit) caseAct() error {
	n, act := v.r.PathValue("id"), v.r.PathValue("act")
	switch act {
	case "rehearse", "rollback":
		return v.undo(n, act == "rehearse")
	case "due-done", "due-open", "due-mute", "due-unmute":
		return v.duty(n, act)
	}
	o, part, key, err := v.write(n, act)
	switch {
	case err != nil:
		return err
	case o.Proposal != nil:
		part, key = "waiting", "web.proposed"
	}
	return v.done("/cases/"+n+"#"+part, key)
}

// duty says that something was told, or why nobody need be reminded of it any more.
func (v *visit) duty(n, act string) error {
	key, value := "done-"+v.form("duty"), ""
	switch act {
	case "due-done":
		value = "yes"
	case "due-mute":
		if value = strings.TrimSpace(v.form("reason")); value == "" {
			return &problem.Error{Kind: problem.Invalid, Op: "case", On: n, Hint: "hint.case-reason"}
		}
		fallthrough
	case "due-unmute":
		key = "mute-" + v.form("duty")
	}
	return v.after(v.api.SetFact(v.r.Context(), n, key, value), "/cases/"+n+"/deadlines", "web.saved")
}

// write does what a form of a case's page asks for.
func (v *visit) write(n, act string) (o api.Outcome, part, key string, err error) {
	ctx := v.r.Context()
	part, key = map[string]string{"suspect": "suspects", "trust": "suspects", "task": "tasks", "done": "tasks", "note": "notes", "decide": "decisions"}[act], "web.saved"
	switch act {
	case "suspect":
		err = v.suspect(n)
	case "trust":
		err = v.api.Trust(ctx, n, api.Trusting{Kind: account.StopKind(v.form("kind")), Subject: v.form("subject"), Reason: v.form("reason")})
	case "knew":
		part = "knew"
		o, err = v.knew(n)
	case "facts":
		part, err = "facts", v.setFacts(n)
	case "task":
		t := api.NewTask{Text: v.form("text"), For: v.form("for")}
		if t.Due, err = formTime(v.form("due")); err == nil {
			err = v.api.AddTask(ctx, n, t)
		}
	case "done":
		number, _ := strconv.Atoi(v.form("task")) // none is number 0
		err = v.api.EndTask(ctx, n, number)
	case "note":
		err = v.api.AddNote(ctx, n, v.form("text"))
	case "decide":
		o, err = v.api.Decide(ctx, n, v.form("text"))
	case "hold":
		part = "hold"
		o, err = v.setHold(n)
	case "confirm":
		key, err = "web.confirmed", v.api.Confirm(ctx, v.form("id"))
	case "withdraw":
		key, err = "web.withdrawn", v.api.Withdraw(ctx, v.form("id"))
	case "close":
		key, err = "web.case-is-closed", v.api.CloseCase(ctx, n, v.form("note"))
	default:
		err = problem.New(problem.NotFound, "read", "", nil)
	}
	return o, part, key, err
}

// suspect distrusts a party. Its kind stands before its name; of those that the page cannot list, the name is typed.
func (v *visit) suspect(n string) (err error) {
	kind, subject, _ := strings.Cut(v.form("party"), " ")
	if subject == "" {
		subject = strings.TrimSpace(v.form("subject"))
	}
	q := api.CaseRequest{Kind: account.StopKind(kind), Parties: []string{subject}, Reason: v.form("reason")}
	if kind == "device" && v.form("party") == "device" { // or a session: the id tells
		q.Kind = ""
	}
	if q.From, err = formTime(v.form("from")); err != nil {
		return err
	}
	if q.To, err = formTime(v.form("to")); err != nil {
		return err
	}
	_, err = v.api.Suspect(v.r.Context(), n, q)
	return err
}

// knew enters who knew of the case, in the zone in which it was told.
func (v *visit) knew(n string) (o api.Outcome, err error) {
	k := api.NewKnowing{Department: v.form("department"), Person: v.form("person"), How: v.form("how"), Remove: v.form("remove") != "", Reason: v.form("reason")}
	k.ID, _ = strconv.Atoi(v.form("entry"))
	if !k.Remove {
		at, zone := v.form("when"), strings.ReplaceAll(v.form("zone"), ":", "")
		if k.When, err = time.Parse("2006-01-02T15:04 -0700", at+" "+zone); err != nil {
			return o, &problem.Error{Kind: problem.Invalid, Op: "case", On: at + " " + zone, Hint: "hint.case-knew"}
		}
	}
	return v.api.SetKnowing(v.r.Context(), n, k)
}

// setFacts sets the facts that are not what they were.
func (v *visit) setFacts(n string) error {
	c, err := v.api.Case(v.r.Context(), n)
	if err != nil {
		return err
	}
	for _, f := range account.FactFields {
		if !v.r.PostForm.Has(f.Key) {
			continue
		}
		was, now := "", strings.TrimSpace(strings.ReplaceAll(v.form(f.Key), "\r\n", "\n"))
		if i := slices.IndexFunc(c.Facts, func(x account.Fact) bool { return x.Key == f.Key }); i >= 0 {
			was = c.Facts[i].Value
		}
		if was == now {
			continue
		}
		if err := v.api.SetFact(v.r.Context(), n, f.Key, now); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) setHold(n string) (api.Outcome, error) {
	q := api.NewHold{Reason: v.form("reason")}
	switch v.form("what") {
	case "all":
	case "some":
		if q.Shares = v.r.PostForm["share"]; len(q.Shares) == 0 {
			return api.Outcome{}, &problem.Error{Kind: problem.Invalid, Op: "case", On: n, Hint: "hint.case-hold"}
		}
	case "lift":
		q.Lift = true
	default:
		return api.Outcome{}, &problem.Error{Kind: problem.Invalid, Op: "case", On: n, Hint: "hint.case-hold"}
	}
	return v.api.SetHold(v.r.Context(), n, q)
}

// attach puts the file of a form into a case.
func (v *visit) attach() error {
	const op = "case"
	n := v.r.PathValue("id")
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, api.MaxAttachment+maxForm)
	m, err := v.r.MultipartReader()
	if err != nil {
		return problem.New(problem.Invalid, op, "", err)
	}
	for first := true; ; first = false {
		part, err := m.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return tooLong(op, err)
		}
		if first { // before anything is taken
			token, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil || part.FormName() != "csrf" || !v.csrf.equal(v.r, string(token)) {
				return &problem.Error{Kind: problem.Denied, Op: "read", Hint: "hint.page-old"}
			}
			continue
		}
		if part.FileName() == "" {
			continue
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return tooLong(op, err)
		}
		if _, err := v.api.Attach(v.r.Context(), n, part.FileName(), b); err != nil {
			return err
		}
	}
	return v.done("/cases/"+n+"#attachments", "web.saved")
}

// tooLong tells a form that is too long from one that broke off.
func tooLong(op string, err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem.Error{Kind: problem.TooLarge, Op: op, Hint: "hint.case-file-size"}
	}
	return problem.New(problem.Invalid, op, "", err)
}

// attachment sends a file of a case, as a file to be saved.
func (v *visit) attachment() error {
	ctx, n := v.r.Context(), v.r.PathValue("id")
	number, _ := strconv.Atoi(v.r.PathValue("number"))
	c, err := v.api.Case(ctx, n)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Attachments, func(a api.Attachment) bool { return a.ID == number })
	if i < 0 {
		return &problem.Error{Kind: problem.NotFound, Op: "case", On: fmt.Sprint(n, " #", number), Hint: "hint.case-no-entry"}
	}
	b, err := v.api.Attachment(ctx, n, number)
	if err != nil {
		return err
	}
	v.send("application/octet-stream", c.Attachments[i].Name)
	v.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	v.w.Write(b) // a browser that has gone is no matter of ours
	return nil
}

// zoneOf is the zone of a time as forms have it; of no time, the house's.
func zoneOf(t time.Time) string {
	if t.IsZero() {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.Local).Format("-07:00")
	}
	return t.Format("-07:00")
}

// formOf is a time as forms have it, in its own zone.
func formOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04")
}
