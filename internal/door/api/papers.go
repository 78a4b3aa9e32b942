package api

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
)

// Scribe writes the papers of cases.
type Scribe interface {
	Papers(ctx context.Context, s account.Session, n, client string) (*paper.Facts, error)
	Paper(ctx context.Context, s account.Session, n string, kind paper.Kind, client string, l lang.Lang, as cases.Format, w io.Writer) error
	Packs(ctx context.Context, s account.Session, n string, l lang.Lang, w io.Writer) error
	Edit(ctx context.Context, s account.Session, n string, e paper.Edit, seen string) error
	File(ctx context.Context, s account.Session, n string, kind paper.Kind, client string, l lang.Lang) error
}

// PaperEdit writes over a field of a paper, in one language.
type PaperEdit struct {
	Key    string `json:"key"`
	Client string `json:"client,omitempty"` // of one client's paper
	Text   string `json:"text"`             // "": the field says its own again
	Seen   string `json:"seen,omitempty"`   // what was written over it before, as the caller has seen it
}

// PaperFiling keeps a paper as it is handed in.
type PaperFiling struct {
	Client string `json:"client,omitempty"`
}

// Paper is a paper that can be made of a case.
type Paper struct {
	Kind      string   `json:"kind"`
	Title     string   `json:"title"`
	PerClient bool     `json:"per_client,omitempty"` // there is one for each client
	Formats   []string `json:"formats"`
	Fields    int      `json:"fields"`
	Blanks    int      `json:"blanks"` // fields that nobody has filled in yet; of a client's paper, of the first client's
}

// PaperField is a field of a paper.
type PaperField struct {
	Key   string   `json:"key"`
	Part  string   `json:"part,omitempty"`
	Label string   `json:"label,omitempty"`
	Note  string   `json:"note,omitempty"` // what should stand there
	Shown string   `json:"shown"`
	Blank bool     `json:"blank,omitempty"` // it is a place to fill in
	Asks  []string `json:"asks,omitempty"`  // the facts that people give, by their keys
	Edit  string   `json:"edit,omitempty"`  // what a person has written over it
	By    string   `json:"by,omitempty"`    // who
	Own   string   `json:"own,omitempty"`   // with an edit: what the records and people say now, where that is not what it was then
}

// CaseClient is on whose behalf data that a case concerns is held.
type CaseClient struct {
	Key     string      `json:"key"`
	Name    string      `json:"name,omitempty"`   // empty: the register does not say
	School  string      `json:"school,omitempty"` // the one that is told of, of a client or share with several
	Contact string      `json:"contact,omitempty"`
	Public  bool        `json:"public,omitempty"`
	Shares  []string    `json:"shares"`
	Persons paper.Three `json:"persons"`
	Files   paper.Three `json:"files"`
	Unknown paper.Three `json:"unknown"` // of the files, those of shares without a roster
	Shared  paper.Three `json:"shared"`  // files of shares with several schools that could not be attributed to one; in none of the other numbers
	Altered int64       `json:"altered"`
}

// of says a text in a language.
func of(t paper.Text, l lang.Lang) string {
	if l == lang.Japanese {
		return t.JA
	}
	return t.EN
}

func languageOf(r *http.Request) lang.Lang {
	if want := r.URL.Query().Get("lang"); want != "" {
		return lang.Pick(want)
	}
	return lang.Pick(r.Header.Get("Accept-Language"))
}

func (h *handler) papers(w http.ResponseWriter, r *http.Request, s account.Session) error {
	all, err := h.Scribe.Papers(r.Context(), s, r.PathValue("id"), "")
	if err != nil {
		return err
	}
	l, lines := languageOf(r), newLines(w, r)
	for _, k := range paper.Kinds() {
		f := all
		p := Paper{Kind: string(k), Title: of(paper.Title(k), l), PerClient: cases.PerClient(k), Formats: []string{"pdf", "docx", "html"}}
		if k == paper.SchoolList || k == paper.ClientNotice {
			p.Formats = append(p.Formats, "xlsx")
		}
		if p.PerClient && len(all.Clients) > 0 {
			f = all.For(0)
		}
		for _, x := range paper.Fields(k, f) {
			if p.Fields++; x.Blank() {
				p.Blanks++
			}
		}
		if err := lines.put(p); err != nil {
			return err
		}
	}
	return lines.end(nil)
}

func (h *handler) paperFields(w http.ResponseWriter, r *http.Request, s account.Session) error {
	k := paper.Kind(r.PathValue("kind"))
	if !slices.Contains(paper.Kinds(), k) {
		return invalid("case", string(k), "hint.no-paper")
	}
	client := r.URL.Query().Get("client")
	if cases.PerClient(k) && client == "" {
		return invalid("case", string(k), "hint.paper-client")
	}
	f, err := h.Scribe.Papers(r.Context(), s, r.PathValue("id"), client)
	if err != nil {
		return err
	}
	l, lines := languageOf(r), newLines(w, r)
	for _, x := range paper.Fields(k, f) {
		p := PaperField{Key: x.Key, Part: of(x.Part, l), Label: of(x.Label, l), Note: of(x.Note, l), Shown: document.Unmarked(x.Shown(l)), Blank: x.Blank(), Asks: x.Asks}
		for _, e := range x.Edits {
			if e.Lang == l.String() {
				p.Edit, p.By, p.Own = e.Text, e.By, document.Unmarked(x.Moved(l))
			}
		}
		if err := lines.put(p); err != nil {
			return err
		}
	}
	return lines.end(nil)
}

func (h *handler) editPaper(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[PaperEdit](r)
	if err != nil {
		return err
	}
	e := paper.Edit{Kind: paper.Kind(r.PathValue("kind")), Client: q.Client, Key: q.Key, Lang: languageOf(r).String(), Text: q.Text}
	return done(w, h.Scribe.Edit(r.Context(), s, r.PathValue("id"), e, q.Seen))
}

func (h *handler) filePaper(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[PaperFiling](r)
	if err != nil {
		return err
	}
	kind := paper.Kind(r.PathValue("kind"))
	if !slices.Contains(paper.Kinds(), kind) {
		return invalid("case", string(kind), "hint.no-paper")
	}
	return done(w, h.Scribe.File(r.Context(), s, r.PathValue("id"), kind, q.Client, languageOf(r)))
}

func (h *handler) caseClients(w http.ResponseWriter, r *http.Request, s account.Session) error {
	f, err := h.Scribe.Papers(r.Context(), s, r.PathValue("id"), "")
	if err != nil {
		return err
	}
	lines := newLines(w, r)
	for _, c := range f.Clients {
		x := CaseClient{Key: c.Key, Name: c.Name, School: c.School, Shared: c.Exposure.Shared, Contact: c.Contact, Public: c.Public, Persons: c.Exposure.Persons, Files: c.Exposure.Files, Unknown: c.Exposure.Unknown, Altered: c.Damage.Files}
		for _, sh := range c.Shares {
			x.Shares = append(x.Shares, sh.Name)
		}
		if err := lines.put(x); err != nil {
			return err
		}
	}
	return lines.end(nil)
}

var paperTypes = map[cases.Format]string{cases.PDF: "application/pdf", cases.HTML: "text/html; charset=utf-8",
	cases.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", cases.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

func (h *handler) paper(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, kind := r.URL.Query(), r.PathValue("kind")
	as := cases.Format(q.Get("format"))
	if as == "" {
		as = cases.PDF
	}
	var b bytes.Buffer // an error is no paper
	if err := h.Scribe.Paper(r.Context(), s, r.PathValue("id"), paper.Kind(kind), q.Get("client"), languageOf(r), as, &b); err != nil {
		return err
	}
	asFile(w, paperTypes[as], r.PathValue("id")+"-"+kind+"."+string(as))
	_, err := w.Write(b.Bytes())
	return err
}

// asFile says that an answer is a file, to be kept and not shown: a page of our own must not speak in it.
func asFile(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}

func (h *handler) packs(w http.ResponseWriter, r *http.Request, s account.Session) error {
	if _, err := h.Scribe.Papers(r.Context(), s, r.PathValue("id"), ""); err != nil { // before anything is sent
		return err
	}
	asFile(w, "application/zip", r.PathValue("id")+"-packs.zip")
	return h.Scribe.Packs(r.Context(), s, r.PathValue("id"), languageOf(r), w)
}
