package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// Reserve tells what a lost keeper would come back from.
func (c *Client) Reserve(ctx context.Context) (x api.Reserve, err error) {
	return x, c.call(ctx, "GET", "/v1/recovery", nil, &x)
}

// MakePapers makes papers.
func (c *Client) MakePapers(ctx context.Context, q api.PapersRequest) (x api.KeyPapers, err error) {
	return x, c.call(ctx, "POST", "/v1/recovery/papers", q, &x)
}

// EndIsolation lets the house speak with the world again, or asks for it.
func (c *Client) EndIsolation(ctx context.Context, reason string) (o api.Outcome, err error) {
	return o, c.call(ctx, "POST", "/v1/isolation/end", api.Reason{Reason: reason}, &o)
}

// RenewPapers renews papers, or asks for it.
func (c *Client) RenewPapers(ctx context.Context, q api.PapersRequest) (x api.RenewedPapers, err error) {
	return x, c.call(ctx, "POST", "/v1/recovery/papers/renew", q, &x)
}

// PrintPapers makes papers, or renews them, and returns them as PDF. Where a second person must agree first it returns no PDF.
func (c *Client) PrintPapers(ctx context.Context, q api.PapersRequest, renew bool) (pdf []byte, o api.Outcome, err error) {
	target := "/v1/recovery/papers"
	if renew {
		target += "/renew"
	}
	q.PDF = true
	body, set, err := jsonBody(q)
	if err != nil {
		return nil, o, err
	}
	resp, err := c.do(ctx, "POST", target, body, set)
	if err != nil {
		return nil, o, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || strings.HasPrefix(resp.Header.Get("Content-Type"), "application/pdf") {
		return b, o, err
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, o, problem.New(problem.Internal, "", "", err)
	}
	return nil, o, nil
}

// TestPapers says what is the matter with papers.
func (c *Client) TestPapers(ctx context.Context, texts []string) (x api.PaperTest, err error) {
	return x, c.call(ctx, "POST", "/v1/recovery/papers/test", api.PaperTexts{Papers: texts}, &x)
}

// MakeCard returns what is to be put on an empty stick.
func (c *Client) MakeCard(ctx context.Context, name string) (x api.CardFile, err error) {
	return x, c.call(ctx, "POST", "/v1/recovery/cards", api.NewCard{Name: name}, &x)
}

// RefreshCard returns what is to be put on a card in place of what is there.
func (c *Client) RefreshCard(ctx context.Context, number int, current []byte) (x api.CardFile, err error) {
	return x, c.sendCard(ctx, atCard(number, "refresh"), current, &x)
}

// CheckCard says what is on a card.
func (c *Client) CheckCard(ctx context.Context, content []byte) (x api.CardCheck, err error) {
	return x, c.sendCard(ctx, "/v1/recovery/cards/check", content, &x)
}

func (c *Client) sendCard(ctx context.Context, target string, content []byte, out any) error {
	resp, err := c.do(ctx, "POST", target, bytes.NewReader(content), func(r *http.Request) { r.Header.Set("Content-Type", "application/octet-stream") })
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return problem.New(problem.Internal, "", "", err)
	}
	return nil
}

// CardWritten says what was read back from a card.
func (c *Client) CardWritten(ctx context.Context, number int, sha256 string) error {
	return c.call(ctx, "POST", atCard(number, "written"), api.CardDigest{SHA256: sha256}, nil)
}

// ForgetCard takes a card off the list.
func (c *Client) ForgetCard(ctx context.Context, number int, how, reason string) error {
	return c.call(ctx, "POST", atCard(number, "forget"), api.CardGone{How: how, Reason: reason}, nil)
}

func atCard(number int, act string) string {
	return "/v1/recovery/cards/" + strconv.Itoa(number) + "/" + act
}
