package retention

import (
	"slices"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pack"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// judge knows of packs that were sealed so many days ago; change n stands in pack n.
func judge(r account.Retention, days ...int) *Judge {
	j := &Judge{Rule: r, Aging: &account.Aging{Now: account.Lived{At: noon, Ran: account.Days(1000)}}}
	for i, d := range days {
		n := uint64(i + 1)
		j.Marks = append(j.Marks, catalogue.Mark{Pack: n, Change: int64(n)})
		if d >= 0 {
			j.Aging.Packs = append(j.Aging.Packs, account.Anchor{Pack: n, Lived: account.Lived{At: noon.Add(-account.Days(d)), Ran: account.Days(1000 - d)}})
		}
	}
	return j
}

// story is a file with changes, the earliest first; change n has number n.
func story(name string, kinds ...commit.Kind) *catalogue.Story {
	s := &catalogue.Story{Node: catalogue.Node{File: id.File{1}, Name: name}}
	for i, k := range kinds {
		c := catalogue.Change{Kind: k, Num: int64(i + 1)}
		if k.HasContent() {
			c.Version.Version = id.Version{byte(i + 1)}
		}
		switch k {
		case commit.Remove:
			s.Node.Removed = noon
		case commit.Save, commit.Link:
			s.Node.Removed = time.Time{}
		case commit.Settle, commit.Expire:
			c.Version.Version = id.Version{1}
		}
		s.Changes = append([]catalogue.Change{c}, s.Changes...)
	}
	return s
}

// TestJudge: what becomes of each version, the latest first.
func TestJudge(t *testing.T) {
	rule := account.Retention{Versions: 30, Deleted: 10, Keep: 1}
	tests := map[string]struct {
		j     *Judge
		s     *catalogue.Story
		above int64
		want  []Why
	}{
		"no rule":               {judge(account.Retention{}, 90, 90), story("a", commit.Save, commit.Save), 0, []Why{Head, Forever}},
		"superseded long ago":   {judge(rule, 90, 31, 20), story("a", commit.Save, commit.Save, commit.Save), 0, []Why{Head, Young, ""}},
		"not by its own age":    {judge(rule, 90, 29), story("a", commit.Save, commit.Save), 0, []Why{Head, Young}},
		"kept":                  {judge(account.Retention{Versions: 1, Keep: 2}, 90, 80, 70), story("a", commit.Save, commit.Save, commit.Save), 0, []Why{Head, Kept, ""}},
		"deleted":               {judge(rule, 90, 90, 11), story("a", commit.Save, commit.Save, commit.Remove), 0, []Why{"", ""}},
		"deleted lately":        {judge(rule, 90, 50, 9), story("a", commit.Save, commit.Save, commit.Remove), 0, []Why{Young, ""}},
		"deleted, no rule":      {judge(account.Retention{Versions: 30}, 90, 50, 49), story("a", commit.Save, commit.Save, commit.Remove), 0, []Why{Forever, ""}},
		"below a deleted one":   {judge(rule, 90, 11), story("a", commit.Save), 2, []Why{""}},
		"brought back":          {judge(rule, 90, 50, 20), story("a", commit.Save, commit.Remove, commit.Link), 0, []Why{Head, Young}},
		"nobody tells":          {judge(rule, 90, -1), story("a", commit.Save, commit.Remove), 0, []Why{Untold}},
		"a later pack tells":    {judge(rule, 90, -1, 11), story("a", commit.Save, commit.Remove), 0, []Why{""}},
		"the house's":           {judge(rule, 90, 90), story(":roster", commit.Save, commit.Save), 0, []Why{House, House}},
		"held, and undecided":   {judge(rule, 90, 90, 90), story("a", commit.Save, commit.Save, commit.Hold), 0, []Why{Held, Head, ""}},
		"held, and decided":     {judge(rule, 90, 90, 90), story("a", commit.Hold, commit.Save, commit.Settle), 0, []Why{Head, ""}},
		"removed by rule":       {judge(rule, 90, 90, 90), story("a", commit.Save, commit.Save, commit.Expire), 0, []Why{Head}},
		"a placeholder before":  {judge(rule, 90, 90), story("a", commit.Touch, commit.Save), 0, []Why{Head}},
		"what is kept counts":   {judge(account.Retention{Versions: 30, Keep: 3}, 90, 80, 70, 60), story("a", commit.Save, commit.Save, commit.Save, commit.Save), 0, []Why{Head, Kept, Kept, ""}},
		"another kind of above": {judge(rule, 90, 5, 11), story("a", commit.Save, commit.Remove), 3, []Why{Young}},
	}
	for name, x := range tests {
		var got []Why
		for _, v := range x.j.Of(x.s, x.above) {
			got = append(got, v.Why)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	s := story("a", commit.Save, commit.Save)
	s.Node.Held = 1
	for _, v := range judge(rule, 90, 90).Of(s, 0) {
		if v.Why != Held {
			t.Errorf("something is held of its file, and a version is %q", v.Why)
		}
	}
}

// TestAccounts: a chunk is nobody's when all who have it are forsaken, and only where every content tells its chunks.
func TestAccounts(t *testing.T) {
	a, b, c := id.Version{1}, id.Version{2}, id.Version{3}
	x := NewAccounts(SetOf([]id.Version{b, a}))
	x.lists.missing = map[id.Version]bool{c: true}
	for key, chunks := range map[id.Version][]id.Chunk{a: {{1}, {2}}, b: {{2}, {3}, {9, 31: 1}}, c: {{3}, {4}, {9, 31: 2}}} {
		for _, chunk := range chunks {
			x.add(key)(chunk)
		}
	}
	if got := x.Nobodys(); len(got) > 0 {
		t.Errorf("without all lists it is %v", got)
	}
	x.lists.told(c)
	if got, want := x.Nobodys(), []id.Chunk{{1}, {2}}; !slices.Equal(got, want) {
		t.Errorf("nobody's are %v, want %v", got, want)
	}
	w := &Waste{Chunks: []id.Chunk{{1}, {5}}, Manifests: SetOf([]id.Version{{3}, {1}})}
	for _, f := range []struct {
		kind  pack.Type
		frame [32]byte
		want  bool
	}{{pack.Chunk, [32]byte{1}, true}, {pack.Chunk, [32]byte{2}, false}, {pack.Manifest, [32]byte{1}, true}, {pack.Manifest, [32]byte{5}, false}, {pack.Parts, [32]byte{1}, false}, {pack.Commit, [32]byte{}, false}} {
		if got := w.Has(f.kind, f.frame); got != f.want {
			t.Errorf("%v %x is waste: %v", f.kind, f.frame[:1], got)
		}
	}
}

// TestAccountsHoldEachOnce: versions of one file have most chunks in common. What is held goes with the chunks, and not with how often they were told.
func TestAccountsHoldEachOnce(t *testing.T) {
	const chunks, versions = 1000, 1000
	dead := id.Version{1}
	x := NewAccounts(SetOf([]id.Version{dead}))
	for _, key := range []id.Version{dead, {2}} {
		add := x.add(key)
		for i := range versions * chunks {
			add(id.Chunk{byte(i % chunks), byte(i % chunks >> 8), 7: key[0]})
		}
	}
	if most := 2 * unsorted; cap(x.theirs) > most || cap(x.others) > most {
		t.Errorf("%d and %d chunks are held, want at most %d", cap(x.theirs), cap(x.others), most)
	}
	if got := x.Nobodys(); len(got) != chunks {
		t.Errorf("%d chunks are nobody's, want %d", len(got), chunks)
	}
}

// TestSet: in any order, and each once.
func TestSet(t *testing.T) {
	s := SetOf([]id.Version{{3}, {1}, {3}, {2}})
	if len(s) != 3 || !s.Has(id.Version{1}) || !s.Has(id.Version{3}) || s.Has(id.Version{4}) || s.Has(id.Version{}) {
		t.Errorf("%v", s)
	}
}

// TestEarlier: what is hidden for two reasons is so since the first; 0 is none.
func TestEarlier(t *testing.T) {
	for _, x := range [][3]int64{{0, 0, 0}, {5, 0, 5}, {0, 5, 5}, {3, 5, 3}, {5, 3, 3}, {4, 4, 4}} {
		if got := Earlier(x[0], x[1]); got != x[2] {
			t.Errorf("%d and %d: %d", x[0], x[1], got)
		}
	}
}
