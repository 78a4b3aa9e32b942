package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/catalogue/cataloguetest"
)

func TestCatalogue(t *testing.T) {
	cataloguetest.Run(t, func(t testing.TB, dir string) catalogue.Catalogue {
		d, err := Open(t.Context(), filepath.Join(dir, "catalogue.db"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}
