package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
)

func atCase(id string, rest ...string) string {
	out := "/v1/cases/" + url.PathEscape(id)
	for _, p := range rest {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// Case returns a case with all that stands at its desk.
func (c *Client) Case(ctx context.Context, id string) (x api.Case, err error) {
	return x, c.call(ctx, "GET", atCase(id), nil, &x)
}

// Timeline counts what the ledger tells of a case's time.
func (c *Client) Timeline(ctx context.Context, id string, q account.TimelineQuery) (t api.Timeline, err error) {
	v := url.Values{}
	for key, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			v.Set(key, at.Format(time.RFC3339Nano))
		}
	}
	if q.Slots > 0 {
		v.Set("slots", strconv.Itoa(q.Slots))
	}
	return t, c.call(ctx, "GET", atCase(id, "timeline")+"?"+v.Encode(), nil, &t)
}

// Trust takes a party out of a case.
func (c *Client) Trust(ctx context.Context, id string, q api.Trusting) error {
	return c.call(ctx, "POST", atCase(id, "trust"), q, nil)
}

// SetKnowing enters who knew of a case, or changes that.
func (c *Client) SetKnowing(ctx context.Context, id string, k api.NewKnowing) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", atCase(id, "knowing"), k, &o)
}

// Facts yields which facts there are.
func (c *Client) Facts(ctx context.Context) iter.Seq2[api.FactField, error] {
	return lines[api.FactField](ctx, c, "GET", "/v1/facts", nil)
}

// SetFact sets what people know of a case.
func (c *Client) SetFact(ctx context.Context, id, key, value string) error {
	return c.call(ctx, "PUT", atCase(id, "facts", key), api.FactValue{Value: value}, nil)
}

// AddNote adds a note to a case.
func (c *Client) AddNote(ctx context.Context, id, text string) error {
	return c.call(ctx, "POST", atCase(id, "notes"), api.CaseText{Text: text}, nil)
}

// AddTask adds a task to a case.
func (c *Client) AddTask(ctx context.Context, id string, t api.NewTask) error {
	return c.call(ctx, "POST", atCase(id, "tasks"), t, nil)
}

// EndTask says that a task is done.
func (c *Client) EndTask(ctx context.Context, id string, task int) error {
	return c.call(ctx, "POST", atCase(id, "tasks", strconv.Itoa(task), "done"), nil, nil)
}

// Attach puts a file into a case.
func (c *Client) Attach(ctx context.Context, id, name string, content []byte) (a api.Attachment, err error) {
	resp, err := c.do(ctx, "POST", atCase(id, "attachments")+"?"+url.Values{"name": {name}}.Encode(), bytes.NewReader(content),
		func(r *http.Request) { r.Header.Set("Content-Type", "application/octet-stream") })
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	return a, json.NewDecoder(resp.Body).Decode(&a)
}

// Attachment returns a file of a case.
func (c *Client) Attachment(ctx context.Context, id string, number int) ([]byte, error) {
	resp, err := c.do(ctx, "GET", atCase(id, "attachments", strconv.Itoa(number)), nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, api.MaxAttachment+1))
}

// Decide asks for a decision in a case.
func (c *Client) Decide(ctx context.Context, id, text string) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", atCase(id, "decisions"), api.CaseText{Text: text}, &o)
}

// SetHold changes what a case holds.
func (c *Client) SetHold(ctx context.Context, id string, q api.NewHold) (o api.Outcome, err error) {
	return o, c.call(ctx, "PUT", atCase(id, "hold"), q, &o)
}
