package cases

import (
	"context"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/problem"
)

// Findings are what the records say of a case at one moment.
type Findings struct {
	Case     account.Case       `json:"case"`
	At       time.Time          `json:"at"`
	Exposure exposure.Report    `json:"exposure"`
	Shares   []ShareFindings    `json:"shares"` // those with damage or exposure, and all whose numbers are unknown
	Damage   Damage             `json:"damage"` // of all shares
	Ledger   LedgerState        `json:"ledger"`
	answer   *exposure.Exposure // for lists
	harmed   *harmed
	told     *letters               // what each client is told, once it was gathered; the source guards it
	lines    []account.RegisterLine // as Shares has them
	timeline *acted                 // as papers count it; the source guards it
	readers  map[id.Session]bool    // of whom the ledger has that they read the rosters; the desk guards it
	source   *source
	mends    int64    // of the house, before anything was asked
	Persons  *Persons `json:"-"`
}

// ShareFindings are those of one share.
type ShareFindings struct {
	Name     string              `json:"name"`
	Register account.Register    `json:"register"`
	Exposure exposure.ShareCount `json:"exposure"`
	Damage   Damage              `json:"damage"`
}

// LedgerState says how far the ledger can be believed.
type LedgerState struct {
	Entries  int64     `json:"entries"`
	Verified int64     `json:"verified"` // so many, from the first on, are what was signed
	Root     string    `json:"root"`
	Damage   int64     `json:"damage"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Broken   bool      `json:"broken,omitempty"` // it could not be read to its end
}

// Find computes the findings of a case for a session that is concerned with all shares: who investigates. Others get none, and no small numbers.
func (d *Desk) Find(ctx context.Context, s account.Session, n string) (*Findings, error) {
	c, shares, err := d.concerned(ctx, s, n)
	if err != nil {
		return nil, err
	}
	return d.find(ctx, s, c, shares, new(meter))
}

// concerned returns a case and the shares that there are, for who is concerned with all of them. Numbers of a part would be too small, in papers that
// look like all.
func (d *Desk) concerned(ctx context.Context, s account.Session, n string) (account.Case, []account.Share, error) {
	c, err := d.caseOf(ctx, s, n)
	if err != nil {
		return c, nil, err
	}
	shares, err := d.Books.Concerned(ctx, s.ID)
	if err == nil && len(shares) != len(d.Books.Duties().Register) {
		err = &problem.Error{Kind: problem.Denied, Op: "case", On: n, Hint: "hint.not-your-role"}
	}
	return c, shares, err
}

func (d *Desk) find(ctx context.Context, s account.Session, c account.Case, shares []account.Share, m *meter) (*Findings, error) {
	mends := d.House.Mends()
	lines, err := d.Books.Register(ctx, s.ID) // before the rosters: it tells schools of one name apart
	if err != nil {
		return nil, err
	}
	m.begin(rostersRead, int64(len(shares)))
	persons, err := d.rosters(ctx, s, shares, lines, m)
	if err != nil {
		return nil, err
	}
	at := d.Now()
	m.begin(ledgerVerified, 0)
	audit, err := d.Books.Audit(ctx, s.ID) // after all that this question itself writes into the ledger: what comes later is not asked for
	if err != nil {
		return nil, err
	}
	f := &Findings{Case: c, At: at, Persons: persons, source: newSource(d, shares), lines: lines, mends: mends, Ledger: stateOf(audit), readers: map[id.Session]bool{s.ID: true}, timeline: new(acted)}
	f.source.size, f.source.meter = audit.Head.Size, m
	return f, f.source.on(ctx, s, func() error { return f.compute(audit) })
}

func stateOf(a keeper.Audit) LedgerState {
	return LedgerState{Entries: a.Head.Size, Verified: a.Verified, Root: a.Head.Root.String(), Damage: a.Report.DamageCount, First: a.Report.First, Last: a.Report.Last}
}

func (d *Desk) caseOf(ctx context.Context, s account.Session, n string) (account.Case, error) {
	const op = "case"
	list, err := d.Books.Cases(ctx, s.ID)
	if err != nil {
		return account.Case{}, err
	}
	i := slices.IndexFunc(list, func(c account.Case) bool { return c.ID == n })
	if i < 0 {
		return account.Case{}, &problem.Error{Kind: problem.NotFound, Op: op, On: n, Hint: "hint.no-case"}
	}
	if len(list[i].Suspects) == 0 {
		return account.Case{}, &problem.Error{Kind: problem.Invalid, Op: op, On: n, Hint: "hint.case-nobody"}
	}
	return list[i], nil
}

// compute asks vault and ledger; the source is held.
func (f *Findings) compute(audit keeper.Audit) error {
	x := f.source
	list, err := parties(f.Case)
	if err != nil {
		return err
	}
	acting, err := x.Books.Parties(x.ctx, x.s.ID, f.Case.ID)
	if err != nil {
		return err
	}
	by := suspectsIn(acting)
	by.Back = true        // what was put right was hurt all the same, and stands in every report
	if len(acting) == 0 { // whoever rules a machine, or has a medium, saves nothing under a name of their own
		by.From = f.At
	}
	x.meter.begin(damageAsked, int64(len(x.shares)))
	harmed, err := f.damage(by)
	if err != nil {
		return err
	}
	f.harmed, x.all, x.persons = harmed, f.Damage.OfFiles, f.Persons
	if x.renamed = harmed.renamed; hosted(list) {
		x.renamed = nil
	}
	harmed.renamed = nil
	if err := f.digest(); err != nil {
		return err
	}
	x.meter.begin(readingsFollowed, x.size)
	f.answer, err = exposure.Ask(exposure.Question{Parties: list, Files: x.files, Damage: harmed.of, Persons: f.Persons,
		Ledger: exposure.Ledger{Entries: x.entries, Verified: audit.Verified, Seen: audit.Seen, Read: f.At}})
	if err != nil {
		return err
	}
	f.Exposure, f.Ledger.Broken = f.answer.Report, x.broken != nil
	f.verified()
	counts := make(map[id.Share]exposure.ShareCount)
	for _, c := range f.Exposure.Shares {
		counts[c.Share] = c
	}
	f.register()
	for i := range f.Shares {
		sh := &f.Shares[i]
		for n, name := range x.names {
			if name == sh.Name {
				sh.Exposure = counts[n]
			}
		}
	}
	return nil
}

// register puts the lines of the register beside the shares that they are of.
func (f *Findings) register() {
	of := registerOf(f.lines)
	for i := range f.Shares {
		f.Shares[i].Register = of[f.Shares[i].Name]
	}
}

// with returns findings with other lines of the register: who they are told to hangs on these, and nothing that takes long.
func (f *Findings) with(lines []account.RegisterLine) *Findings {
	out := &Findings{Case: f.Case, At: f.At, Exposure: f.Exposure, Shares: slices.Clone(f.Shares), Damage: f.Damage, Ledger: f.Ledger, answer: f.answer, harmed: f.harmed,
		source: f.source, mends: f.mends, Persons: f.Persons, lines: lines, timeline: f.timeline, readers: f.readers}
	out.register()
	return out
}
