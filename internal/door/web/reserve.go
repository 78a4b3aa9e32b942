package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// reservePage is what a lost keeper would come back from.
type reservePage struct {
	api.Reserve
	Ages    string // of the cards
	Missing []verdict
	Makes   bool         // the visitor may make papers
	Tests   bool         // and test them
	Fields  []paperField // for papers to test
	Outcome *paperOutcome
	Waits   bool // a renewal waits for a second person
	Checked *cardPage
	Live    []account.KeyCard // cards that can be written anew
	Former  []account.KeyCard // those that papers from before the renewal open
}

// paperField is where a paper is typed. What has a slip stands there again, to be mended.
type paperField struct {
	Number int
	Text   string
}

// paperOutcome is what came of a test, by the fields in which papers were typed.
type paperOutcome struct {
	api.PaperTest
	Says []verdict
}

// grave are the words for what would keep a lost keeper from coming back today.
var grave = []string{"no-papers", "papers-damaged", "no-card", "no-fresh-card"}

func (v *visit) reservePage() (reservePage, error) {
	r, err := v.api.Reserve(v.r.Context())
	if err != nil {
		return reservePage{}, err
	}
	p := reservePage{Reserve: r, Ages: api.CardAges(v.lang, r, v.Now()), Makes: v.may(account.Settle), Tests: v.may(account.Settle) || v.may(account.Confirm)}
	if r.Papers != nil {
		for i := range r.Papers.Needed {
			p.Fields = append(p.Fields, paperField{Number: i + 1})
		}
	}
	p.Missing = v.missing(r)
	for _, c := range r.Cards {
		if c.Gone.IsZero() {
			p.Live = append(p.Live, c)
		}
		if c.Former {
			p.Former = append(p.Former, c)
		}
	}
	list, err := collect(v.api.Proposals(v.r.Context()))
	p.Waits = slices.ContainsFunc(list, func(x api.Proposal) bool { return x.Act == "renew-papers" })
	return p, err
}

// helps is where on the page that is mended which is missing.
var helps = map[string]string{"no-papers": "#papers", "papers-damaged": "#papers", "lost-card": "#papers", "untested": "#test", "test-old": "#test",
	"no-card": "#write", "no-fresh-card": "#write", "one-card": "#write", "stale-card": "#write", "former-card": "#cards"}

// missing says what is missing for a lost keeper to come back.
func (v *visit) missing(r api.Reserve) (out []verdict) {
	for _, word := range r.Lacks {
		level := "look"
		if slices.Contains(grave, word) {
			level = "bad"
		}
		out = append(out, verdict{level, v.lang.Text("lack." + word), "/reserve" + helps[word]})
	}
	if len(out) == 0 {
		out = append(out, verdict{"good", v.lang.Text("web.reserve-good"), "/reserve"})
	}
	return out
}

func (v *visit) reserve() error {
	p, err := v.reservePage()
	if err != nil {
		return err
	}
	return v.show("reserve", p)
}

// printPapers makes papers, or renews them, and answers with the PDF: there is no other copy.
func (v *visit) printPapers(renew bool) error {
	q := api.PapersRequest{Reason: v.form("reason")}
	q.Needed, _ = strconv.Atoi(v.form("needed"))
	q.Of, _ = strconv.Atoi(v.form("of"))
	pdf, _, err := v.api.PrintPapers(v.r.Context(), q, renew)
	if err != nil {
		p, failed := v.reservePage()
		if failed != nil {
			return failed
		}
		return v.again(err, "reserve", p)
	}
	if pdf == nil {
		return v.done("/reserve", "web.papers-asked")
	}
	defer clear(pdf)
	h := v.w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `attachment; filename="azekura-papers.pdf"`)
	h.Set("Content-Length", strconv.Itoa(len(pdf)))
	v.w.WriteHeader(http.StatusOK)
	_, err = v.w.Write(pdf)
	return err
}

// testPapers tests what was typed. What has a slip comes back, to be mended; the rest is forgotten.
func (v *visit) testPapers() error {
	p, err := v.reservePage()
	if err != nil {
		return err
	}
	var texts []string
	var at []int // the field of each
	for i, text := range v.r.PostForm["paper"] {
		if strings.TrimSpace(text) != "" {
			texts, at = append(texts, text), append(at, i)
		}
	}
	x, err := v.api.TestPapers(v.r.Context(), texts)
	if err != nil {
		return v.again(err, "reserve", p)
	}
	if again, err := v.reservePage(); err == nil { // what the test has changed
		p = again
	}
	p.Outcome = &paperOutcome{PaperTest: x}
	for i, r := range x.Results {
		level := "bad"
		if r.Verdict == "good" {
			level = "good"
		}
		p.Outcome.Says = append(p.Outcome.Says, verdict{level, api.PaperSays(v.lang, x, at[i]+1, r), ""})
		if r.Number == 0 && at[i] < len(p.Fields) {
			p.Fields[at[i]].Text = texts[i]
		}
	}
	return v.show("reserve", p)
}
