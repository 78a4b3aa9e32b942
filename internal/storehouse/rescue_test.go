package storehouse

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/keeper"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/custody"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/medium"
	"github.com/azekura/azekura/internal/problem"
)

// rescued makes a house of a medium, a card and papers alone, in an empty directory.
func rescued(t *testing.T, at string, x []byte, papers ...string) (Config, keeper.Rescued, error) {
	t.Helper()
	ctx := t.Context()
	c, err := card.Parse(x)
	if err != nil {
		t.Fatal(err)
	}
	s, err := medium.Open(ctx, medium.NewDisk(durable.OS(), at), c.Vault, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := keeper.Rescue{Card: c, Read: func(name string) ([]byte, error) { return s.File(ctx, "keeper/"+name) }}
	for _, name := range s.Names() {
		if rest, ok := strings.CutPrefix(name, "keeper/"); ok {
			r.Names = append(r.Names, rest)
		}
	}
	if r.Settings, err = s.File(ctx, "settings"); err != nil {
		t.Fatal(err)
	}
	r.Settled = func(plain []byte) error {
		if len(plain) == 0 {
			t.Error("no settings")
		}
		return nil
	}
	for _, text := range papers {
		p, err := piece.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Pieces = append(r.Pieces, p)
	}
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	l := layoutOf(cfg)
	k, err := keeperConfig(cfg, l, options())
	if err != nil {
		t.Fatal(err)
	}
	k.FS = durable.OS()
	out, err := keeper.Recover(ctx, k, r)
	if err != nil {
		return cfg, out, err
	}
	if _, err := ledger.Export(ctx, s.Ledger(), s.Medium.Vault, durable.OS(), l.ledger); err != nil {
		t.Fatal(err)
	}
	disk := s.Disk()
	for _, share := range s.Shares() {
		list, err := disk.ReadDir(share.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			b, err := durable.ReadFile(disk, share.String()+"/"+e.Name())
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(l.packs, share.String(), e.Name())
			if err := durable.MakeDir(durable.OS(), filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := durable.WriteFile(durable.OS(), name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return cfg, out, nil
}

// TestRescue loses a machine and gets everything back from a medium, a card and papers; and what is destroyed stays closed.
func TestRescue(t *testing.T) {
	ctx := t.Context()
	cfg, _ := created(t)
	at := t.TempDir()
	h, c := stopped(t, cfg, options())
	if _, err := c.MakeShare(ctx, "retired"); err != nil {
		t.Fatal(err)
	}
	papers, err := c.MakePapers(ctx, api.PapersRequest{Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	first, err := c.MakeCard(ctx, "safe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MakeShare(ctx, "later"); err != nil {
		t.Fatal(err)
	}
	saved(t, c, "/アルバム/a.txt", "first")
	saved(t, c, "/retired/b.txt", "second")
	if _, err := c.MakeMedium(ctx, api.NewMedium{Path: at, Label: "disk 1", Set: "A"}); err != nil {
		t.Fatal(err)
	}
	if _, err := synced(t, c, at); err != nil {
		t.Fatal(err)
	}
	var retired id.Share
	for x, err := range c.Shares(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Name == "retired" {
			retired = x.ID
		}
	}
	shut(t, h)
	keys, err := custody.Open(ctx, custody.Config{FS: durable.OS(), Dir: layoutOf(cfg).keeper, Secret: custody.FromKeyFile(layoutOf(cfg).key)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = keys.DestroyShare(retired) // after the medium went into the cupboard
	keys.Zero()
	if err != nil {
		t.Fatal(err)
	}
	h, c = stopped(t, cfg, options())
	refreshed, err := c.RefreshCard(ctx, first.Number, first.Content)
	if err != nil {
		t.Fatal(err)
	}
	shut(t, h)

	if _, _, err := rescued(t, at, first.Content, papers.Papers[0].Code); problem.KindOf(err) != problem.Invalid {
		t.Errorf("with one paper: %v", err)
	}
	read := func(what string, x api.CardFile, opens bool, missing ...string) {
		t.Helper()
		to, out, err := rescued(t, at, x.Content, papers.Papers[2].Code, papers.Papers[1].Code)
		if err != nil {
			t.Fatalf("%s: %+v, %v", what, out, err)
		}
		var names []string
		for _, s := range out.Missing {
			names = append(names, s.Name)
		}
		if strings.Join(names, " ") != strings.Join(missing, " ") {
			t.Errorf("%s: the keys of %q are missing, want %q", what, names, missing)
		}
		opt := options()
		opt.acceptRollback = true
		h, c := stopped(t, to, opt)
		defer shut(t, h)
		for path, want := range map[string]bool{"/アルバム/a.txt": true, "/retired/b.txt": opens} {
			body, err := c.Open(ctx, path, client.Version{}, "open")
			if err != nil {
				if want {
					t.Errorf("%s: %s: %v", what, path, err)
				}
				continue
			}
			b, err := io.ReadAll(body)
			body.Close()
			if got := err == nil && len(b) > 0; got != want {
				t.Errorf("%s: %s opens: %v, want %v", what, path, got, want)
			}
		}
	}
	read("a card from before", first, true, "later")
	read("a refreshed card", refreshed, false)
}
