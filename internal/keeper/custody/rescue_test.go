package custody

import (
	"errors"
	"slices"
	"testing"

	"github.com/azekura/azekura/internal/durable/durabletest"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/problem"
)

// medium copies what Cut gives out.
func medium(t *testing.T, c *Custody) map[string][]byte {
	t.Helper()
	list, err := c.Cut()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	for _, f := range list {
		b, err := f.Read()
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = b
		f.Close()
	}
	return out
}

func rescueOf(files map[string][]byte, x card.Card, pieces ...piece.Piece) Rescue {
	r := Rescue{Card: x, Pieces: pieces, Read: func(name string) ([]byte, error) { return files[name], nil }}
	for name := range files {
		r.Names = append(r.Names, name)
	}
	return r
}

func cardOf(t *testing.T, c *Custody) card.Card {
	t.Helper()
	x, err := c.Card()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestRecover makes a keeper of a medium, a card and papers; and has the power go at every call while it does.
func TestRecover(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	k := keep(t, c)
	p := papers(t, c, 2, 3)
	files, x := medium(t, c), cardOf(t, c)
	settings, err := c.SealAs("settings", []byte("http = 1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ring", "protection", "alert-key"} {
		if _, ok := files[name]; ok {
			t.Errorf("%s goes on a medium", name)
		}
	}
	k.bell = c.root.Derive("storehouse alerts")
	durabletest.EachCut(t, func(t *testing.T, disk *durabletest.Platter) {
		_, err := Recover(t.Context(), config(disk, "/"), rescueOf(files, x, p[2], p[0]))
		disk.Heal()
		for disk := range disk.Crashes(2) {
			cfg := config(disk, "/")
			if there, _ := Exists(disk, cfg.Dir); !there {
				if err == nil {
					t.Fatal("it is not there")
				}
				r := rescueOf(files, x, p[2], p[0])
				told := ""
				r.Settings, r.Settled = settings, func(plain []byte) error { told = string(plain); return nil }
				got, err := Recover(t.Context(), cfg, r)
				if err != nil || told != "http = 1" || got.Number != 1 || got.Generation != 2 || !slices.Equal(got.Shares, []id.Share{k.share}) || got.PublicKey != c.LedgerPublicKey() {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			again := reopen(t, cfg)
			k.check(t, again)
			if !opens(t, again, p[:2]...) || again.Generation() != 3 {
				t.Errorf("its papers do not open it, or its ring is generation %d", again.Generation())
			}
			again.Zero()
		}
	})
}

// TestRecoverFromDifferentDays takes card and medium of before and after a share was made, one was destroyed, and the papers were renewed.
func TestRecoverFromDifferentDays(t *testing.T) {
	c := create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	k := keep(t, c)
	p1 := papers(t, c, 2, 3)
	files1, card1 := medium(t, c), cardOf(t, c)
	later, gone := id.NewShare(), k.share
	if err := c.MakeShare(later); err != nil {
		t.Fatal(err)
	}
	files2, card2 := medium(t, c), cardOf(t, c)
	if _, err := c.DestroyShare(gone); err != nil {
		t.Fatal(err)
	}
	p2 := renewed(t, c, 2, 2)
	files3, card3 := medium(t, c), cardOf(t, c)
	for _, x := range []struct {
		name   string
		rescue Rescue
		shares []id.Share
		set    uint16
		hint   string
	}{
		{"an older card", rescueOf(files2, card1, p1[:2]...), []id.Share{gone}, 1, ""},
		{"a newer card", rescueOf(files1, card2, p1[:2]...), []id.Share{gone, later}, 1, ""},
		{"a card from after the renewal, all papers", rescueOf(files1, card3, slices.Concat(p1[:2], p2)...), []id.Share{later}, 2, ""},
		{"a medium from after the renewal, all papers", rescueOf(files3, card2, slices.Concat(p2, p1[1:])...), []id.Share{gone, later}, 2, ""},
		{"both from after", rescueOf(files3, card3, p2...), []id.Share{later}, 2, ""},
		{"a card from after, only new papers", rescueOf(files1, card3, p2...), nil, 0, "hint.papers-of-set"},
		{"a card from after, only old papers", rescueOf(files1, card3, p1...), nil, 0, "hint.papers-of-set"},
		{"a medium from after, only old papers", rescueOf(files3, card2, p1...), nil, 0, "hint.papers-of-set"},
		{"too few", rescueOf(files1, card1, p1[0]), nil, 0, "hint.papers-too-few"},
		{"one twice", rescueOf(files1, card1, p1[0], p1[0]), nil, 0, "hint.papers-too-few"},
		{"none", rescueOf(files1, card1), nil, 0, "hint.papers-too-few"},
	} {
		t.Run(x.name, func(t *testing.T) {
			disk := durabletest.New(t)
			got, err := Recover(t.Context(), config(disk, "/"), x.rescue)
			if x.hint != "" {
				e, ok := errors.AsType[*problem.Error](err)
				if !ok || e.Hint != x.hint || len(disk.Names()) != 0 {
					t.Fatalf("%v, want %s; there is %q", err, x.hint, disk.Names())
				}
				return
			}
			slices.SortFunc(x.shares, func(a, b id.Share) int { return slices.Compare(a[:], b[:]) })
			if err != nil || !slices.Equal(got.Shares, x.shares) || got.Set.Number != x.set {
				t.Fatalf("%+v, %v", got, err)
			}
			again := reopen(t, config(disk, "/"))
			defer again.Zero()
			if state, err := again.LoadState(); err != nil || string(state) != "state" {
				t.Errorf("state %q, %v", state, err)
			}
			for _, share := range x.shares {
				if _, _, err := again.Unlock(share); err != nil {
					t.Errorf("keys of a share: %v", err)
				}
			}
			renewed(t, again, 2, 2)
		})
	}
	r := rescueOf(files2, card2, p1...)
	r.Destroyed = []id.Share{gone}
	disk := durabletest.New(t)
	if got, err := Recover(t.Context(), config(disk, "/"), r); err != nil || !slices.Equal(got.Shares, []id.Share{later}) || got.Destroyed[gone] == 0 {
		t.Errorf("a share whose keys were destroyed since: %+v, %v", got, err)
	}
}

func TestRecoverOfWhatDoesNotFit(t *testing.T) {
	c, other := create(t, config(durabletest.New(t), "/")), create(t, config(durabletest.New(t), "/"))
	defer c.Zero()
	defer other.Zero()
	keep(t, c)
	keep(t, other)
	p, theirs := papers(t, c, 2, 3), papers(t, other, 2, 3)
	files, x := medium(t, c), cardOf(t, c)
	_, forged, err := piece.Split(p[0].Set)
	if err != nil {
		t.Fatal(err)
	}
	without := func(x card.Card) card.Card { x.Recovery = nil; return x }
	bad := func(x card.Card) card.Card {
		x.Ring = slices.Clone(x.Ring)
		x.Ring[len(x.Ring)/2] ^= 1
		return x
	}
	bare := map[string][]byte{"ledger-keys": files["ledger-keys"], "state": files["state"]}
	for _, s := range []struct {
		name   string
		rescue Rescue
		hint   string
	}{
		{"papers of another vault", rescueOf(files, x, theirs...), "hint.paper-other-vault"},
		{"a card of another vault", rescueOf(files, cardOf(t, other), p...), "hint.card-other-vault"},
		{"forged papers", rescueOf(files, x, forged...), "hint.papers-wrong"},
		{"a damaged ring", rescueOf(files, bad(x), p...), "hint.keeper-damaged"},
		{"no recovery file anywhere", rescueOf(bare, without(x), p...), "hint.no-papers-there"},
		{"none on the card", rescueOf(files, without(x), p...), ""},
		{"none on the medium", rescueOf(bare, x, p...), ""},
	} {
		disk := durabletest.New(t)
		_, err := Recover(t.Context(), config(disk, "/"), s.rescue)
		e, _ := errors.AsType[*problem.Error](err)
		if s.hint == "" && err != nil || s.hint != "" && (e == nil || e.Hint != s.hint) {
			t.Errorf("%s: %v, want %q", s.name, err, s.hint)
		}
	}
	disk := durabletest.New(t)
	evil := rescueOf(files, x, p...)
	evil.Names = append(evil.Names, "ring", "protection", "attachments/../ring", "../x", "/etc/x", "attachments/", "attachments/a/b")
	if _, err := Recover(t.Context(), config(disk, "/"), evil); err != nil {
		t.Errorf("with names that are none of a medium's: %v", err)
	}
	if _, err := Recover(t.Context(), config(disk, "/"), evil); problem.KindOf(err) != problem.Exists {
		t.Errorf("where there is a keeper: %v", err)
	}
}
