package api

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestOpenAPI compares docs/api.json, which people read, with what the types say.
func TestOpenAPI(t *testing.T) {
	const name = "../../../docs/api.json"
	got, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/api.json is not what the types say (%v): go test ./internal/door/api -update", err)
	}
}

// TestEveryRouteIsDescribed compares the description with the routes.
func TestEveryRouteIsDescribed(t *testing.T) {
	h := &handler{}
	routes := []string{"POST /v1/logout", "POST /v1/me/proof", "POST /v1/me/identity"}
	for p := range h.routes() {
		routes = append(routes, p)
	}
	for p := range h.front() {
		routes = append(routes, p)
	}
	var described []string
	for _, o := range operations {
		described = append(described, o.pattern)
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("routes\n%q, described\n%q", routes, described)
	}
}
