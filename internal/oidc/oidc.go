// Package oidc asks an identity provider of the firm who somebody is: OpenID Connect Core 1.0, the authorization code flow, with PKCE
// (RFC 7636). What the provider says replaces a password and nothing else.
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config names a provider, and how we are known there.
type Config struct {
	Issuer string // https://…
	Client string
	Secret string // may be empty: PKCE does without
	Now    func() time.Time
}

// Asked is a question that a browser was sent away with. It stays here: whoever answers must know it.
type Asked struct {
	URL      string // where the browser goes
	redirect string
	state    string
	nonce    string
	verifier string
}

// Identity is who somebody is: one provider never gives a subject to two people (section 2 of the standard).
type Identity struct {
	Issuer  string
	Subject string
}

// What can be wrong.
var (
	// ErrUnreachable means that the provider does not answer, or not as the standard says.
	ErrUnreachable = errors.New("the identity provider does not answer")
	// ErrRefused means that its answer is none to our question, or not one of its own.
	ErrRefused = errors.New("not an answer of the identity provider")
)

// Bounds of what a provider may cost.
const (
	patience  = 10 * time.Second // for one request
	maxAnswer = 1 << 20
	again     = 5 * time.Second // after which a provider that was not there is looked for again
)

// Provider is an identity provider. It is looked for when it is first needed: the house starts without it. Safe for concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client
	turns  chan struct{} // held by answers that are being looked at

	mu     sync.Mutex
	found  *oidc.Provider // guarded by mu
	failed time.Time      // when it was not found; guarded by mu
}

// New returns a provider that nobody has asked yet.
func New(cfg Config) *Provider {
	return &Provider{cfg: cfg, turns: make(chan struct{}, 16), client: &http.Client{Timeout: patience, Transport: bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// bounded bounds what is read of an answer.
type bounded struct{ to http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.to.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// provider finds the provider's addresses and keys.
func (p *Provider) provider(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.cfg.Now().Before(p.failed.Add(again)) { // whoever comes now would only wait behind others
		return nil, fmt.Errorf("%w: it did not a moment ago", ErrUnreachable)
	}
	// Its keys are fetched later, too, when this request has long ended.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
	if err != nil {
		p.failed = p.cfg.Now()
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	p.found = found
	return found, nil
}

// Find looks for the provider, if it has not been found yet: ErrUnreachable. Who comes right after it tries again.
func (p *Provider) Find(ctx context.Context) error {
	_, err := p.provider(ctx)
	if err != nil {
		p.mu.Lock()
		p.failed = time.Time{}
		p.mu.Unlock()
	}
	return err
}

// style is how we say who we are, section 9 of the standard: as the provider wants it, or it would be tried one way and then the other, with
// a code that is good for once.
func (p *Provider) style(found *oidc.Provider) oauth2.AuthStyle {
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if p.cfg.Secret == "" || found.Claims(&says) == nil && len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader // what holds where it says nothing
}

func (p *Provider) exchange(found *oidc.Provider, redirect string) *oauth2.Config {
	at := found.Endpoint()
	at.AuthStyle = p.style(found)
	return &oauth2.Config{ClientID: p.cfg.Client, ClientSecret: p.cfg.Secret, Endpoint: at, RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID}}
}

// Ask makes the question with which a browser is sent to the provider, and which comes back to redirect.
func (p *Provider) Ask(ctx context.Context, redirect string) (*Asked, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return nil, err
	}
	a := &Asked{redirect: redirect, state: oauth2.GenerateVerifier(), nonce: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier()}
	a.URL = p.exchange(found, redirect).AuthCodeURL(a.state, oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.verifier))
	return a, nil
}

// Answer takes what came back for a question, and returns who it was.
func (p *Provider) Answer(ctx context.Context, a *Asked, state, code string) (Identity, error) {
	if a == nil || subtle.ConstantTimeCompare([]byte(a.state), []byte(state)) != 1 || code == "" {
		return Identity{}, fmt.Errorf("%w: another question", ErrRefused)
	}
	select { // who answers nonsense makes us ask the provider, but not often
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
	found, err := p.provider(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.exchange(found, a.redirect).Exchange(ctx, code, oauth2.VerifierOption(a.verifier))
	if err != nil {
		if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return Identity{}, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	text, _ := token.Extra("id_token").(string)
	// What a library takes for its default is not what we would take for ours: no algorithm but these two, which CRYPTREC lists.
	id, err := found.Verifier(&oidc.Config{ClientID: p.cfg.Client, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256}, Now: p.cfg.Now}).Verify(ctx, text)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.nonce)) != 1 || id.Subject == "" {
		return Identity{}, fmt.Errorf("%w: a token for another question", ErrRefused)
	}
	return Identity{id.Issuer, id.Subject}, nil
}
