package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/seal"
)

// TestShifted: a clock that a program corrects is no alarm; one that was set back is, at once or in steps, unless somebody says that it is known.
func TestShifted(t *testing.T) {
	noon := time.UnixMilli(1_784_000_000_000).UTC()
	at := func(index int64, from, back time.Duration) Gap {
		return Gap{index, noon.Add(from), noon.Add(from - back)}
	}
	steps := []Gap{at(1, 0, 30*time.Second), at(2, time.Minute, 30*time.Second), at(3, 2*time.Minute, time.Second)}
	for name, c := range map[string]struct {
		back  []Gap
		known []int64
		want  []int64
	}{
		"nothing":           {nil, nil, nil},
		"a correction":      {[]Gap{at(1, 0, time.Minute)}, nil, nil},
		"an hour":           {[]Gap{at(1, 0, time.Hour)}, nil, []int64{1}},
		"a known one":       {[]Gap{at(1, 0, time.Hour), at(9, time.Hour, time.Hour)}, []int64{1}, []int64{9}},
		"in steps":          {steps, nil, []int64{3}},
		"in steps, known":   {steps, []int64{2}, nil},
		"one a day":         {[]Gap{at(1, 0, 40*time.Second), at(2, 25*time.Hour, 40*time.Second)}, nil, nil},
		"known, and others": {steps, []int64{7}, []int64{3}},
	} {
		r := Report{Backward: c.back}
		var got []int64
		for _, g := range r.Shifted(c.known...) {
			got = append(got, g.Index)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	w := &audit{Audit: Audit{Gap: DefaultGap, Now: noon}, Report: Report{Size: 3}}
	s := NewSealer(seal.Key{1})
	for i, ahead := range []time.Duration{0, time.Minute, time.Hour, 2 * time.Hour} {
		e, err := s.Seal(noon.Add(ahead), nil)
		if err != nil {
			t.Fatal(err)
		}
		w.time(int64(i), e)
	}
	if w.Ahead == nil || *w.Ahead != (Gap{2, noon, noon.Add(time.Hour)}) {
		t.Errorf("ahead: %+v", w.Ahead)
	}
}
