package web

import (
	"encoding/csv"
	"slices"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// retentionPage is how long a share keeps what nobody has any more, what would go, and what has gone.
type retentionPage struct {
	api.RetentionState
	Preview *api.Removal // the last one
	Asks    bool         // the caller may set the rule, ask for a removal and carry it out
}

// Busy reports whether a preview or a removal is under way.
func (p retentionPage) Busy() bool { return p.Work != nil && p.Work.Running }

func (v *visit) retentionPage() (retentionPage, error) {
	x, err := v.api.Retention(v.r.Context(), v.r.PathValue("name"))
	p := retentionPage{RetentionState: x, Asks: slices.ContainsFunc([]account.Power{account.GrantAll, account.GrantOwn}, v.may)}
	if err != nil {
		return p, err
	}
	list, err := v.api.PreviewedRemoval(v.r.Context(), x.Share)
	switch problem.KindOf(err) {
	case problem.NotFound, problem.Denied, problem.Frozen: // there is none, or who looks does not see names, or not now
		return p, nil
	}
	if err == nil {
		p.Preview = &list
	}
	return p, err
}

func (v *visit) retention() error {
	p, err := v.retentionPage()
	if err != nil {
		return err
	}
	if p.Busy() {
		v.w.Header().Set("Refresh", "2")
	}
	return v.show("retention", p)
}

// retained shows the page again after an act.
func (v *visit) retained(err error, key string) error {
	if err != nil {
		p, failed := v.retentionPage()
		if failed != nil {
			return err
		}
		return v.again(err, "retention", p)
	}
	return v.done(quote("/shares/", v.r.PathValue("name"))+"/retention", key)
}

func (v *visit) setRetention() error {
	q, err := api.Retention{}, error(nil)
	for name, to := range map[string]*int{"versions": &q.Versions, "deleted": &q.Deleted, "keep": &q.Keep} {
		if *to, err = strconv.Atoi(v.form(name)); err != nil {
			return v.retained(&problem.Error{Kind: problem.Invalid, Op: "remove by rule", On: v.form(name), Hint: "hint.retention-rule"}, "")
		}
	}
	return v.retained(v.api.SetRetention(v.r.Context(), v.r.PathValue("name"), q), "web.saved")
}

func (v *visit) previewRemoval() error {
	x, err := v.api.BeginPreview(v.r.Context(), v.r.PathValue("name"))
	return v.begun(x, err, "web.saved")
}

// begun shows the page again: what is under way still is told there.
func (v *visit) begun(x api.Removing, err error, done string) error {
	if x.Running {
		done = ""
	}
	return v.retained(err, done)
}

func (v *visit) askRemoval() error {
	o, err := v.api.AskRemoval(v.r.Context(), v.r.PathValue("name"), api.AskRemoval{Digest: v.form("digest"), Reason: v.form("reason")})
	if err == nil && o.Proposal != nil {
		return v.retained(nil, "web.retention-waits")
	}
	return v.retained(err, "web.saved")
}

func (v *visit) runRemoval() error {
	x, err := v.api.BeginRemoval(v.r.Context(), v.r.PathValue("name"))
	return v.begun(x, err, "web.retention-done")
}

func (v *visit) removalList() error {
	v.send("text/csv; charset=utf-8", "removal.csv")
	w := csv.NewWriter(v.w)
	_ = w.Write(api.ExpiringTitle(v.lang))
	for e, err := range v.api.Expiring(v.r.Context(), v.r.PathValue("name")) {
		if err != nil {
			return err
		}
		_ = w.Write(api.ExpiringRow(e))
	}
	w.Flush()
	return w.Error()
}

func retentionRoutes() map[string]action {
	return map[string]action{
		"GET /shares/{name}/retention":          {do: (*visit).retention},
		"POST /shares/{name}/retention":         {do: (*visit).setRetention},
		"POST /shares/{name}/retention/preview": {do: (*visit).previewRemoval},
		"POST /shares/{name}/retention/ask":     {do: (*visit).askRemoval},
		"POST /shares/{name}/retention/run":     {do: (*visit).runRemoval},
		"GET /shares/{name}/retention/list.csv": {do: (*visit).removalList},
	}
}

// mediaNames are the names of media.
func mediaNames(list []account.CopyOf) string {
	var out []string
	for _, m := range list {
		out = append(out, strings.TrimSpace(m.Label+" "+m.Place))
	}
	return strings.Join(out, ", ")
}
