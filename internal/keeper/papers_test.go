package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestPapers: nobody overwrites what somebody else has written meanwhile; bounds; who may; what was written stays when the case is closed,
// and is sealed; each change is in the ledger, what is replaced leaves nothing on the disk.
func TestPapers(t *testing.T) {
	disk := durabletest.New(t)
	l := start(t, testConfig(disk, "/data"))
	h := &inCase{Local: l, t: t}
	ctx, s := t.Context(), console(t, l)
	c, err := l.OpenCase(ctx, s, account.Case{Reason: "odd"})
	h.must(err)
	read := func(want string, generation int) {
		t.Helper()
		if b, g, err := l.Papers(ctx, s, c.ID); err != nil || string(b) != want || g != generation {
			t.Fatalf("%.40q, %d, %v; want %.40q, %d", b, g, err, want, generation)
		}
	}
	read("", 0)
	h.must(l.SetPapers(ctx, s, c.ID, []byte("written by hand"), 0))
	read("written by hand", 1)
	h.must(l.SetPapers(ctx, s, c.ID, []byte("written by hand, twice"), 1))
	for _, old := range []int{0, 1, 3, -1} {
		if err := l.SetPapers(ctx, s, c.ID, []byte("lost"), old); problem.KindOf(err) != problem.Condition || hint(err) != "hint.papers-changed" {
			t.Errorf("written upon edition %d: %v", old, err)
		}
	}
	h.must(l.SetPapers(ctx, s, c.ID, bytes.Repeat([]byte("x"), MaxPapers), 2))
	if err := l.SetPapers(ctx, s, c.ID, make([]byte, MaxPapers+1), 3); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("more than there is room for: %v", err)
	}
	if err := l.SetPapers(ctx, s, "1999-1", nil, 0); hint(err) != "hint.no-case" {
		t.Error(err)
	}
	if _, _, err := l.Papers(ctx, s, "1999-1"); hint(err) != "hint.no-such-case" {
		t.Error(err)
	}
	h.must(l.SetPapers(ctx, s, c.ID, []byte("written by hand, at last"), 3))
	blobs := files(t, disk, "data/keeper/attachments")
	if len(blobs) != 1 {
		t.Errorf("%d files", len(blobs))
	}
	for _, b := range blobs {
		if bytes.Contains(b, []byte("written")) {
			t.Error("it lies in clear on the disk")
		}
	}
	e := entries(t, l, event.CaseWritten)
	if last := e[len(e)-1]; len(e) != 4 || last.Target != c.ID || last.Note != "papers: 4" || last.Digest != sha256.Sum256([]byte("written by hand, at last")) || last.Actor == "" {
		t.Errorf("the ledger tells of %d, the last: %+v", len(e), last)
	}
	h.must(l.CloseCase(ctx, s, c.ID, "over"))
	read("written by hand, at last", 4)
	if err := l.SetPapers(ctx, s, c.ID, nil, 4); hint(err) != "hint.no-case" {
		t.Errorf("in a closed case: %v", err)
	}
}

// TestPapersAreNotForAll: who sees cases reads them, who may freeze writes.
func TestPapersAreNotForAll(t *testing.T) {
	h := newCase(t)
	generation := 0
	for _, x := range []struct {
		who         string
		s           id.Session
		reads, sets bool
	}{{"officer", h.officer, true, true}, {"admin", h.admin, true, true}, {"auditor", h.auditor, true, false}, {"manager", h.manager, false, false}, {"staff", h.staff, false, false}} {
		err := h.SetPapers(t.Context(), x.s, h.n, []byte(x.who), generation)
		if (err == nil) != x.sets || err != nil && problem.KindOf(err) != problem.Denied {
			t.Errorf("%s writes: %v", x.who, err)
		}
		if err == nil {
			generation++
		}
		if _, _, err := h.Papers(t.Context(), x.s, h.n); (err == nil) != x.reads || err != nil && problem.KindOf(err) != problem.Denied {
			t.Errorf("%s reads: %v", x.who, err)
		}
	}
}

// TestPapersAndPower: whatever call fails, or behind whichever the power goes, there is one whole edition: the one that was acknowledged, or the
// one that was being written.
func TestPapersAndPower(t *testing.T) {
	scenario := func(t *testing.T, p *durabletest.Platter) {
		l, err := startOn(t, p)
		if err != nil {
			return
		}
		defer l.Close(context.WithoutCancel(t.Context()))
		ctx := t.Context()
		s, err := l.Login(ctx, account.Credentials{Name: "root", Factor: account.Console, Door: "console"})
		if err != nil {
			return
		}
		c, err := l.OpenCase(ctx, s.ID, account.Case{Reason: "odd"})
		if err != nil {
			return
		}
		texts := []string{"", "the first", "the second", "the third"}
		sure := 0
		for ; sure < 3; sure++ {
			if err := l.SetPapers(ctx, s.ID, c.ID, []byte(texts[sure+1]), sure); err != nil {
				break
			}
		}
		for seed := range uint64(3) {
			next, err := Open(ctx, testConfig(p.Crash(seed), "/data"))
			if err != nil {
				t.Fatal(err)
			}
			b, g, err := next.Papers(ctx, console(t, next), c.ID)
			if err != nil || g < sure || g > min(sure+1, 3) || string(b) != texts[g] {
				t.Errorf("acknowledged were %d, there is %q, %d, %v", sure, b, g, err)
			}
			next.Close(ctx)
		}
	}
	durabletest.Each(t, scenario)
	durabletest.EachCut(t, scenario)
}
