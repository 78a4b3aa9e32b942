package api

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/sheet"
)

// Reserves keeps what a lost keeper would come back from.
type Reserves interface {
	Reserve(ctx context.Context, s id.Session) (Reserve, error)
	MakePapers(ctx context.Context, s id.Session, needed, of int) (KeyPapers, error)
	RenewPapers(ctx context.Context, s id.Session, needed, of int, reason string) (RenewedPapers, error)
	TestPapers(ctx context.Context, s id.Session, texts []string) (PaperTest, error)
	MakeCard(ctx context.Context, s id.Session, name string) (CardFile, error)
	RefreshCard(ctx context.Context, s id.Session, number int, current []byte) (CardFile, error)
	CardWritten(ctx context.Context, s id.Session, number int, sha256 string) error
	CheckCard(ctx context.Context, s id.Session, content []byte) (CardCheck, error)
	ForgetCard(ctx context.Context, s id.Session, number int, how, reason string) error
	EndIsolation(ctx context.Context, s id.Session, reason string) (Outcome, error)
}

// Reason says why something is done.
type Reason struct {
	Reason string `json:"reason"`
}

func (h *handler) endIsolation(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Reason](r)
	if err != nil {
		return err
	}
	o, err := h.People.EndIsolation(r.Context(), s.ID, q.Reason)
	return outcome(w, o, err)
}

// What package account says of papers and cards is what crosses the wire.
type (
	// Reserve tells what a lost keeper would come back from.
	Reserve = account.Reserve
	// KeyPapers are the papers of a set, handed out once.
	KeyPapers = account.KeyPapers
	// RenewedPapers are new ones, or what waits for a second person.
	RenewedPapers = account.RenewedPapers
	// PaperTest is what came of a test.
	PaperTest = account.PaperTest
	// CardFile is what is to be put on a stick.
	CardFile = account.CardFile
	// CardCheck is what a card says.
	CardCheck = account.CardCheck
)

// PapersRequest asks for papers.
type PapersRequest struct {
	Needed int    `json:"needed,omitempty"` // 0: 2
	Of     int    `json:"of,omitempty"`     // 0: 3
	Reason string `json:"reason,omitempty"` // of a renewal
	PDF    bool   `json:"pdf,omitempty"`    // answer with a PDF to print; otherwise with JSON
}

// PaperTexts are papers that were typed or scanned.
type PaperTexts struct {
	Papers []string `json:"papers"`
}

// NewCard makes a card.
type NewCard struct {
	Name string `json:"name"`
}

// CardDigest says what was read back from a card.
type CardDigest struct {
	SHA256 string `json:"sha256"`
}

// CardGone takes a card off the list.
type CardGone struct {
	How    string `json:"how"` // "lost", "destroyed"
	Reason string `json:"reason"`
}

// CardAges tells how many cards count, and how old they are.
func CardAges(l lang.Lang, r Reserve, now time.Time) string {
	var days []int
	for _, c := range r.Cards {
		if c.State == "fresh" || c.State == "stale" {
			days = append(days, max(0, int(now.Sub(c.Written).Hours()/24)))
		}
	}
	age := func(n int) string {
		if n == 0 {
			return l.Text("say.card-today")
		}
		return l.Text("say.card-days", n)
	}
	switch len(days) {
	case 0:
		return l.Text("say.no-cards")
	case 1:
		return l.Text("say.one-card", age(days[0]))
	}
	return l.Text("say.cards-are", len(days), age(slices.Min(days)), age(slices.Max(days)))
}

// PaperSlip says what is wrong with the text of a paper, and where, as far as that is known.
func PaperSlip(l lang.Lang, verdict string, line, word int) string {
	text := l.Text("verdict." + verdict)
	switch {
	case word > 0:
		return l.Text("say.paper-slip-word", text, line, word)
	case line > 0:
		return l.Text("say.paper-slip", text, line)
	}
	return text
}

// PaperSays says what came of the entry that was typed as the nth, from 1 on, in a test.
func PaperSays(l lang.Lang, x PaperTest, n int, r account.PaperResult) string {
	text := PaperSlip(l, r.Verdict, r.Line, r.Word)
	switch r.Verdict {
	case "other-set":
		text = l.Text("say.paper-other-set", r.Set, r.Code, x.Set, x.Code)
	case "forged", "other-vault":
		text = l.Text("say.paper-wrong", text)
	}
	if r.Number == 0 {
		return l.Text("say.paper-unread", n, text)
	}
	return l.Text("say.paper-result", n, r.Number, text)
}

const maxCard = 16 << 20 // bytes

func (h *handler) reserving() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/recovery":                         h.reserve,
		"POST /v1/recovery/papers":                 h.makePapers,
		"POST /v1/recovery/papers/renew":           h.renewPapers,
		"POST /v1/recovery/papers/test":            h.testPapers,
		"POST /v1/recovery/cards":                  h.makeCard,
		"POST /v1/recovery/cards/check":            h.checkCard,
		"POST /v1/recovery/cards/{number}/refresh": h.refreshCard,
		"POST /v1/recovery/cards/{number}/written": h.cardWritten,
		"POST /v1/recovery/cards/{number}/forget":  h.forgetCard,
	}
}

func (h *handler) reserve(w http.ResponseWriter, r *http.Request, s account.Session) error {
	x, err := h.People.Reserve(r.Context(), s.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

// papersRequest reads what papers are asked for. Whether they can be printed is looked at first: they are made once.
func papersRequest(r *http.Request) (q PapersRequest, err error) {
	if q, err = readJSON[PapersRequest](r); err != nil {
		return q, err
	}
	if q.Needed == 0 && q.Of == 0 {
		q.Needed, q.Of = 2, 3
	}
	if q.PDF {
		err = sheet.Ready("")
	}
	return q, err
}

func (h *handler) makePapers(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := papersRequest(r)
	if err != nil {
		return err
	}
	p, err := h.People.MakePapers(r.Context(), s.ID, q.Needed, q.Of)
	if err != nil {
		return err
	}
	if !q.PDF {
		return secret(w, p, nil)
	}
	return h.printPapers(w, r, s, p)
}

func (h *handler) renewPapers(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := papersRequest(r)
	if err != nil {
		return err
	}
	x, err := h.People.RenewPapers(r.Context(), s.ID, q.Needed, q.Of, q.Reason)
	switch {
	case err != nil:
		return err
	case x.Papers != nil && q.PDF:
		return h.printPapers(w, r, s, *x.Papers)
	case x.Proposal != nil:
		return outcome(w, x.Outcome, nil)
	}
	return secret(w, x, nil)
}

// printPapers answers with papers as PDF. It is made in memory, and kept nowhere.
func (h *handler) printPapers(w http.ResponseWriter, r *http.Request, s account.Session, p KeyPapers) error {
	firm := ""
	if policy, err := h.People.Policy(r.Context(), s.ID); err == nil {
		firm = policy.Firm
	}
	b, err := sheet.PDF(lang.Pick(r.Header.Get("Accept-Language")), p, firm, "")
	if err != nil {
		return err
	}
	defer clear(b)
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="azekura-papers.pdf"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}

func (h *handler) testPapers(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[PaperTexts](r)
	if err != nil {
		return err
	}
	x, err := h.People.TestPapers(r.Context(), s.ID, q.Papers)
	return secret(w, x, err)
}

func (h *handler) makeCard(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[NewCard](r)
	if err != nil {
		return err
	}
	x, err := h.People.MakeCard(r.Context(), s.ID, q.Name)
	return secret(w, x, err)
}

// cardBytes reads a card that was sent.
func cardBytes(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxCard+1))
	if err != nil {
		return nil, problem.New(problem.Invalid, "check card", "", err)
	}
	if len(b) > maxCard {
		return nil, problem.New(problem.TooLarge, "check card", "", nil)
	}
	return b, nil
}

func (h *handler) checkCard(w http.ResponseWriter, r *http.Request, s account.Session) error {
	b, err := cardBytes(r)
	if err != nil {
		return err
	}
	x, err := h.People.CheckCard(r.Context(), s.ID, b)
	return secret(w, x, err)
}

// cardNumber reads which card is meant.
func cardNumber(op string, r *http.Request) (int, error) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return 0, &problem.Error{Kind: problem.NotFound, Op: op, On: r.PathValue("number"), Hint: "hint.no-such-card"}
	}
	return n, nil
}

func (h *handler) refreshCard(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := cardNumber("write card", r)
	if err != nil {
		return err
	}
	b, err := cardBytes(r)
	if err != nil {
		return err
	}
	x, err := h.People.RefreshCard(r.Context(), s.ID, n, b)
	return secret(w, x, err)
}

func (h *handler) cardWritten(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := cardNumber("write card", r)
	if err != nil {
		return err
	}
	q, err := readJSON[CardDigest](r)
	if err != nil {
		return err
	}
	return done(w, h.People.CardWritten(r.Context(), s.ID, n, q.SHA256))
}

func (h *handler) forgetCard(w http.ResponseWriter, r *http.Request, s account.Session) error {
	n, err := cardNumber("forget card", r)
	if err != nil {
		return err
	}
	q, err := readJSON[CardGone](r)
	if err != nil {
		return err
	}
	return done(w, h.People.ForgetCard(r.Context(), s.ID, n, q.How, q.Reason))
}
