package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/account"
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
	Path  string    `json:"path"`          // where it stood before; of what is new, where it was made
	Now   string    `json:"now,omitempty"` // where it stands; empty: it is not shown
	Hurts []string  `json:"hurts"`         // "encrypted", "altered", "emptied", "removed", "renamed", "new", "note", "held"
	Sign  string    `json:"sign,omitempty"`
	When  time.Time `json:"when"`
	By    string    `json:"by"`
	Dir   bool      `json:"dir,omitempty"`
	Later bool      `json:"later,omitempty"` // somebody else has changed it since
	Was   *Info     `json:"was,omitempty"`   // the version before, which is there as it was
	Head  *Info     `json:"head,omitempty"`
}

// DamageSum is the damage of a share.
type DamageSum struct {
	Share    string         `json:"share"`
	Hurts    map[string]int `json:"hurts"`
	Files    int64          `json:"files"`       // of which the content or the name is not what it was, or which are gone
	Bytes    int64          `json:"bytes"`       // their sizes before
	OfFiles  int64          `json:"of_files"`    // all there are, with what is gone
	OfBytes  int64          `json:"of_bytes"`    //
	Versions int64          `json:"to_versions"` // of them have an intact version to go back to
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
		c, err := h.caseOf(ctx, s, op, n)
		return suspectsIn(c), err
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
	roots, err := h.shareRoots(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, share := range roots {
		list, of, err := h.Vault.Harm(r.Context(), s, share, by)
		if err != nil {
			return l.end(err)
		}
		sum := DamageSum{Share: share.Share(), Hurts: make(map[string]int), OfFiles: of.Files, OfBytes: of.Bytes}
		for i := range list {
			if err := l.put(DamageLine{File: sum.add(&list[i])}); err != nil {
				return l.end(err)
			}
		}
		if len(list) > 0 {
			if err := l.put(DamageLine{Sum: &sum}); err != nil {
				return l.end(err)
			}
		}
	}
	return l.end(nil)
}

// add counts a file, and returns it as it is told.
func (d *DamageSum) add(x *vault.Harm) *Damaged {
	out := &Damaged{Path: string(x.Path), Now: string(x.Now), Hurts: hurtsOf(x.Hurts), Sign: string(x.Sign), When: utc(x.When), By: x.By, Dir: x.Dir, Later: x.Later}
	if !x.Was.Version.IsZero() {
		i := infoOf(x.Was)
		out.Was = &i
	}
	if x.Now != "" {
		i := infoOf(x.Head)
		out.Head = &i
	}
	for _, w := range out.Hurts {
		d.Hurts[w]++
	}
	if lost := slices.ContainsFunc(x.Hurts, func(w vault.Hurt) bool { return w != vault.New && w != vault.Note && w != vault.HeldBack }); lost && !x.Dir {
		d.Files++
		d.Bytes += x.Was.Size
		if out.Was != nil {
			d.Versions++
		}
	}
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
	q, err := readJSON[RollbackRequest](r)
	if err != nil {
		return err
	}
	by, err := h.suspects(r.Context(), s, op, q.Case, q.From, q.To, q.Parties)
	if err != nil {
		return err
	}
	var only []pathname.Path
	for _, text := range q.Paths {
		p, err := parsePath(op, text)
		if err != nil {
			return err
		}
		only = append(only, p)
	}
	roots, err := h.shareRoots(r.Context(), s)
	if err != nil {
		return err
	}
	l := newLines(w, r)
	for _, share := range roots {
		err := h.Vault.Rollback(r.Context(), s, share, by, below(only), q.DryRun, func(m vault.Mended) error {
			return l.put(Mended{Path: string(m.Path), Act: string(m.Act), Beside: string(m.Beside), Hurts: hurtsOf(m.Hurts)})
		})
		if err != nil {
			return l.end(err)
		}
	}
	return l.end(nil)
}

// below picks paths, and what is below them; nil: all.
func below(list []pathname.Path) func(pathname.Path) bool {
	if len(list) == 0 {
		return nil
	}
	return func(p pathname.Path) bool {
		return slices.ContainsFunc(list, func(top pathname.Path) bool {
			a, b := pathname.Key(string(top)), pathname.Key(string(p))
			return a == b || strings.HasPrefix(b, strings.TrimSuffix(a, "/")+"/")
		})
	}
}
