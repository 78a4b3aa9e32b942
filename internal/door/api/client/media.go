package client

import (
	"context"
	"iter"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
)

// Media tells of the media, and how well the house is copied.
func (c *Client) Media(ctx context.Context) (out api.Copies, err error) {
	return out, c.call(ctx, "GET", "/v1/media", nil, &out)
}

// MakeMedium makes a medium of an empty folder of the storehouse's machine.
func (c *Client) MakeMedium(ctx context.Context, q api.NewMedium) (m api.Medium, err error) {
	return m, c.call(ctx, "POST", "/v1/media", q, &m)
}

// SyncMedium copies what is new to a medium and yields progress, and what was done last.
func (c *Client) SyncMedium(ctx context.Context, q api.SyncRequest) iter.Seq2[api.SyncLine, error] {
	return lines[api.SyncLine](ctx, c, "POST", "/v1/media/sync", q)
}

// CheckedMedium enters what a verification has found.
func (c *Client) CheckedMedium(ctx context.Context, m id.Medium, findings int) error {
	return c.call(ctx, "POST", "/v1/media/"+m.String()+"/checked", api.CheckedRequest{Findings: findings}, nil)
}

// EjectMedium enters that somebody lets a medium go.
func (c *Client) EjectMedium(ctx context.Context, m id.Medium) error {
	return c.call(ctx, "POST", "/v1/media/"+m.String()+"/ejected", nil, nil)
}

// RetireMedium strikes a medium off.
func (c *Client) RetireMedium(ctx context.Context, m id.Medium, reason string) error {
	return c.call(ctx, "POST", "/v1/media/"+m.String()+"/retire", api.RetireRequest{Reason: reason}, nil)
}
