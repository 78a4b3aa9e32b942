package main

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure/bundle"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
)

// evidence makes a bundle of two entries, as files, and returns the log's public key.
func evidence(t *testing.T) (fstest.MapFS, string) {
	t.Helper()
	const origin = "azekura.example/ledger/1"
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	dir, all, paths, share := t.TempDir(), seal.NewKey(), seal.NewKey(), id.NewShare()
	l, err := ledger.Open(t.Context(), ledger.Config{FS: durable.OS(), Dir: dir, Origin: origin, Signer: signer, Verifier: verifier, FileSize: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	when := time.Date(2026, 7, 12, 9, 0, 0, 1_000_000, time.UTC)
	for n := range byte(20) {
		e := event.Event{Kind: event.Released, When: when, Session: id.Session{n}, Actor: "佐藤", Address: netip.MustParseAddr("192.0.2.7"), Door: "webdav", Share: share, Purpose: account.Open, Until: when.Add(time.Minute), Note: "job 1"}
		for i := range byte(3) {
			e.Files = append(e.Files, event.File{Version: id.Version{n, i}, Path: paths.SealOnce(nil, fmt.Appendf(nil, "/albums/%d/%d.jpg", n, i), nil)})
		}
		b, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		entry, err := ledger.NewSealer(all).Seal(when, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := keeper.ParseReadingKey(fmt.Appendf(nil, `{"format":1,"entries":%q,"shares":[{"id":%q,"paths":%q}]}`, hex.EncodeToString(all[:]), share, hex.EncodeToString(paths[:])))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledger.NewReader(os.DirFS(dir), public)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bundle.Write(t.Context(), &b, bundle.Source{Ledger: r, PublicKey: public, Keys: keys, Made: when, Entries: []bundle.Wanted{{Index: 3}, {Index: 17}}}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := make(fstest.MapFS)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = &fstest.MapFile{Data: data}
	}
	return files, public
}

// TestAgrees: the program that shares no line with ours says the same of bundles, whole and changed.
func TestAgrees(t *testing.T) {
	whole, public := evidence(t)
	agree := func(name string, files fs.FS, want bool) {
		t.Helper()
		n, err := check(files, public)
		r, err2 := bundle.Verify{PublicKey: public}.Run(t.Context(), files)
		if err2 != nil || r.OK() != want || (err == nil) != want || n != 2 {
			t.Errorf("%s: %d entries, %v; we say %+v, %v", name, n, err, r.Wrong, err2)
		}
	}
	agree("whole", whole, true)
	for name, f := range whole {
		if name == "README.txt" || name == "bundle.json" || name == "public-key" { // of which it knows nothing
			continue
		}
		files := maps.Clone(whole)
		at := len(f.Data) / 2
		if strings.HasSuffix(name, ".json") {
			at = bytes.Index(f.Data, []byte("佐藤")) + 1
		}
		data := bytes.Clone(f.Data)
		data[at] ^= 1
		files[name] = &fstest.MapFile{Data: data}
		agree(name, files, false)
	}
	for _, kind := range []string{".entry", ".tlog-proof", ".json"} {
		files := maps.Clone(whole)
		files["entries/3"+kind], files["entries/17"+kind] = files["entries/17"+kind], files["entries/3"+kind]
		agree(kind+" change places", files, false)
	}
	for _, tamper := range [][2]string{{`"address": "192.0.2.7"`, `"address": "192.0.2.8"`}, {`09:01:00.001Z`, `09:02:00.001Z`}, {`"version": "0300`, `"version": "0400`}, {`"recorded": "2026`, `"recorded": "2025`},
		{`"door": "webdav",`, ``}, {`"actor":`, `"target": "nothing", "actor":`}, {`"index":`, `"comment": "harmless", "index":`}} {
		files, text := maps.Clone(whole), string(whole["entries/3.json"].Data)
		if !strings.Contains(text, tamper[0]) {
			t.Fatalf("no %s in %s", tamper[0], text)
		}
		files["entries/3.json"] = &fstest.MapFile{Data: []byte(strings.Replace(text, tamper[0], tamper[1], 1))}
		agree(tamper[1], files, false)
	}
	left := maps.Clone(whole)
	delete(left, "entries/3.json")
	agree("an entry without its text", left, false)
	for name := range left {
		if strings.HasPrefix(name, "entries/") {
			delete(left, name)
		}
	}
	if _, err := check(left, public); err == nil {
		t.Error("no entries are evidence")
	}
	files, other := maps.Clone(whole), ""
	files["checkpoint"], other = func() (*fstest.MapFile, string) { f, p := evidence(t); return f["checkpoint"], p }()
	agree("another checkpoint", files, false)
	if _, err := check(whole, other); err == nil {
		t.Error("another key is as good")
	}
}

// TestSmall: somebody who trusts nobody reads it in a few minutes.
func TestSmall(t *testing.T) {
	b, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n >= 100 || bytes.Contains(b, []byte("azekura")) {
		t.Errorf("%d lines", n)
	}
}
