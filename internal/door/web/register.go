package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// registerPage is the register of personal data, or one line of it.
type registerPage struct {
	Lines   []api.RegisterLine
	Line    *api.RegisterLine
	Missing int // shares without a line
}

// register shows the whole register: what the firm holds, of whom, for whom, and until when.
func (v *visit) register() error {
	lines, err := collect(v.api.Register(v.r.Context()))
	if err != nil {
		return err
	}
	p := registerPage{Lines: lines}
	for _, l := range lines {
		if l.Client == "" && l.Purpose == "" {
			p.Missing++
		}
	}
	return v.show("register", p)
}

func (v *visit) registerTable() error {
	if _, err := collect(v.api.Register(v.r.Context())); err != nil { // before anything is sent
		return err
	}
	v.send("text/csv; charset=utf-8", "personal-data.csv")
	return api.WriteRegister(v.w, v.lang, v.api.Register(v.r.Context()))
}

func (v *visit) registerSheet() error {
	lines, err := collect(v.api.Register(v.r.Context()))
	if err != nil {
		return err
	}
	var b bytes.Buffer // before anything is sent
	if err := api.WriteRegisterSheet(&b, v.lang, lines, v.Now()); err != nil {
		return err
	}
	v.send("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "personal-data.xlsx")
	v.w.Write(b.Bytes()) // a browser that has gone is no matter of ours
	return nil
}

func (v *visit) registerLine() error {
	share := v.r.PathValue("name")
	for l, err := range v.api.Register(v.r.Context()) {
		if err != nil {
			return err
		}
		if l.Share == share {
			return v.show("register-line", registerPage{Line: &l})
		}
	}
	return problem.New(problem.NotFound, "set register", share, nil)
}

func (v *visit) setRegister() error {
	share := v.r.PathValue("name")
	line := account.Register{Client: v.form("client"), Purpose: v.form("purpose"), Department: v.form("department"), InCharge: v.form("in-charge"),
		Retention: v.form("retention"), Contact: v.form("contact"), Public: v.form("public") != "", Sensitive: v.form("sensitive") != "",
		Data: listOf(v.form("data")), Subjects: listOf(v.form("subjects"))}
	if y := v.form("year"); y != "" {
		n, err := strconv.Atoi(y)
		if err != nil {
			return &problem.Error{Kind: problem.Invalid, Op: "set register", On: y, Hint: "hint.register", Err: err}
		}
		line.Year = n
	}
	if err := v.api.SetRegister(v.r.Context(), share, line); err != nil {
		return v.again(err, "register-line", registerPage{Line: &api.RegisterLine{Share: share, Register: line}})
	}
	return v.done("/register", "web.saved")
}

// listOf reads words with commas of any width between them.
func listOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",、，\n\r", r) })
}
