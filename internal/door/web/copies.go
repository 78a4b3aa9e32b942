package web

import (
	"fmt"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// copiesPage is the copies of the house, and whether their restore was rehearsed.
type copiesPage struct {
	*api.Copies
	List    []api.Drill
	Reports bool // the visitor may have them with the names of files
	Broken  []verdict
	At      time.Time
}

func (v *visit) copiesPage() error {
	c, err := v.api.Media(v.r.Context())
	if err != nil {
		return err
	}
	p := copiesPage{Copies: &c, Reports: v.may(account.ReadLedger), Broken: failed(v.lang, &c), At: v.Now()}
	if p.List, err = v.api.Drills(v.r.Context()); err != nil {
		return err
	}
	return v.show("copies", p)
}

// sheetTypes are the forms in which the house writes what is kept on paper.
var sheetTypes = map[string]string{"pdf": "application/pdf", "html": "text/html; charset=utf-8"}

func (v *visit) drillReport() error {
	format := v.r.PathValue("format")
	n, err := strconv.Atoi(v.r.PathValue("number"))
	if err != nil || sheetTypes[format] == "" {
		return problem.New(problem.NotFound, "read", "", err)
	}
	b, err := v.api.DrillReport(v.r.Context(), n, format)
	if err != nil {
		return err
	}
	v.send(sheetTypes[format], fmt.Sprintf("restore-drill-%d.%s", n, format))
	_, err = v.w.Write(b)
	return err
}

// ledgerHead is the head of the ledger, to be printed for the file.
func (v *visit) ledgerHead() error {
	h, err := v.api.LedgerHead(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("head-sheet", h)
}

func (v *visit) ledgerHeadFile() error {
	b, err := v.api.LedgerHeadSheet(v.r.Context(), "pdf")
	if err != nil {
		return err
	}
	v.send(sheetTypes["pdf"], "ledger-head-"+v.Now().Local().Format("2006-01-02")+".pdf")
	_, err = v.w.Write(b)
	return err
}

func copyRoutes() map[string]action {
	return map[string]action{
		"GET /copies":                          {do: (*visit).copiesPage},
		"GET /copies/drills/{number}/{format}": {do: (*visit).drillReport},
		"GET /ledger/head":                     {do: (*visit).ledgerHead},
		"GET /ledger/head/pdf":                 {do: (*visit).ledgerHeadFile},
	}
}
