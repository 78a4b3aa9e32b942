package storehouse

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
	"github.com/azekura/azekura/internal/receipt"
)

// TestErasedShare: two people end a share through the doors; then doors say when, the receipt and the certificate say so and verify offline, a
// forged one does not, and the other share goes on.
func TestErasedShare(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	for _, name := range []string{"old", "new"} {
		if _, err := b.local.MakeShare(ctx, name); err != nil {
			t.Fatal(err)
		}
		if _, err := b.local.Save(ctx, "/"+name+"/a.txt", strings.NewReader("x"), 1, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	hint := func(err error) string {
		e, _ := errors.AsType[*problem.Error](err)
		if e == nil {
			return ""
		}
		return e.Hint
	}
	x, err := b.local.Ending(ctx, "old")
	if err != nil || x.Holdings.Files != 1 || !x.Decided.IsZero() {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := b.local.Certificate(ctx, "old", "json"); hint(err) != "hint.not-erased" {
		t.Errorf("a certificate before: %v", err)
	}
	before := parseReceipt(t, b, "old")
	if before.Erased || before.Erasure != nil {
		t.Error("the receipt before says that it is erased")
	}
	o, err := b.local.EraseShare(ctx, "old", api.NewErasure{Reason: "its time is over"})
	if err != nil || o.Proposal == nil {
		t.Fatal(o, err)
	}
	if resp, text := b.admin.do("POST", "/v1/proposals/"+url.PathEscape(o.Proposal.ID)+"/confirm", ""); resp.StatusCode >= 300 {
		t.Fatal(resp.Status, text)
	}
	if _, err := b.local.Stat(ctx, "/old/a.txt"); hint(err) != "hint.share-erased" {
		t.Errorf("a file of it: %v", err)
	}
	if _, err := b.local.Stat(ctx, "/new/a.txt"); err != nil {
		t.Errorf("a file of another share: %v", err)
	}
	after := parseReceipt(t, b, "old")
	c := parseCertificate(t, b, "old")
	if !after.Erased || after.Number != 1 || !after.ErasedAt.Equal(c.Erased) || c.Holdings.Files != 1 || c.AskedBy != "console" || c.Confirmed != "administrator" || !c.Complete {
		t.Errorf("%+v\n%+v", after.Erasure, c)
	}
	for _, r := range []*receipt.Receipt{before, after} {
		if got, err := (receipt.Verify{PublicKey: c.PublicKey}).Run(ctx, r); err != nil || !got.OK() {
			t.Errorf("%+v, %v", got, err)
		}
	}
	v := receipt.Verify{PublicKey: c.PublicKey}
	if got := v.Certificate(c); !got.OK() || !got.Trusted {
		t.Errorf("%+v", got)
	}
	for name, forge := range map[string]func(*receipt.Certificate){
		"a time":  func(c *receipt.Certificate) { c.Erased = c.Erased.Add(-time.Hour) },
		"a proof": func(c *receipt.Certificate) { c.Entry = after.Entries[0] },
		"cards":   func(c *receipt.Certificate) { c.Complete = false },
		"a log":   func(c *receipt.Certificate) { c.PublicKey = "azekura+00000000+AAAA" },
	} {
		y := parseCertificate(t, b, "old")
		forge(y)
		if got := v.Certificate(y); got.OK() {
			t.Errorf("%s is changed, and nothing is said", name)
		}
	}
	for _, format := range []string{"pdf", "html"} {
		text, err := b.local.Certificate(ctx, "old", format)
		if err != nil || len(text) < 2000 {
			t.Fatalf("%s: %d bytes, %v", format, len(text), err)
		}
	}
	if _, err := b.local.Freeze(ctx, api.FreezeRequest{Kind: "share", Subject: "new", Reason: "odd"}); err != nil {
		t.Fatal(err)
	}
	if x, err := b.local.Ending(ctx, "new"); err != nil || !x.Frozen || len(x.HeldBy) != 1 {
		t.Errorf("of a frozen share: %+v, %v", x, err)
	}
	for _, page := range []string{"/shares/old/end", "/shares/new/end"} {
		if resp, text := b.admin.do("GET", page, ""); resp.StatusCode != 200 || !strings.Contains(text, "<h1>") {
			t.Errorf("%s: %s", page, resp.Status)
		}
	}
}

func parseReceipt(t *testing.T, b *besieged, share string) *receipt.Receipt {
	t.Helper()
	text, err := b.local.Receipt(t.Context(), share, "", "", "json")
	if err != nil {
		t.Fatal(err)
	}
	x, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func parseCertificate(t *testing.T, b *besieged, share string) *receipt.Certificate {
	t.Helper()
	text, err := b.local.Certificate(t.Context(), share, "json")
	if err != nil {
		t.Fatal(err)
	}
	x, ok, err := receipt.ParseCertificate(text)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if again, err := x.Marshal(); err != nil || !bytes.Equal(again, text) {
		t.Error("it is written in another way")
	}
	return x
}
