package web

import (
	"errors"
	"io"
	"strconv"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// cardPage is what is on a card, as its file says.
type cardPage struct {
	api.CardCheck
	Says []verdict
}

// maxCard bounds the file of a card.
const maxCard = 16 << 20

// cardForm is a form with the file of a card.
type cardForm struct {
	fields map[string]string
	file   []byte // empty: none was chosen
}

// sentCard reads a form with the file of a card into memory: the form's token first. What a card holds is never kept here.
func (v *visit) sentCard() (f cardForm, err error) {
	const op = "check card"
	m, err := v.r.MultipartReader()
	if err != nil {
		return f, problem.New(problem.Invalid, op, "", err)
	}
	f.fields = make(map[string]string)
	for n := 0; ; n++ {
		part, err := m.NextPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return f, nil
		}
		if err != nil || n > 8 {
			return f, problem.New(problem.Invalid, op, "", err)
		}
		most := int64(200)
		if part.FormName() == "card" {
			most = maxCard
		}
		b, err := io.ReadAll(io.LimitReader(part, most+1))
		switch {
		case err != nil:
			return f, problem.New(problem.Invalid, op, "", err)
		case n == 0 && (part.FormName() != "csrf" || !v.csrf.equal(v.r, string(b))):
			return f, &problem.Error{Kind: problem.Denied, Op: "read", Hint: "hint.page-old"}
		case int64(len(b)) > most:
			return f, problem.New(problem.TooLarge, op, "", nil)
		case part.FormName() == "card":
			f.file = b
		default:
			f.fields[part.FormName()] = string(b)
		}
	}
}

// cardTrouble shows the page of the reserve with what went wrong; who must first prove to be there is asked for that.
func (v *visit) cardTrouble(err error) error {
	if hintOf(err) == "hint.prove-again" {
		return err
	}
	p, failed := v.reservePage()
	if failed != nil {
		return failed
	}
	return v.again(err, "reserve", p)
}

// sendCard answers with what is to be put on a stick, to be saved there. It opens nothing without papers.
func (v *visit) sendCard(x api.CardFile, err error) error {
	if err != nil {
		return v.cardTrouble(err)
	}
	v.send("application/octet-stream", x.FileName())
	v.w.Header().Set("Content-Length", strconv.Itoa(len(x.Content)))
	_, err = v.w.Write(x.Content)
	return err
}

func (v *visit) makeCard() error { return v.sendCard(v.api.MakeCard(v.r.Context(), v.form("name"))) }

// refreshCard gives out a card anew: for the file that is on the stick now, or, for a stick that has none, when the visitor says so. A card with keys
// that the keeper lacks would be lost otherwise.
func (v *visit) refreshCard() error {
	f, err := v.sentCard()
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(f.fields["number"])
	if len(f.file) == 0 && f.fields["without"] == "" {
		return v.cardTrouble(&problem.Error{Kind: problem.Invalid, Op: "write card", Hint: "hint.card-choose"})
	}
	return v.sendCard(v.api.RefreshCard(v.r.Context(), n, f.file))
}

// checkCard says what is on a stick, by the file that was chosen from it.
func (v *visit) checkCard() error {
	f, err := v.sentCard()
	if err != nil {
		return err
	}
	if len(f.file) == 0 {
		return v.cardTrouble(&problem.Error{Kind: problem.Invalid, Op: "check card", Hint: "hint.card-choose"})
	}
	x, err := v.api.CheckCard(v.r.Context(), f.file)
	if err != nil {
		return v.cardTrouble(err)
	}
	p, err := v.reservePage()
	if err != nil {
		return err
	}
	p.Checked = &cardPage{x, v.cardSays(x)}
	return v.show("reserve", p)
}

// cardSays puts in words what is on a card.
func (v *visit) cardSays(x api.CardCheck) (out []verdict) {
	say := func(level, key string, args ...any) { out = append(out, verdict{level, v.lang.Text(key, args...), ""}) }
	if x.Fresh {
		say("good", "say.card-fresh")
	}
	if !x.Papers {
		say("bad", "say.card-old-papers")
	}
	if x.Lacks > 0 {
		say("look", "say.card-lacks", x.Lacks)
	}
	if x.Destroyed > 0 {
		say("bad", "say.card-destroyed", x.Destroyed)
	}
	if x.More > 0 {
		say("bad", "say.card-more", x.More)
	}
	return out
}

func (v *visit) forgetCard() error {
	n, _ := strconv.Atoi(v.form("number"))
	if err := v.api.ForgetCard(v.r.Context(), n, v.form("how"), v.form("reason")); err != nil {
		return v.cardTrouble(err)
	}
	return v.done("/reserve", "web.saved")
}

func reserveRoutes() map[string]action {
	return map[string]action{
		"GET /reserve":                {do: (*visit).reserve},
		"POST /reserve/papers":        {do: func(v *visit) error { return v.printPapers(false) }},
		"POST /reserve/renew":         {do: func(v *visit) error { return v.printPapers(true) }},
		"POST /reserve/test":          {do: (*visit).testPapers},
		"POST /reserve/cards":         {do: (*visit).makeCard},
		"POST /reserve/cards/refresh": {do: (*visit).refreshCard, stream: true},
		"POST /reserve/cards/check":   {do: (*visit).checkCard, stream: true},
		"POST /reserve/cards/forget":  {do: (*visit).forgetCard},
	}
}
