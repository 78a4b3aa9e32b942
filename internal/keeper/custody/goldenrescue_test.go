package custody

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
)

// goldenRescue is what a keeper comes back from as this version of the formats has it: it must do so for ever.
type goldenRescue struct {
	Files    map[string][]byte `json:"files"` // of the keeper, on a medium
	Card     []byte            `json:"card"`
	Papers   []string          `json:"papers"` // as codes
	Share    id.Share          `json:"share"`
	Metadata []byte            `json:"metadata_key"`
	State    string            `json:"state"`
}

func TestGoldenRescue(t *testing.T) {
	file := filepath.Join("testdata", "rescue.json")
	if *update {
		writeRescue(t, file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var g goldenRescue
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	x, err := card.Parse(g.Card)
	if err != nil {
		t.Fatal(err)
	}
	var pieces []piece.Piece
	for _, text := range g.Papers {
		p, err := piece.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, p)
	}
	p := durabletest.New(t)
	if _, err := Recover(t.Context(), config(p, "/"), rescueOf(g.Files, x, pieces...)); err != nil {
		t.Fatal(err)
	}
	c := reopen(t, config(p, "/"))
	defer c.Zero()
	_, metadata, err := c.Unlock(g.Share)
	if err != nil || string(metadata[:]) != string(g.Metadata) {
		t.Errorf("another metadata key: %v", err)
	}
	if s, err := c.LoadState(); err != nil || string(s) != g.State {
		t.Errorf("state %q, %v", s, err)
	}
}

func writeRescue(t *testing.T, file string) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	g := goldenRescue{Files: make(map[string][]byte), Share: id.NewShare(), State: `{"format":1}`}
	gone := id.NewShare()
	if err := errors.Join(c.MakeShare(g.Share), c.MakeShare(gone), c.SaveState([]byte(g.State)), c.SaveHead([]byte(g.State))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DestroyShare(gone); err != nil {
		t.Fatal(err)
	}
	papers(t, c, 2, 3)
	for _, p := range renewed(t, c, 2, 3)[1:] {
		g.Papers = append(g.Papers, p.Code())
	}
	list, err := c.Cut()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		b, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		g.Files[f.Name] = b
	}
	x := cardOf(t, c)
	x.ID, x.Number, x.Name, x.Written = "0123456789", 1, "金庫", day
	if g.Card, err = x.Marshal(); err != nil {
		t.Fatal(err)
	}
	_, metadata, err := c.Unlock(g.Share)
	if err != nil {
		t.Fatal(err)
	}
	g.Metadata = metadata[:]
	b, err := json.MarshalIndent(g, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
