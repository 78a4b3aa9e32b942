package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

func retention(share, what string) string {
	return "/v1/shares/" + url.PathEscape(share) + "/retention" + what
}

// Retention tells what is known of the rule of a share.
func (c *Client) Retention(ctx context.Context, share string) (x api.RetentionState, err error) {
	return x, c.call(ctx, "GET", retention(share, ""), nil, &x)
}

// SetRetention sets the rule of a share.
func (c *Client) SetRetention(ctx context.Context, share string, r api.Retention) error {
	return c.call(ctx, "PUT", retention(share, ""), r, nil)
}

// PreviewRemoval finds out what the rule of a share lets go, and yields progress, and the preview last.
func (c *Client) PreviewRemoval(ctx context.Context, share string) iter.Seq2[api.RemovalLine, error] {
	return lines[api.RemovalLine](ctx, c, "POST", retention(share, "/preview"), nil)
}

// PreviewedRemoval returns the preview that was made last.
func (c *Client) PreviewedRemoval(ctx context.Context, share string) (x api.Removal, err error) {
	return x, c.call(ctx, "GET", retention(share, "/preview"), nil, &x)
}

// Expiring yields the versions in that preview.
func (c *Client) Expiring(ctx context.Context, share string) iter.Seq2[api.Expiring, error] {
	return lines[api.Expiring](ctx, c, "GET", retention(share, "/versions"), nil)
}

// AskRemoval asks for the removal of what a preview has shown.
func (c *Client) AskRemoval(ctx context.Context, share string, q api.AskRemoval) (x api.Outcome, err error) {
	return x, c.call(ctx, "POST", retention(share, "/removal"), q, &x)
}

// RunRemoval removes what two people have agreed on, and yields progress, and what was removed last.
func (c *Client) RunRemoval(ctx context.Context, share string) iter.Seq2[api.RemovalLine, error] {
	return lines[api.RemovalLine](ctx, c, "POST", retention(share, "/run"), nil)
}

// BeginPreview has PreviewRemoval done behind this call, which takes a second at most; RetentionState.Work tells how far it is.
func (c *Client) BeginPreview(ctx context.Context, share string) (x api.Removing, err error) {
	return x, c.call(ctx, "POST", retention(share, "/preview?background=1"), nil, &x)
}

// BeginRemoval has RunRemoval done likewise.
func (c *Client) BeginRemoval(ctx context.Context, share string) (x api.Removing, err error) {
	return x, c.call(ctx, "POST", retention(share, "/run?background=1"), nil, &x)
}
