package ledger

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/seal"
)

var update = flag.Bool("update", false, "write testdata anew, which is right only for a format that nobody has data in yet")

const golden = "testdata/ledger-1"

// The keys of the ledger in testdata. They protect nothing.
const (
	goldenSigner   = "PRIVATE+KEY+azekura.example/ledger/0a1b2c3d+4ec0cf98+Ad9roI///p5AHVnvnqfJI7Rr0U9sYahAyMRND0y0obE6"
	goldenVerifier = "azekura.example/ledger/0a1b2c3d+4ec0cf98+Aaa1GLzs/s5DanF/zbAb2ugL/z/zNt1N/ZwTiXa1ajYR"
)

var goldenKey = seal.Key{0: 'k', 31: 'k'}

// A ledger written by the first version of the program, with three entries in tiles and two in a write-ahead
// file, is read for ever.
func TestFirstFormatIsReadForEver(t *testing.T) {
	ctx := context.Background()
	if *update {
		writeGolden(t)
	}
	public, err := os.ReadFile(golden + "/public-key")
	if err != nil {
		t.Fatal(err)
	}
	verifierKey := strings.TrimSpace(string(public))
	r, err := Verify(ctx, os.DirFS(golden), verifierKey)
	if err != nil || !r.OK() || r.Size != 3 || r.Beyond != 2 {
		t.Fatalf("report %+v, %v", r, err)
	}

	disk := durabletest.New(t)
	copyTo(t, disk, os.DirFS(golden))
	signer, err := note.NewSigner(goldenSigner)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, smallFiles(Config{FS: disk, Dir: "/ledger", Origin: testOrigin, Signer: signer, Verifier: verifier}))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := NewReader(l.Files(), verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range reader.Entries(ctx, 0, 100) {
		if err != nil {
			t.Fatal(err)
		}
		when, event, err := OpenEntry(goldenKey, e.Data)
		if want := fmt.Sprintf("event %d", e.Index); err != nil || string(event) != want || !when.Equal(noon.AddDate(0, 0, int(e.Index))) {
			t.Errorf("entry %d is of %v, %q, %v", e.Index, when, event, err)
		}
	}
	if got := reader.Head().Size; got != 5 {
		t.Errorf("%d entries, want 5", got)
	}
}

func copyTo(t *testing.T, disk *durabletest.Platter, from fs.FS) {
	t.Helper()
	err := fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		if err := disk.MkdirAll(path.Join("/ledger", path.Dir(name)), 0o700); err != nil {
			return err
		}
		return disk.SetFile(path.Join("/ledger", name), b)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func writeGolden(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if err := os.RemoveAll(golden); err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(goldenSigner)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(goldenVerifier)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{FS: durable.OS(), Dir: golden, Origin: testOrigin, Signer: signer, Verifier: verifier, FileSize: 8 * block}
	l := open(t, c)
	s := NewSealer(goldenKey)
	for i := range 5 {
		e, err := s.Seal(noon.AddDate(0, 0, i), fmt.Appendf(nil, "event %d", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if _, err := l.Publish(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	abandon(l)
	if err := os.Remove(golden + "/wal/" + spareName); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(golden+"/public-key", []byte(goldenVerifier+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
