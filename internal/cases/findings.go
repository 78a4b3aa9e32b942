package cases

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
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
	told     *letters // what each client is told, once it was gathered; the source guards it
	source   *source
	Persons  *Persons `json:"-"`
}

// ShareFindings are those of one share.
type ShareFindings struct {
	Name     string              `json:"name"`
	Register account.Register    `json:"register"`
	Exposure exposure.ShareCount `json:"exposure"`
	Damage   Damage              `json:"damage"`
}

// Damage counts what was altered.
type Damage struct {
	Hurts    map[vault.Hurt]int64 `json:"hurts,omitempty"`
	Files    int64                `json:"files"`    // of which content or name is not what it was, or which are gone
	Bytes    int64                `json:"bytes"`    // their sizes before
	OfFiles  int64                `json:"of_files"` // all there are, with what is gone
	OfBytes  int64                `json:"of_bytes"`
	Back     int64                `json:"back,omitempty"`    // of Files, those that are as they were again
	BackAt   time.Time            `json:"back_at,omitzero"`  // when the last of them was put back
	Verified time.Time            `json:"verified,omitzero"` // of a share: when what is kept was last read again and found whole; of all: of that of which it is longest ago
	Intact   int64                `json:"intact"`            // of Files, with an intact version from before, or nothing in them then
	Endings  map[string]int64     `json:"endings,omitempty"` // of what is new or was renamed: the ends of their names
	Notes    []Note               `json:"notes,omitempty"`   // texts that were left behind
}

// Note is a text that was left behind in several folders.
type Note struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Files  int64  `json:"files"`
	Path   string `json:"path"`             // one of them
	SHA256 string `json:"sha256,omitempty"` // absent: who asks may not read there
	head   vault.Info
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

const (
	mostEndings = 100 // of names, that are told apart
	mostNotes   = 100
)

// Find computes the findings of a case for a session that is concerned with all shares: who investigates. Others get none, and no small numbers.
func (d *Desk) Find(ctx context.Context, s account.Session, n string) (*Findings, error) {
	c, err := d.caseOf(ctx, s, n)
	if err != nil {
		return nil, err
	}
	shares, err := d.Books.Concerned(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	if len(shares) != len(d.Books.Duties().Register) { // numbers of a part would be too small, in papers that look like all
		return nil, &problem.Error{Kind: problem.Denied, Op: "case", On: n, Hint: "hint.not-your-role"}
	}
	persons, err := d.Rosters(ctx, s, shares)
	if err != nil {
		return nil, err
	}
	at := d.Now()
	audit, err := d.Books.Audit(ctx, s.ID) // after all that this question itself writes into the ledger: what comes later is not asked for
	if err != nil {
		return nil, err
	}
	f := &Findings{Case: c, At: at, Persons: persons, source: newSource(d, shares), Ledger: stateOf(audit)}
	f.source.size = audit.Head.Size
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
	w, err := x.ways(f.Case)
	if err != nil {
		return err
	}
	list, err := parties(f.Case, w.started)
	if err != nil {
		return err
	}
	harmed, err := f.damage(w.suspects(f.Case))
	if err != nil {
		return err
	}
	f.harmed = harmed
	if err := errors.Join(f.digest(), f.verified()); err != nil {
		return err
	}
	f.answer, err = exposure.Ask(exposure.Question{Parties: list, Files: x.files, Damage: harmed.of, Persons: f.Persons,
		Ledger: exposure.Ledger{Entries: x.entries, Verified: audit.Verified, Seen: audit.Seen, Read: f.At}})
	if err != nil {
		return err
	}
	f.Exposure, f.Ledger.Broken = f.answer.Report, x.broken != nil
	counts := make(map[id.Share]exposure.ShareCount)
	for _, c := range f.Exposure.Shares {
		counts[c.Share] = c
	}
	lines, err := x.Books.Register(x.ctx, x.s.ID)
	if err != nil {
		return err
	}
	for i := range f.Shares {
		sh := &f.Shares[i]
		for _, l := range lines {
			if l.Share == sh.Name {
				sh.Register = l.Register
			}
		}
		for n, name := range x.names {
			if name == sh.Name {
				sh.Exposure = counts[n]
			}
		}
	}
	return nil
}

// harmed are the files that were altered, for the exposure.
type harmed struct {
	files map[id.File]hurt
	gone  map[pathname.Path]time.Time // directories that were removed with what was in them, and when they were put back
}

// hurt is what was done to one file.
type hurt struct {
	what    []vault.Hurt
	when    time.Time
	size    int64 // before
	altered bool  // its content or its place is not what it was; otherwise it is new, or held back
	intact  bool  // a version from before is there
	back    time.Time
}

// of implements exposure.Damage.
func (h *harmed) of(file id.File) (altered, intact bool) {
	x := h.files[file]
	return x.altered, x.altered && x.intact
}

// damage asks what the suspects have done in every share.
func (f *Findings) damage(by vault.Suspects) (*harmed, error) {
	x, out := f.source, &harmed{files: make(map[id.File]hurt), gone: make(map[pathname.Path]time.Time)}
	for _, a := range x.shares {
		sh := ShareFindings{Name: a.Name}
		t := newTally(&sh.Damage)
		e, err := x.House.Harm(x.ctx, x.s, pathname.Root.Join(a.Name), by, func(h vault.Harm) error {
			altered := t.add(&h)
			switch {
			case h.Dir && h.Below.Files > 0:
				out.gone[h.Path] = h.Back
			case !h.Dir:
				out.files[h.File] = hurt{h.Hurts, h.When, h.Was.Size, altered, !h.Was.Version.IsZero() || h.Was.Size == 0, h.Back}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		sh.Damage.OfFiles, sh.Damage.OfBytes = e.Files, e.Bytes
		t.end()
		f.Damage.add(&sh.Damage)
		f.Shares = append(f.Shares, sh)
	}
	return out, nil
}

// tally counts the damage of a share.
type tally struct {
	*Damage
	notes map[[32]byte]*Note
}

func newTally(d *Damage) *tally {
	d.Hurts, d.Endings = make(map[vault.Hurt]int64), make(map[string]int64)
	return &tally{d, make(map[[32]byte]*Note)}
}

// add counts what was done to one file, and reports whether its content or its place is not what it was.
func (t *tally) add(h *vault.Harm) (altered bool) {
	for _, w := range h.Hurts {
		t.Hurts[w]++
		switch w {
		case vault.New, vault.HeldBack:
		case vault.Note:
			t.note(h)
		default:
			altered = true
		}
	}
	if slices.Contains(h.Hurts, vault.New) || slices.Contains(h.Hurts, vault.Retitled) || slices.Contains(h.Hurts, vault.Encrypted) {
		t.ending(h)
	}
	if h.Below.Files > 0 {
		t.hurt(h, h.Below.Files, h.Below.Bytes)
	}
	if altered && !h.Dir && !h.Sunk {
		t.hurt(h, 1, h.Was.Size)
	}
	return altered && !h.Dir
}

// hurt counts files, of each of which there is a version from before.
func (t *tally) hurt(h *vault.Harm, files, bytes int64) {
	t.Files, t.Bytes, t.Intact = t.Files+files, t.Bytes+bytes, t.Intact+files
	if !h.Back.IsZero() {
		t.Back += files
		t.back(h.Back)
	}
}

func (d *Damage) back(at time.Time) {
	if at.After(d.BackAt) {
		d.BackAt = at
	}
}

// ending counts the end of a name as it is now.
func (t *tally) ending(h *vault.Harm) {
	end := strings.ToLower(path.Ext(cmp.Or(h.Head.Path, h.Now).Base()))
	if end == "" || h.Dir || end == strings.ToLower(path.Ext(h.Path.Base())) && !slices.Contains(h.Hurts, vault.New) {
		return
	}
	if _, known := t.Endings[end]; known || len(t.Endings) < mostEndings {
		t.Endings[end]++
	}
}

func (t *tally) note(h *vault.Harm) {
	n := t.notes[h.Head.Equal]
	if n == nil {
		if len(t.notes) == mostNotes {
			return
		}
		n = &Note{Name: h.Path.Base(), Size: h.Head.Size, Path: string(h.Path), head: h.Head}
		t.notes[h.Head.Equal] = n
	}
	n.SHA256 = cmp.Or(n.SHA256, h.Head.SHA256())
	n.Files++
}

func (t *tally) end() {
	for _, n := range t.notes {
		t.Notes = append(t.Notes, *n)
	}
	slices.SortFunc(t.Notes, func(a, b Note) int { return cmp.Or(cmp.Compare(b.Files, a.Files), cmp.Compare(a.Path, b.Path)) })
}

// add adds the damage of a share to that of all.
func (d *Damage) add(s *Damage) {
	if d.Hurts == nil {
		d.Hurts, d.Endings = make(map[vault.Hurt]int64), make(map[string]int64)
	}
	for w, n := range s.Hurts {
		d.Hurts[w] += n
	}
	for e, n := range s.Endings {
		d.Endings[e] += n
	}
	d.Files, d.Bytes, d.OfFiles, d.OfBytes, d.Intact, d.Back = d.Files+s.Files, d.Bytes+s.Bytes, d.OfFiles+s.OfFiles, d.OfBytes+s.OfBytes, d.Intact+s.Intact, d.Back+s.Back
	d.back(s.BackAt)
	if d.Notes = append(d.Notes, s.Notes...); len(d.Notes) > mostNotes {
		d.Notes = d.Notes[:mostNotes]
	}
}
