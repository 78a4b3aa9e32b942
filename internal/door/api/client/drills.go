package client

import (
	"context"
	"fmt"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/id"
)

// Drills lists the drills of restores, the latest first.
func (c *Client) Drills(ctx context.Context) ([]api.Drill, error) {
	var out api.DrillList
	err := c.call(ctx, "GET", "/v1/drills", nil, &out)
	return out.Drills, err
}

// Rehearse rehearses a medium with the keys of the house, and yields progress, and the result last.
func (c *Client) Rehearse(ctx context.Context, q api.DrillRequest) iter.Seq2[api.DrillLine, error] {
	return lines[api.DrillLine](ctx, c, "POST", "/v1/drills/rehearse", q)
}

// BeginDrill enters that a medium is to be rehearsed with a card and papers.
func (c *Client) BeginDrill(ctx context.Context, x api.Drill) (out api.Drill, err error) {
	q := api.NewDrill{Medium: x.Medium, State: x.State, Of: x.Of, Card: x.Card, Papers: x.Papers, Code: x.Code, All: x.All, Asked: x.Asked, Seed: x.Seed, Kept: x.Kept}
	return out, c.call(ctx, "POST", "/v1/drills", q, &out)
}

// DrillReadings enters what is about to be opened, and tells what of it is not to be.
func (c *Client) DrillReadings(ctx context.Context, number int, list []api.DrillReading) ([]id.Version, error) {
	var out api.DrillGone
	err := c.call(ctx, "POST", fmt.Sprintf("/v1/drills/%d/readings", number), api.DrillReadingList{Readings: list}, &out)
	return out.Gone, err
}

// EndDrill enters what came of a drill.
func (c *Client) EndDrill(ctx context.Context, number int, r account.DrillResult) (out api.Drill, err error) {
	return out, c.call(ctx, "POST", fmt.Sprintf("/v1/drills/%d/end", number), r, &out)
}

// DrillReport returns the report of a drill, as "pdf" or "html".
func (c *Client) DrillReport(ctx context.Context, number int, format string) ([]byte, error) {
	return c.bytes(ctx, fmt.Sprintf("/v1/drills/%d/report?%s", number, url.Values{"format": {format}}.Encode()))
}

// LedgerHead returns the head of the ledger, for paper.
func (c *Client) LedgerHead(ctx context.Context) (out api.LedgerHead, err error) {
	return out, c.call(ctx, "GET", "/v1/ledger/head", nil, &out)
}

// LedgerHeadSheet returns the sheet to print it on, as "pdf" or "html".
func (c *Client) LedgerHeadSheet(ctx context.Context, format string) ([]byte, error) {
	return c.bytes(ctx, "/v1/ledger/head?"+url.Values{"format": {format}}.Encode())
}
