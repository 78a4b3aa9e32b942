package web

import (
	"slices"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// endPage is what the end of a share takes, or has taken.
type endPage struct {
	api.Ending
	Asks bool // the caller may ask for it
}

func (v *visit) endPage() (endPage, error) {
	x, err := v.api.Ending(v.r.Context(), v.r.PathValue("name"))
	asks := slices.ContainsFunc([]account.Power{account.GrantAll, account.GrantOwn}, v.may)
	return endPage{x, asks && x.Decided.IsZero() && !x.Waits && len(x.HeldBy) == 0}, err
}

func (v *visit) end() error {
	p, err := v.endPage()
	if err != nil {
		return err
	}
	return v.show("end", p)
}

func (v *visit) askEnd() error {
	share := v.r.PathValue("name")
	o, err := v.api.EraseShare(v.r.Context(), share, api.NewErasure{Reason: v.form("reason"), Frozen: v.form("frozen") != ""})
	if err != nil {
		p, failed := v.endPage()
		if failed != nil {
			return err
		}
		return v.again(err, "end", p)
	}
	if o.Proposal != nil {
		return v.done(quote("/shares/", share)+"/end", "web.ending-waits")
	}
	return v.done(quote("/shares/", share)+"/end", "web.saved")
}

func (v *visit) certificateFile() error {
	types := map[string]string{"json": "application/json", "pdf": "application/pdf", "html": "text/html; charset=utf-8"}
	format := v.r.PathValue("format")
	if types[format] == "" {
		return problem.New(problem.NotFound, "read", "", nil)
	}
	b, err := v.api.Certificate(v.r.Context(), v.r.PathValue("name"), format)
	if err != nil {
		return err
	}
	v.send(types[format], "erasure."+format)
	_, err = v.w.Write(b)
	return err
}

func endRoutes() map[string]action {
	return map[string]action{
		"GET /shares/{name}/end":                  {do: (*visit).end},
		"POST /shares/{name}/end":                 {do: (*visit).askEnd},
		"GET /shares/{name}/certificate/{format}": {do: (*visit).certificateFile},
	}
}
