package api

import (
	"context"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/roster"
)

// forms keeps the template of one share, and refuses to change it with an error.
type forms struct {
	People
	template string
	see, set error
}

func (f *forms) SharePersons(context.Context, id.Session, string) (string, error) {
	return f.template, f.see
}

func (f *forms) SetSharePersons(_ context.Context, _ id.Session, _, text string) error {
	if f.set == nil {
		f.template = text
	}
	return f.set
}

// TestBudgetsFollowRules: the keeper's template becomes what the rules say where it has none or the rules' of before; it is never taken away,
// nor taken from a hand that has set it; and what keeps it is said.
func TestBudgetsFollowRules(t *testing.T) {
	const old, now = "{number}.jpg", "{class}/{number}.jpg"
	denied := func(hint string) error { return &problem.Error{Kind: problem.Denied, Op: "set persons", Hint: hint} }
	for name, x := range map[string]struct {
		template, before, rules string
		see, set                error
		want, state             string
	}{
		"none yet":               {"", "", now + " -> person", nil, nil, now, BudgetFollows},
		"the rules' of before":   {old, old, now + " -> person", nil, nil, now, BudgetFollows},
		"as it is":               {now, now, now + " -> person", nil, denied("hint.prove-again"), now, BudgetFollows},
		"set by hand":            {"{x}.tif", old, now + " -> person", nil, nil, "{x}.tif", BudgetOwn},
		"a proof is wanted":      {"", "", now + " -> person", nil, denied("hint.prove-again"), "", BudgetProve},
		"traps hang on it":       {old, old, now + " -> person", nil, denied("hint.persons-traps"), old, BudgetTraps},
		"may not":                {"", "", now + " -> person", nil, denied("hint.ask"), "", BudgetWaits},
		"no rule for persons":    {old, old, "{class}/* -> class", nil, nil, old, BudgetOwn},
		"none at all":            {"", "", "{class}/* -> class", nil, nil, "", roster.NoPersonRule},
		"folders of any depth":   {"", "", "**/" + old + " -> person", nil, nil, "", roster.AnyDepth},
		"none of their business": {"", "", now + " -> person", denied(""), nil, "", ""},
	} {
		f := &forms{template: x.template, see: x.see, set: x.set}
		h := &handler{Config: Config{People: f}}
		rules, err := roster.ParseRules(x.rules)
		if err != nil {
			t.Fatal(err)
		}
		b, err := h.follow(t.Context(), account.Session{}, "albums", x.before, rules)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b == nil {
			b = &PersonsBudget{}
		}
		if f.template != x.want || b.State != x.state || x.see == nil && b.Template != x.want {
			t.Errorf("%s: the template is %q, told is %+v", name, f.template, b)
		}
	}
	h := &handler{Config: Config{People: &forms{set: problem.New(problem.NoSpace, "set persons", "albums", nil)}}}
	rules, err := roster.ParseRules(now + " -> person")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.follow(t.Context(), account.Session{}, "albums", "", rules); problem.KindOf(err) != problem.NoSpace {
		t.Errorf("a full disk: %v", err)
	}
}
