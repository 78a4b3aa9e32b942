package medium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/problem"
)

// State is a complete state of a medium, opened for reading. Safe for concurrent use.
type State struct {
	Medium Descriptor
	Number uint64
	Time   time.Time   // of the last entry of the ledger that it has
	Head   ledger.Head // likewise
	Packs  int64
	Bytes  int64     // of packs
	Until  time.Time // until when all of it is locked at least; zero: it is not

	t    Target
	disk arm
	s    *state
}

// Open opens a state of a medium by its number, 0 being the last that is complete. key is the public key of the vault's ledger;
// empty: the one that the medium gives, which shows only that it is of one piece.
func Open(ctx context.Context, t Target, key string, number uint64) (*State, error) {
	const op = "open medium"
	t = layered(t)
	d, v, err := identify(ctx, t, key, op)
	if err != nil {
		return nil, err
	}
	var s *state
	if number == 0 {
		h, err := history(ctx, t, v, d)
		if err != nil {
			return nil, unavailable(op, d.Label, err)
		}
		if h.last == nil {
			return nil, &problem.Error{Kind: problem.NotFound, Op: op, On: d.Label, Hint: "hint.medium-empty", Err: errors.New("no complete state")}
		}
		s = h.last
	} else if s, err = load(ctx, t, v, d, recordName(number)); away(err) {
		return nil, err
	} else if err != nil {
		kind := problem.Damaged
		if errors.Is(err, fs.ErrNotExist) {
			kind = problem.NotFound
		}
		return nil, &problem.Error{Kind: kind, Op: op, On: fmt.Sprintf("%s, %d", d.Label, number), Hint: "hint.medium-state", Err: err}
	}
	return opened(t, d, s), nil
}

func opened(t Target, d Descriptor, s *state) *State {
	if l, ok := t.(*layers); ok {
		l.over = s.Over
	}
	return &State{Medium: d, Number: s.number, Time: s.time, Head: s.head, Packs: s.body.Packs, Bytes: s.body.Bytes, Until: s.body.Until, t: t, disk: armOf(t), s: s}
}

// unavailable is the error of a medium that cannot be asked, or what it says itself.
func unavailable(op, label string, err error) error {
	if away(err) {
		return err
	}
	return problem.New(problem.Unavailable, op, label, err)
}

// Covered lists the objects over which somebody has put something, as far as they were read: what was put there first is whole, and was taken.
func (s *State) Covered() (out []string) {
	tellCovered(s.t, func(f Finding) { out = append(out, f.Object) })
	slices.Sort(out)
	return out
}

// identify reads what a medium is, and makes the verifier of its records.
func identify(ctx context.Context, t Target, key, op string) (Descriptor, note.Verifier, error) {
	d, err := Describe(ctx, t)
	switch {
	case errors.Is(err, ErrNone):
		return d, nil, &problem.Error{Kind: problem.NotFound, Op: op, Hint: "hint.medium-none", Err: err}
	case away(err):
		return d, nil, err
	case failed(err):
		return d, nil, &problem.Error{Kind: problem.Unavailable, Op: op, Hint: "hint.medium-pulled", Err: err}
	case err != nil:
		return d, nil, &problem.Error{Kind: problem.Damaged, Op: op, On: descriptorName, Hint: "hint.medium-state", Err: err}
	case key != "" && d.Vault != key:
		return d, nil, &problem.Error{Kind: problem.Denied, Op: op, On: d.Label, Hint: "hint.medium-other-vault", Err: errOtherVault}
	}
	v, err := note.NewVerifier(d.Vault)
	if err != nil {
		return d, nil, &problem.Error{Kind: problem.Invalid, Op: op, On: d.Label, Hint: "hint.ledger-key", Err: err}
	}
	return d, v, nil
}

// Numbers lists the complete states of a medium by number, ascending, whether they are whole or not.
func Numbers(ctx context.Context, t Target) ([]uint64, error) {
	var out []uint64
	for e, err := range t.List(ctx, recordDir) {
		if err != nil {
			return nil, err
		}
		if n, part, ok := numberOf(e.Name); ok && part < 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// File returns one of the keeper's sealed files or the settings by name: "keeper/state". It is checked before it is handed out. There is
// no ring among them, and no protection: keys come from a key card and paper shares.
func (s *State) File(ctx context.Context, name string) ([]byte, error) {
	i := slices.IndexFunc(s.s.Files, func(f fileOf) bool { return f.Name == name })
	if i < 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return readSum(ctx, s.t, fileDir, s.s.Files[i].Sum, s.s.Files[i].Size)
}

// Names lists the files.
func (s *State) Names() (out []string) {
	for _, f := range s.s.Files {
		out = append(out, f.Name)
	}
	return out
}

// Beside says what of a state's sealed files and of its ledger is not as it was put: a restore needs all of that, whatever is in the packs.
func (s *State) Beside(ctx context.Context) (out []Finding, err error) {
	for _, f := range s.s.Files {
		if _, err := s.File(ctx, f.Name); err != nil {
			if ctx.Err() != nil || away(err) {
				return nil, err
			}
			out = append(out, Finding{Object: f.Name, State: s.Number, Reason: Digest, Text: err.Error()})
		}
	}
	w := verifier{t: s.t, desc: s.Medium, tell: func(f Finding) { out = append(out, f) }}
	_, err = w.ledger(ctx, s.s, nil, true)
	return out, err
}

// Ledger returns the ledger as it was, for package ledger.
func (s *State) Ledger() fs.FS {
	return WithCheckpoint(objects{s.t, s.Head.Size}, []byte(s.s.Checkpoint))
}

// Shares lists the shares that the state has packs of.
func (s *State) Shares() (out []id.Share) {
	for _, l := range s.s.Shares {
		out = append(out, l.Share)
	}
	return out
}

// checkpointed shows a ledger with the checkpoint of one moment, whatever it has become since.
type checkpointed struct {
	fs.FS
	checkpoint []byte
}

// WithCheckpoint shows a ledger with the checkpoint of one moment, whatever it has become since.
func WithCheckpoint(fsys fs.FS, checkpoint []byte) fs.FS { return checkpointed{fsys, checkpoint} }

// Open implements fs.FS.
func (c checkpointed) Open(name string) (fs.File, error) {
	if name == "checkpoint" {
		return &memory{name: name, data: c.checkpoint}, nil
	}
	return c.FS.Open(name)
}

// ReadDir implements fs.ReadDirFS.
func (c checkpointed) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.FS, name) }

// objects shows the tiles of a medium as an fs.FS, as far as a tree of a size has them: later states have put wider ones beside them.
type objects struct {
	t    Target
	size int64
}

// within reports whether a name is no tile of a larger tree.
func (o objects) within(name string) bool {
	t, err := torchwood.ParseTilePath(name)
	return err != nil || t.N*torchwood.TileWidth+int64(t.W) <= o.size>>(torchwood.TileHeight*max(t.L, 0))
}

// Open implements fs.FS.
func (o objects) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if !o.within(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	b, err := read(context.Background(), o.t, ledgerDir+"/"+name, maxBody)
	if err != nil {
		return nil, err
	}
	return &memory{name: name, data: b}, nil
}

// ReadDir implements fs.ReadDirFS.
func (o objects) ReadDir(name string) (out []fs.DirEntry, err error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	above := ledgerDir + "/" + name
	seen := make(map[string]bool)
	for e, err := range o.t.List(context.Background(), above) {
		if err != nil {
			return nil, err
		}
		first, rest := cut(e.Name[len(above)+1:])
		if !seen[first] && o.within(e.Name[len(ledgerDir)+1:]) {
			seen[first] = true
			out = append(out, fs.FileInfoToDirEntry(&memory{name: first, dir: rest}))
		}
	}
	if len(out) == 0 {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return slices.Compare([]byte(a.Name()), []byte(b.Name())) })
	return out, nil
}

// cut returns the first part of a name, and whether there are more.
func cut(name string) (first string, more bool) {
	for i := range len(name) {
		if name[i] == '/' {
			return name[:i], true
		}
	}
	return name, false
}

// memory is a small file that was read, and what Stat says of it.
type memory struct {
	name string
	data []byte
	at   int
	dir  bool
}

func (m *memory) Read(p []byte) (int, error) {
	if m.at >= len(m.data) {
		return 0, io.EOF
	}
	n := copy(p, m.data[m.at:])
	m.at += n
	return n, nil
}

func (m *memory) Stat() (fs.FileInfo, error) { return m, nil }
func (m *memory) Close() error               { return nil }
func (m *memory) Name() string               { return m.name }
func (m *memory) Size() int64                { return int64(len(m.data)) }
func (m *memory) ModTime() time.Time         { return time.Time{} }
func (m *memory) IsDir() bool                { return m.dir }
func (m *memory) Sys() any                   { return nil }
func (m *memory) Mode() fs.FileMode {
	if m.dir {
		return fs.ModeDir | 0o500
	}
	return 0o400
}
