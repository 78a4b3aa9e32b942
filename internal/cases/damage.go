package cases

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

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

const (
	mostEndings = 100 // of names, that are told apart
	mostNotes   = 100
	mostKinds   = 1000 // what ransomware leaves may have any ending
)

// harmed are the files that were altered, for the exposure.
type harmed struct {
	files   map[id.File]hurt
	renamed *renamed                    // until it is told
	gone    map[pathname.Path]time.Time // directories that were removed with what was in them, and when they were put back
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
	x, out := f.source, &harmed{files: make(map[id.File]hurt), gone: make(map[pathname.Path]time.Time), renamed: newRenamed(by)}
	for _, a := range x.shares {
		t := NewTally()
		e, err := x.House.Harm(x.ctx, x.s, pathname.Root.Join(a.Name), by, func(h vault.Harm) error {
			altered := t.Add(&h)
			out.renamed.harm(&h)
			switch {
			case h.Dir && h.Below.Files > 0:
				out.gone[h.Path] = h.Back
			case !h.Dir:
				out.files[h.File] = hurt{h.Hurts, h.When, h.Was.Size, altered, intact(&h), h.Back}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		sh := ShareFindings{Name: a.Name, Damage: t.damage(e)}
		f.Damage.add(&sh.Damage)
		f.Shares = append(f.Shares, sh)
		x.meter.add(1)
	}
	return out, nil
}

// intact reports whether a version from before is there, or there was nothing in it.
func intact(h *vault.Harm) bool { return !h.Was.Version.IsZero() || h.Was.Size == 0 }

// Tally counts the damage of a share, each file once.
type Tally struct {
	Damage
	Versions int64                    // of Files, with a version to go back to
	By       map[vault.Actor]*Counted // of Files, who did it first
	Kinds    map[string]*Counted      // of Files, what the guard found them to be; of others the ending of the name, with its dot; "": neither
	notes    map[[32]byte]*Note
}

// Counted is a part of the damage.
type Counted struct{ Files, Bytes int64 }

// NewTally returns a Tally of nothing.
func NewTally() *Tally {
	return &Tally{Damage: Damage{Hurts: make(map[vault.Hurt]int64), Endings: make(map[string]int64)}, By: make(map[vault.Actor]*Counted), Kinds: make(map[string]*Counted),
		notes: make(map[[32]byte]*Note)}
}

// Add counts what was done to one file, and reports whether its content or its place is not what it was.
func (t *Tally) Add(h *vault.Harm) (altered bool) {
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
	made := slices.Contains(h.Hurts, vault.New)
	if made || slices.Contains(h.Hurts, vault.Retitled) || slices.Contains(h.Hurts, vault.Encrypted) {
		t.ending(h)
	}
	if h.Below.Files > 0 {
		t.count(h, "", h.Below.Files, h.Below.Bytes, h.Below.Contents)
		t.Intact += h.Below.Files
		t.putBack(h, h.Below.Files)
	}
	switch {
	case h.Sunk: // counted with its folder, in which it was not before if it is new
		if made || slices.Contains(h.Hurts, vault.Note) {
			t.count(h, "", -1, -h.Head.Size, -1)
			t.Intact--
		}
		if h.Up && h.Back.IsZero() && (made || altered || slices.Contains(h.Hurts, vault.Note)) { // its folder is as it was again, and it is not
			t.Back--
		}
	case altered && !h.Dir:
		versions := int64(1)
		if h.Was.Version.IsZero() {
			versions = 0
		}
		if t.count(h, cmp.Or(h.Was.Found.Kind, strings.ToLower(path.Ext(h.Path.Base()))), 1, h.Was.Size, versions); intact(h) {
			t.Intact++
		}
		t.putBack(h, 1)
	}
	return altered && !h.Dir
}

// count adds files to the sums.
func (t *Tally) count(h *vault.Harm, kind string, files, bytes, versions int64) {
	t.Files, t.Bytes, t.Versions = t.Files+files, t.Bytes+bytes, t.Versions+versions
	if t.Kinds[kind] == nil && len(t.Kinds) >= mostKinds {
		kind = ""
	}
	who, of := t.By[h.By], t.Kinds[kind]
	if who == nil {
		who = new(Counted)
		t.By[h.By] = who
	}
	if of == nil {
		of = new(Counted)
		t.Kinds[kind] = of
	}
	for _, c := range []*Counted{who, of} {
		c.Files, c.Bytes = c.Files+files, c.Bytes+bytes
	}
}

// putBack counts files that are as they were again.
func (t *Tally) putBack(h *vault.Harm, files int64) {
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
func (t *Tally) ending(h *vault.Harm) {
	end := strings.ToLower(path.Ext(cmp.Or(h.Head.Path, h.Now).Base()))
	if end == "" || h.Dir || end == strings.ToLower(path.Ext(h.Path.Base())) && !slices.Contains(h.Hurts, vault.New) {
		return
	}
	if _, known := t.Endings[end]; known || len(t.Endings) < mostEndings {
		t.Endings[end]++
	}
}

func (t *Tally) note(h *vault.Harm) {
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

// damage is the sum, given how much there is.
func (t *Tally) damage(e vault.Extent) Damage {
	t.OfFiles, t.OfBytes = e.Files, e.Bytes
	for _, n := range t.notes {
		t.Notes = append(t.Notes, *n)
	}
	slices.SortFunc(t.Notes, func(a, b Note) int { return cmp.Or(cmp.Compare(b.Files, a.Files), cmp.Compare(a.Path, b.Path)) })
	return t.Damage
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
