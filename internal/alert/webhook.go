package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
)

// Webhook posts alerts as JSON, with their ID in it and in the header Idempotency-Key. With a secret the header Azekura-Signature has the HMAC-SHA-256 of the body in hexadecimal.
type Webhook struct {
	URL    string // https, or http to this machine
	Secret string
	Client *http.Client // nil: one that follows no redirects
}

// Name implements Way.
func (*Webhook) Name() string { return "webhook" }

var plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Send implements Way.
func (h *Webhook) Send(ctx context.Context, a Alert) error {
	body, err := json.Marshal(struct {
		Alert
		Text string `json:"text"` // what a mail would say
	}{a, a.Text()})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return failed(h.Name(), err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", clean(a.ID))
	if h.Secret != "" {
		m := hmac.New(sha256.New, []byte(h.Secret))
		m.Write(body)
		r.Header.Set("Azekura-Signature", hex.EncodeToString(m.Sum(nil)))
	}
	c := h.Client
	if c == nil {
		c = plain
	}
	resp, err := c.Do(r)
	if err != nil {
		return failed(h.Name(), err) // the error would name the address, which can hold a secret
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return failure{h.Name(), "answer", resp.Status}
	}
	return nil
}
