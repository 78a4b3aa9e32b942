package cases

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/exposure"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/vault"
)

// Suspects are those of a case whose acts are damage, as the vault knows them. An address stands for the sessions that began there. It is an
// error if there are none: op says of what.
func (d *Desk) Suspects(ctx context.Context, s account.Session, op, n string) (vault.Suspects, error) {
	list, err := d.Books.Parties(ctx, s.ID, n)
	if err != nil || len(list) > 0 {
		return suspectsIn(list), err
	}
	c, err := d.Books.Case(ctx, s.ID, n)
	if err != nil {
		return vault.Suspects{}, err
	}
	hint := "hint.case-nobody"
	switch {
	case slices.ContainsFunc(c.Suspects, func(x account.Suspect) bool { return x.Kind == account.StopAddress }):
		hint = "hint.case-no-session"
	case len(c.Suspects) > 0:
		hint = "hint.case-no-acts"
	}
	return vault.Suspects{}, &problem.Error{Kind: problem.Invalid, Op: op, On: n, Hint: hint}
}

// suspectsIn are suspects, each in the time in which they are distrusted: accounts, devices and sessions.
func suspectsIn(list []account.Suspect) vault.Suspects {
	out := vault.Suspects{}
	by := make(map[string][]account.Suspect)
	for i, s := range list {
		if i == 0 || s.From.Before(out.From) {
			out.From = s.From
		}
		by[s.Subject] = append(by[s.Subject], s)
	}
	during := func(a vault.Actor, fits func(account.Suspect) bool) bool {
		return !a.Session.IsZero() && slices.ContainsFunc(by[a.Session.String()], fits) || !a.Device.IsZero() && slices.ContainsFunc(by[a.Device.String()], fits) ||
			!a.Account.IsZero() && slices.ContainsFunc(by[a.Account.String()], fits)
	}
	out.Pick = func(a vault.Actor) bool { return during(a, func(account.Suspect) bool { return true }) }
	out.During = func(a vault.Actor, t time.Time) bool {
		return during(a, func(s account.Suspect) bool { return !t.Before(s.From) && (s.To.IsZero() || !t.After(s.To)) })
	}
	return out
}

// parties are the suspects of a case, as package exposure takes them.
func parties(c account.Case) (out []exposure.Party, err error) {
	kinds := map[account.StopKind]exposure.Kind{account.StopSession: exposure.Session, account.StopAccount: exposure.Account, account.StopDevice: exposure.Device,
		account.StopAddress: exposure.Address, account.PartyStorehouse: exposure.Storehouse, account.PartyKeeper: exposure.Keeper, account.PartyMedium: exposure.Copy}
	for _, s := range c.Suspects {
		p := exposure.Party{Kind: kinds[s.Kind], From: s.From, To: s.To}
		switch p.Kind {
		case exposure.Session:
			p.Session = parsed[id.Session](s.Subject)
		case exposure.Account:
			p.Account = parsed[id.Account](s.Subject)
		case exposure.Device:
			p.Device = parsed[id.Device](s.Subject)
		case exposure.Address:
			p.Address, _ = netip.ParseAddr(s.Subject)
		}
		if nobody := p.Session.IsZero() && p.Account.IsZero() && p.Device.IsZero() && !p.Address.IsValid(); p.Kind == 0 || p.Kind <= exposure.Address && nobody {
			return nil, &problem.Error{Kind: problem.Invalid, Op: "case", On: string(s.Kind) + " " + s.Subject, Hint: "hint.case-whom"}
		}
		out = append(out, p)
	}
	return out, nil
}

// parsed reads an identifier; what is none names nobody.
func parsed[T ~[id.Size]byte, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) (x T) {
	if P(&x).UnmarshalText([]byte(text)) != nil {
		return *new(T)
	}
	return x
}
