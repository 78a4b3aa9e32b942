package web

import (
	"github.com/azekura/azekura/internal/problem"
)

func (v *visit) proposals() error {
	list, err := collect(v.api.Proposals(v.r.Context()))
	if err != nil {
		return err
	}
	return v.show("proposals", list)
}

func (v *visit) proposalAct() error {
	var err error
	key := "web.confirmed"
	switch v.r.PathValue("act") {
	case "confirm":
		err = v.api.Confirm(v.r.Context(), v.form("id"))
	case "withdraw":
		err, key = v.api.Withdraw(v.r.Context(), v.form("id")), "web.withdrawn"
	default:
		err = problem.New(problem.NotFound, "read", "", nil)
	}
	if err != nil {
		return err
	}
	return v.done("/proposals", key)
}

func (v *visit) renewal() error {
	r, err := v.api.Renewal(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("renewal", r)
}

func (v *visit) renew() error {
	if _, err := v.api.Renew(v.r.Context(), v.form("reason")); err != nil {
		return err
	}
	return v.done("/login", "web.renewal-begun") // the caller's own session has ended, too
}
