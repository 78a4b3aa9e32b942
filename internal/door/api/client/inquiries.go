package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

func ofCase(id, what string) string { return "/v1/cases/" + url.PathEscape(id) + "/" + what }

// Lookup tells of the page of a case.
func (c *Client) Lookup(ctx context.Context, id string) (x api.Lookup, err error) {
	return x, c.call(ctx, "GET", ofCase(id, "lookup"), nil, &x)
}

// OpenLookup asks to open it.
func (c *Client) OpenLookup(ctx context.Context, id string, q api.LookupRequest) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", ofCase(id, "lookup"), q, &o)
}

// CloseLookup closes it.
func (c *Client) CloseLookup(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", ofCase(id, "lookup"), nil, nil)
}

// LookupPage is what the page of a token says to everybody.
func (c *Client) LookupPage(ctx context.Context, token string) (p api.LookupPage, err error) {
	return p, c.call(ctx, "GET", "/v1/lookup/"+url.PathEscape(token), nil, &p)
}

// LookUp asks it about one person.
func (c *Client) LookUp(ctx context.Context, token string, q api.LookupQuestion) (a api.LookupReply, err error) {
	return a, c.call(ctx, "POST", "/v1/lookup/"+url.PathEscape(token), q, &a)
}

// Inquiries yields what was asked about a case, of a status or with a text in it; "" are all.
func (c *Client) Inquiries(ctx context.Context, id, status, text string) iter.Seq2[api.Inquiry, error] {
	return lines[api.Inquiry](ctx, c, "GET", ofCase(id, "inquiries")+"?"+url.Values{"status": {status}, "q": {text}}.Encode(), nil)
}

// NoteInquiry writes one down, or changes one.
func (c *Client) NoteInquiry(ctx context.Context, id string, q api.Inquiry) (x api.Inquiry, err error) {
	return x, c.call(ctx, "POST", ofCase(id, "inquiries"), q, &x)
}

// Receipt returns the receipt of a share, or of one school in it, as "json", "html" or "pdf".
func (c *Client) Receipt(ctx context.Context, share, school, month, format string) ([]byte, error) {
	return c.bytes(ctx, "/v1/shares/"+url.PathEscape(share)+"/receipt?"+url.Values{"school": {school}, "month": {month}, "format": {format}}.Encode())
}

// OpenReceipt returns the receipt of a link.
func (c *Client) OpenReceipt(ctx context.Context, token, format string) ([]byte, error) {
	return c.bytes(ctx, "/v1/receipt/"+url.PathEscape(token)+"?"+url.Values{"format": {format}}.Encode())
}

func (c *Client) bytes(ctx context.Context, target string) ([]byte, error) {
	resp, err := c.do(ctx, http.MethodGet, target, nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// GiveReceipt makes a link to a receipt.
func (c *Client) GiveReceipt(ctx context.Context, share string, q api.ReceiptRequest) (x api.ReceiptLink, err error) {
	return x, c.call(ctx, "POST", "/v1/shares/"+url.PathEscape(share)+"/receipt/links", q, &x)
}

// Receipts yields the links that can be opened.
func (c *Client) Receipts(ctx context.Context) iter.Seq2[api.ReceiptLink, error] {
	return lines[api.ReceiptLink](ctx, c, "GET", "/v1/receipts", nil)
}

// RevokeReceipt makes a link useless.
func (c *Client) RevokeReceipt(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/receipts/"+url.PathEscape(id), nil, nil)
}
