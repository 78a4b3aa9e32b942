package sqlite

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/seal"
)

// shelf is a catalogue with one share, for tests of the file.
type shelf struct {
	testing.TB
	*DB
	path  string
	share id.Share
	keys  *seal.Metadata
	end   pack.Position
}

func newShelf(t testing.TB) *shelf {
	s := &shelf{TB: t, path: filepath.Join(t.TempDir(), "catalogue.db"), share: id.NewShare(), keys: seal.NewMetadata(seal.NewKey()), end: pack.Position{Pack: 1}}
	s.open()
	return s
}

func (s *shelf) open() {
	s.Helper()
	d, err := Open(s.Context(), s.path)
	if err != nil {
		s.Fatal(err)
	}
	s.DB = d
}

func (s *shelf) close() {
	s.Helper()
	if err := s.Close(); err != nil {
		s.Fatal(err)
	}
}

// try applies one record.
func (s *shelf) try(rec commit.Record) error {
	tx, err := s.Begin(s.Context())
	if err != nil {
		return err
	}
	defer tx.Rollback()
	c := catalogue.Committed{Record: rec, Place: pack.Place{Position: s.end, Size: 100}}
	s.end = c.Place.End()
	if err := tx.Apply(s.Context(), s.share, s.keys, catalogue.Batch{Commits: []catalogue.Committed{c}, UpTo: s.end}); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *shelf) do(ops ...commit.Op) {
	s.Helper()
	if err := s.try(commit.Record{When: time.Unix(1e9, 0), Author: secretAuthor, Door: secretDoor, Ops: ops}); err != nil {
		s.Fatal(err)
	}
}

func (s *shelf) digest() [32]byte {
	s.Helper()
	sum, err := s.View(s.share, s.keys).Digest(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return sum
}

// files returns the content of the database and of what SQLite keeps beside it.
func (s *shelf) files() map[string][]byte {
	s.Helper()
	out := make(map[string][]byte)
	names, err := filepath.Glob(s.path + "*")
	if err != nil || len(names) == 0 {
		s.Fatal(names, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			s.Fatal(err)
		}
		out[strings.TrimPrefix(n, s.path)] = b
	}
	return out
}

const (
	secretName   = "さくら小学校_6年1組_名簿.xlsx"
	secretDir    = "令和8年度 卒業アルバム"
	secretAuthor = "sato.hanako"
	secretDoor   = "secret-door"
	secretSum    = "2fd4e1c67a2d28fced849ee1bb76e739"
	secretProp   = "個人情報あり"
	secretKind   = "kind-of-checksum" // long, as all of them: three letters stand in random bytes now and then
)

func saveOf(file, parent id.File, name string) commit.Op {
	v := id.NewVersion()
	return commit.Op{Kind: commit.Save, File: file, Parent: parent, Name: name,
		Content: commit.Content{Version: v, Key: v, Size: 7, Sums: []commit.Sum{{Algorithm: secretKind, Value: secretSum}}}}
}

// TestSecrets searches every byte of the files, also of what was changed, removed, rolled back and forgotten.
func TestSecrets(t *testing.T) {
	s := newShelf(t)
	search := func(when string) {
		t.Helper()
		for file, content := range s.files() {
			for _, secret := range []string{secretName, secretDir, secretAuthor, secretDoor, secretSum, secretProp, secretKind, "さくら"} {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s: catalogue.db%s holds %q", when, file, secret)
				}
			}
		}
	}
	dir, file := id.NewFile(), id.NewFile()
	s.do(commit.Op{Kind: commit.Mkdir, File: dir, Name: secretDir})
	for range 50 {
		s.do(saveOf(file, dir, secretName), commit.Op{Kind: commit.SetProp, File: file, Props: []commit.Prop{{Space: secretProp, Name: secretProp, Value: secretProp}}})
	}
	s.do(commit.Op{Kind: commit.Move, File: file, Name: secretName + "2"}, commit.Op{Kind: commit.Remove, File: file})
	if n, err := s.View(s.share, s.keys).Node(t.Context(), file); err != nil || n.Name != secretName+"2" || n.Props[0].Value != secretProp {
		t.Fatalf("the secrets are not there: %+v, %v", n, err)
	}
	if log := s.files()["-wal"]; len(log) < 100_000 {
		t.Fatalf("the log has %d bytes: there is nothing to search", len(log))
	}
	search("open")
	s.close()
	search("closed")
	s.open()
	tx, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tx.Forget(t.Context(), s.share), tx.Commit()); err != nil {
		t.Fatal(err)
	}
	s.close()
	search("forgotten")
}

func TestPermissions(t *testing.T) {
	s := newShelf(t)
	s.do(saveOf(id.NewFile(), id.File{}, "a"))
	for file := range s.files() {
		st, err := os.Stat(s.path + file)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("catalogue.db%s has mode %v, %v; want 0600", file, st.Mode(), err)
		}
	}
	s.close()
}

// TestPath opens files whose names mean something in a URI.
func TestPath(t *testing.T) {
	for _, name := range []string{"a b", "目録.db", "a?mode=memory", "a%20b", "a#b", "a&b=c", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		d, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if st, err := os.Stat(path); err != nil || st.Size() == 0 {
			t.Errorf("%q: not on disk: %v", name, err)
		}
	}
}

// TestUnusable opens what is not a catalogue of this version: it says so, leaves it alone, and Reset makes room.
func TestUnusable(t *testing.T) {
	for what, spoil := range map[string]func(s *shelf, content []byte) []byte{
		"text":      func(_ *shelf, _ []byte) []byte { return []byte(strings.Repeat("This is not a catalogue. ", 1000)) },
		"zeros":     func(_ *shelf, c []byte) []byte { return make([]byte, len(c)) },
		"header":    func(_ *shelf, c []byte) []byte { return append([]byte("x"), c[1:]...) },
		"version":   func(_ *shelf, c []byte) []byte { c[63]++; return c },
		"version 0": func(_ *shelf, c []byte) []byte { clear(c[60:64]); return c },
		"schema":    func(_ *shelf, c []byte) []byte { clear(c[100:4096]); return c },
		"other": func(s *shelf, c []byte) []byte {
			return bytes.ReplaceAll(c, []byte("CREATE TABLE chunk"), []byte("CREATE TABLE chonk"))
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := newShelf(t)
			s.do(saveOf(id.NewFile(), id.File{}, "a"))
			s.close()
			spoilt := spoil(s, s.files()[""])
			if err := os.WriteFile(s.path, spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), s.path)
			var p *problem.Error
			if !errors.Is(err, ErrUnusable) || !errors.As(err, &p) || p.Kind != problem.Damaged || p.Hint != "hint.rebuild" {
				t.Fatalf("open: %v, want ErrUnusable", err)
			}
			if !bytes.Equal(s.files()[""], spoilt) {
				t.Error("the file was changed")
			}
			if err := Reset(s.path); err != nil {
				t.Fatal(err)
			}
			s.open()
			if p, err := s.Applied(t.Context(), s.share); err != nil || p != (pack.Position{}) {
				t.Errorf("a new file: applied up to %v, %v", p, err)
			}
			s.close()
			if err := errors.Join(Reset(s.path), Reset(s.path)); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after reset: %v", err)
			}
		})
	}
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "directory"))
	if problem.KindOf(err) != problem.Unavailable || errors.Is(err, ErrUnusable) {
		t.Errorf("open in no directory: %v, want Unavailable", err)
	}
}

// TestDamage overwrites pages of a file. Whatever is read from it is right, or an error that says what to do.
func TestDamage(t *testing.T) {
	s := newShelf(t)
	var ops []commit.Op
	for i := range 200 {
		ops = append(ops, saveOf(id.NewFile(), id.File{}, fmt.Sprint("file ", i)))
	}
	s.do(ops...)
	s.close()
	good := s.files()[""]
	found := 0
	for at := 4096; at < len(good); at += 4096 {
		bad := bytes.Clone(good)
		rnd := rand.NewChaCha8([32]byte{byte(at >> 12)})
		rnd.Read(bad[at : at+4096])
		if err := os.WriteFile(s.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(t.Context(), s.path)
		if err == nil {
			err = readAll(t, d.View(s.share, s.keys), ops)
			d.Close()
		}
		if err == nil {
			continue
		}
		if found++; !errors.Is(err, ErrUnusable) {
			t.Errorf("page %d: %v", at/4096, err)
		}
	}
	if pages := len(good)/4096 - 1; found < pages*3/4 {
		t.Errorf("of %d spoilt pages %d were noticed", pages, found)
	}
}

// readAll reads what was saved in every way. Only names that are right count as read.
func readAll(t *testing.T, v catalogue.View, ops []commit.Op) error {
	for n, err := range v.List(t.Context(), id.File{}, false) {
		if err != nil {
			return err
		}
		if !strings.HasPrefix(n.Name, "file ") {
			t.Errorf("a damaged file says %q", n.Name)
		}
	}
	for _, op := range ops {
		n, err := v.Node(t.Context(), op.File)
		if err == nil {
			_, err = v.Child(t.Context(), op.Parent, op.Name)
		}
		var ver catalogue.Version
		if err == nil {
			ver, err = v.Version(t.Context(), op.Version)
		}
		if err != nil {
			if errors.Is(err, catalogue.ErrNone) {
				return ErrUnusable // a lost row: indistinguishable from one that was never there
			}
			return err
		}
		if n.Name != op.Name || ver.Size != op.Size {
			t.Errorf("a damaged file says %q, %d; want %q, %d", n.Name, ver.Size, op.Name, op.Size)
		}
	}
	for _, err := range v.History(t.Context(), ops[0].File) {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestLostTail cuts the log anywhere, as a crash of the machine may: the books are at the end of one
// transaction, know which, and say what they said then.
func TestLostTail(t *testing.T) {
	s := newShelf(t)
	at := map[pack.Position][32]byte{{}: s.digest()}
	file := id.NewFile()
	for i := range 30 {
		s.do(saveOf(file, id.File{}, fmt.Sprint(i)), saveOf(id.NewFile(), file, fmt.Sprint(i)))
		at[s.end] = s.digest()
	}
	whole := s.files()
	s.close()
	seen := make(map[pack.Position]bool)
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		c := *s
		c.path = filepath.Join(t.TempDir(), "catalogue.db")
		cut := rnd.IntN(len(whole["-wal"]) + 1)
		if err := errors.Join(os.WriteFile(c.path, whole[""], 0o600), os.WriteFile(c.path+"-wal", whole["-wal"][:cut], 0o600)); err != nil {
			t.Fatal(err)
		}
		d, err := Open(t.Context(), c.path)
		if err != nil {
			t.Fatalf("log cut to %d bytes: %v", cut, err)
		}
		c.DB = d
		p, err := c.Applied(t.Context(), c.share)
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := at[p]; !ok || c.digest() != want {
			t.Errorf("log cut to %d bytes: the books at %v are not what they were", cut, p)
		}
		seen[p] = true
		c.close()
	}
	if len(seen) < 10 {
		t.Errorf("only %d states were seen", len(seen))
	}
}

// TestNoSpace lets the file not grow. The error says so; the next transaction after there is space works.
func TestNoSpace(t *testing.T) {
	s := newShelf(t)
	s.do(saveOf(id.NewFile(), id.File{}, "before"))
	before := s.digest()
	limit := func(pages int) {
		t.Helper()
		if _, err := s.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // it cannot be less than what there is
	var big []commit.Op
	for i := range 200 {
		big = append(big, saveOf(id.NewFile(), id.File{}, fmt.Sprint(i)))
	}
	end := s.end
	if err := s.try(commit.Record{Ops: big}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("apply: %v, want ENOSPC", err)
	}
	if got := s.digest(); got != before {
		t.Error("half of a transaction is in the books")
	}
	limit(1 << 30)
	s.end = end
	s.do(big...)
	if totals, err := s.View(s.share, s.keys).Totals(t.Context()); err != nil || totals.Files != 201 {
		t.Errorf("totals %+v, %v", totals, err)
	}
	s.close()
}

// TestSchemaVersion fails when schema.sql changes and schemaVersion does not.
func TestSchemaVersion(t *testing.T) {
	words := regexp.MustCompile(`--[^\n]*`).ReplaceAllString(schema, "")
	words = strings.Join(strings.Fields(words), " ")
	got := fmt.Sprintf("%d %x", schemaVersion, sha256.Sum256([]byte(words)))
	const want = "6 73c6b96ba4d66c670e7cbbf5e71db022fad72700e613a4c75961894e35da8a83"
	if got != want {
		t.Errorf("the tables of version %s\nwere those of     %s\ncount schemaVersion up", got, want)
	}
}

// TestPlans asks SQLite how it would run each statement: none reads more rows than it returns, but those
// whose job it is, and none sorts.
func TestPlans(t *testing.T) {
	s := newShelf(t)
	defer s.close()
	byShare := 0
	all := map[query]bool{qAddShare: true, qAddActor: true, qLastChange: true, qLastNode: true} // max(num): one step
	for q, text := range texts {
		if query(q) <= qRollback {
			continue
		}
		args := make([]any, strings.Count(text, "?"))
		rows, err := s.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var a, b, c int
			var step string
			if err := rows.Scan(&a, &b, &c, &step); err != nil {
				t.Fatal(err)
			}
			own := strings.HasPrefix(step, "SCAN json_each ") || step == "SCAN dir" || step == "SCAN CONSTANT ROW" // what it is given, and what it has found
			if strings.HasPrefix(step, "SCAN") && !own && !all[query(q)] || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n%s", text, step)
			}
			if strings.Contains(step, "(share=? AND rowid<?)") {
				byShare++
			} else if strings.Contains(step, "rowid<?") && strings.Contains(text, "share = ?") {
				t.Errorf("%s\n%s: it goes over the changes of all shares", text, step)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if byShare < 2 {
		t.Errorf("%d statements find the changes of a share by its index, want those of Changed and Touched", byShare)
	}
}

// TestShareIndex: a file that was made before there was this index gets it.
func TestShareIndex(t *testing.T) {
	s := newShelf(t)
	if _, err := s.conn.ExecContext(t.Context(), "DROP INDEX change_share"); err != nil {
		t.Fatal(err)
	}
	s.close()
	d, err := Open(t.Context(), s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var n int
	if err := d.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema WHERE name = 'change_share'").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d indexes, %v", n, err)
	}
}
