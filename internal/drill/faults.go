package drill

import "github.com/azekura/azekura/internal/lang"

// Faults says what did not go as it should.
func (r *Result) Faults(l lang.Lang) (out []string) {
	if !r.Noticed {
		out = append(out, l.Text("say.fault-unnoticed"))
	}
	if n := r.Changed + r.Renamed; n > MostChanged {
		out = append(out, l.Text("say.fault-changed", n, MostChanged))
	}
	for _, x := range []struct {
		n   int
		key string
	}{
		{r.Missed, "say.fault-missed"}, {r.Wrong, "say.fault-wrong"}, {r.Left, "say.fault-left"}, {r.Lost, "say.fault-lost"},
		{r.Disturbed, "say.fault-disturbed"},
	} {
		if x.n > 0 {
			out = append(out, l.Text(x.key, x.n))
		}
	}
	return out
}
