// Package internal holds only the test of the map of packages, docs/architecture.md.
package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/azekura/azekura/internal/"

// words are packages without I/O that everybody may use.
const words = "id pathname problem account event whose"

// imports says which packages of ours a package may import, by the longest prefix of its path. Data flows one way:
// words, bytes, books, trust, the house, doors, programs. A door that knows packs, or a storehouse that can
// name a private key, is a mistake that this test finds.
var imports = map[string]string{
	"id":             "",
	"pathname":       "",
	"problem":        "",
	"account":        "id",
	"event":          "id account pathname",
	"lang":           "problem",
	"lang/claimtest": "",
	"whose":          "",

	"deadline":        "",
	"paper":           "deadline document lang whose",
	"paper/papertest": "deadline paper",

	"syslog":    "",
	"appliance": "syslog",

	"passkey":  "",
	"oidc":     "",
	"password": "",
	"preview":  "problem",

	"exposure":        words,
	"exposure/bundle": words + " exposure keeper ledger seal",
	"guard":           "id account commit",
	"guard/structure": "",

	"durable":             "",
	"durable/durabletest": "durable",
	"chunk":               "",
	"seal":                "id",
	"pack":                "id durable",
	"commit":              "id pathname seal pack chunk",

	"retention":        "id account commit pack catalogue",
	"catalogue":        "id pathname commit pack seal problem",
	"catalogue/sqlite": "id pathname commit pack seal problem catalogue",
	"catalogue/loan":   "id pack seal durable catalogue catalogue/sqlite",
	"ledger":           "event durable id seal problem",
	"logbook":          "durable seal",
	"medium":           "id durable pack ledger problem",
	"medium/bucket":    "medium problem",
	"sink":             "ledger medium problem",
	"witness":          "account durable ledger problem",

	"keeper":         words + " oidc passkey password seal ledger witness durable logbook syslog appliance keeper/custody keeper/piece keeper/card",
	"keeper/custody": words + " seal ledger durable keeper/piece keeper/card",
	"keeper/piece":   "seal",
	"keeper/card":    "durable",

	"document":         "",
	"roster":           "problem whose",
	"sheet":            words + " document lang",
	"receipt":          words + " document lang keeper ledger",
	"alert":            "lang durable seal",
	"cases":            words + " vault keeper ledger exposure roster lang paper document deadline",
	"collect":          "account appliance durable event keeper logbook seal syslog",
	"drill":            "account lang pathname problem door/api drill/behaviour storehouse document",
	"drill/behaviour":  "",
	"vault":            words + " retention guard guard/structure chunk seal pack commit catalogue ledger keeper durable",
	"vault/vaultmodel": words + " commit vault guard/structure",

	"door/webdav": "id account pathname problem vault lang commit",
	"door/sftp":   "account lang pathname problem vault",
	"door/syslog": "syslog",
	"door/web":    "account problem lang door/api",
	"door/api":    "id preview account pathname problem vault lang commit cases exposure roster document paper receipt sheet deadline appliance",

	"cli":        words + " receipt exposure/bundle drill drill/behaviour lang door/api storehouse ledger medium keeper keeper/piece keeper/card sheet durable preview",
	"storehouse": words + " cases oidc password preview guard alert deadline witness catalogue/sqlite catalogue/loan pack pack/dir ledger keeper medium medium/bucket sink collect logbook vault door/api door/webdav door/web door/sftp door/syslog durable keeper/card",
}

// source is a Go file of the tree, without tests.
type source struct {
	pkg  string // below internal/
	name string
	file *ast.File
}

func sources(t *testing.T) (out []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		out = append(out, source{path.Dir(filepath.ToSlash(name)), name, f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

// entry returns the key of the table that a package belongs to.
func entry(pkg string) string {
	for p := pkg; p != "."; p = path.Dir(p) {
		if _, ok := imports[p]; ok {
			return p
		}
	}
	return ""
}

func TestImports(t *testing.T) {
	used := make(map[string]bool)
	for _, s := range sources(t) {
		at := entry(s.pkg)
		if at == "" {
			t.Errorf("%s: package %s is not on the map", s.name, s.pkg)
			continue
		}
		used[at] = true
		allowed := strings.Fields(imports[at])
		for _, i := range s.file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			other, ours := strings.CutPrefix(p, module)
			if !ours || entry(other) == at || slices.Contains(allowed, entry(other)) {
				continue
			}
			t.Errorf("%s: %s may not import %s", s.name, s.pkg, other)
		}
	}
	for p := range imports {
		if !used[p] {
			t.Errorf("package %s is on the map and not in the tree", p)
		}
	}
}

// TestPrivateKeys: only the keeper's custody can name a private key.
func TestPrivateKeys(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg == "keeper/custody" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), s.name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "hpke" && strings.Contains(sel.Sel.Name, "PrivateKey") {
					t.Errorf("%s: hpke.%s", s.name, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestClock: whoever needs the time is given a clock; only the programs read it, and benchmarks.
func TestClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg == "storehouse" || s.pkg == "cli" || strings.HasSuffix(s.pkg, "test") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), s.name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Now" {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s: time.Now", s.name)
				}
			}
			return true
		})
	}
}

func TestPackageComments(t *testing.T) {
	documented := make(map[string]bool)
	for _, s := range sources(t) {
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil && strings.HasPrefix(s.file.Doc.Text(), "Package "+s.file.Name.Name+" ")
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it is", pkg)
		}
	}
}
