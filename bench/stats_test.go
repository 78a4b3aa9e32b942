package main

import (
	"math"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{7}, 0.99, 7},
		{[]float64{0, 10}, 0.99, 9.9},
		{[]float64{5, 6, 1}, 0, 1},
		{[]float64{5, 6, 1}, 1, 6},
	} {
		before := slices.Clone(c.values)
		if got := quantile(c.values, c.q); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.values, c.q, got, c.want)
		}
		if !slices.Equal(c.values, before) {
			t.Errorf("quantile has changed its argument: %v, was %v", c.values, before)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median(nil) = %v, want no number", got)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{nil, "–"},
		{[]float64{1.234}, "1.23"},
		{[]float64{6.337, 4.95, 4.64}, "4.95 (4.64–6.34)"},
		{[]float64{123.4, 12.34, 0.01234}, "12.3 (0.0123–123)"},
		{[]float64{0, 0}, "0.00 (0.00–0.00)"},
	} {
		if got := spread(c.values); got != c.want {
			t.Errorf("spread(%v) = %q, want %q", c.values, got, c.want)
		}
	}
}

func TestRatios(t *testing.T) {
	got := ratios([]float64{2, 9, 5}, []float64{4, 3, 0, 1})
	if want := []float64{0.5, 3}; !slices.Equal(got, want) {
		t.Errorf("ratios = %v, want %v: round by round, without division by nothing", got, want)
	}
}
