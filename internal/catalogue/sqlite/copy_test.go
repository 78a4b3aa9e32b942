package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// everything does each kind of thing in a share.
func (s *shelf) everything() {
	s.Helper()
	dir, a, b, c := id.NewFile(), id.NewFile(), id.NewFile(), id.NewFile()
	held := saveOf(b, id.File{}, "")
	held.Kind, held.Name, held.Parent = commit.Hold, "", id.File{}
	gone := commit.Op{Kind: commit.HoldRemove, File: c}
	gone.Version = id.NewVersion()
	shown := saveOf(a, dir, secretName)
	s.do(commit.Op{Kind: commit.Mkdir, File: dir, Name: secretDir}, shown, saveOf(b, dir, "b"), saveOf(c, dir, "c"))
	link := commit.Op{Kind: commit.Link, File: id.NewFile(), Parent: dir, Name: "link", Content: shown.Content}
	link.Version = id.NewVersion()
	s.do(held, gone, link, commit.Op{Kind: commit.Move, File: a, Name: "moved"})
	s.do(commit.Op{Kind: commit.SetProp, File: a, Props: []commit.Prop{{Space: "x", Name: "y", Value: secretProp}}}, commit.Op{Kind: commit.Remove, File: id.NewFile()})
	s.do(saveOf(a, dir, "again"), saveOf(id.NewFile(), dir, "gone"))
	preview := commit.Op{Kind: commit.Preview, File: a, Content: commit.Content{Version: id.NewVersion(), Key: shown.Key, Size: 9}}
	s.do(preview, commit.Op{Kind: commit.Remove, File: b})
	tx, err := s.Begin(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	defer tx.Rollback()
	at := pack.Place{Position: s.end, Size: 4096}
	s.end = at.End()
	if err := tx.Apply(s.Context(), s.share, s.keys, catalogue.Batch{UpTo: s.end, Chunks: []catalogue.Located[id.Chunk]{{ID: id.Chunk{byte(at.Offset), 7}, Place: at}},
		Epochs: []catalogue.Encapsulation{{ID: id.NewEpoch(), Enc: []byte("public")}}}); err != nil {
		s.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.Fatal(err)
	}
}

// copyOf copies the share into a shelf of its own.
func (s *shelf) copyOf() *shelf {
	s.Helper()
	to := &shelf{TB: s.TB, path: filepath.Join(s.TempDir(), "copy.db"), share: s.share, keys: s.keys, end: s.end}
	made, err := s.Copy(s.Context(), s.share, to.path)
	if err != nil {
		s.Fatal(err)
	}
	size, err := s.Size(s.Context(), s.share)
	if err != nil || made != size || made.At != s.end || made.Rows < 10 {
		s.Errorf("copied %+v, of %+v up to %v: %v", made, size, s.end, err)
	}
	to.open()
	return to
}

// TestCopy copies one of two shares that were written into in turn, from files that count from 1 and from beyond: the copy says the same, has nothing of
// the other, and goes on as the share does.
func TestCopy(t *testing.T) {
	for name, open := range map[string]func(*shelf) error{
		"from 1": func(*shelf) error { return nil },
		"beyond": func(s *shelf) (err error) {
			s.close()
			s.path = filepath.Join(t.TempDir(), "beyond.db")
			s.DB, err = OpenBeyond(t.Context(), s.path)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			if err := open(s); err != nil {
				t.Fatal(err)
			}
			defer s.close()
			other := &shelf{TB: t, DB: s.DB, share: id.NewShare(), keys: seal.NewMetadata(seal.NewKey()), end: pack.Position{Pack: 1}}
			for range 3 {
				other.everything()
				s.everything()
			}
			c := s.copyOf()
			defer c.close()
			if c.digest() != s.digest() {
				t.Error("the copy says something else")
			}
			if at, err := c.Applied(t.Context(), other.share); err != nil || at != (pack.Position{}) {
				t.Errorf("the other share is in it: %v, %v", at, err)
			}
			mark, err := c.View(c.share, c.keys).Mark(t.Context())
			if err != nil || mark > 100 {
				t.Errorf("the copy counts to %d: %v", mark, err)
			}
			file := saveOf(id.NewFile(), id.File{}, "next")
			s.do(file)
			c.do(file)
			if c.digest() != s.digest() {
				t.Error("what was saved afterwards makes another book of it")
			}
			again := c.copyOf()
			defer again.close()
			if again.digest() != s.digest() {
				t.Error("a copy of the copy says something else")
			}
		})
	}
}

// TestBeyond: a mark and the numbers of a copy mean nothing in the books that take its place: everything is new there.
func TestBeyond(t *testing.T) {
	s := newShelf(t)
	defer s.close()
	s.everything()
	c := s.copyOf()
	defer c.close()
	before := c.View(c.share, c.keys)
	mark, err := before.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refs, err := before.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, err := OpenBeyond(t.Context(), filepath.Join(t.TempDir(), "own.db"))
	if err != nil {
		t.Fatal(err)
	}
	own := &shelf{TB: t, DB: d, share: s.share, keys: s.keys, end: pack.Position{Pack: 1}}
	defer own.close()
	own.do(saveOf(id.NewFile(), id.File{}, "a"))
	after := own.View(own.share, own.keys)
	if files, err := after.Since(t.Context(), mark); err != nil || len(files) != 1 {
		t.Errorf("since a mark of the copy: %v, %v", files, err)
	}
	stories, err := after.Stories(t.Context(), slices.Collect(refs.All()), time.Time{})
	if err != nil || len(stories) != refs.Len() {
		t.Fatal(len(stories), err)
	}
	for _, x := range stories {
		if !x.Node.File.IsZero() {
			t.Errorf("a number of the copy is %v here", x.Node.File)
		}
	}
}

// TestCopySecrets: the file of a copy tells no name, and nothing of another share.
func TestCopySecrets(t *testing.T) {
	s := newShelf(t)
	defer s.close()
	s.everything()
	other := &shelf{TB: t, DB: s.DB, share: id.NewShare(), keys: seal.NewMetadata(seal.NewKey()), end: pack.Position{Pack: 1}}
	other.everything()
	c := s.copyOf()
	c.close()
	b, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{[]byte(secretName), []byte(secretDir), []byte(secretAuthor), []byte(secretProp), other.share[:]} {
		if bytes.Contains(b, secret) {
			t.Errorf("the copy tells %q", secret)
		}
	}
}
