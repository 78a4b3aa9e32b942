package keeper

import "github.com/azekura/azekura/internal/account"

// Duties tells what deadlines hang on. It asks for no session, because the house itself reminds people: what is made of it goes to those
// who see cases.
func (l *Local) Duties() (out account.Duties) {
	b := l.books.Load()
	for _, c := range b.Cases {
		if c.Closed.IsZero() {
			out.Cases = append(out.Cases, b.shown(c))
		}
	}
	for _, x := range b.Shares {
		line := account.RegisterLine{Share: x.Name}
		if x.Register != nil {
			line.Register = *x.Register
		}
		out.Register = append(out.Register, line)
	}
	out.Firm = b.firm()
	return out
}
