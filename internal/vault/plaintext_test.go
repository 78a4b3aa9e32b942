package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// openers is every place in the product where sealed bytes are opened with a seal.Key, and why what comes out
// is no unrecorded reading. A new place fails the test below until somebody has thought about it.
var openers = map[string]string{
	"seal.(Key).Open":             "the construction itself",
	"seal.(Key).OpenOnce":         "the construction itself",
	"seal.(*Metadata).OpenName":   "names, with the metadata key, whose hand-over is recorded",
	"seal.(*Metadata).OpenRecord": "names and sizes, likewise",
	"seal.(*Books).Open":          "the construction itself",
	"loan.(*unsealer).run":        "a copy of the catalogue on a medium, whose names stand sealed in it yet: with the metadata key, whose hand-over is recorded",
	"seal.(*Metadata).OpenList":   "which contents have chunks in common, likewise",
	"vault.(*reader).manifest": "content: the key comes from keeper.Release, or from a lease of one for the same session and purpose; to make its preview, " +
		"of what this storehouse has just sealed, from the save itself, and nobody gets what comes out",
	"vault.openPart":                "content: the key stands in a manifest that was opened so",
	"vault.(*spool).load":           "what this very client is sending, under a key that never leaves its draft",
	"ledger.OpenEntry":              "an event, for holders of the ledger's reading key",
	"keeper.(*Entry).openPaths":     "a path in the ledger, likewise",
	"keeper.(*ReadingKey).Disclose": "a path in the ledger, likewise, for evidence that others check",
	"seal.(Key).OpenDisclosed":      "an entry of the ledger, or a path in one, for whoever was given the key of that one message",
	"keeper.(*paths).open":          "the path of what is asked for, in the keeper, to find its person, traps and jobs",
	"storehouse.(*memo).load":       "which deadlines and drills people were reminded of, under a key of their own: no content and no path",
	"alert.(*Desk).read":            "alerts that wait, under a key of their own: what was done to which file, and nothing of its content",
	"logbook.(*Book).open":          "lines of appliances, in the keeper: a search is in the ledger before the first is shown; a check hands none out",
	"collect.(*watch).load":         "from where accounts of appliances came, under a key of its own: what is told of it is in the ledger",
	"custody":                       "the keeper's own keys and state",
}

// TestEveryOpening finds all calls that open sealed bytes in the source.
func TestEveryOpening(t *testing.T) {
	found := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				// seal.Key.Open and OpenOnce take destination, sealed bytes and context; nothing else here does.
				if !ok || sel.Sel.Name != "Open" && sel.Sel.Name != "OpenOnce" || len(call.Args) < 3 {
					return true
				}
				if first := call.Args[0]; isContext(first) { // vault.Files.Open and its like: they end in the ones below
					return true
				}
				name := file.Name.Name + "." + function(f)
				if file.Name.Name == "custody" {
					name = "custody"
				}
				found[name] = true
				if openers[name] == "" {
					t.Errorf("%s: %s opens sealed bytes: is it recorded as a reading?", path, name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range openers {
		if !found[name] {
			t.Errorf("%s opens nothing: the test does not see what it should, or the table is old", name)
		}
	}
}

// isContext reports whether an argument is a context, by its looks.
func isContext(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "ctx"
	case *ast.CallExpr:
		sel, ok := e.Fun.(*ast.SelectorExpr)
		return ok && (sel.Sel.Name == "Context" || sel.Sel.Name == "WithoutCancel")
	}
	return false
}

func function(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	switch r := f.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		return "(*" + r.X.(*ast.Ident).Name + ")." + f.Name.Name
	case *ast.Ident:
		return "(" + r.Name + ")." + f.Name.Name
	}
	return f.Name.Name
}

// deaf is a keeper that hands out no key.
type deaf struct{ *testKeeper }

func (deaf) Release(context.Context, keeper.Request) ([]keeper.Lease, error) {
	return nil, problem.New(problem.Unavailable, "release", "", nil)
}

// Every way in which a session can get content fails without a release, and is one with the right purpose.
func TestEveryReadingIsReleased(t *testing.T) {
	secret := bytes.Repeat([]byte("佐藤 陽翔 "), 10_000)
	read := func(why account.Purpose, size int) func(*house, vault.Files) error {
		return func(h *house, f vault.Files) error {
			i, err := f.Stat(bg, pathname.Path("/s").Join(map[int]string{0: "small", 1: "large"}[size]))
			if err != nil {
				return err
			}
			files, err := f.Open(bg, why, i)
			if err != nil {
				return err
			}
			defer files[0].Close()
			var b bytes.Buffer
			_, err = files[0].WriteTo(&b)
			return err
		}
	}
	ways := map[account.Purpose][]func(*house, vault.Files) error{
		account.Copy: {
			func(_ *house, f vault.Files) error { return f.Copy(bg, "/s/small", "/t/small", true, true) },
			func(_ *house, f vault.Files) error { return f.Rename(bg, "/s/large", "/t/large", true) },
			func(_ *house, f vault.Files) error { return f.Copy(bg, "/s/large", "/s/~$large", true, true) },
		},
		account.Verify: {func(h *house, _ vault.Files) error {
			_, err := h.v.Verify(bg, staff, vault.VerifyOptions{Keys: true, Shares: []string{"s"}}, func(vault.Finding) {})
			return err
		}, func(h *house, f vault.Files) error {
			i, err := f.Stat(bg, "/s/small")
			if err != nil {
				return err
			}
			sum, err := h.v.Digest(bg, staff, i)
			if err == nil && sum != sha256.Sum256(secret[:100]) {
				t.Error("the digest is another")
			}
			return err
		}},
	}
	for _, why := range []account.Purpose{account.Open, account.Preview, account.Export, account.Restore, account.Rehearse, account.BreakGlass} {
		ways[why] = append(ways[why], read(why, 0), read(why, 1))
	}
	ways[account.Preview] = append(ways[account.Preview], func(h *house, f vault.Files) error {
		i, err := f.Stat(bg, "/s/picture.jpg")
		if err != nil {
			return err
		}
		p, err := h.v.Previews(bg, staff, i)
		if err == nil && p[0].File != nil {
			_, err = p[0].File.WriteTo(io.Discard)
		}
		return err
	}, func(h *house, f vault.Files) error {
		i, err := f.Stat(bg, "/s/picture.jpg")
		if err != nil {
			return err
		}
		_, err = h.v.Picture(bg, staff, i, 2048)
		return err
	})
	for why, list := range ways {
		for n, way := range list {
			root, k := t.TempDir(), newTestKeeper(t, "s", "t")
			k.painter = &painter{}
			h := openHouse(t, root, k)
			save(t, h.v.As(staff), "/s/picture.jpg", secret)
			save(t, h.v.As(staff), "/s/small", secret[:100])
			save(t, h.v.As(staff), "/s/large", secret)
			h.close()
			mute := openMute(t, root, k)
			if err := way(mute, mute.v.As(staff)); problem.KindOf(err) != problem.Unavailable {
				t.Errorf("%s, way %d: without a release it says %v", why, n, err)
			}
			mute.close()
			h = openHouse(t, root, k)
			if err := way(h, h.v.As(staff)); err != nil || k.released[why] == 0 {
				t.Errorf("%s, way %d: %v, %d releases", why, n, err, k.released[why])
			}
			h.close()
		}
	}
}

// What costs nothing to look at releases nothing: listing, properties, history, copies within a share.
func TestLookingReleasesNothing(t *testing.T) {
	h := newHouse(t, "s")
	f := h.v.As(staff)
	i := save(t, f, "/s/a", random(1, 100_000))
	save(t, f, "/s/a", random(2, 100_000))
	for _, do := range []func() error{
		func() error { _, err := f.Stat(bg, "/s/a"); return err },
		func() error {
			for _, err := range f.List(bg, "/s") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		func() error {
			for _, err := range f.History(bg, "/s/a") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		func() error { return f.Copy(bg, "/s/a", "/s/b", false, true) },
		func() error { return f.Restore(bg, "/s/a", i.Version) },
		func() error { return f.Rename(bg, "/s/a", "/s/c", false) },
	} {
		if err := do(); err != nil {
			t.Error(err)
		}
	}
	if len(h.keeper.released) != 0 {
		t.Errorf("keys were released: %v", h.keeper.released)
	}
}
