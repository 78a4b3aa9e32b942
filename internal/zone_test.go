package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bare are times of day without a zone, by file, and why they need none.
var bare = map[string]string{
	"door/web/desk.go":      "the value of a field that the browser shows in its own zone",
	"door/web/functions.go": "the marks of an axis, of which each has a moment that the browser knows",
	"paper/say.go":          "behind the word for Japan's time, which is before the date in Japanese",
	"roster/bookdate.go":    "the cell of a workbook, which has none",
	"door/webdav/get.go":    "in UTC, and says so",
}

// zoneless reports whether a layout has a time of day, and no zone.
func zoneless(layout ast.Expr) bool {
	switch x := layout.(type) {
	case *ast.BasicLit:
		return strings.Contains(x.Value, "15:04") && !strings.Contains(x.Value, "07") && !strings.Contains(x.Value, "MST")
	case *ast.SelectorExpr:
		return slices.Contains([]string{"DateTime", "TimeOnly", "Kitchen"}, x.Sel.Name)
	}
	return false
}

// TestZones: a time of day that a person reads has its zone. After an attack it is compared with what others have written down.
func TestZones(t *testing.T) {
	used := make(map[string]bool)
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "Format" || !zoneless(call.Args[0]) {
				return true
			}
			if used[name] = true; bare[name] == "" {
				t.Errorf("%s: a time without its zone", set.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range bare {
		if !used[name] {
			t.Errorf("%s has no time without its zone any more", name)
		}
	}
}
