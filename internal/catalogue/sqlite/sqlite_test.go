package sqlite

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/catalogue/cataloguetest"
)

func openIn(t testing.TB, dir string) catalogue.Catalogue {
	d, err := Open(t.Context(), filepath.Join(dir, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCatalogue(t *testing.T) { cataloguetest.Run(t, openIn) }

var files = flag.Int("files", 100_000, "files of the benchmark's share, beside 100,000 in one directory")

func BenchmarkCatalogue(b *testing.B) { cataloguetest.Benchmark(b, openIn, *files) }
