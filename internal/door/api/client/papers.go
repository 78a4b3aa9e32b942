package client

import (
	"context"
	"io"
	"iter"
	"net/url"

	"github.com/azekura/azekura/internal/door/api"
)

// CaseClients yields on whose behalf the data is held that a case concerns.
func (c *Client) CaseClients(ctx context.Context, id string) iter.Seq2[api.CaseClient, error] {
	return lines[api.CaseClient](ctx, c, "GET", atCase(id, "clients"), nil)
}

// Papers yields the papers that can be made of a case.
func (c *Client) Papers(ctx context.Context, id string) iter.Seq2[api.Paper, error] {
	return lines[api.Paper](ctx, c, "GET", atCase(id, "papers"), nil)
}

// PaperFields yields what stands in the fields of a paper.
func (c *Client) PaperFields(ctx context.Context, id, kind, of, lang string) iter.Seq2[api.PaperField, error] {
	return lines[api.PaperField](ctx, c, "GET", atCase(id, "papers", kind, "fields")+"?client="+url.QueryEscape(of)+"&lang="+url.QueryEscape(lang), nil)
}

// Paper returns a paper, of one client where it is for clients.
func (c *Client) Paper(ctx context.Context, id, kind, of, format, lang string) (io.ReadCloser, error) {
	q := url.Values{"client": {of}, "format": {format}}
	if lang != "" {
		q.Set("lang", lang)
	}
	resp, err := c.do(ctx, "GET", atCase(id, "papers", kind)+"?"+q.Encode(), nil, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// EditPaper writes over a field of a paper, in a language.
func (c *Client) EditPaper(ctx context.Context, id, kind, lang string, q api.PaperEdit) error {
	return c.call(ctx, "PUT", atCase(id, "papers", kind, "fields")+"?lang="+url.QueryEscape(lang), q, nil)
}

// FilePaper keeps a paper as it is handed in.
func (c *Client) FilePaper(ctx context.Context, id, kind, lang string, q api.PaperFiling) error {
	return c.call(ctx, "POST", atCase(id, "papers", kind, "file")+"?lang="+url.QueryEscape(lang), q, nil)
}

// Packs returns a ZIP with a folder for each client that is concerned.
func (c *Client) Packs(ctx context.Context, id, lang string) (io.ReadCloser, error) {
	target := atCase(id, "packs")
	if lang != "" {
		target += "?lang=" + url.QueryEscape(lang)
	}
	resp, err := c.do(ctx, "GET", target, nil, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
