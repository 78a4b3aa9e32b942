package web

import (
	"strings"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/lang"
)

// TestBucketsOnTheFirstPage: that a bucket is locked, and until when, stands there also when all is well; and so does why a copy has failed.
func TestBucketsOnTheFirstPage(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	c := &api.Copies{Level: "good", Text: "fresh", Newest: now, Media: []api.Medium{{Label: "cloud", Lock: 30}}, Rules: []api.CopyRule{{Rule: "kinds", Level: "good", Text: "kinds"}, {Rule: "offline", Level: "good", Text: "locked until then"}},
		Failed: []api.FailedCopy{{Label: "cloud", When: now, Text: "no answer"}}}
	said := ""
	for _, v := range copies(lang.English, c) {
		said += v.Level + " " + v.Text + "\n"
	}
	if !strings.Contains(said, "good locked until then") || !strings.Contains(said, "look The daily copy to “cloud” has failed") || !strings.Contains(said, "no answer") || strings.Contains(said, "kinds") {
		t.Error(said)
	}
	c.Media[0].Lock = 0
	for _, v := range copies(lang.English, c) {
		if v.Text == "locked until then" {
			t.Error("a rule that is kept is told where nothing is locked")
		}
	}
	for _, x := range []struct {
		b     api.LedgerBucket
		level string
	}{{api.LedgerBucket{Name: "b", Copied: now, Size: 7}, "good"}, {api.LedgerBucket{Name: "b"}, "look"}, {api.LedgerBucket{Name: "b", Copied: now, Problem: "rewritten"}, "bad"}} {
		for _, l := range []lang.Lang{lang.English, lang.Japanese} {
			if v := bucketVerdict(l, &x.b); v.Level != x.level || v.Text == "" || lang.Has(v.Text) {
				t.Errorf("%+v", v)
			}
		}
	}
}

// TestWorstFirst: nobody has to read through what is good to find what is not.
func TestWorstFirst(t *testing.T) {
	got := ""
	for _, v := range worstFirst([]verdict{{"good", "1", ""}, {"look", "2", ""}, {"bad", "3", ""}, {"good", "4", ""}, {"look", "5", ""}, {"bad", "6", ""}}) {
		got += v.Text
	}
	if got != "362514" {
		t.Error(got)
	}
}
