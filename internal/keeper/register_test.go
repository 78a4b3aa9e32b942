package keeper

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/event"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/problem"
)

// TestConcern: who investigates is concerned with every share, and comes to the roster alone.
func TestConcern(t *testing.T) {
	l, clock := newHouse(t)
	ctx, root := t.Context(), console(t, l)
	sh, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, l, root, sh.ID)
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, auditor := arrived(t, l, clock, "auditor", account.Auditor)
	_, reader := arrived(t, l, clock, "reader", account.Staff)
	_, manager := arrived(t, l, clock, "manager", account.ShareManager)
	for name, r := range map[string]account.Rights{"reader": account.CanRead, "manager": account.CanWrite} {
		if err := l.SetRights(ctx, root, account.Right{Account: name, Share: "albums", Rights: r}); err != nil {
			t.Fatal(err)
		}
	}
	kind := func(err error) problem.Kind { return problem.KindOf(err) }
	for _, x := range []struct {
		who          string
		s            id.Session
		sees, reads  bool
		roster, open problem.Kind
	}{
		{"officer", officer, true, false, 0, problem.Denied},
		{"auditor", auditor, false, false, problem.Denied, problem.Denied},
		{"reader", reader, true, true, problem.Denied, 0},
		{"manager", manager, true, true, 0, 0},
		{"console", root, true, true, 0, 0},
	} {
		all, err := l.Concerned(ctx, x.s)
		if err != nil || x.sees != slices.ContainsFunc(all, func(a account.Share) bool { return a.ID == sh.ID }) || x.sees != (l.CheckConcern(ctx, x.s, sh.ID) == nil) {
			t.Errorf("%s is concerned with %v, %v", x.who, all, err)
		}
		if mine, err := l.Shares(ctx, x.s); err != nil || x.reads != (len(mine) == 1) {
			t.Errorf("%s may read %v, %v", x.who, mine, err)
		}
		for purpose, want := range map[account.Purpose]problem.Kind{account.Roster: x.roster, account.Open: x.open} {
			leases, err := l.Release(ctx, Request{Session: x.s, Purpose: purpose, Share: sh.ID, Files: []Sealed{asked(t, w, "/albums/:roster")}})
			if want == 0 && (err != nil || len(leases) != 1) || want != 0 && (kind(err) != want || len(leases) != 0) {
				t.Errorf("%s, %s: %d leases, %v, want %v", x.who, purpose, len(leases), err, want)
			}
		}
	}
	n := 0
	for e, err := range l.Events(ctx, root, Filter{Kinds: []event.Kind{event.Released}}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Event.Purpose == account.Roster && e.Event.Actor == "officer" && slices.Equal(e.Paths, []string{"/albums/:roster"}) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d entries tell that the officer has read the roster", n)
	}
	if _, err := l.Freeze(ctx, root, account.Stop{Kind: account.StopAccount, Subject: "officer", Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := l.CheckConcern(ctx, officer, sh.ID); err == nil {
		t.Error("a frozen officer is concerned")
	}
}

// TestConcernKeepsToNetworks: where a share may be used from holds for those who investigate, too.
func TestConcernKeepsToNetworks(t *testing.T) {
	l, clock := newHouse(t)
	ctx, root := t.Context(), console(t, l)
	sh, err := l.MakeShare(ctx, root, "albums")
	if err != nil {
		t.Fatal(err)
	}
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	if err := l.SetShareNetworks(ctx, root, "albums", []string{"203.0.113.0/24"}); err != nil {
		t.Fatal(err)
	}
	if err := l.CheckConcern(ctx, officer, sh.ID); problem.KindOf(err) != problem.Denied {
		t.Errorf("from elsewhere: %v", err)
	}
}

func TestRegister(t *testing.T) {
	l, clock := newHouse(t)
	ctx, root := t.Context(), console(t, l)
	for _, n := range []string{"albums", "orders"} {
		if _, err := l.MakeShare(ctx, root, n); err != nil {
			t.Fatal(err)
		}
	}
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, auditor := arrived(t, l, clock, "auditor", account.Auditor)
	_, reader := arrived(t, l, clock, "reader", account.Staff)
	_, manager := arrived(t, l, clock, "manager", account.ShareManager)
	for name, r := range map[string]account.Rights{"reader": account.CanWrite, "manager": account.CanWrite} {
		if err := l.SetRights(ctx, root, account.Right{Account: name, Share: "albums", Rights: r}); err != nil {
			t.Fatal(err)
		}
	}
	line := account.Register{Client: " 市立第一小学校 ", Year: 2026, Data: []string{"氏名", "写真", " 氏名", ""}, Subjects: []string{"児童"}, Purpose: "卒業アルバムの制作",
		InCharge: "佐藤", Retention: "納品から1年", Contact: "教頭 03-0000-0000", Public: true}
	for _, x := range []struct {
		who   string
		s     id.Session
		share string
		line  account.Register
		want  problem.Kind
	}{
		{"officer", officer, "albums", line, 0},
		{"manager in a share of others", manager, "orders", line, problem.Denied},
		{"manager, a share that is not there", manager, "nothing", line, problem.Denied},
		{"officer, a share that is not there", officer, "nothing", line, problem.NotFound},
		{"auditor", auditor, "albums", line, problem.Denied},
		{"reader", reader, "albums", line, problem.Denied},
		{"too long", officer, "albums", account.Register{Client: strings.Repeat("x", maxRegister+1)}, problem.Invalid},
		{"no UTF-8", officer, "albums", account.Register{Subjects: []string{"\xff"}}, problem.Invalid},
		{"a year that cannot be", officer, "albums", account.Register{Year: 26}, problem.Invalid},
		{"too many kinds", officer, "albums", account.Register{Data: strings.Split(strings.Repeat("abcdefghijklmnopqrstuvwxyzABCDE", 1), "")}, problem.Invalid},
	} {
		if err := l.SetRegister(ctx, x.s, x.share, x.line); (err != nil) != (x.want != 0) || err != nil && problem.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %v", x.who, err, x.want)
		}
	}
	for who, x := range map[string]struct {
		s    id.Session
		want []string
	}{"officer": {officer, []string{"albums", "orders"}}, "auditor": {auditor, []string{"albums", "orders"}}, "manager": {manager, []string{"albums"}}} {
		lines, err := l.Register(ctx, x.s)
		var names []string
		for _, r := range lines {
			names = append(names, r.Share)
		}
		if err != nil || !slices.Equal(names, x.want) {
			t.Errorf("%s sees the lines of %q, %v", who, names, err)
			continue
		}
		got := lines[0]
		if got.Client != "市立第一小学校" || !slices.Equal(got.Data, []string{"氏名", "写真"}) || !got.Public || len(got.Rights) != 2 {
			t.Errorf("%s: the line is %+v", who, got)
		}
	}
	if _, err := l.Register(ctx, reader); problem.KindOf(err) != problem.Denied {
		t.Errorf("staff: %v", err)
	}
}

// TestSchoolLines: what the register says of single schools is checked, kept by who may, and stays when the share's own line is written anew.
func TestSchoolLines(t *testing.T) {
	l, clock := newHouse(t)
	ctx, root := t.Context(), console(t, l)
	if _, err := l.MakeShare(ctx, root, "albums"); err != nil {
		t.Fatal(err)
	}
	_, officer := arrived(t, l, clock, "officer", account.PrivacyOfficer)
	_, auditor := arrived(t, l, clock, "auditor", account.Auditor)
	yes := true
	for what, x := range map[string]struct {
		s     id.Session
		share string
		lines []account.SchoolLine
		want  problem.Kind
	}{
		"an auditor":      {auditor, "albums", nil, problem.Denied},
		"no such share":   {officer, "nothing", nil, problem.NotFound},
		"no name":         {officer, "albums", []account.SchoolLine{{School: " ", Client: "x"}}, problem.Invalid},
		"one twice":       {officer, "albums", []account.SchoolLine{{School: "第１小", Client: "x"}, {School: "第1小"}}, problem.Invalid},
		"too long":        {officer, "albums", []account.SchoolLine{{School: "a", Contact: strings.Repeat("x", maxSchoolLine)}}, problem.Invalid},
		"no UTF-8":        {officer, "albums", []account.SchoolLine{{School: "a", Client: "\xff"}}, problem.Invalid},
		"too many":        {officer, "albums", make([]account.SchoolLine, maxSchoolLines+1), problem.Invalid},
		"what it may say": {officer, "albums", []account.SchoolLine{{School: " 第一小 ", Client: "市", Public: &yes}, {School: "says nothing"}, {School: "第二小", Contact: "03"}}, 0},
	} {
		if err := l.SetSchoolLines(ctx, x.s, x.share, x.lines); (err != nil) != (x.want != 0) || err != nil && problem.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
	if err := l.SetRegister(ctx, officer, "albums", account.Register{Client: "写真館", Contact: "館長", Schools: []account.SchoolLine{{School: "x", Client: "y"}}}); err != nil {
		t.Fatal(err)
	}
	lines, err := l.Register(ctx, officer)
	if err != nil || len(lines[0].Schools) != 2 || lines[0].Schools[0].School != "第一小" || lines[0].Client != "写真館" {
		t.Fatalf("%+v, %v", lines, err)
	}
	for i, want := range []account.Register{{Client: "市", Public: true}, {Client: "写真館", Contact: "03"}} {
		if got := lines[0].For(&lines[0].Schools[i]); got.Client != want.Client || got.Contact != want.Contact || got.Public != want.Public || got.Schools != nil {
			t.Errorf("the line of school %d is %+v, want %+v", i, got, want)
		}
	}
}

// asked is a new version that is asked for.
func asked(t testing.TB, w *writer, path string) Sealed {
	s, _ := w.version(t, path)
	return s
}

// TestAuditFindsWhereTheLedgerEnds: of a ledger with one byte changed, only the entries before it count as verified.
func TestAuditFindsWhereTheLedgerEnds(t *testing.T) {
	disk := durabletest.New(t)
	l := start(t, testConfig(disk, "/data"))
	root := console(t, l)
	for i := range 600 {
		if err := l.Record(t.Context(), event.Event{Kind: event.Saved, Share: id.NewShare(), Size: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := l.Audit(t.Context(), root)
	if err != nil || a.Verified < 600 || a.Verified != a.Head.Size || a.Report.DamageCount != 0 || !slices.Equal(a.Seen, []int64{a.Head.Size}) {
		t.Fatalf("of a good ledger: %d of %d, %v, %v", a.Verified, a.Head.Size, a.Report.Damage, err)
	}
	const bundle = "/data/ledger/tile/entries/001"
	f, err := disk.OpenFile(bundle, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if _, err := f.ReadAt(b[:], 200); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], 200); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a, err = l.Audit(t.Context(), root)
	if err != nil || a.Report.DamageCount == 0 || a.Verified > 258 {
		t.Errorf("of a changed ledger: %d of %d verified, %v, %v", a.Verified, a.Head.Size, a.Report.Damage, err)
	}
	h, clock := newHouse(t)
	_, staff := arrived(t, h, clock, "x", account.Staff)
	if _, err := h.Audit(t.Context(), staff); problem.KindOf(err) != problem.Denied {
		t.Errorf("by staff: %v", err)
	}
}
