package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/deadline"
	"github.com/azekura/azekura/internal/document"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/problem"
)

// written is what people have written over the papers of a case, and the papers as they were filed. The keeper holds it, sealed.
type written struct {
	Edits []paper.Edit                `json:"edits,omitempty"`
	Filed map[paper.Kind][]paper.Kept `json:"filed,omitempty"` // the latest last
}

const (
	maxEdits = 5_000
	maxFiled = 20 // of each kind: older ones are among the attachments
	maxEdit  = 20_000
)

// readWritten returns that with its generation.
func (d *Desk) readWritten(ctx context.Context, s account.Session, n string) (w written, generation int, err error) {
	b, generation, err := d.Books.Papers(ctx, s.ID, n)
	if err != nil || len(b) == 0 {
		return w, generation, err
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return w, 0, problem.New(problem.Damaged, "case", n, err)
	}
	return w, generation, nil
}

// rewrite changes it. Who was slower than somebody else begins again from what they have written.
func (d *Desk) rewrite(ctx context.Context, s account.Session, n string, change func(*written) error) error {
	const tries = 4
	for try := 0; ; try++ {
		w, generation, err := d.readWritten(ctx, s, n)
		if err != nil {
			return err
		}
		if err := change(&w); err != nil {
			return err
		}
		b, err := json.Marshal(w)
		if err != nil {
			return err
		}
		err = d.Books.SetPapers(ctx, s.ID, n, b, generation)
		if err == nil || problem.KindOf(err) != problem.Condition || try == tries {
			return err
		}
	}
}

// Edit writes a person's text over a field of a paper, in one language; an empty text takes it away. seen is what the field said to them:
// where it says something else by now, nothing is written.
func (d *Desk) Edit(ctx context.Context, s account.Session, n string, e paper.Edit, seen string) error {
	const op = "case"
	l := lang.Pick(e.Lang)
	if len(e.Text) > maxEdit {
		return &problem.Error{Kind: problem.TooLarge, Op: op, On: e.Key, Hint: "hint.paper-long"}
	}
	facts, err := d.Papers(ctx, s, n, e.Client)
	if err != nil {
		return err
	}
	if e.Client != "" { // people may have given its name, and papers know it by its key
		e.Client = facts.Clients[0].Key
	}
	fields := paper.Fields(e.Kind, facts)
	i := slices.IndexFunc(fields, func(f paper.Field) bool { return f.Key == e.Key })
	if i < 0 {
		return &problem.Error{Kind: problem.NotFound, Op: op, On: string(e.Kind) + " " + e.Key, Hint: "hint.no-field"}
	}
	own := fields[i].Own.EN
	if l == lang.Japanese {
		own = fields[i].Own.JA
	}
	e.Lang, e.Was, e.By, e.When = l.String(), own, s.Name, d.Now()
	return d.rewrite(ctx, s, n, func(w *written) error {
		same := func(x paper.Edit) bool {
			return x.Kind == e.Kind && x.Client == e.Client && x.Key == e.Key && x.Lang == e.Lang
		}
		if at := slices.IndexFunc(w.Edits, same); at >= 0 && w.Edits[at].Text != seen {
			return &problem.Error{Kind: problem.Condition, Op: op, On: e.Key, Hint: "hint.paper-changed"}
		}
		w.Edits = slices.DeleteFunc(w.Edits, same)
		if e.Text == "" {
			return nil
		}
		if len(w.Edits) >= maxEdits {
			return problem.New(problem.TooLarge, op, n, nil)
		}
		w.Edits = append(w.Edits, e)
		return nil
	})
}

// filedDuties are what is done once a paper was handed in. The report to the body of the PrivacyMark is a first or a final one, as people choose.
var filedDuties = map[paper.Kind]string{paper.FirstReport: "ppc-first", paper.FinalReport: "ppc-final"}

// File keeps a paper as it is handed in: what each field says, for the report that follows, and the paper itself in both formats among the
// attachments of the case.
func (d *Desk) File(ctx context.Context, s account.Session, n string, kind paper.Kind, client string, l lang.Lang) error {
	facts, err := d.Papers(ctx, s, n, client)
	if err != nil {
		return err
	}
	kept := paper.Keep(kind, facts)
	var docx bytes.Buffer
	made := paper.Make(kind, facts, l)
	if err := made.DOCX(&docx, facts.At); err != nil {
		return err
	}
	name := n + "-" + string(kind) + "-" + facts.At.Format("20060102-150405")
	if _, err := d.Books.Attach(ctx, s.ID, n, name+".docx", docx.Bytes()); err != nil {
		return err
	}
	if press, err := document.NewPress(d.Font); err == nil { // without a font there is the other
		b, err := press.PDF(made, facts.At)
		if err == nil {
			_, err = d.Books.Attach(ctx, s.ID, n, name+".pdf", b)
		}
		if err != nil {
			return err
		}
	}
	if PerClient(kind) { // of thousands of letters, the attachments are enough
		return nil
	}
	if err := d.handedIn(ctx, s, n, kind); err != nil {
		return err
	}
	return d.rewrite(ctx, s, n, func(w *written) error {
		if w.Filed == nil {
			w.Filed = make(map[paper.Kind][]paper.Kept)
		}
		w.Filed[kind] = append(w.Filed[kind], *kept)
		w.Filed[kind] = w.Filed[kind][max(0, len(w.Filed[kind])-maxFiled):]
		return nil
	})
}

// handedIn says that what a paper is due for was done, unless somebody has: nobody is reminded of it any more.
func (d *Desk) handedIn(ctx context.Context, s account.Session, n string, kind paper.Kind) error {
	duty := filedDuties[kind]
	if duty == "" {
		return nil
	}
	c, err := d.Books.Case(ctx, s.ID, n)
	if err != nil || answer(c, "done-"+duty) == deadline.Yes {
		return err
	}
	return d.Books.SetFact(ctx, s.ID, n, "done-"+duty, "yes")
}

// filed returns the last report of a kind as it was handed in, or nil.
func (w *written) filed(k paper.Kind) *paper.Kept {
	list := w.Filed[k]
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

// firmOf is the firm as papers name it.
func firmOf(f account.Firm) paper.Firm {
	out := paper.Firm{Name: f.Name, Number: f.Number, Business: f.Business, Address: f.Address, Department: f.Department, Contact: f.Person, Phone: f.Telephone, Mail: f.Mail,
		Hours: f.Hours, Mark: f.Mark}
	out.Representative = f.Representative
	if f.Title != "" && f.Representative != "" {
		out.Representative = f.Title + " " + f.Representative
	}
	return out
}
