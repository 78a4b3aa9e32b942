package client

import (
	"context"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// Ending tells what the end of a share would take, or has taken.
func (c *Client) Ending(ctx context.Context, share string) (x api.Ending, err error) {
	return x, c.call(ctx, "GET", "/v1/shares/"+url.PathEscape(share)+"/erasure", nil, &x)
}

// EraseShare asks for the end of a share.
func (c *Client) EraseShare(ctx context.Context, share string, q api.NewErasure) (x api.Outcome, err error) {
	return x, c.call(ctx, "POST", "/v1/shares/"+url.PathEscape(share)+"/erasure", q, &x)
}

// Certificate returns the certificate of erasure of a share, as "json", "html" or "pdf".
func (c *Client) Certificate(ctx context.Context, share, format string) ([]byte, error) {
	return c.bytes(ctx, "/v1/shares/"+url.PathEscape(share)+"/certificate?"+url.Values{"format": {format}}.Encode())
}
