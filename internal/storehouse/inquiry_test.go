package storehouse

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/receipt"
)

// robbed is a house of two shares, from one of which a thief has read the files of two pupils. The case is over for the thief.
type robbed struct {
	*besieged
	officer, thief *visitor
	made           account.Case
}

func rob(t *testing.T) *robbed {
	t.Helper()
	b := &robbed{besieged: besiege(t)}
	ctx := t.Context()
	for _, share := range []string{"one", "two"} {
		if _, err := b.local.MakeShare(ctx, share); err != nil {
			t.Fatal(err)
		}
		if err := b.local.SetRights(ctx, api.Right{Account: "tanaka", Share: share, Rights: api.CanWrite}); err != nil {
			t.Fatal(err)
		}
		b.enrol(share, "第"+share+"小", []string{"3-1"}, 3)
		for n := 1; n <= 3; n++ {
			path, text := fmt.Sprintf("/%s/第%s小/3-1/%d_a.txt", share, share, n), fmt.Sprintf("the picture of %s %d\n", share, n)
			if err := b.local.Mkdir(ctx, path[:strings.LastIndexByte(path, 47)]); err != nil {
				t.Fatal(err)
			}
			if _, err := b.local.Save(ctx, path, strings.NewReader(text), int64(len(text)), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	thief := b.person("thief", account.Staff)
	b.thief, b.officer = thief, b.besieged.officer()
	if err := b.local.SetRights(ctx, api.Right{Account: "thief", Share: "one", Rights: api.CanRead}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 3} {
		if resp, text := thief.do("GET", "/v1/files"+(&url.URL{Path: fmt.Sprintf("/one/第one小/3-1/%d_a.txt", n)}).EscapedPath(), ""); resp.StatusCode != 200 {
			t.Fatal(resp.Status, text)
		}
	}
	now := time.Now()
	if got := b.officer.call("POST", "/v1/cases", api.CaseRequest{Reason: "x", Parties: []string{"thief"}, From: now.Add(-time.Hour), To: now}, &b.made); got != 200 {
		t.Fatal("a case:", got)
	}
	return b
}

// TestLookupPage: everybody who has the address, and nobody else, finds out about one person at a time, in both languages, and nothing more.
func TestLookupPage(t *testing.T) {
	b := rob(t)
	var o api.Outcome
	resp, text := b.officer.do("POST", "/v1/cases/"+b.made.ID+"/lookup", mustJSON(t, api.LookupRequest{Contact: "窓口 0120-000-000", Reason: "told"}), "Content-Type", "application/json")
	if mustRead(t, text, &o); resp.StatusCode != 202 || o.Proposal == nil {
		t.Fatal("a page:", resp.Status, text)
	}
	if got := b.admin.call("POST", "/v1/proposals/"+o.Proposal.ID+"/confirm", struct{}{}, nil); got/100 != 2 {
		t.Fatal("confirm:", got)
	}
	var page api.Lookup
	if got := b.officer.call("GET", "/v1/cases/"+b.made.ID+"/lookup", nil, &page); got != 200 || !page.On || page.Persons != 2 || page.Stale {
		t.Fatalf("%d %+v", got, page)
	}
	stranger := b.visitor()
	for name, c := range map[string]struct {
		school, class, number string
		want                  account.LookupAnswer
	}{
		"who was read": {"第one小", "3-1", "2", account.LookupConfirmed}, "as people write it": {"第one小", "３年１組", "０３", account.LookupConfirmed},
		"of the roster, not read": {"第one小", "3-1", "1", account.LookupNone}, "of no roster": {"第one小", "3-1", "99", account.LookupNone}, "of another class": {"第one小", "3-9", "2", account.LookupNone},
		"of another school": {"第two小", "3-1", "2", account.LookupNone}, "of no school": {"x", "3-1", "2", account.LookupNone},
	} {
		var got api.LookupReply
		q := api.LookupQuestion{School: c.school, Year: "2026", Class: c.class, Number: c.number}
		if status := stranger.call("POST", "/v1/lookup/"+page.Token, q, &got); status != 200 || got.Answer != c.want {
			t.Errorf("%s: %d %+v", name, status, got)
		}
	}
	for lang, words := range map[string][2]string{"en": {"In scope: yes", "The records show none"}, "ja": {"対象です", "記録上、該当は見つかりませんでした"}} {
		resp, text := stranger.do("GET", "/lookup/"+page.Token+"?lang="+lang, "")
		h := resp.Header
		if resp.StatusCode != 200 || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
			strings.Contains(h.Get("Content-Security-Policy"), "script-src") || strings.Contains(text, "<script") {
			t.Errorf("%s: %d %v", lang, resp.StatusCode, h)
		}
		if strings.Contains(text, b.made.ID) || strings.Contains(text, "生徒") && lang == "en" || strings.Contains(text, "thief") || strings.Contains(text, "第two小") || !strings.Contains(text, "0120-000-000") {
			t.Errorf("the page says %s", text)
		}
		csrf := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(text)
		for i, number := range []string{"2", "1"} {
			form := url.Values{"csrf": {csrf[1]}, "school": {"第one小"}, "year": {"2026"}, "class": {"3年1組"}, "number": {number}, "kind": {"pupil"}}
			resp, text := stranger.do("POST", "/lookup/"+page.Token, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
			if i == 0 && lang == "ja" { // ten questions have been asked: the limit
				if resp.StatusCode != 429 && resp.StatusCode != 200 {
					t.Errorf("%s: %d", lang, resp.StatusCode)
				}
			}
			if resp.StatusCode == 200 && (!strings.Contains(text, words[i]) || strings.Contains(text, "nothing leaked") || strings.Contains(text, "漏えいなし") || strings.Contains(text, "漏えいはありません")) {
				t.Errorf("%s, number %s: %s", lang, number, text)
			}
		}
	}
	if got := stranger.call("POST", "/v1/lookup/"+page.Token, api.LookupQuestion{School: "x", Year: "2026", Class: "1", Number: "1"}, nil); got != 429 {
		t.Errorf("the twelfth question: %d", got)
	}
	if resp, text := stranger.do("GET", "/lookup/"+page.Token+"?lang=en", ""); resp.StatusCode != 200 {
		t.Error(resp.Status)
	} else {
		form := url.Values{"csrf": {regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(text)[1]}, "school": {"x"}, "year": {"2026"}, "class": {"1"}, "number": {"1"}}
		resp, text := stranger.do("POST", "/lookup/"+page.Token, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		if resp.StatusCode != 429 || !strings.Contains(text, "too many questions") || strings.Contains(text, "somebody else") || strings.Contains(text, "/guard/reading") {
			t.Errorf("the thirteenth question: %d %s", resp.StatusCode, text)
		}
	}
	if got := stranger.call("GET", "/v1/cases/"+b.made.ID+"/lookup", nil, nil); got != 401 {
		t.Errorf("a stranger sees how it is used: %d", got)
	}
	for _, token := range []string{"x", page.Token[1:], strings.Repeat("A", 26), o.Proposal.ID} {
		if resp, text := stranger.do("GET", "/lookup/"+token, ""); resp.StatusCode != 404 || strings.Contains(text, "0120") {
			t.Errorf("a page for %q: %d", token, resp.StatusCode)
		}
	}
	if got := b.officer.call("GET", "/v1/cases/"+b.made.ID+"/lookup", nil, &page); got != 200 || len(page.Days) == 0 || page.Days[0].Asked != 10 || page.Days[0].Refused == 0 {
		t.Errorf("%d %+v", got, page.Days)
	}
	if got := b.officer.call("DELETE", "/v1/cases/"+b.made.ID+"/lookup", nil, nil); got/100 != 2 {
		t.Fatal("close:", got)
	}
	if resp, _ := stranger.do("GET", "/lookup/"+page.Token, ""); resp.StatusCode != 404 {
		t.Errorf("a page that was closed: %d", resp.StatusCode)
	}
}

// TestInquiryTables: what people say on the telephone is no formula in a table.
func TestInquiryTables(t *testing.T) {
	b := rob(t)
	for _, who := range []string{"=1+1", "+81 3", "-x", "@x", "ordinary, \"quoted\""} {
		if got := b.officer.call("POST", "/v1/cases/"+b.made.ID+"/inquiries", api.Inquiry{Way: account.ByCall, Who: who, Question: "写真は含まれますか", Status: account.InquiryOpen}, nil); got != 200 {
			t.Fatal(got)
		}
	}
	resp, text := b.officer.do("GET", "/cases/"+b.made.ID+"/inquiries/table.csv", "")
	if resp.StatusCode != 200 || strings.Count(text, "\r\n") != 6 || !strings.Contains(text, `,'=1+1,`) || !strings.Contains(text, `,'@x,`) || regexp.MustCompile(`(^|,)[=+@-]`).MatchString(text) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	resp, text = b.officer.do("GET", "/cases/"+b.made.ID+"/inquiries/table.xlsx?q=ordinary", "")
	z, err := zip.NewReader(bytes.NewReader([]byte(text)), int64(len(text)))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(err, resp.Status)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var sheet bytes.Buffer
		if _, err := sheet.ReadFrom(r); err != nil || strings.Contains(sheet.String(), "<f>") || strings.Contains(sheet.String(), "81 3") {
			t.Errorf("%s: %v %s", f.Name, err, sheet.String())
		}
	}
	if resp, text := b.officer.do("GET", "/cases/"+b.made.ID+"/inquiries?q=ordinary&status=open", ""); resp.StatusCode != 200 || !strings.Contains(text, "ordinary") || strings.Contains(text, "+81 3") {
		t.Errorf("the page: %d", resp.StatusCode)
	}
}

// TestReceipt: a receipt counts what was done in its share, by roles, has no entry of another share and no name, and is verified offline: alone,
// with a reading key, and with a copy of the ledger, which finds what was left out.
func TestReceipt(t *testing.T) {
	b := rob(t)
	resp, text := b.officer.do("GET", "/v1/shares/one/receipt", "")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status, text)
	}
	x, err := receipt.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(x.Readings, func(c receipt.Count) bool { return c.Role == "staff" })
	if i < 0 || x.Readings[i].Files != 2 || x.Readings[i].Purpose != "open" {
		t.Errorf("readings: %+v", x.Readings)
	}
	if len(x.Saves) == 0 || x.Readers["staff"] != 1 || x.Writers["administrator"] != 1 || len(x.Cases) != 1 || x.Cases[0].ID != b.made.ID || x.Unread != 0 || x.Cut {
		t.Errorf("%+v %v %v %v", x.Saves, x.Readers, x.Writers, x.Cases)
	}
	bare := *x // without what is closed, in which any letters may stand
	bare.Entries = slices.Clone(x.Entries)
	for i := range bare.Entries {
		bare.Entries[i].Sealed, bare.Entries[i].Proof = nil, ""
	}
	bare.PublicKey, bare.Checkpoint = "", ""
	said := mustJSON(t, bare)
	for _, name := range []string{"thief", "tanaka", "127.0.0.1", "two", "picture", "生徒"} {
		if strings.Contains(said, name) {
			t.Errorf("the receipt says %q", name)
		}
	}
	verify := func(v receipt.Verify, x *receipt.Receipt) receipt.Report {
		t.Helper()
		r, err := v.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(receipt.Verify{}, x); !r.OK() || r.Trusted || r.Opened || r.Complete {
		t.Errorf("alone: %+v", r)
	}
	var raw json.RawMessage
	if got := b.officer.call("POST", "/v1/ledger/reading-key", struct{}{}, &raw); got != 200 {
		t.Fatal("reading key:", got)
	}
	key, err := keeper.ParseReadingKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	copied := os.DirFS(filepath.Join(b.data, "ledger"))
	full := receipt.Verify{PublicKey: x.PublicKey, ReadingKey: key, Ledger: copied}
	if r := verify(full, x); !r.OK() || !r.Trusted || !r.Opened || !r.Complete {
		t.Errorf("with the ledger: %+v", r)
	}
	if _, err := (receipt.Verify{ReadingKey: key, Ledger: fstest.MapFS{}}).Run(t.Context(), x); err == nil {
		t.Error("nothing is a copy of the ledger")
	}
	again := func() *receipt.Receipt {
		y, err := receipt.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	_, others := b.officer.do("GET", "/v1/shares/two/receipt", "")
	two, err := receipt.Parse([]byte(others))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range two.Entries {
		if slices.ContainsFunc(x.Entries, func(o receipt.Entry) bool { return o.Index == e.Index }) {
			t.Errorf("entry %d is in the receipts of two shares", e.Index)
		}
	}
	for name, c := range map[string]struct {
		change func(*receipt.Receipt)
		alone  bool // it is found without any key
	}{
		"a number":       {func(y *receipt.Receipt) { y.Readings[0].Files++ }, true},
		"an entry":       {func(y *receipt.Receipt) { y.Entries[0].Sealed[20] ^= 1 }, true},
		"a proof":        {func(y *receipt.Receipt) { y.Entries[0].Proof = y.Entries[1].Proof }, true},
		"a time":         {func(y *receipt.Receipt) { y.Entries[0].Recorded = y.Entries[0].Recorded.Add(time.Second) }, true},
		"the order":      {func(y *receipt.Receipt) { y.Entries[0], y.Entries[1] = y.Entries[1], y.Entries[0] }, true},
		"the checkpoint": {func(y *receipt.Receipt) { y.Checkpoint = two.Checkpoint + "x" }, true},
		"the size":       {func(y *receipt.Receipt) { y.Size-- }, true},
		"the public key": {func(y *receipt.Receipt) { y.PublicKey = "azekura+00000000+AAAA" }, true},
		"an index":       {func(y *receipt.Receipt) { y.Entries[len(y.Entries)-1].Index++ }, true},
		"an erasure":     {func(y *receipt.Receipt) { y.Erased = true }, true},
		"the month":      {func(y *receipt.Receipt) { y.Month = "2020-01" }, true},
		"the end":        {func(y *receipt.Receipt) { y.To = y.From.Add(time.Hour) }, true},
		"another case":   {func(y *receipt.Receipt) { y.Cases[0].ID = "2020-9" }, false},
		"no freeze":      {func(y *receipt.Receipt) { y.Freezes = append(y.Freezes, y.From) }, false},
		"files and sums": {func(y *receipt.Receipt) { y.Recount(func(e *receipt.Entry) { e.Files++ }) }, false},
		"a role":         {func(y *receipt.Receipt) { y.Recount(func(e *receipt.Entry) { e.Role = "auditor" }) }, false},
		"one left out":   {func(y *receipt.Receipt) { y.Entries = y.Entries[:len(y.Entries)-1]; y.Recount(nil) }, false},
		"another's entry": {func(y *receipt.Receipt) {
			y.Entries = two.Entries
			y.Checkpoint, y.Size = two.Checkpoint, two.Size
			y.Recount(nil)
		}, false},
	} {
		y := again()
		c.change(y)
		if r := verify(receipt.Verify{PublicKey: x.PublicKey}, y); r.OK() == c.alone {
			t.Errorf("%s is changed, alone: %+v", name, r.Wrong)
		}
		if r := verify(full, y); r.OK() || r.Complete {
			t.Errorf("%s is changed, and nothing is said with the ledger", name)
		}
	}
}

// TestReceiptTellsOfFreezes: of the share's own and those of everything, not of another share's.
func TestReceiptTellsOfFreezes(t *testing.T) {
	b := rob(t)
	if got := b.officer.call("POST", "/v1/stops", api.FreezeRequest{Kind: account.StopShare, Subject: "two", Reason: "odd"}, nil); got/100 != 2 {
		t.Fatal(got)
	}
	for share, want := range map[string]int{"one": 0, "two": 1} {
		_, text := b.officer.do("GET", "/v1/shares/"+share+"/receipt", "")
		x, err := receipt.Parse([]byte(text))
		if err != nil || len(x.Freezes) != want {
			t.Errorf("%s: %v, %v", share, x.Freezes, err)
		}
	}
	for _, month := range []string{"2026-13", "2999-01", "x"} {
		if resp, text := b.officer.do("GET", "/v1/shares/one/receipt?month="+month, ""); resp.StatusCode != 400 || !strings.Contains(text, "hint.receipt-month") {
			t.Errorf("%s: %d %s", month, resp.StatusCode, text)
		}
	}
	var policy api.Policy
	if got := b.admin.call("GET", "/v1/policy", nil, &policy); got != 200 {
		t.Fatal(got)
	}
	if policy.Zone = "Asia/Tokyo"; b.admin.call("PUT", "/v1/policy", policy, nil)/100 != 2 {
		t.Fatal("the zone is not set")
	}
	_, december := b.officer.do("GET", "/v1/shares/one/receipt?month=2020-12", "")
	if x, err := receipt.Parse([]byte(december)); err != nil || !x.From.Equal(time.Date(2020, 11, 30, 15, 0, 0, 0, time.UTC)) || !x.To.Equal(time.Date(2020, 12, 31, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("December in Tokyo: %+v, %v", x, err)
	}
	if resp, text := b.officer.do("GET", "/v1/shares/one/receipt?month=2020-01", ""); resp.StatusCode != 200 || strings.Contains(text, `"sealed"`) {
		t.Errorf("a month before the house: %d", resp.StatusCode)
	}
}

// TestReceiptLink: who has the link gets page, PDF and what can be verified, without logging in, until it is revoked.
func TestReceiptLink(t *testing.T) {
	b := rob(t)
	var link api.ReceiptLink
	if got := b.officer.call("POST", "/v1/shares/one/receipt/links", api.ReceiptRequest{Days: 1}, &link); got != 200 || link.Token == "" {
		t.Fatal(got, link)
	}
	stranger := b.visitor()
	for lang, word := range map[string]string{"en": "Certificate of erasure", "ja": "消去証明"} {
		resp, text := stranger.do("GET", "/receipts/"+link.Token+"?lang="+lang, "")
		if resp.StatusCode != 200 || !strings.Contains(text, word) || strings.Contains(text, "thief") || strings.Contains(text, "<script") || !strings.Contains(resp.Header.Get("X-Robots-Tag"), "noindex") {
			t.Errorf("%s: %d %s", lang, resp.StatusCode, text)
		}
	}
	_, text := stranger.do("GET", "/receipts/"+link.Token+"/json", "")
	x, err := receipt.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := (receipt.Verify{}).Run(t.Context(), x); err != nil || !r.OK() || x.Share != "one" {
		t.Errorf("%+v, %v", r, err)
	}
	// Another visitor: the first one has chosen a language by now.
	if resp, text := b.visitor().do("GET", "/receipts/"+link.Token+"/html", "", "Accept-Language", "ja"); resp.StatusCode != 200 || !strings.Contains(text, "消去証明") {
		t.Errorf("the page to keep: %d", resp.StatusCode)
	}
	if got := b.officer.call("DELETE", "/v1/receipts/"+link.ID, nil, nil); got/100 != 2 {
		t.Fatal("revoke:", got)
	}
	for _, path := range []string{"/receipts/" + link.Token, "/receipts/" + link.Token + "/json", "/v1/receipt/" + link.Token, "/receipts/" + link.ID} {
		if resp, _ := stranger.do("GET", path, ""); resp.StatusCode != 404 {
			t.Errorf("%s after it was revoked: %d", path, resp.StatusCode)
		}
	}
}

// TestReceiptKeepsTheHousesMonth: a month begins at midnight where the house is, whatever zone the machine has.
func TestReceiptKeepsTheHousesMonth(t *testing.T) {
	b := besiege(t)
	if _, err := b.local.MakeShare(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	officer := b.officer()
	for zone, offset := range map[string]string{"Asia/Tokyo": "+09:00", "Pacific/Marquesas": "-09:30"} {
		p, err := b.local.Policy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Zone = zone
		if _, err := b.local.SetPolicy(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if _, text := officer.do("GET", "/v1/shares/one/receipt?month=2024-02", ""); !strings.Contains(text, `"from": "2024-02-01T00:00:00`+offset+`"`) || !strings.Contains(text, `"to": "2024-03-01T00:00:00`+offset+`"`) {
			t.Errorf("%s: %.600s", zone, text)
		}
	}
}
