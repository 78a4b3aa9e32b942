package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// Register yields the lines of the register of personal data.
func (c *Client) Register(ctx context.Context) iter.Seq2[api.RegisterLine, error] {
	return lines[api.RegisterLine](ctx, c, "GET", "/v1/register", nil)
}

// SetRegister writes the line of a share.
func (c *Client) SetRegister(ctx context.Context, share string, r api.Register) error {
	return c.call(ctx, "PUT", "/v1/shares/"+url.PathEscape(share)+"/register", r, nil)
}
