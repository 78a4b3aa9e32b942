package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// Readings yields what accounts have read today: the caller's, and all for those who see people.
func (c *Client) Readings(ctx context.Context) iter.Seq2[api.Readings, error] {
	return lines[api.Readings](ctx, c, "GET", "/v1/readings", nil)
}

// Jobs yields the open jobs.
func (c *Client) Jobs(ctx context.Context) iter.Seq2[api.Job, error] {
	return lines[api.Job](ctx, c, "GET", "/v1/jobs", nil)
}

// AskJob asks for a job, which somebody else must confirm.
func (c *Client) AskJob(ctx context.Context, q api.NewJob) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", "/v1/jobs", q, &o)
}

// EndJob ends a job before its time.
func (c *Client) EndJob(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/jobs/"+url.PathEscape(id), nil, nil)
}

// Traps yields the traps.
func (c *Client) Traps(ctx context.Context) iter.Seq2[api.Trap, error] {
	return lines[api.Trap](ctx, c, "GET", "/v1/traps", nil)
}

// AddTrap sets a trap.
func (c *Client) AddTrap(ctx context.Context, q api.NewTrap) (t api.Trap, err error) {
	return t, c.call(ctx, "POST", "/v1/traps", q, &t)
}

// RemoveTrap asks to take a trap away, which somebody else must confirm.
func (c *Client) RemoveTrap(ctx context.Context, id string) (o api.Outcome, err error) {
	return o, c.call(ctx, "DELETE", "/v1/traps/"+url.PathEscape(id), nil, &o)
}

// SharePersons tells how the names in a share tell persons.
func (c *Client) SharePersons(ctx context.Context, share string) (p api.Persons, err error) {
	return p, c.call(ctx, "GET", "/v1/shares/"+url.PathEscape(share)+"/persons", nil, &p)
}

// SetSharePersons says it.
func (c *Client) SetSharePersons(ctx context.Context, share string, p api.Persons) error {
	return c.call(ctx, "PUT", "/v1/shares/"+url.PathEscape(share)+"/persons", p, nil)
}
