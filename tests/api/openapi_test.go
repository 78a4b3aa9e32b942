// Package api has other people's tools read the description of the API.
package api

import (
	"os"
	"testing"

	"github.com/pb33f/libopenapi"
)

func TestOpenAPIIsRead(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := libopenapi.NewDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := m.Model.Paths.PathItems.First(); p != nil; p = p.Next() {
		for o := p.Value().GetOperations().First(); o != nil; o = o.Next() {
			n++
			if o.Value().Summary == "" || o.Value().OperationId == "" || o.Value().Responses == nil {
				t.Errorf("%s %s lacks something", o.Key(), p.Key())
			}
		}
	}
	if n < 60 {
		t.Errorf("%d operations", n)
	}
	if m.Model.Version != "3.1.1" {
		t.Errorf("version %s", m.Model.Version)
	}
}
