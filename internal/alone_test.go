package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestAlone: what is kept from the race detector only computes. A test that starts goroutines is one for the detector.
func TestAlone(t *testing.T) {
	found := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if len(f.Comments) == 0 || f.Comments[0].List[0].Text != "//go:build !race" {
			return nil
		}
		if found++; !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s is part of the product", name)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			_, starts := n.(*ast.GoStmt)
			if s, ok := n.(*ast.SelectorExpr); ok {
				starts = s.Sel.Name == "Go" || s.Sel.Name == "Parallel"
			}
			if starts {
				t.Errorf("%s starts a goroutine", set.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("found %d files, %v", found, err)
	}
}
