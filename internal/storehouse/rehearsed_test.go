package storehouse

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/keeper/piece"
)

// TestDrillRefuses: a medium of another house is left alone, and an old card fails the drill, which the books keep.
func TestDrillRefuses(t *testing.T) {
	d := newDrilled(t, 2)
	other := loseHouse(t, 1, 100)
	if _, err := d.asKeeper(api.DrillRequest{Path: other.at}); hinted(err) != "hint.medium-other-vault" {
		t.Errorf("another house's medium: %v", err)
	}
	src := d.source()
	src.From = other.at
	if _, err := d.asStranger(t.Context(), src, api.DrillRequest{}); hintOf(err) != "hint.medium-other-vault" {
		t.Errorf("another house's medium, as a stranger: %v", err)
	}
	if list, err := d.c.Drills(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("what was refused was entered: %+v, %v", list, err)
	}
	if list, err := d.c.Drills(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("what was refused was entered: %+v, %v", list, err)
	}
	if _, err := d.c.MakeShare(t.Context(), "later"); err != nil { // whose keys are not on the card
		t.Fatal(err)
	}
	saved(t, d.c, "/later/a.txt", "a")
	if _, err := synced(t, d.c, d.at); err != nil {
		t.Fatal(err)
	}
	x, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{})
	if err != nil || x.Outcome != account.DrillFailed || x.Shares[0].Name != "later" || x.Shares[0].Problem != "no-keys" || x.Whole != x.Tried || x.Tried != 4 {
		t.Errorf("an old card: %+v, %v", x, err)
	}
	d.newCard("fresh")
	if x, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{}); err != nil || !x.Good() || x.Tried != 5 {
		t.Errorf("a fresh card: %+v, %v", x, err)
	}
	if c, err := d.c.Media(t.Context()); err != nil || c.Drills[0].State != "good" {
		t.Errorf("after one that went well: %+v, %v", c.Drills, err)
	}
}

// TestDrillOfPapers: papers that cannot open anything are refused with what is wrong with them, before anything is entered; a paper that says that it is one
// of the set and is not proves nothing of the medium; and only papers that were right count as tested.
func TestDrillOfPapers(t *testing.T) {
	d := newDrilled(t, 2)
	other := loseHouse(t, 1, 100)
	_, forged, err := piece.Split(d.papers[0].Set)
	if err != nil {
		t.Fatal(err)
	}
	_, later, err := piece.Split(piece.Set{Vault: d.papers[0].Vault, Number: 2, ID: [4]byte{1}, Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	with := func(list ...piece.Piece) Source {
		src := d.source()
		src.Keys.Pieces = list
		return src
	}
	for name, x := range map[string]struct {
		papers []piece.Piece
		hint   string
	}{
		"none":          {nil, "hint.papers-too-few"},
		"one":           {d.papers[:1], "hint.papers-too-few"},
		"one, twice":    {[]piece.Piece{d.papers[0], d.papers[0]}, "hint.papers-too-few"},
		"of two houses": {[]piece.Piece{d.papers[0], other.papers[0]}, "hint.paper-other-vault"},
		"of two sets":   {[]piece.Piece{d.papers[0], later[1]}, "hint.papers-of-set"},
		"of a later":    {later[:2], "hint.papers-of-set"},
	} {
		if _, err := d.asStranger(t.Context(), with(x.papers...), api.DrillRequest{}); hintOf(err) != x.hint {
			t.Errorf("papers, %s: %v", name, err)
		}
	}
	if list, err := d.c.Drills(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("what was refused was entered: %+v, %v", list, err)
	}
	x, err := d.asStranger(t.Context(), with(d.papers[0], forged[1]), api.DrillRequest{})
	if err != nil || x.Outcome != account.DrillBroken || x.Why != "hint.papers-wrong" || x.Failed != 0 {
		t.Errorf("a forged paper: %+v, %v", x, err)
	}
	if c, err := d.c.Media(t.Context()); err != nil || slices.ContainsFunc(c.Rules, func(x api.CopyRule) bool { return x.Rule == "errors" && x.Level == "bad" }) {
		t.Errorf("a forged paper speaks against the medium: %+v, %v", c, err)
	}
	x, err = d.asStranger(t.Context(), with(later[2], forged[2], d.papers[1], d.papers[0]), api.DrillRequest{})
	if err != nil || !x.Good() || x.Papers != 1 || !slices.Equal(x.Used, []int{2, 1}) {
		t.Errorf("more than are needed: %+v, %v", x, err)
	}
	r, err := d.c.Reserve(t.Context())
	if err != nil || r.Papers.Tested.IsZero() || r.Papers.Seen[0].IsZero() || r.Papers.Seen[1].IsZero() || !r.Papers.Seen[2].IsZero() {
		t.Errorf("tested: %+v, %v", r.Papers, err)
	}
}

// TestDrillBeside: a medium whose ledger or sealed files are damaged does not bring a house back. A drill says so and names them, whichever keys it has.
func TestDrillBeside(t *testing.T) {
	d := newDrilled(t, 2)
	for _, x := range []struct{ glob, reason, names string }{
		{"ledger/tile/entries/*.p/*", "ledger", "ledger/tile/entries"},
		{"ledger/tile/entries/*", "ledger", "ledger/tile/entries"},
		{"files/*", "sealed", "keeper/state"},
	} {
		for _, at := range first(filepath.Glob(filepath.Join(d.at, x.glob))) {
			was, err := os.ReadFile(at)
			if err != nil { // a folder
				continue
			}
			now := slices.Clone(was)
			now[len(now)/2] ^= 1
			if err := os.WriteFile(at, now, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.WriteFile(at, was, 0o600) })
		}
		bad := func(out api.Drill) bool {
			return out.Outcome == account.DrillFailed && slices.ContainsFunc(out.Failures, func(f account.DrillFailure) bool { return f.Reason == x.reason && strings.HasPrefix(f.Path, x.names) })
		}
		if out, err := d.asKeeper(api.DrillRequest{Path: d.at, All: true}); err != nil || !bad(out) {
			t.Errorf("%s, with the keys of the house: %+v, %v", x.glob, out, err)
		}
		if out, err := d.asStranger(t.Context(), d.source(), api.DrillRequest{}); err != nil || !bad(out) {
			t.Errorf("%s, with card and papers: %+v, %v", x.glob, out, err)
		}
	}
}

// TestDrillOfAReplayedMedium: a medium from which the last state is gone fails a drill of the last, however whole the one before is. Who asks for that one gets it.
func TestDrillOfAReplayedMedium(t *testing.T) {
	d := newDrilled(t, 2)
	saved(t, d.c, "/アルバム/later.jpg", "later")
	if out, err := synced(t, d.c, d.at); err != nil || out.State != 2 {
		t.Fatal(out, err)
	}
	if err := os.Remove(filepath.Join(d.at, "records", "0000000000000002")); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[uint64]bool{0: false, 1: true} {
		one, err := d.asKeeper(api.DrillRequest{Path: d.at, State: state})
		two, err2 := d.asStranger(t.Context(), d.source(), api.DrillRequest{State: state})
		for _, x := range []api.Drill{one, two} {
			if err != nil || err2 != nil || x.Good() != want || !want && (x.Last != 2 || x.Failures[0].Reason != "replayed") {
				t.Errorf("state %d: %+v, %v, %v", state, x, err, err2)
			}
		}
	}
}
