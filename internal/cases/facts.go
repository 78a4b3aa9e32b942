package cases

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/roster"
)

// Facts are what the papers of a case are made of, as far as the records and the desk know it. What nobody knows stays empty, and is a place
// to fill in.
func (d *Desk) Facts(ctx context.Context, s account.Session, f *Findings) (*paper.Facts, error) {
	c, err := d.Books.Case(ctx, s.ID, f.Case.ID)
	if err != nil {
		return nil, err
	}
	out := &paper.Facts{At: f.At, Case: caseFacts(c), Answers: make(map[string]paper.Answer), Total: paper.Sums{Damage: damageFacts(&f.Damage), Exposure: exposureFacts(&f.Exposure)}}
	for _, x := range c.Facts {
		out.Answers[x.Key] = paper.Answer{Text: x.Value, By: x.By, When: x.At}
	}
	for _, g := range f.Exposure.Gaps {
		out.Gaps = append(out.Gaps, paper.Gap{What: both("flaw-of-ledger." + string(g.Flaw)), From: g.From, To: g.To, Hits: g.Hits})
	}
	if out.Controls, err = d.controls(ctx, s, f, c); err != nil {
		return nil, err
	}
	firm, err := d.Books.FirmFacts(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	out.Firm = firmOf(firm)
	due, err := d.Deadlines(ctx, s, c.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range due.Deadlines {
		out.Deadlines = append(out.Deadlines, x.Deadline)
	}
	out.Assessments, out.ToPublic, out.Told = due.Parties, due.ToPublic, due.Told != nil
	if out.Lookup, err = d.lookupPage(ctx, s, c.ID); err != nil {
		return nil, err
	}
	w, _, err := d.readWritten(ctx, s, c.ID)
	if err != nil {
		return nil, err
	}
	out.Edits, out.First = w.Edits, w.filed(paper.FirstReport)
	t, err := d.Books.Timeline(ctx, s.ID, c.ID, account.TimelineQuery{Slots: 1})
	if err != nil {
		return nil, err
	}
	out.Controls.Unwraps = paper.Number{N: t.All.Readings, Known: true}
	out.Lines = lines(c, out.Controls.Freezes, t)
	err = f.source.on(ctx, s, func() error { return f.clients(out) })
	return out, err
}

// both says a text in both languages.
func both(key string, args ...any) paper.Text {
	return paper.Text{JA: lang.Japanese.Text(key, args...), EN: lang.English.Text(key, args...)}
}

func caseFacts(c account.Case) paper.Case {
	out := paper.Case{Number: c.ID, Opened: c.Opened}
	out.Known, out.Proposed = c.Clock()
	for _, k := range c.Knowing {
		out.Knowing = append(out.Knowing, paper.Knowing{Department: k.Department, Person: k.Person, How: k.How, When: k.When})
	}
	for _, s := range c.Suspects {
		x := paper.Suspect{What: both("stop." + string(s.Kind)), Name: cmp.Or(s.Owner, s.Name), From: s.From, To: s.To}
		if s.Kind == account.StopAddress {
			x.Address = s.Subject
		}
		out.Suspects = append(out.Suspects, x)
	}
	return out
}

func damageFacts(d *Damage) paper.Damage {
	out := paper.Damage{Known: true, Files: d.Files, Bytes: d.Bytes, OfFiles: d.OfFiles, OfBytes: d.OfBytes, Intact: d.Intact, RolledBack: d.Back, When: d.BackAt, Verified: d.Verified}
	for _, w := range slices.Sorted(maps.Keys(d.Hurts)) {
		out.Hurts = append(out.Hurts, paper.Hurt{Kind: string(w), Files: d.Hurts[w]})
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, paper.Note{Name: n.Name, SHA256: n.SHA256, Files: n.Files})
	}
	for _, e := range slices.Sorted(maps.Keys(d.Endings)) {
		out.Endings = append(out.Endings, paper.Ending{Ending: e, Files: d.Endings[e]})
	}
	return out
}

func three(t exposure.Three) paper.Three { return paper.Three(t) }

func exposureFacts(r *exposure.Report) paper.Exposure {
	out := paper.Exposure{Known: true, Persons: three(r.Persons.Persons), Unlinked: three(r.Persons.Unlinked), Files: three(r.Files.Files), FilesUnlinked: three(r.Files.Unlinked),
		Unknown: three(r.Unknown), Strange: r.Files.Strange, Names: r.Files.Names}
	for _, x := range r.Rows {
		out.Rows = append(out.Rows, paper.Row{School: x.School, Year: x.Year, Kind: x.Kind, Persons: three(x.Persons), Unlinked: three(x.Unlinked)})
	}
	return out
}

// controls are what the system can attest of itself.
func (d *Desk) controls(ctx context.Context, s account.Session, f *Findings, c account.Case) (out paper.Controls, err error) {
	all, err := d.Books.Accounts(ctx, s.ID)
	if err != nil {
		return out, err
	}
	out.SecondFactor = paper.Part{Known: true, When: f.At}
	for _, a := range all {
		if a.Disabled {
			continue
		}
		if out.SecondFactor.Of++; slices.ContainsFunc(a.Factors, func(k account.AuthenticatorKind) bool { return k != account.Recovery }) {
			out.SecondFactor.Done++
		}
	}
	r, err := d.Books.Renewal(ctx, s.ID)
	if err != nil {
		return out, err
	}
	if r.Started.After(c.Opened) {
		out.Renewed = paper.Part{Known: true, Done: int64(r.Done), Of: int64(r.Of), When: r.Started}
	}
	stops, err := d.Books.Stops(ctx, s.ID)
	if err != nil {
		return out, err
	}
	for _, x := range stops {
		out.Freezes = append(out.Freezes, paper.Freeze{Who: cmp.Or(x.Owner, x.Name, x.Subject), When: x.Since, By: x.By})
	}
	out.Ledger = paper.Ledger{Verified: f.Ledger.Verified == f.Ledger.Entries && f.Ledger.Damage == 0 && !f.Ledger.Broken, Head: f.Ledger.Root, Entries: f.Ledger.Entries, At: f.At}
	out.Ciphers = []string{"AES-256-GCM", "HMAC-SHA-256", "HKDF-SHA-256", "ECDH P-256 + ML-KEM-768 (HPKE)"}
	out.KeysApart = both("line.keys-apart")
	for _, x := range c.Suspects {
		if x.Kind == account.PartyStorehouse || x.Kind == account.PartyKeeper {
			out.Reach = append(out.Reach, x.From, x.To)
		}
	}
	return out, nil
}

// lines are the timeline as papers tell it. It is read by outsiders, too: no names of people.
func lines(c account.Case, freezes []paper.Freeze, t account.Timeline) (out []paper.Line) {
	source, desk := both("line.from-ledger"), both("line.from-desk")
	for _, s := range c.Suspects {
		out = append(out, paper.Line{When: s.From, What: both("line.distrusted"), Source: source})
	}
	if n := t.SuspectAll; n.Readings+n.Saves+n.Logins > 0 && len(c.Suspects) > 0 {
		first := c.Suspects[0].From
		for _, x := range c.Suspects {
			if x.From.Before(first) {
				first = x.From
			}
		}
		out = append(out, paper.Line{When: first, What: both("line.acts", n.Readings, n.Saves, n.Logins), Source: source, All: true})
	}
	for _, x := range freezes {
		out = append(out, paper.Line{When: x.When, What: both(map[bool]string{true: "line.frozen-by-guard", false: "line.frozen"}[x.By == ""]), Source: source})
	}
	out = append(out, paper.Line{When: c.Opened, What: both(map[bool]string{true: "line.opened-by-guard", false: "line.opened"}[c.By == ""]), Source: source})
	for _, k := range c.Knowing {
		out = append(out, paper.Line{When: k.When, What: both("line.knew", k.Department), Source: desk})
	}
	if !c.Closed.IsZero() {
		out = append(out, paper.Line{When: c.Closed, What: both("line.closed"), Source: desk})
	}
	slices.SortStableFunc(out, func(a, b paper.Line) int { return a.When.Compare(b.When) })
	return out
}

// clients gathers what each client is told: one for all shares of which the register names the same. A share of which it names nobody is
// a client of its own. The source is held.
func (f *Findings) clients(out *paper.Facts) error {
	if f.told != nil {
		out.Clients = f.told
		return nil
	}
	by := make(map[string][]*ShareFindings)
	var order []string
	for i := range f.Shares {
		sh := &f.Shares[i]
		key := "share:" + sh.Name
		if sh.Register.Client != "" {
			key = "client:" + sh.Register.Client
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], sh)
	}
	for _, key := range order {
		c, err := f.client(key, by[key])
		if err != nil {
			return err
		}
		out.Clients = append(out.Clients, c)
	}
	f.told = out.Clients
	return nil
}

// worst is what a person counts as for one client.
type worst struct {
	class    exposure.Class
	unlinked bool
	files    int64
}

func (f *Findings) client(key string, shares []*ShareFindings) (paper.Client, error) {
	out := paper.Client{Key: key}
	g := &gathering{f: f, people: make(map[int]*worst)}
	var damage Damage
	var seen []*Damage
	var unknown, strange = exposure.Three{}, int64(0)
	for _, sh := range shares {
		r := sh.Register
		out.Name, out.Contact = cmp.Or(out.Name, r.Client), cmp.Or(out.Contact, r.Contact)
		out.Public = out.Public || r.Public
		out.Shares = append(out.Shares, paper.Share{Name: sh.Name, Year: r.Year, Data: r.Data, Subjects: r.Subjects, Sensitive: r.Sensitive})
		damage.add(&sh.Damage)
		seen = append(seen, &sh.Damage)
		part, err := g.share(sh.Name)
		if err != nil {
			return out, err
		}
		g.count(&out.Exposure, part)
		if strange += part.Files.Strange; !part.Files.Roster {
			unknown.Confirmed, unknown.Possible, unknown.Exempt = unknown.Confirmed+part.Files.Files.Confirmed, unknown.Possible+part.Files.Files.Possible, unknown.Exempt+part.Files.Files.Exempt
		}
		out.Exposure.Names = out.Exposure.Names || part.Files.Names
	}
	damage.Verified = verifiedOf(seen)
	out.Damage, out.Exposure.Known = damageFacts(&damage), true
	out.Exposure.Unknown, out.Exposure.Strange = three(unknown), strange
	g.rows(&out.Exposure)
	out.People, out.Files = g.persons(), slices.Values(g.files)
	return out, nil
}

// gathering collects the persons and files of one client.
type gathering struct {
	f      *Findings
	people map[int]*worst
	files  []paper.File
}

func (g *gathering) share(name string) (*exposure.Part, error) {
	x := g.f.source
	n, err := x.share(name)
	if err != nil {
		return nil, err
	}
	own := make(map[int]int64)
	x.only = n
	defer func() { x.only = id.Share{} }()
	part, err := g.f.answer.Part(n, x.files, func(file *exposure.File, m exposure.Mark) {
		class, exposed := m.Class()
		h, hurt := g.f.harmed.files[file.ID]
		if !exposed && !hurt {
			return
		}
		y := paper.File{Path: string(file.Paths[0]), Exposed: exposed, Count: paper.Class(class), Intact: h.intact, When: h.when, Back: h.back}
		for _, w := range h.what {
			y.Hurts = append(y.Hurts, string(w))
		}
		for i, p := range file.Paths {
			switch who := g.f.Persons.Of(n, p); who.Link {
			case exposure.One:
				if i == 0 {
					own[who.N]++
				}
			case exposure.Unlinked:
				y.Unlinked = true
			}
		}
		g.files = append(g.files, y)
	})
	if err != nil {
		return nil, err
	}
	for c := exposure.Confirmed; c <= exposure.Exempt; c++ {
		for p, linked := range part.People(c) {
			w := g.people[p]
			if w == nil {
				g.people[p] = &worst{c, !linked, 0}
			} else {
				w.class, w.unlinked = min(w.class, c), w.unlinked && !linked
			}
		}
	}
	for p, n := range own {
		if w := g.people[p]; w != nil {
			w.files += n
		}
	}
	return part, nil
}

// count adds a share's files to the numbers.
func (g *gathering) count(e *paper.Exposure, part *exposure.Part) {
	for _, x := range []struct {
		to   *paper.Three
		from exposure.Three
	}{{&e.Files, part.Files.Files}, {&e.FilesUnlinked, part.Files.Unlinked}} {
		x.to.Confirmed, x.to.Possible, x.to.Exempt = x.to.Confirmed+x.from.Confirmed, x.to.Possible+x.from.Possible, x.to.Exempt+x.from.Exempt
	}
}

// rows counts persons by their places.
func (g *gathering) rows(e *paper.Exposure) {
	rows := make(map[exposure.Place]*paper.Row)
	for p, w := range g.people {
		place := g.f.Persons.Place(p)
		r := rows[place]
		if r == nil {
			r = &paper.Row{School: place.School, Year: place.Year, Kind: place.Kind}
			rows[place] = r
		}
		for _, t := range []*paper.Three{&r.Persons, &e.Persons} {
			add(t, w.class)
		}
		if w.unlinked {
			add(&r.Unlinked, w.class)
			add(&e.Unlinked, w.class)
		}
	}
	for _, r := range rows {
		e.Rows = append(e.Rows, *r)
	}
	slices.SortFunc(e.Rows, func(a, b paper.Row) int {
		return cmp.Or(strings.Compare(a.School, b.School), strings.Compare(a.Year, b.Year), strings.Compare(a.Kind, b.Kind))
	})
}

func add(t *paper.Three, c exposure.Class) {
	switch c {
	case exposure.Confirmed:
		t.Confirmed++
	case exposure.Possible:
		t.Possible++
	case exposure.Exempt:
		t.Exempt++
	}
}

// persons yields the persons in the order of the roster.
func (g *gathering) persons() iter.Seq[paper.Person] {
	order := slices.Sorted(maps.Keys(g.people))
	return func(yield func(paper.Person) bool) {
		for _, n := range order {
			w, p := g.people[n], g.f.Persons.People[n]
			if !yield(personOf(p, w)) {
				return
			}
		}
	}
}

func personOf(p *roster.Person, w *worst) paper.Person {
	return paper.Person{School: p.School, Year: p.Year, Grade: p.Grade, Class: p.Class, Number: p.Number, Name: p.Name, Kind: string(p.Kind),
		Count: paper.Class(w.class), Unlinked: w.unlinked, Files: w.files}
}
