package vault

import (
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
)

// A full sheet, with an act on the directory itself, is a record.
func TestSheetFitsRecord(t *testing.T) {
	for name, props := range map[string][]commit.Prop{"operations": nil, "bytes": {{Space: "x", Name: "y", Value: strings.Repeat("z", 100_000)}}} {
		var s sheet
		for {
			file := id.NewFile()
			ok, err := s.add(commit.Op{Kind: commit.Touch, File: file, Name: "f"}, commit.Op{Kind: commit.SetProp, File: file, Props: props})
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
		}
		if n := len(s.ops); n < 200 || n%2 != 0 {
			t.Errorf("%s: %d operations fit, want many pairs", name, n)
		}
		act := make([]commit.Op, spareOps)
		for i := range act {
			act[i] = commit.Op{Kind: commit.SetProp, File: id.NewFile(), Props: props}
		}
		r := commit.Record{Author: strings.Repeat("a", 64), Ops: append(act, s.ops...)}
		if _, err := r.Marshal(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is larger than a sheet, and still a record, has one to itself: it is not lost, and is not waited for in vain.
func TestSheetTakesWhatIsLarge(t *testing.T) {
	large := commit.Op{Kind: commit.SetProp, File: id.NewFile(), Props: []commit.Prop{{Value: strings.Repeat("z", commit.MaxRecord-recordRoom)}}}
	var s sheet
	for _, want := range []bool{true, false} {
		if ok, err := s.add(large); ok != want || err != nil {
			t.Errorf("on a sheet of %d operations it finds room: %v, %v; want %v", len(s.ops), ok, err, want)
		}
	}
}
