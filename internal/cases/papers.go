package cases

import (
	"context"
	"io"
	"runtime"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/problem"
)

// Format is what a paper is written as.
type Format string

// The formats.
const (
	PDF  Format = "pdf"
	DOCX Format = "docx"
	HTML Format = "html"
	XLSX Format = "xlsx" // lists alone
)

// PerClient reports whether a paper is made for one client.
func PerClient(k paper.Kind) bool { return k == paper.ClientNotice || k == paper.PersonNotice }

// Papers returns what the papers of a case are made of; with a client's key, only what that client may see.
func (d *Desk) Papers(ctx context.Context, s account.Session, n, client string) (*paper.Facts, error) {
	f, err := d.Current(ctx, s, n)
	if err != nil {
		return nil, err
	}
	facts, err := d.Facts(ctx, s, f)
	if err != nil || client == "" {
		return facts, err
	}
	i, err := clientOf(facts.Clients, client)
	if err != nil {
		return nil, err
	}
	return facts.For(i), nil
}

// clientOf finds a client by its key, or by a name or school that no other has: a letter to the wrong one of two would tell it of the other.
func clientOf(list []paper.Client, client string) (int, error) {
	if i := slices.IndexFunc(list, func(c paper.Client) bool { return c.Key == client }); i >= 0 {
		return i, nil
	}
	found, hint := -1, "hint.no-client"
	for i, c := range list {
		if client != "" && (c.Name == client || c.School == client) {
			if found >= 0 {
				hint = "hint.client-several"
			}
			found = i
		}
	}
	if found < 0 || hint == "hint.client-several" {
		return 0, &problem.Error{Kind: problem.NotFound, Op: "case", On: client, Hint: hint}
	}
	return found, nil
}

// Paper writes one paper of a case.
func (d *Desk) Paper(ctx context.Context, s account.Session, n string, kind paper.Kind, client string, l lang.Lang, as Format, w io.Writer) error {
	const op = "case"
	if !slices.Contains(paper.Kinds(), kind) {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: string(kind), Hint: "hint.no-paper"}
	}
	if PerClient(kind) && client == "" {
		return &problem.Error{Kind: problem.Invalid, Op: op, On: string(kind), Hint: "hint.paper-client"}
	}
	facts, err := d.Papers(ctx, s, n, client)
	if err != nil {
		return err
	}
	made := facts.At
	switch as {
	case DOCX:
		return paper.Make(kind, facts, l).DOCX(w, made)
	case HTML:
		b, err := paper.Make(kind, facts, l).HTML()
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case PDF:
		press, err := document.NewPress(d.Font)
		if err != nil {
			return &problem.Error{Kind: problem.Unavailable, Op: op, On: string(kind), Hint: "hint.no-font", Err: err}
		}
		b, err := press.PDF(paper.Make(kind, facts, l), made)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case XLSX:
		switch {
		case kind == paper.SchoolList:
			return paper.SchoolSheet(facts, l).XLSX(w, made)
		case kind == paper.ClientNotice:
			return paper.PeopleSheet(facts, l).XLSX(w, made)
		}
	}
	return &problem.Error{Kind: problem.Invalid, Op: op, On: string(as), Hint: "hint.paper-format"}
}

// Packs writes a ZIP with a folder for each client that is concerned: its letter and its lists.
func (d *Desk) Packs(ctx context.Context, s account.Session, n string, l lang.Lang, w io.Writer) error {
	facts, err := d.Papers(ctx, s, n, "")
	if err != nil {
		return err
	}
	var presses []*document.Press
	for range runtime.GOMAXPROCS(0) {
		p, err := document.NewPress(d.Font)
		if err != nil {
			break // the index says that there are no PDFs
		}
		presses = append(presses, p)
	}
	return paper.Batch(ctx, w, facts, l, presses...)
}
