package cli

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/exposure/bundle"
	"github.com/azekura/azekura/internal/lang"
	"github.com/azekura/azekura/internal/problem"
)

// TestEvidenceHints: what to do depends on what disagrees; what is checked is never called the house's own stored bytes.
func TestEvidenceHints(t *testing.T) {
	for want, kinds := range map[string][]bundle.Kind{
		"hint.evidence":       {bundle.Unproven, bundle.OtherKey, bundle.Altered}, // a flipped byte of the key's file
		"hint.evidence-key":   {bundle.Unsigned, bundle.OtherKey, bundle.Unproven},
		"hint.evidence-proof": {bundle.Unproven},
	} {
		r := bundle.Report{}
		for _, k := range kinds {
			r.Wrong = append(r.Wrong, bundle.Wrong{Kind: k})
		}
		if got := evidenceHint(r); got != want {
			t.Errorf("%v: %s, want %s", kinds, got, want)
		}
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			text := l.Problem("check evidence", "evidence.zip", problem.Damaged.String(), want)
			if strings.Contains(text, "stored bytes") || strings.Contains(text, "保管データ") || !strings.Contains(text, l.Text(want)) {
				t.Error(text)
			}
		}
	}
}

// TestEvidenceCut: a bundle that was cut off while it was copied says so, wherever the cut is.
func TestEvidenceCut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "evidence.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if err := os.WriteFile(name, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := openBundle(name)
		p, ok := err.(*problem.Error)
		if !ok || p.Kind != problem.Damaged || p.Hint != "hint.evidence-cut" {
			t.Errorf("cut after %d of %d bytes: %v", n, len(whole), err)
		}
	}
}
