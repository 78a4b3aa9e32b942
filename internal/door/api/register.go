package api

import (
	"context"
	"encoding/csv"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/pathname"
)

// Register is the line of a share in the register of personal data.
type Register = account.Register

// SchoolLine is what the register says of one school in a share with several.
type SchoolLine = account.SchoolLine

// SchoolLines are all of a share.
type SchoolLines struct {
	Schools []SchoolLine `json:"schools"`
}

// RegisterLine is that with its share and who may do what there.
type RegisterLine = account.RegisterLine

// Books keeps the register of personal data.
type Books interface {
	Register(ctx context.Context, s id.Session) ([]RegisterLine, error)
	SetRegister(ctx context.Context, s id.Session, share string, r Register) error
	SetSchoolLines(ctx context.Context, s id.Session, share string, lines []SchoolLine) error
	// Concerned lists the shares whose names, damage and roster a session may see.
	Concerned(ctx context.Context, s id.Session) ([]account.Share, error)
}

func (h *handler) register(w http.ResponseWriter, r *http.Request, s account.Session) error {
	list, err := h.People.Register(r.Context(), s.ID)
	return all(w, r, list, err)
}

func (h *handler) setRegister(w http.ResponseWriter, r *http.Request, s account.Session) error {
	q, err := readJSON[Register](r)
	if err != nil {
		return err
	}
	return done(w, h.People.SetRegister(r.Context(), s.ID, r.PathValue("name"), q))
}

// concernRoots are the shares whose names and damage a session may see.
func (h *handler) concernRoots(ctx context.Context, s account.Session) (out []pathname.Path, err error) {
	list, err := h.People.Concerned(ctx, s.ID)
	for _, a := range list {
		out = append(out, pathname.Root.Join(a.Name))
	}
	return out, err
}

// registerHead are the words above the register, by key of package lang.
var registerHead = []string{"register.share", "register.school", "register.client", "register.public", "register.year", "register.data", "register.sensitive", "register.subjects",
	"register.purpose", "register.department", "register.in-charge", "register.access", "register.retention", "register.contact"}

// WriteRegister writes the register as a table that Excel opens (RFC 4180, UTF-8 with a byte order mark).
func WriteRegister(w io.Writer, l lang.Lang, register iter.Seq2[RegisterLine, error]) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	row := make([]string, len(registerHead))
	for i, key := range registerHead {
		row[i] = l.Text(key)
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for line, err := range register {
		if err != nil {
			return err
		}
		for texts := range registerTexts(l, line) {
			if err := out.Write(plainCells(texts)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// registerWidths are how wide the columns of the register are, beside each other.
var registerWidths = []float64{12, 14, 14, 6, 6, 14, 8, 12, 14, 10, 10, 16, 14, 18}

// WriteRegisterSheet writes the register as a workbook.
func WriteRegisterSheet(w io.Writer, l lang.Lang, register []RegisterLine, made time.Time) error {
	s := document.Sheet{Lang: l.String(), Title: l.Text("web.register")}
	for i, key := range registerHead {
		s.Columns = append(s.Columns, document.Column{Title: l.Text(key), Width: registerWidths[i]})
	}
	s.Rows = func(yield func([]document.Cell) bool) {
		for _, line := range register {
			for texts := range registerTexts(l, line) {
				var cells []document.Cell
				for _, text := range texts {
					cells = append(cells, document.Cell{Text: text})
				}
				if !yield(cells) {
					return
				}
			}
		}
	}
	return s.XLSX(w, made)
}

// plainCells keeps a spreadsheet from taking texts for formulas.
func plainCells(row []string) []string {
	for i, text := range row {
		if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
			row[i] = "'" + text
		}
	}
	return row
}

// registerTexts yields the row of a share, and behind it those of the schools in it that have one.
func registerTexts(l lang.Lang, x RegisterLine) iter.Seq[[]string] {
	yes := func(b bool) string {
		if b {
			return l.Text("register.yes")
		}
		return ""
	}
	year := ""
	if x.Year != 0 {
		year = strconv.Itoa(x.Year)
	}
	var access []string
	for _, r := range x.Rights {
		access = append(access, r.Account+r.Group+" ("+l.Text("right."+string(r.Rights))+")")
	}
	return func(yield func([]string) bool) {
		if !yield([]string{x.Share, "", x.Client, yes(x.Public), year, strings.Join(x.Data, "、"), yes(x.Sensitive), strings.Join(x.Subjects, "、"),
			x.Purpose, x.Department, x.InCharge, strings.Join(access, "、"), x.Retention, x.Contact}) {
			return
		}
		for _, s := range x.Schools {
			public := ""
			if s.Public != nil {
				public = l.Text(map[bool]string{true: "register.yes", false: "register.no"}[*s.Public])
			}
			if !yield([]string{x.Share, s.School, s.Client, public, "", "", "", "", "", "", "", "", "", s.Contact}) {
				return
			}
		}
	}
}
