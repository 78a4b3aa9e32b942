package vaultmodel

import (
	"context"
	"sync"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// Gate lets the tests of doors log in.
type Gate struct {
	m *Model

	mu       sync.Mutex
	accounts map[string]entry // by name
}

type entry struct {
	secret  string
	session account.Session
}

// Gate returns an empty list of accounts whose sessions the model knows.
func (m *Model) Gate() *Gate { return &Gate{m: m, accounts: make(map[string]entry)} }

// Add makes an account, and returns the session that its logins get.
func (g *Gate) Add(name, secret string) account.Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := account.Session{ID: id.NewSession(), Account: id.NewAccount(), Name: name, Role: account.Staff,
		Factor: account.DevicePassword, Started: g.m.stamp(), Expires: g.m.stamp().Add(12 * time.Hour)}
	g.accounts[name] = entry{secret, s}
	return s
}

// Login returns the session of an account.
func (g *Gate) Login(_ context.Context, c account.Credentials) (account.Session, error) {
	g.mu.Lock()
	e, ok := g.accounts[c.Name]
	g.mu.Unlock()
	g.m.mu.Lock()
	defer g.m.mu.Unlock()
	if !ok || e.secret != c.Secret || g.m.ended[e.session.ID] {
		return account.Session{}, &problem.Error{Kind: problem.Unauthenticated, Op: "log in", Hint: "hint.log-in-again"}
	}
	e.session.Door, e.session.Address = c.Door, c.Address
	return e.session, nil
}

// End ends the session of an account; what is open fails from then on.
func (g *Gate) End(name string) {
	g.mu.Lock()
	s := g.accounts[name].session.ID
	g.mu.Unlock()
	g.m.mu.Lock()
	defer g.m.mu.Unlock()
	g.m.ended[s] = true
}
