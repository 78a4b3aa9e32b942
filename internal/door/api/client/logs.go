package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

// LogState tells how the logs of appliances are collected.
func (c *Client) LogState(ctx context.Context) (s api.LogState, err error) {
	return s, c.call(ctx, "GET", "/v1/logs/state", nil, &s)
}

// SetCollecting changes it.
func (c *Client) SetCollecting(ctx context.Context, x api.Collecting) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", "/v1/logs/settings", x, &o)
}

// SearchLogs yields the lines that a query picks, the newest first.
func (c *Client) SearchLogs(ctx context.Context, q account.LogQuery) iter.Seq2[api.LogLine, error] {
	v := url.Values{}
	for key, s := range map[string]string{"device": q.Device, "kind": q.Kind, "account": q.Account, "address": q.Address, "text": q.Text} {
		if s != "" {
			v.Set(key, s)
		}
	}
	for key, t := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !t.IsZero() {
			v.Set(key, t.UTC().Format(time.RFC3339Nano))
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return lines[api.LogLine](ctx, c, "GET", "/v1/logs?"+v.Encode(), nil)
}

// VerifyLogs compares what is stored with the ledger.
func (c *Client) VerifyLogs(ctx context.Context) (x api.LogCheck, err error) {
	return x, c.call(ctx, "POST", "/v1/logs/verify", nil, &x)
}

// ApplianceEvents tells what appliances have told in the time of a case.
func (c *Client) ApplianceEvents(ctx context.Context, n string) (x api.ApplianceEvents, err error) {
	return x, c.call(ctx, "GET", "/v1/cases/"+url.PathEscape(n)+"/appliances", nil, &x)
}
