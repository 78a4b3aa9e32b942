package web

import (
	"slices"
	"strings"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// has reports whether the caller has a power.
func has(me *api.Me, power string) bool {
	return me != nil && slices.Contains(me.Powers, account.Power(power))
}

func (v *visit) may(p account.Power) bool { return slices.Contains(v.me.Powers, p) }

// crowd is the page of people.
type crowd struct {
	Accounts []api.Account
	Groups   []api.Group
	Roles    []account.Role
	Invited  *api.Invitation // just now
	Link     string
	Name     string
	Shares   []api.Share
	One      api.Account
	Sessions []api.Session
}

func (v *visit) crowd() (c crowd, err error) {
	ctx := v.r.Context()
	c.Roles = account.Roles
	if c.Accounts, err = collect(v.api.Accounts(ctx)); err != nil {
		return c, err
	}
	if c.Groups, err = collect(v.api.Groups(ctx)); err != nil {
		return c, err
	}
	c.Shares, err = collect(v.api.Shares(ctx))
	return c, err
}

func (v *visit) people() error {
	c, err := v.crowd()
	if err != nil {
		return err
	}
	return v.show("people", c)
}

func (v *visit) invite() error {
	ctx := v.r.Context()
	n := api.NewAccount{Name: v.form("name"), Role: account.Role(v.form("role")), Groups: v.r.PostForm["group"]}
	err := v.api.MakeAccount(ctx, n)
	if err == nil {
		return v.link(n.Name)
	}
	c, broken := v.crowd()
	if broken != nil {
		return broken
	}
	c.Name = n.Name
	return v.orProve(err, "people", c)
}

// link makes an invitation and shows its link, once.
func (v *visit) link(name string) error {
	i, err := v.api.Invite(v.r.Context(), name)
	if err != nil {
		return err
	}
	h, err := v.facts()
	if err != nil {
		return err
	}
	c, err := v.crowd()
	if err != nil {
		return err
	}
	c.Invited, c.Link = &i, strings.TrimSuffix(h.WebDAV, "dav/")+"welcome#"+i.Token
	return v.show("people", c)
}

func (v *visit) onePerson() (crowd, error) {
	c, err := v.crowd()
	if err != nil {
		return c, err
	}
	i := slices.IndexFunc(c.Accounts, func(a api.Account) bool { return a.Name == v.r.PathValue("name") })
	if i < 0 {
		return c, problem.New(problem.NotFound, "read", v.r.PathValue("name"), nil)
	}
	c.One = c.Accounts[i]
	list, err := collect(v.api.Sessions(v.r.Context()))
	for _, s := range list {
		if s.Account == c.One.Name {
			c.Sessions = append(c.Sessions, s)
		}
	}
	return c, err
}

func (v *visit) person() error {
	c, err := v.onePerson()
	if err != nil {
		return err
	}
	return v.show("person", c)
}

func (v *visit) personAct() error {
	ctx, name := v.r.Context(), v.r.PathValue("name")
	back := quote("/people/", name)
	var o api.Outcome
	var err error
	switch v.r.PathValue("act") {
	case "invite":
		return v.link(name)
	case "role":
		o, err = v.api.SetRole(ctx, name, account.Role(v.form("role")))
	case "disable":
		o, err = v.api.SetDisabled(ctx, name, true)
	case "enable":
		o, err = v.api.SetDisabled(ctx, name, false)
	case "remove":
		if o, err = v.api.RemoveAccount(ctx, name); err == nil && o.Proposal == nil {
			back = "/people"
		}
	case "reset":
		o, err = v.api.ResetFactors(ctx, name, v.form("reason"))
	case "end":
		err = v.api.EndSessionsOf(ctx, name)
	case "close-day":
		err = v.api.CloseDayOf(ctx, name)
	case "remove-device":
		err = v.api.RemoveDevice(ctx, name, v.form("device"))
	case "networks":
		o, err = v.api.SetAccountNetworks(ctx, name, api.Networks{Networks: strings.Fields(v.form("networks"))})
	default:
		return problem.New(problem.NotFound, "read", "", nil)
	}
	return v.outcome(o, err, back)
}

// outcome goes on after an act that may wait for a second person.
func (v *visit) outcome(o api.Outcome, err error, back string) error {
	switch {
	case err != nil:
		return err
	case o.Proposal != nil:
		return v.done("/proposals", "web.proposed")
	}
	return v.done(back, "web.saved")
}

// roleRow is a row of the table of roles.
type roleRow struct {
	Role   account.Role
	Powers map[account.Power]bool
}

func (v *visit) roles() error {
	var rows []roleRow
	for _, r := range account.Roles {
		row := roleRow{r, make(map[account.Power]bool)}
		for _, p := range r.Powers() {
			row.Powers[p] = true
		}
		rows = append(rows, row)
	}
	return v.show("roles", map[string]any{"Rows": rows, "Powers": account.Administrator.Powers(), "Own": account.GrantOwn})
}

func (v *visit) groups() error {
	c, err := v.crowd()
	if err != nil {
		return err
	}
	return v.show("groups", c)
}

func (v *visit) setGroup() error {
	return v.after(v.api.SetGroup(v.r.Context(), v.form("name"), v.r.PostForm["member"]), "/groups", "web.saved")
}

func (v *visit) removeGroup() error {
	return v.after(v.api.RemoveGroup(v.r.Context(), v.form("name")), "/groups", "web.saved")
}
