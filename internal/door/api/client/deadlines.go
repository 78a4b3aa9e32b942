package client

import (
	"context"
	"io"

	"github.com/azekura/azekura/internal/door/api"
)

// Deadlines are what the firm must tell by when in a case.
func (c *Client) Deadlines(ctx context.Context, id string) (d api.Due, err error) {
	return d, c.call(ctx, "GET", atCase(id, "deadlines"), nil, &d)
}

// maxCalendar bounds a calendar that is read.
const maxCalendar = 1 << 20

// Calendar returns them as a calendar.
func (c *Client) Calendar(ctx context.Context, id string) ([]byte, error) {
	resp, err := c.do(ctx, "GET", atCase(id, "deadlines.ics"), nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, maxCalendar))
}
