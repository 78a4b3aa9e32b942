package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/seal"
)

// house is a ledger and what its keeper has.
type house struct {
	dir, public string
	keys        *keeper.ReadingKey
	sealing     seal.Key
	paths       seal.Key
	share       id.Share
	log         *ledger.Log
}

var when = time.Date(2026, 7, 12, 9, 0, 0, 0, time.UTC)

func newHouse(t *testing.T, origin string) *house {
	t.Helper()
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
	h := &house{dir: t.TempDir(), public: public, sealing: seal.NewKey(), paths: seal.NewKey(), share: id.NewShare()}
	h.keys, err = keeper.ParseReadingKey(fmt.Appendf(nil, `{"format":1,"made":"2026-07-12T00:00:00Z","origin":%q,"public_key":%q,"entries":%q,"shares":[{"id":%q,"name":"albums","paths":%q}]}`,
		origin, public, hex.EncodeToString(h.sealing[:]), h.share, hex.EncodeToString(h.paths[:])))
	if err != nil {
		t.Fatal(err)
	}
	h.log, err = ledger.Open(t.Context(), ledger.Config{FS: durable.OS(), Dir: h.dir, Origin: origin, Signer: signer, Verifier: verifier, FileSize: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.log.Close() })
	return h
}

// release is what the test's entries say.
func (h *house) release(n int) event.Event {
	e := event.Event{Kind: event.Released, When: when.Add(time.Duration(n) * time.Second), Session: id.Session{byte(n)}, Actor: "sato <佐藤>", Address: netip.MustParseAddr("192.0.2.7"),
		Share: h.share, Purpose: account.Open, Until: when.Add(time.Hour)}
	for i := range 3 {
		e.Files = append(e.Files, event.File{Version: id.Version{byte(n), byte(i)}, Path: h.paths.SealOnce(nil, fmt.Appendf(nil, "/albums/学校%d/%d.jpg", n, i), nil)})
	}
	return e
}

func (h *house) write(t *testing.T, from, to int) {
	t.Helper()
	sealer := ledger.NewSealer(h.sealing)
	for n := from; n < to; n++ {
		e := h.release(n)
		b, err := e.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		entry, err := sealer.Seal(e.When, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.log.Append(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) source(t *testing.T, entries ...int64) Source {
	t.Helper()
	r, err := ledger.NewReader(os.DirFS(h.dir), h.public)
	if err != nil {
		t.Fatal(err)
	}
	s := Source{Ledger: r, PublicKey: h.public, Keys: h.keys, About: "2026-1", Made: when}
	for _, n := range entries {
		s.Entries = append(s.Entries, Wanted{Index: n})
	}
	return s
}

// unpacked is a bundle as files.
func unpacked(t *testing.T, s Source) fstest.MapFS {
	t.Helper()
	var b bytes.Buffer
	if err := Write(t.Context(), &b, s); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := make(fstest.MapFS)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = &fstest.MapFile{Data: data}
	}
	return out
}

func run(t *testing.T, v Verify, fsys fs.FS) Report {
	t.Helper()
	r, err := v.Run(context.Background(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBundle(t *testing.T) {
	h := newHouse(t, "azekura.example/ledger/1")
	h.write(t, 0, 300)
	s := h.source(t, 299, 0, 256, 7)
	s.Entries[3].Versions = []id.Version{{7, 1}}
	files := unpacked(t, s)
	r := run(t, Verify{PublicKey: h.public, ReadingKey: h.keys}, files)
	if !r.OK() || r.Size != 300 || r.Entries != 4 || r.Paths != 10 || !r.Trusted || !r.KeysBound || r.About != "2026-1" {
		t.Errorf("%+v", r)
	}
	if r := run(t, Verify{}, files); !r.OK() || r.Trusted || r.KeysBound {
		t.Errorf("%+v", r)
	}
	if text := string(files["entries/7.json"].Data); !strings.Contains(text, "/albums/学校7/1.jpg") || strings.Contains(text, "/albums/学校7/2.jpg") {
		t.Errorf("%s", text)
	}
	all := slices.Concat(slices.Collect(func(yield func([]byte) bool) {
		for _, f := range files {
			yield(f.Data)
		}
	})...)
	for _, k := range []seal.Key{h.sealing, h.paths} {
		if bytes.Contains(all, []byte(hex.EncodeToString(k[:]))) || bytes.Contains(all, k[:]) {
			t.Error("a key of more than one entry is in the bundle")
		}
	}
	var again bytes.Buffer
	if err := Write(t.Context(), &again, s); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(again.Bytes()), int64(again.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if other := run(t, Verify{}, z); !other.OK() || other.Digest != r.Digest {
		t.Errorf("the same bundle once more is another one: %+v", other)
	}
}

// relist makes the list agree with the files again, as somebody would who has changed them.
func relist(t *testing.T, files fstest.MapFS, change func(*list)) {
	t.Helper()
	var l list
	if err := json.Unmarshal(files[listName].Data, &l); err != nil {
		t.Fatal(err)
	}
	l.Files = make(map[string]string)
	for name, f := range files {
		if name != listName {
			l.Files[name] = sum(f.Data)
		}
	}
	if change != nil {
		change(&l)
	}
	b, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	files[listName] = &fstest.MapFile{Data: append(b, '\n')}
}

// TestTampered: each way of changing a bundle is found, and named, even if the list was made to agree with it.
func TestTampered(t *testing.T) {
	h, other := newHouse(t, "azekura.example/ledger/1"), newHouse(t, "azekura.example/ledger/1")
	h.write(t, 0, 20)
	early := unpacked(t, h.source(t, 3, 5))
	h.write(t, 20, 40)
	other.write(t, 0, 40)
	strange := unpacked(t, other.source(t, 3, 5))
	whole := unpacked(t, h.source(t, 3, 5, 9))
	edit := func(files fstest.MapFS, name string, change func([]byte) []byte) {
		files[name] = &fstest.MapFile{Data: change(bytes.Clone(files[name].Data))}
	}
	swap := func(a, b string) func(files fstest.MapFS) {
		return func(files fstest.MapFS) { files[a], files[b] = files[b], files[a] }
	}
	replace := func(name, old, new string) func(files fstest.MapFS) {
		return func(files fstest.MapFS) {
			edit(files, name, func(b []byte) []byte {
				if !bytes.Contains(b, []byte(old)) {
					t.Fatalf("%s has no %q", name, old)
				}
				return bytes.Replace(b, []byte(old), []byte(new), 1)
			})
		}
	}
	from := func(src fstest.MapFS, names ...string) func(files fstest.MapFS) {
		return func(files fstest.MapFS) {
			for _, n := range names {
				files[n] = src[n]
			}
		}
	}
	drop := func(names ...string) func(files fstest.MapFS) {
		return func(files fstest.MapFS) {
			for _, n := range names {
				delete(files, n)
			}
		}
	}
	flip := func(name string) func(files fstest.MapFS) {
		return func(files fstest.MapFS) { edit(files, name, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }
	}
	for name, c := range map[string]struct {
		change func(files fstest.MapFS)
		list   func(*list)
		want   Kind // with the list made to agree
		plain  Kind // with the list as it was; "": the same
	}{
		"an entry is changed":        {flip(entryName(5)), nil, Unproven, Altered},
		"a proof is changed":         {flip(proofName(5)), nil, "", Altered},
		"a text says another name":   {replace(openedName(5), "sato", "kato"), nil, OtherText, Altered},
		"a text says another path":   {replace(openedName(5), "学校5/1", "学校6/1"), nil, OtherText, Altered},
		"a text says more":           {replace(openedName(5), `"kind": "released",`, `"kind": "released", "verdict": "harmless",`), nil, OtherText, Altered},
		"a text has another key":     {replace(openedName(5), `"key": "`, `"key": "0`), nil, Malformed, Altered},
		"a text of another time":     {replace(openedName(5), `"recorded": "2026`, `"recorded": "2025`), nil, OtherText, Altered},
		"a text without an end":      {func(files fstest.MapFS) { edit(files, openedName(5), func(b []byte) []byte { return b[:len(b)/2] }) }, nil, Malformed, Altered},
		"an entry is dropped":        {drop(entryName(5)), nil, Missing, Missing},
		"a proof is dropped":         {drop(proofName(5)), nil, Missing, Missing},
		"all of an entry is dropped": {drop(entryName(5), proofName(5), openedName(5)), nil, Missing, Missing},
		"the list is dropped of it":  {func(fstest.MapFS) {}, func(l *list) { l.Entries = []int64{3, 9} }, Unlisted, "-"},
		"a file is added":            {func(files fstest.MapFS) { files["note.txt"] = &fstest.MapFile{Data: []byte("all is well")} }, nil, Unlisted, Unlisted},
		"entries change places":      {swap(entryName(3), entryName(5)), nil, Unproven, Altered},
		"proofs change places":       {swap(proofName(3), proofName(5)), nil, OtherIndex, Altered},
		"texts change places":        {swap(openedName(3), openedName(5)), nil, OtherIndex, Altered},
		"entries, proofs and texts do": {func(files fstest.MapFS) {
			swap(entryName(3), entryName(5))(files)
			swap(proofName(3), proofName(5))(files)
			swap(openedName(3), openedName(5))(files)
		}, nil, OtherIndex, Altered},
		"the list is in another order":    {func(fstest.MapFS) {}, func(l *list) { l.Entries = []int64{5, 3, 9} }, Disorder, "-"},
		"the list names one twice":        {func(fstest.MapFS) {}, func(l *list) { l.Entries = []int64{3, 5, 5, 9} }, Disorder, "-"},
		"an older checkpoint":             {from(early, checkpointName), nil, OtherHead, Altered},
		"a proof to an older checkpoint":  {from(early, proofName(5)), nil, OtherHead, Altered},
		"a checkpoint of another log":     {from(strange, checkpointName), nil, Unsigned, Altered},
		"a checkpoint that is changed":    {replace(checkpointName, "\n40\n", "\n41\n"), nil, Unsigned, Altered},
		"all of another log":              {from(strange, slices.Collect(maps.Keys(strange))...), nil, OtherKey, ""},
		"an entry of another log":         {from(strange, entryName(5), openedName(5)), nil, Unproven, Altered},
		"another public key":              {from(strange, keyName), nil, OtherKey, Altered},
		"a witness that has not cosigned": {func(fstest.MapFS) {}, func(l *list) { l.Cosigners = []string{h.public} }, Unsigned, "-"},
		"another size":                    {func(fstest.MapFS) {}, func(l *list) { l.Size = 39 }, OtherHead, "-"},
		"the instructions are changed":    {flip(readmeName), nil, "-", Altered},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(whole)
			c.change(files)
			has := func(r Report, k Kind) bool {
				return slices.ContainsFunc(r.Wrong, func(w Wrong) bool { return w.Kind == k && w.File != "" && w.Text != "" })
			}
			if c.plain != "-" {
				if r := run(t, Verify{PublicKey: h.public}, files); r.OK() || c.plain != "" && !has(r, c.plain) {
					t.Errorf("the list as it was: %+v, want %s", r.Wrong, c.plain)
				}
			}
			if c.want == "-" {
				return
			}
			relist(t, files, c.list)
			if r := run(t, Verify{PublicKey: h.public}, files); r.OK() || c.want != "" && !has(r, c.want) {
				t.Errorf("the list agrees: %+v, want %s", r.Wrong, c.want)
			}
		})
	}
	if _, err := (Verify{}).Run(t.Context(), make(fstest.MapFS)); err == nil {
		t.Error("nothing is a bundle")
	}
}

// TestCosigned: a witness whose key is named has cosigned.
func TestCosigned(t *testing.T) {
	h := newHouse(t, "azekura.example/ledger/1")
	h.write(t, 0, 5)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, err := torchwood.NewCosignatureSigner("witness.example", key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(h.dir, "checkpoint")
	signed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(func() note.Verifier { v, _ := note.NewVerifier(h.public); return v }()))
	if err != nil {
		t.Fatal(err)
	}
	both, err := note.Sign(n, w)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, both, 0o600); err != nil {
		t.Fatal(err)
	}
	s := h.source(t, 2)
	s.Cosigners = []string{w.Verifier().String()}
	files := unpacked(t, s)
	if r := run(t, Verify{PublicKey: h.public}, files); !r.OK() || r.Cosigners != 1 {
		t.Errorf("%+v", r)
	}
	files[checkpointName] = &fstest.MapFile{Data: signed}
	relist(t, files, nil)
	if r := run(t, Verify{PublicKey: h.public}, files); r.OK() {
		t.Error("a cosignature is gone, and nothing is said")
	}
}

// TestSecondKey: whoever made an entry could have made it open in two ways. Who has the reading key sees it.
func TestSecondKey(t *testing.T) {
	h := newHouse(t, "azekura.example/ledger/1")
	strange := seal.NewKey()
	e := h.release(1)
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := ledger.NewSealer(strange).Seal(e.When, b) // as the second of two ways would be
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.log.Append(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	h.write(t, 1, 2)
	lying := *h
	lying.keys, err = keeper.ParseReadingKey(fmt.Appendf(nil, `{"format":1,"entries":%q,"shares":[]}`, hex.EncodeToString(strange[:])))
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, lying.source(t, 0))
	if r := run(t, Verify{PublicKey: h.public}, files); !r.OK() {
		t.Errorf("%+v", r)
	}
	if r := run(t, Verify{PublicKey: h.public, ReadingKey: h.keys}, files); r.OK() || r.Wrong[0].Kind != SecondKey {
		t.Errorf("%+v", r)
	}
}

// TestBehind: the evidence for one school shows the paths of its files, and no others that were read with them.
func TestBehind(t *testing.T) {
	h := newHouse(t, "azekura.example/ledger/1")
	h.write(t, 0, 10)
	s := h.source(t)
	s.Entries = Behind([]exposure.Found{
		{Proof: []int64{7}, Versions: []exposure.FoundVersion{{Keys: []id.Version{{7, 1}}}}},
		{Proof: []int64{3, 7}, Versions: []exposure.FoundVersion{{Keys: []id.Version{{3, 0}}}, {Keys: []id.Version{{7, 2}}}}},
		{}, // of a gap
	})
	files := unpacked(t, s)
	if r := run(t, Verify{PublicKey: h.public}, files); !r.OK() || r.Entries != 2 || r.Paths != 3 {
		t.Errorf("%+v", r)
	}
	if text := string(files["entries/7.json"].Data); strings.Contains(text, "/0.jpg") || !strings.Contains(text, "/1.jpg") || !strings.Contains(text, "/2.jpg") {
		t.Errorf("%s", text)
	}
}

// TestWriteRefuses: a bundle that cannot be made whole is not made.
func TestWriteRefuses(t *testing.T) {
	h := newHouse(t, "azekura.example/ledger/1")
	h.write(t, 0, 5)
	for name, s := range map[string]Source{
		"no such entry":   h.source(t, 1, 5),
		"an entry twice":  h.source(t, 1, 1),
		"not a witness":   func() Source { s := h.source(t, 1); s.Cosigners = []string{h.public}; return s }(),
		"another reading": func() Source { s := h.source(t, 1); s.Keys = newHouse(t, "azekura.example/ledger/2").keys; return s }(),
	} {
		if err := Write(t.Context(), io.Discard, s); err == nil {
			t.Errorf("%s: it was made", name)
		}
	}
	if err := Write(t.Context(), broken{}, h.source(t, 1)); err == nil {
		t.Error("nothing was written, and it was made")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }
