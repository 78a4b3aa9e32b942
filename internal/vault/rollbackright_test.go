package vault_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// TestRollbackTakesTheRight: a rollback asks the keeper as deciding about held versions does, about acts of oneself when no others are among
// them. Who may not changes nothing, and may look.
func TestRollbackTakesTheRight(t *testing.T) {
	h := newHouse(t, "s")
	by, ok := ransacked(t, h)
	if !ok {
		t.Fatal("the attack has failed")
	}
	before := contentsOf(t, h)
	decides, bad := person("decides"), person("bad")
	pick := by.Pick
	by.Pick = func(a vault.Actor) bool {
		if pick(a) {
			bad.Account = a.Account
		}
		return pick(a)
	}
	if _, err := h.v.Harm(t.Context(), decides, "/s", by, func(vault.Harm) error { return nil }); err != nil {
		t.Fatal(err)
	}
	stale := person("stale")
	h.keeper.maySettle = func(s id.Session, author id.Account) error {
		switch {
		case s == decides.ID, s == bad.ID && author == bad.Account:
			return nil
		case s == stale.ID:
			return &problem.Error{Kind: problem.Denied, Op: "settle", Hint: "hint.prove-again"}
		}
		return &problem.Error{Kind: problem.Denied, Op: "settle", Hint: "hint.not-your-role"}
	}
	all := by
	all.Pick = func(vault.Actor) bool { return true }
	for name, c := range map[string]struct {
		who  account.Session
		by   vault.Suspects
		hint string
	}{
		"a colleague":                 {person("colleague"), by, "hint.rollback"},
		"oneself with others":         {bad, all, "hint.rollback"},
		"the right, and an old proof": {stale, by, "hint.prove-again"},
	} {
		rolled, err := mend(t, h, c.who, c.by)
		e, _ := errors.AsType[*problem.Error](err)
		if e == nil || e.Kind != problem.Denied || e.Hint != c.hint || e.Op != "restore" || rolled.Records != 0 {
			t.Errorf("%s: %+v, %v", name, rolled, err)
		}
		if _, err := h.v.Rollback(t.Context(), c.who, "/s", c.by, nil, true, func(vault.Mended) error { return nil }); err != nil {
			t.Errorf("%s rehearses: %v", name, err)
		}
	}
	if now := contentsOf(t, h); !maps.Equal(now, before) {
		t.Errorf("refused, and yet there is %v", now)
	}
	none := by
	none.Pick = func(vault.Actor) bool { return false }
	if _, err := mend(t, h, person("colleague"), none); err != nil {
		t.Errorf("nothing to take back: %v", err)
	}
	rolled, err := mend(t, h, bad, by)
	if err != nil || rolled.Records == 0 || !maps.Equal(contentsOf(t, h), mended) {
		t.Errorf("one's own acts: %+v, %v", rolled, err)
	}
	if rolled, err := mend(t, h, decides, all); err != nil || rolled.Records == 0 {
		t.Errorf("who may decide: %+v, %v", rolled, err)
	}
}
