package client

import (
	"context"
	"io"
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

// SetSchoolLines writes what the register says of single schools in a share.
func (c *Client) SetSchoolLines(ctx context.Context, share string, list []api.SchoolLine) error {
	return c.call(ctx, "PUT", "/v1/shares/"+url.PathEscape(share)+"/register/schools", api.SchoolLines{Schools: list}, nil)
}

// ImportRegister reads the register in from a table.
func (c *Client) ImportRegister(ctx context.Context, q Roster, list io.Reader) (r api.RegisterResult, err error) {
	query := url.Values{"file": {q.Name}, "encoding": {q.Encoding}, "sheet": {q.Sheet}}
	return r, c.sendRoster(ctx, "PUT", "/v1/register?"+query.Encode(), list, &r)
}
