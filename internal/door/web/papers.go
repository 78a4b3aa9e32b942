package web

import (
	"io"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// papersPage is the page of the papers of a case.
type papersPage struct {
	Case    string
	Papers  []api.Paper
	Clients []api.CaseClient
}

// papers shows what can be sent to whom: the papers, and the clients with their numbers.
func (v *visit) papers() error {
	ctx, p := v.r.Context(), papersPage{Case: v.r.PathValue("id")}
	var err error
	if p.Papers, err = collect(v.api.Papers(ctx, p.Case)); err != nil {
		return err
	}
	if p.Clients, err = collect(v.api.CaseClients(ctx, p.Case)); err != nil {
		return err
	}
	return v.show("papers", p)
}

// paperPage is one paper, field by field.
type paperPage struct {
	Case, Client string
	Paper        api.Paper
	Fields       []api.PaperField
}

// Link is the address of the paper in a format.
func (p paperPage) Link(format, lang string) string {
	q := url.Values{"format": {format}, "lang": {lang}}
	if p.Client != "" {
		q.Set("client", p.Client)
	}
	return quote("/cases/", p.Case) + quote("/papers/", p.Paper.Kind) + "/file?" + q.Encode()
}

func (v *visit) paper() error {
	ctx, p := v.r.Context(), paperPage{Case: v.r.PathValue("id"), Client: v.r.URL.Query().Get("client")}
	list, err := collect(v.api.Papers(ctx, p.Case))
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Kind == v.r.PathValue("kind") {
			p.Paper = x
		}
	}
	if p.Fields, err = collect(v.api.PaperFields(ctx, p.Case, v.r.PathValue("kind"), p.Client, v.lang.String())); err != nil {
		return err
	}
	return v.show("paper", p)
}

func (v *visit) paperFile() error {
	q := v.r.URL.Query()
	n, kind, format := v.r.PathValue("id"), v.r.PathValue("kind"), q.Get("format")
	r, err := v.api.Paper(v.r.Context(), n, kind, q.Get("client"), format, q.Get("lang"))
	if err != nil {
		return err
	}
	defer r.Close()
	v.send("application/octet-stream", n+"-"+kind+"."+format)
	_, err = io.Copy(v.w, r)
	return err
}

func (v *visit) packs() error {
	n := v.r.PathValue("id")
	r, err := v.api.Packs(v.r.Context(), n, v.r.URL.Query().Get("lang"))
	if err != nil {
		return err
	}
	defer r.Close()
	v.send("application/zip", n+"-packs.zip")
	_, err = io.Copy(v.w, r)
	return err
}

// editPaper writes over a field, or keeps the paper as it is handed in.
func (v *visit) editPaper() error {
	ctx, n, kind, of := v.r.Context(), v.r.PathValue("id"), v.r.PathValue("kind"), v.form("client")
	here := quote("/cases/", n) + quote("/papers/", kind)
	if of != "" {
		here += "?client=" + url.QueryEscape(of)
	}
	if v.form("file") != "" {
		return v.after(v.api.FilePaper(ctx, n, kind, v.lang.String(), api.PaperFiling{Client: of}), here, "web.paper-filed")
	}
	q := api.PaperEdit{Key: v.form("key"), Client: of, Text: v.form("text"), Seen: v.form("seen")}
	return v.after(v.api.EditPaper(ctx, n, kind, v.lang.String(), q), here, "web.saved")
}
