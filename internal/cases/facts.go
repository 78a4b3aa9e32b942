package cases

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/paper"
	"github.com/azekura/azekura/internal/problem"
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
	return out, f.source.on(ctx, s, func() error {
		if err := f.acts(c, out); err != nil {
			return err
		}
		return f.clients(out)
	})
}

// acted is what was read, saved and logged in to; nil until it was asked for.
type acted struct{ *account.Timeline }

// acts tells what was read, saved and logged in to. It is counted once for findings: of a million entries that takes longer than the papers.
func (f *Findings) acts(c account.Case, out *paper.Facts) error {
	if f.timeline.Timeline == nil {
		t, err := f.source.Books.Timeline(f.source.ctx, f.source.s.ID, c.ID, account.TimelineQuery{Slots: 1})
		if err != nil {
			return err
		}
		f.timeline.Timeline = &t
	}
	out.Controls.Unwraps = paper.Number{N: f.timeline.All.Readings, Known: true}
	out.Lines = lines(c, out.Controls.Freezes, *f.timeline.Timeline)
	return nil
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
	media, err := d.Books.Media(ctx, s.ID)
	if err != nil && problem.KindOf(err) != problem.Denied {
		return out, err
	}
	out.Copies = copies(media, f.At)
	out.Ciphers = []string{"AES-256-GCM", "HMAC-SHA-256", "HKDF-SHA-256", "ECDH P-256 + ML-KEM-768 (HPKE)"}
	out.KeysApart = both("line.keys-apart")
	for _, x := range c.Suspects {
		if x.Kind == account.PartyStorehouse || x.Kind == account.PartyKeeper {
			out.Reach = append(out.Reach, x.From, x.To)
		}
	}
	return out, nil
}

// copies are the media that have a copy, as they are at a time.
func copies(media []account.Medium, at time.Time) (out []paper.Copy) {
	for _, m := range media {
		if m.State == 0 || !m.Retired.IsZero() {
			continue
		}
		c := paper.Copy{Name: m.Label, Offline: m.Now(at) == account.MediumOff, Verified: m.Checked}
		if m.Now(at) == account.MediumLocked {
			c.Locked = m.Until
		}
		out = append(out, c)
	}
	return out
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
