package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// inquiryRoutes are the pages for questions from outside, and those that outsiders see.
func inquiryRoutes() map[string]action {
	return map[string]action{
		"GET /lookup/{token}":               {do: (*visit).lookup, anyone: true},
		"POST /lookup/{token}":              {do: (*visit).lookUp, anyone: true},
		"GET /receipts/{token}":             {do: (*visit).receipt, anyone: true},
		"GET /receipts/{token}/{format}":    {do: (*visit).receiptFile, anyone: true},
		"GET /receipts":                     {do: (*visit).receipts},
		"POST /receipts/{act}":              {do: (*visit).receiptAct},
		"GET /cases/{id}/inquiries":         {do: (*visit).inquiries},
		"POST /cases/{id}/inquiries/{act}":  {do: (*visit).inquiryAct},
		"GET /cases/{id}/inquiries/{table}": {do: (*visit).inquiryTable},
	}
}

// public makes an answer one for people who are not logged in, and for nobody else to find: no script runs in it, and nothing of it is kept.
func (v *visit) public() {
	h := v.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
}

// lookupPage is the page of a case that everybody may see who has its address.
type lookupPage struct {
	api.LookupPage
	Token    string
	Question api.LookupQuestion
	Reply    *api.LookupReply
	Years    []int
}

func (v *visit) lookup() error {
	v.public()
	p, err := v.openLookupPage()
	if err != nil {
		return err
	}
	return v.show("lookup", p)
}

func (v *visit) openLookupPage() (p lookupPage, err error) {
	p = lookupPage{Token: v.r.PathValue("token")}
	p.LookupPage, err = v.api.LookupPage(v.r.Context(), p.Token)
	for y := v.Now().Year() + 1; y > v.Now().Year()-10; y-- {
		p.Years = append(p.Years, y)
	}
	p.Question.Year = strconv.Itoa(v.Now().AddDate(0, -3, 0).Year()) // the school year begins in April
	return p, err
}

func (v *visit) lookUp() error {
	v.public()
	p, err := v.openLookupPage()
	if err != nil {
		return err
	}
	p.Question = api.LookupQuestion{School: v.form("school"), Year: v.form("year"), Class: v.form("class"), Number: v.form("number"), Kind: "pupil"}
	if v.form("kind") == "staff" {
		p.Question.Kind = "staff"
	}
	reply, err := v.api.LookUp(v.r.Context(), p.Token, p.Question)
	if err != nil {
		return v.again(err, "lookup", p)
	}
	p.Reply = &reply
	return v.show("lookup", p)
}

// inquiryPage is the page of what people outside ask about a case.
type inquiryPage struct {
	ID        string
	Lookup    api.Lookup
	Address   string // of the public page
	Inquiries []api.Inquiry
	Status    string
	Text      string
	Edit      api.Inquiry
	Open      int
	Ways      []account.InquiryWay
	Stati     []account.InquiryStatus
}

func (v *visit) inquiries() error {
	p, err := v.inquiryPage()
	if err != nil {
		return err
	}
	return v.show("inquiries", p)
}

func (v *visit) inquiryPage() (p inquiryPage, err error) {
	ctx, q := v.r.Context(), v.r.URL.Query()
	p = inquiryPage{ID: v.r.PathValue("id"), Status: q.Get("status"), Text: q.Get("q"), Edit: api.Inquiry{Way: account.ByCall, Status: account.InquiryOpen, Handler: v.me.Account},
		Ways:  []account.InquiryWay{account.ByCall, account.ByLetter, account.ByMail, account.InPerson, account.OtherWay},
		Stati: []account.InquiryStatus{account.InquiryOpen, account.InquiryWaiting, account.InquiryAnswered}}
	if p.Lookup, err = v.api.Lookup(ctx, p.ID); err != nil {
		return p, err
	}
	if p.Lookup.Token != "" {
		p.Address = v.site() + "/lookup/" + p.Lookup.Token
	}
	all, err := collect(v.api.Inquiries(ctx, p.ID, "", ""))
	if err != nil {
		return p, err
	}
	for _, x := range all {
		if x.Status != account.InquiryAnswered {
			p.Open++
		}
		if strconv.Itoa(x.ID) == q.Get("edit") {
			p.Edit = x
		}
	}
	p.Inquiries = api.PickInquiries(all, p.Status, p.Text) // not asked for again: each time stands in the ledger
	return p, nil
}

// site is where the browser has found us.
func (v *visit) site() string {
	if v.r.TLS != nil {
		return "https://" + v.r.Host
	}
	return "http://" + v.r.Host
}

func (v *visit) inquiryAct() error {
	ctx, n := v.r.Context(), v.r.PathValue("id")
	here := "/cases/" + n + "/inquiries"
	switch v.r.PathValue("act") {
	case "lookup":
		o, err := v.api.OpenLookup(ctx, n, api.LookupRequest{Contact: v.form("contact"), Reason: v.form("reason")})
		if err != nil {
			return err
		}
		if o.Proposal != nil {
			return v.done(here, "web.proposed")
		}
		return v.done(here, "web.saved")
	case "close-lookup":
		return v.after(v.api.CloseLookup(ctx, n), here, "web.lookup-is-closed")
	case "note":
		q := api.Inquiry{Way: account.InquiryWay(v.form("way")), Who: v.form("who"), Reach: v.form("reach"), School: v.form("school"), About: v.form("about"),
			Question: v.form("question"), Answer: v.form("answer"), Status: account.InquiryStatus(v.form("status")), Handler: v.form("handler")}
		q.ID, _ = strconv.Atoi(v.form("id")) // none is a new one
		var err error
		if q.At, err = formTime(v.form("at")); err == nil {
			_, err = v.api.NoteInquiry(ctx, n, q)
		}
		if err != nil {
			p, broken := v.inquiryPage()
			if broken != nil {
				return broken
			}
			p.Edit = q
			return v.again(err, "inquiries", p)
		}
		return v.done(here, "web.saved")
	}
	return problem.New(problem.NotFound, "read", "", nil)
}

func (v *visit) inquiryTable() error {
	n := v.r.PathValue("id")
	kind := strings.TrimPrefix(v.r.PathValue("table"), "table.")
	types := map[string]string{"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	if types[kind] == "" {
		return problem.New(problem.NotFound, "read", "", nil)
	}
	q := v.r.URL.Query()
	list, err := collect(v.api.Inquiries(v.r.Context(), n, q.Get("status"), q.Get("q")))
	if err != nil {
		return err
	}
	v.send(types[kind], "inquiries-"+n+"."+kind)
	return api.WriteInquiries(v.w, v.lang, kind, n, slices.Values(list), v.Now())
}

// receiptPage is what a school sees that has got a link.
type receiptPage struct {
	api.Receipt
	Token string
}

func (v *visit) receipt() error {
	v.public()
	p := receiptPage{Token: v.r.PathValue("token")}
	b, err := v.api.OpenReceipt(v.r.Context(), p.Token, "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &p.Receipt); err != nil {
		return problem.New(problem.Internal, "open receipt", "", err)
	}
	return v.show("receipt", p)
}

func (v *visit) receiptFile() error {
	types := map[string]string{"json": "application/json", "pdf": "application/pdf", "html": "text/html; charset=utf-8"}
	format := v.r.PathValue("format")
	if types[format] == "" {
		return problem.New(problem.NotFound, "read", "", nil)
	}
	b, err := v.api.OpenReceipt(v.r.Context(), v.r.PathValue("token"), format)
	if err != nil {
		return err
	}
	v.public()
	v.send(types[format], "receipt."+format)
	_, err = v.w.Write(b)
	return err
}

// receiptsPage lists the links to receipts.
type receiptsPage struct {
	Links   []api.ReceiptLink
	Shares  []string
	Month   string
	Made    *api.ReceiptLink // just now: its token is shown this once
	Address string
}

func (v *visit) receiptsPage() (p receiptsPage, err error) {
	if p.Links, err = collect(v.api.Receipts(v.r.Context())); err != nil {
		return p, err
	}
	for l, err := range v.api.Register(v.r.Context()) {
		if err != nil {
			return p, err
		}
		p.Shares = append(p.Shares, l.Share)
	}
	p.Month = v.Now().Local().AddDate(0, 0, -v.Now().Local().Day()).Format("2006-01")
	return p, nil
}

func (v *visit) receipts() error {
	p, err := v.receiptsPage()
	if err != nil {
		return err
	}
	return v.show("receipts", p)
}

func (v *visit) receiptAct() error {
	switch v.r.PathValue("act") {
	case "give":
		days, err := strconv.Atoi(cmp.Or(v.form("days"), "30"))
		if err != nil {
			return &problem.Error{Kind: problem.Invalid, Op: "give receipt", On: v.form("days"), Hint: "hint.receipt-until", Err: err}
		}
		made, err := v.api.GiveReceipt(v.r.Context(), v.form("share"), api.ReceiptRequest{School: v.form("school"), Month: v.form("month"), Days: days})
		if err != nil {
			return err
		}
		p, err := v.receiptsPage()
		if err != nil {
			return err
		}
		p.Made, p.Address = &made, v.site()+"/receipts/"+made.Token
		return v.show("receipts", p)
	case "revoke":
		return v.after(v.api.RevokeReceipt(v.r.Context(), v.form("id")), "/receipts", "web.receipt-revoked")
	}
	return problem.New(problem.NotFound, "read", "", nil)
}
