package web

import (
	"strings"

	"github.com/azekura/azekura/internal/door/api"
)

// shareRights is the page of who may do what in a share.
type shareRights struct {
	Share    string
	Rights   []api.Right
	Accounts []api.Account
	Groups   []api.Group
	Networks []string // from where it may be used
	Persons  string   // how its names tell persons
}

func (v *visit) share() error {
	ctx := v.r.Context()
	s := shareRights{Share: v.r.PathValue("name")}
	var err error
	if s.Rights, err = collect(v.api.ShareRights(ctx, s.Share)); err != nil {
		return err
	}
	if s.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
		return err
	}
	if s.Groups, err = collect(v.api.Groups(ctx)); err != nil {
		return err
	}
	n, err := v.api.ShareNetworks(ctx, s.Share)
	s.Networks = n.Networks
	if err != nil {
		return err
	}
	t, err := v.api.SharePersons(ctx, s.Share)
	s.Persons = t.Template
	if err != nil {
		return err
	}
	return v.show("share", s)
}

func (v *visit) setShareNetworks() error {
	share := v.r.PathValue("name")
	return v.after(v.api.SetShareNetworks(v.r.Context(), share, api.Networks{Networks: strings.Fields(v.form("networks"))}), quote("/shares/", share), "web.saved")
}

func (v *visit) setRights() error {
	r := api.Right{Share: v.r.PathValue("name"), Rights: api.Rights(v.form("rights"))}
	who := v.form("who")
	if g, ok := strings.CutPrefix(who, "group:"); ok {
		r.Group = g
	} else {
		r.Account = strings.TrimPrefix(who, "account:")
	}
	return v.after(v.api.SetRights(v.r.Context(), r), quote("/shares/", r.Share), "web.saved")
}

func (v *visit) makeShare() error {
	s, err := v.api.MakeShare(v.r.Context(), v.form("name"))
	if err != nil {
		return err
	}
	return v.done(quote("/shares/", s.Name), "web.share-made")
}
