package storehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azekura/azekura/internal/account"
	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/api/client"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/keeper/card"
	"github.com/azekura/azekura/internal/keeper/piece"
	"github.com/azekura/azekura/internal/ledger"
	"github.com/azekura/azekura/internal/logbook"
	"github.com/azekura/azekura/internal/problem"
)

// lostHouse is what is left of a house: a medium, a key card, and papers.
type lostHouse struct {
	at     string
	card   card.Card
	papers []piece.Piece
	files  map[string]string
	ledger string       // what a witness has of it
	lines  int          // of appliances
	ahead  atomic.Int64 // of its clock, in nanoseconds
}

func (l *lostHouse) options() Options {
	opt := options()
	opt.Now = func() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }
	return opt
}

// loseHouse makes a house with files, copies it to a medium, and throws it away. before is done before the copy.
func loseHouse(t *testing.T, n, size int, before ...func(*lostHouse, *House, *client.Client)) *lostHouse {
	t.Helper()
	return loseHouseOf(t, 1, n, size, before...)
}

// loseHouseOf is loseHouse with packs of so many MiB.
func loseHouseOf(t *testing.T, packs int64, n, size int, before ...func(*lostHouse, *House, *client.Client)) *lostHouse {
	t.Helper()
	cfg, _ := created(t)
	cfg.PackSize = packs
	l := &lostHouse{at: t.TempDir(), files: make(map[string]string)}
	h, c := stopped(t, cfg, l.options())
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		name := fmt.Sprintf("/アルバム/%d.txt", i)
		b := make([]byte, size)
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		l.files[name] = string(b)
		saved(t, c, name, l.files[name])
	}
	if err := h.keeper.local.KeepLogs(t.Context(), []logbook.Line{{Received: time.Now(), Device: "gw", Kind: "vpn-login", Account: "sato", Raw: []byte("came in")}}); err != nil {
		t.Fatal(err)
	}
	l.lines = 1
	key, err := h.keeper.local.AlertKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(durable.OS(), layoutOf(cfg).collect, key.SealOnce(nil, []byte("learnt"), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := c.MakePapers(t.Context(), api.PapersRequest{Needed: 2, Of: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Papers {
		one, err := piece.Parse(x.Code)
		if err != nil {
			t.Fatal(err)
		}
		l.papers = append(l.papers, one)
	}
	f, err := c.MakeCard(t.Context(), "safe")
	if err != nil {
		t.Fatal(err)
	}
	if l.card, err = card.Parse(f.Content); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MakeMedium(t.Context(), api.NewMedium{Path: l.at, Label: "disk A"}); err != nil {
		t.Fatal(err)
	}
	for _, do := range before {
		do(l, h, c)
	}
	if _, err := synced(t, c, l.at); err != nil {
		t.Fatal(err)
	}
	saved(t, c, "/アルバム/late.txt", "after the copy")
	shut(t, h)
	l.ledger = filepath.Join(t.TempDir(), "mirror")
	if _, err := ledger.Export(t.Context(), os.DirFS(LedgerDir(cfg.Data)), l.card.Vault, durable.OS(), l.ledger); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(cfg.Data); err != nil {
		t.Fatal(err)
	}
	return l
}

// source is what it is made again of.
func (l *lostHouse) source() Source {
	s := Source{From: l.at}
	s.Keys.Card, s.Keys.Pieces = l.card, slices.Clone(l.papers[:2])
	return s
}

// compare reads all files, and finds none but those.
func (l *lostHouse) compare(t *testing.T, c *client.Client) {
	t.Helper()
	for path, want := range l.files {
		body, err := c.Open(t.Context(), path, client.Version{}, "open")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		body.Close()
		if err != nil || string(b) != want {
			t.Errorf("%s has %d bytes, want %d: %v", path, len(b), len(want), err)
		}
	}
	n := 0
	for x, err := range c.SearchLogs(t.Context(), account.LogQuery{}) {
		if n++; err != nil || x.Text != "came in" {
			t.Errorf("a line of an appliance: %+v, %v", x, err)
		}
	}
	if check, err := c.VerifyLogs(t.Context()); err != nil || check.Found != 0 || check.Lines != int64(l.lines) || n != l.lines {
		t.Errorf("the lines of appliances: %d, %+v, %v", n, check, err)
	}
	if _, err := c.Open(t.Context(), "/アルバム/late.txt", client.Version{}, "open"); problem.KindOf(err) != problem.NotFound {
		t.Errorf("what was saved after the copy: %v", err)
	}
}

func (l *lostHouse) audited(t *testing.T, cfg Config, restores int) {
	t.Helper()
	h, c := stopped(t, cfg, options())
	n := 0
	for _, err := range c.Events(t.Context(), api.EventFilter{Kinds: []string{"vault-restored"}}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != restores {
		t.Errorf("the ledger tells of %d restores, want %d", n, restores)
	}
	key := h.keeper.local.Status().PublicKey
	shut(t, h)
	r, err := ledger.Verify(t.Context(), os.DirFS(LedgerDir(cfg.Data)), key)
	if err != nil || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestRestore makes a house again: everything can be read from the medium at once and nothing saved, and once all is copied the medium is not
// needed any more.
func TestRestore(t *testing.T) {
	l := loseHouse(t, 5, 700_000)
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, options())
	if !h.half() {
		t.Fatal("all of it is here before anything was copied")
	}
	l.compare(t, c)
	key, err := h.keeper.local.AlertKey()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(layoutOf(cfg).collect); err != nil {
		t.Error(err)
	} else if plain, err := key.OpenOnce(nil, b, nil); string(plain) != "learnt" {
		t.Errorf("what was learnt of appliances: %q, %v", plain, err)
	}
	if s, err := c.Status(t.Context()); err != nil || s.Restore == nil || s.Restore.Medium != "disk A" || s.Restore.OfBytes == 0 || len(h.notices()) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := c.Save(t.Context(), "/アルバム/0.txt", strings.NewReader("x"), 1, l.card.Written); hinted(err) != "hint.restoring" {
		t.Errorf("a save while the vault is restored: %v", err)
	}
	out, err := h.Fetch(t.Context(), func(Fetched) {})
	if err != nil || out.Packs != out.OfPacks || out.Bytes != out.OfBytes || out.Bytes < 300_000 || len(out.Findings) > 0 || h.half() {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := os.Rename(l.at, l.at+".away"); err != nil {
		t.Fatal(err)
	}
	l.compare(t, c)
	var lost []string
	if _, err := h.Losses(t.Context(), l.ledger, func(x Loss) { lost = append(lost, x.Kind+" "+x.Path) }); err != nil || !slices.Equal(lost, []string{"saved /アルバム/late.txt"}) {
		t.Errorf("what is lost: %q, %v", lost, err)
	}
	if s, err := c.Status(t.Context()); err != nil || s.Isolated.IsZero() || s.Restore != nil || len(h.notices()) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := h.carry(t.Context(), account.Medium{Lock: 30, Path: "/nowhere"}); err != nil || !h.apart() {
		t.Errorf("a house that works apart from the world asks a bucket: %v", err)
	}
	saved(t, c, "/アルバム/new.txt", "people work again")
	l.files["/アルバム/new.txt"] = "people work again"
	shut(t, h)
	l.audited(t, cfg, 1)
	h, c = stopped(t, cfg, options())
	l.compare(t, c)
	shut(t, h)
	if err := Restore(t.Context(), cfg, options(), l.source()); problem.KindOf(err) != problem.Exists {
		t.Errorf("a restore over a vault: %v", err)
	}
}

// TestRestoreBrokenOff: a restore goes on where it was, without card and papers once the keeper is there; on another medium it does not.
func TestRestoreBrokenOff(t *testing.T) {
	l := loseHouse(t, 5, 700_000)
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
		t.Fatal(err)
	}
	h, _ := stopped(t, cfg, options())
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := h.Fetch(ctx, func(f Fetched) {
		if f.Packs == 1 {
			cancel()
		}
	}); err == nil {
		t.Error("a copy that was broken off is complete")
	}
	shut(t, h)
	away := l.at + ".away"
	if err := os.Rename(l.at, away); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg, options()); err == nil || !strings.Contains(err.Error(), "disk A") {
		t.Errorf("without the medium: %v", err)
	}
	other := loseHouse(t, 1, 100)
	if err := Restore(t.Context(), cfg, options(), Source{From: other.at}); problem.KindOf(err) != problem.Exists {
		t.Errorf("another medium: %v", err)
	}
	if err := Restore(t.Context(), cfg, options(), Source{From: away}); err != nil {
		t.Fatal(err)
	}
	h, c := stopped(t, cfg, options())
	if out, err := h.Fetch(t.Context(), func(Fetched) {}); err != nil || out.Packs != out.OfPacks {
		t.Fatalf("%+v, %v", out, err)
	}
	l.compare(t, c)
	shut(t, h)
	l.audited(t, cfg, 1)
}

// TestRestoreRefuses: too few papers, those of another vault, another card; and the directory is as it was, to try again.
func TestRestoreRefuses(t *testing.T) {
	l, other := loseHouse(t, 1, 100), loseHouse(t, 1, 100)
	cfg := Default(filepath.Join(t.TempDir(), "data"))
	for name, change := range map[string]struct {
		do   func(*Source)
		hint string
	}{
		"too few":       {func(s *Source) { s.Keys.Pieces = s.Keys.Pieces[:1] }, "hint.papers-too-few"},
		"twice":         {func(s *Source) { s.Keys.Pieces[1] = s.Keys.Pieces[0] }, "hint.papers-too-few"},
		"another vault": {func(s *Source) { s.Keys.Pieces[1] = other.papers[1] }, "hint.paper-other-vault"},
		"another card":  {func(s *Source) { s.Keys.Card = other.card }, "hint.medium-other-vault"},
	} {
		src := l.source()
		change.do(&src)
		err := Restore(t.Context(), cfg, options(), src)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Hint != change.hint {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Restore(t.Context(), cfg, options(), l.source()); err != nil {
		t.Error(err)
	}
}

// TestRestoreBefore takes the last state from before a moment.
func TestRestoreBefore(t *testing.T) {
	l := loseHouse(t, 1, 100)
	s := l.source()
	s.Until = time.Now().Add(-time.Hour)
	err := Restore(t.Context(), Default(filepath.Join(t.TempDir(), "data")), options(), s)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Hint != "hint.medium-before" {
		t.Errorf("a state from before there was a medium: %v", err)
	}
	s.Until = time.Now().Add(time.Hour)
	if err := Restore(t.Context(), Default(filepath.Join(t.TempDir(), "data")), options(), s); err != nil {
		t.Error(err)
	}
}
