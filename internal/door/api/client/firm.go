package client

import (
	"context"

	"github.com/azekura/azekura/internal/door/api"
)

// Firm tells what reports say of the firm.
func (c *Client) Firm(ctx context.Context) (f api.Firm, err error) {
	return f, c.call(ctx, "GET", "/v1/firm", nil, &f)
}

// SetFirm writes that.
func (c *Client) SetFirm(ctx context.Context, f api.Firm) error {
	return c.call(ctx, "PUT", "/v1/firm", f, nil)
}
