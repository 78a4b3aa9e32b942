package web

import (
	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// watched is what the guard holds back and what is frozen.
type watched struct {
	Held     []api.Held
	More     int // held and not shown
	Stops    []api.Stop
	Cases    []api.Case    // that are open
	Accounts []api.Account // that may be frozen
}

// mostHeld is how much of what is held one page shows: who has thousands decides about all of them.
const mostHeld = 200

func (v *visit) guard() error {
	var w watched
	for x, err := range v.api.Held(v.r.Context()) {
		if err != nil {
			return err
		}
		if len(w.Held) == mostHeld {
			w.More++
			continue
		}
		w.Held = append(w.Held, x)
	}
	var err error
	if w.Stops, err = collect(v.api.Stops(v.r.Context())); err != nil {
		return err
	}
	if w.Cases, err = v.openCases(); err != nil {
		return err
	}
	if v.may(account.Freeze) {
		if w.Accounts, err = collect(v.api.Accounts(v.r.Context())); err != nil {
			return err
		}
	}
	return v.show("guard", w)
}

func (v *visit) guardAct() error {
	ctx := v.r.Context()
	key := "web.saved"
	var err error
	switch act := v.r.PathValue("act"); act {
	case "accept", "discard":
		key = map[string]string{"accept": "web.accepted", "discard": "web.discarded"}[act]
		err = v.settle(act == "accept")
	case "freeze":
		key = "web.frozen-now"
		q := api.FreezeRequest{Kind: account.StopKind(v.form("kind")), Subject: v.form("subject"), Reason: v.form("reason")}
		if q.Kind == account.StopAccount && q.Subject == "" {
			q.Subject = v.me.Account
		}
		_, err = v.api.Freeze(ctx, q)
	case "thaw":
		var o api.Outcome
		key = "web.thawed"
		if o, err = v.api.Thaw(ctx, v.form("id"), v.form("reason")); o.Proposal != nil {
			key = "web.proposed"
		}
	default:
		err = problem.New(problem.NotFound, "read", "", nil)
	}
	if err != nil {
		return err
	}
	return v.done("/guard", key)
}

// settle decides about one thing that is held, or about all.
func (v *visit) settle(accept bool) error {
	ids := []string{v.form("id")}
	if ids[0] == "" {
		ids = nil
		for x, err := range v.api.Held(v.r.Context()) {
			if err != nil {
				return err
			}
			ids = append(ids, x.ID.String())
		}
	}
	for _, id := range ids {
		if err := v.api.Settle(v.r.Context(), id, accept); err != nil {
			return err
		}
	}
	return nil
}
