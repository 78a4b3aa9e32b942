package loan

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/catalogue/cataloguetest"
	"github.com/azekura/azekura/internal/catalogue/sqlite"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/seal"
)

// none has no copies.
func none(context.Context, id.Share) (*Copy, error) { return nil, nil }

// owner closes the catalogue behind the copies with them.
type owner struct {
	*Catalogue
	own *sqlite.DB
}

func (o owner) Close() error { return errors.Join(o.Catalogue.Close(), o.own.Close()) }

func openOwn(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	d, err := sqlite.OpenBeyond(t.Context(), filepath.Join(dir, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCatalogue: where there are no copies it is a catalogue like others.
func TestCatalogue(t *testing.T) {
	cataloguetest.Run(t, func(t testing.TB, dir string) catalogue.Catalogue {
		own := openOwn(t, dir)
		c, err := New(own, filepath.Join(dir, "books"), none, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return owner{c, own}
	}, "Save", "Shares", "Transaction", "Waiting", "Digest", "Cancelled")
}

// scene is a share, its sealed copy, and a catalogue that is to be made anew.
type scene struct {
	*testing.T
	share  id.Share
	keys   *seal.Metadata
	all    []catalogue.Batch
	sealed []byte
	log    bytes.Buffer
	own    *sqlite.DB
	loan   *Catalogue
	copy   *Copy
}

// stage saves some files, copies the catalogue, and saves more.
func stage(t *testing.T, files, more int) *scene {
	t.Helper()
	s := &scene{T: t, share: id.NewShare(), keys: seal.NewMetadata(seal.NewKey())}
	end := pack.Position{Pack: 1}
	for i := range files + more {
		v, at := id.NewVersion(), pack.Place{Position: end, Size: 100}
		c := catalogue.Committed{Record: commit.Record{When: time.Unix(int64(i), 0), Author: "佐藤", Ops: []commit.Op{{Kind: commit.Save, File: id.NewFile(), Name: strings.Repeat("写真", i%50+1) + string(rune('a'+i/50)),
			Content: commit.Content{Version: v, Key: v, Size: int64(i), Sums: []commit.Sum{{Algorithm: "x", Value: strings.Repeat("long, so that few files are more than one piece; ", 100)}}}}}}, Place: pack.Place{Position: at.End(), Size: 100}, Manifests: map[id.Version]pack.Place{v: at}}
		end = c.Place.End()
		s.all = append(s.all, catalogue.Batch{UpTo: end, Commits: []catalogue.Committed{c}})
	}
	was := openOwn(t, t.TempDir())
	defer was.Close()
	s.apply(was, s.all[:files])
	plain := filepath.Join(t.TempDir(), "copy.db")
	made, err := was.Copy(t.Context(), s.share, plain)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	n, sum, err := Seal(&sealed, bytes.NewReader(b), int64(len(b)), s.keys)
	if err != nil || n != int64(sealed.Len()) {
		t.Fatal(n, err)
	}
	s.sealed = sealed.Bytes()
	s.copy = &Copy{At: made.At, Size: n, Sum: sum, Done: func() {}}
	return s.again(t)
}

// again is the same share before anything was lent.
func (s *scene) again(t *testing.T) *scene {
	t.Helper()
	x := *s.copy
	s = &scene{T: t, share: s.share, keys: s.keys, all: s.all, sealed: slices.Clone(s.sealed), copy: &x, own: openOwn(t, t.TempDir())}
	s.copy.File = bytes.NewReader(s.sealed)
	var err error
	s.loan, err = New(s.own, filepath.Join(t.TempDir(), "books"), func(context.Context, id.Share) (*Copy, error) { return s.copy, nil }, slog.New(slog.NewTextHandler(&s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.loan.Close(), s.own.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *scene) apply(to catalogue.Catalogue, list []catalogue.Batch) {
	s.Helper()
	tx, err := to.Begin(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	defer tx.Rollback()
	for _, b := range list {
		if err := tx.Apply(s.Context(), s.share, s.keys, b); err != nil {
			s.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) files() int64 {
	s.Helper()
	n, err := s.loan.View(s.share, s.keys).Totals(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return n.Files
}

// TestLoan: what the copy has is there at once, the rest once it is applied; and when the books are made, they take its place and say the same.
func TestLoan(t *testing.T) {
	s := stage(t, 400, 10) // more than one piece
	if len(s.sealed) < 3*seal.BooksPiece/2 {
		t.Fatalf("only %d bytes", len(s.sealed))
	}
	s.loan.Lend(t.Context(), s.share, s.keys)
	if at, err := s.loan.Applied(t.Context(), s.share); err != nil || at != s.copy.At || s.files() != 400 {
		t.Fatalf("%v, %v, %d files", at, err, s.files())
	}
	s.apply(s.loan, s.all[400:])
	if s.files() != 410 {
		t.Errorf("%d files", s.files())
	}
	before := s.loan.View(s.share, s.keys)
	s.apply(s.loan.Own(), s.all)
	if compared, equal, err := s.loan.Return(t.Context(), s.share, s.keys); err != nil || !compared || !equal {
		t.Errorf("%v, %v, %v", compared, equal, err)
	}
	if _, err := before.Totals(t.Context()); err != nil {
		t.Errorf("who was at work with the copy: %v", err)
	}
	if s.loan.of(s.share) != s.own || s.files() != 410 || s.log.Len() > 0 {
		t.Errorf("%d files of its own; %s", s.files(), &s.log)
	}
	s.loan.Lend(t.Context(), s.share, s.keys)
	if s.loan.of(s.share) != s.own {
		t.Error("lent again")
	}
}

// TestLoanRefused: a copy that is damaged in any of its parts, another one, or none of this share, is none; the log says so, and nothing is left of it.
func TestLoanRefused(t *testing.T) {
	whole := stage(t, 400, 0)
	for name, spoil := range map[string]func(s *scene){
		"a byte":   func(s *scene) { s.sealed[len(s.sealed)/2] ^= 1 },
		"the salt": func(s *scene) { s.sealed[len(s.sealed)-1] ^= 1 },
		"cut":      func(s *scene) { s.copy.Size -= 100; s.copy.File = bytes.NewReader(s.sealed[:len(s.sealed)-100]) },
		"one piece": func(s *scene) {
			s.copy.Size = sealedPiece + saltSize
			s.copy.File = bytes.NewReader(s.sealed[:s.copy.Size])
		},
		"nothing":     func(s *scene) { s.copy.Size = saltSize },
		"unreadable":  func(s *scene) { s.copy.File = bytes.NewReader(s.sealed[:sealedPiece]) },
		"other bytes": func(s *scene) { s.copy.Sum[0] ^= 1 },
		"other place": func(s *scene) { s.copy.At.Offset++ },
		"other keys":  func(s *scene) { s.keys = seal.NewMetadata(seal.NewKey()) },
		"no catalogue": func(s *scene) {
			var b bytes.Buffer
			text := strings.Repeat("no catalogue ", 1000)
			s.copy.Size, s.copy.Sum, _ = Seal(&b, strings.NewReader(text), int64(len(text)), s.keys)
			s.copy.File = bytes.NewReader(b.Bytes())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := whole.again(t)
			spoil(s)
			s.loan.Lend(t.Context(), s.share, s.keys)
			if at, err := s.loan.Applied(t.Context(), s.share); err != nil || at != (pack.Position{}) || !strings.Contains(s.log.String(), s.share.String()) {
				t.Errorf("%v, %v, %s", at, err, &s.log)
			}
			if left, err := os.ReadDir(s.loan.dir); err != nil || len(left) > 0 {
				t.Errorf("%v, %v", left, err)
			}
			if compared, equal, err := s.loan.Return(t.Context(), s.share, s.keys); compared || !equal || err != nil {
				t.Errorf("%v, %v, %v", compared, equal, err)
			}
		})
	}
}

// TestLoanDiffers: a copy that says something else than the packs is found out.
func TestLoanDiffers(t *testing.T) {
	s := stage(t, 20, 0)
	s.loan.Lend(t.Context(), s.share, s.keys)
	s.all[7].Commits[0].Ops[0].Name = "another"
	s.apply(s.loan.Own(), s.all)
	if compared, equal, err := s.loan.Return(t.Context(), s.share, s.keys); err != nil || !compared || equal {
		t.Errorf("%v, %v, %v", compared, equal, err)
	}
	if s.loan.of(s.share) != s.own {
		t.Error("the copy is used still")
	}
}

// TestLoanNeedless: books that have all that the copy has need none.
func TestLoanNeedless(t *testing.T) {
	s := stage(t, 20, 5)
	s.apply(s.own, s.all[:20])
	s.loan.Lend(t.Context(), s.share, s.keys)
	if s.loan.of(s.share) != s.own || s.log.Len() > 0 {
		t.Errorf("lent; %s", &s.log)
	}
}

// TestGiveWay: who copies in the background waits while somebody waits for a share.
func TestGiveWay(t *testing.T) {
	s := stage(t, 20, 0)
	asked, goOn, given := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.loan.copy = func(context.Context, id.Share) (*Copy, error) {
		close(asked)
		<-goOn
		return s.copy, nil
	}
	lent := make(chan struct{})
	go func() {
		defer close(lent)
		s.loan.Lend(context.WithoutCancel(t.Context()), s.share, s.keys)
	}()
	<-asked
	go func() {
		defer close(given)
		s.loan.GiveWay()
	}()
	select {
	case <-given:
		t.Error("it does not wait")
	default:
	}
	close(goOn)
	<-lent
	<-given
	if s.loan.of(s.share) == s.own {
		t.Error("nothing is lent")
	}
}
