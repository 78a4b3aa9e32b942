package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
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

// TestFieldNames: no field is called by the name of a Go field: docs/json.md promises small letters, and who reads by them finds nothing else.
func TestFieldNames(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	fields := 0
	var look func(reflect.Type)
	look = func(x reflect.Type) {
		for x.Kind() == reflect.Pointer || x.Kind() == reflect.Slice || x.Kind() == reflect.Array || x.Kind() == reflect.Map {
			x = x.Elem()
		}
		if x.Kind() != reflect.Struct || seen[x] || x.Implements(reflect.TypeFor[json.Marshaler]()) || x.Implements(textual) {
			return
		}
		seen[x] = true
		for name, f := range fieldsOf(x) {
			if fields++; strings.ToLower(name) != name {
				t.Errorf("%v has a field %q", x, name)
			}
			look(f.of)
		}
	}
	for _, o := range operations {
		for _, v := range []any{o.in, o.out} {
			if v != nil {
				look(reflect.TypeOf(v))
			}
		}
	}
	if fields < 500 {
		t.Errorf("only %d fields were looked at", fields)
	}
}
