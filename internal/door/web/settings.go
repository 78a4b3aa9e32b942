package web

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// settingsPage is the policy, and the state of the machine.
type settingsPage struct {
	Policy   api.Policy
	Networks string
	Status   *api.Status
	Bucket   *verdict // how far the ledger's copy is; nil: there is none, or the visitor does not care for the machine
	Witness  api.Witnesses
}

func (v *visit) settings() error {
	p, err := v.api.Policy(v.r.Context())
	if err != nil {
		return err
	}
	s := settingsPage{Policy: p, Networks: networksText(p.Networks)}
	if s.Witness, err = v.api.Witnesses(v.r.Context()); err != nil {
		return err
	}
	if v.may(account.Care) {
		st, err := v.api.Status(v.r.Context())
		if err != nil {
			return err
		}
		s.Status = &st
		if b := st.Ledger.Bucket; b != nil {
			x := bucketVerdict(v.lang, b)
			s.Bucket = &x
		}
	}
	return v.show("settings", s)
}

// networksText writes lists of networks one a line: "factory: 192.168.1.0/24 10.0.0.0/8".
func networksText(m map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(m[name], " "))
	}
	return b.String()
}

func networksOf(text string) (map[string][]string, error) {
	m := make(map[string][]string)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, problem.New(problem.Invalid, "change policy", line, nil)
		}
		m[strings.TrimSpace(name)] = strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	}
	return m, nil
}

func (v *visit) setPolicy() error {
	n, err := networksOf(v.form("networks"))
	if err != nil {
		return err
	}
	b, err := v.budgets()
	if err != nil {
		return err
	}
	o, err := v.api.SetPolicy(v.r.Context(), api.Policy{Firm: v.form("firm"), SecondFactor: v.form("second_factor") != "", DayLength: v.form("day_length"),
		Opening: v.form("opening"), Closing: v.form("closing"), Zone: v.form("zone"), Networks: n, Reading: b, AnyPlace: v.form("places") == ""})
	return v.outcome(o, err, "/settings")
}
