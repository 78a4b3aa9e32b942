package api

import (
	"cmp"
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// DamageRequest asks what somebody has done, and in which time: the suspects of a case, or parties since a time.
type DamageRequest struct {
	Case    string    `json:"case,omitempty"` // its number; then nothing else
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`       // until now
	Parties []string  `json:"parties,omitempty"` // accounts by name; accounts, devices and sessions by id
	Sum     bool      `json:"sum,omitempty"`     // only the sums
}

// RollbackRequest asks to take it back.
type RollbackRequest struct {
	Case    string    `json:"case,omitempty"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Parties []string  `json:"parties,omitempty"`
	Paths   []string  `json:"paths,omitempty"` // only these, and what is below; none: all
	DryRun  bool      `json:"dry_run,omitempty"`
}

// DamageLine is a line of the answer: a file, or the sum of a share, behind its files.
type DamageLine struct {
	File *Damaged   `json:"file,omitempty"`
	Sum  *DamageSum `json:"sum,omitempty"`
}

// Damaged is a file to which something was done.
type Damaged struct {
	Path  string    `json:"path"`          // where it stood before; of what is new, where it stands, in the folders as they were before
	Now   string    `json:"now,omitempty"` // where it stands; empty: it is not shown
	Hurts []string  `json:"hurts"`         // "encrypted", "altered", "emptied", "removed", "renamed", "new", "note", "held"
	Sign  string    `json:"sign,omitempty"`
	When  time.Time `json:"when"`
	By    string    `json:"by"`
	Dir   bool      `json:"dir,omitempty"`
	Later bool      `json:"later,omitempty"` // somebody else has changed it since
	Was   *Info     `json:"was,omitempty"`   // the version before, which is there as it was
	Head  *Info     `json:"head,omitempty"`
	Below *Below    `json:"below,omitempty"` // of a folder that was removed: what went with it
}

// Below is what went with a folder.
type Below struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// DamageSum is the damage of a share.
type DamageSum struct {
	Share    string         `json:"share"`
	Hurts    map[string]int `json:"hurts"`
	Files    int64          `json:"files"`            // of which the content or the name is not what it was, or which are gone
	Bytes    int64          `json:"bytes"`            // their sizes before
	OfFiles  int64          `json:"of_files"`         // all there are, with what is gone
	OfBytes  int64          `json:"of_bytes"`         //
	Versions int64          `json:"to_versions"`      // of them have an intact version to go back to
	Back     int64          `json:"back,omitempty"`   // that had been hurt besides, and are as they were again
	BackAt   time.Time      `json:"back_at,omitzero"` // when the last of them was put back
	By       []DamageBy     `json:"by"`               // of Files, who did it first; most first
	Kinds    []DamageOf     `json:"kinds"`            // of Files, what they were; most first
}

// DamageBy is what one session has done.
type DamageBy struct {
	Name    string `json:"name"`
	Session string `json:"session"`
	Account string `json:"account,omitempty"`
	Device  string `json:"device,omitempty"`
	Door    string `json:"door"`
	Files   int64  `json:"files"`
	Bytes   int64  `json:"bytes"`
}

// DamageOf is the damage of the files of one kind.
type DamageOf struct {
	Kind  string `json:"kind"` // what the guard found them to be; of others the ending of the name, with its dot; empty: neither
	Files int64  `json:"files"`
	Bytes int64  `json:"bytes"`
}

// RollbackLine is a line of the answer: a file; behind the files of all shares, in which records it stands.
type RollbackLine struct {
	File *Mended   `json:"file,omitempty"`
	Done *Rollback `json:"done,omitempty"`
}

// Rollback tells how to take it back: it is an act of this session, after From and not after To.
type Rollback struct {
	Session string         `json:"session"`
	From    time.Time      `json:"from,omitzero"` // nothing was to be done, or it was a dry run: no time
	To      time.Time      `json:"to,omitzero"`
	Records int            `json:"records"` // each became visible at once
	Acts    map[string]int `json:"acts"`
	Left    []string       `json:"left,omitempty"` // shares in which the caller may not do it
}

// Mended tells what a rollback does to one file.
type Mended struct {
	Path   string   `json:"path"`
	Act    string   `json:"act"` // "restored", "brought-back", "renamed", "removed" (it was new), "discarded" (it was held), "kept" (somebody else has changed it since)
	Beside string   `json:"beside,omitempty"`
	Hurts  []string `json:"hurts"`
}

// suspects are the parties of a request.
func (h *handler) suspects(ctx context.Context, s account.Session, op, n string, from, to time.Time, parties []string) (vault.Suspects, error) {
	if n != "" {
		if !from.IsZero() || !to.IsZero() || len(parties) > 0 {
			return vault.Suspects{}, &problem.Error{Kind: problem.Invalid, Op: op, On: n, Hint: "hint.case-alone"}
		}
		return h.Desk.Suspects(ctx, s, op, n)
	}
	if from.IsZero() || len(parties) == 0 || !to.IsZero() && to.Before(from) {
		return vault.Suspects{}, &problem.Error{Kind: problem.Invalid, Op: op, Hint: "hint.suspects"}
	}
	return vault.Suspects{From: from, To: to, Pick: func(a vault.Actor) bool {
		return slices.ContainsFunc(parties, func(p string) bool {
			return strings.EqualFold(p, a.Author) || is(p, a.Session) || is(p, a.Device) || is(p, a.Account)
		})
	}}, nil
}

// is reports whether a text is an identifier, which names something.
func is[T interface {
	IsZero() bool
	String() string
}](text string, x T) bool {
	return !x.IsZero() && text == x.String()
}

func (h *handler) damage(w http.ResponseWriter, r *http.Request, s account.Session) error {
	const op = "list"
	q, err := readJSON[DamageRequest](r)
	if err != nil {
		return err
	}
	by, err := h.suspects(r.Context(), s, op, q.Case, q.From, q.To, q.Parties)
	if err != nil {
		return err
	}
	roots, err := h.concernRoots(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	by.Back = true
	for _, share := range roots {
		sum, back := cases.NewTally(), cases.NewTally()
		of, err := h.Vault.Harm(r.Context(), s, share, by, func(x vault.Harm) error {
			if !x.Back.IsZero() {
				back.Add(&x)
				return nil
			}
			up := x.Up
			if up { // its folder is not among what is hurt, so that it counts by itself
				x.Sunk, x.Up = false, false
			}
			if altered := sum.Add(&x); up && (altered || slices.Contains(x.Hurts, vault.New) || slices.Contains(x.Hurts, vault.Note)) {
				back.Back--
			}
			if q.Sum {
				return nil
			}
			return l.put(DamageLine{File: damagedOf(&x)})
		})
		if err != nil {
			return l.end(err)
		}
		if len(sum.Hurts) > 0 || back.Back > 0 {
			told := sumOf(share.Share(), sum, of)
			told.Back, told.BackAt = back.Back, utc(back.BackAt)
			if err := l.put(DamageLine{Sum: told}); err != nil {
				return l.end(err)
			}
		}
	}
	return l.end(nil)
}

func damagedOf(x *vault.Harm) *Damaged {
	out := &Damaged{Path: string(x.Path), Now: string(x.Now), Hurts: hurtsOf(x.Hurts), Sign: string(x.Sign), When: utc(x.When), By: x.By.Author, Dir: x.Dir, Later: x.Later}
	if !x.Was.Version.IsZero() {
		i := infoOf(x.Was)
		out.Was = &i
	}
	if x.Now != "" {
		i := infoOf(x.Head)
		out.Head = &i
	}
	if x.Below.Files > 0 {
		out.Below = &Below{Files: x.Below.Files, Bytes: x.Below.Bytes}
	}
	return out
}

// sumOf is the damage of a share, given how much there is.
func sumOf(share string, t *cases.Tally, e vault.Extent) *DamageSum {
	out := &DamageSum{Share: share, Hurts: make(map[string]int), Files: t.Files, Bytes: t.Bytes, OfFiles: e.Files, OfBytes: e.Bytes, Versions: t.Versions, By: []DamageBy{}, Kinds: []DamageOf{}}
	for w, n := range t.Hurts {
		out.Hurts[string(w)] = int(n)
	}
	for who, n := range t.By {
		out.By = append(out.By, DamageBy{Name: who.Author, Session: who.Session.String(), Account: text(who.Account), Device: text(who.Device), Door: who.Door, Files: n.Files, Bytes: n.Bytes})
	}
	for k, n := range t.Kinds {
		out.Kinds = append(out.Kinds, DamageOf{k, n.Files, n.Bytes})
	}
	slices.SortFunc(out.By, func(a, b DamageBy) int {
		return cmp.Or(cmp.Compare(b.Files, a.Files), cmp.Compare(a.Session, b.Session))
	})
	slices.SortFunc(out.Kinds, func(a, b DamageOf) int { return cmp.Or(cmp.Compare(b.Files, a.Files), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

func hurtsOf(list []vault.Hurt) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

func (h *handler) rollback(w http.ResponseWriter, r *http.Request, s account.Session) error {
	const op = "restore"
	q, err := readLongJSON[RollbackRequest](r, maxList)
	if err != nil {
		return err
	}
	by, err := h.suspects(r.Context(), s, op, q.Case, q.From, q.To, q.Parties)
	if err != nil {
		return err
	}
	only, err := below(op, q.Paths)
	if err != nil {
		return err
	}
	roots, err := h.shareRoots(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	done := Rollback{Session: s.ID.String(), Acts: make(map[string]int)}
	var refused error
	for _, share := range roots {
		out, err := h.Vault.Rollback(r.Context(), s, share, by, only, q.DryRun, func(m vault.Mended) error {
			done.Acts[string(m.Act)]++
			return l.put(RollbackLine{File: &Mended{Path: string(m.Path), Act: string(m.Act), Beside: string(m.Beside), Hurts: hurtsOf(m.Hurts)}})
		})
		done.add(out)
		if problem.KindOf(err) == problem.Denied && err != nil { // the others are put right all the same
			done.Left, refused = append(done.Left, share.Share()), err
			continue
		}
		if err != nil {
			return l.end(err)
		}
	}
	if refused != nil && len(done.Left) == len(roots) {
		return l.end(refused)
	}
	return l.end(l.put(RollbackLine{Done: &done}))
}

// add adds the records of a share.
func (d *Rollback) add(r vault.Rolled) {
	if r.Records == 0 {
		return
	}
	if d.Records += r.Records; d.From.IsZero() {
		d.From = utc(r.First).Add(-time.Microsecond)
	}
	d.To = utc(r.Last)
}

// maxList bounds a request with a list of paths.
const maxList = 16 << 20

// below picks paths, and what is below them; nil: all.
func below(op string, list []string) (func(pathname.Path) bool, error) {
	if len(list) == 0 {
		return nil, nil
	}
	tops := make(map[string]bool, len(list))
	for _, text := range list {
		p, err := parsePath(op, text)
		if err != nil {
			return nil, err
		}
		tops[pathname.Key(string(p))] = true
	}
	return func(p pathname.Path) bool {
		for k := pathname.Key(string(p)); ; k = path.Dir(k) {
			if tops[k] || k == "/" {
				return tops[k]
			}
		}
	}, nil
}

func text[T interface {
	IsZero() bool
	String() string
}](x T) string {
	if x.IsZero() {
		return ""
	}
	return x.String()
}
