package cataloguetest

import (
	"context"
	"slices"

	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/id"
)

// forsaken reports whether a key opens nothing but what was removed by rule.
func (m *model) forsaken(key id.Version) bool {
	some := false
	for v, version := range m.versions {
		if version.Key == key || v == key {
			if _, ok := m.expired[v]; !ok {
				return false
			}
			some = some || version.Key == key
		}
	}
	return some && !m.stray[key]
}

// Expired implements catalogue.View.
func (m *model) Expired(_ context.Context, versions []id.Version) ([]bool, error) {
	out := make([]bool, len(versions))
	for i, v := range versions {
		_, out[i] = m.expired[v]
	}
	return out, nil
}

// Forsaken implements catalogue.View.
func (m *model) Forsaken(_ context.Context, keys []id.Version) ([]bool, error) {
	out := make([]bool, len(keys))
	for i, k := range keys {
		out[i] = m.forsaken(k)
	}
	return out, nil
}

// AllForsaken implements catalogue.View.
func (m *model) AllForsaken(context.Context) (out []id.Version, _ error) {
	for _, key := range m.expired {
		if m.forsaken(key) && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out, nil
}

// Marks implements catalogue.View. The model has no numbers.
func (m *model) Marks(context.Context) ([]catalogue.Mark, error) { return nil, nil }
