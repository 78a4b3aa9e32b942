package storehouse

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/receipt"
)

// previewed makes a preview.
func previewed(t *testing.T, c *client.Client, share string) (out api.Removal) {
	t.Helper()
	for l, err := range c.PreviewRemoval(t.Context(), share) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Preview != nil {
			out = *l.Preview
		}
	}
	return out
}

func removedFrom(t *testing.T, c *client.Client, share string) (out api.Removed, err error) {
	t.Helper()
	for l, err := range c.RunRemoval(t.Context(), share) {
		if err != nil {
			return out, err
		}
		if l.Removed != nil {
			out = *l.Removed
		}
	}
	return out, nil
}

// TestRetention removes by the rule of a share, through the API and with the ledger's own time: a clock that is set ten years ahead makes nothing due.
// A medium gets rid of it with its next state, and what is restored from it has what stays.
func TestRetention(t *testing.T) {
	cfg, _ := created(t)
	var ahead atomic.Int64
	opt := options()
	opt.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	h, c := stopped(t, cfg, opt)
	ctx := t.Context()
	big := strings.Repeat("photograph ", 300_000)
	saved(t, c, "/アルバム/a.txt", "first "+big)
	saved(t, c, "/アルバム/a.txt", "second "+big)
	saved(t, c, "/アルバム/b.txt", "gone "+big)
	if err := c.Remove(ctx, "/アルバム/b.txt"); err != nil {
		t.Fatal(err)
	}
	at := t.TempDir()
	if _, err := c.MakeMedium(ctx, api.NewMedium{Path: at, Label: "disk 1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := synced(t, c, at); err != nil {
		t.Fatal(err)
	}
	if err := c.SetRetention(ctx, "アルバム", api.Retention{Versions: 1, Deleted: 1, Keep: 1}); err != nil {
		t.Fatal(err)
	}
	if p := previewed(t, c, "アルバム"); p.Versions != 0 || p.Kept["untold"] != 2 || p.Kept["head"] != 1 {
		t.Errorf("at first: %+v", p)
	}
	run := func(d time.Duration) {
		t.Helper()
		for ; d > 0; d -= 4 * time.Minute {
			ahead.Add(int64(4 * time.Minute))
			if err := h.keeper.local.Record(ctx, event.Event{Kind: event.Verified, When: opt.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ahead.Add(int64(10 * 366 * 24 * time.Hour))
	if p := previewed(t, c, "アルバム"); p.Versions != 0 || len(p.Gaps) != 1 {
		t.Errorf("ten years ahead: %+v", p)
	}
	run(10 * time.Hour)
	p := previewed(t, c, "アルバム")
	if p.Versions != 2 || p.Files != 2 || p.Deleted != 1 || p.Digest == "" {
		t.Fatalf("when it is due: %+v", p)
	}
	if _, err := removedFrom(t, c, "アルバム"); hinted(err) != "hint.removal-not-agreed" {
		t.Errorf("before anybody has agreed: %v", err)
	}
	if _, err := c.AskRemoval(ctx, "アルバム", api.AskRemoval{Digest: "another", Reason: "x"}); hinted(err) != "hint.no-preview" {
		t.Errorf("another list: %v", err)
	}
	if o, err := c.AskRemoval(ctx, "アルバム", api.AskRemoval{Digest: p.Digest, Reason: "as agreed"}); err != nil || o.Proposal != nil { // nobody else could confirm
		t.Fatal(o, err)
	}
	var list []string
	for e, err := range c.Expiring(ctx, "アルバム") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(e.Path))
	}
	if strings.Join(list, " ") != "/アルバム/a.txt /アルバム/b.txt" {
		t.Errorf("the list is %v", list)
	}
	end, ok := h.syncing.begin(account.Medium{})
	if !ok {
		t.Fatal("a copy is being made")
	}
	if _, err := removedFrom(t, c, "アルバム"); hinted(err) != "hint.medium-busy" {
		t.Errorf("while a copy is made: %v", err)
	}
	end()
	done, err := removedFrom(t, c, "アルバム")
	if err != nil || done.Versions != 2 || done.Contents != 2 || done.Packs == 0 || done.Bytes == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if x, err := c.Retention(ctx, "アルバム"); err != nil || len(x.Removed) != 1 || x.Removed[0].Ended.IsZero() || len(x.Media) != 1 || x.Agreed != "" {
		t.Errorf("%+v, %v", x, err)
	}
	text, err := c.Receipt(ctx, "アルバム", "", opt.Now().Format("2006-01"), "json")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := receipt.Parse(text); err != nil || len(r.Removals) != 1 || r.Removals[0].Versions != 2 || r.Holding != 1 {
		t.Errorf("the receipt says %+v, %v", r, err)
	} else if got, err := (receipt.Verify{PublicKey: r.PublicKey}).Run(ctx, r); err != nil || !got.OK() {
		t.Errorf("it is checked as %+v, %v", got, err)
	}
	for l, err := range c.Verify(ctx, api.VerifyRequest{Keys: true}) {
		if err != nil || l.Finding != nil {
			t.Fatalf("verify: %+v, %v", l.Finding, err)
		}
	}
	out, err := synced(t, c, at)
	if err != nil || out.Found != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if x, err := c.Retention(ctx, "アルバム"); err != nil || len(x.Media) != 0 {
		t.Errorf("it is on %+v still, %v", x.Media, err)
	}
	if _, err := synced(t, c, at); err != nil {
		t.Fatal(err)
	}
	key := h.keeper.local.Status().PublicKey
	shut(t, h)

	target := medium.NewDisk(durable.OS(), at)
	if r, err := medium.Verify(ctx, target, medium.Check{Key: key, Known: 3}, func(f medium.Finding) { t.Errorf("%+v", f) }); err != nil || r.Unknown != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	names := map[string]int{}
	for e, err := range target.List(ctx, "packs") {
		if err != nil {
			t.Fatal(err)
		}
		if pack, from, _ := strings.Cut(filepath.Base(e.Name), "-"); from == strings.Repeat("0", 16) || from[0] == '8' || from[0] > '8' {
			names[pack]++
		}
	}
	for pack, n := range names {
		if n > 1 {
			t.Errorf("%d states of pack %s are on the medium", n, pack)
		}
	}
	s, err := medium.Open(ctx, target, key, 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg2 := Default(filepath.Join(t.TempDir(), "data"))
	restore(t, s, cfg, cfg2)
	opt.acceptRollback = true
	h, c = stopped(t, cfg2, opt)
	defer shut(t, h)
	body, err := c.Open(ctx, "/アルバム/a.txt", client.Version{}, "open")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := c.Open(ctx, "/アルバム/a.txt", client.Version{Number: 1}, "open"); hinted(err) != "hint.removed-by-rule" {
		t.Errorf("what was removed, after a restore: %v", err)
	}
}

// TestRetentionPage: the page shows the rule, and the second person sees what would go.
func TestRetentionPage(t *testing.T) {
	b := besiege(t)
	ctx := t.Context()
	if _, err := b.local.MakeShare(ctx, "old"); err != nil {
		t.Fatal(err)
	}
	if err := b.local.SetRetention(ctx, "old", api.Retention{Versions: 180, Deleted: 90, Keep: 3}); err != nil {
		t.Fatal(err)
	}
	if x, err := b.local.BeginPreview(ctx, "old"); err != nil || x.Running {
		t.Errorf("%+v, %v", x, err)
	}
	if p, err := b.local.PreviewedRemoval(ctx, "old"); err != nil || p.Rule.Versions != 180 {
		t.Errorf("behind the page: %+v, %v", p, err)
	}
	if _, err := b.local.BeginRemoval(ctx, "old"); hinted(err) != "hint.removal-not-agreed" {
		t.Errorf("before two people have agreed: %v", err)
	}
	resp, text := b.admin.do("GET", "/shares/old/retention", "")
	if resp.StatusCode != 200 || !strings.Contains(text, `value="180"`) || !strings.Contains(text, `/retention/preview"`) {
		t.Errorf("%s\n%s", resp.Status, text)
	}
	if resp, text := b.admin.do("GET", "/shares/old", ""); !strings.Contains(text, "/shares/old/retention") {
		t.Errorf("nothing leads there: %s", resp.Status)
	}
	staff := b.person("sato", account.Staff)
	if resp, text := staff.do("GET", "/shares/old/retention", ""); resp.StatusCode < 400 || strings.Contains(text, "180") {
		t.Errorf("for who gives no rights there: %s", resp.Status)
	}
}
