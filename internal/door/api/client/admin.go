package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"

	"github.com/azekura/azekura/internal/door/api"
)

// Shares yields the shares that the caller may read.
func (c *Client) Shares(ctx context.Context) iter.Seq2[api.Share, error] {
	return lines[api.Share](ctx, c, "GET", "/v1/shares", nil)
}

// MakeShare makes a share.
func (c *Client) MakeShare(ctx context.Context, name string) (s api.Share, err error) {
	return s, c.call(ctx, "POST", "/v1/shares", api.NewShare{Name: name}, &s)
}

// SetRights gives, changes or takes away an account's rights in a share.
func (c *Client) SetRights(ctx context.Context, r api.Right) error {
	return c.call(ctx, "PUT", "/v1/rights", r, nil)
}

// Sessions yields who is at work.
func (c *Client) Sessions(ctx context.Context) iter.Seq2[api.Session, error] {
	return lines[api.Session](ctx, c, "GET", "/v1/sessions", nil)
}

// Accounts yields the accounts.
func (c *Client) Accounts(ctx context.Context) iter.Seq2[api.Account, error] {
	return lines[api.Account](ctx, c, "GET", "/v1/accounts", nil)
}

// MakeAccount makes an account.
func (c *Client) MakeAccount(ctx context.Context, a api.NewAccount) error {
	return c.call(ctx, "POST", "/v1/accounts", a, nil)
}

func accountURL(name, rest string) string { return "/v1/accounts/" + url.PathEscape(name) + rest }

// SetPassword gives an account a new password.
func (c *Client) SetPassword(ctx context.Context, name, password string) error {
	return c.call(ctx, "PUT", accountURL(name, "/password"), api.Secret{Secret: password}, nil)
}

// SetDisabled keeps an account from logging in, or lets it again.
func (c *Client) SetDisabled(ctx context.Context, name string, disabled bool) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", accountURL(name, "/disabled"), api.Disabled{Disabled: disabled}, &o)
}

// AddDeviceKey lets a device in by its SSH key.
func (c *Client) AddDeviceKey(ctx context.Context, name, device, key string) error {
	return c.call(ctx, "PUT", accountURL(name, "/devices/"+url.PathEscape(device)), api.NewDevice{Key: key}, nil)
}

// MakeDevice makes a device password, which can be read this once.
func (c *Client) MakeDevice(ctx context.Context, name, device string) (string, error) {
	var s api.Secret
	err := c.call(ctx, "PUT", accountURL(name, "/devices/"+url.PathEscape(device)), nil, &s)
	return s.Secret, err
}

// RemoveDevice makes a device password useless.
func (c *Client) RemoveDevice(ctx context.Context, name, device string) error {
	return c.call(ctx, "DELETE", accountURL(name, "/devices/"+url.PathEscape(device)), nil, nil)
}

// Verify verifies the store and yields findings, and the report last.
func (c *Client) Verify(ctx context.Context, q api.VerifyRequest) iter.Seq2[api.VerifyLine, error] {
	return lines[api.VerifyLine](ctx, c, "POST", "/v1/verify", q)
}

// Rebuild makes a share's catalogue anew and yields progress, and the report last.
func (c *Client) Rebuild(ctx context.Context, share string) iter.Seq2[api.RebuildLine, error] {
	return lines[api.RebuildLine](ctx, c, "POST", "/v1/rebuild", api.RebuildRequest{Share: share})
}

// Events yields events of the ledger, opened.
func (c *Client) Events(ctx context.Context, f api.EventFilter) iter.Seq2[json.RawMessage, error] {
	return lines[json.RawMessage](ctx, c, "GET", "/v1/ledger/events?"+f.Query().Encode(), nil)
}

// Proof returns the proof that an entry stands in the ledger.
func (c *Client) Proof(ctx context.Context, index int64) (p api.Proof, err error) {
	return p, c.call(ctx, "GET", "/v1/ledger/proofs/"+strconv.FormatInt(index, 10), nil, &p)
}

// ReadingKey returns what an auditor needs to read a copy of the ledger.
func (c *Client) ReadingKey(ctx context.Context) (key json.RawMessage, err error) {
	return key, c.call(ctx, "POST", "/v1/ledger/reading-key", nil, &key)
}
