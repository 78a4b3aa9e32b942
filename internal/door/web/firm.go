package web

import (
	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// firmPage is what reports say of the firm.
type firmPage struct {
	api.Firm
	Writes bool
}

func (v *visit) firm() error {
	f, err := v.api.Firm(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("firm", firmPage{f, v.setsFirm()})
}

func (v *visit) setsFirm() bool { return v.may(account.Settle) || v.may(account.Investigate) }

func (v *visit) setFirm() error {
	f := account.Firm{Number: v.form("number"), Business: v.form("business"), Address: v.form("address"), Title: v.form("title"), Representative: v.form("representative"),
		Department: v.form("department"), Person: v.form("person"), Telephone: v.form("telephone"), Mail: v.form("mail"), Hours: v.form("hours"), Mark: v.form("mark")}
	if err := v.api.SetFirm(v.r.Context(), f); err != nil {
		now, _ := v.api.Firm(v.r.Context()) // for its name alone
		f.Name = now.Name
		return v.again(err, "firm", firmPage{f, true})
	}
	return v.done("/firm", "web.saved")
}
