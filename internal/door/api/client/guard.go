package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// Held yields what the guard holds back, of all shares.
func (c *Client) Held(ctx context.Context) iter.Seq2[api.Held, error] {
	return lines[api.Held](ctx, c, "GET", "/v1/held", nil)
}

// Settle accepts what is held, or discards it.
func (c *Client) Settle(ctx context.Context, id string, accept bool) error {
	return c.call(ctx, "POST", "/v1/held/"+url.PathEscape(id), api.SettleRequest{Accept: accept}, nil)
}

// Stops yields what is frozen.
func (c *Client) Stops(ctx context.Context) iter.Seq2[api.Stop, error] {
	return lines[api.Stop](ctx, c, "GET", "/v1/stops", nil)
}

// Freeze freezes.
func (c *Client) Freeze(ctx context.Context, q api.FreezeRequest) (s api.Stop, err error) {
	return s, c.call(ctx, "POST", "/v1/stops", q, &s)
}

// Thaw asks to lift a freeze, which somebody else must confirm.
func (c *Client) Thaw(ctx context.Context, id, reason string) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", "/v1/stops/"+url.PathEscape(id)+"/thaw", api.ThawRequest{Reason: reason}, &o)
}

// Cases yields the cases, the latest first.
func (c *Client) Cases(ctx context.Context) iter.Seq2[api.Case, error] {
	return lines[api.Case](ctx, c, "GET", "/v1/cases", nil)
}

// OpenCase opens a case by hand.
func (c *Client) OpenCase(ctx context.Context, q api.CaseRequest) (x api.Case, err error) {
	return x, c.call(ctx, "POST", "/v1/cases", q, &x)
}

// Suspect adds suspects to an open case, or changes their times.
func (c *Client) Suspect(ctx context.Context, id string, q api.CaseRequest) (x api.Case, err error) {
	return x, c.call(ctx, "POST", "/v1/cases/"+url.PathEscape(id)+"/suspects", q, &x)
}

// CloseCase closes a case.
func (c *Client) CloseCase(ctx context.Context, id, note string) error {
	return c.call(ctx, "POST", "/v1/cases/"+url.PathEscape(id)+"/close", api.CaseClosing{Note: note}, nil)
}

// Damage yields what somebody has done to which files, and the sum of each share.
func (c *Client) Damage(ctx context.Context, q api.DamageRequest) iter.Seq2[api.DamageLine, error] {
	return lines[api.DamageLine](ctx, c, "POST", "/v1/damage", q)
}

// Rollback takes it back.
func (c *Client) Rollback(ctx context.Context, q api.RollbackRequest) iter.Seq2[api.RollbackLine, error] {
	return lines[api.RollbackLine](ctx, c, "POST", "/v1/rollback", q)
}

// TestAlert sends a test of the alerts.
func (c *Client) TestAlert(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/alerts/test", nil, nil)
}
